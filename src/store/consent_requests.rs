//! Requests for an authorisation: fixed origin and addressee, terms that change while it is a draft, status.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::schema::consent_request;
use crate::domain::consent_request::{BankLabels, ConsentRequest, RequestStatus};
use crate::domain::member::MemberId;
use crate::domain::taxpayer_id::TaxpayerId;
use crate::domain::timestamp::Timestamp;

#[derive(Queryable, Insertable)]
#[diesel(table_name = consent_request)]
struct Row {
    id: String,
    group_id: String,
    origin: String,
    taxpayer_id: String,
    bank: String,
    product_id: String,
    status: String,
    hidden: bool,
    terms: String,
    bank_ref: Option<String>,
    return_url: Option<String>,
    state: Option<String>,
    token_hash: Option<String>,
    hand_over_hash: Option<String>,
    hand_over_until: Option<NaiveDateTime>,
    created_at: NaiveDateTime,
    expires_at: NaiveDateTime,
    prepared_by: Option<String>,
    approvals: String,
    supersedes: Option<String>,
    consent_id: Option<String>,
    decided_at: Option<NaiveDateTime>,
    reminded: bool,
}

impl Row {
    fn parse(self) -> StoreResult<ConsentRequest> {
        Ok(ConsentRequest {
            group: self.group_id,
            origin: self.origin.parse().map_err(corrupt)?,
            taxpayer: TaxpayerId::parse(&self.taxpayer_id).map_err(corrupt)?,
            bank: self.bank.parse().map_err(corrupt)?,
            product: self.product_id,
            status: self.status.parse().map_err(corrupt)?,
            hidden: self.hidden,
            terms: serde_json::from_str(&self.terms).map_err(corrupt)?,
            labels: BankLabels { bank_ref: self.bank_ref, return_url: self.return_url, state: self.state },
            created_at: Timestamp::from_naive(self.created_at),
            expires_at: Timestamp::from_naive(self.expires_at),
            prepared_by: self
                .prepared_by
                .map(|text| serde_json::from_str(&text).map_err(corrupt))
                .transpose()?,
            approvals: serde_json::from_str(&self.approvals).map_err(corrupt)?,
            supersedes: self.supersedes,
            consent: self.consent_id,
            decided_at: self.decided_at.map(Timestamp::from_naive),
            id: self.id,
        })
    }
}

fn corrupt(why: impl ToString) -> StoreError {
    StoreError::corrupt("consent_request", why)
}

fn json(value: &impl serde::Serialize) -> StoreResult<String> {
    serde_json::to_string(value).map_err(corrupt)
}

fn parse_all(rows: Vec<Row>) -> StoreResult<Vec<ConsentRequest>> {
    rows.into_iter().map(Row::parse).collect()
}

/// Adds a request; `token_hash` is of the token in the link that its bank is given.
pub fn insert(
    connection: &mut AnyConnection,
    new: &ConsentRequest,
    token_hash: Option<&str>,
) -> StoreResult<()> {
    let row = Row {
        id: new.id.clone(),
        group_id: new.group.clone(),
        origin: new.origin.to_string(),
        taxpayer_id: new.taxpayer.as_str().to_owned(),
        bank: new.bank.to_string(),
        product_id: new.product.clone(),
        status: new.status.to_string(),
        hidden: new.hidden,
        terms: json(&new.terms)?,
        bank_ref: new.labels.bank_ref.clone(),
        return_url: new.labels.return_url.clone(),
        state: new.labels.state.clone(),
        token_hash: token_hash.map(str::to_owned),
        hand_over_hash: None,
        hand_over_until: None,
        created_at: new.created_at.naive(),
        expires_at: new.expires_at.naive(),
        prepared_by: new.prepared_by.as_ref().map(json).transpose()?,
        approvals: json(&new.approvals)?,
        supersedes: new.supersedes.clone(),
        consent_id: new.consent.clone(),
        decided_at: new.decided_at.map(Timestamp::naive),
        reminded: false,
    };
    diesel::insert_into(consent_request::table).values(&row).execute(connection)?;
    Ok(())
}

/// The request with this id, if there is one.
pub fn find(connection: &mut AnyConnection, id: &str) -> StoreResult<Option<ConsentRequest>> {
    let row: Option<Row> =
        on_backend!(connection, c => consent_request::table.find(id).get_result(c).optional())?;
    row.map(Row::parse).transpose()
}

/// Locks and reads the requests with these ids, in the order of their ids, until the transaction ends.
///
/// A unit that decides on consents too locks those first.
pub fn lock(connection: &mut AnyConnection, ids: &[&str]) -> StoreResult<Vec<ConsentRequest>> {
    let rows: Vec<Row> = match connection {
        AnyConnection::Pg(c) => consent_request::table
            .filter(consent_request::id.eq_any(ids))
            .order(consent_request::id)
            .for_update()
            .load(c)?,
        // The transaction holds the one write lock already.
        AnyConnection::Sqlite(c) => consent_request::table
            .filter(consent_request::id.eq_any(ids))
            .order(consent_request::id)
            .load(c)?,
    };
    parse_all(rows)
}

/// The request whose link has this token's hash: the bank's link, or one handed over that is still good at `now`.
pub fn by_token(
    connection: &mut AnyConnection,
    hash: &str,
    now: Timestamp,
) -> StoreResult<Option<ConsentRequest>> {
    let handed =
        consent_request::hand_over_hash.eq(hash).and(consent_request::hand_over_until.gt(now.naive()));
    let row: Option<Row> = on_backend!(connection, c => consent_request::table
        .filter(consent_request::token_hash.eq(hash).or(handed))
        .get_result(c)
        .optional())?;
    row.map(Row::parse).transpose()
}

