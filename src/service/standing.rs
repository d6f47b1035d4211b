//! How a firm's authorisations stand when its representative changes: they rest until the new one decides.
//!
//! `lending.md`, Consent: a delivery of registrations that names another legal representative suspends the firm's
//! authorisations, in the delivery's own transaction. Who was named by it resumes them one by one, or revokes.

use std::sync::Arc;

use serde::Deserialize;

use super::Exchange;
use super::admin::{Actor, TAXPAYER};
use super::assemble::newest_registration;
use super::consent::{ConsentChange, ConsentView, draft, is_revocable};
use super::error::{ServiceError, ServiceResult};
use super::evidence;
use super::notifications::notify_in_unit;
use super::requests;
use crate::domain::consent::{Consent, ConsentStatus};
use crate::domain::id_digest::IdDigest;
use crate::domain::notice::Notice;
use crate::domain::representative::ActingFor;
use crate::domain::section::Section;
use crate::domain::sections::registration::{REGISTRATION_KEY, Registration};
use crate::domain::taxpayer_id::TaxpayerId;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::store::consent_requests;
use crate::store::consents;
use crate::store::db::AnyConnection;
use crate::store::error::{StoreError, StoreResult};
use crate::store::ledger::{self, Draft, Field};
use crate::store::records;
use crate::store::representatives;

/// Why authorisations rest, as their entries' commitment says.
pub const REPRESENTATIVE_CHANGED: &str = "representative_changed";
/// Consents locked in one statement.
const CONSENTS_A_STATEMENT: usize = 500;
/// Registrations compared at a time.
const REPLACED_A_STATEMENT: i64 = 5_000;

/// Lets every authorisation in force of these firms rest, and what was prepared for the former representative lapse; the
/// entries that say so, and the consents concerned.
///
/// Consents first, in the order of their ids, then the head: as every unit that decides on consents. An authorisation
/// that another process recorded meanwhile comes before this in the ledger, so it is looked for again under the head's
/// lock: `DecideAgain` if there is one.
pub fn suspend_in_unit(
    connection: &mut AnyConnection,
    now: Timestamp,
    actor: &Actor,
    taxpayers: &[String],
) -> StoreResult<(Vec<Draft>, Vec<String>)> {
    let ids = consents::granted_of(connection, taxpayers)?;
    let mut drafts = Vec::with_capacity(ids.len());
    for some in ids.chunks(CONSENTS_A_STATEMENT) {
        let some: Vec<&str> = some.iter().map(String::as_str).collect();
        for consent in consents::lock(connection, &some)? {
            if consent.status == ConsentStatus::Granted {
                consents::set_status(connection, &consent.terms.id, ConsentStatus::Suspended, None, now)?;
                drafts.push(suspended(actor, &consent));
                let (consent_id, bank) = (consent.terms.id.clone(), consent.terms.bank.clone());
                let notice = Notice::Suspended { consent_id, bank };
                notify_in_unit(connection, now, consent.terms.taxpayer_id.as_str(), &notice)?;
            }
        }
    }
    for taxpayer in taxpayers {
        drafts.extend(requests::drop_prepared_in_unit(connection, now, taxpayer, actor)?);
    }
    ledger::lock_head(connection)?;
    match consents::granted_of(connection, taxpayers)?.is_empty() {
        true => Ok((drafts, ids)),
        false => Err(StoreError::DecideAgain),
    }
}

/// The firms of which a staged delivery names another legal representative than was named before.
///
/// A register that names nobody for a while changes nothing: whom it named last counts.
pub fn changed_representatives(exchange: &Exchange, batch_id: &str) -> ServiceResult<Vec<String>> {
    let mut changed = Vec::new();
    // Nobody's authorisation can rest: a city's first delivery is not looked through.
    if !exchange.ledger.read(|c| Ok(consents::any_granted(c)? || consent_requests::any_open(c)?))? {
        return Ok(changed);
    }
    let mut after = String::new();
    loop {
        let page =
            exchange.data.read(|c| representatives::replaced(c, batch_id, &after, REPLACED_A_STATEMENT))?;
        let Some(last) = page.last() else { return Ok(changed) };
        after.clone_from(&last.taxpayer_id);
        for replaced in page {
            let (newer, older) = (Named::read(&replaced.newer)?, Named::read(&replaced.older)?);
            let older = if older.is_nobody() {
                last_named(exchange, &replaced.taxpayer_id, batch_id)?
            } else {
                older
            };
            if newer.is_another(&older) {
                changed.push(replaced.taxpayer_id);
            }
        }
    }
}

/// Whom a registration names as legal representative.
#[derive(Default, Deserialize)]
struct Named {
    #[serde(default)]
    legal_rep_name: Option<String>,
    #[serde(default)]
    legal_rep_id_digest: Option<String>,
}

impl Named {
    fn read(body: &str) -> ServiceResult<Self> {
        serde_json::from_str(body).map_err(ServiceError::internal)
    }

    fn is_nobody(&self) -> bool {
        self.legal_rep_name.is_none() && self.legal_rep_id_digest.is_none()
    }

