//! Versions of the policy: those that were ever in force, and the one that is.

use std::sync::Arc;

use arc_swap::ArcSwap;
use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::schema::{ledger_head, policy};
use crate::domain::policy::{Policy, WITHOUT_LIMITS};
use crate::domain::timestamp::Timestamp;

/// The policy that this process judges by: the one that the ledger's head names, read again when another is named.
#[derive(Clone)]
pub struct InForce(Arc<ArcSwap<Policy>>);

impl InForce {
    /// Begins with a policy that was just put in force, or found to be.
    pub fn new(policy: Policy) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(policy)))
    }

    /// The policy as last seen: what a write unit decides by is asked with [`InForce::named`].
    pub fn last_seen(&self) -> Arc<Policy> {
        self.0.load_full()
    }

    /// The policy that a head names. Another process may have put it in force: then it is read, once.
    pub fn named(&self, connection: &mut AnyConnection, version: &str) -> StoreResult<Arc<Policy>> {
        let known = self.0.load_full();
        if known.version == version {
            return Ok(known);
        }
        let found = find(connection, version)?
            .ok_or_else(|| StoreError::corrupt("ledger_head", "it names a policy that is not kept"))?;
        let found = Arc::new(found);
        self.0.store(found.clone());
        Ok(found)
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = policy)]
struct PolicyRow {
    version: String,
    limits: String,
    digest: String,
    first_at: NaiveDateTime,
}

/// A policy by its version; [`WITHOUT_LIMITS`] needs no row.
pub fn find(connection: &mut AnyConnection, version: &str) -> StoreResult<Option<Policy>> {
    if version == WITHOUT_LIMITS {
        return Ok(Some(Policy::unlimited(version)));
    }
    let row: Option<PolicyRow> =
        on_backend!(connection, c => policy::table.find(version).get_result(c).optional())?;
    row.map(|row| serde_json::from_str(&row.limits).map_err(|e| StoreError::corrupt("policy", e))).transpose()
}

/// Digest of a version that was in force before, if it was.
pub fn digest(connection: &mut AnyConnection, version: &str) -> StoreResult<Option<String>> {
    Ok(
        on_backend!(connection, c => policy::table.find(version).select(policy::digest).get_result(c).optional())?,
    )
}

/// Keeps a version. `json` is the canonical JSON that the digest names.
pub fn insert(
    connection: &mut AnyConnection,
    version: &str,
    json: &str,
    digest: &str,
    at: Timestamp,
) -> StoreResult<()> {
    let row = PolicyRow {
        version: version.to_owned(),
        limits: json.to_owned(),
        digest: digest.to_owned(),
        first_at: at.naive(),
    };
    on_backend!(connection, c => diesel::insert_into(policy::table).values(&row).on_conflict_do_nothing().execute(c))?;
    Ok(())
}

/// Names the version in force in the ledger's head.
pub fn put_in_force(connection: &mut AnyConnection, version: &str) -> StoreResult<()> {
    on_backend!(connection, c => diesel::update(ledger_head::table.find(1)).set(ledger_head::policy.eq(version)).execute(c))?;
    Ok(())
}
