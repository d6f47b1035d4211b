//! Offline verification of a bundle of evidence: that it is whole, what its answer proves, and that the consent is the one.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use serde::Deserialize;
use serde_json::Value;

use super::evidence_bundle::{ANSWER, BUNDLE_VERSION, CHECKPOINT, CONSENT, MANIFEST, TRUST};
use super::receipt::Receipt;
use super::verify::{PullAnswer, verify};
use crate::domain::consent::ConsentTerms;
use crate::ledger::receipt::InclusionReceipt;
use crate::seal::digest::{canonical_json, hexadecimal, prefixed_digest, sha256};
use crate::seal::sd_jwt::DossierClaims;
use crate::seal::trust::TrustFile;
use crate::seal::verify::{Check, DossierReport, Expectations};

/// How a ZIP begins.
const ZIP_MAGIC: &[u8] = b"PK\x03\x04";
/// The longest file of a bundle that is read: a dossier has kilobytes, and nothing here may fill the memory.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Files of a bundle at most.
const FILES_MAX: usize = 32;

/// The file is no bundle of evidence.
#[derive(Debug, thiserror::Error)]
#[error("not a bundle of evidence: {0}")]
pub struct InvalidBundle(String);

/// A bundle's files, unpacked.
#[derive(Debug)]
pub struct Bundle {
    files: BTreeMap<String, Vec<u8>>,
    answer: PullAnswer,
    trust: TrustFile,
}

#[derive(Deserialize)]
struct Manifest {
    v: u64,
    sha256: BTreeMap<String, String>,
}

/// Whether a file is a ZIP, and so not the answer of a pull.
pub fn is_bundle(bytes: &[u8]) -> bool {
    bytes.starts_with(ZIP_MAGIC)
}

impl Bundle {
    /// Unpacks a bundle; nothing is verified yet.
    pub fn open(bytes: &[u8]) -> Result<Self, InvalidBundle> {
        let invalid = |why: &dyn ToString| InvalidBundle(why.to_string());
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|why| invalid(&why))?;
        if zip.len() > FILES_MAX {
            return Err(invalid(&"too many files"));
        }
        let mut files = BTreeMap::new();
        for at in 0..zip.len() {
            let file = zip.by_index(at).map_err(|why| invalid(&why))?;
            let name = file.name().map_err(|why| invalid(&why))?.into_owned();
            let mut content = Vec::new();
            file.take(FILE_BYTES_MAX + 1).read_to_end(&mut content).map_err(|why| invalid(&why))?;
            if u64::try_from(content.len()).map_or(true, |length| length > FILE_BYTES_MAX) {
                return Err(invalid(&format!("{name} is too long")));
            }
            if files.insert(name.clone(), content).is_some() {
                return Err(invalid(&format!("{name} is there twice")));
            }
        }
        let part = |name: &str| files.get(name).ok_or_else(|| invalid(&format!("there is no {name}")));
        let answer =
            serde_json::from_slice(part(ANSWER)?).map_err(|why| invalid(&format!("{ANSWER}: {why}")))?;
        let trust = String::from_utf8_lossy(part(TRUST)?).into_owned();
        let trust = TrustFile::parse(&trust).map_err(|why| invalid(&format!("{TRUST}: {why}")))?;
        Ok(Self { files, answer, trust })
    }

    /// The keys that came with it.
    pub fn trust(&self) -> &TrustFile {
        &self.trust
    }

    /// The receipt of its release.
    pub fn receipt(&self) -> Receipt {
        self.answer.receipt.clone()
    }

    /// Checks everything, by these keys if the verifier has its own, by the bundle's otherwise; each check is there,
    /// whether the ones before it hold or not.
    pub fn verify(&self, pinned: Option<&TrustFile>, expect: Expectations<'_>) -> DossierReport {
        let mut report = verify(&self.answer, pinned.unwrap_or(&self.trust), expect);
        let consent = self.consent();
        let claims = report.claims.as_ref();
        let mut checks = vec![
            check("证据包清单 manifest", self.whole()),
            check("密钥来源 where the keys are from", Ok(whose(pinned.is_some()))),
        ];
        let rest = [
            check("检查点 checkpoint", self.checkpoint()),
            check("授权书 consent as granted", consent_named(&consent, claims)),
            check("授权范围 what the consent allows", consent_allows(&consent, claims, &report)),
        ];
        checks.append(&mut report.checks);
        checks.extend(rest);
        report.checks = checks;
        report
    }

    fn part(&self, name: &str) -> Result<&[u8], String> {
        self.files.get(name).map(Vec::as_slice).ok_or_else(|| format!("there is no {name}"))
    }

    /// Every file must be listed with its digest, and every file listed be there.
    fn whole(&self) -> Result<String, String> {
        let manifest: Manifest =
            serde_json::from_slice(self.part(MANIFEST)?).map_err(|why| format!("{MANIFEST}: {why}"))?;
        if manifest.v != BUNDLE_VERSION {
            return Err(format!("{MANIFEST}: v is {}, not {BUNDLE_VERSION}", manifest.v));
        }
        for (name, digest) in &manifest.sha256 {
            let found = hexadecimal(&sha256(self.part(name)?));
            if found != *digest {
                return Err(format!("{name} has SHA-256 {found}, not {digest}"));
            }
        }
        match self.files.keys().find(|name| *name != MANIFEST && !manifest.sha256.contains_key(*name)) {
            Some(unlisted) => Err(format!("{unlisted} is not in {MANIFEST}")),
            None => Ok(format!("{} files with their SHA-256", manifest.sha256.len())),
        }
    }

    fn checkpoint(&self) -> Result<String, String> {
        let proof = InclusionReceipt::parse(&self.answer.receipt.proof).map_err(|why| why.to_string())?;
        match self.part(CHECKPOINT)? == proof.checkpoint.as_bytes() {
            true => Ok("the one that the receipt proves the entry under".into()),
            false => Err(format!("{CHECKPOINT} is not the receipt's checkpoint")),
        }
    }

    /// The terms, and the digest that dossier and ledger must name.
    fn consent(&self) -> Result<(ConsentTerms, String), String> {
        let value: Value =
            serde_json::from_slice(self.part(CONSENT)?).map_err(|why| format!("{CONSENT}: {why}"))?;
        let digest = prefixed_digest(canonical_json(&value).map_err(|why| why.to_string())?.as_bytes());
        let terms = serde_json::from_value(value).map_err(|why| format!("{CONSENT}: {why}"))?;
        Ok((terms, digest))
    }
}

