//! `shuidaiyi notification`: notices that the webhook did not take.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use super::output::{Failure, open_exchange, say};
use crate::store::notifications;

/// Notices listed at most.
const LISTED: i64 = 1_000;

/// `notification`
#[derive(Args)]
pub struct NotificationOptions {
    /// What to do.
    #[command(subcommand)]
    pub action: NotificationAction,
}

/// What to do with notices.
#[derive(Subcommand)]
pub enum NotificationAction {
    /// 列出 Notices that were parked, since the webhook refused them too often
    List {
        /// Configuration file.
        #[arg(long)]
        config: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// 恢复 Send parked notices again
    Resume {
        /// Configuration file.
        #[arg(long)]
        config: PathBuf,
    },
}

/// Does it.
pub fn run(options: &NotificationOptions) -> Result<ExitCode, Failure> {
    match &options.action {
        NotificationAction::List { config, json: as_json } => {
            let exchange = open_exchange(config)?;
            let parked =
                exchange.ledger.read(|c| notifications::parked(c, LISTED)).map_err(Failure::system)?;
            for one in &parked {
                let fault = one.fault.as_deref().unwrap_or_default();
                if *as_json {
                    say(
                        json!({ "id": one.id, "template": one.notice.kind(), "at": one.at, "attempts": one.attempts, "fault": fault }),
                    );
                } else {
                    say(format!(
                        "{}  {}  {}  {} 次 attempts  {fault}",
                        one.id,
                        one.at,
                        one.notice.kind(),
                        one.attempts
                    ));
                }
            }
            if parked.is_empty() && !as_json {
                say("没有搁置的通知 no notice is parked");
            }
        }
        NotificationAction::Resume { config } => {
            let exchange = open_exchange(config)?;
            let now = exchange.clock.now();
            let count = exchange.ledger.write(|c| notifications::resume(c, now)).map_err(Failure::system)?;
            say(format!("已恢复 {count} 条，网关将重新发送 {count} notices wait to be sent again"));
        }
    }
    Ok(ExitCode::SUCCESS)
}
