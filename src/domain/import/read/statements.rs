//! Rows of the financial statements into records.

use super::{body, taxpayer_marks, whole_period};
use crate::domain::form_rows::{Column, FormRow};
use crate::domain::import::cells::{Cells, need};
use crate::domain::import::form::FigureColumn;
use crate::domain::import::{Fault, InputRule};
use crate::domain::period::Frequency;
use crate::domain::record::Record;
use crate::domain::section::Section;
use crate::domain::sections::filings::{Correction, FormVersion};
use crate::domain::sections::statements::{Balances, Flows, Statement, StatementFigures};

/// A small enterprise's balance sheet as a record.
pub(in crate::domain::import) fn balance_sheet_small(cells: &Cells) -> Result<Record, Fault> {
    statement_record(cells, StatementFigures::BalanceSheetSmall { figures: balances(cells) })
}

/// A small enterprise's income statement as a record.
pub(in crate::domain::import) fn income_statement_small(cells: &Cells) -> Result<Record, Fault> {
    statement_record(cells, StatementFigures::IncomeStatementSmall { figures: flows(cells) })
}

/// A small enterprise's cash flow statement as a record.
pub(in crate::domain::import) fn cash_flow_small(cells: &Cells) -> Result<Record, Fault> {
    statement_record(cells, StatementFigures::CashFlowSmall { figures: flows(cells) })
}

/// A balance sheet under the enterprise standards as a record.
pub(in crate::domain::import) fn balance_sheet_general(cells: &Cells) -> Result<Record, Fault> {
    statement_record(cells, StatementFigures::BalanceSheetGeneral { figures: balances(cells) })
}

/// An income statement under the enterprise standards as a record.
pub(in crate::domain::import) fn income_statement_general(cells: &Cells) -> Result<Record, Fault> {
    statement_record(cells, StatementFigures::IncomeStatementGeneral { figures: flows(cells) })
}

/// A cash flow statement under the enterprise standards as a record.
pub(in crate::domain::import) fn cash_flow_general(cells: &Cells) -> Result<Record, Fault> {
    statement_record(cells, StatementFigures::CashFlowGeneral { figures: flows(cells) })
}

fn balances<R: FormRow>(cells: &Cells) -> Balances<R> {
    Balances { closing: column(cells, FigureColumn::Period), opening: column(cells, FigureColumn::Opening) }
}

fn flows<R: FormRow>(cells: &Cells) -> Flows<R> {
    Flows { current: column(cells, FigureColumn::Period), ytd: column(cells, FigureColumn::Ytd) }
}

fn column<R: FormRow>(cells: &Cells, kind: FigureColumn) -> Column<R> {
    Column::new(R::ALL.iter().copied(), |row: R| cells.figure(row.field(), kind))
}

fn statement_record(cells: &Cells, figures: StatementFigures) -> Result<Record, Fault> {
    let period = whole_period(cells, &[Frequency::Quarter, Frequency::Year])?;
    let version = need(cells.text("form_version"), "form_version")?;
    let correction = need(cells.text("correction"), "correction")?;
    let statement = Statement {
        form_version: need(FormVersion::from_name(&version), "form_version")?,
        regime: figures.regime(),
        period,
        filed_on: need(cells.date("filed_on"), "filed_on")?,
        correction: need(Correction::from_name(&correction), "correction")?,
        audited: cells.boolean("audited"),
        figures,
    };
    if statement.filed_on < period.from() {
        return Err(Fault::column("filed_on", "must not lie before the first day of the period")
            .breaking(InputRule::DateOrder));
    }
    let taxpayer = cells.taxpayer()?;
    let findings = statement.check();
    let mut marks = taxpayer_marks(&taxpayer);
    marks.extend(findings.marks);
    Ok(Record {
        section: Section::Statements,
        key: statement.key(),
        period: Some(period),
        body: body(&statement)?,
        marks,
        checks: Some(findings.checks),
        taxpayer,
    })
}
