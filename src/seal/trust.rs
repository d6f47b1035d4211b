//! The trust file: what a bank needs to verify dossiers and receipts without asking anyone.
//!
//! `trust.json` in the data directory, and the answer of `GET /v1/keys`. Keys are JWKs (RFC 7517)
//! with their certificate chain. Readers ignore members they do not know, so that the file can grow.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::certificate::{CertificateError, MemberCertificate, pem_to_der};
use super::digest::base64url_decode;
use super::strict_json;

/// Why a trust file, or a key in it, is not acceptable.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// Not JSON, or a key is there twice.
    #[error(transparent)]
    Json(#[from] strict_json::InvalidJson),
    /// A member is missing or of the wrong type.
    #[error("not a trust file: {0}")]
    Shape(#[from] serde_json::Error),
    /// Two keys have one name.
    #[error("the trust file has two keys named {0:?}")]
    DuplicateKey(String),
    /// A key is not an ES256 key on P-256 with its coordinates.
    #[error("the key {0:?} is not a P-256 signing key")]
    Key(String),
    /// A key has no certificate in base64.
    #[error("the key {0:?} has no certificate in x5c")]
    NoCertificate(String),
    /// A certificate cannot be read.
    #[error("a certificate in the trust file cannot be read: {0}")]
    Certificate(#[from] CertificateError),
    /// The certificate is another key's.
    #[error("the certificate of the key {0:?} belongs to another key")]
    CertificateOfAnotherKey(String),
}

/// The trust file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustFile {
    /// The exchange: `iss` of its dossiers.
    pub issuer: String,
    /// The authority's certificate in PEM.
    pub ca: String,
    /// The exchange's signing keys.
    pub jwks: KeySet,
    /// The ledger's present verifier key (C2SP signed-note).
    pub ledger_vkey: String,
    /// All verifier keys the ledger has had.
    pub ledger_vkeys: Vec<LedgerKey>,
}

/// A JWK set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySet {
    /// The keys, past and present.
    pub keys: Vec<TrustedKey>,
}

/// A signing key of the exchange, as a JWK (RFC 7517, RFC 7518 section 6.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedKey {
    /// Its name in a dossier's header.
    pub kid: String,
    /// Always `EC`.
    pub kty: String,
    /// Always `P-256`.
    pub crv: String,
    /// First coordinate, base64url.
    pub x: String,
    /// Second coordinate, base64url.
    pub y: String,
    /// Always `ES256`.
    pub alg: String,
    /// Always `sig`.
    #[serde(rename = "use")]
    pub usage: String,
    /// The certificate in standard base64 of DER, first the key's own (RFC 7517 section 4.7).
    pub x5c: Vec<String>,
    /// From when it signs, in seconds since 1970.
    pub nbf: i64,
    /// Until when it signs, in seconds since 1970; not included.
    pub exp: i64,
}

/// A verifier key of the ledger, with the time in which it signed checkpoints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerKey {
    /// The key as C2SP signed-note writes it.
    pub vkey: String,
    /// Since when; null if it always was.
    #[serde(default, serialize_with = "write_instant", deserialize_with = "read_instant")]
    pub from: Option<DateTime<Utc>>,
    /// Until when; null if it still signs.
    #[serde(default, serialize_with = "write_instant", deserialize_with = "read_instant")]
    pub to: Option<DateTime<Utc>>,
}

impl TrustedKey {
    /// The key of a certificate under the name `kid`, in use for as long as the certificate is valid.
    pub fn from_certificate(kid: &str, certificate: &MemberCertificate) -> Self {
        let (x, y) = certificate.coordinates();
        Self {
            kid: kid.to_owned(),
            kty: "EC".to_owned(),
            crv: "P-256".to_owned(),
            x,
            y,
            alg: "ES256".to_owned(),
            usage: "sig".to_owned(),
            x5c: vec![STANDARD.encode(&certificate.der)],
            nbf: certificate.not_before_micros.div_euclid(1_000_000),
            exp: certificate.not_after_micros.div_euclid(1_000_000).saturating_add(1),
        }
    }

