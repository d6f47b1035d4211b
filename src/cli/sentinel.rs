//! `shuidaiyi sentinel`: what the sentinels watch. Their thresholds stand in the configuration, under `[sentinels]`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::output::{Failure, block_on, open_exchange, operator_label, say};
use crate::service::admin::Actor;
use crate::service::canaries;

/// `sentinel`
#[derive(Args)]
pub struct SentinelCommandOptions {
    /// What to do.
    #[command(subcommand)]
    pub action: SentinelAction,
}

/// What the sentinels watch.
#[derive(Subcommand)]
pub enum SentinelAction {
    /// 警示户 Canary taxpayers: nobody has reason to pull them
    #[command(subcommand)]
    Canary(CanaryAction),
}

/// What to do with canaries.
#[derive(Subcommand)]
pub enum CanaryAction {
    /// 登记 Register one
    Add(CanaryOptions),
    /// 注销 Forget one
    Remove(CanaryOptions),
    /// 列出 Every one
    List {
        /// Configuration file.
        #[arg(long)]
        config: PathBuf,
    },
}

/// `sentinel canary add|remove`
#[derive(Args)]
pub struct CanaryOptions {
    /// Configuration file.
    #[arg(long)]
    pub config: PathBuf,
    /// The taxpayer's number.
    pub taxpayer: String,
}

/// Does what was asked.
pub fn run(options: &SentinelCommandOptions) -> Result<ExitCode, Failure> {
    let SentinelAction::Canary(action) = &options.action;
    let actor = Actor::operator(operator_label());
    match action {
        CanaryAction::Add(CanaryOptions { config, taxpayer }) => {
            let exchange = open_exchange(config)?;
            match block_on(async { Ok(canaries::add(&exchange, &actor, taxpayer).await?) })? {
                true => say(format!("已登记 registered: {taxpayer}")),
                false => return Err(Failure::no(format!("{taxpayer} is a canary already"))),
            }
        }
        CanaryAction::Remove(CanaryOptions { config, taxpayer }) => {
            let exchange = open_exchange(config)?;
            match block_on(async { Ok(canaries::remove(&exchange, &actor, taxpayer).await?) })? {
                true => say(format!("已注销 removed: {taxpayer}")),
                false => return Err(Failure::no(format!("{taxpayer} is no canary"))),
            }
        }
        CanaryAction::List { config } => {
            let exchange = open_exchange(config)?;
            for taxpayer in block_on(async { Ok(canaries::list(&exchange).await?) })? {
                say(taxpayer);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
