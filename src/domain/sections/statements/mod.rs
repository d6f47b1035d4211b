//! 财务报表: balance sheet, income statement and cash flow statement as the taxpayer sent them to the bureau, under
//! 《小企业会计准则》 or 《企业会计准则》.
//!
//! The rows stay as filed; what fails an identity is marked and never repaired. Comparisons across statements, such
//! as closing cash against the balance sheet, are the reader's.

pub mod balance_sheet_general;
pub mod balance_sheet_small;
pub mod cash_flow_general;
pub mod cash_flow_small;
pub mod income_statement_general;
pub mod income_statement_small;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::filings::{Correction, FormVersion};
use crate::domain::form_rows::{Column, FormRow, Formula, check_columns, named_columns_schema};
use crate::domain::period::Period;
use crate::domain::record::Findings;
use balance_sheet_general::BalanceSheetGeneralRow;
use balance_sheet_small::BalanceSheetSmallRow;
use cash_flow_general::CashFlowGeneralRow;
use cash_flow_small::CashFlowSmallRow;
use income_statement_general::IncomeStatementGeneralRow;
use income_statement_small::IncomeStatementSmallRow;

/// One statement. Serialised, it is the body of a `statements` record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "财务报表")]
pub struct Statement {
    /// Which layout of the statement was filed.
    #[schemars(title = "报表版本")]
    pub form_version: FormVersion,
    /// The accounting regime that the layout belongs to.
    #[schemars(title = "会计制度代码")]
    pub regime: Regime,
    /// The quarter or year reported.
    #[schemars(title = "税款所属期")]
    pub period: Period,
    /// 报送日期: the day it was sent to the bureau.
    #[schemars(title = "报送日期")]
    pub filed_on: NaiveDate,
    /// First statement or a later correction.
    #[schemars(title = "更正标志")]
    pub correction: Correction,
    /// Whether an accountant has audited it; none where the bureau does not say.
    #[schemars(title = "是否经审计")]
    pub audited: Option<bool>,
    /// The statement and its figures.
    #[serde(flatten)]
    #[schemars(title = "报表")]
    pub figures: StatementFigures,
}

impl Statement {
    /// What tells a taxpayer's statements apart: the form, first and last day. A corrected one keeps it.
    pub fn key(&self) -> String {
        format!("{}|{}|{}", self.figures.form(), self.period.from(), self.period.to())
    }

    /// What the statement's own identities find.
    pub fn check(&self) -> Findings {
        match &self.figures {
            StatementFigures::BalanceSheetSmall { figures } => balance_sheet_small::check(figures),
            StatementFigures::IncomeStatementSmall { figures } => income_statement_small::check(figures),
            StatementFigures::CashFlowSmall { figures } => cash_flow_small::check(figures),
            StatementFigures::BalanceSheetGeneral { figures } => balance_sheet_general::check(figures),
            StatementFigures::IncomeStatementGeneral { figures } => income_statement_general::check(figures),
            StatementFigures::CashFlowGeneral { figures } => cash_flow_general::check(figures),
        }
    }
}

/// 会计制度, by its code in the bureau's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "会计制度代码")]
pub enum Regime {
    /// 企业会计准则.
    #[serde(rename = "101")]
    EnterpriseStandards,
    /// 小企业会计准则.
    #[serde(rename = "102")]
    SmallEnterpriseStandards,
}

/// The statement that was sent, named by `form`, and what it states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "form", rename_all = "snake_case")]
#[schemars(title = "报表")]
pub enum StatementFigures {
    /// 资产负债表, small enterprises.
    BalanceSheetSmall {
        /// The two columns of the statement.
        #[schemars(title = "金额")]
        figures: Balances<BalanceSheetSmallRow>,
    },
    /// 利润表, small enterprises.
    IncomeStatementSmall {
        /// The two columns of the statement.
        #[schemars(title = "金额")]
        figures: Flows<IncomeStatementSmallRow>,
    },
    /// 现金流量表, small enterprises.
    CashFlowSmall {
        /// The two columns of the statement.
        #[schemars(title = "金额")]
        figures: Flows<CashFlowSmallRow>,
    },
    /// 资产负债表, enterprise standards.
    BalanceSheetGeneral {
        /// The two columns of the statement.
        #[schemars(title = "金额")]
        figures: Balances<BalanceSheetGeneralRow>,
    },
    /// 利润表, enterprise standards.
    IncomeStatementGeneral {
        /// The two columns of the statement.
        #[schemars(title = "金额")]
        figures: Flows<IncomeStatementGeneralRow>,
    },
    /// 现金流量表, enterprise standards.
    CashFlowGeneral {
        /// The two columns of the statement.
        #[schemars(title = "金额")]
        figures: Flows<CashFlowGeneralRow>,
    },
}

impl StatementFigures {
    /// The form's name on the wire.
    pub fn form(&self) -> &'static str {
        match self {
            StatementFigures::BalanceSheetSmall { .. } => "balance_sheet_small",
            StatementFigures::IncomeStatementSmall { .. } => "income_statement_small",
            StatementFigures::CashFlowSmall { .. } => "cash_flow_small",
            StatementFigures::BalanceSheetGeneral { .. } => "balance_sheet_general",
            StatementFigures::IncomeStatementGeneral { .. } => "income_statement_general",
            StatementFigures::CashFlowGeneral { .. } => "cash_flow_general",
        }
    }

    /// The regime whose standards lay the statement out.
    pub fn regime(&self) -> Regime {
        match self {
            StatementFigures::BalanceSheetSmall { .. }
            | StatementFigures::IncomeStatementSmall { .. }
            | StatementFigures::CashFlowSmall { .. } => Regime::SmallEnterpriseStandards,
            StatementFigures::BalanceSheetGeneral { .. }
            | StatementFigures::IncomeStatementGeneral { .. }
            | StatementFigures::CashFlowGeneral { .. } => Regime::EnterpriseStandards,
        }
    }
}

/// The two columns of a balance sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "R: FormRow")]
pub struct Balances<R: FormRow> {
    /// 期末余额: at the end of the period.
    pub closing: Column<R>,
    /// 年初余额: at the start of the year.
    pub opening: Column<R>,
}

/// The two columns of an income or cash flow statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "R: FormRow")]
pub struct Flows<R: FormRow> {
    /// 本期金额: the period itself.
    pub current: Column<R>,
    /// 本年累计金额: from January to the end of the period.
    pub ytd: Column<R>,
}

impl<R: FormRow> JsonSchema for Balances<R> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("{}Balances", Column::<R>::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        named_columns_schema::<R>(
            generator,
            "期末余额与年初余额",
            &[
                ("closing", "期末余额", "At the end of the period."),
                ("opening", "年初余额", "At the start of the year."),
            ],
        )
    }
}

impl<R: FormRow> JsonSchema for Flows<R> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("{}Flows", Column::<R>::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        named_columns_schema::<R>(
            generator,
            "本期金额与本年累计金额",
            &[
                ("current", "本期金额", "The period itself."),
                ("ytd", "本年累计金额", "From January to the end of the period."),
            ],
        )
    }
}

fn check_balances<R: FormRow>(form: &str, formulas: &[Formula<R>], figures: &Balances<R>) -> Findings {
    check_columns(
        form,
        formulas,
        [("figures.closing", &figures.closing), ("figures.opening", &figures.opening)],
    )
}

fn check_flows<R: FormRow>(form: &str, formulas: &[Formula<R>], figures: &Flows<R>) -> Findings {
    check_columns(form, formulas, [("figures.current", &figures.current), ("figures.ytd", &figures.ytd)])
}
