//! Asking for an authorisation, drafting one, handing it over, granting and declining it (`lending.md`, Consent).
//!
//! Every function of the portal's side takes who acts, and holds it against the request's firm inside the unit of work
//! again. What is another firm's, hidden or absent is one and the same: not found.

pub mod amend;
pub mod ask;
pub mod blocks;
pub mod clock;
pub mod decline;
pub mod draft;
pub mod grant;
pub mod options;
pub mod read;
mod rules;
pub mod text;

pub use self::amend::amend;
pub use self::blocks::{block, blocks, joint_approval, set_joint_approval, unblock};
pub use self::clock::drop_prepared_in_unit;
pub use self::decline::decline;
pub use self::draft::{NewDraft, draft, edit, hand_over};
pub use self::grant::{Grant, GrantItem, Granted, approve, grant};
pub use self::options::RequestOptions;
pub use self::read::{by_token, group, pending, return_to, show};
pub use self::text::{Texts, text};

use serde::Serialize;

use super::Exchange;
use super::admin::TAXPAYER;
use super::consent_text::number_of;
use super::directory::Directory;
use super::error::{ServiceError, ServiceResult};
use crate::domain::consent_details::Operator;
use crate::domain::consent_request::{
    ConsentRequest, NotSigning, RequestOrigin, RequestStatus, RequestTerms,
};
use crate::domain::member::MemberId;
use crate::domain::product::Product;
use crate::domain::representative::ActingFor;
use crate::domain::taxpayer_id::TaxpayerId;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::seal::digest::{base64url, sha256};
use crate::store::db::AnyConnection;
use crate::store::error::{StoreError, StoreResult};
use crate::store::ledger::{Draft, Field};
use crate::store::{consent_requests, products};

/// A request as the firm sees it: nothing that the bank said for itself alone.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RequestView {
    /// UUIDv7.
    pub id: String,
    /// 授权编号: the number that people read.
    pub number: String,
    /// What was prepared together, one for each bank, has the same.
    pub group: String,
    /// Who asked.
    pub origin: RequestOrigin,
    /// As it stands now.
    pub status: RequestStatus,
    /// The firm.
    pub taxpayer_id: TaxpayerId,
    /// The bank that is to receive.
    pub bank: MemberId,
    /// Its full legal name.
    pub bank_name: String,
    /// Its product.
    pub product_id: String,
    /// The product's name.
    pub product_name: String,
    /// What is asked for.
    pub terms: RequestTerms,
    /// When it was made.
    pub created_at: Timestamp,
    /// First instant at which it can no longer be answered.
    pub expires_at: Timestamp,
    /// Who of the firm prepared it.
    pub prepared_by: Option<Operator>,
    /// Who approved besides.
    pub approved_by: Vec<Operator>,
    /// The consent whose place the new one is to take.
    pub supersedes: Option<String>,
    /// The consent that came of it.
    pub consent_id: Option<String>,
    /// Whether the bank wants the person back after the answer.
    pub returns: bool,
}

impl RequestView {
    fn new(
        request: ConsentRequest,
        product: Option<&Product>,
        directory: &Directory,
        now: Timestamp,
    ) -> Self {
        Self {
            number: number_of(&request.id, request.created_at.shanghai_date()),
            status: request.standing(now),
            bank_name: bank_name(directory, &request.bank),
            product_name: product.map_or_else(String::new, |product| product.terms.name.clone()),
            returns: request.labels.return_url.is_some(),
            prepared_by: request.prepared_by.map(|preparer| preparer.operator),
            approved_by: request.approvals.into_iter().map(|approval| approval.operator).collect(),
            id: request.id,
            group: request.group,
            origin: request.origin,
            taxpayer_id: request.taxpayer,
            bank: request.bank,
            product_id: request.product,
            terms: request.terms,
            created_at: request.created_at,
            expires_at: request.expires_at,
            supersedes: request.supersedes,
            consent_id: request.consent,
        }
    }
}

