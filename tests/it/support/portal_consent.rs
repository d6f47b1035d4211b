//! Consents as the portal grants them, put down without its pages.

use serde_json::{Value, json};
use shuidaiyi::clock::Clock;
use shuidaiyi::domain::consent::{Assurance, Consent, ConsentStatus, ConsentTerms, GrantMethod};
use shuidaiyi::domain::representative::{ActingFor, Authentication, Person, PortalRole, Representation};
use shuidaiyi::domain::taxpayer_id::TaxpayerId;
use shuidaiyi::ledger::entry::EntryKind;
use shuidaiyi::seal::digest::{canonical_json, prefixed_digest};
use shuidaiyi::service::admin::TAXPAYER;
use shuidaiyi::service::personal;
use shuidaiyi::store::consents;
use shuidaiyi::store::ledger::{Draft, Field};

use super::Site;
use super::site::consent_terms;

/// A person at work for a firm.
pub fn acting(site: &Site, taxpayer: &str, role: PortalRole, name: &str) -> ActingFor {
    ActingFor {
        person: Person { subject: format!("sub-{name}"), name: name.into(), id_ref: None },
        firm: Representation {
            taxpayer_id: TaxpayerId::parse(taxpayer).unwrap(),
            name: "样例商行".into(),
            role,
        },
        authentication: Authentication {
            method: GrantMethod::EtaxFace,
            assurance: Assurance::Reliable,
            at: site.clock.now(),
        },
    }
}

/// Grants as this person, with the person's own consent; the consent's id. `change` edits the terms before.
pub async fn grant(site: &Site, acting: &ActingFor, bank: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut terms = consent_terms(bank, acting.taxpayer().as_str());
    let text = terms["text"].clone();
    let id = site.exchange().fresh_id();
    terms["id"] = id.clone().into();
    terms["personal_data"] = true.into();
    terms["share_outcome_with"] = json!([]);
    terms["details"] = json!({
        "number": "SQ-1", "recipient": {"name": "样例银行"}, "provision": "gateway_pull", "policy": "2026-11",
        "personal": {
            "id": site.exchange().fresh_id(), "role": "legal_representative",
            "data_types": ["legal_rep_name"], "text": text
        }
    });
    change(&mut terms);
    let terms: ConsentTerms = serde_json::from_value(terms).unwrap();
    let json = canonical_json(&terms).unwrap();
    let digest = prefixed_digest(json.as_bytes());
    let consent =
        Consent { terms, digest, status: ConsentStatus::Granted, pulls_used: 0, personal_withdrawn: false };
    let acting = acting.clone();
    let unit = site.exchange().writer.unit(move |c, now| {
        consents::insert(c, &consent, &json, now)?;
        let granted = Draft {
            kind: EntryKind::ConsentGranted,
            object_id: consent.terms.id.clone(),
            actor: TAXPAYER.into(),
            by: acting.label(),
            fields: vec![
                ("subject", Field::Sealed(consent.terms.taxpayer_id.as_str().to_owned())),
                ("bank", Field::Sealed(consent.terms.bank.to_string())),
                ("consent_digest", Field::Plain(consent.digest.as_str().into())),
            ],
        };
        let personal = personal::grant_in_unit(c, now, &acting, &consent)?;
        Ok(Ok(((), [granted].into_iter().chain(personal).collect())))
    });
    let ((), _committed) = unit.await.unwrap();
    id
}
