//! Deliveries of the bureau, from the first staged row to the entry that makes them visible.
//!
//! One delivery is loaded at a time, so the order of batch ids is the order of their entries.

use std::fs::File;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use super::db::{AnyConnection, Db, Location, connect, on_backend};
use super::error::{StoreError, StoreResult};
use super::schema::{batch, batch_commit, batch_error, record, touch};

/// Any number that no other program on the same PostgreSQL is likely to lock by.
const IMPORT_LOCK: i64 = 0x7368_7569_696d_706f;
/// Rows deleted in one transaction when an abandoned delivery is swept.
const SWEEP_ROWS: i64 = 20_000;

/// Where a delivery stands.
pub const STATUS_STAGING: &str = "staging";
/// Its entry is in the ledger.
pub const STATUS_COMMITTED: &str = "committed";
/// Rows were rejected and it was refused whole; its errors are kept.
pub const STATUS_REFUSED: &str = "refused";

/// A delivery as stored.
#[derive(Queryable, Insertable, AsChangeset, Clone, Debug)]
#[diesel(table_name = batch)]
pub struct BatchRow {
    /// UUIDv7, ascending in the order of loading.
    pub id: String,
    /// The form its rows follow.
    pub form: String,
    /// The section they belong to.
    pub section: String,
    /// First day it speaks of.
    pub coverage_from: NaiveDate,
    /// Last day it speaks of.
    pub coverage_to: NaiveDate,
    /// The day it was true.
    pub as_of: NaiveDate,
    /// `all` or `skip_bad`.
    pub mode: String,
    /// Digest of form, dates and content.
    pub digest: String,
    /// One of the statuses above.
    pub status: String,
    /// Rows read.
    pub row_count: i64,
    /// Rows taken.
    pub accepted: i64,
    /// Rows taken whose figures disagree with their own form.
    pub marked: i64,
    /// Rows rejected.
    pub rejected: i64,
    /// Rows taken that say what was known already.
    pub unchanged: i64,
    /// When loading began.
    pub started_at: NaiveDateTime,
    /// Its header as a line of CSV; none of NDJSON.
    pub header: Option<String>,
}

/// A rejected row.
#[derive(Queryable, Insertable, Clone, Debug)]
#[diesel(table_name = batch_error)]
#[diesel(treat_none_as_default_value = false)]
pub struct BatchErrorRow {
    /// The delivery.
    pub batch_id: String,
    /// 0 for its first error.
    pub ordinal: i64,
    /// 1 for the first row of data.
    pub row_number: i64,
    /// The column at fault, if it is one.
    pub column_name: Option<String>,
    /// What would be right.
    pub message: String,
    /// Line of the file, from 1; 0 in deliveries from before lines were told.
    pub line_number: i64,
    /// The rule that the row breaks.
    pub rule: String,
    /// The row as delivered, while it is kept.
    pub original: Option<String>,
}

/// The right to load a delivery; given back when dropped, or when the process dies.
pub struct ImportLock {
    held: Held,
}

