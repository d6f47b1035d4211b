//! What the anchor promises, on real files.

use super::*;

fn anchored(size: u64) -> Anchored {
    signed(size, "root")
}

fn signed(size: u64, root: &str) -> Anchored {
    Anchored { size, note: format!("localhost/v1/ledger\n{size}\n{root}\n\n— sig\n") }
}

fn tear(path: &Path, slot: u64) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(b"torn", slot * SLOT_BYTES + 60).unwrap();
}

#[test]
fn keeps_the_largest_and_survives_a_torn_slot() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.anchor");
    let anchor = Anchor::create(&path).unwrap();
    assert_eq!(anchor.newest().unwrap(), None);
    for size in [3, 7, 9] {
        anchor.keep(&anchored(size)).unwrap();
        assert_eq!(anchor.newest().unwrap(), Some(anchored(size)));
    }
    anchor.keep(&anchored(5)).unwrap();
    assert_eq!(anchor.newest().unwrap(), Some(anchored(9)), "a smaller one does not replace it");
    // 3 went to the first slot, 7 to the second, 9 to the first again: tear the first.
    tear(&path, 0);
    assert_eq!(Anchor::open(&path).unwrap().newest().unwrap(), Some(anchored(7)));
    assert!(Anchor::create(&path).is_err(), "an anchor is never made over another");
}

#[test]
fn each_process_has_a_place_and_sees_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.anchor");
    let first = Anchor::create(&path).unwrap();
    let second = Anchor::claim(&path).unwrap();
    first.keep(&anchored(10)).unwrap();
    second.keep(&anchored(4)).unwrap();
    assert_eq!(second.others().unwrap(), [anchored(10)], "a smaller one in a place of its own");
    assert_eq!(first.others().unwrap(), [anchored(4)]);
    assert_eq!(first.newest().unwrap(), Some(anchored(10)));
    assert!(Anchor::open(&path).unwrap().is_held().unwrap());
    // Both slots of the second torn take nothing from the first.
    second.keep(&anchored(5)).unwrap();
    tear(&path, 2);
    tear(&path, 3);
    assert_eq!(second.all().unwrap(), [anchored(10)]);
    // A place is free again with its process, and what it held stays until a larger one is written.
    drop(first);
    let third = Anchor::claim(&path).unwrap();
    assert_eq!(third.newest().unwrap(), Some(anchored(10)));
    third.keep(&anchored(11)).unwrap();
    assert_eq!(third.others().unwrap(), [], "it took the first place over");
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 2 * PLACE_BYTES);
    drop((second, third));
    assert!(!Anchor::open(&path).unwrap().is_held().unwrap());
}

/// A child that is about to become another program has a copy of every open file for a moment.
#[test]
fn a_place_is_free_with_its_owner_though_a_copy_of_the_file_is_open() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.anchor");
    let first = Anchor::create(&path).unwrap();
    let copy = first.file.try_clone().unwrap();
    drop(first);
    assert_eq!(Anchor::claim(&path).unwrap().place, Some(0));
    drop(copy);
}

#[test]
fn two_trees_of_one_size_are_refused_and_two_signatures_of_one_tree_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.anchor");
    let first = Anchor::create(&path).unwrap();
    let second = Anchor::claim(&path).unwrap();
    first.keep(&anchored(10)).unwrap();
    let again = Anchored { size: 10, note: anchored(10).note + "— another key\n" };
    second.keep(&again).unwrap();
    for anchor in [&first, &second] {
        let error = anchor.keep(&signed(10, "other")).unwrap_err();
        assert!(!error.passing && error.why.contains("two ledgers"), "{error}");
    }
}

/// A file as the first version of the program wrote it: one place of two slots.
#[test]
fn a_file_of_two_slots_still_opens() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.anchor");
    let mut bytes = vec![0; usize::try_from(PLACE_BYTES).unwrap()];
    for (at, size) in [(0, 8), (4096, 6)] {
        let slot = encode(&anchored(size)).unwrap();
        bytes[at..at + slot.len()].copy_from_slice(&slot);
    }
    std::fs::write(&path, bytes).unwrap();
    let first = Anchor::claim(&path).unwrap();
    assert_eq!(first.all().unwrap(), [anchored(8)]);
    first.keep(&anchored(9)).unwrap();
    let second = Anchor::claim(&path).unwrap();
    second.keep(&anchored(12)).unwrap();
    assert_eq!(first.newest().unwrap(), Some(anchored(12)));
}

#[test]
fn a_file_that_was_put_in_its_place_is_not_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.anchor");
    let anchor = Anchor::create(&path).unwrap();
    anchor.keep(&anchored(3)).unwrap();
    std::fs::rename(&path, dir.path().join("moved")).unwrap();
    assert!(anchor.keep(&anchored(4)).unwrap_err().why.contains("gone"));
    std::fs::copy(dir.path().join("moved"), &path).unwrap();
    assert!(anchor.keep(&anchored(4)).unwrap_err().why.contains("replaced"));
    std::fs::rename(dir.path().join("moved"), &path).unwrap();
    anchor.keep(&anchored(4)).unwrap();
}
