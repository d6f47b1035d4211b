//! The use cases. Each decides by the rules of `domain`, writes through the one writer, and answers
//! with a value or with whose fault it was.

pub mod accesses;
pub mod admin;
pub mod anchoring;
pub mod assemble;
pub mod audit;
pub mod bundle_page;
pub mod canaries;
pub mod cases;
pub mod catalogue;
pub mod committer;
pub mod consent;
pub mod consent_clock;
pub mod consent_letter;
pub mod consent_receipt;
pub mod consent_text;
pub mod corrections;
pub mod deletions;
pub mod directory;
pub mod disclosures;
pub mod enrolment;
pub mod error;
pub mod evidence;
pub mod evidence_bundle;
pub mod expiries;
pub mod fact_index;
pub mod fairness;
pub mod fault_point;
pub mod figures;
pub mod firm_consents;
pub mod held;
pub mod holds;
pub mod ingest;
pub mod key_ring;
pub mod key_rotation;
pub mod keys;
pub mod keys_overview;
pub mod ledger_audit;
pub mod log;
pub mod log_export;
pub mod mandate;
pub mod member_keys;
pub mod members;
pub mod memory;
pub mod notifications;
pub mod objections;
pub mod offers;
pub mod own_copy;
pub mod pdf_attachment;
pub mod personal;
pub mod policy;
pub mod prepare;
pub mod preview;
pub mod product;
pub mod proposals;
pub mod proposed;
pub mod publisher;
pub mod rebuild;
pub mod receipt;
pub mod recover;
pub mod refusals;
pub mod rejections;
pub mod release;
pub mod remarks;
pub mod repeat;
pub mod reports;
pub mod requests;
pub mod sentinels;
pub mod sessions;
pub mod sign_in;
pub mod staging;
pub mod standing;
pub mod start;
pub mod verify;
pub mod verify_bundle;
pub mod verify_consent;
pub mod verify_policy;
pub mod witness;
pub mod witnesses;
mod worker;
pub mod writer;

use std::path::PathBuf;
use std::sync::Arc;

use self::catalogue::Catalogue;
use self::directory::Directory;
use self::enrolment::Administration;
use self::error::{ServiceError, ServiceResult};
use self::fairness::FairnessOptions;
use self::keys::Keys;
use self::memory::Memory;
use self::refusals::RefusalCounter;
use self::requests::RequestOptions;
use self::witnesses::Witnesses;
use self::writer::Writer;
use crate::clock::Clock;
use crate::domain::sentinel::SentinelOptions;
use crate::store::db::Db;
use crate::store::policies::InForce;

/// Everything the use cases work with, built once by [`start::open`].
pub struct Exchange {
    /// Members, consents, releases and the ledger.
    pub ledger: Db,
    /// Records and disclosures.
    pub data: Db,
    /// The one writer to the ledger.
    pub writer: Writer,
    /// Who cosigns the ledger.
    pub witnesses: Arc<Witnesses>,
    /// The gateway's own keys.
    pub keys: Arc<Keys>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who may speak.
    pub directory: Arc<Directory>,
    /// Which deliveries are visible.
    pub catalogue: Catalogue,
    /// What earlier pulls left for the next.
    pub memory: Memory,
    /// Directory for files that are gone when they are closed.
    pub spool: PathBuf,
    /// The rules and authorities of administration.
    pub administration: Administration,
    /// Requests that are counted rather than recorded one by one.
    pub refusals: RefusalCounter,
    /// Thresholds of the rules over the stream of pulls.
    pub sentinels: SentinelOptions,
    /// How requests for authorisations go.
    pub requests: RequestOptions,
    /// How far authorisations may go.
    pub policy: InForce,
    /// Notice of violations before their first release, and the calendar of working days.
    pub fairness: FairnessOptions,
    /// Where browsers find the portal, without a slash at the end; `None` where there is none.
    pub portal_url: Option<String>,
}

/// Where the portal of another process on this host listens, if nothing else was said.
const PORTAL_UNLESS_SAID: &str = "https://localhost:8444";

impl Exchange {
    /// Where browsers find the portal that answers requests, without a slash at the end.
    pub fn portal_url(&self) -> &str {
        self.portal_url.as_deref().unwrap_or(PORTAL_UNLESS_SAID)
    }

    /// Runs work that blocks, away from the threads that serve connections.
    pub async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Exchange) -> ServiceResult<T> + Send + 'static,
    ) -> ServiceResult<T> {
        let exchange = self.clone();
        tokio::task::spawn_blocking(move || work(&exchange)).await.map_err(ServiceError::internal)?
    }

    /// Runs point reads: in place on SQLite, where they take microseconds, away from the serving threads on PostgreSQL.
    pub async fn point_read<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Exchange) -> ServiceResult<T> + Send + 'static,
    ) -> ServiceResult<T> {
        let at_once = self.ledger.is_sqlite() && self.ledger.has_room() && self.data.has_room();
        if at_once { work(self) } else { self.blocking(work).await }
    }

    /// A fresh id: UUIDv7 of the exchange's clock.
    pub fn fresh_id(&self) -> String {
        self.id_days_ago(0)
    }

    /// An id as it was made so many days ago: those made before are smaller.
    pub fn id_days_ago(&self, days: i64) -> String {
        let now = self.clock.now();
        let seconds = u64::try_from(now.seconds().saturating_sub(days.saturating_mul(86_400))).unwrap_or(0);
        let nanos = u32::try_from(now.micros().rem_euclid(1_000_000)).unwrap_or(0) * 1_000;
        uuid::Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos)).to_string()
    }
}
