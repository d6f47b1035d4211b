//! Receipts: the proof that an entry is in the ledger, checked offline (C2SP tlog-proof).

use super::checkpoint::{Checkpoint, CheckpointError, parse_decimal};
use super::hash::{Hash, leaf_hash};
use super::note::NoteVerifier;
use super::proof::{ProofError, verify_inclusion};

/// First line of a receipt.
const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// Most hashes in a proof: one for each level of a tree of 64-bit size.
const HASHES_MAX: usize = 64;

/// Index of an entry, its inclusion proof and the checkpoint the proof leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InclusionReceipt {
    /// Index of the entry, from zero.
    pub index: u64,
    /// Inclusion proof, from the leaf's sibling up (RFC 6962 §2.1.1).
    pub hashes: Vec<Hash>,
    /// The checkpoint: a signed note, verbatim.
    pub checkpoint: String,
}

/// Why a receipt was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The text is not first line, index, hashes, blank line and checkpoint. The optional `extra` line,
    /// which this ledger never writes and which nothing would authenticate, is refused too.
    #[error("the receipt is malformed: {0}")]
    Malformed(&'static str),
    /// The checkpoint was refused.
    #[error("the checkpoint of the receipt does not hold")]
    Checkpoint(#[source] CheckpointError),
    /// The entry is not proven to be in the tree of the checkpoint.
    #[error("the entry is not proven to be in the ledger")]
    Proof(#[source] ProofError),
}

impl InclusionReceipt {
    /// The text of the receipt.
    pub fn to_text(&self) -> String {
        let hashes: String = self.hashes.iter().map(|hash| format!("{hash}\n")).collect();
        format!("{FIRST_LINE}\nindex {}\n{hashes}\n{}", self.index, self.checkpoint)
    }

    /// Reads a text written by [`InclusionReceipt::to_text`]; any other spelling is refused. The
    /// checkpoint is taken as it stands: [`InclusionReceipt::verify`] judges it.
    pub fn parse(text: &str) -> Result<InclusionReceipt, ReceiptError> {
        let malformed = ReceiptError::Malformed;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(malformed("no blank line"))?;
        if checkpoint.is_empty() {
            return Err(malformed("no checkpoint"));
        }
        let mut lines = head.split('\n');
        if lines.next() != Some(FIRST_LINE) {
            return Err(malformed("first line"));
        }
        let index = lines
            .next()
            .and_then(|line| parse_decimal(line.strip_prefix("index ")?))
            .ok_or(malformed("index"))?;
        let hashes: Vec<Hash> =
            lines.map(str::parse).collect::<Result<_, _>>().map_err(|_| malformed("hash"))?;
        if hashes.len() > HASHES_MAX {
            return Err(malformed("too many hashes"));
        }
        Ok(InclusionReceipt { index, hashes, checkpoint: checkpoint.to_owned() })
    }

    /// Checks that `entry` is in the ledger whose key `verifier` is, and gives the checkpoint it is under.
    pub fn verify(&self, entry: &[u8], verifier: &NoteVerifier) -> Result<Checkpoint, ReceiptError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, verifier).map_err(ReceiptError::Checkpoint)?;
        verify_inclusion(self.index, checkpoint.size, &leaf_hash(entry), &self.hashes, &checkpoint.root)
            .map_err(ReceiptError::Proof)?;
        Ok(checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::testing::test_signer;
    use crate::ledger::{Extension, Frontier};

    const ORIGIN: &str = "tax.example/v1/ledger";

    fn receipt(size: u64, index: u64) -> InclusionReceipt {
        let mut extension = Extension::new(Frontier::empty());
        (0..size).for_each(|n| {
            extension.append(leaf_hash(&entry(n)));
        });
        let checkpoint = Checkpoint { origin: ORIGIN.into(), size, root: extension.root() };
        InclusionReceipt {
            index,
            hashes: extension.inclusion_proof(index).unwrap(),
            checkpoint: checkpoint.sign(&test_signer(ORIGIN)),
        }
    }

    fn entry(n: u64) -> Vec<u8> {
        format!("entry {n}").into_bytes()
    }

    #[test]
    fn the_text_is_as_the_specification_says() {
        let receipt = receipt(3, 1);
        let expected = format!(
            "c2sp.org/tlog-proof@v1\nindex 1\n{}\n{}\n\n{}",
            receipt.hashes[0], receipt.hashes[1], receipt.checkpoint
        );
        assert_eq!(receipt.to_text(), expected);
        assert_eq!(InclusionReceipt::parse(&expected), Ok(receipt));
    }

    #[test]
    fn receipts_of_every_index_verify_after_a_round_trip() {
        let verifier = test_signer(ORIGIN).verifier();
        for size in 1..20 {
            for index in 0..size {
                let parsed = InclusionReceipt::parse(&receipt(size, index).to_text()).unwrap();
                let checkpoint = parsed.verify(&entry(index), &verifier).unwrap();
                assert_eq!((checkpoint.size, checkpoint.origin.as_str()), (size, ORIGIN));
                let mismatch = Err(ReceiptError::Proof(ProofError::RootMismatch));
                assert_eq!(parsed.verify(b"another", &verifier), mismatch);
            }
        }
    }

    #[test]
    fn any_flipped_bit_of_receipt_or_entry_fails() {
        let verifier = test_signer(ORIGIN).verifier();
        let receipt = receipt(11, 6);
        let text = receipt.to_text().into_bytes();
        for bit in 0..text.len() * 8 {
            let mut forged = text.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            let Ok(forged) = String::from_utf8(forged) else { continue };
            if let Ok(parsed) = InclusionReceipt::parse(&forged) {
                assert!(parsed.verify(&entry(6), &verifier).is_err(), "{forged}");
            }
        }
        for bit in 0..entry(6).len() * 8 {
            let mut forged = entry(6);
            forged[bit / 8] ^= 1 << (bit % 8);
            assert!(receipt.verify(&forged, &verifier).is_err());
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        let good = receipt(3, 1).to_text();
        let hash = leaf_hash(b"");
        let bad = [
            String::new(),
            good.replace("@v1", "@v2"),
            good.replace("index 1", "index 01"),
            good.replace("index 1", "index  1"),
            good.replace("index 1", "index -1"),
            good.replace("index 1", "Index 1"),
            good.replace("index 1\n", ""),
            good.replace("index 1\n", "index 1\n\n"),
            good.replace("index 1\n", "extra AAAA\nindex 1\n"),
            good.replace("index 1\n", "index 1\r\n"),
            good.replace("index 1\n", "index 1\nnot a hash\n"),
            good.replacen("=\n", "\n", 1),
            good.replace("index 1\n", &format!("index 1\n{}", format!("{hash}\n").repeat(64))),
            good.split_once("\n\n").unwrap().0.to_owned(),
            format!("{}\n\n", good.split_once("\n\n").unwrap().0),
            format!("\n{good}"),
            good.trim_end().to_owned(),
            format!("{good}\n"),
            format!("{good}more\n"),
        ];
        let verifier = test_signer(ORIGIN).verifier();
        for text in bad {
            let result = InclusionReceipt::parse(&text).and_then(|read| read.verify(&entry(1), &verifier));
            assert!(result.is_err(), "{text:?}");
        }
    }
}
