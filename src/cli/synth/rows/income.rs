//! Rows of enterprise income tax and of other taxes by the line. A correction comes with the second round.

use chrono::{Datelike, NaiveDate};

use crate::cli::synth::History;
use crate::cli::synth::calendar::{FilingDates, Round, Span};
use crate::cli::synth::firm::Firm;
use crate::cli::synth::income::{Prepayment, Settlement};
use crate::cli::synth::other_tax::OtherLine;
use crate::cli::synth::row::Row;
use crate::domain::sections::filings::FormVersion;

use super::statements::Misposting;
use super::{Rows, filed};

/// Adds the firm's prepayments, settlements and lines of other taxes.
pub(super) fn add(history: &History, span: &Span, rows: &mut Rows) {
    let firm = &history.firm;
    for of in &history.ledger.prepayments {
        rows.add("cit_prepayment", Round::Base, prepayment(firm, of));
    }
    for of in &history.ledger.settlements {
        let mistake = Misposting::of(firm, of.dates.period, &of.profit);
        let first = mistake.as_ref().map_or(of.profit, |mistake| mistake.apply(of.profit));
        let original = Settlement { profit: first, ..of.clone() };
        rows.add("cit_annual", Round::Base, settlement(firm, &original));
        if mistake.is_some() {
            let dates = FilingDates { filed_on: span.known_on(Round::Second), amended: true, ..of.dates };
            let corrected = Settlement { dates, ..of.clone() };
            rows.add("cit_annual", Round::Second, settlement(firm, &corrected));
        }
    }
    for of in &history.ledger.other {
        rows.add("other_tax", Round::Base, line(firm, of));
    }
}

/// The layout of A200000 in force: that of 2021 from its second quarter on.
fn prepayment_version(from: NaiveDate) -> FormVersion {
    if (from.year(), from.month()) < (2021, 4) { FormVersion::V2019 } else { FormVersion::V2021 }
}

fn prepayment(firm: &Firm, of: &Prepayment) -> Row {
    let version = prepayment_version(of.dates.period.from());
    let mut row = filed(Row::of(&firm.taxpayer_id), &of.dates, version);
    let own = match version {
        FormVersion::V2021 => {
            ["exempt_income_and_extra_deductions_ytd_fen", "income_reliefs_ytd_fen"].as_slice()
        }
        FormVersion::V2013 | FormVersion::V2017 | FormVersion::V2019 => &["exemptions_and_reliefs_ytd_fen"],
    };
    for (name, fen) in [
        ("revenue_ytd_fen", of.revenue),
        ("cost_ytd_fen", of.cost),
        ("profit_total_ytd_fen", of.profit),
        ("special_income_ytd_fen", 0),
        ("nontaxed_income_ytd_fen", 0),
        ("accelerated_depreciation_ytd_fen", 0),
        ("prior_losses_ytd_fen", of.prior_losses),
        ("actual_profit_ytd_fen", of.actual_profit()),
        ("payable_ytd_fen", of.payable),
        ("reduction_ytd_fen", of.reduction),
        ("prepaid_ytd_fen", of.prepaid),
        ("special_prepaid_ytd_fen", 0),
        ("due_or_refund_ytd_fen", of.due()),
        ("assets_opening_fen", of.assets.0),
        ("assets_closing_fen", of.assets.1),
    ] {
        row = row.fen(name, fen);
    }
    for name in own {
        row = row.fen(*name, 0);
    }
    row.integer("rate_bp", 2_500)
        .integer("employees_opening", of.employees.0)
        .integer("employees_closing", of.employees.1)
        .boolean("small_low_profit", of.small)
}

fn settlement(firm: &Firm, of: &Settlement) -> Row {
    let mut row = filed(Row::of(&firm.taxpayer_id), &of.dates, FormVersion::V2017);
    let profit = &of.profit;
    let payable_total = of.payable - of.reduction;
    for (name, fen) in [
        ("revenue_fen", profit.revenue),
        ("cost_fen", profit.cost),
        ("taxes_and_surcharges_fen", profit.surcharges()),
        ("selling_expenses_fen", profit.selling),
        ("administrative_expenses_fen", profit.administrative),
        ("finance_expenses_fen", profit.interest),
        ("asset_impairment_fen", 0),
        ("fair_value_gain_fen", 0),
        ("investment_income_fen", 0),
        ("operating_profit_fen", profit.operating()),
        ("nonoperating_income_fen", profit.grants),
        ("nonoperating_expenses_fen", profit.late_fees + profit.fines),
        ("profit_total_fen", profit.total()),
        ("foreign_income_fen", 0),
        ("adjustments_up_fen", of.adjustments_up),
        ("adjustments_down_fen", 0),
        ("exempt_income_and_extra_deductions_fen", of.extra_deduction),
        ("foreign_income_against_losses_fen", 0),
        ("adjusted_income_fen", of.adjusted()),
        ("income_reliefs_fen", 0),
        ("prior_losses_fen", of.prior_losses),
        ("deductible_investment_fen", 0),
        ("taxable_income_fen", of.taxable()),
        ("payable_fen", of.payable),
        ("reduction_fen", of.reduction),
        ("credited_fen", 0),
        ("domestic_payable_fen", payable_total),
        ("foreign_payable_fen", 0),
        ("foreign_credited_fen", 0),
        ("payable_total_fen", payable_total),
        ("prepaid_fen", of.prepaid),
        ("due_or_refund_fen", of.due_or_refund()),
    ] {
        row = row.fen(name, fen);
    }
    row.integer("rate_bp", 2_500)
}

fn line(firm: &Firm, of: &OtherLine) -> Row {
    let row = Row::of(&firm.taxpayer_id).text("tax_kind", of.tax.kind()).text("tax_item", of.tax.item());
    let mut row = filed(row, &of.dates, FormVersion::V2021).fen("base_fen", of.base_fen);
    if let Some(rate) = of.rate_bp {
        row = row.integer("rate_bp", rate);
    }
    row.fen("payable_fen", of.payable_fen)
        .fen("relief_fen", of.relief_fen)
        .fen("prepaid_fen", of.prepaid_fen)
        .fen("due_or_refund_fen", of.due_or_refund())
}
