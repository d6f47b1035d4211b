//! A firm's ledger as rows of the bureau's forms, delivery by delivery.

mod income;
mod invoices;
mod oversight;
mod payments;
mod register;
mod returns;
mod statements;

use super::calendar::{FilingDates, Round, Span};
use super::look::Look;
use super::row::Row;
use super::{History, SynthError};
use crate::domain::sections::filings::{Correction, FormVersion};

/// A row and where it goes.
pub(super) struct Delivered {
    /// Name of the form.
    pub(super) form: &'static str,
    /// With which delivery.
    pub(super) round: Round,
    /// The row.
    pub(super) row: Row,
}

/// Every row of a firm, in the order of the forms and, within a form, of the deliveries.
pub(super) fn of(history: &History, span: &Span) -> Result<Vec<Delivered>, SynthError> {
    let mut rows = Rows(Vec::new());
    for round in Round::ALL {
        let look = Look::of(round, span);
        register::add(history, &look, &mut rows);
        oversight::add(history, &look, &mut rows);
        payments::add(history, &look, span, &mut rows);
    }
    returns::add(history, &mut rows);
    income::add(history, span, &mut rows);
    statements::add(history, span, &mut rows);
    invoices::add(history, span, &mut rows)?;
    Ok(rows.0)
}

/// The rows so far.
pub(super) struct Rows(Vec<Delivered>);

impl Rows {
    fn add(&mut self, form: &'static str, round: Round, row: Row) {
        self.0.push(Delivered { form, round, row });
    }
}

/// The columns that every return starts with, after the taxpayer.
fn filed(row: Row, dates: &FilingDates, version: FormVersion) -> Row {
    row.text("form_version", version.as_str())
        .period(dates.period)
        .date("due", dates.due)
        .date("filed_on", dates.filed_on)
        .date("pay_due", dates.due)
        .text("correction", correction(dates.amended))
        .boolean("voided", false)
}

fn correction(amended: bool) -> &'static str {
    if amended { Correction::Amended.as_str() } else { Correction::Original.as_str() }
}
