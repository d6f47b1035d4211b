//! What a ledger sends a witness: a checkpoint and the proof that it continues an earlier one (C2SP tlog-witness,
//! `add-checkpoint`), and the one answer that is neither a cosignature nor a plain refusal: the size the witness has.

use super::checkpoint::parse_decimal;
use super::hash::Hash;

/// Most consistency proof lines in a request (tlog-witness).
const HASHES_MAX: usize = 63;

/// Media type of the size that a witness answers a request from another size with.
pub const SIZE_MEDIA_TYPE: &str = "text/x.tlog.size";

/// The body of an `add-checkpoint` request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// Size of the checkpoint that the witness cosigned last; 0 if none.
    pub old_size: u64,
    /// Consistency proof from that size to the checkpoint's (RFC 6962 §2.1.2).
    pub proof: Vec<Hash>,
    /// The checkpoint: a signed note, verbatim.
    pub checkpoint: String,
}

/// The body is not an old size, hashes, an empty line and a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request is malformed: {0}")]
pub struct MalformedRequest(pub &'static str);

impl AddCheckpoint {
    /// The body's text.
    pub fn to_text(&self) -> String {
        let hashes: String = self.proof.iter().map(|hash| format!("{hash}\n")).collect();
        format!("old {}\n{hashes}\n{}", self.old_size, self.checkpoint)
    }

    /// Reads a body; any other spelling is refused. The checkpoint is taken as it stands.
    pub fn parse(text: &str) -> Result<AddCheckpoint, MalformedRequest> {
        let (head, checkpoint) = text.split_once("\n\n").ok_or(MalformedRequest("no empty line"))?;
        let mut lines = head.split('\n');
        let old_size = lines
            .next()
            .and_then(|line| parse_decimal(line.strip_prefix("old ")?))
            .ok_or(MalformedRequest("old size"))?;
        let proof: Vec<Hash> =
            lines.map(str::parse).collect::<Result<_, _>>().map_err(|_| MalformedRequest("hash"))?;
        if proof.len() > HASHES_MAX {
            return Err(MalformedRequest("too many hashes"));
        }
        Ok(AddCheckpoint { old_size, proof, checkpoint: checkpoint.to_owned() })
    }
}

/// The body that names a size.
pub fn size_text(size: u64) -> String {
    format!("{size}\n")
}

/// The size in such a body.
pub fn parse_size(text: &str) -> Option<u64> {
    parse_decimal(text.strip_suffix('\n')?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{read_note, testing::WholeTree};

    /// The example of the specification.
    const EXAMPLE: &str = "\
old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
";

    #[test]
    fn the_specifications_example_reads_and_writes() {
        let request = AddCheckpoint::parse(EXAMPLE).unwrap();
        assert_eq!((request.old_size, request.proof.len()), (20_852_014, 4));
        assert_eq!(read_note(&request.checkpoint).unwrap().1.len(), 2);
        assert_eq!(request.to_text(), EXAMPLE);
    }

    #[test]
    fn a_first_request_has_no_hashes() {
        let first = AddCheckpoint { old_size: 0, proof: Vec::new(), checkpoint: "o\n0\n".into() };
        assert_eq!(first.to_text(), "old 0\n\no\n0\n");
        assert_eq!(AddCheckpoint::parse("old 0\n\no\n0\n"), Ok(first));
    }

    #[test]
    fn other_spellings_are_refused() {
        let hash = WholeTree::numbered(1).root(1);
        let many = format!("old 1\n{}", format!("{hash}\n").repeat(64));
        let bad = [
            EXAMPLE.replace("old 2", "old 02"),
            EXAMPLE.replace("old 2", "old  2"),
            EXAMPLE.replace("old 2", "2"),
            EXAMPLE.replace("old 2", "Old 2"),
            EXAMPLE.replace("old 2", "old -2"),
            EXAMPLE.replace("pkaw=\n", "pkaw\n"),
            EXAMPLE.replace("pkaw=\n", "pkaw=\r\n"),
            EXAMPLE.replace("old 20852014\n", ""),
            EXAMPLE.split_once("\n\n").unwrap().0.to_owned(),
            format!("{many}\no\n1\n{hash}\n"),
            String::new(),
        ];
        for text in bad {
            assert!(AddCheckpoint::parse(&text).is_err(), "{text:?}");
        }
        assert!(
            AddCheckpoint::parse(&format!("{}\no\n", many.replacen(&format!("{hash}\n"), "", 1))).is_ok()
        );
    }

    #[test]
    fn sizes_have_one_spelling() {
        assert_eq!(parse_size(&size_text(20_852_014)), Some(20_852_014));
        for bad in ["", "\n", "1", "01\n", "+1\n", "1\n\n", " 1\n", "1\r\n"] {
            assert_eq!(parse_size(bad), None, "{bad:?}");
        }
    }
}
