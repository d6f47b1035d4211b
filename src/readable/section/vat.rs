//! 增值税: declared sales and tax by period, the twelve-month sums, the chart.
//!
//! Declared sales are rows 1 + 5 + 7 + 8 of the general form, of both its columns (一般项目, 即征即退项目), and rows
//! 1 + 9 + 13 of the small-scale form. A blank row makes the sum unknown, not smaller.

use super::super::book::{Book, bars, punctuality, sum};
use super::super::document::{
    Block, Cell, Chart, Table, Tone, Unit, Values, fact, figures, label, note, texts,
};
use super::super::money;
use super::super::series::{Series, YearSums};
use super::super::value::{Record, Span, span_name};
use super::none_of;

const GENERAL_SALES: [&str; 4] =
    ["sales_std_fen", "sales_simple_fen", "sales_export_fen", "sales_exempt_fen"];
const SMALL_SALES: [&str; 3] = ["sales_taxable_fen", "sales_exempt_fen", "sales_export_exempt_fen"];

/// Whether the record is a VAT return.
pub fn is_return(record: &Record<'_>) -> bool {
    record.is("form", "vat_general") || record.is("form", "vat_small")
}

/// Sales that a return declares, in fen; none if a row is blank or withheld.
pub fn sales(record: &Record<'_>) -> Option<i64> {
    let rows = |at: &str, rows: &[&str]| sum(rows.iter().map(|row| record.integer(&format!("{at}.{row}"))));
    if record.is("form", "vat_small") {
        return rows("figures.period", &SMALL_SALES);
    }
    let general = rows("general.month", &GENERAL_SALES)?;
    match record.at("refund_on_levy") {
        // That column has no export or exempt sales.
        Some(_) => general.checked_add(rows("refund_on_levy.month", &GENERAL_SALES[..2])?),
        None => Some(general),
    }
}

/// Declared sales over the window, month by month or quarter by quarter.
pub fn declared(book: &Book<'_>) -> Option<Series> {
    let points: Vec<(Span, Option<i64>)> = book
        .records("filings")
        .iter()
        .filter(|record| is_return(record) && record.flag("voided") != Some(true))
        .filter_map(|record| Some((record.span()?, sales(record))))
        .collect();
    Series::build(&points, book.known_span("filings"))
}

/// Chart, sums and table of the VAT returns.
pub fn blocks(book: &Book<'_>, records: &[Record<'_>]) -> Vec<Block> {
    let returns: Vec<Record<'_>> = records.iter().copied().filter(is_return).collect();
    let mut found = vec![Block::Heading(label("增值税", "Value-added tax"))];
    if returns.is_empty() {
        found.push(none_of("没有增值税申报记录。", "No VAT return."));
        return found;
    }
    if let Some(series) = declared(book) {
        found.push(Block::Chart(chart(&series)));
        found.extend(series.year_sums().map(|sums| sums_of(&sums)));
    }
    found.push(table(book, &returns));
    found
}

/// Sales declared by period, where any return tells them.
pub fn sales_chart(book: &Book<'_>) -> Option<Chart> {
    declared(book).map(|series| chart(&series))
}

fn chart(series: &Series) -> Chart {
    let title = label("各期申报销售额（元）", "Declared sales by period");
    let mut chart = bars("sales", title, Unit::Fen, series.names(), series.values.clone());
    let change = series.year_on_year();
    if change.iter().any(Option::is_some) {
        chart.change = Some(Values { label: label("同比", "Year on year"), values: change });
    }
    let gaps = match series.gaps() {
        0 => String::new(),
        gaps => format!("，其间 {gaps} 期没有数据"),
    };
    let known = series.values.iter().flatten();
    let range = known.clone().min().zip(known.max());
    let range_text = |joint: &str| {
        range
            .map(|(least, most)| format!("{}{joint}{}", money::short_yuan(*least), money::short_yuan(*most)))
            .unwrap_or_default()
    };
    let names = series.names();
    let (first, last) =
        (names.first().cloned().unwrap_or_default(), names.last().cloned().unwrap_or_default());
    chart.summary = label(
        format!("{first} 至 {last} 各期申报销售额，在 {} 之间{gaps}。空缺不是零。", range_text(" 与 ")),
        format!("Declared sales from {first} to {last}, between {}. A gap is not zero.", range_text(" and ")),
    );
    chart
}

