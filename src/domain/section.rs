//! The sections of a dossier, and what one says about itself when it has nothing to show.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Declares the sections: a closed enum, and what is known of each in one row.
macro_rules! sections {
    ($($(#[$about:meta])* $name:ident = $wire:literal $zh:literal $en:literal fresh $days:literal encoder $encoder:literal,)+) => {
        /// One part of a taxpayer's dossier. A consent names the sections it opens.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Section {
            $($(#[$about])* $name,)+
        }

        impl Section {
            /// Every section, in the order of a dossier.
            pub const ALL: [Section; [$($wire),+].len()] = [$(Section::$name),+];

            /// The name on the wire and in storage.
            pub fn as_str(self) -> &'static str {
                match self { $(Section::$name => $wire,)+ }
            }

            /// The name a taxpayer reads.
            pub fn label_zh(self) -> &'static str {
                match self { $(Section::$name => $zh,)+ }
            }

            /// The name in English.
            pub fn label_en(self) -> &'static str {
                match self { $(Section::$name => $en,)+ }
            }

            /// Days after the bureau's `as_of` for which the section counts as fresh: a month's deliveries are
            /// due by the middle of the next, a quarter's and a year's later, ratings come once a year.
            pub fn freshness_days(self) -> u32 {
                match self { $(Section::$name => $days,)+ }
            }

            /// Name and version of the code that lays the section out. A released version is never edited.
            pub fn encoder(self) -> &'static str {
                match self { $(Section::$name => $encoder,)+ }
            }

            /// The same of a section of which a record is disputed, or a firm's statement travels with one.
            pub fn annotated_encoder(self) -> &'static str {
                match self { $(Section::$name => concat!($wire, "/2"),)+ }
            }
        }
    };
}

sections! {
    /// 登记信息: who the taxpayer is.
    Registration = "registration" "登记信息" "Registration" fresh 45 encoder "registration/1",
    /// 纳税缴费信用评价: the credit rating with its history.
    Rating = "rating" "纳税缴费信用评价" "Credit rating" fresh 400 encoder "rating/1",
    /// 申报信息: the returns it filed.
    Filings = "filings" "申报信息" "Filings" fresh 45 encoder "filings/1",
    /// 税款缴纳信息: what it paid, and when.
    Payments = "payments" "税款缴纳信息" "Payments" fresh 45 encoder "payments/1",
    /// 欠税信息: what it owes.
    Arrears = "arrears" "欠税信息" "Arrears" fresh 45 encoder "arrears/1",
    /// 税收违法违章信息: registered violations.
    Violations = "violations" "税收违法违章信息" "Violations" fresh 45 encoder "violations/1",
    /// 稽查案件: concluded inspections with a served decision. An open one is never here, so that its absence
    /// tells nobody anything.
    Inspections = "inspections" "稽查案件" "Inspections" fresh 45 encoder "inspections/1",
    /// 财务报表: balance sheets, income and cash-flow statements.
    Statements = "statements" "财务报表" "Financial statements" fresh 120 encoder "statements/1",
    /// 发票汇总: monthly aggregates, and the shares of the largest counterparties under per-bank pseudonyms.
    Invoices = "invoices" "发票汇总" "Invoices" fresh 45 encoder "invoices/1",
    /// 社会保险费缴纳信息: insured headcount and contributions by month.
    Employment = "employment" "社会保险费缴纳信息" "Employment" fresh 45 encoder "employment/1",
}

impl Section {
    /// Top-level fields of a record's body that name a natural person: they leave only under a separate
    /// personal consent (个人信息保护法 Arts 13, 23).
    pub fn personal_fields(self) -> &'static [&'static str] {
        match self {
            Section::Registration => &["legal_rep_name"],
            Section::Rating
            | Section::Filings
            | Section::Payments
            | Section::Arrears
            | Section::Violations
            | Section::Inspections
            | Section::Statements
            | Section::Invoices
            | Section::Employment => &[],
        }
    }

    /// What it tells a bank, in plain words for whoever authorises: in Chinese and in English.
    pub fn tells(self) -> (&'static str, &'static str) {
        match self {
            Section::Registration => (
                "企业名称、类型、行业、注册资本、登记状态及变更，不含身份证号和电话",
                "name, type, industry, registered capital, status and changes of the firm, no identity or telephone numbers",
            ),
            Section::Rating => {
                ("各年度纳税缴费信用级别及评价原因", "the credit rating of each year, and why")
            }
            Section::Filings => (
                "增值税、企业所得税等申报表的各栏金额，以及是否按期申报",
                "the figures of VAT, income tax and other returns, and whether they were in time",
            ),
            Section::Payments => (
                "实际缴纳的税款、滞纳金、罚款及缴款日期，不含完整税票号码",
                "tax, late fees and fines paid, and when, without full voucher numbers",
            ),
            Section::Arrears => ("尚未缴清的税款", "tax not yet paid"),
            Section::Violations => {
                ("已登记的税收违法违章及处理状态", "registered violations and how they stand")
            }
            Section::Inspections => (
                "已办结并送达处理决定的稽查案件，不含正在办理的案件",
                "concluded inspections whose decision was served, none that is still open",
            ),
            Section::Statements => {
                ("资产负债表、利润表、现金流量表", "balance sheets, income and cash-flow statements")
            }
            Section::Invoices => (
                "按月汇总的开票、受票金额与集中度，不含交易对手名称",
                "invoices issued and received, summed by month, and their concentration, without any counterparty's name",
            ),
            Section::Employment => (
                "按月汇总的参保人数与社会保险费，不足5人的不显示，不含个人明细",
                "insured headcount and social insurance by month, nothing below 5 persons, no rows about single employees",
            ),
        }
    }

    /// Whether, of a sole trader, sole proprietorship or partnership, the section is that person's own tax data. Who
    /// a taxpayer is and how it is rated is public or about the business.
    pub fn is_the_persons_own(self) -> bool {
        match self {
            Section::Registration | Section::Rating => false,
            Section::Filings
            | Section::Payments
            | Section::Arrears
            | Section::Violations
            | Section::Inspections
            | Section::Statements
            | Section::Invoices
            | Section::Employment => true,
        }
    }

    /// Top-level fields of a record's body that never leave, whatever a consent or a profile says.
    pub fn never_fields(self) -> &'static [&'static str] {
        match self {
            Section::Registration => &["legal_rep_id_digest"],
            Section::Invoices => &["counterparty"],
            Section::Rating
            | Section::Filings
            | Section::Payments
            | Section::Arrears
            | Section::Violations
            | Section::Inspections
            | Section::Statements
            | Section::Employment => &[],
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
#[error(
    "not a section; the sections are registration, rating, filings, payments, arrears, violations, inspections, statements, invoices, employment"
)]
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
    /// The taxpayer is a sole trader, sole proprietorship or partnership, so the section is that person's own
    /// data, and the person has not consented separately (个人信息保护法 Art. 23).
    PersonalConsentMissing,
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
            SectionReason::PersonalConsentMissing => "personal_consent_missing",
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
            assert_eq!(section.annotated_encoder(), format!("{section}/2"));
        }
        assert!("Rating".parse::<Section>().is_err());
        let listed = UnknownSection.to_string();
        assert!(listed.ends_with(&Section::ALL.map(Section::as_str).join(", ")), "{listed}");
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
            SectionReason::PersonalConsentMissing,
            SectionReason::SourceOverdue,
        ] {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
    }
}
