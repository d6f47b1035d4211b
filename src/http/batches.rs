//! `POST /v1/batches`: a delivery of the bureau, streamed.

use std::io::{self, Read};

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::web::Bytes;
use chrono::NaiveDate;
use serde::Deserialize;
use tokio::sync::mpsc;

use super::body::Body;
use super::gate::Context;
use crate::domain::import::{Charset, Compression, Form, Syntax};
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::ingest::{self, Content, Deliverer, Delivery, Mode, Report};

/// Pieces of the body that may wait for the database.
const PIECES_WAITING: usize = 16;
/// The media type of a workbook.
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

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
    let (delivery, charset) = delivery(&context, &query)?;
    let compression = compression(&context)?;
    let deliverer = Deliverer {
        member: context.caller.member.to_string(),
        label: context.caller.label.clone(),
        certificate: Some(context.caller.certificate.clone()),
    };
    let (pieces, waiting) = mpsc::channel(PIECES_WAITING);
    let exchange = context.exchange().clone();
    let loading = tokio::task::spawn_blocking(move || {
        load(&exchange, &deliverer, delivery, Pieces::new(waiting), charset, compression)
    });
    let fed = feed(&context, body, pieces).await;
    let loaded = loading.await.map_err(ServiceError::internal)?;
    // What broke off the body explains more than what the loader made of its end.
    match (fed, loaded) {
        (Ok(()), loaded) => Ok(HttpResponse::Created().json(loaded?)),
        (Err(error), _) => Err(error),
    }
}

fn delivery(context: &Context, query: &Query) -> ServiceResult<(Delivery, Charset)> {
    let names: Vec<&str> = Form::all().iter().map(Form::id).collect();
    let form = Form::by_id(&query.form)
        .ok_or_else(|| ServiceError::invalid("?form", format!("must be one of: {}", names.join(", "))))?;
    let kind =
        context.request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (kind, parameters) = kind.split_once(';').unwrap_or((kind, ""));
    let syntax = match kind.trim() {
        "text/csv" => Syntax::Csv,
        "application/x-ndjson" | "application/ndjson" => Syntax::Ndjson,
        XLSX => Syntax::Xlsx,
        _other => {
            return Err(ServiceError::Malformed(format!(
                "Content-Type must be text/csv, application/x-ndjson or {XLSX}"
            )));
        }
    };
    let charset = charset(parameters)?.unwrap_or_default();
    let Query { coverage_from, coverage_to, as_of, mode, .. } = *query;
    Ok((Delivery { form, syntax, coverage_from, coverage_to, as_of, mode }, charset))
}

/// The charset among the parameters of a media type (RFC 9110, 8.3.1); other parameters say nothing here.
fn charset(parameters: &str) -> ServiceResult<Option<Charset>> {
    for parameter in parameters.split(';') {
        if let Some((name, value)) = parameter.split_once('=')
            && name.trim().eq_ignore_ascii_case("charset")
        {
            let charset = value.trim().trim_matches('"').parse();
            return charset.map(Some).map_err(|why: crate::domain::import::UnknownCharset| {
                ServiceError::Malformed(format!("Content-Type: {why}"))
            });
        }
    }
    Ok(None)
}

fn compression(context: &Context) -> ServiceResult<Compression> {
    match context.request.headers().get(CONTENT_ENCODING).map(|value| value.to_str().unwrap_or_default()) {
        None | Some("identity") => Ok(Compression::None),
        Some("gzip") => Ok(Compression::Gzip),
        Some("zstd") => Ok(Compression::Zstd),
        Some(_other) => {
            Err(ServiceError::Malformed("Content-Encoding must be gzip or zstd, or left out".into()))
        }
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
    charset: Charset,
    compression: Compression,
) -> ServiceResult<Report> {
    let bytes = compression.unpack(pieces).map_err(ServiceError::internal)?;
    ingest::ingest_content(
        exchange,
        deliverer,
        delivery,
        Content { bytes, charset, rows: None },
        &mut |_rows| {},
    )
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
}

impl Pieces {
    fn new(waiting: mpsc::Receiver<Piece>) -> Self {
        Self { waiting, piece: Bytes::new(), ended: false }
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
        Ok(count)
    }
}
