//! Keys, signatures, certificates and the SD-JWT container of a dossier.
//!
//! Knows no database, socket or clock: whatever depends on the time takes it as an argument. Key
//! files are read and written here, and nowhere else.

pub mod authority;
pub mod certificate;
pub mod client_assertion;
pub mod consent_receipt;
pub mod crl;
pub mod csr;
pub mod digest;
pub mod disclosed;
pub mod jwe;
pub mod jwk;
pub mod jws;
pub mod keys;
pub mod request;
pub mod salt;
pub mod sd_jwt;
pub mod signer;
pub mod strict_json;
pub mod trust;
pub mod verify;

#[cfg(test)]
mod sample;
