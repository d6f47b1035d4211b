//! The ledger's one sequence: locking the head, appending entries, reading them back.
//!
//! Every unit of work locks the head last and does nothing slow after, so the head row orders all
//! processes on one database without a leader.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use ring::rand::SystemRandom;

use super::annotations::{self, AnnotationRow};
use super::concern;
use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::ledger_read::leaf_hashes;
use super::schema::{batch_commit, entry_salt, ledger_entry, ledger_head, ledger_tile};
use super::tree::DbNodes;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::{EntryKind, Leaf, Salt, commit};
use crate::ledger::extension::Extension;
use crate::ledger::frontier::Frontier;
use crate::ledger::hash::{Hash, leaf_hash};
use crate::ledger::tile::{TILE_WIDTH, tile_root, tiles_completed};

/// The node may lag this far behind the newest entry before it answers `busy`, in microseconds.
const CLOCK_LAG_MAX_MICROS: i64 = 2_000_000;

/// The one head row: how large the tree is, and what it hashes to.
#[derive(Clone, Debug)]
pub struct Head {
    /// Subtree hashes on the right edge; carries size and root.
    pub frontier: Frontier,
    /// Instant of the newest entry.
    pub at: Timestamp,
    /// Index of the newest entry that changes what a section says, a delivery or an annotation, or -1.
    pub last_batch_index: i64,
    /// Index of the newest entry that placed or lifted a hold, or -1.
    pub last_hold_index: i64,
    /// Version of the policy in force; empty in a ledger from before there were policies, until the next start.
    pub policy: String,
}

#[derive(Queryable)]
struct HeadRow {
    _id: i32,
    size: i64,
    root: Vec<u8>,
    frontier: Vec<u8>,
    at: NaiveDateTime,
    last_batch_index: i64,
    last_hold_index: i64,
    policy: String,
}

impl HeadRow {
    fn parse(self) -> StoreResult<Head> {
        let size = u64::try_from(self.size).map_err(|e| StoreError::corrupt("ledger_head", e))?;
        let frontier =
            Frontier::from_bytes(size, &self.frontier).map_err(|e| StoreError::corrupt("ledger_head", e))?;
        if Hash::try_from_slice(&self.root) != Some(frontier.root()) {
            return Err(StoreError::LedgerBroken {
                why: format!("the head's root does not follow from its frontier at size {size}"),
            });
        }
        Ok(Head {
            frontier,
            at: Timestamp::from_naive(self.at),
            last_batch_index: self.last_batch_index,
            last_hold_index: self.last_hold_index,
            policy: self.policy,
        })
    }
}

/// How a value stands in a leaf.
#[derive(Clone, Debug)]
pub enum Field {
    /// For every reader of the entry.
    Plain(serde_json::Value),
    /// A commitment under the leaf's salt, opened to those concerned.
    Sealed(String),
    /// A commitment under a salt of its own, opened to the bureau alone.
    Reason(String),
}

/// An entry about to be appended; its index and instant are given under the head's lock.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What happened.
    pub kind: EntryKind,
    /// The id of what it happened to.
    pub object_id: String,
    /// The member that did it.
    pub actor: String,
    /// Label of the person or system that did it; appears as a commitment.
    pub by: String,
    /// What else the leaf says.
    pub fields: Vec<(&'static str, Field)>,
}

/// An entry as appended.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its place in the sequence.
    pub index: u64,
    /// When, by the ledger's clock.
    pub at: Timestamp,
    /// The bytes that were hashed.
    pub leaf: Vec<u8>,
    /// Opens its commitments.
    pub salt: Vec<u8>,
}

/// What one unit of work added to the ledger.
#[derive(Debug)]
pub struct Appended {
    /// In order of index.
    pub entries: Vec<Entry>,
    /// The tree grown by them; proves each of them.
    pub tree: Extension,
    /// The head after them.
    pub head: Head,
}

