//! `shuidaiyi hold`: the brake on the host's command line. Every gateway on this ledger obeys from the entry on.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::output::{Failure, block_on, open_exchange, operator_label, say};
use crate::service::admin::Actor;
use crate::service::holds::{self, HoldChange, HoldView, NewHold};

/// Holds on a page.
const PAGE: i64 = 1_000;

/// `hold`
#[derive(Args)]
pub struct HoldOptions {
    /// What to do.
    #[command(subcommand)]
    pub action: HoldAction,
}

/// What to do with holds.
#[derive(Subcommand)]
pub enum HoldAction {
    /// 暂停 Place a hold: nothing that it names leaves any more
    Place(PlaceOptions),
    /// 解除 Lift a hold
    Lift {
        /// Configuration file.
        #[arg(long)]
        config: PathBuf,
        /// The hold's id.
        hold: String,
    },
    /// 列出 Every hold
    List {
        /// Configuration file.
        #[arg(long)]
        config: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// What is held: one of these.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct TargetOptions {
    /// Every pull of this bank.
    #[arg(long)]
    pub member: Option<String>,
    /// Every pull for this product.
    #[arg(long)]
    pub product: Option<String>,
    /// Every pull that would carry this section.
    #[arg(long)]
    pub section: Option<String>,
    /// Every pull of this taxpayer's data.
    #[arg(long)]
    pub taxpayer: Option<String>,
}

/// `hold place`
#[derive(Args)]
pub struct PlaceOptions {
    /// Configuration file.
    #[arg(long)]
    pub config: PathBuf,
    /// What is held.
    #[command(flatten)]
    pub target: TargetOptions,
    /// Why; no bank reads it.
    #[arg(long)]
    pub reason: String,
    /// When it ends by itself: an instant, or a date (midnight in Shanghai).
    #[arg(long)]
    pub until: Option<String>,
}

/// Does what was asked.
pub fn run(options: &HoldOptions) -> Result<ExitCode, Failure> {
    match &options.action {
        HoldAction::Place(options) => place(options)?,
        HoldAction::Lift { config, hold } => {
            let exchange = open_exchange(config)?;
            let actor = Actor::operator(operator_label());
            tell(
                "已解除 lifted",
                &block_on(async { Ok(holds::lift(&exchange, &actor, hold.clone(), None).await?) })?,
            );
        }
        HoldAction::List { config, json } => list(config, *json)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn place(options: &PlaceOptions) -> Result<(), Failure> {
    let until = options.until.as_deref().map(str::parse).transpose().map_err(Failure::usage)?;
    let new = NewHold {
        member: options.target.member.clone(),
        product: options.target.product.clone(),
        section: options.target.section.clone(),
        taxpayer: options.target.taxpayer.clone(),
        reason: options.reason.clone(),
        until,
    };
    let exchange = open_exchange(&options.config)?;
    let actor = Actor::operator(operator_label());
    let change = block_on(async { Ok(holds::place(&exchange, &actor, new, None).await?) })?;
    tell("已暂停 held", &change);
    Ok(())
}

fn tell(done: &str, change: &HoldChange) {
    let hold = &change.hold;
    say(format!("{done}: {} {} {}", hold.id, hold.target, hold.value));
}

fn list(config: &Path, json: bool) -> Result<(), Failure> {
    let exchange = open_exchange(config)?;
    let mut after = String::new();
    loop {
        let page = block_on(async { Ok(holds::list(&exchange, after.clone(), PAGE).await?) })?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id.clone();
        for view in &page {
            say(if json { serde_json::to_string(view).map_err(Failure::system)? } else { line(view) });
        }
    }
}

fn line(view: &HoldView) -> String {
    let until = view.until.map_or("-".to_owned(), |until| until.to_string());
    format!(
        "{}  {:<8} {:<9} {}  至 until {until}  {}",
        view.id, view.status, view.target, view.value, view.reason
    )
}
