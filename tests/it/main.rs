//! The integration tests: the real gateway over real mutual TLS, on SQLite and on PostgreSQL.
//!
//! One binary, so that it links once. The only double is the clock.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::as_conversions, missing_docs)]

mod audit;
mod audit_index;
mod certificates;
mod coverage;
mod deliveries;
mod evidence;
mod fields;
mod flows;
mod import_memory;
mod input;
mod input_batches;
mod input_formats;
mod input_keys;
mod input_streams;
mod keys;
mod kill;
mod mandates;
mod quotas;
mod races;
mod refusals;
mod replay;
mod restore;
mod sections;
mod stress;
mod support;
mod tree;
mod two_gateways;
mod whole;
