//! Consents that reach the gateway from the e-tax bureau: grant, revocation, and the lists a bank sees.

use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::Exchange;
use super::admin::Actor;
use super::directory::Caller;
use super::error::{FieldError, ServiceError, ServiceResult};
use super::policy::problems;
use super::receipt::Receipt;
use crate::domain::consent::{
    Consent, ConsentStatus, ConsentTerms, ConsentText, ConsentWindow, Grantor, Purpose,
};
use crate::domain::member::MemberId;
use crate::domain::policy::{Asked, GrantPath};
use crate::domain::product::{MONTHS_MAX, Product, ProductStatus, all_different};
use crate::domain::section::Section;
use crate::domain::taxpayer_id::TaxpayerId;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::seal::digest::{canonical_json, prefixed_digest};
use crate::store::idempotency::{self, Claim};
use crate::store::ledger::{self, Draft, Field};
use crate::store::{consents, products};

/// What the bureau sends when a firm authorised: the terms, without what the exchange adds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewConsent {
    /// The firm.
    pub taxpayer_id: String,
    /// The one bank that may pull.
    pub bank: MemberId,
    /// Its product.
    pub product_id: String,
    /// `pre_loan` first.
    pub purpose: Vec<Purpose>,
    /// Sections that may leave.
    pub sections: Vec<Section>,
    /// Tax periods that may leave.
    pub window: ConsentWindow,
    /// First instant in force.
    pub valid_from: Timestamp,
    /// First instant no longer in force.
    pub valid_to: Timestamp,
    /// Dossiers in all.
    pub pulls_max: u32,
    /// Whether personal identifiers may leave.
    #[serde(default)]
    pub personal_data: bool,
    /// Who may be told the outcome.
    #[serde(default)]
    pub share_outcome_with: Vec<MemberId>,
    /// When the bank must have deleted what it received.
    pub retain_until: NaiveDate,
    /// What the grantor read.
    pub text: ConsentText,
    /// Who granted.
    pub grantor: Grantor,
}

/// A consent as a member sees it.
#[derive(Clone, Debug, Serialize)]
pub struct ConsentView {
    /// The terms as granted; a bank's view has no `id_ref`.
    #[serde(flatten)]
    pub terms: ConsentTerms,
    /// Digest of the terms as granted: what dossiers name.
    pub digest: String,
    /// As it stands now.
    pub status: ConsentStatus,
    /// Dossiers pulled so far.
    pub pulls_used: u32,
}

impl ConsentView {
    /// As the bureau sees it.
    pub fn whole(consent: Consent, now: Timestamp) -> Self {
        let status = consent.standing(now);
        Self { terms: consent.terms, digest: consent.digest, status, pulls_used: consent.pulls_used }
    }

    /// As the bank sees it: the reference to the grantor's identity stays with the bureau. That it rests because the
    /// firm's representative changed is not the bank's to know: it looks as it would if it did not.
    pub fn for_bank(mut consent: Consent, now: Timestamp) -> Self {
        if consent.status == ConsentStatus::Suspended {
            consent.status = ConsentStatus::Granted;
        }
        let mut view = Self::whole(consent, now);
        view.terms.grantor.id_ref = None;
        if let Some(details) = &mut view.terms.details {
            details.prepared_by.iter_mut().chain(&mut details.approved_by).for_each(|one| one.id_ref = None);
        }
        view
    }
}

/// A change of a consent, with its place in the ledger.
#[derive(Clone, Debug, Serialize)]
pub struct ConsentChange {
    /// The consent after it.
    #[serde(flatten)]
    pub consent: ConsentView,
    /// Proves the change; of the first one, if it was asked for twice.
    pub receipt: Receipt,
}

