//! As much of a browser as signing in takes: cookies by origin, redirects one at a time.

use std::collections::HashMap;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Response, Url};

/// A browser with its cookies.
pub struct Browser {
    client: Client,
    cookies: HashMap<String, HashMap<String, String>>,
}

impl Browser {
    /// One that trusts these authorities.
    pub fn new(authorities: &[u8]) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = Client::builder()
            .tls_certs_only(Certificate::from_pem_bundle(authorities).unwrap())
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self { client, cookies: HashMap::new() }
    }

    /// Opens one address, without going on.
    pub async fn open(&mut self, url: &Url) -> Response {
        let jar = self.cookies.entry(url.origin().ascii_serialization()).or_default();
        let sent: Vec<String> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.client.get(url.clone()).header("cookie", sent.join("; "));
        let response = request.send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            match value.is_empty() {
                true => jar.remove(name),
                false => jar.insert(name.to_owned(), value.to_owned()),
            };
        }
        response
    }

    /// Opens an address and follows redirects until `stop` says that it has arrived; gives the address it was sent to.
    pub async fn follow(&mut self, url: Url, stop: impl Fn(&Url) -> bool) -> Result<Url, (Url, Response)> {
        let mut at = url;
        for _ in 0..10 {
            if stop(&at) {
                return Ok(at);
            }
            let response = self.open(&at).await;
            match response.headers().get("location") {
                Some(place) => at = at.join(place.to_str().unwrap()).unwrap(),
                None => return Err((at, response)),
            }
        }
        panic!("sent around in circles, last to {at}");
    }
}
