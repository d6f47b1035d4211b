//! Sign-in with the e-tax bureau: a relying party of OpenID Connect Core 1.0, code flow with PKCE.
//!
//! `openidconnect` builds requests, reads discovery and key sets and verifies ID tokens; done here besides: the client's
//! assertion (RFC 7523), mutual TLS (RFC 8705), the answer's issuer (RFC 9207), `azp`, what our clock says of a token, and the meaning of its claims.

mod answer;
mod claims;
mod http;
mod options;
mod provider;
mod token;

use std::path::Path;
use std::sync::Arc;

use openidconnect::core::{CoreAuthenticationFlow, CoreIdToken};
use openidconnect::{
    AuthenticationContextClass, AuthorizationCode, CsrfToken, Nonce, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, RequestTokenError, Scope, TokenResponse,
};
use reqwest::Url;

pub use self::answer::Answer;
use self::http::Asker;
pub use self::options::{AcrMeaning, ClaimNames, OidcOptions};
use self::provider::Provider;
use self::token::{Expected, verify};
use crate::domain::representative::{Authentication, Person, Representation};
use crate::domain::timestamp::Timestamp;
use crate::seal::client_assertion::{ASSERTION_TYPE, ClientKey};
use crate::seal::digest::base64url;
use crate::seal::jwk::PublicJwk;
use crate::seal::keys::{generate_secret, read_pkcs8};
use crate::seal::signer::es256_in_memory;

/// Where the provider sends people back to, below the portal's public address.
pub const CALLBACK_PATH: &str = "/sign-in/callback";
/// A sign-in at the provider may be this old when it is used here, in seconds: what a session may last at most.
pub const SIGN_IN_AGE_MAX: u64 = 8 * 3600;

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// The configuration.
    #[error("{0}")]
    Unusable(String),
    /// The provider does not answer, or not as a provider does.
    #[error("the OpenID provider: {0}")]
    Unreachable(String),
    /// The provider, or whoever spoke in its name, said something that is not accepted.
    #[error("sign-in refused: {0}")]
    Refused(Refusal),
}

/// What was not accepted. Holds no token, code or name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The answer has a parameter twice, or neither code nor error.
    #[error("the answer is malformed")]
    Answer,
    /// The person, or the provider, broke it off; the provider's error code.
    #[error("the provider says {0}")]
    Provider(String),
    /// The answer is by another issuer, or does not say by whom (RFC 9207).
    #[error("the answer is not by the expected issuer")]
    Issuer,
    /// The token endpoint does not take the code.
    #[error("the token endpoint says {0}")]
    Code(String),
    /// The ID token is missing or does not hold.
    #[error("the ID token: {0}")]
    Token(String),
    /// The claims are not what is agreed.
    #[error("the claims: {0}")]
    Claims(&'static str),
}

/// What is kept of a sign-in between sending the browser away and its return. None of it leaves in the clear, but for
/// `state` and `nonce`.
#[derive(Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Finds the attempt again.
    pub state: String,
    /// Binds the ID token to it.
    pub nonce: String,
    /// Proves to the token endpoint that who asks is who began (RFC 7636).
    pub verifier: String,
    /// Whether a fresh and strong authentication was asked for.
    pub step_up: bool,
    /// When it began.
    pub begun_at: Timestamp,
}

impl Attempt {
    /// A new one, of random values of 256 bits each.
    pub fn new(step_up: bool, now: Timestamp) -> Result<Self, OidcError> {
        Ok(Self { state: random()?, nonce: random()?, verifier: random()?, step_up, begun_at: now })
    }
}

/// A person whom the provider vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// Who.
    pub person: Person,
    /// How and when the provider recognised them.
    pub authentication: Authentication,
    /// For which firms they may act.
    pub firms: Vec<Representation>,
}

/// This exchange as the provider's client.
pub struct RelyingParty {
    options: OidcOptions,
    redirect: RedirectUrl,
    asker: Asker,
    provider: Provider,
    key: ClientKey,
}

impl RelyingParty {
    /// Reads key and certificates. The provider is asked at the first sign-in.
    pub fn new(options: &OidcOptions, public_url: &str) -> Result<Arc<Self>, OidcError> {
        options.check().map_err(OidcError::Unusable)?;
        let redirect = format!("{}{CALLBACK_PATH}", public_url.trim_end_matches('/'));
        let redirect = RedirectUrl::new(redirect).map_err(|why| OidcError::Unusable(why.to_string()))?;
        let asker = Asker::new(options)?;
        let provider = Provider::new(&options.issuer)?;
        let key = client_key(&options.client_key)?;
        Ok(Arc::new(Self { options: options.clone(), redirect, asker, provider, key }))
    }

