//! Signing in with the e-tax bureau: sent there with a secret left in the browser, taken up once when it comes back.
//!
//! What comes back is believed only if this very browser began it, less than ten minutes ago, and it was not taken up
//! before; all that is decided before the provider is asked anything.

use std::sync::Arc;

use super::Exchange;
use super::error::{ServiceError, ServiceResult};
use super::sessions::SignedIn;
use crate::outbound::oidc::{Answer, Attempt, OidcError, RelyingParty};
use crate::seal::digest::{base64url, base64url_decode, prefixed_digest};
use crate::seal::keys::generate_secret;
use crate::store::sign_ins::{self, SignInRow};

/// Whoever needs longer at the provider begins again: ten minutes.
const ATTEMPT_MICROS_MAX: i64 = 10 * 60 * 1_000_000;

/// A sign-in that begins.
pub struct Begun {
    /// Where to send the browser.
    pub url: String,
    /// The secret to leave in it.
    pub browser: String,
}

/// A sign-in that was completed.
#[derive(Debug)]
pub struct Completed {
    /// Who, how, and for which firms.
    pub signed_in: SignedIn,
    /// Whether a fresh and strong authentication was asked for, and given.
    pub step_up: bool,
    /// The page that the person wanted.
    pub place: String,
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// This browser began no such sign-in within ten minutes, or took it up already.
    #[error("no sign-in of this browser is under way")]
    NotUnderWay,
    /// The provider, or somebody in its name, said something that is not accepted; or it does not answer.
    #[error(transparent)]
    Provider(#[from] OidcError),
    /// Our own fault.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// Begins: `browser` is the secret that the browser has already, from another tab.
pub async fn begin(
    exchange: &Arc<Exchange>,
    party: &RelyingParty,
    browser: Option<&str>,
    place: &str,
    step_up: bool,
) -> Result<Begun, SignInError> {
    let now = exchange.clock.now();
    let attempt = Attempt::new(step_up, now)?;
    let url = party.authorization_url(&attempt, now).await?;
    let browser = match browser.filter(|secret| is_secret(secret)) {
        Some(secret) => secret.to_owned(),
        None => base64url(&generate_secret().map_err(ServiceError::internal)?),
    };
    let row = SignInRow {
        state_digest: prefixed_digest(attempt.state.as_bytes()),
        browser_digest: prefixed_digest(browser.as_bytes()),
        nonce: attempt.nonce,
        verifier: attempt.verifier,
        step_up,
        place: place.to_owned(),
        begun_at: now,
    };
    exchange.blocking(move |e| Ok(e.ledger.write(|c| sign_ins::insert(c, &row))?)).await?;
    Ok(Begun { url: url.into(), browser })
}

/// Completes with the query that the browser came back with.
pub async fn complete(
    exchange: &Arc<Exchange>,
    party: &RelyingParty,
    browser: Option<&str>,
    query: &str,
) -> Result<Completed, SignInError> {
    let answer = Answer::parse(query).map_err(OidcError::Refused)?;
    let browser = browser.filter(|secret| is_secret(secret)).ok_or(SignInError::NotUnderWay)?;
    let now = exchange.clock.now();
    let (state, browser) = (prefixed_digest(answer.state.as_bytes()), prefixed_digest(browser.as_bytes()));
    let since = now.plus_micros(-ATTEMPT_MICROS_MAX);
    let taken = exchange
        .blocking(move |e| Ok(e.ledger.write(|c| sign_ins::take(c, &state, &browser, since))?))
        .await?;
    let row = taken.ok_or(SignInError::NotUnderWay)?;
    let attempt = Attempt {
        state: answer.state.clone(),
        nonce: row.nonce,
        verifier: row.verifier,
        step_up: row.step_up,
        begun_at: row.begun_at,
    };
    let recognised = party.redeem(&answer, &attempt, now).await?;
    let signed_in = SignedIn {
        person: recognised.person,
        authentication: recognised.authentication,
        firms: recognised.firms,
    };
    Ok(Completed { signed_in, step_up: row.step_up, place: row.place })
}

/// Forgets sign-ins that nobody came back from; returns how many.
pub fn sweep(exchange: &Exchange) -> ServiceResult<usize> {
    let before = exchange.clock.now().plus_micros(-ATTEMPT_MICROS_MAX);
    Ok(exchange.ledger.write(|c| sign_ins::sweep(c, before))?)
}

/// 32 bytes in base64url, as we hand them out.
fn is_secret(text: &str) -> bool {
    text.len() == 43 && base64url_decode(text).is_ok_and(|bytes| bytes.len() == 32)
}
