//! Rows of violations and inspections, as they stand on the delivery's day.

use crate::cli::synth::History;
use crate::cli::synth::inspections::{Amounts, Inspection};
use crate::cli::synth::look::Look;
use crate::cli::synth::row::Row;
use crate::cli::synth::violations::Violation;
use crate::domain::taxpayer_id::TaxpayerId;

use super::Rows;

/// Adds the violations and inspections that the delivery knows of.
pub(super) fn add(history: &History, look: &Look, rows: &mut Rows) {
    let taxpayer = &history.firm.taxpayer_id;
    for found in &history.ledger.violations {
        if look.delivers(found.registered_on, &[found.resolved_on]) {
            rows.add("violation", look.round, violation(taxpayer, history.firm.index, found, look));
        }
    }
    for case in &history.ledger.inspections {
        if look.delivers(case.served_on, &[case.executed_on]) {
            rows.add("inspection", look.round, inspection(taxpayer, case, look));
        }
    }
}

fn violation(taxpayer: &TaxpayerId, index: u64, found: &Violation, look: &Look) -> Row {
    let resolved_on = found.resolved_on.filter(|day| look.sees(*day));
    let resolved = resolved_on.is_some();
    let row = Row::of(taxpayer)
        .text("violation_id", &format!("WF4403{index:09}{:03}", found.number))
        .date("registered_on", found.registered_on)
        .text("type", found.kind)
        .text("facts", &found.facts)
        .maybe_text("means", found.means)
        .text("status", if resolved { "resolved" } else { "unresolved" })
        .maybe_date("resolved_on", resolved_on);
    let row = match found.about {
        Some((_, period)) => row.period(period),
        None => row,
    };
    row.boolean("inspection_case", found.inspection_case)
        .boolean("first_time_exempt", found.first_time_exempt && resolved)
        .boolean("corrected", resolved)
        .boolean("voided", found.voided)
}

fn inspection(taxpayer: &TaxpayerId, case: &Inspection, look: &Look) -> Row {
    let executed_on = case.executed_on.filter(|day| look.sees(*day));
    let paid = if executed_on.is_some() { case.due } else { Amounts::default() };
    Row::of(taxpayer)
        .text("decision_no", &case.decision_no)
        .date("served_on", case.served_on)
        .text("status", case.standing.as_str())
        .text("name", case.name)
        .text("type", case.kind)
        .date("examined_from", case.year.from())
        .date("examined_to", case.year.to())
        .date("opened_on", case.opened_on)
        .date("closed_on", case.closed_on)
        .maybe_date("executed_on", executed_on)
        .fen("due_tax_fen", case.due.tax)
        .fen("due_late_fee_fen", case.due.late_fee)
        .fen("due_fine_fen", case.due.fine)
        .fen("paid_tax_fen", paid.tax)
        .fen("paid_late_fee_fen", paid.late_fee)
        .fen("paid_fine_fen", paid.fine)
        .boolean("major_case", case.major_case)
}
