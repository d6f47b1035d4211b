//! `GET /v1/batches/{id}/errors`: the rejected rows of a delivery, as pages of JSON, or as a file to mend and send again.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::{ACCEPT, CONTENT_DISPOSITION};
use actix_web::web::Bytes;
use futures_util::stream::try_unfold;
use serde::Serialize;

use super::gate::Context;
use super::pages::{PageQuery, respond};
use crate::domain::import::rejected::{RejectedFile, Remark};
use crate::service::Exchange;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::rejections::RejectedRow;
use crate::store::batches::{self, BatchErrorRow, BatchRow};

/// Rejected rows of a file that are read at a time.
const FILE_ROWS: i64 = 500;

/// The rejected rows of a delivery, in the form that the caller accepts.
pub async fn errors(context: Context) -> ServiceResult<HttpResponse> {
    let id = context.path("id")?;
    let wanted = wanted(&context);
    let page: PageQuery = context.query()?;
    let (limit, after) = (page.limit()?, page.after()?);
    let from: i64 = if after.is_empty() {
        0
    } else {
        after
            .parse::<i64>()
            .ok()
            .and_then(|last| last.checked_add(1))
            .ok_or_else(|| ServiceError::invalid("?after", "must be the `next` of an earlier page"))?
    };
    let exchange = context.exchange();
    let batch = exchange
        .blocking(move |e| e.data.read(|c| batches::find(c, &id))?.ok_or(ServiceError::NotFound))
        .await?;
    match wanted {
        Wanted::Pages => pages(exchange, batch.id, from, limit).await,
        Wanted::Csv | Wanted::Ndjson => file(exchange.clone(), &batch, wanted),
    }
}

/// What the caller accepts first of what there is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Pages,
    Csv,
    Ndjson,
}

impl Wanted {
    fn media_type(self) -> &'static str {
        match self {
            Wanted::Pages => "application/json",
            Wanted::Csv => "text/csv; charset=utf-8",
            Wanted::Ndjson => "application/x-ndjson",
        }
    }
}

fn wanted(context: &Context) -> Wanted {
    let accept =
        context.request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kinds = accept.split(',').map(|kind| kind.split(';').next().unwrap_or_default().trim());
    kinds
        .filter_map(|kind| match kind {
            "text/csv" => Some(Wanted::Csv),
            "application/x-ndjson" | "application/ndjson" => Some(Wanted::Ndjson),
            "application/json" | "*/*" => Some(Wanted::Pages),
            _other => None,
        })
        .next()
        .unwrap_or(Wanted::Pages)
}

async fn pages(exchange: &Arc<Exchange>, id: String, from: i64, limit: i64) -> ServiceResult<HttpResponse> {
    let rows = read(exchange, id, from, limit + 1).await?;
    let numbered: Vec<Numbered> =
        rows.into_iter().map(|row| Numbered { ordinal: row.ordinal, row: row.into() }).collect();
    Ok(respond(numbered, limit, |row| row.ordinal.to_string()))
}

#[derive(Serialize)]
struct Numbered {
    #[serde(skip)]
    ordinal: i64,
    #[serde(flatten)]
    row: RejectedRow,
}

async fn read(
    exchange: &Arc<Exchange>,
    id: String,
    from: i64,
    limit: i64,
) -> ServiceResult<Vec<BatchErrorRow>> {
    exchange.blocking(move |e| Ok(e.data.read(|c| batches::errors(c, &id, from, limit))?)).await
}

/// The rows as a file, read a part at a time while it is sent.
fn file(exchange: Arc<Exchange>, batch: &BatchRow, wanted: Wanted) -> ServiceResult<HttpResponse> {
    let kept = if batch.header.is_some() { Wanted::Csv } else { Wanted::Ndjson };
    if kept != wanted {
        let kind = kept.media_type();
        return Err(ServiceError::Malformed(format!(
            "the rejected rows of this delivery are a file of {kind}: Accept that"
        )));
    }
    let file = Arc::new(RejectedFile::new(batch.header.as_deref()));
    let first = file.header();
    let id = batch.id.clone();
    let parts = try_unfold((0_i64, first), move |(from, header)| {
        let (exchange, id, file) = (exchange.clone(), id.clone(), file.clone());
        async move {
            let rows = read(&exchange, id, from, FILE_ROWS).await.map_err(std::io::Error::other)?;
            let next = rows.last().map(|row| row.ordinal.saturating_add(1));
            let lines = rows.iter().map(|row| file.line(row.original.as_deref(), remark(row)));
            let text: String = header.into_iter().chain(lines).collect();
            Ok::<_, std::io::Error>(
                (!text.is_empty()).then(|| (Bytes::from(text), (next.unwrap_or(i64::MAX), None))),
            )
        }
    });
    let ending = if kept == Wanted::Csv { "csv" } else { "ndjson" };
    let mut response = HttpResponse::Ok();
    response.content_type(kept.media_type());
    let name = format!("attachment; filename=\"{}-errors.{ending}\"", batch.form);
    response.insert_header((CONTENT_DISPOSITION, name));
    Ok(response.streaming(parts))
}

fn remark(row: &BatchErrorRow) -> Remark<'_> {
    Remark {
        row: u64::try_from(row.row_number).unwrap_or(0),
        column: row.column_name.as_deref(),
        rule: &row.rule,
        message: &row.message,
    }
}
