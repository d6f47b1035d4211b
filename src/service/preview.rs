//! What a bank would receive if the firm granted these terms now: shown to the firm before it does.
//!
//! The permit is decided by the rules of a pull and the sections are built by the code of a pull, so that what the firm
//! sees is what leaves. Nothing is kept, no pull is counted, and holds are left out: they are no business of the firm's.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Exchange;
use super::disclosures::unkept;
use super::error::{ServiceError, ServiceResult};
use crate::domain::consent::{
    Assurance, Consent, ConsentStatus, ConsentTerms, ConsentText, ConsentWindow, GrantMethod, Grantor,
    GrantorRole, Purpose,
};
use crate::domain::consent_details::{ConsentDetails, PersonalTerms, Provision, Recipient};
use crate::domain::denial::Denial;
use crate::domain::hold::Holds;
use crate::domain::member::MemberId;
use crate::domain::period::Window;
use crate::domain::permit::{Ask, permit};
use crate::domain::representative::ActingFor;
use crate::domain::section::Section;
use crate::domain::taxpayer_id::TaxpayerId;
use crate::domain::timestamp::Timestamp;
use crate::seal::disclosed::read_sections;
use crate::store::products;

/// Terms whose effect is to be seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PreviewOf {
    /// The bank that would receive.
    pub bank: MemberId,
    /// Its product.
    pub product_id: String,
    /// What for; at least one.
    pub purpose: Vec<Purpose>,
    /// Sections that would be opened.
    pub sections: Vec<Section>,
    /// Tax periods that would be opened.
    pub window: ConsentWindow,
    /// Whether personal identifiers would leave.
    pub personal_data: bool,
}

/// What would leave.
#[derive(Clone, PartialEq, Debug)]
pub struct Preview {
    /// Whose data.
    pub taxpayer: TaxpayerId,
    /// When it was looked at.
    pub at: Timestamp,
    /// The ledger size as of which the records were read.
    pub read_at: u64,
    /// The months that would leave: those asked for, cut to what the product's profile opens.
    pub window: Window,
    /// The section objects, exactly as a dossier would have them, in its order.
    pub sections: Vec<(Section, Map<String, Value>)>,
}

impl Preview {
    /// The claims of a dossier that are known before there is one, for those who lay it out.
    pub fn claims(&self) -> Map<String, Value> {
        let window = json!({"from": self.window.from(), "to": self.window.to()});
        let claims = [("sub", Value::from(self.taxpayer.as_str())), ("window", window)];
        claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// What would leave under these terms, or why nothing would.
pub async fn preview(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    of: PreviewOf,
) -> ServiceResult<Result<Preview, Denial>> {
    let (now, taxpayer) = (exchange.clock.now(), acting.taxpayer().clone());
    exchange.blocking(move |exchange| look(exchange, taxpayer, &of, now)).await
}

fn look(
    exchange: &Exchange,
    taxpayer: TaxpayerId,
    of: &PreviewOf,
    now: Timestamp,
) -> ServiceResult<Result<Preview, Denial>> {
    let product = exchange.ledger.read(|c| products::find(c, &of.product_id))?;
    let Some(purpose) = of.purpose.first().copied() else {
        return Err(ServiceError::internal("a preview without a purpose"));
    };
    let ask = Ask {
        consent_id: String::new(),
        bank: of.bank.clone(),
        purpose,
        taxpayer_id: None,
        sections: None,
        legal_rep_digest: None,
    };
    let consent = as_if_granted(taxpayer.clone(), of, now);
    let policy = exchange.policy_in_force()?;
    let permit = match permit(&ask, Some(&consent), product.as_ref(), Holds::NONE, &policy, now) {
        Ok(permit) => permit,
        Err(denial) => return Ok(Err(denial)),
    };
    let (disclosures, read_at) = unkept(exchange, &permit, now)?;
    let encoded: Vec<&str> = disclosures.iter().map(|one| one.encoded.as_str()).collect();
    let read = read_sections(&encoded).map_err(ServiceError::internal)?;
    let sections = permit.sections().iter().copied().zip(read.into_iter().map(|section| section.object));
    Ok(Ok(Preview { taxpayer, at: now, read_at, window: permit.window(), sections: sections.collect() }))
}

/// What tells a consent of the portal from one that the e-tax bureau registers: other limits hold for it.
fn details(of: &PreviewOf) -> ConsentDetails {
    let personal = of.personal_data.then(|| PersonalTerms {
        id: String::new(),
        role: GrantorRole::LegalRepresentative,
        data_types: Vec::new(),
        text: ConsentText { version: String::new(), digest: String::new() },
    });
    ConsentDetails {
        number: String::new(),
        recipient: Recipient { name: String::new(), uscc: None, contact: None },
        provision: Provision::GatewayPull,
        policy: String::new(),
        post_loan_trigger: None,
        prepared_by: None,
        approved_by: Vec::new(),
        personal,
        request_id: None,
        supersedes: None,
    }
}

/// The consent that these terms would make, as far as a pull's rules look at it.
fn as_if_granted(taxpayer: TaxpayerId, of: &PreviewOf, now: Timestamp) -> Consent {
    let terms = ConsentTerms {
        id: String::new(),
        taxpayer_id: taxpayer,
        bank: of.bank.clone(),
        product_id: of.product_id.clone(),
        purpose: of.purpose.clone(),
        sections: of.sections.clone(),
        window: of.window,
        valid_from: now,
        valid_to: now.plus_micros(1),
        pulls_max: 1,
        personal_data: of.personal_data,
        share_outcome_with: Vec::new(),
        retain_until: now.shanghai_date(),
        text: ConsentText { version: String::new(), digest: String::new() },
        grantor: Grantor {
            role: GrantorRole::LegalRepresentative,
            id_ref: None,
            method: GrantMethod::EtaxFace,
            assurance: Assurance::Reliable,
            authenticated_at: now,
        },
        details: Some(details(of)),
    };
    Consent {
        terms,
        digest: String::new(),
        status: ConsentStatus::Granted,
        pulls_used: 0,
        personal_withdrawn: false,
    }
}
