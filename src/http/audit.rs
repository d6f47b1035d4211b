//! `/v1/audit/…`: the ledger searched as pages of JSON or CSV, one release whole, its dossier rebuilt.

use actix_web::HttpResponse;
use actix_web::http::header::{ACCEPT, CONTENT_DISPOSITION, LINK};
use csv::{QuoteStyle, WriterBuilder};
use serde::{Deserialize, Serialize};

use super::gate::{Context, may_be_id};
use super::pages::PageQuery;
use crate::domain::timestamp::Timestamp;
use crate::readable::value::cell;
use crate::service::audit::{self, AuditedEntry, EntryFilter, EntryPage};
use crate::service::error::{ServiceError, ServiceResult};

/// Columns of the CSV, in order.
const COLUMNS: [&str; 9] =
    ["index", "at", "kind", "id", "actor", "member", "taxpayer_id", "outcome", "bank_ref"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntriesQuery {
    taxpayer: Option<String>,
    member: Option<String>,
    kind: Option<String>,
    outcome: Option<String>,
    bank_ref: Option<String>,
    from: Option<String>,
    to: Option<String>,
    mandate: Option<String>,
    order: Option<Order>,
    after: Option<String>,
    limit: Option<i64>,
}

/// In which order entries come.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Order {
    Oldest,
    Newest,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReleaseQuery {
    mandate: Option<String>,
}

#[derive(Serialize)]
struct Page {
    items: Vec<AuditedEntry>,
    next: Option<String>,
}

/// One page of entries.
pub async fn entries(context: Context) -> ServiceResult<HttpResponse> {
    let query: EntriesQuery = context.query()?;
    let page = PageQuery::new(query.after.clone(), query.limit);
    let limit = u32::try_from(page.limit()?).map_err(ServiceError::internal)?;
    let newest_first = query.order == Some(Order::Newest);
    let after = match page.after()? {
        first if first.is_empty() => None,
        after => {
            Some(after.parse::<u64>().ok().filter(|at| i64::try_from(*at).is_ok()).ok_or_else(|| {
                ServiceError::invalid("?after", "must be the `next` of an earlier page, or left out")
            })?)
        }
    };
    let filter = filter(query)?;
    let found =
        audit::entries(context.exchange(), &context.caller, &filter, after, limit, newest_first).await?;
    let next = found.next.map(|next| PageQuery::cursor(&next.to_string()));
    if wants_csv(&context) {
        return csv(&context, &found, next.as_deref());
    }
    Ok(HttpResponse::Ok().json(Page { items: found.items, next }))
}

/// One release whole.
pub async fn release(context: Context) -> ServiceResult<HttpResponse> {
    let query: ReleaseQuery = context.query()?;
    let id = context.path("id")?;
    let found = audit::release(context.exchange(), &context.caller, &id, query.mandate.as_deref()).await?;
    Ok(HttpResponse::Ok().json(found))
}

/// A release's dossier rebuilt, and whether it is identical.
pub async fn replay(context: Context) -> ServiceResult<HttpResponse> {
    let query: ReleaseQuery = context.query()?;
    let id = context.path("id")?;
    let found = audit::replay(context.exchange(), &context.caller, &id, query.mandate.as_deref()).await?;
    Ok(HttpResponse::Ok().json(found))
}

fn filter(query: EntriesQuery) -> ServiceResult<EntryFilter> {
    let text = |name: &str, value: Option<String>| match value {
        Some(value) if !may_be_id(&value) => {
            Err(ServiceError::invalid(name, "must be 1 to 64 characters, none of them a control character"))
        }
        value => Ok(value),
    };
    let instant = |name: &str, value: Option<String>| {
        value
            .map(|value| value.parse::<Timestamp>().map_err(|why| ServiceError::invalid(name, why)))
            .transpose()
    };
    let kind = query.kind.map(|kind| kind.parse().map_err(|why| ServiceError::invalid("?kind", why)));
    Ok(EntryFilter {
        taxpayer: text("?taxpayer", query.taxpayer)?,
        member: text("?member", query.member)?,
        kind: kind.transpose()?,
        outcome: text("?outcome", query.outcome)?,
        bank_ref: text("?bank_ref", query.bank_ref)?,
        from: instant("?from", query.from)?,
        to: instant("?to", query.to)?,
        mandate: text("?mandate", query.mandate)?,
    })
}

fn wants_csv(context: &Context) -> bool {
    let accept =
        context.request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = accept.split(',').map(|kind| kind.split(';').next().unwrap_or_default().trim());
    first.into_iter().find(|kind| ["text/csv", "application/json", "*/*"].contains(kind)) == Some("text/csv")
}

/// The page as CSV (RFC 4180), every cell quoted; a `Link` header names the next page.
fn csv(context: &Context, page: &EntryPage, next: Option<&str>) -> ServiceResult<HttpResponse> {
    let mut writer = WriterBuilder::new().quote_style(QuoteStyle::Always).from_writer(Vec::new());
    writer.write_record(COLUMNS).map_err(ServiceError::internal)?;
    for item in &page.items {
        let (index, at) = (item.index.to_string(), item.at.to_string());
        let absent = String::new();
        let cells = [
            &index,
            &at,
            &item.kind,
            &item.id,
            &item.actor,
            &item.member,
            item.taxpayer_id.as_ref().unwrap_or(&absent),
            item.outcome.as_ref().unwrap_or(&absent),
            item.bank_ref.as_ref().unwrap_or(&absent),
        ];
        writer.write_record(cells.map(|text| cell(text))).map_err(ServiceError::internal)?;
    }
    let bytes = writer.into_inner().map_err(ServiceError::internal)?;
    let mut response = HttpResponse::Ok();
    response.content_type("text/csv; charset=utf-8");
    response.insert_header((CONTENT_DISPOSITION, "attachment; filename=\"entries.csv\""));
    if let Some(next) = next {
        let others =
            context.request.query_string().split('&').filter(|p| !p.is_empty() && !p.starts_with("after="));
        let query: Vec<&str> = others.collect();
        let rest: String = query.iter().map(|parameter| format!("&{parameter}")).collect();
        response.insert_header((LINK, format!("</v1/audit/entries?after={next}{rest}>; rel=\"next\"")));
    }
    Ok(response.body(bytes))
}
