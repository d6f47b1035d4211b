//! What a witness cosigns: only what continues everything it cosigned before (C2SP tlog-witness).
//!
//! Pure: the caller holds the state, keeps it on the disk before it answers, and lets no other request in between.

use super::checkpoint::{Checkpoint, CheckpointError};
use super::hash::{Hash, empty_root};
use super::note::{NoteError, NoteVerifier, read_note};
use super::proof::verify_consistency;
use super::witness_request::AddCheckpoint;

/// The checkpoint of a ledger that the witness cosigned last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// Leaves in the tree.
    pub size: u64,
    /// Root of the tree.
    pub root: Hash,
    /// When, in seconds since the epoch.
    pub seconds: u64,
}

/// Why a witness does not cosign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The body or the checkpoint is malformed, or its numbers are impossible.
    #[error("{0}")]
    Malformed(&'static str),
    /// No key is configured for the origin.
    #[error("this witness knows no ledger of that origin")]
    UnknownOrigin,
    /// No signature is by a key of the origin, or one in its name is wrong.
    #[error("the checkpoint is not signed by a key that this witness knows")]
    NotSigned,
    /// The request starts from another size than the one cosigned last.
    #[error("the checkpoint cosigned last has size {size}")]
    OtherSize {
        /// The size cosigned last; 0 if none.
        size: u64,
    },
    /// The checkpoint does not continue the one cosigned last. Signed as it is, it may prove a split view.
    #[error("the checkpoint does not continue the one cosigned last: {0}")]
    Inconsistent(&'static str),
    /// The witness's clock is behind its last cosignature.
    #[error("the witness's clock is {0} s behind its last cosignature of this ledger")]
    ClockBehind(u64),
}

/// Judges a request in the order that the specification gives. `logs` are the ledgers' keys, several of one name
/// while a key is being replaced; `last` tells what was cosigned last for an origin.
pub fn judge(
    request: &AddCheckpoint,
    logs: &[NoteVerifier],
    last: impl FnOnce(&str) -> Option<Cosigned>,
    now: u64,
) -> Result<Checkpoint, Refusal> {
    let (text, _signatures) =
        read_note(&request.checkpoint).map_err(|_| Refusal::Malformed("the checkpoint is no signed note"))?;
    let named = Checkpoint::parse(text)
        .map_err(|_| Refusal::Malformed("the checkpoint is not origin, size and root"))?;
    let checkpoint = signed(request, logs, &named.origin)?;
    if request.old_size > checkpoint.size {
        return Err(Refusal::Malformed("the old size is larger than the checkpoint's"));
    }
    let last = last(&checkpoint.origin);
    let size = last.as_ref().map_or(0, |last| last.size);
    if request.old_size != size {
        return Err(Refusal::OtherSize { size });
    }
    continues(request, &checkpoint, last.as_ref())?;
    match last {
        Some(last) if last.seconds > now => Err(Refusal::ClockBehind(last.seconds - now)),
        Some(_) | None => Ok(checkpoint),
    }
}

/// The checkpoint, if a key of its origin signed it and none of them wrongly.
fn signed(request: &AddCheckpoint, logs: &[NoteVerifier], origin: &str) -> Result<Checkpoint, Refusal> {
    let mut refusal = Refusal::UnknownOrigin;
    let mut opened = None;
    for verifier in logs.iter().filter(|verifier| verifier.name() == origin) {
        match Checkpoint::open(&request.checkpoint, verifier) {
            Ok(checkpoint) => opened = Some(checkpoint),
            Err(CheckpointError::Note(NoteError::BadSignature)) => return Err(Refusal::NotSigned),
            Err(_) => refusal = Refusal::NotSigned,
        }
    }
    opened.ok_or(refusal)
}

/// The proof must lead from what was cosigned last to the checkpoint.
fn continues(
    request: &AddCheckpoint,
    checkpoint: &Checkpoint,
    last: Option<&Cosigned>,
) -> Result<(), Refusal> {
    if checkpoint.size == 0 && checkpoint.root != empty_root() {
        return Err(Refusal::Inconsistent("an empty tree has one root, and this is another"));
    }
    let root = last.map_or_else(empty_root, |last| last.root);
    if request.old_size == checkpoint.size && root != checkpoint.root {
        return Err(Refusal::Inconsistent("the same size with another root"));
    }
    verify_consistency(request.old_size, checkpoint.size, &root, &checkpoint.root, &request.proof)
        .map_err(|_| Refusal::Inconsistent("the consistency proof does not hold"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::consistency_proof;
    use crate::ledger::testing::{WholeTree, test_signer};
    use crate::ledger::{NoteSigner, leaf_hash};

    const ORIGIN: &str = "tax.example/v1/ledger";
    const NOW: u64 = 1_800_000_000;

    fn checkpoint(tree: &WholeTree, size: u64, signer: &NoteSigner) -> String {
        Checkpoint { origin: signer.verifier().name().into(), size, root: tree.root(size) }.sign(signer)
    }

    fn request(tree: &mut WholeTree, from: u64, to: u64) -> AddCheckpoint {
        let proof = consistency_proof(from, to, tree).unwrap();
        AddCheckpoint { old_size: from, proof, checkpoint: checkpoint(tree, to, &test_signer(ORIGIN)) }
    }

    fn cosigned(tree: &WholeTree, size: u64) -> Option<Cosigned> {
        Some(Cosigned { size, root: tree.root(size), seconds: NOW })
    }

    fn judged(request: &AddCheckpoint, last: Option<Cosigned>) -> Result<u64, Refusal> {
        judge(request, &[test_signer(ORIGIN).verifier()], |_| last, NOW).map(|checkpoint| checkpoint.size)
    }

    #[test]
    fn what_continues_is_cosigned_at_every_pair_of_sizes() {
        let mut tree = WholeTree::numbered(20);
        for from in 0..20 {
            for to in from..20 {
                let request = request(&mut tree, from, to);
                let last = if from == 0 { None } else { cosigned(&tree, from) };
                assert_eq!(judged(&request, last), Ok(to), "{from} to {to}");
            }
        }
    }

    #[test]
    fn another_branch_is_refused_at_every_pair_of_sizes() {
        let tree = WholeTree::numbered(20);
        let mut branch = WholeTree::numbered(20);
        branch.0[0] = leaf_hash(b"another first leaf");
        for from in 1..20 {
            for to in from..20 {
                let refused = judged(&request(&mut branch, from, to), cosigned(&tree, from));
                assert!(matches!(refused, Err(Refusal::Inconsistent(_))), "{from} to {to}: {refused:?}");
            }
        }
    }

    #[test]
    fn another_size_is_answered_with_the_one_cosigned() {
        let mut tree = WholeTree::numbered(9);
        let other = |size| Err(Refusal::OtherSize { size });
        assert_eq!(judged(&request(&mut tree, 0, 9), cosigned(&tree, 5)), other(5));
        assert_eq!(judged(&request(&mut tree, 6, 9), cosigned(&tree, 5)), other(5));
        assert_eq!(judged(&request(&mut tree, 5, 9), None), other(0));
        assert_eq!(judged(&request(&mut tree, 5, 7), cosigned(&tree, 9)), other(9), "never a smaller tree");
    }

    #[test]
    fn only_known_keys_of_the_origin_count() {
        let mut tree = WholeTree::numbered(3);
        let (ours, other) = (test_signer(ORIGIN), test_signer("other.example"));
        let good = request(&mut tree, 0, 3);
        let judged =
            |request: &AddCheckpoint, logs: &[NoteVerifier]| judge(request, logs, |_| None, NOW).err();
        assert_eq!(judged(&good, &[other.verifier()]), Some(Refusal::UnknownOrigin));
        assert_eq!(judged(&good, &[]), Some(Refusal::UnknownOrigin));
        let replaced = NoteVerifier::new(ORIGIN, [7; 32]).unwrap();
        assert_eq!(judged(&good, std::slice::from_ref(&replaced)), Some(Refusal::NotSigned));
        assert_eq!(judged(&good, &[replaced, ours.verifier()]), None, "while a key is being replaced");
        let mut forged = good.clone();
        forged.checkpoint = forged.checkpoint.replacen("\n3\n", "\n2\n", 1);
        assert_eq!(judged(&forged, &[ours.verifier()]), Some(Refusal::NotSigned));
    }

    #[test]
    fn impossible_requests_are_malformed() {
        let mut tree = WholeTree::numbered(3);
        let good = request(&mut tree, 0, 3);
        let judged = |request: &AddCheckpoint| judged(request, None);
        let larger = AddCheckpoint { old_size: 4, ..good.clone() };
        assert!(matches!(judged(&larger), Err(Refusal::Malformed(_))));
        let extended = test_signer(ORIGIN).sign(&format!("{ORIGIN}\n3\n{}\nextension\n", tree.root(3)));
        for checkpoint in [String::new(), "text\n".into(), good.checkpoint.replace('—', "-"), extended] {
            let broken = AddCheckpoint { checkpoint, ..good.clone() };
            assert!(matches!(judged(&broken), Err(Refusal::Malformed(_))), "{broken:?}");
        }
        let proven = AddCheckpoint { proof: vec![tree.root(1)], ..good };
        assert!(matches!(judged(&proven), Err(Refusal::Inconsistent(_))), "a first request proves nothing");
        let signer = test_signer(ORIGIN);
        let full = Checkpoint { origin: ORIGIN.into(), size: 0, root: tree.root(3) }.sign(&signer);
        let empty = AddCheckpoint { old_size: 0, proof: Vec::new(), checkpoint: full };
        assert!(matches!(judged(&empty), Err(Refusal::Inconsistent(_))));
    }

    #[test]
    fn no_cosignature_is_older_than_the_last() {
        let mut tree = WholeTree::numbered(3);
        let ahead = Cosigned { size: 2, root: tree.root(2), seconds: NOW + 5 };
        assert_eq!(judged(&request(&mut tree, 2, 3), Some(ahead)), Err(Refusal::ClockBehind(5)));
    }
}
