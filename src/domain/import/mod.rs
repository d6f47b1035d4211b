//! Reading the bureau's files: one form, one flat row per fact, as CSV, NDJSON or XLSX, row by row in bounded memory.
//!
//! Bytes become rows in layers: [`Compression`] unpacks, [`Charset`] decodes, lines or sheet cells are told apart,
//! the header says which column is where and in which unit, values are read by the kind of their column.
//!
//! The forms are defined by the CSV files in `schema/import/`; these drive the checks here, so a column is described
//! once.

mod cells;
mod charset;
mod csv_line;
mod definition;
mod fault;
mod form;
mod header;
mod input_rule;
mod json_line;
mod lines;
pub mod manifest;
mod read;
pub mod rejected;
mod rows;
mod unpack;
mod values;
mod workbook;
mod workbook_scan;
mod written;

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use charset::{Charset, UnknownCharset};
pub use definition::{Choice, Column, Kind};
pub(crate) use fault::Fault;
pub use fault::{Broken, InputFault, RowError, RowProblem};
pub use form::{Form, FormId};
pub use input_rule::InputRule;
pub use rows::Rows;
pub use unpack::{Compression, EXPANSION_FREE_BYTES, EXPANSION_MAX};
pub use workbook_scan::WORKBOOK_BYTES_MAX;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Syntax {
    /// RFC 4180 with a header of column names in any order; an empty cell states nothing.
    Csv,
    /// One JSON object a line; a null states nothing.
    Ndjson,
    /// The first sheet of a workbook (ECMA-376), with a header like CSV.
    Xlsx,
}

impl Syntax {
    /// The name on the wire, which is also the file ending.
    pub fn as_str(self) -> &'static str {
        match self {
            Syntax::Csv => "csv",
            Syntax::Ndjson => "ndjson",
            Syntax::Xlsx => "xlsx",
        }
    }
}

/// A name that is no syntax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a syntax of rows; use csv, ndjson or xlsx")]
pub struct UnknownSyntax;

impl FromStr for Syntax {
    type Err = UnknownSyntax;

    fn from_str(name: &str) -> Result<Self, UnknownSyntax> {
        match name {
            "csv" => Ok(Syntax::Csv),
            "ndjson" => Ok(Syntax::Ndjson),
            "xlsx" => Ok(Syntax::Xlsx),
            _ => Err(UnknownSyntax),
        }
    }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
