//! Rows of the return forms into records.

use chrono::{Datelike, NaiveDate};

use super::{body, taxpayer_marks, whole_period};
use crate::domain::fen::Fen;
use crate::domain::form_rows::{Column, FormRow};
use crate::domain::import::cells::{Cells, need};
use crate::domain::import::form::FigureColumn;
use crate::domain::import::{Fault, InputRule};
use crate::domain::period::{Frequency, Period};
use crate::domain::record::Record;
use crate::domain::section::Section;
use crate::domain::sections::filings::cit_annual::{CitAnnual, CitAnnualRow};
use crate::domain::sections::filings::cit_prepayment::{
    CitPrepayment, CitPrepaymentColumns, CitPrepaymentRow,
};
use crate::domain::sections::filings::other_tax::OtherTax;
use crate::domain::sections::filings::vat_general::{VatGeneral, VatGeneralColumns, VatGeneralRow};
use crate::domain::sections::filings::vat_small::VatSmall;
use crate::domain::sections::filings::{
    Correction, Filing, FormFigures, FormVersion, TAX_KIND_CORPORATE_INCOME, TAX_KIND_VAT,
};

const VAT_COLUMNS: [FigureColumn; 4] =
    [FigureColumn::Period, FigureColumn::Ytd, FigureColumn::RefundPeriod, FigureColumn::RefundYtd];
const MONTH_OR_QUARTER: [Frequency; 2] = [Frequency::Month, Frequency::Quarter];

/// A general taxpayer's return as a record.
pub(in crate::domain::import) fn vat_general(cells: &Cells) -> Result<Record, Fault> {
    let version = form_version(cells)?;
    let absent = VatGeneralRow::ALL.iter().filter(|row| !row.in_version(version));
    refuse_rows(cells, absent, &VAT_COLUMNS)?;
    let column = |kind| {
        Column::new(VatGeneralRow::of_version(version), |row: VatGeneralRow| cells.figure(row.field(), kind))
    };
    let refund =
        VatGeneralColumns { month: column(FigureColumn::RefundPeriod), ytd: column(FigureColumn::RefundYtd) };
    let figures = VatGeneral {
        general: VatGeneralColumns { month: column(FigureColumn::Period), ytd: column(FigureColumn::Ytd) },
        refund_on_levy: (!refund.is_blank()).then_some(refund),
    };
    let period = whole_period(cells, &MONTH_OR_QUARTER)?;
    filing_record(cells, TAX_KIND_VAT, period, FormFigures::VatGeneral(figures))
}

/// A small-scale taxpayer's return as a record.
pub(in crate::domain::import) fn vat_small(cells: &Cells) -> Result<Record, Fault> {
    let figures = VatSmall::new(
        |row| cells.figure(row.field(), FigureColumn::Period),
        |row| cells.figure(row.field(), FigureColumn::Ytd),
    );
    let period = whole_period(cells, &MONTH_OR_QUARTER)?;
    filing_record(cells, TAX_KIND_VAT, period, FormFigures::VatSmall(figures))
}

/// A firm's prepayment of corporate income tax as a record.
pub(in crate::domain::import) fn cit_prepayment(cells: &Cells) -> Result<Record, Fault> {
    let version = form_version(cells)?;
    let absent = CitPrepaymentRow::ALL.iter().filter(|row| row.printed(version).is_none());
    refuse_rows(cells, absent, &[FigureColumn::Ytd])?;
    let ytd = Column::new(CitPrepaymentRow::of_version(version), |row: CitPrepaymentRow| {
        cells.figure(row.field(), FigureColumn::Ytd)
    });
    let figures = CitPrepayment {
        figures: CitPrepaymentColumns { ytd },
        rate_bp: cells.integer("rate_bp"),
        employees_opening: cells.integer("employees_opening"),
        employees_closing: cells.integer("employees_closing"),
        assets_opening_fen: cells.integer("assets_opening_fen").map(Fen::new),
        assets_closing_fen: cells.integer("assets_closing_fen").map(Fen::new),
        small_low_profit: cells.boolean("small_low_profit"),
    };
    let period = whole_period(cells, &MONTH_OR_QUARTER)?;
    filing_record(cells, TAX_KIND_CORPORATE_INCOME, period, FormFigures::CitPrepayment(figures))
}

