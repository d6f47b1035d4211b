//! Inclusion and consistency proofs: made from complete subtrees (RFC 6962 §2.1.1, §2.1.2), verified
//! without any (RFC 9162 §2.1.3.2, §2.1.4.2).

use super::frontier::levels;
use super::hash::{Hash, empty_root, join_subtrees, node_hash};

/// Where the hashes of complete subtrees come from, such as stored tiles.
pub trait NodeReader {
    /// Why a hash could not be had.
    type Error;

    /// The hash of the complete subtree over the leaves from `index` · 2^`level` up to
    /// (`index` + 1) · 2^`level`. Asked only for subtrees inside the tree.
    fn node(&mut self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// What is wrong with a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The leaf would be outside the tree.
    #[error("index {index} is outside a tree of {size} leaves")]
    IndexOutsideTree {
        /// Index of the leaf, from zero.
        index: u64,
        /// Leaves in the tree.
        size: u64,
    },
    /// The later tree would be the smaller one.
    #[error("a tree of {from} leaves cannot have become one of {to}")]
    Shrunk {
        /// Leaves in the earlier tree.
        from: u64,
        /// Leaves in the later tree.
        to: u64,
    },
    /// More hashes than a proof for these numbers has.
    #[error("the proof has too many hashes")]
    TooLong,
    /// Fewer hashes than a proof for these numbers has.
    #[error("the proof has too few hashes")]
    TooShort,
    /// The proof does not lead to the root of the tree (of the later tree, for consistency).
    #[error("the proof does not lead to the root")]
    RootMismatch,
    /// The proof does not lead to the root of the earlier tree.
    #[error("the proof does not lead to the earlier root")]
    EarlierRootMismatch,
}

/// The proof that leaf `index` is in the tree of the first `size` leaves, from the leaf's sibling up
/// (RFC 6962 §2.1.1). Outside the tree it is empty, and no verifier takes that.
pub fn inclusion_proof<R: NodeReader>(index: u64, size: u64, reader: &mut R) -> Result<Vec<Hash>, R::Error> {
    let mut proof = Vec::new();
    if index >= size {
        return Ok(proof);
    }
    let (mut start, mut end) = (0, size);
    while end - start > 1 {
        let middle = start + left_width(end - start);
        if index < middle {
            proof.push(range_hash(middle, end, reader)?);
            end = middle;
        } else {
            proof.push(range_hash(start, middle, reader)?);
            start = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The proof that the first `from` leaves of the tree of `to` leaves are the tree of `from` leaves
/// (RFC 6962 §2.1.2). Empty if the sizes are equal, the earlier tree is empty or the numbers are reversed.
pub fn consistency_proof<R: NodeReader>(from: u64, to: u64, reader: &mut R) -> Result<Vec<Hash>, R::Error> {
    let mut proof = Vec::new();
    if from == 0 || from >= to {
        return Ok(proof);
    }
    let (mut start, mut end) = (0, to);
    // Descend to the subtree that ends where the earlier tree did.
    while end != from {
        let middle = start + left_width(end - start);
        if from <= middle {
            proof.push(range_hash(middle, end, reader)?);
            end = middle;
        } else {
            proof.push(range_hash(start, middle, reader)?);
            start = middle;
        }
    }
    // If that subtree is the whole earlier tree, the verifier has its root already.
    if start != 0 {
        proof.push(range_hash(start, end, reader)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Checks that the leaf with hash `leaf` is at `index` in the tree of `size` leaves with root `root`
/// (RFC 9162 §2.1.3.2).
pub fn verify_inclusion(
    index: u64,
    size: u64,
    leaf: &Hash,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::IndexOutsideTree { index, size });
    }
    // Position of the node on the way up, and of the last node at its level.
    let (mut node, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in proof {
        if last == 0 {
            return Err(ProofError::TooLong);
        }
        if is_right_child(node) || node == last {
            hash = node_hash(sibling, &hash);
            skip_lone_levels(&mut node, &mut last);
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    match last {
        0 if hash == *root => Ok(()),
        0 => Err(ProofError::RootMismatch),
        1.. => Err(ProofError::TooShort),
    }
}

/// Checks that the tree of `to` leaves with root `root_to` continues the tree of `from` leaves with root
/// `root_from` (RFC 9162 §2.1.4.2). Equal sizes need equal roots, an empty earlier tree the empty root,
/// and both an empty proof.
pub fn verify_consistency(
    from: u64,
    to: u64,
    root_from: &Hash,
    root_to: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if from > to {
        return Err(ProofError::Shrunk { from, to });
    }
    if from == 0 && *root_from != empty_root() {
        return Err(ProofError::EarlierRootMismatch);
    }
    if from == to && root_from != root_to {
        return Err(ProofError::RootMismatch);
    }
    if from == 0 || from == to {
        return if proof.is_empty() { Ok(()) } else { Err(ProofError::TooLong) };
    }
    verify_growth(from, to, root_from, root_to, proof)
}

/// Consistency of two sizes 0 < `from` < `to`.
fn verify_growth(
    from: u64,
    to: u64,
    root_from: &Hash,
    root_to: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    // A complete earlier tree is itself the node to start at, and is left out of the proof.
    let (seed, rest) = match proof {
        [] => return Err(ProofError::TooShort),
        [..] if from.is_power_of_two() => (root_from, proof),
        [first, rest @ ..] => (first, rest),
    };
    let (mut node, mut last) = (from - 1, to - 1);
    let shared = node.trailing_ones();
    node >>= shared;
    last >>= shared;
    let (mut earlier, mut later) = (*seed, *seed);
    for hash in rest {
        if last == 0 {
            return Err(ProofError::TooLong);
        }
        if is_right_child(node) || node == last {
            earlier = node_hash(hash, &earlier);
            later = node_hash(hash, &later);
            skip_lone_levels(&mut node, &mut last);
        } else {
            later = node_hash(&later, hash);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::TooShort);
    }
    if earlier != *root_from {
        return Err(ProofError::EarlierRootMismatch);
    }
    if later != *root_to {
        return Err(ProofError::RootMismatch);
    }
    Ok(())
}

/// A last node without a right neighbour rises unchanged until it is a right child or the root.
fn skip_lone_levels(node: &mut u64, last: &mut u64) {
    while !is_right_child(*node) && *node != 0 {
        *node >>= 1;
        *last >>= 1;
    }
}

fn is_right_child(node: u64) -> bool {
    node & 1 == 1
}

/// Leaves in the left child of a tree of `size` ≥ 2 leaves: the largest power of two below `size`.
fn left_width(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// The hash over the leaves from `start` up to `end`, a subtree of RFC 6962 §2.1 that need not be complete.
fn range_hash<R: NodeReader>(start: u64, end: u64, reader: &mut R) -> Result<Hash, R::Error> {
    let mut subtrees = Vec::new();
    let mut next = start;
    for level in levels(end - start) {
        subtrees.push(reader.node(level, next >> level)?);
        next += 1 << level;
    }
    Ok(join_subtrees(&subtrees))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ledger::leaf_hash;
    use crate::ledger::testing::{WholeTree, classic_leaves, classic_roots, hex_hash, numbered_leaf};

    fn flip(hash: &Hash, bit: usize) -> Hash {
        let mut bytes = *hash.as_bytes();
        bytes[bit / 8 % 32] ^= 1 << (bit % 8);
        Hash::from_bytes(bytes)
    }

    #[test]
    fn classic_inclusion_proofs() {
        let mut tree = WholeTree(classic_leaves().iter().map(|leaf| leaf_hash(leaf)).collect());
        let roots = classic_roots();
        let (pair, one, four) = (
            hex_hash("5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"),
            hex_hash("96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"),
            hex_hash("6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"),
        );
        let fifth = hex_hash("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b");
        let last_pair = hex_hash("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0");
        let known = [
            (0, 1, vec![]),
            (0, 8, vec![one, pair, four]),
            (5, 8, vec![fifth, last_pair, roots[3]]),
            (2, 3, vec![roots[1]]),
            (1, 5, vec![roots[0], pair, fifth]),
        ];
        for (index, size, proof) in known {
            assert_eq!(inclusion_proof(index, size, &mut tree), Ok(proof), "{index} in {size}");
        }
        let sixth_pair = hex_hash("0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a");
        let known = [
            (1, 1, vec![]),
            (1, 8, vec![one, pair, four]),
            (6, 8, vec![sixth_pair, last_pair, roots[3]]),
            (2, 5, vec![pair, fifth]),
        ];
        for (from, to, proof) in known {
            assert_eq!(consistency_proof(from, to, &mut tree), Ok(proof), "{from} to {to}");
        }
    }

    #[test]
    fn every_inclusion_proof_up_to_70_leaves() {
        let mut tree = WholeTree::numbered(70);
        for size in 1..=70 {
            let root = tree.root(size);
            for index in 0..size {
                let proof = inclusion_proof(index, size, &mut tree).unwrap();
                let leaf = numbered_leaf(index);
                assert_eq!(verify_inclusion(index, size, &leaf, &proof, &root), Ok(()), "{index} in {size}");
                for other in (0..size).filter(|other| *other != index) {
                    assert!(verify_inclusion(other, size, &leaf, &proof, &root).is_err());
                }
                let longer = [&proof[..], &[root]].concat();
                let result = verify_inclusion(index, size, &leaf, &longer, &root);
                assert_eq!(result, Err(ProofError::TooLong));
                if let Some((_, shorter)) = proof.split_last() {
                    let result = verify_inclusion(index, size, &leaf, shorter, &root);
                    assert_eq!(result, Err(ProofError::TooShort));
                }
            }
            let outside = verify_inclusion(size, size, &root, &[], &root);
            assert_eq!(outside, Err(ProofError::IndexOutsideTree { index: size, size }));
            assert_eq!(inclusion_proof(size, size, &mut tree), Ok(vec![]));
        }
    }

    #[test]
    fn every_consistency_proof_up_to_70_leaves() {
        let mut tree = WholeTree::numbered(70);
        for to in 0..=70 {
            let root_to = tree.root(to);
            for from in 0..=to {
                let root_from = tree.root(from);
                let proof = consistency_proof(from, to, &mut tree).unwrap();
                assert_eq!(verify_consistency(from, to, &root_from, &root_to, &proof), Ok(()), "{from} {to}");
                let wrong = flip(&root_to, 3);
                assert!(from == 0 || verify_consistency(from, to, &root_from, &wrong, &proof).is_err());
                assert!(verify_consistency(from, to, &flip(&root_from, 9), &root_to, &proof).is_err());
                let longer = [&proof[..], &[root_to]].concat();
                let result = verify_consistency(from, to, &root_from, &root_to, &longer);
                assert_eq!(result, Err(ProofError::TooLong));
                if let Some((_, shorter)) = proof.split_last() {
                    let result = verify_consistency(from, to, &root_from, &root_to, shorter);
                    assert_eq!(result, Err(ProofError::TooShort));
                }
            }
            let shrunk = verify_consistency(to + 1, to, &root_to, &root_to, &[]);
            assert_eq!(shrunk, Err(ProofError::Shrunk { from: to + 1, to }));
        }
    }

    #[test]
    fn a_reader_that_fails_fails_the_proof() {
        let mut tree = WholeTree::numbered(10);
        assert_eq!(inclusion_proof(3, 12, &mut tree), Err("node 2/2 is not complete".to_owned()));
        assert!(consistency_proof(3, 12, &mut tree).is_err());
    }

    #[test]
    fn proofs_of_an_enormous_tree_do_not_overflow() {
        struct Same;
        impl NodeReader for Same {
            type Error = std::convert::Infallible;
            fn node(&mut self, level: u8, _: u64) -> Result<Hash, Self::Error> {
                Ok((0..level).fold(leaf_hash(b"same"), |hash, _| node_hash(&hash, &hash)))
            }
        }
        let (size, from) = (u64::MAX, (1 << 63) + 5);
        let (Ok(root), Ok(root_from)) = (range_hash(0, size, &mut Same), range_hash(0, from, &mut Same));
        for index in [0, 1, 1 << 40, size / 2, size - 1] {
            let Ok(proof) = inclusion_proof(index, size, &mut Same);
            assert_eq!(verify_inclusion(index, size, &leaf_hash(b"same"), &proof, &root), Ok(()));
        }
        let Ok(proof) = consistency_proof(from, size, &mut Same);
        assert_eq!(verify_consistency(from, size, &root_from, &root, &proof), Ok(()));
    }

    proptest! {
        #[test]
        fn any_flipped_bit_fails(size in 2_u64..200, pick in any::<u64>(), bit in 0_usize..256) {
            let mut tree = WholeTree::numbered(size);
            let (root, index) = (tree.root(size), pick % size);
            let leaf = numbered_leaf(index);
            let proof = inclusion_proof(index, size, &mut tree).unwrap();
            let mismatch = Err(ProofError::RootMismatch);
            prop_assert_eq!(verify_inclusion(index, size, &flip(&leaf, bit), &proof, &root), mismatch);
            prop_assert_eq!(verify_inclusion(index, size, &leaf, &proof, &flip(&root, bit)), mismatch);
            for place in 0..proof.len() {
                let mut forged = proof.clone();
                forged[place] = flip(&forged[place], bit);
                prop_assert_eq!(verify_inclusion(index, size, &leaf, &forged, &root), mismatch);
            }
            let from = 1 + pick % (size - 1);
            let root_from = tree.root(from);
            let proof = consistency_proof(from, size, &mut tree).unwrap();
            for place in 0..proof.len() {
                let mut forged = proof.clone();
                forged[place] = flip(&forged[place], bit);
                prop_assert!(verify_consistency(from, size, &root_from, &root, &forged).is_err());
            }
        }
    }
}
