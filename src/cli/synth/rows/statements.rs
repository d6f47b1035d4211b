//! Rows of the financial statements, under the small enterprises' standards or the enterprise standards.
//!
//! Some are corrected with the second round, where expenses had been posted to the wrong line; those of large companies
//! come audited with the third.

use std::collections::BTreeSet;

use crate::cli::synth::History;
use crate::cli::synth::accounts::{Cash, Position, Profit};
use crate::cli::synth::calendar::{Round, Span};
use crate::cli::synth::firm::Firm;
use crate::cli::synth::ledger::Report;
use crate::cli::synth::random::{Purpose, Random};
use crate::cli::synth::row::Row;
use crate::domain::import::{Form, Kind};
use crate::domain::period::{Frequency, Period};
use crate::domain::sections::filings::FormVersion;

use super::{Rows, correction};

/// Selling expenses posted as administrative ones in the first filing of a year.
pub(super) struct Misposting {
    fen: i64,
}

impl Misposting {
    /// The mistake in the annual statements and settlement of that year, for a few firms.
    pub(super) fn of(firm: &Firm, period: Period, profit: &Profit) -> Option<Self> {
        let seed =
            firm.seed ^ u64::try_from(period.to().signed_duration_since(period.from()).num_days()).ok()?;
        let year = u64::try_from(chrono::Datelike::year(&period.from())).ok()?;
        let mut random = Random::new(seed.wrapping_add(year), firm.index, Purpose::Income);
        let happens = period.freq() == Frequency::Year && random.chance(60);
        (happens && profit.selling > 100).then(|| Self { fen: profit.selling / 3 })
    }

    /// The result as first filed.
    pub(super) fn apply(&self, profit: Profit) -> Profit {
        Profit {
            selling: profit.selling - self.fen,
            administrative: profit.administrative + self.fen,
            ..profit
        }
    }
}

/// Adds the firm's statements.
pub(super) fn add(history: &History, span: &Span, rows: &mut Rows) {
    let firm = &history.firm;
    let Some(regime) = super::register::regime(firm) else { return };
    let set: &[Writer] = if regime == "101" { &GENERAL } else { &SMALL };
    for report in &history.ledger.reports {
        let mistake = Misposting::of(firm, report.dates.period, &report.ytd);
        let first = match &mistake {
            Some(mistake) => Report {
                current: mistake.apply(report.current),
                ytd: mistake.apply(report.ytd),
                ..report.clone()
            },
            None => report.clone(),
        };
        let is_year = report.dates.period.freq() == Frequency::Year;
        for writer in set {
            rows.add(writer.form, Round::Base, writer.row(firm, &first, is_year.then_some(false)));
            if mistake.is_some() && writer.form.starts_with("income") {
                let corrected = later(report, span, Round::Second);
                rows.add(writer.form, Round::Second, writer.row(firm, &corrected, Some(false)));
            }
            if is_year && regime == "101" {
                let audited = later(report, span, Round::Third);
                rows.add(writer.form, Round::Third, writer.row(firm, &audited, Some(true)));
            }
        }
    }
}

/// The same report filed again in time for a round.
fn later(report: &Report, span: &Span, round: Round) -> Report {
    let mut later = report.clone();
    later.dates.filed_on = span.known_on(round);
    later.dates.amended = true;
    later
}

/// How one statement is written.
struct Writer {
    form: &'static str,
    version: FormVersion,
    figures: fn(&Report) -> Vec<(String, i64)>,
}

static SMALL: [Writer; 3] = [
    Writer { form: "balance_sheet_small", version: FormVersion::V2013, figures: balances_small },
    Writer { form: "income_statement_small", version: FormVersion::V2013, figures: income_small },
    Writer { form: "cash_flow_small", version: FormVersion::V2013, figures: cash_small },
];

static GENERAL: [Writer; 3] = [
    Writer { form: "balance_sheet_general", version: FormVersion::V2019, figures: balances_general },
    Writer { form: "income_statement_general", version: FormVersion::V2019, figures: income_general },
    Writer { form: "cash_flow_general", version: FormVersion::V2019, figures: cash_general },
];

