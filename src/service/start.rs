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
use super::error::ServiceError;
use super::keys::{KeyError, Keys, LEDGER_KEY_FILE};
use super::memory::Memory;
use super::publisher::Publisher;
use super::refusals::RefusalCounter;
use super::writer::Writer;
use crate::clock::Clock;
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
    let keys = Keys::load(&places.keys, read_trust(&places.trust)?)?;
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
    let keys = Arc::new(load_keys(places)?);
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
    // A connection of its own: its pages and statements stay warm, where others' commits would turn a shared one cold.
    let own = Db::open(places.ledger.clone(), 1)?;
    let published = Arc::default();
    let stopped = |error: ServiceError| StartError::Other(error.to_string());
    // Another for the publisher, used while other processes sign on the same anchor.
    let beside = Db::open(places.ledger.clone(), 1)?;
    let publisher =
        Publisher::start(anchor, keys.clone(), beside, Arc::clone(&published)).map_err(stopped)?;
    let watched = Anchor::open(&places.anchor)?;
    let core = Committer::new(own, known, publisher, watched, clock.clone(), directory.clone());
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
        refusals: RefusalCounter::default(),
    };
    Ok(Arc::new(exchange))
}

/// The gateway's keys. Without the ledger's no checkpoint can be signed, and there is a way on.
fn load_keys(places: &Places) -> Result<Keys, StartError> {
    let ledger_key = places.keys.join(LEDGER_KEY_FILE);
    Keys::load(&places.keys, read_trust(&places.trust)?).map_err(|error| match ledger_key.exists() {
        true => StartError::Key(error),
        false => StartError::LedgerBroken(format!(
            "the ledger's private key cannot be used: {error}. Put {} back from its backup. \
             If there is none: shuidaiyi ledger recover --config FILE --reason TEXT",
            ledger_key.display()
        )),
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
