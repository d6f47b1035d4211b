//! Puts the parts together in order: upper tiles, signed checkpoints on the way, and at the end the head.

use super::part::{Checked, Waypoint};
use super::report::{AuditReport, Counts, Mismatch};
use crate::domain::timestamp::Timestamp;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::frontier::Frontier;
use crate::ledger::hash::{HASH_BYTES, Hash, empty_root};
use crate::ledger::tile::{TILE_HEIGHT, TILE_WIDTH, tile_root, tiles_completed};
use crate::store::db::AnyConnection;
use crate::store::error::StoreResult;
use crate::store::ledger_scan::{self, Totals};

/// The tree as far as its parts were taken.
pub(super) struct Tree {
    size: u64,
    frontier: Frontier,
    /// Hashes of the tile under way at each level from 1 on, and how many tiles that level has before it.
    levels: Vec<(u64, Vec<Hash>)>,
    signed: Vec<(String, Checkpoint)>,
    agreed: Vec<(String, u64)>,
    counts: Counts,
    last_at: String,
    last_batch: Option<u64>,
}

impl Tree {
    pub(super) fn new(signed: &[(String, Checkpoint)], size: u64) -> Self {
        Self {
            size,
            frontier: Frontier::empty(),
            levels: Vec::new(),
            signed: signed.to_vec(),
            agreed: Vec::new(),
            counts: Counts::default(),
            last_at: String::new(),
            last_batch: None,
        }
    }

    /// Sizes that a root is wanted of.
    pub(super) fn waypoints(&self) -> Vec<u64> {
        let mut sizes: Vec<u64> = self.signed.iter().map(|(_, checkpoint)| checkpoint.size).collect();
        sizes.push(self.size);
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }

    /// Takes the next part.
    pub(super) fn take(
        &mut self,
        connection: &mut AnyConnection,
        part: Checked,
    ) -> StoreResult<Option<Mismatch>> {
        self.counts.add(&part.counts);
        if let Some(first) = &part.first_at
            && *first <= self.last_at
        {
            let later = format!("later than {}", self.last_at);
            return Ok(Some(Mismatch::at(self.frontier.size(), "time order", later, first)));
        }
        if let Some(mismatch) = self.pass(&part.waypoints) {
            return Ok(Some(mismatch));
        }
        for root in &part.tile_roots {
            self.frontier.push_subtree(TILE_HEIGHT, *root);
            self.counts.tiles += 1;
            let place = self.frontier.size();
            if let Some(mismatch) = self.push_upper(connection, 0, *root, place)? {
                return Ok(Some(mismatch));
            }
            if let Some(mismatch) = self.pass(&part.waypoints) {
                return Ok(Some(mismatch));
            }
        }
        self.last_at = part.last_at.unwrap_or_default();
        self.last_batch = part.last_batch.or(self.last_batch);
        Ok(part.mismatch)
    }

    /// Adds a tile's root to the level above; a tile that this fills must be stored as it is.
    fn push_upper(
        &mut self,
        connection: &mut AnyConnection,
        at: usize,
        root: Hash,
        place: u64,
    ) -> StoreResult<Option<Mismatch>> {
        if self.levels.len() == at {
            self.levels.push((0, Vec::with_capacity(TILE_WIDTH)));
        }
        let (index, row) = &mut self.levels[at];
        row.push(root);
        if row.len() < TILE_WIDTH {
            return Ok(None);
        }
        let (index, hashes) = (std::mem::replace(index, *index + 1), std::mem::take(row));
        let level = u8::try_from(at + 1).unwrap_or(u8::MAX);
        let stored = ledger_scan::tiles(connection, level, index, index + 1)?.pop();
        let computed = tile_root(&hashes);
        let what = format!("tile {level}/{index}");
        let Some((_, bytes, stored_root)) = stored else {
            return Ok(Some(Mismatch::at(place - 1, &what, computed, "no row")));
        };
        if let Some(mismatch) = differs(place - 1, &what, &hashes, &bytes, &stored_root) {
            return Ok(Some(mismatch));
        }
        self.counts.tiles += 1;
        self.push_upper(connection, at + 1, computed, place)
    }