/// What this process knows of the ledger: the newest head that it signed or checked.
#[derive(Clone, Debug)]
pub struct Known {
    /// The tree at that head.
    pub frontier: Frontier,
    /// Size and root of what other processes anchored past that head.
    pub anchored: Vec<(u64, Hash)>,
}

/// Makes the head row of an empty ledger, unless there is one.
pub fn ensure_head(connection: &mut AnyConnection) -> StoreResult<()> {
    let empty = Frontier::empty();
    let row = (
        ledger_head::id.eq(1),
        ledger_head::size.eq(0_i64),
        ledger_head::root.eq(empty.root().as_bytes().to_vec()),
        ledger_head::frontier.eq(empty.to_bytes()),
        ledger_head::at.eq(Timestamp::default().naive()),
        ledger_head::last_batch_index.eq(-1_i64),
    );
    on_backend!(connection, c => diesel::insert_into(ledger_head::table).values(&row).on_conflict_do_nothing().execute(c))?;
    Ok(())
}

/// The head as it stands, without a lock.
pub fn head(connection: &mut AnyConnection) -> StoreResult<Head> {
    let row: HeadRow = on_backend!(connection, c => ledger_head::table.find(1).get_result(c))?;
    row.parse()
}

/// The head, locked until the transaction ends: what is read after it cannot be overtaken by another unit.
pub fn lock_head(connection: &mut AnyConnection) -> StoreResult<Head> {
    let row: HeadRow = match connection {
        AnyConnection::Pg(c) => ledger_head::table.find(1).for_update().get_result(c)?,
        // The transaction began immediate: it holds the one write lock.
        AnyConnection::Sqlite(c) => ledger_head::table.find(1).get_result(c)?,
    };
    row.parse()
}

/// Appends entries as the last step of a unit of work.
///
/// `known` is the newest head this process vouches for: a database that fell behind it, or differs
/// from it, is refused before anything is written. `judge` sees the locked head and the instants given to the
/// entries, and may refuse them, when a decision taken at `now` no longer holds.
pub fn append(
    connection: &mut AnyConnection,
    known: &Known,
    now: Timestamp,
    drafts: Vec<Draft>,
    judge: impl FnOnce(&Head, &[Timestamp]) -> StoreResult<()>,
) -> StoreResult<Appended> {
    let head = lock_head(connection)?;
    check_continuity(connection, known, &head)?;
    if head.at.since_micros(now) > CLOCK_LAG_MAX_MICROS {
        return Err(StoreError::Busy {
            why: "this node's clock is over 2 s behind the ledger's newest entry".into(),
        });
    }
    if drafts.is_empty() {
        return Ok(Appended { entries: Vec::new(), tree: Extension::new(head.frontier.clone()), head });
    }
    let instants = instants(now, head.at, drafts.len());
    judge(&head, &instants)?;

    let mut tree = Extension::new(head.frontier.clone());
    let random = SystemRandom::new();
    let mut grown = Head { at: instants.last().copied().unwrap_or(head.at), ..head.clone() };
    let mut entries = Vec::with_capacity(drafts.len());
    let mut rows = Rows::default();
    for (draft, at) in drafts.into_iter().zip(instants) {
        let salts = Salts::random(&random, &draft)?;
        let leaf = salts.leaf(&draft, at)?;
        let hash = leaf_hash(&leaf);
        let index = tree.append(hash);
        let idx = signed(index)?;
        if draft.kind == EntryKind::BatchCommitted {
            rows.batches.push((draft.object_id.clone(), idx));
            grown.last_batch_index = idx;
        }
        if let Some(annotation) = AnnotationRow::of(&draft, idx) {
            rows.annotations.push(annotation);
            grown.last_batch_index = idx;
        }
        if let Some(member) = concern::concerned(connection, &draft)? {
            rows.concerns.push((member, idx));
        }
        if matches!(draft.kind, EntryKind::HoldPlaced | EntryKind::HoldLifted) {
            grown.last_hold_index = idx;
        }
        let salt = salts.leaf.as_bytes().to_vec();
        rows.push(idx, draft, &leaf, hash, &salts);
        entries.push(Entry { index, at, leaf, salt });
    }
    rows.insert(connection)?;
    grown.frontier = tree.frontier();
    insert_tiles(connection, head.frontier.size(), grown.frontier.size())?;
    advance(connection, &grown)?;
    Ok(Appended { entries, tree, head: grown })
}