fn sums_of(sums: &YearSums) -> Block {
    let amount = |sum: Option<i64>, gaps: usize| match sum {
        Some(fen) => Cell::plain(money::yuan(fen)),
        None => Cell::new(Tone::Quiet, format!("缺 {gaps} 期，不计算")),
    };
    let change = match sums.change {
        Some(change) => {
            Cell::new(if change < 0 { Tone::Warn } else { Tone::Plain }, money::signed_percent(change))
        }
        None => Cell::new(Tone::Quiet, "不计算"),
    };
    let (first, last) = &sums.latest_slots;
    let mut latest = amount(sums.latest, sums.latest_gaps);
    latest.text = format!("{}（{first} 至 {last}）", latest.text);
    Block::Facts(vec![
        fact("近12个月销售额", "Sales, latest 12 months", latest),
        fact("前12个月销售额", "Sales, 12 months before", amount(sums.previous, sums.previous_gaps)),
        fact("同比", "Year on year", change),
    ])
}

/// Newest first; a period inside without a return has a row that says so.
fn table(book: &Book<'_>, returns: &[Record<'_>]) -> Block {
    let mut rows: Vec<(Option<chrono::NaiveDate>, Vec<Cell>)> =
        returns.iter().map(|record| (record.span().map(|span| span.from), row(record))).collect();
    rows.extend(gaps(book, returns));
    rows.sort_by_key(|(from, _)| std::cmp::Reverse(*from));
    Block::Table(Table {
        caption: label("增值税申报（元）", "VAT returns, yuan"),
        columns: vec![
            texts("所属期", "Period"),
            figures("申报销售额", "Sales"),
            figures("应纳税额", "Tax payable"),
            texts("及时性", "In time"),
            texts("申报日期", "Filed"),
            figures("应补（退）税额", "Due or refund"),
            texts("备注", "Remarks"),
        ],
        rows: rows.into_iter().map(|(_, row)| row).collect(),
        sums: Vec::new(),
    })
}

fn row(record: &Record<'_>) -> Vec<Cell> {
    let at = if record.is("form", "vat_small") { "figures.period" } else { "general.month" };
    let sales = match sales(record) {
        Some(fen) => Cell::plain(money::yuan(fen)),
        None if record.withheld().is_empty() => Cell::missing(),
        None => Cell::new(Tone::Quiet, "未提供或空白"),
    };
    vec![
        record.period(),
        sales,
        record.yuan(&format!("{at}.payable_total_fen")),
        punctuality(record.date("due"), record.date("filed_on")),
        record.shown("filed_on"),
        record.yuan(&format!("{at}.due_or_refund_fen")),
        remarks(record),
    ]
}

/// What is unusual about a return.
pub fn remarks(record: &Record<'_>) -> Cell {
    let mut found = Vec::new();
    if record.is("form", "vat_small") {
        found.push("小规模".to_owned());
    }
    if record.flag("voided") == Some(true) {
        found.push("已作废".to_owned());
    }
    match record.text("correction").as_deref() {
        Some("original") | None => {}
        Some("amended") => found.push("更正".to_owned()),
        Some(other) => found.push(other.to_owned()),
    }
    let marks = record.at("marks").and_then(serde_json::Value::as_array).map_or(0, Vec::len);
    if marks > 0 {
        found.push(format!("校验未过{marks}项"));
    }
    let is_odd = marks > 0 || record.flag("voided") == Some(true);
    Cell::new(if is_odd { Tone::Warn } else { Tone::Plain }, found.join("、"))
}

