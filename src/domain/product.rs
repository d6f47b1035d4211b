//! A bank's loan product, and the field profile that the bureau approved for it.
//!
//! 字段清单: the bureau decides per bank product what is released (R7 of the domain page), so no consent and no
//! pull happens under a product it has not approved.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::describe;
use super::fen::Fen;
use super::member::{MemberId, wire_enum};
use super::member_contact::is_unprintable;
use super::section::Section;
use super::taxpayer_kind::TaxpayerKind;

wire_enum! {
    /// Where a product stands.
    pub enum ProductStatus {
        /// Not yet shown to the bureau.
        Draft = "draft",
        /// Waiting for the bureau.
        Submitted = "submitted",
        /// Consents may be given and dossiers pulled.
        Approved = "approved",
        /// Paused by the bureau.
        Suspended = "suspended",
        /// No longer offered.
        Retired = "retired",
    }
}

wire_enum! {
    /// How the borrower draws.
    pub enum Drawdown {
        /// 一次提款
        Single = "single",
        /// 分次提款
        Multiple = "multiple",
        /// 循环（随借随还）
        Revolving = "revolving",
    }
}

wire_enum! {
    /// How the borrower repays.
    pub enum Repayment {
        /// 等额本息
        EqualInstalment = "equal_instalment",
        /// 等额本金
        EqualPrincipal = "equal_principal",
        /// 按月付息到期还本
        InterestMonthlyBullet = "interest_monthly_bullet",
        /// 按季付息到期还本
        InterestQuarterlyBullet = "interest_quarterly_bullet",
        /// 按期付息分期还本
        InterestPeriodicPrincipalSteps = "interest_periodic_principal_steps",
        /// 到期一次还本付息
        Bullet = "bullet",
    }
}

wire_enum! {
    /// What secures the loan. The programme knows unsecured loans only.
    pub enum Security {
        /// 信用
        Credit = "credit",
    }
}

/// What the bank says of its product.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductTerms {
    /// Display name, 1 to 100 characters.
    pub name: String,
    /// Largest amount lent to one firm.
    pub amount_max_fen: Fen,
    /// Simple annual rate in percent, a decimal string: "4.05".
    #[serde(with = "rust_decimal::serde::str")]
    pub rate_pct: Decimal,
    /// Longest term.
    pub term_months_max: u32,
    /// How the borrower draws.
    pub drawdown: Drawdown,
    /// How the borrower repays.
    pub repayment: Repayment,
    /// Always `credit`.
    pub security: Security,
    /// Sections the bank asks to see.
    pub sections: Vec<Section>,
    /// Months of history the bank asks to see.
    pub window_months: u32,
}

/// What the bureau lets leave for a product: the most that any consent under it can open.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldProfile {
    /// Sections that may leave, ascending and without repeats.
    pub sections: Vec<Section>,
    /// Months of history that may leave, counted back from the current month.
    pub window_months: u32,
    /// First day of the approval (Asia/Shanghai), if it is bounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<NaiveDate>,
    /// First day no longer covered, if it is bounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<NaiveDate>,
    /// Of a section named here only these fields leave, by their paths in `schema/dictionary.csv`; a path opens all
    /// below it. Of a section not named, every field does.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: Fields,
    /// What may leave of sole traders, sole proprietorships and partnerships, if less: their tax data is a person's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personal_business: Option<PersonalBusinessProfile>,
}

/// Fields that are open, section by section.
pub type Fields = BTreeMap<Section, BTreeSet<String>>;

/// The narrower profile for sole traders, sole proprietorships and partnerships.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonalBusinessProfile {
    /// Sections that may leave, ascending and without repeats.
    pub sections: Vec<Section>,
    /// As in [`FieldProfile`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: Fields,
}

/// A product as it stands.
#[derive(Clone, Debug)]
pub struct Product {
    /// Chosen by the bank, unique in the exchange.
    pub id: String,
    /// Whose product it is.
    pub bank: MemberId,
    /// Where it stands.
    pub status: ProductStatus,
    /// What the bank says of it.
    pub terms: ProductTerms,
    /// What may leave for it, once approved.
    pub profile: Option<FieldProfile>,
}

/// A term outside what the exchange takes.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{field}: {must}")]
pub struct InvalidTerm {
    /// The field, as in the JSON.
    pub field: &'static str,
    /// What would be right.
    pub must: &'static str,
}

