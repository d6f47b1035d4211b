//! The write unit of a pull: many commands, decided and written as sets in one transaction.
//!
//! Consents are locked first (by id), the quota rows next (by bank), the head last. A refusal is a
//! value and commits; a fault rolls everything back.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::db::AnyConnection;
use super::error::{StoreError, StoreResult};
use super::ledger::{self, Appended, Draft, Field, Head, Known, append};
use super::policies::InForce;
use super::releases::ReleaseRow;
use super::{consents, holds, idempotency, products, quota, releases};
use crate::domain::consent::Consent;
use crate::domain::denial::Denial;
use crate::domain::hold::Holds;
use crate::domain::member::MemberId;
use crate::domain::permit::{Ask, Permit, permit};
use crate::domain::policy::Policy;
use crate::domain::product::Product;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;

/// A pull, prepared: everything but the decision that counts.
#[derive(Clone, Debug)]
pub struct ReleaseCommand {
    /// The release's id, UUIDv7.
    pub id: String,
    /// What the bank asked for.
    pub ask: Ask,
    /// Canonical JSON of the ask: the entry commits to it.
    pub ask_json: String,
    /// The signed dossier, or why the read unit already refused.
    pub prepared: Result<Prepared, Denial>,
    /// Label of the certificate used.
    pub by: String,
    /// Fingerprint of the certificate used.
    pub certificate: String,
    /// When the dossier was signed.
    pub issued_at: Timestamp,
    /// The bank's own case number.
    pub bank_ref: Option<String>,
    /// The key under which the bank may ask again.
    pub idempotency: Option<idempotency::Claim>,
}

/// What was read, built and signed before the decision.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The leave under which it was read: the write unit must come to the same one.
    pub permit: Permit,
    /// The issuer-signed JWT.
    pub jwt: String,
    /// Its digest, as the entry names it.
    pub dossier_digest: String,
    /// Ledger size that the disclosures were read at.
    pub read_at: u64,
    /// Salt epoch of the disclosures.
    pub salt_epoch: u32,
    /// The newest delivery or annotation that was looked at: a newer one makes this outdated.
    pub last_batch_index: i64,
}

/// What became of one command. Indices point into the unit's appended entries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// Recorded as `release.granted`: the dossier may leave.
    Granted {
        /// Which appended entry.
        entry: usize,
    },
    /// Recorded as `release.refused`.
    Refused(Denial),
    /// What was read no longer fits the consent, though it allows a pull: prepare again.
    Outdated,
    /// The day's quota is used up. Not an entry; the caller counts it.
    OverQuota,
    /// The key was used for this very request: the release it led to.
    Repeated {
        /// The earlier release.
        release_id: String,
    },
    /// The key was used for another request.
    KeyConflict,
}

/// A unit's decisions, in the order of its commands, and what it appended.
#[derive(Debug)]
pub struct Released {
    /// One for each command.
    pub decisions: Vec<Decision>,
    /// Dossiers left to each bank for the day, after this unit.
    pub remaining: HashMap<MemberId, u64>,
    /// The entries; `None` if nothing was to be recorded.
    pub appended: Option<Appended>,
}

/// What bounds every pull, whatever the consent says.
#[derive(Clone, Copy)]
pub struct Limits<'a> {
    /// Dossiers that each bank may ask for in a day.
    pub quotas: &'a HashMap<MemberId, u64>,
    /// The policy in force.
    pub policy: &'a InForce,
}

/// Decides and records a set of pulls inside the caller's transaction.
pub fn release(
    connection: &mut AnyConnection,
    known: &Known,
    now: Timestamp,
    limits: Limits<'_>,
    commands: &[ReleaseCommand],
) -> StoreResult<Released> {
    let mut facts = Facts::lock(connection, limits.policy, commands, now)?;
    let mut decisions: Vec<Decision> =
        commands.iter().map(|command| decide(&mut facts, command, now)).collect();
    let remaining = apply_quota(connection, limits.quotas, commands, &mut decisions, now)?;
    let mut drafts = Vec::new();
    let mut rows = Vec::new();
    let mut pulls: BTreeMap<&str, i64> = BTreeMap::new();
    let mut boundaries = Vec::new();
    for (command, decision) in commands.iter().zip(&mut decisions) {
        let subject = facts.taxpayer(&command.ask.consent_id);
        match (decision, &command.prepared) {
            (Decision::Granted { entry }, Ok(prepared)) => {
                *entry = drafts.len();
                *pulls.entry(prepared.permit.consent_id()).or_default() += 1;
                boundaries.push(prepared.permit.in_force_until());
                drafts.push(granted_draft(command, prepared));
                rows.push(ReleaseRow::granted(command, prepared)?);
            }
            (Decision::Refused(denial), _) => {
                drafts.push(refused_draft(command, subject, *denial));
                rows.push(ReleaseRow::refused(command, subject, *denial));
            }
            (Decision::Granted { .. }, Err(_)) => return Err(StoreError::DecideAgain),
            (
                Decision::Outdated | Decision::OverQuota | Decision::Repeated { .. } | Decision::KeyConflict,
                _,
            ) => {}
        }
    }
    if drafts.is_empty() {
        return Ok(Released { decisions, remaining, appended: None });
    }
    releases::insert(connection, &rows)?;
    count_pulls(connection, &pulls)?;
    claim_keys(connection, commands, &decisions, now)?;
    let appended = append(connection, known, now, drafts, |head, instants| {
        unchanged(head, &facts)?;
        still_true(instants, now, &boundaries)
    })?;
    Ok(Released { decisions, remaining, appended: Some(appended) })
}

