//! The full audit: everything the ledger says is recomputed from the stored entries, and the first difference named.
//!
//! The ledger is cut into parts of whole tiles. Threads with a connection each take part after part: leaf hashes,
//! columns, order in time, tiles, and what the entries say of releases, consents and deliveries. One thread puts the
//! parts' tile roots together in order, up to the head and to every signed checkpoint on the way. So the memory it
//! takes depends on the threads and not on the ledger. It takes no lock and may run beside gateways: it audits the
//! ledger as it stood at its start.

mod entry;
mod part;
mod report;
mod tree;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use self::part::{Checked, Part, Reader};
pub use self::report::{AuditReport, Counts, Mismatch};
use self::tree::Tree;
use super::Exchange;
use super::keys::Keys;
use super::start::Places;
use crate::ledger::checkpoint::Checkpoint;
use crate::store::anchor::Anchor;
use crate::store::db::{Location, connect};
use crate::store::error::{StoreError, StoreResult};
use crate::store::ledger_scan;

/// Entries in a part: whole tiles, few enough that a part of every thread fits in memory many times over.
const PART_ENTRIES: u64 = 16 * 256;

/// What is audited: two databases, and the checkpoints that bind them.
#[derive(Clone, Debug)]
pub struct Audited {
    /// The ledger's database.
    pub ledger: Location,
    /// The data's database, for the digests of deliveries.
    pub data: Location,
    /// Signed checkpoints that the ledger must agree with, and where each is from.
    pub signed: Vec<(String, Checkpoint)>,
    /// What is wrong with checkpoints that could not even be read.
    pub unsound: Vec<Mismatch>,
}

impl Audited {
    /// The ledger of a running exchange, bound by the newest checkpoint it signed.
    pub fn of(exchange: &Exchange) -> Self {
        let mut audited = Self {
            ledger: exchange.ledger.location().clone(),
            data: exchange.data.location().clone(),
            signed: Vec::new(),
            unsound: Vec::new(),
        };
        if let Some(published) = exchange.writer.published() {
            audited.bind("newest checkpoint", &published.note, &exchange.keys);
        }
        audited
    }

    /// The ledger at these places, bound by its anchor. Opens no exchange, so that a broken ledger can be audited.
    pub fn at(places: &Places, keys: &Keys) -> Self {
        let mut audited = Self {
            ledger: places.ledger.clone(),
            data: places.data.clone(),
            signed: Vec::new(),
            unsound: Vec::new(),
        };
        match Anchor::open(&places.anchor).and_then(|anchor| anchor.newest()) {
            Ok(Some(anchored)) => audited.bind("anchor", &anchored.note, keys),
            Ok(None) => audited.is_unsound("anchor", "a signed checkpoint", "none"),
            Err(why) => audited.is_unsound("anchor", "a signed checkpoint", &why.to_string()),
        }
        audited
    }

    /// Binds the audit to a checkpoint of this ledger that somebody kept: a signed note in a file.
    pub fn bind_file(&mut self, path: &Path, keys: &Keys) -> std::io::Result<()> {
        let note = std::fs::read_to_string(path)?;
        self.bind(&format!("checkpoint {}", path.display()), &note, keys);
        Ok(())
    }

    fn bind(&mut self, from: &str, note: &str, keys: &Keys) {
        match keys.open_checkpoint(note) {
            Ok(checkpoint) => self.signed.push((from.to_owned(), checkpoint)),
            Err(why) => self.is_unsound(from, "a checkpoint that the ledger's key signed", &why.to_string()),
        }
    }

    fn is_unsound(&mut self, what: &str, expected: &str, found: &str) {
        self.unsound.push(Mismatch::of_ledger(what, expected, found));
    }
}