fn whose(pinned: bool) -> String {
    match pinned {
        true => "核验人自有 the verifier's own".to_owned(),
        false => "随包 the bundle's own: compare trust.json with one obtained from the bureau".to_owned(),
    }
}

fn check(name: &'static str, outcome: Result<String, String>) -> Check {
    Check { name, outcome }
}

type Consent = Result<(ConsentTerms, String), String>;

fn consent_named(consent: &Consent, claims: Option<&DossierClaims>) -> Result<String, String> {
    let (terms, digest) = consent.as_ref().map_err(Clone::clone)?;
    let claims = claims.ok_or("the dossier's claims could not be read")?;
    match *digest == claims.consent.digest && terms.id == claims.consent.id {
        true => Ok(digest.clone()),
        false => Err(format!("{CONSENT} hashes to {digest}, the dossier names {}", claims.consent.digest)),
    }
}

fn consent_allows(
    consent: &Consent,
    claims: Option<&DossierClaims>,
    report: &DossierReport,
) -> Result<String, String> {
    let (terms, _) = consent.as_ref().map_err(Clone::clone)?;
    let claims = claims.ok_or("the dossier's claims could not be read")?;
    let unlike = |what: &str| Err(format!("the consent names another {what} than the dossier"));
    if terms.taxpayer_id.as_str() != claims.sub {
        return unlike("taxpayer");
    }
    if terms.bank.as_str() != claims.aud {
        return unlike("bank");
    }
    if terms.product_id != claims.product {
        return unlike("product");
    }
    if !terms.purpose.iter().any(|purpose| purpose.as_str() == claims.purpose) {
        return unlike("purpose");
    }
    let (from, to) = (terms.valid_from.seconds(), terms.valid_to.micros());
    if claims.iat < from || claims.iat.saturating_mul(1_000_000) >= to {
        return Err("the dossier was signed outside the consent's validity".into());
    }
    let outside = report
        .sections
        .iter()
        .find(|section| !terms.sections.iter().any(|allowed| allowed.as_str() == section.name));
    match outside {
        Some(section) => Err(format!("the consent does not name the section {}", section.name)),
        None => Ok(format!(
            "{} to {}, {} sections",
            terms.taxpayer_id.as_str(),
            terms.bank,
            report.sections.len()
        )),
    }
}
