//! The open log: tiles, entry bundles, proofs at any size, and each bank's own entries (C2SP tlog-tiles, tlog-proof).
//!
//! Everything served lies under a checkpoint that was signed and anchored. A full tile or bundle never changes, so it
//! is kept in memory once read; a partial one is cut out of a single read of its row or of its leaves.

use std::sync::Arc;

use super::Exchange;
use super::error::{ServiceError, ServiceResult};
use super::evidence::{Published, checkpoint, covering, newest, prove};
use super::memory::LogPiece;
use super::receipt::Receipt;
use crate::domain::member::MemberId;
use crate::ledger::hash::{HASH_BYTES, Hash};
use crate::ledger::proof::{consistency_proof, inclusion_proof, verify_consistency, verify_inclusion};
use crate::ledger::receipt::InclusionReceipt;
use crate::ledger::tile::{TILE_HEIGHT, TILE_WIDTH, TileId};
use crate::ledger::{Checkpoint, leaf_hash};
use crate::store::concern;
use crate::store::error::{StoreError, StoreResult};
use crate::store::ledger_read;
use crate::store::tree::DbNodes;

/// An entry of a bank's own, with everything that proves and opens it.
#[derive(Clone, Debug)]
pub struct OwnEntry {
    /// Its place in the sequence.
    pub index: u64,
    /// The leaf's bytes, its salt, and its proof.
    pub receipt: Receipt,
}

/// The first `width` hashes of a tile. Not found unless a signed checkpoint covers all of them.
pub async fn tile(exchange: &Arc<Exchange>, id: TileId, width: u16) -> ServiceResult<Arc<[u8]>> {
    let piece = LogPiece::Tile(id);
    if let Some(full) = exchange.memory.log_piece(piece) {
        return Ok(cut(full, usize::from(width) * HASH_BYTES));
    }
    let size = size_with(exchange, leaves_needed(id, width)).await?;
    let hashes = exchange
        .point_read(move |e| Ok(e.ledger.read(|c| DbNodes::new(c, size).tile(id.level, id.index))?))
        .await?;
    let bytes: Arc<[u8]> = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
    if hashes.len() < usize::from(width) {
        return Err(ServiceError::internal(format!("{id} has {} hashes, not {width}", hashes.len())));
    }
    if hashes.len() == TILE_WIDTH {
        exchange.memory.remember_log_piece(piece, bytes.clone());
    }
    Ok(cut(bytes, usize::from(width) * HASH_BYTES))
}

/// The first `width` entries of a bundle, each after its length in two bytes (tlog-tiles, "Log entries").
pub async fn bundle(exchange: &Arc<Exchange>, index: u64, width: u16) -> ServiceResult<Arc<[u8]>> {
    let piece = LogPiece::Bundle(index);
    let full = usize::from(width) == TILE_WIDTH;
    if full && let Some(bytes) = exchange.memory.log_piece(piece) {
        return Ok(bytes);
    }
    size_with(exchange, leaves_needed(TileId { level: 0, index }, width)).await?;
    let from = index << TILE_HEIGHT;
    let leaves = exchange
        .point_read(move |e| Ok(e.ledger.read(|c| ledger_read::leaves(c, from, from + u64::from(width)))?))
        .await?;
    let bytes = encode_bundle(leaves.iter().map(|(leaf, _)| leaf.as_slice()))?;
    if leaves.len() != usize::from(width) {
        return Err(ServiceError::internal(format!(
            "bundle {index} has {} entries, not {width}",
            leaves.len()
        )));
    }
    if full {
        exchange.memory.remember_log_piece(piece, bytes.clone());
    }
    Ok(bytes)
}

/// The entries of a bundle as one text of bytes.
pub fn encode_bundle<'a>(leaves: impl Iterator<Item = &'a [u8]>) -> ServiceResult<Arc<[u8]>> {
    let mut bytes = Vec::new();
    for leaf in leaves {
        let length = u16::try_from(leaf.len()).map_err(ServiceError::internal)?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(leaf);
    }
    Ok(bytes.into())
}

/// A `tlog-proof` of the entry in the tree of `size`, or of the newest checkpoint.
pub async fn proof(
    exchange: &Arc<Exchange>,
    index: u64,
    size: Option<u64>,
) -> ServiceResult<InclusionReceipt> {
    let published = match size {
        None => covering(exchange, index).await?,
        Some(size) => reaching(exchange, size, "/size").await?,
    };
    let wanted = size.unwrap_or(published.size);
    if index >= wanted {
        return Err(ServiceError::NotFound);
    }
    if wanted == published.size {
        return prove(exchange, index, published).await;
    }
    let (hashes, note) = exchange.point_read(move |e| earlier_proof(e, index, wanted, &published)).await?;
    Ok(InclusionReceipt { index, hashes, checkpoint: note })
}

/// The proof that the tree of `to` entries continues that of `from` (RFC 6962 §2.1.2).
pub async fn consistency(exchange: &Arc<Exchange>, from: u64, to: u64) -> ServiceResult<Vec<Hash>> {
    if from > to {
        return Err(ServiceError::invalid("/from", "must be at most `to`"));
    }
    let size = reaching(exchange, to, "/to").await?.size;
    exchange
        .point_read(move |e| {
            Ok(e.ledger.read(|c| consistency_proof(from, to, &mut DbNodes::new(c, size)))?)
        })
        .await
}

