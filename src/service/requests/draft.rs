//! Drafting: whoever acts for the firm prepares what who may grant then decides on, and hands it over by a link.

use std::sync::Arc;

use super::options::{DAY_MICROS, HOUR_MICROS};
use super::rules::problems;
use super::{
    HandOver, RequestView, Stop, entry, lock_own, operator, portal_url, settled, stepped, token_hash, views,
};
use crate::domain::consent_request::{
    BankLabels, ConsentRequest, Preparer, RequestOrigin, RequestStatus, RequestStep, RequestTerms,
};
use crate::domain::member::MemberId;
use crate::domain::notice::Notice;
use crate::domain::representative::ActingFor;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::seal::digest::base64url;
use crate::seal::keys::generate_secret;
use crate::service::Exchange;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::notifications::notify_in_unit;
use crate::store::consent_requests;
use crate::store::db::AnyConnection;

/// Drafts and requests that a firm may have open at a time.
const OPEN_MAX: i64 = 200;

/// What a draft says: one bank, one product.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewDraft {
    /// The bank that is to receive.
    pub bank: MemberId,
    /// Its approved product.
    pub product_id: String,
    /// What is to leave, for what and for how long.
    pub terms: RequestTerms,
    /// The group of a draft made before, to be shown and handed over together with it.
    pub group: Option<String>,
}

/// Makes a draft. Nobody but the firm sees it.
pub async fn draft(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    new: NewDraft,
) -> ServiceResult<RequestView> {
    make(exchange, acting, new, None).await
}

/// The same, perhaps in a consent's place.
pub(super) async fn make(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    new: NewDraft,
    supersedes: Option<String>,
) -> ServiceResult<RequestView> {
    let (id, acting) = (exchange.fresh_id(), acting.clone());
    let (days, exchange) = (exchange.requests.days, exchange.clone());
    let writer = exchange.writer.clone();
    let work = move |c: &mut AnyConnection, now: Timestamp| -> Result<RequestView, Stop> {
        judge(&exchange, c, &new, now)?;
        let open = consent_requests::open_of(c, acting.taxpayer().as_str(), now, OPEN_MAX)?;
        if i64::try_from(open.len()).is_ok_and(|open| open >= OPEN_MAX) {
            let why = "too many requests are open: answer or discard some first";
            return Err(ServiceError::Conflict(why.into()).into());
        }
        let group = match new.group {
            None => id.clone(),
            // Only beside drafts of one's own.
            Some(group) => open
                .iter()
                .find(|one| one.group == group && one.origin == RequestOrigin::Firm)
                .map(|one| one.group.clone())
                .ok_or(ServiceError::NotFound)?,
        };
        let request = ConsentRequest {
            id,
            group,
            origin: RequestOrigin::Firm,
            taxpayer: acting.taxpayer().clone(),
            bank: new.bank,
            product: new.product_id,
            status: RequestStatus::Draft,
            hidden: false,
            terms: new.terms,
            labels: BankLabels::default(),
            created_at: now,
            expires_at: now.plus_micros(i64::from(days).saturating_mul(DAY_MICROS)),
            prepared_by: Some(Preparer {
                operator: operator(&acting, now),
                subject: acting.person.subject.clone(),
            }),
            approvals: Vec::new(),
            supersedes,
            consent: None,
            decided_at: None,
        };
        consent_requests::insert(c, &request, None)?;
        one(views(c, &exchange.directory, vec![request], now)?)
    };
    let (view, _) = writer.unit(move |c, now| settled(work(c, now).map(|v| (v, Vec::new())))).await?;
    Ok(view)
}

/// Changes a draft; whoever approved it before has to approve it again. The bank stays: another bank is another draft.
pub async fn edit(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    id: String,
    product_id: String,
    terms: RequestTerms,
) -> ServiceResult<RequestView> {
    let (acting, exchange, writer) = (acting.clone(), exchange.clone(), exchange.writer.clone());
    let work = move |c: &mut AnyConnection, now: Timestamp| -> Result<RequestView, Stop> {
        let mut request = lock_own(c, &acting, &id)?;
        request.status = stepped(&request, RequestStep::Edit, now)?;
        let new = NewDraft { bank: request.bank.clone(), product_id, terms, group: None };
        judge(&exchange, c, &new, now)?;
        request.product = new.product_id;
        request.terms = new.terms;
        request.approvals.clear();
        consent_requests::save(c, &request)?;
        one(views(c, &exchange.directory, vec![request], now)?)
    };
    let (view, _) = writer.unit(move |c, now| settled(work(c, now).map(|v| (v, Vec::new())))).await?;
    Ok(view)
}

/// Makes a link for the phone of who may grant, to the request and all that was prepared together with it. An earlier
/// link to it leads nowhere any more.
pub async fn hand_over(exchange: &Arc<Exchange>, acting: &ActingFor, id: String) -> ServiceResult<HandOver> {
    let token = base64url(&generate_secret().map_err(ServiceError::internal)?);
    let url = format!("{}/h/{token}", portal_url(exchange)?);
    let (acting, hash) = (acting.clone(), token_hash(&token));
    let hours = i64::from(exchange.requests.hand_over_hours);
    let work = move |c: &mut AnyConnection, now: Timestamp| {
        let first = lock_own(c, &acting, &id)?;
        stepped(&first, RequestStep::HandOver, now)?;
        let together = consent_requests::group(c, &first.group)?;
        let ids: Vec<&str> = together.iter().map(|one| one.id.as_str()).collect();
        let mut drafts = Vec::new();
        for mut one in consent_requests::lock(c, &ids)? {
            let is_draft = one.taxpayer == *acting.taxpayer() && one.standing(now) == RequestStatus::Draft;
            if is_draft {
                one.status = RequestStatus::Requested;
                consent_requests::save(c, &one)?;
                drafts.push(entry(EntryKind::ConsentRequested, &one.id, &acting, &one.bank));
                let (request_id, bank) = (one.id, one.bank);
                let notice = Notice::Requested { request_id, bank };
                notify_in_unit(c, now, acting.taxpayer().as_str(), &notice)?;
            }
        }
        let expires_at = now.plus_micros(hours.saturating_mul(HOUR_MICROS)).min(first.expires_at);
        consent_requests::set_hand_over(c, &first.id, Some((&hash, expires_at)))?;
        Ok((expires_at, drafts))
    };
    let (expires_at, _) = exchange.writer.unit(move |c, now| settled(work(c, now))).await?;
    Ok(HandOver { url, token, expires_at })
}

fn judge(exchange: &Exchange, c: &mut AnyConnection, new: &NewDraft, now: Timestamp) -> Result<(), Stop> {
    let wrong = problems(exchange, c, &new.terms, &new.bank, &new.product_id, now)?;
    if wrong.is_empty() { Ok(()) } else { Err(ServiceError::Invalid(wrong).into()) }
}

fn one(mut views: Vec<RequestView>) -> Result<RequestView, Stop> {
    views.pop().ok_or_else(|| ServiceError::NotFound.into())
}
