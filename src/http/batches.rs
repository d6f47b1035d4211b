//! `POST /v1/batches`: a delivery of the bureau, streamed; and its rejected rows.

use std::io::{self, Read};

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::web::Bytes;
use chrono::NaiveDate;
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use tokio::sync::mpsc;

use super::body::Body;
use super::gate::Context;
use super::pages::{PageQuery, respond};
use crate::domain::import::{Form, Syntax};
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::ingest::{self, Deliverer, Delivery, Mode, RejectedRow, Report};
use crate::store::batches;

/// Pieces of the body that may wait for the database.
const PIECES_WAITING: usize = 16;
/// A compressed delivery may grow this many times; past it, it is a bomb.
const EXPANSION_MAX: u64 = 200;
/// Deliveries may always expand to this many bytes.
const EXPANSION_FREE_BYTES: u64 = 64 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    form: String,
    coverage_from: NaiveDate,
    coverage_to: NaiveDate,
    as_of: NaiveDate,
    #[serde(default = "whole")]
    mode: Mode,
}

fn whole() -> Mode {
    Mode::All
}

/// Takes a delivery.
pub async fn deliver(context: Context, body: &mut Body) -> ServiceResult<HttpResponse> {
    let query: Query = context.query()?;
    let delivery = delivery(&context, &query)?;
    let gzip = compressed(&context)?;
    let deliverer = Deliverer {
        member: context.caller.member.to_string(),
        label: context.caller.label.clone(),
        certificate: Some(context.caller.certificate.clone()),
    };
    let (pieces, waiting) = mpsc::channel(PIECES_WAITING);
    let exchange = context.exchange().clone();
    let loading = tokio::task::spawn_blocking(move || {
        load(&exchange, &deliverer, delivery, Pieces::new(waiting), gzip)
    });
    let fed = feed(&context, body, pieces).await;
    let loaded = loading.await.map_err(ServiceError::internal)?;
    // What broke off the body explains more than what the loader made of its end.
    match (fed, loaded) {
        (Ok(()), loaded) => Ok(HttpResponse::Created().json(loaded?)),
        (Err(error), _) => Err(error),
    }
}

/// The rejected rows of a delivery.
pub async fn errors(context: Context) -> ServiceResult<HttpResponse> {
    let page: PageQuery = context.query()?;
    let (id, limit, after) = (context.path("id")?, page.limit()?, page.after()?);
    let from: i64 = if after.is_empty() {
        0
    } else {
        after
            .parse::<i64>()
            .ok()
            .and_then(|last| last.checked_add(1))
            .ok_or_else(|| ServiceError::invalid("?after", "must be the `next` of an earlier page"))?
    };
    let rows = context
        .exchange()
        .blocking(move |e| {
            e.data
                .read(|c| {
                    Ok(batches::find(c, &id)?.map(|batch| batches::errors(c, &batch.id, from, limit + 1)))
                })?
                .ok_or(ServiceError::NotFound)
        })
        .await??;
    let rows: Vec<(i64, RejectedRow)> =
        rows.into_iter().map(|row| (row.ordinal, ingest::rejected_row(row))).collect();
    let numbered: Vec<Numbered> = rows.into_iter().map(|(ordinal, row)| Numbered { ordinal, row }).collect();
    Ok(respond(numbered, limit, |row| row.ordinal.to_string()))
}

#[derive(serde::Serialize)]
struct Numbered {
    #[serde(skip)]
    ordinal: i64,
    #[serde(flatten)]
    row: RejectedRow,
}

fn delivery(context: &Context, query: &Query) -> ServiceResult<Delivery> {
    let names: Vec<&str> = Form::all().iter().map(Form::id).collect();
    let form = Form::by_id(&query.form)
        .ok_or_else(|| ServiceError::invalid("?form", format!("must be one of: {}", names.join(", "))))?;
    let kind =
        context.request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let syntax = match kind.split(';').next().unwrap_or_default().trim() {
        "text/csv" => Syntax::Csv,
        "application/x-ndjson" | "application/ndjson" => Syntax::Ndjson,
        _other => {
            return Err(ServiceError::Malformed(
                "Content-Type must be text/csv or application/x-ndjson".into(),
            ));
        }
    };
    let Query { coverage_from, coverage_to, as_of, mode, .. } = *query;
    Ok(Delivery { form, syntax, coverage_from, coverage_to, as_of, mode })
}

