//! A connection to either database system, as diesel derives it.
#![expect(missing_docs, reason = "the derive writes items of its own")]

use diesel::{PgConnection, SqliteConnection};

/// A connection to either database system.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    /// PostgreSQL.
    Pg(PgConnection),
    /// SQLite.
    Sqlite(SqliteConnection),
}
