//! The cover — who, for whom, under which consent, when — and the main figures.

use chrono::{DateTime, FixedOffset};

use super::read::Dossier;
use crate::domain::section as dossier_section;
use crate::readable::book::Book;
use crate::readable::document::{Cell, Document, Fact, Label, Tone, fact, label};
use crate::readable::highlights::{firm, highlights};
use crate::readable::value::{harmless, plain_text};
use crate::readable::{names, section};

const HOURS_OF_BEIJING: i32 = 8;

/// Claims that the cover shows or leaves out on purpose.
const KNOWN_CLAIMS: [&str; 15] = [
    "v", "iss", "aud", "sub", "jti", "iat", "purpose", "nonce", "consent", "product", "read_at", "window",
    "_sd", "_sd_alg", "cnf",
];

/// Lays a dossier out, all of it or one section.
pub fn document(
    dossier: &Dossier,
    book: &Book<'_>,
    verdict: (Tone, Label),
    verdict_lines: Vec<Cell>,
    only: Option<&str>,
) -> Document {
    let wanted = |name: &str| only.is_none_or(|only| only == name);
    let mut found: Vec<_> = dossier.contents.sections.iter().filter(|(name, _)| wanted(name)).collect();
    let place =
        |name: &str| dossier_section::Section::ALL.iter().position(|section| section.as_str() == name);
    found.sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
    let absent = dossier_section::Section::ALL
        .into_iter()
        .filter(|section| wanted(section.as_str()) && book.section(section.as_str()).is_none());
    Document {
        name: firm(book),
        verdict,
        verdict_lines,
        digest: dossier.digest.clone(),
        cover: cover(dossier, book),
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

fn cover(dossier: &Dossier, book: &Book<'_>) -> Vec<Fact> {
    let claims = book.claims();
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
    let here = dossier.contents.sections.len();
    let text = if here == listed {
        format!("{here} 项，齐全")
    } else {
        format!("签名清单 {listed} 项，本文件含 {here} 项")
    };
    facts.push(fact("披露项目", "Disclosures", Cell::plain(text)));
    for why in &dossier.unread {
        facts.push(fact("无法读取的披露", "Unreadable", Cell::new(Tone::Bad, harmless(why))));
    }
    for (name, value) in
        dossier.contents.claims.iter().filter(|(name, _)| !KNOWN_CLAIMS.contains(&name.as_str()))
    {
        facts.push(Fact {
            label: label(harmless(name), "Unknown claim"),
            cell: Cell::plain(plain_text(value)),
        });
    }
    facts
}
