//! Clients of other systems, and of a gateway as its members see it.

pub mod gateway_client;
pub mod oidc;
pub mod pkcs11;
pub mod strict_client;
pub mod webhook_client;
pub mod witness_client;
