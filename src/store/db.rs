//! Connections: two databases (data and ledger), each SQLite or PostgreSQL, through one type.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::r2d2::{ManageConnection, Pool, PooledConnection};
use diesel::{Connection as _, PgConnection, RunQueryDsl, SqliteConnection};

pub use super::connection::AnyConnection;
use super::error::{StoreError, StoreResult};

/// How long a statement waits for another's lock, in milliseconds; past it the answer is `busy`.
const LOCK_WAIT_MS: u32 = 1_000;
/// How long a caller waits for a connection.
const CONNECTION_WAIT: Duration = Duration::from_secs(2);
/// A paused process must not hold the others up: PostgreSQL ends its transaction after this, in milliseconds.
const IDLE_IN_TRANSACTION_MS: u32 = 2_000;

/// Runs the same statement on whichever database it is, where diesel has no portable form of it.
macro_rules! on_backend {
    ($connection:expr, $inner:ident => $body:expr) => {
        match $connection {
            $crate::store::db::AnyConnection::Pg($inner) => $body,
            $crate::store::db::AnyConnection::Sqlite($inner) => $body,
        }
    };
}
pub(crate) use on_backend;

/// Where a database lives.
#[derive(Clone, Debug)]
pub enum Location {
    /// One file.
    Sqlite(PathBuf),
    /// One schema of a PostgreSQL database.
    Postgres {
        /// A libpq URL or key-value string.
        url: String,
        /// `data` or `ledger`.
        schema: &'static str,
    },
}

/// A connection and whether it was seen to be lost.
pub struct Lane {
    connection: AnyConnection,
    lost: bool,
}

struct Manager {
    location: Location,
    file: Arc<OnceLock<FileIdentity>>,
}

/// Device and inode of the file that a path led to.
type FileIdentity = (u64, u64);

impl ManageConnection for Manager {
    type Connection = Lane;
    type Error = StoreError;

    fn connect(&self) -> StoreResult<Lane> {
        let connection = connect(&self.location)?;
        if let Some(identity) = file_identity(&self.location) {
            let _the_first_counts = self.file.set(identity);
        }
        Ok(Lane { connection, lost: false })
    }

    fn is_valid(&self, _lane: &mut Lane) -> StoreResult<()> {
        Ok(())
    }

    fn has_broken(&self, lane: &mut Lane) -> bool {
        lane.lost
            || <AnyConnection as diesel::Connection>::TransactionManager::is_broken_transaction_manager(
                &mut lane.connection,
            )
    }
}

/// A pool of connections to one database.
#[derive(Clone)]
pub struct Db {
    pool: Pool<Manager>,
    location: Location,
    /// The SQLite file that the first connection opened.
    file: Arc<OnceLock<FileIdentity>>,
}

impl Db {
    /// Opens at most `connections` connections, on demand.
    pub fn open(location: Location, connections: u32) -> StoreResult<Self> {
        let file = Arc::default();
        let manager = Manager { location: location.clone(), file: Arc::clone(&file) };
        let pool = Pool::builder()
            .max_size(connections)
            .min_idle(Some(0))
            .test_on_check_out(false)
            .connection_timeout(CONNECTION_WAIT)
            .error_handler(Box::new(diesel::r2d2::NopErrorHandler))
            .build(manager)
            .map_err(|error| StoreError::Unavailable { why: error.to_string() })?;
        Ok(Self { pool, location, file })
    }

    /// Whether this is SQLite, where a point read is cheap enough to do in place.
    pub fn is_sqlite(&self) -> bool {
        matches!(self.location, Location::Sqlite(_))
    }

    /// Whether a connection can be had without waiting.
    pub fn has_room(&self) -> bool {
        let state = self.pool.state();
        state.idle_connections > 0 || state.connections < self.pool.max_size()
    }

    /// Where the database lives.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Runs statements outside a transaction.
    pub fn read<T>(&self, work: impl FnOnce(&mut AnyConnection) -> StoreResult<T>) -> StoreResult<T> {
        self.with_lane(|lane| {
            let result = work(&mut lane.connection);
            lane.lost |= matches!(result, Err(StoreError::Unavailable { .. }));
            result
        })
    }

