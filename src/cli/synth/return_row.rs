//! Returns as rows of CSV.

use super::book::Columns;
use super::calendar::{FilingDates, form_version};
use super::general::GeneralReturn;
use super::small::SmallReturn;
use crate::domain::form_rows::FormRow;
use crate::domain::sections::filings::vat_general::VatGeneralRow;
use crate::domain::sections::filings::vat_small::VatSmallRow;
use crate::domain::sections::filings::{Correction, FormVersion};
use crate::domain::taxpayer_id::TaxpayerId;

/// What a return's row starts with, in this order.
const RETURN_COLUMNS: [&str; 9] = [
    "taxpayer_id",
    "form_version",
    "period_from",
    "period_to",
    "due",
    "filed_on",
    "pay_due",
    "correction",
    "voided",
];

/// The endings of the four columns of the general form, then of the two of the small-scale form.
const GENERAL_ENDINGS: [&str; 4] = ["_fen", "_ytd_fen", "_refund_fen", "_refund_ytd_fen"];
const SMALL_ENDINGS: [&str; 2] = ["_fen", "_ytd_fen"];

/// Header of the general taxpayers' files.
pub(super) fn general_header() -> String {
    header::<VatGeneralRow>(&GENERAL_ENDINGS)
}

/// Header of the small-scale taxpayers' files.
pub(super) fn small_header() -> String {
    header::<VatSmallRow>(&SMALL_ENDINGS)
}

fn header<R: FormRow>(endings: &[&str]) -> String {
    let figures =
        R::ALL.iter().flat_map(|row| endings.iter().map(|ending| format!("{}{ending}", row.field())));
    RETURN_COLUMNS.into_iter().map(str::to_owned).chain(figures).collect::<Vec<_>>().join(",")
}

/// One return of a general taxpayer.
pub(super) fn general_row(taxpayer: &TaxpayerId, filed: &GeneralReturn) -> String {
    let version = form_version(filed.dates.period.from());
    let mut row = start(taxpayer, &filed.dates, version);
    let refund = filed.refund_on_levy.as_ref();
    for form_row in VatGeneralRow::ALL {
        let of = |columns: Option<&Columns>, ytd: bool| {
            let columns = columns.filter(|_| form_row.in_version(version))?;
            (if ytd { &columns.ytd } else { &columns.month }).get(form_row).copied()
        };
        for figure in [
            of(Some(&filed.general), false),
            of(Some(&filed.general), true),
            of(refund, false),
            of(refund, true),
        ] {
            push(&mut row, figure);
        }
    }
    row
}

/// One return of a small-scale taxpayer.
pub(super) fn small_row(taxpayer: &TaxpayerId, filed: &SmallReturn) -> String {
    let mut row = start(taxpayer, &filed.dates, form_version(filed.dates.period.from()));
    for form_row in VatSmallRow::ALL {
        push(&mut row, filed.period.get(form_row).copied());
        push(&mut row, filed.ytd.get(form_row).copied());
    }
    row
}

/// The columns of [`RETURN_COLUMNS`]; none of them can hold a comma or a quote.
fn start(taxpayer: &TaxpayerId, dates: &FilingDates, version: FormVersion) -> String {
    let FilingDates { period, due, filed_on, amended } = dates;
    let correction = if *amended { Correction::Amended } else { Correction::Original };
    let (from, to) = (period.from(), period.to());
    format!(
        "{taxpayer},{},{from},{to},{due},{filed_on},{due},{},false",
        version.as_str(),
        correction.as_str()
    )
}

/// A figure, or an empty cell for none.
fn push(row: &mut String, figure: Option<i64>) {
    row.push(',');
    if let Some(fen) = figure {
        row.push_str(&fen.to_string());
    }
}
