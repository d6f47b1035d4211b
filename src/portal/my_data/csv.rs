//! `/my-data/{section}/csv`: an item as a table for spreadsheets, one line a field of a revision.
//!
//! RFC 4180 with a byte order mark, so that every spreadsheet reads it as UTF-8. A text that a spreadsheet could take
//! for a formula gets an apostrophe before it; amounts are plain numbers in yuan.

use actix_web::HttpResponse;
use serde_json::Value;

use super::layout::{flattened, kind};
use super::section_of;
use crate::domain::section::Section;
use crate::portal::visit::Visit;
use crate::readable::value::{Record, cell};
use crate::readable::{fields, names};
use crate::service::error::ServiceResult;
use crate::service::held::{self, HeldSection};

const HEADER: &[&str] =
    &["记录", "版本", "数据截至", "来源表单", "账本序号", "所属期起", "所属期止", "字段", "字段名称", "值"];

/// The file.
pub async fn download(visit: Visit) -> ServiceResult<HttpResponse> {
    let section = section_of(&visit)?;
    let held = held::section(&visit.exchange, visit.acting()?, section).await?;
    let name = format!("my-data-{section}-{}.csv", visit.now.shanghai_date());
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header(("content-disposition", format!("attachment; filename=\"{name}\"")))
        .body(written(section, &held)))
}

fn written(section: Section, held: &HeldSection) -> String {
    let mut text = String::from("\u{feff}");
    line(&mut text, HEADER.iter().map(|name| (*name).to_owned()));
    for (place, record) in held.records.iter().enumerate() {
        let (from, to) = record.period.unzip();
        let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        for (age, revision) in record.revisions.iter().enumerate() {
            let what = kind(&revision.body);
            for (path, shown) in flattened(&revision.body) {
                let cells = [
                    (place + 1).to_string(),
                    (record.revisions.len() - age).to_string(),
                    revision.as_of.to_string(),
                    cell(&names::name(names::FORMS, &revision.form)),
                    revision.index.to_string(),
                    day(from),
                    day(to),
                    cell(&path),
                    cell(&fields::name(section.as_str(), &what, &path)),
                    value(&Record(&revision.body), &path, &shown),
                ];
                line(&mut text, cells.into_iter());
            }
        }
    }
    text
}

/// A number as it is, an amount in yuan without separators, anything else as guarded text.
fn value(record: &Record<'_>, path: &str, shown: &str) -> String {
    match record.at(path) {
        Some(Value::Number(number)) => match number.as_i64().filter(|_| path.ends_with("_fen")) {
            Some(fen) => {
                let (sign, whole) = (if fen < 0 { "-" } else { "" }, fen.unsigned_abs());
                format!("{sign}{}.{:02}", whole / 100, whole % 100)
            }
            None => number.to_string(),
        },
        None => String::new(),
        Some(Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) => {
            cell(shown)
        }
    }
}

fn line(text: &mut String, cells: impl Iterator<Item = String>) {
    let quoted: Vec<String> = cells.map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
    text.push_str(&quoted.join(","));
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn quotes_and_commas_stay_in_their_cell() {
        let mut text = String::new();
        line(&mut text, ["a\"b".to_owned(), "c,d".to_owned()].into_iter());
        assert_eq!(text, "\"a\"\"b\",\"c,d\"\r\n");
    }

    #[test]
    fn amounts_are_numbers_in_yuan() {
        let body = json!({"a_fen": -1_234_567, "count": 7, "name": "=x", "none": null});
        let body = body.as_object().unwrap();
        let shown = |path: &str| {
            let all = flattened(body);
            let (_, shown) = all.iter().find(|(known, _)| known == path).unwrap();
            value(&Record(body), path, shown)
        };
        assert_eq!(
            (shown("a_fen"), shown("count"), shown("name"), shown("none")),
            ("-12345.67".into(), "7".into(), "'=x".into(), String::new())
        );
    }
}
