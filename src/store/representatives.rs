//! Registrations that a delivery is about to replace, for whoever compares whom they name.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::db::{AnyConnection, on_backend};
use super::error::StoreResult;
use crate::domain::section::Section;
use crate::domain::sections::registration::REGISTRATION_KEY;

/// A registration as a staged delivery has it, and as it stood before.
#[derive(QueryableByName, Clone, Debug)]
pub struct Replaced {
    /// Whose it is.
    #[diesel(sql_type = Text)]
    pub taxpayer_id: String,
    /// The body that is staged.
    #[diesel(sql_type = Text)]
    pub newer: String,
    /// The body before it.
    #[diesel(sql_type = Text)]
    pub older: String,
}

/// One page of the registrations that a staged delivery replaces, by taxpayer after `after`. A first registration
/// replaces none.
pub fn replaced(
    connection: &mut AnyConnection,
    batch_id: &str,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<Replaced>> {
    const STATEMENT: &str = "SELECT record.taxpayer_id AS taxpayer_id, record.body AS newer, earlier.body AS older \
        FROM record JOIN record AS earlier ON earlier.taxpayer_id = record.taxpayer_id \
        AND earlier.section = record.section AND earlier.record_key = record.record_key \
        AND earlier.batch_id = (SELECT max(any_earlier.batch_id) FROM record AS any_earlier \
            WHERE any_earlier.taxpayer_id = record.taxpayer_id AND any_earlier.section = record.section \
            AND any_earlier.record_key = record.record_key AND any_earlier.batch_id < record.batch_id) \
        WHERE record.batch_id = $1 AND record.section = $2 AND record.record_key = $3 AND record.taxpayer_id > $4 \
        ORDER BY record.taxpayer_id LIMIT $5";
    Ok(on_backend!(connection, c => diesel::sql_query(STATEMENT)
        .bind::<Text, _>(batch_id)
        .bind::<Text, _>(Section::Registration.as_str())
        .bind::<Text, _>(REGISTRATION_KEY)
        .bind::<Text, _>(after)
        .bind::<BigInt, _>(limit)
        .load(c))?)
}
