//! A tree as one batch extends it: the frontier before, the leaves after, and proofs for those leaves.
//!
//! Nothing older has to be read. Whatever stands to the left of a new leaf either ends at or before the
//! old size, and is then a subtree of the old frontier, or was completed by this batch.

use std::sync::OnceLock;

use super::frontier::{Frontier, levels};
use super::hash::{Hash, join_subtrees, node_hash};

/// A base frontier and the complete subtrees that were made by appending to it.
#[derive(Debug, Clone)]
pub struct Extension {
    base_size: u64,
    size: u64,
    /// By level: 0 are leaves, level n has subtrees of 2^n leaves.
    rows: Vec<Row>,
    /// Kept between proofs of one size; thrown away by the next leaf.
    edge: OnceLock<Edge>,
}

/// The known complete subtrees of one level, without gaps up to the right edge.
#[derive(Debug, Clone)]
struct Row {
    /// Index of the first known subtree in its level. Always even, so that pairs stay together.
    first: u64,
    nodes: Vec<Hash>,
}

/// The complete subtrees that the tree of the present size consists of.
#[derive(Debug, Clone)]
struct Edge {
    /// Level, and hash, largest first.
    subtrees: Vec<(u8, Hash)>,
    /// At n, the join of the subtrees from n on: what stands to the right of subtree n - 1.
    joined_from: Vec<Hash>,
}

impl Extension {
    /// Starts from the tree that `base` is the right edge of.
    pub fn new(base: Frontier) -> Extension {
        let base_size = base.size();
        let mut rows = Vec::new();
        for (level, hash) in base.subtrees() {
            let level = usize::from(level);
            if rows.is_empty() {
                rows = (0..=level).map(|level| Row::starting(base_size, level)).collect();
            }
            rows[level].nodes.push(hash);
        }
        Extension { base_size, size: base_size, rows, edge: OnceLock::new() }
    }

    /// Appends a leaf by its hash and gives its index.
    pub fn append(&mut self, leaf: Hash) -> u64 {
        let index = self.size;
        let mut node = leaf;
        let mut level = 0;
        loop {
            if level == self.rows.len() {
                self.rows.push(Row::starting(self.base_size, level));
            }
            let row = &mut self.rows[level];
            row.nodes.push(node);
            match row.last_pair() {
                Some((left, right)) => node = node_hash(left, right),
                None => break,
            }
            level += 1;
        }
        self.size += 1;
        self.edge.take();
        index
    }

    /// Leaves in the tree, with those of the base.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Root of the tree at its present size.
    pub fn root(&self) -> Hash {
        self.edge().joined_from.first().copied().unwrap_or_else(|| join_subtrees(&[]))
    }

    /// Right edge at the present size: the base of the next batch.
    pub fn frontier(&self) -> Frontier {
        Frontier::of(self.size, self.edge().subtrees.iter().map(|(_, hash)| *hash).collect())
    }

    /// The complete subtree `index` of 2^`level` leaves, if the base or the new leaves tell it.
    pub fn node(&self, level: u8, index: u64) -> Option<Hash> {
        let row = self.rows.get(usize::from(level))?;
        let place = usize::try_from(index.checked_sub(row.first)?).ok()?;
        row.nodes.get(place).copied()
    }

    /// Inclusion proof of the leaf `index` in the tree of the present size, from the leaf's sibling up
    /// (RFC 6962 §2.1.1). `None` for a leaf of the base, whose proof needs older nodes, or beyond the tree.
    pub fn inclusion_proof(&self, index: u64) -> Option<Vec<Hash>> {
        if index < self.base_size || index >= self.size {
            return None;
        }
        let edge = self.edge();
        let mut end = 0;
        for (place, (level, _)) in edge.subtrees.iter().enumerate() {
            end += 1_u64 << level;
            if index < end {
                return self.proof_through(edge, place, *level, index);
            }
        }
        None
    }

    /// The proof of a leaf in the complete subtree at `place` of the right edge: the siblings inside it,
    /// then all that is right of it as one, then what is left of it, nearest first.
    fn proof_through(&self, edge: &Edge, place: usize, height: u8, index: u64) -> Option<Vec<Hash>> {
        let mut proof = Vec::with_capacity(usize::from(height) + 1 + place);
        for level in 0..height {
            proof.push(self.node(level, (index >> level) ^ 1)?);
        }
        proof.extend(edge.joined_from.get(place + 1));
        proof.extend(edge.subtrees[..place].iter().rev().map(|(_, hash)| *hash));
        Some(proof)
    }

