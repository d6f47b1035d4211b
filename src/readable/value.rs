//! Reading a record without trusting its shape: a dossier may come from a newer exchange, or from nobody at all.
//!
//! Every reader gives nothing rather than failing. Texts lose control characters and bidirectional overrides here, so
//! that no name can move a terminal's cursor or turn a line around.

use chrono::{Datelike, NaiveDate};
use serde_json::{Map, Value};
use unicode_width::UnicodeWidthStr;

use super::document::{Cell, Tone};
use super::{money, names};
use crate::domain::period::{Frequency, Period};

/// First and last day of a tax period, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
}

/// One record of a section.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a>(pub &'a Map<String, Value>);

impl<'a> Record<'a> {
    /// The value at a dotted path, unless it is null.
    pub fn at(&self, path: &str) -> Option<&'a Value> {
        let mut parts = path.split('.');
        let mut value = self.0.get(parts.next()?)?;
        for part in parts {
            value = value.as_object()?.get(part)?;
        }
        (!value.is_null()).then_some(value)
    }

    /// A text, made harmless; a number or boolean as it is written.
    pub fn text(&self, path: &str) -> Option<String> {
        self.at(path).map(plain_text)
    }

    /// Whether the text at the path is this one.
    pub fn is(&self, path: &str, text: &str) -> bool {
        self.at(path).and_then(Value::as_str) == Some(text)
    }

    /// A whole number.
    pub fn integer(&self, path: &str) -> Option<i64> {
        self.at(path)?.as_i64()
    }

    /// A day.
    pub fn date(&self, path: &str) -> Option<NaiveDate> {
        self.at(path)?.as_str()?.parse().ok()
    }

    /// Yes or no.
    pub fn flag(&self, path: &str) -> Option<bool> {
        self.at(path)?.as_bool()
    }

    /// The tax period, from `period.from` and `period.to`.
    pub fn span(&self) -> Option<Span> {
        let span = Span { from: self.date("period.from")?, to: self.date("period.to")? };
        (span.from <= span.to).then_some(span)
    }

    /// The period as people name it: `2026-08`, `2026年第3季度`, `2025年度`, or its two days.
    pub fn period(&self) -> Cell {
        match self.span() {
            Some(span) => Cell::plain(span_name(span)),
            None => self.shown("period"),
        }
    }

    /// The dotted paths that were cut.
    pub fn withheld(&self) -> Vec<String> {
        let list = self.at("withheld").and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).map(harmless).collect()
    }

    /// Whether the value at the path, or something it is in, was cut.
    pub fn is_withheld(&self, path: &str) -> bool {
        let list = self.at("withheld").and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .any(|cut| path == cut || path.strip_prefix(cut).is_some_and(|rest| rest.starts_with('.')))
    }

    /// The value as it is written.
    pub fn shown(&self, path: &str) -> Cell {
        self.cell(path, |value| Some(plain_text(value)))
    }

    /// An amount in yuan.
    pub fn yuan(&self, path: &str) -> Cell {
        self.cell(path, |value| value.as_i64().map(money::yuan))
    }

    /// A count.
    pub fn count(&self, path: &str) -> Cell {
        self.cell(path, |value| value.as_i64().map(money::count))
    }

    /// A share or rate, from basis points.
    pub fn percent(&self, path: &str) -> Cell {
        self.cell(path, |value| value.as_i64().map(money::percent))
    }

    /// 是 or 否.
    pub fn yes_no(&self, path: &str) -> Cell {
        self.cell(path, |value| value.as_bool().map(|yes| if yes { "是" } else { "否" }.to_owned()))
    }

    /// A code with its name.
    pub fn code(&self, path: &str, table: names::Table) -> Cell {
        self.cell(path, |value| value.as_str().map(|code| names::with_code(table, &harmless(code))))
    }

    /// A word of our own wire format by its name alone.
    pub fn word(&self, path: &str, table: names::Table) -> Cell {
        self.cell(path, |value| value.as_str().map(|word| names::name(table, &harmless(word))))
    }

    /// A value of an unexpected type is shown as it is written rather than left out.
    fn cell(&self, path: &str, write: impl FnOnce(&Value) -> Option<String>) -> Cell {
        match self.at(path) {
            Some(value) => Cell::plain(write(value).unwrap_or_else(|| plain_text(value))),
            None if self.is_withheld(path) => Cell::new(Tone::Quiet, "未提供"),
            None => Cell::missing(),
        }
    }
}

/// Columns that a text takes in a terminal, where a Chinese character is two wide (Unicode Standard Annex #11).
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// A value in one line of text.
pub fn plain_text(value: &Value) -> String {
    match value {
        Value::String(text) => harmless(text),
        Value::Null => "—".to_owned(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            harmless(&value.to_string())
        }
    }
}

