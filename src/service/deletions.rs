//! 删除声明: a bank's signed word that it deleted what it had received, and the consents for which it is overdue.
//!
//! PIPL Arts 19 and 47: data is kept no longer than its purpose needs. A consent fixes the last day (`retain_until`);
//! after it the bank owes the statement, a JWS by its registered signing key.

use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::Exchange;
use super::admin::Actor;
use super::consent::draft;
use super::directory::Caller;
use super::error::{ServiceError, ServiceResult};
use super::evidence;
use super::receipt::Receipt;
use crate::domain::consent::Consent;
use crate::domain::key_use::KeyUse;
use crate::domain::member::{MemberId, wire_enum};
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::seal::jws::{read_header, verify_es256};
use crate::store::consents;
use crate::store::deletions::{self, DeletionRow, RetentionRow, Wanted};
use crate::store::ledger::Field;
use crate::store::member_keys::{self, MemberKey};

/// The `typ` of a statement.
pub const STATEMENT_TYPE: &str = "deletion-statement+jwt";

wire_enum! {
    /// What was deleted.
    pub enum DeletionScope {
        /// 全部删除: everything received under the consent.
        All = "all",
        /// 除法定留存外全部删除: everything but what a law makes the bank keep.
        ExceptRequiredByLaw = "except_required_by_law",
    }
}

/// What a statement says; signed by the bank (ES256).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The consent under which the data came.
    pub consent_id: String,
    /// When it was deleted.
    pub deleted_at: Timestamp,
    /// What was.
    pub scope: DeletionScope,
}

/// A statement as received, with its place in the ledger.
#[derive(Clone, Debug, Serialize)]
pub struct Stated {
    /// What the bank stated.
    #[serde(flatten)]
    pub statement: Statement,
    /// When it was received.
    pub received_at: Timestamp,
    /// Proves it; the first time, if it was stated twice.
    pub receipt: Receipt,
}

/// What is owed, or was stated, for one consent under which data left.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RetentionView {
    /// The consent.
    pub consent_id: String,
    /// The bank.
    pub bank: String,
    /// The last day (Asia/Shanghai) on which the bank may keep what it received.
    pub retain_until: NaiveDate,
    /// When the bank says that it deleted it; null if it has not said so.
    pub deleted_at: Option<Timestamp>,
    /// Whether the day has passed without a statement.
    pub overdue: bool,
}

/// Takes a bank's statement. The same one twice changes nothing; another one about the same consent is a conflict.
pub async fn state(
    exchange: &Arc<Exchange>,
    caller: &Caller,
    consent_id: String,
    jws: String,
) -> ServiceResult<Stated> {
    let caller = caller.clone();
    let ((statement, row, new), committed) = exchange
        .writer
        .unit(move |c, now| {
            let found = consents::lock(c, &[&consent_id])?.pop();
            let Some(consent) = found.filter(|consent| consent.terms.bank == caller.member) else {
                return Ok(Err(ServiceError::NotFound));
            };
            let keys = member_keys::of_member(c, &caller.member)?;
            let statement = match checked(&keys, &jws, &consent, now) {
                Ok(statement) => statement,
                Err(why) => return Ok(Err(why)),
            };
            match deletions::of_consent(c, &consent_id)? {
                Some(earlier) if earlier.statement == jws => {
                    return Ok(Ok(((statement, earlier, false), Vec::new())));
                }
                Some(_other) => {
                    return Ok(Err(ServiceError::Conflict(
                        "the deletion of this consent's data was stated before, in other words".into(),
                    )));
                }
                None => {}
            }
            let row = DeletionRow {
                consent_id: consent_id.clone(),
                bank: caller.member.to_string(),
                scope: statement.scope.to_string(),
                deleted_at: statement.deleted_at.naive(),
                statement: jws,
                received_at: now.naive(),
            };
            deletions::insert(c, &row)?;
            let mut draft = draft(EntryKind::DeletionStated, &Actor::from(&caller), &consent);
            // The actor is the bank: there is nothing to commit to besides.
            draft.fields.retain(|(name, _): &(&str, Field)| *name != "bank");
            Ok(Ok(((statement, row, true), vec![draft])))
        })
        .await?;
    let receipt = match new {
        true => committed.receipt(0)?,
        false => evidence::receipt_of(exchange, &row.consent_id, EntryKind::DeletionStated).await?,
    };
    Ok(Stated { statement, received_at: Timestamp::from_naive(row.received_at), receipt })
}

/// Reads a statement: signed by one of the bank's signing keys, about this consent, of a deletion that has happened.
fn checked(keys: &[MemberKey], jws: &str, consent: &Consent, now: Timestamp) -> ServiceResult<Statement> {
    let refuse = |why: &dyn ToString| ServiceError::invalid("/statement", why.to_string());
    let header = read_header(jws).map_err(|why| refuse(&why))?;
    let own = keys.iter().find(|key| key.usage == KeyUse::Signing && key.kid == header.kid);
    let key = own.ok_or_else(|| refuse(&"kid must name a signing key that this bank registered"))?;
    let point = key.jwk.point().map_err(ServiceError::internal)?;
    let payload = verify_es256(jws, STATEMENT_TYPE, &point).map_err(|why| refuse(&why))?;
    let statement: Statement = serde_json::from_str(&payload).map_err(|why| refuse(&why))?;
    if statement.consent_id != consent.terms.id {
        return Err(refuse(&"consent_id must be the one of the path"));
    }
    if statement.deleted_at > now || statement.deleted_at < consent.terms.valid_from {
        return Err(refuse(&"deleted_at must lie between valid_from and now"));
    }
    Ok(statement)
}

/// One page of consents under which data left: what each bank owes, or stated. A bank sees its own.
pub async fn page(
    exchange: &Arc<Exchange>,
    bank: Option<MemberId>,
    overdue: bool,
    after: String,
    limit: i64,
) -> ServiceResult<Vec<RetentionView>> {
    let today = exchange.clock.now().shanghai_date();
    let wanted =
        Wanted { bank: bank.map(|bank| bank.to_string()), overdue_on: overdue.then_some(today), after };
    let rows = exchange.blocking(move |e| Ok(e.ledger.read(|c| deletions::page(c, &wanted, limit))?)).await?;
    Ok(rows.into_iter().map(|row| view(row, today)).collect())
}

fn view(row: RetentionRow, today: NaiveDate) -> RetentionView {
    RetentionView {
        overdue: row.deleted_at.is_none() && row.retain_until < today,
        consent_id: row.consent_id,
        bank: row.bank,
        retain_until: row.retain_until,
        deleted_at: row.deleted_at.map(Timestamp::from_naive),
    }
}
