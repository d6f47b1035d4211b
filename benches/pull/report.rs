//! The result as a table that can be read in a terminal and kept as Markdown.

use std::fmt::Write;

use chrono::{DateTime, Utc};

use crate::load::Round;
use crate::{Options, Target};

/// What the numbers depend on.
pub struct Setting {
    date: String,
    machine: String,
    command: String,
    taxpayers: u32,
    file_bytes: usize,
}

/// A server's medians over all rounds.
pub struct Row {
    name: &'static str,
    per_second: f64,
    p50_us: f64,
    p99_us: f64,
    bytes: f64,
    server_cpu_us: f64,
    database_cpu_us: Option<f64>,
}

impl Setting {
    /// Of this run.
    pub fn new(options: &Options, file_bytes: usize, now: DateTime<Utc>) -> Setting {
        let Options { rounds, seconds, connections, taxpayers, .. } = options;
        Setting {
            date: options.date.clone().unwrap_or_else(|| now.date_naive().to_string()),
            machine: machine(),
            command: format!(
                "cargo bench --bench pull -- --rounds {rounds} --seconds {seconds} --connections {connections} --taxpayers {taxpayers}"
            ),
            taxpayers: *taxpayers,
            file_bytes,
        }
    }
}

impl Row {
    /// The medians of a target's rounds, each figure by itself.
    pub fn of(target: &Target) -> Row {
        let of = |figure: fn(&Round) -> f64| median(target.rounds.iter().map(figure).collect());
        let database: Vec<f64> = target.rounds.iter().filter_map(|round| round.database_cpu_us).collect();
        Row {
            name: target.name,
            per_second: of(|round| round.per_second),
            p50_us: of(|round| f64::from(round.p50_us)),
            p99_us: of(|round| f64::from(round.p99_us)),
            bytes: of(|round| round.bytes),
            server_cpu_us: of(|round| round.server_cpu_us),
            database_cpu_us: (!database.is_empty()).then(|| median(database)),
        }
    }
}

/// Setting and table. The first row is the yardstick if it is nginx's.
pub fn markdown(setting: &Setting, rows: &[Row]) -> String {
    let Setting { date, machine, command, taxpayers, file_bytes } = setting;
    let mut text = format!(
        "# Pulls over mutual TLS beside nginx\n\n{date}, {machine}; loader and servers on the same machine.\n\
         {taxpayers} firms, one consent each; nginx sends a file of {file_bytes} bytes, an answer of middle length.\n\n\
         ```\n{command}\n```\n\n\
         | | requests/s | × nginx | p50 ms | p99 ms | kB/answer | server CPU µs | database CPU µs |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|\n"
    );
    let yardstick = rows.first().filter(|row| row.name.starts_with("nginx")).map(|row| row.per_second);
    for row in rows {
        let ratio = yardstick.map_or("-".to_owned(), |nginx| format!("{:.2}", row.per_second / nginx));
        let database = row.database_cpu_us.map_or("-".to_owned(), |time| format!("{time:.0}"));
        let (p50, p99, kilobytes) = (row.p50_us / 1e3, row.p99_us / 1e3, row.bytes / 1e3);
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {:.0} | {ratio} | {p50:.2} | {p99:.2} | {kilobytes:.1} | {:.0} | {database} |",
            row.name, row.per_second, row.server_cpu_us
        );
    }
    text + "\nMedians over the rounds, each column by itself.\n"
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let model = model.trim_start_matches(|c: char| c == ':' || c.is_whitespace());
    if model.is_empty() { format!("{cores} cores") } else { format!("{cores} cores of {model}") }
}
