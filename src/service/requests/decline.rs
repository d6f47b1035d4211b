//! Saying no: to a request, or to a draft of one's own.

use std::sync::Arc;

use super::blocks::block_in_unit;
use super::{RequestView, Stop, entry, lock_own, must_decide, settled, stepped, views};
use crate::domain::consent_request::{RequestOrigin, RequestStatus, RequestStep};
use crate::domain::representative::ActingFor;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::service::Exchange;
use crate::service::error::{ServiceError, ServiceResult};
use crate::store::bank_blocks;
use crate::store::consent_requests;
use crate::store::db::AnyConnection;
use crate::store::ledger::Draft;

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
