//! The disclosures of a pull: ready ones where they still hold, newly built ones otherwise.

use std::sync::Arc;

use super::Exchange;
use super::assemble::{Wanted, assemble};
use super::catalogue::Deliveries;
use super::error::{ServiceError, ServiceResult};
use super::memory::ReadyDisclosure;
use crate::domain::permit::Permit;
use crate::domain::section::Section;
use crate::domain::timestamp::Timestamp;
use crate::seal::digest::{base64url, sha256};
use crate::seal::salt::SaltKey;
use crate::seal::sd_jwt::Disclosure;
use crate::store::db::AnyConnection;
use crate::store::disclosures::{self, DisclosureRow};
use crate::store::error::{StoreError, StoreResult};
use crate::store::ledger;
use crate::store::records;

/// What a permit opens, ready to send.
pub struct Ready {
    /// One for each section, in the permit's order.
    pub disclosures: Vec<Arc<ReadyDisclosure>>,
    /// Ledger size that they were read at.
    pub read_at: u64,
    /// Epoch of their salts.
    pub salt_epoch: u32,
    /// The newest delivery or annotation that was looked at.
    pub last_batch_index: i64,
}

/// The ledger as far as it was looked at.
#[derive(Clone, Copy)]
struct Seen {
    size: i64,
    last_batch_index: i64,
}

impl Seen {
    fn new(size: u64, last_batch_index: i64) -> ServiceResult<Self> {
        Ok(Self { size: i64::try_from(size).map_err(ServiceError::internal)?, last_batch_index })
    }
}

/// Every disclosure that the permit opens, if all of them are in memory and hold at the newest head
/// that this process signed. Touches no database; a newer delivery is noticed by the write unit.
pub fn remembered(exchange: &Exchange, permit: &Permit, at: Timestamp) -> ServiceResult<Option<Ready>> {
    let Some(published) = exchange.writer.published() else { return Ok(None) };
    let Some(deliveries) = exchange.catalogue.known(published.last_batch_index) else { return Ok(None) };
    let seen = Seen::new(published.size, published.last_batch_index)?;
    let salt = &*newest_salt(exchange)?;
    let mut found = Vec::with_capacity(permit.sections().len());
    for section in permit.sections() {
        let place = Place::new(permit, *section, salt, at);
        match exchange.memory.disclosure(&place.key()) {
            Some(ready) if ready.as_of_index <= seen.size && untouched(&deliveries, &place, &ready, seen) => {
                found.push(ready);
            }
            Some(_) | None => return Ok(None),
        }
    }
    Ok(Some(of(found, published.size, seen, salt)))
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
    let salt = &*newest_salt(exchange)?;
    let places: Vec<Place<'_>> =
        permit.sections().iter().map(|section| Place::new(permit, *section, salt, at)).collect();
    let stored: Vec<Option<DisclosureRow>> =
        exchange.data.read(|c| places.iter().map(|place| place.find(c)).collect())?;
    let head = exchange.ledger.read(ledger::head)?;
    let deliveries = exchange.catalogue.upto(head.last_batch_index)?;
    let seen = Seen::new(head.frontier.size(), head.last_batch_index)?;
    let mut found = Vec::with_capacity(places.len());
    for (place, stored) in places.iter().zip(stored) {
        let stored = stored.map(ReadyDisclosure::from);
        let ready = match (stored, may_build) {
            (Some(ready), _) if untouched(&deliveries, place, &ready, seen) => ready,
            (_, false) => return Ok(None),
            (Some(ready), true) if unspoken(exchange, &deliveries, place, &ready, seen)? => {
                confirm(exchange, place, ready, seen)?
            }
            (_, true) => build(exchange, &deliveries, place, salt, seen)?,
        };
        let ready = Arc::new(ready);
        exchange.memory.remember_disclosure(place.key(), ready.clone());
        found.push(ready);
    }
    Ok(Some(of(found, head.frontier.size(), seen, salt)))
}

/// Every disclosure that the permit would open now, built as [`ready`] builds them and kept nowhere.
///
/// Answers the ledger size they were read at too. Blocks on the databases.
pub fn unkept(exchange: &Exchange, permit: &Permit, at: Timestamp) -> ServiceResult<(Vec<Disclosure>, u64)> {
    let salt = &*newest_salt(exchange)?;
    let head = exchange.ledger.read(ledger::head)?;
    let deliveries = exchange.catalogue.upto(head.last_batch_index)?;
    let seen = Seen::new(head.frontier.size(), head.last_batch_index)?;
    let built = permit.sections().iter().map(|section| {
        let place = Place::new(permit, *section, salt, at);
        Ok(assemble(&exchange.data, &deliveries, salt, place.wanted(seen.size))?.disclosure)
    });
    Ok((built.collect::<ServiceResult<_>>()?, head.frontier.size()))
}

fn of(disclosures: Vec<Arc<ReadyDisclosure>>, read_at: u64, seen: Seen, salt: &SaltKey) -> Ready {
    Ready { disclosures, read_at, salt_epoch: salt.epoch(), last_batch_index: seen.last_batch_index }
}

