//! 欠税信息: what is owed now, and what was owed and cleared.

use super::super::book::{Book, sum, table};
use super::super::document::{Block, Cell, Tone, figures, label, note, texts};
use super::super::value::Record;
use super::super::{money, names};

/// Members shown here.
pub const KNOWN: &[&str] = &["tax_kind", "tax_item", "class", "period", "due", "amount_fen", "cleared_on"];

/// The sum still owed, then each debt.
pub fn blocks(book: &Book<'_>, records: &[Record<'_>]) -> Vec<Block> {
    if records.is_empty() {
        return Vec::new();
    }
    let owed = owed(records);
    let mut found = vec![match owed {
        Some(0) => note(Tone::Good, "截至数据日没有未清欠税。", "Nothing is owed as of that day."),
        Some(fen) => note(
            Tone::Bad,
            format!("截至数据日未清欠税合计 {} 元。", money::yuan(fen)),
            format!("{} yuan are owed as of that day.", money::yuan(fen)),
        ),
        None => note(Tone::Warn, "有欠税记录没有金额，不合计。", "A debt has no amount, so there is no sum."),
    }];
    let as_of = book.section("arrears").and_then(|section| Record(section).date("as_of"));
    let mut sorted: Vec<&Record<'_>> = records.iter().collect();
    sorted.sort_by_key(|record| std::cmp::Reverse(record.date("due")));
    let row = |record: &&Record<'_>| {
        let state =
            match (record.integer("amount_fen"), record.text("cleared_on"), record.date("due").zip(as_of)) {
                (Some(0), Some(day), _) => Cell::plain(format!("{day} 清欠")),
                (Some(0), None, _) => Cell::plain("已清欠"),
                (_, _, Some((due, as_of))) if as_of > due => {
                    Cell::new(Tone::Bad, format!("已欠{}天", (as_of - due).num_days()))
                }
                (_, _, _) => Cell::new(Tone::Warn, "未清"),
            };
        vec![
            record.shown("due"),
            record.code("tax_kind", names::TAX_KINDS),
            record.shown("tax_item"),
            record.word("class", names::AMOUNT_CLASSES),
            record.period(),
            record.yuan("amount_fen"),
            state,
        ]
    };
    found.extend(table(
        label("欠税明细（元）", "Debts, yuan"),
        vec![
            texts("缴款期限", "Due"),
            texts("征收项目", "Kind"),
            texts("征收品目", "Item"),
            texts("款项", "Class"),
            texts("所属期", "Period"),
            figures("欠缴余额", "Owed"),
            texts("状态", "State"),
        ],
        sorted.iter().map(row).collect(),
    ));
    found
}

/// What is owed altogether; none if a debt has no amount.
pub fn owed(records: &[Record<'_>]) -> Option<i64> {
    sum(records.iter().map(|record| record.integer("amount_fen")))
}
