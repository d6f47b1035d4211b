//! Reading the bureau's files: one form, one flat row per fact, CSV or NDJSON, row by row in constant memory.
//!
//! The forms are defined by the CSV files in `schema/import/`; these drive the checks here, so a column is described
//! once.

mod cells;
mod csv_line;
mod definition;
mod form;
mod json_line;
mod lines;
pub mod manifest;
mod read;
mod rows;

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use definition::{Choice, Column, Kind};
pub use form::{Form, FormId};
pub use rows::Rows;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Syntax {
    /// RFC 4180 with a header of column names in any order; an empty cell states nothing.
    Csv,
    /// One JSON object a line; a null states nothing.
    Ndjson,
}

impl Syntax {
    /// The name on the wire, which is also the file ending.
    pub fn as_str(self) -> &'static str {
        match self {
            Syntax::Csv => "csv",
            Syntax::Ndjson => "ndjson",
        }
    }
}

/// A name that is no syntax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a syntax of rows; use csv or ndjson")]
pub struct UnknownSyntax;

impl FromStr for Syntax {
    type Err = UnknownSyntax;

    fn from_str(name: &str) -> Result<Self, UnknownSyntax> {
        match name {
            "csv" => Ok(Syntax::Csv),
            "ndjson" => Ok(Syntax::Ndjson),
            _ => Err(UnknownSyntax),
        }
    }
}

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
    /// Number of the data row, from 1; a CSV header does not count.
    pub row: u64,
    /// The column at fault, unless it is the row as a whole.
    pub column: Option<String>,
    /// What would be right.
    pub message: String,
}

/// An input that is unusable as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize)]
#[error("line {line}: {message}")]
pub struct Broken {
    /// Line of the input, from 1; a CSV header counts.
    pub line: u64,
    /// What is wrong and what would be right.
    pub message: String,
}

/// A fault found while a row is read, before its number is known.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault {
    column: Option<String>,
    message: String,
}

impl Fault {
    fn row(message: impl Into<String>) -> Self {
        Self { column: None, message: message.into() }
    }

    fn column(column: impl Into<String>, message: impl Into<String>) -> Self {
        Self { column: Some(column.into()), message: message.into() }
    }
}

#[cfg(test)]
mod tests;
