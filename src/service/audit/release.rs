//! One release whole: what was asked, the consent as it stood, what left, and how all of it is in the ledger.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value;

use super::sight::{Sight, sight};
use super::{ReadScope, record_read};
use crate::domain::consent::ConsentStatus;
use crate::domain::product::FieldProfile;
use crate::domain::section::SectionStatus;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::{Entry, EntryKind};
use crate::seal::disclosed::read_sections;
use crate::seal::sd_jwt::{WindowClaim, dossier_digest};
use crate::service::Exchange;
use crate::service::directory::Caller;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::evidence;
use crate::service::rebuild::{Kept, disclosures_of};
use crate::service::receipt::Receipt;
use crate::store::facts::stored_index;
use crate::store::ledger_read::{self, StoredEntry};
use crate::store::releases::{OUTCOME_GRANTED, ReleaseRow};
use crate::store::{audit_read, consents, members};

/// The consent that a release rested on, as it stood then.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ConsentThen {
    /// As granted: terms never change. Without the taxpayer and the grantor's reference for a reader who may not see them.
    pub terms: Value,
    /// Digest of the terms as granted.
    pub digest: String,
    /// Where it stood.
    pub status: ConsentStatus,
    /// Dossiers pulled under it before this one.
    pub pulls_used: u32,
}

/// A section that left, rebuilt.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AuditedSection {
    /// Its name.
    pub section: String,
    /// Digest of its disclosure.
    pub digest: String,
    /// Whether the JWT kept lists that digest.
    pub listed: bool,
    /// What the section said of itself.
    pub status: SectionStatus,
    /// Why, if it said so.
    pub reason: Option<String>,
    /// How many records it had.
    pub records: u64,
}

/// A release as the audit reads it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct AuditedRelease {
    /// UUIDv7.
    pub release_id: String,
    /// Index of its entry.
    pub index: u64,
    /// When it was decided, by the ledger's clock.
    pub at: Timestamp,
    /// `release.granted` or `release.refused`.
    pub kind: String,
    /// Who asked.
    pub bank: String,
    /// Fingerprint of the certificate used.
    pub certificate: String,
    /// The person or system that the certificate is registered for.
    pub label: Option<String>,
    /// What for.
    pub purpose: String,
    /// `granted`, or for the bureau the true reason of the refusal, for the regulator `refused`.
    pub outcome: String,
    /// What was asked, as the entry of a refusal commits to it.
    pub ask: Value,
    /// The bank's case number.
    pub bank_ref: Option<String>,
    /// Whose data.
    pub taxpayer_id: Option<String>,
    /// The consent as it stood; null if there was none of that id, and for the regulator of a refusal.
    pub consent: Option<ConsentThen>,
    /// For which product.
    pub product_id: Option<String>,
    /// When the dossier was signed.
    pub issued_at: Timestamp,
    /// Ledger size that the records were read at.
    pub read_at: Option<i64>,
    /// Which tax periods.
    pub window: Option<WindowClaim>,
    /// Whether personal identifiers might leave.
    pub personal_data: bool,
    /// What the product might see at that time.
    pub profile: Option<FieldProfile>,
    /// Version of the consent rules that decided.
    pub policy: Option<String>,
    /// Epoch of the disclosures' salts.
    pub salt_epoch: Option<i32>,
    /// `sha-256:` digest of the JWT.
    pub dossier_digest: Option<String>,
    /// The JWT as sent; it names the taxpayer.
    pub jwt: Option<String>,
    /// What left, by section.
    pub sections: Vec<AuditedSection>,
    /// Indices of the entries of its repetitions.
    pub repeats: Vec<u64>,
    /// Proves the release; without the salt for a reader who may not learn the taxpayer.
    pub receipt: Receipt,
    /// Opens what a refusal's entry seals for the bureau, base64.
    pub reason_salt: Option<String>,
    /// The loan decision that named this release, if any.
    pub decision: Option<Value>,
}

/// A release and its entry, as the databases hold them.
pub(super) struct Found {
    pub(super) row: ReleaseRow,
    pub(super) entry: StoredEntry,
    pub(super) leaf: Entry,
    pub(super) at: Timestamp,
}

