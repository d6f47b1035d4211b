//! Consent receipts: made afresh for whoever may have one, and signed.
//!
//! 个人信息保护法 Art. 17; ISO/IEC TS 27560. A receipt names the firm by the commitment of the ledger's entry; the salt that
//! opens it comes beside, for the firm, its bank and the bureau.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::Exchange;
use super::consent_text::{number_of, party};
use super::error::{ServiceError, ServiceResult};
use super::evidence::receipt_of;
use super::receipt::Receipt;
use crate::domain::consent::Consent;
use crate::domain::consent_details::Provision;
use crate::domain::member::{MemberId, Role};
use crate::domain::representative::ActingFor;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::{Entry, EntryKind};
use crate::seal::consent_receipt::{
    CONSENT_RECEIPT_TYPE, ConsentReceipt, RECEIPT_SCHEMA, RECEIPT_VERSION, ReceiptConsent, ReceiptController,
    ReceiptEvidence, ReceiptLedger, ReceiptPrincipal, ReceiptProcessing, ReceiptStorage, ReceiptWithdrawal,
};
use crate::store::consents;
use crate::store::db::AnyConnection;
use crate::store::error::StoreResult;

/// Laws that an authorisation rests on.
const LEGAL_BASIS: [&str; 3] = [
    "中华人民共和国税收征收管理法 第八条",
    "国税发〔2008〕93号 第三条",
    "中华人民共和国个人信息保护法 第十四条至第十七条、第二十三条",
];
/// Rights that a receipt names.
const RIGHTS: [&str; 6] = ["withdraw", "access", "copy", "correct", "object", "complain"];
/// Evidence is kept for so many years after a consent ended, at least: nothing deletes it.
pub const KEPT_YEARS_MIN: u32 = 5;

/// A consent receipt with what opens its commitment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptAnswer {
    /// The consent.
    pub consent_id: String,
    /// Compact JWS, `typ` `consent-receipt+jwt`.
    pub receipt: String,
    /// 32 bytes, base64: `principal.commitment` is base64url(SHA-256(salt ‖ taxpayer id)). Empty if erased.
    pub salt: String,
}

/// A receipt made just now, with what it was made of.
#[derive(Clone, Debug)]
pub struct Made {
    /// What is handed out.
    pub answer: ReceiptAnswer,
    /// The claims that were signed.
    pub claims: ConsentReceipt,
    /// The consent.
    pub consent: Consent,
}

/// The receipt for a member: a bank of its own consents, the bureau of every one. Foreign and absent are alike.
pub async fn of_member(
    exchange: &Arc<Exchange>,
    bank: Option<&MemberId>,
    id: String,
) -> ServiceResult<ReceiptAnswer> {
    let consent = find(exchange, id).await?;
    if bank.is_some_and(|bank| *bank != consent.terms.bank) {
        return Err(ServiceError::NotFound);
    }
    Ok(make(exchange, consent).await?.answer)
}

/// The receipt for the firm itself. Foreign and absent are alike.
pub async fn of(exchange: &Arc<Exchange>, acting: &ActingFor, id: String) -> ServiceResult<Made> {
    let consent = find(exchange, id).await?;
    if consent.terms.taxpayer_id != *acting.taxpayer() {
        return Err(ServiceError::NotFound);
    }
    make(exchange, consent).await
}

/// 授权编号 of a consent: what it says itself, or for one registered with the bare terms, made of its id and day.
pub fn number(consent: &Consent) -> String {
    match &consent.terms.details {
        Some(details) => details.number.clone(),
        None => number_of(&consent.terms.id, consent.terms.valid_from.shanghai_date()),
    }
}

async fn find(exchange: &Arc<Exchange>, id: String) -> ServiceResult<Consent> {
    let found = exchange.point_read(move |e| Ok(e.ledger.read(|c| consents::find(c, &id))?)).await?;
    found.ok_or(ServiceError::NotFound)
}

async fn make(exchange: &Arc<Exchange>, consent: Consent) -> ServiceResult<Made> {
    let proof = receipt_of(exchange, &consent.terms.id, EntryKind::ConsentGranted).await?;
    let jti = exchange.fresh_id();
    exchange
        .blocking(move |e| {
            let controllers = e.ledger.read(|c| controllers(c, &consent))?;
            let now = e.clock.now();
            let claims = claims(e, &consent, controllers, &proof, jti, now)?;
            let payload = serde_json::to_string(&claims).map_err(ServiceError::internal)?;
            let signer = e.keys.dossier_at(now).map_err(ServiceError::internal)?;
            let receipt = signer.sign_as(CONSENT_RECEIPT_TYPE, &payload).map_err(ServiceError::internal)?;
            let answer = ReceiptAnswer { consent_id: consent.terms.id.clone(), receipt, salt: proof.salt };
            Ok(Made { answer, claims, consent })
        })
        .await
}

