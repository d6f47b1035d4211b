//! Stages the rows of a delivery, and hashes its bytes as they pass.

use std::cell::RefCell;
use std::io::{self, Read};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use ring::digest::{Context, SHA256};

use super::error::{ServiceError, ServiceResult};
use super::rejections::{Place, Rejections};
use crate::domain::import::InputRule;
use crate::domain::record::Record;
use crate::store::db::Db;
use crate::store::error::StoreError;
use crate::store::records::{self, RecordRow};

/// Rows staged in one transaction.
const STAGE_ROWS: usize = 5_000;
/// Bytes staged in one transaction.
const STAGE_BYTES: usize = 8 << 20;
/// Sets that wait while one is being written: reading and writing each have a thread of their own.
const SETS_WAITING: usize = 1;

/// Rows that go into the database together.
type Set = Vec<(Place, RecordRow)>;

/// Where the reader of a delivery puts its rows, a set at a time.
pub struct Stage<'a> {
    batch_id: &'a str,
    sets: SyncSender<Set>,
    waiting: Set,
    bytes: usize,
}

/// What was staged.
#[derive(Default)]
pub struct Staged {
    /// Rows staged.
    pub accepted: u64,
    /// Of these, rows with marks.
    pub marked: u64,
    /// Rows that repeat a record of the same delivery.
    pub repeated: Rejections,
}

/// Runs `read`, which puts rows on the stage, while another thread writes what was put. The writer's fault counts
/// first: the reader then stopped because of it.
pub fn staged<T>(
    data: &Db,
    batch_id: &str,
    read: impl FnOnce(Stage<'_>) -> ServiceResult<T>,
) -> ServiceResult<(T, Staged)> {
    let (sets, waiting) = sync_channel(SETS_WAITING);
    std::thread::scope(|scope| {
        let writer = scope.spawn(move || write(data, &waiting));
        let read = read(Stage { batch_id, sets, waiting: Vec::new(), bytes: 0 });
        let staged =
            writer.join().map_err(|_panic| ServiceError::internal("the writer of a delivery broke"))??;
        Ok((read?, staged))
    })
}

impl Stage<'_> {
    /// Takes a record; tells whether a set went off with it.
    pub fn push(&mut self, place: Place, record: Record) -> ServiceResult<bool> {
        let stored = RecordRow::new(record, self.batch_id)?;
        self.bytes += stored.body.len() + place.original.as_ref().map_or(0, String::len);
        self.waiting.push((place, stored));
        let full = self.waiting.len() >= STAGE_ROWS || self.bytes >= STAGE_BYTES;
        if full {
            self.send()?;
        }
        Ok(full)
    }

    /// Sends off what is left.
    pub fn finish(mut self) -> ServiceResult<()> {
        self.send()
    }

    fn send(&mut self) -> ServiceResult<()> {
        self.bytes = 0;
        let set = std::mem::take(&mut self.waiting);
        // The writer ends early only with a fault of its own, which is told in this one's place.
        self.sets.send(set).map_err(|_ended| ServiceError::internal("the writer of a delivery ended"))
    }
}

/// Writes sets until the reader has no more.
fn write(data: &Db, sets: &Receiver<Set>) -> ServiceResult<Staged> {
    let mut staged = Staged::default();
    while let Ok(set) = sets.recv() {
        write_set(data, set, &mut staged)?;
    }
    Ok(staged)
}

/// Writes one set. A record that stands twice in a delivery is rejected the second time.
fn write_set(data: &Db, set: Set, staged: &mut Staged) -> ServiceResult<()> {
    let (places, rows): (Vec<Place>, Vec<RecordRow>) = set.into_iter().unzip();
    let new = match data.write(|c| records::insert(c, &rows)) {
        Ok(()) => vec![true; rows.len()],
        Err(StoreError::Duplicate) => {
            data.write(|c| rows.iter().map(|row| records::insert_once(c, row)).collect::<Result<_, _>>())?
        }
        Err(other) => return Err(other.into()),
    };
    for ((place, row), new) in places.into_iter().zip(&rows).zip(new) {
        if new {
            staged.accepted += 1;
            staged.marked += u64::from(row.marks.is_some());
        } else {
            let message = "this record stands twice in the delivery: send one row for it";
            staged.repeated.push(place.rejected(InputRule::DuplicateRecord, message));
        }
    }
    Ok(())
}

/// Passes bytes on and hashes them.
pub struct HashingReader<R> {
    inner: R,
    context: Rc<RefCell<Context>>,
}

/// The digest of what passed.
pub struct PassedDigest(Rc<RefCell<Context>>);

impl<R: Read> HashingReader<R> {
    /// Hashes `prefix`, then everything read.
    pub fn new(inner: R, prefix: &[u8]) -> (Self, PassedDigest) {
        let mut context = Context::new(&SHA256);
        context.update(prefix);
        let context = Rc::new(RefCell::new(context));
        (Self { inner, context: context.clone() }, PassedDigest(context))
    }
}

impl PassedDigest {
    /// SHA-256 of the prefix and everything that passed so far.
    pub fn finish(self) -> Vec<u8> {
        self.0.borrow().clone().finish().as_ref().to_vec()
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.context.borrow_mut().update(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}
