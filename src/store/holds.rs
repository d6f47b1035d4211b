//! Holds: what the bureau stopped, for how long, and what was lifted again.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::schema::hold;
use crate::domain::hold::{Hold, HoldTarget, Holds};
use crate::domain::timestamp::Timestamp;

#[derive(Queryable, Insertable)]
#[diesel(table_name = hold)]
#[diesel(treat_none_as_default_value = false)]
struct HoldRow {
    id: String,
    target: String,
    value: String,
    reason: String,
    until: Option<NaiveDateTime>,
    placed_at: NaiveDateTime,
    placed_by: String,
    lifted_at: Option<NaiveDateTime>,
    lifted_by: Option<String>,
}

impl HoldRow {
    fn parse(self) -> StoreResult<Hold> {
        let corrupt = |why: &dyn ToString| StoreError::corrupt("hold", why.to_string());
        let kind = self.target.parse().map_err(|e| corrupt(&e))?;
        Ok(Hold {
            target: HoldTarget::parse(kind, &self.value).map_err(|e| corrupt(&e))?,
            id: self.id,
            reason: self.reason,
            until: self.until.map(Timestamp::from_naive),
            placed_at: Timestamp::from_naive(self.placed_at),
            placed_by: self.placed_by,
            lifted_at: self.lifted_at.map(Timestamp::from_naive),
            lifted_by: self.lifted_by,
        })
    }
}

/// The holds that are active at this instant.
pub fn active(connection: &mut AnyConnection, at: Timestamp) -> StoreResult<Holds> {
    let rows: Vec<HoldRow> = on_backend!(connection, c => hold::table
        .filter(hold::lifted_at.is_null())
        .filter(hold::until.is_null().or(hold::until.gt(at.naive())))
        .load(c))?;
    Ok(Holds::new(rows.into_iter().map(HoldRow::parse).collect::<StoreResult<_>>()?))
}

/// The hold with this id, if there is one, locked until the transaction ends.
pub fn lock(connection: &mut AnyConnection, id: &str) -> StoreResult<Option<Hold>> {
    let row: Option<HoldRow> = match connection {
        AnyConnection::Pg(c) => hold::table.find(id).for_update().get_result(c).optional()?,
        AnyConnection::Sqlite(c) => hold::table.find(id).get_result(c).optional()?,
    };
    row.map(HoldRow::parse).transpose()
}

/// The hold with this id, if there is one.
pub fn find(connection: &mut AnyConnection, id: &str) -> StoreResult<Option<Hold>> {
    let row: Option<HoldRow> = on_backend!(connection, c => hold::table.find(id).get_result(c).optional())?;
    row.map(HoldRow::parse).transpose()
}

/// One page of holds by id, after `after`, oldest first.
pub fn page(connection: &mut AnyConnection, after: &str, limit: i64) -> StoreResult<Vec<Hold>> {
    let rows: Vec<HoldRow> =
        hold::table.filter(hold::id.gt(after)).order(hold::id).limit(limit).load(connection)?;
    rows.into_iter().map(HoldRow::parse).collect()
}

/// Adds a hold.
pub fn insert(connection: &mut AnyConnection, new: &Hold) -> StoreResult<()> {
    let row = HoldRow {
        id: new.id.clone(),
        target: new.target.kind().to_string(),
        value: new.target.value().to_owned(),
        reason: new.reason.clone(),
        until: new.until.map(Timestamp::naive),
        placed_at: new.placed_at.naive(),
        placed_by: new.placed_by.clone(),
        lifted_at: new.lifted_at.map(Timestamp::naive),
        lifted_by: new.lifted_by.clone(),
    };
    diesel::insert_into(hold::table).values(&row).execute(connection)?;
    Ok(())
}

/// Lifts a locked hold.
pub fn lift(connection: &mut AnyConnection, id: &str, at: Timestamp, by: &str) -> StoreResult<()> {
    diesel::update(hold::table.find(id))
        .set((hold::lifted_at.eq(at.naive()), hold::lifted_by.eq(by)))
        .execute(connection)?;
    Ok(())
}
