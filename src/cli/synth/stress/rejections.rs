//! Rows that are rejected: each rule of shape, type, code, date and consistency, in English CSV, in objects, and in a
//! Chinese export.

use super::page::{Case, Page, Says, Twist, any, says, states};
use crate::cli::synth::row::Row;
use crate::domain::import::{InputRule as Rule, Syntax};

use Twist::{Cell, Cells, Line, Member, OpenQuote, Repeat, Short};

/// Every file of rows that are rejected.
pub(super) fn pages() -> Vec<Page> {
    vec![
        page("registration-rejected", "registration", Syntax::Csv, register()),
        page("registration-objects", "registration", Syntax::Ndjson, objects()),
        page("registration_change-rejected", "registration_change", Syntax::Csv, changes()),
        page("registration_status-rejected", "registration_status", Syntax::Csv, statuses()),
        page("rating-rejected", "rating", Syntax::Csv, ratings()),
        page("vat_general-rejected", "vat_general", Syntax::Csv, returns()),
        page("cit_annual-rejected", "cit_annual", Syntax::Csv, settlements()),
        page("payment-rejected", "payment", Syntax::Csv, payments()),
        page("inspection-rejected", "inspection", Syntax::Csv, inspections()),
        page("violation-rejected", "violation", Syntax::Ndjson, violations()),
        page("balance_sheet_small-rejected", "balance_sheet_small", Syntax::Csv, statements()),
        page("invoice_counterparty-rejected", "invoice_counterparty", Syntax::Csv, counterparties()),
        Page { chinese: true, ..page("employment_month-export", "employment_month", Syntax::Csv, export()) },
    ]
}

fn page(name: &'static str, form: &'static str, syntax: Syntax, cases: Vec<Case>) -> Page {
    Page { name, form, syntax, chinese: false, cases }
}

fn case(twist: Twist, rule: Rule, column: impl Into<Option<&'static str>>) -> Case {
    Case { twist, says: Says::Rejected(rule, column.into()), wants: any }
}

fn where_row(wants: fn(&Row) -> bool, case: Case) -> Case {
    Case { wants, ..case }
}

fn register() -> Vec<Case> {
    vec![
        case(Short, Rule::ShapeCells, None),
        case(OpenQuote, Rule::ShapeQuotes, None),
        case(Cell("name", ""), Rule::Required, "name"),
        case(Cell("name", "深圳市\u{7}有限公司"), Rule::TypeText, "name"),
        case(Cell("uscc", "9144"), Rule::TypeUscc, "uscc"),
        case(Cell("taxpayer_id", "44030-6"), Rule::TypeTaxpayerId, "taxpayer_id"),
        case(Cell("reg_date", "2026-02-30"), Rule::TypeDate, "reg_date"),
        case(Cell("reg_date", "去年"), Rule::TypeDate, "reg_date"),
        case(Cell("authority", "144030A0000"), Rule::TypeDigits, "authority"),
        case(Cell("currency", "人民币"), Rule::TypeLetters, "currency"),
        case(Cell("vat_class", "其他"), Rule::CodeUnknown, "vat_class"),
        case(Cell("size_class", "giant"), Rule::CodeUnknown, "size_class"),
        case(Cell("employees", "十二"), Rule::TypeInteger, "employees"),
        case(Cell("employees", "12.5"), Rule::TypeDecimals, "employees"),
        case(Cell("employees", "-1"), Rule::ValueRange, "employees"),
        case(Cells(&[("reg_capital_fen", "100"), ("currency", "")]), Rule::RowConsistency, "currency"),
        where_row(
            |row| says(row, "vat_class", "general"),
            case(Cell("vat_class_to", "1990-01-01"), Rule::DateOrder, "vat_class_to"),
        ),
        case(Repeat, Rule::DuplicateRecord, None),
    ]
}

/// Objects are read by the letter: no other way of writing a value is taken.
fn objects() -> Vec<Case> {
    vec![
        case(Line("[1,2]"), Rule::ShapeJson, None),
        case(Line("{\"taxpayer_id\":\"9144"), Rule::ShapeJson, None),
        case(Member("\"colour\":\"red\""), Rule::ShapeUnknownColumn, "colour"),
        case(Member("\"employees\":3"), Rule::ShapeDuplicateColumn, "employees"),
        case(Cell("name", "null"), Rule::Required, "name"),
        case(Cell("reg_date", "\"2026/1/5\""), Rule::TypeDate, "reg_date"),
        case(Cell("employees", "\"12\""), Rule::TypeInteger, "employees"),
        case(Cell("reg_capital_fen", "\"1,000\""), Rule::TypeFen, "reg_capital_fen"),
        case(Cell("reg_capital_fen", "1e9"), Rule::TypeFen, "reg_capital_fen"),
        case(Cell("name", "{\"zh\":\"甲\"}"), Rule::TypeText, "name"),
    ]
}

fn changes() -> Vec<Case> {
    vec![
        where_row(
            |row| says(row, "item", "legal_rep"),
            case(Cell("after", "某人"), Rule::RowConsistency, "after"),
        ),
        case(Cell("item", "mascot"), Rule::CodeUnknown, "item"),
    ]
}

