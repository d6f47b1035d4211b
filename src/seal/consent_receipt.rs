//! The consent receipt: a JWS by which the exchange attests to firm and bank what was agreed.
//!
//! Fields as ISO/IEC TS 27560 groups them (record, parties, purposes, data, storage, rights, withdrawal), with the
//! evidence and the ledger's proof added; `schema/consent-receipt.json` documents each. The firm is a commitment: the
//! receipt may be shown to others without telling them who it is about.

use serde::{Deserialize, Serialize};

use super::certificate::MemberCertificate;
use super::jws::{read_unverified_payload, verify_es256};
use super::trust::{TrustFile, TrustedKey};
use super::verify::{Check, Expectations, Run, certificate_at_issue, header, issued, signature, signing_key};
use crate::domain::consent::{
    Assurance, ConsentStatus, ConsentText, ConsentWindow, GrantMethod, GrantorRole, Purpose,
};
use crate::domain::consent_details::{PostLoanTrigger, Provision};
use crate::domain::member::MemberId;
use crate::domain::section::Section;
use crate::domain::timestamp::Timestamp;

/// The `typ` of a consent receipt.
pub const CONSENT_RECEIPT_TYPE: &str = "consent-receipt+jwt";
/// Version of the claims.
pub const RECEIPT_VERSION: u64 = 1;
/// The specification whose groups of fields the claims follow.
pub const RECEIPT_SCHEMA: &str = "ISO/IEC TS 27560:2023";

/// The claims of a consent receipt.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentReceipt {
    /// Version of these claims.
    pub v: u64,
    /// The exchange.
    pub iss: String,
    /// Seconds since 1970 when this receipt was made.
    pub iat: i64,
    /// Id of this receipt.
    pub jti: String,
    /// [`RECEIPT_SCHEMA`].
    pub schema: String,
    /// Whose law governs: `CN`.
    pub jurisdiction: String,
    /// Which consent, and how it stood when the receipt was made.
    pub consent: ReceiptConsent,
    /// Whom it is about.
    pub principal: ReceiptPrincipal,
    /// Who provides and who receives.
    pub controllers: Vec<ReceiptController>,
    /// What for.
    pub processing: ReceiptProcessing,
    /// Where and how long it is kept.
    pub storage: ReceiptStorage,
    /// What the firm and the person may do: `withdraw`, `access`, `copy`, `correct`, `object`, `complain`.
    pub rights: Vec<String>,
    /// How it is taken back.
    pub withdrawal: ReceiptWithdrawal,
    /// How the grant is evidenced.
    pub evidence: ReceiptEvidence,
    /// The entry of the grant in the ledger.
    pub ledger: ReceiptLedger,
}

/// Which consent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptConsent {
    /// Its id.
    pub id: String,
    /// 授权编号, the number that people read.
    pub number: String,
    /// Digest of the terms as granted: what dossiers and the ledger name.
    pub digest: String,
    /// How it stood when the receipt was made.
    pub status: ConsentStatus,
    /// When it was granted, by the ledger's clock.
    pub granted_at: Timestamp,
    /// First instant in force.
    pub valid_from: Timestamp,
    /// First instant no longer in force.
    pub valid_to: Timestamp,
}

/// Whom it is about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptPrincipal {
    /// `firm`: the authorisation is the firm's; a person's separate consent is named under the evidence.
    pub kind: String,
    /// base64url(SHA-256(salt ‖ taxpayer id)), as in the ledger's entry; the salt comes beside the receipt.
    pub commitment: String,
}

/// A party that decides over the data.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptController {
    /// `provider`, `recipient`, or `outcome_recipient` of those who may be told the outcome.
    pub role: String,
    /// The member.
    pub member: MemberId,
    /// Full legal name.
    pub name: String,
    /// 统一社会信用代码, if registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uscc: Option<String>,
    /// How to reach it, if registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// Where complaints go, if registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complaint: Option<String>,
}