    /// By the keyed digest of the identity number where both have one, else by name; one that is missing tells nothing.
    fn is_another(&self, earlier: &Named) -> bool {
        let differ = |one: &Option<String>, other: &Option<String>| {
            one.as_ref().zip(other.as_ref()).map(|(one, other)| one != other)
        };
        differ(&self.legal_rep_id_digest, &earlier.legal_rep_id_digest)
            .or_else(|| differ(&self.legal_rep_name, &earlier.legal_rep_name))
            .unwrap_or(false)
    }
}

/// Whom the newest earlier registration named that named somebody.
fn last_named(exchange: &Exchange, taxpayer: &str, batch_id: &str) -> ServiceResult<Named> {
    let taxpayer = TaxpayerId::parse(taxpayer).map_err(ServiceError::internal)?;
    let revisions = exchange.data.read(|c| records::revisions(c, &taxpayer, Section::Registration))?;
    let earlier = revisions.iter().rev().filter(|row| row.record_key == REGISTRATION_KEY);
    for row in earlier.filter(|row| row.batch_id.as_str() < batch_id) {
        let named = Named::read(&row.body)?;
        if !named.is_nobody() {
            return Ok(named);
        }
    }
    Ok(Named::default())
}

fn suspended(actor: &Actor, consent: &Consent) -> Draft {
    let mut draft = draft(EntryKind::ConsentSuspended, actor, consent);
    draft.fields.push(("reason", Field::Sealed(REPRESENTATIVE_CHANGED.to_owned())));
    draft
}

/// Whether the register names the person acting as the firm's legal representative: by the keyed digest of the
/// identity number where both sides have one, else by name. Whom the register does not name decides nothing here,
/// whatever the sign-in claims.
pub async fn is_registered_representative(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
) -> ServiceResult<bool> {
    if acting.firm.role.may_grant().is_none() {
        return Ok(false);
    }
    let acting = acting.clone();
    exchange
        .blocking(move |e| {
            let registration = newest_registration(e, acting.taxpayer())?;
            Ok(registration.is_some_and(|registration| names(&registration, &acting)))
        })
        .await
}

fn names(registration: &Registration, acting: &ActingFor) -> bool {
    let claimed = acting.person.id_ref.as_deref().and_then(|text| IdDigest::parse(text).ok());
    match (registration.legal_rep_id_digest, claimed) {
        (Some(registered), Some(claimed)) => registered == claimed,
        (Some(_), None) | (None, Some(_) | None) => registration
            .legal_rep_name
            .as_deref()
            .is_some_and(|name| name.trim() == acting.person.name.trim()),
    }
}

/// Puts an authorisation that rests in force again. Only the representative whom the register names now may.
/// Doing it twice changes nothing.
pub async fn resume(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    consent_id: String,
) -> ServiceResult<ConsentChange> {
    let found = own(exchange, acting, &consent_id).await?;
    if acting.firm.role.may_grant().is_none() {
        return Err(ServiceError::Forbidden);
    }
    if found.status == ConsentStatus::Suspended && !is_registered_representative(exchange, acting).await? {
        return Err(ServiceError::Conflict(
            "the register names another legal representative: have the registration changed first, or revoke"
                .into(),
        ));
    }
    let change = Change { to: ConsentStatus::Granted, kind: EntryKind::ConsentResumed, reason: None };
    decide(exchange, acting, consent_id, change, may_resume).await
}

/// Takes an authorisation back for the firm, whether it rests or is in force. Doing it twice changes nothing.
pub async fn revoke(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    consent_id: String,
    reason: Option<String>,
) -> ServiceResult<ConsentChange> {
    own(exchange, acting, &consent_id).await?;
    if acting.firm.role.may_grant().is_none() {
        return Err(ServiceError::Forbidden);
    }
    let change = Change { to: ConsentStatus::Revoked, kind: EntryKind::ConsentRevoked, reason };
    decide(exchange, acting, consent_id, change, |consent, _at| is_revocable(consent)).await
}

/// The firm's own consent; foreign and absent are alike.
async fn own(exchange: &Arc<Exchange>, acting: &ActingFor, id: &str) -> ServiceResult<Consent> {
    let id = id.to_owned();
    let found = exchange.blocking(move |e| Ok(e.ledger.read(|c| consents::find(c, &id))?)).await?;
    found.filter(|consent| consent.terms.taxpayer_id == *acting.taxpayer()).ok_or(ServiceError::NotFound)
}

/// `false` if it is in force already.
fn may_resume(consent: &Consent, at: Timestamp) -> ServiceResult<bool> {
    match consent.status {
        ConsentStatus::Suspended if at < consent.terms.valid_to => Ok(true),
        ConsentStatus::Suspended => Err(ServiceError::Conflict("the consent has expired".into())),
        ConsentStatus::Granted => Ok(false),
        ConsentStatus::Draft
        | ConsentStatus::Requested
        | ConsentStatus::Declined
        | ConsentStatus::Lapsed
        | ConsentStatus::Revoked
        | ConsentStatus::Expired
        | ConsentStatus::Exhausted
        | ConsentStatus::Superseded => {
            Err(ServiceError::Conflict(format!("the consent is {}", consent.status)))
        }
    }
}

