//! `shuidaiyi ledger checkpoint`: what the ledger stands at, as a C2SP signed note.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::cli::output::{Failure, block_on, open_exchange, say};
use crate::service::evidence;

/// `ledger checkpoint`
#[derive(Args)]
pub struct CheckpointOptions {
    /// Configuration file.
    #[arg(long)]
    pub config: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Prints the newest checkpoint.
pub fn run(options: &CheckpointOptions) -> Result<ExitCode, Failure> {
    let exchange = open_exchange(&options.config)?;
    let newest = block_on(async { Ok(evidence::newest(&exchange).await?) })?;
    if options.json {
        say(json!({ "size": newest.size, "checkpoint": newest.note }));
    } else {
        say(newest.note.trim_end());
    }
    Ok(ExitCode::SUCCESS)
}
