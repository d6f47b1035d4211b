//! One row's values by column, each checked against what the form's definition says of the column.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::Fault;
use super::form::{FigureColumn, Form};
use super::header::{Language, REMARKS};
use super::input_rule::InputRule;
use super::json_line::Scalar;
use super::values::{Value, from_cell, from_json, from_sheet, wanted};
use super::workbook::SheetValue;
use crate::domain::fen::Fen;
use crate::domain::taxpayer_id::TaxpayerId;

/// The values of one row.
pub(super) struct Cells {
    form: &'static Form,
    values: Vec<Option<Value>>,
    seen: Vec<bool>,
}

impl Cells {
    pub(super) fn new(form: &'static Form) -> Self {
        let columns = form.columns().len();
        Self { form, values: vec![None; columns], seen: vec![false; columns] }
    }

    /// Forgets the last row.
    pub(super) fn clear(&mut self) {
        self.values.fill(None);
        self.seen.fill(false);
    }

    /// Takes a cell of CSV for the column at `index`; a blank one states nothing.
    pub(super) fn put_text(&mut self, index: usize, language: Language, text: &str) -> Result<(), Fault> {
        if !text.is_empty() {
            self.values[index] = from_cell(&self.form.columns()[index], language, text)?;
        }
        Ok(())
    }

    /// Takes a cell of a workbook.
    pub(super) fn put_sheet(
        &mut self,
        index: usize,
        language: Language,
        value: &SheetValue,
    ) -> Result<(), Fault> {
        self.values[index] = from_sheet(&self.form.columns()[index], language, value)?;
        Ok(())
    }

    /// Takes a JSON member; a null states nothing, and a remark on a rejected row is passed over.
    pub(super) fn put_member(&mut self, name: &str, scalar: &Scalar<'_>) -> Result<(), Fault> {
        let Some(index) = self.form.column_index(name) else {
            if REMARKS.contains(&name) {
                return Ok(());
            }
            let message = format!("the form {} has no such column", self.form.id());
            return Err(Fault::column(shown(name), message).breaking(InputRule::ShapeUnknownColumn));
        };
        if std::mem::replace(&mut self.seen[index], true) {
            return Err(Fault::column(name, "a row must state a column only once")
                .breaking(InputRule::ShapeDuplicateColumn));
        }
        self.values[index] = from_json(&self.form.columns()[index], scalar)?;
        Ok(())
    }

    /// Whether every required column is stated.
    pub(super) fn check_required(&self) -> Result<(), Fault> {
        for (column, value) in self.form.columns().iter().zip(&self.values) {
            if column.required && value.is_none() {
                // What the column means may be why a row without it is refused, as with open inspections.
                let right = wanted(column, Language::English).message;
                let message = format!("every row must state it: {right} ({})", column.about);
                return Err(Fault::column(&column.name, message).breaking(InputRule::Required));
            }
        }
        Ok(())
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.value(name)? {
            Value::Text(text) => Some(text.clone()),
            Value::Taxpayer(_)
            | Value::Date(_)
            | Value::Integer(_)
            | Value::Decimal(_)
            | Value::Boolean(_) => None,
        }
    }

    pub(super) fn taxpayer(&self) -> Result<TaxpayerId, Fault> {
        match self.value("taxpayer_id") {
            Some(Value::Taxpayer(id)) => Ok(id.clone()),
            Some(
                Value::Text(_) | Value::Date(_) | Value::Integer(_) | Value::Decimal(_) | Value::Boolean(_),
            )
            | None => Err(missing("taxpayer_id")),
        }
    }

    pub(super) fn date(&self, name: &str) -> Option<NaiveDate> {
        match self.value(name)? {
            Value::Date(date) => Some(*date),
            Value::Text(_)
            | Value::Taxpayer(_)
            | Value::Integer(_)
            | Value::Decimal(_)
            | Value::Boolean(_) => None,
        }
    }

    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        integer_of(self.value(name)?)
    }

    pub(super) fn decimal(&self, name: &str) -> Option<Decimal> {
        match self.value(name)? {
            Value::Decimal(decimal) => Some(*decimal),
            Value::Text(_) | Value::Taxpayer(_) | Value::Date(_) | Value::Integer(_) | Value::Boolean(_) => {
                None
            }
        }
    }

    pub(super) fn boolean(&self, name: &str) -> Option<bool> {
        match self.value(name)? {
            Value::Boolean(boolean) => Some(*boolean),
            Value::Text(_) | Value::Taxpayer(_) | Value::Date(_) | Value::Integer(_) | Value::Decimal(_) => {
                None
            }
        }
    }

    /// The figure of a row of the printed form, by the row's field name.
    pub(super) fn figure(&self, row: &'static str, column: FigureColumn) -> Option<Fen> {
        let index = self.form.figure_index(row, column)?;
        self.values.get(index)?.as_ref().and_then(integer_of).map(Fen::new)
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(self.form.column_index(name)?)?.as_ref()
    }
}

/// A stated value, or the fault of a column that has to be stated.
pub(super) fn need<T>(value: Option<T>, name: &str) -> Result<T, Fault> {
    value.ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Fault {
    Fault::column(name, "every row must state it").breaking(InputRule::Required)
}

fn integer_of(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(integer) => Some(*integer),
        Value::Text(_) | Value::Taxpayer(_) | Value::Date(_) | Value::Decimal(_) | Value::Boolean(_) => None,
    }
}

/// A foreign name, cut short, as an answer may repeat it.
pub(super) fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}
