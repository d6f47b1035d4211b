//! The witnesses of this ledger: who cosigned what, and what follows when they do not.
//!
//! Each new checkpoint is handed to every witness. One that a quorum cosigned proves to everybody that there is one
//! ledger, so receipts are upgraded to it. Too long without, and nothing is released; a witness that shows a
//! checkpoint of ours that this database does not have stops every write at once.

mod options;
mod submit;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use serde::Serialize;

pub use self::options::{Machines, WitnessAt, WitnessOptions};
pub use self::submit::{confirm_at_start, turn};
use super::Exchange;
use super::error::{ServiceError, ServiceResult};
use super::evidence::Published;
use super::keys::Keys;
use crate::domain::timestamp::Timestamp;
use crate::ledger::cosignature::CosignatureVerifier;
use crate::ledger::frontier::Frontier;
use crate::ledger::note::read_note;
use crate::outbound::witness_client::WitnessClient;
use crate::store::cosigned::{self, CosignedCheckpoint};
use crate::store::db::Db;
use crate::store::error::{StoreError, StoreResult};

/// The witnesses, as a process knows them.
pub struct Witnesses {
    watched: Vec<Watched>,
    quorum: usize,
    machines: Machines,
    stop_after_micros: i64,
    newest: ArcSwapOption<CosignedCheckpoint>,
    /// When a quorum was last reached, in microseconds since the epoch.
    quorum_at: AtomicI64,
    /// Whether the last turn reached one.
    reached: AtomicBool,
    /// When the missing quorum was last complained of, in microseconds since the epoch.
    alarmed_at: AtomicI64,
    /// Set for good once a witness proved that this database is not the ledger that was signed.
    broken: ArcSwapOption<String>,
}

/// One witness and what became of the last request to it.
struct Watched {
    verifier: CosignatureVerifier,
    client: WitnessClient,
    seen: Mutex<Seen>,
}

#[derive(Clone, Debug, Default)]
struct Seen {
    /// Origin and size of what it cosigned last, as far as this process knows.
    size: Option<(String, u64)>,
    /// When.
    at: Option<Timestamp>,
    /// What went wrong last, if anything since.
    failure: Option<String>,
    /// Failures in a row.
    failures: u32,
    /// Not asked again before.
    rests_until: Option<Timestamp>,
}

/// How the witnesses stand, for the console, readiness and metrics.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct WitnessHealth {
    /// Witnesses configured.
    pub configured: usize,
    /// How many must cosign.
    pub quorum: usize,
    /// Each of them.
    pub witnesses: Vec<WitnessStatus>,
    /// Whether nothing is released for want of them, or because one proved that the ledger is broken.
    pub stopped: bool,
    /// While the quorum is missing: seconds until nothing is released.
    pub seconds_left: Option<u64>,
}

/// How one witness stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct WitnessStatus {
    /// The name that it cosigns under.
    pub name: String,
    /// Size of what it cosigned last.
    pub size: Option<u64>,
    /// When it did.
    pub at: Option<Timestamp>,
    /// Why it did not, if it was asked in vain since.
    pub failure: Option<String>,
}

/// How the witnesses of an exchange stand.
pub fn status(exchange: &Exchange) -> WitnessHealth {
    exchange.witnesses.health(exchange.clock.now())
}

/// The newest checkpoint that a quorum cosigned, if it covers the entry at this index.
pub fn cosigned_covering(exchange: &Exchange, index: u64) -> Option<Arc<CosignedCheckpoint>> {
    exchange.witnesses.newest.load_full().filter(|cosigned| cosigned.size > index)
}

impl Witnesses {
    /// Reads keys and addresses; nobody is asked yet. The error says what is wrong with the configuration.
    pub fn new(options: &WitnessOptions) -> Result<Self, String> {
        let quorum = options.checked_quorum()?;
        let watched = options.witnesses.iter().map(Watched::new).collect::<Result<Vec<_>, _>>()?;
        for (place, one) in watched.iter().enumerate() {
            let same = |other: &Watched| other.verifier.public_key() == one.verifier.public_key();
            if watched.iter().take(place).any(same) {
                return Err(format!(
                    "the witness {} is there twice: one key counts once",
                    one.verifier.name()
                ));
            }
        }
        let seconds = i64::try_from(options.stop_after_seconds).unwrap_or(i64::MAX);
        Ok(Self {
            watched,
            quorum,
            machines: options.machines,
            stop_after_micros: seconds.saturating_mul(1_000_000),
            newest: ArcSwapOption::empty(),
            quorum_at: AtomicI64::new(0),
            reached: AtomicBool::new(false),
            alarmed_at: AtomicI64::new(i64::MIN),
            broken: ArcSwapOption::empty(),
        })
    }

