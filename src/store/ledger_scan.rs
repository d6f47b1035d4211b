//! Reading the ledger range by range, with what its entries speak of, for whoever recomputes it.
//!
//! Each function reads a bounded range of one table in the order of its key; nothing here looks at what it reads.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Timestamp as SqlTimestamp};

use super::db::{AnyConnection, on_backend};
use super::error::StoreResult;
use super::ledger::signed;
use super::schema::{batch, batch_commit, consent, entry_salt, ledger_entry, ledger_tile, release};

/// The head row as it stands, and how many rows the tables have beside it, in one statement: one moment.
#[derive(QueryableByName, Clone, Debug)]
pub struct Totals {
    /// Entries by the head.
    #[diesel(sql_type = BigInt)]
    pub size: i64,
    /// Root by the head.
    #[diesel(sql_type = Binary)]
    pub root: Vec<u8>,
    /// Right edge by the head.
    #[diesel(sql_type = Binary)]
    pub frontier: Vec<u8>,
    /// Instant of the newest entry by the head.
    #[diesel(sql_type = SqlTimestamp)]
    pub at: NaiveDateTime,
    /// Index of the newest delivery's entry by the head, or -1.
    #[diesel(sql_type = BigInt)]
    pub last_batch_index: i64,
    /// Rows of `ledger_entry`.
    #[diesel(sql_type = BigInt)]
    pub entries: i64,
    /// Rows of `ledger_tile`.
    #[diesel(sql_type = BigInt)]
    pub tiles: i64,
    /// Rows of `batch_commit`.
    #[diesel(sql_type = BigInt)]
    pub batches: i64,
    /// Rows of `annotation_entry`.
    #[diesel(sql_type = BigInt)]
    pub annotations: i64,
    /// Rows of `release`, refusals among them.
    #[diesel(sql_type = BigInt)]
    pub releases: i64,
    /// Rows of `consent`.
    #[diesel(sql_type = BigInt)]
    pub consents: i64,
    /// Rows of `own_copy`.
    #[diesel(sql_type = BigInt)]
    pub copies: i64,
}

/// The head and the row counts, or `None` if there is no head.
pub fn totals(connection: &mut AnyConnection) -> StoreResult<Option<Totals>> {
    let statement = "SELECT size, root, frontier, at, last_batch_index, \
         (SELECT count(*) FROM ledger_entry) AS entries, (SELECT count(*) FROM ledger_tile) AS tiles, \
         (SELECT count(*) FROM batch_commit) AS batches, \
         (SELECT count(*) FROM annotation_entry) AS annotations, (SELECT count(*) FROM release) AS releases, \
         (SELECT count(*) FROM consent) AS consents, (SELECT count(*) FROM own_copy) AS copies \
         FROM ledger_head WHERE id = 1";
    Ok(on_backend!(connection, c => diesel::sql_query(statement).get_result(c).optional())?)
}

/// An entry's row.
#[derive(Queryable, Debug)]
pub struct EntryRow {
    /// Its place.
    pub idx: i64,
    /// What happened, as the columns say.
    pub kind: String,
    /// What it happened to, as the columns say.
    pub object_id: String,
    /// Who did it, as the columns say.
    pub actor: String,
    /// The bytes that were hashed.
    pub leaf: Vec<u8>,
    /// Their hash.
    pub leaf_hash: Vec<u8>,
}

/// Rows of the entries `from..to`.
pub fn entries(connection: &mut AnyConnection, from: u64, to: u64) -> StoreResult<Vec<EntryRow>> {
    let (from, to) = (signed(from)?, signed(to)?);
    Ok(on_backend!(connection, c => ledger_entry::table
        .filter(ledger_entry::idx.ge(from))
        .filter(ledger_entry::idx.lt(to))
        .order(ledger_entry::idx)
        .load(c))?)
}

/// Index, salt and reason salt of an entry.
pub type SaltRow = (i64, Vec<u8>, Option<Vec<u8>>);

/// Salts of the entries `from..to` that are still kept.
pub fn salts(connection: &mut AnyConnection, from: u64, to: u64) -> StoreResult<Vec<SaltRow>> {
    let (from, to) = (signed(from)?, signed(to)?);
    Ok(on_backend!(connection, c => entry_salt::table
        .filter(entry_salt::idx.ge(from))
        .filter(entry_salt::idx.lt(to))
        .order(entry_salt::idx)
        .load(c))?)
}

