//! How this exchange proves to another system's token endpoint who it is: a short JWT signed with its own key
//! (RFC 7523 section 2.2; `private_key_jwt` of OpenID Connect Core section 9).

use std::sync::Arc;

use serde::Serialize;

use super::digest::base64url;
use super::jwk::PublicJwk;
use super::signer::{SignatureKind, Signer, SignerError};

/// What `client_assertion_type` says of it.
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How long one is good for, in seconds. It is made for one request and sent at once.
pub const ASSERTION_SECONDS: i64 = 60;

#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    kid: &'a str,
    typ: &'a str,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    jti: &'a str,
    iat: i64,
    exp: i64,
}

/// A client's own P-256 key and the name under which its public half is registered: its thumbprint (RFC 7638).
pub struct ClientKey {
    signer: Arc<dyn Signer>,
    jwk: PublicJwk,
    kid: String,
}

impl ClientKey {
    /// Around a key that signs ES256; `None` for any other.
    pub fn new(signer: Arc<dyn Signer>) -> Option<Self> {
        if signer.kind() != SignatureKind::Es256 {
            return None;
        }
        let jwk = PublicJwk::of_point(signer.public_key())?;
        let kid = jwk.thumbprint();
        Some(Self { signer, jwk, kid })
    }

    /// The public half, to be registered.
    pub fn public(&self) -> &PublicJwk {
        &self.jwk
    }

    /// Its name in the registration.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// An assertion of `client` for `audience`, good from `seconds` (Unix time) on; `id` must never come again.
    pub fn assertion(
        &self,
        client: &str,
        audience: &str,
        id: &str,
        seconds: i64,
    ) -> Result<String, SignerError> {
        let exp = seconds.saturating_add(ASSERTION_SECONDS);
        let header = Header { alg: "ES256", kid: &self.kid, typ: "JWT" };
        let claims = Claims { iss: client, sub: client, aud: audience, jti: id, iat: seconds, exp };
        let signed = format!("{}.{}", encoded(&header)?, encoded(&claims)?);
        let signature = self.signer.sign(signed.as_bytes())?;
        Ok(format!("{signed}.{}", base64url(&signature)))
    }
}

fn encoded(part: &impl Serialize) -> Result<String, SignerError> {
    serde_json::to_vec(part).map(|json| base64url(&json)).map_err(|why| SignerError(why.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::jws::verify_es256;
    use super::super::keys::{generate_ed25519, generate_p256};
    use super::super::signer::{ed25519_in_memory, es256_in_memory};
    use super::*;

    #[test]
    fn an_assertion_says_who_to_whom_and_for_how_long() {
        let key = ClientKey::new(es256_in_memory(&generate_p256().unwrap(), "memory").unwrap()).unwrap();
        let made = key.assertion("portal", "https://etax.example", "once", 1_000).unwrap();
        let payload = verify_es256(&made, "JWT", key.signer.public_key()).unwrap();
        let claims: serde_json::Value = serde_json::from_str(&payload).unwrap();
        assert_eq!(
            claims,
            serde_json::json!({"iss": "portal", "sub": "portal", "aud": "https://etax.example", "jti": "once",
                               "iat": 1_000, "exp": 1_060})
        );
        assert_eq!(key.kid(), key.public().thumbprint());
    }

    #[test]
    fn a_key_that_signs_otherwise_is_refused() {
        let other = ed25519_in_memory(&generate_ed25519().unwrap(), "memory").unwrap();
        assert!(ClientKey::new(other).is_none());
    }
}
