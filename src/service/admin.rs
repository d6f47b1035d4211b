//! Administration of members, each change an entry.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Exchange;
use super::directory::Caller;
use super::error::{ServiceError, ServiceResult};
use super::receipt::Committed;
use crate::domain::member::{MemberId, MemberStatus, Role};
use crate::domain::member_contact::MemberContact;
use crate::domain::representative::ActingFor;
use crate::domain::return_url::ReturnUrl;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
pub use crate::seal::sd_jwt::HOLDER;
use crate::store::db::AnyConnection;
use crate::store::error::{StoreError, StoreResult};
use crate::store::ledger::{Draft, Field};
use crate::store::member_contacts;
use crate::store::members::{self, Certificate, Member};
use crate::store::return_urls;

/// The actor of what is done on the host's command line.
pub const OPERATOR: &str = "operator";

/// What entries name as the actor when a firm acts in the portal; no member may have this name.
pub const TAXPAYER: &str = "taxpayer";

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

impl From<&ActingFor> for Actor {
    fn from(acting: &ActingFor) -> Self {
        Self { member: TAXPAYER.to_owned(), label: acting.label() }
    }
}

impl From<&Caller> for Actor {
    fn from(caller: &Caller) -> Self {
        Self { member: caller.member.to_string(), label: caller.label.clone() }
    }
}

/// A change to the directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "change", content = "with", rename_all = "snake_case")]
pub enum Change {
    /// A new member, with its first certificate.
    Add(Member, Certificate),
    /// The same, and how to reach it.
    AddWithContact(Member, MemberContact, Certificate),
    /// One more certificate of a member.
    AddCertificate(Certificate),
    /// A member may no longer act.
    Suspend(MemberId),
    /// A member may act again.
    Resume(MemberId),
    /// A member leaves for good: nothing brings it back, and its name is not given again.
    WithdrawMember(MemberId),
    /// A certificate is no longer accepted.
    Withdraw(MemberId, String),
    /// A certificate is no longer accepted from an instant on: the end of a rotation's overlap.
    WithdrawAt(MemberId, String, Timestamp),
    /// How many dossiers a bank may ask for in a day.
    SetQuota(MemberId, u64),
    /// How firms reach the member about their data.
    SetContact(MemberId, MemberContact),
    /// A bank may have persons sent back to places at or below this one.
    AddReturnUrl(MemberId, ReturnUrl),
    /// A bank may no longer.
    RemoveReturnUrl(MemberId, ReturnUrl),
}

impl Change {
    /// The member it is about.
    pub fn member(&self) -> &MemberId {
        match self {
            Change::Add(member, _) | Change::AddWithContact(member, _, _) => &member.id,
            Change::AddCertificate(certificate) => &certificate.member,
            Change::Suspend(id) | Change::Resume(id) | Change::WithdrawMember(id) => id,
            Change::Withdraw(id, _) | Change::WithdrawAt(id, _, _) => id,
            Change::SetQuota(id, _) | Change::SetContact(id, _) => id,
            Change::AddReturnUrl(id, _) | Change::RemoveReturnUrl(id, _) => id,
        }
    }

    /// What it is, as entries name it.
    pub fn name(&self) -> &'static str {
        match self {
            Change::Add(..) | Change::AddWithContact(..) => "added",
            Change::AddCertificate(_) => "certificate_added",
            Change::Suspend(_) => "suspended",
            Change::Resume(_) => "resumed",
            Change::WithdrawMember(_) => "withdrawn",
            Change::Withdraw(..) | Change::WithdrawAt(..) => "certificate_withdrawn",
            Change::SetQuota(..) => "quota_set",
            Change::SetContact(..) => "contact_set",
            Change::AddReturnUrl(..) => "return_url_added",
            Change::RemoveReturnUrl(..) => "return_url_removed",
        }
    }

    /// What it says besides: a fingerprint, an instant, a quota; empty if nothing.
    pub fn detail(&self) -> String {
        match self {
            Change::Add(_, certificate)
            | Change::AddWithContact(_, _, certificate)
            | Change::AddCertificate(certificate) => certificate.fingerprint.clone(),
            Change::Suspend(_) | Change::Resume(_) | Change::WithdrawMember(_) => String::new(),
            Change::Withdraw(_, fingerprint) => fingerprint.clone(),
            Change::WithdrawAt(_, fingerprint, at) => format!("{fingerprint} {at}"),
            Change::SetQuota(_, quota) => quota.to_string(),
            Change::SetContact(_, contact) => reached(contact),
            Change::AddReturnUrl(_, url) | Change::RemoveReturnUrl(_, url) => url.to_string(),
        }
    }

    /// The same for people who are to judge it.
    pub fn told(&self) -> String {
        let certificate = |c: &Certificate| format!("{} {} {}", c.label, c.fingerprint, c.not_after);
        match self {
            Change::Add(member, c) => format!("{} {} {}", member.role, member.name, certificate(c)),
            Change::AddWithContact(member, contact, c) => {
                format!("{} {} {} {}", member.role, member.name, reached(contact), certificate(c))
            }
            Change::AddCertificate(c) => certificate(c),
            Change::Suspend(_)
            | Change::Resume(_)
            | Change::WithdrawMember(_)
            | Change::Withdraw(..)
            | Change::WithdrawAt(..)
            | Change::SetQuota(..)
            | Change::AddReturnUrl(..)
            | Change::RemoveReturnUrl(..)
            | Change::SetContact(..) => self.detail(),
        }
    }
}

