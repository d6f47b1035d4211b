//! What the firm says of a section's records: those that it disputes, and its statements (encoder version 2).

use serde_json::{Map, Value};

use super::super::document::{Block, Tone, note};
use super::super::names;
use super::super::value::{Record, harmless};

/// A note for each, in the section's order.
pub fn blocks(object: &Map<String, Value>, records: &[Record<'_>]) -> Vec<Block> {
    let disputed = list(object, "annotations").map(|one| {
        let (record, day) = (which(&one, records), one.text("raised_on").unwrap_or_default());
        note(
            Tone::Warn,
            format!("企业对{record}有异议（{day} 提出），税务机关核查中。"),
            format!("The firm disputes {record} (since {day}); the bureau has not decided."),
        )
    });
    let stated = list(object, "statements").map(|one| {
        let (record, day) = (which(&one, records), one.text("stated_on").unwrap_or_default());
        let text = one.at("text").and_then(Value::as_str).unwrap_or_default();
        let text = text.lines().map(harmless).collect::<Vec<_>>().join(" ");
        note(
            Tone::Plain,
            format!("企业对{record}的说明（{day}）：{text}"),
            format!("The firm's statement to {record} ({day}): {text}"),
        )
    });
    disputed.chain(stated).collect()
}

fn list<'a>(object: &'a Map<String, Value>, name: &str) -> impl Iterator<Item = Record<'a>> {
    let list = object.get(name).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_object).map(Record)
}

/// The record by its number, and by what it says of itself: the tables are in another order.
fn which(remark: &Record<'_>, records: &[Record<'_>]) -> String {
    let place = remark.integer("record").and_then(|place| usize::try_from(place).ok());
    let Some((place, record)) = place.and_then(|place| Some((place, records.get(place)?))) else {
        return "一条未列出的记录".to_owned();
    };
    let form = record.text("form").map(|form| names::name(names::FORMS, &form));
    let when = record.span().map(super::super::value::span_name).or_else(|| record.text("registered_on"));
    let what: Vec<String> = [when, form, record.text("facts")].into_iter().flatten().collect();
    match what.is_empty() {
        true => format!("第 {} 条记录", place + 1),
        false => format!("第 {} 条记录（{}）", place + 1, what.join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_names_its_record() {
        let object = json!({
            "annotations": [{"record": 1, "raised_on": "2026-11-24", "status": "under_review"}, "not an object"],
            "statements": [{"record": 0, "stated_on": "2026-11-25", "text": "已改正\n\u{202e}附件"}, {"record": 7}],
            "records": [{"registered_on": "2026-03-05", "facts": "未按规定保管发票"}, {"year": 2025}],
        });
        let object = object.as_object().unwrap();
        let records: Vec<Record<'_>> =
            object["records"].as_array().unwrap().iter().filter_map(Value::as_object).map(Record).collect();
        let notes: Vec<String> = blocks(object, &records)
            .into_iter()
            .map(|block| match block {
                Block::Note(_, text) => text.zh,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(notes.len(), 3);
        assert!(notes[0].starts_with("企业对第 2 条记录有异议（2026-11-24"), "{}", notes[0]);
        assert!(notes[1].contains("2026-03-05 未按规定保管发票") && notes[1].contains("已改正 \u{fffd}附件"));
        assert!(notes[2].contains("未列出"));
        assert!(blocks(&Map::new(), &[]).is_empty());
    }
}
