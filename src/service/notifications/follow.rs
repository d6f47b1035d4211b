//! Tells firms of accesses: the ledger's new entries are read off the pull path, a bank's pulls of a day are one notice.
//!
//! Every process follows; a compare-and-swap on the cursor, in the transaction that writes the notices, lets one read on.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::super::Exchange;
use super::super::error::ServiceResult;
use super::{Notice, id_at};
use crate::domain::member::MemberId;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::store::db::AnyConnection;
use crate::store::error::{StoreError, StoreResult};
use crate::store::facts::{self, FactRow};
use crate::store::ledger;
use crate::store::notifications as stored;
use crate::store::sentinels::{self, Cursor};

/// Entries of one transaction: few, so that pulls wait for none of them long.
const STEP: i64 = 200;
/// Steps in one turn.
const STEPS_MAX: usize = 20;
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
            for ((taxpayer, bank, day), counted) in &days {
                tell(c, now, taxpayer, bank, *day, *counted)?;
            }
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
fn tell(
    c: &mut AnyConnection,
    now: Timestamp,
    taxpayer: &str,
    bank: &str,
    day: NaiveDate,
    (provided, refused): Counted,
) -> StoreResult<()> {
    let bank: MemberId = bank.parse().map_err(|e| StoreError::corrupt("ledger_entry", e))?;
    let new = Notice::Accessed { bank: bank.clone(), day, provided, refused };
    let Some(kept) = stored::about(c, taxpayer, &new, now)? else {
        stored::add(c, &id_at(now), taxpayer, &new, now)?;
        return Ok(());
    };
    let Notice::Accessed { provided: before, refused: refused_before, .. } = kept.notice else {
        return Err(StoreError::corrupt("notification", "its kind is not what it says"));
    };
    let (provided, refused) = (before.saturating_add(provided), refused_before.saturating_add(refused));
    stored::change(c, &kept.id, &Notice::Accessed { bank, day, provided, refused })
}
