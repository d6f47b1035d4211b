//! Rows of the inspection form into records.
//!
//! A case without a decision or without the day it was served is open. The form requires both, so such a row is
//! refused before it comes here, with a message that says that open cases are not taken.

use super::facts::{code, day, in_order, record};
use crate::domain::fen::Fen;
use crate::domain::import::Fault;
use crate::domain::import::cells::{Cells, need};
use crate::domain::record::Record;
use crate::domain::section::Section;
use crate::domain::sections::inspections::{DecisionStatus, Inspection};

/// An inspection row as a record; its period is the day on which the decision was served.
pub(in crate::domain::import) fn inspection(cells: &Cells) -> Result<Record, Fault> {
    let amount = |name| need(cells.integer(name).map(Fen::new), name);
    let inspection = Inspection {
        decision_no: need(cells.text("decision_no"), "decision_no")?,
        served_on: need(cells.date("served_on"), "served_on")?,
        status: code(cells, "status", DecisionStatus::from_name)?,
        name: cells.text("name"),
        kind: cells.text("type"),
        examined_from: need(cells.date("examined_from"), "examined_from")?,
        examined_to: need(cells.date("examined_to"), "examined_to")?,
        opened_on: cells.date("opened_on"),
        closed_on: cells.date("closed_on"),
        executed_on: cells.date("executed_on"),
        due_tax_fen: amount("due_tax_fen")?,
        due_late_fee_fen: amount("due_late_fee_fen")?,
        due_fine_fen: amount("due_fine_fen")?,
        paid_tax_fen: amount("paid_tax_fen")?,
        paid_late_fee_fen: amount("paid_late_fee_fen")?,
        paid_fine_fen: amount("paid_fine_fen")?,
        major_case: need(cells.boolean("major_case"), "major_case")?,
    };
    for (earlier, later) in [
        ("examined_from", "examined_to"),
        ("examined_from", "served_on"),
        ("opened_on", "served_on"),
        ("opened_on", "closed_on"),
        ("opened_on", "executed_on"),
    ] {
        in_order(cells, earlier, later)?;
    }
    let period = day(inspection.served_on);
    record(cells, Section::Inspections, inspection.key(), period, &inspection, inspection.check())
}
