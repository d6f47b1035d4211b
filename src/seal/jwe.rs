//! Compact JWE (RFC 7516): ECDH-ES on P-256 with A256GCM (RFC 7518 sections 4.6 and 5.3), encryption only.
//!
//! Each message has an ephemeral key and an initialisation vector of its own. This exchange never decrypts: what it
//! encrypts is for others, and ring does not import the static keys that decryption needs.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::rand::{SecureRandom, SystemRandom};
use serde::Serialize;

use super::digest::{base64url, sha256};
use super::jwk::{JwkError, PublicJwk};

/// The content encryption, by its name in a header.
const ENCRYPTION: &str = "A256GCM";

/// Why nothing was encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JweError {
    /// The recipient's key.
    #[error("the recipient's key cannot be used: {0}")]
    Key(#[from] JwkError),
    /// The recipient's point is not on the curve.
    #[error("the recipient's key is no point of P-256")]
    Point,
    /// The operating system gave no randomness.
    #[error("encryption failed: no randomness")]
    Randomness,
    /// The header cannot be written, or the text is too long for one message.
    #[error("encryption failed")]
    Encryption,
}

/// The header's members in the order in which they are written.
#[derive(Serialize)]
struct WrittenHeader<'a> {
    alg: &'a str,
    enc: &'a str,
    kid: &'a str,
    cty: &'a str,
    epk: PublicJwk,
}

/// Encrypts a text of type `cty` to a key that the recipient calls `kid`.
pub fn encrypt(recipient: &PublicJwk, kid: &str, cty: &str, text: &str) -> Result<String, JweError> {
    let random = SystemRandom::new();
    let point = recipient.point()?;
    let own = EphemeralPrivateKey::generate(&ECDH_P256, &random).map_err(|_| JweError::Randomness)?;
    let public = own.compute_public_key().map_err(|_| JweError::Randomness)?;
    let epk = PublicJwk::of_point(public.as_ref()).ok_or(JweError::Encryption)?;
    let key = agree_ephemeral(own, &UnparsedPublicKey::new(&ECDH_P256, &point), |shared| {
        derived_key(shared, ENCRYPTION, b"", b"", 256)
    });
    let key = key.map_err(|_| JweError::Point)?;
    let header = WrittenHeader { alg: "ECDH-ES", enc: ENCRYPTION, kid, cty, epk };
    let header = serde_json::to_vec(&header).map_err(|_| JweError::Encryption)?;
    let mut iv = [0; 12];
    random.fill(&mut iv).map_err(|_| JweError::Randomness)?;
    sealed(&base64url(&header), &key, iv, text)
}

/// Header, no encrypted key, initialisation vector, ciphertext, tag (RFC 7516 section 7.1).
fn sealed(header: &str, key: &[u8; 32], iv: [u8; 12], text: &str) -> Result<String, JweError> {
    let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| JweError::Encryption)?;
    let mut bytes = text.as_bytes().to_vec();
    let tag = LessSafeKey::new(key)
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(iv), Aad::from(header), &mut bytes)
        .map_err(|_| JweError::Encryption)?;
    Ok([header, "", &base64url(&iv), &base64url(&bytes), &base64url(tag.as_ref())].join("."))
}

/// One round of Concat KDF with SHA-256 (RFC 7518 section 4.6.2), enough for up to 256 bits. Direct key agreement
/// names the content encryption as the algorithm.
fn derived_key(shared: &[u8], algorithm: &str, apu: &[u8], apv: &[u8], bits: u32) -> [u8; 32] {
    let mut input = 1_u32.to_be_bytes().to_vec();
    input.extend_from_slice(shared);
    for part in [algorithm.as_bytes(), apu, apv] {
        // Names and party information are some bytes; 4 GiB cannot reach this point.
        input.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        input.extend_from_slice(part);
    }
    input.extend_from_slice(&bits.to_be_bytes());
    sha256(&input)
}

