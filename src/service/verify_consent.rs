//! Offline verification of a consent receipt: the exchange's signature, and that the ledger has the grant it names.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::receipt::Receipt;
use super::verify::included;
use crate::ledger::entry::{Entry, EntryKind};
use crate::seal::consent_receipt::{ConsentReceipt, check_consent_receipt};
use crate::seal::trust::TrustFile;
use crate::seal::verify::{Check, Expectations};

/// Checks everything. The claims come with it if the signature holds; so does what proves the grant, for checks against
/// a policy of witnesses.
pub fn verify_consent(
    jws: &str,
    trust: &TrustFile,
    expect: Expectations<'_>,
) -> (Vec<Check>, Option<(ConsentReceipt, Receipt)>) {
    let (mut checks, claims) = check_consent_receipt(jws, trust, expect);
    let unread = || Err("not checked, because an earlier check failed".to_owned());
    let outcomes = match &claims {
        Some(claims) => {
            let leaf = STANDARD.decode(&claims.ledger.entry).map_err(|why| format!("ledger.entry: {why}"));
            [
                leaf.clone().and_then(|leaf| names_consent(&leaf, claims)),
                leaf.and_then(|leaf| included(&leaf, &claims.ledger.proof, trust)),
                terms(claims),
            ]
        }
        None => [unread(), unread(), unread()],
    };
    let names = [
        "存证条目 ledger entry of this grant",
        "存证证明 inclusion proof and checkpoint",
        "授权内容 what was granted",
    ];
    checks.extend(names.into_iter().zip(outcomes).map(|(name, outcome)| Check { name, outcome }));
    let proof = |claims: &ConsentReceipt| Receipt {
        entry: claims.ledger.entry.clone(),
        salt: String::new(),
        proof: claims.ledger.proof.clone(),
    };
    let found = claims.map(|claims| {
        let proof = proof(&claims);
        (claims, proof)
    });
    (checks, found)
}

fn names_consent(leaf: &[u8], claims: &ConsentReceipt) -> Result<String, String> {
    let entry = Entry::parse(leaf).map_err(|why| format!("ledger.entry: {why}"))?;
    let field = |name: &str| entry.fields.get(name).and_then(|value| value.as_str());
    let rules = [
        (entry.kind == EntryKind::ConsentGranted.as_str(), "is no grant"),
        (entry.id == claims.consent.id, "is about another consent"),
        (field("consent_digest") == Some(&claims.consent.digest), "names other terms"),
        (field("subject") == Some(&claims.principal.commitment), "commits to another firm"),
        (entry.at == claims.consent.granted_at.to_string(), "was made at another time"),
    ];
    match rules.into_iter().find(|(holds, _)| !holds) {
        Some((_, wrong)) => Err(format!("ledger.entry {wrong}")),
        None => Ok(format!("{} at {}", entry.kind, entry.at)),
    }
}

/// What the receipt attests, for the reader to compare with the page or paper that it came with: a signature over the
/// receipt says nothing about what is printed around it.
fn terms(claims: &ConsentReceipt) -> Result<String, String> {
    let recipient = claims.controllers.iter().find(|one| one.role == "recipient");
    let recipient = recipient.ok_or("controllers: there is no recipient")?;
    let list = |texts: Vec<String>| texts.join(" ");
    let (consent, processing) = (&claims.consent, &claims.processing);
    Ok(format!(
        "{} → {}; {}; {}; {}; {} 至 until {}; {} 次 pulls; {} 前删除 deleted by; {} {}; {}",
        consent.number,
        recipient.name,
        processing.product,
        list(processing.purposes.iter().map(ToString::to_string).collect()),
        list(processing.sections.iter().map(|one| one.label_zh().to_owned()).collect()),
        consent.valid_from.shanghai_date(),
        consent.valid_to.shanghai_date(),
        processing.pulls_max,
        claims.storage.retain_until,
        claims.evidence.text.version,
        claims.evidence.text.digest,
        consent.status,
    ))
}
