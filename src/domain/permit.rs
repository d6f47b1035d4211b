//! The decision on a pull: every rule of the consent, in one place.
//!
//! A [`Permit`] can be made only here, and nothing that reads tax data for a bank works without one.

use chrono::NaiveDate;

use super::consent::{Consent, ConsentStatus, Purpose};
use super::denial::{ConsentFault, Denial};
use super::hold::{HeldSubject, Holds};
use super::id_digest::IdDigest;
use super::member::MemberId;
use super::period::Window;
use super::policy::{GrantPath, Limits, Policy};
use super::product::{FieldProfile, Product, ProductStatus};
use super::section::Section;
use super::taxpayer_id::TaxpayerId;
use super::timestamp::Timestamp;

/// What a bank asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ask {
    /// The consent it relies on, as it wrote it: up to 64 characters, perhaps no id at all.
    pub consent_id: String,
    /// Who asks, by its certificate.
    pub bank: MemberId,
    /// What for.
    pub purpose: Purpose,
    /// The taxpayer, if the bank named one; it must then match.
    pub taxpayer_id: Option<String>,
    /// The sections wanted; all that are consented if absent.
    pub sections: Option<Vec<Section>>,
    /// Keyed digest of the legal representative's identity number, to be told whether it matches.
    pub legal_rep_digest: Option<IdDigest>,
}

/// Leave to release: what, of whom, to whom, for what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Permit {
    consent_id: String,
    consent_digest: String,
    taxpayer: TaxpayerId,
    bank: MemberId,
    product_id: String,
    purpose: Purpose,
    sections: Vec<Section>,
    profile: FieldProfile,
    window: Window,
    personal_data: bool,
    legal_rep_digest: Option<IdDigest>,
    in_force_until: Timestamp,
    policy: String,
}

impl Permit {
    /// The consent that the release rests on.
    pub fn consent_id(&self) -> &str {
        &self.consent_id
    }
    /// Digest of the consent as granted.
    pub fn consent_digest(&self) -> &str {
        &self.consent_digest
    }
    /// Whose data.
    pub fn taxpayer(&self) -> &TaxpayerId {
        &self.taxpayer
    }
    /// To whom.
    pub fn bank(&self) -> &MemberId {
        &self.bank
    }
    /// For which product.
    pub fn product_id(&self) -> &str {
        &self.product_id
    }
    /// What for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }
    /// Which sections, ascending.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }
    /// The product's approved profile.
    pub fn profile(&self) -> &FieldProfile {
        &self.profile
    }
    /// Which tax periods.
    pub fn window(&self) -> Window {
        self.window
    }
    /// Whether personal identifiers may leave.
    pub fn personal_data(&self) -> bool {
        self.personal_data
    }
    /// The digest that the bank submitted, if it did.
    pub fn legal_rep_digest(&self) -> Option<IdDigest> {
        self.legal_rep_digest
    }
    /// Version of the policy that it was judged by.
    pub fn policy(&self) -> &str {
        &self.policy
    }
    /// The first instant at which consent or policy no longer allow it.
    pub fn in_force_until(&self) -> Timestamp {
        self.in_force_until
    }
}

/// Decides a pull at the instant `at` by the ledger's clock, in sight of these holds and under this policy.
pub fn permit(
    ask: &Ask,
    consent: Option<&Consent>,
    product: Option<&Product>,
    holds: &Holds,
    policy: &Policy,
    at: Timestamp,
) -> Result<Permit, Denial> {
    let not_in_force = Denial::NotInForce;
    let consent = consent.ok_or(not_in_force(ConsentFault::Unknown))?;
    check_consent(ask, consent, at).map_err(not_in_force)?;
    let limits = policy.limits(GrantPath::of(&consent.terms), ask.purpose);
    let in_force_until = check_limits(limits, consent, at).map_err(not_in_force)?;
    let today = at.shanghai_date();
    let profile = product
        .filter(|product| product.bank == ask.bank && product.id == consent.terms.product_id)
        .and_then(|product| open_profile(product, today))
        .ok_or(not_in_force(ConsentFault::ProductNotApproved))?;
    let window = narrowed_window(consent, profile, today).ok_or(not_in_force(ConsentFault::WindowClosed))?;
    let window = limits.narrowed(window, today).ok_or(not_in_force(ConsentFault::BeyondPolicy))?;
    // Before the sections are compared: whether an ask goes beyond a consent is told only where nothing is held.
    if holds.bar(held_subject(ask, consent), at) {
        return Err(not_in_force(ConsentFault::OnHold));
    }
    let mut sections = wanted_sections(ask, consent)?;
    sections.retain(|section| limits.opens(*section));
    if sections.is_empty() {
        return Err(not_in_force(ConsentFault::BeyondPolicy));
    }
    Ok(Permit {
        consent_id: consent.terms.id.clone(),
        consent_digest: consent.digest.clone(),
        taxpayer: consent.terms.taxpayer_id.clone(),
        bank: ask.bank.clone(),
        product_id: consent.terms.product_id.clone(),
        purpose: ask.purpose,
        sections,
        profile: profile.clone(),
        window,
        personal_data: consent.covers_personal_data() && limits.personal_data,
        legal_rep_digest: ask.legal_rep_digest,
        in_force_until,
        policy: policy.version.clone(),
    })
}

