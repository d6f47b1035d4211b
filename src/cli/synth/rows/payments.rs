//! Rows of payments and arrears: each due as it stands on the delivery's day.

use chrono::NaiveDate;

use crate::cli::synth::History;
use crate::cli::synth::calendar::{Round, Span, add_days};
use crate::cli::synth::dues::Due;
use crate::cli::synth::firm::Firm;
use crate::cli::synth::inspections::Inspection;
use crate::cli::synth::look::Look;
use crate::cli::synth::row::Row;
use crate::domain::period::{Frequency, Period};

use super::Rows;

/// Adds the payments and arrears that the delivery knows of.
pub(super) fn add(history: &History, look: &Look, span: &Span, rows: &mut Rows) {
    let firm = &history.firm;
    for due in history.ledger.dues.0.iter().filter(|due| due.period.to() >= span.first) {
        paid(firm, due, look, span, rows);
        if !due.corrected {
            owed(firm, due, look, rows);
        }
    }
    for violation in history.ledger.violations.iter().filter(|violation| violation.fine_fen > 0) {
        if let (Some(day), Some((tax, period))) = (violation.resolved_on, violation.about)
            && look.delivers(day, &[Some(add_days(day, 1))])
        {
            let voucher = Voucher { day, tag: 500 + violation.number };
            let row =
                line(firm, &Line { kind: tax.kind(), item: None, class: "fine", period }, &voucher, look)
                    .fen("amount_fen", violation.fine_fen);
            rows.add("payment", look.round, row);
        }
    }
    for case in &history.ledger.inspections {
        inspected(firm, case, look, rows);
    }
}

fn paid(firm: &Firm, due: &Due, look: &Look, span: &Span, rows: &mut Rows) {
    let Some(day) = due.paid_on else { return };
    // A corrected return's difference comes with the correction, later than it was paid.
    let known = if due.corrected { day.max(span.known_on(Round::First)) } else { day };
    if !look.delivers(known, &[Some(add_days(day, 1))]) {
        return;
    }
    let tag = match (due.corrected, due.period.freq()) {
        (true, _) => 1,
        (false, Frequency::Month) => 2,
        (false, Frequency::Quarter) => 3,
        (false, Frequency::Year) => 4,
        (false, Frequency::Event) => 5,
    };
    let voucher = Voucher { day, tag };
    let item = Some(due.tax.item());
    let mut row =
        line(firm, &Line { kind: due.tax.kind(), item, class: "tax", period: due.period }, &voucher, look);
    if let Some(base) = due.base_fen {
        row = row.fen("base_fen", base);
    }
    if let Some(rate) = due.rate_bp {
        row = row.integer("rate_bp", rate);
    }
    rows.add("payment", look.round, row.fen("amount_fen", due.amount_fen).date("pay_due", due.pay_due));
    let late_fee = due.late_fee();
    if late_fee > 0 {
        let of_fee = Line { kind: due.tax.kind(), item, class: "late_fee", period: due.period };
        let row = line(firm, &of_fee, &voucher, look)
            .fen("base_fen", due.amount_fen)
            .fen("amount_fen", late_fee)
            .date("pay_due", due.pay_due);
        rows.add("payment", look.round, row);
    }
}

/// Owed from the day after the deadline; cleared by the payment.
fn owed(firm: &Firm, due: &Due, look: &Look, rows: &mut Rows) {
    if due.paid_on.is_some_and(|day| day <= due.pay_due)
        || !look.delivers(add_days(due.pay_due, 1), &[due.paid_on])
    {
        return;
    }
    let cleared = due.paid_on.filter(|day| look.sees(*day));
    let row = Row::of(&firm.taxpayer_id)
        .text("tax_kind", due.tax.kind())
        .text("tax_item", due.tax.item())
        .text("class", "tax")
        .period(due.period)
        .date("due", due.pay_due)
        .fen("amount_fen", if cleared.is_some() { 0 } else { due.amount_fen })
        .maybe_date("cleared_on", cleared);
    rows.add("arrears", look.round, row);
}

/// What a decision led to: tax, late fee and fine of the year examined.
fn inspected(firm: &Firm, case: &Inspection, look: &Look, rows: &mut Rows) {
    let Some(day) = case.executed_on.filter(|day| look.delivers(*day, &[Some(add_days(*day, 1))])) else {
        return;
    };
    let voucher = Voucher { day, tag: 9 };
    let kind = case.tax().kind();
    for (class, fen) in [("tax", case.due.tax), ("late_fee", case.due.late_fee), ("fine", case.due.fine)] {
        let mut row = line(firm, &Line { kind, item: None, class, period: case.year }, &voucher, look)
            .fen("amount_fen", fen);
        if class == "late_fee" {
            row = row.fen("base_fen", case.due.tax);
        }
        rows.add("payment", look.round, row.date("pay_due", case.pay_due));
    }
}

/// A line of a voucher.
struct Line {
    kind: &'static str,
    item: Option<&'static str>,
    class: &'static str,
    period: Period,
}

/// A voucher: the day, and what tells the firm's vouchers of the day apart.
struct Voucher {
    day: NaiveDate,
    tag: u64,
}

/// The money is with the treasury a day later.
fn line(firm: &Firm, line: &Line, voucher: &Voucher, look: &Look) -> Row {
    let number = format!("{}{:09}{:04}", voucher.day.format("%y%m%d"), firm.index, voucher.tag);
    let settled_on = Some(add_days(voucher.day, 1)).filter(|day| look.sees(*day));
    Row::of(&firm.taxpayer_id)
        .text("tax_kind", line.kind)
        .maybe_text("tax_item", line.item)
        .text("class", line.class)
        .period(line.period)
        .date("paid_on", voucher.day)
        .maybe_date("settled_on", settled_on)
        .text("voucher", &number)
}
