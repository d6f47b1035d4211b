//! S2 `unusual-hours`: many pulls of one bank in one night, when nobody sits at a desk.

use chrono::{Datelike, Days, NaiveDate, TimeDelta, Timelike};

use super::{Fact, FactOutcome, Finding, SentinelOptions, SentinelRule, newest_releases, number};
use crate::domain::timestamp::Timestamp;

/// Asia/Shanghai is so many hours ahead of UTC.
const SHANGHAI_HOURS: i64 = 8;

/// The day on which the night began that this instant lies in, if it lies in one.
pub fn night_of(options: &SentinelOptions, at: Timestamp) -> Option<NaiveDate> {
    let local = at.utc().naive_utc() + TimeDelta::hours(SHANGHAI_HOURS);
    let (hour, from, to) = (local.hour(), options.unusual_hours_from, options.unusual_hours_to);
    let today = local.date();
    if from < to {
        return (from <= hour && hour < to).then_some(today);
    }
    match (hour >= from, hour < to) {
        (true, _) => Some(today),
        (false, true) => today.checked_sub_days(Days::new(1)),
        (false, false) => None,
    }
}

/// The first instant of the night that began on this day.
pub fn beginning(options: &SentinelOptions, night: NaiveDate) -> Timestamp {
    Timestamp::shanghai_midnight(night).plus_micros(i64::from(options.unusual_hours_from) * 3_600_000_000)
}

/// Judges the pulls of one bank, in the order of the ledger, of which the newest is new.
pub fn judge(options: &SentinelOptions, facts: &[Fact]) -> Option<Finding> {
    let newest = facts.iter().rfind(|fact| fact.outcome == FactOutcome::Granted)?;
    let night = night_of(options, newest.at)?;
    let own: Vec<&Fact> = facts
        .iter()
        .filter(|fact| fact.outcome == FactOutcome::Granted && night_of(options, fact.at) == Some(night))
        .collect();
    let threshold = u64::from(options.unusual_hours_pulls);
    (threshold > 0 && number(own.len()) >= threshold).then(|| Finding {
        rule: SentinelRule::UnusualHours,
        bank: newest.bank.clone(),
        cause: format!("{:04}-{:02}-{:02}", night.year(), night.month(), night.day()),
        taxpayer: None,
        releases: newest_releases(own.iter().copied()),
        through: newest.index,
        detail: vec![("pulls", number(own.len())), ("threshold", threshold)],
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fact, refused};
    use super::*;

    fn options() -> SentinelOptions {
        SentinelOptions { unusual_hours_pulls: 3, ..SentinelOptions::default() }
    }

    #[test]
    fn fires_once_a_night_has_enough() {
        // 23:30 the day before, 0:10 and 5:59.
        let facts = [fact(1, -30, "a"), fact(2, 10, "a"), fact(3, 359, "a")];
        let found = judge(&options(), &facts).unwrap();
        assert_eq!((found.cause.as_str(), found.through), ("2026-03-01", 3));
        assert_eq!(found.releases, ["r-1", "r-2", "r-3"]);
        assert_eq!(beginning(&options(), "2026-03-01".parse().unwrap()), fact(0, -60, "a").at);
    }

    #[test]
    fn stays_silent() {
        let silent: [&[Fact]; 5] = [
            &[fact(1, -30, "a"), fact(2, 10, "a")],
            // By day, however many.
            &[fact(1, 360, "a"), fact(2, 600, "a"), fact(3, 1_000, "a"), fact(4, 1_379, "a")],
            // Two nights.
            &[fact(1, 10, "a"), fact(2, 20, "a"), fact(3, 1_390, "a")],
            &[fact(1, 10, "a"), fact(2, 20, "a"), refused(3, 30, "a")],
            &[],
        ];
        for facts in silent {
            assert_eq!(judge(&options(), facts), None, "{facts:?}");
        }
        let many = [fact(1, 1, "a"), fact(2, 2, "a"), fact(3, 3, "a")];
        assert_eq!(judge(&SentinelOptions { unusual_hours_pulls: 0, ..options() }, &many), None, "off");
    }

    #[test]
    fn a_window_may_lie_within_one_day() {
        let lunch = SentinelOptions { unusual_hours_from: 12, unusual_hours_to: 14, ..options() };
        assert_eq!(night_of(&lunch, fact(0, 13 * 60, "a").at), "2026-03-02".parse().ok());
        assert_eq!(night_of(&lunch, fact(0, 14 * 60, "a").at), None);
    }
}