fn check_consent(ask: &Ask, consent: &Consent, at: Timestamp) -> Result<(), ConsentFault> {
    let terms = &consent.terms;
    if terms.bank != ask.bank {
        return Err(ConsentFault::Foreign);
    }
    match consent.standing(at) {
        ConsentStatus::Granted => {}
        ConsentStatus::Draft | ConsentStatus::Requested | ConsentStatus::Declined | ConsentStatus::Lapsed => {
            return Err(ConsentFault::NotGranted);
        }
        ConsentStatus::Suspended => return Err(ConsentFault::Suspended),
        ConsentStatus::Revoked => return Err(ConsentFault::Revoked),
        ConsentStatus::Superseded => return Err(ConsentFault::Superseded),
        ConsentStatus::Expired => return Err(ConsentFault::Expired),
        ConsentStatus::Exhausted => return Err(ConsentFault::Exhausted),
    }
    if at < terms.valid_from {
        return Err(ConsentFault::NotYetValid);
    }
    if !terms.purpose.contains(&ask.purpose) {
        return Err(ConsentFault::WrongPurpose);
    }
    match &ask.taxpayer_id {
        Some(named) if named != terms.taxpayer_id.as_str() => Err(ConsentFault::TaxpayerMismatch),
        Some(_) | None => Ok(()),
    }
}

/// When consent and limits end, if the limits leave anything of the consent. No drawdown is recorded yet: whether a
/// loan was drawn the exchange learns with the loans themselves, and a limit that asks for one refuses until then.
fn check_limits(limits: &Limits, consent: &Consent, at: Timestamp) -> Result<Timestamp, ConsentFault> {
    let terms = &consent.terms;
    let end = limits.ends(terms.valid_from).map_or(terms.valid_to, |end| end.min(terms.valid_to));
    if at >= end || !limits.leaves_a_pull(consent.pulls_used) {
        return Err(ConsentFault::BeyondPolicy);
    }
    if limits.needs_drawdown { Err(ConsentFault::NoDrawdown) } else { Ok(end) }
}

fn open_profile(product: &Product, today: NaiveDate) -> Option<&FieldProfile> {
    let profile = match product.status {
        ProductStatus::Approved => product.profile.as_ref()?,
        ProductStatus::Draft
        | ProductStatus::Submitted
        | ProductStatus::Suspended
        | ProductStatus::Retired => return None,
    };
    let begun = profile.valid_from.is_none_or(|from| from <= today);
    let ended = profile.valid_to.is_some_and(|to| to <= today);
    (begun && !ended).then_some(profile)
}

/// The consent's window cut to what the product's profile opens, or `None` if they share no month.
fn narrowed_window(consent: &Consent, profile: &FieldProfile, today: NaiveDate) -> Option<Window> {
    let asked = consent.terms.window.resolve(today)?;
    let opened = Window::resolve_months(profile.window_months, today)?;
    Window::new(asked.from().max(opened.from()), asked.to().min(opened.to())).ok()
}

fn held_subject<'a>(ask: &'a Ask, consent: &'a Consent) -> HeldSubject<'a> {
    HeldSubject {
        bank: ask.bank.as_str(),
        product: &consent.terms.product_id,
        taxpayer: consent.terms.taxpayer_id.as_str(),
        sections: ask.sections.as_deref().unwrap_or(&consent.terms.sections),
    }
}

fn wanted_sections(ask: &Ask, consent: &Consent) -> Result<Vec<Section>, Denial> {
    let mut sections = match &ask.sections {
        None => consent.terms.sections.clone(),
        Some(asked) => asked.clone(),
    };
    if sections.iter().any(|section| !consent.terms.sections.contains(section)) {
        return Err(Denial::SectionNotConsented);
    }
    sections.sort_unstable();
    sections.dedup();
    Ok(sections)
}
