//! Which deliveries are visible at which ledger size. Grows only, so each process keeps what it read.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use chrono::NaiveDate;

use super::error::ServiceResult;
use crate::domain::section::Section;
use crate::store::batches;
use crate::store::db::Db;
use crate::store::error::{StoreError, StoreResult};
use crate::store::ledger_read;

/// A delivery whose entry is in the ledger.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its batch id.
    pub id: String,
    /// Its entry: visible to whoever reads at a larger size.
    pub index: i64,
    /// The section its rows belong to.
    pub section: Section,
    /// The form they follow.
    pub form: String,
    /// First day it speaks of.
    pub coverage_from: NaiveDate,
    /// Last day it speaks of.
    pub coverage_to: NaiveDate,
    /// The day it was true.
    pub as_of: NaiveDate,
}

/// Every delivery up to a certain entry, in the order of the ledger.
#[derive(Debug, Default)]
pub struct Deliveries {
    upto: i64,
    all: Vec<Delivery>,
    by_id: HashMap<String, usize>,
}

impl Deliveries {
    /// The delivery with this id, if it is visible at ledger size `size`.
    pub fn visible(&self, id: &str, size: i64) -> Option<&Delivery> {
        self.by_id.get(id).and_then(|at| self.all.get(*at)).filter(|delivery| delivery.index < size)
    }

    /// Deliveries of a section whose entries lie in `from..to`.
    pub fn between(&self, section: Section, from: i64, to: i64) -> impl Iterator<Item = &Delivery> {
        let start = self.all.partition_point(move |delivery| delivery.index < from);
        self.all
            .get(start..)
            .unwrap_or_default()
            .iter()
            .take_while(move |delivery| delivery.index < to)
            .filter(move |delivery| delivery.section == section)
    }
}

/// The catalogue of deliveries.
pub struct Catalogue {
    ledger: Db,
    data: Db,
    known: ArcSwap<Deliveries>,
}

impl Catalogue {
    /// An empty catalogue: it reads on demand.
    pub fn new(ledger: Db, data: Db) -> Self {
        Self { ledger, data, known: ArcSwap::from_pointee(Deliveries { upto: -1, ..Deliveries::default() }) }
    }

    /// Every delivery up to the entry `last`, as the head names it. Blocks on the database when there are new ones.
    pub fn upto(&self, last: i64) -> ServiceResult<Arc<Deliveries>> {
        let known = self.known.load_full();
        if known.upto >= last {
            return Ok(known);
        }
        let grown = Arc::new(self.read_after(&known)?);
        self.known.store(grown.clone());
        Ok(grown)
    }

    /// The same, if this process has read that far already.
    pub fn known(&self, last: i64) -> Option<Arc<Deliveries>> {
        let known = self.known.load_full();
        (known.upto >= last).then_some(known)
    }

    fn read_after(&self, known: &Deliveries) -> StoreResult<Deliveries> {
        let new = self.ledger.read(|c| ledger_read::batches_after(c, known.upto))?;
        let ids: Vec<String> = new.iter().map(|(id, _)| id.clone()).collect();
        let mut facts: HashMap<String, batches::BatchRow> = self
            .data
            .read(|c| batches::find_many(c, &ids))?
            .into_iter()
            .map(|row| (row.id.clone(), row))
            .collect();
        let mut grown = Deliveries { upto: known.upto, all: known.all.clone(), by_id: known.by_id.clone() };
        for (id, index) in new {
            let row = facts.remove(&id).ok_or_else(|| {
                StoreError::corrupt("batch", "a committed delivery is not in the data database")
            })?;
            let section = row.section.parse().map_err(|e| StoreError::corrupt("batch", e))?;
            grown.by_id.insert(id.clone(), grown.all.len());
            grown.upto = index;
            grown.all.push(Delivery {
                id,
                index,
                section,
                form: row.form,
                coverage_from: row.coverage_from,
                coverage_to: row.coverage_to,
                as_of: row.as_of,
            });
        }
        Ok(grown)
    }
}
