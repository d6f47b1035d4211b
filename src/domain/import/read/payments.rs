//! Rows of the payment form into records.

use super::facts::{any_period, code, in_order, record};
use crate::domain::fen::Fen;
use crate::domain::import::Fault;
use crate::domain::import::cells::{Cells, need};
use crate::domain::record::Record;
use crate::domain::section::Section;
use crate::domain::sections::payments::{LevyClass, Payment};

/// A payment row as a record; its period is the tax period paid for.
pub(in crate::domain::import) fn payment(cells: &Cells) -> Result<Record, Fault> {
    let voucher = need(cells.text("voucher"), "voucher")?;
    let period = any_period(cells)?;
    let payment = Payment {
        tax_kind: need(cells.text("tax_kind"), "tax_kind")?,
        tax_item: cells.text("tax_item"),
        class: code(cells, "class", LevyClass::from_name)?,
        period,
        base_fen: cells.integer("base_fen").map(Fen::new),
        rate_bp: cells.integer("rate_bp"),
        amount_fen: need(cells.integer("amount_fen").map(Fen::new), "amount_fen")?,
        pay_due: cells.date("pay_due"),
        paid_on: need(cells.date("paid_on"), "paid_on")?,
        settled_on: cells.date("settled_on"),
        voucher_ending: Payment::ending(&voucher),
    };
    in_order(cells, "paid_on", "settled_on")?;
    record(cells, Section::Payments, payment.key(&voucher), Some(period), &payment, payment.check())
}
