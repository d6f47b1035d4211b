//! Going on after what was signed cannot be had back: a lost tail, a lost anchor, a lost key.
//!
//! The ledger goes on from the entries that survive, under a new origin, whose first entry names the
//! old checkpoint (`ledger.recovered`). The old origin never signs again, so no two of its checkpoints
//! contradict each other, and what it signed keeps verifying under its own key.
//!
//! What is to be done is written beside the anchor first, and every step is skipped if it was done:
//! a recovery that was killed is run again.

mod plan;
mod survey;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use plan::Plan;
pub use survey::{Survey, survey};

use super::Exchange;
use super::admin::OPERATOR;
use super::anchoring::{beside, recovery_file};
use super::error::ServiceError;
use super::key_ring::{Source, find, signers};
use super::keys::KeyError;
use super::start::{Places, StartError, open_recovering, read_trust};
use crate::clock::Clock;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::entry::EntryKind;
use crate::ledger::hash::Hash;
use crate::ledger::note::NoteVerifier;
use crate::outbound::pkcs11::Token;
use crate::seal::keys::{KeyFileError, generate_ed25519, read_pkcs8, write_pkcs8};
use crate::seal::signer::{Signer, ed25519_in_memory};
use crate::seal::trust::{LedgerKey, TrustFile};
use crate::store::anchor::{Anchor, AnchorError, Anchored};
use crate::store::error::StoreError;
use crate::store::ledger::{self, Draft, Field};
use crate::store::ledger_read::entry_about;

/// Characters of a reason: it stands in an entry, which is short.
pub const REASON_CHARACTERS_MAX: usize = 500;

/// A recovery is not possible, or not needed.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// Ledger, anchor and key belong together.
    #[error("nothing is wrong: the ledger, its anchor and its key belong together. Start the gateway")]
    NothingWrong,
    /// A process still holds the anchor.
    #[error("a gateway or another command still holds the anchor: stop it first")]
    InUse,
    /// The stored entries contradict themselves: no tree can go on from them.
    #[error(
        "the database's own hashes do not agree: {0}. No ledger can go on from it: restore a database whose do, an older one if need be"
    )]
    Damaged(String),
    /// Neither database nor anchor tells what was signed.
    #[error(
        "neither database nor anchor tells what was signed: name the newest checkpoint or receipt that a member kept, with --old-checkpoint FILE"
    )]
    Unknown,
    /// What the operator gave cannot be used.
    #[error("{0}")]
    Unusable(String),
    /// The ledger changed between two runs of one recovery.
    #[error(
        "this recovery began with {kept} entries, now the database has others: put that database back and run it again"
    )]
    Changed {
        /// How many entries it began with.
        kept: u64,
    },
    /// Databases, anchor, keys.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Recording the entry.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// A file.
    #[error("{path}: {cause}", path = .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: std::io::Error,
    },
}

impl From<StoreError> for RecoverError {
    fn from(error: StoreError) -> Self {
        RecoverError::Start(error.into())
    }
}

impl From<AnchorError> for RecoverError {
    fn from(error: AnchorError) -> Self {
        RecoverError::Start(error.into())
    }
}

impl From<KeyFileError> for RecoverError {
    fn from(error: KeyFileError) -> Self {
        RecoverError::Start(StartError::Key(error.into()))
    }
}

/// A recovery that is done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recovered {
    /// Index of the entry `ledger.recovered`.
    pub index: u64,
    /// The new verifier key, as members get it with the trust file.
    pub vkey: String,
}

/// Carries a plan out, or the rest of one. `by` is the person at the command line.
pub fn carry_out(
    places: &Places,
    clock: Arc<dyn Clock>,
    plan: &Plan,
    by: String,
) -> Result<Recovered, RecoverError> {
    let begun = recovery_file(&places.anchor);
    if !begun.exists() {
        write_whole(&begun, &plan.to_json())?;
    }
    let signer = signer(places, plan)?;
    let vkey = signer.verifier.to_string();
    renew_trust(places, plan, &vkey)?;
    renew_anchor(places, plan, &signer)?;
    let exchange = open_recovering(places, clock)?;
    let index = record(&exchange, plan, by)?;
    std::fs::remove_file(&begun).and_then(|()| sync_folder(&begun)).map_err(|cause| file(&begun, cause))?;
    Ok(Recovered { index, vkey })
}

/// The key under the new origin's name.
struct NewSigner {
    verifier: NoteVerifier,
    signer: Arc<dyn Signer>,
}

impl NewSigner {
    fn sign(&self, checkpoint: &Checkpoint) -> Result<String, RecoverError> {
        let text = checkpoint.to_text();
        let signature =
            self.signer.sign(text.as_bytes()).map_err(KeyError::from).map_err(StartError::from)?;
        Ok(format!("{text}\n{}", self.verifier.signature_line(&signature)))
    }
}

/// The same key as ever, from its file or token, or a fresh one if it was lost.
fn signer(places: &Places, plan: &Plan) -> Result<NewSigner, RecoverError> {
    let unusable = |why: &dyn ToString| RecoverError::Unusable(why.to_string());
    let signer = match &plan.new_key {
        Some(name) => {
            let path = places.keys.directory.join(name);
            if !path.exists() {
                write_pkcs8(&path, &generate_ed25519()?)?;
            }
            ed25519_in_memory(&read_pkcs8(&path)?, name)
        }
        None => present_signer(places)?,
    };
    let signer = signer.ok_or_else(|| unusable(&"the ledger's private key cannot be read"))?;
    let public_key =
        signer.public_key().try_into().map_err(|_| unusable(&"the ledger's key is no Ed25519 key"))?;
    let verifier = NoteVerifier::new(&plan.new_origin, public_key).map_err(|why| unusable(&why))?;
    Ok(NewSigner { verifier, signer })
}

