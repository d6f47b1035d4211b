//! What the bureau holds of a firm, for the firm itself: every record with its revisions and where they came from.
//!
//! The firm sees records that no dossier has yet, and those that were voided; what never leaves (`never_fields`) is not
//! shown here either.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::Exchange;
use super::catalogue::{Deliveries, Delivery};
use super::error::{ServiceError, ServiceResult};
use crate::domain::representative::ActingFor;
use crate::domain::section::Section;
use crate::domain::taxpayer_id::TaxpayerId;
use crate::seal::digest::{base64url, sha256};
use crate::store::records::{self, RecordRow};
use crate::store::{corrections, ledger, violation_notices};

/// Bytes of the digest that names a record on pages.
const REFERENCE_BYTES: usize = 16;

/// One state of a record.
#[derive(Clone, PartialEq, Debug)]
pub struct Revision {
    /// The delivery that brought it.
    pub batch_id: String,
    /// The form it followed.
    pub form: String,
    /// The day for which it was true.
    pub as_of: NaiveDate,
    /// Its entry.
    pub index: i64,
    /// What it says.
    pub body: Map<String, Value>,
    /// How many of its form's rules it failed.
    pub marks: usize,
}

/// A record and what became of it.
#[derive(Clone, PartialEq, Debug)]
pub struct HeldRecord {
    /// Names it on pages without telling anything.
    pub reference: String,
    /// Its key.
    pub key: String,
    /// First and last day it speaks of.
    pub period: Option<(NaiveDate, NaiveDate)>,
    /// Newest first; at least one.
    pub revisions: Vec<Revision>,
    /// Whether the firm disputes it.
    pub disputed: bool,
    /// A violation's last day on which it is not released, if the firm was told of it.
    pub notice_last_day: Option<NaiveDate>,
    /// The firm's newest statement to it.
    pub statement: Option<String>,
}

/// A section as the bureau holds it.
#[derive(Clone, PartialEq, Debug)]
pub struct HeldSection {
    /// Which.
    pub section: Section,
    /// The newest day for which the bureau spoke of this firm's section.
    pub as_of: Option<NaiveDate>,
    /// In the order of their keys.
    pub records: Vec<HeldRecord>,
}

/// Everything that the bureau holds of a section of the firm.
pub async fn section(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    section: Section,
) -> ServiceResult<HeldSection> {
    let taxpayer = acting.taxpayer().clone();
    exchange.blocking(move |e| read(e, &taxpayer, section)).await
}

/// Every section of the firm, in the order of a dossier.
pub async fn all(exchange: &Arc<Exchange>, acting: &ActingFor) -> ServiceResult<Vec<HeldSection>> {
    let taxpayer = acting.taxpayer().clone();
    exchange
        .blocking(move |e| Section::ALL.into_iter().map(|section| read(e, &taxpayer, section)).collect())
        .await
}

/// Whether the firm has a record with this key, in any delivery that is visible now.
pub(super) fn has(
    exchange: &Exchange,
    taxpayer: &TaxpayerId,
    section: Section,
    key: &str,
) -> ServiceResult<bool> {
    let (deliveries, size) = newest(exchange)?;
    let revisions = exchange.data.read(|c| records::revisions(c, taxpayer, section))?;
    Ok(revisions.iter().any(|row| row.record_key == key && deliveries.visible(&row.batch_id, size).is_some()))
}

fn newest(exchange: &Exchange) -> ServiceResult<(Arc<Deliveries>, i64)> {
    let head = exchange.ledger.read(ledger::head)?;
    let size = i64::try_from(head.frontier.size()).map_err(ServiceError::internal)?;
    Ok((exchange.catalogue.upto(head.last_batch_index)?, size))
}

fn read(exchange: &Exchange, taxpayer: &TaxpayerId, section: Section) -> ServiceResult<HeldSection> {
    let (deliveries, size) = newest(exchange)?;
    let (rows, touches) = exchange
        .data
        .read(|c| Ok((records::revisions(c, taxpayer, section)?, records::touches(c, taxpayer, section)?)))?;
    let as_of =
        touches.iter().filter_map(|id| deliveries.visible(id, size)).map(|delivery| delivery.as_of).max();
    let mut held: BTreeMap<String, HeldRecord> = BTreeMap::new();
    for row in rows {
        let Some(delivery) = deliveries.visible(&row.batch_id, size) else { continue };
        let period = row.period_from.zip(row.period_to);
        let record = held.entry(row.record_key.clone()).or_insert_with(|| HeldRecord {
            reference: reference(taxpayer, section, &row.record_key),
            key: row.record_key.clone(),
            period,
            revisions: Vec::new(),
            disputed: false,
            notice_last_day: None,
            statement: None,
        });
        record.period = period;
        record.revisions.push(revision(section, row, delivery)?);
    }
    for record in held.values_mut() {
        record.revisions.sort_by_key(|revision| std::cmp::Reverse(revision.index));
    }
    add_remarks(exchange, taxpayer, section, &mut held)?;
    Ok(HeldSection { section, as_of, records: held.into_values().collect() })
}

fn revision(section: Section, row: RecordRow, delivery: &Delivery) -> ServiceResult<Revision> {
    let mut body: Map<String, Value> = serde_json::from_str(&row.body).map_err(ServiceError::internal)?;
    for field in section.never_fields() {
        body.remove(*field);
    }
    let marks: Vec<Value> = match &row.marks {
        Some(marks) => serde_json::from_str(marks).map_err(ServiceError::internal)?,
        None => Vec::new(),
    };
    Ok(Revision {
        batch_id: row.batch_id,
        form: delivery.form.clone(),
        as_of: delivery.as_of,
        index: delivery.index,
        body,
        marks: marks.len(),
    })
}

fn add_remarks(
    exchange: &Exchange,
    taxpayer: &TaxpayerId,
    section: Section,
    held: &mut BTreeMap<String, HeldRecord>,
) -> ServiceResult<()> {
    exchange.ledger.read(|c| {
        for key in corrections::open_keys(c, taxpayer, section)? {
            if let Some(record) = held.get_mut(&key) {
                record.disputed = true;
            }
        }
        if section != Section::Violations {
            return Ok(());
        }
        for notice in violation_notices::notices(c, taxpayer.as_str())? {
            if let Some(record) = held.get_mut(&notice.record_key) {
                record.notice_last_day = Some(notice.last_day);
            }
        }
        for statement in violation_notices::statements(c, taxpayer.as_str())? {
            if let Some(record) = held.get_mut(&statement.record_key) {
                record.statement = Some(statement.text);
            }
        }
        Ok(())
    })?;
    Ok(())
}

/// What names a record on pages: a digest, so that no address tells of a figure or a number.
pub fn reference(taxpayer: &TaxpayerId, section: Section, key: &str) -> String {
    let digest = sha256(format!("{} {section} {key}", taxpayer.as_str()).as_bytes());
    base64url(digest.get(..REFERENCE_BYTES).unwrap_or_default())
}
