//! What any section may have besides its own figures: withheld fields, failed checks, members of a newer version.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::book::table;
use super::super::document::{Block, Cell, Tone, figures, label, note, texts};
use super::super::value::{Record, harmless, plain_text};
use super::super::{fields, money, names};
use super::KNOWN_EVERYWHERE;

/// Rows of a list that is meant to be read; the rest is in `--json`.
const ROWS_MAX: usize = 200;

/// The fields that were cut, by name, those of one part of a form together.
pub fn withheld(section: &str, records: &[Record<'_>]) -> Option<Block> {
    let mut cut: BTreeMap<(String, String), usize> = BTreeMap::new();
    for record in records {
        let kind = kind(record);
        for path in record.withheld() {
            *cut.entry((kind.clone(), path)).or_default() += 1;
        }
    }
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for ((kind, path), times) in &cut {
        let of_kind = records.iter().filter(|record| self::kind(record) == *kind).count();
        let some = if *times == of_kind { String::new() } else { format!("（{times} 条记录）") };
        let parent =
            path.rsplit_once('.').map_or_else(String::new, |(parent, _)| fields::name(section, kind, parent));
        let form = names::name(names::FORMS, kind);
        let group =
            [form, parent].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" › ");
        groups.entry(group).or_default().push(format!("{}{some}", fields::part(section, kind, path)));
    }
    let written: Vec<String> = groups
        .into_iter()
        .map(|(group, fields)| {
            let fields = fields.join("、");
            if group.is_empty() { fields } else { format!("{group}：{fields}") }
        })
        .collect();
    let zh = format!("未提供的字段——{}。未提供不代表为零。", written.join("；"));
    (!written.is_empty()).then(|| note(Tone::Quiet, zh, "Fields withheld; withheld is not zero."))
}

/// The form or the kind of a record, by which its fields are named.
fn kind(record: &Record<'_>) -> String {
    record.text("form").or_else(|| record.text("record")).unwrap_or_default()
}

