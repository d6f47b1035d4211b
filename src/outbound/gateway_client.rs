//! A member's client of the gateway, over real mutual TLS.

use std::path::Path;
use std::time::Duration;

use reqwest::{Body, Certificate, Client, Identity, Method, Response, StatusCode, Url};
use serde_json::Value;

const REQUEST_TIME_MAX: Duration = Duration::from_secs(60);
/// A delivery of a large city takes its time, and is answered only when all of it is in.
const DELIVERY_TIME_MAX: Duration = Duration::from_secs(6 * 3600);

/// What a gateway answered, or why it could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// A certificate, key or URL cannot be used.
    #[error("{0}")]
    Unusable(String),
    /// The gateway could not be reached, or the connection broke.
    #[error("{what}: {why}")]
    Unreachable {
        /// What was asked.
        what: String,
        /// What went wrong.
        why: String,
    },
    /// The gateway refused.
    #[error("{status} {code}: {detail}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Stable code of the problem.
        code: String,
        /// What to do.
        detail: String,
        /// The whole problem.
        problem: Value,
    },
}

/// A client with one member's certificate.
#[derive(Clone)]
pub struct GatewayClient {
    client: Client,
    base: Url,
}

impl GatewayClient {
    /// A client of the gateway at `url` that trusts `ca` and shows `certificate`.
    pub fn new(url: &str, ca: &Path, certificate: &Path, key: &Path) -> Result<Self, ClientError> {
        let read = |path: &Path| {
            std::fs::read(path).map_err(|why| ClientError::Unusable(format!("{}: {why}", path.display())))
        };
        let unusable = |path: &Path, why: &dyn ToString| {
            ClientError::Unusable(format!("{}: {}", path.display(), why.to_string()))
        };
        let mut identity = read(certificate)?;
        identity.push(b'\n');
        identity.extend(read(key)?);
        // reqwest takes the process's provider; a second installation is refused and changes nothing.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = Client::builder()
            .tls_certs_only([Certificate::from_pem(&read(ca)?).map_err(|why| unusable(ca, &why))?])
            .identity(Identity::from_pem(&identity).map_err(|why| unusable(certificate, &why))?)
            .https_only(true)
            .no_proxy()
            .timeout(REQUEST_TIME_MAX)
            .build()
            .map_err(|why| ClientError::Unusable(chain(&why)))?;
        let base = Url::parse(url).map_err(|why| ClientError::Unusable(format!("{url}: {why}")))?;
        Ok(Self { client, base })
    }

    /// Asks with a JSON body; the answer as its bytes.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Vec<u8>, ClientError> {
        let mut request = self.client.request(method, self.url(path)?);
        if let Some(body) = body {
            request = request.json(body);
        }
        answer(path, request.send().await).await
    }

    /// Asks with a JSON body under an idempotency key: sent twice, it is done once.
    pub async fn send_once(&self, path: &str, body: &Value, key: &str) -> Result<Vec<u8>, ClientError> {
        let request = self.client.post(self.url(path)?).header("idempotency-key", key).json(body);
        answer(path, request.send().await).await
    }

    /// Asks with a JSON body; the answer as JSON.
    pub async fn json(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, ClientError> {
        let bytes = self.send(method, path, body).await?;
        serde_json::from_slice(&bytes)
            .map_err(|why| ClientError::Unreachable { what: path.to_owned(), why: why.to_string() })
    }

    /// Sends a delivery, packed by that content coding if any (RFC 9110, 8.4).
    pub async fn deliver(
        &self,
        path: &str,
        content_type: &str,
        content_coding: Option<&str>,
        body: impl Into<Body>,
    ) -> Result<Value, ClientError> {
        let mut request = self
            .client
            .post(self.url(path)?)
            .timeout(DELIVERY_TIME_MAX)
            .header("content-type", content_type)
            .body(body);
        if let Some(coding) = content_coding {
            request = request.header("content-encoding", coding);
        }
        let bytes = answer(path, request.send().await).await?;
        serde_json::from_slice(&bytes)
            .map_err(|why| ClientError::Unreachable { what: path.to_owned(), why: why.to_string() })
    }

    fn url(&self, path: &str) -> Result<Url, ClientError> {
        self.base.join(path).map_err(|why| ClientError::Unusable(format!("{path}: {why}")))
    }
}

async fn answer(what: &str, sent: Result<Response, reqwest::Error>) -> Result<Vec<u8>, ClientError> {
    let broken = |why: reqwest::Error| ClientError::Unreachable { what: what.to_owned(), why: chain(&why) };
    let response = sent.map_err(broken)?;
    let status = response.status();
    let bytes = response.bytes().await.map_err(broken)?;
    if status.is_success() { Ok(bytes.to_vec()) } else { Err(refused(status, &bytes)) }
}

fn refused(status: StatusCode, body: &[u8]) -> ClientError {
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| problem.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut detail = text("detail");
    for error in problem.get("errors").and_then(Value::as_array).unwrap_or(&Vec::new()) {
        let part = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        detail.push_str(&format!("; {} {}", part("pointer"), part("message")));
    }
    ClientError::Refused { status: status.as_u16(), code: text("code"), detail, problem }
}

/// reqwest's own words say little; its causes say what broke.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
