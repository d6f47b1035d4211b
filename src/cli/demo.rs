//! `shuidaiyi demo`.

use std::process::ExitCode;

use super::arguments::DemoOptions;
use super::output::Failure;

pub fn run(_options: &DemoOptions) -> Result<ExitCode, Failure> {
    Err(Failure::usage("not built yet"))
}
