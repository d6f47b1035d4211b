//! `shuidaiyi evidence`: one self-contained bundle about a release, for whoever never saw the gateway.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::output::{Failure, block_on, open_exchange, operator_caller, say};
use crate::service::evidence_bundle;

/// `evidence`
#[derive(Args, Clone)]
pub struct EvidenceOptions {
    /// The release's id.
    pub release: String,
    /// Configuration file.
    #[arg(long)]
    pub config: PathBuf,
    /// The ZIP to write; it must not be there yet.
    #[arg(long, value_name = "FILE.zip")]
    pub out: PathBuf,
}

/// Makes the bundle and writes it.
pub fn run(options: &EvidenceOptions) -> Result<ExitCode, Failure> {
    let exchange = open_exchange(&options.config)?;
    // Before anything is recorded: a bundle that cannot be written is not made.
    let mut out = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&options.out)
        .map_err(|why| Failure::usage(why).about(&options.out))?;
    let made = block_on(async {
        Ok(evidence_bundle::make(&exchange, &operator_caller()?, &options.release).await?)
    });
    let made = made.and_then(|made| {
        std::io::Write::write_all(&mut out, &made.bytes)
            .map_err(|why| Failure::system(why).about(&options.out))?;
        Ok(made)
    });
    let made = match made {
        Ok(made) => made,
        Err(failure) => {
            // The empty file would stand in the way of the next try.
            drop(std::fs::remove_file(&options.out));
            return Err(failure);
        }
    };
    say(format!("证据包 bundle: {}", options.out.display()));
    say(format!("清单摘要 manifest: {}", made.manifest_digest));
    say(format!("核验 to check: shuidaiyi verify {} --trust trust.json", options.out.display()));
    Ok(ExitCode::SUCCESS)
}
