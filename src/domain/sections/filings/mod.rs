//! 申报信息: a return as the taxpayer filed it, with the dates around it and the form's figures.

pub mod cit_annual;
pub mod cit_prepayment;
pub mod other_tax;
pub mod vat_general;
pub mod vat_small;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::period::Period;
use crate::domain::record::Findings;
use cit_annual::CitAnnual;
use cit_prepayment::CitPrepayment;
use other_tax::OtherTax;
use vat_general::VatGeneral;
use vat_small::VatSmall;

/// 征收项目 of value-added tax.
pub const TAX_KIND_VAT: &str = "10101";

/// 征收项目 of corporate income tax.
pub const TAX_KIND_CORPORATE_INCOME: &str = "10104";

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
    /// What tells a taxpayer's filings apart: tax, first and last day of the period; of a year's settlement the word
    /// `annual`, of other taxes the item. A corrected return keeps it.
    pub fn key(&self) -> String {
        let key = format!("{}|{}|{}", self.tax_kind, self.period.from(), self.period.to());
        match &self.figures {
            FormFigures::VatGeneral(_) | FormFigures::VatSmall(_) | FormFigures::CitPrepayment(_) => key,
            FormFigures::CitAnnual(_) => format!("{key}|annual"),
            FormFigures::OtherTax(line) => format!("{key}|{}", line.tax_item),
        }
    }

    /// What the form's own formulas find.
    pub fn check(&self) -> Findings {
        match &self.figures {
            FormFigures::VatGeneral(figures) => figures.check(),
            FormFigures::VatSmall(figures) => figures.check(),
            FormFigures::CitPrepayment(figures) => figures.check(self.form_version),
            FormFigures::CitAnnual(figures) => figures.check(),
            FormFigures::OtherTax(line) => line.check(&self.tax_kind),
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
    /// A firm's prepayment of corporate income tax for a month or quarter.
    CitPrepayment(CitPrepayment),
    /// A firm's settlement of a year's corporate income tax.
    CitAnnual(CitAnnual),
    /// One line of a return of another tax or charge.
    OtherTax(OtherTax),
}

/// The layout of a form, named by the year it came into force. Which of them a form has is in its definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "报表版本")]
pub enum FormVersion {
    /// The statements of 《小企业会计准则》, in force from 2013.
    #[serde(rename = "2013")]
    V2013,
    /// The annual CIT return of 2017.
    #[serde(rename = "2017")]
    V2017,
    /// The VAT forms of May 2019, the CIT prepayment form of that year, the statements of 财会〔2019〕6号.
    #[serde(rename = "2019")]
    V2019,
    /// The consolidated VAT forms of August 2021, with surcharges; the forms of CIT prepayment and of property and
    /// behaviour taxes of that year.
    #[serde(rename = "2021")]
    V2021,
}

impl FormVersion {
    /// Every version, oldest first.
    pub const ALL: [FormVersion; 4] =
        [FormVersion::V2013, FormVersion::V2017, FormVersion::V2019, FormVersion::V2021];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            FormVersion::V2013 => "2013",
            FormVersion::V2017 => "2017",
            FormVersion::V2019 => "2019",
            FormVersion::V2021 => "2021",
        }
    }

    /// The version of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        FormVersion::ALL.into_iter().find(|version| version.as_str() == name)
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
