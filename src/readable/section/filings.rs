//! 申报信息: every return, by tax.

use super::super::book::Book;
use super::super::document::{Block, Cell, Table, figures, label, texts};
use super::super::names;
use super::super::value::{Record, plain_text};
use super::{cit, none_of, other_tax, vat};

/// Members shown here, or kept to `--json` because they are the form's single rows.
pub const KNOWN: &[&str] = &[
    "tax_kind",
    "tax_item",
    "form",
    "form_version",
    "period",
    "due",
    "filed_on",
    "pay_due",
    "correction",
    "voided",
    "general",
    "refund_on_levy",
    "figures",
    "ytd",
    "rate_bp",
    "employees_opening",
    "employees_closing",
    "assets_opening_fen",
    "assets_closing_fen",
    "small_low_profit",
    "base_fen",
    "quantity",
    "payable_fen",
    "relief_fen",
    "prepaid_fen",
    "due_or_refund_fen",
];

const FORMS: [&str; 5] = ["vat_general", "vat_small", "cit_prepayment", "cit_annual", "other_tax"];

/// Punctuality over all forms, then each tax.
pub fn blocks(book: &Book<'_>, records: &[Record<'_>]) -> Vec<Block> {
    if records.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<Block> = vat::lateness(records).into_iter().collect();
    found.extend(vat::blocks(book, records));
    found.push(Block::Heading(label("企业所得税", "Corporate income tax")));
    let cit = cit::blocks(records);
    if cit.is_empty() {
        found.push(none_of("没有企业所得税申报记录。", "No return of corporate income tax."));
    }
    found.extend(cit);
    found.extend(other_tax::blocks(records));
    found.extend(unknown_forms(records));
    found
}

/// Returns on forms that this program does not know.
fn unknown_forms(records: &[Record<'_>]) -> Vec<Block> {
    let is_new = |record: &&Record<'_>| !FORMS.iter().any(|form| record.is("form", form));
    let rows: Vec<Vec<Cell>> = records.iter().filter(is_new).map(unknown_row).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let columns = vec![
        texts("表单", "Form"),
        texts("所属期", "Period"),
        texts("征收项目", "Tax kind"),
        texts("申报日期", "Filed"),
        figures("内容", "Content"),
    ];
    let caption = label("其他表单（本程序版本不认识）", "Forms this program does not know");
    vec![
        Block::Heading(label("其他表单", "Other forms")),
        Block::Table(Table { caption, columns, rows, sums: Vec::new() }),
    ]
}

fn unknown_row(record: &Record<'_>) -> Vec<Cell> {
    let content = record.at("figures").or_else(|| record.at("general")).map(plain_text);
    vec![
        record.shown("form"),
        record.period(),
        record.code("tax_kind", names::TAX_KINDS),
        record.shown("filed_on"),
        content.map_or_else(Cell::missing, Cell::plain),
    ]
}
