//! 稽查案件: concluded cases with a served decision. Open cases are never in a dossier.

use super::super::book::Book;
use super::super::document::{Block, Cell, Table, Tone, fact, figures, label, note, texts};
use super::super::value::Record;
use super::super::{money, names};

/// Members shown here.
pub const KNOWN: &[&str] = &[
    "decision_no",
    "served_on",
    "status",
    "name",
    "type",
    "examined_from",
    "examined_to",
    "opened_on",
    "closed_on",
    "executed_on",
    "due_tax_fen",
    "due_late_fee_fen",
    "due_fine_fen",
    "paid_tax_fen",
    "paid_late_fee_fen",
    "paid_fine_fen",
    "major_case",
];

/// Each case, the latest first.
pub fn blocks(_: &Book<'_>, records: &[Record<'_>]) -> Vec<Block> {
    let mut sorted: Vec<&Record<'_>> = records.iter().collect();
    sorted.sort_by_key(|record| std::cmp::Reverse(record.date("served_on")));
    let mut found: Vec<Block> = sorted.iter().flat_map(|record| case(record)).collect();
    found.push(note(
        Tone::Quiet,
        "只含已结案并送达决定书的案件；没有记录不表示没有在查案件。",
        "Concluded cases with a served decision only; no record does not say that no case is open.",
    ));
    found
}

fn case(record: &Record<'_>) -> [Block; 3] {
    let mut status = record.word("status", names::DECISION_STATUSES);
    if record.is("status", "effective") {
        status.tone = Tone::Warn;
    }
    let mut major = record.yes_no("major_case");
    if record.flag("major_case") == Some(true) {
        major.tone = Tone::Bad;
    }
    let examined = match (record.text("examined_from"), record.text("examined_to")) {
        (Some(from), Some(to)) => Cell::plain(format!("{from} 至 {to}")),
        (_, _) => record.shown("examined_from"),
    };
    let facts = vec![
        fact("决定状态", "Decision", status),
        fact("送达日期", "Served", record.shown("served_on")),
        fact("案件名称", "Name", record.shown("name")),
        fact("案件类型", "Type", record.shown("type")),
        fact("检查所属期", "Years examined", examined),
        fact("立案日期", "Opened", record.shown("opened_on")),
        fact("结案日期", "Closed", record.shown("closed_on")),
        fact("执行完毕日期", "Executed", record.shown("executed_on")),
        fact("重大税收违法失信", "Major case", major),
    ];
    let number = record.shown("decision_no").text;
    let amounts = Table {
        caption: label("查补与缴纳（元）", "Decided and paid, yuan"),
        columns: vec![
            texts("项目", "Item"),
            figures("应缴", "Due"),
            figures("已缴", "Paid"),
            figures("未缴", "Outstanding"),
        ],
        rows: [("税款", "tax"), ("滞纳金", "late_fee"), ("罚款", "fine")]
            .map(|(zh, name)| amounts(record, zh, &format!("due_{name}_fen"), &format!("paid_{name}_fen")))
            .to_vec(),
        sums: Vec::new(),
    };
    [
        Block::Heading(label(format!("决定书 {number}"), "Decision")),
        Block::Facts(facts),
        Block::Table(amounts),
    ]
}

fn amounts(record: &Record<'_>, zh: &str, due: &str, paid: &str) -> Vec<Cell> {
    let open = record.integer(due).zip(record.integer(paid)).and_then(|(due, paid)| due.checked_sub(paid));
    let open = match open {
        Some(fen) if fen > 0 => Cell::new(Tone::Bad, money::yuan(fen)),
        Some(fen) => Cell::plain(money::yuan(fen)),
        None => Cell::missing(),
    };
    vec![Cell::plain(zh), record.yuan(due), record.yuan(paid), open]
}
