//! Rows of the arrears form into records.

use super::facts::{code, in_order, optional_period, record};
use crate::domain::fen::Fen;
use crate::domain::import::Fault;
use crate::domain::import::cells::{Cells, need};
use crate::domain::record::Record;
use crate::domain::section::Section;
use crate::domain::sections::arrears::Arrears;
use crate::domain::sections::payments::LevyClass;

/// An arrears row as a record without a period: a debt stands until it is cleared, whatever a consent's window.
pub(in crate::domain::import) fn arrears(cells: &Cells) -> Result<Record, Fault> {
    let arrears = Arrears {
        tax_kind: need(cells.text("tax_kind"), "tax_kind")?,
        tax_item: cells.text("tax_item"),
        class: code(cells, "class", LevyClass::from_name)?,
        period: optional_period(cells)?,
        due: need(cells.date("due"), "due")?,
        amount_fen: need(cells.integer("amount_fen").map(Fen::new), "amount_fen")?,
        cleared_on: cells.date("cleared_on"),
    };
    in_order(cells, "period_from", "due")?;
    in_order(cells, "due", "cleared_on")?;
    record(cells, Section::Arrears, arrears.key(), None, &arrears, arrears.check())
}
