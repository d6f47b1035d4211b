//! The commands. Each prints for people, Chinese first; errors go to stderr in one line that says how to mend them.

mod arguments;
mod check;
mod consent;
mod contact;
mod delivered;
mod demo;
mod enrol;
mod evidence;
mod hold;
mod import;
pub mod init;
mod key;
mod ledger;
mod member;
mod notification;
mod output;
mod proposal;
mod pull;
mod return_url;
mod sentinel;
mod serve;
mod show;
pub mod synth;
mod synth_command;
mod verify;
mod witness;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use self::arguments::Command;
pub use self::arguments::{Arguments, InitOptions};
use self::output::Failure;

/// Runs the program.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(usage) => {
            // Help and version are answers, not errors; a closed pipe needs no second complaint.
            drop(usage.print());
            return ExitCode::from(if usage.use_stderr() { 2 } else { 0 });
        }
    };
    start_log(&arguments);
    match run(arguments.command) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Demo(options) => demo::run(&options),
        Command::Init(options) => init::run(&options),
        Command::Serve(options) => serve::run(&options),
        Command::Synth(options) => synth_command::run(&options),
        Command::Check(options) => check::run(&options),
        Command::Import(options) => import::run(&options),
        Command::Member(options) => member::run(&options),
        Command::Proposal(options) => proposal::run(&options),
        Command::Consent(options) => consent::run(&options),
        Command::Pull(options) => pull::run(&options),
        Command::Verify(options) => verify::run(&options),
        Command::Show(options) => show::run(&options),
        Command::Key(options) => key::run(&options),
        Command::Ledger(options) => ledger::run(&options),
        Command::Hold(options) => hold::run(&options),
        Command::Evidence(options) => evidence::run(&options),
        Command::Witness(options) => witness::run(&options),
        Command::Notification(options) => notification::run(&options),
        Command::Sentinel(options) => sentinel::run(&options),
    }
}

/// Logs go to stderr, as JSON lines for a machine, quiet by default on commands that talk to a person.
fn start_log(arguments: &Arguments) {
    let serves = matches!(arguments.command, Command::Serve(_) | Command::Witness(_));
    let level = if serves { "info" } else { "error" };
    let filter = EnvFilter::try_from_env("SHUIDAIYI_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if serves {
        log.json().init();
    } else {
        log.init();
    }
}
