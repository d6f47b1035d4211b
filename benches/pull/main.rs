//! Pulls per second over mutual TLS, on SQLite and on PostgreSQL, beside nginx sending a file of the same size.
//!
//! All servers run at once on loopback and are loaded in turn, round after round, so that whatever else the machine
//! does hits all of them alike. See `benches/README.md` for how to read the table.

mod city;
mod client;
mod cpu;
mod gateway;
mod load;
mod nginx;
mod postgres;
mod process;
mod report;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Parser;

use client::{Identity, Request};
use gateway::Gateway;
use load::{Plan, Round};
use nginx::Nginx;
use report::{Row, Setting};

/// Any failure ends the benchmark with a sentence.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Measures pulls beside nginx, all over mutual TLS on loopback.
#[derive(Parser)]
struct Options {
    /// How often each server is loaded.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How long a load lasts, in seconds.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Keep-alive connections, each with one request in flight.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=256))]
    connections: u32,
    /// Firms in the synthetic city, with a consent each.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    taxpayers: u32,
    /// Date to print above the result; today if absent.
    #[arg(long)]
    date: Option<String>,
    /// Where the result goes, as Markdown.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/last-result.md"))]
    result: PathBuf,
    /// Passed by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

/// A server under load and the requests it gets.
struct Target {
    name: &'static str,
    address: std::net::SocketAddr,
    identity: Identity,
    requests: Vec<Request>,
    status: u16,
    /// Process whose family's CPU time is counted as the server's.
    server: u32,
    /// The same for the database's, where it is a process of its own.
    database: Option<u32>,
    rounds: Vec<Round>,
}

fn main() -> ExitCode {
    match start(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("benchmark stopped: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start(options: &Options) -> Result<()> {
    // As many threads as the servers may use: the loader must not be what is measured.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(run(options))
}

async fn run(options: &Options) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let now = now();
    let sqlite = prepare("SQLite", &directory.path().join("sqlite"), None, options, now).await?;
    let cluster = postgres::start()?;
    let postgres = match &cluster {
        Some(cluster) => {
            let place = directory.path().join("postgres");
            Some(prepare("PostgreSQL", &place, Some(&cluster.url), options, now).await?)
        }
        None => None,
    };
    let nginx = Nginx::start(directory.path(), &sqlite.0.certificates(), &sqlite.1)?;

    let mut targets = Vec::new();
    if let Some(nginx) = &nginx {
        targets.push(Target {
            name: "nginx, static file",
            address: nginx.address,
            identity: sqlite.0.bank.clone(),
            requests: vec![Request::get("/dossier.json")],
            status: 200,
            server: nginx.process.id(),
            database: None,
            rounds: Vec::new(),
        });
    }
    targets.push(sqlite.0.target("pull, SQLite", None));
    if let (Some((gateway, _)), Some(cluster)) = (&postgres, &cluster) {
        targets.push(gateway.target("pull, PostgreSQL", Some(cluster.process.id())));
    }
    measure(&mut targets, options).await?;

    let setting = Setting::new(options, sqlite.1.len(), now);
    let rows: Vec<Row> = targets.iter().map(Row::of).collect();
    let table = report::markdown(&setting, &rows);
    println!("\n{table}");
    std::fs::write(&options.result, table)?;
    println!("written to {}", options.result.display());
    Ok(())
}

/// A gateway with data and consents, each of which has been pulled once, and a typical answer of it.
async fn prepare(
    name: &str,
    directory: &Path,
    database: Option<&str>,
    options: &Options,
    now: DateTime<Utc>,
) -> Result<(Gateway, Vec<u8>)> {
    println!("{name}: a city of {} firms, a product, a consent each", options.taxpayers);
    let mut gateway = Gateway::start(directory, database, options.taxpayers).await?;
    gateway.grant_consents(now).await?;
    let mut answers = gateway.pull_each_once().await?;
    // The answers differ in length by firm; nginx gets the one in the middle.
    answers.sort_by_key(Vec::len);
    let middle = answers.len() / 2;
    Ok((gateway, answers.swap_remove(middle)))
}

async fn measure(targets: &mut [Target], options: &Options) -> Result<()> {
    for round in 0..=options.rounds {
        for target in &mut *targets {
            // Round 0 warms up and is thrown away.
            let seconds = if round == 0 { 1 } else { options.seconds };
            let plan = Plan { connections: options.connections, duration: Duration::from_secs(seconds) };
            let measured =
                load::run(target, &plan).await.map_err(|error| format!("{}: {error}", target.name))?;
            if round > 0 {
                println!("round {round}: {:<20} {}", target.name, measured.one_line());
                target.rounds.push(measured);
            }
        }
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a client's own clock; the library's is an argument")]
fn now() -> DateTime<Utc> {
    Utc::now()
}
