//! What the databases do with the same rows and nothing else: no parsing, no checks, no ledger.

use std::path::Path;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use rusqlite::types::Value;

use crate::Result;

/// Rows inserted in one transaction.
const ROWS_A_TRANSACTION: usize = 20_000;
const COLUMNS: &str =
    "taxpayer_id, section, record_key, batch_id, period_from, period_to, body, marks, checks";

/// Inserts the rows of an imported database into an empty one with the same table, through a prepared statement of
/// SQLite's own interface, as durable as the exchange; only the inserting is timed.
pub fn sqlite(imported: &Path, directory: &Path) -> Result<Duration> {
    let source = rusqlite::Connection::open(imported)?;
    let target = rusqlite::Connection::open(directory.join("raw.db"))?;
    target.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")?;
    let mut schema = source.prepare(
        "SELECT sql FROM sqlite_schema WHERE tbl_name = 'record' AND sql IS NOT NULL ORDER BY type DESC",
    )?;
    for statement in schema.query_map([], |row| row.get::<_, String>(0))? {
        target.execute_batch(&statement?)?;
    }
    // In the order they came in, as an import inserts them.
    let mut rows = source.prepare(&format!("SELECT {COLUMNS} FROM record ORDER BY batch_id"))?;
    let mut rows = rows.query([])?;
    let mut insert = target.prepare(&format!("INSERT INTO record ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)"))?;
    let mut took = Duration::ZERO;
    loop {
        let mut set: Vec<Vec<Value>> = Vec::with_capacity(ROWS_A_TRANSACTION);
        while set.len() < ROWS_A_TRANSACTION {
            let Some(row) = rows.next()? else { break };
            set.push((0..9).map(|at| row.get(at)).collect::<rusqlite::Result<_>>()?);
        }
        if set.is_empty() {
            return Ok(took);
        }
        let start = Instant::now();
        target.execute_batch("BEGIN IMMEDIATE")?;
        for row in &set {
            insert.execute(rusqlite::params_from_iter(row))?;
        }
        target.execute_batch("COMMIT")?;
        took += start.elapsed();
    }
}

/// Copies the imported rows out to a file of the server and, timed, back into an empty table with the same columns,
/// key and index.
pub fn postgres(url: &str) -> Result<Duration> {
    let mut connection = PgConnection::establish(url)?;
    let mut execute = |statement: &str| diesel::sql_query(statement).execute(&mut connection);
    let file = std::env::temp_dir().join(format!("shuidaiyi-raw-{}.copy", std::process::id()));
    let file = file.display();
    execute(&format!("COPY (SELECT {COLUMNS} FROM data.record ORDER BY batch_id) TO '{file}'"))?;
    execute("CREATE TABLE raw AS SELECT * FROM data.record WITH NO DATA")?;
    execute("ALTER TABLE raw ADD PRIMARY KEY (taxpayer_id, section, record_key, batch_id)")?;
    execute("CREATE INDEX raw_by_batch ON raw (batch_id)")?;
    let start = Instant::now();
    execute(&format!("COPY raw ({COLUMNS}) FROM '{file}'"))?;
    let took = start.elapsed();
    execute("DROP TABLE raw")?;
    drop(connection);
    std::fs::remove_file(file.to_string())?;
    Ok(took)
}
