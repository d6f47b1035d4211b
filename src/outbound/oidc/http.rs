//! How the provider is asked: our own client, no redirects, little time, small answers.

use std::path::Path;
use std::time::Duration;

use openidconnect::{HttpRequest, HttpResponse};
use reqwest::{Certificate, Client, Identity, Url};

use super::OidcError;
use super::options::OidcOptions;
use crate::outbound::gateway_client::chain;
use crate::outbound::strict_client::strict;
use crate::seal::keys::read_private;

/// A provider that does not answer in this time is not waited for: somebody waits in front of a browser.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
/// Key sets and tokens are a few kilobytes.
const ANSWER_BYTES_MAX: usize = 256 << 10;

/// The provider gave no answer that can be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NoAnswer(String);

/// Asks the provider.
#[derive(Clone, Debug)]
pub struct Asker(Client);

impl Asker {
    /// A client that trusts the provider's CA only, and shows our certificate if one is configured.
    pub fn new(options: &OidcOptions) -> Result<Self, OidcError> {
        let issuer = Url::parse(&options.issuer).map_err(|why| unusable("portal.oidc.issuer", &why))?;
        check_address(&issuer)?;
        let roots = match (&options.ca, issuer.scheme()) {
            (Some(ca), _) => roots(ca)?,
            (None, "https") => {
                return Err(unusable("portal.oidc.ca", &"an https issuer needs the CA of its certificate"));
            }
            (None, _) => Vec::new(),
        };
        let mut builder = strict(roots, ANSWER_TIME_MAX);
        if let Some(certificate) = &options.client_certificate {
            builder = builder.identity(identity(certificate, &options.client_key)?);
        }
        let client = builder.build().map_err(|why| OidcError::Unusable(chain(&why)))?;
        Ok(Self(client))
    }

    /// One request.
    pub async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, NoAnswer> {
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string()).map_err(|why| NoAnswer(why.to_string()))?;
        check_address(&url).map_err(|why| NoAnswer(why.to_string()))?;
        let broken = |why: reqwest::Error| NoAnswer(chain(&why.without_url()));
        let request = self.0.request(parts.method, url).headers(parts.headers).body(body);
        let mut response = request.send().await.map_err(broken)?;
        let mut answer = HttpResponse::new(Vec::new());
        *answer.status_mut() = response.status();
        *answer.headers_mut() = response.headers().clone();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if answer.body().len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(NoAnswer("the answer is too long".to_owned()));
            }
            answer.body_mut().extend_from_slice(&chunk);
        }
        Ok(answer)
    }
}

/// Tokens and keys travel in the clear on this host only.
pub fn check_address(url: &Url) -> Result<(), OidcError> {
    let local = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
    match (url.scheme(), local) {
        ("https", _) | ("http", true) => Ok(()),
        (_, _) => Err(unusable(url.as_str(), &"must be https")),
    }
}

fn roots(path: &Path) -> Result<Vec<Certificate>, OidcError> {
    let place = path.display().to_string();
    let pem = std::fs::read(path).map_err(|why| unusable(&place, &why))?;
    Certificate::from_pem_bundle(&pem).map_err(|why| unusable(&place, &why))
}

fn identity(certificate: &Path, key: &Path) -> Result<Identity, OidcError> {
    let place = certificate.display().to_string();
    let mut pem = std::fs::read(certificate).map_err(|why| unusable(&place, &why))?;
    pem.push(b'\n');
    pem.extend(read_private(key).map_err(|why| OidcError::Unusable(why.to_string()))?);
    Identity::from_pem(&pem).map_err(|why| unusable(&place, &why))
}

fn unusable(what: &str, why: &dyn ToString) -> OidcError {
    OidcError::Unusable(format!("{what}: {}", why.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_host_is_asked_in_the_clear() {
        for (address, is_taken) in [
            ("https://etax.example/", true),
            ("http://127.0.0.1:9/", true),
            ("http://[::1]:9/", true),
            ("http://etax.example/", false),
            ("http://127.0.0.1.etax.example/", false),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(check_address(&Url::parse(address).unwrap()).is_ok(), is_taken, "{address}");
        }
    }
}
