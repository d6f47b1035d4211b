//! Builds one section's disclosure out of the records: the slow path, and the only one that knows how.
//!
//! What comes out depends on nothing but the records and the annotations visible at a ledger size, the window, the
//! profile, the day and the salt key: so a replay years later gives the same bytes.

use std::collections::{BTreeMap, HashMap};

use chrono::{Days, NaiveDate};

use super::Exchange;
use super::catalogue::{Deliveries, Delivery};
use super::error::{ServiceError, ServiceResult};
use super::remarks::Remarks;
use crate::domain::dossier::{EncodedRecord, SectionContent, encode};
use crate::domain::id_digest::IdDigest;
use crate::domain::import::Form;
use crate::domain::member::MemberId;
use crate::domain::narrow::Narrowing;
use crate::domain::period::Window;
use crate::domain::product::FieldProfile;
use crate::domain::section::{Section, SectionReason, SectionStatus};
use crate::domain::sections::registration::{REGISTRATION_KEY, Registration, RegistrationRecord};
use crate::domain::taxpayer_id::TaxpayerId;
use crate::domain::taxpayer_kind::TaxpayerKind;
use crate::seal::salt::SaltKey;
use crate::seal::sd_jwt::Disclosure;
use crate::store::db::Db;
use crate::store::ledger;
use crate::store::records::{self, RecordRow};

/// Whose section is wanted, for whom, as of when.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// Whose data.
    pub taxpayer: &'a TaxpayerId,
    /// For which bank: its salt differs from every other bank's.
    pub bank: &'a MemberId,
    /// Which section.
    pub section: Section,
    /// Which tax periods.
    pub window: Window,
    /// What the product may see.
    pub profile: &'a FieldProfile,
    /// Whether personal identifiers may leave.
    pub personal_data: bool,
    /// Digest of the legal representative's identity number that the bank submitted, if it did.
    pub legal_rep_digest: Option<IdDigest>,
    /// Ledger size: deliveries with a smaller index are visible.
    pub size: i64,
    /// The day of the pull in Asia/Shanghai, by which staleness is judged.
    pub today: NaiveDate,
}

/// A disclosure, and what its keeper must know of it.
pub struct Assembled {
    /// As it stands in a dossier.
    pub disclosure: Disclosure,
    /// Whether it stands until a delivery speaks of this taxpayer: without records, any delivery of the section may
    /// change what it says.
    pub present: bool,
    /// First day on which it says something else though nothing is delivered: it counts as stale, or a notice runs out.
    pub stale_after: Option<NaiveDate>,
    /// Whether it counts as stale already.
    pub stale: bool,
}

/// Reads the records and builds the disclosure.
pub fn assemble(
    data: &Db,
    deliveries: &Deliveries,
    salt: &SaltKey,
    wanted: Wanted<'_>,
) -> ServiceResult<Assembled> {
    let kind = kind_of_taxpayer(data, deliveries, wanted.taxpayer, wanted.size)?;
    let remarks = Remarks::read(deliveries, wanted)?;
    let content = if !wanted.profile.opens(wanted.section, kind) {
        missing(wanted.section, SectionStatus::Withheld, SectionReason::CutByProfile, None)
    } else if kind.needs_personal_consent() && wanted.section.is_the_persons_own() && !wanted.personal_data {
        missing(wanted.section, SectionStatus::Withheld, SectionReason::PersonalConsentMissing, None)
    } else {
        read_section(data, deliveries, &remarks, wanted)?
    };
    let narrowing = Narrowing {
        personal_data: wanted.personal_data,
        opened: wanted.profile.opened_fields(wanted.section, kind),
        legal_rep_digest: wanted.legal_rep_digest,
        pseudonym: &|counterparty| salt.pseudonym(wanted.bank.as_str(), counterparty),
    };
    let object = encode(&content, &narrowing).map_err(ServiceError::internal)?;
    let section = wanted.section.as_str();
    let salt =
        salt.disclosure_salt(wanted.taxpayer.as_str(), wanted.bank.as_str(), section, object.as_bytes());
    Ok(Assembled {
        disclosure: Disclosure::new(&salt, section, &object),
        present: !content.records.is_empty() && !remarks.asks_for_notice(),
        stale_after: content.stale_after.into_iter().chain(remarks.next_change(wanted.today)).min(),
        stale: content.status == SectionStatus::Stale,
    })
}

