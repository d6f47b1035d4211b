//! A bank asks a firm for an authorisation. What it is answered, and what is done for it, is the same whether or not
//! there is such a firm, it blocked the bank, or it declined not long ago.

use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::options::DAY_MICROS;
use super::rules::problems;
use super::{Stop, portal_url, settled, token_hash};
use crate::domain::consent::{ConsentWindow, Purpose, RollingWindow};
use crate::domain::consent_request::{
    BankLabels, ConsentRequest, LABEL_LENGTH_MAX, RequestOrigin, RequestStatus, RequestTerms,
};
use crate::domain::member::MemberId;
use crate::domain::notice::Notice;
use crate::domain::member_contact::is_unprintable;
use crate::domain::return_url::ReturnUrl;
use crate::domain::section::Section;
use crate::domain::taxpayer_id::TaxpayerId;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::seal::digest::base64url;
use crate::service::Exchange;
use crate::service::consent_text::number_of;
use crate::service::directory::Caller;
use crate::service::error::{FieldError, ServiceError, ServiceResult};
use crate::service::notifications::notify_in_unit;
use crate::service::refusals::Counted;
use crate::store::db::AnyConnection;
use crate::store::idempotency::{self, Claim};
use crate::store::ledger::{Draft, Field};
use crate::store::{bank_blocks, consent_requests, return_urls};

/// Key derivation label of the links that banks are given.
const LINK_LABEL: &str = "consent-request-link/1";

/// A request as a bank writes it: `new` in `schema/consent-request.json`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRequest {
    /// The firm.
    pub taxpayer_id: String,
    /// The bank's own approved product.
    pub product_id: String,
    /// Sections that are to leave.
    pub sections: Vec<Section>,
    /// Months before the current one that are to leave.
    pub window_months: u32,
    /// `pre_loan` first.
    pub purpose: Vec<Purpose>,
    /// Days from the grant.
    pub valid_days: u32,
    /// Dossiers in all.
    pub pulls: u32,
    /// Whether a personal consent is asked for besides.
    #[serde(default)]
    pub personal_data: bool,
    /// Who is to be told the outcome.
    #[serde(default)]
    pub share_outcome_with: Vec<MemberId>,
    /// Where the person goes back to, inside a registered prefix.
    #[serde(default)]
    pub return_url: Option<String>,
    /// Given back on the way there.
    #[serde(default)]
    pub state: Option<String>,
    /// The bank's own case number.
    #[serde(default)]
    pub bank_ref: Option<String>,
    /// Only say what stands against it.
    #[serde(default)]
    pub dry_run: bool,
}

/// What the bank is answered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Asked {
    /// UUIDv7.
    pub request_id: String,
    /// For the person who may grant: as a link or a QR code.
    pub sign_url: String,
    /// First instant at which it can no longer be answered.
    pub expires_at: Timestamp,
}

/// What a dry run is answered: nothing of the firm was looked at.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DryRun {
    /// Whether the request would be taken.
    pub allowed: bool,
    /// What stands against it.
    pub problems: Vec<Problem>,
}

/// One thing that stands against a request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// JSON pointer (RFC 6901).
    pub pointer: String,
    /// What would be right.
    pub message: String,
}

/// A request as its bank sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BankRequestView {
    /// UUIDv7.
    pub request_id: String,
    /// 授权编号, as the firm reads it.
    pub number: String,
    /// Granted, or asked until it lapses: whatever else became of it looks the same.
    pub status: RequestStatus,
    /// As the bank wrote it.
    pub taxpayer_id: TaxpayerId,
    /// The bank's product.
    pub product_id: String,
    /// What is asked for.
    #[serde(flatten)]
    pub terms: RequestTerms,
    /// Where the person goes back to.
    pub return_url: Option<String>,
    /// Given back on the way there.
    pub state: Option<String>,
    /// The bank's own case number.
    pub bank_ref: Option<String>,
    /// When it was made.
    pub asked_at: Timestamp,
    /// First instant at which it can no longer be answered.
    pub expires_at: Timestamp,
    /// The consent that came of it.
    pub consent_id: Option<String>,
}

impl BankRequestView {
    fn new(request: ConsentRequest, now: Timestamp) -> Self {
        let status = request.told_to_bank(now);
        Self {
            number: number_of(&request.id, request.created_at.shanghai_date()),
            status,
            consent_id: request.consent.filter(|_| status == RequestStatus::Granted),
            request_id: request.id,
            taxpayer_id: request.taxpayer,
            product_id: request.product,
            terms: request.terms,
            return_url: request.labels.return_url,
            state: request.labels.state,
            bank_ref: request.labels.bank_ref,
            asked_at: request.created_at,
            expires_at: request.expires_at,
        }
    }
}

