//! The bundle of evidence about one release: everything that it takes to check it on a machine that never saw the gateway.
//!
//! A ZIP of plain files: the answer as the bank has it, checkpoint, keys, the consent as granted, a page in Chinese that
//! says what they prove and how to check them, and a manifest of their SHA-256. `service::verify_bundle` reads it.

use std::io::{Cursor, Write};
use std::sync::Arc;

use serde::Serialize;
use serde_json::json;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::Exchange;
use super::admin::Actor;
use super::audit::{Replayed, replay, replay_own};
use super::bundle_page::{self, page};
use super::directory::Caller;
use super::error::{ServiceError, ServiceResult};
use super::evidence;
use super::rebuild::rebuild;
use super::receipt::Receipt;
use crate::domain::consent::ConsentTerms;
use crate::domain::representative::ActingFor;
use crate::ledger::entry::EntryKind;
use crate::ledger::receipt::InclusionReceipt;
use crate::seal::digest::{canonical_json, hexadecimal, prefixed_digest, sha256};
use crate::store::ledger::{Draft, Field};
use crate::store::releases::ReleaseRow;
use crate::store::{audit_read, consents, members};

/// Names of the bundle's files.
pub const ANSWER: &str = "answer.json";
/// See [`ANSWER`].
pub const CHECKPOINT: &str = "checkpoint.txt";
/// See [`ANSWER`].
pub const TRUST: &str = "trust.json";
/// See [`ANSWER`].
pub const CONSENT: &str = "consent.json";
/// See [`ANSWER`].
pub const PAGE: &str = "说明.html";
/// See [`ANSWER`].
pub const MANIFEST: &str = "manifest.json";
/// Bundles that are made of one access before its firm is told to use those it has.
const BUNDLES_MAX: usize = 20;
/// Version of the bundle's layout.
pub const BUNDLE_VERSION: u64 = 1;

/// A bundle, made and recorded.
#[derive(Debug)]
pub struct EvidenceBundle {
    /// The release.
    pub release_id: String,
    /// The ZIP.
    pub bytes: Vec<u8>,
    /// `sha-256:` digest of its manifest, as the entry names it.
    pub manifest_digest: String,
    /// Proves that it was made: entry `evidence.made`.
    pub receipt: Receipt,
}

/// Makes the bundle of a granted release. Its dossier is rebuilt and must come out identical; that it was made is an entry.
pub async fn make(exchange: &Arc<Exchange>, caller: &Caller, id: &str) -> ServiceResult<EvidenceBundle> {
    let replayed = replay(exchange, caller, id, None).await?;
    bundle(exchange, Actor::from(caller), id, replayed, Told::Everything).await
}

/// The same for a firm about one of its own accesses, a few times of each. Without the bank's own case number.
pub async fn make_own(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    id: &str,
) -> ServiceResult<EvidenceBundle> {
    let replayed = replay_own(exchange, acting, id).await?;
    let wanted = id.to_owned();
    let made = exchange
        .blocking(move |e| {
            Ok(e.ledger.read(|c| audit_read::indices_about(c, &wanted, EntryKind::EvidenceMade))?)
        })
        .await?;
    if made.len() >= BUNDLES_MAX {
        let why = "evidence of this access was made many times: any of the bundles you have proves the same";
        return Err(ServiceError::Conflict(why.into()));
    }
    bundle(exchange, Actor::from(acting), id, replayed, Told::WithoutTheBanksOwn).await
}

/// How much a bundle tells.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// For the bureau.
    Everything,
    /// For the firm: not how the bank calls its case.
    WithoutTheBanksOwn,
}

