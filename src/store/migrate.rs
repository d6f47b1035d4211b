//! Brings a database to the present schema. The binary carries its migrations.

use diesel::RunQueryDsl;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::db::{AnyConnection, Location, connect, on_backend};
use super::error::{StoreError, StoreResult};

const LEDGER: EmbeddedMigrations = embed_migrations!("migrations/ledger");
const DATA: EmbeddedMigrations = embed_migrations!("migrations/data");
const DATA_SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const DATA_POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
/// Any number that no other program on the same PostgreSQL is likely to lock by.
const MIGRATION_LOCK: i64 = 0x7368_7569_6461_6979;

/// Which of the two databases.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// Records and disclosures.
    Data,
    /// Members, consents, releases and the ledger.
    Ledger,
}

/// Runs what has not run yet. Several processes may start at once.
pub fn migrate(location: &Location, side: Side) -> StoreResult<()> {
    let mut connection = connect(location)?;
    if let Location::Postgres { schema, .. } = location {
        require_english(&mut connection)?;
        execute(&mut connection, "SET lock_timeout = 60000")?;
        execute(&mut connection, &format!("SELECT pg_advisory_lock({MIGRATION_LOCK})"))?;
        execute(&mut connection, &format!("CREATE SCHEMA IF NOT EXISTS {schema}"))?;
    }
    match (side, location) {
        (Side::Ledger, _) => run(&mut connection, LEDGER),
        (Side::Data, Location::Sqlite(_)) => {
            run(&mut connection, DATA)?;
            run(&mut connection, DATA_SQLITE)
        }
        (Side::Data, Location::Postgres { .. }) => {
            run(&mut connection, DATA)?;
            run(&mut connection, DATA_POSTGRES)
        }
    }
    // Closing the connection gives the advisory lock back.
}

#[derive(diesel::QueryableByName)]
struct Setting {
    #[diesel(sql_type = diesel::sql_types::Text)]
    lc_messages: String,
}

/// A lock wait is told from a fault by PostgreSQL's own words: diesel passes no code for it.
fn require_english(connection: &mut AnyConnection) -> StoreResult<()> {
    let setting: Setting = on_backend!(connection, c => diesel::sql_query("SHOW lc_messages").get_result(c))
        .map_err(StoreError::from)?;
    let name = setting.lc_messages;
    if name.is_empty() || ["C", "POSIX", "en"].iter().any(|known| name.starts_with(known)) {
        return Ok(());
    }
    let why = format!("lc_messages is {name}: run ALTER ROLE <role> SET lc_messages = 'C' as a superuser");
    Err(StoreError::Unavailable { why })
}

fn execute(connection: &mut AnyConnection, statement: &str) -> StoreResult<()> {
    on_backend!(connection, c => diesel::sql_query(statement).execute(c))?;
    Ok(())
}

fn run(connection: &mut AnyConnection, migrations: EmbeddedMigrations) -> StoreResult<()> {
    let failed = |why: Box<dyn std::error::Error + Send + Sync>| StoreError::corrupt("schema", why);
    on_backend!(connection, c => c.run_pending_migrations(migrations).map(drop)).map_err(failed)
}
