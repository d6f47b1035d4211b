//! The cover — who, for whom, under which consent, when — and the main figures.

use chrono::{DateTime, Datelike, FixedOffset};

use super::book::Book;
use super::document::{Cell, Document, Fact, Highlight, Label, Tone, fact, label};
use super::value::{Record, harmless, plain_text};
use super::{money, names, section};
use crate::domain::section as dossier;

const HOURS_OF_BEIJING: i32 = 8;

/// Claims that the cover shows or leaves out on purpose.
const KNOWN_CLAIMS: [&str; 15] = [
    "v", "iss", "aud", "sub", "jti", "iat", "purpose", "nonce", "consent", "product", "read_at", "window",
    "_sd", "_sd_alg", "cnf",
];

/// Lays a dossier out, all of it or one section.
pub fn document(
    book: &Book<'_>,
    verdict: (Tone, Label),
    verdict_lines: Vec<Cell>,
    only: Option<&str>,
) -> Document {
    let dossier = book.dossier();
    let wanted = |name: &str| only.is_none_or(|only| only == name);
    let mut found: Vec<_> = dossier.sections.iter().filter(|(name, _)| wanted(name)).collect();
    let place = |name: &str| dossier::Section::ALL.iter().position(|section| section.as_str() == name);
    found.sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
    let absent = dossier::Section::ALL
        .into_iter()
        .filter(|section| wanted(section.as_str()) && book.section(section.as_str()).is_none());
    Document {
        name: firm(book),
        verdict,
        verdict_lines,
        digest: dossier.digest.clone(),
        cover: cover(book),
        highlights: if only.is_none() { highlights(book) } else { Vec::new() },
        sections: found.into_iter().map(|(name, object)| section::lay_out(book, name, object)).collect(),
        absent: absent.map(section::title).collect(),
    }
}

/// An instant in seconds since 1970 as a clock in Beijing shows it.
pub fn beijing(seconds: i64) -> Option<String> {
    let zone = FixedOffset::east_opt(HOURS_OF_BEIJING * 3600)?;
    let at = DateTime::from_timestamp(seconds, 0)?.with_timezone(&zone);
    Some(format!("{}（北京时间）", at.format("%Y-%m-%d %H:%M:%S")))
}

fn firm(book: &Book<'_>) -> String {
    let records = book.records("registration");
    let name = records
        .iter()
        .filter(|record| section::is_registration(record))
        .find_map(|record| record.text("name"));
    name.or_else(|| book.claims().text("sub")).unwrap_or_else(|| "企业名称不详".to_owned())
}

fn cover(book: &Book<'_>) -> Vec<Fact> {
    let (claims, dossier) = (book.claims(), book.dossier());
    let issued = claims.integer("iat").and_then(beijing);
    let window = match (claims.text("window.from"), claims.text("window.to")) {
        (Some(from), Some(to)) => Cell::plain(format!("{from} 至 {to}")),
        (_, _) => claims.shown("window"),
    };
    let mut release = claims.shown("jti");
    if dossier.release_id.as_ref().is_some_and(|id| !claims.is("jti", id)) {
        release = Cell::new(Tone::Bad, format!("{}（与答复中的编号不一致）", release.text));
    }
    let listed = claims.at("_sd").and_then(serde_json::Value::as_array).map_or(0, Vec::len);
    let mut facts = vec![
        fact("企业", "Firm", Cell::plain(firm(book))),
        fact("纳税人识别号", "Taxpayer id", claims.shown("sub")),
        fact("接收银行", "Released to", claims.shown("aud")),
        fact("信贷产品", "Product", claims.shown("product")),
        fact("查询目的", "Purpose", claims.word("purpose", names::PURPOSES)),
        fact("授权编号", "Consent", claims.shown("consent.id")),
        fact("授权摘要", "Consent's digest", claims.shown("consent.digest")),
        fact("放行规则", "Release policy", claims.shown("consent.policy")),
        fact("授权数据窗口", "Window", window),
        fact("签发时间", "Issued", issued.map_or_else(|| claims.shown("iat"), Cell::plain)),
        fact("签发方", "Issuer", claims.shown("iss")),
        fact("放行编号", "Release", release),
    ];
    if let Some((index, at)) = &dossier.entry {
        facts.push(fact("存证序号", "Ledger entry", Cell::plain(format!("{index}（{}）", harmless(at)))));
    }
    if let Some(case) = &dossier.bank_ref {
        facts.push(fact("银行业务编号", "Bank's reference", Cell::plain(harmless(case))));
    }
    if claims.at("nonce").is_some() {
        facts.push(fact("随机数", "Nonce", claims.shown("nonce")));
    }
    let here = dossier.sections.len();
    let text = if here == listed {
        format!("{here} 项，齐全")
    } else {
        format!("签名清单 {listed} 项，本文件含 {here} 项")
    };
    facts.push(fact("披露项目", "Disclosures", Cell::plain(text)));
    for why in &dossier.unread {
        facts.push(fact("无法读取的披露", "Unreadable", Cell::new(Tone::Bad, harmless(why))));
    }
    for (name, value) in dossier.claims.iter().filter(|(name, _)| !KNOWN_CLAIMS.contains(&name.as_str())) {
        facts.push(Fact {
            label: label(harmless(name), "Unknown claim"),
            cell: Cell::plain(plain_text(value)),
        });
    }
    facts
}

fn highlights(book: &Book<'_>) -> Vec<Highlight> {
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
