//! Each section as blocks: what its status means, what it holds, and what every section may have besides —
//! withheld fields, checks that failed, and members this program does not know.

mod arrears;
mod besides;
mod cit;
mod employment;
mod filings;
mod inspections;
mod invoices;
mod other_tax;
pub mod payments;
mod rating;
mod registration;
mod remarks;
mod statements;
pub mod vat;
mod violations;

pub use arrears::owed;
pub use rating::level;
pub use registration::is_entry as is_registration;
pub use violations::unresolved;

use serde_json::{Map, Value};

use super::book::{Book, records_of};
use super::document::{Block, Cell, Fact, Label, Section, Tone, fact, label, note};
use super::names;
use super::value::{Record, harmless};
use crate::domain::section as dossier;

/// How one section is laid out.
struct Layout {
    blocks: fn(&Book<'_>, &[Record<'_>]) -> Vec<Block>,
    /// Top-level members of its records that the blocks show or leave out on purpose.
    known: &'static [&'static str],
}

fn layout(section: dossier::Section) -> Layout {
    match section {
        dossier::Section::Registration => Layout { blocks: registration::blocks, known: registration::KNOWN },
        dossier::Section::Rating => Layout { blocks: rating::blocks, known: rating::KNOWN },
        dossier::Section::Filings => Layout { blocks: filings::blocks, known: filings::KNOWN },
        dossier::Section::Payments => Layout { blocks: payments::blocks, known: payments::KNOWN },
        dossier::Section::Arrears => Layout { blocks: arrears::blocks, known: arrears::KNOWN },
        dossier::Section::Violations => Layout { blocks: violations::blocks, known: violations::KNOWN },
        dossier::Section::Inspections => Layout { blocks: inspections::blocks, known: inspections::KNOWN },
        dossier::Section::Statements => Layout { blocks: statements::blocks, known: statements::KNOWN },
        dossier::Section::Invoices => Layout { blocks: invoices::blocks, known: invoices::KNOWN },
        dossier::Section::Employment => Layout { blocks: employment::blocks, known: employment::KNOWN },
    }
}

/// Members that any record may have.
const KNOWN_EVERYWHERE: [&str; 4] = ["record", "checks", "marks", "withheld"];

const REASONS: names::Table = &[
    ("no_batch_covers_window", "尚无数据批次覆盖该期间"),
    ("no_record_in_window", "期间内没有该企业的记录"),
    ("cut_by_profile", "产品获批的字段范围不含该项"),
    ("source_overdue", "来源逾期未更新"),
    ("personal_consent_missing", "未取得本人的单独同意"),
];

/// Lays out one section; one that this program does not know has its members listed.
pub fn lay_out(book: &Book<'_>, name: &str, object: &Map<String, Value>) -> Section {
    let known: Option<dossier::Section> = name.parse().ok();
    let layout = known.map(layout);
    let records = records_of(object);
    let mut blocks = layout.as_ref().map(|layout| (layout.blocks)(book, &records)).unwrap_or_default();
    blocks.splice(0..0, remarks::blocks(object, &records));
    blocks.extend(besides::withheld(name, &records));
    blocks.extend(besides::checks(name, &records));
    blocks.extend(besides::unknown_members(&records, layout.map_or(&[], |layout| layout.known)));
    let own = Record(object);
    let (status, status_en) = status(&own);
    Section {
        name: harmless(name),
        title: known.map_or_else(|| label(harmless(name), "Unknown section"), title),
        status,
        status_en,
        meaning: meaning(&own),
        origin: origin(book, &own, records.len()),
        blocks,
    }
}

/// A section's name.
pub fn title(section: dossier::Section) -> Label {
    label(section.label_zh(), section.label_en())
}

/// The status in a word, and in English.
pub fn status(section: &Record<'_>) -> (Cell, String) {
    let (tone, zh, en) = match section.text("status").as_deref() {
        Some("present") => (Tone::Good, "有数据", "present"),
        Some("empty") => (Tone::Plain, "无记录", "empty"),
        Some("not_collected") => (Tone::Warn, "未采集", "not collected"),
        Some("withheld") => (Tone::Warn, "未提供", "withheld"),
        Some("stale") => (Tone::Warn, "已陈旧", "stale"),
        Some(other) => return (Cell::new(Tone::Warn, other), "unknown status".to_owned()),
        None => (Tone::Warn, "状态不明", "no status"),
    };
    (Cell::new(tone, zh), en.to_owned())
}

fn meaning(section: &Record<'_>) -> Option<(Tone, Label)> {
    let reason = section.text("reason").map(|reason| (names::name(REASONS, &reason), reason));
    let because = reason.as_ref().map(|(zh, _)| format!("原因：{zh}。")).unwrap_or_default();
    let because_en =
        reason.as_ref().map(|(_, code)| format!(" Reason: {}.", code.replace('_', " "))).unwrap_or_default();
    let (tone, zh, en) = match section.text("status").as_deref()? {
        "present" => return None,
        "empty" => (
            Tone::Plain,
            "税务机关已报送该期间的数据，其中没有该企业的记录。",
            "The bureau delivered this time, and the firm has nothing in it.",
        ),
        "not_collected" => (
            Tone::Warn,
            "税务机关尚未采集该项数据，并非金额为零。",
            "The bureau has not delivered this; it is not zero.",
        ),
        "withheld" => (
            Tone::Warn,
            "该项数据未获准提供；这不表示没有数据，也不表示金额为零。",
            "This may not leave; that says nothing about what is there.",
        ),
        "stale" => (
            Tone::Warn,
            "数据早于应有的更新时间，请留意截至日期；其后的变化不在其中。",
            "Older than it should be: what happened since is not in it.",
        ),
        _ => (Tone::Warn, "本程序不认识该状态，内容照原样显示。", "This program does not know this status."),
    };
    Some((tone, label(format!("{zh}{because}"), format!("{en}{because_en}"))))
}

fn origin(book: &Book<'_>, section: &Record<'_>, records: usize) -> Vec<Fact> {
    let passed = section.date("stale_after").is_some_and(|day| day <= book.today);
    let is_stale = section.is("status", "stale");
    let mut stale_after = section.shown("stale_after");
    if passed && !is_stale {
        stale_after = Cell::new(Tone::Warn, format!("{}（今日已陈旧，可重新查询）", stale_after.text));
    }
    let source = section.text("source").map(|forms| {
        forms.split(' ').map(|form| names::name(names::FORMS, form)).collect::<Vec<_>>().join("、")
    });
    vec![
        fact("数据截至", "As of", section.shown("as_of")),
        fact("陈旧起始日", "Stale from", stale_after),
        fact("来源", "Source", source.map_or_else(Cell::missing, Cell::plain)),
        fact("记录数", "Records", Cell::plain(records.to_string())),
        fact("编码器", "Encoder", section.shown("encoder")),
    ]
}

/// A note that the section has none of these, where others of the section are there.
fn none_of(zh: &str, en: &str) -> Block {
    note(Tone::Quiet, zh, en)
}
