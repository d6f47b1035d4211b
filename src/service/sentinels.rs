//! The sentinels at work: new entries are read off the pull path, judged by the rules of `domain`, and what they find
//! becomes cases.
//!
//! Every process follows; a compare-and-swap on the cursor lets one of them read on. What was judged, the cursor and the
//! cases move in one transaction: nothing is found twice, nothing is missed by a crash.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};

use super::Exchange;
use super::cases;
use super::error::ServiceResult;
use crate::domain::member::Role;
use crate::domain::sentinel::unused_pulls::{self, NoApplications};
use crate::domain::sentinel::{Fact, FactOutcome, Finding, SentinelOptions, SentinelRule};
use crate::domain::sentinel::{canary, many_banks, refusal_runs, unusual_hours};
use crate::domain::timestamp::Timestamp;
use crate::store::db::AnyConnection;
use crate::store::error::StoreResult;
use crate::store::sentinels::{self, Cursor};
use crate::store::{cases as stored, ledger, members};

/// Entries looked at in one step.
const STEP: i64 = 1_000;
/// Steps in one turn: a ledger that grows faster is followed at this pace, so that pulls keep the processor.
const STEPS_MAX: usize = 5;
/// Days judged for unused releases in one turn.
const DAYS_MAX: usize = 31;
/// Pulls that are older when they are first read are not judged: a ledger that was there before the sentinels.
const JUDGED_DAYS: i64 = 7;
/// Microseconds of a day.
const DAY_MICROS: i64 = 86_400_000_000;

/// Reads on from where the last turn ended, up to 5,000 entries. Blocks on the database.
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
    let options = &exchange.sentinels;
    let oldest = exchange.clock.now().plus_micros(-JUDGED_DAYS * DAY_MICROS);
    let read = exchange.ledger.read(|c| {
        let from = sentinels::position(c, Cursor::Entries)?;
        let size = i64::try_from(ledger::head(c)?.frontier.size()).unwrap_or(i64::MAX);
        let to = size.min(from.saturating_add(STEP));
        if to <= from {
            return Ok(None);
        }
        let mut facts = sentinels::facts(c, from, to)?;
        facts.retain(|fact| fact.at > oldest);
        let findings = judge(c, options, &facts)?;
        Ok(Some((from, to, facts, findings)))
    })?;
    let Some((from, to, facts, findings)) = read else { return Ok(false) };
    let moved = move |c: &mut AnyConnection| -> StoreResult<bool> {
        let first = sentinels::advance(c, Cursor::Entries, from, to)?;
        if first {
            sentinels::note_seen(c, &facts)?;
        }
        Ok(first)
    };
    record(exchange, findings, moved)?;
    Ok(true)
}

/// Judges days whose releases have had their time, one after the other. Blocks on the database.
pub fn judge_unused(exchange: &Exchange) -> ServiceResult<()> {
    let options = &exchange.sentinels;
    if options.unused_after_days == 0 {
        return Ok(());
    }
    let waited = i64::from(options.unused_after_days).saturating_add(1).saturating_mul(DAY_MICROS);
    let due = exchange.clock.now().plus_micros(-waited).shanghai_date();
    for _ in 0..DAYS_MAX {
        let from = exchange.ledger.read(|c| sentinels::position(c, Cursor::UnusedPulls))?;
        // The first day ever judged is the newest that is due: what was before the rule was on is not held against anyone.
        let known =
            i32::try_from(from).ok().filter(|days| *days > 0).and_then(NaiveDate::from_num_days_from_ce_opt);
        let day = known.unwrap_or(due);
        if day > due {
            break;
        }
        let findings = exchange.ledger.read(|c| unused_on(c, options, day))?;
        let to = i64::from(day.num_days_from_ce()) + 1;
        record(exchange, findings, move |c| sentinels::advance(c, Cursor::UnusedPulls, from, to))?;
    }
    Ok(())
}

/// Moves the cursor, and in the same transaction opens a case for each finding that needs one.
fn record(
    exchange: &Exchange,
    findings: Vec<Finding>,
    moved: impl FnOnce(&mut AnyConnection) -> StoreResult<bool> + Send + 'static,
) -> ServiceResult<()> {
    let fresh = exchange.ledger.read(|c| {
        findings.into_iter().map(|f| Ok(cases::is_new(c, &f)?.then_some(f))).collect::<StoreResult<Vec<_>>>()
    })?;
    let fresh: Vec<(String, Finding)> =
        fresh.into_iter().flatten().map(|finding| (exchange.fresh_id(), finding)).collect();
    if fresh.is_empty() {
        exchange.ledger.write(moved)?;
        return Ok(());
    }
    exchange.writer.unit_blocking(move |c, now| {
        let mut drafts = Vec::new();
        if moved(c)? {
            for (id, finding) in &fresh {
                drafts.extend(cases::open(c, now, id.clone(), finding)?.1);
            }
        }
        Ok(Ok(((), drafts)))
    })?;
    Ok(())
}