#[cfg(test)]
mod tests {
    use p256::SecretKey;
    use p256::ecdh::diffie_hellman;
    use serde_json::Value;

    use super::super::digest::base64url_decode;
    use super::*;

    /// RFC 7518 appendix C.
    #[test]
    fn the_key_of_the_standards_example() {
        let shared = [
            158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49, 110, 163,
            218, 128, 106, 72, 246, 218, 167, 121, 140, 254, 144, 196,
        ];
        let key = derived_key(&shared, "A128GCM", b"Alice", b"Bob", 128);
        assert_eq!(base64url(&key[..16]), "VqqN6vgjbSBcIijNcacQGg");
    }

    fn recipient() -> (SecretKey, PublicJwk) {
        let secret = SecretKey::from_slice(&[7; 32]).unwrap();
        let jwk = PublicJwk::of_point(&secret.public_key().to_sec1_bytes()).unwrap();
        (secret, jwk)
    }

    /// Decrypts with another implementation of the curve.
    fn decrypt(compact: &str, secret: &SecretKey) -> Option<(Value, String)> {
        let parts: Vec<&str> = compact.split('.').collect();
        assert!(parts.len() == 5 && parts[1].is_empty());
        let part = |at: usize| base64url_decode(parts[at]).unwrap();
        let header: Value = serde_json::from_slice(&part(0)).unwrap();
        let epk: PublicJwk = serde_json::from_value(header["epk"].clone()).unwrap();
        let public = p256::PublicKey::from_sec1_bytes(&epk.point().unwrap()).unwrap();
        let shared = diffie_hellman(secret.to_nonzero_scalar(), public.as_affine());
        let key = derived_key(shared.raw_secret_bytes(), ENCRYPTION, b"", b"", 256);
        let mut text = [part(3), part(4)].concat();
        let nonce = Nonce::try_assume_unique_for_key(&part(2)).unwrap();
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap());
        let text = key.open_in_place(nonce, Aad::from(parts[0]), &mut text).ok()?;
        Some((header, String::from_utf8(text.to_vec()).unwrap()))
    }

    #[test]
    fn the_recipient_reads_it_and_nobody_else() {
        let (secret, jwk) = recipient();
        let compact = encrypt(&jwk, "k-1", "dossier+sd-jwt", "税~票~").unwrap();
        let (header, text) = decrypt(&compact, &secret).unwrap();
        assert_eq!(text, "税~票~");
        assert_eq!((&header["alg"], &header["enc"]), (&"ECDH-ES".into(), &"A256GCM".into()));
        assert_eq!((&header["kid"], &header["cty"]), (&"k-1".into(), &"dossier+sd-jwt".into()));
        assert!(compact.split('.').next().unwrap().len() < 512, "strict libraries refuse a longer header");
        assert!(decrypt(&compact, &SecretKey::from_slice(&[8; 32]).unwrap()).is_none());
        // The header is authenticated too: the same one with its members spaced otherwise does not open it.
        let (first, rest) = compact.split_once('.').unwrap();
        let spaced = String::from_utf8(base64url_decode(first).unwrap()).unwrap().replacen(',', ", ", 1);
        assert!(decrypt(&format!("{}.{rest}", base64url(spaced.as_bytes())), &secret).is_none());
        assert_ne!(encrypt(&jwk, "k-1", "dossier+sd-jwt", "税~票~").unwrap(), compact, "fresh each time");
    }

    #[test]
    fn a_point_off_the_curve_is_refused() {
        let (_, mut jwk) = recipient();
        jwk.y = base64url(&[1; 32]);
        assert_eq!(encrypt(&jwk, "k", "c", ""), Err(JweError::Point));
        jwk.crv = "P-384".to_owned();
        assert_eq!(encrypt(&jwk, "k", "c", ""), Err(JweError::Key(JwkError::Kind)));
    }
}
