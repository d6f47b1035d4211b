//! What is wrong, and what a recovery would do about it. Writes nothing but an empty database's tables.

use super::plan::{Plan, next_origin};
use super::{REASON_CHARACTERS_MAX, RecoverError, file};
use crate::domain::timestamp::Timestamp;
use crate::ledger::checkpoint::{Checkpoint, CheckpointError};
use crate::ledger::frontier::Frontier;
use crate::ledger::hash::Hash;
use crate::ledger::note::{NoteError, NoteVerifier};
use crate::ledger::receipt::InclusionReceipt;
use crate::seal::trust::TrustFile;
use crate::service::anchoring::{check_anchor, check_tree, recovery_file};
use crate::service::key_ring::Source;
use crate::service::keys::{KeyError, Keys, LEDGER_KEY_FILE, LEDGER_KEY_PREFIX, numbered};
use crate::service::start::{Places, StartError, read_trust};
use crate::store::anchor::Anchor;
use crate::store::db::Db;
use crate::store::error::{StoreError, StoreResult};
use crate::store::ledger;
use crate::store::migrate::{Side, migrate};
use crate::store::tree::check_prefixes;

/// What was found, and what is to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Survey {
    /// Everything that is wrong, a sentence each.
    pub wrong: Vec<String>,
    /// What to do about it.
    pub plan: Plan,
}

/// Looks at database, anchor and key. `old_checkpoint` is a checkpoint or receipt that a member kept.
///
/// A recovery that was begun is gone on with, whatever `reason` and `old_checkpoint` say now.
pub fn survey(
    places: &Places,
    now: Timestamp,
    reason: &str,
    old_checkpoint: Option<&str>,
) -> Result<Survey, RecoverError> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > REASON_CHARACTERS_MAX {
        return Err(RecoverError::Unusable(format!(
            "the reason must have 1 to {REASON_CHARACTERS_MAX} characters"
        )));
    }
    not_in_use(places)?;
    if let Some(plan) = begun(places)? {
        return Ok(Survey { wrong: vec!["a recovery was begun and not finished".into()], plan });
    }
    let trust = read_trust(&places.keys.trust)?;
    let verifiers = Verifiers::of(&trust)?;
    migrate(&places.ledger, Side::Ledger)?;
    let ledger = Db::open(places.ledger.clone(), 1)?;
    ledger.write(ledger::ensure_head)?;
    let kept = ledger.read(check_tree).map_err(damaged)?;

    let mut wrong = Vec::new();
    let new_key = new_key(places, now, &mut wrong)?;
    let mut newest = anchored(places, &ledger, &verifiers, &mut wrong)?;
    if let Some(text) = old_checkpoint {
        let given = verifiers.read(text)?;
        let signed = [(given.size, given.root)];
        wrong.extend(what_breaks(ledger.read(|c| check_prefixes(c, &signed)))?);
        newest = newest.into_iter().chain([given]).max_by_key(|checkpoint| checkpoint.size);
    }
    if wrong.is_empty() {
        return Err(RecoverError::NothingWrong);
    }
    let (old_size, old_root) = match newest {
        Some(checkpoint) => (checkpoint.size, checkpoint.root),
        None if kept.size() > 0 => (kept.size(), kept.root()),
        None => return Err(RecoverError::Unknown),
    };
    let plan = plan(verifiers.origin, (old_size, old_root), &kept, now, reason, new_key);
    Ok(Survey { wrong, plan })
}

fn plan(
    old_origin: String,
    (old_size, old_root): (u64, Hash),
    kept: &Frontier,
    now: Timestamp,
    reason: &str,
    new_key: Option<String>,
) -> Plan {
    let seconds = u64::try_from(now.seconds()).unwrap_or(0);
    let nanos = u32::try_from(now.micros().rem_euclid(1_000_000)).unwrap_or(0) * 1_000;
    let stamp = uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos);
    Plan {
        id: uuid::Uuid::new_v7(stamp).to_string(),
        begun: now,
        new_origin: next_origin(&old_origin),
        old_origin,
        old_size,
        old_root: old_root.to_string(),
        kept: kept.size(),
        kept_root: kept.root().to_string(),
        reason: reason.to_owned(),
        new_key,
    }
}

/// A process that runs would go on under the old origin.
fn not_in_use(places: &Places) -> Result<(), RecoverError> {
    match places.anchor.exists() && Anchor::open(&places.anchor)?.is_held()? {
        true => Err(RecoverError::InUse),
        false => Ok(()),
    }
}

