//! The queue to the one writer of a process, which alone appends to the ledger.
//!
//! Pulls come as typed commands over a bounded queue; as many as waited while the last commit was in
//! flight are written as one set. Rare use cases come as closures, one transaction each.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, TrySendError, sync_channel};

use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use tokio::sync::oneshot;

use super::committer::{Committer, PullOutcome};
use super::error::{ServiceError, ServiceResult};
use super::evidence::Published;
use super::receipt::Committed;
use super::worker::Worker;
use crate::domain::timestamp::Timestamp;
use crate::store::db::AnyConnection;
use crate::store::error::StoreResult;
use crate::store::ledger::Draft;
use crate::store::release_unit::ReleaseCommand;

/// Commands that may wait; past it the answer is `busy`.
const QUEUE_LENGTH: usize = 1_024;
/// How long the first pull of a set waits for others that are on their way.
const LINGER: Duration = Duration::from_micros(250);
/// Commands in one transaction.
const BATCH_LENGTH: usize = 128;
/// Where an answer goes.
pub type Reply<T> = oneshot::Sender<ServiceResult<T>>;
type Closure = Box<dyn FnOnce(&mut Committer) + Send>;

enum Job {
    Pull(Box<ReleaseCommand>, Reply<PullOutcome>),
    Unit(Closure),
}

/// The queue to the writer.
#[derive(Clone)]
pub struct Writer {
    worker: Arc<Worker<Job>>,
    published: Arc<ArcSwapOption<Published>>,
    broken: Arc<ArcSwapOption<String>>,
    on_their_way: Arc<AtomicUsize>,
}

/// A pull that is being prepared: the writer may wait a moment for it.
pub struct OnItsWay(Arc<AtomicUsize>);

impl Drop for OnItsWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Writer {
    /// Starts the writer's thread. Who drops the last handle waits until it has ended.
    pub fn start(mut core: Committer, published: Arc<ArcSwapOption<Published>>) -> ServiceResult<Self> {
        let broken = core.broken();
        let on_their_way = Arc::new(AtomicUsize::new(0));
        let expected = on_their_way.clone();
        let worker =
            Worker::start("ledger-writer", QUEUE_LENGTH, move |jobs| run(&mut core, &jobs, &expected))
                .map_err(ServiceError::internal)?;
        Ok(Self { worker: Arc::new(worker), published, broken, on_their_way })
    }

    /// Announces a pull, from its arrival until its answer.
    pub fn announce(&self) -> OnItsWay {
        self.on_their_way.fetch_add(1, Ordering::Relaxed);
        OnItsWay(self.on_their_way.clone())
    }

    /// Has a pull decided and recorded.
    pub async fn pull(&self, command: ReleaseCommand) -> ServiceResult<PullOutcome> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Pull(Box::new(command), reply))?;
        answer.await.map_err(|_| ServiceError::internal("the writer ended"))?
    }

    /// Runs a rare use case: `work` reads, decides and writes inside one transaction, and says what to record.
    ///
    /// If `work` answers with a `ServiceError` it must not have written anything yet.
    pub async fn unit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut AnyConnection, Timestamp) -> StoreResult<ServiceResult<(T, Vec<Draft>)>>
        + Send
        + 'static,
    ) -> ServiceResult<(T, Arc<Committed>)> {
        let (reply, answer) = oneshot::channel();
        self.send(unit_job(work, move |result| drop(reply.send(result))))?;
        answer.await.map_err(|_| ServiceError::internal("the writer ended"))?
    }

    /// The same for a caller on a thread of its own.
    pub fn unit_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut AnyConnection, Timestamp) -> StoreResult<ServiceResult<(T, Vec<Draft>)>>
        + Send
        + 'static,
    ) -> ServiceResult<(T, Arc<Committed>)> {
        let (reply, answer) = sync_channel(1);
        self.send(unit_job(work, move |result| drop(reply.send(result))))?;
        answer.recv().map_err(|_| ServiceError::internal("the writer ended"))?
    }

    /// Pulls that have arrived and are not answered yet.
    pub fn on_their_way(&self) -> usize {
        self.on_their_way.load(Ordering::Relaxed)
    }

    /// The newest checkpoint that this process signed and anchored, if it signed any.
    pub fn published(&self) -> Option<Arc<Published>> {
        self.published.load_full()
    }

    /// Why nothing is written, if the ledger was found not to be the one that was signed.
    pub fn broken(&self) -> Option<Arc<String>> {
        self.broken.load_full()
    }

    fn send(&self, job: Job) -> ServiceResult<()> {
        let ended = || ServiceError::internal("the writer ended");
        self.worker.queue().ok_or_else(ended)?.try_send(job).map_err(|full| match full {
            TrySendError::Full(_) => ServiceError::Busy("the writer's queue is full".into()),
            TrySendError::Disconnected(_) => ended(),
        })
    }
}

fn unit_job<T: Send + 'static>(
    work: impl FnOnce(&mut AnyConnection, Timestamp) -> StoreResult<ServiceResult<(T, Vec<Draft>)>>
    + Send
    + 'static,
    reply: impl FnOnce(ServiceResult<(T, Arc<Committed>)>) + Send + 'static,
) -> Job {
    Job::Unit(Box::new(move |core| core.unit(work, reply)))
}

fn run(core: &mut Committer, jobs: &Receiver<Job>, expected: &AtomicUsize) {
    let mut waiting: Option<Job> = None;
    while let Some(job) = waiting.take().or_else(|| jobs.recv().ok()) {
        let (command, reply) = match job {
            Job::Unit(closure) => {
                closure(core);
                continue;
            }
            Job::Pull(command, reply) => (*command, reply),
        };
        let mut commands = vec![command];
        let mut replies = vec![reply];
        let until = Instant::now() + LINGER;
        while commands.len() < BATCH_LENGTH {
            let left = match commands.len() < expected.load(Ordering::Relaxed) {
                true => until.saturating_duration_since(Instant::now()),
                false => Duration::ZERO,
            };
            match jobs.recv_timeout(left) {
                Ok(Job::Pull(command, reply)) => {
                    commands.push(*command);
                    replies.push(reply);
                }
                Ok(unit @ Job::Unit(_)) => {
                    waiting = Some(unit);
                    break;
                }
                Err(_none_waiting) => break,
            }
        }
        core.pulls(commands.into_iter().zip(replies).collect());
    }
}
