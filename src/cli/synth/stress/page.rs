//! A file of good rows between which bad ones stand, and the same file without them.

use crate::cli::synth::SynthError;
use crate::cli::synth::calendar::Span;
use crate::cli::synth::row::{Row, Value};
use crate::cli::synth::sheet::{header_cell, plain, quoted, shown};
use crate::domain::import::manifest::ManifestFile;
use crate::domain::import::{Charset, Column, Form, InputRule, Syntax};

use super::pool::Pool;
use super::{Expected, blank_listed, ending};

/// How a row is spoilt.
#[derive(Debug, Clone, Copy)]
pub(super) enum Twist {
    /// A cell says this instead; of an object, the raw JSON of the member.
    Cell(&'static str, &'static str),
    /// Several cells do.
    Cells(&'static [(&'static str, &'static str)]),
    /// An amount or number is one more.
    Bump(&'static str),
    /// An amount is one more and another is, too, so that only their sum disagrees.
    Bump2(&'static str, &'static str),
    /// The character at that place of a code is another.
    Character(&'static str, usize),
    /// An object has this member, too.
    Member(&'static str),
    /// The last cell is missing.
    Short,
    /// The line starts with a quote that nothing closes.
    OpenQuote,
    /// The line is this.
    Line(&'static str),
    /// The row is the one before it once more.
    Repeat,
}

/// What should be said of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Says {
    /// The row is rejected for this rule, at this column.
    Rejected(InputRule, Option<&'static str>),
    /// The row is taken and marked so.
    Marked(&'static [&'static str]),
}

/// One bad row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case {
    pub(super) twist: Twist,
    pub(super) says: Says,
    /// What the row must have, for the fault to show.
    pub(super) wants: fn(&Row) -> bool,
}

/// One file.
pub(super) struct Page {
    /// Its name without ending.
    pub(super) name: &'static str,
    pub(super) form: &'static str,
    pub(super) syntax: Syntax,
    /// Chinese names and units, in GB18030.
    pub(super) chinese: bool,
    pub(super) cases: Vec<Case>,
}

/// Any row will do.
pub(super) fn any(_: &Row) -> bool {
    true
}

/// Whether the row states something in a column.
pub(super) fn states(row: &Row, column: &str) -> bool {
    row.0.iter().any(|(name, _)| name == column)
}

/// Whether the row states this very text in a column.
pub(super) fn says(row: &Row, column: &str, text: &str) -> bool {
    row.0.iter().any(|(name, value)| name == column && *value == Value::Text(text.to_owned()))
}

/// The row's amount or number in a column; 0 where it states none.
pub(super) fn number(row: &Row, column: &str) -> i64 {
    let stated = row.0.iter().find(|(name, _)| name == column);
    match stated.map(|(_, value)| value) {
        Some(Value::Fen(number) | Value::Integer(number)) => *number,
        Some(Value::Text(_) | Value::Date(_) | Value::Boolean(_)) | None => 0,
    }
}

impl Page {
    /// Rows of the file: a good one before each bad one, and one at the end.
    pub(super) fn rows(&self) -> u64 {
        u64::try_from(self.cases.len() * 2 + 1).unwrap_or(0)
    }

    /// What the manifest says of it, but for the digest.
    pub(super) fn listed(&self, span: &Span, rows: u64) -> ManifestFile {
        let mut listed = blank_listed(self.form, self.file(), self.syntax, span, rows);
        if self.chinese {
            listed.encoding = Charset::Gb18030;
        }
        listed
    }

    fn file(&self) -> String {
        format!("{}.{}", self.name, ending(self.syntax))
    }

    /// The spoilt file and the corrected one; what should be said goes onto the list.
    pub(super) fn render(
        &self,
        pool: &mut Pool,
        expected: &mut Vec<Expected>,
    ) -> Result<(Vec<u8>, Vec<u8>), SynthError> {
        let unknown = || SynthError::Column { form: self.form.to_owned(), column: "form".to_owned() };
        let form = Form::by_id(self.form).ok_or_else(unknown)?;
        let mut texts = [String::new(), String::new()];
        if self.syntax == Syntax::Csv {
            let names = form.columns().iter().map(|column| quoted(&header_cell(column, self.chinese)));
            let header = names.collect::<Vec<_>>().join(",") + "\n";
            texts.iter_mut().for_each(|text| text.push_str(&header));
        }
        let mut number = 0;
        let mut before = Vec::new();
        for case in &self.cases {
            let good = self.cells(form, &pool.take(self.form, any)?)?;
            let base = self.cells(form, &pool.take(self.form, case.wants)?)?;
            number += 2;
            before.clone_from(&good);
            for (text, bad) in texts.iter_mut().zip([true, false]) {
                text.push_str(&self.line(form, &good));
                let line =
                    if bad { self.spoil(form, &base, &before, case.twist)? } else { self.line(form, &base) };
                text.push_str(&line);
            }
            expected.push(self.said(number, case.says));
        }
        let last = self.cells(form, &pool.take(self.form, any)?)?;
        texts.iter_mut().for_each(|text| text.push_str(&self.line(form, &last)));
        Ok((self.encoded(&texts[0]), self.encoded(&texts[1])))
    }

    fn said(&self, row: u64, says: Says) -> Expected {
        let (column, rule, marks) = match says {
            Says::Rejected(rule, column) => (column.map(str::to_owned), Some(rule.to_string()), Vec::new()),
            Says::Marked(marks) => (None, None, marks.iter().map(|rule| (*rule).to_owned()).collect()),
        };
        let marks = sorted(marks);
        Expected { file: self.file(), row: Some(row), column, rule, marks }
    }

    /// The cells of a row in the form's order, as this file writes them.
    fn cells(&self, form: &Form, row: &Row) -> Result<Vec<String>, SynthError> {
        let mut cells = vec![String::new(); form.columns().len()];
        for (name, value) in &row.0 {
            let place = self.place(form, name)?;
            cells[place] = match (self.syntax, self.chinese) {
                (Syntax::Ndjson, _) => json(value),
                (Syntax::Csv | Syntax::Xlsx, true) => shown(value, &form.columns()[place]),
                (Syntax::Csv | Syntax::Xlsx, false) => plain(value),
            };
        }
        Ok(cells)
    }

    fn place(&self, form: &Form, column: &str) -> Result<usize, SynthError> {
        let unknown = || SynthError::Column { form: self.form.to_owned(), column: column.to_owned() };
        form.columns().iter().position(|known| known.name == column).ok_or_else(unknown)
    }

    fn line(&self, form: &Form, cells: &[String]) -> String {
        match self.syntax {
            Syntax::Ndjson => format!("{{{}}}\n", members(form.columns(), cells).join(",")),
            Syntax::Csv | Syntax::Xlsx => {
                cells.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(",") + "\n"
            }
        }
    }

    fn spoil(
        &self,
        form: &Form,
        base: &[String],
        before: &[String],
        twist: Twist,
    ) -> Result<String, SynthError> {
        let mut cells = base.to_vec();
        let bump = |cells: &mut Vec<String>, column: &str| -> Result<(), SynthError> {
            let place = self.place(form, column)?;
            let number: i64 = cells[place].parse().unwrap_or(0);
            cells[place] = (number + 1).to_string();
            Ok(())
        };
        match twist {
            Twist::Cell(column, text) => cells[self.place(form, column)?] = text.to_owned(),
            Twist::Cells(changes) => {
                for (column, text) in changes {
                    cells[self.place(form, column)?] = (*text).to_owned();
                }
            }
            Twist::Bump(column) => bump(&mut cells, column)?,
            Twist::Bump2(one, other) => {
                bump(&mut cells, one)?;
                bump(&mut cells, other)?;
            }
            Twist::Character(column, at) => {
                let place = self.place(form, column)?;
                let spoilt =
                    |(i, c): (usize, char)| if i == at { if c == '3' { '4' } else { '3' } } else { c };
                cells[place] = cells[place].chars().enumerate().map(spoilt).collect();
            }
            Twist::Member(raw) => {
                let mut all = members(form.columns(), &cells);
                all.push(raw.to_owned());
                return Ok(format!("{{{}}}\n", all.join(",")));
            }
            Twist::Short => cells.truncate(cells.len() - 1),
            Twist::OpenQuote => return Ok(format!("\"{}", self.line(form, &cells))),
            Twist::Line(text) => return Ok(format!("{text}\n")),
            Twist::Repeat => cells = before.to_vec(),
        }
        Ok(self.line(form, &cells))
    }

    fn encoded(&self, text: &str) -> Vec<u8> {
        if self.chinese { encoding_rs::GB18030.encode(text).0.into_owned() } else { text.as_bytes().to_vec() }
    }
}

fn sorted(mut rules: Vec<String>) -> Vec<String> {
    rules.sort();
    rules
}

/// The members of an object, those that state something.
fn members(columns: &[Column], cells: &[String]) -> Vec<String> {
    let stated = columns.iter().zip(cells).filter(|(_, cell)| !cell.is_empty());
    stated.map(|(column, cell)| format!("\"{}\":{cell}", column.name)).collect()
}

/// A value as raw JSON.
fn json(value: &Value) -> String {
    match value {
        Value::Fen(number) | Value::Integer(number) => number.to_string(),
        Value::Boolean(yes) => yes.to_string(),
        Value::Text(_) | Value::Date(_) => serde_json::Value::String(plain(value)).to_string(),
    }
}
