//! `shuidaiyi ledger export`: the open log as static files, for mirrors and for whoever verifies it offline.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::cli::output::{Failure, block_on, open_exchange, say};
use crate::cli::synth_command::bar;
use crate::service::log_export::{ExportError, export};

/// `ledger export`
#[derive(Args)]
pub struct ExportOptions {
    /// Configuration file.
    #[arg(long)]
    pub config: PathBuf,
    /// 目录 Where to: `checkpoint`, `tile/<L>/<N>` and `tile/entries/<N>`, as C2SP tlog-tiles names them.
    #[arg(long)]
    pub out: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Exports, or adds to an earlier export what came since.
pub fn run(options: &ExportOptions) -> Result<ExitCode, Failure> {
    let exchange = open_exchange(&options.config)?;
    let bar = bar("条目 entries", 0);
    let told = bar.clone();
    let progress = move |done, total| {
        told.set_length(total);
        told.set_position(done);
    };
    let exported = block_on(async { export(&exchange, &options.out, progress).await.map_err(failure) });
    bar.finish_and_clear();
    let exported = exported?;
    say(match options.json {
        true => serde_json::to_string(&exported).map_err(Failure::system)?,
        false => format!(
            "{} 条目 entries (此前 before: {})，新文件 files written: {} → {}",
            exported.size,
            exported.before,
            exported.files,
            options.out.display()
        ),
    });
    Ok(ExitCode::SUCCESS)
}

fn failure(error: ExportError) -> Failure {
    match error {
        ExportError::File { .. } => Failure::system(error),
        ExportError::Another { .. } => Failure::no(error),
        ExportError::Service(error) => error.into(),
    }
}
