//! Replay: the dossier rebuilt out of the records as of then, and held against the JWT that was kept.
//!
//! Amendments, newer encoders and rotated keys change nothing: records keep every revision, a release names its
//! window, profile, read size and salt epoch, and keys of the past stay in the trust file.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::release::{Found, find, look};
use super::replay_copy::compare_copy;
use super::sight::sight;
use super::{ReadScope, record_read};
use crate::domain::consent::{Consent, ConsentStatus};
use crate::domain::hold::Holds;
use crate::domain::permit::{Ask, permit};
use crate::domain::policy::{Policy, WITHOUT_LIMITS};
use crate::domain::product::{Product, ProductStatus};
use crate::domain::representative::ActingFor;
use crate::domain::section::Section;
use crate::ledger::entry::{EntryKind, Salt, commit};
use crate::seal::digest::{base64url_decode, canonical_json, prefixed_digest};
use crate::seal::jws::read_unverified_payload;
use crate::seal::sd_jwt::{
    self, CLAIMS_VERSION, ConsentClaim, DIGEST_ALGORITHM, Disclosure, DossierClaims, WindowClaim,
};
use crate::seal::verify::{Expectations, check_dossier};
use crate::service::Exchange;
use crate::service::directory::Caller;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::rebuild::{Kept, disclosures_of};
use crate::store::releases::{OUTCOME_GRANTED, ReleaseRow};
use crate::store::{consents, ledger_read, policies, products};

/// A section, rebuilt.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ReplayedSection {
    /// Its name.
    pub section: String,
    /// Digest of its disclosure as rebuilt.
    pub digest: String,
    /// Whether the JWT kept lists that digest.
    pub listed: bool,
}

/// What a replay found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Replayed {
    /// The release.
    pub release_id: String,
    /// Index of its entry.
    pub index: u64,
    /// Ledger size that the records were read at, then and now.
    pub read_at: u64,
    /// Epoch of the salts.
    pub salt_epoch: u32,
    /// `sha-256:` digest of the JWT kept.
    pub dossier_digest: String,
    /// Whether everything came out the same.
    pub identical: bool,
    /// What differs first.
    pub first_difference: Option<String>,
    /// Each section.
    pub sections: Vec<ReplayedSection>,
}

/// Rebuilds a granted release, or a firm's own copy, and compares. The read is an entry before this returns.
pub async fn replay(
    exchange: &Arc<Exchange>,
    caller: &Caller,
    id: &str,
    mandate: Option<&str>,
) -> ServiceResult<Replayed> {
    let sight = sight(exchange, caller, mandate).await?;
    if sight.taxpayers && sight.inspection.is_none() {
        let copy = id.to_owned();
        if let Some(replayed) = exchange.blocking(move |e| compare_copy(e, &copy)).await? {
            record_read(exchange, caller, ReadScope::Replay, id.to_owned(), &serde_json::json!({}), mandate)
                .await?;
            return Ok(replayed);
        }
    }
    let found = find(exchange, id, &sight).await?;
    if found.row.outcome != OUTCOME_GRANTED {
        return Err(ServiceError::Conflict(
            "the pull was refused: nothing left, so nothing is replayed".into(),
        ));
    }
    let replayed = exchange.blocking(move |e| compare(e, &found)).await?;
    record_read(exchange, caller, ReadScope::Replay, id.to_owned(), &serde_json::json!({}), mandate).await?;
    Ok(replayed)
}

/// The same for the firm whose data left. What it reads is its own, so the read is no entry; what it makes of it is.
pub async fn replay_own(exchange: &Arc<Exchange>, acting: &ActingFor, id: &str) -> ServiceResult<Replayed> {
    let (id, taxpayer) = (id.to_owned(), acting.taxpayer().as_str().to_owned());
    exchange
        .blocking(move |e| {
            let found = look(e, &id)?.filter(|found| {
                found.row.outcome == OUTCOME_GRANTED && found.row.taxpayer_id.as_ref() == Some(&taxpayer)
            });
            compare(e, &found.ok_or(ServiceError::NotFound)?)
        })
        .await
}

/// Rebuilds and compares, in the order in which a difference would explain the later ones.
pub(super) fn compare(exchange: &Exchange, found: &Found) -> ServiceResult<Replayed> {
    let kept = Kept::parse(&found.row)?;
    let mut sections = Vec::new();
    let first_difference = match differs(exchange, found, &kept, &mut sections) {
        Ok(()) => None,
        Err(Stop::Differs(what)) => Some(what),
        Err(Stop::Fault(error)) => return Err(error),
    };
    Ok(Replayed {
        release_id: found.row.id.clone(),
        index: found.entry.index,
        read_at: u64::try_from(kept.read_at).map_err(ServiceError::internal)?,
        salt_epoch: kept.salt_epoch,
        dossier_digest: sd_jwt::dossier_digest(kept.jwt),
        identical: first_difference.is_none(),
        first_difference,
        sections,
    })
}