    /// Compares the signed checkpoints whose last tile boundary was just reached.
    fn pass(&mut self, waypoints: &[Waypoint]) -> Option<Mismatch> {
        let width = u64::try_from(TILE_WIDTH).unwrap_or(u64::MAX);
        let boundary = self.frontier.size();
        for waypoint in waypoints.iter().filter(|w| w.size - w.size % width == boundary) {
            let mut frontier = self.frontier.clone();
            waypoint.rest.iter().for_each(|leaf| frontier.push(*leaf));
            let root = frontier.root();
            if waypoint.size == self.size {
                self.frontier = frontier;
            }
            for (from, checkpoint) in self.signed.iter().filter(|(_, c)| c.size == waypoint.size) {
                if checkpoint.root != root {
                    let what = format!("{from}: root of the first {} entries", checkpoint.size);
                    return Some(Mismatch::of_ledger(&what, checkpoint.root, root));
                }
                self.agreed.push((from.clone(), checkpoint.size));
            }
        }
        None
    }

    /// What must hold once every entry was seen.
    pub(super) fn finish(&mut self, totals: &Totals) -> Option<Mismatch> {
        if let Some((from, checkpoint)) = self.signed.iter().find(|(_, c)| c.size > self.size) {
            let what = format!("{from}: entries that were signed");
            return Some(Mismatch::of_ledger(&what, checkpoint.size, self.size));
        }
        for (from, checkpoint) in self.signed.iter().filter(|(_, c)| c.size == 0) {
            if checkpoint.root != empty_root() {
                let what = format!("{from}: root of the empty ledger");
                return Some(Mismatch::of_ledger(&what, checkpoint.root, empty_root()));
            }
            self.agreed.push((from.clone(), 0));
        }
        let root = self.frontier.root();
        let stored_root = Hash::try_from_slice(&totals.root);
        if stored_root != Some(root) {
            let found = stored_root.map_or_else(|| "no hash".to_owned(), |root| root.to_string());
            return Some(Mismatch::of_ledger("root of the head", root, found));
        }
        let last_at = match self.size {
            0 => Timestamp::default().to_string(),
            _ => self.last_at.clone(),
        };
        let last_batch = self.last_batch.and_then(|index| i64::try_from(index).ok()).unwrap_or(-1);
        let Counts { releases, refusals, consents, copies, batches, annotations, .. } = self.counts;
        let tiles = u64::try_from(tiles_completed(0, self.size).len()).unwrap_or(u64::MAX);
        let same_frontier = totals.frontier == self.frontier.to_bytes();
        let facts = [
            ("right edge of the head", "as recomputed".to_owned(), edge(same_frontier).to_owned()),
            ("instant of the head", last_at, Timestamp::from_naive(totals.at).to_string()),
            ("newest delivery of the head", last_batch.to_string(), totals.last_batch_index.to_string()),
            ("rows of ledger_entry", self.size.to_string(), totals.entries.to_string()),
            ("rows of ledger_tile", tiles.to_string(), totals.tiles.to_string()),
            ("rows of batch_commit", batches.to_string(), totals.batches.to_string()),
            ("rows of annotation_entry", annotations.to_string(), totals.annotations.to_string()),
            ("rows of release", (releases + refusals).to_string(), totals.releases.to_string()),
            ("rows of consent", consents.to_string(), totals.consents.to_string()),
            ("rows of own_copy", copies.to_string(), totals.copies.to_string()),
        ];
        let wrong = facts.into_iter().find(|(_, expected, found)| expected != found);
        wrong.map(|(what, expected, found)| Mismatch::of_ledger(what, expected, found))
    }

    pub(super) fn report(self, mismatch: Option<Mismatch>) -> AuditReport {
        AuditReport {
            checkpoints: self.agreed,
            counts: self.counts,
            mismatch,
            ..AuditReport::new(self.size, self.frontier.root())
        }
    }
}

fn edge(same: bool) -> &'static str {
    if same { "as recomputed" } else { "another" }
}

/// A stored tile must hold these hashes and their root; `index` is the entry that completed it.
pub(super) fn differs(
    index: u64,
    what: &str,
    hashes: &[Hash],
    stored: &[u8],
    stored_root: &[u8],
) -> Option<Mismatch> {
    let told = |bytes: Option<&[u8]>| {
        bytes.and_then(Hash::try_from_slice).map_or_else(|| "no hash".to_owned(), |hash| hash.to_string())
    };
    for (place, hash) in hashes.iter().enumerate() {
        let bytes = stored.get(place * HASH_BYTES..(place + 1) * HASH_BYTES);
        if bytes != Some(hash.as_bytes().as_slice()) {
            return Some(Mismatch::at(index, &format!("{what}, hash {place}"), hash, told(bytes)));
        }
    }
    if stored.len() != hashes.len() * HASH_BYTES {
        return Some(Mismatch::at(index, what, format!("{} hashes", hashes.len()), "more bytes"));
    }
    let root = tile_root(hashes);
    (stored_root != root.as_bytes().as_slice())
        .then(|| Mismatch::at(index, &format!("root of {what}"), root, told(Some(stored_root))))
}
