//! The anchor: the largest checkpoint that was signed, kept outside the database and its backups.
//!
//! Two fixed slots in one file, written in turn and synced, so that a torn write leaves the other.
//! A database restored from yesterday is behind its anchor and is refused.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::ledger::hash::{Hash, leaf_hash};

const SLOT_BYTES: u64 = 4096;
const HEADER_BYTES: usize = 8 + 2 + 32;
const MAGIC: &[u8; 8] = b"SDYANCR1";

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("anchor file {path}: {why}")]
pub struct AnchorError {
    /// Where it is.
    pub path: PathBuf,
    /// What went wrong.
    pub why: String,
}

/// What a slot holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Anchored {
    /// Size of the tree in the checkpoint.
    pub size: u64,
    /// The checkpoint, a signed note.
    pub note: String,
}

/// An open anchor file. Processes of one machine may share it.
#[derive(Debug)]
pub struct Anchor {
    path: PathBuf,
    file: File,
}

impl Anchor {
    /// Opens the file; it must be there.
    pub fn open(path: &Path) -> Result<Self, AnchorError> {
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(|why| failed(path, &why))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Makes an empty file for a new ledger; it must not be there.
    pub fn create(path: &Path) -> Result<Self, AnchorError> {
        let fault = |why: io::Error| failed(path, &why);
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path).map_err(fault)?;
        file.set_len(SLOT_BYTES * 2).map_err(fault)?;
        file.sync_all().map_err(fault)?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// The largest checkpoint in the file, if any was written.
    pub fn newest(&self) -> Result<Option<Anchored>, AnchorError> {
        let [first, second] = self.slots()?;
        Ok([first, second].into_iter().flatten().max_by_key(|anchored| anchored.size))
    }

    /// Keeps this checkpoint unless a larger one is there already: the slot with the smaller one is
    /// overwritten. Returns once it is on the disk.
    pub fn keep(&self, new: &Anchored) -> Result<(), AnchorError> {
        let fault = |why: io::Error| failed(&self.path, &why);
        self.file.lock().map_err(fault)?;
        let kept = self.keep_locked(new);
        self.file.unlock().map_err(fault)?;
        kept
    }

    fn keep_locked(&self, new: &Anchored) -> Result<(), AnchorError> {
        let [first, second] = self.slots()?;
        let size_of = |slot: &Option<Anchored>| slot.as_ref().map(|anchored| anchored.size);
        if size_of(&first).max(size_of(&second)) > Some(new.size) {
            return Ok(());
        }
        if [&first, &second].into_iter().flatten().any(|old| old == new) {
            return Ok(());
        }
        // The same tree may be signed again by another key: only what was signed tells one tree from another.
        let differs = |slot: &Option<Anchored>| {
            slot.as_ref().is_some_and(|old| old.size == new.size && signed_text(old) != signed_text(new))
        };
        if differs(&first) || differs(&second) {
            let why =
                format!("another tree of {} entries was signed: two ledgers share this anchor", new.size);
            return Err(AnchorError { path: self.path.clone(), why });
        }
        let place = if size_of(&first) <= size_of(&second) { 0 } else { SLOT_BYTES };
        let slot = encode(new).ok_or_else(|| AnchorError {
            path: self.path.clone(),
            why: "the checkpoint is too long".into(),
        })?;
        let fault = |why: io::Error| failed(&self.path, &why);
        self.file.write_all_at(&slot, place).map_err(fault)?;
        self.file.sync_data().map_err(fault)
    }

    fn slots(&self) -> Result<[Option<Anchored>; 2], AnchorError> {
        Ok([self.slot(0)?, self.slot(SLOT_BYTES)?])
    }

    fn slot(&self, place: u64) -> Result<Option<Anchored>, AnchorError> {
        let mut bytes = vec![0; usize::try_from(SLOT_BYTES).unwrap_or(4096)];
        match self.file.read_exact_at(&mut bytes, place) {
            Ok(()) => Ok(decode(&bytes)),
            Err(why) if why.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(why) => Err(failed(&self.path, &why)),
        }
    }
}

/// What the note's signatures are over.
fn signed_text(anchored: &Anchored) -> &str {
    anchored.note.split_once("\n\n").map_or(&*anchored.note, |(text, _signatures)| text)
}

fn failed(path: &Path, why: &dyn ToString) -> AnchorError {
    AnchorError { path: path.to_owned(), why: why.to_string() }
}

/// Magic, length of the body, SHA-256 of the body, body: size and note.
fn encode(anchored: &Anchored) -> Option<Vec<u8>> {
    let mut body = anchored.size.to_be_bytes().to_vec();
    body.extend_from_slice(anchored.note.as_bytes());
    let length = u16::try_from(body.len()).ok()?;
    let mut slot = Vec::with_capacity(HEADER_BYTES + body.len());
    slot.extend_from_slice(MAGIC);
    slot.extend_from_slice(&length.to_be_bytes());
    slot.extend_from_slice(leaf_hash(&body).as_bytes());
    slot.extend_from_slice(&body);
    (u64::try_from(slot.len()).ok()? <= SLOT_BYTES).then_some(slot)
}

/// `None` for an empty slot and for one that was torn while it was written.
fn decode(slot: &[u8]) -> Option<Anchored> {
    let rest = slot.strip_prefix(MAGIC)?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let (digest, rest) = rest.split_first_chunk::<32>()?;
    let body = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
    if leaf_hash(body) != Hash::from_bytes(*digest) {
        return None;
    }
    let (size, note) = body.split_first_chunk::<8>()?;
    Some(Anchored { size: u64::from_be_bytes(*size), note: String::from_utf8(note.to_vec()).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anchored(size: u64) -> Anchored {
        Anchored { size, note: format!("localhost/v1/ledger\n{size}\nroot\n\n— sig\n") }
    }

    #[test]
    fn the_same_tree_signed_by_another_key_is_no_other_tree() {
        let dir = tempfile::tempdir().unwrap();
        let anchor = Anchor::create(&dir.path().join("a.anchor")).unwrap();
        anchor.keep(&anchored(3)).unwrap();
        let again = Anchored { size: 3, note: anchored(3).note.replace("sig", "other") };
        anchor.keep(&again).unwrap();
        let other = Anchored { size: 3, note: anchored(3).note.replace("root", "ruin") };
        assert!(anchor.keep(&other).is_err());
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
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.write_all_at(b"torn", 60).unwrap();
        assert_eq!(Anchor::open(&path).unwrap().newest().unwrap(), Some(anchored(7)));
        assert!(Anchor::create(&path).is_err(), "an anchor is never made over another");
    }
}