/// The firm's own open requests and drafts, oldest first; none that is hidden from it.
pub fn open_of(
    connection: &mut AnyConnection,
    taxpayer: &str,
    now: Timestamp,
    limit: i64,
) -> StoreResult<Vec<ConsentRequest>> {
    let open = [RequestStatus::Draft.as_str(), RequestStatus::Requested.as_str()];
    let rows: Vec<Row> = on_backend!(connection, c => consent_request::table
        .filter(consent_request::taxpayer_id.eq(taxpayer))
        .filter(consent_request::status.eq_any(open))
        .filter(consent_request::hidden.eq(false))
        .filter(consent_request::expires_at.gt(now.naive()))
        .order(consent_request::id)
        .limit(limit)
        .load(c))?;
    parse_all(rows)
}

/// Whether any request at all is open, as far as its status tells.
pub fn any_open(connection: &mut AnyConnection) -> StoreResult<bool> {
    let open = [RequestStatus::Draft.as_str(), RequestStatus::Requested.as_str()];
    let requests = consent_request::table.filter(consent_request::status.eq_any(open));
    Ok(on_backend!(connection, c => diesel::select(diesel::dsl::exists(requests)).get_result(c))?)
}

/// The requests prepared together, in the order of their ids.
pub fn group(connection: &mut AnyConnection, group: &str) -> StoreResult<Vec<ConsentRequest>> {
    let rows: Vec<Row> = on_backend!(connection, c => consent_request::table
        .filter(consent_request::group_id.eq(group))
        .order(consent_request::id)
        .load(c))?;
    parse_all(rows)
}

/// One page of what a bank asked, by id, after `after`. What the firm drafted itself is not the bank's to see.
pub fn page(
    connection: &mut AnyConnection,
    bank: &MemberId,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<ConsentRequest>> {
    let origin = crate::domain::consent_request::RequestOrigin::Bank;
    let rows: Vec<Row> = on_backend!(connection, c => consent_request::table
        .filter(consent_request::bank.eq(bank.as_str()))
        .filter(consent_request::origin.eq(origin.as_str()))
        .filter(consent_request::id.gt(after))
        .order(consent_request::id)
        .limit(limit)
        .load(c))?;
    parse_all(rows)
}

/// Open requests whose time was up at `now`, oldest end first.
pub fn overdue(
    connection: &mut AnyConnection,
    now: Timestamp,
    limit: i64,
) -> StoreResult<Vec<ConsentRequest>> {
    let open = [RequestStatus::Draft.as_str(), RequestStatus::Requested.as_str()];
    let rows: Vec<Row> = on_backend!(connection, c => consent_request::table
        .filter(consent_request::status.eq_any(open))
        .filter(consent_request::expires_at.le(now.naive()))
        .order((consent_request::expires_at, consent_request::id))
        .limit(limit)
        .load(c))?;
    parse_all(rows)
}

/// Requests that wait since before `before` and of which the firm was not reminded yet; none that is hidden from it.
pub fn waiting(
    connection: &mut AnyConnection,
    before: Timestamp,
    limit: i64,
) -> StoreResult<Vec<ConsentRequest>> {
    let rows: Vec<Row> = on_backend!(connection, c => consent_request::table
        .filter(consent_request::status.eq(RequestStatus::Requested.as_str()))
        .filter(consent_request::reminded.eq(false))
        .filter(consent_request::hidden.eq(false))
        .filter(consent_request::created_at.le(before.naive()))
        .order(consent_request::id)
        .limit(limit)
        .load(c))?;
    parse_all(rows)
}

/// Notes that the firm was reminded; `false` if it was before.
pub fn note_reminded(connection: &mut AnyConnection, id: &str) -> StoreResult<bool> {
    let open = consent_request::table.find(id).filter(consent_request::reminded.eq(false));
    Ok(diesel::update(open).set(consent_request::reminded.eq(true)).execute(connection)? == 1)
}

/// Writes what may change of a locked request: status, product, terms, approvals, consent, and whether it is hidden.
pub fn save(connection: &mut AnyConnection, changed: &ConsentRequest) -> StoreResult<()> {
    let changes = (
        consent_request::status.eq(changed.status.as_str()),
        consent_request::hidden.eq(changed.hidden),
        consent_request::product_id.eq(&changed.product),
        consent_request::terms.eq(json(&changed.terms)?),
        consent_request::approvals.eq(json(&changed.approvals)?),
        consent_request::consent_id.eq(changed.consent.as_deref()),
        consent_request::decided_at.eq(changed.decided_at.map(Timestamp::naive)),
    );
    diesel::update(consent_request::table.find(&changed.id)).set(changes).execute(connection)?;
    Ok(())
}

/// Sets the one link that is handed over, or takes it away.
pub fn set_hand_over(
    connection: &mut AnyConnection,
    id: &str,
    link: Option<(&str, Timestamp)>,
) -> StoreResult<()> {
    let (hash, until) = link.map(|(hash, until)| (hash, until.naive())).unzip();
    diesel::update(consent_request::table.find(id))
        .set((consent_request::hand_over_hash.eq(hash), consent_request::hand_over_until.eq(until)))
        .execute(connection)?;
    Ok(())
}