fn statuses() -> Vec<Case> {
    vec![
        case(Cell("status", "3"), Rule::TypeDigits, "status"),
        case(Cell("status_to", "1980-01-01"), Rule::DateOrder, "status_to"),
    ]
}

fn ratings() -> Vec<Case> {
    vec![
        case(Cell("score", "九十"), Rule::TypeDecimal, "score"),
        case(Cell("score", "101"), Rule::ValueRange, "score"),
        case(Cell("score", "90.555"), Rule::TypeDecimals, "score"),
        case(Cell("direct_d_case", "14"), Rule::ValueRange, "direct_d_case"),
        case(Cell("level", "S"), Rule::CodeUnknown, "level"),
        case(Cell("assessed_on", "2001-01-01"), Rule::DateOrder, "assessed_on"),
        case(Cell("superseded_on", "2001-01-01"), Rule::DateOrder, "superseded_on"),
    ]
}

fn returns() -> Vec<Case> {
    vec![
        case(Cell("period_to", "2026-01-30"), Rule::PeriodWhole, "period_to"),
        case(Cell("filed_on", "2001-01-01"), Rule::DateOrder, "filed_on"),
        case(Cell("form_version", "2017"), Rule::CodeUnknown, "form_version"),
        where_row(
            |row| states(row, "surcharge_construction_fen"),
            case(Cell("form_version", "2019"), Rule::FormVersion, "surcharge_construction_fen"),
        ),
        case(Cell("sales_std_fen", "12元"), Rule::TypeFen, "sales_std_fen"),
        case(Cell("sales_std_fen", "1000.50"), Rule::TypeDecimals, "sales_std_fen"),
        case(Cell("sales_std_fen", "9,99"), Rule::TypeGrouping, "sales_std_fen"),
        case(Cell("sales_std_fen", "1000000000000001"), Rule::ValueRange, "sales_std_fen"),
        case(Cell("voided", "maybe"), Rule::TypeBoolean, "voided"),
        case(Cell("correction", "second"), Rule::CodeUnknown, "correction"),
    ]
}

fn settlements() -> Vec<Case> {
    vec![case(
        Cells(&[("period_from", "2025-01-01"), ("period_to", "2025-03-31")]),
        Rule::PeriodWhole,
        "period_to",
    )]
}

fn payments() -> Vec<Case> {
    vec![
        case(Cell("tax_kind", "1010"), Rule::TypeDigits, "tax_kind"),
        case(Cell("voucher", "12AB567890"), Rule::TypeDigits, "voucher"),
        case(Cell("class", "tip"), Rule::CodeUnknown, "class"),
        case(Cell("period_to", "1999-12-31"), Rule::DateOrder, "period_to"),
        case(Cell("settled_on", "2001-01-01"), Rule::DateOrder, "settled_on"),
        case(Repeat, Rule::DuplicateRecord, None),
    ]
}

/// A case that is open has no decision, and is not taken.
fn inspections() -> Vec<Case> {
    vec![
        case(Cell("decision_no", ""), Rule::Required, "decision_no"),
        case(Cell("served_on", ""), Rule::Required, "served_on"),
        case(Cell("status", "open"), Rule::CodeUnknown, "status"),
        case(Cell("examined_to", "2001-01-01"), Rule::DateOrder, "examined_to"),
        case(Cell("due_tax_fen", "-1"), Rule::ValueRange, "due_tax_fen"),
    ]
}

fn violations() -> Vec<Case> {
    vec![
        case(Cell("facts", "\"\""), Rule::TypeText, "facts"),
        case(Cell("inspection_case", "\"false\""), Rule::TypeBoolean, "inspection_case"),
        case(Cell("resolved_on", "\"2001-01-01\""), Rule::DateOrder, "resolved_on"),
    ]
}

fn statements() -> Vec<Case> {
    vec![
        case(
            Cells(&[("period_from", "2025-02-01"), ("period_to", "2025-02-28")]),
            Rule::PeriodWhole,
            "period_to",
        ),
        case(Cell("filed_on", "2001-01-01"), Rule::DateOrder, "filed_on"),
        case(Cell("form_version", "2019"), Rule::CodeUnknown, "form_version"),
    ]
}

fn counterparties() -> Vec<Case> {
    vec![
        case(
            Cells(&[("period_from", "2025-01-01"), ("period_to", "2025-11-30")]),
            Rule::PeriodWhole,
            "period_to",
        ),
        case(Cell("rank", "11"), Rule::ValueRange, "rank"),
        case(Cell("share_bp", "10001"), Rule::ValueRange, "share_bp"),
    ]
}

/// An export of a spreadsheet: money in 元 with separators, days as people write them.
fn export() -> Vec<Case> {
    vec![
        case(Cell("due_fen", "壹佰元"), Rule::TypeFen, "due_fen"),
        case(Cell("due_fen", "1,234.567"), Rule::TypeDecimals, "due_fen"),
        case(Cell("due_fen", "12,34.00"), Rule::TypeGrouping, "due_fen"),
        case(Cell("period_from", "2025年2月30日"), Rule::TypeDate, "period_from"),
        case(Cell("insured", "若干"), Rule::TypeInteger, "insured"),
        case(Short, Rule::ShapeCells, None),
    ]
}
