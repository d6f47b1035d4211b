//! The one writer of a process: it alone appends to the ledger.
//!
//! Pulls come as typed commands over a bounded queue; as many as waited while the last commit was in
//! flight are decided and written as sets in one transaction. Rare use cases come as closures, one
//! transaction each. After a commit the checkpoint is signed and anchored, then the answers go out.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use arc_swap::ArcSwapOption;
use tokio::sync::oneshot;
use tracing::{error, warn};

use super::directory::Directory;
use super::error::{ServiceError, ServiceResult};
use super::evidence::Published;
use super::keys::Keys;
use super::receipt::Committed;
use crate::clock::Clock;
use crate::domain::denial::Denial;
use crate::domain::timestamp::Timestamp;
use crate::ledger::checkpoint::Checkpoint;
use crate::store::anchor::{Anchor, Anchored};
use crate::store::db::{AnyConnection, Db};
use crate::store::error::{StoreError, StoreResult};
use crate::store::ledger::{Appended, Draft, Known, append};
use crate::store::release_unit::{Decision, ReleaseCommand, Released, release};
use crate::store::releases;

/// Commands that may wait; past it the answer is `busy`.
const QUEUE_LENGTH: usize = 1_024;
/// Commands in one transaction.
const BATCH_LENGTH: usize = 128;
/// How often a unit is decided again when the ledger's clock crossed a boundary.
const DECIDE_AGAIN_MAX: u32 = 3;

/// What became of a pull.
#[derive(Debug)]
pub struct PullOutcome {
    /// The decision that counts.
    pub decision: Decision,
    /// Dossiers left to the bank for the day.
    pub remaining: u64,
    /// Proves the entry of a grant.
    pub committed: Option<Arc<Committed>>,
}

type Reply<T> = oneshot::Sender<ServiceResult<T>>;
type Closure = Box<dyn FnOnce(&mut Core) + Send>;

enum Job {
    Pull(Box<ReleaseCommand>, Reply<PullOutcome>),
    Unit(Closure),
}

/// The queue to the writer.
#[derive(Clone)]
pub struct Writer {
    queue: SyncSender<Job>,
    published: Arc<ArcSwapOption<Published>>,
}

/// What the writer owns.
pub struct Core {
    ledger: Db,
    known: Known,
    anchor: Anchor,
    keys: Arc<Keys>,
    clock: Arc<dyn Clock>,
    directory: Arc<Directory>,
    published: Arc<ArcSwapOption<Published>>,
}

impl Core {
    /// A writer's state; `known` was checked against database and anchor at start.
    pub fn new(
        ledger: Db,
        known: Known,
        anchor: Anchor,
        keys: Arc<Keys>,
        clock: Arc<dyn Clock>,
        directory: Arc<Directory>,
    ) -> Self {
        Self { ledger, known, anchor, keys, clock, directory, published: Arc::default() }
    }
}

impl Writer {
    /// Starts the writer's thread. It ends when the last handle is dropped.
    pub fn start(mut core: Core) -> ServiceResult<Self> {
        let (queue, jobs) = sync_channel(QUEUE_LENGTH);
        let published = core.published.clone();
        std::thread::Builder::new()
            .name("ledger-writer".into())
            .spawn(move || run(&mut core, &jobs))
            .map_err(ServiceError::internal)?;
        Ok(Self { queue, published })
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

    /// The newest checkpoint that this process signed and anchored, if it signed any.
    pub fn published(&self) -> Option<Arc<Published>> {
        self.published.load_full()
    }

    fn send(&self, job: Job) -> ServiceResult<()> {
        self.queue.try_send(job).map_err(|full| match full {
            TrySendError::Full(_) => ServiceError::Busy("the writer's queue is full".into()),
            TrySendError::Disconnected(_) => ServiceError::internal("the writer ended"),
        })
    }
}

fn unit_job<T: Send + 'static>(
    work: impl FnOnce(&mut AnyConnection, Timestamp) -> StoreResult<ServiceResult<(T, Vec<Draft>)>>
    + Send
    + 'static,
    reply: impl FnOnce(ServiceResult<(T, Arc<Committed>)>) + Send + 'static,
) -> Job {
    Job::Unit(Box::new(move |core| reply(core.unit(work))))
}

fn no_outcome() -> ServiceError {
    ServiceError::internal("a pull without an outcome")
}

