//! S1 `many-banks`: one taxpayer pulled by many banks within a short time.
//!
//! Each of the banks gets a case of its own, about its own pulls: none learns of the others.

use std::collections::{BTreeMap, BTreeSet};

use super::{Fact, FactOutcome, Finding, SentinelOptions, SentinelRule, newest_releases, number};

/// Judges the pulls of one taxpayer, in the order of the ledger. Findings end at a fact whose index is `from` or later.
pub fn judge(options: &SentinelOptions, facts: &[Fact], from: u64) -> Vec<Finding> {
    let granted: Vec<&Fact> = facts.iter().filter(|fact| fact.outcome == FactOutcome::Granted).collect();
    let window = i64::from(options.many_banks_minutes) * 60_000_000;
    let mut found: BTreeMap<&str, Finding> = BTreeMap::new();
    if options.many_banks == 0 {
        return Vec::new();
    }
    for (place, newest) in granted.iter().enumerate().filter(|(_, fact)| fact.index >= from) {
        let inside: Vec<&Fact> = granted[..=place]
            .iter()
            .filter(|fact| newest.at.since_micros(fact.at) < window)
            .copied()
            .collect();
        let banks: BTreeSet<&str> = inside.iter().map(|fact| fact.bank.as_str()).collect();
        if number(banks.len()) < u64::from(options.many_banks) {
            continue;
        }
        for bank in &banks {
            let own: Vec<&Fact> = inside.iter().filter(|fact| fact.bank == *bank).copied().collect();
            let Some(last) = own.last() else { continue };
            let finding = Finding {
                rule: SentinelRule::ManyBanks,
                bank: (*bank).to_owned(),
                cause: newest.taxpayer.clone().unwrap_or_default(),
                taxpayer: newest.taxpayer.clone(),
                releases: newest_releases(own.iter().copied()),
                through: last.index,
                detail: vec![
                    ("banks", number(banks.len())),
                    ("threshold", u64::from(options.many_banks)),
                    ("minutes", u64::from(options.many_banks_minutes)),
                ],
            };
            found.insert(bank, finding);
        }
    }
    found.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fact, refused};
    use super::*;

    fn options() -> SentinelOptions {
        SentinelOptions { many_banks: 3, ..SentinelOptions::default() }
    }

    #[test]
    fn fires_for_each_bank_apart() {
        let facts = [fact(1, 0, "a"), fact(2, 10, "b"), fact(3, 20, "a"), fact(4, 59, "c")];
        let found = judge(&options(), &facts, 4);
        let told: Vec<(&str, Vec<&str>, u64)> = found
            .iter()
            .map(|f| (f.bank.as_str(), f.releases.iter().map(String::as_str).collect(), f.through))
            .collect();
        assert_eq!(
            told,
            [("a", vec!["r-1", "r-3"], 3), ("b", vec!["r-2"], 2), ("c", vec!["r-4"], 4)],
            "each its own releases"
        );
    }

    #[test]
    fn stays_silent() {
        let silent: [&[Fact]; 4] = [
            &[fact(1, 0, "a"), fact(2, 1, "b"), fact(3, 2, "a"), fact(4, 3, "b")],
            &[fact(1, 0, "a"), fact(2, 30, "b"), fact(3, 60, "c")],
            &[fact(1, 0, "a"), fact(2, 1, "b"), refused(3, 2, "c")],
            &[],
        ];
        for facts in silent {
            assert_eq!(judge(&options(), facts, 0), [], "{facts:?}");
        }
        let all = [fact(1, 0, "a"), fact(2, 0, "b"), fact(3, 0, "c")];
        assert_eq!(judge(&options(), &all, 4), [], "found before");
        assert_eq!(judge(&SentinelOptions { many_banks: 0, ..options() }, &all, 0), [], "off");
    }
}
