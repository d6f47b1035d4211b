//! S6 `objection`: the firm says "I dispute this access". One is enough.

use super::{Finding, SentinelOptions, SentinelRule};

/// What an objection to a release amounts to, if the rule is on. `through` is the index of the release's entry.
pub fn judge(
    options: &SentinelOptions,
    bank: &str,
    taxpayer: Option<&str>,
    release: &str,
    through: u64,
) -> Option<Finding> {
    options.objections.then(|| Finding {
        rule: SentinelRule::Objection,
        bank: bank.to_owned(),
        cause: release.to_owned(),
        taxpayer: taxpayer.map(str::to_owned),
        releases: vec![release.to_owned()],
        through,
        detail: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fires_unless_it_is_off() {
        let found = judge(&SentinelOptions::default(), "a", Some("t"), "r-1", 4).unwrap();
        assert_eq!((found.cause.as_str(), found.releases), ("r-1", vec!["r-1".to_owned()]));
        let off = SentinelOptions { objections: false, ..SentinelOptions::default() };
        assert_eq!(judge(&off, "a", Some("t"), "r-1", 4), None);
    }
}