/// Periods between the first and the last return for which there is none at all.
fn gaps(book: &Book<'_>, returns: &[Record<'_>]) -> Vec<(Option<chrono::NaiveDate>, Vec<Cell>)> {
    let points: Vec<(Span, Option<i64>)> =
        returns.iter().filter_map(|record| Some((record.span()?, Some(0)))).collect();
    let Some(series) = Series::build(&points, book.known_span("filings")) else { return Vec::new() };
    let has = |value: &Option<i64>| value.is_some();
    let (Some(first), Some(last)) = (series.values.iter().position(has), series.values.iter().rposition(has))
    else {
        return Vec::new();
    };
    (first..=last)
        .filter(|slot| series.values[*slot].is_none())
        .map(|slot| {
            let mut row = vec![Cell::missing(); 7];
            let (from, next) = (series.first_day(slot), series.first_day(slot + 1));
            let span = from.zip(next.and_then(|next| next.pred_opt())).map(|(from, to)| Span { from, to });
            row[0] = span.map_or_else(Cell::missing, |span| Cell::plain(span_name(span)));
            row[6] = Cell::new(Tone::Warn, "无申报记录");
            (from, row)
        })
        .collect()
}

/// How often returns were late, over all forms.
pub fn lateness(records: &[Record<'_>]) -> Option<Block> {
    let dated = records
        .iter()
        .filter(|record| record.flag("voided") != Some(true))
        .filter_map(|record| Some((record.date("filed_on")? - record.date("due")?).num_days()));
    let days: Vec<i64> = dated.collect();
    let late = days.iter().filter(|days| **days > 0).count();
    let most = days.iter().copied().max().unwrap_or(0);
    let (tone, zh) = match late {
        0 => (Tone::Plain, format!("共 {} 份有效申报，全部按期。", days.len())),
        late => (Tone::Warn, format!("共 {} 份有效申报，其中 {late} 份逾期，最长 {most} 天。", days.len())),
    };
    let en = format!("{} returns in force, {late} of them late.", days.len());
    (!days.is_empty()).then(|| note(tone, zh, en))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(value: &Value) -> Option<i64> {
        sales(&Record(value.as_object().unwrap()))
    }

    #[test]
    fn sales_are_the_forms_rows_and_unknown_if_one_is_blank() {
        let mut general = json!({"form": "vat_general", "general": {"month": {
            "sales_std_fen": 1, "sales_simple_fen": 10, "sales_export_fen": 100, "sales_exempt_fen": 1000,
            "sales_std_goods_fen": 9999}}});
        assert_eq!(of(&general), Some(1111));
        general["refund_on_levy"] =
            json!({"month": {"sales_std_fen": 5, "sales_simple_fen": 0, "sales_export_fen": null}});
        assert_eq!(of(&general), Some(1116));
        general["general"]["month"]["sales_export_fen"] = Value::Null;
        assert_eq!(of(&general), None);
        let small = json!({"form": "vat_small", "figures": {"period": {
            "sales_taxable_fen": 2, "sales_exempt_fen": 20, "sales_export_exempt_fen": 200}, "ytd": {}}});
        assert_eq!(of(&small), Some(222));
        assert_eq!(of(&json!({"form": "vat_small"})), None);
    }

    #[test]
    fn late_returns_are_counted_and_voided_ones_are_not() {
        let late = json!({"due": "2026-01-15", "filed_on": "2026-01-18"});
        let good = json!({"due": "2026-02-15", "filed_on": "2026-02-15"});
        let void = json!({"due": "2026-02-15", "filed_on": "2026-03-15", "voided": true});
        let records: Vec<Record<'_>> =
            [&late, &good, &void].iter().map(|record| Record(record.as_object().unwrap())).collect();
        let Some(Block::Note(Tone::Warn, text)) = lateness(&records) else { panic!("no note") };
        assert_eq!(text.zh, "共 2 份有效申报，其中 1 份逾期，最长 3 天。");
    }
}
