//! Rows that are taken and marked: for each rule of each form figures that disagree with it by a fen, and check
//! characters that are not the computed ones.

use super::page::{Case, Page, Says, Twist, any, number, says, states};
use crate::cli::synth::row::Row;
use crate::domain::import::Syntax;

use Twist::{Bump, Bump2, Cell, Cells, Character};

/// Every file of rows that are marked.
pub(super) fn pages() -> Vec<Page> {
    let page = |name, form, cases| Page { name, form, syntax: Syntax::Csv, chinese: false, cases };
    vec![
        page("registration-marked", "registration", register()),
        page("rating-marked", "rating", ratings()),
        page("vat_general-marked", "vat_general", figures(VAT_GENERAL)),
        page("vat_small-marked", "vat_small", figures(VAT_SMALL)),
        page("cit_prepayment-marked", "cit_prepayment", figures(CIT_PREPAYMENT)),
        page("cit_annual-marked", "cit_annual", figures(CIT_ANNUAL)),
        page("other_tax-marked", "other_tax", lines()),
        page("payment-marked", "payment", payments()),
        page("arrears-marked", "arrears", arrears()),
        page("violation-marked", "violation", violations()),
        page("inspection-marked", "inspection", inspections()),
        page("balance_sheet_small-marked", "balance_sheet_small", figures(BALANCE_SMALL)),
        page("income_statement_small-marked", "income_statement_small", figures(INCOME_SMALL)),
        page("cash_flow_small-marked", "cash_flow_small", figures(CASH_SMALL)),
        page("balance_sheet_general-marked", "balance_sheet_general", figures(BALANCE_GENERAL)),
        page("income_statement_general-marked", "income_statement_general", figures(INCOME_GENERAL)),
        page("cash_flow_general-marked", "cash_flow_general", figures(CASH_GENERAL)),
        page("invoice_month-marked", "invoice_month", invoices()),
        page("invoice_counterparty-marked", "invoice_counterparty", counterparties()),
        page("employment_month-marked", "employment_month", employment()),
    ]
}

/// Figures one fen too large, each with the rules that then fail, and what a row must be like for them to fail.
type Figures = &'static [(&'static str, &'static [&'static str], fn(&Row) -> bool)];

fn figures(figures: Figures) -> Vec<Case> {
    figures
        .iter()
        .map(|(column, marks, wants)| {
            let twist = if *column == "rate_bp" { Cell("rate_bp", "1500") } else { Bump(column) };
            case(twist, marks, *wants)
        })
        .collect()
}

fn case(twist: Twist, marks: &'static [&'static str], wants: fn(&Row) -> bool) -> Case {
    Case { twist, says: Says::Marked(marks), wants }
}

/// More credit than output tax, so that the smaller of the two stays.
fn carries_credit(row: &Row) -> bool {
    number(row, "carried_out_fen") > 0
}

/// Nothing older is owed, so that a fen more paid leaves that at zero.
fn owes_nothing_old(row: &Row) -> bool {
    number(row, "of_which_arrears_fen") == 0
}

/// A quarter of it is whole, so that a fen more leaves the tax as it is.
fn quarters(row: &Row, column: &str) -> bool {
    number(row, column) >= 0 && number(row, column) % 4 == 0
}

fn prepays(row: &Row) -> bool {
    number(row, "due_or_refund_ytd_fen") > 0 && says(row, "form_version", "2021")
}

fn earns(row: &Row) -> bool {
    number(row, "taxable_income_fen") > 100
}

const VAT_GENERAL: Figures = &[
    ("creditable_fen", &["vat_general.row_17", "vat_general.row_20"], carries_credit),
    ("credited_fen", &["vat_general.row_18", "vat_general.row_19", "vat_general.row_20"], any),
    ("net_payable_fen", &["vat_general.row_19", "vat_general.row_24"], any),
    ("carried_out_fen", &["vat_general.row_20"], any),
    ("payable_total_fen", &["vat_general.row_24", "vat_general.row_32", "vat_general.row_34"], any),
    ("paid_fen", &["vat_general.row_27", "vat_general.row_32"], owes_nothing_old),
    ("closing_unpaid_fen", &["vat_general.row_32"], any),
    ("of_which_arrears_fen", &["vat_general.row_33"], any),
    ("due_or_refund_fen", &["vat_general.row_34"], any),
    ("closing_audit_unpaid_fen", &["vat_general.row_38"], any),
];

const VAT_SMALL: Figures = &[
    ("payable_total_fen", &["vat_small.row_20", "vat_small.row_22"], any),
    ("due_or_refund_fen", &["vat_small.row_22"], any),
];

const CIT_PREPAYMENT: Figures = &[
    ("actual_profit_ytd_fen", &["cit_prepayment.2021.row_10"], |row| quarters(row, "actual_profit_ytd_fen")),
    ("payable_ytd_fen", &["cit_prepayment.2021.row_12", "cit_prepayment.2021.row_16"], prepays),
    ("due_or_refund_ytd_fen", &["cit_prepayment.2021.row_16"], prepays),
    ("rate_bp", &["cit_prepayment.2021.row_11", "cit_prepayment.2021.row_12"], prepays),
];

