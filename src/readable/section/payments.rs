//! 税款缴纳信息: tax paid by kind and year with late fees and fines; payments made late; every payment.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Months, NaiveDate};

use super::super::book::{Book, punctuality, sum, table};
use super::super::document::{Block, Cell, Chart, Table, Tone, Unit, Values, figures, label, note, texts};
use super::super::value::Record;
use super::super::{money, names};

/// Members shown here.
pub const KNOWN: &[&str] = &[
    "tax_kind",
    "tax_item",
    "class",
    "period",
    "base_fen",
    "rate_bp",
    "amount_fen",
    "pay_due",
    "paid_on",
    "settled_on",
    "voucher_ending",
];

/// Kinds that the chart tells apart; the rest is one bar.
const CHARTED: [(&str, &str, &str); 2] =
    [("10101", "增值税", "VAT"), ("10104", "企业所得税", "Corporate income tax")];

/// Amounts by year, of one row of the table; none for a year with an amount that is not told. Missing is never zero.
type ByYear = BTreeMap<i32, Option<i64>>;

/// What was paid.
pub fn blocks(book: &Book<'_>, records: &[Record<'_>]) -> Vec<Block> {
    let paid: Vec<(i32, &Record<'_>)> =
        records.iter().filter_map(|record| Some((record.date("paid_on")?.year(), record))).collect();
    let years: BTreeSet<i32> = paid.iter().map(|(year, _)| *year).collect();
    let years: Vec<i32> = match (years.first(), years.last()) {
        (Some(first), Some(last)) if last - first <= 50 => (*first..=*last).collect(),
        _ => Vec::new(),
    };
    let mut found = Vec::new();
    let undated = records.len() - paid.len();
    if undated > 0 {
        found.push(note(
            Tone::Warn,
            format!("有 {undated} 笔没有提供缴款日期，故不按年度合计。缺失不代表为零。"),
            "Payments without their day are not summed by year. Missing is never zero.",
        ));
    } else if !years.is_empty() {
        found.push(Block::Chart(chart(&years, &paid)));
        found.push(Block::Table(by_kind(&years, &paid)));
        found.push(partial_years(book));
    }
    found.extend(late(records));
    found.extend(every(records));
    found
}

/// Tax paid in the twelve months up to a day, and the number of payments; none if a payment does not tell its day,
/// class or amount.
pub fn paid_in_year(records: &[Record<'_>], until: NaiveDate) -> Option<(i64, usize)> {
    if records.iter().any(|record| record.date("paid_on").is_none() || record.text("class").is_none()) {
        return None;
    }
    let after = until.checked_sub_months(Months::new(12))?;
    let recent = records.iter().filter(|record| {
        record.is("class", "tax") && record.date("paid_on").is_some_and(|day| after < day && day <= until)
    });
    let amounts: Vec<Option<i64>> = recent.map(|record| record.integer("amount_fen")).collect();
    sum(amounts.iter().copied()).map(|total| (total, amounts.len()))
}

fn partial_years(book: &Book<'_>) -> Block {
    let window = book.known_span("payments");
    let span = window.map_or_else(String::new, |window| format!("（{} 至 {}）", window.from, window.to));
    note(
        Tone::Quiet,
        format!(
            "按缴款日期归入年度，只含授权窗口内的所属期{span}，首尾年度可能不完整。空格表示该年没有记录。"
        ),
        "By the day of payment and inside the window only: its first and last year may not be whole. A dash is no record.",
    )
}

fn add(sums: &mut ByYear, year: i32, amount: Option<i64>) {
    let sum = sums.entry(year).or_insert(Some(0));
    *sum = sum.zip(amount).and_then(|(sum, amount)| sum.checked_add(amount));
}

fn chart(years: &[i32], paid: &[(i32, &Record<'_>)]) -> Chart {
    let row = |zh: &str, en: &str, of: &dyn Fn(&str) -> bool| {
        let mut sums = ByYear::new();
        for (year, record) in paid.iter().filter(|(_, record)| record.is("class", "tax")) {
            if of(&record.text("tax_kind").unwrap_or_default()) {
                add(&mut sums, *year, record.integer("amount_fen"));
            }
        }
        Values {
            label: label(zh, en),
            values: years.iter().map(|year| sums.get(year).copied().flatten()).collect(),
        }
    };
    let mut bars: Vec<Values> =
        CHARTED.iter().map(|(code, zh, en)| row(zh, en, &|kind: &str| kind == *code)).collect();
    bars.push(row("其他税费", "Other", &|kind: &str| !CHARTED.iter().any(|(code, ..)| *code == kind)));
    bars.retain(|row| row.values.iter().any(Option::is_some));
    let total: i64 =
        bars.iter().flat_map(|row| row.values.iter().flatten()).fold(0, |sum, one| sum.saturating_add(*one));
    Chart {
        id: "paid",
        title: label("各年缴纳税款（元）", "Tax paid by year"),
        summary: label(
            format!("各年缴纳的税款，共 {}，不含滞纳金与罚款。", money::short_yuan(total)),
            format!("Tax paid by year, {} in all, without late fees and fines.", money::short_yuan(total)),
        ),
        unit: Unit::Fen,
        slots: years.iter().map(|year| format!("{year:04}")).collect(),
        bars,
        line: None,
        change: None,
    }
}

fn by_kind(years: &[i32], paid: &[(i32, &Record<'_>)]) -> Table {
    // Tax by kind first, then what was paid on top of it.
    let mut rows: BTreeMap<(u8, String, String), ByYear> = BTreeMap::new();
    let mut all = ByYear::new();
    for (year, record) in paid {
        let (order, name) = match record.text("class").as_deref() {
            Some("tax") => (0, record.text("tax_kind").map(|kind| names::with_code(names::TAX_KINDS, &kind))),
            Some("late_fee") => (1, Some("滞纳金".to_owned())),
            Some("interest") => (2, Some("利息".to_owned())),
            Some("fine") => (3, Some("罚款".to_owned())),
            Some(other) => (4, Some(other.to_owned())),
            None => (4, None),
        };
        let name = name.unwrap_or_else(|| "种类不明".to_owned());
        let code = if order == 0 { record.text("tax_kind").unwrap_or_default() } else { String::new() };
        add(rows.entry((order, code, name)).or_default(), *year, record.integer("amount_fen"));
        add(&mut all, *year, record.integer("amount_fen"));
    }
    let line = |name: String, tone: Tone, sums: &ByYear| {
        let years = years.iter().map(|year| match sums.get(year) {
            Some(Some(fen)) => Cell::new(tone, money::yuan(*fen)),
            Some(None) | None => Cell::missing(),
        });
        let total = sum(sums.values().copied());
        let total = total.map_or_else(Cell::missing, |fen| Cell::new(tone, money::yuan(fen)));
        [Cell::plain(name)].into_iter().chain(years).chain([total]).collect::<Vec<Cell>>()
    };
    let mut columns = vec![texts("种类", "Kind")];
    columns.extend(years.iter().map(|year| figures(&format!("{year:04}"), "")));
    columns.push(figures("合计", "Total"));
    Table {
        caption: label("按种类与年度（元）", "By kind and year, yuan"),
        columns,
        rows: rows
            .iter()
            .map(|((order, _, name), sums)| {
                line(name.clone(), if *order == 0 { Tone::Plain } else { Tone::Warn }, sums)
            })
            .collect(),
        sums: vec![line("合计".to_owned(), Tone::Plain, &all)],
    }
}

fn late(records: &[Record<'_>]) -> Option<Block> {
    let is_late = |record: &&Record<'_>| {
        let days = record.date("pay_due").zip(record.date("paid_on")).map(|(due, paid)| paid > due);
        days == Some(true) || record.is("class", "late_fee") || record.is("class", "fine")
    };
    let mut found: Vec<&Record<'_>> = records.iter().filter(is_late).collect();
    found.sort_by_key(|record| std::cmp::Reverse(record.date("paid_on")));
    let block = table(
        label("逾期缴款、滞纳金与罚款（元）", "Paid late, late fees and fines"),
        columns(),
        found.iter().map(|record| row(record)).collect(),
    );
    block.or_else(|| {
        let tells = |record: &Record<'_>| {
            record.text("class").is_some()
                && record.date("paid_on").is_some()
                && record.date("pay_due").is_some()
        };
        let untold = records.iter().filter(|record| !tells(record)).count();
        match (records.is_empty(), untold) {
            (true, _) => None,
            (false, 0) => Some(note(
                Tone::Plain,
                "没有逾期缴款、滞纳金或罚款的记录。",
                "Nothing was paid late; no late fee, no fine.",
            )),
            (false, _) => Some(note(
                Tone::Plain,
                format!("可判断的缴款均未逾期；另有 {untold} 笔未提供款项、日期或期限，无法判断。"),
                "What can be judged was paid in time; the others do not tell their class, day or deadline.",
            )),
        }
    })
}

fn every(records: &[Record<'_>]) -> Option<Block> {
    let mut found: Vec<&Record<'_>> = records.iter().collect();
    found.sort_by_key(|record| std::cmp::Reverse(record.date("paid_on")));
    let rows = found.iter().map(|record| row(record)).collect();
    table(label("逐笔缴款（元）", "Every payment, yuan"), columns(), rows).map(Block::annexed)
}

fn columns() -> Vec<super::super::document::Column> {
    vec![
        texts("缴款日期", "Paid on"),
        texts("征收项目", "Kind"),
        texts("款项", "Class"),
        texts("所属期", "Period"),
        figures("实缴金额", "Amount"),
        figures("计税依据", "Base"),
        figures("税率", "Rate"),
        texts("缴款期限", "Due"),
        texts("及时性", "In time"),
        texts("入库日期", "Settled"),
        texts("税票末四位", "Voucher ends"),
    ]
}

fn row(record: &Record<'_>) -> Vec<Cell> {
    vec![
        record.shown("paid_on"),
        record.word("tax_kind", names::TAX_KINDS),
        record.word("class", names::AMOUNT_CLASSES),
        record.period(),
        record.yuan("amount_fen"),
        record.yuan("base_fen"),
        record.percent("rate_bp"),
        record.shown("pay_due"),
        punctuality(record.date("pay_due"), record.date("paid_on")),
        record.shown("settled_on"),
        record.shown("voucher_ending"),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn paid(paid_on: &str, amount: Value) -> Value {
        json!({"class": "tax", "tax_kind": "10101", "paid_on": paid_on, "pay_due": "2027-01-01", "amount_fen": amount})
    }

    #[test]
    fn an_amount_that_is_not_told_is_not_taken_for_zero() {
        let told = [paid("2025-03-01", json!(700)), paid("2026-03-01", json!(500))];
        let untold = [&told[..], &[paid("2026-04-01", Value::Null)]].concat();
        let sums = |payments: &[Value]| {
            let records: Vec<Record<'_>> =
                payments.iter().map(|payment| Record(payment.as_object().unwrap())).collect();
            let dated: Vec<(i32, &Record<'_>)> =
                records.iter().map(|record| (record.date("paid_on").unwrap().year(), record)).collect();
            let cells = by_kind(&[2025, 2026], &dated).sums.remove(0);
            cells.into_iter().skip(1).map(|cell| cell.text).collect::<Vec<_>>()
        };
        assert_eq!(sums(&told), ["7.00", "5.00", "12.00"]);
        let missing = Cell::missing().text;
        assert_eq!(sums(&untold), ["7.00", &missing, &missing]);
    }

    #[test]
    fn what_is_withheld_is_neither_nothing_paid_nor_paid_in_time() {
        let until = NaiveDate::from_ymd_opt(2026, 10, 31).unwrap();
        let whole = paid("2026-03-01", json!(500));
        for (cut, known) in [
            (None, Some((500, 1))),
            (Some("paid_on"), None),
            (Some("class"), None),
            (Some("amount_fen"), None),
        ] {
            let mut payment = whole.as_object().unwrap().clone();
            if let Some(field) = cut {
                payment.remove(field);
            }
            assert_eq!(paid_in_year(&[Record(&payment)], until), known, "{cut:?}");
        }
        let mut without_deadline = whole.as_object().unwrap().clone();
        without_deadline.remove("pay_due");
        let said = |payment| match late(&[Record(payment)]) {
            Some(Block::Note(_, note)) => note.zh,
            other => panic!("{other:?}"),
        };
        assert!(said(whole.as_object().unwrap()).starts_with("没有逾期缴款"));
        assert!(said(&without_deadline).contains("1 笔未提供"));
    }
}