/// Says what stands against a request, from the request, the product and the policy alone.
pub async fn dry_run(exchange: &Arc<Exchange>, caller: &Caller, new: NewRequest) -> ServiceResult<DryRun> {
    let (bank, now) = (caller.member.clone(), exchange.clock.now());
    let wrong =
        exchange.blocking(move |e| Ok(e.ledger.read(|c| Ok(judged(e, c, &bank, &new, now)))?)).await?;
    let wrong = match wrong {
        Ok(_) => Vec::new(),
        Err(Stop::Refused(ServiceError::Invalid(wrong))) => wrong,
        Err(Stop::Refused(other)) => return Err(other),
        Err(Stop::Store(error)) => return Err(error.into()),
    };
    let problem = |one: FieldError| Problem { pointer: one.pointer, message: one.message };
    Ok(DryRun { allowed: wrong.is_empty(), problems: wrong.into_iter().map(problem).collect() })
}

/// Asks.
pub async fn ask(
    exchange: &Arc<Exchange>,
    caller: &Caller,
    new: NewRequest,
    claim: Option<Claim>,
) -> ServiceResult<Asked> {
    let portal = portal_url(exchange)?;
    let unit = Unit { exchange: exchange.clone(), caller: caller.clone(), claim, id: exchange.fresh_id() };
    let done = exchange.writer.unit(move |c, now| settled(unit.run(c, now, new))).await;
    if let Err(ServiceError::RateLimited { .. }) = &done {
        exchange.refusals.count(&caller.member, Counted::OverQuota, exchange.clock.now());
    }
    let (request, _) = done?;
    let sign_url = format!("{portal}/r/{}", link_token(exchange, &request.id)?);
    Ok(Asked { request_id: request.id, sign_url, expires_at: request.expires_at })
}

/// One page of what a bank asked.
pub async fn page(
    exchange: &Arc<Exchange>,
    bank: MemberId,
    after: String,
    limit: i64,
) -> ServiceResult<Vec<BankRequestView>> {
    let now = exchange.clock.now();
    let rows = exchange
        .blocking(move |e| Ok(e.ledger.read(|c| consent_requests::page(c, &bank, &after, limit))?))
        .await?;
    Ok(rows.into_iter().map(|request| BankRequestView::new(request, now)).collect())
}

/// One of the bank's own requests.
pub async fn find(exchange: &Arc<Exchange>, bank: MemberId, id: String) -> ServiceResult<BankRequestView> {
    let now = exchange.clock.now();
    let found = exchange.blocking(move |e| Ok(e.ledger.read(|c| consent_requests::find(c, &id))?)).await?;
    found
        .filter(|request| request.bank == bank && request.origin == RequestOrigin::Bank)
        .map(|request| BankRequestView::new(request, now))
        .ok_or(ServiceError::NotFound)
}

/// The token of a request's link. Made from the request's id under the oldest key of the exchange, which is kept for as
/// long as dossiers are to be rebuilt, so that the same request sent again gets the same link though only its hash is
/// stored.
fn link_token(exchange: &Exchange, id: &str) -> ServiceResult<String> {
    let key = exchange.keys.salt(1).or_else(|| exchange.keys.newest_salt());
    let key = key.ok_or_else(|| ServiceError::internal("there is no salt key"))?;
    Ok(base64url(ring::hmac::sign(&key.subkey(LINK_LABEL), id.as_bytes()).as_ref()))
}

/// One request inside the writer.
struct Unit {
    exchange: Arc<Exchange>,
    caller: Caller,
    claim: Option<Claim>,
    id: String,
}

impl Unit {
    fn run(
        self,
        c: &mut AnyConnection,
        now: Timestamp,
        new: NewRequest,
    ) -> Result<(ConsentRequest, Vec<Draft>), Stop> {
        let bank = &self.caller.member;
        if let Some(claim) = &self.claim
            && let Some(kept) = idempotency::find(c, bank, claim, now)?
        {
            if kept.request_digest != claim.request_digest {
                return Err(ServiceError::KeyConflict.into());
            }
            let earlier = consent_requests::find(c, &kept.object_id)?;
            return Ok((earlier.ok_or(ServiceError::NotFound)?, Vec::new()));
        }
        let (taxpayer, terms) = judged(&self.exchange, c, bank, &new, now)?;
        self.take_places(c, &taxpayer, now)?;
        let options = &self.exchange.requests;
        let since = now.plus_micros(-i64::from(options.no_nagging_days).saturating_mul(DAY_MICROS));
        let hidden = bank_blocks::keeps_away(c, taxpayer.as_str(), bank, since)?;
        let request = ConsentRequest {
            id: self.id.clone(),
            group: self.id.clone(),
            origin: RequestOrigin::Bank,
            taxpayer,
            bank: bank.clone(),
            product: new.product_id,
            status: RequestStatus::Requested,
            hidden,
            terms,
            labels: BankLabels { bank_ref: new.bank_ref, return_url: new.return_url, state: new.state },
            created_at: now,
            expires_at: now.plus_micros(i64::from(options.days).saturating_mul(DAY_MICROS)),
            prepared_by: None,
            approvals: Vec::new(),
            supersedes: None,
            consent: None,
            decided_at: None,
        };
        let hash = token_hash(&link_token(&self.exchange, &request.id)?);
        consent_requests::insert(c, &request, Some(&hash))?;
        if let Some(claim) = &self.claim {
            idempotency::keep(c, bank, claim, &request.id, now)?;
        }
        if !hidden {
            let (request_id, bank) = (request.id.clone(), request.bank.clone());
            notify_in_unit(c, now, request.taxpayer.as_str(), &Notice::Requested { request_id, bank })?;
        }
        let draft = self.entry(&request);
        Ok((request, vec![draft]))
    }

