//! Opens the exchange: migrates, checks the ledger against the anchor, starts the writer.
//!
//! A database that is older than the anchor, or differs from it, is refused here and says why.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Exchange;
use super::catalogue::Catalogue;
use super::committer::Committer;
use super::directory::Directory;
use super::enrolment::{AUTHORITY_KEY_FILE, Administration, AdministrationOptions};
use super::error::ServiceError;
use super::keys::{KeyError, Keys};
use super::memory::Memory;
use super::publisher::Publisher;
use super::refusals::RefusalCounter;
use super::witnesses::{self, WitnessOptions, Witnesses};
use super::writer::Writer;
use crate::clock::Clock;
use crate::domain::sentinel::SentinelOptions;
use crate::ledger::frontier::Frontier;
use crate::seal::trust::TrustFile;
use crate::store::anchor::{Anchor, AnchorError, Anchored};
use crate::store::db::{AnyConnection, Db, Location};
use crate::store::error::{StoreError, StoreResult};
use crate::store::ledger::{self, Known};
use crate::store::migrate::{Side, migrate};
use crate::store::tree::{damage_at_edge, frontier_at};

/// Where everything lies.
#[derive(Clone, Debug)]
pub struct Places {
    /// The ledger's database.
    pub ledger: Location,
    /// The data's database.
    pub data: Location,
    /// The anchor file.
    pub anchor: PathBuf,
    /// The directory of the gateway's own keys.
    pub keys: PathBuf,
    /// The trust file.
    pub trust: PathBuf,
    /// Connections to each database.
    pub connections: u32,
    /// The authorities that members' certificates rest on, PEM.
    pub authorities: PathBuf,
    /// How administration goes.
    pub administration: AdministrationOptions,
    /// Who cosigns the ledger.
    pub witness: WitnessOptions,
    /// Thresholds of the sentinels.
    pub sentinels: SentinelOptions,
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

/// Opens the exchange.
pub fn open(places: &Places, clock: Arc<dyn Clock>) -> Result<Arc<Exchange>, StartError> {
    migrate(&places.ledger, Side::Ledger)?;
    migrate(&places.data, Side::Data)?;
    let ledger = Db::open(places.ledger.clone(), places.connections)?;
    let data = Db::open(places.data.clone(), places.connections)?;
    let keys = Arc::new(Keys::load(&places.keys, read_trust(&places.trust)?)?);
    let anchor = open_anchor(&places.anchor, &ledger, &keys)?;
    let known = ledger.read(|c| check_ledger(c, &anchor, &keys)).map_err(broken)?;
    let directory = Arc::new(Directory::load(ledger.clone())?);
    let witnesses = Arc::new(Witnesses::new(&places.witness).map_err(StartError::Other)?);
    witnesses.take_up(&ledger, &keys, clock.now())?;
    // A connection of its own: its pages and statements stay warm, where others' commits would turn a shared one cold.
    let own = Db::open(places.ledger.clone(), 1)?;
    let published = Arc::default();
    let stopped = |error: ServiceError| StartError::Other(error.to_string());
    let publisher = Publisher::start(anchor, keys.clone(), Arc::clone(&published)).map_err(stopped)?;
    let watched = Anchor::open(&places.anchor)?;
    let core =
        Committer::new(own, known, publisher, watched, clock.clone(), directory.clone(), witnesses.clone());
    let writer = Writer::start(core, published).map_err(stopped)?;
    let exchange = Exchange {
        catalogue: Catalogue::new(ledger.clone(), data.clone()),
        ledger,
        data,
        writer,
        keys,
        clock,
        directory,
        memory: Memory::default(),
        spool: spool(&places.trust),
        administration: Administration {
            two_persons: places.administration.two_persons,
            authorities: places.authorities.clone(),
            authority_key: places.keys.join(AUTHORITY_KEY_FILE),
        },
        refusals: RefusalCounter::default(),
        witnesses,
        sentinels: places.sentinels.clone(),
    };
    let exchange = Arc::new(exchange);
    confirm(&exchange)?;
    Ok(exchange)
}

/// Where several machines share the ledger, a witness tells at start what the others signed.
fn confirm(exchange: &Arc<Exchange>) -> Result<(), StartError> {
    if !exchange.witnesses.are_asked_at_start() {
        return Ok(());
    }
    // On a thread of its own: whoever opens an exchange may be inside a runtime.
    let asked = std::thread::scope(|scope| {
        let ask = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map_err(|why| why.to_string())?.block_on(witnesses::confirm_at_start(exchange))
        };
        scope.spawn(ask).join().unwrap_or_else(|_| Err("asking the witnesses ended in a panic".into()))
    });
    asked.map_err(StartError::LedgerBroken)
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
        StoreError::LedgerBroken { why } => StartError::LedgerBroken(format!(
            "{why}. Restore the newest database, or the one that belongs to this anchor; nothing is released until then"
        )),
        other => StartError::Store(other),
    }
}

