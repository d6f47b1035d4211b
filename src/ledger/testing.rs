//! What the tests of this folder share: a tree computed straight from the definition of RFC 6962 §2.1.

use super::cosignature::Cosigner;
use super::hash::{Hash, empty_root, leaf_hash, node_hash};
use super::note::NoteSigner;
use super::proof::NodeReader;
use super::tile::TILE_WIDTH;

/// Leaf hashes of a whole tree, and every answer computed from them anew.
pub(super) struct WholeTree(pub Vec<Hash>);

impl WholeTree {
    /// A tree whose leaf `n` is the decimal text of `n`.
    pub(super) fn numbered(size: u64) -> WholeTree {
        WholeTree((0..size).map(numbered_leaf).collect())
    }

    /// MTH of the first `size` leaves.
    pub(super) fn root(&self, size: u64) -> Hash {
        merkle_tree_hash(&self.0[..usize::try_from(size).unwrap()])
    }
}

impl NodeReader for WholeTree {
    type Error = String;

    fn node(&mut self, level: u8, index: u64) -> Result<Hash, String> {
        let width = 1_usize << level;
        let start = usize::try_from(index).unwrap() * width;
        let leaves = self.0.get(start..start + width);
        leaves.map(merkle_tree_hash).ok_or_else(|| format!("node {level}/{index} is not complete"))
    }
}

/// Leaf `n` of a numbered tree.
pub(super) fn numbered_leaf(n: u64) -> Hash {
    leaf_hash(n.to_string().as_bytes())
}

/// The recursive definition of RFC 6962 §2.1, word for word.
pub(super) fn merkle_tree_hash(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [one] => *one,
        many => {
            let split = many.len().next_power_of_two() / 2;
            node_hash(&merkle_tree_hash(&many[..split]), &merkle_tree_hash(&many[split..]))
        }
    }
}

/// A hash out of 64 hexadecimal digits.
pub(super) fn hex_hash(text: &str) -> Hash {
    Hash::try_from_slice(&hex_bytes(text)).unwrap()
}

/// Bytes out of hexadecimal digits.
pub(super) fn hex_bytes(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// The eight leaves that RFC 6962 implementations test with.
pub(super) fn classic_leaves() -> Vec<Vec<u8>> {
    let leaves =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    leaves.map(hex_bytes).to_vec()
}

/// Roots of the first one to eight classic leaves.
pub(super) fn classic_roots() -> [Hash; 8] {
    [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]
    .map(hex_hash)
}

/// The hashes of a full tile at level 0 of a numbered tree.
pub(super) fn numbered_tile(index: u64) -> Vec<Hash> {
    let width = u64::try_from(TILE_WIDTH).unwrap();
    (index * width..(index + 1) * width).map(numbered_leaf).collect()
}

/// A signer under `name` whose key is made from the name: same name, same key.
pub(super) fn test_signer(name: &str) -> NoteSigner {
    NoteSigner::from_pkcs8(name, &test_pkcs8(name)).unwrap()
}

/// A cosigner under `name` whose key is made from the name.
pub(super) fn test_cosigner(name: &str) -> Cosigner {
    Cosigner::from_pkcs8(name, &test_pkcs8(name)).unwrap()
}

fn test_pkcs8(name: &str) -> Vec<u8> {
    let seed = leaf_hash(name.as_bytes());
    [&hex_bytes("302e020100300506032b657004220420")[..], seed.as_bytes()].concat()
}
