//! The integration tests: the real gateway over real mutual TLS, on SQLite and on PostgreSQL.
//!
//! One binary, so that it links once. The only double is the clock.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::as_conversions, missing_docs)]

mod audit;
mod brake;
mod certificates;
mod coverage;
mod deliveries;
mod fields;
mod flows;
mod import_memory;
mod input;
mod input_batches;
mod input_formats;
mod input_keys;
mod input_streams;
mod kill;
mod quotas;
mod races;
mod refusals;
mod restore;
mod sections;
mod sentinels;
mod stress;
mod support;
mod tree;
mod two_gateways;
mod whole;