/// What the decisions rest on, read under the consents' locks.
struct Facts {
    consents: HashMap<String, Consent>,
    products: HashMap<String, Product>,
    keys: HashMap<(MemberId, String), idempotency::Kept>,
    last_batch_index: i64,
    holds: Holds,
    last_hold_index: i64,
    policy: Arc<Policy>,
}

impl Facts {
    fn lock(
        connection: &mut AnyConnection,
        in_force: &InForce,
        commands: &[ReleaseCommand],
        now: Timestamp,
    ) -> StoreResult<Self> {
        let mut ids: Vec<&str> = commands.iter().map(|command| command.ask.consent_id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        let consents: HashMap<_, _> = consents::lock(connection, &ids)?
            .into_iter()
            .map(|consent| (consent.terms.id.clone(), consent))
            .collect();
        // An unknown consent asks for a product too, one that cannot be: the work is the same as for a known one.
        let mut wanted: Vec<&str> = ids
            .iter()
            .map(|id| consents.get(*id).map_or("", |consent: &Consent| consent.terms.product_id.as_str()))
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        let products =
            products::find_many(connection, &wanted)?.into_iter().map(|p| (p.id.clone(), p)).collect();
        let mut keys = HashMap::new();
        for command in commands {
            if let Some(claim) = &command.idempotency
                && let Some(kept) =
                    idempotency::find(connection, &command.ask.bank, claim, command.issued_at)?
            {
                keys.insert((command.ask.bank.clone(), claim.key.clone()), kept);
            }
        }
        let Head { last_batch_index, last_hold_index, policy, .. } = ledger::head(connection)?;
        let policy = in_force.named(connection, &policy)?;
        // Where there never was a hold, looking for one costs nothing.
        let holds = if last_hold_index < 0 { Holds::default() } else { holds::active(connection, now)? };
        Ok(Self { consents, products, keys, last_batch_index, holds, last_hold_index, policy })
    }

    fn taxpayer(&self, consent_id: &str) -> Option<&str> {
        self.consents.get(consent_id).map(|consent| consent.terms.taxpayer_id.as_str())
    }
}

fn decide(facts: &mut Facts, command: &ReleaseCommand, now: Timestamp) -> Decision {
    let slot =
        command.idempotency.as_ref().map(|claim| ((command.ask.bank.clone(), claim.key.clone()), claim));
    if let Some((slot, claim)) = &slot
        && let Some(kept) = facts.keys.get(slot)
    {
        return if kept.request_digest == claim.request_digest {
            Decision::Repeated { release_id: kept.object_id.clone() }
        } else {
            Decision::KeyConflict
        };
    }
    let prepared = match &command.prepared {
        Err(denial) => return Decision::Refused(*denial),
        Ok(prepared) => prepared,
    };
    let consent = facts.consents.get(&command.ask.consent_id);
    let product = consent.and_then(|consent| facts.products.get(&consent.terms.product_id));
    match permit(&command.ask, consent, product, &facts.holds, &facts.policy, now) {
        Err(denial) => return Decision::Refused(denial),
        Ok(permit) if permit != prepared.permit => return Decision::Outdated,
        Ok(_same) if prepared.last_batch_index < facts.last_batch_index => return Decision::Outdated,
        Ok(_same) => {}
    }
    if let Some(consent) = facts.consents.get_mut(&command.ask.consent_id) {
        consent.pulls_used += 1;
    }
    if let Some((slot, claim)) = slot {
        let kept =
            idempotency::Kept { request_digest: claim.request_digest.clone(), object_id: command.id.clone() };
        facts.keys.insert(slot, kept);
    }
    Decision::Granted { entry: 0 }
}

/// Counts each decided pull against its bank's day; the last ones past the quota are taken back.
fn apply_quota(
    connection: &mut AnyConnection,
    quotas: &HashMap<MemberId, u64>,
    commands: &[ReleaseCommand],
    decisions: &mut [Decision],
    now: Timestamp,
) -> StoreResult<HashMap<MemberId, u64>> {
    let mut asked: BTreeMap<&MemberId, Vec<usize>> = BTreeMap::new();
    for (at, (command, decision)) in commands.iter().zip(decisions.iter()).enumerate() {
        if matches!(decision, Decision::Granted { .. } | Decision::Refused(_)) {
            asked.entry(&command.ask.bank).or_default().push(at);
        }
    }
    let day = now.shanghai_date();
    let mut remaining = HashMap::new();
    for (bank, places) in asked {
        let limit = quotas.get(bank).copied().unwrap_or(0);
        let granted = quota::take(connection, bank, day, places.len(), limit)?;
        for place in places.iter().skip(granted.taken) {
            if let Some(decision) = decisions.get_mut(*place) {
                *decision = Decision::OverQuota;
            }
        }
        remaining.insert(bank.clone(), granted.remaining);
    }
    take_back_repeats(commands, decisions);
    Ok(remaining)
}

/// A key that came with a pull over the quota led to nothing: those that were to repeat it are over it too.
fn take_back_repeats(commands: &[ReleaseCommand], decisions: &mut [Decision]) {
    let over: HashSet<&str> = commands
        .iter()
        .zip(decisions.iter())
        .filter(|(_, decision)| matches!(decision, Decision::OverQuota))
        .map(|(command, _)| command.id.as_str())
        .collect();
    for decision in decisions.iter_mut() {
        if matches!(decision, Decision::Repeated { release_id } if over.contains(release_id.as_str())) {
            *decision = Decision::OverQuota;
        }
    }
}

fn count_pulls(connection: &mut AnyConnection, pulls: &BTreeMap<&str, i64>) -> StoreResult<()> {
    let mut by_count: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
    for (id, count) in pulls {
        by_count.entry(*count).or_default().push(id);
    }
    for (count, ids) in by_count {
        consents::add_pulls(connection, &ids, count)?;
    }
    Ok(())
}

fn claim_keys(
    connection: &mut AnyConnection,
    commands: &[ReleaseCommand],
    decisions: &[Decision],
    now: Timestamp,
) -> StoreResult<()> {
    for (command, decision) in commands.iter().zip(decisions) {
        if let (Some(claim), Decision::Granted { .. }) = (&command.idempotency, decision) {
            idempotency::keep(connection, &command.ask.bank, claim, &command.id, now)?;
        }
    }
    Ok(())
}

/// A hold or a policy that another process recorded while these were decided comes before them in the ledger: decide
/// again.
fn unchanged(head: &Head, facts: &Facts) -> StoreResult<()> {
    let same = head.last_hold_index == facts.last_hold_index && head.policy == facts.policy.version;
    if same { Ok(()) } else { Err(StoreError::DecideAgain) }
}

/// The decisions were taken at `now`; the entries carry their own instants, which may lie later.
fn still_true(instants: &[Timestamp], now: Timestamp, boundaries: &[Timestamp]) -> StoreResult<()> {
    let Some(last) = instants.last() else { return Ok(()) };
    let same_day = last.shanghai_date() == now.shanghai_date();
    if same_day && boundaries.iter().all(|valid_to| last < valid_to) {
        Ok(())
    } else {
        Err(StoreError::DecideAgain)
    }
}

fn granted_draft(command: &ReleaseCommand, prepared: &Prepared) -> Draft {
    Draft {
        kind: EntryKind::ReleaseGranted,
        object_id: command.id.clone(),
        actor: command.ask.bank.to_string(),
        by: command.by.clone(),
        fields: vec![
            ("subject", Field::Sealed(prepared.permit.taxpayer().as_str().to_owned())),
            ("consent_digest", Field::Plain(prepared.permit.consent_digest().into())),
            ("dossier_digest", Field::Plain(prepared.dossier_digest.as_str().into())),
            ("purpose", Field::Plain(command.ask.purpose.as_str().into())),
            ("read_at", Field::Plain(prepared.read_at.into())),
        ],
    }
}

fn refused_draft(command: &ReleaseCommand, subject: Option<&str>, denial: Denial) -> Draft {
    Draft {
        kind: EntryKind::ReleaseRefused,
        object_id: command.id.clone(),
        actor: command.ask.bank.to_string(),
        by: command.by.clone(),
        fields: vec![
            ("subject", Field::Reason(subject.unwrap_or_default().to_owned())),
            ("ask", Field::Sealed(command.ask_json.clone())),
            ("code", Field::Plain(denial.code().into())),
            ("reason", Field::Reason(denial.reason().to_owned())),
        ],
    }
}
