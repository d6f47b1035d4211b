//! What a dossier says, as the sections read it: records by section, the window, and today.

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::document::{Block, Cell, Chart, Column, Label, Table, Tone, Unit, Values, label};
use super::value::{Record, Span};

/// What is laid out: the claims of a dossier, or as many of them as are known before there is one, and its sections.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// The JWT's claims; `window` and `sub` are read.
    pub claims: Map<String, Value>,
    /// The sections by name, in the order in which they came.
    pub sections: Vec<(String, Map<String, Value>)>,
}

/// A dossier being laid out.
#[derive(Debug, Clone, Copy)]
pub struct Book<'a> {
    contents: &'a Contents,
    /// The day on which it is read.
    pub today: NaiveDate,
}

impl<'a> Book<'a> {
    /// Contents read on that day.
    pub fn new(contents: &'a Contents, today: NaiveDate) -> Self {
        Self { contents, today }
    }

    /// The claims of the JWT, read like a record.
    pub fn claims(&self) -> Record<'a> {
        Record(&self.contents.claims)
    }

    /// A section's object, if the dossier has it.
    pub fn section(&self, name: &str) -> Option<&'a Map<String, Value>> {
        self.contents.sections.iter().find(|(known, _)| known == name).map(|(_, object)| object)
    }

    /// A section's records; none if it is not there.
    pub fn records(&self, name: &str) -> Vec<Record<'a>> {
        self.section(name).map(records_of).unwrap_or_default()
    }

    /// The window of tax data.
    pub fn window(&self) -> Option<Span> {
        let claims = self.claims();
        Some(Span { from: claims.date("window.from")?, to: claims.date("window.to")? })
    }

    /// The part of the window that a section can speak of: up to its `as_of`.
    pub fn known_span(&self, name: &str) -> Option<Span> {
        let window = self.window()?;
        let as_of = self.section(name).and_then(|object| Record(object).date("as_of"));
        let to = as_of.map_or(window.to, |as_of| window.to.min(as_of));
        (window.from <= to).then_some(Span { from: window.from, to })
    }
}

/// The records of a section's object; anything else in the list is passed over.
pub fn records_of(object: &Map<String, Value>) -> Vec<Record<'_>> {
    let list = object.get("records").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_object).map(Record).collect()
}

/// A table, if it has rows.
pub fn table(caption: Label, columns: Vec<Column>, rows: Vec<Vec<Cell>>) -> Option<Block> {
    (!rows.is_empty()).then_some(Block::Table(Table { caption, columns, rows, sums: Vec::new() }))
}

/// A chart of one row of bars.
pub fn bars(
    id: &'static str,
    title: Label,
    unit: Unit,
    slots: Vec<String>,
    values: Vec<Option<i64>>,
) -> Chart {
    let bars = vec![Values { label: title.clone(), values }];
    Chart { id, summary: label("", ""), title, unit, slots, bars, line: None, change: None }
}

/// How a return or a payment stands to its deadline.
pub fn punctuality(due: Option<NaiveDate>, done: Option<NaiveDate>) -> Cell {
    match due.zip(done) {
        Some((due, done)) if done > due => {
            Cell::new(Tone::Warn, format!("逾期{}天", (done - due).num_days()))
        }
        Some(_) => Cell::plain("按期"),
        None => Cell::missing(),
    }
}

/// The day of filing, and whether it was in time.
pub fn filed(record: &Record<'_>) -> Cell {
    let punctuality = punctuality(record.date("due"), record.date("filed_on"));
    let day = record.shown("filed_on");
    if punctuality == Cell::missing() {
        day
    } else {
        Cell::new(punctuality.tone, format!("{} {}", day.text, punctuality.text))
    }
}

/// The sum, if every amount is there and it fits.
pub fn sum(amounts: impl IntoIterator<Item = Option<i64>>) -> Option<i64> {
    amounts.into_iter().try_fold(0_i64, |sum, amount| sum.checked_add(amount?))
}