/// Audits with that many threads. `progress` is told how many entries of how many are done, from any of them.
///
/// A difference is a value, the report's; an error is a database that could not be read.
pub fn audit(
    audited: &Audited,
    threads: usize,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> StoreResult<AuditReport> {
    let totals = connect(&audited.ledger).and_then(|mut c| ledger_scan::totals(&mut c))?;
    let Some(totals) = totals else {
        let mismatch = Mismatch::of_ledger("head", "the one row of ledger_head", "none");
        return Ok(AuditReport { mismatch: Some(mismatch), ..AuditReport::default() });
    };
    let size = u64::try_from(totals.size).map_err(|e| StoreError::corrupt("ledger_head", e))?;
    let mut tree = Tree::new(&audited.signed, size);
    let mismatch = walk(audited, size, threads.max(1), progress, &mut tree)?
        .or_else(|| tree.finish(&totals))
        .or_else(|| audited.unsound.first().filter(|_| size > 0).cloned());
    Ok(tree.report(mismatch))
}

/// Checks part after part; the first mismatch in the order of the entries.
fn walk(
    audited: &Audited,
    size: u64,
    threads: usize,
    progress: &(dyn Fn(u64, u64) + Sync),
    tree: &mut Tree,
) -> StoreResult<Option<Mismatch>> {
    let shared = Shared {
        audited,
        size,
        waypoints: tree.waypoints(),
        next: AtomicU64::new(0),
        stop: AtomicBool::new(false),
        done: AtomicU64::new(0),
        progress,
    };
    let mut upper = connect(&audited.ledger)?;
    let (results, received) = sync_channel(threads * 2);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (shared, results) = (&shared, results.clone());
            scope.spawn(move || shared.work(&results));
        }
        drop(results);
        let outcome = in_order(&received, |checked| tree.take(&mut upper, checked));
        shared.stop.store(true, Ordering::Relaxed);
        // Whoever waits to hand in a part is let go.
        drop(received);
        outcome
    })
}

/// What the threads share.
struct Shared<'a> {
    audited: &'a Audited,
    size: u64,
    waypoints: Vec<u64>,
    next: AtomicU64,
    stop: AtomicBool,
    done: AtomicU64,
    progress: &'a (dyn Fn(u64, u64) + Sync),
}

type Numbered = (u64, StoreResult<Checked>);

impl Shared<'_> {
    fn work(&self, results: &SyncSender<Numbered>) {
        let mut reader = Reader::new(&self.audited.ledger, &self.audited.data);
        while !self.stop.load(Ordering::Relaxed) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let from = number.saturating_mul(PART_ENTRIES);
            if from >= self.size {
                return;
            }
            let to = self.size.min(from + PART_ENTRIES);
            let checked = reader.as_mut().map_err(|why| StoreError::Unavailable { why: why.to_string() });
            let checked =
                checked.and_then(|reader| Part { from, to, waypoints: &self.waypoints }.check(reader));
            // What comes after a mismatch is no longer asked for; what comes before it is under way already.
            let last = !matches!(&checked, Ok(Checked { mismatch: None, .. }));
            if results.send((number, checked)).is_err() || last {
                self.stop.store(true, Ordering::Relaxed);
                return;
            }
            let done = self.done.fetch_add(to - from, Ordering::Relaxed) + (to - from);
            (self.progress)(done, self.size);
        }
    }
}

/// Hands the parts on in order, until one of them has a mismatch or there are no more.
fn in_order(
    received: &Receiver<Numbered>,
    mut take: impl FnMut(Checked) -> StoreResult<Option<Mismatch>>,
) -> StoreResult<Option<Mismatch>> {
    let mut early: BTreeMap<u64, StoreResult<Checked>> = BTreeMap::new();
    let mut wanted = 0;
    for (number, checked) in received {
        early.insert(number, checked);
        while let Some(checked) = early.remove(&wanted) {
            if let Some(mismatch) = take(checked?)? {
                return Ok(Some(mismatch));
            }
            wanted += 1;
        }
    }
    Ok(None)
}