fn run(core: &mut Core, jobs: &Receiver<Job>) {
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
        while commands.len() < BATCH_LENGTH {
            match jobs.try_recv() {
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
        for (reply, outcome) in replies.into_iter().zip(core.pulls(commands)) {
            // A caller that hung up: its release is recorded all the same, and can be asked for again.
            drop(reply.send(outcome));
        }
    }
}

impl Core {
    fn unit<T>(
        &mut self,
        work: impl FnOnce(&mut AnyConnection, Timestamp) -> StoreResult<ServiceResult<(T, Vec<Draft>)>>,
    ) -> ServiceResult<(T, Arc<Committed>)> {
        let now = self.clock.now();
        let known = &self.known;
        let done = self.ledger.write(|c| match work(c, now)? {
            Err(refusal) => Ok(Err(refusal)),
            Ok((value, drafts)) => Ok(Ok((value, append(c, known, now, drafts, |_| Ok(()))?))),
        });
        let (value, appended) = match self.noting_breaks(done) {
            // Another process was first with the same key or id: asked again, this one finds what that one made.
            Err(StoreError::Duplicate) => {
                return Err(ServiceError::Busy(
                    "the same was done at the same time by another process".into(),
                ));
            }
            done => done??,
        };
        Ok((value, self.publish(appended)?))
    }

    fn pulls(&mut self, commands: Vec<ReleaseCommand>) -> Vec<ServiceResult<PullOutcome>> {
        match self.pull_set(&commands) {
            Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
            Err(error) if commands.len() == 1 => vec![self.resolve(commands, error)],
            Err(error) => {
                warn!(commands = commands.len(), %error, "A batch of pulls failed; each is tried alone");
                self.one_by_one(commands)
            }
        }
    }

    /// Each in a transaction of its own. Once one of them waited in vain, the rest are not made to wait as long again.
    fn one_by_one(&mut self, commands: Vec<ReleaseCommand>) -> Vec<ServiceResult<PullOutcome>> {
        let mut stuck: Option<String> = None;
        let mut outcomes = Vec::with_capacity(commands.len());
        for command in commands {
            let outcome = match &stuck {
                Some(why) => Err(ServiceError::Busy(why.clone())),
                None => self.pulls(vec![command]).pop().unwrap_or_else(|| Err(no_outcome())),
            };
            if let Err(ServiceError::Busy(why)) = &outcome {
                stuck = Some(why.clone());
            }
            outcomes.push(outcome);
        }
        outcomes
    }

    /// A row that is there already has two causes: a commit whose outcome was lost with the connection did
    /// happen, and then the id is recorded; or another process was first with the idempotency key, and then
    /// the pull is decided again in sight of it.
    fn resolve(&mut self, commands: Vec<ReleaseCommand>, error: ServiceError) -> ServiceResult<PullOutcome> {
        let duplicate =
            matches!(&error, ServiceError::Fault(super::error::Fault::Store(StoreError::Duplicate)));
        let (true, [command]) = (duplicate, commands.as_slice()) else { return Err(error) };
        let recorded = self.ledger.read(|c| releases::outcome(c, &command.id))?;
        let decision = match recorded {
            None => return self.pull_set(&commands)?.pop().ok_or_else(no_outcome),
            Some(outcome) => match Denial::from_reason(&outcome) {
                Some(denial) => Decision::Refused(denial),
                None => Decision::Repeated { release_id: command.id.clone() },
            },
        };
        Ok(PullOutcome { decision, remaining: 0, committed: None })
    }

    fn pull_set(&mut self, commands: &[ReleaseCommand]) -> ServiceResult<Vec<PullOutcome>> {
        let quotas = self.directory.quotas();
        let mut attempts = 0;
        let released = loop {
            let now = self.clock.now();
            let known = &self.known;
            let result = self.ledger.write(|c| release(c, known, now, &quotas, commands));
            attempts += 1;
            match self.noting_breaks(result) {
                Err(StoreError::DecideAgain) if attempts < DECIDE_AGAIN_MAX => {}
                result => break result?,
            }
        };
        let Released { decisions, remaining, appended } = released;
        let committed = appended.map(|appended| self.publish(appended)).transpose()?;
        let outcomes = commands.iter().zip(decisions).map(|(command, decision)| PullOutcome {
            decision,
            remaining: remaining.get(&command.ask.bank).copied().unwrap_or(0),
            committed: committed.clone(),
        });
        Ok(outcomes.collect())
    }

    /// Signs the new head and anchors it. Only after this may anything that rests on it leave.
    fn publish(&mut self, appended: Appended) -> ServiceResult<Arc<Committed>> {
        let frontier = appended.head.frontier.clone();
        let checkpoint =
            Checkpoint { origin: self.keys.origin(), size: frontier.size(), root: frontier.root() };
        let note = checkpoint.sign(&self.keys.ledger);
        self.anchor.keep(&Anchored { size: checkpoint.size, note: note.clone() })?;
        self.known = Known { frontier };
        let committed = Committed::new(appended, note);
        self.published.store(Some(Arc::new(committed.published())));
        Ok(Arc::new(committed))
    }

    fn noting_breaks<T>(&self, result: StoreResult<T>) -> StoreResult<T> {
        if let Err(StoreError::LedgerBroken { why }) = &result {
            error!(
                why,
                "The ledger in the database is not the one that was signed: nothing is released. Stop the gateway and restore the newest database"
            );
        }
        result
    }
}
