//! One part of the ledger: its rows read at once, then entry after entry.

use std::collections::{HashMap, HashSet};

use super::entry::{Facts, LeafView, Seen};
use super::report::{Counts, Mismatch};
use super::tree::differs;
use crate::ledger::entry_kind::EntryKind;
use crate::ledger::hash::{HASH_BYTES, Hash, leaf_hash};
use crate::ledger::tile::{TILE_WIDTH, tile_root};
use crate::store::annotation_scan;
use crate::store::db::{AnyConnection, Location, connect};
use crate::store::error::{StoreError, StoreResult};
use crate::store::ledger_scan::{
    self, ConsentFacts, EntryRow, ReleaseFacts, SaltRow, TileRow, batch_commits, batch_digests,
    consents_named, releases_between, releases_named,
};
use crate::store::own_copies;

/// Consent digests remembered between parts.
const CONSENTS_REMEMBERED: usize = 50_000;
/// Ids asked for in one statement.
const IDS_A_STATEMENT: usize = 500;

/// A thread's connections, and what it remembers.
pub(super) struct Reader {
    ledger: AnyConnection,
    data: AnyConnection,
    consent_digests: HashMap<String, String>,
}

impl Reader {
    pub(super) fn new(ledger: &Location, data: &Location) -> StoreResult<Self> {
        Ok(Self { ledger: connect(ledger)?, data: connect(data)?, consent_digests: HashMap::new() })
    }
}

/// The entries `from..to`; `from` is the first of a tile.
pub(super) struct Part<'a> {
    pub(super) from: u64,
    pub(super) to: u64,
    /// Sizes that a root is wanted of, ascending, of the whole ledger.
    pub(super) waypoints: &'a [u64],
}

/// A size that a root is wanted of, with the leaves after its last full tile.
pub(super) struct Waypoint {
    pub(super) size: u64,
    pub(super) rest: Vec<Hash>,
}

/// A part as checked, up to its first mismatch.
#[derive(Default)]
pub(super) struct Checked {
    pub(super) counts: Counts,
    pub(super) tile_roots: Vec<Hash>,
    pub(super) waypoints: Vec<Waypoint>,
    pub(super) first_at: Option<String>,
    pub(super) last_at: Option<String>,
    pub(super) last_batch: Option<u64>,
    pub(super) mismatch: Option<Mismatch>,
}

impl Part<'_> {
    pub(super) fn check(&self, reader: &mut Reader) -> StoreResult<Checked> {
        let width = u64::try_from(TILE_WIDTH).unwrap_or(u64::MAX);
        let rows = ledger_scan::entries(&mut reader.ledger, self.from, self.to)?;
        let tiles = ledger_scan::tiles(&mut reader.ledger, 0, self.from / width, self.to / width)?;
        let salts = ledger_scan::salts(&mut reader.ledger, self.from, self.to)?;
        let facts = facts(reader, &rows, self.from, self.to)?;
        let mut checked = Checked::default();
        let stored = Stored { rows: &rows, tiles: &tiles, salts: &salts, facts: &facts };
        checked.mismatch = self.walk(&stored, &mut checked).err();
        Ok(checked)
    }

    /// Entry after entry; `Err` is the first mismatch.
    fn walk(&self, stored: &Stored<'_>, checked: &mut Checked) -> Result<(), Mismatch> {
        let mut leaves: Vec<Hash> = Vec::with_capacity(TILE_WIDTH);
        let mut salts = stored.salts.iter().peekable();
        let mut last_at = String::new();
        let mut rows = stored.rows.iter();
        for index in self.from..self.to {
            let row = rows.next().filter(|row| u64::try_from(row.idx) == Ok(index));
            let row = row.ok_or_else(|| Mismatch::at(index, "entry", format!("entry {index}"), "no row"))?;
            let hash = hash_of(index, row)?;
            let view = LeafView::check(index, row)?;
            if *view.at <= *last_at {
                return Err(Mismatch::at(index, "time order", format!("later than {last_at}"), &view.at));
            }
            view.at.as_ref().clone_into(&mut last_at);
            checked.first_at.get_or_insert_with(|| last_at.clone());
            let salt = salts.next_if(|(idx, _, _)| *idx == row.idx);
            Seen { index, row, view: &view, salt, facts: stored.facts }.check(&mut checked.counts)?;
            if view.kind == EntryKind::BatchCommitted.as_str() || view.annotates() {
                checked.last_batch = Some(index);
            }
            checked.counts.entries += 1;
            checked.counts.leaf_bytes += u64::try_from(row.leaf.len()).unwrap_or(0);
            leaves.push(hash);
            if leaves.len() == TILE_WIDTH {
                tile_of(index, stored.tiles, &leaves)?;
                checked.tile_roots.push(tile_root(&leaves));
            }
            if self.waypoints.binary_search(&(index + 1)).is_ok() {
                let rest = if leaves.len() == TILE_WIDTH { Vec::new() } else { leaves.clone() };
                checked.waypoints.push(Waypoint { size: index + 1, rest });
            }
            if leaves.len() == TILE_WIDTH {
                leaves.clear();
            }
        }
        checked.last_at = Some(last_at);
        Ok(())
    }
}