/// Registers a consent that the firm gave.
pub async fn grant(
    exchange: &Arc<Exchange>,
    caller: &Caller,
    new: NewConsent,
    claim: Option<Claim>,
) -> ServiceResult<ConsentChange> {
    let terms = terms_of(exchange.fresh_id(), new)?;
    let json = canonical_json(&terms).map_err(ServiceError::internal)?;
    let consent = Consent {
        terms,
        digest: prefixed_digest(json.as_bytes()),
        status: ConsentStatus::Granted,
        pulls_used: 0,
        personal_withdrawn: false,
    };
    let in_force = exchange.policy.clone();
    let (draft, caller) = (draft(EntryKind::ConsentGranted, &Actor::from(caller), &consent), caller.clone());
    let (outcome, committed) = exchange
        .writer
        .unit(move |c, now| {
            if let Some(claim) = &claim {
                match idempotency::find(c, &caller.member, claim, now)? {
                    None => {}
                    Some(kept) if kept.request_digest != claim.request_digest => {
                        return Ok(Err(ServiceError::KeyConflict));
                    }
                    Some(kept) => {
                        let earlier = consents::find(c, &kept.object_id)?;
                        return Ok(earlier
                            .map(|consent| ((consent, now, false), Vec::new()))
                            .ok_or(ServiceError::NotFound));
                    }
                }
            }
            if let Err(wrong) =
                check_product(products::find(c, &consent.terms.product_id)?.as_ref(), &consent.terms)
            {
                return Ok(Err(ServiceError::Invalid(vec![wrong])));
            }
            let version = ledger::head(c)?.policy;
            let policy = in_force.named(c, &version)?;
            let asked = Asked::from(&consent.terms);
            let beyond = problems(&policy, GrantPath::Bureau, asked, now.shanghai_date());
            if !beyond.is_empty() {
                return Ok(Err(ServiceError::Invalid(beyond)));
            }
            consents::insert(c, &consent, &json, now)?;
            if let Some(claim) = &claim {
                idempotency::keep(c, &caller.member, claim, &consent.terms.id, now)?;
            }
            Ok(Ok(((consent, now, true), vec![draft])))
        })
        .await?;
    let (consent, now, new) = outcome;
    let receipt = match new {
        true => committed.receipt(0)?,
        false => super::evidence::receipt_of(exchange, &consent.terms.id, EntryKind::ConsentGranted).await?,
    };
    Ok(ConsentChange { consent: ConsentView::whole(consent, now), receipt })
}

/// Takes a consent back. Nothing leaves under it after this entry. Doing it twice changes nothing.
pub async fn revoke(
    exchange: &Arc<Exchange>,
    caller: &Caller,
    id: String,
    reason: Option<String>,
    claim: Option<Claim>,
) -> ServiceResult<ConsentChange> {
    let caller = caller.clone();
    let ((consent, now, changed), committed) = exchange
        .writer
        .unit(move |c, now| {
            let kept = claim
                .as_ref()
                .map(|claim| idempotency::find(c, &caller.member, claim, now))
                .transpose()?
                .flatten();
            if let (Some(claim), Some(kept)) = (&claim, &kept)
                && kept.request_digest != claim.request_digest
            {
                return Ok(Err(ServiceError::KeyConflict));
            }
            let Some(mut consent) = consents::lock(c, &[&id])?.pop() else {
                return Ok(Err(ServiceError::NotFound));
            };
            let changed = match is_revocable(&consent) {
                Ok(changed) => changed,
                Err(why) => return Ok(Err(why)),
            };
            // Also for a consent revoked before: the key has answered for this request.
            if let (Some(claim), None) = (&claim, kept) {
                idempotency::keep(c, &caller.member, claim, &id, now)?;
            }
            if !changed {
                return Ok(Ok(((consent, now, false), Vec::new())));
            }
            consents::set_status(c, &id, ConsentStatus::Revoked, reason.as_deref(), now)?;
            consent.status = ConsentStatus::Revoked;
            let draft = draft(EntryKind::ConsentRevoked, &Actor::from(&caller), &consent);
            Ok(Ok(((consent, now, true), vec![draft])))
        })
        .await?;
    exchange.memory.forget_consent(&consent.terms.id);
    let receipt = match changed {
        true => committed.receipt(0)?,
        false => super::evidence::receipt_of(exchange, &consent.terms.id, EntryKind::ConsentRevoked).await?,
    };
    Ok(ConsentChange { consent: ConsentView::whole(consent, now), receipt })
}

/// Whether a consent can be taken back; `false` if it was already.
pub(super) fn is_revocable(consent: &Consent) -> ServiceResult<bool> {
    match consent.status {
        ConsentStatus::Granted | ConsentStatus::Suspended | ConsentStatus::Exhausted => Ok(true),
        ConsentStatus::Revoked => Ok(false),
        ConsentStatus::Draft
        | ConsentStatus::Requested
        | ConsentStatus::Declined
        | ConsentStatus::Lapsed
        | ConsentStatus::Expired
        | ConsentStatus::Superseded => {
            Err(ServiceError::Conflict(format!("the consent is {}", consent.status)))
        }
    }
}

/// One page of the consents that name a bank, as they stand now.
pub async fn page(
    exchange: &Arc<Exchange>,
    bank: MemberId,
    after: String,
    limit: i64,
) -> ServiceResult<Vec<ConsentView>> {
    let now = exchange.clock.now();
    let rows =
        exchange.blocking(move |e| Ok(e.ledger.read(|c| consents::page(c, &bank, &after, limit))?)).await?;
    Ok(rows.into_iter().map(|consent| ConsentView::for_bank(consent, now)).collect())
}