/// The bureau provides, the bank receives, and those ticked may be told the outcome.
fn controllers(c: &mut AnyConnection, consent: &Consent) -> StoreResult<Vec<ReceiptController>> {
    let provider = bureau(c)?;
    let terms = &consent.terms;
    let named = provider.iter().map(|member| ("provider", member));
    let named = named.chain([("recipient", &terms.bank)]);
    let named = named.chain(terms.share_outcome_with.iter().map(|member| ("outcome_recipient", member)));
    named.map(|(role, member)| controller(c, role, member)).collect()
}

/// The tax bureau of this exchange: the member of that role, the first by its name.
pub fn bureau(c: &mut AnyConnection) -> StoreResult<Option<MemberId>> {
    let all = crate::store::members::all(c)?;
    Ok(all.into_iter().find(|member| member.role == Role::Bureau).map(|member| member.id))
}

fn controller(c: &mut AnyConnection, role: &str, member: &MemberId) -> StoreResult<ReceiptController> {
    let known = party(c, member)?;
    let contact = known.as_ref().and_then(|party| party.contact.as_ref());
    Ok(ReceiptController {
        role: role.to_owned(),
        member: member.clone(),
        uscc: contact.map(|contact| contact.uscc.to_string()),
        contact: contact.map(|contact| contact.contact.clone()),
        complaint: contact.map(|contact| contact.complaint.clone()),
        name: known.map_or_else(|| member.to_string(), |party| party.name),
    })
}

fn claims(
    exchange: &Exchange,
    consent: &Consent,
    controllers: Vec<ReceiptController>,
    proof: &Receipt,
    jti: String,
    now: Timestamp,
) -> ServiceResult<ConsentReceipt> {
    let leaf = STANDARD.decode(&proof.entry).map_err(ServiceError::internal)?;
    let entry = Entry::parse(&leaf).map_err(ServiceError::internal)?;
    let commitment = entry.fields.get("subject").and_then(|value| value.as_str());
    let terms = &consent.terms;
    let details = terms.details.as_ref();
    let personal = details.and_then(|details| details.personal.as_ref());
    Ok(ConsentReceipt {
        v: RECEIPT_VERSION,
        iss: exchange.keys.trust().issuer.clone(),
        iat: now.seconds(),
        jti,
        schema: RECEIPT_SCHEMA.to_owned(),
        jurisdiction: "CN".to_owned(),
        consent: ReceiptConsent {
            id: terms.id.clone(),
            number: number(consent),
            digest: consent.digest.clone(),
            status: consent.standing(now),
            granted_at: entry.at.parse().map_err(ServiceError::internal)?,
            valid_from: terms.valid_from,
            valid_to: terms.valid_to,
        },
        principal: ReceiptPrincipal {
            kind: "firm".to_owned(),
            commitment: commitment
                .ok_or_else(|| ServiceError::internal("a grant's entry has no subject"))?
                .to_owned(),
        },
        controllers,
        processing: ReceiptProcessing {
            purposes: terms.purpose.clone(),
            product: terms.product_id.clone(),
            post_loan_trigger: details.and_then(|details| details.post_loan_trigger),
            sections: terms.sections.clone(),
            window: terms.window,
            pulls_max: terms.pulls_max,
            personal_data: terms.personal_data,
            personal_data_types: personal.map(|personal| personal.data_types.clone()).unwrap_or_default(),
            provision: details.map_or(Provision::GatewayPull, |details| details.provision),
            legal_basis: LEGAL_BASIS.map(str::to_owned).to_vec(),
        },
        storage: ReceiptStorage { location: "CN".to_owned(), retain_until: terms.retain_until },
        rights: RIGHTS.map(str::to_owned).to_vec(),
        withdrawal: ReceiptWithdrawal {
            methods: vec!["portal".to_owned(), "tax_bureau".to_owned()],
            retroactive: false,
        },
        evidence: ReceiptEvidence {
            role: terms.grantor.role,
            method: terms.grantor.method,
            assurance: terms.grantor.assurance,
            authenticated_at: terms.grantor.authenticated_at,
            text: terms.text.clone(),
            personal_text: personal.map(|personal| personal.text.clone()),
            kept_years_min: KEPT_YEARS_MIN,
        },
        ledger: ReceiptLedger { entry: proof.entry.clone(), proof: proof.proof.clone() },
    })
}
