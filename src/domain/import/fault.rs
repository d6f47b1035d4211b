//! What is told of a row or file that cannot be taken: where, which rule, and what would be right. Never a value.

use serde::Serialize;
use thiserror::Error;

use super::input_rule::InputRule;

/// Why a row gives no record.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RowProblem {
    /// This row is wrong; the rows after it can still be read.
    #[error(transparent)]
    Rejected(#[from] RowError),
    /// The input cannot be read further; this is the last item.
    #[error(transparent)]
    Broken(#[from] Broken),
}

/// The first fault of a row. The message says what would be right and never repeats a value.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize)]
#[error("row {row}{}: {message}", .column.as_ref().map(|name| format!(", column {name}")).unwrap_or_default())]
pub struct RowError {
    /// Number of the data row, from 1; a header and blank lines do not count.
    pub row: u64,
    /// Line of the file, from 1, all lines counted; of a workbook the row as the spreadsheet numbers it.
    pub line: u64,
    /// The column at fault by its English name, unless it is the row as a whole.
    pub column: Option<String>,
    /// The rule that the row breaks.
    pub rule: InputRule,
    /// What would be right.
    pub message: String,
}

/// An input that is unusable as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize)]
#[error("{}{message}", if *.line > 0 { format!("line {line}: ") } else { String::new() })]
pub struct Broken {
    /// Line of the input, from 1, a CSV header counts; 0 if it is about no line.
    pub line: u64,
    /// The rule that the input breaks.
    pub rule: InputRule,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Broken {
    /// At this line, this rule is broken.
    pub(super) fn new(line: u64, rule: InputRule, message: impl Into<String>) -> Self {
        Self { line, rule, message: message.into() }
    }
}

/// A fault found while a row is read, before its number is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(super) column: Option<String>,
    pub(super) rule: InputRule,
    pub(super) message: String,
}

impl Fault {
    /// The row as a whole contradicts itself, unless [`Fault::breaking`] names another rule.
    pub(crate) fn row(message: impl Into<String>) -> Self {
        Self { column: None, rule: InputRule::RowConsistency, message: message.into() }
    }

    /// A column contradicts the rest of its row, unless [`Fault::breaking`] names another rule.
    pub(crate) fn column(column: impl Into<String>, message: impl Into<String>) -> Self {
        Self { column: Some(column.into()), ..Self::row(message) }
    }

    /// The same fault under the rule that it breaks.
    pub(crate) fn breaking(self, rule: InputRule) -> Self {
        Self { rule, ..self }
    }

    /// The fault with the place of its row.
    pub(super) fn at(self, row: u64, line: u64) -> RowError {
        RowError { row, line, column: self.column, rule: self.rule, message: self.message }
    }
}

/// A fault of the bytes below the rows; travels inside an [`std::io::Error`] up to whoever counts lines.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct InputFault {
    /// The rule that the bytes break.
    pub rule: InputRule,
    /// What is wrong and what would be right.
    pub message: String,
}

impl InputFault {
    /// As an error of a reader.
    pub(super) fn io(rule: InputRule, message: impl Into<String>) -> std::io::Error {
        std::io::Error::other(Self { rule, message: message.into() })
    }

    /// What a reader's error says of the input; one that is not ours means that the input ends too early.
    pub fn of(error: &std::io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<InputFault>()) {
            Some(fault) => fault.clone(),
            None => {
                Self { rule: InputRule::InputBrokenOff, message: format!("the input breaks off: {error}") }
            }
        }
    }
}
