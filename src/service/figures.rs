//! What those who oversee the exchange see of it: counts by bank and day, the newest releases, the
//! ledger's health. Only reads; taxpayers and true reasons are for the bureau alone.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{Days, NaiveDate};

use super::Exchange;
use super::audit::{self, ReadScope};
use super::directory::Caller;
use super::error::ServiceResult;
use crate::domain::denial::Denial;
use crate::domain::member::Role;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::Entry;
use crate::ledger::hash::Hash;
use crate::store::error::StoreResult;
use crate::store::figures::{self, OutcomeCount, ReleaseFilter};
use crate::store::ledger;
use crate::store::members;
use crate::store::releases::{OUTCOME_GRANTED, ReleaseRow};
use crate::store::tree::{damage_at_edge, frontier_at};

/// The smallest id that is made at this instant or later.
pub fn first_id_at(at: Timestamp) -> String {
    let millis = u64::try_from(at.micros().div_euclid(1_000)).unwrap_or(0);
    format!("{:08x}-{:04x}-7000-8000-000000000000", (millis >> 16) & 0xffff_ffff, millis & 0xffff)
}

/// The pulls of one day (Asia/Shanghai).
#[derive(Clone, Debug)]
pub struct Day {
    /// Which day.
    pub date: NaiveDate,
    /// How they were decided, bank by bank.
    pub counts: Vec<OutcomeCount>,
}

impl Day {
    /// How many dossiers left, and how many pulls were refused.
    pub fn totals(&self) -> (u64, u64) {
        let sum =
            |granted| self.counts.iter().filter(|one| one.granted == granted).map(|one| one.count).sum();
        (sum(true), sum(false))
    }
}

/// The pulls of the days `from..=to`, oldest first; at most 92 days, counted back from `to`.
pub async fn by_day(exchange: &Arc<Exchange>, from: NaiveDate, to: NaiveDate) -> ServiceResult<Vec<Day>> {
    const DAYS_MAX: usize = 92;
    let mut dates: Vec<NaiveDate> =
        std::iter::successors(Some(to), |date| date.pred_opt().filter(|date| *date >= from))
            .take(DAYS_MAX)
            .collect();
    dates.reverse();
    exchange
        .blocking(move |e| {
            let day = |date: NaiveDate| {
                let (start, end) = bounds(date);
                let counts = e.ledger.read(|c| figures::outcomes(c, &start, &end))?;
                Ok(Day { date, counts })
            };
            dates.into_iter().map(day).collect()
        })
        .await
}

/// Ids made on that day lie between these, the second excluded.
pub fn bounds(date: NaiveDate) -> (String, String) {
    let next = date.checked_add_days(Days::new(1)).unwrap_or(date);
    (first_id_at(Timestamp::shanghai_midnight(date)), first_id_at(Timestamp::shanghai_midnight(next)))
}

/// The newest releases that match, newest first, as this caller may see them. The read is an entry before this returns.
pub async fn newest_releases(
    exchange: &Arc<Exchange>,
    caller: &Caller,
    filter: ReleaseFilter,
    limit: i64,
) -> ServiceResult<Vec<ReleaseRow>> {
    let asked = serde_json::json!({
        "releases": { "bank": filter.bank, "granted": filter.granted, "from": filter.from_id, "before": filter.before_id }
    });
    let rows = exchange.blocking(move |e| Ok(e.ledger.read(|c| figures::newest(c, &filter, limit))?)).await?;
    audit::record_read(exchange, caller, ReadScope::Entries, exchange.fresh_id(), &asked, None).await?;
    Ok(rows.into_iter().map(|row| seen_by(row, caller)).collect())
}

/// What a caller who is not the bureau sees of a release: neither whose data it was, nor why it was refused, nor what
/// the bank wrote of its own.
fn seen_by(mut row: ReleaseRow, caller: &Caller) -> ReleaseRow {
    if caller.role != Role::Bureau {
        row.taxpayer_id = None;
        row.bank_ref = None;
        row.jwt = None;
        row.ask = String::new();
        if row.outcome != OUTCOME_GRANTED {
            row.outcome = Denial::from_reason(&row.outcome).map_or("refused", Denial::code).to_owned();
        }
    }
    row
}

