//! What firms are told, in the portal and through a webhook.
//!
//! A use case tells a firm inside its own write unit, with [`notify_in_unit`]: the notice stands if and only if what it
//! tells stands. Accesses alone are told by a follower of the ledger ([`follow`]), since the pull path writes nothing
//! more; its cursor moves in the transaction that writes the notices.

mod follow;
mod options;
mod webhook;

use std::sync::Arc;

use serde::Serialize;

pub use self::follow::follow;
pub use self::options::NotificationOptions;
pub use self::webhook::{Webhook, deliver};
use super::Exchange;
use super::error::ServiceResult;
pub use crate::domain::notice::{Notice, NoticeKind};
use crate::domain::representative::ActingFor;
use crate::domain::timestamp::Timestamp;
use crate::store::db::AnyConnection;
use crate::store::error::StoreResult;
use crate::store::notifications::{self as stored, Notification};

/// Notices on one page.
const PAGE: i64 = 50;

/// Tells a firm, once of each thing, inside the unit of work that does what it tells; `false` if it was told before.
///
/// `taxpayer` may be a firm that does not exist: the work is the same.
pub fn notify_in_unit(
    connection: &mut AnyConnection,
    now: Timestamp,
    taxpayer: &str,
    notice: &Notice,
) -> StoreResult<bool> {
    stored::add(connection, &id_at(now), taxpayer, notice, now)
}

/// An id of this instant: notices are listed, and sent, in the order of their ids.
pub(super) fn id_at(now: Timestamp) -> String {
    let seconds = u64::try_from(now.seconds()).unwrap_or(0);
    let nanos = u32::try_from(now.micros().rem_euclid(1_000_000)).unwrap_or(0) * 1_000;
    uuid::Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos)).to_string()
}

/// A notice as its firm reads it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct NoticeView {
    /// UUIDv7.
    pub id: String,
    /// What.
    pub notice: Notice,
    /// When.
    pub at: Timestamp,
    /// Whether the firm looked at it before.
    pub read: bool,
}

/// A page of notices.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct NoticePage {
    /// Newest first.
    pub items: Vec<NoticeView>,
    /// The id before which the next page begins, if there may be more.
    pub next: Option<String>,
    /// How many of all the firm's notices are unread.
    pub unread: u64,
}

/// One page of a firm's notices.
pub async fn list(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    before: Option<String>,
) -> ServiceResult<NoticePage> {
    let taxpayer = acting.taxpayer().clone();
    exchange
        .blocking(move |e| {
            Ok(e.ledger.read(|c| {
                let mut rows = stored::page(c, taxpayer.as_str(), before.as_deref(), PAGE + 1)?;
                let more = i64::try_from(rows.len()).unwrap_or(i64::MAX) > PAGE;
                rows.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
                let next = rows.last().filter(|_| more).map(|row| row.id.clone());
                let unread = stored::unread(c, taxpayer.as_str())?;
                Ok(NoticePage { items: rows.into_iter().map(view).collect(), next, unread })
            })?)
        })
        .await
}

/// How many of a firm's notices are unread.
pub async fn unread(exchange: &Arc<Exchange>, acting: &ActingFor) -> ServiceResult<u64> {
    let taxpayer = acting.taxpayer().clone();
    exchange.point_read(move |e| Ok(e.ledger.read(|c| stored::unread(c, taxpayer.as_str()))?)).await
}

/// The firm has read its notices up to this one.
pub async fn mark_read(exchange: &Arc<Exchange>, acting: &ActingFor, newest: String) -> ServiceResult<()> {
    let taxpayer = acting.taxpayer().clone();
    exchange
        .blocking(move |e| {
            let now = e.clock.now();
            e.ledger.write(|c| stored::mark_read(c, taxpayer.as_str(), &newest, now))?;
            Ok(())
        })
        .await
}

fn view(row: Notification) -> NoticeView {
    NoticeView { read: row.read_at.is_some(), id: row.id, notice: row.notice, at: row.at }
}
