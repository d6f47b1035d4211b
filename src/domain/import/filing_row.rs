//! Rows of the VAT return forms into records.

use super::Fault;
use super::cells::{Cells, need};
use super::form::FigureColumn;
use super::register_row::{body, taxpayer_marks};
use crate::domain::filing::{Correction, Filing, FormFigures, FormVersion, TAX_KIND_VAT};
use crate::domain::form_rows::{Column, FormRow};
use crate::domain::period::{Frequency, Period};
use crate::domain::record::Record;
use crate::domain::section::Section;
use crate::domain::vat_general::{VatGeneral, VatGeneralColumns, VatGeneralRow};
use crate::domain::vat_small::VatSmall;

const ALL_COLUMNS: [FigureColumn; 4] =
    [FigureColumn::Period, FigureColumn::Ytd, FigureColumn::RefundPeriod, FigureColumn::RefundYtd];

/// A general taxpayer's return as a record.
pub(super) fn vat_general(cells: &Cells) -> Result<Record, Fault> {
    let version = form_version(cells)?;
    refuse_rows_of_other_versions(cells, version)?;
    let column = |kind| {
        Column::new(VatGeneralRow::of_version(version), |row: VatGeneralRow| cells.figure(row.number(), kind))
    };
    let refund =
        VatGeneralColumns { month: column(FigureColumn::RefundPeriod), ytd: column(FigureColumn::RefundYtd) };
    let figures = VatGeneral {
        general: VatGeneralColumns { month: column(FigureColumn::Period), ytd: column(FigureColumn::Ytd) },
        refund_on_levy: (!refund.is_blank()).then_some(refund),
    };
    filing_record(cells, version, FormFigures::VatGeneral(figures))
}

/// A small-scale taxpayer's return as a record.
pub(super) fn vat_small(cells: &Cells) -> Result<Record, Fault> {
    let figures = VatSmall::new(
        |row| cells.figure(row.number(), FigureColumn::Period),
        |row| cells.figure(row.number(), FigureColumn::Ytd),
    );
    filing_record(cells, form_version(cells)?, FormFigures::VatSmall(figures))
}

fn form_version(cells: &Cells) -> Result<FormVersion, Fault> {
    let name = need(cells.text("form_version"), "form_version")?;
    need(FormVersion::from_name(&name), "form_version")
}

fn refuse_rows_of_other_versions(cells: &Cells, version: FormVersion) -> Result<(), Fault> {
    for row in VatGeneralRow::ALL.iter().filter(|row| !row.in_version(version)) {
        for kind in ALL_COLUMNS {
            if cells.figure(row.number(), kind).is_some() {
                return Err(Fault::column(
                    format!("{}{}", row.field(), kind.ending()),
                    format!("must be left out: the form_version stated has no row {}", row.number()),
                ));
            }
        }
    }
    Ok(())
}

fn filing_record(cells: &Cells, form_version: FormVersion, figures: FormFigures) -> Result<Record, Fault> {
    let period = period(cells)?;
    let correction = need(cells.text("correction"), "correction")?;
    let filing = Filing {
        tax_kind: TAX_KIND_VAT.to_owned(),
        form_version,
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
            return Err(Fault::column(name, "must not lie before the first day of the period"));
        }
    }
    let taxpayer = cells.taxpayer()?;
    let mut marks = taxpayer_marks(&taxpayer);
    marks.extend(filing.check());
    Ok(Record {
        section: Section::Filings,
        key: filing.key(),
        period: Some(period),
        body: body(&filing)?,
        marks,
        taxpayer,
    })
}

/// VAT is declared by month or by quarter.
fn period(cells: &Cells) -> Result<Period, Fault> {
    let from = need(cells.date("period_from"), "period_from")?;
    let to = need(cells.date("period_to"), "period_to")?;
    let whole = Period::whole(from, to).filter(|period| match period.freq() {
        Frequency::Month | Frequency::Quarter => true,
        Frequency::Year | Frequency::Event => false,
    });
    whole.ok_or_else(|| {
        Fault::column(
            "period_to",
            "period_from and period_to must be the first and last day of one whole month or quarter",
        )
    })
}