/// The release with this id, whole. The read is an entry before this returns.
pub async fn release(
    exchange: &Arc<Exchange>,
    caller: &Caller,
    id: &str,
    mandate: Option<&str>,
) -> ServiceResult<AuditedRelease> {
    let sight = sight(exchange, caller, mandate).await?;
    let found = find(exchange, id, &sight).await?;
    let kind = kind_of(&found.row);
    let mut receipt = evidence::receipt_of(exchange, id, kind).await?;
    if !sight.taxpayers {
        // A taxpayer's number is no secret: with the salt, the commitment would tell whose it is.
        receipt.salt = String::new();
    }
    let audited = exchange.blocking(move |e| audited(e, found, receipt, &sight)).await?;
    record_read(exchange, caller, ReadScope::Release, id.to_owned(), &serde_json::json!({}), mandate).await?;
    Ok(audited)
}

pub(super) fn kind_of(row: &ReleaseRow) -> EntryKind {
    if row.outcome == OUTCOME_GRANTED { EntryKind::ReleaseGranted } else { EntryKind::ReleaseRefused }
}

/// The release, if this reader may see it.
pub(super) async fn find(exchange: &Arc<Exchange>, id: &str, sight: &Sight) -> ServiceResult<Found> {
    let id = id.to_owned();
    let found = exchange.blocking(move |e| look(e, &id)).await?.ok_or(ServiceError::NotFound)?;
    match &sight.inspection {
        Some(inspection) if !inspection.covers(&found.row.bank, found.at) => Err(ServiceError::NotFound),
        Some(_) | None => Ok(found),
    }
}

pub(super) fn look(exchange: &Exchange, id: &str) -> ServiceResult<Option<Found>> {
    let (row, entry) = exchange.ledger.read(|c| {
        let Some(row) = audit_read::release(c, id)? else { return Ok((None, None)) };
        let entry = ledger_read::entry_about(c, id, kind_of(&row))?;
        Ok((Some(row), entry))
    })?;
    let Some(row) = row else { return Ok(None) };
    let entry = entry.ok_or_else(|| ServiceError::internal("a release has no entry in the ledger"))?;
    let leaf = Entry::parse(&entry.leaf).map_err(ServiceError::internal)?;
    let at = leaf.at.parse().map_err(ServiceError::internal)?;
    Ok(Some(Found { row, entry, leaf, at }))
}

fn audited(
    exchange: &Exchange,
    found: Found,
    receipt: Receipt,
    sight: &Sight,
) -> ServiceResult<AuditedRelease> {
    // How a consent stood tells why a pull under it was refused.
    let consent = match sight.reasons || found.row.outcome == OUTCOME_GRANTED {
        true => consent_then(exchange, &found, sight)?,
        false => None,
    };
    let sections = sections(exchange, &found.row)?;
    let index = stored_index(found.entry.index)?;
    let (repeats, reason_salt, certificates) = exchange.ledger.read(|c| {
        Ok((
            audit_read::indices_about(c, &found.row.id, EntryKind::ReleaseRepeated)?,
            audit_read::reason_salt(c, index)?,
            members::certificates(c)?,
        ))
    })?;
    let Found { row, entry, leaf, at } = found;
    let label = certificates.into_iter().find(|c| c.fingerprint == row.certificate).map(|c| c.label);
    let mut ask: Value = serde_json::from_str(&row.ask).map_err(ServiceError::internal)?;
    if let (Some(ask), false) = (ask.as_object_mut(), sight.taxpayers) {
        ask.retain(|name, _| name != "taxpayer_id" && name != crate::service::prepare::LEGAL_REP_DIGEST);
    }
    let profile = row.profile.as_deref().map(serde_json::from_str).transpose();
    let issued_at = row.issued_at();
    Ok(AuditedRelease {
        index: entry.index,
        at,
        kind: leaf.kind,
        outcome: match sight.reasons || row.outcome == OUTCOME_GRANTED {
            true => row.outcome,
            false => "refused".to_owned(),
        },
        label,
        ask,
        consent,
        issued_at,
        window: row.window_from.zip(row.window_to).map(|(from, to)| WindowClaim { from, to }),
        profile: profile.map_err(ServiceError::internal)?,
        dossier_digest: row.jwt.as_deref().map(dossier_digest),
        jwt: row.jwt.filter(|_| sight.taxpayers),
        taxpayer_id: row.taxpayer_id.filter(|_| sight.taxpayers),
        sections,
        repeats,
        receipt,
        reason_salt: reason_salt.filter(|_| sight.reasons).map(|salt| STANDARD.encode(salt)),
        decision: None,
        release_id: row.id,
        bank: row.bank,
        certificate: row.certificate,
        purpose: row.purpose,
        bank_ref: row.bank_ref,
        product_id: row.product_id,
        read_at: row.read_at,
        personal_data: row.personal_data,
        policy: row.policy,
        salt_epoch: row.salt_epoch,
    })
}

