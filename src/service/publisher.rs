//! Signs and anchors each new head, then lets the answers go out.
//!
//! A thread of its own beside the writer's: while one commit's head is anchored, the next commit is
//! under way. Nothing that rests on an entry leaves before a checkpoint that covers it is on the disk.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use arc_swap::ArcSwapOption;
use tracing::error;

use super::error::{ServiceError, ServiceResult};
use super::evidence::Published;
use super::keys::{KeyError, Keys};
use super::receipt::Committed;
use crate::store::anchor::{Anchor, Anchored};
use crate::store::ledger::Appended;

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
    queue: SyncSender<Waiting>,
}

impl Publisher {
    /// Starts the publisher's thread. It ends, with nothing left waiting, when this is dropped.
    pub fn start(
        anchor: Anchor,
        keys: Arc<Keys>,
        published: Arc<ArcSwapOption<Published>>,
    ) -> ServiceResult<Self> {
        let (queue, waiting) = sync_channel(WAITING_MAX);
        std::thread::Builder::new()
            .name("ledger-publisher".into())
            .spawn(move || run(&anchor, &keys, &published, &waiting))
            .map_err(ServiceError::internal)?;
        Ok(Self { queue })
    }

    /// Has a commit signed and anchored, in the order of the calls.
    pub fn publish(&self, appended: Appended, deliver: Deliver) {
        if let Err(refused) = self.queue.send(Waiting { appended, deliver }) {
            (refused.0.deliver)(Err(ServiceError::internal("the publisher ended")));
        }
    }
}

fn run(anchor: &Anchor, keys: &Keys, published: &ArcSwapOption<Published>, waiting: &Receiver<Waiting>) {
    while let Ok(first) = waiting.recv() {
        let mut ready = vec![first];
        ready.extend(waiting.try_iter().take(WAITING_MAX));
        let mut signed: Vec<(Committed, Deliver)> = Vec::with_capacity(ready.len());
        for one in ready {
            match sign(keys, one.appended) {
                Ok(committed) => signed.push((committed, one.deliver)),
                Err(why) => {
                    error!(%why, "A checkpoint could not be signed: what it covers is recorded, but does not leave");
                    (one.deliver)(Err(ServiceError::internal(why)));
                }
            }
        }
        // Later heads extend earlier ones: one anchor for the last of them holds for all.
        let anchored = match signed.last() {
            Some((newest, _)) => keep(anchor, newest.published()),
            None => continue,
        };
        match anchored {
            Ok(newest) => {
                published.store(Some(Arc::new(newest)));
                signed.into_iter().for_each(|(committed, deliver)| deliver(Ok(Arc::new(committed))));
            }
            Err(why) => {
                error!(
                    why,
                    "A checkpoint could not be anchored: what it covers is recorded, but does not leave"
                );
                signed.into_iter().for_each(|(_, deliver)| deliver(Err(ServiceError::internal(&why))));
            }
        }
    }
}

fn sign(keys: &Keys, appended: Appended) -> Result<Committed, KeyError> {
    let frontier = &appended.head.frontier;
    let note = keys.sign_checkpoint(frontier.size(), frontier.root())?;
    Ok(Committed::new(appended, note))
}

fn keep(anchor: &Anchor, newest: Published) -> Result<Published, String> {
    let anchored = Anchored { size: newest.size, note: newest.note.clone() };
    anchor.keep(&anchored).map_err(|error| error.to_string())?;
    Ok(newest)
}
