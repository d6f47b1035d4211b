//! The integration tests: the real gateway over real mutual TLS, on SQLite and on PostgreSQL.
//!
//! One binary, so that it links once. The only double is the clock.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::as_conversions, missing_docs)]

mod anchor;
mod audit;
mod audit_index;
mod brake;
mod certificates;
mod consent_boundaries;
mod consent_standing;
mod coverage;
mod crl;
mod deliveries;
mod disk_full;
mod evidence;
mod fault_points;
mod fields;
mod firm;
mod flows;
mod import_memory;
mod input;
mod input_batches;
mod input_formats;
mod input_keys;
mod input_streams;
mod keys;
mod kill;
mod ledger_audit;
mod lifecycle;
mod log;
mod mandates;
mod member_keys;
mod pkcs11;
mod portal;
mod portal_pages;
mod preview;
mod quotas;
mod races;
mod recover;
mod refusals;
mod replay;
mod requests;
mod restore;
mod sections;
mod sentinels;
mod standby;
mod stress;
mod support;
mod tree;
mod two_gateways;
mod visibility;
mod whole;
mod witness;
mod witness_others;
mod witness_program;