/// What kind of taxpayer it is, by the newest registration that is visible, else by its number.
pub(super) fn kind_of_taxpayer(
    data: &Db,
    deliveries: &Deliveries,
    taxpayer: &TaxpayerId,
    size: i64,
) -> ServiceResult<TaxpayerKind> {
    let revisions = data.read(|c| records::revisions(c, taxpayer, Section::Registration))?;
    let newest = newest_visible(revisions, deliveries, size);
    let code = match newest.get(REGISTRATION_KEY) {
        Some((_, row)) => {
            let body: serde_json::Value = serde_json::from_str(&row.body).map_err(ServiceError::internal)?;
            body.get("reg_type").and_then(serde_json::Value::as_str).map(str::to_owned)
        }
        None => None,
    };
    Ok(TaxpayerKind::of(code.as_deref(), taxpayer))
}

/// The newest registration of a taxpayer that is visible, if it has one.
pub fn newest_registration(
    exchange: &Exchange,
    taxpayer: &TaxpayerId,
) -> ServiceResult<Option<Registration>> {
    let head = exchange.ledger.read(ledger::head)?;
    let size = i64::try_from(head.frontier.size()).map_err(ServiceError::internal)?;
    let deliveries = exchange.catalogue.upto(head.last_batch_index)?;
    let revisions = exchange.data.read(|c| records::revisions(c, taxpayer, Section::Registration))?;
    let newest = newest_visible(revisions, &deliveries, size);
    let Some((_, row)) = newest.get(REGISTRATION_KEY) else { return Ok(None) };
    match serde_json::from_str(&row.body).map_err(ServiceError::internal)? {
        RegistrationRecord::Registration(registration) => Ok(Some(registration)),
        RegistrationRecord::Status(_) | RegistrationRecord::Change(_) => Ok(None),
    }
}

fn read_section(
    data: &Db,
    deliveries: &Deliveries,
    remarks: &Remarks,
    wanted: Wanted<'_>,
) -> ServiceResult<SectionContent> {
    let (revisions, touches) = data.read(|c| {
        Ok((
            records::revisions(c, wanted.taxpayer, wanted.section)?,
            records::touches(c, wanted.taxpayer, wanted.section)?,
        ))
    })?;
    let first = first_deliveries(&revisions, deliveries, wanted.size);
    let is_hidden = |key: &str| {
        let first_index = first.get(key).copied().unwrap_or(i64::MAX);
        remarks.hides(key, first_index, wanted.today)
    };
    let (keys, records): (Vec<String>, Vec<EncodedRecord>) =
        newest_visible(revisions, deliveries, wanted.size)
            .into_iter()
            .filter(|(key, (_, row))| in_window(row, wanted.window) && !is_hidden(key))
            .map(|(key, (_, row))| {
                (key, EncodedRecord { body: row.body, marks: row.marks, checks: row.checks })
            })
            .unzip();
    if records.is_empty() {
        return Ok(explain_absence(deliveries, wanted));
    }
    let (annotations, statements) = remarks.to(keys.iter().map(String::as_str));
    let spoke: Vec<&Delivery> = match remarks.asks_for_notice() {
        // The day of a delivery that brought only a violation not yet told of would tell of it.
        true => deliveries.between(wanted.section, 0, wanted.size).collect(),
        false => touches.iter().filter_map(|id| deliveries.visible(id, wanted.size)).collect(),
    };
    let as_of = spoke.iter().map(|delivery| delivery.as_of).max();
    let mut forms: Vec<&str> = spoke.iter().map(|delivery| delivery.form.as_str()).collect();
    forms.sort_unstable();
    forms.dedup();
    let stale_after = as_of.and_then(|day| stale_after(wanted.section, day));
    let stale = stale_after.is_some_and(|day| day <= wanted.today);
    Ok(SectionContent {
        section: wanted.section,
        status: if stale { SectionStatus::Stale } else { SectionStatus::Present },
        reason: stale.then_some(SectionReason::SourceOverdue),
        as_of,
        stale_after,
        source: Some(forms.join(" ")),
        records,
        annotations,
        statements,
    })
}

