//! The disclosures of a pull: ready ones where they still hold, newly built ones otherwise.

use super::Exchange;
use super::assemble::{Wanted, assemble};
use super::catalogue::Deliveries;
use super::error::{ServiceError, ServiceResult};
use crate::domain::permit::Permit;
use crate::domain::section::Section;
use crate::domain::timestamp::Timestamp;
use crate::seal::salt::SaltKey;
use crate::store::disclosures::{self, DisclosureRow};
use crate::store::error::{StoreError, StoreResult};
use crate::store::ledger::{self, Head};
use crate::store::records;

/// What a permit opens, ready to send.
pub struct Ready {
    /// One for each section, in the permit's order.
    pub disclosures: Vec<DisclosureRow>,
    /// Ledger size that they were read at.
    pub read_at: u64,
    /// Epoch of their salts.
    pub salt_epoch: u32,
}

/// Reads, or builds, every disclosure that the permit opens. Blocks on the databases.
///
/// The ready rows are read before the head: none of them can then be newer than the head that the
/// dossier names as `read_at`.
///
/// Without `may_build` it only reads, and answers `None` if something has to be built or confirmed.
pub fn ready(
    exchange: &Exchange,
    permit: &Permit,
    at: Timestamp,
    may_build: bool,
) -> ServiceResult<Option<Ready>> {
    let salt = exchange.keys.newest_salt().ok_or_else(|| ServiceError::internal("no salt key"))?;
    let places: Vec<Place<'_>> =
        permit.sections().iter().map(|section| Place::new(permit, *section, salt, at)).collect();
    let stored: Vec<Option<DisclosureRow>> = exchange.data.read(|c| {
        places
            .iter()
            .map(|p| {
                disclosures::find(
                    c,
                    permit.taxpayer().as_str(),
                    permit.bank().as_str(),
                    p.section.as_str(),
                    &p.fresh,
                )
            })
            .collect()
    })?;
    let head = exchange.ledger.read(ledger::head)?;
    let deliveries = exchange.catalogue.upto(head.last_batch_index)?;
    let mut found = Vec::with_capacity(places.len());
    for (place, stored) in places.iter().zip(stored) {
        let row = match (stored, may_build) {
            (Some(row), _) if untouched(&deliveries, place, &row, &head)? => row,
            (_, false) => return Ok(None),
            (Some(row), true) if confirmed(exchange, &deliveries, place, &row, &head)? => row,
            (_, true) => build(exchange, &deliveries, place, salt, &head)?,
        };
        found.push(row);
    }
    Ok(Some(Ready { disclosures: found, read_at: head.frontier.size(), salt_epoch: salt.epoch() }))
}

/// One section of a permit, and the name under which its ready bytes are kept.
struct Place<'a> {
    permit: &'a Permit,
    section: Section,
    at: Timestamp,
    /// Everything that the bytes depend on besides taxpayer, bank, section and records.
    fresh: String,
}

impl<'a> Place<'a> {
    fn new(permit: &'a Permit, section: Section, salt: &SaltKey, at: Timestamp) -> Self {
        let window = permit.window();
        let opened = permit.profile().sections.contains(&section);
        let fresh = format!(
            "{} {} {} epoch-{} {} {}",
            window.from(),
            window.to(),
            section.encoder(),
            salt.epoch(),
            if opened { "open" } else { "cut" },
            if permit.personal_data() { "personal" } else { "impersonal" },
        );
        Self { permit, section, at, fresh }
    }

    fn wanted(&self, size: i64) -> Wanted<'_> {
        Wanted {
            taxpayer: self.permit.taxpayer(),
            bank: self.permit.bank(),
            section: self.section,
            window: self.permit.window(),
            profile: self.permit.profile(),
            personal_data: self.permit.personal_data(),
            size,
            today: self.at.shanghai_date(),
        }
    }
}

fn size_of(head: &Head) -> ServiceResult<i64> {
    i64::try_from(head.frontier.size()).map_err(ServiceError::internal)
}

/// Whether a row holds at a glance: not past its day, and no delivery of its section since.
fn untouched(
    deliveries: &Deliveries,
    place: &Place<'_>,
    row: &DisclosureRow,
    head: &Head,
) -> ServiceResult<bool> {
    let fresh = row.stale_after.is_none_or(|day| day > place.at.shanghai_date());
    Ok(fresh && deliveries.between(place.section, row.as_of_index, size_of(head)?).next().is_none())
}

/// Whether a row still holds though there were deliveries: none of them spoke of this taxpayer. Then says so in the row.
fn confirmed(
    exchange: &Exchange,
    deliveries: &Deliveries,
    place: &Place<'_>,
    row: &DisclosureRow,
    head: &Head,
) -> ServiceResult<bool> {
    if !row.present || row.stale_after.is_some_and(|day| day <= place.at.shanghai_date()) {
        return Ok(false);
    }
    let size = size_of(head)?;
    let touches = exchange.data.read(|c| records::touches(c, place.permit.taxpayer(), place.section))?;
    if deliveries.between(place.section, row.as_of_index, size).any(|delivery| touches.contains(&delivery.id))
    {
        return Ok(false);
    }
    spare(exchange.data.write(|c| disclosures::confirm(c, row, size)))?;
    Ok(true)
}

/// Ready rows spare work and are never needed: that none could be written now is no reason to refuse a pull.
fn spare(written: StoreResult<()>) -> StoreResult<()> {
    match written {
        Err(StoreError::Busy { .. }) => Ok(()),
        other => other,
    }
}

fn build(
    exchange: &Exchange,
    deliveries: &Deliveries,
    place: &Place<'_>,
    salt: &SaltKey,
    head: &Head,
) -> ServiceResult<DisclosureRow> {
    let size = size_of(head)?;
    let assembled = assemble(&exchange.data, deliveries, salt, place.wanted(size))?;
    let row = DisclosureRow {
        taxpayer_id: place.permit.taxpayer().as_str().to_owned(),
        bank: place.permit.bank().to_string(),
        section: place.section.as_str().to_owned(),
        variant: place.fresh.clone(),
        digest: assembled.disclosure.digest,
        stale_after: assembled.stale_after,
        present: assembled.present,
        as_of_index: size,
        encoded: assembled.disclosure.encoded,
    };
    // What is stale today is built again each time: it is rare, and its row would never be fresh again.
    if !assembled.stale {
        spare(exchange.data.write(|c| disclosures::keep(c, &row)))?;
    }
    Ok(row)
}
