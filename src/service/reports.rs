//! A firm reports an intermediary: the service is free, and nobody need be paid for it.

use std::sync::Arc;

use serde::Serialize;

use super::Exchange;
use super::admin::TAXPAYER;
use super::error::{ServiceError, ServiceResult};
use super::receipt::Receipt;
use crate::domain::case::{TEXT_LENGTH_MAX, is_text};
use crate::domain::representative::ActingFor;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::store::ledger::{Draft, Field};
use crate::store::reports::{self as stored, Report};

/// Reports that a firm may make in a day.
const REPORTS_A_DAY: u64 = 5;

/// A report as the bureau reads it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ReportView {
    /// UUIDv7.
    pub id: String,
    /// The firm that reports.
    pub taxpayer_id: String,
    /// What it says.
    pub text: String,
    /// When.
    pub received_at: Timestamp,
}

/// A report received.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Received {
    /// UUIDv7: the number by which the firm may ask about it.
    pub id: String,
    /// Proves that it was received: entry `report.received`.
    pub receipt: Receipt,
}

/// Receives a report.
pub async fn report(exchange: &Arc<Exchange>, acting: &ActingFor, text: String) -> ServiceResult<Received> {
    if !is_text(&text) {
        let must = format!(
            "must have 1 to {TEXT_LENGTH_MAX} characters, line breaks but no other control or invisible characters"
        );
        return Err(ServiceError::invalid("/text", must));
    }
    let (id, by, taxpayer) = (exchange.fresh_id(), acting.label(), acting.taxpayer().clone());
    let received = id.clone();
    let ((), committed) = exchange
        .writer
        .unit(move |c, now| {
            let today = Timestamp::shanghai_midnight(now.shanghai_date());
            if stored::made_since(c, taxpayer.as_str(), today)? >= REPORTS_A_DAY {
                let why = format!(
                    "每天最多举报 {REPORTS_A_DAY} 次，请明天再来 {REPORTS_A_DAY} reports a day are taken: come back tomorrow"
                );
                return Ok(Err(ServiceError::Conflict(why)));
            }
            let taxpayer_id = taxpayer.as_str().to_owned();
            let draft = Draft {
                kind: EntryKind::ReportReceived,
                object_id: id.clone(),
                actor: TAXPAYER.to_owned(),
                by,
                fields: vec![
                    ("subject", Field::Sealed(taxpayer_id.clone())),
                    ("text", Field::Sealed(text.clone())),
                ],
            };
            stored::insert(c, &Report { id, taxpayer_id, text, received_at: now })?;
            Ok(Ok(((), vec![draft])))
        })
        .await?;
    Ok(Received { id: received, receipt: committed.receipt(0)? })
}

/// One page of reports, oldest first, for the bureau.
pub async fn list(exchange: &Arc<Exchange>, after: String, limit: i64) -> ServiceResult<Vec<ReportView>> {
    let rows = exchange.blocking(move |e| Ok(e.ledger.read(|c| stored::page(c, &after, limit))?)).await?;
    Ok(rows
        .into_iter()
        .map(|Report { id, taxpayer_id, text, received_at }| ReportView {
            id,
            taxpayer_id,
            text,
            received_at,
        })
        .collect())
}
