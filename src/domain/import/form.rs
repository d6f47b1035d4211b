//! The import forms: their columns as `schema/import/<form>.csv` defines them, embedded and parsed once into what
//! the readers check.
//!
//! One line of [`forms`] below is all that a further form needs here.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::cells::Cells;
use super::definition::{Column, columns};
use super::{Fault, read};
use crate::domain::form_rows::FormRow;
use crate::domain::record::{Record, RuleText};
use crate::domain::section::Section;
use crate::domain::sections::arrears::Arrears;
use crate::domain::sections::employment::EmploymentMonth;
use crate::domain::sections::filings::cit_annual::{CitAnnual, CitAnnualRow};
use crate::domain::sections::filings::cit_prepayment::{CitPrepayment, CitPrepaymentRow};
use crate::domain::sections::filings::other_tax::OtherTax;
use crate::domain::sections::filings::vat_general::{VatGeneral, VatGeneralRow};
use crate::domain::sections::filings::vat_small::{VatSmall, VatSmallRow};
use crate::domain::sections::inspections::Inspection;
use crate::domain::sections::invoices::{InvoiceCounterparty, InvoiceMonth};
use crate::domain::sections::payments::Payment;
use crate::domain::sections::rating::Rating;
use crate::domain::sections::statements::balance_sheet_general::{self, BalanceSheetGeneralRow};
use crate::domain::sections::statements::balance_sheet_small::{self, BalanceSheetSmallRow};
use crate::domain::sections::statements::cash_flow_general::{self, CashFlowGeneralRow};
use crate::domain::sections::statements::cash_flow_small::{self, CashFlowSmallRow};
use crate::domain::sections::statements::income_statement_general::{self, IncomeStatementGeneralRow};
use crate::domain::sections::statements::income_statement_small::{self, IncomeStatementSmallRow};
use crate::domain::sections::violations::Violation;

/// Declares the forms: a closed enum, and what is known of each in one line: name, title, section, the reader of a
/// row, the names of its numbered rows, its rules.
macro_rules! forms {
    ($($id:ident = $name:literal $title:literal in $section:ident read $read:path, rows $rows:expr, rules $rules:expr;)+) => {
        /// Which form a batch is in.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FormId {
            $(#[doc = concat!($title, ".")] $id,)+
        }

        impl FormId {
            /// The name on the wire and of the definition's file.
            pub fn as_str(self) -> &'static str {
                match self { $(FormId::$id => $name,)+ }
            }
        }

        const DEFINITIONS: &[Definition] = &[$(Definition {
            id: FormId::$id,
            title: $title,
            section: Section::$section,
            columns: include_str!(concat!("../../../schema/import/", $name, ".csv")),
            read: $read,
            rows: $rows,
            rules: $rules,
        },)+];
    };
}

