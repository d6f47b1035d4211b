//! What this process remembers of earlier pulls, so that the next one need not read it again.
//!
//! Nothing is decided by it: a remembered consent only spares the read unit, the write unit decides on
//! the locked row. A remembered disclosure is used only where the deliveries since say that it holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::NaiveDate;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::domain::consent::Consent;
use crate::domain::member::MemberId;
use crate::domain::product::Product;
use crate::ledger::tile::TileId;
use crate::store::disclosures::DisclosureRow;

/// Consents remembered.
const CONSENTS_MAX: usize = 100_000;
/// Bytes of disclosures remembered.
const DISCLOSURE_BYTES_MAX: u64 = 256 << 20;
/// Entries that the disclosures' memory is sized for: its limit is in bytes.
const DISCLOSURES_EXPECTED: usize = 20_000;

/// Bytes of the ledger's full tiles and entry bundles remembered.
const LOG_BYTES_MAX: u64 = 64 << 20;
/// Tiles and bundles that their memory is sized for: its limit is in bytes.
const LOG_PIECES_EXPECTED: usize = 4_096;

/// A file of the open log that never changes again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LogPiece {
    /// A full tile: 256 hashes.
    Tile(TileId),
    /// A full bundle: 256 entries, each after its length.
    Bundle(u64),
}

/// A disclosure ready to send.
#[derive(Clone, Debug)]
pub struct ReadyDisclosure {
    /// base64url SHA-256 of `encoded`.
    pub digest: String,
    /// As it stands in a dossier.
    pub encoded: Arc<str>,
    /// First day on which it says something else though nothing is delivered: it counts as stale, or a notice runs out.
    pub stale_after: Option<NaiveDate>,
    /// Whether it stands until a delivery speaks of this taxpayer.
    pub present: bool,
    /// Ledger size at which it was built or last found to hold.
    pub as_of_index: i64,
}

impl From<DisclosureRow> for ReadyDisclosure {
    fn from(row: DisclosureRow) -> Self {
        let DisclosureRow { digest, encoded, stale_after, present, as_of_index, .. } = row;
        Self { digest, encoded: encoded.into(), stale_after, present, as_of_index }
    }
}

struct Remembered {
    consent: Consent,
    product: Product,
    pulls_used: AtomicU32,
}

#[derive(Clone)]
struct Bytes;

impl Weighter<String, Arc<ReadyDisclosure>> for Bytes {
    fn weight(&self, key: &String, ready: &Arc<ReadyDisclosure>) -> u64 {
        u64::try_from(key.len() + ready.encoded.len() + 256).unwrap_or(u64::MAX)
    }
}

impl Weighter<LogPiece, Arc<[u8]>> for Bytes {
    fn weight(&self, _: &LogPiece, piece: &Arc<[u8]>) -> u64 {
        u64::try_from(piece.len() + 128).unwrap_or(u64::MAX)
    }
}

/// The memory of one process.
pub struct Memory {
    consents: Cache<String, Arc<Remembered>>,
    disclosures: Cache<String, Arc<ReadyDisclosure>, Bytes>,
    log: Cache<LogPiece, Arc<[u8]>, Bytes>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            consents: Cache::new(CONSENTS_MAX),
            disclosures: Cache::with_weighter(DISCLOSURES_EXPECTED, DISCLOSURE_BYTES_MAX, Bytes),
            log: Cache::with_weighter(LOG_PIECES_EXPECTED, LOG_BYTES_MAX, Bytes),
        }
    }
}

impl Memory {
    /// The consent as last seen, with its product.
    pub fn consent(&self, id: &str) -> Option<(Consent, Product)> {
        let known = self.consents.get(id)?;
        let mut consent = known.consent.clone();
        consent.pulls_used = known.pulls_used.load(Ordering::Relaxed);
        Some((consent, known.product.clone()))
    }

    /// Remembers a consent that was just read.
    pub fn remember_consent(&self, consent: Consent, product: Product) {
        let pulls_used = AtomicU32::new(consent.pulls_used);
        let id = consent.terms.id.clone();
        self.consents.insert(id, Arc::new(Remembered { consent, product, pulls_used }));
    }

    /// Notes a pull that was granted under a remembered consent.
    pub fn count_pull(&self, id: &str) {
        if let Some(known) = self.consents.get(id) {
            known.pulls_used.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Forgets a consent that changed.
    pub fn forget_consent(&self, id: &str) {
        self.consents.remove(id);
    }

    /// Forgets a consent that was refused to this bank; another bank's asking changes nothing.
    pub fn forget_refused(&self, id: &str, bank: &MemberId) {
        if self.consents.get(id).is_some_and(|known| known.consent.terms.bank == *bank) {
            self.consents.remove(id);
        }
    }

    /// A disclosure by its key: taxpayer, bank, section and variant.
    pub fn disclosure(&self, key: &str) -> Option<Arc<ReadyDisclosure>> {
        self.disclosures.get(key)
    }

    /// Remembers a disclosure.
    pub fn remember_disclosure(&self, key: String, ready: Arc<ReadyDisclosure>) {
        self.disclosures.insert(key, ready);
    }

    /// A full tile or bundle of the log.
    pub fn log_piece(&self, piece: LogPiece) -> Option<Arc<[u8]>> {
        self.log.get(&piece)
    }

    /// Remembers a full tile or bundle that a signed checkpoint covers.
    pub fn remember_log_piece(&self, piece: LogPiece, bytes: Arc<[u8]>) {
        self.log.insert(piece, bytes);
    }
}
