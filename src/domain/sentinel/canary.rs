//! S5 `canary`: a pull, granted or refused, of a taxpayer that nobody has reason to pull.

use std::collections::{BTreeMap, HashSet};

use super::{Fact, Finding, SentinelOptions, SentinelRule, newest_releases};

/// Judges new pulls against the registered canaries: one finding for each bank and canary.
pub fn judge(options: &SentinelOptions, facts: &[Fact], canaries: &HashSet<String>) -> Vec<Finding> {
    if !options.canaries || canaries.is_empty() {
        return Vec::new();
    }
    let mut met: BTreeMap<(&str, &str), Vec<&Fact>> = BTreeMap::new();
    for fact in facts {
        let touched: HashSet<&String> = [&fact.taxpayer, &fact.named].into_iter().flatten().collect();
        for taxpayer in touched.into_iter().filter(|taxpayer| canaries.contains(*taxpayer)) {
            met.entry((&fact.bank, taxpayer)).or_default().push(fact);
        }
    }
    met.into_iter()
        .filter_map(|((bank, taxpayer), facts)| {
            let newest = facts.last()?;
            Some(Finding {
                rule: SentinelRule::Canary,
                bank: bank.to_owned(),
                cause: taxpayer.to_owned(),
                taxpayer: Some(taxpayer.to_owned()),
                releases: newest_releases(facts.iter().copied()),
                through: newest.index,
                detail: Vec::new(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fact, refused};
    use super::*;

    fn canaries() -> HashSet<String> {
        HashSet::from(["t".to_owned()])
    }

    #[test]
    fn fires_on_a_grant_a_refusal_and_a_guess() {
        let guess = Fact { taxpayer: None, named: Some("t".into()), ..refused(3, 2, "b") };
        let facts = [fact(1, 0, "a"), refused(2, 1, "a"), guess];
        let found = judge(&SentinelOptions::default(), &facts, &canaries());
        let told: Vec<(&str, usize)> = found.iter().map(|f| (f.bank.as_str(), f.releases.len())).collect();
        assert_eq!(told, [("a", 2), ("b", 1)]);
    }

    #[test]
    fn stays_silent() {
        let other = Fact { taxpayer: Some("u".into()), ..fact(1, 0, "a") };
        assert_eq!(judge(&SentinelOptions::default(), &[other], &canaries()), []);
        assert_eq!(judge(&SentinelOptions::default(), &[fact(1, 0, "a")], &HashSet::new()), []);
        let off = SentinelOptions { canaries: false, ..SentinelOptions::default() };
        assert_eq!(judge(&off, &[fact(1, 0, "a")], &canaries()), []);
    }
}
