//! Compact JWS (RFC 7515) with ES256 (RFC 7518 section 3.4), signed and verified on ring.
//!
//! The algorithm and the type are pinned by the verifier, and the key comes from a directory, never
//! from the message: a header that brings its own key, or asks for an extension, is refused.

use std::sync::Arc;

use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde::Serialize;
use serde_json::{Map, Value};

use super::certificate::{CertificateError, MemberCertificate};
use super::digest::{base64url, base64url_decode, sha256};
use super::signer::{SignatureKind, Signer, SignerError, es256_in_memory};
use super::strict_json;

/// The `typ` of a dossier's issuer-signed JWT.
pub const DOSSIER_TYPE: &str = "dossier+sd-jwt";

/// Header members by which a message would choose its own key or extend the format.
const REFUSED_HEADER_MEMBERS: [&str; 6] = ["jwk", "jku", "x5u", "x5c", "crit", "b64"];

/// Why a message could not be signed, or is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum JwsError {
    /// The signing key is not a P-256 key in PKCS#8.
    #[error("the signing key is not a P-256 key in PKCS#8")]
    Key,
    /// The certificate cannot be read.
    #[error("the signing certificate cannot be read: {0}")]
    Certificate(#[from] CertificateError),
    /// Certificate and key are not a pair.
    #[error("the signing certificate belongs to another key")]
    CertificateOfAnotherKey,
    /// The key's holder made no signature.
    #[error(transparent)]
    Signing(#[from] SignerError),
    /// Not three parts separated by dots.
    #[error("not a compact JWS: three parts separated by dots are expected")]
    Parts,
    /// A part is not base64url.
    #[error("the {0} is not base64url without padding")]
    Base64url(&'static str),
    /// A part is not a JSON object, or repeats a key.
    #[error("the {part} is not a JSON object with unique keys: {cause}")]
    Json {
        /// Which part: header or payload.
        part: &'static str,
        /// What the reader said.
        cause: String,
    },
    /// The header has no such text.
    #[error("the header has no text {0:?}")]
    HeaderMissing(&'static str),
    /// The header has something that no sender may choose.
    #[error("the header has {0:?}, which is refused")]
    HeaderRefused(&'static str),
    /// Signed, or not signed, in another way.
    #[error("the header says alg {0:?}; only ES256 is accepted")]
    Algorithm(String),
    /// A message of another kind.
    #[error("the header says typ {found:?}; {expected:?} is expected")]
    Type {
        /// What the header says.
        found: String,
        /// What the verifier wants.
        expected: String,
    },
    /// The signature is not by this key over these bytes.
    #[error("the signature does not match")]
    Signature,
}

/// Signs with one key, under one header computed once.
pub struct JwtSigner {
    key: Arc<dyn Signer>,
    kid: String,
    certificate_digest: String,
    /// The encoded header and the dot after it.
    prefix: String,
}

/// The header's members in the order in which they are written.
#[derive(Serialize)]
struct WrittenHeader<'a> {
    alg: &'a str,
    kid: &'a str,
    typ: &'a str,
    #[serde(rename = "x5t#S256")]
    certificate_digest: &'a str,
}

impl JwtSigner {
    /// A signer of messages of type `typ` with a P-256 key (PKCS#8 DER) and the certificate (DER) of that key.
    pub fn new(pkcs8_der: &[u8], kid: &str, certificate_der: &[u8], typ: &str) -> Result<Self, JwsError> {
        let key = es256_in_memory(pkcs8_der, "memory").ok_or(JwsError::Key)?;
        Self::with_signer(key, kid, certificate_der, typ)
    }

    /// The same with a key held by a file or a token.
    pub fn with_signer(
        key: Arc<dyn Signer>,
        kid: &str,
        certificate_der: &[u8],
        typ: &str,
    ) -> Result<Self, JwsError> {
        if key.kind() != SignatureKind::Es256 {
            return Err(JwsError::Key);
        }
        let certificate = MemberCertificate::parse_der(certificate_der)?;
        if certificate.public_key.as_slice() != key.public_key() {
            return Err(JwsError::CertificateOfAnotherKey);
        }
        let certificate_digest = base64url(&sha256(certificate_der));
        let prefix = prefix(kid, typ, &certificate_digest)?;
        Ok(Self { key, kid: kid.to_owned(), certificate_digest, prefix })
    }

    /// The name of the key in the trust file.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Where the private key is, for people.
    pub fn place(&self) -> &str {
        self.key.place()
    }

    /// `x5t#S256`: base64url SHA-256 of the certificate (RFC 7515 section 4.1.8).
    pub fn certificate_digest(&self) -> &str {
        &self.certificate_digest
    }

    /// The compact JWS over the payload's bytes as they are.
    pub fn sign(&self, payload_json: &str) -> Result<String, JwsError> {
        self.sign_after(&self.prefix, payload_json)
    }

    /// The same as a message of another type: what the exchange attests besides dossiers, with the same key.
    pub fn sign_as(&self, typ: &str, payload_json: &str) -> Result<String, JwsError> {
        self.sign_after(&prefix(&self.kid, typ, &self.certificate_digest)?, payload_json)
    }

    fn sign_after(&self, prefix: &str, payload_json: &str) -> Result<String, JwsError> {
        // A 64-byte signature takes 86 characters, after a dot.
        let length = prefix.len() + payload_json.len().div_ceil(3) * 4 + 87;
        let mut compact = String::with_capacity(length);
        compact.push_str(prefix);
        compact.push_str(&base64url(payload_json.as_bytes()));
        let signature = self.key.sign(compact.as_bytes())?;
        compact.push('.');
        compact.push_str(&base64url(&signature));
        Ok(compact)
    }
}

/// The encoded header and the dot after it.
fn prefix(kid: &str, typ: &str, certificate_digest: &str) -> Result<String, JwsError> {
    let header = serde_json::to_string(&WrittenHeader { alg: "ES256", kid, typ, certificate_digest })
        .map_err(|cause| JwsError::Json { part: "header", cause: cause.to_string() })?;
    Ok(format!("{}.", base64url(header.as_bytes())))
}

/// A header before anything is verified: enough to look up the key, to be believed only afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnverifiedHeader {
    /// The signature algorithm it claims.
    pub alg: String,
    /// The kind of message it claims to be.
    pub typ: String,
    /// The name of the key in the directory.
    pub kid: String,
    /// Base64url SHA-256 of the signer's certificate, if given.
    pub certificate_digest: Option<String>,
}

/// Reads the header, and refuses one that brings a key or asks for an extension.
pub fn read_header(compact: &str) -> Result<UnverifiedHeader, JwsError> {
    let (header, _, _) = parts(compact)?;
    let header = json_part("header", header)?;
    if let Some(name) = REFUSED_HEADER_MEMBERS.into_iter().find(|name| header.contains_key(*name)) {
        return Err(JwsError::HeaderRefused(name));
    }
    let text = |name: &'static str| {
        header.get(name).and_then(Value::as_str).map(str::to_owned).ok_or(JwsError::HeaderMissing(name))
    };
    let certificate_digest = if header.contains_key("x5t#S256") { Some(text("x5t#S256")?) } else { None };
    Ok(UnverifiedHeader { alg: text("alg")?, typ: text("typ")?, kid: text("kid")?, certificate_digest })
}

/// The payload before anything is verified, for reports that name what is wrong.
pub fn read_unverified_payload(compact: &str) -> Result<Map<String, Value>, JwsError> {
    json_part("payload", parts(compact)?.1)
}

/// The payload's JSON text, once the message is of type `expected_typ` and signed by `public_key`
/// (an uncompressed P-256 point, 65 bytes). The payload is a JSON object without duplicate keys.
pub fn verify_es256(compact: &str, expected_typ: &str, public_key: &[u8]) -> Result<String, JwsError> {
    let header = read_header(compact)?;
    if header.alg != "ES256" {
        return Err(JwsError::Algorithm(header.alg));
    }
    if header.typ != expected_typ {
        return Err(JwsError::Type { found: header.typ, expected: expected_typ.to_owned() });
    }
    let (_, payload, signature) = parts(compact)?;
    let signature = base64url_decode(signature).map_err(|_| JwsError::Base64url("signature"))?;
    // Header, dot, payload: all before the dot that precedes the signature.
    let signed = compact.rsplit_once('.').ok_or(JwsError::Parts)?.0;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public_key)
        .verify(signed.as_bytes(), &signature)
        .map_err(|_| JwsError::Signature)?;
    json_part("payload", payload)?;
    text_part("payload", payload)
}

