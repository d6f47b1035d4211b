//! `shuidaiyi ledger audit`: recomputes the whole ledger from its entries and names the first mismatch.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::cli::output::{Failure, NO, say};
use crate::cli::synth_command::bar;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::service::keys::Keys;
use crate::service::ledger_audit::{AuditReport, Audited, Mismatch, audit};
use crate::store::error::StoreError;

/// `ledger audit`
#[derive(Args)]
pub struct AuditOptions {
    /// Configuration file.
    #[arg(long)]
    pub config: PathBuf,
    /// Threads, each with a connection of its own; one a core if left out.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: Option<u16>,
    /// 另存的检查点 A checkpoint that somebody kept, which the ledger must agree with; may be given again.
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Vec<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Audits, with a progress bar on stderr. The gateway may be running, or refuse to.
pub fn run(options: &AuditOptions) -> Result<ExitCode, Failure> {
    let places = Config::load(&options.config)?.places()?;
    let keys = Keys::load(places.keys.clone(), SystemClock.now()).map_err(Failure::usage)?;
    let mut audited = Audited::at(&places, &keys);
    for file in &options.checkpoint {
        audited.bind_file(file, &keys).map_err(|e| Failure::usage(e).about(file))?;
    }
    let threads = match options.threads {
        Some(threads) => usize::from(threads),
        None => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
    };
    let bar = bar("条目 entries", 0);
    let report = audit(&audited, threads, &|done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let report = report.map_err(unread)?;
    if options.json {
        say(serde_json::to_string(&report).map_err(Failure::system)?);
    } else {
        tell(&report);
    }
    Ok(if report.holds() { ExitCode::SUCCESS } else { ExitCode::from(NO) })
}

fn unread(error: StoreError) -> Failure {
    Failure::system(format!("the ledger could not be read: {error}"))
}

fn tell(report: &AuditReport) {
    let counts = &report.counts;
    say(format!("条目 entries            {} / {}", counts.entries, report.size));
    say(format!("叶子字节 leaf bytes     {}", counts.leaf_bytes));
    say(format!("瓦片 full tiles         {}", counts.tiles));
    say(format!("提供 releases           {}", counts.releases));
    say(format!("重发 repeats            {}", counts.repeats));
    say(format!("拒绝 refusals           {}", counts.refusals));
    say(format!("授权 consents           {}", counts.consents));
    say(format!("批次 deliveries         {}", counts.batches));
    say(format!("标注 annotations        {}", counts.annotations));
    say(format!("打开的承诺 commitments  {} (已删盐的条目 salts erased: {})", counts.opened, counts.erased));
    for (from, size) in &report.checkpoints {
        say(format!("检查点 checkpoint       {from}: {size} ✓"));
    }
    say(format!("根 root                 {}", report.root));
    match &report.mismatch {
        None => say("一致 Everything follows from the entries."),
        Some(mismatch) => say(first(mismatch)),
    }
}

fn first(mismatch: &Mismatch) -> String {
    let place = match mismatch.index {
        Some(index) => format!("条目 entry {index}"),
        None => "账本 the ledger".to_owned(),
    };
    format!(
        "不一致 The first mismatch: {place}: {}\n  应为 expected  {}\n  实为 found     {}",
        mismatch.what, mismatch.expected, mismatch.found
    )
}
