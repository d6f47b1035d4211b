//! The result as a table that can be read in a terminal and kept as Markdown.

use std::fmt::Write;
use std::time::Duration;

use shuidaiyi::clock::{Clock, SystemClock};

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
    // Counts of rows fit: the options take no more than a 32-bit number of them.
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / took.as_secs_f64()
}

fn megabytes(kilobytes: u64) -> f64 {
    f64::from(u32::try_from(kilobytes).unwrap_or(u32::MAX)) / 1024.0
}

fn today() -> String {
    SystemClock.now().shanghai_date().to_string()
}
