//! Administrative changes, at once or by two persons: with the rule on, what one person asks for is a proposal,
//! applied when another one approves it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Exchange;
use super::admin::{Actor, OPERATOR};
use super::directory::Caller;
use super::error::{ServiceError, ServiceResult};
use super::holds::{self, HoldChange, NewHold};
use super::member_keys::{self, MemberKeyView, NewMemberKey};
pub use super::proposed::{ChangeView, Proposed};
use super::receipt::{Committed, Receipt};
use crate::domain::key_use::KeyUse;
use crate::domain::proposal::{OPEN_DAYS, Person, ProposalStatus};
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::seal::jwk::PublicJwk;
use crate::store::db::AnyConnection;
use crate::store::error::{StoreError, StoreResult};
use crate::store::idempotency::Claim;
use crate::store::ledger::{Draft, Field};
use crate::store::proposals::{self, Proposal};

const DAY_MICROS: i64 = 86_400 * 1_000_000;

/// A proposal as bureau and operator see it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProposalView {
    /// Its id.
    pub id: String,
    /// What is to change: `member`, `hold` or `key`.
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

/// What became of a hold that was asked for, or of its lifting.
#[derive(Debug)]
pub enum HoldSubmitted {
    /// It was done.
    Done(HoldChange),
    /// It waits for a second person.
    Proposed(ProposalView),
}

/// What became of a bank's own key.
#[derive(Debug)]
pub enum KeySubmitted {
    /// It is registered; whether it is new.
    Done(MemberKeyView, bool),
    /// It waits for a second person.
    Proposed(ProposalView),
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

/// Places a hold, or proposes it where two persons are demanded.
pub async fn place_hold(
    exchange: &Arc<Exchange>,
    person: Person,
    new: NewHold,
    claim: Option<Claim>,
) -> ServiceResult<HoldSubmitted> {
    if !exchange.administration.two_persons {
        let done = holds::place(exchange, &Actor::from(&person), new, claim).await?;
        return Ok(HoldSubmitted::Done(done));
    }
    propose(exchange, person, Proposed::PlaceHold(new)).await
}

/// Lifts a hold, or proposes that.
pub async fn lift_hold(
    exchange: &Arc<Exchange>,
    person: Person,
    id: String,
    claim: Option<Claim>,
) -> ServiceResult<HoldSubmitted> {
    if !exchange.administration.two_persons {
        let done = holds::lift(exchange, &Actor::from(&person), id, claim).await?;
        return Ok(HoldSubmitted::Done(done));
    }
    propose(exchange, person, Proposed::LiftHold(id)).await
}

async fn propose(exchange: &Arc<Exchange>, person: Person, what: Proposed) -> ServiceResult<HoldSubmitted> {
    match submit(exchange, person, what).await? {
        Submitted::Proposed(proposal) => Ok(HoldSubmitted::Proposed(proposal)),
        Submitted::Applied(_) => Err(ServiceError::internal("applied where two persons are needed")),
    }
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
        match what.write(c, &Actor::from(&person), &proposal.id, now)? {
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
            return Ok(what.write(c, &Actor::from(&person), &id, now)?.map(|drafts| (None, drafts)));
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
        decided @ (ProposalStatus::Approved
        | ProposalStatus::Done
        | ProposalStatus::Rejected
        | ProposalStatus::Lapsed) => {
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

/// Lets a key on this host be rotated: at once, or by an approved proposal of these very words, which is used up.
///
/// Without a proposal where two persons are demanded, it is proposed, and nothing may be done yet.
pub fn permit_rotation(
    exchange: &Exchange,
    person: Person,
    what: String,
    proposal: Option<String>,
) -> ServiceResult<Option<ProposalView>> {
    if !exchange.administration.two_persons {
        return Ok(None);
    }
    let Some(id) = proposal else {
        return match submit_blocking(exchange, person, Proposed::RotateKey(what))? {
            Submitted::Proposed(view) => Ok(Some(view)),
            Submitted::Applied(_) => Err(ServiceError::internal("applied where two persons are needed")),
        };
    };
    let ((), _committed) = exchange.writer.unit_blocking(move |c, now| {
        let Some(proposal) = proposals::lock(c, &id)? else { return Ok(Err(ServiceError::NotFound)) };
        let named = match read(&proposal) {
            Ok(Proposed::RotateKey(named)) => named == what,
            Ok(
                Proposed::Member(_) | Proposed::PlaceHold(_) | Proposed::LiftHold(_) | Proposed::MemberKey(_),
            )
            | Err(_) => false,
        };
        if !named || proposal.status != ProposalStatus::Approved || now >= proposal.expires_at {
            return Ok(Err(ServiceError::Conflict(format!(
                "the proposal is {}, or for something else than: {what}",
                proposal.status.at(now, proposal.expires_at)
            ))));
        }
        proposals::set_status(c, &id, ProposalStatus::Done)?;
        Ok(Ok(((), Vec::new())))
    })?;
    Ok(None)
}

/// Registers a bank's own key, or proposes that; the proof of possession is judged at once.
pub async fn register_key(
    exchange: &Arc<Exchange>,
    caller: &Caller,
    usage: KeyUse,
    jwk: PublicJwk,
    proof: &str,
) -> ServiceResult<KeySubmitted> {
    if !exchange.administration.two_persons {
        let (view, new) = member_keys::register(exchange, caller, usage, jwk, proof).await?;
        return Ok(KeySubmitted::Done(view, new));
    }
    member_keys::check(caller, usage, &jwk, proof, exchange.clock.now())?;
    let what = Proposed::MemberKey(NewMemberKey { member: caller.member.clone(), usage, jwk });
    match submit(exchange, caller.into(), what).await? {
        Submitted::Proposed(view) => Ok(KeySubmitted::Proposed(view)),
        Submitted::Applied(_) => Err(ServiceError::internal("applied where two persons are needed")),
    }
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
