//! The result as a table that can be read in a terminal and kept as Markdown.

use std::fmt::Write;
use std::time::Duration;

use crate::{Loaded, Options};

/// One database and row count.
pub struct Line {
    /// Which database.
    pub database: &'static str,
    /// What the import is held against.
    pub yardstick: &'static str,
    /// Rows of the file.
    pub count: u64,
    /// Into an empty exchange.
    pub first: Loaded,
    /// The same rows once more, each with another amount.
    pub amended: Loaded,
    /// The same rows and nothing else.
    pub raw: Duration,
}

impl Line {
    /// The line as a row of the table.
    pub fn text(&self) -> String {
        let Line { database, yardstick, count, first, amended, raw } = self;
        let (raw_rate, first_rate, amended_rate) =
            (rate(*count, *raw), rate(*count, first.took), rate(*count, amended.took));
        format!(
            "| {database} | {count} | {raw_rate:.0} ({yardstick}) | {first_rate:.0} | {:.2} | {amended_rate:.0} | {:.2} | {:.0} | {:.0} |",
            first_rate / raw_rate,
            amended_rate / raw_rate,
            megabytes(first.peak_kb),
            megabytes(amended.peak_kb),
        )
    }
}

/// Setting and table.
pub fn markdown(options: &Options, lines: &[Line]) -> String {
    let date = options.date.clone().unwrap_or_else(today);
    let counts: Vec<String> = options.rows.iter().map(u64::to_string).collect();
    let mut text = format!(
        "# Importing payments beside the databases' own bulk loading\n\n{date}, {} cores; program and database on the same machine.\n\n\
         ```\ncargo bench --bench import -- --rows {}\n```\n\n\
         | database | rows | raw rows/s | import rows/s | ÷ raw | amendments rows/s | ÷ raw | peak MB, import | peak MB, amendments |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|\n",
        std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        counts.join(","),
    );
    for line in lines {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", line.text());
    }
    text
}

fn rate(count: u64, took: Duration) -> f64 {
    #[allow(clippy::as_conversions, clippy::cast_precision_loss, reason = "a figure for people")]
    let count = count as f64;
    count / took.as_secs_f64()
}

fn megabytes(kilobytes: u64) -> f64 {
    #[allow(clippy::as_conversions, clippy::cast_precision_loss, reason = "a figure for people")]
    let kilobytes = kilobytes as f64;
    kilobytes / 1024.0
}

fn today() -> String {
    #[allow(clippy::disallowed_methods, reason = "the date above the result")]
    let now = chrono::Utc::now();
    now.date_naive().to_string()
}
