//! What banks signed: decisions, loan events and manifests of many, byte for byte as they came.
//!
//! A bank's `jti` is taken once: the same statement again is found here, and changes nothing.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::schema::bank_statement;
use crate::domain::member::{MemberId, wire_enum};
use crate::domain::timestamp::Timestamp;

wire_enum! {
    /// What a statement says.
    pub enum StatementKind {
        /// A decision on an application.
        Decision = "decision",
        /// One event of a facility or note.
        Event = "event",
        /// Many events and month-end positions.
        Manifest = "manifest",
    }
}

/// A statement as kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BankStatement {
    /// Who signed it.
    pub bank: MemberId,
    /// The bank's own id of it, unique among its statements.
    pub jti: String,
    /// What it says.
    pub kind: StatementKind,
    /// `sha-256:` and the base64url digest of the JWS.
    pub digest: String,
    /// The decision, event or manifest that came of it.
    pub object_id: String,
    /// Compact JWS, as it came.
    pub jws: String,
    /// When.
    pub received_at: Timestamp,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = bank_statement)]
struct Row {
    bank: String,
    jti: String,
    kind: String,
    digest: String,
    object_id: String,
    jws: String,
    received_at: NaiveDateTime,
}

impl Row {
    fn parse(self) -> StoreResult<BankStatement> {
        let corrupt = |why: &dyn ToString| StoreError::corrupt("bank_statement", why.to_string());
        Ok(BankStatement {
            bank: self.bank.parse().map_err(|e| corrupt(&e))?,
            kind: self.kind.parse().map_err(|e| corrupt(&e))?,
            jti: self.jti,
            digest: self.digest,
            object_id: self.object_id,
            jws: self.jws,
            received_at: Timestamp::from_naive(self.received_at),
        })
    }
}

/// The bank's statement of that `jti`, if it was taken before.
pub fn find(
    connection: &mut AnyConnection,
    bank: &MemberId,
    jti: &str,
) -> StoreResult<Option<BankStatement>> {
    let row: Option<Row> = on_backend!(connection, c => bank_statement::table
        .find((bank.as_str(), jti)).get_result(c).optional())?;
    row.map(Row::parse).transpose()
}

/// The statement that this decision, event or manifest came of.
pub fn of_object(connection: &mut AnyConnection, object_id: &str) -> StoreResult<Option<BankStatement>> {
    let row: Option<Row> =
        bank_statement::table.filter(bank_statement::object_id.eq(object_id)).first(connection).optional()?;
    row.map(Row::parse).transpose()
}

/// Keeps a statement. `Duplicate` if another process took the same `jti` first: decide again.
pub fn insert(connection: &mut AnyConnection, statement: &BankStatement) -> StoreResult<()> {
    let row = Row {
        bank: statement.bank.to_string(),
        jti: statement.jti.clone(),
        kind: statement.kind.to_string(),
        digest: statement.digest.clone(),
        object_id: statement.object_id.clone(),
        jws: statement.jws.clone(),
        received_at: statement.received_at.naive(),
    };
    diesel::insert_into(bank_statement::table).values(&row).execute(connection)?;
    Ok(())
}
