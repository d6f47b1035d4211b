//! Cases: what banks were asked to justify, what they said, how it ended.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::ledger::signed;
use super::schema::sentinel_case;
use crate::domain::case::{Answer, Case, CaseStatus, Closure};
use crate::domain::member::MemberId;
use crate::domain::sentinel::SentinelRule;
use crate::domain::timestamp::Timestamp;

#[derive(Queryable, Insertable)]
#[diesel(table_name = sentinel_case)]
#[diesel(treat_none_as_default_value = false)]
struct CaseRow {
    id: String,
    rule: String,
    bank: String,
    cause: String,
    taxpayer_id: Option<String>,
    releases: String,
    detail: String,
    through: i64,
    status: String,
    opened_at: NaiveDateTime,
    answer: Option<String>,
    answered_at: Option<NaiveDateTime>,
    outcome: Option<String>,
    note: Option<String>,
    closed_at: Option<NaiveDateTime>,
}

impl CaseRow {
    fn parse(self) -> StoreResult<Case> {
        let corrupt = |why: &dyn ToString| StoreError::corrupt("sentinel_case", why.to_string());
        let answer = self.answer.zip(self.answered_at);
        let closure = match (self.outcome, self.closed_at) {
            (Some(outcome), Some(at)) => Some(Closure {
                outcome: outcome.parse().map_err(|e| corrupt(&e))?,
                note: self.note.unwrap_or_default(),
                at: Timestamp::from_naive(at),
            }),
            (_, _) => None,
        };
        Ok(Case {
            id: self.id,
            rule: self.rule.parse().map_err(|e| corrupt(&e))?,
            bank: self.bank.parse().map_err(|e| corrupt(&e))?,
            cause: self.cause,
            taxpayer: self.taxpayer_id,
            releases: self.releases.split_whitespace().map(str::to_owned).collect(),
            detail: serde_json::from_str(&self.detail).map_err(|e| corrupt(&e))?,
            through: u64::try_from(self.through).map_err(|e| corrupt(&e))?,
            opened_at: Timestamp::from_naive(self.opened_at),
            answer: answer.map(|(text, at)| Answer { text, at: Timestamp::from_naive(at) }),
            closure,
        })
    }
}

/// The case with this id, if there is one.
pub fn find(connection: &mut AnyConnection, id: &str) -> StoreResult<Option<Case>> {
    let row: Option<CaseRow> =
        on_backend!(connection, c => sentinel_case::table.find(id).get_result(c).optional())?;
    row.map(CaseRow::parse).transpose()
}

/// The same, locked until the transaction ends.
pub fn lock(connection: &mut AnyConnection, id: &str) -> StoreResult<Option<Case>> {
    let row: Option<CaseRow> = match connection {
        AnyConnection::Pg(c) => sentinel_case::table.find(id).for_update().get_result(c).optional()?,
        AnyConnection::Sqlite(c) => sentinel_case::table.find(id).get_result(c).optional()?,
    };
    row.map(CaseRow::parse).transpose()
}

/// The newest case of this rule, bank and cause.
pub fn newest_about(
    connection: &mut AnyConnection,
    rule: SentinelRule,
    bank: &str,
    cause: &str,
) -> StoreResult<Option<Case>> {
    let row: Option<CaseRow> = on_backend!(connection, c => sentinel_case::table
        .filter(sentinel_case::bank.eq(bank))
        .filter(sentinel_case::rule.eq(rule.as_str()))
        .filter(sentinel_case::cause.eq(cause))
        .order(sentinel_case::id.desc())
        .first(c)
        .optional())?;
    row.map(CaseRow::parse).transpose()
}

/// One page of cases by id, after `after`, oldest first: a bank's own or everyone's, in one status or in any.
pub fn page(
    connection: &mut AnyConnection,
    bank: Option<&MemberId>,
    status: Option<CaseStatus>,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<Case>> {
    let mut query = sentinel_case::table
        .filter(sentinel_case::id.gt(after))
        .order(sentinel_case::id)
        .limit(limit)
        .into_boxed();
    if let Some(bank) = bank {
        query = query.filter(sentinel_case::bank.eq(bank.as_str().to_owned()));
    }
    if let Some(status) = status {
        query = query.filter(sentinel_case::status.eq(status.as_str()));
    }
    let rows: Vec<CaseRow> = query.load(connection)?;
    rows.into_iter().map(CaseRow::parse).collect()
}

/// Adds a case as opened. `Duplicate` if one of the same rule, bank and cause is not closed.
pub fn insert(connection: &mut AnyConnection, new: &Case) -> StoreResult<()> {
    let row = CaseRow {
        id: new.id.clone(),
        rule: new.rule.to_string(),
        bank: new.bank.to_string(),
        cause: new.cause.clone(),
        taxpayer_id: new.taxpayer.clone(),
        releases: new.releases.join(" "),
        detail: new.detail.to_string(),
        through: signed(new.through)?,
        status: new.status().to_string(),
        opened_at: new.opened_at.naive(),
        answer: None,
        answered_at: None,
        outcome: None,
        note: None,
        closed_at: None,
    };
    diesel::insert_into(sentinel_case::table).values(&row).execute(connection)?;
    Ok(())
}

/// Adds the bank's answer to a locked case.
pub fn answer(connection: &mut AnyConnection, id: &str, answer: &Answer) -> StoreResult<()> {
    diesel::update(sentinel_case::table.find(id))
        .set((
            sentinel_case::status.eq(CaseStatus::Answered.as_str()),
            sentinel_case::answer.eq(&answer.text),
            sentinel_case::answered_at.eq(answer.at.naive()),
        ))
        .execute(connection)?;
    Ok(())
}

/// Closes a locked case.
pub fn close(connection: &mut AnyConnection, id: &str, closure: &Closure) -> StoreResult<()> {
    diesel::update(sentinel_case::table.find(id))
        .set((
            sentinel_case::status.eq(CaseStatus::Closed.as_str()),
            sentinel_case::outcome.eq(closure.outcome.as_str()),
            sentinel_case::note.eq(&closure.note),
            sentinel_case::closed_at.eq(closure.at.naive()),
        ))
        .execute(connection)?;
    Ok(())
}
