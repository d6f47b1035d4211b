//! The gateway port: mutual TLS, a route table that is data, handlers that only translate.

pub mod audit;
pub mod batch_errors;
pub mod batches;
pub mod body;
pub mod connection;
pub mod consents;
pub mod console;
pub mod dossiers;
pub mod gate;
pub mod holds;
pub mod ledger;
pub mod live_tls;
pub mod mandates;
pub mod members;
pub mod operations;
pub mod pages;
pub mod problem;
pub mod products;
pub mod proposals;
pub mod quota;
pub mod releases;
pub mod routes;
pub mod server;
pub mod tls;
pub mod witness_server;
