//! The right edge of a tree: the roots of its largest complete subtrees, largest first.
//!
//! With it a tree of any size grows by a leaf at the cost of a few hashes (the compact range of
//! RFC 6962 trees). A tree of size n has one such subtree per bit that is set in n.

use super::hash::{HASH_BYTES, Hash, join_subtrees, node_hash};

/// The largest tree size taken from outside: what a signed 64-bit column holds.
pub const TREE_SIZE_MAX: u64 = u64::MAX >> 1;

/// Size and right edge of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    subtrees: Vec<Hash>,
}

/// A stored frontier that no tree of the stated size has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrontierError {
    /// The bytes are not one hash per bit set in the size.
    #[error("a frontier of size {size} takes {expected} bytes, not {found}")]
    Length {
        /// Leaves in the tree.
        size: u64,
        /// Bytes that a frontier of this size takes.
        expected: usize,
        /// Bytes that were given.
        found: usize,
    },
    /// The size is over [`TREE_SIZE_MAX`].
    #[error("tree size {0} is too large")]
    Size(u64),
}

impl Frontier {
    /// The frontier of the empty tree.
    pub fn empty() -> Frontier {
        Frontier { size: 0, subtrees: Vec::new() }
    }

    /// Takes up a stored frontier: `size` leaves, and the hashes as [`Frontier::to_bytes`] gave them.
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Result<Frontier, FrontierError> {
        if size > TREE_SIZE_MAX {
            return Err(FrontierError::Size(size));
        }
        let subtrees: Vec<Hash> = bytes.chunks(HASH_BYTES).filter_map(Hash::try_from_slice).collect();
        let expected = levels(size).count() * HASH_BYTES;
        if bytes.len() != expected {
            return Err(FrontierError::Length { size, expected, found: bytes.len() });
        }
        Ok(Frontier { size, subtrees })
    }

    /// The hashes, largest subtree first, one after the other; the size is kept beside them.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.subtrees.iter().flat_map(|hash| *hash.as_bytes()).collect()
    }

    /// Leaves in the tree.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Root of the tree (RFC 6962 §2.1).
    pub fn root(&self) -> Hash {
        join_subtrees(&self.subtrees)
    }

    /// Appends a leaf by its hash.
    pub fn push(&mut self, leaf: Hash) {
        self.push_subtree(0, leaf);
    }

    /// Appends 2^`level` leaves at once, by the hash of the complete subtree they make. The size so far must be a
    /// multiple of as many leaves.
    pub fn push_subtree(&mut self, level: u8, root: Hash) {
        let mut node = root;
        // Like a carry: every subtree as large as the new node merges into it.
        for _ in 0..(self.size >> level).trailing_ones() {
            if let Some(left) = self.subtrees.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.subtrees.push(node);
        self.size += 1 << level;
    }

    /// Level and hash of each subtree, largest first; a subtree of level n has 2^n leaves.
    pub(super) fn subtrees(&self) -> impl Iterator<Item = (u8, Hash)> + '_ {
        levels(self.size).zip(self.subtrees.iter().copied())
    }

    /// Puts a frontier together; the caller has one hash per bit set in `size`.
    pub(super) fn of(size: u64, subtrees: Vec<Hash>) -> Frontier {
        Frontier { size, subtrees }
    }
}

/// The levels of the complete subtrees that a tree of `size` leaves consists of, largest first.
pub(super) fn levels(size: u64) -> impl Iterator<Item = u8> {
    (0..64_u8).rev().filter(move |level| (size >> level) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::testing::{WholeTree, classic_leaves, classic_roots};
    use crate::ledger::{empty_root, leaf_hash};

    #[test]
    fn classic_roots_come_out() {
        let mut frontier = Frontier::empty();
        assert_eq!(frontier.root(), empty_root());
        for (leaf, root) in classic_leaves().iter().zip(classic_roots()) {
            frontier.push(leaf_hash(leaf));
            assert_eq!(frontier.root(), root, "size {}", frontier.size());
        }
    }

    #[test]
    fn every_size_has_the_defined_root_and_survives_storage() {
        let tree = WholeTree::numbered(300);
        let mut frontier = Frontier::empty();
        for (size, leaf) in (1_u64..).zip(&tree.0) {
            frontier.push(*leaf);
            assert_eq!((frontier.size(), frontier.root()), (size, tree.root(size)));
            let bytes = frontier.to_bytes();
            assert_eq!(bytes.len(), HASH_BYTES * usize::try_from(size.count_ones()).unwrap());
            frontier = Frontier::from_bytes(size, &bytes).unwrap();
        }
    }

    #[test]
    fn whole_subtrees_make_the_same_edge_as_their_leaves() {
        let tree = WholeTree::numbered(7 * 8 + 5);
        let (mut by_leaf, mut by_eight) = (Frontier::empty(), Frontier::empty());
        for eight in tree.0.chunks(8) {
            eight.iter().for_each(|leaf| by_leaf.push(*leaf));
            match eight.len() {
                8 => by_eight.push_subtree(3, crate::ledger::testing::merkle_tree_hash(eight)),
                _ => eight.iter().for_each(|leaf| by_eight.push(*leaf)),
            }
            assert_eq!(by_eight, by_leaf);
        }
    }

    #[test]
    fn bytes_of_another_size_are_refused() {
        let error = |expected, found| Err(FrontierError::Length { size: 3, expected, found });
        assert_eq!(Frontier::from_bytes(3, &[0; 32]), error(64, 32));
        assert_eq!(Frontier::from_bytes(3, &[0; 65]), error(64, 65));
        assert_eq!(Frontier::from_bytes(3, &[0; 96]), error(64, 96));
        assert_eq!(Frontier::from_bytes(0, &[]), Ok(Frontier::empty()));
        assert_eq!(Frontier::from_bytes(1 << 63, &[0; 32]), Err(FrontierError::Size(1 << 63)));
    }
}