/// A comparison ended early.
enum Stop {
    Differs(String),
    Fault(ServiceError),
}

impl<E: Into<ServiceError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Stop::Fault(error.into())
    }
}

type Compared<T> = Result<T, Stop>;

fn must(holds: bool, otherwise: impl FnOnce() -> String) -> Compared<()> {
    if holds { Ok(()) } else { Err(Stop::Differs(otherwise())) }
}

fn differs(
    exchange: &Exchange,
    found: &Found,
    kept: &Kept<'_>,
    sections: &mut Vec<ReplayedSection>,
) -> Compared<()> {
    let (consent, product, policy) = exchange.ledger.read(|c| {
        let product = found.row.product_id.as_deref().map(|id| products::find(c, id)).transpose()?.flatten();
        let policy = policies::find(c, found.row.policy.as_deref().unwrap_or(WITHOUT_LIMITS))?;
        Ok((consents::find(c, &found.row.consent_id)?, product, policy))
    })?;
    let consent = consent.ok_or_else(|| Stop::Differs("the consent is gone".into()))?;
    let policy = policy.ok_or_else(|| Stop::Differs("the policy that it names is gone".into()))?;
    let consent = as_then(exchange, found, consent)?;
    consent_holds(&consent)?;
    entry_holds(found, kept, &consent)?;
    if exchange.keys.salt(kept.salt_epoch).is_none() {
        return Err(Stop::Differs(format!("the salt key of epoch {} is gone", kept.salt_epoch)));
    }
    let built = disclosures_of(exchange, &found.row, kept)?;
    let listed = kept.listed()?;
    sections.extend(built.iter().map(|(section, disclosure)| ReplayedSection {
        section: section.to_string(),
        digest: disclosure.digest.clone(),
        listed: listed.contains(&disclosure.digest),
    }));
    disclosures_hold(&built, &listed)?;
    claims_hold(exchange, &found.row, kept, &consent, &built)?;
    rules_hold(&found.row, kept, &consent, product, &policy)?;
    let dossier = sd_jwt::assemble(kept.jwt, built.iter().map(|(_, disclosure)| disclosure.encoded.as_str()));
    let expect = Expectations { audience: Some(&found.row.bank), at_micros: exchange.clock.now().micros() };
    let report = check_dossier(&dossier, &exchange.keys.trust(), expect);
    match report.checks.iter().find_map(|check| check.outcome.as_ref().err().map(|why| (check.name, why))) {
        None => Ok(()),
        Some((name, why)) => Err(Stop::Differs(format!("{name}: {why}"))),
    }
}

/// The consent without what happened to it after the release: that it allowed a pull then, the ledger's order tells.
/// So it does of the personal consent that goes with it.
fn as_then(exchange: &Exchange, found: &Found, consent: Consent) -> Compared<Consent> {
    let personal = consent.terms.details.as_ref().and_then(|details| details.personal.as_ref());
    let withdrawn = match personal {
        Some(personal) if consent.personal_withdrawn => {
            let kind = EntryKind::PersonalConsentRevoked;
            exchange.ledger.read(|c| ledger_read::entry_about(c, &personal.id, kind))?
        }
        Some(_) | None => None,
    };
    let personal_withdrawn = withdrawn.is_some_and(|entry| entry.index < found.entry.index);
    Ok(Consent { status: ConsentStatus::Granted, pulls_used: 0, personal_withdrawn, ..consent })
}

fn consent_holds(consent: &Consent) -> Compared<()> {
    let terms = canonical_json(&consent.terms).map_err(ServiceError::internal)?;
    must(prefixed_digest(terms.as_bytes()) == consent.digest, || {
        "consent: its terms do not hash to its digest".into()
    })
}

/// The leaf must say of the release what its row says.
fn entry_holds(found: &Found, kept: &Kept<'_>, consent: &Consent) -> Compared<()> {
    let named = |name: &str| found.leaf.fields.get(name).cloned().unwrap_or(Value::Null);
    let digest = sd_jwt::dossier_digest(kept.jwt);
    for (name, expected) in [
        ("dossier_digest", Value::from(digest)),
        ("consent_digest", Value::from(consent.digest.as_str())),
        ("purpose", Value::from(found.row.purpose.as_str())),
        ("read_at", Value::from(kept.read_at)),
    ] {
        let says = named(name);
        must(says == expected, || format!("entry {}: {name} is {says}, not {expected}", found.entry.index))?;
    }
    must(found.leaf.actor == found.row.bank, || "entry: another member is its actor".into())?;
    // An erased salt opens nothing any more: then the subject cannot be held against the row.
    if let Some(salt) = found.entry.salt.as_deref().and_then(|salt| <[u8; 32]>::try_from(salt).ok()) {
        let subject = commit(&Salt::from_bytes(salt), kept.taxpayer.as_str());
        must(named("subject") == subject, || {
            "entry: subject does not commit to the release's taxpayer".into()
        })?;
    }
    Ok(())
}

