//! `shuidaiyi verify`: offline, with the trust file and nothing else, or a bundle of evidence. Each check is a line.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use serde::Deserialize;
use serde_json::json;

use super::arguments::VerifyOptions;
use super::output::{Failure, NO, say};
use crate::clock::{Clock, SystemClock};
use crate::ledger::policy::Policy;
use crate::seal::consent_receipt::is_consent_receipt;
use crate::seal::trust::TrustFile;
use crate::seal::verify::{Check, Expectations};
use crate::service::consent_receipt::ReceiptAnswer;
use crate::service::pdf_attachment::{attachments, is_pdf};
use crate::service::receipt::Receipt;
use crate::service::verify::{PullAnswer, verify};
use crate::service::verify_bundle::{Bundle, is_bundle};
use crate::service::verify_consent::verify_consent;
use crate::service::verify_policy::check_policy;

/// What counts of an answer of `GET /v1/releases/{id}`.
#[derive(Deserialize)]
struct LaterReceipt {
    release_id: String,
    receipt: Receipt,
}

/// Checks a saved answer, a bundle of evidence, or a consent receipt (also inside a printed authorisation, PDF); exit 0
/// only if every check holds.
pub fn run(options: &VerifyOptions) -> Result<ExitCode, Failure> {
    let bytes = read(&options.file)?;
    let trust = options.trust.as_deref().map(read_trust).transpose()?;
    let expect =
        Expectations { audience: options.audience.as_deref(), at_micros: SystemClock.now().micros() };
    let needed =
        || Failure::usage("name the exchange's trust file: --trust trust.json; only a bundle brings its own");
    let (mut checks, receipt) = if is_bundle(&bytes) {
        let bundle = Bundle::open(&bytes).map_err(|why| Failure::usage(why).about(&options.file))?;
        (bundle.verify(trust.as_ref(), expect).checks, Some(bundle.receipt()))
    } else if let Some(jws) = consent_receipt(options, &bytes)? {
        let (checks, found) = verify_consent(&jws, &trust.ok_or_else(needed)?, expect);
        (checks, found.map(|(_, proof)| proof))
    } else {
        let answer = read_answer(options, &bytes)?;
        (verify(&answer, &trust.ok_or_else(needed)?, expect).checks, Some(answer.receipt))
    };
    if let Some(path) = &options.policy {
        let text = String::from_utf8(read(path)?).map_err(|why| Failure::usage(why).about(path))?;
        let policy = Policy::parse(&text).map_err(|why| Failure::usage(why).about(path))?;
        if let Some(receipt) = &receipt {
            checks.extend(check_policy(receipt, &policy));
        }
    }
    tell(&checks, options.json);
    let holds = checks.iter().all(|check| check.outcome.is_ok());
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::from(NO) })
}

fn tell(checks: &[Check], as_json: bool) {
    let holds = checks.iter().all(|check| check.outcome.is_ok());
    if as_json {
        let checks: Vec<_> = checks
            .iter()
            .map(|c| json!({"check": c.name, "holds": c.outcome.is_ok(), "detail": c.outcome.as_ref().unwrap_or_else(|why| why)}))
            .collect();
        say(json!({"holds": holds, "checks": checks}));
    } else {
        for check in checks {
            match &check.outcome {
                Ok(detail) => say(format!("  ✓ {}  {detail}", check.name)),
                Err(why) => say(format!("  ✗ {}  {why}", check.name)),
            }
        }
        say(if holds {
            "核验通过 every check holds"
        } else {
            "核验不通过 NOT every check holds: do not rely on it"
        });
    }
}

/// The consent receipt, if the file is one, or the answer that brought one, or a PDF that has one attached.
fn consent_receipt(options: &VerifyOptions, bytes: &[u8]) -> Result<Option<String>, Failure> {
    if is_pdf(bytes) {
        let texts = attachments(bytes).into_iter().filter_map(|file| String::from_utf8(file).ok());
        let found: Vec<String> =
            texts.map(|text| text.trim().to_owned()).filter(|text| is_consent_receipt(text)).collect();
        return match <[String; 1]>::try_from(found) {
            Ok([one]) => Ok(Some(one)),
            Err(other) => Err(Failure::usage(format!(
                "a printed authorisation has one consent receipt attached, this PDF has {}",
                other.len()
            ))
            .about(&options.file)),
        };
    }
    if let Ok(answer) = serde_json::from_slice::<ReceiptAnswer>(bytes) {
        return Ok(Some(answer.receipt));
    }
    let text = std::str::from_utf8(bytes).ok().map(str::trim).filter(|text| is_consent_receipt(text));
    Ok(text.map(str::to_owned))
}

/// The saved answer; with the receipt of a later answer about the same release, if one is named.
fn read_answer(options: &VerifyOptions, bytes: &[u8]) -> Result<PullAnswer, Failure> {
    let mut answer: PullAnswer = serde_json::from_slice(bytes)
        .map_err(|why| Failure::usage(format!("not the answer of a pull: {why}")).about(&options.file))?;
    if let Some(path) = &options.receipt {
        let later: LaterReceipt = serde_json::from_slice(&read(path)?)
            .map_err(|why| Failure::usage(format!("not a release: {why}")).about(path))?;
        if later.release_id != answer.release_id {
            return Err(Failure::usage("it is about another release").about(path));
        }
        answer.receipt = later.receipt;
    }
    Ok(answer)
}

fn read_trust(path: &Path) -> Result<TrustFile, Failure> {
    let text = String::from_utf8_lossy(&read(path)?).into_owned();
    TrustFile::parse(&text).map_err(|why| Failure::usage(format!("{}: {why}", path.display())))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes).map(drop)
    } else {
        std::fs::read(path).map(|whole| bytes = whole)
    };
    read.map_err(|why| Failure::usage(format!("{}: {why}", path.display())))?;
    Ok(bytes)
}