fn newest_salt(exchange: &Exchange) -> ServiceResult<Arc<SaltKey>> {
    exchange.keys.newest_salt().ok_or_else(|| ServiceError::internal("no salt key"))
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
        let fresh = format!(
            "{} {} {} epoch-{} {} {}{}",
            window.from(),
            window.to(),
            section.encoder(),
            salt.epoch(),
            opening(permit, section),
            if permit.personal_data() { "personal" } else { "impersonal" },
            match permit.legal_rep_digest().filter(|_| section == Section::Registration) {
                Some(digest) => format!(" rep-{}", String::from(digest)),
                None => String::new(),
            },
        );
        Self { permit, section, at, fresh }
    }

    /// The key under which this process remembers it.
    fn key(&self) -> String {
        format!("{} {} {} {}", self.permit.taxpayer().as_str(), self.permit.bank(), self.section, self.fresh)
    }

    fn find(&self, connection: &mut AnyConnection) -> StoreResult<Option<DisclosureRow>> {
        let (taxpayer, bank) = (self.permit.taxpayer().as_str(), self.permit.bank().as_str());
        disclosures::find(connection, taxpayer, bank, self.section.as_str(), &self.fresh)
    }

    fn row(&self, ready: ReadyDisclosure) -> DisclosureRow {
        DisclosureRow {
            taxpayer_id: self.permit.taxpayer().as_str().to_owned(),
            bank: self.permit.bank().to_string(),
            section: self.section.as_str().to_owned(),
            variant: self.fresh.clone(),
            digest: ready.digest,
            stale_after: ready.stale_after,
            present: ready.present,
            as_of_index: ready.as_of_index,
            encoded: String::from(&*ready.encoded),
        }
    }

    fn wanted(&self, size: i64) -> Wanted<'_> {
        Wanted {
            taxpayer: self.permit.taxpayer(),
            bank: self.permit.bank(),
            section: self.section,
            window: self.permit.window(),
            profile: self.permit.profile(),
            personal_data: self.permit.personal_data(),
            legal_rep_digest: self.permit.legal_rep_digest(),
            size,
            today: self.at.shanghai_date(),
        }
    }
}

/// What of the profile a section's bytes depend on: whether it is open, and to which fields.
fn opening(permit: &Permit, section: Section) -> String {
    let profile = permit.profile();
    if !profile.sections.contains(&section) {
        return "cut".to_owned();
    }
    match (profile.fields.get(&section), &profile.personal_business) {
        (None, None) => "open".to_owned(),
        (fields, personal) => {
            let named = serde_json::json!([fields, personal]).to_string();
            format!("fields-{}", base64url(&sha256(named.as_bytes())))
        }
    }
}

/// The sections whose deliveries can change a section: itself, and the registration, where it matters what kind of
/// taxpayer that names.
fn depends_on(place: &Place<'_>) -> impl Iterator<Item = Section> {
    let by_kind = place.section.is_the_persons_own() || place.permit.profile().personal_business.is_some();
    std::iter::once(place.section).chain(by_kind.then_some(Section::Registration))
}

/// Whether a record of it was disputed, decided on or told of since it was built, or a firm's statement was added.
fn annotated_since(deliveries: &Deliveries, place: &Place<'_>, ready: &ReadyDisclosure) -> bool {
    let newest = deliveries.newest_annotation(place.permit.taxpayer(), place.section);
    newest.is_some_and(|index| index >= ready.as_of_index)
}

/// Whether a disclosure holds at a glance: not past its day, no annotation and no delivery since that could change it.
fn untouched(deliveries: &Deliveries, place: &Place<'_>, ready: &ReadyDisclosure, seen: Seen) -> bool {
    let fresh = ready.stale_after.is_none_or(|day| day > place.at.shanghai_date());
    fresh
        && !annotated_since(deliveries, place, ready)
        && depends_on(place)
            .all(|section| deliveries.between(section, ready.as_of_index, seen.size).next().is_none())
}

/// Whether a disclosure still holds though there were deliveries: none of them spoke of this taxpayer.
fn unspoken(
    exchange: &Exchange,
    deliveries: &Deliveries,
    place: &Place<'_>,
    ready: &ReadyDisclosure,
    seen: Seen,
) -> ServiceResult<bool> {
    if !ready.present || annotated_since(deliveries, place, ready) {
        return Ok(false);
    }
    if ready.stale_after.is_some_and(|day| day <= place.at.shanghai_date()) {
        return Ok(false);
    }
    for section in depends_on(place) {
        let mut since = deliveries.between(section, ready.as_of_index, seen.size).peekable();
        if since.peek().is_some() {
            let touches = exchange.data.read(|c| records::touches(c, place.permit.taxpayer(), section))?;
            if since.any(|delivery| touches.contains(&delivery.id)) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Notes that a disclosure holds at this size too, so that the next pull need not find out again.
fn confirm(
    exchange: &Exchange,
    place: &Place<'_>,
    ready: ReadyDisclosure,
    seen: Seen,
) -> ServiceResult<ReadyDisclosure> {
    let row = place.row(ready.clone());
    spare(exchange.data.write(|c| disclosures::confirm(c, &row, seen.size)))?;
    Ok(ReadyDisclosure { as_of_index: seen.size, ..ready })
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
    seen: Seen,
) -> ServiceResult<ReadyDisclosure> {
    let assembled = assemble(&exchange.data, deliveries, salt, place.wanted(seen.size))?;
    let ready = ReadyDisclosure {
        digest: assembled.disclosure.digest,
        encoded: assembled.disclosure.encoded.into(),
        stale_after: assembled.stale_after,
        present: assembled.present,
        as_of_index: seen.size,
    };
    // What is stale today is built again each time: it is rare, and its row would never be fresh again.
    let expired = ready.stale_after.is_some_and(|day| day <= place.at.shanghai_date());
    if !expired {
        let row = place.row(ready.clone());
        spare(exchange.data.write(|c| disclosures::keep(c, &row)))?;
    }
    Ok(ready)
}
