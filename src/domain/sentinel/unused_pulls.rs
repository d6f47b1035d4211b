//! S4 `unused-pulls`: releases of one bank on one day that no application followed.
//!
//! Off by default: the exchange takes no applications yet, so nothing could follow.

use chrono::NaiveDate;

use super::{Fact, FactOutcome, Finding, SentinelOptions, SentinelRule, newest_releases, number};

/// Whether an application followed a release: what the rule asks of whoever knows.
pub trait Applications {
    /// Whether one rests on this release.
    fn followed(&self, release: &str) -> bool;
}

/// The exchange takes no applications yet: none followed any release.
pub struct NoApplications;

impl Applications for NoApplications {
    fn followed(&self, _release: &str) -> bool {
        false
    }
}

/// Judges one bank's releases of one day, once the days that an application has are over.
pub fn judge(
    options: &SentinelOptions,
    day: NaiveDate,
    facts: &[Fact],
    applications: &impl Applications,
) -> Option<Finding> {
    let unused: Vec<&Fact> = facts
        .iter()
        .filter(|fact| fact.outcome == FactOutcome::Granted && !applications.followed(&fact.release))
        .collect();
    let threshold = u64::from(options.unused_pulls);
    let newest = unused.last()?;
    (options.unused_after_days > 0 && threshold > 0 && number(unused.len()) >= threshold).then(|| Finding {
        rule: SentinelRule::UnusedPulls,
        bank: newest.bank.clone(),
        cause: day.to_string(),
        taxpayer: None,
        releases: newest_releases(unused.iter().copied()),
        through: newest.index,
        detail: vec![
            ("unused", number(unused.len())),
            ("threshold", threshold),
            ("days", u64::from(options.unused_after_days)),
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fact, refused};
    use super::*;

    struct Followed(&'static [&'static str]);

    impl Applications for Followed {
        fn followed(&self, release: &str) -> bool {
            self.0.contains(&release)
        }
    }

    fn options() -> SentinelOptions {
        SentinelOptions { unused_after_days: 30, unused_pulls: 2, ..SentinelOptions::default() }
    }

    #[test]
    fn fires_on_releases_that_led_to_nothing() {
        let day = "2026-03-02".parse().unwrap();
        let facts = [fact(1, 0, "a"), fact(2, 1, "a"), fact(3, 2, "a")];
        let found = judge(&options(), day, &facts, &Followed(&["r-2"])).unwrap();
        assert_eq!((found.cause.as_str(), found.releases), ("2026-03-02", vec!["r-1".into(), "r-3".into()]));
    }

    #[test]
    fn stays_silent() {
        let day = "2026-03-02".parse().unwrap();
        let facts = [fact(1, 0, "a"), fact(2, 1, "a")];
        assert_eq!(judge(&options(), day, &facts, &Followed(&["r-1"])), None, "one of two was used");
        assert_eq!(judge(&options(), day, &[refused(1, 0, "a"), refused(2, 0, "a")], &NoApplications), None);
        assert_eq!(judge(&SentinelOptions::default(), day, &facts, &NoApplications), None, "off by default");
    }
}
