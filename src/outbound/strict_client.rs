//! An HTTP client for one other system: its CA only, no redirect, no proxy, and little time.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder};

/// What such a client is made of. Without `roots` it speaks to nobody over TLS.
pub fn strict(roots: Vec<Certificate>, time_max: Duration) -> ClientBuilder {
    // reqwest takes the process's provider; a second installation is refused and changes nothing.
    drop(rustls::crypto::ring::default_provider().install_default());
    Client::builder().tls_certs_only(roots).redirect(Policy::none()).no_proxy().timeout(time_max)
}
