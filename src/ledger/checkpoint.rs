//! Checkpoints: the signed head of the tree (C2SP tlog-checkpoint).

use super::hash::Hash;
use super::note::{NoteError, NoteSigner, NoteVerifier};

/// Size and root of the tree that an origin stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Identity of the ledger, also the name of its key: a host and path without scheme.
    pub origin: String,
    /// Leaves in the tree.
    pub size: u64,
    /// Root of the tree (RFC 6962 §2.1).
    pub root: Hash,
}

/// Why a checkpoint was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The text is not origin, size and root, a line each. Extension lines, which this ledger never
    /// writes, are refused too: nobody could audit them.
    #[error("the checkpoint is malformed: {0}")]
    Malformed(&'static str),
    /// The signed note around it was refused.
    #[error("the checkpoint is not a note signed by the ledger")]
    Note(#[source] NoteError),
    /// The key speaks for another origin.
    #[error("the origin of the checkpoint is not the name of the key")]
    Origin,
}

impl Checkpoint {
    /// The text to be signed: origin, decimal size and base64 root, each on a line.
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root)
    }

    /// Reads a text written by [`Checkpoint::to_text`]; any other spelling is refused.
    pub fn parse(text: &str) -> Result<Checkpoint, CheckpointError> {
        let body = text.strip_suffix('\n').ok_or(CheckpointError::Malformed("no newline at the end"))?;
        let lines: Vec<&str> = body.split('\n').collect();
        let [origin, size, root] = lines[..] else {
            return Err(CheckpointError::Malformed("not three lines"));
        };
        if origin.is_empty() || origin.chars().any(|c| c < ' ') {
            return Err(CheckpointError::Malformed("origin"));
        }
        let size = parse_decimal(size).ok_or(CheckpointError::Malformed("size"))?;
        let root = root.parse().map_err(|_| CheckpointError::Malformed("root"))?;
        Ok(Checkpoint { origin: origin.to_owned(), size, root })
    }

    /// Signs it and gives the note. The signer's name should be the origin, or nobody will open it.
    pub fn sign(&self, signer: &NoteSigner) -> String {
        signer.sign(&self.to_text())
    }

    /// Reads a signed checkpoint whose signature is right and whose origin is the name of the key.
    pub fn open(note: &str, verifier: &NoteVerifier) -> Result<Checkpoint, CheckpointError> {
        let checkpoint = Checkpoint::parse(verifier.verify(note).map_err(CheckpointError::Note)?)?;
        if checkpoint.origin == verifier.name() { Ok(checkpoint) } else { Err(CheckpointError::Origin) }
    }
}

/// A decimal number without sign, blanks or leading zeroes.
pub(super) fn parse_decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::testing::test_signer;
    use crate::ledger::{empty_root, leaf_hash};

    const ORIGIN: &str = "tax.example/v1/ledger";

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: ORIGIN.into(), size: 70_123, root: leaf_hash(b"root") }
    }

    #[test]
    fn the_specifications_example_reads() {
        let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let read = Checkpoint::parse(text).unwrap();
        assert_eq!((read.origin.as_str(), read.size), ("example.com/behind-the-sofa", 20_852_163));
        assert_eq!(read.to_text(), text);
    }

    #[test]
    fn an_empty_tree_has_a_checkpoint() {
        let empty = Checkpoint { origin: "o".into(), size: 0, root: empty_root() };
        assert_eq!(empty.to_text(), "o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
        assert_eq!(Checkpoint::parse(&empty.to_text()), Ok(empty));
    }

    #[test]
    fn what_is_signed_opens() {
        let signer = test_signer(ORIGIN);
        let note = checkpoint().sign(&signer);
        assert_eq!(Checkpoint::open(&note, &signer.verifier()), Ok(checkpoint()));
    }

    #[test]
    fn another_key_or_origin_does_not_open() {
        let (signer, other) = (test_signer(ORIGIN), test_signer("other.example"));
        let note = checkpoint().sign(&signer);
        let refused = Checkpoint::open(&note, &other.verifier());
        assert_eq!(refused, Err(CheckpointError::Note(NoteError::NotSigned)));
        let foreign = checkpoint().sign(&other);
        assert_eq!(Checkpoint::open(&foreign, &other.verifier()), Err(CheckpointError::Origin));
    }

    #[test]
    fn any_flipped_bit_fails() {
        let signer = test_signer(ORIGIN);
        let note = checkpoint().sign(&signer).into_bytes();
        for bit in 0..note.len() * 8 {
            let mut forged = note.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            if let Ok(forged) = String::from_utf8(forged) {
                assert!(Checkpoint::open(&forged, &signer.verifier()).is_err(), "{forged}");
            }
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        let root = empty_root();
        let bad = [
            String::new(),
            format!("o\n1\n{root}"),
            format!("\n1\n{root}\n"),
            format!("o\n\n{root}\n"),
            format!("o\n01\n{root}\n"),
            format!("o\n+1\n{root}\n"),
            format!("o\n-1\n{root}\n"),
            format!("o\n1 \n{root}\n"),
            format!("o\n18446744073709551616\n{root}\n"),
            format!("o\n1\n{root}=\n"),
            format!("o\n1\n{}\n", &root.to_string()[..43]),
            format!("o\n1\n{root}\nextension\n"),
            format!("o\n1\n{root}\n\n"),
            format!("o\r\n1\r\n{root}\r\n"),
            format!("o\n1\n{root}\r\n"),
        ];
        for text in bad {
            assert!(matches!(Checkpoint::parse(&text), Err(CheckpointError::Malformed(_))), "{text:?}");
        }
    }
}