const CIT_ANNUAL: Figures = &[
    ("operating_profit_fen", &["cit_annual.row_10", "cit_annual.row_13"], any),
    ("profit_total_fen", &["cit_annual.row_13", "cit_annual.row_19"], any),
    ("adjusted_income_fen", &["cit_annual.row_19", "cit_annual.row_23"], earns),
    ("taxable_income_fen", &["cit_annual.row_23"], |row| quarters(row, "taxable_income_fen")),
    ("payable_fen", &["cit_annual.row_25", "cit_annual.row_28"], any),
    ("domestic_payable_fen", &["cit_annual.row_28", "cit_annual.row_31"], any),
    ("payable_total_fen", &["cit_annual.row_31", "cit_annual.row_33"], any),
    ("due_or_refund_fen", &["cit_annual.row_33"], any),
    ("rate_bp", &["cit_annual.row_24", "cit_annual.row_25"], earns),
];

const BALANCE_SMALL: Figures = &[
    ("current_assets_total_fen", &["balance_sheet_small.row_15", "balance_sheet_small.row_30"], any),
    ("fixed_assets_fen", &["balance_sheet_small.row_20", "balance_sheet_small.row_29"], any),
    ("noncurrent_assets_total_fen", &["balance_sheet_small.row_29", "balance_sheet_small.row_30"], any),
    (
        "assets_total_fen",
        &["balance_sheet_small.assets_equal_liabilities_and_equity", "balance_sheet_small.row_30"],
        any,
    ),
    ("current_liabilities_total_fen", &["balance_sheet_small.row_41", "balance_sheet_small.row_47"], any),
    ("noncurrent_liabilities_total_fen", &["balance_sheet_small.row_46", "balance_sheet_small.row_47"], any),
    ("liabilities_total_fen", &["balance_sheet_small.row_47", "balance_sheet_small.row_53"], any),
    ("equity_total_fen", &["balance_sheet_small.row_52", "balance_sheet_small.row_53"], any),
    (
        "liabilities_and_equity_total_fen",
        &["balance_sheet_small.assets_equal_liabilities_and_equity", "balance_sheet_small.row_53"],
        any,
    ),
];

const INCOME_SMALL: Figures = &[
    ("operating_profit_fen", &["income_statement_small.row_21", "income_statement_small.row_30"], any),
    ("profit_total_fen", &["income_statement_small.row_30", "income_statement_small.row_32"], any),
    ("net_profit_fen", &["income_statement_small.row_32"], any),
];

const CASH_SMALL: Figures = &[
    ("operating_net_fen", &["cash_flow_small.row_7", "cash_flow_small.row_20"], any),
    ("investing_net_fen", &["cash_flow_small.row_13", "cash_flow_small.row_20"], any),
    ("financing_net_fen", &["cash_flow_small.row_19", "cash_flow_small.row_20"], any),
    ("net_increase_fen", &["cash_flow_small.row_20", "cash_flow_small.row_22"], any),
    ("closing_cash_fen", &["cash_flow_small.row_22"], any),
];

const BALANCE_GENERAL: Figures = &[
    (
        "current_assets_total_fen",
        &["balance_sheet_general.current_assets_total", "balance_sheet_general.assets_total"],
        any,
    ),
    (
        "noncurrent_assets_total_fen",
        &["balance_sheet_general.noncurrent_assets_total", "balance_sheet_general.assets_total"],
        any,
    ),
    (
        "assets_total_fen",
        &["balance_sheet_general.assets_total", "balance_sheet_general.assets_equal_liabilities_and_equity"],
        any,
    ),
    (
        "current_liabilities_total_fen",
        &["balance_sheet_general.current_liabilities_total", "balance_sheet_general.liabilities_total"],
        any,
    ),
    (
        "noncurrent_liabilities_total_fen",
        &["balance_sheet_general.noncurrent_liabilities_total", "balance_sheet_general.liabilities_total"],
        any,
    ),
    (
        "liabilities_total_fen",
        &["balance_sheet_general.liabilities_total", "balance_sheet_general.liabilities_and_equity_total"],
        any,
    ),
    (
        "equity_total_fen",
        &["balance_sheet_general.equity_total", "balance_sheet_general.liabilities_and_equity_total"],
        any,
    ),
    (
        "liabilities_and_equity_total_fen",
        &[
            "balance_sheet_general.liabilities_and_equity_total",
            "balance_sheet_general.assets_equal_liabilities_and_equity",
        ],
        any,
    ),
];

const INCOME_GENERAL: Figures = &[
    (
        "operating_profit_fen",
        &["income_statement_general.operating_profit", "income_statement_general.profit_total"],
        any,
    ),
    (
        "profit_total_fen",
        &["income_statement_general.profit_total", "income_statement_general.net_profit"],
        any,
    ),
    (
        "net_profit_fen",
        &[
            "income_statement_general.net_profit",
            "income_statement_general.net_profit_by_continuity",
            "income_statement_general.comprehensive_income_total",
        ],
        any,
    ),
    ("continuing_net_profit_fen", &["income_statement_general.net_profit_by_continuity"], any),
    (
        "other_comprehensive_income_fen",
        &[
            "income_statement_general.other_comprehensive_income",
            "income_statement_general.comprehensive_income_total",
        ],
        any,
    ),
    ("comprehensive_income_total_fen", &["income_statement_general.comprehensive_income_total"], any),
];

