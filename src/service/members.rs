//! Members as bureau, regulator and console see them, and what may be done with them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Exchange;
use super::admin::Change;
use super::directory::Caller;
use super::enrolment::{Enrolled, Offered};
use super::error::{ServiceError, ServiceResult};
use super::proposals::{ProposalView, Proposed, Submitted, submit};
use super::receipt::Receipt;
use crate::domain::member::{CertificateState, MemberId, MemberStatus, Role, days_between};
use crate::domain::timestamp::Timestamp;
use crate::store::members::{Certificate, Member};

/// Days for which an old certificate is still good beside the one that replaces it, unless said otherwise.
pub const OVERLAP_DAYS: u32 = 14;
/// The longest overlap.
const OVERLAP_DAYS_MAX: u32 = 90;
const DAY_MICROS: i64 = 86_400 * 1_000_000;

/// A member with its certificates.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MemberView {
    /// Its slug.
    pub id: MemberId,
    /// What it is.
    pub role: Role,
    /// Its full legal name.
    pub name: String,
    /// Whether it may act.
    pub status: MemberStatus,
    /// Dossiers it may ask for in one day.
    pub quota_per_day: u64,
    /// Its certificates, those that last longest first, withdrawn ones included.
    pub certificates: Vec<CertificateView>,
}

/// A member's certificate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CertificateView {
    /// The person or system that holds it.
    pub label: String,
    /// Lower-case hexadecimal SHA-256 of its DER.
    pub fingerprint: String,
    /// First instant of validity.
    pub not_before: Timestamp,
    /// First instant past validity.
    pub not_after: Timestamp,
    /// From when on it is no longer accepted, if that was decided; ahead while a rotation's overlap lasts.
    pub withdrawn_at: Option<Timestamp>,
    /// Whole days for which it is still accepted.
    pub days_left: i64,
    /// How it stands.
    pub state: CertificateState,
}

/// What became of a change that the bureau or a member asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MemberChange {
    /// The member as it stands now.
    pub member: MemberView,
    /// The certificate that was issued or registered, PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// Receipt of the entry; absent while the change waits for a second person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
    /// The proposal, if the change waits for a second person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposal: Option<ProposalView>,
}

/// A certificate to be registered for a member.
#[derive(Clone, Debug)]
pub struct NewCertificate {
    /// The certificate, or a request for one.
    pub offered: Offered,
    /// The person or system that holds it.
    pub label: String,
    /// Fingerprint of the certificate that it replaces, which stays good for so many days.
    pub replaces: Option<(String, u32)>,
}

/// Every member by slug, as the directory's snapshot has it: at most 0.4 s old.
pub fn overview(exchange: &Exchange) -> Vec<MemberView> {
    let now = exchange.clock.now();
    exchange.directory.members().into_iter().map(|(member, own)| view(member, own, now)).collect()
}

/// One member.
pub fn find(exchange: &Exchange, id: &str) -> ServiceResult<MemberView> {
    overview(exchange).into_iter().find(|view| view.id.as_str() == id).ok_or(ServiceError::NotFound)
}

/// A member may no longer act.
pub async fn suspend(exchange: &Arc<Exchange>, caller: &Caller, id: &str) -> ServiceResult<MemberChange> {
    change(exchange, caller, vec![Change::Suspend(another(exchange, caller, id)?)], None).await
}

/// A member may act again.
pub async fn resume(exchange: &Arc<Exchange>, caller: &Caller, id: &str) -> ServiceResult<MemberChange> {
    change(exchange, caller, vec![Change::Resume(find(exchange, id)?.id)], None).await
}

/// A member leaves for good.
pub async fn withdraw(exchange: &Arc<Exchange>, caller: &Caller, id: &str) -> ServiceResult<MemberChange> {
    change(exchange, caller, vec![Change::WithdrawMember(another(exchange, caller, id)?)], None).await
}

/// A certificate is no longer accepted, from now on.
pub async fn withdraw_certificate(
    exchange: &Arc<Exchange>,
    caller: &Caller,
    id: &str,
    fingerprint: &str,
) -> ServiceResult<MemberChange> {
    let member = find(exchange, id)?;
    let fingerprint = fingerprint.to_lowercase();
    if !member.certificates.iter().any(|certificate| certificate.fingerprint == fingerprint) {
        return Err(ServiceError::NotFound);
    }
    if fingerprint == caller.certificate {
        return Err(ServiceError::Conflict(
            "this is the certificate you are using: withdraw it with another one, or on the host".into(),
        ));
    }
    change(exchange, caller, vec![Change::Withdraw(member.id, fingerprint)], None).await
}

