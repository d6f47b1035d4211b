//! A client of the webhook that hands notices on, to an SMS gateway for instance: a code and a reference, signed.
//!
//! The signature is an HMAC-SHA256 (RFC 2104) over instant and body, so that a message that was caught is not played again.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use reqwest::{Certificate, Client, Url};
use ring::hmac;

use super::gateway_client::chain;
use super::strict_client::strict;
use crate::seal::digest::hexadecimal;

/// A webhook that does not answer in this time is tried again later.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);
/// Shortest key: that of the hash (RFC 2104 section 3).
const KEY_BYTES_MIN: usize = 32;
/// Header that carries the signature: `t=SECONDS,v1=HEX` of HMAC-SHA256(key, `SECONDS.BODY`).
pub const SIGNATURE_HEADER: &str = "x-shuidaiyi-signature";

/// The webhook cannot be used as it is configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WebhookUnusable(pub String);

/// A message was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotTaken(pub String);

/// A client of the webhook.
#[derive(Clone)]
pub struct WebhookClient {
    client: Client,
    url: Url,
    key: hmac::Key,
}

impl WebhookClient {
    /// A client of the webhook at this address: `https`, with the CA that its certificate chains to, or `http` on the
    /// loopback interface.
    pub fn new(url: &str, ca: Option<&Path>, key: &[u8]) -> Result<Self, WebhookUnusable> {
        let unusable = |why: &dyn ToString| WebhookUnusable(format!("{url}: {}", why.to_string()));
        let parsed = Url::parse(url).map_err(|why| unusable(&why))?;
        if key.len() < KEY_BYTES_MIN {
            return Err(unusable(&format!("the key has fewer than {KEY_BYTES_MIN} bytes")));
        }
        let roots = match (parsed.scheme(), ca) {
            ("https", Some(ca)) => {
                let pem = std::fs::read(ca).map_err(|why| unusable(&format!("{}: {why}", ca.display())))?;
                Certificate::from_pem_bundle(&pem).map_err(|why| unusable(&why))?
            }
            ("https", None) => return Err(unusable(&"https needs webhook_ca, the CA of its certificate")),
            ("http", _) if is_loopback(&parsed) => Vec::new(),
            (_, _) => return Err(unusable(&"must be https://, or http:// on the loopback interface")),
        };
        let client = strict(roots, ANSWER_TIME_MAX).build().map_err(|why| unusable(&why))?;
        Ok(Self { client, url: parsed, key: hmac::Key::new(hmac::HMAC_SHA256, key) })
    }

    /// Hands a message over. Taken is what is answered with a status of success; what else is said does not count.
    pub async fn tell(&self, id: &str, at_seconds: i64, body: String) -> Result<(), NotTaken> {
        let signature = self.code(&format!("{at_seconds}.{body}"));
        let request = self
            .client
            .post(self.url.clone())
            .header("content-type", "application/json")
            .header("idempotency-key", id)
            .header(SIGNATURE_HEADER, format!("t={at_seconds},v1={signature}"))
            .body(body);
        let answer = request.send().await.map_err(|error| NotTaken(chain(&error.without_url())))?;
        match answer.status().is_success() {
            true => Ok(()),
            false => Err(NotTaken(format!("status {}", answer.status().as_u16()))),
        }
    }

    /// HMAC-SHA256 of a text under the webhook's key, in hexadecimal.
    pub fn code(&self, text: &str) -> String {
        hexadecimal(hmac::sign(&self.key, text.as_bytes()).as_ref())
    }
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(url: &str) -> Result<WebhookClient, WebhookUnusable> {
        WebhookClient::new(url, None, &[7; 32])
    }

    #[test]
    fn plain_http_is_for_the_loopback_interface() {
        for url in ["http://127.0.0.1:9/x", "http://localhost/x", "http://[::1]:9/"] {
            assert!(client(url).is_ok(), "{url}");
        }
        for url in
            ["http://sms.example/", "http://127.0.0.1.evil.example/", "https://sms.example/", "ftp://x/", "x"]
        {
            assert!(client(url).is_err(), "{url}");
        }
        assert!(WebhookClient::new("http://localhost/", None, &[7; 31]).is_err());
    }

    /// Computed with Python's hmac.
    #[test]
    fn the_code_is_an_hmac() {
        let code = client("http://localhost/").unwrap().code("1700000000.{}");
        assert_eq!(code, "7b24748c9a3d39ed07b08d270a9c3b5ae3b420a0cba2eb3337b0fd8b739e40cd");
    }
}
