//! Rejected rows as a file to mend and send again: the delivery's own header and rows, and behind them what was wrong.
//!
//! The four columns behind are passed over by the readers. A cell that a spreadsheet could take for a formula
//! gets an apostrophe in front (OWASP, CSV injection), which the readers take off again: the value stays the same.

use std::borrow::Cow;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::csv_line;
use super::fault::RowError;
use super::form::Form;
use super::header::REMARKS;
use super::workbook::{SheetRow, SheetValue};
use super::written::{starts_formula, trimmed};

/// What was wrong with a row, as a file of rejected rows says it.
#[derive(Debug, Clone, Copy)]
pub struct Remark<'a> {
    /// Number of the row in the delivery.
    pub row: u64,
    /// The column at fault, if it is one.
    pub column: Option<&'a str>,
    /// The rule that it breaks.
    pub rule: &'a str,
    /// What would be right.
    pub message: &'a str,
}

impl<'a> From<&'a RowError> for Remark<'a> {
    fn from(error: &'a RowError) -> Self {
        Self {
            row: error.row,
            column: error.column.as_deref(),
            rule: error.rule.as_str(),
            message: &error.message,
        }
    }
}

/// Writes the lines of a file of rejected rows, UTF-8, each ending in a line break.
pub enum RejectedFile {
    /// CSV: of a delivery in CSV, or of a workbook.
    Csv {
        /// The names in the delivery's header.
        names: Vec<String>,
        /// Places of the delivery's own columns; remarks of an earlier such file are left out.
        own: Vec<usize>,
    },
    /// NDJSON.
    Ndjson,
}

impl RejectedFile {
    /// For a delivery with this header, or without one if it was NDJSON.
    pub fn new(header: Option<&str>) -> Self {
        match header {
            None => RejectedFile::Ndjson,
            Some(header) => {
                let names: Vec<String> =
                    csv_line::split(header).unwrap_or_default().into_iter().map(Cow::into_owned).collect();
                let own = (0..names.len()).filter(|at| !REMARKS.contains(&trimmed(&names[*at]))).collect();
                RejectedFile::Csv { names, own }
            }
        }
    }

    /// The first line, if there is one. It opens with a byte order mark, by which Excel knows UTF-8.
    pub fn header(&self) -> Option<String> {
        match self {
            RejectedFile::Ndjson => None,
            RejectedFile::Csv { names, own } => {
                let own = own.iter().map(|at| names[*at].as_str());
                Some(format!("\u{feff}{}\n", csv_cells(own.chain(REMARKS))))
            }
        }
    }

    /// The line of a rejected row; `original` is the row as delivered, if it is kept.
    pub fn line(&self, original: Option<&str>, remark: Remark<'_>) -> String {
        match self {
            RejectedFile::Ndjson => json_row(original.unwrap_or("{}"), remark),
            RejectedFile::Csv { names, own } => {
                csv_row(names.len(), own, original.unwrap_or_default(), remark)
            }
        }
    }
}

fn csv_row(width: usize, own: &[usize], original: &str, remark: Remark<'_>) -> String {
    let cells = csv_line::split(original).ok().filter(|cells| cells.len() == width);
    let row = remark.row.to_string();
    let remarks = [&row, remark.column.unwrap_or_default(), remark.rule, remark.message];
    let own: Vec<&str> = match &cells {
        Some(cells) => own.iter().map(|at| cells[*at].as_ref()).collect(),
        // Its cells cannot be told apart: the whole line stands in the first, and is rejected again until it is mended.
        None => std::iter::once(original).chain(own.iter().skip(1).map(|_| "")).collect(),
    };
    csv_cells(own.into_iter().chain(remarks)) + "\n"
}

/// Cells as a line of CSV without its line break, disarmed.
fn csv_cells<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let mut line = String::new();
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            line.push(',');
        }
        push_cell(&mut line, &disarmed(cell));
    }
    line
}