forms! {
    Registration = "registration" "登记信息" in Registration
        read read::registration::registration, rows none, rules none;
    RegistrationStatus = "registration_status" "纳税人状态沿革" in Registration
        read read::registration::status, rows none, rules none;
    RegistrationChange = "registration_change" "变更登记" in Registration
        read read::registration::change, rows none, rules none;
    Rating = "rating" "纳税缴费信用评价" in Rating
        read read::rating::rating, rows none, rules Rating::rules;
    VatGeneral = "vat_general" "增值税及附加税费申报表(一般纳税人适用)" in Filings
        read read::filings::vat_general, rows fields::<VatGeneralRow>, rules VatGeneral::rules;
    VatSmall = "vat_small" "增值税及附加税费申报表(小规模纳税人适用)" in Filings
        read read::filings::vat_small, rows fields::<VatSmallRow>, rules VatSmall::rules;
    CitPrepayment = "cit_prepayment" "企业所得税月(季)度预缴纳税申报表(A类)" in Filings
        read read::filings::cit_prepayment, rows fields::<CitPrepaymentRow>, rules CitPrepayment::rules;
    CitAnnual = "cit_annual" "企业所得税年度纳税申报表(A类)" in Filings
        read read::filings::cit_annual, rows fields::<CitAnnualRow>, rules CitAnnual::rules;
    OtherTax = "other_tax" "其他税费申报(按税种分项)" in Filings
        read read::filings::other_tax, rows none, rules OtherTax::rules;
    Payment = "payment" "税款缴纳信息" in Payments
        read read::payments::payment, rows none, rules Payment::rules;
    Arrears = "arrears" "欠税信息" in Arrears
        read read::arrears::arrears, rows none, rules Arrears::rules;
    Violation = "violation" "税收违法违章信息" in Violations
        read read::violations::violation, rows none, rules Violation::rules;
    Inspection = "inspection" "稽查案件(已结案并送达)" in Inspections
        read read::inspections::inspection, rows none, rules Inspection::rules;
    BalanceSheetSmall = "balance_sheet_small" "资产负债表(小企业会计准则)" in Statements
        read read::statements::balance_sheet_small, rows fields::<BalanceSheetSmallRow>, rules balance_sheet_small::rules;
    IncomeStatementSmall = "income_statement_small" "利润表(小企业会计准则)" in Statements
        read read::statements::income_statement_small, rows fields::<IncomeStatementSmallRow>, rules income_statement_small::rules;
    CashFlowSmall = "cash_flow_small" "现金流量表(小企业会计准则)" in Statements
        read read::statements::cash_flow_small, rows fields::<CashFlowSmallRow>, rules cash_flow_small::rules;
    BalanceSheetGeneral = "balance_sheet_general" "资产负债表(企业会计准则)" in Statements
        read read::statements::balance_sheet_general, rows fields::<BalanceSheetGeneralRow>, rules balance_sheet_general::rules;
    IncomeStatementGeneral = "income_statement_general" "利润表(企业会计准则)" in Statements
        read read::statements::income_statement_general, rows fields::<IncomeStatementGeneralRow>, rules income_statement_general::rules;
    CashFlowGeneral = "cash_flow_general" "现金流量表(企业会计准则)" in Statements
        read read::statements::cash_flow_general, rows fields::<CashFlowGeneralRow>, rules cash_flow_general::rules;
    InvoiceMonth = "invoice_month" "发票月度汇总" in Invoices
        read read::invoices::invoice_month, rows none, rules InvoiceMonth::rules;
    InvoiceCounterparty = "invoice_counterparty" "前十大交易对手" in Invoices
        read read::invoices::invoice_counterparty, rows none, rules InvoiceCounterparty::rules;
    EmploymentMonth = "employment_month" "社会保险费缴纳信息" in Employment
        read read::employment::employment_month, rows none, rules EmploymentMonth::rules;
}

/// Reads a row whose cells fit their columns.
type ReadRow = fn(&Cells) -> Result<Record, Fault>;

/// A line of the table above.
struct Definition {
    id: FormId,
    title: &'static str,
    section: Section,
    columns: &'static str,
    read: ReadRow,
    rows: fn() -> Vec<&'static str>,
    rules: fn() -> Vec<RuleText>,
}

/// For a form without numbered rows, or without rules.
fn none<T>() -> Vec<T> {
    Vec::new()
}

/// The field names of a printed form's rows.
fn fields<R: FormRow>() -> Vec<&'static str> {
    R::ALL.iter().map(|row| row.field()).collect()
}

/// The definitions as committed. That each loads is held by a test, so none is ever missing at run time.
static FORMS: LazyLock<Vec<Form>> =
    LazyLock::new(|| DEFINITIONS.iter().filter_map(|definition| Form::load(definition).ok()).collect());

/// A form: its columns and what each may hold.
pub struct Form {
    definition: &'static Definition,
    columns: Vec<Column>,
    by_name: HashMap<String, usize>,
    figures: HashMap<(&'static str, FigureColumn), usize>,
}

/// Its name.
impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Form").field(&self.id()).finish()
    }
}

