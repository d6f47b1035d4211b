//! Tells firms of accesses: the ledger's new entries are read off the pull path, a bank's pulls of a day are one notice.
//!
//! Every process follows; a compare-and-swap on the cursor, in the transaction that writes the notices, lets one read on.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use super::super::Exchange;
use super::super::error::ServiceResult;
use super::{Notice, id_at};
use crate::domain::member::MemberId;
use crate::domain::notice::NoticeKind;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::store::db::AnyConnection;
use crate::store::error::{StoreError, StoreResult};
use crate::store::facts::{self, FactRow};
use crate::store::ledger;
use crate::store::notifications::{self as stored, Notification};
use crate::store::sentinels::{self, Cursor};

/// Entries of one transaction: few, so that pulls wait for none of them long.
const STEP: i64 = 500;
/// Steps in one turn.
const STEPS_MAX: usize = 8;
/// Accesses that are older when they are first read are told nobody: a ledger that was there before the notices.
const TOLD_MICROS: i64 = 7 * 86_400_000_000;

/// Reads on from where the last turn ended, up to 4,000 entries. Blocks on the database.
pub fn follow(exchange: &Exchange) -> ServiceResult<()> {
    for _ in 0..STEPS_MAX {
        if !step(exchange)? {
            break;
        }
    }
    Ok(())
}

/// One step; `false` if there was nothing to read.
fn step(exchange: &Exchange) -> ServiceResult<bool> {
    let now = exchange.clock.now();
    let oldest = now.plus_micros(-TOLD_MICROS);
    let read = exchange.ledger.read(|c| {
        let from = sentinels::position(c, Cursor::Notices)?;
        let size = i64::try_from(ledger::head(c)?.frontier.size()).unwrap_or(i64::MAX);
        let to = size.min(from.saturating_add(STEP));
        if to <= from {
            return Ok(None);
        }
        Ok(Some((from, to, days(&facts::describe(c, from, to)?, oldest)?)))
    })?;
    let Some((from, to, days)) = read else { return Ok(false) };
    exchange.ledger.write(move |c| {
        if sentinels::advance(c, Cursor::Notices, from, to)? {
            tell(c, now, days)?;
        }
        Ok(())
    })?;
    Ok(true)
}

/// Pulls after which data left, and pulls refused.
type Counted = (u32, u32);
type Days = BTreeMap<(String, String, NaiveDate), Counted>;

/// New pulls by firm, bank and day.
fn days(facts: &[FactRow], oldest: Timestamp) -> StoreResult<Days> {
    let mut days = Days::new();
    for fact in facts {
        let Some(taxpayer) = &fact.taxpayer_id else { continue };
        let at = Timestamp::from_naive(fact.at);
        let add = match fact.kind.parse() {
            Ok(EntryKind::ReleaseGranted | EntryKind::ReleaseRepeated) => (1, 0),
            Ok(EntryKind::ReleaseRefused) => (0, 1),
            _other => continue,
        };
        if at > oldest {
            let key = (taxpayer.clone(), fact.actor.clone(), at.shanghai_date());
            let counted = days.entry(key).or_default();
            *counted = (counted.0 + add.0, counted.1 + add.1);
        }
    }
    Ok(days)
}

/// One notice a firm, bank and day: the first pull makes it, later ones count on.
fn tell(c: &mut AnyConnection, now: Timestamp, days: Days) -> StoreResult<()> {
    let mut told = Vec::with_capacity(days.len());
    for ((taxpayer, bank, day), (provided, refused)) in days {
        let bank: MemberId = bank.parse().map_err(|e| StoreError::corrupt("ledger_entry", e))?;
        told.push((taxpayer, Notice::Accessed { bank, day, provided, refused }));
    }
    let taxpayers: Vec<&str> = told.iter().map(|(taxpayer, _)| taxpayer.as_str()).collect();
    let things: BTreeSet<String> = told.iter().map(|(_, notice)| notice.about(now)).collect();
    let things: Vec<String> = things.into_iter().collect();
    // Only who moves the cursor on makes these, so none comes between.
    let kept = stored::about_any(c, NoticeKind::Accessed, &taxpayers, &things)?;
    let mut kept: HashMap<(String, String), Notification> =
        kept.into_iter().map(|(thing, one)| ((one.taxpayer_id.clone(), thing), one)).collect();
    let mut new = Vec::new();
    for (taxpayer, notice) in &told {
        match kept.remove(&(taxpayer.clone(), notice.about(now))) {
            Some(before) => stored::change(c, &before.id, &counted_on(&before.notice, notice)?)?,
            None => new.push((id_at(now), taxpayer.as_str(), notice.clone())),
        }
    }
    stored::add_new(c, &new, now)
}

/// What was told before, and what came since.
fn counted_on(before: &Notice, since: &Notice) -> StoreResult<Notice> {
    match (before, since) {
        (
            Notice::Accessed { provided: p, refused: r, .. },
            Notice::Accessed { bank, day, provided, refused },
        ) => Ok(Notice::Accessed {
            bank: bank.clone(),
            day: *day,
            provided: p.saturating_add(*provided),
            refused: r.saturating_add(*refused),
        }),
        (_, _) => Err(StoreError::corrupt("notification", "its kind is not what it says")),
    }
}