fn reached(contact: &MemberContact) -> String {
    format!("{} {} {}", contact.uscc, contact.contact, contact.complaint)
}

/// Applies changes in one transaction, each an entry `member.changed`, as the operator. Blocks on the writer.
///
/// `label` is the person at the command line; it appears as a commitment.
pub fn apply(exchange: &Exchange, changes: Vec<Change>, label: String) -> ServiceResult<Arc<Committed>> {
    let actor = Actor::operator(label);
    let ((), committed) =
        exchange.writer.unit_blocking(move |c, now| Ok(write(c, &changes, &actor, now)?.map(|d| ((), d))))?;
    exchange.directory.refresh()?;
    Ok(committed)
}

/// The same for whoever acts, away from the threads that serve.
pub async fn apply_as(
    exchange: &Arc<Exchange>,
    changes: Vec<Change>,
    actor: Actor,
) -> ServiceResult<Arc<Committed>> {
    let work = move |c: &mut AnyConnection, now| Ok(write(c, &changes, &actor, now)?.map(|d| ((), d)));
    let ((), committed) = exchange.writer.unit(work).await?;
    exchange.blocking(|e| Ok(e.directory.refresh()?)).await?;
    Ok(committed)
}

/// Writes changes inside a unit of work, and gives the entries that record them.
///
/// Everything is judged before anything is written, so a refusal leaves no trace. What another process changed
/// in between is found by the writes themselves and rolls the unit back.
pub fn write(
    connection: &mut AnyConnection,
    changes: &[Change],
    actor: &Actor,
    now: Timestamp,
) -> StoreResult<ServiceResult<Vec<Draft>>> {
    if let Some(refusal) = refusal(connection, changes, now)? {
        return Ok(Err(refusal));
    }
    for change in changes {
        if !write_one(connection, change, now)? {
            return Err(StoreError::DecideAgain);
        }
    }
    Ok(Ok(changes.iter().map(|change| draft(change, actor)).collect()))
}

/// What stands against the changes, before anything is written.
pub fn refusal(
    connection: &mut AnyConnection,
    changes: &[Change],
    now: Timestamp,
) -> StoreResult<Option<ServiceError>> {
    let standing = Standing::read(connection, now)?;
    Ok(changes.iter().find_map(|change| standing.refuses(change)))
}

/// `false` if the directory no longer stands as it was judged.
fn write_one(c: &mut AnyConnection, change: &Change, now: Timestamp) -> StoreResult<bool> {
    match change {
        Change::Add(member, certificate) => {
            members::insert(c, member, now)?;
            members::insert_certificate(c, certificate)?;
            Ok(true)
        }
        Change::AddWithContact(member, contact, certificate) => {
            members::insert(c, member, now)?;
            members::insert_certificate(c, certificate)?;
            member_contacts::set(c, &member.id, contact, now)?;
            Ok(true)
        }
        Change::AddCertificate(certificate) => {
            members::insert_certificate(c, certificate)?;
            Ok(true)
        }
        Change::Suspend(id) => members::set_status(c, id, MemberStatus::Suspended),
        Change::Resume(id) => members::set_status(c, id, MemberStatus::Active),
        Change::WithdrawMember(id) => members::set_status(c, id, MemberStatus::Withdrawn),
        Change::Withdraw(id, fingerprint) => members::withdraw_certificate(c, id, fingerprint, now),
        Change::WithdrawAt(id, fingerprint, at) => {
            members::withdraw_certificate(c, id, fingerprint, *at.max(&now))
        }
        Change::SetQuota(id, quota) => members::set_quota(c, id, *quota),
        Change::AddReturnUrl(id, url) => return_urls::add(c, id, url, now),
        Change::RemoveReturnUrl(id, url) => return_urls::remove(c, id, url),
        Change::SetContact(id, contact) => {
            member_contacts::set(c, id, contact, now)?;
            Ok(true)
        }
    }
}

