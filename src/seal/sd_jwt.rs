//! The container of a dossier: SD-JWT without key binding (RFC 9901 section 4).
//!
//! `<issuer-signed JWT>~<disclosure>~…~`. Each disclosure is one section. The JWT lists the
//! disclosures' digests only, so it stays small, and a section may be left out or handed on alone
//! without breaking the signature.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::digest::{base64url, prefixed_digest, sha256};
use super::jws::{JwsError, JwtSigner};

/// The version of the claims, `v`.
pub const CLAIMS_VERSION: u32 = 1;

/// The digest algorithm of disclosures, `_sd_alg` (RFC 9901 section 4.1.1).
pub const DIGEST_ALGORITHM: &str = "sha-256";

/// `aud` of a firm's copy of its own data: whoever holds it.
pub const HOLDER: &str = "holder";

/// `purpose` and `product` of such a copy.
pub const OWN_COPY: &str = "own-copy";

/// Why a dossier cannot be issued, or taken apart.
#[derive(Debug, thiserror::Error)]
pub enum SdJwtError {
    /// The claims cannot be written as JSON.
    #[error("the claims cannot be written as JSON")]
    Claims(#[from] serde_json::Error),
    /// `_sd` is not sorted, or a digest is there twice: its order would tell which sections exist.
    #[error("the digests in _sd are not sorted and unique")]
    DigestOrder,
    /// The JWT could not be signed.
    #[error(transparent)]
    Signing(#[from] JwsError),
    /// Not `<JWT>~<disclosure>~…~`.
    #[error("not an SD-JWT: it must end with ~ and have no empty disclosure")]
    Container,
}

/// One section, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosure {
    /// base64url of the JSON array `[salt, section name, section object]`.
    pub encoded: String,
    /// base64url SHA-256 of `encoded` in ASCII: what `_sd` lists.
    pub digest: String,
}

impl Disclosure {
    /// A disclosure of `section`, whose object is given as canonical JSON text and kept byte for byte.
    pub fn new(salt: &[u8; 16], section: &str, object_json: &str) -> Self {
        let array = format!("[\"{}\",{},{object_json}]", base64url(salt), Value::from(section));
        let encoded = base64url(array.as_bytes());
        let digest = disclosure_digest(&encoded);
        Self { encoded, digest }
    }
}

/// The consent under which a dossier is released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentClaim {
    /// The consent's id.
    pub id: String,
    /// `sha-256:…` of the consent as granted.
    pub digest: String,
    /// The release policy that decided.
    pub policy: String,
}

/// Whole months of tax data that the dossier covers, as civil dates in Asia/Shanghai, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowClaim {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
}

/// The claims of a dossier's JWT, in the order in which they are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DossierClaims {
    /// Version of these claims: [`CLAIMS_VERSION`].
    pub v: u32,
    /// The exchange that releases.
    pub iss: String,
    /// The one bank it is released to; [`HOLDER`] if the firm took it for itself.
    pub aud: String,
    /// The taxpayer's id.
    pub sub: String,
    /// The release id.
    pub jti: String,
    /// When it was signed, in seconds since 1970 (RFC 7519 section 4.1.6).
    pub iat: i64,
    /// `pre_loan` or `post_loan`; [`OWN_COPY`].
    pub purpose: String,
    /// The bank's nonce, if it sent one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The consent relied on; of a firm's own copy, its own order.
    pub consent: ConsentClaim,
    /// The loan product whose approved profile narrowed the fields.
    pub product: String,
    /// Size of the ledger as of which the records were read.
    pub read_at: u64,
    /// The resolved window.
    pub window: WindowClaim,
    /// Digests of all disclosures, sorted.
    #[serde(rename = "_sd")]
    pub sd: Vec<String>,
    /// Always [`DIGEST_ALGORITHM`].
    #[serde(rename = "_sd_alg")]
    pub sd_alg: String,
}

/// The compact issuer-signed JWT over the claims.
pub fn issue(claims: &DossierClaims, signer: &JwtSigner) -> Result<String, SdJwtError> {
    if !is_sorted_and_unique(&claims.sd) {
        return Err(SdJwtError::DigestOrder);
    }
    Ok(signer.sign(&serde_json::to_string(claims)?)?)
}

/// `<jwt>~<disclosure>~…~`, in the order given.
pub fn assemble<'a>(jwt: &str, disclosures: impl Iterator<Item = &'a str>) -> String {
    let mut dossier = String::with_capacity(jwt.len() + 1);
    write_to(&mut dossier, jwt, disclosures);
    dossier
}