    /// Whether one of them must answer before a process begins: where several machines share the ledger.
    pub fn are_asked_at_start(&self) -> bool {
        self.machines == Machines::Several
    }

    /// Takes up what was cosigned before this process started. A ledger that no witness has seen begins to wait now,
    /// and that is written down, so that a restart does not begin anew.
    pub fn take_up(&self, ledger: &Db, keys: &Keys, now: Timestamp) -> StoreResult<()> {
        let origin = keys.origin();
        let mut newest = ledger.read(|c| cosigned::newest(c, &origin))?;
        if newest.is_none() && self.quorum > 0 {
            let note = keys.sign_checkpoint(0, Frontier::empty().root());
            let begin = CosignedCheckpoint { size: 0, note, at: now };
            match ledger.write(|c| cosigned::keep(c, &origin, &begin)) {
                // Another process was first, which comes to the same.
                Ok(()) | Err(StoreError::Duplicate) => {}
                Err(why) => return Err(why),
            }
            newest = Some(begin);
        }
        if let Some(newest) = newest {
            self.adopt(newest);
        }
        Ok(())
    }

    /// Whether a dossier may leave at this instant.
    pub fn allow_release(&self, now: Timestamp) -> ServiceResult<()> {
        if self.left_micros(now).is_some_and(|left| left <= 0) {
            return Err(ServiceError::Busy(
                "not enough witnesses have cosigned the ledger for too long".into(),
            ));
        }
        Ok(())
    }

    /// Whether the ledger may be written to at all.
    pub fn allow_write(&self) -> StoreResult<()> {
        match &*self.broken.load() {
            Some(why) => Err(StoreError::LedgerBroken { why: why.to_string() }),
            None => Ok(()),
        }
    }

    /// The checkpoint with its cosignatures, if it is the one that a quorum cosigned last.
    pub fn dress(&self, published: Published) -> Published {
        match &*self.newest.load() {
            Some(cosigned)
                if cosigned.size == published.size && same_text(&cosigned.note, &published.note) =>
            {
                Published { note: cosigned.note.clone(), ..published }
            }
            Some(_) | None => published,
        }
    }

    /// How they stand at this instant.
    pub fn health(&self, now: Timestamp) -> WitnessHealth {
        let witnesses = self.watched.iter().map(Watched::status).collect();
        let left = self.left_micros(now);
        let missing = !self.reached.load(Ordering::Relaxed) || left.is_some_and(|left| left <= 0);
        let seconds = |left: i64| u64::try_from(left / 1_000_000).unwrap_or(0);
        WitnessHealth {
            configured: self.watched.len(),
            quorum: self.quorum,
            witnesses,
            stopped: self.broken.load().is_some() || left.is_some_and(|left| left <= 0),
            seconds_left: left.filter(|_| missing).map(seconds),
        }
    }

    /// Microseconds until nothing is released, were no quorum reached again; `None` if none is asked for.
    fn left_micros(&self, now: Timestamp) -> Option<i64> {
        let waited = now.micros().saturating_sub(self.quorum_at.load(Ordering::Relaxed));
        (self.quorum > 0).then(|| self.stop_after_micros.saturating_sub(waited))
    }

    /// Takes note of a checkpoint that a quorum cosigned, here or in another process.
    fn adopt(&self, cosigned: CosignedCheckpoint) {
        self.quorum_at.fetch_max(cosigned.at.micros(), Ordering::Relaxed);
        let known = self.newest.load();
        if known.as_ref().is_none_or(|known| known.size <= cosigned.size || !same_origin(known, &cosigned)) {
            self.newest.store(Some(Arc::new(cosigned)));
        }
    }
}

impl Watched {
    fn new(at: &WitnessAt) -> Result<Self, String> {
        let verifier: CosignatureVerifier =
            at.vkey.parse().map_err(|why| format!("[witness] vkey {}: {why}", at.vkey))?;
        let client =
            WitnessClient::new(&at.url, at.ca.as_deref()).map_err(|why| format!("[witness] {why}"))?;
        Ok(Self { verifier, client, seen: Mutex::default() })
    }

    fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn status(&self) -> WitnessStatus {
        let Seen { size, at, failure, .. } = self.seen();
        WitnessStatus { name: self.verifier.name().to_owned(), size: size.map(|(_, size)| size), at, failure }
    }
}

fn same_text(one: &str, other: &str) -> bool {
    match (read_note(one), read_note(other)) {
        (Ok((one, _)), Ok((other, _))) => one == other,
        (_, _) => false,
    }
}

fn same_origin(one: &CosignedCheckpoint, other: &CosignedCheckpoint) -> bool {
    one.note.lines().next() == other.note.lines().next()
}