/// What the rules find in new facts, in sight of what was before them.
fn judge(c: &mut AnyConnection, options: &SentinelOptions, facts: &[Fact]) -> StoreResult<Vec<Finding>> {
    let Some(first) = facts.first() else { return Ok(Vec::new()) };
    let canaries = if options.canaries { sentinels::canaries(c)? } else { Default::default() };
    let mut findings = canary::judge(options, facts, &canaries);
    if options.many_banks > 0 {
        for (taxpayer, new) in grouped(facts, granted_taxpayer) {
            let mut window = sentinels::seen(c, taxpayer)?;
            window.extend(new);
            findings.extend(many_banks::judge(options, &window, first.index));
        }
    }
    for (bank, new) in grouped(facts, |fact| Some(&fact.bank)) {
        findings.extend(night_pulls(c, options, bank, &new)?);
        findings.extend(refusals(c, options, bank, new)?);
    }
    Ok(findings)
}

/// The taxpayer of a granted pull.
fn granted_taxpayer(fact: &Fact) -> Option<&String> {
    fact.taxpayer.as_ref().filter(|_| fact.outcome == FactOutcome::Granted)
}

fn grouped<'a>(
    facts: &'a [Fact],
    key: impl Fn(&'a Fact) -> Option<&'a String>,
) -> BTreeMap<&'a str, Vec<Fact>> {
    let mut groups: BTreeMap<&str, Vec<Fact>> = BTreeMap::new();
    for fact in facts {
        if let Some(key) = key(fact) {
            groups.entry(key).or_default().push(fact.clone());
        }
    }
    groups
}

/// S2: each night that a new pull lies in, with as many of the bank's pulls before it as the threshold needs.
fn night_pulls(
    c: &mut AnyConnection,
    options: &SentinelOptions,
    bank: &str,
    new: &[Fact],
) -> StoreResult<Vec<Finding>> {
    let night = |fact: &Fact| {
        (fact.outcome == FactOutcome::Granted).then(|| unusual_hours::night_of(options, fact.at)).flatten()
    };
    let nights: BTreeSet<NaiveDate> = new.iter().filter_map(night).collect();
    let mut findings = Vec::new();
    for date in nights.into_iter().filter(|_| options.unusual_hours_pulls > 0) {
        let tonight: Vec<Fact> = new.iter().filter(|fact| night(fact) == Some(date)).cloned().collect();
        let (from, before) = (first_id(unusual_hours::beginning(options, date)), earliest(&tonight));
        let limit = i64::from(options.unusual_hours_pulls);
        let mut facts = sentinels::pulls_of(c, bank, &from, &before, limit, true)?;
        facts.extend(tonight);
        findings.extend(unusual_hours::judge(options, &facts));
    }
    Ok(findings)
}

/// S3: the new pulls after the bank's last ones before them; what a closed case was about does not count again.
fn refusals(
    c: &mut AnyConnection,
    options: &SentinelOptions,
    bank: &str,
    new: Vec<Fact>,
) -> StoreResult<Option<Finding>> {
    let (Some(first), true) = (new.first().map(|fact| fact.index), options.refusals > 0) else {
        return Ok(None);
    };
    if new.iter().all(|fact| fact.outcome != FactOutcome::Refused) {
        return Ok(None);
    }
    let limit = i64::from(options.refusals_of);
    let mut facts = sentinels::pulls_of(c, bank, "", &earliest(&new), limit, false)?;
    facts.extend(new);
    let ended = stored::newest_about(c, SentinelRule::RefusalRuns, bank, "")?.and_then(|case| case.closure);
    if let Some(closure) = ended {
        facts.retain(|fact| fact.at > closure.at);
    }
    Ok(refusal_runs::judge(options, &facts, first))
}

/// S4: each bank's releases of a day.
fn unused_on(c: &mut AnyConnection, options: &SentinelOptions, day: NaiveDate) -> StoreResult<Vec<Finding>> {
    let start = Timestamp::shanghai_midnight(day);
    let (from, before) = (first_id(start), first_id(start.next_shanghai_midnight()));
    let mut findings = Vec::new();
    for bank in members::all(c)?.into_iter().filter(|member| member.role == Role::Bank) {
        let limit = i64::from(options.unused_pulls);
        let facts = sentinels::pulls_of(c, bank.id.as_str(), &from, &before, limit, true)?;
        findings.extend(unused_pulls::judge(options, day, &facts, &NoApplications));
    }
    Ok(findings)
}

/// The smallest id that a release may have had at this instant: ids are UUIDv7.
fn first_id(at: Timestamp) -> String {
    let millis = u64::try_from(at.micros().div_euclid(1_000)).unwrap_or(0);
    let hex = format!("{millis:012x}");
    let (high, low) = hex.split_at(8);
    format!("{high}-{low}-7000-8000-000000000000")
}

/// The smallest id among facts.
fn earliest(facts: &[Fact]) -> String {
    facts.iter().map(|fact| fact.release.as_str()).min().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_begin_with_their_instant() {
        let at: Timestamp = "2026-03-02T00:00:00.500Z".parse().unwrap();
        let made = uuid::Uuid::new_v7(uuid::Timestamp::from_unix(
            uuid::NoContext,
            u64::try_from(at.seconds()).unwrap(),
            500_000_000,
        ))
        .to_string();
        assert!(first_id(at) <= made && made < first_id(at.plus_micros(1_000)), "{made}");
    }
}