/// What was read of a part.
struct Stored<'a> {
    rows: &'a [EntryRow],
    tiles: &'a [TileRow],
    salts: &'a [SaltRow],
    facts: &'a Facts,
}

fn hash_of(index: u64, row: &EntryRow) -> Result<Hash, Mismatch> {
    let hash = leaf_hash(&row.leaf);
    if row.leaf_hash == hash.as_bytes() {
        return Ok(hash);
    }
    let found = Hash::try_from_slice(&row.leaf_hash);
    let found = found.map_or_else(|| "no hash".to_owned(), |hash| hash.to_string());
    Err(Mismatch::at(index, "leaf hash", hash, found))
}

/// The stored tile that the entry `last` completes must hold these leaves' hashes.
fn tile_of(last: u64, tiles: &[TileRow], leaves: &[Hash]) -> Result<(), Mismatch> {
    let width = u64::try_from(TILE_WIDTH).unwrap_or(u64::MAX);
    let number = last / width;
    let what = format!("tile 0/{number}");
    let stored = tiles.iter().find(|(idx, _, _)| u64::try_from(*idx) == Ok(number));
    let Some((_, hashes, root)) = stored else {
        return Err(Mismatch::at(last, &what, tile_root(leaves), "no row"));
    };
    let Some(mismatch) = differs(last, &what, leaves, hashes, root) else { return Ok(()) };
    // The tile was stored with its entries: a hash that differs names the entry that was changed since.
    let first = last + 1 - width;
    let changed =
        leaves.iter().zip(hashes.chunks(HASH_BYTES)).position(|(leaf, hash)| leaf.as_bytes() != hash);
    let index = changed.and_then(|place| u64::try_from(place).ok()).map_or(last, |place| first + place);
    Err(Mismatch { index: Some(index), ..mismatch })
}