    /// Takes a place of the bank's day and one of the taxpayer id's, or none.
    fn take_places(&self, c: &mut AnyConnection, taxpayer: &TaxpayerId, now: Timestamp) -> Result<(), Stop> {
        let (bank, day, options) = (&self.caller.member, now.shanghai_date(), &self.exchange.requests);
        let over = |limit: u32| {
            let left = now.next_shanghai_midnight().since_micros(now).max(0) / 1_000_000;
            let retry_after_s = u64::try_from(left).unwrap_or(0).max(1);
            Stop::Refused(ServiceError::RateLimited { retry_after_s, quota_per_day: u64::from(limit) })
        };
        if !bank_blocks::take_place(c, bank, ALL_TAXPAYERS, day, options.per_day)? {
            return Err(over(options.per_day));
        }
        if !bank_blocks::take_place(c, bank, taxpayer.as_str(), day, options.per_taxpayer_per_day)? {
            bank_blocks::give_back(c, bank, ALL_TAXPAYERS, day)?;
            return Err(over(options.per_taxpayer_per_day));
        }
        Ok(())
    }

    fn entry(&self, request: &ConsentRequest) -> Draft {
        Draft {
            kind: EntryKind::ConsentRequested,
            object_id: request.id.clone(),
            actor: request.bank.to_string(),
            by: self.caller.label.clone(),
            fields: vec![
                ("subject", Field::Sealed(request.taxpayer.as_str().to_owned())),
                ("bank", Field::Sealed(request.bank.to_string())),
            ],
        }
    }
}

/// The key under which a bank's requests of a day are counted in all.
const ALL_TAXPAYERS: &str = "";

/// Forgets how often banks asked on days gone by.
pub fn forget_counts(exchange: &Exchange) -> ServiceResult<usize> {
    let today: NaiveDate = exchange.clock.now().shanghai_date();
    Ok(exchange.ledger.write(|c| bank_blocks::forget_before(c, today))?)
}

/// Everything that stands against a request, all at once; nothing of the firm is looked at.
fn judged(
    exchange: &Exchange,
    c: &mut AnyConnection,
    bank: &MemberId,
    new: &NewRequest,
    now: Timestamp,
) -> Result<(TaxpayerId, RequestTerms), Stop> {
    let terms = RequestTerms {
        purpose: new.purpose.clone(),
        sections: new.sections.clone(),
        window: ConsentWindow::Rolling(RollingWindow { months: new.window_months }),
        valid_days: new.valid_days,
        pulls: new.pulls,
        personal_data: new.personal_data,
        share_outcome_with: new.share_outcome_with.clone(),
    };
    let mut wrong = problems(exchange, c, &terms, bank, &new.product_id, now)?;
    wrong.extend(label_problems(new));
    if let Some(url) = &new.return_url {
        let registered = return_urls::of(c, bank)?;
        let known =
            url.parse::<ReturnUrl>().is_ok_and(|url| registered.iter().any(|prefix| url.is_below(prefix)));
        if !known {
            let must = "must lie inside a prefix that the exchange has registered for this bank";
            wrong.push(FieldError::new("/return_url", must));
        }
    }
    let taxpayer = TaxpayerId::parse_strict(&new.taxpayer_id);
    match taxpayer {
        Ok(taxpayer) if wrong.is_empty() => Ok((taxpayer, terms)),
        Ok(_) => Err(ServiceError::Invalid(wrong).into()),
        Err(why) => {
            wrong.push(FieldError::new("/taxpayer_id", why));
            Err(ServiceError::Invalid(wrong).into())
        }
    }
}

fn label_problems(new: &NewRequest) -> Vec<FieldError> {
    let visible = |text: &String| {
        (1..=LABEL_LENGTH_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
    };
    let mut wrong = Vec::new();
    if new.state.as_ref().is_some_and(|state| !visible(state)) {
        wrong.push(FieldError::new("/state", "must have 1 to 256 visible ASCII characters"));
    }
    let printable = |text: &String| {
        (1..=LABEL_LENGTH_MAX).contains(&text.chars().count()) && !text.chars().any(is_unprintable)
    };
    if new.bank_ref.as_ref().is_some_and(|label| !printable(label)) {
        let must = "must have 1 to 256 characters, none of them a control or invisible character";
        wrong.push(FieldError::new("/bank_ref", must));
    }
    wrong
}
