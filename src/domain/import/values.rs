//! A value as delivered, into a value that fits its column: from JSON by one strict form, from a table as people write.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::definition::{Column, Kind};
use super::fault::Fault;
use super::header::Language;
use super::input_rule::InputRule;
use super::json_line::Scalar;
use super::workbook::SheetValue;
use super::written::{self, NotANumber};
use crate::domain::taxpayer_id::TaxpayerId;
use crate::domain::uscc::{InvalidUscc, Uscc};

/// Numbers of a spreadsheet are exact below this: it keeps fifteen digits.
const EXACT_BELOW: f64 = 1e15;
const AS_TEXT: &str = "format the column as text and enter the codes anew: in a number cell leading zeros and digits past the fifteenth are lost";

/// A value that fits its column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Taxpayer(TaxpayerId),
    Date(NaiveDate),
    Integer(i64),
    Decimal(Decimal),
    Boolean(bool),
}

/// From a member of NDJSON; a null states nothing.
pub(super) fn from_json(column: &Column, scalar: &Scalar<'_>) -> Result<Option<Value>, Fault> {
    match scalar {
        Scalar::Null => Ok(None),
        Scalar::Boolean(boolean) if column.kind == Kind::Boolean => Ok(Some(Value::Boolean(*boolean))),
        Scalar::Integer(integer) if matches!(column.kind, Kind::Fen | Kind::Integer) => {
            in_bounds(column, Language::English, *integer).map(Some)
        }
        Scalar::Text(text) if column.kind == Kind::Date => {
            written::plain_date(text).map(|day| Some(Value::Date(day))).ok_or_else(|| english(column))
        }
        Scalar::Text(text) if column.kind == Kind::Decimal && !text.contains(',') => {
            decimal(column, text).map(Some)
        }
        Scalar::Text(text)
            if !matches!(column.kind, Kind::Fen | Kind::Integer | Kind::Boolean | Kind::Decimal) =>
        {
            from_characters(column, Language::English, text).map(Some)
        }
        Scalar::Boolean(_) | Scalar::Integer(_) | Scalar::Text(_) | Scalar::OtherNumber | Scalar::Nested => {
            Err(english(column))
        }
    }
}

/// From a cell of CSV; a blank one states nothing.
pub(super) fn from_cell(column: &Column, language: Language, cell: &str) -> Result<Option<Value>, Fault> {
    if column.kind == Kind::Text {
        let words = written::words(cell);
        return if words.is_empty() { Ok(None) } else { from_characters(column, language, words).map(Some) };
    }
    let text = written::plain(cell);
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || wanted(column, language);
    let value = match column.kind {
        Kind::Fen => {
            let number = written::number(&text, decimals(column, language));
            in_bounds(column, language, number.map_err(|why| not_a_number(column, language, why))?)
        }
        Kind::Integer => {
            let number = written::number(&text, 0);
            in_bounds(column, language, number.map_err(|why| not_a_number(column, language, why))?)
        }
        Kind::Decimal => decimal(column, &text),
        Kind::Boolean => boolean(&text).map(Value::Boolean).ok_or_else(wrong),
        Kind::Date => written::date(&text).map(Value::Date).ok_or_else(wrong),
        Kind::Code => choice(column, &text).map(Value::Text).ok_or_else(wrong),
        Kind::Uscc | Kind::TaxpayerId | Kind::Digits | Kind::Letters | Kind::Text => {
            from_characters(column, language, &text)
        }
    };
    value.map(Some)
}

