//! Signs and anchors each new head, then lets the answers go out.
//!
//! A thread of its own beside the writer's: while one commit's head is anchored, the next commit is
//! under way. Nothing that rests on an entry leaves before a checkpoint that covers it is on the disk.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use arc_swap::ArcSwapOption;
use tracing::error;

use super::anchoring::{HOW_TO_RECOVER, size_and_root, unusable};
use super::error::{ServiceError, ServiceResult};
use super::evidence::Published;
use super::fault_point::{FaultPoint, pass};
use super::keys::{KeyError, Keys};
use super::receipt::Committed;
use super::worker::Worker;
use crate::ledger::hash::Hash;
use crate::store::anchor::{Anchor, Anchored};
use crate::store::db::Db;
use crate::store::error::{StoreError, StoreResult};
use crate::store::ledger::Appended;
use crate::store::tree::check_prefixes;

/// Commits that may wait for their anchor; past it the writer waits.
const WAITING_MAX: usize = 8;

/// What is done once a commit is anchored, or could not be.
pub type Deliver = Box<dyn FnOnce(ServiceResult<Arc<Committed>>) + Send>;

struct Waiting {
    appended: Appended,
    deliver: Deliver,
}

/// The queue to the publisher.
pub struct Publisher {
    worker: Worker<Waiting>,
}

impl Publisher {
    /// Starts the publisher's thread. Dropping this waits until it has ended, with nothing left waiting.
    ///
    /// `ledger` is read to compare what other processes signed.
    pub fn start(
        anchor: Anchor,
        keys: Arc<Keys>,
        ledger: Db,
        published: Arc<ArcSwapOption<Published>>,
    ) -> ServiceResult<Self> {
        let mut thread = Thread { anchor, keys, ledger, published, compared: Vec::new() };
        let worker = Worker::start("ledger-publisher", WAITING_MAX, move |waiting| thread.run(&waiting))
            .map_err(ServiceError::internal)?;
        Ok(Self { worker })
    }

    /// Has a commit signed and anchored, in the order of the calls.
    pub fn publish(&self, appended: Appended, deliver: Deliver) {
        let waiting = Waiting { appended, deliver };
        let refused = match self.worker.queue() {
            Some(queue) => queue.send(waiting).err().map(|refused| refused.0),
            None => Some(waiting),
        };
        if let Some(refused) = refused {
            (refused.deliver)(Err(ServiceError::internal("the publisher ended")));
        }
    }
}

/// What the publisher's thread owns.
struct Thread {
    anchor: Anchor,
    keys: Arc<Keys>,
    ledger: Db,
    published: Arc<ArcSwapOption<Published>>,
    /// What other processes had anchored when it was last compared with the ledger.
    compared: Vec<Anchored>,
}

impl Thread {
    fn run(&mut self, waiting: &Receiver<Waiting>) {
        while let Ok(first) = waiting.recv() {
            let mut ready = vec![first];
            ready.extend(waiting.try_iter().take(WAITING_MAX));
            let mut signed: Vec<(Committed, Deliver)> = Vec::with_capacity(ready.len());
            for one in ready {
                match self.sign(one.appended) {
                    Ok(committed) => signed.push((committed, one.deliver)),
                    Err(why) => {
                        error!(%why, "A checkpoint could not be signed: what it covers is recorded, but does not leave");
                        (one.deliver)(Err(ServiceError::internal(why)));
                    }
                }
            }
            pass(FaultPoint::Signed);
            // Later heads extend earlier ones: one anchor for the last of them holds for all.
            let Some(newest) = signed.last().map(|(newest, _)| newest.published()) else { continue };
            match self.keep(&newest).and_then(|()| self.compare()) {
                Ok(()) => {
                    pass(FaultPoint::Anchored);
                    self.published.store(Some(Arc::new(newest)));
                    signed.into_iter().for_each(|(committed, deliver)| deliver(Ok(Arc::new(committed))));
                    pass(FaultPoint::Answered);
                }
                Err(failure) => {
                    error!(
                        why = %failure,
                        "A checkpoint could not be anchored: what it covers is recorded, but does not leave. {HOW_TO_RECOVER}"
                    );
                    signed.into_iter().for_each(|(_, deliver)| deliver(Err(told(&failure))));
                }
            }
        }
    }

    fn sign(&self, appended: Appended) -> Result<Committed, KeyError> {
        let frontier = &appended.head.frontier;
        let note = self.keys.sign_checkpoint(frontier.size(), frontier.root())?;
        Ok(Committed::new(appended, note))
    }

    fn keep(&self, newest: &Published) -> StoreResult<()> {
        let anchored = Anchored { size: newest.size, note: newest.note.clone() };
        self.anchor.keep(&anchored).map_err(unusable)
    }

    /// What other processes signed must be in this database too. Each writes its own place first and reads the
    /// others' after, so of two processes whose databases part ways at least one sees it before it answers.
    fn compare(&mut self) -> StoreResult<()> {
        let others = self.anchor.others().map_err(unusable)?;
        let unseen = others.iter().filter(|anchored| !self.compared.contains(anchored));
        let signed: Vec<(u64, Hash)> = unseen.map(size_and_root).collect::<StoreResult<_>>()?;
        if !signed.is_empty() {
            self.ledger.read(|c| check_prefixes(c, &signed))?;
        }
        self.compared = others;
        Ok(())
    }
}

/// What may pass is told as busy: the entries are there, and who asks again under the same key gets the answer.
fn told(failure: &StoreError) -> ServiceError {
    match failure {
        StoreError::Busy { why } | StoreError::Unavailable { why } => ServiceError::Busy(why.clone()),
        StoreError::Duplicate
        | StoreError::MissingReference
        | StoreError::Corrupt { .. }
        | StoreError::LedgerBroken { .. }
        | StoreError::Replaced { .. }
        | StoreError::DecideAgain
        | StoreError::Query(_) => ServiceError::internal(failure),
    }
}