    /// The uncompressed P-256 point, 65 bytes.
    pub fn public_key(&self) -> Result<[u8; 65], TrustError> {
        let fault = || TrustError::Key(self.kid.clone());
        if (self.kty.as_str(), self.crv.as_str(), self.alg.as_str(), self.usage.as_str())
            != ("EC", "P-256", "ES256", "sig")
        {
            return Err(fault());
        }
        let coordinate = |text: &str| {
            base64url_decode(text).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()).ok_or_else(fault)
        };
        let mut point = [4; 65];
        point[1..33].copy_from_slice(&coordinate(&self.x)?);
        point[33..].copy_from_slice(&coordinate(&self.y)?);
        Ok(point)
    }

    /// The key's own certificate, which must carry the same key.
    pub fn certificate(&self) -> Result<MemberCertificate, TrustError> {
        let der = self.x5c.first().and_then(|text| STANDARD.decode(text).ok());
        let der = der.ok_or_else(|| TrustError::NoCertificate(self.kid.clone()))?;
        let certificate = MemberCertificate::parse_der(&der)?;
        if certificate.public_key != self.public_key()? {
            return Err(TrustError::CertificateOfAnotherKey(self.kid.clone()));
        }
        Ok(certificate)
    }
}

impl TrustFile {
    /// Reads a trust file. Duplicate JSON keys and two keys of one name are errors.
    pub fn parse(text: &str) -> Result<Self, TrustError> {
        let file: Self = serde_json::from_value(strict_json::parse(text)?)?;
        let mut names: Vec<&str> = file.jwks.keys.iter().map(|key| key.kid.as_str()).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(TrustError::DuplicateKey(pair[0].to_owned())),
            None => Ok(file),
        }
    }

    /// The file's text: indented JSON with a line end.
    pub fn to_json(&self) -> Result<String, TrustError> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// The signing key of this name.
    pub fn key(&self, kid: &str) -> Option<&TrustedKey> {
        self.jwks.keys.iter().find(|key| key.kid == kid)
    }

    /// The authority's certificate in DER.
    pub fn ca_der(&self) -> Result<Vec<u8>, TrustError> {
        Ok(pem_to_der(&self.ca)?)
    }
}

fn write_instant<S: Serializer>(at: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Micros, true)),
        None => serializer.serialize_none(),
    }
}

fn read_instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let at = DateTime::parse_from_rfc3339(&text).map_err(serde::de::Error::custom)?;
    Ok(Some(at.with_timezone(&Utc)))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{self, instant};
    use super::*;

    #[test]
    fn what_is_written_reads_back_the_same() {
        let mut trust = sample::trust();
        trust.ledger_vkeys.push(LedgerKey {
            vkey: "old".into(),
            from: None,
            to: Some(instant("2026-01-01T00:00:00.5Z")),
        });
        let text = trust.to_json().unwrap();
        assert_eq!(TrustFile::parse(&text).unwrap(), trust);
        assert!(text.contains(r#""to": "2026-01-01T00:00:00.500000Z""#) && text.contains(r#""from": null"#));
        assert!(text.contains(r#""use": "sig""#));
    }

    #[test]
    fn unknown_members_are_ignored_and_repeated_ones_are_not() {
        let text = sample::trust().to_json().unwrap();
        let grown = text.replacen('{', r#"{"witnesses":[],"#, 1).replacen(
            r#""kty""#,
            r#""key_ops":["verify"],"kty""#,
            1,
        );
        assert_eq!(TrustFile::parse(&grown).unwrap(), sample::trust());
        let repeated = text.replacen('{', r#"{"issuer":"https://other.example","#, 1);
        assert!(matches!(TrustFile::parse(&repeated), Err(TrustError::Json(_))));
        let mut twice = sample::trust();
        twice.jwks.keys.push(twice.jwks.keys[0].clone());
        assert!(matches!(TrustFile::parse(&twice.to_json().unwrap()), Err(TrustError::DuplicateKey(_))));
    }

    #[test]
    fn a_key_and_its_certificate_agree() {
        let trust = sample::trust();
        let key = trust.key(sample::signer().kid()).unwrap();
        assert!(trust.key("other").is_none());
        assert_eq!(key.certificate().unwrap().public_key, key.public_key().unwrap());
        assert_eq!(key.exp - key.nbf, 397 * 86_400 + 1);
        let with = |change: fn(&mut TrustedKey)| {
            let mut key = key.clone();
            change(&mut key);
            key.certificate()
        };
        assert!(matches!(with(|key| key.x.clone_from(&key.y)), Err(TrustError::CertificateOfAnotherKey(_))));
        assert!(matches!(with(|key| key.x5c.clear()), Err(TrustError::NoCertificate(_))));
        assert!(matches!(with(|key| key.crv = "P-384".into()), Err(TrustError::Key(_))));
        assert!(matches!(with(|key| key.y.push('A')), Err(TrustError::Key(_))));
    }
}