/// The same, at the end of a text that is being put together.
pub fn write_to<'a>(text: &mut String, jwt: &str, disclosures: impl Iterator<Item = &'a str>) {
    text.push_str(jwt);
    text.push('~');
    for disclosure in disclosures {
        text.push_str(disclosure);
        text.push('~');
    }
}

/// The JWT and the encoded disclosures of a dossier; nothing is verified.
pub fn split(dossier: &str) -> Result<(&str, Vec<&str>), SdJwtError> {
    let body = dossier.strip_suffix('~').ok_or(SdJwtError::Container)?;
    let mut parts = body.split('~');
    let jwt = parts.next().filter(|jwt| !jwt.is_empty()).ok_or(SdJwtError::Container)?;
    let disclosures: Vec<&str> = parts.collect();
    if disclosures.iter().any(|disclosure| disclosure.is_empty()) {
        return Err(SdJwtError::Container);
    }
    Ok((jwt, disclosures))
}

/// `sha-256:` and base64url SHA-256 of the issuer-signed JWT in ASCII: how decisions and ledger entries name a dossier.
pub fn dossier_digest(jwt: &str) -> String {
    prefixed_digest(jwt.as_bytes())
}

/// base64url SHA-256 of an encoded disclosure (RFC 9901 section 4.2.3).
pub fn disclosure_digest(encoded: &str) -> String {
    base64url(&sha256(encoded.as_bytes()))
}

/// Whether each digest is greater than the one before it.
pub fn is_sorted_and_unique(digests: &[String]) -> bool {
    digests.is_sorted_by(|earlier, later| earlier < later)
}

#[cfg(test)]
mod tests {
    use super::super::digest::base64url_decode;
    use super::super::sample;
    use super::*;

    /// The expected digest was computed with Python's `hashlib` and `base64`.
    #[test]
    fn a_disclosure_keeps_the_object_byte_for_byte() {
        let object = r#"{"status":"empty","税":1}"#;
        let disclosure = Disclosure::new(&[7; 16], "rating", object);
        let array = base64url_decode(&disclosure.encoded).unwrap();
        let expected = format!(r#"["BwcHBwcHBwcHBwcHBwcHBw","rating",{object}]"#);
        assert_eq!(array, expected.as_bytes());
        assert_eq!(disclosure.digest, "xJybTg3fPwn2xEGtZGWcEillE5fFp0lebYNJ7j2C_T8");
    }

    /// RFC 9901 section 4.2.3: the digest of its example disclosure.
    #[test]
    fn the_digest_is_that_of_the_rfc() {
        let encoded = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0";
        assert_eq!(disclosure_digest(encoded), "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0");
    }

    #[test]
    fn claims_are_written_as_the_protocol_says() {
        let claims = sample::claims(vec!["A".to_owned(), "B".to_owned()]);
        let text = serde_json::to_string(&claims).unwrap();
        let expected = concat!(
            r#"{"v":1,"iss":"https://exchange.example","aud":"bank-03","sub":"91440300MA5EXAMPLE","#,
            r#""jti":"019cb000-0000-7000-8000-000000000001","iat":1772409600,"purpose":"pre_loan","nonce":"n-1","#,
            r#""consent":{"id":"019cafff-0000-7000-8000-000000000002","digest":"sha-256:"#,
            r#"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU","policy":"release-1"},"product":"bank-03-credit","read_at":42,"#,
            r#""window":{"from":"2024-03-01","to":"2026-02-28"},"_sd":["A","B"],"_sd_alg":"sha-256"}"#
        );
        assert_eq!(text, expected);
        let without_nonce = DossierClaims { nonce: None, ..claims };
        assert!(!serde_json::to_string(&without_nonce).unwrap().contains("nonce"));
    }

    #[test]
    fn unsorted_or_repeated_digests_are_not_signed() {
        let signer = sample::signer();
        for digests in [["B", "A"], ["A", "A"]] {
            let claims = sample::claims(digests.map(str::to_owned).to_vec());
            assert!(matches!(issue(&claims, &signer), Err(SdJwtError::DigestOrder)));
        }
        assert!(issue(&sample::claims(vec![]), &signer).is_ok());
    }

    #[test]
    fn assembles_and_splits() {
        let dossier = assemble("h.p.s", ["d1", "d2"].into_iter());
        assert_eq!(dossier, "h.p.s~d1~d2~");
        assert_eq!(split(&dossier).unwrap(), ("h.p.s", vec!["d1", "d2"]));
        assert_eq!(split("h.p.s~").unwrap(), ("h.p.s", vec![]));
        for text in ["", "~", "h.p.s", "h.p.s~d1", "h.p.s~~", "h.p.s~d1~~", "~d1~"] {
            assert!(split(text).is_err(), "{text}");
        }
        assert_eq!(dossier_digest("abc"), prefixed_digest(b"abc"));
    }
}