/// Every member's full name by its slug.
pub async fn names(exchange: &Arc<Exchange>) -> ServiceResult<HashMap<String, String>> {
    let all = exchange.blocking(|e| Ok(e.ledger.read(members::all)?)).await?;
    Ok(all.into_iter().map(|member| (member.id.to_string(), member.name)).collect())
}

/// How the ledger grew and whether it stands.
#[derive(Debug)]
pub struct LedgerHealth {
    /// Entries.
    pub size: u64,
    /// Root of the tree of that size.
    pub root: Hash,
    /// Instant of the newest entry.
    pub newest: Timestamp,
    /// Entries of the last 60 s.
    pub last_minute: u64,
    /// Entries of the last 60 min.
    pub last_hour: u64,
    /// Entries of the last 24 h.
    pub last_day: u64,
    /// Entries hour by hour up to now, oldest first, each with the full hour it began at.
    pub hours: Vec<(Timestamp, u64)>,
    /// What is wrong with the right edge of the stored tree, if anything.
    pub edge_damage: Option<String>,
    /// Whether the root follows from the stored tiles.
    pub root_follows: bool,
}

/// Hours shown.
const HOURS: i64 = 24;
const HOUR_MICROS: i64 = 3_600 * 1_000_000;

/// Reads the ledger's health; recomputes its right edge.
pub async fn ledger_health(exchange: &Arc<Exchange>) -> ServiceResult<LedgerHealth> {
    let now = exchange.clock.now();
    exchange
        .blocking(move |e| {
            Ok(e.ledger.read(|c| {
                let head = ledger::head(c)?;
                let size = head.frontier.size();
                let full_hour = now.plus_micros(-now.micros().rem_euclid(HOUR_MICROS));
                let mut starts = Vec::new();
                let mut from = 0;
                for hour in (0..HOURS).rev() {
                    let start = full_hour.plus_micros(-hour * HOUR_MICROS);
                    from = figures::first_entry_since(c, start, from, size)?;
                    starts.push((start, from));
                }
                let ends = starts.iter().skip(1).map(|(_, from)| *from).chain([size]);
                let hours = starts.iter().zip(ends).map(|((at, from), to)| (*at, to.saturating_sub(*from)));
                let hours = hours.collect();
                let mut since = |micros: i64| {
                    let first = figures::first_entry_since(c, now.plus_micros(-micros), 0, size)?;
                    StoreResult::Ok(size.saturating_sub(first))
                };
                let (last_minute, last_hour, last_day) =
                    (since(60_000_000)?, since(HOUR_MICROS)?, since(24 * HOUR_MICROS)?);
                Ok(LedgerHealth {
                    size,
                    root: head.frontier.root(),
                    newest: head.at,
                    last_minute,
                    last_hour,
                    last_day,
                    hours,
                    edge_damage: damage_at_edge(c, size)?,
                    root_follows: frontier_at(c, size)?.root() == head.frontier.root(),
                })
            })?)
        })
        .await
}

/// How many entries the ledger has, and the newest of them, newest first.
pub async fn newest_entries(exchange: &Arc<Exchange>, count: u64) -> ServiceResult<(u64, Vec<(u64, Entry)>)> {
    exchange
        .blocking(move |e| {
            Ok(e.ledger.read(|c| {
                let size = ledger::head(c)?.frontier.size();
                let mut entries = Vec::new();
                for index in (size.saturating_sub(count)..size).rev() {
                    entries.extend(figures::entry(c, index)?.map(|entry| (index, entry)));
                }
                Ok((size, entries))
            })?)
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_id_of_an_instant_is_below_every_id_made_then() {
        let at: Timestamp = "2026-03-01T08:30:00.001120Z".parse().unwrap();
        let seconds = u64::try_from(at.seconds()).unwrap();
        let made = uuid::Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, 1_120_000));
        let (first, next) = (first_id_at(at), first_id_at(at.plus_micros(1_000)));
        assert!(first <= made.to_string() && made.to_string() < next, "{first} {made} {next}");
    }

    #[test]
    fn a_day_is_that_of_shenzhen() {
        let (start, end) = bounds(NaiveDate::from_ymd_opt(2026, 3, 1).unwrap());
        let at = |text: &str| first_id_at(text.parse().unwrap());
        assert_eq!(start, at("2026-02-28T16:00:00.000000Z"));
        assert_eq!(end, at("2026-03-01T16:00:00.000000Z"));
    }
}
