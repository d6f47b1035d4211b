//! Rows of the VAT return forms into records.

use super::{body, taxpayer_marks, whole_period};
use crate::domain::form_rows::{Column, FormRow};
use crate::domain::import::Fault;
use crate::domain::import::cells::{Cells, need};
use crate::domain::import::form::FigureColumn;
use crate::domain::period::Frequency;
use crate::domain::record::Record;
use crate::domain::section::Section;
use crate::domain::sections::filings::vat_general::{VatGeneral, VatGeneralColumns, VatGeneralRow};
use crate::domain::sections::filings::vat_small::VatSmall;
use crate::domain::sections::filings::{Correction, Filing, FormFigures, FormVersion, TAX_KIND_VAT};

const ALL_COLUMNS: [FigureColumn; 4] =
    [FigureColumn::Period, FigureColumn::Ytd, FigureColumn::RefundPeriod, FigureColumn::RefundYtd];

/// A general taxpayer's return as a record.
pub(in crate::domain::import) fn vat_general(cells: &Cells) -> Result<Record, Fault> {
    let version = form_version(cells)?;
    refuse_rows_of_other_versions(cells, version)?;
    let column = |kind| {
        Column::new(VatGeneralRow::of_version(version), |row: VatGeneralRow| cells.figure(row.field(), kind))
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
pub(in crate::domain::import) fn vat_small(cells: &Cells) -> Result<Record, Fault> {
    let figures = VatSmall::new(
        |row| cells.figure(row.field(), FigureColumn::Period),
        |row| cells.figure(row.field(), FigureColumn::Ytd),
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
            if cells.figure(row.field(), kind).is_some() {
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
    let period = whole_period(cells, &[Frequency::Month, Frequency::Quarter])?;
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
