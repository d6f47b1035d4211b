//! What the provider publishes of itself (OpenID Connect Discovery 1.0): endpoints and keys, kept for an hour.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod, CoreGrantType,
    CoreJsonWebKey, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{
    AdditionalProviderMetadata, AuthType, ClientId, EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl,
    ProviderMetadata, RedirectUrl, TokenUrl,
};
use serde::{Deserialize, Serialize};

use super::OidcError;
use super::http::{Asker, check_address};
use super::options::OidcOptions;
use crate::domain::timestamp::Timestamp;

const MICROS_PER_SECOND: i64 = 1_000_000;
/// After this it is read anew.
const FRESH_MICROS: i64 = 3600 * MICROS_PER_SECOND;
/// A provider that cannot be asked just now is believed this long: keys are retired after days, not minutes.
const USABLE_MICROS: i64 = 24 * FRESH_MICROS;
/// A token under an unknown key makes us read anew, but not more often than this.
const RENEWAL_PAUSE_MICROS: i64 = 60 * MICROS_PER_SECOND;

/// Where clients with certificates are to ask (RFC 8705 section 5).
#[derive(Clone, Debug, Deserialize, Serialize)]
struct MutualTlsEndpoints {
    token_endpoint: Option<TokenUrl>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct More {
    mtls_endpoint_aliases: Option<MutualTlsEndpoints>,
}

impl AdditionalProviderMetadata for More {}

type Metadata = ProviderMetadata<
    More,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// A client of endpoints that discovery named.
pub type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Endpoints and keys as they were read.
pub struct Known {
    metadata: Metadata,
    read_at: Timestamp,
}

impl Known {
    /// The keys.
    pub fn keys(&self) -> &CoreJsonWebKeySet {
        self.metadata.jwks()
    }

    /// A client of these endpoints that is sent back to `redirect`.
    pub fn client(&self, options: &OidcOptions, redirect: &RedirectUrl) -> Client {
        let mut metadata = self.metadata.clone();
        let alias = metadata.additional_metadata().mtls_endpoint_aliases.clone();
        if options.client_certificate.is_some()
            && let Some(endpoint) = alias.and_then(|alias| alias.token_endpoint)
        {
            metadata = metadata.set_token_endpoint(Some(endpoint));
        }
        Client::from_provider_metadata(metadata, ClientId::new(options.client_id.clone()), None)
            .set_auth_type(AuthType::RequestBody)
            .set_redirect_uri(redirect.clone())
    }
}

/// A provider, asked when needed.
pub struct Provider {
    issuer: IssuerUrl,
    known: ArcSwapOption<Known>,
}

impl Provider {
    /// Nothing is asked yet.
    pub fn new(issuer: &str) -> Result<Self, OidcError> {
        let issuer = IssuerUrl::new(issuer.to_owned()).map_err(|why| OidcError::Unusable(why.to_string()))?;
        Ok(Self { issuer, known: ArcSwapOption::empty() })
    }

    /// What it publishes, at most an hour old, or, if it cannot be asked now, at most a day.
    pub async fn known(&self, asker: &Asker, now: Timestamp) -> Result<Arc<Known>, OidcError> {
        let kept = self.known.load_full();
        let age = |known: &Known| now.since_micros(known.read_at).abs();
        match kept {
            Some(known) if age(&known) < FRESH_MICROS => Ok(known),
            Some(known) if age(&known) < USABLE_MICROS => Ok(self.read(asker, now).await.unwrap_or(known)),
            Some(_) | None => self.read(asker, now).await,
        }
    }

    /// What it publishes now, unless it was asked a moment ago.
    pub async fn renewed(&self, asker: &Asker, now: Timestamp) -> Result<Arc<Known>, OidcError> {
        match self.known.load_full() {
            Some(known) if now.since_micros(known.read_at).abs() < RENEWAL_PAUSE_MICROS => Ok(known),
            Some(_) | None => self.read(asker, now).await,
        }
    }

    async fn read(&self, asker: &Asker, now: Timestamp) -> Result<Arc<Known>, OidcError> {
        let unreachable = |why: String| OidcError::Unreachable(why);
        let metadata = Metadata::discover_async(self.issuer.clone(), &|request| asker.ask(request)).await;
        let metadata = metadata.map_err(|why| unreachable(told(&why)))?;
        check_address(metadata.authorization_endpoint().url())?;
        let known = Arc::new(Known { metadata, read_at: now });
        self.known.store(Some(known.clone()));
        Ok(known)
    }
}

/// What went wrong, and its cause.
fn told(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