impl Writer {
    /// The row; lines that the firm has nothing in state zero, as a filed form does.
    fn row(&self, firm: &Firm, report: &Report, audited: Option<bool>) -> Row {
        let mut row = Row::of(&firm.taxpayer_id)
            .text("form_version", self.version.as_str())
            .period(report.dates.period)
            .date("filed_on", report.dates.filed_on)
            .text("correction", correction(report.dates.amended));
        if let Some(audited) = audited {
            row = row.boolean("audited", audited);
        }
        let figures = (self.figures)(report);
        let stated: BTreeSet<String> = figures.iter().map(|(name, _)| name.clone()).collect();
        for (name, fen) in figures {
            row = row.fen(name, fen);
        }
        let columns = Form::by_id(self.form).map(Form::columns).unwrap_or_default();
        for column in
            columns.iter().filter(|column| column.kind == Kind::Fen && !stated.contains(&column.name))
        {
            row = row.fen(column.name.as_str(), 0);
        }
        row
    }
}

fn balances_small(report: &Report) -> Vec<(String, i64)> {
    let of = |position: &Position| {
        let inventory = position.inventory;
        vec![
            ("cash", position.cash),
            ("accounts_receivable", position.receivables),
            ("inventories", inventory),
            ("raw_materials", inventory / 3),
            ("finished_goods", inventory - inventory / 3),
            ("other_current_assets", position.vat_credit),
            ("current_assets_total", position.current_assets()),
            ("fixed_assets_cost", position.equipment),
            ("accumulated_depreciation", position.depreciation),
            ("fixed_assets", position.net_equipment()),
            ("noncurrent_assets_total", position.net_equipment()),
            ("assets_total", position.assets()),
            ("short_loans", position.loans),
            ("accounts_payable", position.payables),
            ("advances_received", position.advances),
            ("payroll_payable", position.payroll),
            ("taxes_payable", position.taxes),
            ("other_payables", position.owed_to_owners),
            ("current_liabilities_total", position.liabilities()),
            ("liabilities_total", position.liabilities()),
            ("paid_in_capital", position.capital),
            ("surplus_reserve", position.reserve),
            ("undistributed_profit", position.retained),
            ("equity_total", position.equity()),
            ("liabilities_and_equity_total", position.liabilities() + position.equity()),
        ]
    };
    columns(of(&report.closing), of(&report.opening), "_opening_fen")
}

fn balances_general(report: &Report) -> Vec<(String, i64)> {
    let of = |position: &Position| {
        vec![
            ("cash", position.cash),
            ("accounts_receivable", position.receivables),
            ("inventories", position.inventory),
            ("other_current_assets", position.vat_credit),
            ("current_assets_total", position.current_assets()),
            ("fixed_assets", position.net_equipment()),
            ("noncurrent_assets_total", position.net_equipment()),
            ("assets_total", position.assets()),
            ("short_loans", position.loans),
            ("accounts_payable", position.payables),
            ("contract_liabilities", position.advances),
            ("payroll_payable", position.payroll),
            ("taxes_payable", position.taxes),
            ("other_payables", position.owed_to_owners),
            ("current_liabilities_total", position.liabilities()),
            ("liabilities_total", position.liabilities()),
            ("paid_in_capital", position.capital),
            ("surplus_reserve", position.reserve),
            ("undistributed_profit", position.retained),
            ("equity_total", position.equity()),
            ("liabilities_and_equity_total", position.liabilities() + position.equity()),
        ]
    };
    columns(of(&report.closing), of(&report.opening), "_opening_fen")
}

fn income_small(report: &Report) -> Vec<(String, i64)> {
    let of = |profit: &Profit| {
        let mut figures = income_common(profit);
        figures.extend([
            ("administrative_expenses", profit.administrative),
            ("construction_tax", profit.construction_tax),
            ("property_and_stamp_taxes", profit.stamp),
            ("education_and_other_charges", profit.education),
            ("entertainment_expenses", profit.entertainment),
            ("research_expenses", profit.research),
            ("government_grants", profit.grants),
            ("tax_late_fees", profit.late_fees),
        ]);
        figures
    };
    columns(of(&report.current), of(&report.ytd), "_ytd_fen")
}

