//! A witness's memory: one file that is on the disk before any cosignature leaves.
//!
//! A witness that forgot what it cosigned can be led to cosign a fork. So the file is made once, with its key; a
//! missing or foreign one is refused; a lock keeps a second process off it; and each change is written beside it,
//! flushed, and moved into its place.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::ledger::hash::Hash;
use crate::ledger::witness::Cosigned;

/// Refused requests that are kept as evidence; then the file is full.
const EVIDENCE_BYTES_MAX: u64 = 16 << 20;

/// The state file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {why}", path = .path.display())]
pub struct WitnessStateError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong, and what to do.
    pub why: String,
}

/// What the file holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    /// Verifier key of the witness whose memory this is.
    witness: String,
    /// What was cosigned last, by origin.
    ledgers: BTreeMap<String, Kept>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    size: u64,
    root: String,
    seconds: u64,
    /// The checkpoint with its ledger's signatures and the cosignature.
    checkpoint: String,
}

/// The open file of one witness.
#[derive(Debug)]
pub struct WitnessState {
    path: PathBuf,
    state: State,
    /// Held as long as this lives.
    _lock: File,
}

impl WitnessState {
    /// Makes the file of a new witness.
    pub fn create(path: &Path, witness: &str) -> Result<(), WitnessStateError> {
        let fail = |why: io::Error| error(path, why);
        let state = State { witness: witness.to_owned(), ledgers: BTreeMap::new() };
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(fail)?;
        file.write_all(text(path, &state)?.as_bytes()).and_then(|()| file.sync_all()).map_err(fail)?;
        sync_folder(path)
    }

    /// The verifier key that the file belongs to.
    pub fn owner(path: &Path) -> Result<String, WitnessStateError> {
        Ok(read(path)?.witness)
    }

    /// Opens the file for a witness, and keeps other processes off it.
    pub fn open(path: &Path, witness: &str) -> Result<Self, WitnessStateError> {
        let lock_path = beside(path, "lock");
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&lock_path)
            .map_err(|why| error(&lock_path, why))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(error(path, "another witness process works with it: stop that one first"));
            }
            Err(TryLockError::Error(why)) => return Err(error(&lock_path, why)),
        }
        let state = read(path)?;
        if state.witness != witness {
            return Err(error(path, format!("it is the memory of {}, not of {witness}", state.witness)));
        }
        Ok(Self { path: path.to_owned(), state, _lock: lock })
    }

    /// What was cosigned last for an origin.
    pub fn last(&self, origin: &str) -> Result<Option<Cosigned>, WitnessStateError> {
        let Some(kept) = self.state.ledgers.get(origin) else { return Ok(None) };
        let root: Hash =
            kept.root.parse().map_err(|_| error(&self.path, format!("the root of {origin} is no hash")))?;
        Ok(Some(Cosigned { size: kept.size, root, seconds: kept.seconds }))
    }

    /// The checkpoint cosigned last for an origin, with its signatures.
    pub fn checkpoint(&self, origin: &str) -> Option<&str> {
        self.state.ledgers.get(origin).map(|kept| kept.checkpoint.as_str())
    }

    /// The origins with a checkpoint.
    pub fn origins(&self) -> impl Iterator<Item = &str> {
        self.state.ledgers.keys().map(String::as_str)
    }

    /// Keeps what is about to be cosigned; it is on the disk when this returns. After an error nothing is known of
    /// the disk: nothing may be cosigned until the file is opened again.
    pub fn keep(
        &mut self,
        origin: &str,
        cosigned: &Cosigned,
        checkpoint: String,
    ) -> Result<(), WitnessStateError> {
        let kept = Kept {
            size: cosigned.size,
            root: cosigned.root.to_string(),
            seconds: cosigned.seconds,
            checkpoint,
        };
        self.state.ledgers.insert(origin.to_owned(), kept);
        let fresh = beside(&self.path, "new");
        let fail = |why: io::Error| error(&fresh, why);
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&fresh)
            .map_err(fail)?;
        file.write_all(text(&self.path, &self.state)?.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(fail)?;
        std::fs::rename(&fresh, &self.path).map_err(fail)?;
        sync_folder(&self.path)
    }

    /// Keeps a request that a ledger signed and that did not continue what was cosigned: it may prove a split view.
    /// One JSON line in `<state>.evidence`; a full file takes no more.
    pub fn keep_evidence(
        &self,
        origin: &str,
        why: &str,
        request: &str,
        seconds: u64,
    ) -> Result<(), WitnessStateError> {
        let path = beside(&self.path, "evidence");
        let fail = |why: io::Error| error(&path, why);
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path).map_err(fail)?;
        if file.metadata().map_err(fail)?.len() >= EVIDENCE_BYTES_MAX {
            return Ok(());
        }
        let line = serde_json::json!({
            "seconds": seconds, "origin": origin, "why": why, "request": request,
            "cosigned": self.checkpoint(origin),
        });
        file.write_all(format!("{line}\n").as_bytes()).and_then(|()| file.sync_all()).map_err(fail)
    }
}

fn read(path: &Path) -> Result<State, WitnessStateError> {
    let text = std::fs::read_to_string(path).map_err(|why| match why.kind() {
        io::ErrorKind::NotFound => error(
            path,
            "is not there. A new witness makes it with --init; one that lost it must not go on under its key: \
             retire the key, and make a new witness under a new name",
        ),
        _ => error(path, why),
    })?;
    serde_json::from_str(&text).map_err(|why| error(path, format!("is damaged: {why}")))
}

fn text(path: &Path, state: &State) -> Result<String, WitnessStateError> {
    serde_json::to_string_pretty(state).map(|text| text + "\n").map_err(|why| error(path, why))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// A file's name is on the disk only once its folder is.
fn sync_folder(path: &Path) -> Result<(), WitnessStateError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|why| error(path, why))
}

fn error(path: &Path, why: impl ToString) -> WitnessStateError {
    WitnessStateError { path: path.to_owned(), why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::leaf_hash;

    #[test]
    fn what_is_kept_is_there_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("w.state");
        WitnessState::create(&path, "w+1+key").unwrap();
        assert!(WitnessState::create(&path, "w+1+key").is_err(), "never over another");
        let cosigned = Cosigned { size: 7, root: leaf_hash(b"root"), seconds: 9 };
        let mut state = WitnessState::open(&path, "w+1+key").unwrap();
        assert_eq!(state.last("ledger").unwrap(), None);
        state.keep("ledger", &cosigned, "note\n".into()).unwrap();
        assert!(WitnessState::open(&path, "w+1+key").unwrap_err().why.contains("another witness process"));
        drop(state);
        let state = WitnessState::open(&path, "w+1+key").unwrap();
        assert_eq!(state.last("ledger").unwrap(), Some(cosigned));
        assert_eq!((state.checkpoint("ledger"), state.last("other").unwrap()), (Some("note\n"), None));
        state.keep_evidence("ledger", "why", "request", 5).unwrap();
        assert!(
            std::fs::read_to_string(dir.path().join("w.state.evidence")).unwrap().contains("\"why\":\"why\"")
        );
    }

    #[test]
    fn a_lost_foreign_or_damaged_memory_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("w.state");
        assert!(WitnessState::open(&path, "w").unwrap_err().why.contains("retire the key"));
        WitnessState::create(&path, "w").unwrap();
        assert!(WitnessState::open(&path, "other").unwrap_err().why.contains("memory of w"));
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert!(WitnessState::open(&path, "w").unwrap_err().why.contains("damaged"));
    }
}
