//! `shuidaiyi member return-url`: where a bank may have a person sent back to after answering its request.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::member::{change, parse};
use super::output::{Failure, open_exchange, say};
use crate::domain::return_url::ReturnUrl;
use crate::service::admin::Change;
use crate::store::return_urls;

/// `member return-url`
#[derive(Args, Clone)]
pub struct ReturnUrlOptions {
    #[command(subcommand)]
    action: ReturnUrlAction,
}

/// What to do with a bank's return URLs.
#[derive(Subcommand, Clone)]
enum ReturnUrlAction {
    /// 列出 Those registered
    List {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// Which bank.
        member: String,
    },
    /// 登记 One more; every place at or below it is allowed
    Add {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// Which bank.
        member: String,
        /// Like https://loan.bank.example/back.
        url: String,
    },
    /// 注销 One less
    Remove {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// Which bank.
        member: String,
        /// As `list` shows it.
        url: String,
    },
}

/// Does what was asked.
pub fn return_url(options: &ReturnUrlOptions) -> Result<ExitCode, Failure> {
    let read = |url: &str| url.parse::<ReturnUrl>().map_err(Failure::usage);
    match &options.action {
        ReturnUrlAction::List { config, member } => {
            let member = parse(member)?;
            let exchange = open_exchange(config)?;
            for url in exchange.ledger.read(|c| return_urls::of(c, &member)).map_err(Failure::system)? {
                say(url.to_string());
            }
            Ok(ExitCode::SUCCESS)
        }
        ReturnUrlAction::Add { config, member, url } => {
            change(&*open_exchange(config)?, vec![Change::AddReturnUrl(parse(member)?, read(url)?)])
        }
        ReturnUrlAction::Remove { config, member, url } => {
            change(&*open_exchange(config)?, vec![Change::RemoveReturnUrl(parse(member)?, read(url)?)])
        }
    }
}