/// Longest term and window that the exchange takes, in months.
pub const MONTHS_MAX: u32 = 120;

impl ProductTerms {
    /// Checks ranges that the types do not carry.
    pub fn check(&self) -> Result<(), InvalidTerm> {
        let rules = [
            (
                "name",
                (1..=100).contains(&self.name.chars().count()) && !self.name.chars().any(is_unprintable),
                "must have 1 to 100 characters, none of them a control or invisible character",
            ),
            ("amount_max_fen", self.amount_max_fen.get() > 0, "must be above 0"),
            (
                "rate_pct",
                !self.rate_pct.is_sign_negative() && self.rate_pct <= Decimal::from(36),
                "must lie between 0 and 36",
            ),
            ("term_months_max", (1..=MONTHS_MAX).contains(&self.term_months_max), "must be 1 to 120 months"),
            (
                "sections",
                !self.sections.is_empty() && all_different(&self.sections),
                "must name at least one section, none twice",
            ),
            ("window_months", (1..=MONTHS_MAX).contains(&self.window_months), "must be 1 to 120 months"),
        ];
        match rules.into_iter().find(|(_, holds, _)| !holds) {
            Some((field, _, must)) => Err(InvalidTerm { field, must }),
            None => Ok(()),
        }
    }
}

impl FieldProfile {
    /// Whether a section may leave of a taxpayer of that kind.
    pub fn opens(&self, section: Section, kind: TaxpayerKind) -> bool {
        let narrower = self.for_person(kind).is_none_or(|personal| personal.sections.contains(&section));
        narrower && self.sections.contains(&section)
    }

    /// The fields that may leave; all if `None`.
    pub fn opened_fields(&self, section: Section, kind: TaxpayerKind) -> Option<&BTreeSet<String>> {
        let narrower = self.for_person(kind).and_then(|personal| personal.fields.get(&section));
        narrower.or_else(|| self.fields.get(&section))
    }

    fn for_person(&self, kind: TaxpayerKind) -> Option<&PersonalBusinessProfile> {
        self.personal_business.as_ref().filter(|_| kind.needs_personal_consent())
    }

    /// Checks that the profile opens no more than the bank asked for, and sorts its sections.
    pub fn narrowed_to(mut self, terms: &ProductTerms) -> Result<Self, InvalidTerm> {
        self.sections.sort_unstable();
        if self.sections.is_empty() || !all_different(&self.sections) {
            return Err(InvalidTerm {
                field: "profile/sections",
                must: "must name at least one section, none twice",
            });
        }
        if self.sections.iter().any(|section| !terms.sections.contains(section)) {
            return Err(InvalidTerm {
                field: "profile/sections",
                must: "may name only sections that the product asks for",
            });
        }
        if self.window_months == 0 || self.window_months > terms.window_months {
            return Err(InvalidTerm {
                field: "profile/window_months",
                must: "must be at least 1 and at most what the product asks for",
            });
        }
        check_fields(&self.fields, &self.sections, "profile/fields")?;
        if let Some(personal) = &mut self.personal_business {
            personal.sections.sort_unstable();
            if !all_different(&personal.sections)
                || personal.sections.iter().any(|section| !self.sections.contains(section))
            {
                return Err(InvalidTerm {
                    field: "profile/personal_business/sections",
                    must: "may name only sections of the profile, none twice",
                });
            }
            check_fields(&personal.fields, &personal.sections, "profile/personal_business/fields")?;
        }
        if let (Some(from), Some(to)) = (self.valid_from, self.valid_to)
            && from >= to
        {
            return Err(InvalidTerm { field: "profile/valid_to", must: "must be after valid_from" });
        }
        Ok(self)
    }
}

/// What never leaves is no field of the dictionary, so no profile can open it.
fn check_fields(fields: &Fields, sections: &[Section], field: &'static str) -> Result<(), InvalidTerm> {
    for (section, named) in fields {
        if !sections.contains(section) {
            return Err(InvalidTerm { field, must: "may name only sections of the profile" });
        }
        if named.is_empty() || named.iter().any(|path| !describe::paths(*section).contains(path)) {
            return Err(InvalidTerm {
                field,
                must: "must name at least one field of each section, by the paths in schema/dictionary.csv",
            });
        }
    }
    Ok(())
}

/// Whether no element stands twice.
pub fn all_different<T: PartialEq>(items: &[T]) -> bool {
    items.iter().enumerate().all(|(at, item)| !items[..at].contains(item))
}
