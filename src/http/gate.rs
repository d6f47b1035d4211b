//! What every request passes before its handler: limits, certificate, role. No route goes around it.

use std::sync::Arc;

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::de::DeserializeOwned;

use super::body::{Body, BodyOptions};
use super::connection::{Connections, Peer};
use super::console;
use super::live_tls::LiveTls;
use super::metrics::Metrics;
use super::problem;
use super::routes::{Entry, Takes};
use crate::seal::digest::base64url;
use crate::seal::strict_json;
use crate::service::Exchange;
use crate::service::directory::Caller;
use crate::service::error::{FieldError, ServiceError, ServiceResult};
use crate::service::refusals::Counted;
use crate::store::idempotency::Claim;

/// Comes with every answer.
pub static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest request id and idempotency key taken from a caller.
const KEY_LENGTH_MAX: usize = 64;
/// The pull, whose outcomes are counted apart.
const PULL_ROUTE: &str = "/v1/dossiers";
/// How requests for what is in no entry of the table are counted.
const NO_ROUTE: &str = "none";

/// What the gateway's handlers share.
pub struct Gateway {
    /// The use cases.
    pub exchange: Arc<Exchange>,
    /// Limits on bodies.
    pub limits: BodyOptions,
    /// Limits on connections.
    pub connections: Connections,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The authorities and revocation lists in force.
    pub tls: Arc<LiveTls>,
}

/// A request that passed the gate.
pub struct Context {
    /// What the handlers share.
    pub gateway: Data<Gateway>,
    /// Who asks.
    pub caller: Caller,
    /// The request's head.
    pub request: HttpRequest,
    /// Its body, if the route takes JSON; empty otherwise.
    pub body: Bytes,
    route: &'static str,
}

/// Takes one request through gate and handler to an answer.
pub async fn dispatch(entry: Option<Entry>, request: HttpRequest, payload: Payload) -> HttpResponse {
    let id = request_id(&request);
    let mut body = Body::new(&request, payload);
    // Not the request's own method: a stranger may make up as many as there are words.
    let (method, route) = match &entry {
        Some(entry) => (entry.method_name(), entry.path),
        None => (NO_ROUTE, NO_ROUTE),
    };
    let outcome = pass(entry, &request, &mut body).await;
    let failed = outcome.as_ref().err().map(|error| problem::public(error).code);
    let mut response = match outcome {
        Ok(response) => response,
        Err(error) if console::has(request.path()) => console::error_page(&request, &error, &id),
        Err(error) => problem::response(&error, &id),
    };
    if let Some(gateway) = request.app_data::<Data<Gateway>>() {
        gateway.metrics.answered(method, route, response.status().as_u16());
        if route == PULL_ROUTE {
            gateway.metrics.pulled(failed.unwrap_or("granted"));
        }
    }
    if console::has(request.path()) {
        console::dress(&mut response);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(X_REQUEST_ID.clone(), value);
    }
    body.finish(response).await
}

async fn pass(entry: Option<Entry>, request: &HttpRequest, body: &mut Body) -> ServiceResult<HttpResponse> {
    let gateway =
        request.app_data::<Data<Gateway>>().cloned().ok_or_else(|| ServiceError::internal("no gateway"))?;
    let caller = recognise(&gateway, request)?;
    let exchange = gateway.exchange.clone();
    let counted = caller.member.clone();
    let outcome = allowed(entry, gateway, caller, request, body).await;
    let why = match &outcome {
        Err(
            ServiceError::Malformed(_)
            | ServiceError::TooLarge(_)
            | ServiceError::Invalid(_)
            | ServiceError::RowsRejected(_),
        ) => Some(Counted::Malformed),
        Err(ServiceError::Forbidden) => Some(Counted::Forbidden),
        Ok(_) | Err(_) => None,
    };
    if let Some(why) = why {
        exchange.refusals.count(&counted, why, exchange.clock.now());
    }
    outcome
}

fn recognise(gateway: &Gateway, request: &HttpRequest) -> ServiceResult<Caller> {
    let peer = request.conn_data::<Peer>().ok_or(ServiceError::Unauthenticated("no TLS connection"))?;
    let now = gateway.exchange.clock.now();
    let caller = gateway.exchange.directory.recognise(peer.fingerprint()?, now)?;
    peer.verify_again(&gateway.tls, now)?;
    if gateway.tls.lists_overdue(now) {
        return Err(ServiceError::Busy("the list of revoked certificates is out of date".into()));
    }
    gateway.connections.admit(peer, &caller.member)?;
    Ok(caller)
}

