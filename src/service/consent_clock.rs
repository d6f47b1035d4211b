//! What time does to authorisations: reminders before the end, and the end itself, an entry `consent.expired`.
//!
//! Each step is a row that says when it is due, so a gateway that was down takes it later, and of several gateways one
//! takes it. Nothing depends on it for safety: a pull is judged by the terms themselves.

use std::collections::HashMap;

use super::Exchange;
use super::admin::Actor;
use super::consent::draft;
use super::error::ServiceResult;
use super::notifications::notify_in_unit;
use crate::domain::consent::{Consent, ConsentStatus};
use crate::domain::notice::Notice;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::store::consent_clock::{self, ConsentStep, Due};
use crate::store::consents;
use crate::store::db::AnyConnection;
use crate::store::error::StoreResult;
use crate::store::ledger::Draft;

/// Steps taken in one transaction.
const STEPS_A_UNIT: i64 = 200;
/// Consents from before there were clocks taken up in one transaction.
const ADOPTED_A_UNIT: i64 = 1_000;

/// Takes every step that is due.
pub fn turn(exchange: &Exchange) -> ServiceResult<()> {
    loop {
        let now = exchange.clock.now();
        let due = exchange.ledger.read(|c| consent_clock::due(c, now, STEPS_A_UNIT))?;
        if due.is_empty() {
            return Ok(());
        }
        let (expired, _committed) =
            exchange.writer.unit_blocking(move |c, now| Ok(Ok(take(c, now, &due)?)))?;
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