/// What may be done with which data.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptProcessing {
    /// Purposes.
    pub purposes: Vec<Purpose>,
    /// The product that it is for.
    pub product: String,
    /// From when on `post_loan` may be used, if it may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_loan_trigger: Option<PostLoanTrigger>,
    /// Data categories.
    pub sections: Vec<Section>,
    /// Of which tax periods.
    pub window: ConsentWindow,
    /// How often.
    pub pulls_max: u32,
    /// Whether personal identifiers may leave, under a separate personal consent.
    pub personal_data: bool,
    /// Types of personal data, where a personal consent given here names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub personal_data_types: Vec<String>,
    /// How it is provided.
    pub provision: Provision,
    /// Laws that it rests on.
    pub legal_basis: Vec<String>,
}

/// Where and how long.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptStorage {
    /// Where: `CN` (个人信息保护法 Art. 36).
    pub location: String,
    /// When the recipient must have deleted it.
    pub retain_until: chrono::NaiveDate,
}

/// How it is taken back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptWithdrawal {
    /// `portal` or `tax_bureau`.
    pub methods: Vec<String>,
    /// Whether what was provided before is affected: never.
    pub retroactive: bool,
}

/// How the grant is evidenced.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptEvidence {
    /// Role of whoever granted.
    pub role: GrantorRole,
    /// How that person was recognised.
    pub method: GrantMethod,
    /// How strongly (电子签名法 Art. 13).
    pub assurance: Assurance,
    /// When.
    pub authenticated_at: Timestamp,
    /// Exactly what was shown.
    pub text: ConsentText,
    /// Exactly what the person who consented apart was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personal_text: Option<ConsentText>,
    /// Years for which evidence is kept after the end, at least.
    pub kept_years_min: u32,
}

/// The entry of the grant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptLedger {
    /// The leaf's bytes, base64.
    pub entry: String,
    /// Text of `c2sp.org/tlog-proof@v1`.
    pub proof: String,
}

/// The offline checks of a consent receipt, all but the ledger's part; the claims, if the signature holds.
pub fn check_consent_receipt(
    jws: &str,
    trust: &TrustFile,
    expect: Expectations<'_>,
) -> (Vec<Check>, Option<ConsentReceipt>) {
    let mut run = Run { checks: Vec::new() };
    let header = run.check("头部 header", Some(()), |()| header(jws, CONSENT_RECEIPT_TYPE));
    let written = run.check("内容 claims", Some(()), |()| claims(jws));
    let key = run.check("签发密钥 signing key", header.as_ref(), |header| signing_key(header, trust));
    let signed =
        run.check("签名 signature", key.as_ref(), |(key, _): &(&TrustedKey, MemberCertificate)| {
            signature(jws, CONSENT_RECEIPT_TYPE, key)
        });
    run.check("证书 certificate", key.as_ref().zip(written.as_ref()), |((key, certificate), claims)| {
        certificate_at_issue(key, certificate, claims.iat, trust)
    });
    run.check("签发方与时间 issuer, time", written.as_ref(), |claims| {
        issued(&claims.iss, claims.iat, trust, expect)?;
        Ok(((), format!("from {}", claims.iss)))
    });
    (run.checks, signed.and(written))
}

/// Whether a text is a JWS that says it is a consent receipt; nothing is verified.
pub fn is_consent_receipt(text: &str) -> bool {
    header(text, CONSENT_RECEIPT_TYPE).is_ok()
}

/// The claims of a receipt whose signature by this key holds.
pub fn read_consent_receipt(jws: &str, public_key: &[u8]) -> Option<ConsentReceipt> {
    let payload = verify_es256(jws, CONSENT_RECEIPT_TYPE, public_key).ok()?;
    serde_json::from_str(&payload).ok()
}

fn claims(jws: &str) -> Result<(ConsentReceipt, String), String> {
    let payload = read_unverified_payload(jws).map_err(|wrong| format!("JWT payload: {wrong}"))?;
    let claims: ConsentReceipt = serde_json::from_value(serde_json::Value::Object(payload))
        .map_err(|wrong| format!("JWT payload: {wrong}"))?;
    if claims.v != RECEIPT_VERSION || claims.schema != RECEIPT_SCHEMA {
        return Err(format!("JWT payload: v {} and schema {:?} are not known", claims.v, claims.schema));
    }
    let detail = format!("{} {}", claims.consent.number, claims.consent.status);
    Ok((claims, detail))
}
