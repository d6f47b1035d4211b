//! The witness that a regulator or a bank runs: cosigns what continues everything it cosigned before.
//!
//! It has nothing of the exchange: a key, a state file and the public keys of the ledgers it watches.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::{error, info, warn};

use crate::clock::Clock;
use crate::ledger::cosignature::Cosigner;
use crate::ledger::note::{NoteError, NoteVerifier, read_note};
use crate::ledger::witness::{Cosigned, Refusal, judge};
use crate::ledger::witness_request::AddCheckpoint;
use crate::seal::digest::{hexadecimal, sha256};
use crate::seal::keys::{KeyFileError, generate_ed25519, read_pkcs8, write_pkcs8};
use crate::store::witness_state::{WitnessState, WitnessStateError};

/// A witness cannot be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum WitnessOpenError {
    /// The key file.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The state file.
    #[error(transparent)]
    State(#[from] WitnessStateError),
    /// The name or the key.
    #[error("{0}")]
    Note(#[from] NoteError),
    /// The key file was there before.
    #[error(
        "the key {0} is there already: a witness that cosigned under it must not forget what. Name a new key file"
    )]
    KeyExists(std::path::PathBuf),
}

/// Why a witness did not cosign.
#[derive(Debug, thiserror::Error)]
pub enum WitnessRefusal {
    /// The request.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The witness's own disk; from now on it cosigns nothing until it is started again.
    #[error("the witness cannot keep its state")]
    State,
}

/// A witness, its memory open.
pub struct Witness {
    cosigner: Cosigner,
    logs: Vec<NoteVerifier>,
    clock: Arc<dyn Clock>,
    /// Gone once it could not be written: what is on the disk is not known then.
    state: Mutex<Option<WitnessState>>,
}

/// Makes the key and the empty memory of a new witness, and gives its verifier key.
pub fn init(name: &str, key: &Path, state: &Path) -> Result<String, WitnessOpenError> {
    if key.exists() {
        return Err(WitnessOpenError::KeyExists(key.to_owned()));
    }
    let pkcs8 = generate_ed25519()?;
    let vkey = Cosigner::from_pkcs8(name, &pkcs8)?.verifier().to_string();
    // The memory first: a key without memory is refused, memory without a key is only useless.
    WitnessState::create(state, &vkey)?;
    if let Err(why) = write_pkcs8(key, &pkcs8) {
        drop(std::fs::remove_file(state));
        return Err(why.into());
    }
    Ok(vkey)
}

impl Witness {
    /// Opens a witness made by [`init`], for the ledgers with these keys.
    pub fn open(
        key: &Path,
        state: &Path,
        logs: Vec<NoteVerifier>,
        clock: Arc<dyn Clock>,
    ) -> Result<Witness, WitnessOpenError> {
        let owner = WitnessState::owner(state)?;
        let name = owner.split('+').next().unwrap_or_default();
        let cosigner = Cosigner::from_pkcs8(name, &read_pkcs8(key)?)?;
        let state = WitnessState::open(state, &cosigner.verifier().to_string())?;
        Ok(Witness { cosigner, logs, clock, state: Mutex::new(Some(state)) })
    }

    /// The verifier key that others are to know it by.
    pub fn vkey(&self) -> String {
        self.cosigner.verifier().to_string()
    }

    /// Cosigns the checkpoint of an `add-checkpoint` request, or says why not. Blocks on the disk.
    pub fn add_checkpoint(&self, body: &str) -> Result<String, WitnessRefusal> {
        let request = AddCheckpoint::parse(body).map_err(|why| Refusal::Malformed(why.0))?;
        let now = u64::try_from(self.clock.now().seconds()).unwrap_or(0);
        // One request at a time, from the look at the state until the new one is on the disk.
        let mut slot = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = slot.as_mut().ok_or(WitnessRefusal::State)?;
        let mut unreadable = None;
        let last = |origin: &str| match state.last(origin) {
            Ok(last) => last,
            Err(why) => {
                unreadable = Some(why);
                None
            }
        };
        let judged = judge(&request, &self.logs, last, now);
        if let Some(why) = unreadable {
            error!(%why, "The witness cosigns nothing: its state cannot be read");
            *slot = None;
            return Err(WitnessRefusal::State);
        }
        let checkpoint = match judged {
            Ok(checkpoint) => checkpoint,
            Err(refusal) => {
                if let Refusal::Inconsistent(why) = refusal {
                    keep_evidence(state, &request, why, now, body);
                }
                return Err(refusal.into());
            }
        };
        let malformed = |_| Refusal::Malformed("the checkpoint is no signed note");
        let (text, _signatures) = read_note(&request.checkpoint).map_err(malformed)?;
        let line = self.cosigner.cosign(text, now).to_string();
        let cosigned = Cosigned { size: checkpoint.size, root: checkpoint.root, seconds: now };
        let whole = format!("{}{line}", self.signed_by_ledger(&checkpoint.origin, &request.checkpoint, text));
        if let Err(why) = state.keep(&checkpoint.origin, &cosigned, whole) {
            error!(%why, "The witness cosigns nothing until it is started again: its state could not be kept");
            *slot = None;
            return Err(WitnessRefusal::State);
        }
        info!(origin = checkpoint.origin, size = checkpoint.size, "Cosigned a checkpoint");
        Ok(line)
    }

    /// The checkpoint cosigned last for the ledger whose origin has this SHA-256 in hexadecimal, for monitors.
    pub fn newest(&self, origin_digest: &str) -> Option<String> {
        let slot = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = slot.as_ref()?;
        let origin =
            state.origins().find(|origin| hexadecimal(&sha256(origin.as_bytes())) == origin_digest)?;
        state.checkpoint(origin).map(str::to_owned)
    }

    /// Whether it can cosign at all.
    pub fn is_well(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// The checkpoint with its ledger's own signatures only: whatever else came along is not vouched for.
    fn signed_by_ledger(&self, origin: &str, note: &str, text: &str) -> String {
        let known = |line: &&str| {
            let alone = format!("{text}\n{line}\n");
            self.logs.iter().any(|log| log.name() == origin && log.verify(&alone).is_ok())
        };
        let lines = note.get(text.len() + 1..).unwrap_or_default().lines().filter(known);
        lines.fold(format!("{text}\n"), |whole, line| whole + line + "\n")
    }
}

fn keep_evidence(state: &WitnessState, request: &AddCheckpoint, why: &str, now: u64, body: &str) {
    let origin = request.checkpoint.lines().next().unwrap_or_default();
    warn!(
        origin,
        why, "A ledger signed a checkpoint that does not continue what was cosigned: kept as evidence"
    );
    if let Err(why) = state.keep_evidence(origin, why, body, now) {
        error!(%why, "The evidence could not be kept");
    }
}
