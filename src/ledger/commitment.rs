//! Commitments: values in an entry that only the holder of the entry's salt can tell.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{self, SHA256};
use ring::error::Unspecified;
use ring::rand::SecureRandom;

/// The random 32 bytes that one leaf's commitments are made under. Whoever has them can open the
/// commitments; once erased, nobody can.
#[derive(Clone, PartialEq, Eq)]
pub struct Salt([u8; 32]);

impl Salt {
    /// Takes a stored salt.
    pub const fn from_bytes(bytes: [u8; 32]) -> Salt {
        Salt(bytes)
    }

    /// Draws a fresh salt; every leaf gets its own.
    pub fn random(source: &dyn SecureRandom) -> Result<Salt, Unspecified> {
        let mut bytes = [0; 32];
        source.fill(&mut bytes)?;
        Ok(Salt(bytes))
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Salt {
    /// Keeps the salt out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(…)")
    }
}

/// The commitment to a value: base64url, unpadded, of SHA-256(salt ‖ value) (`protocol`, ledger entries).
pub fn commit(salt: &Salt, value: &str) -> String {
    let mut context = digest::Context::new(&SHA256);
    context.update(&salt.0);
    context.update(value.as_bytes());
    URL_SAFE_NO_PAD.encode(context.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_salt_goes_before_the_value() {
        // Computed with Python's hashlib and base64.
        assert_eq!(
            commit(&Salt::from_bytes([7; 32]), "risk-desk"),
            "hUzp6ZsD_TyvZrw9UCM4Bb8QVeZLSMmOiJeHnNMxcjs"
        );
    }

    #[test]
    fn commitments_hide_behind_a_fresh_salt() {
        let random = ring::rand::SystemRandom::new();
        let (one, two) = (Salt::random(&random).unwrap(), Salt::random(&random).unwrap());
        assert_ne!(commit(&one, "91440300MA5EXAMPLE"), commit(&two, "91440300MA5EXAMPLE"));
        assert_eq!(Salt::from_bytes(*one.as_bytes()), one);
        assert_eq!(format!("{one:?}"), "Salt(…)");
    }
}
