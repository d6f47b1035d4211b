//! 社会保险费缴纳信息: insured persons and contributions by month. Below five persons only the month is named.

use super::super::book::{Book, bars};
use super::super::document::{Block, Cell, Table, Tone, Unit, figures, label, note, texts};
use super::super::series::Series;
use super::super::value::{Record, Span};

/// Members shown here.
pub const KNOWN: &[&str] = &["period", "insured", "due_fen", "paid_fen", "arrears_fen", "wages_fen"];

/// The chart, then each month.
pub fn blocks(book: &Book<'_>, records: &[Record<'_>]) -> Vec<Block> {
    let points: Vec<(Span, Option<i64>)> =
        records.iter().filter_map(|record| Some((record.span()?, record.integer("insured")))).collect();
    let mut found: Vec<Block> = chart(book, &points).into_iter().collect();
    let suppressed = records.iter().filter(|record| record.is_withheld("insured")).count();
    if suppressed > 0 {
        found.push(note(
            Tone::Quiet,
            format!("有 {suppressed} 个月参保人数不足 5 人，按规定不披露数字，图表中为空缺。"),
            format!("In {suppressed} months fewer than five were insured: their figures are suppressed."),
        ));
    }
    let mut sorted: Vec<&Record<'_>> = records.iter().collect();
    sorted.sort_by_key(|record| std::cmp::Reverse(record.span()));
    if !sorted.is_empty() {
        found.push(Block::Long(by_month(&sorted)));
    }
    found
}

fn chart(book: &Book<'_>, points: &[(Span, Option<i64>)]) -> Option<Block> {
    let series = Series::build(points, book.known_span("employment"))?;
    let known = series.values.iter().flatten();
    let (least, most) = (known.clone().min()?, known.max()?);
    let (first, last) = (series.name(0), series.name(series.values.len().saturating_sub(1)));
    let summary = label(
        format!("{first} 至 {last} 各月参保人数，在 {least} 与 {most} 人之间。空缺不是零。"),
        format!(
            "Persons insured by month from {first} to {last}, between {least} and {most}. A gap is not zero."
        ),
    );
    let title = label("各月参保人数", "Persons insured by month");
    let mut chart = bars("headcount", title, Unit::Persons, series.names(), series.values);
    chart.summary = summary;
    Some(Block::Chart(chart))
}

fn by_month(months: &[&Record<'_>]) -> Table {
    let row = |record: &&Record<'_>| {
        let mut arrears = record.yuan("arrears_fen");
        if record.integer("arrears_fen").is_some_and(|fen| fen > 0) {
            arrears.tone = Tone::Bad;
        }
        let suppressed =
            |cell: Cell| if cell.text == "未提供" { Cell::new(Tone::Quiet, "不披露") } else { cell };
        vec![
            record.period(),
            suppressed(record.count("insured")),
            suppressed(record.yuan("due_fen")),
            suppressed(record.yuan("paid_fen")),
            suppressed(arrears),
            suppressed(record.yuan("wages_fen")),
        ]
    };
    Table {
        caption: label("按月参保与缴费（元）", "By month, yuan"),
        columns: vec![
            texts("月份", "Month"),
            figures("参保人数", "Insured"),
            figures("应缴费额", "Due"),
            figures("实缴费额", "Paid"),
            figures("欠缴费额", "Arrears"),
            figures("缴费工资总额", "Wages"),
        ],
        rows: months.iter().map(row).collect(),
        sums: Vec::new(),
    }
}
