//! Rows of invoices by the month, of the largest counterparties, and of social insurance.

use crate::cli::synth::calendar::{Round, Span, month_of};
use crate::cli::synth::invoices::{counterparties, months};
use crate::cli::synth::row::Row;
use crate::cli::synth::{History, SynthError};

use super::Rows;

/// Adds the firm's invoices and social insurance.
pub(super) fn add(history: &History, span: &Span, rows: &mut Rows) -> Result<(), SynthError> {
    let firm = &history.firm;
    let invoiced = months(firm, &history.ledger, span);
    for of in &invoiced {
        let Some(period) = month_of(of.first) else { continue };
        let row = Row::of(&firm.taxpayer_id)
            .period(period)
            .text("direction", of.direction.as_str())
            .integer("invoice_count", of.count)
            .fen("net_fen", of.net)
            .fen("tax_fen", of.tax)
            .integer("red_count", of.red_count)
            .fen("red_net_fen", of.red_net)
            .integer("void_count", of.void_count)
            .integer("counterparty_count", of.counterparties)
            .integer("top1_share_bp", of.top1_bp)
            .integer("top10_share_bp", of.top10_bp);
        rows.add("invoice_month", Round::Base, row);
    }
    for of in counterparties(firm, &invoiced, span)? {
        let row = Row::of(&firm.taxpayer_id)
            .date("period_from", of.from)
            .date("period_to", of.to)
            .text("direction", of.direction.as_str())
            .integer("rank", of.rank)
            .text("counterparty", &of.number)
            .fen("net_fen", of.net)
            .integer("share_bp", of.share_bp);
        rows.add("invoice_counterparty", Round::Base, row);
    }
    let insured = history.ledger.staff.iter().filter(|month| month.insured > 0 && month.first >= span.first);
    for of in insured {
        let Some(period) = month_of(of.first) else { continue };
        let row = Row::of(&firm.taxpayer_id)
            .period(period)
            .integer("insured", of.insured)
            .fen("due_fen", of.premium_due)
            .fen("paid_fen", of.premium_paid)
            .fen("arrears_fen", of.premium_owed())
            .fen("wages_fen", of.insured_wages);
        rows.add("employment_month", Round::Base, row);
    }
    Ok(())
}
