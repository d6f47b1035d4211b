//! A member's public key as it writes it: a JWK on P-256 (RFC 7517, RFC 7518 section 6.2.1).
//!
//! A private part is refused unread, and so is any member this exchange does not know: nothing is stored by accident.

use serde::{Deserialize, Serialize};

use super::digest::{base64url, base64url_decode, sha256};

/// Why a JWK is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    /// Another kind of key.
    #[error("must be an EC key on P-256: kty EC, crv P-256")]
    Kind,
    /// A coordinate is not 32 bytes in base64url.
    #[error("x and y must be 32 bytes each in base64url without padding")]
    Coordinate,
}

/// A public key on P-256.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicJwk {
    /// Always `EC`.
    pub kty: String,
    /// Always `P-256`.
    pub crv: String,
    /// First coordinate, base64url.
    pub x: String,
    /// Second coordinate, base64url.
    pub y: String,
    /// The owner's name for it; ours is the thumbprint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// What its owner means it for.
    #[serde(rename = "use", default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
    /// The algorithm its owner means it for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
}

impl PublicJwk {
    /// The JWK of an uncompressed P-256 point of 65 bytes, as it stands in a JWE header; `None` of anything else.
    pub fn of_point(point: &[u8]) -> Option<Self> {
        let [4, coordinates @ ..] = point else { return None };
        let (x, y) = (coordinates.len() == 64).then(|| coordinates.split_at(32))?;
        Some(Self {
            kty: "EC".to_owned(),
            crv: "P-256".to_owned(),
            x: base64url(x),
            y: base64url(y),
            kid: None,
            usage: None,
            alg: None,
        })
    }

    /// The uncompressed point, 65 bytes. Whether it lies on the curve shows when it is used.
    pub fn point(&self) -> Result<[u8; 65], JwkError> {
        if (self.kty.as_str(), self.crv.as_str()) != ("EC", "P-256") {
            return Err(JwkError::Kind);
        }
        let coordinate = |text: &str| {
            let bytes = base64url_decode(text).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
            bytes.ok_or(JwkError::Coordinate)
        };
        let mut point = [4; 65];
        point[1..33].copy_from_slice(&coordinate(&self.x)?);
        point[33..].copy_from_slice(&coordinate(&self.y)?);
        Ok(point)
    }

    /// The key's name: its thumbprint (RFC 7638) with SHA-256, base64url.
    pub fn thumbprint(&self) -> String {
        let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, self.x, self.y);
        base64url(&sha256(members.as_bytes()))
    }

    /// The same key with nothing but its kind and coordinates.
    pub fn bare(&self) -> Self {
        Self { kid: None, usage: None, alg: None, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JWK: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;

    #[test]
    fn a_key_goes_both_ways() {
        let key: PublicJwk = serde_json::from_str(JWK).unwrap();
        assert_eq!(PublicJwk::of_point(&key.point().unwrap()), Some(key.clone()));
        assert_eq!(serde_json::to_string(&key).unwrap(), JWK);
        // Computed with joserfc 1.8.0.
        assert_eq!(key.thumbprint(), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
    }

    #[test]
    fn private_parts_and_other_kinds_are_refused() {
        let with =
            |member: &str| serde_json::from_str::<PublicJwk>(&JWK.replacen('{', &format!("{{{member},"), 1));
        assert!(with(r#""d":"AAAA""#).is_err() && with(r#""x5c":[]"#).is_err());
        assert!(with(r#""kid":"mine""#).is_ok());
        let changed =
            |from: &str, to: &str| serde_json::from_str::<PublicJwk>(&JWK.replace(from, to)).unwrap().point();
        assert_eq!(changed("P-256", "P-384"), Err(JwkError::Kind));
        assert_eq!(changed("\"EC\"", "\"OKP\""), Err(JwkError::Kind));
        assert_eq!(changed("f83OJ3D2", "f83OJ3D"), Err(JwkError::Coordinate));
        assert!(PublicJwk::of_point(&[4; 64]).is_none() && PublicJwk::of_point(&[2; 65]).is_none());
    }
}