async fn allowed(
    entry: Option<Entry>,
    gateway: Data<Gateway>,
    caller: Caller,
    request: &HttpRequest,
    body: &mut Body,
) -> ServiceResult<HttpResponse> {
    let header_bytes: usize =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if header_bytes > gateway.limits.header_bytes_max {
        return Err(ServiceError::TooLarge(
            "the headers may have 16 kB, unless the operator configured otherwise",
        ));
    }
    let entry = entry.ok_or(ServiceError::NotFound)?;
    if !entry.allow.contains(&caller.role) {
        return Err(ServiceError::Forbidden);
    }
    let limits = gateway.limits;
    let mut context =
        Context { gateway, caller, request: request.clone(), body: Bytes::new(), route: entry.path };
    match entry.takes {
        Takes::Nothing(handler) => handler(context).await,
        Takes::Json(handler) => {
            context.body = body.read(&limits).await?;
            // A body may take its time: who was suspended meanwhile is not served.
            recognise(&context.gateway, request)?;
            handler(context).await
        }
        Takes::Stream(handler) => handler(context, body).await,
    }
}

/// The caller's request id if it is one, a fresh one otherwise.
fn request_id(request: &HttpRequest) -> String {
    let sent = request.headers().get(&X_REQUEST_ID).and_then(|value| value.to_str().ok());
    match sent {
        Some(id) if is_key(id) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b)) => {
            id.to_owned()
        }
        Some(_) | None => uuid::Uuid::now_v7().to_string(),
    }
}

/// 1 to 64 characters, none of them a control character: PostgreSQL cannot even be asked for a NUL.
pub fn may_be_id(text: &str) -> bool {
    (1..=KEY_LENGTH_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// 1 to 64 visible ASCII characters.
fn is_key(text: &str) -> bool {
    (1..=KEY_LENGTH_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

impl Context {
    /// The use cases.
    pub fn exchange(&self) -> &Arc<Exchange> {
        &self.gateway.exchange
    }

    /// The body as JSON of a known shape: unknown fields and duplicate keys are refused.
    pub fn json<T: DeserializeOwned>(&self) -> ServiceResult<T> {
        let text = std::str::from_utf8(&self.body)
            .map_err(|_| ServiceError::Malformed("the body is not UTF-8".into()))?;
        strict_json::parse_object(text).map_err(|why| {
            ServiceError::Malformed(format!("the body is not a JSON object without duplicate keys: {why}"))
        })?;
        let mut deserializer = serde_json::Deserializer::from_str(text);
        serde_path_to_error::deserialize(&mut deserializer).map_err(|wrong| {
            let pointer = pointer(wrong.path());
            ServiceError::Invalid(vec![FieldError::new(pointer, message(&wrong.into_inner()))])
        })
    }

    /// The query string, unknown parameters refused.
    pub fn query<T: DeserializeOwned>(&self) -> ServiceResult<T> {
        actix_web::web::Query::<T>::from_query(self.request.query_string())
            .map(actix_web::web::Query::into_inner)
            .map_err(|why| ServiceError::invalid("?", why))
    }

    /// A part of the path. Any string that can be an id is taken; another is not found.
    pub fn path(&self, name: &str) -> ServiceResult<String> {
        match self.request.match_info().get(name) {
            Some(part) if may_be_id(part) => Ok(part.to_owned()),
            Some(_) | None => Err(ServiceError::NotFound),
        }
    }

    /// The idempotency key, if one came.
    pub fn claim(&self) -> ServiceResult<Option<Claim>> {
        let Some(value) = self.request.headers().get("idempotency-key") else { return Ok(None) };
        let key = value.to_str().ok().filter(|key| is_key(key));
        let key = key.ok_or_else(|| {
            ServiceError::Malformed("Idempotency-Key must be 1 to 64 visible ASCII characters".into())
        })?;
        let mut asked = self.request.path().as_bytes().to_vec();
        asked.push(0);
        asked.extend_from_slice(&self.body);
        let request_digest = base64url(&crate::seal::digest::sha256(&asked));
        Ok(Some(Claim { route: self.route, key: key.to_owned(), request_digest }))
    }
}

/// serde's path as a JSON pointer (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let part = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    };
    path.iter().map(part).collect()
}

/// serde's words without its line and column, which say nothing beside the pointer.
fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}