/// A link for the phone of who may grant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct HandOver {
    /// What the QR code holds. Whoever opens it must sign in for the firm.
    pub url: String,
    /// The part of the link that nobody can guess.
    pub token: String,
    /// First instant at which the link no longer leads anywhere.
    pub expires_at: Timestamp,
}

/// Why a unit of work ends without having written anything.
enum Stop {
    Refused(ServiceError),
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Stop::Store(error)
    }
}

impl From<ServiceError> for Stop {
    fn from(error: ServiceError) -> Self {
        Stop::Refused(error)
    }
}

/// As the writer takes it.
fn settled<T>(result: Result<T, Stop>) -> StoreResult<ServiceResult<T>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(Stop::Refused(error)) => Ok(Err(error)),
        Err(Stop::Store(error)) => Err(error),
    }
}

/// Full legal name of a bank, its slug if the directory has lost it.
fn bank_name(directory: &Directory, bank: &MemberId) -> String {
    let members = directory.members();
    let found = members.into_iter().find(|(member, _)| member.id == *bank);
    found.map_or_else(|| bank.to_string(), |(member, _)| member.name)
}

/// The firm's own request of that id, locked. Hidden, foreign and absent are alike.
fn lock_own(c: &mut AnyConnection, acting: &ActingFor, id: &str) -> Result<ConsentRequest, Stop> {
    let found = consent_requests::lock(c, &[id])?.pop();
    Ok(own(acting, found)?)
}

/// The request, if it is this firm's to see.
fn own(acting: &ActingFor, found: Option<ConsentRequest>) -> ServiceResult<ConsentRequest> {
    found
        .filter(|request| request.taxpayer == *acting.taxpayer() && !request.hidden)
        .ok_or(ServiceError::NotFound)
}

/// Refuses roles that only prepare.
fn must_decide(acting: &ActingFor) -> ServiceResult<()> {
    acting.firm.role.may_grant().map(drop).ok_or(ServiceError::Forbidden)
}

/// The step's outcome, or a word on why it cannot be taken.
fn stepped(
    request: &ConsentRequest,
    step: crate::domain::consent_request::RequestStep,
    now: Timestamp,
) -> ServiceResult<RequestStatus> {
    let standing = request.standing(now);
    standing.after(step).ok_or_else(|| ServiceError::Conflict(format!("the request is {standing}")))
}

/// Where browsers find the portal; without one nobody can answer a request.
fn portal_url(exchange: &Exchange) -> ServiceResult<&str> {
    let why = "this exchange runs no portal in which a firm could answer";
    exchange.portal_url.as_deref().ok_or_else(|| ServiceError::Conflict(why.into()))
}

/// A token as it is stored.
fn token_hash(token: &str) -> String {
    base64url(&sha256(token.as_bytes()))
}

/// The person who acts, as a consent names people.
fn operator(acting: &ActingFor, now: Timestamp) -> Operator {
    Operator { role: acting.firm.role, id_ref: acting.person.id_ref.clone(), at: now }
}

/// An entry about a request or a consent, made by the firm.
fn entry(kind: EntryKind, object_id: &str, acting: &ActingFor, bank: &MemberId) -> Draft {
    Draft {
        kind,
        object_id: object_id.to_owned(),
        actor: TAXPAYER.to_owned(),
        by: acting.label(),
        fields: vec![
            ("subject", Field::Sealed(acting.taxpayer().as_str().to_owned())),
            ("bank", Field::Sealed(bank.to_string())),
        ],
    }
}

/// Requests with the names that people read.
fn views(
    c: &mut AnyConnection,
    directory: &Directory,
    requests: Vec<ConsentRequest>,
    now: Timestamp,
) -> StoreResult<Vec<RequestView>> {
    requests
        .into_iter()
        .map(|request| {
            let product = products::find(c, &request.product)?;
            Ok(RequestView::new(request, product.as_ref(), directory, now))
        })
        .collect()
}

impl From<NotSigning> for ServiceError {
    fn from(why: NotSigning) -> Self {
        match why {
            NotSigning::Role => ServiceError::Forbidden,
            NotSigning::Recognise => ServiceError::Conflict(why.to_string()),
        }
    }
}