enum Held {
    Session(AnyConnection),
    File(#[expect(dead_code, reason = "the lock lives as long as its file")] File),
}

impl Drop for ImportLock {
    fn drop(&mut self) {
        match &mut self.held {
            // The server frees a lock some time after its session ends; the next delivery may come before.
            Held::Session(connection) => {
                let statement = format!("SELECT pg_advisory_unlock({IMPORT_LOCK})");
                // If it fails, the session is lost and the lock with it.
                drop(on_backend!(connection, c => diesel::sql_query(statement).execute(c)));
            }
            Held::File(_) => {}
        }
    }
}

/// Pause between two looks at a lock that somebody has.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(50);

#[derive(QueryableByName)]
struct Locked {
    #[diesel(sql_type = Bool)]
    locked: bool,
}

/// The same, waiting so long for whoever has it: what is swept after a start is swept in a moment.
pub fn lock_imports_within(data: &Db, patience: Duration) -> StoreResult<ImportLock> {
    let until = Instant::now() + patience;
    loop {
        match lock_imports(data) {
            Err(StoreError::Busy { .. }) if Instant::now() < until => std::thread::sleep(LOOK_AGAIN_AFTER),
            taken => return taken,
        }
    }
}

/// Takes the right to load a delivery, or says `Busy` if another process or request has it.
pub fn lock_imports(data: &Db) -> StoreResult<ImportLock> {
    let busy = || StoreError::Busy { why: "another delivery is being loaded".into() };
    match data.location() {
        Location::Postgres { .. } => {
            let mut connection = connect(data.location())?;
            let statement = format!("SELECT pg_try_advisory_lock({IMPORT_LOCK}) AS locked");
            let row: Locked = on_backend!(&mut connection, c => diesel::sql_query(statement).get_result(c))?;
            if row.locked { Ok(ImportLock { held: Held::Session(connection) }) } else { Err(busy()) }
        }
        Location::Sqlite(path) => {
            let mut name = path.clone().into_os_string();
            name.push(".import-lock");
            let unavailable = |why: std::io::Error| StoreError::Unavailable { why: why.to_string() };
            let file = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(PathBuf::from(name))
                .map_err(unavailable)?;
            match file.try_lock() {
                Ok(()) => Ok(ImportLock { held: Held::File(file) }),
                Err(std::fs::TryLockError::WouldBlock) => Err(busy()),
                Err(std::fs::TryLockError::Error(why)) => Err(unavailable(why)),
            }
        }
    }
}

/// Adds a delivery. The caller holds the import lock.
pub fn insert(connection: &mut AnyConnection, row: &BatchRow) -> StoreResult<()> {
    let newest: Option<String> = batch::table.select(diesel::dsl::max(batch::id)).get_result(connection)?;
    if newest.is_some_and(|newest| newest >= row.id) {
        return Err(StoreError::Busy { why: "this node's clock is behind the newest delivery".into() });
    }
    diesel::insert_into(batch::table).values(row).execute(connection)?;
    Ok(())
}

/// Writes a delivery's counts and status.
pub fn update(connection: &mut AnyConnection, row: &BatchRow) -> StoreResult<()> {
    match diesel::update(batch::table.find(&row.id)).set(row).execute(connection)? {
        1 => Ok(()),
        _swept => Err(StoreError::Busy {
            why: "the delivery was swept while it was loaded: its lock was lost".into(),
        }),
    }
}

/// A delivery by id.
pub fn find(connection: &mut AnyConnection, id: &str) -> StoreResult<Option<BatchRow>> {
    Ok(batch::table.find(id).get_result(connection).optional()?)
}

/// Committed deliveries with this digest, and those whose commit was not noted: the ledger tells which.
pub fn with_digest(connection: &mut AnyConnection, digest: &str) -> StoreResult<Vec<BatchRow>> {
    Ok(batch::table
        .filter(batch::digest.eq(digest))
        .filter(batch::status.ne(STATUS_REFUSED))
        .load(connection)?)
}

/// Deliveries by id, those there are.
pub fn find_many(connection: &mut AnyConnection, ids: &[String]) -> StoreResult<Vec<BatchRow>> {
    let mut rows = Vec::with_capacity(ids.len());
    for some in ids.chunks(500) {
        rows.extend(batch::table.filter(batch::id.eq_any(some)).load::<BatchRow>(connection)?);
    }
    Ok(rows)
}

/// Deliveries that are neither committed nor refused: being loaded, or abandoned.
pub fn staging(connection: &mut AnyConnection) -> StoreResult<Vec<BatchRow>> {
    Ok(batch::table.filter(batch::status.eq(STATUS_STAGING)).order(batch::id).load(connection)?)
}

/// The ledger index of a delivery, if it was committed. Asks the ledger's database.
pub fn commit_index(ledger: &mut AnyConnection, id: &str) -> StoreResult<Option<i64>> {
    Ok(batch_commit::table.find(id).select(batch_commit::ledger_index).get_result(ledger).optional()?)
}

/// Notes whom a staged delivery speaks of. Set-wise; also for rows that turn out unchanged.
pub fn write_touches(connection: &mut AnyConnection, id: &str) -> StoreResult<()> {
    record::table
        .filter(record::batch_id.eq(id))
        .select((record::taxpayer_id, record::section, record::batch_id))
        .distinct()
        .insert_into(touch::table)
        .into_columns((touch::taxpayer_id, touch::section, touch::batch_id))
        .execute(connection)?;
    Ok(())
}

/// Whether another delivery of the form, refused ones aside, speaks of any of the same days.
pub fn any_overlapping(connection: &mut AnyConnection, batch: &BatchRow) -> StoreResult<bool> {
    let overlapping = batch::table
        .filter(batch::form.eq(&batch.form))
        .filter(batch::id.ne(&batch.id))
        .filter(batch::status.ne(STATUS_REFUSED))
        .filter(batch::coverage_from.le(batch.coverage_to))
        .filter(batch::coverage_to.ge(batch.coverage_from));
    Ok(diesel::select(diesel::dsl::exists(overlapping)).get_result(connection)?)
}

/// Removes staged rows that say what the newest revision says already; returns how many.
pub fn drop_unchanged(connection: &mut AnyConnection, id: &str) -> StoreResult<usize> {
    const STATEMENT: &str = "DELETE FROM record WHERE batch_id = $1 AND EXISTS (\
        SELECT 1 FROM record AS newest WHERE newest.taxpayer_id = record.taxpayer_id \
        AND newest.section = record.section AND newest.record_key = record.record_key \
        AND newest.batch_id = (SELECT max(earlier.batch_id) FROM record AS earlier \
            WHERE earlier.taxpayer_id = record.taxpayer_id AND earlier.section = record.section \
            AND earlier.record_key = record.record_key AND earlier.batch_id < record.batch_id) \
        AND newest.body = record.body AND coalesce(newest.marks, '') = coalesce(record.marks, '') \
        AND coalesce(newest.checks, '') = coalesce(record.checks, ''))";
    Ok(on_backend!(connection, c => diesel::sql_query(STATEMENT).bind::<Text, _>(id).execute(c))?)
}

/// Removes every trace of a delivery's rows; the delivery itself stays as `status`, or goes if `None`.
pub fn discard(data: &Db, id: &str, status: Option<&str>) -> StoreResult<()> {
    if let Location::Postgres { .. } = data.location() {
        // Nobody waits for these rows, and PostgreSQL deletes a set many times faster than row by row.
        data.write(|c| Ok(diesel::delete(record::table.filter(record::batch_id.eq(id))).execute(c)?))?;
    }
    // SQLite has one write lock: it is held for a part at a time.
    loop {
        let keys: Vec<(String, String, String, String)> = data.read(|c| {
            Ok(record::table
                .filter(record::batch_id.eq(id))
                .select((record::taxpayer_id, record::section, record::record_key, record::batch_id))
                .limit(SWEEP_ROWS)
                .load(c)?)
        })?;
        if keys.is_empty() {
            break;
        }
        data.write(|c| {
            for (taxpayer, section, key, batch_id) in &keys {
                on_backend!(c, c => diesel::delete(record::table.find((taxpayer, section, key, batch_id))).execute(c))?;
            }
            Ok(())
        })?;
    }
    data.write(|c| {
        diesel::delete(touch::table.filter(touch::batch_id.eq(id))).execute(c)?;
        match status {
            Some(status) => {
                diesel::update(batch::table.find(id)).set(batch::status.eq(status)).execute(c)?;
            }
            None => {
                diesel::delete(batch_error::table.filter(batch_error::batch_id.eq(id))).execute(c)?;
                diesel::delete(batch::table.find(id)).execute(c)?;
            }
        }
        Ok(())
    })
}

/// Keeps rejected rows of a delivery.
pub fn insert_errors(connection: &mut AnyConnection, rows: &[BatchErrorRow]) -> StoreResult<()> {
    for row in rows {
        diesel::insert_into(batch_error::table).values(row).execute(connection)?;
    }
    Ok(())
}

/// One page of a delivery's rejected rows, from ordinal `from`.
pub fn errors(
    connection: &mut AnyConnection,
    id: &str,
    from: i64,
    limit: i64,
) -> StoreResult<Vec<BatchErrorRow>> {
    Ok(batch_error::table
        .filter(batch_error::batch_id.eq(id))
        .filter(batch_error::ordinal.ge(from))
        .order(batch_error::ordinal)
        .limit(limit)
        .load(connection)?)
}

/// Forgets rejected rows as delivered of the deliveries before `id`; what was wrong with them stays known.
pub fn forget_originals(connection: &mut AnyConnection, id: &str) -> StoreResult<usize> {
    let old =
        batch_error::table.filter(batch_error::batch_id.lt(id)).filter(batch_error::original.is_not_null());
    Ok(diesel::update(old).set(batch_error::original.eq(None::<String>)).execute(connection)?)
}
