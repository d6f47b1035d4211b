//! Opens the exchange: migrates, checks the ledger against the anchor, starts the writer.
//!
//! A database that is older than the anchor, or differs from it, is refused here and says why.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::warn;

use super::Exchange;
use super::anchoring::{self, HOW_TO_RECOVER, recovery_file};
use super::catalogue::Catalogue;
use super::committer::Committer;
use super::directory::Directory;
use super::enrolment::{Administration, AdministrationOptions};
use super::error::ServiceError;
use super::fairness::FairnessOptions;
use super::keys::{AUTHORITY_KEY_FILE, KeyError, KeyPlaces, Keys};
use super::memory::Memory;
use super::policy::{self, ConsentOptions};
use super::publisher::Publisher;
use super::refusals::RefusalCounter;
use super::witnesses::{self, WitnessOptions, Witnesses};
use super::writer::Writer;
use crate::clock::Clock;
use crate::domain::sentinel::SentinelOptions;
use crate::domain::timestamp::Timestamp;
use crate::seal::trust::TrustFile;
use crate::store::anchor::{Anchor, AnchorError};
use crate::store::db::{Db, Location};
use crate::store::error::StoreError;
use crate::store::ledger::{self, Known};
use crate::store::migrate::{Side, migrate};

/// Where everything lies.
#[derive(Clone, Debug)]
pub struct Places {
    /// The ledger's database.
    pub ledger: Location,
    /// Who cosigns the ledger.
    pub witness: WitnessOptions,
    /// The data's database.
    pub data: Location,
    /// The anchor file.
    pub anchor: PathBuf,
    /// The gateway's own keys and the trust file.
    pub keys: KeyPlaces,
    /// Connections to each database.
    pub connections: u32,
    /// The authorities that members' certificates rest on, PEM.
    pub authorities: PathBuf,
    /// How administration goes.
    pub administration: AdministrationOptions,
    /// Thresholds of the sentinels.
    pub sentinels: SentinelOptions,
    /// Rules on authorisations.
    pub consent: ConsentOptions,
    /// Notice of violations.
    pub fairness: FairnessOptions,
    /// Where browsers find the portal, without a slash at the end.
    pub portal_url: Option<String>,
}

