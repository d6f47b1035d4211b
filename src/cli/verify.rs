//! `shuidaiyi verify`: offline, with the trust file and nothing else. Each check is a line.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use serde::Deserialize;
use serde_json::json;

use super::arguments::VerifyOptions;
use super::output::{Failure, NO, say};
use crate::clock::{Clock, SystemClock};
use crate::ledger::policy::Policy;
use crate::seal::trust::TrustFile;
use crate::seal::verify::Expectations;
use crate::service::receipt::Receipt;
use crate::service::verify::{PullAnswer, verify};
use crate::service::verify_policy::check_policy;

/// What counts of an answer of `GET /v1/releases/{id}`.
#[derive(Deserialize)]
struct LaterReceipt {
    release_id: String,
    receipt: Receipt,
}

/// Checks a saved answer; exit 0 only if every check holds.
pub fn run(options: &VerifyOptions) -> Result<ExitCode, Failure> {
    let mut answer: PullAnswer = serde_json::from_str(&read(&options.file)?).map_err(|why| {
        Failure::usage(format!("{}: not the answer of a pull: {why}", options.file.display()))
    })?;
    if let Some(path) = &options.receipt {
        let later: LaterReceipt = serde_json::from_str(&read(path)?)
            .map_err(|why| Failure::usage(format!("{}: not a release: {why}", path.display())))?;
        if later.release_id != answer.release_id {
            return Err(Failure::usage(format!("{}: it is about another release", path.display())));
        }
        answer.receipt = later.receipt;
    }
    let trust = TrustFile::parse(&read(&options.trust)?)
        .map_err(|why| Failure::usage(format!("{}: {why}", options.trust.display())))?;
    let expect =
        Expectations { audience: options.audience.as_deref(), at_micros: SystemClock.now().micros() };
    let mut report = verify(&answer, &trust, expect);
    if let Some(path) = &options.policy {
        let policy = Policy::parse(&read(path)?)
            .map_err(|why| Failure::usage(format!("{}: {why}", path.display())))?;
        report.checks.extend(check_policy(&answer.receipt, &policy));
    }
    if options.json {
        let checks: Vec<_> = report
            .checks
            .iter()
            .map(|c| json!({"check": c.name, "holds": c.outcome.is_ok(), "detail": c.outcome.as_ref().unwrap_or_else(|why| why)}))
            .collect();
        say(json!({"holds": report.holds(), "checks": checks}));
    } else {
        for check in &report.checks {
            match &check.outcome {
                Ok(detail) => say(format!("  ✓ {}  {detail}", check.name)),
                Err(why) => say(format!("  ✗ {}  {why}", check.name)),
            }
        }
        say(if report.holds() {
            "核验通过 every check holds"
        } else {
            "核验不通过 NOT every check holds: do not rely on this dossier"
        });
    }
    Ok(if report.holds() { ExitCode::SUCCESS } else { ExitCode::from(NO) })
}

fn read(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map(drop)
    } else {
        std::fs::read_to_string(path).map(|whole| text = whole)
    };
    read.map_err(|why| Failure::usage(format!("{}: {why}", path.display())))?;
    Ok(text)
}
