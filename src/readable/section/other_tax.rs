//! 其他税费申报: a line for each kind, item and period, newest first, with sums by kind.

use std::collections::BTreeMap;

use super::super::book::{filed, sum, table};
use super::super::document::{Block, Cell, Tone, figures, label, texts};
use super::super::value::Record;
use super::super::{money, names};
use super::vat::remarks;

/// Sums by kind, then every line.
pub fn blocks(records: &[Record<'_>]) -> Vec<Block> {
    let mut lines: Vec<Record<'_>> =
        records.iter().copied().filter(|record| record.is("form", "other_tax")).collect();
    lines.sort_by_key(|record| (std::cmp::Reverse(record.span()), record.text("tax_kind")));
    if lines.is_empty() {
        return Vec::new();
    }
    let mut found = vec![Block::Heading(label("其他税费", "Other taxes and charges"))];
    found.extend(by_kind(&lines));
    found.extend(every_line(&lines));
    found
}

fn by_kind(lines: &[Record<'_>]) -> Option<Block> {
    let mut kinds: BTreeMap<String, Vec<&Record<'_>>> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.flag("voided") != Some(true)) {
        kinds.entry(line.text("tax_kind").unwrap_or_default()).or_default().push(line);
    }
    let total = |lines: &[&Record<'_>], path: &str| match sum(lines.iter().map(|line| line.integer(path))) {
        Some(fen) => Cell::plain(money::yuan(fen)),
        None => Cell::new(Tone::Quiet, "有空白，不合计"),
    };
    let rows = kinds.iter().map(|(kind, lines)| {
        vec![
            Cell::plain(names::with_code(names::TAX_KINDS, kind)),
            Cell::plain(lines.len().to_string()),
            total(lines, "payable_fen"),
            total(lines, "relief_fen"),
            total(lines, "due_or_refund_fen"),
        ]
    });
    table(
        label("按征收项目合计（窗口内，元）", "By kind, whole window, yuan"),
        vec![
            texts("征收项目", "Kind"),
            figures("申报份数", "Returns"),
            figures("应纳税额", "Payable"),
            figures("减免税额", "Relief"),
            figures("应补（退）税额", "Due or refund"),
        ],
        rows.collect(),
    )
}

fn every_line(lines: &[Record<'_>]) -> Option<Block> {
    let row = |record: &Record<'_>| {
        let item = record.shown("tax_item");
        vec![
            record.period(),
            record.word("tax_kind", names::TAX_KINDS),
            item,
            record.yuan("base_fen"),
            record.yuan("payable_fen"),
            record.yuan("relief_fen"),
            record.yuan("due_or_refund_fen"),
            filed(record),
            remarks(record),
        ]
    };
    let rows = lines.iter().map(row).collect();
    let block = table(
        label("其他税费逐笔申报（元）", "Every return, yuan"),
        vec![
            texts("所属期", "Period"),
            texts("征收项目", "Kind"),
            texts("征收品目", "Item"),
            figures("计税依据", "Base"),
            figures("应纳税额", "Payable"),
            figures("减免税额", "Relief"),
            figures("应补（退）税额", "Due or refund"),
            texts("申报日期", "Filed"),
            texts("备注", "Remarks"),
        ],
        rows,
    )?;
    Some(block.annexed())
}
