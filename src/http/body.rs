//! Request bodies: limits, time, and the draining of what was refused.
//!
//! actix has neither a time-out for bodies nor a way to let a client read an answer given before its
//! body arrived: closing with unread bytes resets the connection and the answer is lost.

use std::future::Future;
use std::task::Poll;
use std::time::Duration;

use actix_web::body::SizedStream;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::{Bytes, BytesMut, Payload};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder};
use futures_util::StreamExt;
use futures_util::stream::poll_fn;
use serde::Deserialize;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::service::error::{ServiceError, ServiceResult};

/// What is drained of a refused body before the connection closes.
const DRAIN_BYTES_MAX: usize = 16 << 20;
/// How long a refused body is drained.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(5);

/// Limits on requests.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BodyOptions {
    /// Largest JSON body in bytes.
    pub json_bytes_max: usize,
    /// Seconds in which a JSON body must arrive.
    pub body_seconds_max: u64,
    /// Largest delivery in bytes, as sent.
    pub batch_bytes_max: u64,
    /// Seconds that a delivery may pause.
    pub batch_idle_seconds_max: u64,
    /// Largest sum of header names and values in bytes.
    pub header_bytes_max: usize,
}

impl Default for BodyOptions {
    fn default() -> Self {
        Self {
            json_bytes_max: 64 << 10,
            body_seconds_max: 10,
            batch_bytes_max: 8 << 30,
            batch_idle_seconds_max: 30,
            header_bytes_max: 16 << 10,
        }
    }
}

/// A request's body, read or not.
pub struct Body {
    payload: Payload,
    ended: bool,
}

impl Body {
    /// The body of a request; `expected` is false for requests without one.
    pub fn new(request: &HttpRequest, payload: Payload) -> Self {
        let announced = request.headers().contains_key(CONTENT_LENGTH) || request.chunked().unwrap_or(false);
        Self { payload, ended: !announced }
    }

    /// Reads the whole of a small body.
    pub async fn read(&mut self, options: &BodyOptions) -> ServiceResult<Bytes> {
        let deadline = Instant::now() + Duration::from_secs(options.body_seconds_max);
        let mut bytes = BytesMut::new();
        while let Some(chunk) =
            timeout_at(deadline, self.chunk()).await.map_err(|_| too_slow(options.body_seconds_max))??
        {
            if bytes.len() + chunk.len() > options.json_bytes_max {
                return Err(ServiceError::TooLarge(
                    "a JSON body may have 64 kB, unless the operator configured otherwise",
                ));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    }

    /// The next piece of a streamed body, or `None` at its end.
    pub async fn next(&mut self, idle_seconds_max: u64) -> ServiceResult<Option<Bytes>> {
        timeout(Duration::from_secs(idle_seconds_max), self.chunk())
            .await
            .map_err(|_| too_slow(idle_seconds_max))?
    }

    async fn chunk(&mut self) -> ServiceResult<Option<Bytes>> {
        if self.ended {
            return Ok(None);
        }
        match self.payload.next().await {
            Some(Ok(chunk)) => Ok(Some(chunk)),
            Some(Err(_broken)) => {
                self.ended = true;
                Err(ServiceError::Malformed("the body broke off, or its chunks are not well-formed".into()))
            }
            None => {
                self.ended = true;
                Ok(None)
            }
        }
    }

    /// Finishes an answer: if the body was not read to its end, the rest is drained behind the answer
    /// and the connection closed.
    pub async fn finish(self, response: HttpResponse) -> HttpResponse {
        if self.ended {
            return response;
        }
        let (response, body) = response.into_parts();
        let Ok(bytes) = actix_web::body::to_bytes(body).await else {
            return response.map_body(|_, ()| actix_web::body::BoxBody::new(()));
        };
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let mut rebuilt = HttpResponseBuilder::new(response.status());
        for header in response.headers() {
            rebuilt.append_header(header);
        }
        rebuilt.force_close().body(SizedStream::new(length, answer_then_drain(bytes, self)))
    }
}

fn too_slow(seconds: u64) -> ServiceError {
    ServiceError::Malformed(format!("the body did not arrive within {seconds} s"))
}

/// The answer's bytes, then nothing more until the body is drained: the answer is on its way by then.
///
/// The body lives as long as the stream. Were it dropped at its end, actix would go on draining a chunked
/// body by itself, and wait for ever on a client that stalls.
fn answer_then_drain(
    answer: Bytes,
    mut body: Body,
) -> impl futures_util::Stream<Item = Result<Bytes, std::io::Error>> {
    let mut answer = Some(answer);
    let mut left = DRAIN_BYTES_MAX;
    let mut timer = None;
    poll_fn(move |context| {
        if let Some(answer) = answer.take() {
            return Poll::Ready(Some(Ok(answer)));
        }
        let timer = timer.get_or_insert_with(|| Box::pin(sleep(DRAIN_TIME_MAX)));
        loop {
            if timer.as_mut().poll(context).is_ready() {
                return Poll::Ready(None);
            }
            match body.payload.poll_next_unpin(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(chunk))) if chunk.len() < left => left -= chunk.len(),
                // Past the limit, broken or at its end: the connection closes next.
                Poll::Ready(Some(Ok(_)) | Some(Err(_)) | None) => return Poll::Ready(None),
            }
        }
    })
}
