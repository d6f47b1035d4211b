//! Rows of the violation form into records.

use super::facts::{code, day, in_order, optional_period, record};
use crate::domain::import::Fault;
use crate::domain::import::cells::{Cells, need};
use crate::domain::record::Record;
use crate::domain::section::Section;
use crate::domain::sections::violations::{Violation, ViolationStatus};

/// A violation row as a record; its period is the day on which it was registered.
pub(in crate::domain::import) fn violation(cells: &Cells) -> Result<Record, Fault> {
    let key = need(cells.text("violation_id"), "violation_id")?;
    let violation = Violation {
        registered_on: need(cells.date("registered_on"), "registered_on")?,
        kind: cells.text("type"),
        facts: need(cells.text("facts"), "facts")?,
        means: cells.text("means"),
        status: code(cells, "status", ViolationStatus::from_name)?,
        resolved_on: cells.date("resolved_on"),
        period: optional_period(cells)?,
        inspection_case: need(cells.boolean("inspection_case"), "inspection_case")?,
        first_time_exempt: need(cells.boolean("first_time_exempt"), "first_time_exempt")?,
        corrected: need(cells.boolean("corrected"), "corrected")?,
        voided: need(cells.boolean("voided"), "voided")?,
    };
    in_order(cells, "registered_on", "resolved_on")?;
    record(cells, Section::Violations, key, day(violation.registered_on), &violation, violation.check())
}