/// The leaf names the member: entries are read by bureau and regulator, and a member's own by itself. What the
/// change says in detail (a fingerprint, a quota) is a commitment.
fn draft(change: &Change, actor: &Actor) -> Draft {
    Draft {
        kind: EntryKind::MemberChanged,
        object_id: change.member().to_string(),
        actor: actor.member.clone(),
        by: actor.label.clone(),
        fields: vec![
            ("change", Field::Plain(change.name().into())),
            ("detail", Field::Sealed(change.detail())),
        ],
    }
}

/// The directory as a unit of work finds it.
struct Standing {
    members: Vec<Member>,
    certificates: Vec<Certificate>,
    return_urls: Vec<(String, String)>,
    now: Timestamp,
}

impl Standing {
    fn read(connection: &mut AnyConnection, now: Timestamp) -> StoreResult<Self> {
        let (members, certificates) = (members::all(connection)?, members::certificates(connection)?);
        Ok(Self { members, certificates, return_urls: return_urls::all(connection)?, now })
    }

    fn status(&self, id: &MemberId) -> Option<MemberStatus> {
        self.members.iter().find(|member| member.id == *id).map(|member| member.status)
    }

    fn refuses(&self, change: &Change) -> Option<ServiceError> {
        let why = match change {
            Change::Add(member, _) | Change::AddWithContact(member, _, _)
                if [OPERATOR, TAXPAYER, HOLDER].contains(&member.id.as_str()) =>
            {
                Some(format!("no member may be called {}: entries name others so", member.id))
            }
            Change::Add(member, certificate) => self.taken(&member.id).or_else(|| self.pinned(certificate)),
            Change::AddWithContact(member, contact, certificate) => self
                .taken(&member.id)
                .or_else(|| self.pinned(certificate))
                .or_else(|| contact.check().err().map(|why| why.to_string())),
            Change::AddCertificate(certificate) => {
                self.left(&certificate.member).or_else(|| self.pinned(certificate))
            }
            Change::Suspend(id) => self.left(id).or_else(|| self.stands(id, MemberStatus::Suspended)),
            Change::Resume(id) => self.left(id).or_else(|| self.stands(id, MemberStatus::Active)),
            Change::WithdrawMember(id) | Change::SetQuota(id, _) => self.left(id),
            Change::AddReturnUrl(id, url) => self.bank(id).or_else(|| {
                self.returns_to(id, url).then(|| format!("{url} is registered for {id} already"))
            }),
            Change::RemoveReturnUrl(id, url) => {
                (!self.returns_to(id, url)).then(|| format!("{url} is not registered for {id}"))
            }
            Change::SetContact(id, contact) => {
                self.left(id).or_else(|| contact.check().err().map(|why| why.to_string()))
            }
            Change::Withdraw(id, fingerprint) => self.unusable(id, fingerprint, self.now),
            Change::WithdrawAt(id, fingerprint, at) => self.unusable(id, fingerprint, *at.max(&self.now)),
        };
        why.map(ServiceError::Conflict)
    }

    /// Absent, gone, or no bank.
    fn bank(&self, id: &MemberId) -> Option<String> {
        let is_bank = self.members.iter().any(|member| member.id == *id && member.role == Role::Bank);
        self.left(id).or_else(|| (!is_bank).then(|| format!("{id} is no bank")))
    }

    fn returns_to(&self, id: &MemberId, url: &ReturnUrl) -> bool {
        self.return_urls.iter().any(|(bank, known)| bank == id.as_str() && known == url.as_str())
    }

    fn taken(&self, id: &MemberId) -> Option<String> {
        self.status(id).map(|_| format!("there is a member {id} already"))
    }

    /// Absent, or withdrawn for good.
    fn left(&self, id: &MemberId) -> Option<String> {
        match self.status(id) {
            None => Some(format!("there is no member {id}: `member list` shows those there are")),
            Some(MemberStatus::Withdrawn) => Some(format!("{id} has left for good")),
            Some(MemberStatus::Active | MemberStatus::Suspended) => None,
        }
    }

    fn stands(&self, id: &MemberId, status: MemberStatus) -> Option<String> {
        (self.status(id) == Some(status)).then(|| format!("{id} is {status} already"))
    }

    fn pinned(&self, certificate: &Certificate) -> Option<String> {
        let known = self.certificates.iter().any(|known| known.fingerprint == certificate.fingerprint);
        known.then(|| "this certificate is registered already".to_owned())
    }

    fn unusable(&self, id: &MemberId, fingerprint: &str, from: Timestamp) -> Option<String> {
        let found = self.certificates.iter().find(|c| c.member == *id && c.fingerprint == *fingerprint);
        match found.map(|c| c.withdrawn_at) {
            Some(None) => None,
            Some(Some(at)) => {
                (at <= from).then(|| format!("this certificate of {id} is withdrawn from {at} on"))
            }
            None => Some(format!("{id} has no such certificate in use: `member list` shows them")),
        }
    }
}
