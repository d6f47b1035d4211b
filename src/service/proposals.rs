//! Administrative changes, at once or by two persons: with the rule on, what one person asks for is a proposal,
//! applied when another one approves it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Exchange;
use super::admin::{self, Actor, Change, OPERATOR};
use super::directory::Caller;
use super::error::{ServiceError, ServiceResult};
use super::receipt::{Committed, Receipt};
use crate::domain::proposal::{OPEN_DAYS, Person, ProposalStatus};
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::store::db::AnyConnection;
use crate::store::error::{StoreError, StoreResult};
use crate::store::ledger::{Draft, Field};
use crate::store::proposals::{self, Proposal};

const DAY_MICROS: i64 = 86_400 * 1_000_000;

/// What may be proposed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "target", content = "changes", rename_all = "snake_case")]
pub enum Proposed {
    /// Changes of the directory, all or none.
    Member(Vec<Change>),
}

/// One change of a proposal, for people to judge.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChangeView {
    /// What would happen, as entries name it.
    pub change: String,
    /// To what.
    pub subject: String,
    /// A fingerprint, a label, a quota: what else there is to say.
    pub detail: String,
}

/// A proposal as bureau and operator see it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProposalView {
    /// Its id.
    pub id: String,
    /// What is to change: `member`.
    pub target: String,
    /// What it would do, all or none.
    pub changes: Vec<ChangeView>,
    /// Where it stands.
    pub status: ProposalStatus,
    /// The member whose person proposed it, or `operator`.
    pub proposed_by: String,
    /// That person's label.
    pub proposed_label: String,
    /// When.
    pub proposed_at: Timestamp,
    /// From when on nobody can approve it any more.
    pub expires_at: Timestamp,
    /// The member whose person decided.
    pub decided_by: Option<String>,
    /// That person's label.
    pub decided_label: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
}

/// A decision on a proposal, with the receipt of its entry.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Decided {
    /// The proposal as it stands now.
    #[serde(flatten)]
    pub proposal: ProposalView,
    /// Receipt of the entry `change.approved` or `change.rejected`.
    pub receipt: Receipt,
}

/// What became of a change that was asked for.
#[derive(Debug)]
pub enum Submitted {
    /// It was applied.
    Applied(Arc<Committed>),
    /// It waits for a second person.
    Proposed(ProposalView),
}

impl From<&Caller> for Person {
    fn from(caller: &Caller) -> Self {
        Person {
            member: caller.member.to_string(),
            label: caller.label.clone(),
            credential: caller.certificate.clone(),
        }
    }
}

impl From<&Person> for Actor {
    fn from(person: &Person) -> Self {
        Actor { member: person.member.clone(), label: person.label.clone() }
    }
}

type Unit<T> = StoreResult<ServiceResult<(T, Vec<Draft>)>>;

/// Applies a change, or proposes it where two persons are demanded.
pub async fn submit(exchange: &Arc<Exchange>, person: Person, what: Proposed) -> ServiceResult<Submitted> {
    let work = submission(exchange, person, what)?;
    let (proposed, committed) = exchange.writer.unit(work).await?;
    exchange.blocking(|e| Ok(e.directory.refresh()?)).await?;
    Ok(proposed.map_or(Submitted::Applied(committed), Submitted::Proposed))
}

/// The same for a caller on a thread of its own.
pub fn submit_blocking(exchange: &Exchange, person: Person, what: Proposed) -> ServiceResult<Submitted> {
    let (proposed, committed) = exchange.writer.unit_blocking(submission(exchange, person, what)?)?;
    exchange.directory.refresh()?;
    Ok(proposed.map_or(Submitted::Applied(committed), Submitted::Proposed))
}

/// One page of proposals, oldest first.
pub fn page(exchange: &Exchange, after: &str, limit: i64) -> ServiceResult<Vec<ProposalView>> {
    let now = exchange.clock.now();
    let found = exchange.ledger.read(|c| proposals::page(c, after, limit))?;
    found.into_iter().map(|proposal| Ok(view(&proposal, &read(&proposal)?, now))).collect()
}