    /// Runs one transaction: commits what `work` did if it returns `Ok`, undoes it otherwise.
    ///
    /// SQLite takes the write lock at once, so that nothing read inside can change before the commit.
    ///
    /// What was committed to a file that is no longer there under its name counts as not committed.
    pub fn write<T>(&self, work: impl FnOnce(&mut AnyConnection) -> StoreResult<T>) -> StoreResult<T> {
        let done = self.read(|connection| transaction(connection, work))?;
        self.check_same_file()?;
        Ok(done)
    }

    /// An open SQLite file that was renamed away, replaced or removed goes on working, unseen by whoever comes after.
    fn check_same_file(&self) -> StoreResult<()> {
        let (Location::Sqlite(path), Some(opened)) = (&self.location, self.file.get()) else { return Ok(()) };
        match file_identity(&self.location) {
            Some(now) if now == *opened => Ok(()),
            Some(_) | None => Err(StoreError::Replaced { path: path.clone() }),
        }
    }

    fn with_lane<T>(&self, work: impl FnOnce(&mut Lane) -> StoreResult<T>) -> StoreResult<T> {
        self.check_same_file()?;
        let mut lane: PooledConnection<Manager> = match self.pool.get() {
            Ok(lane) => lane,
            // The pool tells only that it waited in vain: ask the database itself why.
            Err(_waited) if self.pool.state().connections == 0 => {
                connect(&self.location)?;
                return Err(StoreError::Busy { why: "no connection became free".into() });
            }
            Err(_waited) => return Err(StoreError::Busy { why: "no connection became free".into() }),
        };
        work(&mut lane)
    }
}

fn file_identity(location: &Location) -> Option<FileIdentity> {
    let Location::Sqlite(path) = location else { return None };
    std::fs::metadata(path).map(|file| (file.dev(), file.ino())).ok()
}

/// Opens one connection and sets it up.
pub fn connect(location: &Location) -> StoreResult<AnyConnection> {
    let unavailable = |error: diesel::ConnectionError| StoreError::Unavailable { why: error.to_string() };
    let mut connection = match location {
        Location::Sqlite(path) => {
            AnyConnection::Sqlite(SqliteConnection::establish(&path.to_string_lossy()).map_err(unavailable)?)
        }
        Location::Postgres { url, .. } => {
            AnyConnection::Pg(PgConnection::establish(url).map_err(unavailable)?)
        }
    };
    for statement in settings(location) {
        on_backend!(&mut connection, c => diesel::sql_query(statement.as_str()).execute(c))
            .map_err(StoreError::from)?;
    }
    Ok(connection)
}

fn settings(location: &Location) -> Vec<String> {
    match location {
        Location::Sqlite(_) => vec![
            format!("PRAGMA busy_timeout = {LOCK_WAIT_MS}"),
            "PRAGMA journal_mode = WAL".into(),
            "PRAGMA synchronous = FULL".into(),
            "PRAGMA foreign_keys = ON".into(),
            "PRAGMA cache_size = -32768".into(),
            // 64 MB of log between checkpoints: each one writes every page that changed, and syncs twice.
            "PRAGMA wal_autocheckpoint = 16384".into(),
        ],
        Location::Postgres { schema, .. } => vec![format!(
            "SET search_path = {schema}; SET lock_timeout = {LOCK_WAIT_MS}; \
             SET idle_in_transaction_session_timeout = {IDLE_IN_TRANSACTION_MS}; SET timezone = 'UTC'; \
             SET client_min_messages = warning"
        )]
        .into_iter()
        .flat_map(|all| all.split("; ").map(str::to_owned).collect::<Vec<_>>())
        .collect(),
    }
}

/// Runs `work` in a transaction on this connection.
pub fn transaction<T>(
    connection: &mut AnyConnection,
    work: impl FnOnce(&mut AnyConnection) -> StoreResult<T>,
) -> StoreResult<T> {
    match connection {
        AnyConnection::Pg(c) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN")?,
        AnyConnection::Sqlite(c) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE")?,
    }
    type Manager = <AnyConnection as diesel::Connection>::TransactionManager;
    match work(connection) {
        Ok(value) => {
            Manager::commit_transaction(connection)?;
            Ok(value)
        }
        Err(error) => {
            // The first error is the one to report; a rollback that fails too leaves a broken connection, which the pool drops.
            let _broken = Manager::rollback_transaction(connection);
            Err(error)
        }
    }
}