fn parts(compact: &str) -> Result<(&str, &str, &str), JwsError> {
    let mut parts = compact.split('.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(header), Some(payload), Some(signature), None) => Ok((header, payload, signature)),
        _ => Err(JwsError::Parts),
    }
}

fn text_part(part: &'static str, encoded: &str) -> Result<String, JwsError> {
    let bytes = base64url_decode(encoded).map_err(|_| JwsError::Base64url(part))?;
    String::from_utf8(bytes).map_err(|cause| JwsError::Json { part, cause: cause.to_string() })
}

fn json_part(part: &'static str, encoded: &str) -> Result<Map<String, Value>, JwsError> {
    let text = text_part(part, encoded)?;
    strict_json::parse_object(&text).map_err(|cause| JwsError::Json { part, cause: cause.to_string() })
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn signed() -> (String, Vec<u8>) {
        let signer = sample::signer();
        let key = signer.key.public_key().to_vec();
        (signer.sign(r#"{"a":1}"#).unwrap(), key)
    }

    /// The same payload under another header, with the same key's valid signature over it.
    fn resigned(header: &str, payload: &str) -> String {
        let signer = sample::signer();
        let input = format!("{}.{}", base64url(header.as_bytes()), base64url(payload.as_bytes()));
        let signature = signer.key.sign(input.as_bytes()).unwrap();
        format!("{input}.{}", base64url(&signature))
    }

    #[test]
    fn signs_under_exactly_the_documented_header() {
        let (compact, key) = signed();
        let signer = sample::signer();
        let header = compact.split('.').next().unwrap();
        let expected = format!(
            r#"{{"alg":"ES256","kid":"{}","typ":"dossier+sd-jwt","x5t#S256":"{}"}}"#,
            signer.kid(),
            signer.certificate_digest()
        );
        assert_eq!(base64url_decode(header).unwrap(), expected.as_bytes());
        assert!(header.len() < 512, "strict libraries refuse a longer header");
        assert_eq!(verify_es256(&compact, DOSSIER_TYPE, &key).unwrap(), r#"{"a":1}"#);
    }

    /// RFC 7515 appendix A.3: a signature by another implementation. Its header has no `typ` and no
    /// `kid`, which this exchange demands, so only the refusal for that reason can be checked.
    #[test]
    fn a_header_without_type_is_refused() {
        let compact = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        assert!(matches!(verify_es256(compact, DOSSIER_TYPE, &[]), Err(JwsError::HeaderMissing("typ"))));
    }

    #[test]
    fn other_algorithms_and_types_are_refused_even_if_well_signed() {
        let (_, key) = signed();
        for alg in ["none", "None", "HS256", "RS256", "ES384", "es256", ""] {
            let compact = resigned(&format!(r#"{{"alg":"{alg}","kid":"k","typ":"dossier+sd-jwt"}}"#), "{}");
            assert!(
                matches!(verify_es256(&compact, DOSSIER_TYPE, &key), Err(JwsError::Algorithm(_))),
                "{alg}"
            );
        }
        for typ in ["JWT", "decision+jwt", "DOSSIER+SD-JWT", ""] {
            let compact = resigned(&format!(r#"{{"alg":"ES256","kid":"k","typ":"{typ}"}}"#), "{}");
            assert!(
                matches!(verify_es256(&compact, DOSSIER_TYPE, &key), Err(JwsError::Type { .. })),
                "{typ}"
            );
        }
    }

    /// HS256 keyed with the public key's bytes: the classic confusion of algorithm and key.
    #[test]
    fn a_mac_under_the_public_key_is_refused() {
        let (_, key) = signed();
        let header = base64url(br#"{"alg":"HS256","kid":"k","typ":"dossier+sd-jwt"}"#);
        let input = format!("{header}.{}", base64url(b"{}"));
        let mac = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key), input.as_bytes());
        let compact = format!("{input}.{}", base64url(mac.as_ref()));
        assert!(matches!(verify_es256(&compact, DOSSIER_TYPE, &key), Err(JwsError::Algorithm(_))));
    }

    #[test]
    fn headers_that_bring_keys_or_extensions_are_refused() {
        let (_, key) = signed();
        for name in REFUSED_HEADER_MEMBERS {
            let header = format!(r#"{{"alg":"ES256","kid":"k","typ":"dossier+sd-jwt","{name}":[]}}"#);
            let refused = verify_es256(&resigned(&header, "{}"), DOSSIER_TYPE, &key);
            assert!(matches!(refused, Err(JwsError::HeaderRefused(found)) if found == name), "{name}");
        }
    }

    #[test]
    fn duplicate_keys_are_refused_in_header_and_payload() {
        let (_, key) = signed();
        let twice = r#"{"alg":"none","alg":"ES256","kid":"k","typ":"dossier+sd-jwt"}"#;
        let once = r#"{"alg":"ES256","kid":"k","typ":"dossier+sd-jwt"}"#;
        for (header, payload, wrong) in
            [(twice, "{}", "header"), (once, r#"{"aud":"a","aud":"b"}"#, "payload")]
        {
            let refused = verify_es256(&resigned(header, payload), DOSSIER_TYPE, &key);
            assert!(matches!(refused, Err(JwsError::Json { part, .. }) if part == wrong), "{wrong}");
        }
    }

    #[test]
    fn malformed_messages_and_foreign_signatures_are_refused() {
        let (compact, key) = signed();
        let empty_signature = compact.rsplit_once('.').unwrap().0.to_owned() + ".";
        for text in [
            "",
            "a.b",
            &format!("{compact}."),
            &format!("{compact}="),
            &format!(" {compact}"),
            &empty_signature,
        ] {
            assert!(verify_es256(text, DOSSIER_TYPE, &key).is_err(), "{text}");
        }
        let (signed_part, _) = compact.rsplit_once('.').unwrap();
        let zeros = format!("{signed_part}.{}", base64url(&[0; 64]));
        assert!(matches!(verify_es256(&zeros, DOSSIER_TYPE, &key), Err(JwsError::Signature)));
        let other = es256_in_memory(&super::super::keys::generate_p256().unwrap(), "other").unwrap();
        let refused = verify_es256(&compact, DOSSIER_TYPE, other.public_key());
        assert!(matches!(refused, Err(JwsError::Signature)));
    }

    #[test]
    fn a_key_must_fit_its_certificate() {
        let (_, certificate) = sample::signing_pair();
        let other = super::super::keys::generate_p256().unwrap();
        assert!(matches!(
            JwtSigner::new(&other, "k", &certificate, DOSSIER_TYPE),
            Err(JwsError::CertificateOfAnotherKey)
        ));
        assert!(matches!(JwtSigner::new(b"x", "k", &certificate, DOSSIER_TYPE), Err(JwsError::Key)));
    }
}
