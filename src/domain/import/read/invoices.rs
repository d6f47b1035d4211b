//! Rows of the two invoice forms into records.

use super::facts::{code, record, twelve_months};
use super::whole_period;
use crate::domain::fen::Fen;
use crate::domain::import::Fault;
use crate::domain::import::cells::{Cells, need};
use crate::domain::period::Frequency;
use crate::domain::record::Record;
use crate::domain::section::Section;
use crate::domain::sections::invoices::{Direction, InvoiceCounterparty, InvoiceMonth, InvoiceRecord};

/// A month's row as a record; its period is the month.
pub(in crate::domain::import) fn invoice_month(cells: &Cells) -> Result<Record, Fault> {
    let period = whole_period(cells, &[Frequency::Month])?;
    let month = InvoiceMonth {
        period,
        direction: code(cells, "direction", Direction::from_name)?,
        invoice_count: need(cells.integer("invoice_count"), "invoice_count")?,
        net_fen: need(cells.integer("net_fen").map(Fen::new), "net_fen")?,
        tax_fen: need(cells.integer("tax_fen").map(Fen::new), "tax_fen")?,
        red_count: cells.integer("red_count"),
        red_net_fen: cells.integer("red_net_fen").map(Fen::new),
        void_count: cells.integer("void_count"),
        counterparty_count: cells.integer("counterparty_count"),
        top1_share_bp: cells.integer("top1_share_bp"),
        top10_share_bp: cells.integer("top10_share_bp"),
    };
    let (key, findings) = (month.key(), month.check());
    record(cells, Section::Invoices, key, Some(period), &InvoiceRecord::Month(month), findings)
}

/// A counterparty's row as a record; its period is the twelve months.
pub(in crate::domain::import) fn invoice_counterparty(cells: &Cells) -> Result<Record, Fault> {
    let period = twelve_months(cells)?;
    let counterparty = InvoiceCounterparty {
        period,
        direction: code(cells, "direction", Direction::from_name)?,
        rank: need(cells.integer("rank"), "rank")?,
        counterparty: need(cells.text("counterparty"), "counterparty")?,
        net_fen: need(cells.integer("net_fen").map(Fen::new), "net_fen")?,
        share_bp: need(cells.integer("share_bp"), "share_bp")?,
    };
    let (key, findings) = (counterparty.key(), counterparty.check());
    record(cells, Section::Invoices, key, Some(period), &InvoiceRecord::Counterparty(counterparty), findings)
}
