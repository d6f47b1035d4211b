//! Corrections: a firm says that a record is wrong, the bureau looks into it, and until then dossiers say so.
//!
//! Shenzhen SEZ Credit Regulations Arts 50–51: an objection is marked at once; the system is checked within one working
//! day, the source of the data within two more, which may be prolonged by three.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::member::wire_enum;
use super::section::Section;
use super::taxpayer_id::TaxpayerId;
use super::timestamp::Timestamp;
use super::working_days::WorkingDays;

/// Working days for the check of the exchange's own system.
const CHECK_DAYS: u32 = 1;
/// Working days for the source after that.
const SOURCE_DAYS: u32 = 2;
/// Working days by which the source may prolong its own.
const EXTENSION_DAYS: u32 = 3;

wire_enum! {
    /// How a correction ended.
    pub enum CorrectionOutcome {
        /// 已更正: the record was wrong; its revision was delivered.
        Corrected = "corrected",
        /// 核查无误: the record stands.
        Kept = "kept",
        /// 已撤回: the firm took it back.
        Withdrawn = "withdrawn",
    }
}

wire_enum! {
    /// How far an open correction has come by the calendar.
    pub enum CorrectionStage {
        /// 系统核查: the exchange checks its own system.
        Check = "check",
        /// 信息来源核查: the source checks the record.
        Source = "source",
        /// 延长核查: the source's time was prolonged.
        Extended = "extended",
        /// 已超期: every limit has passed.
        Overdue = "overdue",
        /// 已办结.
        Resolved = "resolved",
    }
}

/// The last days of each step.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CorrectionLimits {
    /// Of the system's check.
    pub check_by: NaiveDate,
    /// Of the source's.
    pub source_by: NaiveDate,
    /// Of the source's, prolonged.
    pub extended_by: NaiveDate,
}

impl CorrectionLimits {
    /// The limits of a correction that was requested on this day.
    pub fn of(requested_on: NaiveDate, calendar: &WorkingDays) -> Self {
        let check_by = calendar.after(requested_on, CHECK_DAYS);
        let source_by = calendar.after(check_by, SOURCE_DAYS);
        Self { check_by, source_by, extended_by: calendar.after(source_by, EXTENSION_DAYS) }
    }
}

/// How a correction was resolved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resolution {
    /// What came of it.
    pub outcome: CorrectionOutcome,
    /// What the firm is told.
    pub note: String,
    /// When.
    pub at: Timestamp,
}

/// A correction as recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Correction {
    /// UUIDv7.
    pub id: String,
    /// Whose record.
    pub taxpayer: TaxpayerId,
    /// Of which section.
    pub section: Section,
    /// Which record of it, by its key.
    pub record_key: String,
    /// What the firm says.
    pub text: String,
    /// When.
    pub requested_at: Timestamp,
    /// In which role the person acted.
    pub requested_as: String,
    /// The last days of each step.
    pub limits: CorrectionLimits,
    /// How it ended, if it did.
    pub resolution: Option<Resolution>,
}

impl Correction {
    /// How far it has come on this day.
    pub fn stage(&self, today: NaiveDate) -> CorrectionStage {
        let CorrectionLimits { check_by, source_by, extended_by } = self.limits;
        if self.resolution.is_some() {
            CorrectionStage::Resolved
        } else if today <= check_by {
            CorrectionStage::Check
        } else if today <= source_by {
            CorrectionStage::Source
        } else if today <= extended_by {
            CorrectionStage::Extended
        } else {
            CorrectionStage::Overdue
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_has_its_last_day() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        // A Thursday: the check ends on Friday, the source's two days on Tuesday, prolonged on Friday.
        let limits = CorrectionLimits::of(day("2026-11-26"), &WorkingDays::default());
        let expected = CorrectionLimits {
            check_by: day("2026-11-27"),
            source_by: day("2026-12-01"),
            extended_by: day("2026-12-04"),
        };
        assert_eq!(limits, expected);
        let mut correction = Correction {
            id: String::new(),
            taxpayer: TaxpayerId::parse("91440305MA5XYR1281").unwrap(),
            section: Section::Rating,
            record_key: "k".into(),
            text: "t".into(),
            requested_at: Timestamp::default(),
            requested_as: String::new(),
            limits,
            resolution: None,
        };
        for (today, stage) in [
            ("2026-11-26", CorrectionStage::Check),
            ("2026-11-27", CorrectionStage::Check),
            ("2026-11-28", CorrectionStage::Source),
            ("2026-12-01", CorrectionStage::Source),
            ("2026-12-02", CorrectionStage::Extended),
            ("2026-12-04", CorrectionStage::Extended),
            ("2026-12-05", CorrectionStage::Overdue),
        ] {
            assert_eq!(correction.stage(day(today)), stage, "{today}");
        }
        correction.resolution =
            Some(Resolution { outcome: CorrectionOutcome::Kept, note: "n".into(), at: Timestamp::default() });
        assert_eq!(correction.stage(day("2026-12-05")), CorrectionStage::Resolved);
    }
}
