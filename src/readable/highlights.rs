//! The main figures of a dossier: rating, sales, tax paid, arrears, violations, insured persons.

use chrono::Datelike;

use super::book::Book;
use super::document::{Cell, Highlight, Label, Tone, label};
use super::value::Record;
use super::{money, names, section};

/// The main figures, each saying so where it has none to give.
pub fn highlights(book: &Book<'_>) -> Vec<Highlight> {
    vec![rating(book), sales(book), paid(book), owed(book), violations(book), insured(book)]
}

/// A main figure, or the words of the section's status where it has none to give.
fn highlight(
    book: &Book<'_>,
    name: &str,
    title: Label,
    figure: impl FnOnce(&[Record<'_>], &Record<'_>) -> Option<(Cell, String)>,
) -> Highlight {
    let quiet = |text: &str, detail: &str| Highlight {
        label: title.clone(),
        cell: Cell::new(Tone::Quiet, text),
        detail: detail.to_owned(),
    };
    let Some(object) = book.section(name) else { return quiet("不在本档案中", "") };
    let own = Record(object);
    let status = section::status(&own).0;
    let records = book.records(name);
    match own.text("status").as_deref() {
        Some("present" | "stale") => match figure(&records, &own) {
            Some((cell, detail)) => {
                let late = if own.is("status", "stale") { "；数据已陈旧" } else { "" };
                Highlight { label: title.clone(), cell, detail: format!("{detail}{late}") }
            }
            None => quiet("无法得出", "所需数据不齐"),
        },
        Some("empty") => quiet("无记录", "税务机关已报送，没有该企业的记录"),
        Some("not_collected") => quiet(&status.text, "税务机关尚未采集，并非为零"),
        Some(_) | None => quiet(&status.text, "不代表没有数据或为零"),
    }
}

fn rating(book: &Book<'_>) -> Highlight {
    highlight(book, "rating", label("最新纳税信用级别", "Latest rating"), |records, _| {
        let latest =
            records.iter().max_by_key(|record| (record.integer("year"), record.date("assessed_on")))?;
        let level = section::level(latest);
        let year = latest.shown("year").text;
        Some((level, format!("{year}年度，{}", latest.word("cause", names::RATING_CAUSES).text)))
    })
}

fn sales(book: &Book<'_>) -> Highlight {
    highlight(book, "filings", label("近12个月申报销售额", "Sales, 12 months"), |_, _| {
        let sums = section::vat::declared(book)?.year_sums()?;
        let (first, last) = &sums.latest_slots;
        let Some(latest) = sums.latest else {
            let text = format!("缺{}期", sums.latest_gaps);
            return Some((Cell::new(Tone::Warn, text), format!("{first} 至 {last}，数据不齐不计算")));
        };
        let change = match sums.change {
            Some(change) => format!("同比 {}", money::signed_percent(change)),
            None => "前期数据不齐，同比不计算".to_owned(),
        };
        Some((Cell::plain(money::short_yuan(latest)), format!("{first} 至 {last}；{change}")))
    })
}

fn paid(book: &Book<'_>) -> Highlight {
    highlight(book, "payments", label("近12个月缴纳税款", "Tax paid, 12 months"), |records, own| {
        let until = own.date("as_of")?;
        let (total, payments) = section::payments::paid_in_year(records, until)?;
        Some((Cell::plain(money::short_yuan(total)), format!("截至 {until}，{payments} 笔，不含滞纳金罚款")))
    })
}

fn owed(book: &Book<'_>) -> Highlight {
    highlight(book, "arrears", label("未清欠税", "Arrears"), |records, own| {
        let fen = section::owed(records)?;
        let tone = if fen > 0 { Tone::Bad } else { Tone::Good };
        Some((Cell::new(tone, money::short_yuan(fen)), format!("截至 {}", own.shown("as_of").text)))
    })
}

fn violations(book: &Book<'_>) -> Highlight {
    highlight(book, "violations", label("未处理违法违章", "Unresolved violations"), |records, _| {
        let open = section::unresolved(records)?;
        let tone = if open > 0 { Tone::Bad } else { Tone::Good };
        Some((Cell::new(tone, format!("{open} 条")), format!("共登记 {} 条", records.len())))
    })
}

fn insured(book: &Book<'_>) -> Highlight {
    highlight(book, "employment", label("最近参保人数", "Insured"), |records, _| {
        let latest = records.iter().max_by_key(|record| record.span())?;
        let month = latest.period().text;
        if latest.is_withheld("insured") {
            return Some((Cell::new(Tone::Quiet, "不足5人"), format!("{month}，按规定不披露数字")));
        }
        let persons = latest.integer("insured")?;
        let before =
            records.iter().find(|record| is_a_year_before(record, latest)).and_then(|r| r.integer("insured"));
        let change = before.map_or_else(String::new, |before| format!("；一年前 {before} 人"));
        Some((Cell::plain(format!("{persons} 人")), format!("{month}{change}")))
    })
}

fn is_a_year_before(record: &Record<'_>, latest: &Record<'_>) -> bool {
    let month = |record: &Record<'_>| record.span().map(|span| (span.from.year(), span.from.month()));
    month(record).zip(month(latest)).is_some_and(|(one, two)| one.0 + 1 == two.0 && one.1 == two.1)
}

/// The firm's name by its registration, else its number.
pub fn firm(book: &Book<'_>) -> String {
    let records = book.records("registration");
    let name = records
        .iter()
        .filter(|record| section::is_registration(record))
        .find_map(|record| record.text("name"));
    name.or_else(|| book.claims().text("sub")).unwrap_or_else(|| "企业名称不详".to_owned())
}
