//! A connection to either database system, as diesel derives it.

use diesel::{PgConnection, SqliteConnection};

/// A connection to either database system.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    /// PostgreSQL.
    Pg(PgConnection),
    /// SQLite.
    Sqlite(SqliteConnection),
}
