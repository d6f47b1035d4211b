//! What is demanded of an ID token (OpenID Connect Core 1.0 section 3.1.3.7).

use openidconnect::core::{CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use openidconnect::{ClaimsVerificationError, ClientId, IssuerUrl, Nonce, SignatureVerificationError};

use super::claims::read_claims;
use super::options::OidcOptions;
use super::{Attempt, Recognised, Refusal, SIGN_IN_AGE_MAX};
use crate::domain::representative::Authentication;
use crate::domain::timestamp::Timestamp;
use crate::seal::jws::read_unverified_payload;

/// How far the provider's clock may be ahead of or behind ours.
const SKEW_MICROS: i64 = 60 * 1_000_000;

/// The algorithms taken. None is symmetric: a public key can then never pass for a shared secret.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 3] = [
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
];

/// Against what a token is held.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    /// The provider and what its words mean.
    pub options: &'a OidcOptions,
    /// The sign-in that it answers.
    pub attempt: &'a Attempt,
    /// The present.
    pub now: Timestamp,
}

/// Why a token does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Its key is none of those known.
    UnknownKey,
    /// Anything else.
    Refused(Refusal),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::UnknownKey => Refusal::Token("its key is none of the provider's".to_owned()),
            Fault::Refused(refusal) => refusal,
        }
    }
}

/// Verifies the token with these keys, and reads who came.
pub fn verify(
    token: &CoreIdToken,
    keys: &CoreJsonWebKeySet,
    expected: Expected<'_>,
) -> Result<Recognised, Fault> {
    let Expected { options, attempt, now } = expected;
    let refused = |why: &str| Fault::Refused(Refusal::Token(why.to_owned()));
    let issuer = IssuerUrl::new(options.issuer.clone()).map_err(|_| refused("no issuer is configured"))?;
    let verifier = CoreIdTokenVerifier::new_public_client(
        ClientId::new(options.client_id.clone()),
        issuer,
        keys.clone(),
    )
    .set_allowed_algs(ALGORITHMS)
    .set_time_fn(move || now.utc())
    .set_issue_time_verifier_fn(|at| {
        let at = Timestamp::from_utc(at);
        let ahead = at.since_micros(now) > SKEW_MICROS;
        let old = attempt.begun_at.since_micros(at) > SKEW_MICROS;
        if ahead || old { Err("issued at another time than now".to_owned()) } else { Ok(()) }
    });
    let nonce = Nonce::new(attempt.nonce.clone());
    let claims = token.claims(&verifier, &nonce).map_err(fault_of)?;
    if claims.authorized_party().is_some_and(|party| party.as_str() != options.client_id) {
        return Err(refused("azp names another client"));
    }
    let at = claims.auth_time().map(Timestamp::from_utc).ok_or(refused("no auth_time"))?;
    check_age(at, attempt, now).map_err(refused)?;
    let acr = claims.auth_context_ref().map(|acr| acr.as_str()).unwrap_or_default();
    if attempt.step_up && !options.acr_step_up.iter().any(|strong| strong == acr) {
        return Err(refused("acr is none of those that were asked for"));
    }
    let meaning = options.meaning(acr).ok_or(refused("acr means nothing here"))?;
    // Read once more with a reader that refuses repeated keys; the signature is over these very bytes.
    let payload = read_unverified_payload(&token.to_string()).map_err(|_| refused("unreadable claims"))?;
    let (person, firms) =
        read_claims(claims.subject().as_str(), &payload, options).map_err(Fault::Refused)?;
    let authentication = Authentication { method: meaning.method, assurance: meaning.assurance, at };
    Ok(Recognised { person, authentication, firms })
}

/// A sign-in at the provider may have been a while ago; a step-up comes after it was asked for.
fn check_age(at: Timestamp, attempt: &Attempt, now: Timestamp) -> Result<(), &'static str> {
    let age_max = i64::try_from(SIGN_IN_AGE_MAX).unwrap_or_default().saturating_mul(1_000_000);
    if at.since_micros(now) > SKEW_MICROS {
        return Err("auth_time is in the future");
    }
    if now.since_micros(at) > age_max.saturating_add(SKEW_MICROS) {
        return Err("auth_time is too long ago");
    }
    if attempt.step_up && attempt.begun_at.since_micros(at) > SKEW_MICROS {
        return Err("auth_time is before the step-up was asked for");
    }
    Ok(())
}

/// The library's words name claims' values; only their kind is passed on.
fn fault_of(error: ClaimsVerificationError) -> Fault {
    use SignatureVerificationError::{DisallowedAlg, NoMatchingKey, NoSignature, UnsupportedAlg};
    let why = match &error {
        ClaimsVerificationError::SignatureVerification(NoMatchingKey) => return Fault::UnknownKey,
        ClaimsVerificationError::SignatureVerification(NoSignature) => "it is not signed",
        ClaimsVerificationError::SignatureVerification(DisallowedAlg(_) | UnsupportedAlg(_)) => {
            "its algorithm is not taken"
        }
        ClaimsVerificationError::SignatureVerification(_) => "its signature does not match",
        ClaimsVerificationError::Expired(_) => "exp or iat does not fit our clock",
        ClaimsVerificationError::InvalidAudience(_) => "aud is not this client alone",
        ClaimsVerificationError::InvalidIssuer(_) => "iss is another issuer",
        ClaimsVerificationError::InvalidNonce(_) => "nonce is not that of this sign-in",
        _ => "it does not hold",
    };
    Fault::Refused(Refusal::Token(why.to_owned()))
}