/// The newest revision of each record that is visible at this size, by record key.
fn newest_visible(
    revisions: Vec<RecordRow>,
    deliveries: &Deliveries,
    size: i64,
) -> BTreeMap<String, (i64, RecordRow)> {
    let mut newest: BTreeMap<String, (i64, RecordRow)> = BTreeMap::new();
    for row in revisions {
        let Some(delivery) = deliveries.visible(&row.batch_id, size) else { continue };
        let older = newest.get(&row.record_key).is_some_and(|(index, _)| *index > delivery.index);
        if !older {
            newest.insert(row.record_key.clone(), (delivery.index, row));
        }
    }
    newest
}

/// The entry of the delivery that brought each record first, by record key.
fn first_deliveries(revisions: &[RecordRow], deliveries: &Deliveries, size: i64) -> HashMap<String, i64> {
    let mut first: HashMap<String, i64> = HashMap::new();
    for row in revisions {
        let Some(delivery) = deliveries.visible(&row.batch_id, size) else { continue };
        let index = first.entry(row.record_key.clone()).or_insert(delivery.index);
        *index = delivery.index.min(*index);
    }
    first
}

/// A record of no period, like a registration, is in every window.
fn in_window(row: &RecordRow, window: Window) -> bool {
    match (row.period_from, row.period_to) {
        (Some(from), Some(to)) => from <= window.to() && to >= window.from(),
        (None, _) | (_, None) => true,
    }
}

/// No records: did the bureau speak of this window and have none, or has it not spoken?
fn explain_absence(deliveries: &Deliveries, wanted: Wanted<'_>) -> SectionContent {
    let spoke: Vec<&Delivery> = deliveries.between(wanted.section, 0, wanted.size).collect();
    if covers(&spoke, wanted) {
        let as_of = spoke.iter().map(|delivery| delivery.as_of).max();
        missing(wanted.section, SectionStatus::Empty, SectionReason::NoRecordInWindow, as_of)
    } else {
        missing(wanted.section, SectionStatus::NotCollected, SectionReason::NoBatchCoversWindow, None)
    }
}

/// Whether deliveries of every form of the section reach, without a gap, from the window's first day to
/// the last day that any of them speaks of: a month that nobody delivered is never taken for an empty one.
fn covers(spoke: &[&Delivery], wanted: Wanted<'_>) -> bool {
    let Some(last) = spoke.iter().map(|delivery| delivery.coverage_to).max() else { return false };
    let last = last.min(wanted.window.to());
    Form::all().iter().filter(|form| form.section() == wanted.section).all(|form| {
        let mut spans: Vec<(NaiveDate, NaiveDate)> =
            spoke.iter().filter(|d| d.form == form.id()).map(|d| (d.coverage_from, d.coverage_to)).collect();
        spans.sort_unstable();
        let mut next = wanted.window.from();
        for (from, to) in spans {
            if from <= next && to >= next {
                next = to.succ_opt().unwrap_or(to);
            }
        }
        next > last
    })
}

fn missing(
    section: Section,
    status: SectionStatus,
    reason: SectionReason,
    as_of: Option<NaiveDate>,
) -> SectionContent {
    let stale_after = as_of.and_then(|day| stale_after(section, day));
    SectionContent {
        section,
        status,
        reason: Some(reason),
        as_of,
        stale_after,
        source: None,
        records: Vec::new(),
        annotations: Vec::new(),
        statements: Vec::new(),
    }
}

fn stale_after(section: Section, as_of: NaiveDate) -> Option<NaiveDate> {
    as_of.checked_add_days(Days::new(u64::from(section.freshness_days())))
}