fn present_signer(places: &Places) -> Result<Option<Arc<dyn Signer>>, RecoverError> {
    let present: NoteVerifier = read_trust(&places.keys.trust)?
        .ledger_vkey
        .parse()
        .map_err(|why| RecoverError::Unusable(format!("the trust file's ledger key: {why}")))?;
    let start = |why: KeyError| StartError::from(why);
    let token =
        places.keys.token.as_ref().map(Token::open).transpose().map_err(KeyError::from).map_err(start)?;
    let files = Source::read(&places.keys).map_err(start)?;
    let signers = signers(&places.keys, token.as_ref(), files.files()).map_err(start)?;
    Ok(find(&signers, present.public_key()))
}

/// The trust file names the new origin's key, and until when the old one signed.
fn renew_trust(places: &Places, plan: &Plan, vkey: &str) -> Result<(), RecoverError> {
    let trust = read_trust(&places.keys.trust)?;
    if trust.ledger_vkey == vkey {
        return Ok(());
    }
    let at = plan.begun.utc();
    let mut keys = trust.ledger_vkeys;
    if !keys.iter().any(|key| key.vkey == trust.ledger_vkey) {
        keys.push(LedgerKey { vkey: trust.ledger_vkey, from: None, to: None });
    }
    for key in keys.iter_mut().filter(|key| key.to.is_none_or(|to| to > at)) {
        key.to = Some(at);
    }
    keys.push(LedgerKey { vkey: vkey.to_owned(), from: Some(at), to: None });
    let renewed = TrustFile { ledger_vkey: vkey.to_owned(), ledger_vkeys: keys, ..trust };
    let text = renewed.to_json().map_err(|why| RecoverError::Unusable(why.to_string()))?;
    write_whole(&places.keys.trust, &text)
}

/// A new anchor that holds the surviving tree under the new origin; the old file is kept beside it.
fn renew_anchor(places: &Places, plan: &Plan, signer: &NewSigner) -> Result<(), RecoverError> {
    let path = &places.anchor;
    if path.exists() {
        let present = Anchor::open(path)?.newest()?;
        if present.is_some_and(|old| Checkpoint::open(&old.note, &signer.verifier).is_ok()) {
            return Ok(());
        }
        let aside = beside(path, &plan.begun.utc().format("%Y%m%dT%H%M%S%6fZ").to_string());
        std::fs::rename(path, &aside).map_err(|cause| file(&aside, cause))?;
    }
    let new = beside(path, "new");
    if new.exists() {
        std::fs::remove_file(&new).map_err(|cause| file(&new, cause))?;
    }
    let root: Hash =
        plan.kept_root.parse().map_err(|why| RecoverError::Unusable(format!("the plan's root: {why}")))?;
    let checkpoint = Checkpoint { origin: plan.new_origin.clone(), size: plan.kept, root };
    Anchor::create(&new)?.keep(&Anchored { size: plan.kept, note: signer.sign(&checkpoint)? })?;
    std::fs::rename(&new, path).and_then(|()| sync_folder(path)).map_err(|cause| file(path, cause))
}

/// Appends the entry as the first under the new origin, unless it is there.
fn record(exchange: &Exchange, plan: &Plan, by: String) -> Result<u64, RecoverError> {
    let id = plan.id.clone();
    let there = exchange.ledger.read(|c| entry_about(c, &id, EntryKind::LedgerRecovered))?;
    if let Some(entry) = there {
        return Ok(entry.index);
    }
    let (draft, kept, root) = (draft(plan, by), plan.kept, plan.kept_root.clone());
    let unit = exchange.writer.unit_blocking(move |c, _now| {
        let head = ledger::head(c)?.frontier;
        let same = head.size() == kept && head.root().to_string() == root;
        Ok(if same { Ok(((), vec![draft])) } else { Err(ServiceError::Conflict(String::new())) })
    });
    match unit {
        Ok(((), committed)) => Ok(committed.entry(0)?.index),
        Err(ServiceError::Conflict(_)) => Err(RecoverError::Changed { kept }),
        Err(other) => Err(other.into()),
    }
}

fn draft(plan: &Plan, by: String) -> Draft {
    Draft {
        kind: EntryKind::LedgerRecovered,
        object_id: plan.id.clone(),
        actor: OPERATOR.to_owned(),
        by,
        fields: vec![
            ("old_origin", Field::Plain(plan.old_origin.as_str().into())),
            ("old_size", Field::Plain(plan.old_size.into())),
            ("old_root", Field::Plain(plan.old_root.as_str().into())),
            ("kept", Field::Plain(plan.kept.into())),
            ("reason", Field::Plain(plan.reason.as_str().into())),
        ],
    }
}

/// Replaces a file at once or not at all, and waits until it is on the disk.
fn write_whole(path: &Path, text: &str) -> Result<(), RecoverError> {
    let new = beside(path, "new");
    let write = || -> std::io::Result<()> {
        use std::io::Write;
        let mut opened = File::create(&new)?;
        opened.write_all(text.as_bytes())?;
        opened.sync_all()?;
        std::fs::rename(&new, path)?;
        sync_folder(path)
    };
    write().map_err(|cause| file(path, cause))
}

/// A rename is on the disk once its folder is.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        Some(_) | None => Ok(()),
    }
}

fn file(path: &Path, cause: std::io::Error) -> RecoverError {
    RecoverError::File { path: path.to_owned(), cause }
}
