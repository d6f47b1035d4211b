//! The writer's transactions: pulls as sets, rare use cases one by one.
//!
//! What a transaction appended goes to the publisher, and with it the answers: they leave once the new
//! head is signed and anchored.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use tracing::{error, warn};

use super::anchoring::{HOW_TO_RECOVER, size_and_root, unusable};
use super::directory::Directory;
use super::error::{ServiceError, ServiceResult};
use super::fault_point::{FaultPoint, pass};
use super::publisher::Publisher;
use super::receipt::Committed;
use super::witnesses::Witnesses;
use super::writer::Reply;
use crate::clock::Clock;
use crate::domain::denial::Denial;
use crate::domain::timestamp::Timestamp;
use crate::store::anchor::Anchor;
use crate::store::db::{AnyConnection, Db};
use crate::store::error::{StoreError, StoreResult};
use crate::store::ledger::{self, Appended, Draft, Known, append};
use crate::store::policies::InForce;
use crate::store::release_unit::{Decision, Limits, ReleaseCommand, Released, release};
use crate::store::releases;

/// How often a unit is decided again when the ledger's clock crossed a boundary.
const DECIDE_AGAIN_MAX: u32 = 3;
/// How often this node's clock is compared with the database's.
const COMPARE_CLOCKS_EVERY: Duration = Duration::from_secs(5);
/// Past this difference nothing is written, in microseconds: one node's clock would set the ledger's for all.
const CLOCK_DIFFERENCE_MAX_MICROS: u64 = 10_000_000;

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

/// A pull and where its answer goes.
pub type AskedPull = (ReleaseCommand, Reply<PullOutcome>);

/// What the writer shares with the rest of the exchange: the time, the members, the witnesses, the policy.
pub type Shared = (Arc<dyn Clock>, Arc<Directory>, Arc<Witnesses>, InForce);

/// What the writer's thread owns.
pub struct Committer {
    ledger: Db,
    known: Known,
    publisher: Publisher,
    anchor: Anchor,
    clock: Arc<dyn Clock>,
    clocks_agreed_at: Option<Instant>,
    directory: Arc<Directory>,
    witnesses: Arc<Witnesses>,
    policy: InForce,
    broken: Arc<ArcSwapOption<String>>,
}

impl Committer {
    /// A writer's state; `known` was checked against database and anchor at start.
    pub fn new(
        ledger: Db,
        known: Known,
        publisher: Publisher,
        anchor: Anchor,
        (clock, directory, witnesses, policy): Shared,
    ) -> Self {
        let (broken, clocks_agreed_at) = (Arc::default(), None);
        Self {
            ledger,
            known,
            publisher,
            anchor,
            clock,
            clocks_agreed_at,
            directory,
            witnesses,
            policy,
            broken,
        }
    }

    /// Why the last write was refused, if the ledger was not the one that was signed.
    pub fn broken(&self) -> Arc<ArcSwapOption<String>> {
        self.broken.clone()
    }

