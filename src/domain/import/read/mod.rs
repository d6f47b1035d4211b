//! Rows whose cells fit their columns, into records: one file for each section.

pub mod arrears;
pub mod employment;
mod facts;
pub mod filings;
pub mod inspections;
pub mod invoices;
pub mod payments;
pub mod rating;
pub mod registration;
pub mod statements;
pub mod violations;

use super::cells::{Cells, need};
use super::{Fault, InputRule};
use crate::domain::period::{Frequency, Period};
use crate::domain::record::{Mark, canonical_json};
use crate::domain::taxpayer_id::TaxpayerId;

/// Marks for a taxpayer number with wrong check characters.
pub(super) fn taxpayer_marks(taxpayer: &TaxpayerId) -> Vec<Mark> {
    taxpayer.check_warning().map(|wrong| Mark::wrong_checks("taxpayer_id", wrong)).unwrap_or_default()
}

/// The body as canonical JSON.
pub(super) fn body<T: serde::Serialize>(fact: &T) -> Result<String, Fault> {
    canonical_json(fact).map_err(|error| Fault::row(error.to_string()))
}

/// `period_from` and `period_to` as one whole month, quarter or year, of the frequencies that the form has.
pub(super) fn whole_period(cells: &Cells, frequencies: &[Frequency]) -> Result<Period, Fault> {
    let from = need(cells.date("period_from"), "period_from")?;
    let to = need(cells.date("period_to"), "period_to")?;
    let whole = Period::whole(from, to).filter(|period| frequencies.contains(&period.freq()));
    whole.ok_or_else(|| {
        let names: Vec<&str> = frequencies.iter().map(|frequency| frequency.as_str()).collect();
        Fault::column(
            "period_to",
            format!(
                "period_from and period_to must be the first and last day of one whole {}",
                names.join(" or ")
            ),
        )
        .breaking(InputRule::PeriodWhole)
    })
}

#[cfg(test)]
mod tests;
