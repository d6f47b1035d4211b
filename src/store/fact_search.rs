//! Searching the audit's index: every search walks one index in the order of its answer, and stops at its limit.

use diesel::prelude::*;

use super::db::AnyConnection;
use super::error::StoreResult;
use super::facts::FactRow;
use super::schema::entry_fact;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;

/// What is searched for; what is absent is not asked about.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct FactFilter {
    /// Whose data.
    pub taxpayer: Option<String>,
    /// The member that acted, or that the entry concerns.
    pub member: Option<String>,
    /// What happened.
    pub kind: Option<EntryKind>,
    /// `granted`, or the true reason of a refusal.
    pub outcome: Option<String>,
    /// The bank's case number.
    pub bank_ref: Option<String>,
    /// First instant.
    pub from: Option<Timestamp>,
    /// First instant no longer.
    pub to: Option<Timestamp>,
}

impl FactFilter {
    /// Whether an entry is searched for: what the search of the index does, for entries that it does not hold yet.
    pub fn matches(&self, fact: &FactRow) -> bool {
        let same = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        let at = Timestamp::from_naive(fact.at);
        same(&self.taxpayer, fact.taxpayer_id.as_deref())
            && (same(&self.member, Some(&fact.actor)) || same(&self.member, fact.member.as_deref()))
            && self.kind.is_none_or(|kind| kind.as_str() == fact.kind)
            && same(&self.outcome, fact.outcome.as_deref())
            && same(&self.bank_ref, fact.bank_ref.as_deref())
            && self.from.is_none_or(|from| at >= from)
            && self.to.is_none_or(|to| at < to)
    }
}

/// Which part of the sequence is searched, and in which order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stretch {
    /// First index.
    pub from: i64,
    /// First index no longer.
    pub to: i64,
    /// From the end back.
    pub newest_first: bool,
    /// Rows at most.
    pub limit: i64,
}

/// In which role a member is looked for. Two searches, since one over both roles could walk no index in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum As {
    /// No member is asked for, or it acted.
    Actor,
    /// The entry concerns it, and another acted.
    Concerned,
}

/// A search of the index, not yet run.
pub type Search<'a> = entry_fact::BoxedQuery<'a, <AnyConnection as diesel::Connection>::Backend>;

/// The rows that are searched for, in order.
pub fn search(
    connection: &mut AnyConnection,
    filter: &FactFilter,
    stretch: Stretch,
) -> StoreResult<Vec<FactRow>> {
    let stretch = within(connection, filter, stretch)?;
    let mut rows: Vec<FactRow> = query(filter, stretch, As::Actor).load(connection)?;
    if filter.member.is_some() {
        rows.extend(query(filter, stretch, As::Concerned).load::<FactRow>(connection)?);
        rows.sort_unstable_by_key(|row| if stretch.newest_first { -row.idx } else { row.idx });
        rows.truncate(usize::try_from(stretch.limit).unwrap_or(usize::MAX));
    }
    Ok(rows)
}

/// The stretch cut to the period: instants rise with the index, so that two looks into the index of instants tell.
fn within(connection: &mut AnyConnection, filter: &FactFilter, stretch: Stretch) -> StoreResult<Stretch> {
    let mut cut = stretch;
    if let Some(from) = filter.from {
        let first: Option<i64> = entry_fact::table
            .filter(entry_fact::at.ge(from.naive()))
            .order(entry_fact::at)
            .select(entry_fact::idx)
            .first(connection)
            .optional()?;
        cut.from = cut.from.max(first.unwrap_or(i64::MAX));
    }
    if let Some(to) = filter.to {
        let last: Option<i64> = entry_fact::table
            .filter(entry_fact::at.lt(to.naive()))
            .order(entry_fact::at.desc())
            .select(entry_fact::idx)
            .first(connection)
            .optional()?;
        cut.to = cut.to.min(last.map_or(0, |last| last.saturating_add(1)));
    }
    Ok(cut)
}

/// The statement of a search.
pub fn query<'a>(filter: &FactFilter, stretch: Stretch, role: As) -> Search<'a> {
    let mut query = entry_fact::table.into_boxed();
    query = query
        .filter(entry_fact::idx.ge(stretch.from))
        .filter(entry_fact::idx.lt(stretch.to))
        .limit(stretch.limit);
    query = match stretch.newest_first {
        true => query.order(entry_fact::idx.desc()),
        false => query.order(entry_fact::idx.asc()),
    };
    if let Some(taxpayer) = filter.taxpayer.clone() {
        query = query.filter(entry_fact::taxpayer_id.eq(taxpayer));
    }
    if let Some(member) = filter.member.clone() {
        query = match role {
            As::Actor => query.filter(entry_fact::actor.eq(member)),
            As::Concerned => query.filter(entry_fact::member.eq(member)),
        };
    }
    if let Some(kind) = filter.kind {
        query = query.filter(entry_fact::kind.eq(kind.as_str()));
    }
    if let Some(outcome) = filter.outcome.clone() {
        query = query.filter(entry_fact::outcome.eq(outcome));
    }
    if let Some(bank_ref) = filter.bank_ref.clone() {
        query = query.filter(entry_fact::bank_ref.eq(bank_ref));
    }
    query
}