/// From a cell of a workbook.
pub(super) fn from_sheet(
    column: &Column,
    language: Language,
    value: &SheetValue,
) -> Result<Option<Value>, Fault> {
    match value {
        SheetValue::Text(text) => from_cell(column, language, text),
        SheetValue::Boolean(boolean) if column.kind == Kind::Boolean => Ok(Some(Value::Boolean(*boolean))),
        SheetValue::Boolean(_) => Err(wanted(column, language)),
        SheetValue::Error => {
            Err(Fault::column(&column.name, "must be a value; the cell holds a spreadsheet error")
                .breaking(InputRule::TypeErrorCell))
        }
        SheetValue::Serial(_, Some(day)) if column.kind == Kind::Date => {
            written::in_range(*day).map(|day| Some(Value::Date(day))).ok_or_else(|| wanted(column, language))
        }
        SheetValue::Number(number) | SheetValue::Serial(number, _) => match column.kind {
            // A number's shortest decimal text is the number itself: what a person typed in.
            Kind::Fen | Kind::Integer | Kind::Decimal => from_cell(column, language, &number.to_string()),
            Kind::Date if matches!(value, SheetValue::Number(_)) => {
                from_cell(column, language, &number.to_string())
            }
            Kind::Date | Kind::Boolean => Err(wanted(column, language)),
            Kind::Text | Kind::Uscc | Kind::TaxpayerId | Kind::Code | Kind::Digits | Kind::Letters => {
                let lost = || {
                    let right = wanted(column, language).message;
                    Fault::column(&column.name, format!("{right}; {AS_TEXT}"))
                        .breaking(InputRule::TypeNumberCell)
                };
                let exact = matches!(value, SheetValue::Number(_))
                    && number.fract() == 0.0
                    && number.abs() < EXACT_BELOW;
                let taken =
                    if exact { from_cell(column, language, &number.to_string()) } else { Err(lost()) };
                taken.map_err(|_| lost())
            }
        },
    }
}

/// What the column takes, and the rule that a value not like it breaks.
pub(super) fn wanted(column: &Column, language: Language) -> Fault {
    let Column { minimum, maximum, min_length, max_length, .. } = column;
    let (rule, message) = match column.kind {
        Kind::Text => (
            InputRule::TypeText,
            format!("must be {min_length} to {max_length} characters of text without control characters"),
        ),
        Kind::Uscc => {
            (InputRule::TypeUscc, "must be a unified social credit code of 18 characters".to_owned())
        }
        Kind::TaxpayerId => (
            InputRule::TypeTaxpayerId,
            "must be a taxpayer identification number of 15 to 20 digits and capital letters".to_owned(),
        ),
        Kind::Date => (
            InputRule::TypeDate,
            "must be a day of the calendar written YYYY-MM-DD, from 1900 to 2199".to_owned(),
        ),
        Kind::Fen => (InputRule::TypeFen, wanted_amount(column, language)),
        Kind::Integer => (InputRule::TypeInteger, format!("must be an integer from {minimum} to {maximum}")),
        Kind::Decimal => (
            InputRule::TypeDecimal,
            format!(
                "must be a decimal number from {minimum} to {maximum} with at most two decimals, in JSON as a string"
            ),
        ),
        Kind::Code => (InputRule::CodeUnknown, format!("must be one of {}", choices(column, language))),
        Kind::Digits if min_length < max_length => {
            (InputRule::TypeDigits, format!("must be a string of {min_length} to {max_length} digits"))
        }
        Kind::Digits => (InputRule::TypeDigits, format!("must be a string of {max_length} digits")),
        Kind::Letters => (InputRule::TypeLetters, format!("must be {max_length} capital letters")),
        Kind::Boolean => match language {
            Language::English => (InputRule::TypeBoolean, "must be true or false".to_owned()),
            Language::Chinese => (InputRule::TypeBoolean, "must be 是 or 否".to_owned()),
        },
    };
    Fault::column(&column.name, message).breaking(rule)
}

fn english(column: &Column) -> Fault {
    wanted(column, Language::English)
}

fn wanted_amount(column: &Column, language: Language) -> String {
    let Column { minimum, maximum, .. } = column;
    match decimals(column, language) {
        0 => format!(
            "must be an amount in whole fen, an integer from {minimum} to {maximum} without point, exponent or plus sign"
        ),
        decimals => {
            let unit = |fen: i64| Decimal::new(fen, u32::try_from(decimals).unwrap_or(0)).normalize();
            format!(
                "must be an amount in {} with at most {decimals} decimals, from {} to {}",
                column.unit_zh,
                unit(*minimum),
                unit(*maximum)
            )
        }
    }
}

