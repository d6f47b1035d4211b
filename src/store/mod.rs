//! The databases: connections, units of work, one file per aggregate.
//!
//! Two databases, never one transaction across both: *data* (what the bureau delivered) and *ledger*
//! (who was allowed what, and what left). SQLite keeps each in a file, PostgreSQL in a schema.
//!
//! Point reads by key end in `get_result`, not `first`: that adds a bound LIMIT, and the bundled SQLite
//! prepares a statement with one anew for every run (measured: a seventh of the writer's time).

pub mod accesses;
pub mod anchor;
pub mod annotation_scan;
pub mod annotations;
pub mod audit_read;
pub mod bank_blocks;
pub mod bank_statements;
pub mod batches;
pub mod cases;
pub mod concern;
mod connection;
pub mod consent_clock;
pub mod consent_requests;
pub mod consent_texts;
pub mod consents;
pub mod corrections;
pub mod cosigned;
pub mod db;
pub mod deletions;
pub mod disclosures;
pub mod error;
pub mod fact_search;
pub mod facts;
pub mod figures;
pub mod firm_consents;
pub mod firm_settings;
pub mod holds;
pub mod idempotency;
pub mod ledger;
pub mod ledger_read;
pub mod ledger_scan;
pub mod mandates;
pub mod member_contacts;
pub mod member_keys;
pub mod members;
pub mod migrate;
pub mod notifications;
pub mod objections;
pub mod own_copies;
pub mod personal_consents;
pub mod policies;
pub mod products;
pub mod proposals;
pub mod quota;
pub mod records;
pub mod release_unit;
pub mod releases;
pub mod reports;
pub mod representatives;
pub mod return_urls;
mod schema;
pub mod sentinels;
pub mod sessions;
pub mod sign_ins;
pub mod tree;
pub mod violation_notices;
pub mod witness_state;