    fn edge(&self) -> &Edge {
        self.edge.get_or_init(|| {
            let subtrees: Vec<(u8, Hash)> = levels(self.size)
                .filter_map(|level| Some((level, self.node(level, (self.size >> level) - 1)?)))
                .collect();
            let mut joined_from = Vec::with_capacity(subtrees.len());
            for (_, hash) in subtrees.iter().rev() {
                let joined = joined_from.last().map_or(*hash, |right| node_hash(hash, right));
                joined_from.push(joined);
            }
            joined_from.reverse();
            Edge { subtrees, joined_from }
        })
    }
}

impl Row {
    /// An empty row. If the base has a subtree of this level, it is the row's first; otherwise the first
    /// is the one that the base has begun and not completed.
    fn starting(base_size: u64, level: usize) -> Row {
        let begun = u32::try_from(level).ok().and_then(|level| base_size.checked_shr(level)).unwrap_or(0);
        Row { first: begun & !1, nodes: Vec::new() }
    }

    /// The last two nodes, if they are the two children of one parent.
    fn last_pair(&self) -> Option<(&Hash, &Hash)> {
        match self.nodes.as_slice() {
            [.., left, right] if self.nodes.len().is_multiple_of(2) => Some((left, right)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ledger::proof::{inclusion_proof, verify_inclusion};
    use crate::ledger::testing::{WholeTree, numbered_leaf};

    fn frontier(size: u64) -> Frontier {
        let mut frontier = Frontier::empty();
        (0..size).for_each(|n| frontier.push(numbered_leaf(n)));
        frontier
    }

    /// Extends a tree of `base` leaves by `added` and compares everything with the whole tree.
    fn check(base: u64, added: u64) {
        let mut tree = WholeTree::numbered(base + added);
        let mut extension = Extension::new(frontier(base));
        for n in 0..added {
            assert_eq!(extension.append(numbered_leaf(base + n)), base + n);
        }
        let size = base + added;
        assert_eq!((extension.size(), extension.root()), (size, tree.root(size)), "{base}+{added}");
        assert_eq!(extension.frontier(), frontier(size));
        for index in 0..=size {
            let proof = extension.inclusion_proof(index);
            if index < base || index >= size {
                assert_eq!(proof, None);
            } else {
                assert_eq!(proof, inclusion_proof(index, size, &mut tree).ok(), "{index} in {base}+{added}");
            }
        }
    }

    #[test]
    fn every_small_base_and_batch() {
        for base in 0..=34 {
            for added in 0..=34 {
                check(base, added);
            }
        }
    }

    #[test]
    fn a_proof_between_appends_is_of_the_size_then() {
        let tree = WholeTree::numbered(40);
        let mut extension = Extension::new(frontier(11));
        for n in 11..40 {
            let index = extension.append(numbered_leaf(n));
            let proof = extension.inclusion_proof(index).unwrap();
            let root = tree.root(n + 1);
            assert_eq!(extension.root(), root);
            assert_eq!(verify_inclusion(index, n + 1, &numbered_leaf(n), &proof, &root), Ok(()));
        }
    }

    #[test]
    fn a_large_batch_on_an_enormous_tree() {
        let base_size = (1_u64 << 62) + (1 << 40) + 12_345;
        let hashes: Vec<u8> =
            (0..base_size.count_ones()).flat_map(|n| *numbered_leaf(u64::from(n)).as_bytes()).collect();
        let base = Frontier::from_bytes(base_size, &hashes).unwrap();
        let mut extension = Extension::new(base.clone());
        let mut slow = base;
        for n in 0..10_000 {
            extension.append(numbered_leaf(n));
            slow.push(numbered_leaf(n));
        }
        assert_eq!(extension.frontier(), slow);
        assert_eq!(extension.root(), slow.root());
        for n in 0..10_000 {
            let proof = extension.inclusion_proof(base_size + n).unwrap();
            let leaf = numbered_leaf(n);
            assert_eq!(verify_inclusion(base_size + n, slow.size(), &leaf, &proof, &slow.root()), Ok(()));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn random_bases_and_batches(base in 0_u64..700, added in 1_u64..300) {
            check(base, added);
        }
    }
}