fn choices(column: &Column, language: Language) -> String {
    let name = |choice: &super::Choice| match language {
        Language::Chinese if choice.label_zh != choice.code => format!("{} {}", choice.code, choice.label_zh),
        Language::English | Language::Chinese => choice.code.clone(),
    };
    column.choices.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// Decimals of an amount in the unit that the header's language gives it.
fn decimals(column: &Column, language: Language) -> usize {
    match (language, column.unit_zh.as_str()) {
        (Language::Chinese, "元") => 2,
        (Language::Chinese, "万元") => 6,
        (Language::Chinese | Language::English, _) => 0,
    }
}

fn not_a_number(column: &Column, language: Language, why: NotANumber) -> Fault {
    let fault = wanted(column, language);
    match why {
        NotANumber::Shape | NotANumber::Range => {}
        NotANumber::Grouping => {
            let message = format!("{}; commas must part groups of three digits", fault.message);
            return Fault::column(&column.name, message).breaking(InputRule::TypeGrouping);
        }
        NotANumber::Decimals => {}
    }
    let rule = why.rule(fault.rule);
    fault.breaking(rule)
}

fn in_bounds(column: &Column, language: Language, integer: i64) -> Result<Value, Fault> {
    if (column.minimum..=column.maximum).contains(&integer) {
        Ok(Value::Integer(integer))
    } else {
        Err(wanted(column, language).breaking(InputRule::ValueRange))
    }
}

/// A decimal with at most two decimals, its trailing zeros dropped so that equal scores are equal text.
fn decimal(column: &Column, text: &str) -> Result<Value, Fault> {
    let hundredths = written::number(text, 2).map_err(|why| not_a_number(column, Language::English, why))?;
    let decimal = Decimal::new(hundredths, 2);
    let range = Decimal::from(column.minimum)..=Decimal::from(column.maximum);
    if range.contains(&decimal) {
        Ok(Value::Decimal(decimal.normalize()))
    } else {
        Err(english(column).breaking(InputRule::ValueRange))
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "是" => Some(true),
        "否" => Some(false),
        other if other.eq_ignore_ascii_case("true") => Some(true),
        other if other.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// The code that a text is, or is the Chinese name of.
fn choice(column: &Column, text: &str) -> Option<String> {
    let is_it =
        |choice: &&super::Choice| choice.code == text || written::half_width(&choice.label_zh) == text;
    column.choices.iter().find(is_it).map(|choice| choice.code.clone())
}

/// A value that is its characters.
fn from_characters(column: &Column, language: Language, text: &str) -> Result<Value, Fault> {
    let length = text.chars().count();
    let right_length = (column.min_length..=column.max_length).contains(&length);
    let named = |message: String| {
        let rule = wanted(column, language).rule;
        Fault::column(&column.name, message).breaking(rule)
    };
    let fits = match column.kind {
        Kind::TaxpayerId => {
            return TaxpayerId::parse(text).map(Value::Taxpayer).map_err(|wrong| named(wrong.to_string()));
        }
        Kind::Uscc => match text.parse::<Uscc>() {
            Ok(_) | Err(InvalidUscc::Checks(_)) => true,
            Err(wrong @ (InvalidUscc::Length { .. } | InvalidUscc::Character { .. })) => {
                return Err(named(wrong.to_string()));
            }
        },
        Kind::Code => column.choices.iter().any(|choice| choice.code == text),
        Kind::Digits => right_length && text.bytes().all(|c| c.is_ascii_digit()),
        Kind::Letters => right_length && text.bytes().all(|c| c.is_ascii_uppercase()),
        Kind::Text => right_length && !text.chars().any(char::is_control) && !text.trim().is_empty(),
        Kind::Date | Kind::Fen | Kind::Integer | Kind::Decimal | Kind::Boolean => false,
    };
    if fits { Ok(Value::Text(text.to_owned())) } else { Err(wanted(column, language)) }
}
