//! Rows of the employment form into records.

use super::facts::record;
use super::whole_period;
use crate::domain::fen::Fen;
use crate::domain::import::Fault;
use crate::domain::import::cells::{Cells, need};
use crate::domain::period::Frequency;
use crate::domain::record::Record;
use crate::domain::section::Section;
use crate::domain::sections::employment::EmploymentMonth;

/// A month's row as a record; its period is the month.
pub(in crate::domain::import) fn employment_month(cells: &Cells) -> Result<Record, Fault> {
    let period = whole_period(cells, &[Frequency::Month])?;
    let amount = |name| need(cells.integer(name).map(Fen::new), name);
    let month = EmploymentMonth {
        period,
        insured: need(cells.integer("insured"), "insured")?,
        due_fen: amount("due_fen")?,
        paid_fen: amount("paid_fen")?,
        arrears_fen: amount("arrears_fen")?,
        wages_fen: cells.integer("wages_fen").map(Fen::new),
    };
    record(cells, Section::Employment, month.key(), Some(period), &month, month.check())
}
