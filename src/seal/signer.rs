//! Whoever holds a private key: a file's key in memory, or a token that never lets the key out.
//!
//! Two kinds of signatures are made: ES256 (RFC 7518 section 3.4: ECDSA on P-256 with SHA-256, as r ‖ s) for
//! dossiers, and Ed25519 (RFC 8032) for checkpoints. Both are 64 bytes.

use std::sync::Arc;

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};

/// A signature could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no signature was made: {0}")]
pub struct SignerError(pub String);

/// What a key signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureKind {
    /// ECDSA on P-256 with SHA-256; the public key is an uncompressed point of 65 bytes.
    Es256,
    /// Ed25519; the public key has 32 bytes.
    Ed25519,
}

/// A private key that signs. May be called from several threads at once.
pub trait Signer: Send + Sync {
    /// What it signs with.
    fn kind(&self) -> SignatureKind;

    /// The public half, as its kind writes it.
    fn public_key(&self) -> &[u8];

    /// Where the key is, for people: a file's name or a token's label.
    fn place(&self) -> &str;

    /// Signs the message's bytes as they are; hashing is the signer's.
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignerError>;
}

/// A key in memory that signs ES256, from PKCS#8 DER; `None` if that is no P-256 key.
pub fn es256_in_memory(pkcs8_der: &[u8], place: &str) -> Option<Arc<dyn Signer>> {
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8_der, &random).ok()?;
    Some(Arc::new(Es256InMemory { key, random, place: place.to_owned() }))
}

/// A key in memory that signs Ed25519, from PKCS#8 DER of version 1 or 2; `None` if that is no Ed25519 key.
pub fn ed25519_in_memory(pkcs8_der: &[u8], place: &str) -> Option<Arc<dyn Signer>> {
    let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8_der).ok()?;
    Some(Arc::new(Ed25519InMemory { key, place: place.to_owned() }))
}

struct Es256InMemory {
    key: EcdsaKeyPair,
    random: SystemRandom,
    place: String,
}

impl Signer for Es256InMemory {
    fn kind(&self) -> SignatureKind {
        SignatureKind::Es256
    }

    fn public_key(&self) -> &[u8] {
        self.key.public_key().as_ref()
    }

    fn place(&self) -> &str {
        &self.place
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignerError> {
        let signature = self.key.sign(&self.random, message);
        sixty_four(signature.map_err(|_| SignerError("no randomness".to_owned()))?.as_ref())
    }
}

struct Ed25519InMemory {
    key: Ed25519KeyPair,
    place: String,
}

impl Signer for Ed25519InMemory {
    fn kind(&self) -> SignatureKind {
        SignatureKind::Ed25519
    }

    fn public_key(&self) -> &[u8] {
        self.key.public_key().as_ref()
    }

    fn place(&self) -> &str {
        &self.place
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignerError> {
        sixty_four(self.key.sign(message).as_ref())
    }
}

/// Both kinds of signatures have 64 bytes; a signer that gives another number is broken.
pub fn sixty_four(signature: &[u8]) -> Result<[u8; 64], SignerError> {
    signature.try_into().map_err(|_| SignerError(format!("{} bytes instead of 64", signature.len())))
}

#[cfg(test)]
mod tests {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, ED25519, UnparsedPublicKey};

    use super::super::keys::{generate_ed25519, generate_p256};
    use super::*;

    #[test]
    fn signatures_verify_under_the_stated_public_key() {
        let signer = es256_in_memory(&generate_p256().unwrap(), "a.key").unwrap();
        let signature = signer.sign(b"m").unwrap();
        assert_eq!(
            (signer.kind(), signer.public_key().len(), signer.place()),
            (SignatureKind::Es256, 65, "a.key")
        );
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, signer.public_key());
        assert!(key.verify(b"m", &signature).is_ok() && key.verify(b"n", &signature).is_err());

        let signer = ed25519_in_memory(&generate_ed25519().unwrap(), "b.key").unwrap();
        let signature = signer.sign(b"m").unwrap();
        assert_eq!((signer.kind(), signer.public_key().len()), (SignatureKind::Ed25519, 32));
        let key = UnparsedPublicKey::new(&ED25519, signer.public_key());
        assert!(key.verify(b"m", &signature).is_ok() && key.verify(b"n", &signature).is_err());
    }

    #[test]
    fn a_key_of_the_other_kind_is_none() {
        assert!(es256_in_memory(&generate_ed25519().unwrap(), "").is_none());
        assert!(ed25519_in_memory(&generate_p256().unwrap(), "").is_none());
    }
}