    /// Runs a rare use case in a transaction of its own.
    pub fn unit<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut AnyConnection, Timestamp) -> StoreResult<ServiceResult<(T, Vec<Draft>)>>,
        reply: impl FnOnce(ServiceResult<(T, Arc<Committed>)>) + Send + 'static,
    ) {
        let now = self.clock.now();
        let around = self.look_around();
        if let Err(error) = self.noting_breaks(around) {
            return reply(Err(error.into()));
        }
        let known = &self.known;
        let done = self.ledger.write(|c| match work(c, now)? {
            Err(refusal) => Ok(Err(refusal)),
            Ok((value, drafts)) => {
                let appended = append(c, known, now, drafts, |_, _| Ok(()))?;
                pass(FaultPoint::Appended);
                Ok(Ok((value, appended)))
            }
        });
        match self.noting_breaks(done) {
            Ok(Ok((value, appended))) => {
                self.committed(&appended);
                let deliver =
                    move |committed: ServiceResult<_>| reply(committed.map(|committed| (value, committed)));
                self.publisher.publish(appended, Box::new(deliver));
            }
            Ok(Err(refusal)) => reply(Err(refusal)),
            // Another process was first with the same key or id: asked again, this one finds what that one made.
            Err(StoreError::Duplicate) => {
                reply(Err(ServiceError::Busy(
                    "the same was done at the same time by another process".into(),
                )));
            }
            Err(other) => reply(Err(other.into())),
        }
    }

    /// Decides and records a set of pulls. If the set fails as a whole, each is tried alone.
    pub fn pulls(&mut self, asked: Vec<AskedPull>) {
        let (commands, replies): (Vec<ReleaseCommand>, Vec<Reply<PullOutcome>>) = asked.into_iter().unzip();
        match self.release(&commands) {
            Ok(released) => self.answer(&commands, released, replies),
            Err(error) if commands.len() == 1 => self.resolve(&commands, replies, error),
            Err(error) => {
                warn!(commands = commands.len(), %error, "A batch of pulls failed; each is tried alone");
                self.one_by_one(commands, replies);
            }
        }
    }

    /// Each in a transaction of its own. Once one of them waited in vain, the rest are not made to wait as long again.
    fn one_by_one(&mut self, commands: Vec<ReleaseCommand>, replies: Vec<Reply<PullOutcome>>) {
        let mut stuck: Option<String> = None;
        for (command, reply) in commands.into_iter().zip(replies) {
            let alone = [command];
            let result = match &stuck {
                Some(why) => Err(StoreError::Busy { why: why.clone() }),
                None => self.release(&alone),
            };
            match result {
                Ok(released) => self.answer(&alone, released, vec![reply]),
                Err(StoreError::Busy { why }) => {
                    stuck = Some(why.clone());
                    send(reply, Err(ServiceError::Busy(why)));
                }
                Err(error) => self.resolve(&alone, vec![reply], error),
            }
        }
    }

    /// A row that is there already has two causes: a commit whose outcome was lost with the connection did
    /// happen, and then the id is recorded; or another process was first with the idempotency key, and then
    /// the pull is decided again in sight of it.
    fn resolve(&mut self, commands: &[ReleaseCommand], replies: Vec<Reply<PullOutcome>>, error: StoreError) {
        let outcome = match (&error, commands) {
            (StoreError::Duplicate, [command]) => {
                match self.ledger.read(|c| releases::outcome(c, &command.id)) {
                    Err(error) => Err(error.into()),
                    Ok(None) => match self.release(commands) {
                        Ok(released) => return self.answer(commands, released, replies),
                        Err(error) => Err(error.into()),
                    },
                    Ok(Some(outcome)) => Ok(match Denial::from_reason(&outcome) {
                        Some(denial) => Decision::Refused(denial),
                        None => Decision::Repeated { release_id: command.id.clone() },
                    }),
                }
            }
            (_other, _) => Err(ServiceError::from(error)),
        };
        let outcome = outcome.map(|decision| PullOutcome { decision, remaining: 0, committed: None });
        if let Some(reply) = replies.into_iter().next() {
            send(reply, outcome);
        }
    }

    /// Decides and records a set. A connection lost meanwhile is made anew once: if the commit had
    /// happened all the same, the ids are found taken.
    fn release(&mut self, commands: &[ReleaseCommand]) -> StoreResult<Released> {
        let quotas = self.directory.quotas();
        let mut attempts = 0;
        loop {
            let around = self.look_around();
            self.noting_breaks(around)?;
            let now = self.clock.now();
            let (known, policy) = (&self.known, &self.policy);
            let result = self.ledger.write(|c| {
                let released = release(c, known, now, Limits { quotas: &quotas, policy }, commands)?;
                pass(FaultPoint::Appended);
                Ok(released)
            });
            attempts += 1;
            match self.noting_breaks(result) {
                Err(StoreError::DecideAgain) if attempts < DECIDE_AGAIN_MAX => {}
                Err(StoreError::Unavailable { .. }) if attempts < 2 => {}
                result => return result,
            }
        }
    }

    /// Before every transaction: what other processes anchored, and now and then what time the database has.
    fn look_around(&mut self) -> StoreResult<()> {
        self.witnesses.allow_write()?;
        self.look_at_anchor()?;
        if !self.clock.is_comparable()
            || self.clocks_agreed_at.is_some_and(|at| at.elapsed() < COMPARE_CLOCKS_EVERY)
        {
            return Ok(());
        }
        let now = self.clock.now().micros();
        match self.ledger.read(ledger::database_clock)? {
            Some(theirs) if theirs.abs_diff(now) > CLOCK_DIFFERENCE_MAX_MICROS => {
                error!(
                    "This node's clock is over 10 s off the database's: nothing is written until one of them is set right"
                );
                Err(StoreError::Busy { why: "this node's clock is over 10 s off the database's".into() })
            }
            Some(_) | None => {
                self.clocks_agreed_at = Some(Instant::now());
                Ok(())
            }
        }
    }

    /// Other processes may have anchored more than this one knows: the database must have that too.
    fn look_at_anchor(&mut self) -> StoreResult<()> {
        self.anchor.check_same_file().map_err(unusable)?;
        let known = self.known.frontier.size();
        let anchored = self.anchor.all().map_err(unusable)?;
        let ahead = anchored.iter().filter(|anchored| anchored.size > known);
        self.known.anchored = ahead.map(size_and_root).collect::<StoreResult<_>>()?;
        Ok(())
    }

    fn answer(&mut self, commands: &[ReleaseCommand], released: Released, replies: Vec<Reply<PullOutcome>>) {
        let Released { decisions, remaining, appended } = released;
        let left = |command: &ReleaseCommand| remaining.get(&command.ask.bank).copied().unwrap_or(0);
        let decided: Vec<(Decision, u64)> = decisions.into_iter().zip(commands.iter().map(left)).collect();
        let deliver = move |committed: ServiceResult<Option<Arc<Committed>>>| {
            for (reply, (decision, remaining)) in replies.into_iter().zip(decided) {
                let outcome = match &committed {
                    Ok(committed) => Ok(PullOutcome { decision, remaining, committed: committed.clone() }),
                    Err(ServiceError::Busy(why)) => Err(ServiceError::Busy(why.clone())),
                    Err(why) => Err(ServiceError::internal(why)),
                };
                send(reply, outcome);
            }
        };
        match appended {
            None => deliver(Ok(None)),
            Some(appended) => {
                self.committed(&appended);
                self.publisher.publish(appended, Box::new(move |committed| deliver(committed.map(Some))));
            }
        }
    }

    /// Logs that the ledger is not the one that was signed, and keeps it for who asks whether this process is ready.
    fn noting_breaks<T>(&self, result: StoreResult<T>) -> StoreResult<T> {
        match &result {
            Err(StoreError::LedgerBroken { why }) => {
                error!(
                    why,
                    "The ledger is not the one that was signed: nothing is released. Stop the gateway. {HOW_TO_RECOVER}"
                );
                self.broken.store(Some(Arc::new(why.clone())));
            }
            Err(error @ StoreError::Replaced { .. }) => {
                error!(
                    why = %error,
                    "The ledger's file is not the one that was opened: nothing is released. Stop the gateway. {HOW_TO_RECOVER}"
                );
                self.broken.store(Some(Arc::new(error.to_string())));
            }
            Ok(_) => {
                if self.broken.load().is_some() {
                    self.broken.store(None);
                }
            }
            Err(_) => {}
        }
        result
    }

    /// From here on this process vouches for the head it committed.
    fn committed(&mut self, appended: &Appended) {
        pass(FaultPoint::Committed);
        self.known = Known { frontier: appended.head.frontier.clone(), anchored: Vec::new() };
    }
}

/// A caller that hung up: its release is recorded all the same, and can be asked for again.
fn send(reply: Reply<PullOutcome>, outcome: ServiceResult<PullOutcome>) {
    drop(reply.send(outcome));
}