const CASH_GENERAL: Figures = &[
    ("operating_inflow_fen", &["cash_flow_general.operating_inflow", "cash_flow_general.operating_net"], any),
    (
        "operating_outflow_fen",
        &["cash_flow_general.operating_outflow", "cash_flow_general.operating_net"],
        any,
    ),
    ("operating_net_fen", &["cash_flow_general.operating_net", "cash_flow_general.net_increase"], any),
    ("investing_inflow_fen", &["cash_flow_general.investing_inflow", "cash_flow_general.investing_net"], any),
    (
        "investing_outflow_fen",
        &["cash_flow_general.investing_outflow", "cash_flow_general.investing_net"],
        any,
    ),
    ("investing_net_fen", &["cash_flow_general.investing_net", "cash_flow_general.net_increase"], any),
    ("financing_inflow_fen", &["cash_flow_general.financing_inflow", "cash_flow_general.financing_net"], any),
    (
        "financing_outflow_fen",
        &["cash_flow_general.financing_outflow", "cash_flow_general.financing_net"],
        any,
    ),
    ("financing_net_fen", &["cash_flow_general.financing_net", "cash_flow_general.net_increase"], any),
    ("net_increase_fen", &["cash_flow_general.net_increase", "cash_flow_general.closing_cash"], any),
    ("closing_cash_fen", &["cash_flow_general.closing_cash"], any),
];

fn register() -> Vec<Case> {
    let eighteen = |row: &Row| states(row, "uscc");
    vec![
        case(Character("uscc", 17), &["uscc.check"], eighteen),
        case(Character("uscc", 16), &["uscc.check", "uscc.organisation_check"], eighteen),
        case(Character("taxpayer_id", 17), &["uscc.check"], eighteen),
    ]
}

fn ratings() -> Vec<Case> {
    let scored = |row: &Row| states(row, "score") && says(row, "cause", "annual");
    vec![
        case(Cells(&[("level", "A"), ("score", "61.5")]), &["rating.level_of_score"], scored),
        case(Cells(&[("level", "D"), ("score", "95")]), &["rating.level_of_score"], scored),
        case(Cells(&[("level", "B"), ("direct_d_case", "9")]), &["rating.direct_d"], scored),
    ]
}

fn lines() -> Vec<Case> {
    let charged = |row: &Row| says(row, "tax_kind", "10111");
    let income =
        |row: &Row| says(row, "tax_kind", "10106") && states(row, "rate_bp") && number(row, "base_fen") > 0;
    vec![
        case(Bump("due_or_refund_fen"), &["other_tax.due_or_refund"], charged),
        case(Bump2("payable_fen", "due_or_refund_fen"), &["other_tax.payable"], charged),
        case(Cell("rate_bp", "4500"), &["other_tax.business_income_rate"], income),
        case(Bump2("payable_fen", "due_or_refund_fen"), &["other_tax.business_income_tax"], income),
    ]
}

fn payments() -> Vec<Case> {
    vec![case(Bump("amount_fen"), &["payment.late_fee"], |row| says(row, "class", "late_fee"))]
}

fn arrears() -> Vec<Case> {
    vec![
        case(Cells(&[("amount_fen", "0"), ("cleared_on", "")]), &["arrears.cleared"], any),
        case(Cell("amount_fen", "12345"), &["arrears.cleared"], |row| states(row, "cleared_on")),
    ]
}

fn violations() -> Vec<Case> {
    vec![
        case(Cell("status", "unresolved"), &["violation.resolved_on"], |row| states(row, "resolved_on")),
        case(
            Cells(&[("first_time_exempt", "true"), ("corrected", "false")]),
            &["violation.first_time_exempt"],
            any,
        ),
    ]
}

fn inspections() -> Vec<Case> {
    vec![case(
        Cells(&[("due_tax_fen", "100"), ("paid_tax_fen", "101")]),
        &["inspection.paid_within_due"],
        any,
    )]
}

fn invoices() -> Vec<Case> {
    vec![
        case(
            Cells(&[("top1_share_bp", "5001"), ("top10_share_bp", "5000")]),
            &["invoice_month.top_shares"],
            any,
        ),
        case(Cells(&[("invoice_count", "30000"), ("red_count", "30001")]), &["invoice_month.red_count"], any),
        case(
            Cells(&[("invoice_count", "30000"), ("counterparty_count", "30001")]),
            &["invoice_month.counterparty_count"],
            any,
        ),
    ]
}

fn counterparties() -> Vec<Case> {
    let second = |row: &Row| number(row, "rank") == 2;
    vec![case(Cell("share_bp", "5100"), &["invoice_counterparty.share_of_rank"], second)]
}

fn employment() -> Vec<Case> {
    vec![case(Bump("arrears_fen"), &["employment.arrears"], any)]
}
