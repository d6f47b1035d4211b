//! One row's values by column, each checked against what the schema says of the column.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::Fault;
use super::definition::{Column, Kind};
use super::form::{FigureColumn, Form};
use super::json_line::Scalar;
use crate::domain::fen::Fen;
use crate::domain::taxpayer_id::TaxpayerId;
use crate::domain::uscc::{InvalidUscc, Uscc};

/// A value that fits its column.
#[derive(Debug, Clone)]
enum Value {
    Text(String),
    Taxpayer(TaxpayerId),
    Date(NaiveDate),
    Integer(i64),
    Decimal(Decimal),
    Boolean(bool),
}

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

    /// Takes a CSV cell for the column at `index`; an empty one states nothing.
    pub(super) fn put_text(&mut self, index: usize, text: &str) -> Result<(), Fault> {
        let column = &self.form.columns()[index];
        if !text.is_empty() {
            self.values[index] =
                Some(from_csv(column, text).map_err(|message| Fault::column(&column.name, message))?);
        }
        Ok(())
    }

    /// Takes a JSON member; a null states nothing.
    pub(super) fn put_member(&mut self, name: &str, scalar: &Scalar<'_>) -> Result<(), Fault> {
        let Some(index) = self.form.column_index(name) else {
            return Err(Fault::column(
                shown(name),
                format!("the form {} has no such column", self.form.id()),
            ));
        };
        if std::mem::replace(&mut self.seen[index], true) {
            return Err(Fault::column(name, "a row must state a column only once"));
        }
        let column = &self.form.columns()[index];
        self.values[index] = from_json(column, scalar).map_err(|message| Fault::column(name, message))?;
        Ok(())
    }

    /// Whether every required column is stated.
    pub(super) fn check_required(&self) -> Result<(), Fault> {
        for (column, value) in self.form.columns().iter().zip(&self.values) {
            if column.required && value.is_none() {
                // What the column means may be why a row without it is refused, as with open inspections.
                let message = format!("every row must state it: {} ({})", wanted(column), column.about);
                return Err(Fault::column(&column.name, message));
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
    Fault::column(name, "every row must state it")
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

fn from_csv(column: &Column, text: &str) -> Result<Value, String> {
    match column.kind {
        Kind::Fen | Kind::Integer => {
            let integer = plain_integer(text).ok_or_else(|| wanted(column))?;
            from_integer(column, integer)
        }
        Kind::Boolean => text.parse().map(Value::Boolean).map_err(|_| wanted(column)),
        Kind::Text
        | Kind::Uscc
        | Kind::TaxpayerId
        | Kind::Date
        | Kind::Decimal
        | Kind::Code
        | Kind::Digits
        | Kind::Letters => from_text(column, text),
    }
}

fn from_json(column: &Column, scalar: &Scalar<'_>) -> Result<Option<Value>, String> {
    match scalar {
        Scalar::Null => Ok(None),
        Scalar::Boolean(boolean) if column.kind == Kind::Boolean => Ok(Some(Value::Boolean(*boolean))),
        Scalar::Integer(integer) if matches!(column.kind, Kind::Fen | Kind::Integer) => {
            from_integer(column, *integer).map(Some)
        }
        Scalar::Text(text) if !matches!(column.kind, Kind::Fen | Kind::Integer | Kind::Boolean) => {
            from_text(column, text).map(Some)
        }
        Scalar::Boolean(_) | Scalar::Integer(_) | Scalar::Text(_) | Scalar::OtherNumber | Scalar::Nested => {
            Err(wanted(column))
        }
    }
}

fn from_integer(column: &Column, integer: i64) -> Result<Value, String> {
    if (column.minimum..=column.maximum).contains(&integer) {
        Ok(Value::Integer(integer))
    } else {
        Err(wanted(column))
    }
}

fn from_text(column: &Column, text: &str) -> Result<Value, String> {
    let length = text.chars().count();
    let right_length = (column.min_length..=column.max_length).contains(&length);
    match column.kind {
        Kind::TaxpayerId => TaxpayerId::parse(text).map(Value::Taxpayer).map_err(|wrong| wrong.to_string()),
        Kind::Uscc => match text.parse::<Uscc>() {
            Ok(_) | Err(InvalidUscc::Checks(_)) => Ok(Value::Text(text.to_owned())),
            Err(wrong @ (InvalidUscc::Length { .. } | InvalidUscc::Character { .. })) => {
                Err(wrong.to_string())
            }
        },
        Kind::Date => plain_date(text).map(Value::Date).ok_or_else(|| wanted(column)),
        Kind::Decimal => plain_decimal(column, text).map(Value::Decimal).ok_or_else(|| wanted(column)),
        Kind::Code if column.choices.iter().any(|choice| choice.code == text) => {
            Ok(Value::Text(text.to_owned()))
        }
        Kind::Digits if right_length && text.bytes().all(|c| c.is_ascii_digit()) => {
            Ok(Value::Text(text.to_owned()))
        }
        Kind::Letters if right_length && text.bytes().all(|c| c.is_ascii_uppercase()) => {
            Ok(Value::Text(text.to_owned()))
        }
        Kind::Text if right_length && !text.chars().any(char::is_control) && !text.trim().is_empty() => {
            Ok(Value::Text(text.to_owned()))
        }
        Kind::Code
        | Kind::Digits
        | Kind::Letters
        | Kind::Text
        | Kind::Fen
        | Kind::Integer
        | Kind::Boolean => Err(wanted(column)),
    }
}

/// What the column takes, as an answer says it.
fn wanted(column: &Column) -> String {
    let Column { minimum, maximum, min_length, max_length, .. } = column;
    match column.kind {
        Kind::Text => {
            format!("must be {min_length} to {max_length} characters of text without control characters")
        }
        Kind::Uscc => "must be a unified social credit code of 18 characters".to_owned(),
        Kind::TaxpayerId => {
            "must be a taxpayer identification number of 15 to 20 digits and capital letters".to_owned()
        }
        Kind::Date => "must be a day of the calendar written YYYY-MM-DD, from 1900 to 2199".to_owned(),
        Kind::Fen => format!(
            "must be an amount in whole fen, an integer from {minimum} to {maximum} without point, exponent or plus sign"
        ),
        Kind::Integer => format!("must be an integer from {minimum} to {maximum}"),
        Kind::Decimal => {
            format!(
                "must be a decimal number from {minimum} to {maximum} with at most two decimals, in JSON as a string"
            )
        }
        Kind::Code => {
            let codes: Vec<&str> = column.choices.iter().map(|choice| choice.code.as_str()).collect();
            format!("must be one of {}", codes.join(", "))
        }
        Kind::Digits => format!("must be a string of {max_length} digits"),
        Kind::Letters => format!("must be {max_length} capital letters"),
        Kind::Boolean => "must be true or false".to_owned(),
    }
}

/// An integer in its one shortest form.
fn plain_integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let shortest = digits == "0" && text == "0" || digits.bytes().next().is_some_and(|first| first != b'0');
    if shortest && digits.bytes().all(|c| c.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn plain_date(text: &str) -> Option<NaiveDate> {
    let bytes = text.as_bytes();
    let shape = bytes.len() == 10
        && bytes
            .iter()
            .enumerate()
            .all(|(at, c)| if at == 4 || at == 7 { *c == b'-' } else { c.is_ascii_digit() });
    if !shape {
        return None;
    }
    let year: i32 = text.get(..4)?.parse().ok()?;
    let date = NaiveDate::from_ymd_opt(year, text.get(5..7)?.parse().ok()?, text.get(8..)?.parse().ok()?)?;
    (1900..=2199).contains(&year).then_some(date)
}

/// A decimal with at most two decimals, its trailing zeros dropped so that equal scores are equal text.
fn plain_decimal(column: &Column, text: &str) -> Option<Decimal> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let shape = plain_integer(whole).is_some()
        && (1..=2).contains(&fraction.len())
        && fraction.bytes().all(|c| c.is_ascii_digit());
    let decimal: Decimal = if shape { text.parse().ok()? } else { return None };
    let range = Decimal::from(column.minimum)..=Decimal::from(column.maximum);
    range.contains(&decimal).then(|| decimal.normalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_one_form() {
        for (text, integer) in [("0", 0), ("-1", -1), ("9007199254740993", 9_007_199_254_740_993)] {
            assert_eq!(plain_integer(text), Some(integer));
        }
        for wrong in ["", "-", "-0", "+1", "01", "1.0", "1e3", " 1", "1 ", "１", "9223372036854775808", "0x1"]
        {
            assert_eq!(plain_integer(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn dates_have_one_form_and_exist() {
        assert!(plain_date("2024-02-29").is_some());
        for wrong in
            ["2023-02-29", "2024-2-29", "2024-02-29 ", "20240229", "2024/02/29", "1899-12-31", "税24-02-2"]
        {
            assert_eq!(plain_date(wrong), None, "{wrong}");
        }
    }
}
