//! Administration of members, each change an entry.

use std::sync::Arc;

use super::Exchange;
use super::directory::Caller;
use super::error::{ServiceError, ServiceResult};
use super::receipt::Committed;
use crate::domain::member::{MemberId, MemberStatus};
use crate::ledger::entry::EntryKind;
use crate::store::error::StoreResult;
use crate::store::ledger::{Draft, Field};
use crate::store::members::{self, Certificate, Member};

/// The actor of what is done on the host's command line.
pub const OPERATOR: &str = "operator";

/// Who does something administrative: the member that an entry names, and the person it commits to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Actor {
    /// The member; [`OPERATOR`] on the host's command line.
    pub member: String,
    /// Label of the certificate used, or the operating system's name of the person.
    pub label: String,
}

impl Actor {
    /// The person at the host's command line.
    pub fn operator(label: impl Into<String>) -> Self {
        Self { member: OPERATOR.to_owned(), label: label.into() }
    }
}

impl From<&Caller> for Actor {
    fn from(caller: &Caller) -> Self {
        Self { member: caller.member.to_string(), label: caller.label.clone() }
    }
}

/// A change to the directory.
#[derive(Clone, Debug)]
pub enum Change {
    /// A new member, with its first certificate.
    Add(Member, Certificate),
    /// One more certificate of a member.
    AddCertificate(Certificate),
    /// A member may no longer act.
    Suspend(MemberId),
    /// A member may act again.
    Resume(MemberId),
    /// A certificate is no longer accepted.
    Withdraw(MemberId, String),
    /// How many dossiers a bank may ask for in a day.
    SetQuota(MemberId, u64),
}

/// Applies changes in one transaction, each an entry `member.changed`. Blocks on the writer.
///
/// `label` is the person at the command line; it appears as a commitment.
pub fn apply(exchange: &Exchange, changes: Vec<Change>, label: String) -> ServiceResult<Arc<Committed>> {
    let ((), committed) = exchange.writer.unit_blocking(move |c, now| {
        for change in &changes {
            if let Some(refusal) = check(c, change)? {
                return Ok(Err(refusal));
            }
        }
        for change in &changes {
            match change {
                Change::Add(member, certificate) => {
                    members::insert(c, member, now)?;
                    members::insert_certificate(c, certificate)?;
                }
                Change::AddCertificate(certificate) => members::insert_certificate(c, certificate)?,
                Change::Suspend(id) => {
                    let _changed = members::set_status(c, id, MemberStatus::Suspended)?;
                }
                Change::Resume(id) => {
                    let _changed = members::set_status(c, id, MemberStatus::Active)?;
                }
                Change::Withdraw(id, fingerprint) => {
                    let _changed = members::withdraw_certificate(c, id, fingerprint, now)?;
                }
                Change::SetQuota(id, quota) => {
                    let _changed = members::set_quota(c, id, *quota)?;
                }
            }
        }
        Ok(Ok(((), changes.iter().map(|change| draft(change, &label)).collect())))
    })?;
    exchange.directory.refresh()?;
    Ok(committed)
}

/// What stands against a change, before anything is written.
fn check(
    connection: &mut crate::store::db::AnyConnection,
    change: &Change,
) -> StoreResult<Option<ServiceError>> {
    let all = members::all(connection)?;
    let certificates = members::certificates(connection)?;
    let find = |id: &MemberId| all.iter().find(|member| member.id == *id);
    let absent = |id: &MemberId| {
        Some(ServiceError::Conflict(format!("there is no member {id}: `member list` shows those there are")))
    };
    let pinned = |fingerprint: &str| certificates.iter().any(|c| c.fingerprint == fingerprint);
    Ok(match change {
        Change::Add(member, _) if find(&member.id).is_some() => {
            Some(ServiceError::Conflict(format!("there is a member {} already", member.id)))
        }
        Change::Add(_, certificate) | Change::AddCertificate(certificate)
            if pinned(&certificate.fingerprint) =>
        {
            Some(ServiceError::Conflict("this certificate is registered already".into()))
        }
        Change::Add(..) => None,
        Change::AddCertificate(certificate) => match find(&certificate.member) {
            Some(_) => None,
            None => absent(&certificate.member),
        },
        Change::Suspend(id) => match find(id).map(|member| member.status) {
            None => absent(id),
            Some(MemberStatus::Suspended) => {
                Some(ServiceError::Conflict(format!("{id} is suspended already")))
            }
            Some(MemberStatus::Active) => None,
        },
        Change::Resume(id) => match find(id).map(|member| member.status) {
            None => absent(id),
            Some(MemberStatus::Active) => Some(ServiceError::Conflict(format!("{id} is active already"))),
            Some(MemberStatus::Suspended) => None,
        },
        Change::Withdraw(id, fingerprint) => {
            let usable = certificates
                .iter()
                .any(|c| c.member == *id && c.fingerprint == *fingerprint && c.withdrawn_at.is_none());
            (!usable).then(|| {
                ServiceError::Conflict(format!(
                    "{id} has no such certificate in use: `member list` shows them"
                ))
            })
        }
        Change::SetQuota(id, _) => match find(id) {
            Some(_) => None,
            None => absent(id),
        },
    })
}

/// The leaf names the member: entries are read by bureau and regulator, and a member's own by itself. What the
/// change says in detail (a fingerprint, a quota) is a commitment.
fn draft(change: &Change, label: &str) -> Draft {
    let (what, id, detail) = match change {
        Change::Add(member, certificate) => ("added", &member.id, certificate.fingerprint.clone()),
        Change::AddCertificate(certificate) => {
            ("certificate_added", &certificate.member, certificate.fingerprint.clone())
        }
        Change::Suspend(id) => ("suspended", id, String::new()),
        Change::Resume(id) => ("resumed", id, String::new()),
        Change::Withdraw(id, fingerprint) => ("certificate_withdrawn", id, fingerprint.clone()),
        Change::SetQuota(id, quota) => ("quota_set", id, quota.to_string()),
    };
    Draft {
        kind: EntryKind::MemberChanged,
        object_id: id.to_string(),
        actor: OPERATOR.to_owned(),
        by: label.to_owned(),
        fields: vec![("change", Field::Plain(what.into())), ("detail", Field::Sealed(detail))],
    }
}