/// Index, hashes and root of a stored tile.
pub type TileRow = (i64, Vec<u8>, Vec<u8>);

/// The stored tiles `from..to` of a level.
pub fn tiles(connection: &mut AnyConnection, level: u8, from: u64, to: u64) -> StoreResult<Vec<TileRow>> {
    let (from, to) = (signed(from)?, signed(to)?);
    Ok(on_backend!(connection, c => ledger_tile::table
        .filter(ledger_tile::level.eq(i32::from(level)))
        .filter(ledger_tile::idx.ge(from))
        .filter(ledger_tile::idx.lt(to))
        .order(ledger_tile::idx)
        .select((ledger_tile::idx, ledger_tile::hashes, ledger_tile::root))
        .load(c))?)
}

/// What an entry says of a release.
#[derive(Queryable, Debug)]
pub struct ReleaseFacts {
    /// UUIDv7.
    pub id: String,
    /// The consent asked for.
    pub consent_id: String,
    /// Who asked.
    pub bank: String,
    /// Whose data.
    pub taxpayer_id: Option<String>,
    /// What for.
    pub purpose: String,
    /// Canonical JSON of the request.
    pub ask: String,
    /// `granted`, or the true reason of the refusal.
    pub outcome: String,
    /// The JWT as sent.
    pub jwt: Option<String>,
    /// Ledger size that it was read at.
    pub read_at: Option<i64>,
}

macro_rules! release_facts {
    () => {
        (
            release::id,
            release::consent_id,
            release::bank,
            release::taxpayer_id,
            release::purpose,
            release::ask,
            release::outcome,
            release::jwt,
            release::read_at,
        )
    };
}

/// At most `limit` releases with ids from `first` to `last`, both included.
pub fn releases_between(
    connection: &mut AnyConnection,
    first: &str,
    last: &str,
    limit: i64,
) -> StoreResult<Vec<ReleaseFacts>> {
    Ok(on_backend!(connection, c => release::table
        .filter(release::id.ge(first))
        .filter(release::id.le(last))
        .order(release::id)
        .limit(limit)
        .select(release_facts!())
        .load(c))?)
}

/// The releases with these ids.
pub fn releases_named(connection: &mut AnyConnection, ids: &[&str]) -> StoreResult<Vec<ReleaseFacts>> {
    Ok(on_backend!(connection, c => release::table
        .filter(release::id.eq_any(ids))
        .select(release_facts!())
        .load(c))?)
}

/// What an entry says of a consent.
#[derive(Queryable, Debug)]
pub struct ConsentFacts {
    /// UUIDv7.
    pub id: String,
    /// Whose data may leave.
    pub taxpayer_id: String,
    /// To whom.
    pub bank: String,
    /// Canonical JSON of the terms as granted.
    pub terms: String,
    /// Their digest.
    pub digest: String,
}

/// The consents with these ids.
pub fn consents_named(connection: &mut AnyConnection, ids: &[&str]) -> StoreResult<Vec<ConsentFacts>> {
    Ok(on_backend!(connection, c => consent::table
        .filter(consent::id.eq_any(ids))
        .select((consent::id, consent::taxpayer_id, consent::bank, consent::terms, consent::digest))
        .load(c))?)
}

/// Deliveries that the entries `from..to` made visible, as (batch id, index).
pub fn batch_commits(connection: &mut AnyConnection, from: u64, to: u64) -> StoreResult<Vec<(String, i64)>> {
    let (from, to) = (signed(from)?, signed(to)?);
    Ok(on_backend!(connection, c => batch_commit::table
        .filter(batch_commit::ledger_index.ge(from))
        .filter(batch_commit::ledger_index.lt(to))
        .order(batch_commit::ledger_index)
        .load(c))?)
}

/// Digests of deliveries, out of the data's database, as (batch id, digest).
pub fn batch_digests(connection: &mut AnyConnection, ids: &[&str]) -> StoreResult<Vec<(String, String)>> {
    Ok(on_backend!(connection, c => batch::table
        .filter(batch::id.eq_any(ids))
        .select((batch::id, batch::digest))
        .load(c))?)
}
