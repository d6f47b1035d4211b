//! 申报信息: a return as the taxpayer filed it, with the dates around it and the form's figures.

pub mod vat_general;
pub mod vat_small;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::period::Period;
use crate::domain::record::Findings;
use vat_general::VatGeneral;
use vat_small::VatSmall;

/// 征收项目 of value-added tax.
pub const TAX_KIND_VAT: &str = "10101";

/// One filed return. Serialised, it is the body of a `filings` record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "申报信息")]
pub struct Filing {
    /// Tax kind code (征收项目), five digits.
    #[schemars(title = "征收项目代码")]
    pub tax_kind: String,
    /// Which layout of the form was filed; rows are keyed by it.
    #[schemars(title = "报表版本")]
    pub form_version: FormVersion,
    /// The tax period that the return is for.
    #[schemars(title = "税款所属期")]
    pub period: Period,
    /// Filing deadline as the bureau set it.
    #[schemars(title = "申报期限")]
    pub due: NaiveDate,
    /// Day the return was filed.
    #[schemars(title = "申报日期")]
    pub filed_on: NaiveDate,
    /// Payment deadline.
    #[schemars(title = "缴款期限")]
    pub pay_due: Option<NaiveDate>,
    /// First filing or a later correction.
    #[schemars(title = "更正标志")]
    pub correction: Correction,
    /// Filed and then voided.
    #[schemars(title = "作废标志")]
    pub voided: bool,
    /// The form and its figures.
    #[serde(flatten)]
    #[schemars(title = "申报表")]
    pub figures: FormFigures,
}

impl Filing {
    /// What tells a taxpayer's filings apart: tax, first and last day of the period. A corrected return keeps it.
    pub fn key(&self) -> String {
        format!("{}|{}|{}", self.tax_kind, self.period.from(), self.period.to())
    }

    /// What the form's own formulas find.
    pub fn check(&self) -> Findings {
        match &self.figures {
            FormFigures::VatGeneral(figures) => figures.check(),
            FormFigures::VatSmall(figures) => figures.check(),
        }
    }
}

/// The form that was filed, named by `form`, and what it states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "form", rename_all = "snake_case")]
#[schemars(title = "申报表")]
pub enum FormFigures {
    /// The VAT return of a general taxpayer (一般纳税人).
    VatGeneral(VatGeneral),
    /// The VAT return of a small-scale taxpayer (小规模纳税人).
    VatSmall(VatSmall),
}

/// The layout of a form, named by the year it came into force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "报表版本")]
pub enum FormVersion {
    /// The form of May 2019.
    #[serde(rename = "2019")]
    V2019,
    /// The consolidated form of August 2021, with surcharges.
    #[serde(rename = "2021")]
    V2021,
}

impl FormVersion {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            FormVersion::V2019 => "2019",
            FormVersion::V2021 => "2021",
        }
    }

    /// The version of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "2019" => Some(FormVersion::V2019),
            "2021" => Some(FormVersion::V2021),
            _ => None,
        }
    }
}

/// 更正: whether this is the first filing of the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(title = "更正标志")]
pub enum Correction {
    /// The first filing.
    Original,
    /// A correction of an earlier one.
    Amended,
}

impl Correction {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Correction::Original => "original",
            Correction::Amended => "amended",
        }
    }

    /// The correction state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "original" => Some(Correction::Original),
            "amended" => Some(Correction::Amended),
            _ => None,
        }
    }
}
