//! Statements that a test makes past the program: to look, to age, to corrupt.

use diesel::sql_types::{BigInt, Binary};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use shuidaiyi::store::db::{AnyConnection, Db, Location};

use super::Site;

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Bytes {
    #[diesel(sql_type = Binary)]
    b: Vec<u8>,
}

/// A connection pool of the test's own to the site's ledger, also while no gateway runs here.
pub fn ledger(site: &Site) -> Db {
    open(site.config.places().expect("places").ledger)
}

/// The same to its records.
pub fn data(site: &Site) -> Db {
    open(site.config.places().expect("places").data)
}

fn open(location: Location) -> Db {
    Db::open(location, 2).expect("open")
}

/// Runs statements one after the other.
pub fn execute(db: &Db, statements: &[&str]) {
    db.write(|connection| {
        for statement in statements {
            match connection {
                AnyConnection::Pg(c) => sql_query(*statement).execute(c)?,
                AnyConnection::Sqlite(c) => sql_query(*statement).execute(c)?,
            };
        }
        Ok(())
    })
    .expect("statement");
}

/// One number: `query` calls it `n`.
pub fn number(db: &Db, query: &str) -> i64 {
    let row: Number = db
        .read(|connection| {
            Ok(match connection {
                AnyConnection::Pg(c) => sql_query(query).get_result(c)?,
                AnyConnection::Sqlite(c) => sql_query(query).get_result(c)?,
            })
        })
        .expect("query");
    row.n
}

/// Flips one bit of a stored blob.
pub fn flip(db: &Db, table: &str, column: &str, row: &str) {
    let select = format!("SELECT {column} AS b FROM {table} WHERE {row}");
    db.write(|connection| {
        let found: Bytes = match connection {
            AnyConnection::Pg(c) => sql_query(&select).get_result(c)?,
            AnyConnection::Sqlite(c) => sql_query(&select).get_result(c)?,
        };
        let mut bytes = found.b;
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let update = |literal: String| format!("UPDATE {table} SET {column} = {literal} WHERE {row}");
        match connection {
            AnyConnection::Pg(c) => sql_query(update(format!("decode('{hex}', 'hex')"))).execute(c)?,
            AnyConnection::Sqlite(c) => sql_query(update(format!("X'{hex}'"))).execute(c)?,
        };
        Ok(())
    })
    .expect("flip");
}