/// A bank's own entries from `first` on, at most `limit`: those it acted in, and those of others that concern it.
pub async fn own_entries(
    exchange: &Arc<Exchange>,
    bank: MemberId,
    first: u64,
    limit: i64,
) -> ServiceResult<Vec<OwnEntry>> {
    let Published { size, note, .. } = newest(exchange).await?;
    let read = move |c: &mut crate::store::db::AnyConnection| -> StoreResult<Vec<OwnEntry>> {
        let entries = concern::own_entries(c, bank.as_str(), first, size, limit)?;
        let mut nodes = DbNodes::new(c, size);
        let prove = |entry: ledger_read::StoredEntry| {
            let hashes = inclusion_proof(entry.index, size, &mut nodes)?;
            let proof = InclusionReceipt { index: entry.index, hashes, checkpoint: note.clone() };
            let salt = entry.salt.unwrap_or_default();
            Ok(OwnEntry { index: entry.index, receipt: Receipt::new(&entry.leaf, &salt, &proof) })
        };
        entries.into_iter().map(prove).collect()
    };
    exchange.blocking(move |e| Ok(e.ledger.read(read)?)).await
}

/// Entries that the ledger must have for a tile of that width; more than any ledger has, if it overflows.
fn leaves_needed(id: TileId, width: u16) -> u64 {
    let hashes =
        id.index.checked_mul(1 << TILE_HEIGHT).and_then(|before| before.checked_add(u64::from(width)));
    let shift = u32::from(id.level) * u32::from(TILE_HEIGHT);
    hashes.and_then(|hashes| hashes.checked_mul(1_u64.checked_shl(shift)?)).unwrap_or(u64::MAX)
}

/// The size of a signed checkpoint that covers so many entries.
async fn size_with(exchange: &Arc<Exchange>, least: u64) -> ServiceResult<u64> {
    if let Some(published) = exchange.writer.published()
        && published.size >= least
    {
        return Ok(published.size);
    }
    let size = newest(exchange).await?.size;
    if size >= least { Ok(size) } else { Err(ServiceError::NotFound) }
}

/// A signed checkpoint of at least this size; `pointer` is where the caller named the size.
async fn reaching(exchange: &Arc<Exchange>, size: u64, pointer: &str) -> ServiceResult<Published> {
    let published = match exchange.writer.published() {
        Some(published) if published.size >= size => (*published).clone(),
        Some(_) | None => checkpoint(exchange).await?,
    };
    if size == 0 || size > published.size {
        let must = format!("must be 1 to {}, the size of the newest checkpoint", published.size);
        return Err(ServiceError::invalid(pointer, must));
    }
    Ok(published)
}

/// The proof of an entry in an earlier tree, under a checkpoint of that tree.
///
/// A checkpoint is signed only after its tree was found to be a prefix of the one signed last: a database that was
/// tampered with gets no signature under a root that nobody saw.
fn earlier_proof(
    exchange: &Exchange,
    index: u64,
    size: u64,
    published: &Published,
) -> ServiceResult<(Vec<Hash>, String)> {
    let newest: Checkpoint =
        exchange.keys.open_checkpoint(&published.note).map_err(ServiceError::internal)?;
    let (hashes, root, leaf, continuing) = exchange.ledger.read(|c| {
        let leaf = ledger_read::leaves(c, index, index + 1)?.pop();
        let mut nodes = DbNodes::new(c, newest.size);
        let root = nodes.frontier(size)?.root();
        let continuing = consistency_proof(size, newest.size, &mut nodes)?;
        Ok((inclusion_proof(index, size, &mut nodes)?, root, leaf, continuing))
    })?;
    let broken = |why: String| ServiceError::from(StoreError::LedgerBroken { why });
    verify_consistency(size, newest.size, &root, &newest.root, &continuing)
        .map_err(|why| broken(format!("its first {size} entries are not those that were signed: {why}")))?;
    let leaf =
        leaf.map(|(leaf, _)| leaf_hash(&leaf)).ok_or_else(|| broken(format!("entry {index} is gone")))?;
    verify_inclusion(index, size, &leaf, &hashes, &root)
        .map_err(|why| broken(format!("entry {index} is not the one that was signed: {why}")))?;
    let note = exchange.keys.sign_checkpoint(size, root).map_err(ServiceError::internal)?;
    Ok((hashes, note))
}

fn cut(bytes: Arc<[u8]>, length: usize) -> Arc<[u8]> {
    match bytes.get(..length) {
        Some(part) if part.len() < bytes.len() => part.into(),
        Some(_) | None => bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_needs_the_leaves_below_it() {
        let needed = |level, index, width| leaves_needed(TileId { level, index }, width);
        assert_eq!(needed(0, 0, 1), 1);
        assert_eq!(needed(0, 3, 256), 1_024);
        assert_eq!(needed(1, 0, 2), 512);
        assert_eq!(needed(2, 1, 1), 257 << 16);
        for (level, index) in [(0, u64::MAX), (7, 1), (8, 0), (63, 0)] {
            assert_eq!(needed(level, index, 256), u64::MAX, "{level}/{index}");
        }
    }
}
