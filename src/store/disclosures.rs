//! Ready disclosures: salted, encoded and hashed when built, so that a pull only copies them.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::query_dsl::methods::FilterDsl;
use diesel::upsert::excluded;

use super::db::{AnyConnection, on_backend};
use super::error::StoreResult;
use super::schema::disclosure;

/// A disclosure made for one bank.
#[derive(Queryable, Insertable, Clone, Debug)]
#[diesel(table_name = disclosure)]
#[diesel(treat_none_as_default_value = false)]
pub struct DisclosureRow {
    /// Whose data.
    pub taxpayer_id: String,
    /// For which bank.
    pub bank: String,
    /// Which section.
    pub section: String,
    /// Everything else its bytes depend on: window, profile, encoder, salt epoch, standing, personal data.
    pub variant: String,
    /// base64url SHA-256 of `encoded`.
    pub digest: String,
    /// First day on which it says something else though nothing is delivered: it counts as stale, or a notice runs out.
    pub stale_after: Option<NaiveDate>,
    /// Whether it stands until a delivery speaks of this taxpayer: without records, it is outdated by any of its section.
    pub present: bool,
    /// Ledger size at which it was built: what was annotated since outdates it.
    pub as_of_index: i64,
    /// The disclosure as it stands in a dossier.
    pub encoded: String,
}

/// A bank's ready disclosure of one section, if it was built before.
pub fn find(
    connection: &mut AnyConnection,
    taxpayer: &str,
    bank: &str,
    section: &str,
    variant: &str,
) -> StoreResult<Option<DisclosureRow>> {
    Ok(
        on_backend!(connection, c => disclosure::table.find((taxpayer, bank, section, variant)).get_result(c).optional())?,
    )
}

/// Keeps a disclosure unless one built at a later size is there already.
pub fn keep(connection: &mut AnyConnection, row: &DisclosureRow) -> StoreResult<()> {
    on_backend!(connection, c => {
        let upsert = diesel::insert_into(disclosure::table)
            .values(row)
            .on_conflict((disclosure::taxpayer_id, disclosure::bank, disclosure::section, disclosure::variant))
            .do_update()
            .set((
                disclosure::digest.eq(excluded(disclosure::digest)),
                disclosure::stale_after.eq(excluded(disclosure::stale_after)),
                disclosure::present.eq(excluded(disclosure::present)),
                disclosure::as_of_index.eq(excluded(disclosure::as_of_index)),
                disclosure::encoded.eq(excluded(disclosure::encoded)),
            ));
        FilterDsl::filter(upsert, disclosure::as_of_index.le(excluded(disclosure::as_of_index))).execute(c)
    })?;
    Ok(())
}

/// Notes that a disclosure was found to hold at a later ledger size too.
pub fn confirm(connection: &mut AnyConnection, row: &DisclosureRow, as_of_index: i64) -> StoreResult<()> {
    let key = (&row.taxpayer_id, &row.bank, &row.section, &row.variant);
    on_backend!(connection, c => diesel::update(QueryDsl::filter(
            QueryDsl::filter(disclosure::table.find(key), disclosure::as_of_index.eq(row.as_of_index)),
            disclosure::digest.eq(&row.digest),
        ))
        .set(disclosure::as_of_index.eq(as_of_index))
        .execute(c))?;
    Ok(())
}
