//! Offline verification of a pull answer: the dossier, its receipt, and that the two belong together.
//!
//! Needs the trust file and nothing else: no gateway, no database, no network.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::receipt::Receipt;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::{Entry, EntryKind, Salt, commit};
use crate::ledger::note::NoteVerifier;
use crate::ledger::receipt::InclusionReceipt;
use crate::seal::sd_jwt::HOLDER;
use crate::seal::trust::TrustFile;
use crate::seal::verify::{Check, DossierReport, Expectations, check_dossier};

/// What a pull answered, as saved by the bank.
#[derive(Clone, Debug, Deserialize)]
pub struct PullAnswer {
    /// The release.
    pub release_id: String,
    /// The SD-JWT.
    pub dossier: String,
    /// Proves that the release was recorded.
    pub receipt: Receipt,
}

/// Checks everything; every check is there, whether the ones before it hold or not.
pub fn verify(answer: &PullAnswer, trust: &TrustFile, expect: Expectations<'_>) -> DossierReport {
    let mut report = check_dossier(&answer.dossier, trust, expect);
    let entry = entry_of(answer);
    let checks = [
        check("编号 release id", release_id(answer, &report)),
        check(
            "存证条目 ledger entry",
            entry.as_ref().map(|entry| format!("{} at {}", entry.kind, entry.at)).map_err(Clone::clone),
        ),
        check("存证与档案 entry names this dossier", names_dossier(entry.as_ref(), &report)),
        check(
            "存证与纳税人 entry commits to this taxpayer",
            commits_to_subject(answer, entry.as_ref(), &report),
        ),
        check("收据 inclusion proof and checkpoint", inclusion(answer, trust)),
    ];
    report.checks.extend(checks);
    report
}

fn check(name: &'static str, outcome: Result<String, String>) -> Check {
    Check { name, outcome }
}

fn release_id(answer: &PullAnswer, report: &DossierReport) -> Result<String, String> {
    let claims = report.claims.as_ref().ok_or("the dossier's claims could not be read")?;
    match claims.jti == answer.release_id {
        true => Ok(answer.release_id.clone()),
        false => Err("the answer's release_id is not the dossier's jti".into()),
    }
}

fn leaf(answer: &PullAnswer) -> Result<Vec<u8>, String> {
    STANDARD.decode(&answer.receipt.entry).map_err(|why| format!("receipt.entry is not base64: {why}"))
}

fn entry_of(answer: &PullAnswer) -> Result<Entry, String> {
    let entry = Entry::parse(&leaf(answer)?).map_err(|why| format!("receipt.entry: {why}"))?;
    let kinds = [EntryKind::ReleaseGranted, EntryKind::ReleaseRepeated, EntryKind::ReleaseSelf];
    if !kinds.iter().any(|kind| kind.as_str() == entry.kind) {
        return Err(format!("receipt.entry is of kind {}, not a release", entry.kind));
    }
    if entry.id != answer.release_id {
        return Err("receipt.entry is about another release".into());
    }
    Ok(entry)
}

fn field<'a>(entry: Result<&'a Entry, &String>, name: &str) -> Result<&'a str, String> {
    let entry = entry.map_err(|_| "the entry could not be read".to_owned())?;
    entry.fields.get(name).and_then(|value| value.as_str()).ok_or(format!("the entry has no {name}"))
}

fn names_dossier(entry: Result<&Entry, &String>, report: &DossierReport) -> Result<String, String> {
    let named = field(entry, "dossier_digest")?;
    let own = entry.is_ok_and(|entry| entry.kind == EntryKind::ReleaseSelf.as_str());
    let for_holder = report.claims.as_ref().is_some_and(|claims| claims.aud == HOLDER);
    match report.dossier_digest.as_deref() {
        // A bank's dossier is no firm's copy, whoever shows it.
        Some(_) if own != for_holder => {
            Err(format!("aud and the entry's kind do not agree: {HOLDER} is for a firm's own copy alone"))
        }
        Some(digest) if digest == named && own => {
            Ok(format!("{digest} 企业自取副本，任何机构均可核验 the firm's own copy, for whoever holds it"))
        }
        Some(digest) if digest == named => Ok(digest.to_owned()),
        Some(_) | None => Err("the entry's dossier_digest is not this dossier's".into()),
    }
}

fn commits_to_subject(
    answer: &PullAnswer,
    entry: Result<&Entry, &String>,
    report: &DossierReport,
) -> Result<String, String> {
    let committed = field(entry, "subject")?;
    let claims = report.claims.as_ref().ok_or("the dossier's claims could not be read")?;
    let salt =
        STANDARD.decode(&answer.receipt.salt).map_err(|why| format!("receipt.salt is not base64: {why}"))?;
    let salt: [u8; 32] = salt.try_into().map_err(|_| "receipt.salt is not 32 bytes")?;
    match commit(&Salt::from_bytes(salt), &claims.sub) == committed {
        true => Ok("SHA-256(salt ‖ sub)".into()),
        false => Err("the entry's subject is not SHA-256(salt ‖ sub)".into()),
    }
}

/// When an entry was made, as its leaf says.
fn entered(leaf: &[u8]) -> Option<Timestamp> {
    Entry::parse(leaf).ok()?.at.parse().ok()
}

fn inclusion(answer: &PullAnswer, trust: &TrustFile) -> Result<String, String> {
    included(&leaf(answer)?, &answer.receipt.proof, trust)
}

/// Whether the proof leads from the leaf to a checkpoint signed by a key that was the ledger's when the entry was made.
pub(super) fn included(leaf: &[u8], proof: &str, trust: &TrustFile) -> Result<String, String> {
    let proof = InclusionReceipt::parse(proof).map_err(|why| format!("receipt.proof: {why}"))?;
    let past = trust.ledger_vkeys.iter().map(|key| (key.vkey.as_str(), key.to.map(Timestamp::from_utc)));
    let mut last = "the trust file names no ledger key".to_owned();
    for (key, to) in past.chain([(trust.ledger_vkey.as_str(), None)]) {
        let verifier: NoteVerifier = key.parse().map_err(|why| format!("trust file, ledger key: {why}"))?;
        match proof.verify(leaf, &verifier) {
            // Whoever finds a key that is no longer used can sign with it, but not make an entry of before.
            Ok(_) if to.is_some_and(|to| entered(leaf).is_none_or(|at| at >= to)) => {
                last = "the checkpoint is signed by a ledger key that was no longer used when the entry was made".into();
            }
            Ok(checkpoint) => return Ok(format!("entry {} in a ledger of {}", proof.index, checkpoint.size)),
            Err(why) => last = why.to_string(),
        }
    }
    Err(last)
}