fn read_trust(path: &Path) -> Result<TrustFile, StartError> {
    let text = std::fs::read_to_string(path)
        .map_err(|why| StartError::Other(format!("{}: {why}", path.display())))?;
    TrustFile::parse(&text).map_err(|why| StartError::Other(format!("{}: {why}", path.display())))
}

/// The anchor of a ledger that has entries must be there; a new ledger gets a new one.
///
/// A new anchor holds the checkpoint of the empty ledger, so that one without any was damaged.
fn open_anchor(path: &Path, ledger: &Db, keys: &Keys) -> Result<Anchor, StartError> {
    ledger.write(ledger::ensure_head)?;
    let size = ledger.read(ledger::head).map_err(broken)?.frontier.size();
    let anchor = match (path.exists(), size) {
        (true, _) => Anchor::open(path)?,
        (false, 0) => Anchor::create(path)?,
        (false, _) => {
            return Err(StartError::LedgerBroken(format!(
                "the ledger has {size} entries, but its anchor {} is gone. Put the file back from where it was moved",
                path.display()
            )));
        }
    };
    match (anchor.newest()?, size) {
        (Some(_), _) => {}
        (None, 0) => {
            anchor.keep(&Anchored { size: 0, note: keys.sign_checkpoint(0, Frontier::empty().root()) })?;
        }
        (None, _) => {
            return Err(StartError::LedgerBroken(format!(
                "the ledger has {size} entries, but its anchor {} holds no checkpoint. Put the undamaged file back",
                path.display()
            )));
        }
    }
    Ok(anchor)
}

/// The head must follow from its own tiles, and the anchor's checkpoint must be a prefix of it.
fn check_ledger(connection: &mut AnyConnection, anchor: &Anchor, keys: &Keys) -> StoreResult<Known> {
    // The anchor first: another process may move both on meanwhile, and the head is never behind the anchor.
    let anchored = anchor.newest().map_err(|error| StoreError::Unavailable { why: error.to_string() })?;
    let head = ledger::head(connection)?;
    let size = head.frontier.size();
    let fail = |why: String| StoreError::LedgerBroken { why };
    if let Some(anchored) = &anchored {
        let checkpoint = keys
            .open_checkpoint(&anchored.note)
            .map_err(|why| fail(format!("the anchor's checkpoint does not verify: {why}")))?;
        if checkpoint.size > size {
            return Err(fail(format!(
                "the database's ledger has {size} entries, but {} were signed: it is older than its anchor",
                checkpoint.size
            )));
        }
        if frontier_at(connection, checkpoint.size)?.root() != checkpoint.root {
            return Err(fail(format!(
                "the ledger's first {} entries are not the ones that were signed",
                checkpoint.size
            )));
        }
    }
    if frontier_at(connection, size)?.root() != head.frontier.root() {
        return Err(fail(format!("the head of size {size} does not follow from the stored hashes")));
    }
    if let Some(why) = damage_at_edge(connection, size)? {
        return Err(fail(why));
    }
    Ok(Known { frontier: head.frontier, anchored: None })
}