/// Names or cells as a line of CSV as they are.
pub(super) fn csv_line_of<S: AsRef<str>>(cells: &[S]) -> String {
    let mut line = String::new();
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            line.push(',');
        }
        push_cell(&mut line, cell.as_ref());
    }
    line
}

fn push_cell(line: &mut String, cell: &str) {
    if cell.contains([',', '"', '\n', '\r']) || cell.starts_with(' ') {
        line.push('"');
        // A line break would end the row: no column takes one, so the row is rejected again either way.
        line.push_str(&cell.replace('"', "\"\"").replace(['\n', '\r'], "\u{fffd}"));
        line.push('"');
    } else {
        line.push_str(cell);
    }
}

/// The cell so that no spreadsheet runs it. A plain number stays one.
fn disarmed(cell: &str) -> Cow<'_, str> {
    let bare = trimmed(cell);
    if !starts_formula(bare) {
        // A tab in front is none of the value, and hides a formula.
        return Cow::Borrowed(if starts_formula(cell) { bare } else { cell });
    }
    let number = bare.strip_prefix('-').is_some_and(|digits| {
        digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.bytes().all(|c| c.is_ascii_digit() || c == b',' || c == b'.')
    });
    if number { Cow::Borrowed(bare) } else { Cow::Owned(format!("'{bare}")) }
}

/// The object with the remarks as members.
fn json_row(original: &str, remark: Remark<'_>) -> String {
    let mut members = written_members(original, |name| !REMARKS.contains(&name)).unwrap_or_default();
    let column = remark.column.map_or_else(|| "null".to_owned(), text);
    let [row, at, rule, message] = REMARKS;
    members.push(format!(
        "\"{row}\":{},\"{at}\":{column},\"{rule}\":{},\"{message}\":{}",
        remark.row,
        text(remark.rule),
        text(remark.message)
    ));
    format!("{{{}}}\n", members.join(","))
}

/// The object with only those members that are columns of the form; none of a line that is no object.
pub(super) fn own_members(form: &Form, line: &str) -> Option<String> {
    let members = written_members(line, |name| form.column_index(name).is_some())?;
    Some(format!("{{{}}}", members.join(",")))
}

/// The members of an object whose names are wanted, as they are written.
fn written_members(line: &str, wanted: impl Fn(&str) -> bool) -> Option<Vec<String>> {
    let Members(members) = serde_json::from_str(line).ok()?;
    let written = |(name, value): &(String, &RawValue)| format!("{}:{}", text(name), value.get());
    Some(members.iter().filter(|(name, _)| wanted(name)).map(written).collect())
}