#[derive(diesel::QueryableByName)]
struct DatabaseClock {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    micros: i64,
}

/// What the database's clock shows, in microseconds since the epoch; `None` where it is this host's own.
pub fn database_clock(connection: &mut AnyConnection) -> StoreResult<Option<i64>> {
    let AnyConnection::Pg(c) = connection else { return Ok(None) };
    let statement = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS micros";
    let clock: DatabaseClock = diesel::sql_query(statement).get_result(c)?;
    Ok(Some(clock.micros))
}

/// Every entry gets an instant of its own, later than the one before.
fn instants(now: Timestamp, newest: Timestamp, count: usize) -> Vec<Timestamp> {
    let mut at = newest;
    (0..count)
        .map(|_| {
            at = now.max(at.plus_micros(1));
            at
        })
        .collect()
}

/// The database's tree must be the one this process knows, or an extension of it.
pub fn check_continuity(connection: &mut AnyConnection, known: &Known, head: &Head) -> StoreResult<()> {
    let (known_size, size) = (known.frontier.size(), head.frontier.size());
    let broken = |why: String| Err(StoreError::LedgerBroken { why });
    if size < known_size {
        return broken(format!(
            "it has {size} entries, but {known_size} were signed: the database is older than the anchor"
        ));
    }
    if let Some((anchored, _)) = known.anchored.iter().find(|(anchored, _)| size < *anchored) {
        return broken(format!(
            "it has {size} entries, but another process signed {anchored}: the database is older than the anchor"
        ));
    }
    let mut frontier = known.frontier.clone();
    if size > known_size {
        for hash in leaf_hashes(connection, known_size, size)? {
            frontier.push(hash);
            if known.anchored.iter().any(|(at, root)| *at == frontier.size() && *root != frontier.root()) {
                return broken(format!("its first {} entries are not the anchor's", frontier.size()));
            }
        }
    }
    if frontier.size() != size || frontier.root() != head.frontier.root() {
        return broken(format!("its first {known_size} entries are not the ones that were signed"));
    }
    Ok(())
}

/// Stores the full tiles that growing from `from` to `to` entries completed.
fn insert_tiles(connection: &mut AnyConnection, from: u64, to: u64) -> StoreResult<()> {
    for tile in tiles_completed(from, to) {
        let hashes = DbNodes::new(connection, to).tile(tile.level, tile.index)?;
        if hashes.len() != TILE_WIDTH {
            return Err(StoreError::corrupt(
                "ledger_tile",
                format!("tile {}/{} is not full", tile.level, tile.index),
            ));
        }
        let row = (
            ledger_tile::level.eq(i32::from(tile.level)),
            ledger_tile::idx.eq(signed(tile.index)?),
            ledger_tile::hashes.eq(hashes.iter().flat_map(|hash| *hash.as_bytes()).collect::<Vec<u8>>()),
            ledger_tile::root.eq(tile_root(&hashes).as_bytes().to_vec()),
        );
        diesel::insert_into(ledger_tile::table).values(row).execute(connection)?;
    }
    Ok(())
}

fn advance(connection: &mut AnyConnection, head: &Head) -> StoreResult<()> {
    let changes = (
        ledger_head::size.eq(signed(head.frontier.size())?),
        ledger_head::root.eq(head.frontier.root().as_bytes().to_vec()),
        ledger_head::frontier.eq(head.frontier.to_bytes()),
        ledger_head::at.eq(head.at.naive()),
        ledger_head::last_batch_index.eq(head.last_batch_index),
        ledger_head::last_hold_index.eq(head.last_hold_index),
    );
    on_backend!(connection, c => diesel::update(ledger_head::table.find(1)).set(changes).execute(c))?;
    Ok(())
}