fn disclosures_hold(built: &[(Section, Disclosure)], listed: &[String]) -> Compared<()> {
    for (section, disclosure) in built {
        must(listed.contains(&disclosure.digest), || {
            format!(
                "section {section}: rebuilt, it hashes to {}, which the JWT does not list",
                disclosure.digest
            )
        })?;
    }
    for digest in listed {
        must(built.iter().any(|(_, disclosure)| disclosure.digest == *digest), || {
            format!("the JWT lists {digest}, which no section rebuilt hashes to")
        })?;
    }
    Ok(())
}

/// The claims rebuilt must be the JWT's, byte for byte. The bank's nonce alone is taken from the JWT: nothing else holds it.
fn claims_hold(
    exchange: &Exchange,
    row: &ReleaseRow,
    kept: &Kept<'_>,
    consent: &Consent,
    built: &[(Section, Disclosure)],
) -> Compared<()> {
    let says = read_unverified_payload(kept.jwt).map_err(ServiceError::internal)?;
    let mut digests: Vec<String> = built.iter().map(|(_, disclosure)| disclosure.digest.clone()).collect();
    digests.sort_unstable();
    let claims = DossierClaims {
        v: CLAIMS_VERSION,
        iss: exchange.keys.trust().issuer.clone(),
        aud: row.bank.clone(),
        sub: kept.taxpayer.as_str().to_owned(),
        jti: row.id.clone(),
        iat: row.issued_at().seconds(),
        purpose: row.purpose.clone(),
        nonce: says.get("nonce").and_then(Value::as_str).map(str::to_owned),
        consent: ConsentClaim {
            id: consent.terms.id.clone(),
            digest: consent.digest.clone(),
            policy: row.policy.clone().unwrap_or_default(),
        },
        product: row.product_id.clone().unwrap_or_default(),
        read_at: u64::try_from(kept.read_at).map_err(ServiceError::internal)?,
        window: WindowClaim { from: kept.window.from(), to: kept.window.to() },
        sd: digests,
        sd_alg: DIGEST_ALGORITHM.to_owned(),
    };
    let rebuilt = serde_json::to_value(&claims).map_err(ServiceError::internal)?;
    let rebuilt = rebuilt.as_object().cloned().unwrap_or_default();
    for name in rebuilt.keys().chain(says.keys()) {
        must(rebuilt.get(name) == says.get(name), || format!("claim {name}: rebuilt, it is not the JWT's"))?;
    }
    let text = serde_json::to_string(&claims).map_err(ServiceError::internal)?;
    let payload = kept.jwt.split('.').nth(1).and_then(|part| base64url_decode(part).ok());
    must(payload.as_deref() == Some(text.as_bytes()), || "the claims are written otherwise in the JWT".into())
}

/// Consent and product, as they stood, must open what the release says was opened.
fn rules_hold(
    row: &ReleaseRow,
    kept: &Kept<'_>,
    consent: &Consent,
    product: Option<Product>,
    policy: &Policy,
) -> Compared<()> {
    let asked: Value = serde_json::from_str(&row.ask).map_err(ServiceError::internal)?;
    let member = |name: &str| asked.get(name).cloned().unwrap_or(Value::Null);
    let ask = Ask {
        consent_id: row.consent_id.clone(),
        bank: kept.bank.clone(),
        purpose: row.purpose.parse().map_err(ServiceError::internal)?,
        taxpayer_id: serde_json::from_value(member("taxpayer_id")).map_err(ServiceError::internal)?,
        sections: serde_json::from_value(member("sections")).map_err(ServiceError::internal)?,
        legal_rep_digest: kept.legal_rep_digest,
    };
    // What happened to it later is undone; that it allowed a pull then, the ledger's order tells.
    let product = product.map(|product| Product {
        status: ProductStatus::Approved,
        profile: Some(kept.profile.clone()),
        ..product
    });
    let permit = permit(&ask, Some(consent), product.as_ref(), Holds::NONE, policy, row.issued_at())
        .map_err(|denial| Stop::Differs(format!("the rules refuse it today: {}", denial.reason())))?;
    must(permit.taxpayer() == &kept.taxpayer, || "the consent is another taxpayer's".into())?;
    must(permit.sections() == kept.sections, || "sections: the consent opens others".into())?;
    must(permit.window() == kept.window, || "window: consent and product open another".into())?;
    must(permit.personal_data() == row.personal_data, || "personal_data: the consent says otherwise".into())
}