/// A consent: a bank sees its own, the bureau every one. Foreign and absent are alike.
pub async fn find(
    exchange: &Arc<Exchange>,
    bank: Option<MemberId>,
    id: String,
) -> ServiceResult<ConsentView> {
    let now = exchange.clock.now();
    let found = exchange.blocking(move |e| Ok(e.ledger.read(|c| consents::find(c, &id))?)).await?;
    match (found, bank) {
        (Some(consent), None) => Ok(ConsentView::whole(consent, now)),
        (Some(consent), Some(bank)) if consent.terms.bank == bank => Ok(ConsentView::for_bank(consent, now)),
        (Some(_) | None, _) => Err(ServiceError::NotFound),
    }
}

/// Checks the terms one by one and names every one that is wrong.
fn terms_of(id: String, new: NewConsent) -> ServiceResult<ConsentTerms> {
    let mut wrong = Vec::new();
    let mut rule = |holds: bool, pointer: &str, message: &str| {
        if !holds {
            wrong.push(FieldError::new(pointer, message));
        }
    };
    let purposes = [&[Purpose::PreLoan][..], &[Purpose::PreLoan, Purpose::PostLoan][..]];
    rule(
        purposes.contains(&new.purpose.as_slice()),
        "/purpose",
        "must be [\"pre_loan\"] or [\"pre_loan\",\"post_loan\"]",
    );
    rule(
        !new.sections.is_empty() && all_different(&new.sections),
        "/sections",
        "must name at least one section, none twice",
    );
    if let ConsentWindow::Rolling(rolling) = new.window {
        rule((1..=MONTHS_MAX).contains(&rolling.months), "/window/months", "must be 1 to 120");
    }
    rule(new.valid_from < new.valid_to, "/valid_to", "must be after valid_from");
    rule(
        (1..=64).contains(&new.product_id.chars().count()) && !new.product_id.chars().any(char::is_control),
        "/product_id",
        "must have 1 to 64 characters, none of them a control character",
    );
    rule(new.pulls_max > 0, "/pulls_max", "must be at least 1");
    rule(new.retain_until >= new.valid_to.shanghai_date(), "/retain_until", "must not be before valid_to");
    rule(all_different(&new.share_outcome_with), "/share_outcome_with", "must name no member twice");
    rule(is_digest(&new.text.digest), "/text/digest", "must be sha-256: and 43 characters of base64url");
    rule(
        (1..=64).contains(&new.text.version.chars().count()),
        "/text/version",
        "must have 1 to 64 characters",
    );
    rule(
        new.grantor.id_ref.as_ref().is_none_or(|text| text.len() <= 128),
        "/grantor/id_ref",
        "must have at most 128 characters",
    );
    let taxpayer = TaxpayerId::parse_strict(&new.taxpayer_id);
    if let Err(why) = &taxpayer {
        wrong.push(FieldError::new("/taxpayer_id", why));
    }
    let (Ok(taxpayer_id), true) = (taxpayer, wrong.is_empty()) else {
        return Err(ServiceError::Invalid(wrong));
    };
    Ok(ConsentTerms {
        id,
        taxpayer_id,
        bank: new.bank,
        product_id: new.product_id,
        purpose: new.purpose,
        sections: new.sections,
        window: new.window,
        valid_from: new.valid_from,
        valid_to: new.valid_to,
        pulls_max: new.pulls_max,
        personal_data: new.personal_data,
        share_outcome_with: new.share_outcome_with,
        retain_until: new.retain_until,
        text: new.text,
        grantor: new.grantor,
        details: None,
    })
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha-256:").is_some_and(|rest| {
        rest.len() == 43 && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    })
}

/// No consent under a product that is not approved, nor for more than its profile opens.
fn check_product(product: Option<&Product>, terms: &ConsentTerms) -> Result<(), FieldError> {
    let approved =
        product.filter(|product| product.bank == terms.bank && product.status == ProductStatus::Approved);
    let Some(profile) = approved.and_then(|product| product.profile.as_ref()) else {
        return Err(FieldError::new("/product_id", "must be an approved product of this bank"));
    };
    if terms.sections.iter().all(|section| profile.sections.contains(section)) {
        Ok(())
    } else {
        Err(FieldError::new("/sections", "may name only sections that the product's approved profile opens"))
    }
}

/// The entry of a change of a consent.
pub(super) fn draft(kind: EntryKind, actor: &Actor, consent: &Consent) -> Draft {
    Draft {
        kind,
        object_id: consent.terms.id.clone(),
        actor: actor.member.clone(),
        by: actor.label.clone(),
        fields: vec![
            ("subject", Field::Sealed(consent.terms.taxpayer_id.as_str().to_owned())),
            ("bank", Field::Sealed(consent.terms.bank.to_string())),
            ("consent_digest", Field::Plain(consent.digest.as_str().into())),
        ],
    }
}
