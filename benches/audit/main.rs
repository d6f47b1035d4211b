//! Entries per second and peak memory of `shuidaiyi ledger audit` on SQLite, beside raw SHA-256 of the same leaves and
//! JWTs in as many threads, without reading them, comparing anything or building a tree.
//!
//! See `benches/README.md` for how to read the table.

mod fill;

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use ring::digest::{SHA256, digest};
use serde_json::Value;
use shuidaiyi::clock::{Clock, SystemClock};

/// Any failure ends the benchmark with a sentence.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Texts held at once for the raw hashing.
const TEXTS_AT_ONCE: usize = 100_000;

/// Measures full audits.
#[derive(Parser)]
struct Options {
    /// Entries, each count in an exchange of its own.
    #[arg(long, value_delimiter = ',', default_value = "10000,100000", value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    entries: Vec<u32>,
    /// Threads of the audit and of the raw hashing.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Where the result goes, as Markdown.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/audit.md"))]
    result: PathBuf,
    /// Passed by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
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
    let counts: Vec<String> = options.entries.iter().map(u32::to_string).collect();
    let mut text = format!(
        "# Full audit beside raw SHA-256\n\n{}, {} cores; SQLite, the file in the page cache.\n\n\
         ```\ncargo bench --bench audit -- --entries {} --threads {}\n```\n\n\
         | entries | each | MB hashed | raw SHA-256 entries/s | audit entries/s | ÷ raw | audit s | CPU µs an entry | peak MB |\n\
         |--:|---|--:|--:|--:|--:|--:|--:|--:|\n",
        SystemClock.now().shanghai_date(),
        std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        counts.join(","),
        options.threads,
    );
    for count in &options.entries {
        for releases in [false, true] {
            let line = measure(*count, releases, options.threads)?;
            println!("{line}");
            writeln!(text, "{line}")?;
        }
    }
    std::fs::write(&options.result, &text)?;
    println!("\n{text}\nwritten to {}", options.result.display());
    Ok(())
}

fn measure(count: u32, releases: bool, threads: usize) -> Result<String> {
    let directory = tempfile::tempdir()?;
    let site = directory.path().join("site");
    let mut init = program();
    init.args(["init", "--port", "0", "--operations-port", "0", "--dir"]).arg(&site).stdout(Stdio::null());
    if !init.status()?.success() {
        return Err("init failed".into());
    }
    fill::fill(&site, u64::from(count), releases)?;
    let (bytes, raw) = raw(&site.join("ledger.db"), threads)?;
    let Audit { report, took, cpu, peak_kb } = audit(&site, threads)?;
    let size = report["size"].as_u64().and_then(|size| u32::try_from(size).ok()).unwrap_or(0);
    if !report["mismatch"].is_null() || size < count {
        return Err(format!("the audit says no: {report}").into());
    }
    let rate = |took: Duration| f64::from(size) / took.as_secs_f64();
    let what = if releases { "a release with its JWT, consent and salt" } else { "an entry alone" };
    Ok(format!(
        "| {size} | {what} | {:.0} | {:.0} | {:.0} | {:.2} | {:.2} | {:.1} | {:.0} |",
        megabytes(bytes),
        rate(raw),
        rate(took),
        rate(took) / rate(raw),
        took.as_secs_f64(),
        cpu.as_secs_f64() * 1e6 / f64::from(size),
        megabytes(peak_kb * 1024),
    ))
}

/// Hashes every leaf and JWT and nothing else; only the hashing is timed.
fn raw(ledger: &Path, threads: usize) -> Result<(u64, Duration)> {
    let connection = rusqlite::Connection::open(ledger)?;
    let mut statement =
        connection.prepare("SELECT leaf FROM ledger_entry UNION ALL SELECT jwt FROM release")?;
    let mut rows = statement.query([])?;
    let (mut bytes, mut took) = (0, Duration::ZERO);
    loop {
        let mut texts: Vec<Vec<u8>> = Vec::with_capacity(TEXTS_AT_ONCE);
        while texts.len() < TEXTS_AT_ONCE {
            let Some(row) = rows.next()? else { break };
            texts.push(row.get_ref(0)?.as_bytes()?.to_vec());
        }
        if texts.is_empty() {
            return Ok((bytes, took));
        }
        bytes += texts.iter().map(|text| u64::try_from(text.len()).unwrap_or(0)).sum::<u64>();
        let start = Instant::now();
        std::thread::scope(|scope| {
            for part in texts.chunks(texts.len().div_ceil(threads)) {
                scope.spawn(move || {
                    for text in part {
                        std::hint::black_box(digest(&SHA256, text));
                    }
                });
            }
        });
        took += start.elapsed();
    }
}

/// An audit in a process of its own.
struct Audit {
    report: Value,
    /// From start to end of the program.
    took: Duration,
    /// CPU time of the program.
    cpu: Duration,
    peak_kb: u64,
}

fn audit(site: &Path, threads: usize) -> Result<Audit> {
    let mut command = program();
    command.args(["ledger", "audit", "--json", "--threads", &threads.to_string(), "--config"]);
    command.arg(site.join("shuidaiyi.toml")).stdout(Stdio::piped()).stderr(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn()?;
    let (mut peak_kb, mut cpu) = (0, Duration::ZERO);
    while child.try_wait()?.is_none() {
        peak_kb = peak_of(child.id()).unwrap_or(peak_kb);
        cpu = cpu_of(child.id()).unwrap_or(cpu);
        std::thread::sleep(Duration::from_millis(2));
    }
    let took = start.elapsed();
    let mut told = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_string(&mut told)?;
    }
    Ok(Audit { report: serde_json::from_str(&told)?, took, cpu, peak_kb })
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

/// CPU time of a process so far: fields 14 and 15 of its `stat`, in hundredths of a second.
fn cpu_of(id: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let after_name = stat.rsplit_once(") ")?.1;
    let mut ticks = after_name.split(' ').skip(11).map(|field| field.parse::<u64>().ok());
    Some(Duration::from_millis((ticks.next()?? + ticks.next()??) * 10))
}

fn megabytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1024).unwrap_or(u32::MAX)) / 1024.0
}