/// What becomes of a consent.
struct Change {
    to: ConsentStatus,
    kind: EntryKind,
    reason: Option<String>,
}

/// Decides on the locked row, and records it.
async fn decide(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    id: String,
    change: Change,
    may: fn(&Consent, Timestamp) -> ServiceResult<bool>,
) -> ServiceResult<ConsentChange> {
    let (taxpayer, kind) = (acting.taxpayer().clone(), change.kind);
    let actor = Actor { member: TAXPAYER.to_owned(), label: acting.label() };
    let ((consent, now, changed), committed) = exchange
        .writer
        .unit(move |c, now| {
            let found = consents::lock(c, &[&id])?.pop();
            let Some(mut consent) = found.filter(|consent| consent.terms.taxpayer_id == taxpayer) else {
                return Ok(Err(ServiceError::NotFound));
            };
            match may(&consent, now) {
                Err(why) => return Ok(Err(why)),
                Ok(false) => return Ok(Ok(((consent, now, false), Vec::new()))),
                Ok(true) => {}
            }
            consents::set_status(c, &id, change.to, change.reason.as_deref(), now)?;
            consent.status = change.to;
            let draft = draft(change.kind, &actor, &consent);
            Ok(Ok(((consent, now, true), vec![draft])))
        })
        .await?;
    exchange.memory.forget_consent(&consent.terms.id);
    let receipt = match (changed, kind) {
        (true, _) => committed.receipt(0)?,
        // In force from the start, it has no other entry.
        (false, EntryKind::ConsentResumed) => {
            evidence::receipt_of(exchange, &consent.terms.id, EntryKind::ConsentGranted).await?
        }
        (false, kind) => evidence::receipt_of(exchange, &consent.terms.id, kind).await?,
    };
    Ok(ConsentChange { consent: ConsentView::whole(consent, now), receipt })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::consent::{Assurance, GrantMethod};
    use crate::domain::representative::{Authentication, Person, PortalRole, Representation};

    fn acting(name: &str, id_ref: Option<&str>) -> ActingFor {
        ActingFor {
            person: Person { subject: "p".into(), name: name.into(), id_ref: id_ref.map(str::to_owned) },
            firm: Representation {
                taxpayer_id: crate::domain::taxpayer_id::TaxpayerId::parse("91370214MA3CTEST0X").unwrap(),
                name: "样例".into(),
                role: PortalRole::LegalRepresentative,
            },
            authentication: Authentication {
                method: GrantMethod::EtaxFace,
                assurance: Assurance::Reliable,
                at: Timestamp::default(),
            },
        }
    }

    #[test]
    fn a_representative_is_another_by_digest_else_by_name() {
        let named = |name: Option<&str>, digest: Option<&str>| Named {
            legal_rep_name: name.map(str::to_owned),
            legal_rep_id_digest: digest.map(str::to_owned),
        };
        for (newer, older, another) in [
            (named(Some("王"), Some("1")), named(Some("李"), Some("2")), true),
            (named(Some("王"), Some("1")), named(Some("王"), Some("2")), true),
            (named(Some("王改名"), Some("1")), named(Some("王"), Some("1")), false),
            (named(Some("王"), None), named(Some("李"), Some("2")), true),
            (named(Some("王"), None), named(Some("王"), Some("2")), false),
            (named(None, None), named(Some("李"), Some("2")), false),
            (named(Some("王"), None), named(None, None), false),
            (named(None, Some("1")), named(Some("李"), None), false),
        ] {
            assert_eq!(newer.is_another(&older), another);
        }
    }

    #[test]
    fn the_register_names_by_digest_before_it_names_by_name() {
        let (one, two) = ("A".repeat(43), "B".repeat(42) + "A");
        let registration = |digest: Option<&str>| -> Registration {
            serde_json::from_value(serde_json::json!({
                "uscc": null, "taxpayer_id": "91370214MA3CTEST0X", "reg_no": null, "name": "样例", "status": "03",
                "reg_type": "173", "industry": "6510", "reg_date": "2020-01-01", "reg_capital_fen": null,
                "currency": null, "employees": null, "acct_regime": null, "acct_mode": null,
                "vat_class": "general", "vat_class_from": null, "vat_class_to": null, "authority": "13702000000",
                "reg_address": null, "biz_address": null, "region": "370200", "scope": null,
                "legal_rep_name": "王新", "size_class": null, "collection_mode": null,
                "legal_rep_id_digest": digest,
            }))
            .unwrap()
        };
        assert!(names(&registration(Some(&one)), &acting("王新", Some(&one))));
        assert!(!names(&registration(Some(&one)), &acting("王新", Some(&two))));
        assert!(names(&registration(None), &acting(" 王新 ", Some(&two))));
        assert!(!names(&registration(None), &acting("李旧", None)));
    }
}