/// Approves a proposal as a second person, and applies it.
pub fn approve(exchange: &Exchange, person: Person, id: String) -> ServiceResult<Decided> {
    let done = exchange.writer.unit_blocking(move |c, now| {
        let (proposal, what) = match open_proposal(c, &id, now)? {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if !person.is_another_than(&proposal.proposer, OPERATOR) {
            return Ok(Err(ServiceError::Conflict(
                "two persons are needed: approve with another certificate and another label than the proposal's"
                    .into(),
            )));
        }
        if let Some(refusal) = what.refusal(c, now)? {
            return Ok(Err(refusal));
        }
        let mut drafts = vec![draft(EntryKind::ChangeApproved, &proposal, &what, &person)];
        match what.write(c, &Actor::from(&person), now)? {
            Ok(more) => drafts.extend(more),
            // Judged a moment ago in this very transaction: what was written so far must not stay.
            Err(_changed) => return Err(StoreError::DecideAgain),
        }
        let decided = decide(c, proposal, &what, ProposalStatus::Approved, &person, now)?;
        Ok(Ok((decided, drafts)))
    });
    let (proposal, committed) = done?;
    exchange.directory.refresh()?;
    Ok(Decided { proposal, receipt: committed.receipt(0)? })
}

/// Turns a proposal down; its proposer may too.
pub fn reject(exchange: &Exchange, person: Person, id: String) -> ServiceResult<Decided> {
    let (proposal, committed) = exchange.writer.unit_blocking(move |c, now| {
        let (proposal, what) = match open_proposal(c, &id, now)? {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let draft = draft(EntryKind::ChangeRejected, &proposal, &what, &person);
        let decided = decide(c, proposal, &what, ProposalStatus::Rejected, &person, now)?;
        Ok(Ok((decided, vec![draft])))
    })?;
    Ok(Decided { proposal, receipt: committed.receipt(0)? })
}

impl Proposed {
    fn target(&self) -> &'static str {
        match self {
            Proposed::Member(_) => "member",
        }
    }

    fn views(&self) -> Vec<ChangeView> {
        match self {
            Proposed::Member(changes) => changes
                .iter()
                .map(|change| ChangeView {
                    change: change.name().to_owned(),
                    subject: change.member().to_string(),
                    detail: change.told(),
                })
                .collect(),
        }
    }

    fn refusal(&self, c: &mut AnyConnection, now: Timestamp) -> StoreResult<Option<ServiceError>> {
        match self {
            Proposed::Member(changes) => admin::refusal(c, changes, now),
        }
    }

    fn write(
        &self,
        c: &mut AnyConnection,
        actor: &Actor,
        now: Timestamp,
    ) -> StoreResult<ServiceResult<Vec<Draft>>> {
        match self {
            Proposed::Member(changes) => admin::write(c, changes, actor, now),
        }
    }
}

fn submission(
    exchange: &Exchange,
    person: Person,
    what: Proposed,
) -> ServiceResult<impl FnOnce(&mut AnyConnection, Timestamp) -> Unit<Option<ProposalView>> + Send + 'static>
{
    let two_persons = exchange.administration.two_persons;
    let id = exchange.fresh_id();
    let change = serde_json::to_string(&what).map_err(ServiceError::internal)?;
    Ok(move |c: &mut AnyConnection, now: Timestamp| {
        if !two_persons {
            return Ok(what.write(c, &Actor::from(&person), now)?.map(|drafts| (None, drafts)));
        }
        if let Some(refusal) = what.refusal(c, now)? {
            return Ok(Err(refusal));
        }
        let proposal = Proposal {
            id,
            change,
            status: ProposalStatus::Open,
            proposer: person.clone(),
            proposed_at: now,
            expires_at: now.plus_micros(OPEN_DAYS * DAY_MICROS),
            decided: None,
        };
        proposals::insert(c, &proposal)?;
        let draft = draft(EntryKind::ChangeProposed, &proposal, &what, &person);
        Ok(Ok((Some(view(&proposal, &what, now)), vec![draft])))
    })
}

fn open_proposal(
    c: &mut AnyConnection,
    id: &str,
    now: Timestamp,
) -> StoreResult<ServiceResult<(Proposal, Proposed)>> {
    let Some(proposal) = proposals::lock(c, id)? else { return Ok(Err(ServiceError::NotFound)) };
    match proposal.status.at(now, proposal.expires_at) {
        ProposalStatus::Open => {}
        decided @ (ProposalStatus::Approved | ProposalStatus::Rejected | ProposalStatus::Lapsed) => {
            return Ok(Err(ServiceError::Conflict(format!("the proposal is {decided}, not open"))));
        }
    }
    Ok(read(&proposal).map(|what| (proposal, what)))
}

fn decide(
    c: &mut AnyConnection,
    mut proposal: Proposal,
    what: &Proposed,
    status: ProposalStatus,
    person: &Person,
    now: Timestamp,
) -> StoreResult<ProposalView> {
    proposals::decide(c, &proposal.id, status, person, now)?;
    proposal.status = status;
    proposal.decided = Some((person.member.clone(), person.label.clone(), now));
    Ok(view(&proposal, what, now))
}

fn read(proposal: &Proposal) -> ServiceResult<Proposed> {
    serde_json::from_str(&proposal.change).map_err(ServiceError::internal)
}

fn view(proposal: &Proposal, what: &Proposed, now: Timestamp) -> ProposalView {
    let (decided_by, decided_label, decided_at) = match proposal.decided.clone() {
        Some((member, label, at)) => (Some(member), Some(label), Some(at)),
        None => (None, None, None),
    };
    ProposalView {
        id: proposal.id.clone(),
        target: what.target().to_owned(),
        changes: what.views(),
        status: proposal.status.at(now, proposal.expires_at),
        proposed_by: proposal.proposer.member.clone(),
        proposed_label: proposal.proposer.label.clone(),
        proposed_at: proposal.proposed_at,
        expires_at: proposal.expires_at,
        decided_by,
        decided_label,
        decided_at,
    }
}

/// The leaf says of what kind the change is; what it is, is a commitment.
fn draft(kind: EntryKind, proposal: &Proposal, what: &Proposed, person: &Person) -> Draft {
    Draft {
        kind,
        object_id: proposal.id.clone(),
        actor: person.member.clone(),
        by: person.label.clone(),
        fields: vec![
            ("target", Field::Plain(what.target().into())),
            ("change", Field::Sealed(proposal.change.clone())),
        ],
    }
}
