//! S3 `refusal-runs`: a bank whose pulls are refused again and again, as those of one that probes would be.

use super::{Fact, FactOutcome, Finding, SentinelOptions, SentinelRule, newest_releases, number};

/// Judges the pulls of one bank, in the order of the ledger. A finding ends at a refusal whose index is `from` or later.
pub fn judge(options: &SentinelOptions, facts: &[Fact], from: u64) -> Option<Finding> {
    let judged: Vec<&Fact> = facts.iter().filter(|fact| fact.outcome != FactOutcome::Held).collect();
    let length = usize::try_from(options.refusals_of).unwrap_or(usize::MAX);
    let window = i64::from(options.refusals_minutes) * 60_000_000;
    let threshold = u64::from(options.refusals);
    if threshold == 0 {
        return None;
    }
    (0..judged.len()).rev().find_map(|place| {
        let newest = judged[place];
        if newest.index < from || newest.outcome != FactOutcome::Refused {
            return None;
        }
        let last = &judged[(place + 1).saturating_sub(length)..=place];
        let refused: Vec<&Fact> = last
            .iter()
            .filter(|fact| fact.outcome == FactOutcome::Refused && newest.at.since_micros(fact.at) < window)
            .copied()
            .collect();
        (number(refused.len()) >= threshold).then(|| Finding {
            rule: SentinelRule::RefusalRuns,
            bank: newest.bank.clone(),
            cause: String::new(),
            taxpayer: None,
            releases: newest_releases(refused.iter().copied()),
            through: newest.index,
            detail: vec![
                ("refused", number(refused.len())),
                ("of", number(last.len())),
                ("threshold", threshold),
            ],
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fact, refused};
    use super::*;

    fn options() -> SentinelOptions {
        SentinelOptions { refusals: 3, refusals_of: 5, ..SentinelOptions::default() }
    }

    #[test]
    fn fires_on_a_run_also_with_grants_in_between() {
        let facts =
            [refused(1, 0, "a"), fact(2, 1, "a"), refused(3, 2, "a"), fact(4, 3, "a"), refused(5, 4, "a")];
        let found = judge(&options(), &facts, 5).unwrap();
        assert_eq!((found.releases, found.through), (vec!["r-1".into(), "r-3".into(), "r-5".into()], 5));
        // Grants that follow in the same turn do not hide it.
        let mut more = facts.to_vec();
        more.extend((6..20).map(|n| fact(n, 5, "a")));
        assert_eq!(judge(&options(), &more, 5).unwrap().through, 5);
    }

    #[test]
    fn stays_silent() {
        let silent: [Vec<Fact>; 5] = [
            vec![refused(1, 0, "a"), refused(2, 1, "a"), fact(3, 2, "a")],
            // Three among six.
            vec![
                refused(1, 0, "a"),
                refused(2, 0, "a"),
                fact(3, 1, "a"),
                fact(4, 2, "a"),
                fact(5, 3, "a"),
                fact(6, 3, "a"),
                refused(7, 4, "a"),
            ],
            // Spread over more than the window.
            vec![refused(1, 0, "a"), refused(2, 30, "a"), refused(3, 60, "a")],
            // The bureau's own holds.
            (1..9).map(|n| Fact { outcome: FactOutcome::Held, ..refused(n, 0, "a") }).collect(),
            vec![],
        ];
        for facts in &silent {
            assert_eq!(judge(&options(), facts, 0), None, "{facts:?}");
        }
        let run = [refused(1, 0, "a"), refused(2, 0, "a"), refused(3, 0, "a")];
        assert_eq!(judge(&options(), &run, 4), None, "found before");
        assert_eq!(judge(&SentinelOptions { refusals: 0, ..options() }, &run, 0), None, "off");
    }
}
