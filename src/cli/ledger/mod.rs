//! `shuidaiyi ledger …`: the ledger on the host's command line.

mod audit;
mod checkpoint;
mod export;
mod recover;
mod replay;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::output::Failure;

/// `ledger`
#[derive(Args)]
pub struct LedgerOptions {
    /// What to do.
    #[command(subcommand)]
    pub action: LedgerAction,
}

/// What to do with the ledger.
#[derive(Subcommand)]
pub enum LedgerAction {
    /// 全面核对 Recomputes the whole ledger and names the first mismatch
    Audit(audit::AuditOptions),
    /// 最新检查点 The newest checkpoint: size and root, signed
    Checkpoint(checkpoint::CheckpointOptions),
    /// 重放：按当时的记录重建档案并比对 Rebuild a dossier and compare
    Replay(replay::ReplayOptions),
    /// 灾难恢复：另开新账本 Go on under a new origin when database, anchor or key cannot be had back
    Recover(recover::RecoverOptions),
    /// 导出公开账本 The open log as static C2SP files, for a mirror
    Export(export::ExportOptions),
}

/// Does what was asked.
pub fn run(options: &LedgerOptions) -> Result<ExitCode, Failure> {
    match &options.action {
        LedgerAction::Audit(options) => audit::run(options),
        LedgerAction::Checkpoint(options) => checkpoint::run(options),
        LedgerAction::Replay(options) => replay::run(options),
        LedgerAction::Recover(options) => recover::run(options),
        LedgerAction::Export(options) => export::run(options),
    }
}
