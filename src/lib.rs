//! 税贷易: the exchange between a tax bureau and its member banks.
//!
//! One job, five moves: authorise, pull, release, decide, account for it. The layers, from the
//! bottom up, are `domain`; `seal`, `ledger`, `readable`, `clock`; `store`; `outbound`; `service`; `http`;
//! `portal`; `config`; `app`; `cli`. Imports point only down, and `tests/architecture.rs` keeps it so.

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod http;
pub mod ledger;
pub mod outbound;
pub mod portal;
pub mod readable;
pub mod seal;
pub mod service;
pub mod store;
