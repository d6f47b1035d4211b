//! Requests that are counted, not recorded one by one: malformed ones, and those over the quota.
//!
//! One entry per member and minute, so that nobody floods the ledger (promise 3).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::NaiveDate;

use super::Exchange;
use super::directory::Caller;
use super::error::{ServiceError, ServiceResult};
use crate::domain::member::{MemberId, wire_enum};
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::store::ledger::{Draft, Field};

const MINUTE_MICROS: i64 = 60_000_000;

wire_enum! {
    /// Why a request is counted.
    pub enum Counted {
        /// Not what the route takes: JSON, fields, sizes, time.
        Malformed = "malformed",
        /// Over the member's quota.
        OverQuota = "over_quota",
        /// Not for the member's role.
        Forbidden = "forbidden",
    }
}

#[derive(Default)]
struct Counts {
    /// By minute and member, so that a minute's entries come in a stable order.
    minutes: BTreeMap<(i64, MemberId), BTreeMap<Counted, u64>>,
    /// Banks seen to have used up a quota, with the quota it was.
    used_up: HashMap<MemberId, (NaiveDate, u64)>,
}

/// The counters of one process.
#[derive(Default)]
pub struct RefusalCounter {
    counts: Mutex<Counts>,
}

impl RefusalCounter {
    /// Counts one request of a member.
    pub fn count(&self, member: &MemberId, why: Counted, now: Timestamp) {
        let minute = now.micros().div_euclid(MINUTE_MICROS);
        *self.lock().minutes.entry((minute, member.clone())).or_default().entry(why).or_default() += 1;
    }

    /// Turns a caller away whose quota was seen used up today: spares the databases what would be refused anyway.
    pub fn check_quota(&self, caller: &Caller, now: Timestamp) -> ServiceResult<()> {
        let seen = self.lock().used_up.get(&caller.member).copied();
        match seen {
            Some((day, quota)) if day == now.shanghai_date() && caller.quota_per_day <= quota => {
                self.count(&caller.member, Counted::OverQuota, now);
                Err(rate_limited(caller, now))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Notes that a caller's quota is used up, counts the request, and says when to come again.
    pub fn quota_used_up(&self, caller: &Caller, now: Timestamp) -> ServiceError {
        self.lock().used_up.insert(caller.member.clone(), (now.shanghai_date(), caller.quota_per_day));
        self.count(&caller.member, Counted::OverQuota, now);
        rate_limited(caller, now)
    }

    /// Takes the counts of minutes that are over, or of all.
    fn take(&self, now: Timestamp, all: bool) -> BTreeMap<(i64, MemberId), BTreeMap<Counted, u64>> {
        let mut counts = self.lock();
        if all {
            return std::mem::take(&mut counts.minutes);
        }
        let open = now.micros().div_euclid(MINUTE_MICROS);
        let mut over = std::mem::take(&mut counts.minutes);
        counts.minutes = over
            .iter()
            .filter(|((minute, _), _)| *minute >= open)
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        over.retain(|(minute, _), _| *minute < open);
        over
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        // A panic elsewhere cannot leave a counter half-changed.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The day's quota is used up: when to come again.
pub(super) fn rate_limited(caller: &Caller, now: Timestamp) -> ServiceError {
    let left = now.next_shanghai_midnight().since_micros(now) / 1_000_000 + 1;
    ServiceError::RateLimited {
        retry_after_s: u64::try_from(left).unwrap_or(1),
        quota_per_day: caller.quota_per_day,
    }
}

/// Records the counts of minutes that are over (`all`: also of the present one, at shutdown). Blocks on the writer.
pub fn record(exchange: &Exchange, all: bool) -> ServiceResult<usize> {
    let taken = exchange.refusals.take(exchange.clock.now(), all);
    if taken.is_empty() {
        return Ok(0);
    }
    let drafts: Vec<Draft> =
        taken.iter().map(|((minute, member), counts)| draft(exchange, *minute, member, counts)).collect();
    let count = drafts.len();
    match exchange.writer.unit_blocking(move |_c, _now| Ok(Ok(((), drafts)))) {
        Ok(_) => Ok(count),
        Err(error) => {
            // Not recorded: they are counted again into the next entry.
            let mut counts = exchange.refusals.lock();
            for (place, kinds) in taken {
                let slot = counts.minutes.entry(place).or_default();
                for (why, number) in kinds {
                    *slot.entry(why).or_default() += number;
                }
            }
            Err(error)
        }
    }
}

fn draft(exchange: &Exchange, minute: i64, member: &MemberId, counts: &BTreeMap<Counted, u64>) -> Draft {
    let start = Timestamp::default().plus_micros(minute.saturating_mul(MINUTE_MICROS));
    let counts: serde_json::Map<String, serde_json::Value> =
        counts.iter().map(|(why, number)| (why.to_string(), (*number).into())).collect();
    Draft {
        kind: EntryKind::RefusalsCounted,
        object_id: exchange.fresh_id(),
        actor: member.to_string(),
        by: "gateway".to_owned(),
        fields: vec![
            ("minute", Field::Plain(start.to_string().into())),
            ("counts", Field::Plain(counts.into())),
        ],
    }
}
