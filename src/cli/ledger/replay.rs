//! `shuidaiyi ledger replay`: a release's dossier rebuilt out of the records as of then, and held against what was kept.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::cli::output::{Failure, NO, block_on, open_exchange, operator_caller, say};
use crate::service::Exchange;
use crate::service::audit::{self, Replayed};
use crate::store::audit_read;
use crate::store::db::AnyConnection;
use crate::store::error::StoreResult;
use crate::store::own_copies;

/// Ids read at a time.
const PAGE: i64 = 1_000;

/// `ledger replay`
#[derive(Args)]
pub struct ReplayOptions {
    /// The id of a release, or of a firm's own copy.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub release: Option<String>,
    /// Every granted release and every firm's own copy; stops at the first that differs.
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
    let mut counts = [0_u64; 2];
    let sources: [Ids; 2] = [audit_read::granted_after, own_copies::ids_after];
    for (of, count) in sources.into_iter().zip(&mut counts) {
        let mut after = String::new();
        while let Some(ids) = page(&exchange, of, &after)? {
            after = ids.last().cloned().unwrap_or_default();
            for id in &ids {
                let replayed = replay(id)?;
                *count += 1;
                if options.json || !replayed.identical {
                    print(options.json, &replayed);
                }
                if !replayed.identical {
                    return Ok(exit(&replayed));
                }
            }
        }
    }
    let [releases, copies] = counts;
    if !options.json {
        say(format!("重放 {releases} 笔，全部一致 {releases} releases replayed, all identical"));
    }
    if !options.json && copies > 0 {
        say(format!("企业自取副本 {copies} 份，全部一致 {copies} firms' own copies, all identical"));
    }
    Ok(ExitCode::SUCCESS)
}

type Ids = fn(&mut AnyConnection, &str, i64) -> StoreResult<Vec<String>>;

/// The next ids, if there are more.
fn page(exchange: &Exchange, of: Ids, after: &str) -> Result<Option<Vec<String>>, Failure> {
    let ids = exchange.ledger.read(|c| of(c, after, PAGE)).map_err(Failure::system)?;
    Ok((!ids.is_empty()).then_some(ids))
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
