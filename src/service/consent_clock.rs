//! What time does to authorisations: reminders before the end, and the end itself, an entry `consent.expired`; and to
//! requests for them, which lapse.
//!
//! Each step is a row that says when it is due, so a gateway that was down takes it later, and of several gateways one
//! takes it. Nothing depends on it for safety: a pull is judged by the terms themselves.

use std::collections::HashMap;

use super::Exchange;
use super::admin::{Actor, OPERATOR};
use super::consent::draft;
use super::error::ServiceResult;
use super::notifications::notify_in_unit;
use super::requests::decline::lapse_in_unit;
use crate::domain::consent::{Consent, ConsentStatus};
use crate::domain::notice::Notice;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::store::consent_clock::{self, ConsentStep, Due};
use crate::store::consent_requests;
use crate::store::consents;
use crate::store::db::AnyConnection;
use crate::store::error::{StoreError, StoreResult};
use crate::store::ledger::Draft;

/// Steps taken in one transaction.
const STEPS_A_UNIT: i64 = 200;
/// How long a request waits before the firm is reminded of it: 3 days, in microseconds.
const WAITED_MICROS: i64 = 3 * 86_400 * 1_000_000;
/// Consents from before there were clocks taken up in one transaction.
const ADOPTED_A_UNIT: i64 = 1_000;

/// Does everything whose time has come: to authorisations, and to requests for them.
pub fn turn(exchange: &Exchange) -> ServiceResult<()> {
    steps(exchange)?;
    lapse(exchange)?;
    remind_of_requests(exchange)
}

/// Lets requests lapse that nobody answered in time, entries `consent.lapsed`.
fn lapse(exchange: &Exchange) -> ServiceResult<()> {
    loop {
        let now = exchange.clock.now();
        if exchange.ledger.read(|c| consent_requests::overdue(c, now, 1))?.is_empty() {
            return Ok(());
        }
        exchange.writer.unit_blocking(|c, now| Ok(Ok(lapse_in_unit(c, now, OPERATOR)?)))?;
    }
}

/// Tells firms once of requests that they left unanswered for some days.
fn remind_of_requests(exchange: &Exchange) -> ServiceResult<()> {
    loop {
        let now = exchange.clock.now();
        let since = now.plus_micros(-WAITED_MICROS);
        let waiting = exchange.ledger.read(|c| consent_clock::waiting(c, since, now, STEPS_A_UNIT))?;
        if waiting.is_empty() {
            return Ok(());
        }
        exchange.writer.unit_blocking(move |c, now| {
            for one in &waiting {
                if consent_clock::reminded(c, &one.request_id, now)? {
                    let bank = one.bank.parse().map_err(|e| StoreError::corrupt("consent_request", e))?;
                    let notice = Notice::RequestWaiting { request_id: one.request_id.clone(), bank };
                    notify_in_unit(c, now, &one.taxpayer_id, &notice)?;
                }
            }
            Ok(Ok(((), Vec::new())))
        })?;
    }
}

/// Takes every step that is due.
fn steps(exchange: &Exchange) -> ServiceResult<()> {
    loop {
        let now = exchange.clock.now();
        let due = exchange.ledger.read(|c| consent_clock::due(c, now, STEPS_A_UNIT))?;
        if due.is_empty() {
            return Ok(());
        }
        let (expired, _committed) = exchange.writer.unit_blocking(move |c, now| Ok(Ok(take(c, now, &due)?)))?;
        for id in &expired {
            exchange.memory.forget_consent(id);
        }
    }
}

/// Starts the clocks of consents that were granted before there were any.
pub fn adopt(exchange: &Exchange) -> ServiceResult<()> {
    loop {
        let now = exchange.clock.now();
        let without = exchange.ledger.read(consent_clock::any_without)?;
        if !without || exchange.ledger.write(|c| consent_clock::adopt(c, now, ADOPTED_A_UNIT))? == 0 {
            return Ok(());
        }
    }
}

/// Takes steps inside a unit: which consents expired, and the entries that say so.
fn take(c: &mut AnyConnection, now: Timestamp, due: &[Due]) -> StoreResult<(Vec<String>, Vec<Draft>)> {
    let mut ids: Vec<&str> = due.iter().map(|due| due.consent_id.as_str()).collect();
    ids.sort_unstable();
    let consents: HashMap<String, Consent> =
        consents::lock(c, &ids)?.into_iter().map(|consent| (consent.terms.id.clone(), consent)).collect();
    let (mut expired, mut drafts) = (Vec::new(), Vec::new());
    for due in due {
        let Some(consent) = consents.get(&due.consent_id) else { continue };
        let lives = matches!(consent.status, ConsentStatus::Granted | ConsentStatus::Suspended);
        // What was missed while nobody looked is left out: the firm is told of the next thing.
        let next = if lives { due.step.next() } else { None };
        let missed = next.is_some_and(|next| next.due(due.valid_to) <= now);
        if !consent_clock::advance(c, due, next)? || !lives || missed {
            continue;
        }
        match due.step {
            ConsentStep::RemindSevenDays | ConsentStep::RemindOneDay => remind(c, now, due, consent)?,
            ConsentStep::Expire => {
                consents::set_status(c, &due.consent_id, ConsentStatus::Expired, None, now)?;
                drafts.push(draft(EntryKind::ConsentExpired, &Actor::operator("consent clock"), consent));
                expired.push(due.consent_id.clone());
            }
        }
    }
    Ok((expired, drafts))
}

/// Tells the firm that an authorisation in force runs out.
fn remind(c: &mut AnyConnection, now: Timestamp, due: &Due, consent: &Consent) -> StoreResult<()> {
    if consent.standing(now) != ConsentStatus::Granted {
        return Ok(());
    }
    let notice = Notice::Expiring {
        consent_id: due.consent_id.clone(),
        bank: consent.terms.bank.clone(),
        valid_to: due.valid_to,
        days_before: due.step.days_before(),
    };
    notify_in_unit(c, now, consent.terms.taxpayer_id.as_str(), &notice).map(drop)
}