fn income_general(report: &Report) -> Vec<(String, i64)> {
    let of = |profit: &Profit| {
        let mut figures = income_common(profit);
        figures.extend([
            ("administrative_expenses", profit.administrative - profit.research),
            ("research_expenses", profit.research),
            ("continuing_net_profit", profit.net()),
            ("comprehensive_income_total", profit.net()),
        ]);
        figures
    };
    columns(of(&report.current), of(&report.ytd), "_ytd_fen")
}

/// Lines that both standards have. VAT refunded on levy counts as non-operating under both.
fn income_common(profit: &Profit) -> Vec<(&'static str, i64)> {
    vec![
        ("revenue", profit.revenue),
        ("cost", profit.cost),
        ("taxes_and_surcharges", profit.surcharges()),
        ("selling_expenses", profit.selling),
        ("finance_expenses", profit.interest),
        ("interest_expenses", profit.interest),
        ("operating_profit", profit.operating()),
        ("nonoperating_income", profit.grants),
        ("nonoperating_expenses", profit.late_fees + profit.fines),
        ("profit_total", profit.total()),
        ("income_tax", profit.income_tax),
        ("net_profit", profit.net()),
    ]
}

fn cash_small(report: &Report) -> Vec<(String, i64)> {
    let of = |cash: &Cash, till: i64| {
        let mut figures = cash_common(cash, till);
        figures.extend([
            ("received_other_operating", cash.tax_refunds),
            ("repaid_loans", cash.repaid),
            ("paid_interest", cash.interest),
            ("paid_profit", cash.distributed),
        ]);
        figures
    };
    columns(of(&report.cash, report.till), of(&report.cash_ytd, report.opening.cash), "_ytd_fen")
}

fn cash_general(report: &Report) -> Vec<(String, i64)> {
    let of = |cash: &Cash, till: i64| {
        let mut figures = cash_common(cash, till);
        figures.extend([
            ("received_tax_refunds", cash.tax_refunds),
            ("operating_inflow", cash.from_customers + cash.tax_refunds),
            ("operating_outflow", cash.to_suppliers + cash.to_employees + cash.taxes + cash.other_operating),
            ("investing_outflow", cash.equipment),
            ("financing_inflow", cash.invested + cash.borrowed),
            ("repaid_debt", cash.repaid),
            ("paid_dividends_and_interest", cash.distributed + cash.interest),
            ("financing_outflow", cash.repaid + cash.distributed + cash.interest),
        ]);
        figures
    };
    columns(of(&report.cash, report.till), of(&report.cash_ytd, report.opening.cash), "_ytd_fen")
}

fn cash_common(cash: &Cash, till: i64) -> Vec<(&'static str, i64)> {
    vec![
        ("received_from_sales", cash.from_customers),
        ("paid_for_purchases", cash.to_suppliers),
        ("paid_to_employees", cash.to_employees),
        ("paid_taxes", cash.taxes),
        ("paid_other_operating", cash.other_operating),
        ("operating_net", cash.operating()),
        ("paid_for_long_assets", cash.equipment),
        ("investing_net", -cash.equipment),
        ("received_loans", cash.borrowed),
        ("received_from_investors", cash.invested),
        ("financing_net", cash.financing()),
        ("net_increase", cash.net()),
        ("opening_cash", till),
        ("closing_cash", till + cash.net()),
    ]
}

/// The two columns of a statement: the first ends in `_fen`, the second as told.
fn columns(first: Vec<(&str, i64)>, second: Vec<(&str, i64)>, ending: &str) -> Vec<(String, i64)> {
    let first = first.into_iter().map(|(name, fen)| (format!("{name}_fen"), fen));
    let second = second.into_iter().map(|(name, fen)| (format!("{name}{ending}"), fen));
    first.chain(second).collect()
}