    /// The public half of this client's key, to be registered with the provider.
    pub fn public_key(&self) -> PublicJwk {
        PublicJwk {
            kid: Some(self.key.kid().to_owned()),
            usage: Some("sig".to_owned()),
            alg: Some("ES256".to_owned()),
            ..self.key.public().clone()
        }
    }

    /// Where to send the browser.
    pub async fn authorization_url(&self, attempt: &Attempt, now: Timestamp) -> Result<Url, OidcError> {
        let known = self.provider.known(&self.asker, now).await?;
        let client = known.client(&self.options, &self.redirect);
        let verifier = PkceCodeVerifier::new(attempt.verifier.clone());
        let (state, nonce) = (attempt.state.clone(), attempt.nonce.clone());
        let (acr_values, age) = match attempt.step_up {
            true => (&self.options.acr_step_up, 0),
            false => (&self.options.acr_sign_in, SIGN_IN_AGE_MAX),
        };
        let mut request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .set_max_age(std::time::Duration::from_secs(age))
            .add_scopes(self.options.scopes.iter().cloned().map(Scope::new));
        for acr in acr_values {
            request = request.add_auth_context_value(AuthenticationContextClass::new(acr.clone()));
        }
        Ok(request.url().0)
    }

    /// Redeems what the browser came back with. The caller has found the attempt by the answer's `state`, in this
    /// browser, and has already used it up.
    pub async fn redeem(
        &self,
        answer: &Answer,
        attempt: &Attempt,
        now: Timestamp,
    ) -> Result<Recognised, OidcError> {
        let code = answer.code(&self.options).map_err(OidcError::Refused)?;
        let known = self.provider.known(&self.asker, now).await?;
        let token = self.exchange(&known, code, attempt, now).await?;
        let expected = Expected { options: &self.options, attempt, now };
        match verify(&token, known.keys(), expected) {
            Err(token::Fault::UnknownKey) => {
                // The provider may have changed its keys since they were read.
                let known = self.provider.renewed(&self.asker, now).await?;
                verify(&token, known.keys(), expected)
            }
            other => other,
        }
        .map_err(|fault| OidcError::Refused(fault.into()))
    }

    async fn exchange(
        &self,
        known: &provider::Known,
        code: &str,
        attempt: &Attempt,
        now: Timestamp,
    ) -> Result<CoreIdToken, OidcError> {
        let client = known.client(&self.options, &self.redirect);
        let mut request = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|why| OidcError::Unreachable(why.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(attempt.verifier.clone()));
        if self.options.client_certificate.is_none() {
            let assertion =
                self.key.assertion(&self.options.client_id, &self.options.issuer, &random()?, now.seconds());
            let assertion = assertion.map_err(|why| OidcError::Unusable(why.to_string()))?;
            request = request
                .add_extra_param("client_assertion_type", ASSERTION_TYPE)
                .add_extra_param("client_assertion", assertion);
        }
        let response = request.request_async(&|request| self.asker.ask(request)).await;
        let response = response.map_err(|error| match error {
            RequestTokenError::ServerResponse(said) => {
                OidcError::Refused(Refusal::Code(said.error().as_ref().to_owned()))
            }
            RequestTokenError::Request(why) => OidcError::Unreachable(why.to_string()),
            // The body may hold tokens; where the reader stumbled does not.
            RequestTokenError::Parse(why, _) => {
                OidcError::Refused(Refusal::Token(format!("unreadable at {}", why.path())))
            }
            RequestTokenError::Other(why) => OidcError::Unreachable(why),
        })?;
        response
            .id_token()
            .cloned()
            .ok_or_else(|| OidcError::Refused(Refusal::Token("there is none".to_owned())))
    }
}

fn client_key(path: &Path) -> Result<ClientKey, OidcError> {
    let der = read_pkcs8(path).map_err(|why| OidcError::Unusable(why.to_string()))?;
    es256_in_memory(&der, &path.display().to_string())
        .and_then(ClientKey::new)
        .ok_or_else(|| OidcError::Unusable(format!("{}: no P-256 key", path.display())))
}

fn random() -> Result<String, OidcError> {
    generate_secret().map(|secret| base64url(&secret)).map_err(|why| OidcError::Unusable(why.to_string()))
}
