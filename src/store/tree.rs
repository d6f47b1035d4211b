//! Reads the ledger's tree out of the database: full tiles where there are some, leaf hashes at the right edge.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::ledger::signed;
use super::ledger_read::{leaf_hashes, leaves};
use super::schema::ledger_tile;
use crate::ledger::frontier::Frontier;
use crate::ledger::hash::{HASH_BYTES, Hash, leaf_hash};
use crate::ledger::proof::NodeReader;
use crate::ledger::tile::{TILE_HEIGHT, TILE_WIDTH, tile_root};

/// Nodes of the tree at one size.
pub struct DbNodes<'a> {
    connection: &'a mut AnyConnection,
    size: u64,
    tiles: HashMap<(u8, u64), Arc<Vec<Hash>>>,
}

impl<'a> DbNodes<'a> {
    /// A reader of the tree's first `size` leaves.
    pub fn new(connection: &'a mut AnyConnection, size: u64) -> Self {
        Self { connection, size, tiles: HashMap::new() }
    }

    /// The hashes of a tile as far as the tree of this size fills it: 256 of a full one.
    pub fn tile(&mut self, level: u8, index: u64) -> StoreResult<Arc<Vec<Hash>>> {
        if let Some(hashes) = self.tiles.get(&(level, index)) {
            return Ok(hashes.clone());
        }
        let hashes = Arc::new(match self.stored(level, index)? {
            Some(full) => full,
            None => self.partial(level, index)?,
        });
        self.tiles.insert((level, index), hashes.clone());
        Ok(hashes)
    }

    /// The right edge of the tree of the first `size` leaves, no more than this reader's own.
    pub fn frontier(&mut self, size: u64) -> StoreResult<Frontier> {
        let mut bytes = Vec::new();
        for level in (0..u8::try_from(u64::BITS).unwrap_or(u8::MAX)).rev() {
            if (size >> level) & 1 == 1 {
                bytes.extend_from_slice(self.node(level, (size >> level) - 1)?.as_bytes());
            }
        }
        Frontier::from_bytes(size, &bytes).map_err(|e| StoreError::corrupt("ledger_tile", e))
    }

    fn stored(&mut self, level: u8, index: u64) -> StoreResult<Option<Vec<Hash>>> {
        let key = (i32::from(level), signed(index)?);
        let bytes: Option<Vec<u8>> = on_backend!(self.connection, c => ledger_tile::table
            .find(key)
            .select(ledger_tile::hashes)
            .get_result(c)
            .optional())?;
        bytes.map(|bytes| hashes_of(&bytes)).transpose()
    }

    /// A tile that is not stored as full (yet): its hashes are the leaves' at the bottom, tile roots above.
    fn partial(&mut self, level: u8, index: u64) -> StoreResult<Vec<Hash>> {
        let width = u64::try_from(TILE_WIDTH).unwrap_or(u64::MAX);
        let first = index * width;
        let below = self.size >> (u32::from(TILE_HEIGHT) * u32::from(level));
        let last = below.min(first + width);
        if level == 0 {
            return leaf_hashes(self.connection, first, last.max(first));
        }
        let (level, first, last) = (i32::from(level) - 1, signed(first)?, signed(last)?);
        let roots: Vec<Vec<u8>> = on_backend!(self.connection, c => ledger_tile::table
            .filter(ledger_tile::level.eq(level))
            .filter(ledger_tile::idx.ge(first))
            .filter(ledger_tile::idx.lt(last))
            .order(ledger_tile::idx)
            .select(ledger_tile::root)
            .load(c))?;
        roots.iter().map(|bytes| hash_of(bytes)).collect()
    }
}

impl NodeReader for DbNodes<'_> {
    type Error = StoreError;

    fn node(&mut self, level: u8, index: u64) -> StoreResult<Hash> {
        let tile_level = level / TILE_HEIGHT;
        let height = u32::from(level % TILE_HEIGHT);
        let first = index << height;
        let width = u64::try_from(TILE_WIDTH).unwrap_or(u64::MAX);
        let hashes = self.tile(tile_level, first / width)?;
        let missing = || StoreError::corrupt("ledger_tile", format!("node {level}/{index} is not there"));
        let start = usize::try_from(first % width).map_err(|_| missing())?;
        let nodes = hashes.get(start..start + (1_usize << height)).ok_or_else(missing)?;
        let mut subtree = Frontier::empty();
        nodes.iter().for_each(|hash| subtree.push(*hash));
        Ok(subtree.root())
    }
}

/// The right edge of the tree of `size` leaves, out of the database's nodes.
pub fn frontier_at(connection: &mut AnyConnection, size: u64) -> StoreResult<Frontier> {
    DbNodes::new(connection, size).frontier(size)
}

/// Checkpoints that were signed must be prefixes of the stored tree; what differs is a broken ledger.
pub fn check_prefixes(connection: &mut AnyConnection, signed: &[(u64, Hash)]) -> StoreResult<()> {
    let Some(largest) = signed.iter().map(|(size, _)| *size).max() else { return Ok(()) };
    let broken = |why: String| Err(StoreError::LedgerBroken { why });
    let size = super::ledger::head(connection)?.frontier.size();
    if size < largest {
        return broken(format!(
            "the database's ledger has {size} entries, but {largest} were signed: it is older than its anchor"
        ));
    }
    for (size, root) in signed {
        if frontier_at(connection, *size)?.root() != *root {
            return broken(format!("the ledger's first {size} entries are not the ones that were signed"));
        }
    }
    Ok(())
}

/// What is wrong with the newest part of the stored tree, if anything: the leaves that no full tile holds yet
/// must hash to their hashes, and every full tile that stands for itself in the right edge to its root.
///
/// Reads at most 255 tiles a level, however large the ledger is.
pub fn damage_at_edge(connection: &mut AnyConnection, size: u64) -> StoreResult<Option<String>> {
    let width = u64::try_from(TILE_WIDTH).unwrap_or(u64::MAX);
    let first = size - size % width;
    for (index, (leaf, hash)) in (first..).zip(leaves(connection, first, size)?) {
        if leaf_hash(&leaf).as_bytes().as_slice() != hash.as_slice() {
            return Ok(Some(format!("entry {index} does not hash to its stored hash")));
        }
    }
    let (mut level, mut full) = (0_i32, size / width);
    while full > 0 {
        let (from, to) = (signed(full - full % width)?, signed(full)?);
        let tiles: Vec<(i64, Vec<u8>, Vec<u8>)> = on_backend!(connection, c => ledger_tile::table
            .filter(ledger_tile::level.eq(level))
            .filter(ledger_tile::idx.ge(from))
            .filter(ledger_tile::idx.lt(to))
            .select((ledger_tile::idx, ledger_tile::hashes, ledger_tile::root))
            .load(c))?;
        for (index, hashes, root) in tiles {
            let hashes = hashes_of(&hashes)?;
            if hashes.len() != TILE_WIDTH || tile_root(&hashes).as_bytes().as_slice() != root.as_slice() {
                return Ok(Some(format!("tile {level}/{index} does not hash to its stored root")));
            }
        }
        (level, full) = (level + 1, full / width);
    }
    Ok(None)
}

fn hashes_of(bytes: &[u8]) -> StoreResult<Vec<Hash>> {
    bytes.chunks(HASH_BYTES).map(hash_of).collect()
}

fn hash_of(bytes: &[u8]) -> StoreResult<Hash> {
    Hash::try_from_slice(bytes).ok_or_else(|| StoreError::corrupt("ledger_tile", "a hash is not 32 bytes"))
}