/// What entries about a consent make of it.
const STANDINGS: [(EntryKind, ConsentStatus); 6] = [
    (EntryKind::ConsentGranted, ConsentStatus::Granted),
    (EntryKind::ConsentSuspended, ConsentStatus::Suspended),
    (EntryKind::ConsentResumed, ConsentStatus::Granted),
    (EntryKind::ConsentRevoked, ConsentStatus::Revoked),
    (EntryKind::ConsentExpired, ConsentStatus::Expired),
    (EntryKind::ConsentSuperseded, ConsentStatus::Superseded),
];

/// The consent at the release's place in the sequence: what came later does not count.
fn consent_then(exchange: &Exchange, found: &Found, sight: &Sight) -> ServiceResult<Option<ConsentThen>> {
    let (id, index) = (found.row.consent_id.as_str(), stored_index(found.entry.index)?);
    let (consent, pulls, then) = exchange.ledger.read(|c| {
        let mut then: Option<(u64, ConsentStatus)> = None;
        for (kind, status) in STANDINGS {
            let earlier =
                audit_read::indices_about(c, id, kind)?.into_iter().filter(|i| *i < found.entry.index);
            then = then.max(earlier.max().map(|index| (index, status)));
        }
        Ok((consents::find(c, id)?, audit_read::pulls_before(c, id, index)?, then))
    })?;
    // A consent granted later was none when this was decided.
    let (Some(mut consent), Some((_, status))) = (consent, then) else { return Ok(None) };
    consent.pulls_used = u32::try_from(pulls).map_err(ServiceError::internal)?;
    consent.status = status;
    let status = consent.standing(found.at);
    let mut terms = serde_json::to_value(&consent.terms).map_err(ServiceError::internal)?;
    if let Some(terms) = terms.as_object_mut() {
        if !sight.taxpayers {
            terms.remove("taxpayer_id");
        }
        if let Some(grantor) = terms.get_mut("grantor").and_then(Value::as_object_mut)
            && !sight.reasons
        {
            grantor.remove("id_ref");
        }
    }
    Ok(Some(ConsentThen { terms, digest: consent.digest, status, pulls_used: consent.pulls_used }))
}

fn sections(exchange: &Exchange, row: &ReleaseRow) -> ServiceResult<Vec<AuditedSection>> {
    if row.outcome != OUTCOME_GRANTED {
        return Ok(Vec::new());
    }
    let kept = Kept::parse(row)?;
    let listed = kept.listed()?;
    let built = disclosures_of(exchange, row, &kept)?;
    let encoded: Vec<&str> = built.iter().map(|(_, disclosure)| disclosure.encoded.as_str()).collect();
    let disclosed = read_sections(&encoded).map_err(ServiceError::internal)?;
    Ok(built
        .iter()
        .zip(disclosed)
        .map(|((section, disclosure), disclosed)| AuditedSection {
            section: section.to_string(),
            digest: disclosure.digest.clone(),
            listed: listed.contains(&disclosure.digest),
            status: disclosed.status,
            reason: disclosed.reason,
            records: u64::try_from(disclosed.records).unwrap_or(u64::MAX),
        })
        .collect())
}
