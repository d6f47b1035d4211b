//! What time does to requests: a firm is reminded once of one that waits, and who is not answered lapses.
//!
//! Each is a row that says when it is due, so a gateway that was down does it later, and of several gateways one does it.
//! No answer rests on it: whether a request can still be answered is told by its own end.

use super::ask::forget_counts;
use super::options::DAY_MICROS;
use crate::domain::consent_request::{ConsentRequest, RequestOrigin, RequestStatus};
use crate::domain::notice::Notice;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::service::Exchange;
use crate::service::admin::Actor;
use crate::service::error::ServiceResult;
use crate::service::notifications::notify_in_unit;
use crate::store::consent_requests;
use crate::store::db::AnyConnection;
use crate::store::error::StoreResult;
use crate::store::ledger::{Draft, Field};

/// Requests that lapse, or of which firms are reminded, in one unit.
const AT_ONCE: i64 = 500;

/// Does all that is due.
pub fn turn(exchange: &Exchange) -> ServiceResult<()> {
    let remind_after = i64::from(exchange.requests.remind_days).saturating_mul(DAY_MICROS);
    loop {
        let now = exchange.clock.now();
        let before = now.plus_micros(-remind_after);
        let due = exchange.ledger.read(|c| {
            let overdue = consent_requests::overdue(c, now, 1)?;
            Ok(!overdue.is_empty() || !consent_requests::waiting(c, before, 1)?.is_empty())
        })?;
        if !due {
            break;
        }
        let actor = Actor::operator("request clock");
        exchange.writer.unit_blocking(move |c, now| {
            let drafts = lapse(c, now, &actor)?;
            remind(c, now, before)?;
            Ok(Ok(((), drafts)))
        })?;
    }
    forget_counts(exchange).map(drop)
}

fn remind(c: &mut AnyConnection, now: Timestamp, before: Timestamp) -> StoreResult<()> {
    for request in consent_requests::waiting(c, before, AT_ONCE)? {
        if consent_requests::note_reminded(c, &request.id)? {
            let (request_id, bank) = (request.id, request.bank);
            let notice = Notice::RequestWaiting { request_id, bank };
            notify_in_unit(c, now, request.taxpayer.as_str(), &notice)?;
        }
    }
    Ok(())
}

/// A draft that was never handed over lapses without an entry.
fn lapse(c: &mut AnyConnection, now: Timestamp, actor: &Actor) -> StoreResult<Vec<Draft>> {
    let overdue = consent_requests::overdue(c, now, AT_ONCE)?;
    let ids: Vec<&str> = overdue.iter().map(|request| request.id.as_str()).collect();
    let mut drafts = Vec::new();
    for request in consent_requests::lock(c, &ids)?.into_iter().filter(|request| request.status.is_open()) {
        drafts.extend(lapse_one(c, request, now, actor)?);
    }
    Ok(drafts)
}

/// Lets a firm's own drafts and what was handed over lapse, inside the unit that finds that its representative changed.
/// What banks asked waits for the new representative.
pub fn drop_prepared_in_unit(
    c: &mut AnyConnection,
    now: Timestamp,
    taxpayer: &str,
    actor: &Actor,
) -> StoreResult<Vec<Draft>> {
    let open = consent_requests::open_of(c, taxpayer, now, i64::MAX)?;
    let ids: Vec<&str> =
        open.iter().filter(|one| one.origin == RequestOrigin::Firm).map(|one| one.id.as_str()).collect();
    let mut drafts = Vec::new();
    for request in consent_requests::lock(c, &ids)?.into_iter().filter(|request| request.status.is_open()) {
        drafts.extend(lapse_one(c, request, now, actor)?);
    }
    Ok(drafts)
}

fn lapse_one(
    c: &mut AnyConnection,
    mut request: ConsentRequest,
    now: Timestamp,
    actor: &Actor,
) -> StoreResult<Option<Draft>> {
    let was_asked = request.status == RequestStatus::Requested;
    request.status = RequestStatus::Lapsed;
    request.decided_at = Some(now);
    consent_requests::save(c, &request)?;
    consent_requests::set_hand_over(c, &request.id, None)?;
    Ok(was_asked.then(|| Draft {
        kind: EntryKind::ConsentLapsed,
        object_id: request.id,
        actor: actor.member.clone(),
        by: actor.label.clone(),
        fields: vec![
            ("subject", Field::Sealed(request.taxpayer.as_str().to_owned())),
            ("bank", Field::Sealed(request.bank.to_string())),
        ],
    }))
}
