//! `shuidaiyi ledger recover`: going on under a new origin when what was signed cannot be had back.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use crate::cli::output::{Failure, operator_label, say};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::service::recover::{Plan, RecoverError, Survey, carry_out, survey};

/// `ledger recover`
#[derive(Args)]
pub struct RecoverOptions {
    /// Configuration file.
    #[arg(long)]
    pub config: PathBuf,
    /// Why, up to 500 characters. It stands in the ledger for every member to read: name no person and no firm.
    #[arg(long)]
    pub reason: String,
    /// The newest checkpoint, receipt or stored pull answer of this ledger that any member kept.
    #[arg(long, value_name = "FILE")]
    pub old_checkpoint: Option<PathBuf>,
    /// Do it. Without this it only says what is wrong and what would be done.
    #[arg(long)]
    pub yes: bool,
}

/// Says what is wrong, and with `--yes` opens the new origin.
pub fn run(options: &RecoverOptions) -> Result<ExitCode, Failure> {
    let places = Config::load(&options.config)?.places()?;
    let old = match &options.old_checkpoint {
        None => None,
        Some(path) => Some(std::fs::read_to_string(path).map_err(|why| Failure::usage(why).about(path))?),
    };
    let Survey { wrong, plan } = survey(&places, SystemClock.now(), &options.reason, old.as_deref())?;
    for what in &wrong {
        say(format!("问题 wrong: {what}"));
    }
    tell(&plan);
    if !options.yes {
        return Err(Failure::no(
            "nothing was changed. If neither the newest database nor the right anchor can be had, run it again with --yes",
        ));
    }
    let done = carry_out(&places, Arc::new(SystemClock), &plan, operator_label())?;
    say(format!("已恢复 recovered: entry {} of {}", done.index, plan.new_origin));
    say(format!("新验证公钥 new verifier key: {}", done.vkey));
    say(
        "请通知各成员：重新取 /v1/keys，并提交其保存的最新收据 tell every member: fetch /v1/keys again, and show the newest receipt it holds",
    );
    Ok(ExitCode::SUCCESS)
}

fn tell(plan: &Plan) {
    say(format!(
        "旧账本 old origin: {}, newest checkpoint known: {} entries, root {}",
        plan.old_origin, plan.old_size, plan.old_root
    ));
    say(format!("保留条目 entries kept: {}", plan.kept));
    if plan.kept < plan.old_size {
        say(format!("丢失条目 entries lost: {} to {}", plan.kept, plan.old_size - 1));
    }
    say(format!(
        "新账本 new origin: {}{}",
        plan.new_origin,
        if plan.new_key.is_some() { ", with a new key" } else { "" }
    ));
}

impl From<RecoverError> for Failure {
    fn from(error: RecoverError) -> Self {
        match error {
            RecoverError::NothingWrong
            | RecoverError::InUse
            | RecoverError::Unknown
            | RecoverError::Changed { .. } => Failure::no(error),
            RecoverError::Unusable(_) => Failure::usage(error),
            RecoverError::Damaged(_) | RecoverError::File { .. } => Failure::system(error),
            RecoverError::Start(error) => error.into(),
            RecoverError::Service(error) => error.into(),
        }
    }
}