fn compressed(context: &Context) -> ServiceResult<bool> {
    match context.request.headers().get(CONTENT_ENCODING).map(|value| value.to_str().unwrap_or_default()) {
        None | Some("identity") => Ok(false),
        Some("gzip") => Ok(true),
        Some(_other) => Err(ServiceError::Malformed("Content-Encoding must be gzip, or left out".into())),
    }
}

/// Passes the body on piece by piece; stops early if the loader gave up.
async fn feed(context: &Context, body: &mut Body, pieces: mpsc::Sender<Piece>) -> ServiceResult<()> {
    let limits = context.gateway.limits;
    let mut left = limits.batch_bytes_max;
    loop {
        let piece = match body.next(limits.batch_idle_seconds_max).await {
            Ok(Some(piece)) => piece,
            Ok(None) => {
                drop(pieces.send(Piece::End).await);
                return Ok(());
            }
            // The loader sees the channel end without `End`, and takes nothing.
            Err(error) => return Err(error),
        };
        let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        if length > left {
            return Err(ServiceError::TooLarge(
                "a delivery may have 8 GiB, unless the operator configured otherwise",
            ));
        }
        left -= length;
        if pieces.send(Piece::Bytes(piece)).await.is_err() {
            // The loader has its answer already: the rest is drained behind it.
            return Ok(());
        }
    }
}

fn load(
    exchange: &crate::service::Exchange,
    deliverer: &Deliverer,
    delivery: Delivery,
    pieces: Pieces,
    gzip: bool,
) -> ServiceResult<Report> {
    let mut quiet = |_rows| {};
    if gzip {
        let passed = pieces.passed.clone();
        let inflated = Bounded { inner: MultiGzDecoder::new(pieces), passed, out: 0 };
        ingest::ingest(exchange, deliverer, delivery, inflated, &mut quiet)
    } else {
        ingest::ingest(exchange, deliverer, delivery, pieces, &mut quiet)
    }
}

/// What goes from the connection to the loader.
///
/// The end of a body is said outright: when a connection is reset, the server drops the handler where it
/// stands, and a channel that merely closed would look like the end of a whole delivery.
enum Piece {
    Bytes(Bytes),
    End,
}

/// The body as a blocking reader sees it.
struct Pieces {
    waiting: mpsc::Receiver<Piece>,
    piece: Bytes,
    ended: bool,
    passed: std::rc::Rc<std::cell::Cell<u64>>,
}

impl Pieces {
    fn new(waiting: mpsc::Receiver<Piece>) -> Self {
        Self { waiting, piece: Bytes::new(), ended: false, passed: std::rc::Rc::default() }
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            if self.ended {
                return Ok(0);
            }
            match self.waiting.blocking_recv() {
                Some(Piece::Bytes(piece)) => self.piece = piece,
                Some(Piece::End) => self.ended = true,
                None => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the upload broke off")),
            }
        }
        let count = buffer.len().min(self.piece.len());
        let taken = self.piece.split_to(count);
        if let Some(place) = buffer.get_mut(..count) {
            place.copy_from_slice(&taken);
        }
        self.passed.set(self.passed.get() + u64::try_from(count).unwrap_or(0));
        Ok(count)
    }
}

/// Inflated bytes, up to a bound that follows from what was sent.
struct Bounded<R> {
    inner: R,
    passed: std::rc::Rc<std::cell::Cell<u64>>,
    out: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.out += u64::try_from(count).unwrap_or(0);
        if self.out > EXPANSION_FREE_BYTES.max(self.passed.get().saturating_mul(EXPANSION_MAX)) {
            return Err(io::Error::other("the delivery expands too much"));
        }
        Ok(count)
    }
}
