//! Stages the rows of a delivery, and hashes its bytes as they pass.

use std::cell::RefCell;
use std::io::{self, Read};
use std::rc::Rc;

use ring::digest::{Context, SHA256};

use super::error::ServiceResult;
use super::rejections::{Place, Rejections};
use crate::domain::import::InputRule;
use crate::domain::record::Record;
use crate::store::db::Db;
use crate::store::error::StoreError;
use crate::store::records::{self, RecordRow};

/// Rows on their way into the database, a set at a time.
pub struct Stage<'a> {
    data: &'a Db,
    batch_id: &'a str,
    waiting: Vec<(Place, RecordRow)>,
    bytes: usize,
    /// Rows staged so far.
    pub accepted: u64,
    /// Of these, rows with marks.
    pub marked: u64,
}

impl<'a> Stage<'a> {
    /// Nothing staged yet.
    pub fn new(data: &'a Db, batch_id: &'a str) -> Self {
        Self { data, batch_id, waiting: Vec::new(), bytes: 0, accepted: 0, marked: 0 }
    }

    /// Takes a record, to be staged with the next set.
    pub fn push(&mut self, place: Place, record: Record) -> ServiceResult<()> {
        let stored = RecordRow::new(record, self.batch_id)?;
        self.bytes += stored.body.len() + place.original.as_ref().map_or(0, String::len);
        self.waiting.push((place, stored));
        Ok(())
    }

    /// Rows waiting.
    pub fn rows(&self) -> usize {
        self.waiting.len()
    }

    /// Bytes waiting.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Stages what waits. A record that stands twice in a delivery is rejected the second time.
    pub fn flush(&mut self, rejections: &mut Rejections) -> ServiceResult<()> {
        let (places, rows): (Vec<Place>, Vec<RecordRow>) =
            std::mem::take(&mut self.waiting).into_iter().unzip();
        self.bytes = 0;
        let staged = match self.data.write(|c| records::insert(c, &rows)) {
            Ok(()) => vec![true; rows.len()],
            Err(StoreError::Duplicate) => self
                .data
                .write(|c| rows.iter().map(|row| records::insert_once(c, row)).collect::<Result<_, _>>())?,
            Err(other) => return Err(other.into()),
        };
        for ((place, row), staged) in places.into_iter().zip(&rows).zip(staged) {
            if staged {
                self.accepted += 1;
                self.marked += u64::from(row.marks.is_some());
            } else {
                let message = "this record stands twice in the delivery: send one row for it";
                rejections.push(place.rejected(InputRule::DuplicateRecord, message));
            }
        }
        Ok(())
    }
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