/// A firm's settlement of a year's corporate income tax as a record.
pub(in crate::domain::import) fn cit_annual(cells: &Cells) -> Result<Record, Fault> {
    let figures = Column::new(CitAnnualRow::ALL.iter().copied(), |row: CitAnnualRow| {
        cells.figure(row.field(), FigureColumn::Period)
    });
    let figures = CitAnnual { figures, rate_bp: cells.integer("rate_bp") };
    let period = whole_period(cells, &[Frequency::Year])?;
    filing_record(cells, TAX_KIND_CORPORATE_INCOME, period, FormFigures::CitAnnual(figures))
}

/// A line of a return of another tax or charge as a record.
pub(in crate::domain::import) fn other_tax(cells: &Cells) -> Result<Record, Fault> {
    let amount = |name| cells.integer(name).map(Fen::new);
    let line = OtherTax {
        tax_item: need(cells.text("tax_item"), "tax_item")?,
        base_fen: amount("base_fen"),
        quantity: cells.decimal("quantity"),
        rate_bp: cells.integer("rate_bp"),
        payable_fen: need(amount("payable_fen"), "payable_fen")?,
        relief_fen: amount("relief_fen"),
        prepaid_fen: amount("prepaid_fen"),
        due_or_refund_fen: need(amount("due_or_refund_fen"), "due_or_refund_fen")?,
    };
    let kind = need(cells.text("tax_kind"), "tax_kind")?;
    if kind == TAX_KIND_VAT || kind == TAX_KIND_CORPORATE_INCOME {
        return Err(Fault::column(
            "tax_kind",
            "value-added and corporate income tax have forms of their own",
        ));
    }
    filing_record(cells, &kind, other_tax_period(cells)?, FormFigures::OtherTax(line))
}

/// A month, quarter or year; also a half-year, for which some places declare property tax, and a single day, for a tax
/// on an event (按次).
fn other_tax_period(cells: &Cells) -> Result<Period, Fault> {
    let from = need(cells.date("period_from"), "period_from")?;
    let to = need(cells.date("period_to"), "period_to")?;
    let day_of = |day: NaiveDate| (day.month(), day.day());
    let half_year = from.year() == to.year()
        && matches!((day_of(from), day_of(to)), ((1, 1), (6, 30)) | ((7, 1), (12, 31)));
    let event = if from == to || half_year { Period::new(from, to, Frequency::Event).ok() } else { None };
    Period::whole(from, to).or(event).ok_or_else(|| {
        Fault::column(
            "period_to",
            "period_from and period_to must be the first and last day of one whole month, quarter, half-year or year, or one and the same day",
        ).breaking(InputRule::PeriodWhole)
    })
}

fn form_version(cells: &Cells) -> Result<FormVersion, Fault> {
    let name = need(cells.text("form_version"), "form_version")?;
    need(FormVersion::from_name(&name), "form_version")
}

/// Figures in rows that the layout filed does not have.
fn refuse_rows<'a, R: FormRow>(
    cells: &Cells,
    absent: impl Iterator<Item = &'a R>,
    columns: &[FigureColumn],
) -> Result<(), Fault> {
    for row in absent {
        for column in columns {
            if cells.figure(row.field(), *column).is_some() {
                return Err(Fault::column(
                    format!("{}{}", row.field(), column.ending()),
                    "must be left out: the form_version stated does not have this row",
                )
                .breaking(InputRule::FormVersion));
            }
        }
    }
    Ok(())
}

fn filing_record(
    cells: &Cells,
    tax_kind: &str,
    period: Period,
    figures: FormFigures,
) -> Result<Record, Fault> {
    let correction = need(cells.text("correction"), "correction")?;
    let filing = Filing {
        tax_kind: tax_kind.to_owned(),
        form_version: form_version(cells)?,
        period,
        due: need(cells.date("due"), "due")?,
        filed_on: need(cells.date("filed_on"), "filed_on")?,
        pay_due: cells.date("pay_due"),
        correction: need(Correction::from_name(&correction), "correction")?,
        voided: need(cells.boolean("voided"), "voided")?,
        figures,
    };
    for (name, day) in
        [("due", Some(filing.due)), ("filed_on", Some(filing.filed_on)), ("pay_due", filing.pay_due)]
    {
        if day.is_some_and(|day| day < period.from()) {
            return Err(Fault::column(name, "must not lie before the first day of the period")
                .breaking(InputRule::DateOrder));
        }
    }
    let taxpayer = cells.taxpayer()?;
    let mut marks = taxpayer_marks(&taxpayer);
    let findings = filing.check();
    marks.extend(findings.marks);
    Ok(Record {
        section: Section::Filings,
        key: filing.key(),
        period: Some(period),
        body: body(&filing)?,
        marks,
        checks: Some(findings.checks),
        taxpayer,
    })
}