fn begun(places: &Places) -> Result<Option<Plan>, RecoverError> {
    let path = recovery_file(&places.anchor);
    if !path.exists() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&path).map_err(|cause| file(&path, cause))?;
    let plan = serde_json::from_str(&text)
        .map_err(|why| RecoverError::Unusable(format!("{}: {why}", path.display())))?;
    Ok(Some(plan))
}

/// If the ledger's private key is gone, the name of a file for a new one. Other keys must be usable.
fn new_key(places: &Places, now: Timestamp, wrong: &mut Vec<String>) -> Result<Option<String>, RecoverError> {
    match Keys::load(places.keys.clone(), now) {
        Ok(_whole) => Ok(None),
        Err(gone @ KeyError::NoLedgerKey(_)) => {
            wrong.push(gone.to_string());
            let files = Source::read(&places.keys).map_err(StartError::from)?;
            let taken = files.files().iter().filter_map(|name| numbered(LEDGER_KEY_PREFIX, name)).max();
            Ok(Some(match taken {
                None => LEDGER_KEY_FILE.to_owned(),
                Some(newest) => format!("{LEDGER_KEY_PREFIX}-{}.key", newest.saturating_add(1)),
            }))
        }
        Err(other) => Err(StartError::from(other).into()),
    }
}

/// The largest checkpoint of the anchor, if it holds one that the ledger's key signed.
fn anchored(
    places: &Places,
    ledger: &Db,
    verifiers: &Verifiers,
    wrong: &mut Vec<String>,
) -> Result<Option<Checkpoint>, RecoverError> {
    if !places.anchor.exists() {
        wrong.push(format!("the anchor {} is gone", places.anchor.display()));
        return Ok(None);
    }
    let anchor = Anchor::open(&places.anchor)?;
    let all = anchor.all()?;
    if all.is_empty() {
        wrong.push(format!("the anchor {} holds no checkpoint", places.anchor.display()));
    }
    wrong.extend(what_breaks(ledger.read(|c| check_anchor(c, &anchor, |note| verifiers.open(note))))?);
    let opened = all.iter().filter_map(|anchored| verifiers.open(&anchored.note).ok());
    Ok(opened.max_by_key(|checkpoint| checkpoint.size))
}

/// A broken ledger is a finding; that the database cannot be read is not.
fn what_breaks(result: StoreResult<()>) -> Result<Option<String>, RecoverError> {
    match result {
        Ok(()) => Ok(None),
        Err(StoreError::LedgerBroken { why }) => Ok(Some(why)),
        Err(other) => Err(other.into()),
    }
}

fn damaged(error: StoreError) -> RecoverError {
    match error {
        StoreError::LedgerBroken { why } => RecoverError::Damaged(why),
        StoreError::Corrupt { .. } => RecoverError::Damaged(error.to_string()),
        other => other.into(),
    }
}

/// The keys of the present origin.
struct Verifiers {
    origin: String,
    keys: Vec<NoteVerifier>,
}

impl Verifiers {
    fn of(trust: &TrustFile) -> Result<Self, RecoverError> {
        let parse = |vkey: &str| {
            vkey.parse::<NoteVerifier>()
                .map_err(|why| RecoverError::Unusable(format!("the trust file's ledger key: {why}")))
        };
        let present = parse(&trust.ledger_vkey)?;
        let origin = present.name().to_owned();
        let mut keys = vec![present];
        for key in &trust.ledger_vkeys {
            keys.extend(Some(parse(&key.vkey)?).filter(|key| key.name() == origin));
        }
        Ok(Self { origin, keys })
    }

    fn open(&self, note: &str) -> Result<Checkpoint, CheckpointError> {
        let mut last = CheckpointError::Note(NoteError::NotSigned);
        for key in &self.keys {
            match Checkpoint::open(note, key) {
                Ok(checkpoint) => return Ok(checkpoint),
                Err(why) => last = why,
            }
        }
        Err(last)
    }

    /// A checkpoint, a receipt's proof, or a whole answer as a bank stored it.
    fn read(&self, text: &str) -> Result<Checkpoint, RecoverError> {
        let answer: Option<serde_json::Value> = serde_json::from_str(text).ok();
        let proof = answer.as_ref().and_then(|answer| answer.pointer("/receipt/proof")?.as_str());
        let inner = InclusionReceipt::parse(proof.unwrap_or(text)).map(|receipt| receipt.checkpoint);
        self.open(inner.as_deref().unwrap_or(text)).map_err(|why| {
            RecoverError::Unusable(format!("the old checkpoint is not one of {}: {why}", self.origin))
        })
    }
}
