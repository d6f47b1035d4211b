//! 税收违法违章信息: each registered violation, newest first.

use super::super::book::{Book, table};
use super::super::document::{Block, Cell, Tone, label, note, texts};
use super::super::names;
use super::super::value::Record;

/// Members shown here.
pub const KNOWN: &[&str] = &[
    "registered_on",
    "type",
    "facts",
    "means",
    "status",
    "resolved_on",
    "period",
    "inspection_case",
    "first_time_exempt",
    "corrected",
    "voided",
];

/// How many are open, then each.
pub fn blocks(_: &Book<'_>, records: &[Record<'_>]) -> Vec<Block> {
    if records.is_empty() {
        return Vec::new();
    }
    let count = records.len();
    let mut found = vec![match unresolved(records) {
        Some(open) => note(
            if open > 0 { Tone::Bad } else { Tone::Plain },
            format!("共 {count} 条登记，其中未处理 {open} 条（不含已作废）。"),
            format!("{count} registered, {open} of them unresolved."),
        ),
        None => note(
            Tone::Warn,
            format!("共 {count} 条登记；有记录没有提供处理状态，未处理条数无法得出。"),
            format!("{count} registered; not all tell their state, so the unresolved are not counted."),
        ),
    }];
    let mut sorted: Vec<&Record<'_>> = records.iter().collect();
    sorted.sort_by_key(|record| std::cmp::Reverse(record.date("registered_on")));
    found.extend(table(
        label("违法违章明细", "Violations"),
        vec![
            texts("登记日期", "Registered"),
            texts("违法事实", "Facts"),
            texts("类型", "Type"),
            texts("手段", "Means"),
            texts("所属期", "Period"),
            texts("处理状态", "State"),
            texts("处理日期", "Resolved"),
            texts("备注", "Remarks"),
        ],
        sorted.iter().map(|record| row(record)).collect(),
    ));
    found
}

/// Violations not dealt with and not taken back; none if one does not tell its state.
pub fn unresolved(records: &[Record<'_>]) -> Option<usize> {
    let open =
        |record: &&Record<'_>| record.is("status", "unresolved") && record.flag("voided") != Some(true);
    let all_told = records.iter().all(|record| record.text("status").is_some());
    all_told.then(|| records.iter().filter(open).count())
}

fn row(record: &Record<'_>) -> Vec<Cell> {
    let mut state = record.word("status", names::VIOLATION_STATUSES);
    if record.is("status", "unresolved") {
        state.tone = Tone::Bad;
    }
    let flags = [
        ("voided", "已作废"),
        ("first_time_exempt", "首违不罚"),
        ("corrected", "已改正"),
        ("inspection_case", "转稽查"),
    ];
    let flags: Vec<&str> =
        flags.iter().filter(|(name, _)| record.flag(name) == Some(true)).map(|(_, word)| *word).collect();
    vec![
        record.shown("registered_on"),
        record.shown("facts"),
        record.shown("type"),
        record.shown("means"),
        record.period(),
        state,
        record.shown("resolved_on"),
        Cell::plain(flags.join("、")),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_state_that_is_not_told_is_not_taken_for_resolved() {
        let (open, done) = (json!({"status": "unresolved"}), json!({"status": "resolved"}));
        let (taken_back, untold) =
            (json!({"status": "unresolved", "voided": true}), json!({"withheld": ["status"]}));
        let count = |records: &[&serde_json::Value]| {
            let records: Vec<Record<'_>> =
                records.iter().map(|record| Record(record.as_object().unwrap())).collect();
            unresolved(&records)
        };
        assert_eq!(count(&[&open, &done, &taken_back]), Some(1));
        assert_eq!(count(&[&done, &untold]), None);
    }
}
