//! The salt of a disclosure, derived instead of drawn.
//!
//! A derived salt lets a dossier be rebuilt byte for byte years later, while different contents and
//! different banks still never share one. RFC 9901 section 9.3 asks for 128 bits that nobody can
//! predict; an HMAC under a secret key gives them.

use std::fmt;

use ring::hmac;

use super::digest::{base64url, sha256};

/// The secret of one salt epoch. Old ones are kept for as long as their releases may be replayed.
pub struct SaltKey {
    epoch: u32,
    key: hmac::Key,
}

impl SaltKey {
    /// The key of `epoch` from its 32 secret bytes.
    pub fn new(epoch: u32, secret: &[u8; 32]) -> Self {
        Self { epoch, key: hmac::Key::new(hmac::HMAC_SHA256, secret) }
    }

    /// Which epoch this key belongs to; recorded with every release.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The salt of `content` (the section object's canonical JSON) for this taxpayer, bank and section.
    ///
    /// Each part is preceded by its length as four big-endian bytes, so that no two different
    /// lists of parts give the same input.
    pub fn disclosure_salt(&self, taxpayer: &str, bank: &str, section: &str, content: &[u8]) -> [u8; 16] {
        self.derived(&[taxpayer.as_bytes(), bank.as_bytes(), section.as_bytes(), &sha256(content)])
    }

    /// The name under which `bank` knows a counterparty: the same in every dossier of that bank and epoch, another
    /// for every other bank, and telling nothing of the number behind it. 22 characters of base64url.
    pub fn pseudonym(&self, bank: &str, counterparty: &str) -> String {
        // Three parts, where a salt has four: the two never have the same input.
        base64url(&self.derived(&[b"counterparty", bank.as_bytes(), counterparty.as_bytes()]))
    }

    /// A key for another use, named by its label; it tells nothing of this one.
    pub fn subkey(&self, label: &str) -> hmac::Key {
        // One part, where a salt has four and a pseudonym three.
        let mut mac = hmac::Context::with_key(&self.key);
        mac.update(&u32::try_from(label.len()).unwrap_or(u32::MAX).to_be_bytes());
        mac.update(label.as_bytes());
        hmac::Key::new(hmac::HMAC_SHA256, mac.sign().as_ref())
    }

    fn derived(&self, parts: &[&[u8]]) -> [u8; 16] {
        let mut mac = hmac::Context::with_key(&self.key);
        for part in parts {
            // Identifiers are at most some dozens of bytes; a part of 4 GiB cannot reach this point.
            mac.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            mac.update(part);
        }
        let tag = mac.sign();
        let mut derived = [0; 16];
        derived.copy_from_slice(&tag.as_ref()[..16]);
        derived
    }
}

impl fmt::Debug for SaltKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SaltKey").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::digest::hexadecimal;
    use super::*;

    fn key() -> SaltKey {
        let mut secret = [0; 32];
        for (value, byte) in (0u8..).zip(secret.iter_mut()) {
            *byte = value;
        }
        SaltKey::new(7, &secret)
    }

    /// The expected value was computed with Python's `hmac` and `struct.pack(">I", …)`.
    #[test]
    fn golden_vector() {
        let salt = key().disclosure_salt("91440300MA5DEMO01X", "bank-03", "rating", br#"{"status":"empty"}"#);
        assert_eq!(hexadecimal(&salt), "3b33a7f31038843b1b9249a86998e0be");
    }

    #[test]
    fn every_part_counts_and_parts_do_not_run_together() {
        let base = key().disclosure_salt("t", "bank-03", "rating", b"x");
        let others = [
            key().disclosure_salt("tb", "ank-03", "rating", b"x"),
            key().disclosure_salt("t", "bank-04", "rating", b"x"),
            key().disclosure_salt("t", "bank-03", "filings", b"x"),
            key().disclosure_salt("t", "bank-03", "rating", b"y"),
            SaltKey::new(7, &[1; 32]).disclosure_salt("t", "bank-03", "rating", b"x"),
        ];
        assert!(others.iter().all(|other| *other != base));
        assert_eq!(key().epoch(), 7);
        assert_eq!(format!("{:?}", key()), "SaltKey { epoch: 7, .. }");
    }
}
