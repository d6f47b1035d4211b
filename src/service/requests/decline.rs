//! Saying no, and what time does to requests that nobody answers.

use std::sync::Arc;

use super::blocks::block_in_unit;
use super::{RequestView, Stop, entry, lock_own, must_decide, settled, stepped, views};
use crate::domain::consent_request::{ConsentRequest, RequestOrigin, RequestStatus, RequestStep};
use crate::domain::representative::ActingFor;
use crate::domain::taxpayer_id::TaxpayerId;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::service::Exchange;
use crate::service::error::{ServiceError, ServiceResult};
use crate::store::bank_blocks;
use crate::store::consent_requests;
use crate::store::db::AnyConnection;
use crate::store::error::StoreResult;
use crate::store::ledger::{Draft, Field};

/// Requests that lapse in one unit.
pub const LAPSE_AT_ONCE: i64 = 500;

/// Declines a request, and blocks its bank besides if `block` says so; or throws a draft away, which whoever prepares
/// may do too. The same bank does not get through to the firm for a while after it declined.
pub async fn decline(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    id: String,
    block: bool,
) -> ServiceResult<RequestView> {
    let (acting, directory, block_id) = (acting.clone(), exchange.directory.clone(), exchange.fresh_id());
    let work = move |c: &mut AnyConnection, now: Timestamp| -> Result<(RequestView, Vec<Draft>), Stop> {
        let mut request = lock_own(c, &acting, &id)?;
        let before = request.standing(now);
        if before != RequestStatus::Draft || block {
            must_decide(&acting)?;
        }
        request.status = stepped(&request, RequestStep::Decline, now)?;
        request.decided_at = Some(now);
        consent_requests::save(c, &request)?;
        consent_requests::set_hand_over(c, &request.id, None)?;
        let mut drafts = Vec::new();
        // A draft was never put to anybody: there is nothing to record.
        if before == RequestStatus::Requested {
            drafts.push(entry(EntryKind::ConsentDeclined, &request.id, &acting, &request.bank));
        }
        if request.origin == RequestOrigin::Bank {
            bank_blocks::note_refusal(c, acting.taxpayer().as_str(), &request.bank, now)?;
        }
        if block {
            drafts.extend(block_in_unit(c, &acting, request.bank.clone(), block_id, now)?);
        }
        let view = views(c, &directory, vec![request], now)?.pop();
        Ok((view.ok_or(ServiceError::NotFound)?, drafts))
    };
    let (view, _) = exchange.writer.unit(move |c, now| settled(work(c, now))).await?;
    Ok(view)
}

/// Lets requests lapse whose time is up, at most [`LAPSE_AT_ONCE`], inside a unit of work of whoever minds the time; gives
/// them, and the entries that `actor` writes. A draft that was never handed over lapses without an entry.
pub fn lapse_in_unit(
    c: &mut AnyConnection,
    now: Timestamp,
    actor: &str,
) -> StoreResult<(Vec<ConsentRequest>, Vec<Draft>)> {
    let overdue = consent_requests::overdue(c, now, LAPSE_AT_ONCE)?;
    let ids: Vec<&str> = overdue.iter().map(|request| request.id.as_str()).collect();
    let locked = consent_requests::lock(c, &ids)?;
    let mut drafts = Vec::new();
    let mut lapsed = Vec::new();
    for request in locked.into_iter().filter(|request| request.status.is_open()) {
        lapsed.push(lapse_one(c, request, now, actor, &mut drafts)?);
    }
    Ok((lapsed, drafts))
}

/// Lets a firm's own drafts and what was handed over lapse, inside the unit that finds that its representative changed.
/// What banks asked waits for the new representative.
pub fn drop_prepared_in_unit(
    c: &mut AnyConnection,
    now: Timestamp,
    taxpayer: &TaxpayerId,
    actor: &str,
) -> StoreResult<Vec<Draft>> {
    let open = consent_requests::open_of(c, taxpayer.as_str(), now, i64::MAX)?;
    let ids: Vec<&str> =
        open.iter().filter(|one| one.origin == RequestOrigin::Firm).map(|one| one.id.as_str()).collect();
    let mut drafts = Vec::new();
    for request in consent_requests::lock(c, &ids)?.into_iter().filter(|request| request.status.is_open()) {
        lapse_one(c, request, now, actor, &mut drafts)?;
    }
    Ok(drafts)
}

fn lapse_one(
    c: &mut AnyConnection,
    mut request: ConsentRequest,
    now: Timestamp,
    actor: &str,
    drafts: &mut Vec<Draft>,
) -> StoreResult<ConsentRequest> {
    let was_asked = request.status == RequestStatus::Requested;
    request.status = RequestStatus::Lapsed;
    request.decided_at = Some(now);
    consent_requests::save(c, &request)?;
    consent_requests::set_hand_over(c, &request.id, None)?;
    if was_asked {
        drafts.push(Draft {
            kind: EntryKind::ConsentLapsed,
            object_id: request.id.clone(),
            actor: actor.to_owned(),
            by: "system".to_owned(),
            fields: vec![
                ("subject", Field::Sealed(request.taxpayer.as_str().to_owned())),
                ("bank", Field::Sealed(request.bank.to_string())),
            ],
        });
    }
    Ok(request)
}