/// Everything that the part's entries speak of, in a few statements.
fn facts(reader: &mut Reader, rows: &[EntryRow], from: u64, to: u64) -> StoreResult<Facts> {
    let ids_of = |kinds: &[EntryKind]| -> Vec<&str> {
        let about = rows.iter().filter(|row| kinds.iter().any(|kind| kind.as_str() == row.kind));
        about.map(|row| row.object_id.as_str()).collect()
    };
    let pulls = ids_of(&[EntryKind::ReleaseGranted, EntryKind::ReleaseRefused]);
    let mut releases = releases(&mut reader.ledger, &pulls)?;
    let repeated = ids_of(&[EntryKind::ReleaseRepeated]);
    add_releases(&mut reader.ledger, &repeated, &mut releases)?;

    let mut consents = HashMap::new();
    let named = ids_of(&[EntryKind::ConsentGranted, EntryKind::ConsentRevoked]);
    for ids in distinct(named).chunks(IDS_A_STATEMENT) {
        let found = consents_named(&mut reader.ledger, ids)?;
        consents.extend(found.into_iter().map(|consent: ConsentFacts| (consent.id.clone(), consent)));
    }
    let mut copies = HashMap::new();
    for ids in distinct(ids_of(&[EntryKind::ReleaseSelf])).chunks(IDS_A_STATEMENT) {
        let found = own_copies::named(&mut reader.ledger, ids)?;
        copies.extend(found.into_iter().map(|copy| (copy.id.clone(), copy)));
    }
    let under = releases.values().map(|release| release.consent_id.as_str()).collect();
    let consent_digests = consent_digests(reader, under)?;

    let deliveries = ids_of(&[EntryKind::BatchCommitted]);
    let mut batch_digest_of = HashMap::new();
    for ids in distinct(deliveries).chunks(IDS_A_STATEMENT) {
        batch_digest_of.extend(batch_digests(&mut reader.data, ids)?);
    }
    let commits = batch_commits(&mut reader.ledger, from, to)?;
    let batch_at = commits.into_iter().map(|(id, index)| (index, id)).collect();
    let annotations = annotation_scan::annotation_facts(&mut reader.ledger, from, to)?;
    Ok(Facts {
        releases,
        consents,
        copies,
        consent_digests,
        batch_at,
        batch_digests: batch_digest_of,
        annotations,
    })
}

/// The releases with these ids. Ids are made in the order of time, so one range holds nearly all of them.
fn releases(connection: &mut AnyConnection, ids: &[&str]) -> StoreResult<HashMap<String, ReleaseFacts>> {
    let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) else { return Ok(HashMap::new()) };
    let limit =
        i64::try_from(ids.len() + ids.len() / 8 + 16).map_err(|e| StoreError::corrupt("release", e))?;
    let range = releases_between(connection, first, last, limit)?;
    let mut found: HashMap<String, ReleaseFacts> =
        range.into_iter().map(|release| (release.id.clone(), release)).collect();
    add_releases(connection, ids, &mut found)?;
    Ok(found)
}

fn add_releases(
    connection: &mut AnyConnection,
    ids: &[&str],
    found: &mut HashMap<String, ReleaseFacts>,
) -> StoreResult<()> {
    let missing = distinct(ids.iter().copied().filter(|id| !found.contains_key(*id)).collect());
    for ids in missing.chunks(IDS_A_STATEMENT) {
        let more = releases_named(connection, ids)?;
        found.extend(more.into_iter().map(|release| (release.id.clone(), release)));
    }
    Ok(())
}

/// Digests of the consents with these ids, most of them remembered from the part before.
fn consent_digests(reader: &mut Reader, ids: Vec<&str>) -> StoreResult<HashMap<String, String>> {
    let ids = distinct(ids);
    if reader.consent_digests.len() + ids.len() > CONSENTS_REMEMBERED {
        reader.consent_digests.clear();
    }
    let missing: Vec<&str> =
        ids.iter().copied().filter(|id| !reader.consent_digests.contains_key(*id)).collect();
    for some in missing.chunks(IDS_A_STATEMENT) {
        let found = consents_named(&mut reader.ledger, some)?;
        reader.consent_digests.extend(found.into_iter().map(|consent| (consent.id, consent.digest)));
    }
    let known = |id: &&str| Some(((*id).to_owned(), reader.consent_digests.get(*id)?.clone()));
    Ok(ids.iter().filter_map(known).collect())
}

fn distinct(ids: Vec<&str>) -> Vec<&str> {
    let mut seen = HashSet::with_capacity(ids.len());
    ids.into_iter().filter(|id| seen.insert(*id)).collect()
}
