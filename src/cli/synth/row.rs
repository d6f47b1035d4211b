//! A row of a form: values by column name, before anybody decides how the file writes them.

use std::borrow::Cow;

use chrono::NaiveDate;

use crate::domain::period::Period;
use crate::domain::taxpayer_id::TaxpayerId;

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// An amount in fen.
    Fen(i64),
    /// Another whole number.
    Integer(i64),
    /// Words, a code or a number written as text.
    Text(String),
    /// A day.
    Date(NaiveDate),
    /// True or false.
    Boolean(bool),
}

/// Values by the English names of their columns. A column that is not there states nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row(pub(super) Vec<(Cow<'static, str>, Value)>);

impl Row {
    /// A row of a taxpayer's.
    pub(super) fn of(taxpayer: &TaxpayerId) -> Self {
        Self::default().text("taxpayer_id", taxpayer.as_str())
    }

    /// With an amount.
    pub(super) fn fen(self, name: impl Into<Cow<'static, str>>, fen: i64) -> Self {
        self.with(name, Value::Fen(fen))
    }

    /// With a number.
    pub(super) fn integer(self, name: &'static str, number: i64) -> Self {
        self.with(name, Value::Integer(number))
    }

    /// With words or a code.
    pub(super) fn text(self, name: &'static str, text: &str) -> Self {
        self.with(name, Value::Text(text.to_owned()))
    }

    /// With a day.
    pub(super) fn date(self, name: &'static str, day: NaiveDate) -> Self {
        self.with(name, Value::Date(day))
    }

    /// With a day, if there is one.
    pub(super) fn maybe_date(self, name: &'static str, day: Option<NaiveDate>) -> Self {
        match day {
            Some(day) => self.date(name, day),
            None => self,
        }
    }

    /// With words or a code, if there are any.
    pub(super) fn maybe_text(self, name: &'static str, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(name, text),
            None => self,
        }
    }

    /// With yes or no.
    pub(super) fn boolean(self, name: &'static str, yes: bool) -> Self {
        self.with(name, Value::Boolean(yes))
    }

    /// With the first and last day of a period.
    pub(super) fn period(self, period: Period) -> Self {
        self.date("period_from", period.from()).date("period_to", period.to())
    }

    fn with(mut self, name: impl Into<Cow<'static, str>>, value: Value) -> Self {
        self.0.push((name.into(), value));
        self
    }
}
