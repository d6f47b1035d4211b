//! Rows per second and peak memory of `shuidaiyi import`, on SQLite and on PostgreSQL, beside what the databases do
//! with the same rows and nothing else: a server-side COPY, and prepared inserts through SQLite's own interface.
//!
//! See `benches/README.md` for how to read the table.

#[path = "../pull/postgres.rs"]
#[allow(dead_code, reason = "the other benchmark needs the rest")]
mod postgres;
#[path = "../pull/process.rs"]
#[allow(dead_code, reason = "the other benchmark needs the rest")]
mod process;
mod raw;
mod report;
mod rows;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;

use report::Line;

/// Any failure ends the benchmark with a sentence.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Measures imports of payment rows.
#[derive(Parser)]
struct Options {
    /// Row counts, each loaded into an empty exchange.
    #[arg(long, value_delimiter = ',', default_value = "10000,100000,1000000", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    rows: Vec<u64>,
    /// Where the result goes, as Markdown.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/import-last-result.md"))]
    result: PathBuf,
    /// Date to print above the result; today if absent.
    #[arg(long)]
    date: Option<String>,
    /// Passed by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

/// How long an import took and the most memory it held.
pub struct Loaded {
    /// From start to end of the program.
    pub took: Duration,
    /// Peak resident memory of the program, in kB.
    pub peak_kb: u64,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("benchmark stopped: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    let mut lines = Vec::new();
    for count in &options.rows {
        lines.push(on_sqlite(*count)?);
        println!("{}", lines.last().map(Line::text).unwrap_or_default());
        if let Some(line) = on_postgres(*count)? {
            println!("{}", line.text());
            lines.push(line);
        }
    }
    let table = report::markdown(options, &lines);
    println!("\n{table}");
    std::fs::write(&options.result, table)?;
    println!("written to {}", options.result.display());
    Ok(())
}

fn on_sqlite(count: u64) -> Result<Line> {
    let directory = tempfile::tempdir()?;
    let site = Site::init(directory.path(), None)?;
    let first = site.import(count, false)?;
    // Read before the amendments: the raw insert gets just the rows that the import wrote.
    let raw = raw::sqlite(&directory.path().join("site/data.db"), directory.path())?;
    let amended = site.import(count, true)?;
    Ok(Line { database: "SQLite", yardstick: "prepared insert", count, first, amended, raw })
}

fn on_postgres(count: u64) -> Result<Option<Line>> {
    let Some(cluster) = postgres::start()? else { return Ok(None) };
    let directory = tempfile::tempdir()?;
    let site = Site::init(directory.path(), Some(&cluster.url))?;
    let first = site.import(count, false)?;
    let raw = raw::postgres(&cluster.url)?;
    let amended = site.import(count, true)?;
    Ok(Some(Line { database: "PostgreSQL", yardstick: "server-side COPY", count, first, amended, raw }))
}

/// An exchange in a directory of its own, and files to load.
struct Site {
    directory: PathBuf,
}

impl Site {
    fn init(directory: &Path, database: Option<&str>) -> Result<Self> {
        let mut init = program();
        init.arg("init").arg("--dir").arg(directory.join("site")).args([
            "--port",
            "0",
            "--operations-port",
            "0",
        ]);
        if let Some(url) = database {
            init.env("SHUIDAIYI_DATABASE_URL", url);
        }
        process::run(&mut init)?;
        Ok(Self { directory: directory.to_owned() })
    }

    /// Loads that many payments; amended, each of them is there already with another amount.
    fn import(&self, count: u64, amended: bool) -> Result<Loaded> {
        let file = self.directory.join("payment.csv");
        rows::write(&file, count, amended)?;
        let mut import = program();
        import.arg("import").arg("--config").arg(self.directory.join("site/shuidaiyi.toml")).arg(&file);
        import.args(["--form", "payment", "--coverage", "2025-01-01..2025-12-31"]);
        import.args(["--as-of", if amended { "2026-02-01" } else { "2026-01-31" }]);
        let start = Instant::now();
        let mut child = import.stdout(Stdio::null()).stderr(Stdio::inherit()).spawn()?;
        let mut peak_kb = 0;
        let status = loop {
            peak_kb = peak_of(child.id()).unwrap_or(peak_kb);
            if let Some(status) = child.try_wait()? {
                break status;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let took = start.elapsed();
        std::fs::remove_file(&file)?;
        if status.success() { Ok(Loaded { took, peak_kb }) } else { Err(format!("import: {status}").into()) }
    }
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shuidaiyi"));
    command.env_remove("SHUIDAIYI_DATABASE_URL").stdin(Stdio::null());
    command
}

/// `VmHWM` of a process: the most memory it ever held.
fn peak_of(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