/// A text as JSON.
fn text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The members of an object as they are written, doubles included.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) =
                    map.next_entry::<String, &'de RawValue>().map_err(A::Error::custom)?
                {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

/// The names in a sheet's first row; a gap is a place without a name.
pub(super) fn sheet_names(row: &SheetRow) -> Vec<String> {
    let mut names = Vec::new();
    for (at, value) in &row.cells {
        names.resize(*at, String::new());
        names.push(sheet_text(value));
    }
    names
}

/// A row of a sheet as a line of CSV with at least that many cells.
pub(super) fn sheet_line(row: &SheetRow, width: usize) -> String {
    let mut cells = Vec::with_capacity(width);
    for (at, value) in &row.cells {
        cells.resize(*at, String::new());
        cells.push(sheet_text(value));
    }
    if cells.len() < width {
        cells.resize(width, String::new());
    }
    csv_line_of(&cells)
}

/// What a cell shows. A number with more digits than a spreadsheet keeps is written with its exponent, so that
/// nobody takes its last digits for true ones.
fn sheet_text(value: &SheetValue) -> String {
    match value {
        SheetValue::Text(text) => text.clone(),
        SheetValue::Number(number) | SheetValue::Serial(number, None) if number.abs() >= 1e15 => {
            format!("{number:E}")
        }
        SheetValue::Number(number) | SheetValue::Serial(number, None) => number.to_string(),
        SheetValue::Serial(_, Some(day)) => day.to_string(),
        SheetValue::Boolean(boolean) => boolean.to_string(),
        SheetValue::Error => "#N/A".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::written::{plain, words};
    use super::*;

    const REMARK: Remark<'static> =
        Remark { row: 7, column: Some("level"), rule: "code.unknown", message: "must be one of A, B" };

    #[test]
    fn csv_rows_keep_their_cells_and_gain_remarks() {
        let file = RejectedFile::new(Some("taxpayer_id,name,_row,level"));
        assert_eq!(file.header().unwrap(), "\u{feff}taxpayer_id,name,level,_row,_column,_rule,_message\n");
        assert_eq!(
            file.line(Some("9144,\"a,\"\"b\",3,Z"), REMARK),
            "9144,\"a,\"\"b\",Z,7,level,code.unknown,\"must be one of A, B\"\n"
        );
        for broken in ["9144,\"open,3,Z", "9144,a", "=1,\"\"\"\""] {
            let line = file.line(Some(broken), REMARK);
            let cells = csv_line::split(line.trim_end()).unwrap();
            assert_eq!(cells.len(), 7, "{line}");
            assert_eq!(words(&cells[0]), broken);
        }
        assert_eq!(csv_line::split(file.line(None, REMARK).trim_end()).unwrap().len(), 7);
    }

    #[test]
    fn formulas_are_disarmed_and_numbers_are_not() {
        let file = RejectedFile::new(Some("a,b,c,d,e"));
        let tabs = file.line(Some("\t=1,\t-1,\tx,,"), REMARK);
        assert!(tabs.starts_with("'=1,-1,x,,,7,"), "{tabs}");
        let line = file.line(Some("=HYPERLINK(1),@x,-1+2,\"-1,234.50\",＝1"), REMARK);
        assert!(line.starts_with("'=HYPERLINK(1),'@x,'-1+2,\"-1,234.50\",'＝1,7,"), "{line}");
    }

    #[test]
    fn objects_keep_their_members_and_gain_remarks() {
        let file = RejectedFile::new(None);
        assert_eq!(file.header(), None);
        let line = file.line(Some(r#" {"a":1e3, "a":"x","_row":2,"b":null}"#), REMARK);
        assert_eq!(
            line,
            concat!(
                r#"{"a":1e3,"a":"x","b":null,"_row":7,"_column":"level","_rule":"code.unknown","#,
                r#""_message":"must be one of A, B"}"#,
                "\n"
            )
        );
        let line = file.line(None, Remark { column: None, ..REMARK });
        assert!(line.starts_with(r#"{"_row":7,"_column":null,"#), "{line}");
        let rating = Form::by_id("rating").unwrap();
        let kept = own_members(rating, r#"{"year":2024,"legal_rep_id":"x","level":"B"}"#).unwrap();
        assert_eq!(kept, r#"{"year":2024,"level":"B"}"#);
        assert_eq!(own_members(rating, r#"{"year":2024"#), None);
    }

    proptest! {
        #[test]
        fn every_cell_reads_as_before(cells in proptest::collection::vec("[-=+@'＝ \t\"a1,.税]{0,6}", 3..4)) {
            let file = RejectedFile::new(Some("a,b,c"));
            let line = file.line(Some(&csv_line_of(&cells)), REMARK);
            let back = csv_line::split(line.trim_end_matches('\n')).unwrap();
            for (cell, back) in cells.iter().zip(&back) {
                prop_assert_eq!(words(cell), words(back));
                prop_assert_eq!(plain(cell), plain(back));
                prop_assert!(!starts_formula(back) || back.starts_with('-'), "{}", back);
            }
        }

        #[test]
        fn any_line_stays_one_line(line in ".{0,60}") {
            for header in [Some("a,b"), None] {
                let written = RejectedFile::new(header).line(Some(&line), REMARK);
                prop_assert_eq!(written.matches('\n').count(), 1);
            }
        }
    }
}