/// Registers one more certificate of a member, or has it issued; the one it replaces ends after the overlap.
pub async fn add_certificate(
    exchange: &Arc<Exchange>,
    caller: &Caller,
    id: &str,
    new: NewCertificate,
) -> ServiceResult<MemberChange> {
    let member = find(exchange, id)?.id;
    let (enrolled, changes) = prepare(exchange, member, new).await?;
    change(exchange, caller, changes, Some(enrolled.pem)).await
}

/// A member replaces the certificate it is using, under the same label, by one with another key.
///
/// `key` is the thumbprint of the key on this connection.
pub async fn rotate_own(
    exchange: &Arc<Exchange>,
    caller: &Caller,
    key: &str,
    offered: Offered,
    overlap_days: u32,
) -> ServiceResult<MemberChange> {
    let replaces = Some((caller.certificate.clone(), overlap_days));
    let new = NewCertificate { offered, label: caller.label.clone(), replaces };
    let (enrolled, changes) = prepare(exchange, caller.member.clone(), new).await?;
    if enrolled.key == key {
        return Err(ServiceError::invalid(
            "/certificate",
            "must have another key than the certificate it replaces",
        ));
    }
    change(exchange, caller, changes, Some(enrolled.pem)).await
}

/// What registering a certificate changes. Blocks on files.
pub fn registration(
    exchange: &Exchange,
    member: &MemberId,
    new: &NewCertificate,
) -> ServiceResult<(Enrolled, Vec<Change>)> {
    let now = exchange.clock.now();
    let enrolled = exchange.administration.enrol(member, &new.label, &new.offered, now)?;
    let mut changes = vec![Change::AddCertificate(enrolled.pinned.clone())];
    if let Some((old, days)) = &new.replaces {
        if *days > OVERLAP_DAYS_MAX {
            return Err(ServiceError::invalid("/overlap_days", "must be 0 to 90"));
        }
        let until = now.plus_micros(i64::from(*days) * DAY_MICROS);
        changes.push(Change::WithdrawAt(member.clone(), old.to_lowercase(), until));
    }
    Ok((enrolled, changes))
}

async fn prepare(
    exchange: &Arc<Exchange>,
    member: MemberId,
    new: NewCertificate,
) -> ServiceResult<(Enrolled, Vec<Change>)> {
    exchange.blocking(move |e| registration(e, &member, &new)).await
}

/// Whoever suspends or withdraws its own member could not take it back.
fn another(exchange: &Exchange, caller: &Caller, id: &str) -> ServiceResult<MemberId> {
    let member = find(exchange, id)?.id;
    if member == caller.member {
        return Err(ServiceError::Conflict("this is your own member: that is done on the host only".into()));
    }
    Ok(member)
}

async fn change(
    exchange: &Arc<Exchange>,
    caller: &Caller,
    changes: Vec<Change>,
    certificate: Option<String>,
) -> ServiceResult<MemberChange> {
    let member = changes.first().map(|change| change.member().to_string()).unwrap_or_default();
    let submitted = submit(exchange, caller.into(), Proposed::Member(changes)).await?;
    let (receipt, proposal) = match submitted {
        Submitted::Applied(committed) => (Some(committed.receipt(0)?), None),
        Submitted::Proposed(proposal) => (None, Some(proposal)),
    };
    Ok(MemberChange { member: find(exchange, &member)?, certificate, receipt, proposal })
}

fn view(member: Member, certificates: Vec<Certificate>, now: Timestamp) -> MemberView {
    let of = |c: Certificate| {
        let state = CertificateState::at(now, c.not_before, c.not_after, c.withdrawn_at);
        let end = c.withdrawn_at.map_or(c.not_after, |at| at.min(c.not_after));
        CertificateView {
            label: c.label,
            fingerprint: c.fingerprint,
            not_before: c.not_before,
            not_after: c.not_after,
            withdrawn_at: c.withdrawn_at,
            days_left: days_between(now, end),
            state,
        }
    };
    MemberView {
        id: member.id,
        role: member.role,
        name: member.name,
        status: member.status,
        quota_per_day: member.quota_per_day,
        certificates: certificates.into_iter().map(of).collect(),
    }
}