/// The exchange cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The databases.
    #[error("database: {0}")]
    Store(#[from] StoreError),
    /// The anchor file.
    #[error("{0}")]
    Anchor(#[from] AnchorError),
    /// A key or the trust file.
    #[error("{0}")]
    Key(#[from] KeyError),
    /// The ledger is not the one that was signed.
    #[error("refusing to release: {0}")]
    LedgerBroken(String),
    /// Something else.
    #[error("{0}")]
    Other(String),
}

/// Opens an exchange whose ledger begins now: the anchor is made here and nowhere else, except by a recovery.
pub fn open_new(places: &Places, clock: Arc<dyn Clock>) -> Result<Arc<Exchange>, StartError> {
    let keys = Keys::load(places.keys.clone(), clock.now())?;
    anchoring::create_anchor(places, &keys)?;
    open(places, clock)
}

/// Opens the exchange.
pub fn open(places: &Places, clock: Arc<dyn Clock>) -> Result<Arc<Exchange>, StartError> {
    let begun = recovery_file(&places.anchor);
    if begun.exists() {
        return Err(StartError::LedgerBroken(format!(
            "a recovery was begun and not finished ({}). Run it again: shuidaiyi ledger recover --config FILE",
            begun.display()
        )));
    }
    open_recovering(places, clock)
}

/// The same while a recovery is under way, for the recovery itself.
pub(super) fn open_recovering(places: &Places, clock: Arc<dyn Clock>) -> Result<Arc<Exchange>, StartError> {
    migrate(&places.ledger, Side::Ledger)?;
    migrate(&places.data, Side::Data)?;
    let ledger = Db::open(places.ledger.clone(), places.connections)?;
    let data = Db::open(places.data.clone(), places.connections)?;
    let keys = Arc::new(load_keys(places, clock.now())?);
    // A start beside a busy gateway waits for no lock, unless the ledger is new.
    if ledger.read(ledger::head).is_err() {
        ledger.write(ledger::ensure_head)?;
    }
    let size = ledger.read(ledger::head).map_err(broken)?.frontier.size();
    let anchor = anchoring::open_anchor(&places.anchor, size)?;
    if anchoring::lies_with_database(places) {
        warn!(anchor = %places.anchor.display(), "The anchor lies in the database's directory: a backup restored from there sets both back, and nobody notices. Move it elsewhere (ledger.anchor)");
    }
    let frontier = ledger
        .read(|c| {
            anchoring::check_anchor(c, &anchor, |note| keys.open_checkpoint(note))?;
            anchoring::check_tree(c)
        })
        .map_err(broken)?;
    let known = Known { frontier, anchored: Vec::new() };
    let directory = Arc::new(Directory::load(ledger.clone())?);
    let witnesses = Arc::new(Witnesses::new(&places.witness).map_err(StartError::Other)?);
    witnesses.take_up(&ledger, &keys, clock.now())?;
    let opening = policy::look(&ledger, &places.consent, clock.now())?;
    let in_force = opening.in_force();
    // A connection of its own: its pages and statements stay warm, where others' commits would turn a shared one cold.
    let own = Db::open(places.ledger.clone(), 1)?;
    let published = Arc::default();
    let stopped = |error: ServiceError| StartError::Other(error.to_string());
    // Another for the publisher, used while other processes sign on the same anchor.
    let beside = Db::open(places.ledger.clone(), 1)?;
    let publisher =
        Publisher::start(anchor, keys.clone(), beside, Arc::clone(&published)).map_err(stopped)?;
    let watched = Anchor::open(&places.anchor)?;
    let beside_writer = (clock.clone(), directory.clone(), witnesses.clone(), in_force.clone());
    let core = Committer::new(own, known, publisher, watched, beside_writer);
    let writer = Writer::start(core, published).map_err(stopped)?;
    opening.bring_into_force(&writer).map_err(stopped)?;
    let exchange = Exchange {
        catalogue: Catalogue::new(ledger.clone(), data.clone()),
        ledger,
        data,
        writer,
        witnesses,
        keys,
        clock,
        directory,
        memory: Memory::default(),
        spool: spool(&places.keys.trust),
        administration: Administration {
            two_persons: places.administration.two_persons,
            authorities: places.authorities.clone(),
            authority_key: places.keys.directory.join(AUTHORITY_KEY_FILE),
        },
        refusals: RefusalCounter::default(),
        sentinels: places.sentinels.clone(),
        requests: places.consent.requests.clone(),
        policy: in_force,
        fairness: places.fairness.clone(),
        portal_url: places.portal_url.clone(),
    };
    confirm(Arc::new(exchange))
}

/// Where several machines share the ledger, a witness tells at start what the others signed.
fn confirm(exchange: Arc<Exchange>) -> Result<Arc<Exchange>, StartError> {
    if !exchange.witnesses.are_asked_at_start() {
        return Ok(exchange);
    }
    // On a thread of its own: whoever opens an exchange may be inside a runtime.
    let asked = std::thread::scope(|scope| {
        let ask = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map_err(|why| why.to_string())?.block_on(witnesses::confirm_at_start(&exchange))
        };
        scope.spawn(ask).join().unwrap_or_else(|_| Err("asking the witnesses ended in a panic".into()))
    });
    asked.map(|()| exchange).map_err(StartError::LedgerBroken)
}

/// The gateway's keys. Without the ledger's no checkpoint can be signed, and there is a way on.
fn load_keys(places: &Places, now: Timestamp) -> Result<Keys, StartError> {
    Keys::load(places.keys.clone(), now).map_err(|error| match error {
        KeyError::NoLedgerKey(_) => StartError::LedgerBroken(format!(
            "{error}. Put it (ledger.key, or its newest ledger-N.key) back from its backup. \
             If there is none: shuidaiyi ledger recover --config FILE --reason TEXT"
        )),
        other => StartError::Key(other),
    })
}

/// The directory that everything lies in: there is room for what is delivered.
fn spool(trust: &Path) -> PathBuf {
    match trust.parent() {
        Some(home) if !home.as_os_str().is_empty() => home.to_owned(),
        Some(_) | None => PathBuf::from("."),
    }
}

fn broken(error: StoreError) -> StartError {
    match error {
        StoreError::LedgerBroken { why } => StartError::LedgerBroken(format!("{why}. {HOW_TO_RECOVER}")),
        other => StartError::Store(other),
    }
}

pub(super) fn read_trust(path: &Path) -> Result<TrustFile, StartError> {
    let text = std::fs::read_to_string(path)
        .map_err(|why| StartError::Other(format!("{}: {why}", path.display())))?;
    TrustFile::parse(&text).map_err(|why| StartError::Other(format!("{}: {why}", path.display())))
}