/// The text without characters that act on a terminal or turn the line's direction; each becomes U+FFFD.
pub fn harmless(text: &str) -> String {
    let acts = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().map(|c| if acts(c) { '\u{fffd}' } else { c }).collect()
}

/// A cell that no spreadsheet takes for a formula (OWASP, CSV injection): an apostrophe before it makes it text, and
/// nothing in it acts on whoever opens it. Numbers are not for this: they would become texts.
pub fn cell(text: &str) -> String {
    let text = harmless(text);
    let begins = text.trim_start_matches(|c: char| c.is_whitespace() || c == char::REPLACEMENT_CHARACTER);
    let acts = begins.starts_with(['=', '+', '-', '@', '|', '%', '＝', '＋', '－', '＠']);
    if acts { format!("'{text}") } else { text }
}

/// A period as people name it.
pub fn span_name(span: Span) -> String {
    let (year, month) = (span.from.year(), span.from.month());
    let months = Period::whole(span.from, span.to).map(|period| period.freq());
    match months {
        Some(Frequency::Month) => format!("{year:04}-{month:02}"),
        Some(Frequency::Quarter) => format!("{year:04}年{}季度", month.div_ceil(3)),
        Some(Frequency::Year) => format!("{year:04}年"),
        Some(Frequency::Event) | None if span.from == span.to => span.from.to_string(),
        Some(Frequency::Event) | None => format!("{} 至 {}", span.from, span.to),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for text in
            ["=1+1", "+A1", "-A1", "@SUM(A1)", " =1", "\t=1", "\r\n=1", "\u{feff}=1", "|cmd", "%x", "＝1"]
        {
            assert!(cell(text).starts_with('\''), "{text:?}");
        }
        for text in ["", "bank-01", "1=1", "案-1", "深圳市甲有限公司"] {
            assert_eq!(cell(text), text);
        }
        assert!(!cell("a\r\nb\u{202e}").contains(['\r', '\n', '\u{202e}']));
    }

    fn with<T>(value: Value, read: impl FnOnce(Record<'_>) -> T) -> T {
        read(Record(value.as_object().unwrap()))
    }

    #[test]
    fn a_missing_a_blank_and_a_withheld_figure_are_told_apart_from_zero() {
        let record = json!({"a": {"b_fen": 0, "c_fen": null, "e": {}}, "withheld": ["a.d_fen", "a.e"]});
        with(record, |record| {
            assert_eq!(record.yuan("a.b_fen").text, "0.00");
            assert_eq!(record.yuan("a.c_fen"), Cell::missing());
            assert_eq!(record.yuan("a.nothing"), Cell::missing());
            assert_eq!(record.yuan("a.d_fen").text, "未提供");
            assert_eq!(record.yuan("a.e.f_fen").text, "未提供");
            assert!(!record.is_withheld("a.e_more"));
        });
    }

    #[test]
    fn a_value_of_another_type_is_shown_as_written() {
        let record = json!({"x_fen": "12", "flag": 1, "period": "2026", "list": [1, {"a": 2}], "big": 1e300});
        with(record, |record| {
            assert_eq!(record.yuan("x_fen").text, "12");
            assert_eq!(record.yes_no("flag").text, "1");
            assert_eq!(record.period().text, "2026");
            assert_eq!(record.shown("list").text, r#"[1,{"a":2}]"#);
            assert_eq!(record.integer("big"), None);
            assert_eq!(record.at("x_fen.deeper"), None);
        });
    }

    #[test]
    fn a_name_cannot_act_on_the_terminal() {
        assert_eq!(harmless("税\u{1b}[31m\n\u{202e}甲"), "税\u{fffd}[31m\u{fffd}\u{fffd}甲");
        assert_eq!(harmless("<b>甲 & 乙</b>"), "<b>甲 & 乙</b>", "markup is the page writer's concern");
    }

    #[test]
    fn periods_have_their_usual_names() {
        let name =
            |from: &str, to: &str| span_name(Span { from: from.parse().unwrap(), to: to.parse().unwrap() });
        assert_eq!(name("2026-08-01", "2026-08-31"), "2026-08");
        assert_eq!(name("2026-07-01", "2026-09-30"), "2026年3季度");
        assert_eq!(name("2025-01-01", "2025-12-31"), "2025年");
        assert_eq!(name("2025-01-01", "2025-01-10"), "2025-01-01 至 2025-01-10");
        assert_eq!(name("2025-01-05", "2025-01-05"), "2025-01-05");
    }
}
