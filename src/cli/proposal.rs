//! `shuidaiyi proposal`: changes that wait for a second person, decided on the host by another user than proposed them.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::output::{Failure, open_exchange, operator, say};
use crate::domain::proposal::ProposalStatus;
use crate::service::proposals::{self, Decided, ProposalView};

/// Proposals read at a time.
const PAGE: i64 = 1_000;

/// `proposal`
#[derive(Args)]
pub struct ProposalOptions {
    /// What to do with proposals.
    #[command(subcommand)]
    pub action: ProposalAction,
}

/// What to do with proposals.
#[derive(Subcommand)]
pub enum ProposalAction {
    /// 列出待批准的变更 Changes that wait
    List(ListOptions),
    /// 批准 Approve, as another person than proposed it
    Approve(DecideOptions),
    /// 驳回 Turn down
    Reject(DecideOptions),
}

/// `proposal list`
#[derive(Args)]
pub struct ListOptions {
    /// The configuration file.
    #[arg(long)]
    pub config: PathBuf,
    /// Those decided and lapsed too.
    #[arg(long)]
    pub all: bool,
    /// Print JSON, a line each.
    #[arg(long)]
    pub json: bool,
}

/// `proposal approve`, `proposal reject`
#[derive(Args)]
pub struct DecideOptions {
    /// The configuration file.
    #[arg(long)]
    pub config: PathBuf,
    /// The proposal's id.
    pub id: String,
}

/// Does what was asked.
pub fn run(options: &ProposalOptions) -> Result<ExitCode, Failure> {
    match &options.action {
        ProposalAction::List(options) => list(options),
        ProposalAction::Approve(options) => {
            let exchange = open_exchange(&options.config)?;
            tell(&proposals::approve(&exchange, operator(), options.id.clone())?)
        }
        ProposalAction::Reject(options) => {
            let exchange = open_exchange(&options.config)?;
            tell(&proposals::reject(&exchange, operator(), options.id.clone())?)
        }
    }
}

fn tell(decided: &Decided) -> Result<ExitCode, Failure> {
    let word = match decided.proposal.status {
        ProposalStatus::Approved => "已批准并生效 approved and in effect",
        ProposalStatus::Rejected => "已驳回 turned down",
        ProposalStatus::Open => "待批准 open",
        ProposalStatus::Lapsed => "已失效 lapsed",
    };
    say(format!("{} {word}", decided.proposal.id));
    Ok(ExitCode::SUCCESS)
}

fn list(options: &ListOptions) -> Result<ExitCode, Failure> {
    let exchange = open_exchange(&options.config)?;
    let mut after = String::new();
    loop {
        let page = proposals::page(&exchange, &after, PAGE)?;
        let Some(last) = page.last() else { return Ok(ExitCode::SUCCESS) };
        after.clone_from(&last.id);
        for proposal in page.iter().filter(|p| options.all || p.status == ProposalStatus::Open) {
            if options.json {
                say(serde_json::to_string(proposal).map_err(Failure::system)?);
            } else {
                print(proposal);
            }
        }
    }
}

fn print(proposal: &ProposalView) {
    say(format!(
        "{}  {:<9} {} {}  {}  至 until {}",
        proposal.id,
        proposal.status,
        proposal.proposed_by,
        proposal.proposed_label,
        proposal.proposed_at,
        proposal.expires_at
    ));
    for change in &proposal.changes {
        say(format!("    {} {} {}", change.change, change.subject, change.detail));
    }
}
