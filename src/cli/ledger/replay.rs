//! `shuidaiyi ledger replay`: a release's dossier rebuilt out of the records as of then, and held against what was kept.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::cli::output::{Failure, NO, block_on, open_exchange, operator_caller, say};
use crate::service::Exchange;
use crate::service::audit::{self, Replayed};
use crate::store::audit_read;

/// Ids read at a time.
const PAGE: i64 = 1_000;

/// `ledger replay`
#[derive(Args)]
pub struct ReplayOptions {
    /// The release's id.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub release: Option<String>,
    /// Every granted release; stops at the first that differs.
    #[arg(long)]
    pub all: bool,
    /// Configuration file.
    #[arg(long)]
    pub config: PathBuf,
    /// Print JSON, a line each.
    #[arg(long)]
    pub json: bool,
}

/// Replays; exit 1 if anything differs.
pub fn run(options: &ReplayOptions) -> Result<ExitCode, Failure> {
    let exchange = open_exchange(&options.config)?;
    let caller = operator_caller()?;
    let replay = |id: &str| block_on(async { Ok(audit::replay(&exchange, &caller, id, None).await?) });
    if let Some(release) = &options.release {
        return Ok(exit(print(options.json, &replay(release)?)));
    }
    let (mut after, mut count) = (String::new(), 0_u64);
    loop {
        let ids = page(&exchange, &after)?;
        let Some(last) = ids.last() else { break };
        after = last.clone();
        for id in &ids {
            let replayed = replay(id)?;
            count += 1;
            if options.json || !replayed.identical {
                print(options.json, &replayed);
            }
            if !replayed.identical {
                return Ok(exit(&replayed));
            }
        }
    }
    if !options.json {
        say(format!("重放 {count} 笔，全部一致 {count} releases replayed, all identical"));
    }
    Ok(ExitCode::SUCCESS)
}

fn page(exchange: &Exchange, after: &str) -> Result<Vec<String>, Failure> {
    exchange.ledger.read(|c| audit_read::granted_after(c, after, PAGE)).map_err(Failure::system)
}

fn exit(replayed: &Replayed) -> ExitCode {
    if replayed.identical { ExitCode::SUCCESS } else { ExitCode::from(NO) }
}

fn print(as_json: bool, replayed: &Replayed) -> &Replayed {
    if as_json {
        say(json!(replayed));
        return replayed;
    }
    for section in &replayed.sections {
        say(format!("  {} {}  {}", if section.listed { "✓" } else { "✗" }, section.section, section.digest));
    }
    match &replayed.first_difference {
        None => say(format!(
            "一致 identical: {} 第 {} 号条目，读取时账本 {} 条 entry {}, read at {}",
            replayed.release_id, replayed.index, replayed.read_at, replayed.index, replayed.read_at
        )),
        Some(difference) => say(format!("不一致 DIFFERS: {}: {difference}", replayed.release_id)),
    }
    replayed
}
