//! The rejected rows of a delivery: counted all, kept up to a bound, the first told at once.

use serde::Serialize;

use super::error::ServiceResult;
use crate::domain::import::{InputRule, RowError, Rows};
use crate::store::batches::{self, BatchErrorRow};
use crate::store::db::Db;

/// Rejected rows told in the answer; the rest can be read at `errors_url`.
pub const ERRORS_TOLD: usize = 100;
/// Rejected rows kept of one delivery.
const ERRORS_KEPT: usize = 10_000;
/// Bytes of rows as delivered that are kept of one delivery.
const ORIGINALS_BYTES_MAX: usize = 32 << 20;
/// Rejected rows written in one transaction.
const WRITTEN_TOGETHER: usize = 1_000;
/// Days for which rejected rows are kept as delivered.
pub const ORIGINALS_KEPT_DAYS: i64 = 30;

/// Where a row stood, and how it was written.
#[derive(Clone, Debug)]
pub struct Place {
    /// 1 for the first row of data.
    pub row: u64,
    /// Line of the file.
    pub line: u64,
    /// The row as delivered, unless it is too long to be kept.
    pub original: Option<String>,
}

impl Place {
    /// Of the row read last.
    pub fn of_last(rows: &Rows<'_>) -> Self {
        // PostgreSQL keeps no NUL in a text.
        let original = rows.original().map(|text| text.replace('\0', "\u{fffd}"));
        Self { row: rows.rows_read(), line: rows.line(), original }
    }

    /// The row, rejected as a whole.
    pub fn rejected(self, rule: InputRule, message: &str) -> Rejection {
        let error =
            RowError { row: self.row, line: self.line, column: None, rule, message: message.to_owned() };
        Rejection { error, original: self.original }
    }
}

/// A rejected row.
#[derive(Clone, Debug)]
pub struct Rejection {
    /// What is wrong with it.
    pub error: RowError,
    /// The row as delivered, if it is kept.
    pub original: Option<String>,
}

/// The rejected rows of a delivery.
#[derive(Default, Debug)]
pub struct Rejections {
    kept: Vec<Rejection>,
    bytes: usize,
    count: u64,
}

impl Rejections {
    /// Adds a row. Past a bound rows are only counted, or kept without their text.
    pub fn push(&mut self, mut rejection: Rejection) {
        self.count = self.count.saturating_add(1);
        if self.kept.len() >= ERRORS_KEPT {
            return;
        }
        let length = rejection.original.as_ref().map_or(0, String::len);
        if self.bytes + length > ORIGINALS_BYTES_MAX {
            rejection.original = None;
        } else {
            self.bytes += length;
        }
        self.kept.push(rejection);
    }

    /// Adds those found elsewhere.
    pub fn append(&mut self, others: Rejections) {
        let only_counted = others.count.saturating_sub(u64::try_from(others.kept.len()).unwrap_or(u64::MAX));
        others.kept.into_iter().for_each(|rejection| self.push(rejection));
        self.count = self.count.saturating_add(only_counted);
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Puts them in the order of the file: what stands twice is noticed some rows later.
    pub fn sort(&mut self) {
        self.kept.sort_by_key(|rejection| rejection.error.row);
    }

    /// The first of them.
    pub fn told(&self) -> impl Iterator<Item = &RowError> {
        self.kept.iter().take(ERRORS_TOLD).map(|rejection| &rejection.error)
    }

    /// Writes those that are kept.
    pub fn keep(&self, data: &Db, batch_id: &str) -> ServiceResult<()> {
        let mut ordinal = 0_i64;
        for some in self.kept.chunks(WRITTEN_TOGETHER) {
            let rows: Vec<BatchErrorRow> =
                (ordinal..).zip(some).map(|(at, it)| stored(batch_id, at, it)).collect();
            data.write(|c| batches::insert_errors(c, &rows))?;
            ordinal += i64::try_from(some.len()).unwrap_or(0);
        }
        Ok(())
    }
}

fn stored(batch_id: &str, ordinal: i64, rejection: &Rejection) -> BatchErrorRow {
    let Rejection { error, original } = rejection;
    BatchErrorRow {
        batch_id: batch_id.to_owned(),
        ordinal,
        row_number: i64::try_from(error.row).unwrap_or(i64::MAX),
        column_name: error.column.clone(),
        message: error.message.clone(),
        line_number: i64::try_from(error.line).unwrap_or(i64::MAX),
        rule: error.rule.as_str().to_owned(),
        original: original.clone(),
    }
}

/// A rejected row as answered.
#[derive(Clone, Debug, Serialize)]
pub struct RejectedRow {
    /// 1 for the first row of data.
    pub row: u64,
    /// Line of the file, from 1; of a workbook the row as the spreadsheet numbers it.
    pub line: u64,
    /// The column at fault, if it is one.
    pub column: Option<String>,
    /// The rule that it breaks.
    pub rule: String,
    /// What would be right.
    pub message: String,
}

impl From<&RowError> for RejectedRow {
    fn from(error: &RowError) -> Self {
        Self {
            row: error.row,
            line: error.line,
            column: error.column.clone(),
            rule: error.rule.as_str().to_owned(),
            message: error.message.clone(),
        }
    }
}

impl From<BatchErrorRow> for RejectedRow {
    fn from(row: BatchErrorRow) -> Self {
        Self {
            row: u64::try_from(row.row_number).unwrap_or(0),
            line: u64::try_from(row.line_number).unwrap_or(0),
            column: row.column_name,
            rule: row.rule,
            message: row.message,
        }
    }
}
