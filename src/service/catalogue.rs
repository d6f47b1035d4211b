//! Which deliveries are visible at which ledger size, and whose sections were annotated when. Grows only, so each
//! process keeps what it read.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arc_swap::ArcSwap;
use chrono::NaiveDate;

use super::error::ServiceResult;
use crate::domain::section::Section;
use crate::domain::taxpayer_id::TaxpayerId;
use crate::store::annotations::{self, AnnotationRow};
use crate::store::batches;
use crate::store::db::Db;
use crate::store::error::{StoreError, StoreResult};
use crate::store::ledger_read;

/// Parts that the memory of annotated sections is in: a new annotation copies one of them.
const SHARDS: usize = 64;

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

/// The newest annotation of each section, by taxpayer.
type Annotated = HashMap<String, BTreeMap<Section, i64>>;

/// From an entry on, how many working days' notice a violation needs; 0 for none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FairnessRule {
    /// Its entry: it counts for whoever reads at a larger size.
    pub index: i64,
    /// Working days.
    pub notice_working_days: i64,
}

/// Every delivery up to a certain entry, in the order of the ledger; and which sections were annotated by then.
#[derive(Clone)]
pub struct Deliveries {
    ledger: Db,
    upto: i64,
    all: Arc<Vec<Delivery>>,
    by_id: Arc<HashMap<String, usize>>,
    annotated: Vec<Arc<Annotated>>,
    rules: Vec<FairnessRule>,
}

impl Deliveries {
    fn none(ledger: Db) -> Self {
        Self {
            ledger,
            upto: -1,
            all: Arc::default(),
            by_id: Arc::default(),
            annotated: vec![Arc::default(); SHARDS],
            rules: Vec::new(),
        }
    }

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

    /// Index of the newest entry, a delivery aside, that changes what a taxpayer's section says: an annotation of it, or
    /// a change of the fairness rule. It may lie beyond the size that somebody reads at.
    pub fn newest_annotation(&self, taxpayer: &TaxpayerId, section: Section) -> Option<i64> {
        let of_taxpayer = self.annotated.get(shard(taxpayer.as_str()));
        let own = of_taxpayer.and_then(|shard| shard.get(taxpayer.as_str())?.get(&section).copied());
        let rule = self.rules.last().filter(|_| section == Section::Violations).map(|rule| rule.index);
        own.max(rule)
    }

    /// The annotations of a taxpayer's section that count at a ledger size, in order. Reads the ledger's database if
    /// there is any.
    pub fn annotations(
        &self,
        taxpayer: &TaxpayerId,
        section: Section,
        size: i64,
    ) -> StoreResult<Vec<AnnotationRow>> {
        let shard = self.annotated.get(shard(taxpayer.as_str()));
        let any = shard.and_then(|shard| shard.get(taxpayer.as_str())?.get(&section));
        match any {
            Some(_) => self.ledger.read(|c| annotations::about(c, taxpayer.as_str(), section, size)),
            None => Ok(Vec::new()),
        }
    }

    /// The ledger's database, for what annotations say.
    pub(super) fn ledger(&self) -> &Db {
        &self.ledger
    }

    /// The fairness rule that counts at a ledger size, and since which entry violations need a notice without a break;
    /// `None` if they need none.
    pub fn fair_since(&self, size: i64) -> Option<(FairnessRule, i64)> {
        let before = || self.rules.iter().rev().filter(move |rule| rule.index < size);
        let rule = *before().next().filter(|rule| rule.notice_working_days > 0)?;
        let since = before().take_while(|rule| rule.notice_working_days > 0).last()?;
        Some((rule, since.index))
    }

    /// The fairness rule that was recorded last.
    pub fn newest_rule(&self) -> Option<FairnessRule> {
        self.rules.last().copied()
    }

    fn add_annotation(&mut self, row: &AnnotationRow) -> StoreResult<()> {
        let section = row.section.parse().map_err(|e| StoreError::corrupt("annotation_entry", e))?;
        if let Some(place) = self.annotated.get_mut(shard(&row.taxpayer_id)) {
            let own = Arc::make_mut(place).entry(row.taxpayer_id.clone()).or_default();
            own.insert(section, row.idx);
        }
        Ok(())
    }
}

/// Which part of the memory a taxpayer is in.
fn shard(taxpayer: &str) -> usize {
    taxpayer.bytes().fold(0_usize, |sum, byte| (sum * 31 + usize::from(byte)) % SHARDS)
}

/// The catalogue of deliveries and annotations.
pub struct Catalogue {
    ledger: Db,
    data: Db,
    known: ArcSwap<Deliveries>,
}

impl Catalogue {
    /// An empty catalogue: it reads on demand.
    pub fn new(ledger: Db, data: Db) -> Self {
        let known = ArcSwap::from_pointee(Deliveries::none(ledger.clone()));
        Self { ledger, data, known }
    }

    /// Everything up to the entry `last`, as the head names it. Blocks on the database when there is more.
    pub fn upto(&self, last: i64) -> ServiceResult<Arc<Deliveries>> {
        let known = self.known.load_full();
        if known.upto >= last {
            return Ok(known);
        }
        let grown = Arc::new(self.read_after(&known, last)?);
        self.known.store(grown.clone());
        Ok(grown)
    }

    /// The same, if this process has read that far already.
    pub fn known(&self, last: i64) -> Option<Arc<Deliveries>> {
        let known = self.known.load_full();
        (known.upto >= last).then_some(known)
    }

    /// Both reads end at `last`, which a committed head named: what comes between them is past it.
    fn read_after(&self, known: &Deliveries, last: i64) -> StoreResult<Deliveries> {
        let (annotations, new) = self.ledger.read(|c| {
            Ok((annotations::after(c, known.upto, last)?, ledger_read::batches_after(c, known.upto, last)?))
        })?;
        let mut grown = known.clone();
        self.add_deliveries(&mut grown, &new)?;
        for row in &annotations {
            match row.taxpayer_id.is_empty() {
                true => grown.rules.push(FairnessRule {
                    index: row.idx,
                    notice_working_days: self.ledger.read(|c| annotations::rule(c, &row.object_id))?,
                }),
                false => grown.add_annotation(row)?,
            }
        }
        grown.upto = last;
        Ok(grown)
    }

    fn add_deliveries(&self, grown: &mut Deliveries, new: &[(String, i64)]) -> StoreResult<()> {
        let ids: Vec<String> = new.iter().map(|(id, _)| id.clone()).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let mut facts: HashMap<String, batches::BatchRow> = self
            .data
            .read(|c| batches::find_many(c, &ids))?
            .into_iter()
            .map(|row| (row.id.clone(), row))
            .collect();
        let (all, by_id) = (Arc::make_mut(&mut grown.all), Arc::make_mut(&mut grown.by_id));
        for (id, index) in new {
            let row = facts.remove(id).ok_or_else(|| {
                StoreError::corrupt("batch", "a committed delivery is not in the data database")
            })?;
            let section = row.section.parse().map_err(|e| StoreError::corrupt("batch", e))?;
            by_id.insert(id.clone(), all.len());
            all.push(Delivery {
                id: id.clone(),
                index: *index,
                section,
                form: row.form,
                coverage_from: row.coverage_from,
                coverage_to: row.coverage_to,
                as_of: row.as_of,
            });
        }
        Ok(())
    }
}