impl Form {
    /// The form of that name.
    pub fn by_id(id: &str) -> Option<&'static Form> {
        Form::all().iter().find(|form| form.id() == id)
    }

    /// Every form.
    pub fn all() -> &'static [Form] {
        &FORMS
    }

    /// The form's name.
    pub fn id(&self) -> &'static str {
        self.definition.id.as_str()
    }

    /// The form's name as a closed choice.
    pub fn form_id(&self) -> FormId {
        self.definition.id
    }

    /// What the form is called in Chinese.
    pub fn title(&self) -> &'static str {
        self.definition.title
    }

    /// The section its rows belong to.
    pub fn section(&self) -> Section {
        self.definition.section
    }

    /// The columns, in the order of the definition.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Whether its records of different periods are different records: then a delivery of a month cannot repeat one
    /// of another month.
    pub fn is_keyed_by_period(&self) -> bool {
        self.columns.iter().any(|column| column.key && column.required && column.name == "period_from")
    }

    /// What its figures are held to.
    pub fn rules(&self) -> Vec<RuleText> {
        (self.definition.rules)()
    }

    /// A row whose cells fit their columns, as a record.
    pub(super) fn read(&self, cells: &Cells) -> Result<Record, Fault> {
        (self.definition.read)(cells)
    }

    pub(super) fn column_index(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// Place of the column that holds a printed row's figure; the row by its field name.
    pub(super) fn figure_index(&self, row: &'static str, column: FigureColumn) -> Option<usize> {
        self.figures.get(&(row, column)).copied()
    }

    fn load(definition: &'static Definition) -> Result<Form, String> {
        let columns = columns(definition.columns)?;
        let by_name: HashMap<String, usize> =
            columns.iter().enumerate().map(|(index, column)| (column.name.clone(), index)).collect();
        let mut figures = HashMap::new();
        for row in (definition.rows)() {
            for column in FigureColumn::ALL {
                if let Some(index) = by_name.get(&format!("{row}{}", column.ending())) {
                    figures.insert((row, column), *index);
                }
            }
        }
        Ok(Form { definition, columns, by_name, figures })
    }
}

/// Which column of a printed form a flat column stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum FigureColumn {
    /// 本期数, or 期末余额 of a balance sheet.
    Period,
    /// 本年累计.
    Ytd,
    /// 即征即退, 本期数.
    RefundPeriod,
    /// 即征即退, 本年累计.
    RefundYtd,
    /// 年初余额 of a balance sheet.
    Opening,
}

impl FigureColumn {
    const ALL: [FigureColumn; 5] = [
        FigureColumn::Period,
        FigureColumn::Ytd,
        FigureColumn::RefundPeriod,
        FigureColumn::RefundYtd,
        FigureColumn::Opening,
    ];

    /// What follows the row's field name in the flat column's name.
    pub(super) fn ending(self) -> &'static str {
        match self {
            FigureColumn::Period => "_fen",
            FigureColumn::Ytd => "_ytd_fen",
            FigureColumn::RefundPeriod => "_refund_fen",
            FigureColumn::RefundYtd => "_refund_ytd_fen",
            FigureColumn::Opening => "_opening_fen",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::definition::Kind;
    use super::*;

    #[test]
    fn every_definition_loads() {
        assert_eq!(Form::all().len(), DEFINITIONS.len());
        for definition in DEFINITIONS {
            let wrong = Form::load(definition).err();
            assert_eq!(wrong, None, "{}", definition.id.as_str());
        }
    }

    #[test]
    fn every_form_says_whose_fact_a_row_is() {
        for form in Form::all() {
            let taxpayer = form.columns().iter().find(|column| column.name == "taxpayer_id").unwrap();
            assert!(taxpayer.required && taxpayer.key && taxpayer.kind == Kind::TaxpayerId, "{form:?}");
        }
    }

    #[test]
    fn every_printed_row_has_a_column() {
        for definition in DEFINITIONS {
            let form = Form::by_id(definition.id.as_str()).unwrap();
            let with_figure: BTreeSet<&str> = form.figures.keys().map(|(row, _)| *row).collect();
            for row in (definition.rows)() {
                assert!(with_figure.contains(row), "{form:?}: {row}");
            }
        }
    }

    #[test]
    fn amounts_stay_within_what_canonical_json_carries() {
        for column in Form::all().iter().flat_map(Form::columns).filter(|column| column.kind == Kind::Fen) {
            let limit = crate::domain::fen::Fen::FORM_LIMIT;
            assert!(column.maximum == limit || column.maximum == 0, "{}", column.name);
            assert!(column.minimum == -limit || column.minimum == 0, "{}", column.name);
        }
    }
}
