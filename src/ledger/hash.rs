//! SHA-256 hashes of the tree: leaves, inner nodes and the empty tree (RFC 6962 §2.1).

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{self, SHA256};

/// Bytes in one hash.
pub const HASH_BYTES: usize = 32;

/// Prefix of what a leaf hashes, so that no leaf can pass for an inner node (RFC 6962 §2.1).
const LEAF_PREFIX: [u8; 1] = [0x00];

/// Prefix of what an inner node hashes (RFC 6962 §2.1).
const NODE_PREFIX: [u8; 1] = [0x01];

/// One SHA-256 hash of the tree. Its text form is padded standard base64, as in checkpoints and proofs.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash([u8; HASH_BYTES]);

/// A text or a byte string that is not a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 hash in padded standard base64")]
pub struct InvalidHash;

impl Hash {
    /// Takes 32 bytes as a hash; nothing is computed.
    pub const fn from_bytes(bytes: [u8; HASH_BYTES]) -> Hash {
        Hash(bytes)
    }

    /// Takes a slice as a hash, if it is exactly 32 bytes long.
    pub fn try_from_slice(bytes: &[u8]) -> Option<Hash> {
        bytes.try_into().ok().map(Hash)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; HASH_BYTES] {
        &self.0
    }
}

/// The hash of a leaf: SHA-256(0x00 ‖ leaf) (RFC 6962 §2.1).
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    sha256(&[&LEAF_PREFIX, leaf])
}

/// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right) (RFC 6962 §2.1).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&NODE_PREFIX, &left.0, &right.0])
}

/// The root of a tree without leaves: SHA-256 of nothing (RFC 6962 §2.1).
pub fn empty_root() -> Hash {
    sha256(&[])
}

/// The root of complete subtrees that stand side by side, largest first: each joins everything to its
/// right. That is how RFC 6962 §2.1 splits a tree whose size is not a power of two.
pub(super) fn join_subtrees(subtrees: &[Hash]) -> Hash {
    let joined = subtrees.iter().rev().copied().reduce(|right, left| node_hash(&left, &right));
    joined.unwrap_or_else(empty_root)
}

fn sha256(parts: &[&[u8]]) -> Hash {
    let mut context = digest::Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut bytes = [0; HASH_BYTES];
    bytes.copy_from_slice(context.finish().as_ref());
    Hash(bytes)
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = InvalidHash;

    fn from_str(text: &str) -> Result<Hash, InvalidHash> {
        let bytes = STANDARD.decode(text).map_err(|_| InvalidHash)?;
        Hash::try_from_slice(&bytes).ok_or(InvalidHash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::testing::hex_hash;

    #[test]
    fn known_hashes_of_rfc_6962() {
        let empty = hex_hash("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        let leaf = hex_hash("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
        assert_eq!(empty_root(), empty);
        assert_eq!(join_subtrees(&[]), empty);
        assert_eq!(leaf_hash(b""), leaf);
        let pair = hex_hash("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
        assert_eq!(node_hash(&leaf, &leaf_hash(&[0])), pair);
    }

    #[test]
    fn text_form_goes_both_ways_and_is_strict() {
        let hash = leaf_hash(b"x");
        let text = hash.to_string();
        assert_eq!(text.len(), 44);
        assert_eq!(text.parse::<Hash>(), Ok(hash));
        assert_eq!(format!("{hash:?}"), text);
        let unpadded = text.trim_end_matches('=').to_owned();
        // The last character carries two bits that are no part of the hash and must be zero.
        let loose = format!("{}B=", &text[..42]);
        for bad in [unpadded, loose, format!("{text} "), format!("\n{text}"), String::new(), "AAAA".into()] {
            assert_eq!(bad.parse::<Hash>(), Err(InvalidHash), "{bad:?}");
        }
    }

    #[test]
    fn only_32_bytes_are_a_hash() {
        assert!(Hash::try_from_slice(&[1; 31]).is_none());
        assert!(Hash::try_from_slice(&[1; 33]).is_none());
        assert_eq!(Hash::try_from_slice(&[1; 32]), Some(Hash::from_bytes([1; 32])));
    }
}