/// How the checks went, and each that failed.
pub fn checks(section: &str, records: &[Record<'_>]) -> Vec<Block> {
    let total = |name: &str| -> i64 {
        records
            .iter()
            .filter_map(|record| record.integer(&format!("checks.{name}")))
            .fold(0, i64::saturating_add)
    };
    let (passed, failed, skipped) = (total("passed"), total("failed"), total("skipped"));
    let mut found = Vec::new();
    if passed.saturating_add(failed).saturating_add(skipped) > 0 {
        found.push(note(
            if failed > 0 { Tone::Warn } else { Tone::Quiet },
            format!("勾稽校验：通过 {passed} 项，未通过 {failed} 项，因缺数未校验 {skipped} 项。"),
            format!("Checks: {passed} passed, {failed} failed, {skipped} skipped for want of a figure."),
        ));
    }
    let rows = records.iter().enumerate().flat_map(|(place, record)| {
        let marks = record.at("marks").and_then(Value::as_array).into_iter().flatten();
        marks.filter_map(Value::as_object).map(move |mark| mark_row(section, place, record, &Record(mark)))
    });
    found.extend(table(
        label("未通过的校验", "Checks that failed; the figures stand as filed"),
        vec![
            texts("记录", "Record"),
            texts("字段", "Field"),
            figures("申报数", "Stated"),
            figures("按规则应为", "By the rule"),
            texts("规则", "Rule"),
        ],
        rows.take(ROWS_MAX).collect(),
    ));
    found
}

fn mark_row(section: &str, place: usize, record: &Record<'_>, mark: &Record<'_>) -> Vec<Cell> {
    let side = |name: &str| match mark.integer(&format!("{name}_fen")) {
        Some(fen) => Cell::plain(money::yuan(fen)),
        None => mark.shown(name),
    };
    let field = mark
        .text("field")
        .map_or_else(Cell::missing, |path| Cell::plain(fields::name(section, &kind(record), &path)));
    vec![
        Cell::plain(describe(place, record)),
        field,
        Cell::new(Tone::Warn, side("stated").text),
        side("computed"),
        mark.shown("rule"),
    ]
}

/// What a record is about, in a few words.
fn describe(place: usize, record: &Record<'_>) -> String {
    let when = ["registered_on", "served_on", "changed_on", "status_from", "year", "due", "paid_on"];
    let when = record
        .span()
        .map(|_| record.period().text)
        .or_else(|| when.iter().find_map(|name| record.text(name)));
    let what = record.text("form").map(|form| names::name(names::FORMS, &form));
    let what = what.or_else(|| record.text("tax_kind").map(|kind| names::name(names::TAX_KINDS, &kind)));
    let what = what.or_else(|| record.text("record").map(|kind| names::name(names::FORMS, &kind)));
    match (when, what) {
        (Some(when), Some(what)) => format!("{when} {what}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => format!("第{}条", place + 1),
    }
}

/// Members that this program has no place for, as they are.
pub fn unknown_members(records: &[Record<'_>], known: &[&str]) -> Vec<Block> {
    let rows = records.iter().enumerate().flat_map(|(place, record)| {
        let new =
            |name: &&String| !known.contains(&name.as_str()) && !KNOWN_EVERYWHERE.contains(&name.as_str());
        record.0.keys().filter(new).filter_map(move |name| {
            let value = record.0.get(name)?;
            let name = Cell::plain(harmless(name));
            Some(vec![Cell::plain(describe(place, record)), name, Cell::plain(plain_text(value))])
        })
    });
    table(
        label("其他字段（本程序版本不认识，照原样列出）", "Other members, as they are"),
        vec![texts("记录", "Record"), texts("字段", "Member"), texts("值", "Value")],
        rows.take(ROWS_MAX).collect(),
    )
    .into_iter()
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn failed_checks_name_the_record_the_field_and_both_figures() {
        let record = json!({
            "form": "vat_small", "period": {"from": "2026-01-01", "to": "2026-03-31"},
            "checks": {"passed": 3, "failed": 2, "skipped": 1},
            "marks": [
                {"rule": "vat_small.row_20", "field": "figures.period.payable_total_fen", "stated_fen": 101, "computed_fen": 100},
                {"rule": "uscc.check", "field": "uscc", "stated": "6", "computed": "1"},
                "not an object",
            ],
        });
        let blocks = checks("filings", &[Record(record.as_object().unwrap())]);
        let [Block::Note(Tone::Warn, note), Block::Table(table)] = blocks.as_slice() else {
            panic!("{blocks:?}")
        };
        assert!(note.zh.contains("通过 3 项，未通过 2 项，因缺数未校验 1 项"));
        let rows: Vec<Vec<&str>> =
            table.rows.iter().map(|row| row.iter().map(|cell| cell.text.as_str()).collect()).collect();
        assert_eq!(rows[0][0], "2026年1季度 增值税（小规模纳税人）");
        assert_eq!(rows[0][2..], ["1.01", "1.00", "vat_small.row_20"]);
        assert_eq!(rows[1][2..], ["6", "1", "uscc.check"]);
    }

    #[test]
    fn members_of_a_newer_version_are_shown() {
        let record = json!({"level": "A", "shade": {"deep": true}, "marks": [], "year": 2025});
        let blocks = unknown_members(&[Record(record.as_object().unwrap())], &["level", "year"]);
        let [Block::Table(table)] = blocks.as_slice() else { panic!("{blocks:?}") };
        assert_eq!(table.rows.len(), 1);
        assert_eq!(table.rows[0][1].text, "shade");
        assert_eq!(table.rows[0][2].text, r#"{"deep":true}"#);
    }

    #[test]
    fn withheld_fields_are_counted_where_only_some_records_lack_them() {
        let (one, two) = (json!({"withheld": ["facts"]}), json!({"withheld": ["facts", "means"]}));
        let records = [Record(one.as_object().unwrap()), Record(two.as_object().unwrap())];
        let Some(Block::Note(_, note)) = withheld("violations", &records) else { panic!("no note") };
        assert!(note.zh.contains("违法事实、违法手段（1 条记录）"), "{}", note.zh);
        let narrow = json!({"form": "vat_small", "withheld": ["due", "figures.ytd.payable_fen", "figures.ytd.prepaid_fen"]});
        let Some(Block::Note(_, note)) = withheld("filings", &[Record(narrow.as_object().unwrap())]) else {
            panic!("no note")
        };
        let expected = "增值税（小规模纳税人）：申报期限；增值税（小规模纳税人） › 申报数 › 本年累计：15 本期应纳税额、21 本期预缴税额。";
        assert!(note.zh.contains(expected), "{}", note.zh);
        assert!(withheld("violations", &[]).is_none());
    }
}