async fn bundle(
    exchange: &Arc<Exchange>,
    actor: Actor,
    id: &str,
    replayed: Replayed,
    told: Told,
) -> ServiceResult<EvidenceBundle> {
    if let Some(difference) = &replayed.first_difference {
        return Err(ServiceError::Conflict(format!(
            "the replay differs, so there is no evidence to give: {difference}"
        )));
    }
    // A receipt under the newest checkpoint this exchange has for it, cosigned if witnesses were there.
    let receipt = evidence::receipt_of(exchange, id, EntryKind::ReleaseGranted).await?;
    let mut subject = {
        let id = id.to_owned();
        exchange.blocking(move |e| read(e, &id)).await?
    };
    if told == Told::WithoutTheBanksOwn {
        subject.row.bank_ref = None;
    }
    let dossier_digest = replayed.dossier_digest.clone();
    let files = files(exchange, &subject, &receipt, &replayed)?;
    let (manifest, bytes) = pack(&files)?;
    let manifest_digest = prefixed_digest(manifest.as_bytes());
    let draft = Draft {
        kind: EntryKind::EvidenceMade,
        object_id: id.to_owned(),
        actor: actor.member,
        by: actor.label,
        fields: vec![
            ("dossier_digest", Field::Plain(dossier_digest.into())),
            ("manifest_digest", Field::Plain(manifest_digest.as_str().into())),
        ],
    };
    let ((), committed) = exchange.writer.unit(move |_c, _now| Ok(Ok(((), vec![draft])))).await?;
    Ok(EvidenceBundle { release_id: id.to_owned(), bytes, manifest_digest, receipt: committed.receipt(0)? })
}

/// What the bundle is about.
struct Subject {
    row: ReleaseRow,
    terms: ConsentTerms,
    bank_name: String,
    dossier: String,
}

fn read(exchange: &Exchange, id: &str) -> ServiceResult<Subject> {
    let (row, consent, all) = exchange.ledger.read(|c| {
        let row = audit_read::release(c, id)?;
        let consent = row.as_ref().map(|row| consents::find(c, &row.consent_id)).transpose()?.flatten();
        Ok((row, consent, members::all(c)?))
    })?;
    let (row, consent) = row.zip(consent).ok_or(ServiceError::NotFound)?;
    let dossier = rebuild(exchange, &row, &[])?.text();
    let bank = all.into_iter().find(|member| member.id == consent.terms.bank);
    let bank_name = bank.map(|member| member.name).unwrap_or_default();
    Ok(Subject { row, terms: consent.terms, bank_name, dossier })
}

fn files(
    exchange: &Exchange,
    subject: &Subject,
    receipt: &Receipt,
    replayed: &Replayed,
) -> ServiceResult<Vec<(&'static str, String)>> {
    let Subject { row, terms, bank_name, dossier } = subject;
    let proof = InclusionReceipt::parse(&receipt.proof).map_err(ServiceError::internal)?;
    let answer = json!({ "release_id": row.id, "dossier": dossier, "receipt": receipt });
    let trust = exchange.keys.trust();
    let told = bundle_page::Told {
        release: row,
        terms,
        replayed,
        receipt,
        bank_name,
        checkpoint: &proof.checkpoint,
        issuer: &trust.issuer,
        made_at: exchange.clock.now(),
    };
    Ok(vec![
        (ANSWER, pretty(&answer)?),
        (CHECKPOINT, proof.checkpoint.clone()),
        // Canonical, so that its bytes hash to the digest that dossier and ledger name.
        (CONSENT, canonical_json(terms).map_err(ServiceError::internal)?),
        (TRUST, pretty(&*trust)?),
        (PAGE, page(&told)),
    ])
}

fn pretty(value: &impl Serialize) -> ServiceResult<String> {
    Ok(serde_json::to_string_pretty(value).map_err(ServiceError::internal)? + "\n")
}

/// The manifest, and the ZIP of all files. Nothing in it depends on the day: the same files give the same bytes.
fn pack(files: &[(&'static str, String)]) -> ServiceResult<(String, Vec<u8>)> {
    let listed: serde_json::Map<String, serde_json::Value> = files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), hexadecimal(&sha256(text.as_bytes())).into()))
        .collect();
    let manifest = pretty(&json!({ "v": BUNDLE_VERSION, "sha256": listed }))?;
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default());
    let all = files.iter().map(|(name, text)| (*name, text.as_str()));
    for (name, text) in all.chain([(MANIFEST, manifest.as_str())]) {
        zip.start_file(name, options).map_err(ServiceError::internal)?;
        zip.write_all(text.as_bytes()).map_err(ServiceError::internal)?;
    }
    let bytes = zip.finish().map_err(ServiceError::internal)?.into_inner();
    Ok((manifest, bytes))
}
