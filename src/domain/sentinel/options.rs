//! Thresholds of the sentinels: the section `[sentinels]` of the configuration.

use serde::Deserialize;

/// Thresholds. A rule whose number is 0 is off.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SentinelOptions {
    /// S1: banks that pulled one taxpayer within `many_banks_minutes`.
    pub many_banks: u32,
    /// S1: length of its window in minutes.
    pub many_banks_minutes: u32,
    /// S2: pulls of one bank within one night.
    pub unusual_hours_pulls: u32,
    /// S2: hour at which a night begins, Asia/Shanghai, 0 to 23.
    pub unusual_hours_from: u32,
    /// S2: hour at which it ends.
    pub unusual_hours_to: u32,
    /// S3: refusals among a bank's last `refusals_of` pulls.
    pub refusals: u32,
    /// S3: how many of its last pulls are looked at.
    pub refusals_of: u32,
    /// S3: pulls older than so many minutes are not.
    pub refusals_minutes: u32,
    /// S4: days that an application has to follow a release in; off (0) while the exchange takes no applications.
    pub unused_after_days: u32,
    /// S4: unused releases of one bank on one day.
    pub unused_pulls: u32,
    /// S5: whether a pull of a canary taxpayer opens a case.
    pub canaries: bool,
    /// S6: whether a firm's objection opens a case.
    pub objections: bool,
}

impl Default for SentinelOptions {
    fn default() -> Self {
        Self {
            many_banks: 5,
            many_banks_minutes: 60,
            unusual_hours_pulls: 200,
            unusual_hours_from: 23,
            unusual_hours_to: 6,
            refusals: 20,
            refusals_of: 40,
            refusals_minutes: 60,
            unused_after_days: 0,
            unused_pulls: 50,
            canaries: true,
            objections: true,
        }
    }
}

impl SentinelOptions {
    /// What is wrong with them, naming the key.
    pub fn check(&self) -> Result<(), String> {
        if self.unusual_hours_from > 23 || self.unusual_hours_to > 23 {
            return Err("sentinels.unusual_hours_from and unusual_hours_to must be hours, 0 to 23".into());
        }
        if self.refusals > self.refusals_of || self.refusals_of > 1_000 {
            return Err("sentinels.refusals_of must be at least sentinels.refusals and at most 1000".into());
        }
        if self.unusual_hours_pulls > 10_000 || self.unused_pulls > 10_000 {
            return Err("sentinels.unusual_hours_pulls and unused_pulls must be at most 10000".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_sound_and_nonsense_is_named() {
        assert_eq!(SentinelOptions::default().check(), Ok(()));
        for wrong in [
            SentinelOptions { unusual_hours_to: 24, ..SentinelOptions::default() },
            SentinelOptions { refusals: 41, ..SentinelOptions::default() },
            SentinelOptions { unused_pulls: 10_001, ..SentinelOptions::default() },
        ] {
            assert!(wrong.check().is_err_and(|why| why.starts_with("sentinels.")));
        }
    }
}
