//! The transparency ledger: RFC 6962 tree, C2SP checkpoints and proofs. Knows bytes and hashes only.
//!
//! A leaf (`entry`) is canonical JSON. Leaves hash into a Merkle tree (`hash`), of which a writer keeps
//! only the right edge (`frontier`) and grows it by batches (`extension`). Full `tile`s of 256 hashes are
//! what is stored and served; any `proof` is made out of complete subtrees. The head of the tree is
//! published as a `checkpoint`, which is a signed `note`, and a `receipt` joins entry, proof and
//! checkpoint into one text that anybody verifies offline with the ledger's public key.
//!
//! A `witness` outside the exchange adds its `cosignature` to a checkpoint if that continues all it saw before
//! (`witness_request`), and a `policy` says how many of them a reader asks for.
//!
//! Nothing here reads a clock, a database or a socket: the store hands in hashes and gets hashes back.

pub mod checkpoint;
pub mod commitment;
pub mod cosignature;
pub mod entry;
pub mod entry_kind;
pub mod extension;
pub mod frontier;
pub mod hash;
pub mod note;
pub mod policy;
pub mod proof;
pub mod receipt;
#[cfg(test)]
mod testing;
pub mod tile;
pub mod witness;
pub mod witness_request;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use commitment::{Salt, commit};
pub use cosignature::{CosignatureVerifier, Cosigner};
pub use entry::{ENTRY_BYTES_MAX, Entry, EntryError, Leaf};
pub use entry_kind::EntryKind;
pub use extension::Extension;
pub use frontier::{Frontier, FrontierError, TREE_SIZE_MAX};
pub use hash::{HASH_BYTES, Hash, InvalidHash, empty_root, leaf_hash, node_hash};
pub use note::{NoteError, NoteSigner, NoteVerifier};
pub use note::{NoteSignature, read_note, read_signatures};
pub use policy::{Policy, PolicyError};
pub use proof::{
    NodeReader, ProofError, consistency_proof, inclusion_proof, verify_consistency, verify_inclusion,
};
pub use receipt::{InclusionReceipt, ReceiptError};
pub use tile::{
    NodeLocation, TILE_HEIGHT, TILE_WIDTH, TileId, node_location, parse_tile_index, parse_tile_path,
    tile_index_path, tile_root, tiles_completed,
};
pub use witness::Refusal;
pub use witness_request::AddCheckpoint;
