//! The ledger held against its anchor: at start, and by the recovery that must know what is wrong.
//!
//! A ledger that is shorter than what was signed, or another one, is refused. So is one whose anchor
//! is gone: without it nobody knows what was signed.

use std::path::{Path, PathBuf};

use super::keys::Keys;
use super::start::{Places, StartError};
use crate::ledger::checkpoint::{Checkpoint, CheckpointError};
use crate::ledger::frontier::Frontier;
use crate::ledger::hash::Hash;
use crate::store::anchor::{Anchor, AnchorError, Anchored};
use crate::store::db::{AnyConnection, Db, Location};
use crate::store::error::{StoreError, StoreResult};
use crate::store::ledger;
use crate::store::migrate::{Side, migrate};
use crate::store::tree::{check_prefixes, damage_at_edge, frontier_at};

/// How to go on when what was signed cannot be had back.
pub const HOW_TO_RECOVER: &str = "Restore the newest database, or put back the undamaged anchor that belongs to it; nothing is released until then. \
     If neither can be had: shuidaiyi ledger recover --config FILE --reason TEXT";

/// Where a recovery that has begun keeps what it is about, until it is done.
pub fn recovery_file(anchor: &Path) -> PathBuf {
    beside(anchor, "recovery")
}

/// A file beside the anchor whose name starts with the anchor's.
pub(super) fn beside(anchor: &Path, ending: &str) -> PathBuf {
    let mut path = anchor.as_os_str().to_owned();
    path.push(".");
    path.push(ending);
    path.into()
}

/// Makes the anchor of a new ledger. It holds the checkpoint of the empty ledger, so that one without any was damaged.
pub fn create_anchor(places: &Places, keys: &Keys) -> Result<(), StartError> {
    migrate(&places.ledger, Side::Ledger)?;
    let ledger = Db::open(places.ledger.clone(), 1)?;
    ledger.write(ledger::ensure_head)?;
    let size = ledger.read(ledger::head)?.frontier.size();
    if size > 0 {
        return Err(StartError::LedgerBroken(format!("the ledger has {size} entries already")));
    }
    let first = Anchored { size: 0, note: keys.sign_checkpoint(0, Frontier::empty().root())? };
    Ok(Anchor::create(&places.anchor)?.keep(&first)?)
}

/// Whether a backup of the database's directory would take the anchor along, and set it back with the database.
pub fn lies_with_database(places: &Places) -> bool {
    let Location::Sqlite(ledger) = &places.ledger else { return false };
    // As configured a path may go down and up again (`D/../D.anchor`).
    let real =
        |path: &Path| path.parent().map(|folder| folder.canonicalize().unwrap_or_else(|_| folder.into()));
    match (real(ledger), real(&places.anchor)) {
        (Some(folder), Some(of_anchor)) => of_anchor.starts_with(folder),
        (None, _) | (_, None) => false,
    }
}

/// Opens the anchor and takes a place in it. It must be there and hold a checkpoint.
pub fn open_anchor(path: &Path, size: u64) -> Result<Anchor, StartError> {
    let broken = |why: &str| {
        Err(StartError::LedgerBroken(format!(
            "the ledger has {size} entries, but its anchor {} {why}. {HOW_TO_RECOVER}",
            path.display()
        )))
    };
    if !path.exists() {
        return broken("is gone");
    }
    if Anchor::open(path)?.newest()?.is_none() {
        return broken("holds no checkpoint");
    }
    Ok(Anchor::claim(path)?)
}

/// Every checkpoint in the anchor must be signed by the ledger and be a prefix of the stored tree.
///
/// The anchor is read before the head: another process may move both on meanwhile, and the head is never behind.
pub fn check_anchor(
    connection: &mut AnyConnection,
    anchor: &Anchor,
    open: impl Fn(&str) -> Result<Checkpoint, CheckpointError>,
) -> StoreResult<()> {
    let mut signed = Vec::new();
    for anchored in anchor.all().map_err(unusable)? {
        let checkpoint = open(&anchored.note).map_err(|why| StoreError::LedgerBroken {
            why: format!("the anchor's checkpoint does not verify: {why}"),
        })?;
        signed.push((checkpoint.size, checkpoint.root));
    }
    check_prefixes(connection, &signed)
}

/// The head must follow from its own tiles, and the newest entries from their bytes. Returns the tree at the head.
pub fn check_tree(connection: &mut AnyConnection) -> StoreResult<Frontier> {
    let frontier = ledger::head(connection)?.frontier;
    let size = frontier.size();
    let fail = |why: String| StoreError::LedgerBroken { why };
    if frontier_at(connection, size)?.root() != frontier.root() {
        return Err(fail(format!("the head of size {size} does not follow from the stored hashes")));
    }
    match damage_at_edge(connection, size)? {
        Some(why) => Err(fail(why)),
        None => Ok(frontier),
    }
}

/// What a place of the anchor says, its signature aside: it was checked when this process started.
pub fn size_and_root(anchored: &Anchored) -> StoreResult<(u64, Hash)> {
    let checkpoint = Checkpoint::parse(&format!("{}\n", anchored.text()))
        .map_err(|why| StoreError::LedgerBroken { why: format!("the anchor: {why}") })?;
    Ok((checkpoint.size, checkpoint.root))
}

/// An anchor that cannot be read now may be readable later; one that was replaced is not to be trusted.
pub fn unusable(error: AnchorError) -> StoreError {
    match error.passing {
        true => StoreError::Unavailable { why: error.to_string() },
        false => StoreError::LedgerBroken { why: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sentinel::SentinelOptions;
    use crate::service::enrolment::AdministrationOptions;
    use crate::service::fairness::FairnessOptions;
    use crate::service::keys::KeyPlaces;
    use crate::service::witnesses::WitnessOptions;

    #[test]
    fn an_anchor_in_the_databases_directory_is_noticed() {
        let places = |anchor: &str| Places {
            ledger: Location::Sqlite("/srv/exchange/ledger.db".into()),
            data: Location::Sqlite("/srv/exchange/data.db".into()),
            anchor: anchor.into(),
            keys: KeyPlaces {
                directory: "/srv/exchange/keys".into(),
                trust: "/srv/exchange/trust.json".into(),
                token: None,
            },
            connections: 3,
            authorities: "/srv/exchange/ca.pem".into(),
            administration: AdministrationOptions::default(),
            witness: WitnessOptions::default(),
            sentinels: SentinelOptions::default(),
            consent: Default::default(),
            fairness: FairnessOptions::default(),
            portal_url: None,
        };
        assert!(lies_with_database(&places("/srv/exchange/a.anchor")));
        assert!(lies_with_database(&places("/srv/exchange/below/a.anchor")));
        assert!(!lies_with_database(&places("/srv/exchange.anchor")));
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("exchange");
        std::fs::create_dir(&folder).unwrap();
        let ledger = Location::Sqlite(folder.join("ledger.db"));
        for (anchor, within) in [("../exchange.anchor", false), ("../exchange/a.anchor", true)] {
            let of = Places { ledger: ledger.clone(), ..places(&folder.join(anchor).to_string_lossy()) };
            assert_eq!(lies_with_database(&of), within, "{anchor}");
        }
        let postgres = Location::Postgres { url: String::new(), schema: "ledger" };
        assert!(!lies_with_database(&Places { ledger: postgres, ..places("/srv/exchange/a.anchor") }));
    }
}