/// An index or size as the database stores it.
pub(super) fn signed(index: u64) -> StoreResult<i64> {
    i64::try_from(index).map_err(|e| StoreError::corrupt("ledger_entry", e))
}

struct Salts {
    leaf: Salt,
    reason: Option<Salt>,
}

impl Salts {
    fn random(random: &SystemRandom, draft: &Draft) -> StoreResult<Self> {
        let fresh = || Salt::random(random).map_err(|e| StoreError::Unavailable { why: e.to_string() });
        let sealed_reason = draft.fields.iter().any(|(_, field)| matches!(field, Field::Reason(_)));
        Ok(Self { leaf: fresh()?, reason: sealed_reason.then(fresh).transpose()? })
    }

    fn leaf(&self, draft: &Draft, at: Timestamp) -> StoreResult<Vec<u8>> {
        let mut leaf = Leaf::new(draft.kind, &draft.object_id, &draft.actor, at.micros())
            .by(commit(&self.leaf, &draft.by));
        for (name, field) in &draft.fields {
            let value = match field {
                Field::Plain(value) => value.clone(),
                Field::Sealed(value) => commit(&self.leaf, value).into(),
                Field::Reason(value) => commit(self.reason.as_ref().unwrap_or(&self.leaf), value).into(),
            };
            leaf = leaf.field(name, value);
        }
        leaf.to_bytes().map_err(|e| StoreError::corrupt("ledger_entry", e))
    }
}

#[derive(Insertable)]
#[diesel(table_name = ledger_entry)]
struct EntryRow {
    idx: i64,
    kind: &'static str,
    object_id: String,
    actor: String,
    leaf: Vec<u8>,
    leaf_hash: Vec<u8>,
}

#[derive(Insertable)]
#[diesel(table_name = entry_salt)]
#[diesel(treat_none_as_default_value = false)]
struct SaltRow {
    idx: i64,
    salt: Vec<u8>,
    reason_salt: Option<Vec<u8>>,
}

#[derive(Default)]
struct Rows {
    entries: Vec<EntryRow>,
    salts: Vec<SaltRow>,
    batches: Vec<(String, i64)>,
    concerns: Vec<(String, i64)>,
    annotations: Vec<AnnotationRow>,
}

impl Rows {
    fn push(&mut self, idx: i64, draft: Draft, leaf: &[u8], hash: Hash, salts: &Salts) {
        self.entries.push(EntryRow {
            idx,
            kind: draft.kind.as_str(),
            object_id: draft.object_id,
            actor: draft.actor,
            leaf: leaf.to_vec(),
            leaf_hash: hash.as_bytes().to_vec(),
        });
        let reason_salt = salts.reason.as_ref().map(|salt| salt.as_bytes().to_vec());
        self.salts.push(SaltRow { idx, salt: salts.leaf.as_bytes().to_vec(), reason_salt });
    }

    fn insert(self, connection: &mut AnyConnection) -> StoreResult<()> {
        for (batch_id, index) in &self.batches {
            diesel::insert_into(batch_commit::table)
                .values((batch_commit::batch_id.eq(batch_id), batch_commit::ledger_index.eq(index)))
                .execute(connection)?;
        }
        concern::insert(connection, &self.concerns)?;
        annotations::insert(connection, &self.annotations)?;
        match connection {
            AnyConnection::Pg(c) => {
                diesel::insert_into(ledger_entry::table).values(&self.entries).execute(c)?;
                diesel::insert_into(entry_salt::table).values(&self.salts).execute(c)?;
            }
            // A prepared statement a row beats one long statement that is parsed anew each time.
            AnyConnection::Sqlite(c) => {
                for (entry, salt) in self.entries.iter().zip(&self.salts) {
                    diesel::insert_into(ledger_entry::table).values(entry).execute(c)?;
                    diesel::insert_into(entry_salt::table).values(salt).execute(c)?;
                }
            }
        }
        Ok(())
    }
}
