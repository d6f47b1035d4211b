//! `/v1/ledger/tile/…`, `/proof/{index}`, `/consistency`, `/entries`: the open log, at C2SP's paths.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Bytes;
use serde::{Deserialize, Serialize};

use super::gate::Context;
use super::pages::{PageQuery, respond};
use crate::ledger::tile::{TILE_WIDTH, TileId, parse_tile_path};
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::log;
use crate::service::receipt::Receipt;

/// A full tile never changes (tlog-tiles, "Parameters").
const FOR_EVER: &str = "max-age=31536000, immutable";
/// A partial one gives way to a wider one.
const ASK_AGAIN: &str = "no-cache";
const TEXT: &str = "text/plain; charset=utf-8";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProofQuery {
    size: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConsistencyQuery {
    from: u64,
    to: u64,
}

/// One of a bank's own entries as answered: a receipt and its index.
#[derive(Debug, Serialize)]
pub struct OwnEntryView {
    /// Its place in the sequence.
    pub index: u64,
    /// Leaf, salt and proof.
    #[serde(flatten)]
    pub receipt: Receipt,
}

/// A tile of hashes.
pub async fn tile(context: Context) -> ServiceResult<HttpResponse> {
    let path = format!("tile/{}/{}", context.path("level")?, context.path("tile")?);
    let (id, width) = parse_tile_path(&path).ok_or(ServiceError::NotFound)?;
    Ok(piece(log::tile(context.exchange(), id, width).await?, width))
}

/// A bundle of entries.
pub async fn bundle(context: Context) -> ServiceResult<HttpResponse> {
    let (TileId { index, .. }, width) =
        parse_tile_path(&format!("tile/0/{}", context.path("bundle")?)).ok_or(ServiceError::NotFound)?;
    Ok(piece(log::bundle(context.exchange(), index, width).await?, width))
}

/// A `tlog-proof` of one entry, in the tree of any size up to the newest checkpoint's.
pub async fn proof(context: Context) -> ServiceResult<HttpResponse> {
    let query: ProofQuery = context.query()?;
    let index: u64 = context.path("index")?.parse().map_err(|_| ServiceError::NotFound)?;
    let proof = log::proof(context.exchange(), index, query.size).await?;
    Ok(HttpResponse::Ok().content_type(TEXT).insert_header((CACHE_CONTROL, ASK_AGAIN)).body(proof.to_text()))
}

/// A consistency proof, one base64 hash a line; empty if the sizes are equal.
pub async fn consistency(context: Context) -> ServiceResult<HttpResponse> {
    let query: ConsistencyQuery = context.query()?;
    let hashes = log::consistency(context.exchange(), query.from, query.to).await?;
    let text: String = hashes.iter().map(|hash| format!("{hash}\n")).collect();
    Ok(HttpResponse::Ok().content_type(TEXT).insert_header((CACHE_CONTROL, ASK_AGAIN)).body(text))
}

/// A page of the bank's own entries.
pub async fn own_entries(context: Context) -> ServiceResult<HttpResponse> {
    let page: PageQuery = context.query()?;
    let (after, limit) = (page.after()?, page.limit()?);
    let first = match after.as_str() {
        "" => 0,
        index => index
            .parse::<u64>()
            .ok()
            .and_then(|index| index.checked_add(1))
            .filter(|first| i64::try_from(*first).is_ok())
            .ok_or_else(|| {
                ServiceError::invalid("?after", "must be the `next` of an earlier page, or left out")
            })?,
    };
    let entries =
        log::own_entries(context.exchange(), context.caller.member.clone(), first, limit + 1).await?;
    let views =
        entries.into_iter().map(|own| OwnEntryView { index: own.index, receipt: own.receipt }).collect();
    Ok(respond(views, limit, |view| view.index.to_string()))
}

fn piece(bytes: Arc<[u8]>, width: u16) -> HttpResponse {
    let full = usize::from(width) == TILE_WIDTH;
    HttpResponse::Ok()
        .content_type("application/octet-stream")
        .insert_header((CACHE_CONTROL, if full { FOR_EVER } else { ASK_AGAIN }))
        .body(Bytes::from_owner(bytes))
}
