//! The sections of a dossier, and what one says about itself when it has nothing to show.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// One part of a taxpayer's dossier. A consent names the sections it opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// 登记信息: who the taxpayer is.
    Registration,
    /// 纳税缴费信用评价: the credit rating with its history.
    Rating,
    /// 申报信息: the returns it filed.
    Filings,
}

impl Section {
    /// Every section, in the order of a dossier.
    pub const ALL: [Section; 3] = [Section::Registration, Section::Rating, Section::Filings];

    /// The name on the wire and in storage.
    pub fn as_str(self) -> &'static str {
        match self {
            Section::Registration => "registration",
            Section::Rating => "rating",
            Section::Filings => "filings",
        }
    }

    /// The name a taxpayer reads.
    pub fn label_zh(self) -> &'static str {
        match self {
            Section::Registration => "登记信息",
            Section::Rating => "纳税缴费信用评价",
            Section::Filings => "申报信息",
        }
    }

    /// Days after the bureau's `as_of` for which the section counts as fresh. Registration and filings come
    /// monthly, and a month's returns are due by the middle of the next; ratings come once a year.
    pub fn freshness_days(self) -> u32 {
        match self {
            Section::Registration | Section::Filings => 45,
            Section::Rating => 400,
        }
    }

    /// Name and version of the code that lays the section out. A released version is never edited.
    pub fn encoder(self) -> &'static str {
        match self {
            Section::Registration => "registration/1",
            Section::Rating => "rating/1",
            Section::Filings => "filings/1",
        }
    }

    /// Top-level fields of a record's body that name a natural person: they leave only under a separate
    /// personal consent (个人信息保护法 Arts 13, 23).
    pub fn personal_fields(self) -> &'static [&'static str] {
        match self {
            Section::Registration => &["legal_rep_name"],
            Section::Rating | Section::Filings => &[],
        }
    }
}

impl std::fmt::Display for Section {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a section; the sections are registration, rating, filings")]
pub struct UnknownSection;

impl FromStr for Section {
    type Err = UnknownSection;

    fn from_str(name: &str) -> Result<Self, UnknownSection> {
        Section::ALL.into_iter().find(|section| section.as_str() == name).ok_or(UnknownSection)
    }
}

/// What a section holds. Missing is never zero: each way of having nothing has its own name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SectionStatus {
    /// Records are there.
    Present,
    /// The bureau delivered this time, and the taxpayer has nothing in it.
    Empty,
    /// The bureau has not delivered for this time.
    NotCollected,
    /// Something is there and may not leave.
    Withheld,
    /// Records are there, older than the section's freshness.
    Stale,
}

impl SectionStatus {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            SectionStatus::Present => "present",
            SectionStatus::Empty => "empty",
            SectionStatus::NotCollected => "not_collected",
            SectionStatus::Withheld => "withheld",
            SectionStatus::Stale => "stale",
        }
    }
}

/// Why a section has the status it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SectionReason {
    /// No delivered batch covers any of the window.
    NoBatchCoversWindow,
    /// Batches cover the window and hold no record of this taxpayer.
    NoRecordInWindow,
    /// The product's approved field profile leaves the section out.
    CutByProfile,
    /// The bureau's next delivery is overdue.
    SourceOverdue,
}

impl SectionReason {
    /// The stable code on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            SectionReason::NoBatchCoversWindow => "no_batch_covers_window",
            SectionReason::NoRecordInWindow => "no_record_in_window",
            SectionReason::CutByProfile => "cut_by_profile",
            SectionReason::SourceOverdue => "source_overdue",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_on_the_wire_and_in_code_agree() {
        for section in Section::ALL {
            assert_eq!(section.as_str().parse(), Ok(section));
            assert_eq!(serde_json::to_value(section).unwrap(), section.as_str());
            assert_eq!(section.encoder(), format!("{section}/1"));
        }
        assert!("Rating".parse::<Section>().is_err());
        for status in [
            SectionStatus::Present,
            SectionStatus::Empty,
            SectionStatus::NotCollected,
            SectionStatus::Withheld,
            SectionStatus::Stale,
        ] {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
        for reason in [
            SectionReason::NoBatchCoversWindow,
            SectionReason::NoRecordInWindow,
            SectionReason::CutByProfile,
            SectionReason::SourceOverdue,
        ] {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
    }
}
