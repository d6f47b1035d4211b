//! Sentinels: rules over the stream of pulls. Pure: each sees a window of facts and says what it finds.
//!
//! A finding is put to the bank as a case. What a rule says of other banks never leaves the bureau.

pub mod canary;
pub mod many_banks;
pub mod objection;
pub mod options;
pub mod refusal_runs;
pub mod unused_pulls;
pub mod unusual_hours;

use super::member::wire_enum;
use super::timestamp::Timestamp;

pub use options::SentinelOptions;

/// Most releases that a case lists.
pub const RELEASES_MAX: usize = 20;

wire_enum! {
    /// The rules, by their stable ids.
    pub enum SentinelRule {
        /// S1 多行集中查询: one taxpayer pulled by many banks within a short time.
        ManyBanks = "many-banks",
        /// S2 非工作时间查询: many pulls of one bank in one night.
        UnusualHours = "unusual-hours",
        /// S3 连续被拒: a bank that is refused again and again, as one that probes would be.
        RefusalRuns = "refusal-runs",
        /// S4 查而未贷: releases that no application followed.
        UnusedPulls = "unused-pulls",
        /// S5 警示户: a pull of a taxpayer that nobody has reason to pull.
        Canary = "canary",
        /// S6 企业异议: the firm disputes an access.
        Objection = "objection",
    }
}

impl SentinelRule {
    /// What the bureau reads.
    pub fn label_zh(self) -> &'static str {
        match self {
            SentinelRule::ManyBanks => "多行集中查询",
            SentinelRule::UnusualHours => "非工作时间查询",
            SentinelRule::RefusalRuns => "连续被拒",
            SentinelRule::UnusedPulls => "查而未贷",
            SentinelRule::Canary => "警示户被查询",
            SentinelRule::Objection => "企业异议",
        }
    }

    /// Whether its cause names something that is over: a closed case about it is not opened again.
    pub fn once_per_cause(self) -> bool {
        match self {
            SentinelRule::UnusualHours | SentinelRule::UnusedPulls | SentinelRule::Objection => true,
            SentinelRule::ManyBanks | SentinelRule::RefusalRuns | SentinelRule::Canary => false,
        }
    }
}

/// What became of a pull, as far as rules care.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FactOutcome {
    /// A dossier left.
    Granted,
    /// The consent or the ask was at fault.
    Refused,
    /// The bureau's own hold stood in the way: no fault of the bank's.
    Held,
}

/// One pull.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fact {
    /// Index of its entry; 0 if that is no longer of interest.
    pub index: u64,
    /// When, by the ledger's clock.
    pub at: Timestamp,
    /// Who pulled.
    pub bank: String,
    /// Whose data the consent is about, if there was one.
    pub taxpayer: Option<String>,
    /// The taxpayer that the bank named, if it did.
    pub named: Option<String>,
    /// The release's id.
    pub release: String,
    /// What became of it.
    pub outcome: FactOutcome,
}

/// What a rule found about one bank.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Which rule.
    pub rule: SentinelRule,
    /// About whom.
    pub bank: String,
    /// Tells findings of one rule about one bank apart.
    pub cause: String,
    /// Whose data, if it is about one taxpayer.
    pub taxpayer: Option<String>,
    /// The bank's own releases that it rests on, oldest first, the newest of them at most.
    pub releases: Vec<String>,
    /// Index of the newest entry that it rests on.
    pub through: u64,
    /// What was measured and the thresholds it passed, for the bureau.
    pub detail: Vec<(&'static str, u64)>,
}

/// The newest releases of some facts, oldest first.
fn newest_releases<'a>(facts: impl DoubleEndedIterator<Item = &'a Fact>) -> Vec<String> {
    let mut releases: Vec<String> = facts.rev().take(RELEASES_MAX).map(|fact| fact.release.clone()).collect();
    releases.reverse();
    releases
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
pub(crate) mod testing {
    //! Facts for the rules' tests.

    use super::*;

    /// A granted pull of taxpayer `t`, so many minutes after 2026-03-02T00:00 in Shanghai.
    pub(crate) fn fact(index: u64, minutes: i64, bank: &str) -> Fact {
        let start: Timestamp = "2026-03-02".parse().unwrap();
        Fact {
            index,
            at: start.plus_micros(minutes * 60_000_000),
            bank: bank.into(),
            taxpayer: Some("t".into()),
            named: None,
            release: format!("r-{index}"),
            outcome: FactOutcome::Granted,
        }
    }

    /// The same, refused.
    pub(crate) fn refused(index: u64, minutes: i64, bank: &str) -> Fact {
        Fact { outcome: FactOutcome::Refused, ..fact(index, minutes, bank) }
    }
}
