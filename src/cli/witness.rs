//! `shuidaiyi witness`: what a regulator or a bank runs to cosign the ledger's checkpoints (C2SP tlog-witness).

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::output::{Failure, say};
use super::serve::wait_for_signal;
use crate::app;
use crate::clock::SystemClock;
use crate::http::witness_server::tls_config;
use crate::ledger::note::NoteVerifier;
use crate::service::witness::{Witness, WitnessOpenError, init};

/// `witness`
#[derive(Args)]
pub struct WitnessOptions {
    /// The witness's own private key; --init makes it.
    #[arg(long)]
    pub key: PathBuf,
    /// What it cosigned last: keep it, and never restore an older one; --init makes it.
    #[arg(long)]
    pub state: PathBuf,
    /// Make key and state of a new witness of this name, print its verifier key, and exit.
    #[arg(long, requires = "name", conflicts_with_all = ["listen", "log"])]
    pub init: bool,
    /// Name of a new witness: by convention its URL without scheme, like witness.example/w1.
    #[arg(long, requires = "init")]
    pub name: Option<String>,
    /// Address to listen on.
    #[arg(long, required_unless_present = "init")]
    pub listen: Option<SocketAddr>,
    /// Verifier key of a ledger to watch, as its trust file has it in ledger_vkey; may be given several times.
    #[arg(long, required_unless_present = "init")]
    pub log: Vec<String>,
    /// Certificate chain to listen with TLS; without it, keep the port behind something that has one.
    #[arg(long, requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Its private key.
    #[arg(long, requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
}

/// Makes a new witness, or runs one until it is told to stop.
pub fn run(options: &WitnessOptions) -> Result<ExitCode, Failure> {
    if let (true, Some(name)) = (options.init, &options.name) {
        say(init(name, &options.key, &options.state)?);
        return Ok(ExitCode::SUCCESS);
    }
    let Some(listen) = options.listen else {
        return Err(Failure::usage("name an address to listen on with --listen"));
    };
    let logs = options
        .log
        .iter()
        .map(|key| key.parse().map_err(|why| Failure::usage(format!("--log {key}: {why}"))))
        .collect::<Result<Vec<NoteVerifier>, Failure>>()?;
    let tls = match (&options.tls_cert, &options.tls_key) {
        (Some(certificate), Some(key)) => Some(tls_config(certificate, key).map_err(Failure::usage)?),
        (_, _) => None,
    };
    let scheme = if tls.is_some() { "https" } else { "http" };
    let witness = Arc::new(Witness::open(&options.key, &options.state, logs, Arc::new(SystemClock))?);
    let vkey = witness.vkey();
    let running = app::witness::spawn(witness, listen, tls)?;
    say(format!("见证已启动 the witness listens on {scheme}://{} (Ctrl-C stops it)", running.address));
    say(vkey);
    wait_for_signal()?;
    say("正在停止 stopping");
    running.stop();
    Ok(ExitCode::SUCCESS)
}

impl From<WitnessOpenError> for Failure {
    fn from(error: WitnessOpenError) -> Self {
        Failure::usage(error)
    }
}
