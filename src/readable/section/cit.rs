//! 企业所得税: prepayments by quarter or month (A200000), settlements by year (A100000).

use super::super::book::{filed, table};
use super::super::document::{Block, Cell, Tone, figures, label, texts};
use super::super::value::Record;
use super::vat::remarks;

/// Tables of both forms.
pub fn blocks(records: &[Record<'_>]) -> Vec<Block> {
    let mut found: Vec<Block> = annual(records).into_iter().collect();
    found.extend(prepayments(records));
    found
}

fn of<'a>(records: &[Record<'a>], form: &str) -> Vec<Record<'a>> {
    let mut found: Vec<Record<'a>> =
        records.iter().copied().filter(|record| record.is("form", form)).collect();
    found.sort_by_key(|record| std::cmp::Reverse(record.span()));
    found
}

fn annual(records: &[Record<'_>]) -> Option<Block> {
    let row = |record: &Record<'_>| {
        let yuan = |name: &str| loss(record.yuan(&format!("figures.{name}")));
        vec![
            record.period(),
            yuan("revenue_fen"),
            yuan("profit_total_fen"),
            yuan("adjusted_income_fen"),
            yuan("taxable_income_fen"),
            yuan("payable_total_fen"),
            yuan("due_or_refund_fen"),
            filed(record),
            remarks(record),
        ]
    };
    table(
        label("年度汇算清缴（元）", "Annual settlement, yuan"),
        vec![
            texts("所属期", "Period"),
            figures("营业收入", "Revenue"),
            figures("利润总额", "Profit"),
            figures("纳税调整后所得", "Adjusted income"),
            figures("应纳税所得额", "Taxable income"),
            figures("实际应纳税额", "Tax payable"),
            figures("应补（退）税额", "Due or refund"),
            texts("申报日期", "Filed"),
            texts("备注", "Remarks"),
        ],
        of(records, "cit_annual").iter().map(row).collect(),
    )
}

fn prepayments(records: &[Record<'_>]) -> Option<Block> {
    let row = |record: &Record<'_>| {
        let yuan = |name: &str| loss(record.yuan(&format!("figures.ytd.{name}")));
        vec![
            record.period(),
            yuan("revenue_fen"),
            yuan("profit_total_fen"),
            yuan("payable_fen"),
            yuan("reduction_fen"),
            yuan("due_or_refund_fen"),
            record.count("employees_closing"),
            record.yuan("assets_closing_fen"),
            record.yes_no("small_low_profit"),
            filed(record),
            remarks(record),
        ]
    };
    table(
        label("预缴申报（本年累计，元）", "Prepayments, year to date, yuan"),
        vec![
            texts("所属期", "Period"),
            figures("营业收入", "Revenue"),
            figures("利润总额", "Profit"),
            figures("应纳所得税额", "Tax payable"),
            figures("减免所得税额", "Relief"),
            figures("应补（退）税额", "Due or refund"),
            figures("期末从业人数", "Employees"),
            figures("期末资产总额", "Assets"),
            texts("小型微利", "Small, low profit"),
            texts("申报日期", "Filed"),
            texts("备注", "Remarks"),
        ],
        of(records, "cit_prepayment").iter().map(row).collect(),
    )
}

/// A negative figure is to be looked at.
fn loss(cell: Cell) -> Cell {
    if cell.text.starts_with('-') { Cell::new(Tone::Warn, cell.text) } else { cell }
}
