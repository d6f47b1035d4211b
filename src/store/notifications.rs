//! Notices to firms, each its own place in the outbox to the webhook.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::schema::notification;
use crate::domain::member::wire_enum;
use crate::domain::notice::{Notice, NoticeKind};
use crate::domain::timestamp::Timestamp;

wire_enum! {
    /// Where a notice stands with the webhook.
    pub enum Delivery {
        /// To be sent.
        Waiting = "waiting",
        /// Taken by the webhook.
        Sent = "sent",
        /// Refused too often: an operator looks at it.
        Parked = "parked",
        /// Too old to be sent: nobody is woken over last month's news.
        Outdated = "outdated",
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = notification)]
#[diesel(treat_none_as_default_value = false)]
struct Row {
    id: String,
    taxpayer_id: String,
    kind: String,
    about: String,
    params: String,
    at: NaiveDateTime,
    read_at: Option<NaiveDateTime>,
    delivery: String,
    attempts: i32,
    next_at: NaiveDateTime,
    fault: Option<String>,
}

/// A notice as stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notification {
    /// UUIDv7: in the order in which firms were told.
    pub id: String,
    /// Who is told.
    pub taxpayer_id: String,
    /// What.
    pub notice: Notice,
    /// When.
    pub at: Timestamp,
    /// When the firm looked at it.
    pub read_at: Option<Timestamp>,
    /// Where it stands with the webhook.
    pub delivery: Delivery,
    /// Times that the webhook was tried.
    pub attempts: u32,
    /// When it is tried next.
    pub next_at: Timestamp,
    /// What the webhook answered last, if that was no success.
    pub fault: Option<String>,
}

impl Row {
    /// A notice that is new, to be sent at once.
    fn of(id: &str, taxpayer: &str, notice: &Notice, now: Timestamp) -> StoreResult<Self> {
        Ok(Self {
            id: id.to_owned(),
            taxpayer_id: taxpayer.to_owned(),
            kind: notice.kind().to_string(),
            about: notice.about(now),
            params: written(notice)?,
            at: now.naive(),
            read_at: None,
            delivery: Delivery::Waiting.to_string(),
            attempts: 0,
            next_at: now.naive(),
            fault: None,
        })
    }

    fn parse(self) -> StoreResult<Notification> {
        let corrupt = |why: &dyn ToString| StoreError::corrupt("notification", why.to_string());
        Ok(Notification {
            notice: serde_json::from_str(&self.params).map_err(|e| corrupt(&e))?,
            id: self.id,
            taxpayer_id: self.taxpayer_id,
            at: Timestamp::from_naive(self.at),
            read_at: self.read_at.map(Timestamp::from_naive),
            delivery: self.delivery.parse().map_err(|e| corrupt(&e))?,
            attempts: u32::try_from(self.attempts).map_err(|e| corrupt(&e))?,
            next_at: Timestamp::from_naive(self.next_at),
            fault: self.fault,
        })
    }
}

/// Adds a notice, to be sent at once; `false` if the firm was told of the same thing before.
pub fn add(
    connection: &mut AnyConnection,
    id: &str,
    taxpayer: &str,
    notice: &Notice,
    now: Timestamp,
) -> StoreResult<bool> {
    let row = Row::of(id, taxpayer, notice, now)?;
    let added = on_backend!(connection, c => diesel::insert_into(notification::table)
        .values(&row).on_conflict_do_nothing().execute(c))?;
    Ok(added == 1)
}

/// Adds notices that no firm was told before: id, taxpayer, what. Whoever calls has made sure of that.
pub fn add_new(
    connection: &mut AnyConnection,
    notices: &[(String, &str, Notice)],
    now: Timestamp,
) -> StoreResult<()> {
    let rows: Vec<Row> = notices
        .iter()
        .map(|(id, taxpayer, notice)| Row::of(id, taxpayer, notice, now))
        .collect::<StoreResult<_>>()?;
    if !rows.is_empty() {
        on_backend!(connection, c => diesel::insert_into(notification::table).values(&rows).execute(c))?;
    }
    Ok(())
}

/// What these firms were told of one kind and about any of these things ([`Notice::about`]), with the thing.
pub fn about_any(
    connection: &mut AnyConnection,
    kind: NoticeKind,
    taxpayers: &[&str],
    things: &[String],
) -> StoreResult<Vec<(String, Notification)>> {
    let rows: Vec<Row> = on_backend!(connection, c => notification::table
        .filter(notification::taxpayer_id.eq_any(taxpayers))
        .filter(notification::kind.eq(kind.as_str()))
        .filter(notification::about.eq_any(things))
        .load(c))?;
    rows.into_iter().map(|row| Ok((row.about.clone(), row.parse()?))).collect()
}

/// A notice says more than before: it is unread again.
pub fn change(connection: &mut AnyConnection, id: &str, notice: &Notice) -> StoreResult<()> {
    diesel::update(notification::table.find(id))
        .set((notification::params.eq(written(notice)?), notification::read_at.eq(None::<NaiveDateTime>)))
        .execute(connection)?;
    Ok(())
}

fn written(notice: &Notice) -> StoreResult<String> {
    serde_json::to_string(notice).map_err(|e| StoreError::corrupt("notification", e))
}

/// One page of a firm's notices, newest first, those before the id `before`.
pub fn page(
    connection: &mut AnyConnection,
    taxpayer: &str,
    before: Option<&str>,
    limit: i64,
) -> StoreResult<Vec<Notification>> {
    let mut query = notification::table
        .filter(notification::taxpayer_id.eq(taxpayer))
        .order(notification::id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(notification::id.lt(before.to_owned()));
    }
    let rows: Vec<Row> = query.load(connection)?;
    rows.into_iter().map(Row::parse).collect()
}

/// How many of a firm's notices are unread.
pub fn unread(connection: &mut AnyConnection, taxpayer: &str) -> StoreResult<u64> {
    let count: i64 = on_backend!(connection, c => notification::table
        .filter(notification::taxpayer_id.eq(taxpayer))
        .filter(notification::read_at.is_null())
        .count()
        .get_result(c))?;
    u64::try_from(count).map_err(|e| StoreError::corrupt("notification", e))
}

/// Marks a firm's unread notices up to this id as read; how many those were.
pub fn mark_read(
    connection: &mut AnyConnection,
    taxpayer: &str,
    newest: &str,
    now: Timestamp,
) -> StoreResult<usize> {
    Ok(diesel::update(
        notification::table
            .filter(notification::taxpayer_id.eq(taxpayer))
            .filter(notification::id.le(newest))
            .filter(notification::read_at.is_null()),
    )
    .set(notification::read_at.eq(now.naive()))
    .execute(connection)?)
}

/// Each firm's oldest waiting notice, of those that are due: what may be sent without overtaking an earlier one.
pub fn due(connection: &mut AnyConnection, now: Timestamp, limit: i64) -> StoreResult<Vec<Notification>> {
    let waiting: Vec<(String, Option<String>)> = on_backend!(connection, c => notification::table
        .filter(notification::delivery.eq(Delivery::Waiting.as_str()))
        .group_by(notification::taxpayer_id)
        .select((notification::taxpayer_id, diesel::dsl::min(notification::id)))
        .load(c))?;
    let mut found = Vec::new();
    for id in waiting.into_iter().filter_map(|(_, id)| id) {
        let row: Option<Row> = on_backend!(connection, c => notification::table
            .find(id)
            .filter(notification::next_at.le(now.naive()))
            .get_result(c)
            .optional())?;
        found.extend(row.map(Row::parse).transpose()?);
        if i64::try_from(found.len()).unwrap_or(i64::MAX) >= limit {
            break;
        }
    }
    Ok(found)
}

/// Takes a due notice for an attempt: nobody else tries it before `until`. `false` if another process was first.
pub fn take(connection: &mut AnyConnection, found: &Notification, until: Timestamp) -> StoreResult<bool> {
    let attempts = i32::try_from(found.attempts).map_err(|e| StoreError::corrupt("notification", e))?;
    let taken = diesel::update(
        notification::table
            .find(&found.id)
            .filter(notification::delivery.eq(Delivery::Waiting.as_str()))
            .filter(notification::attempts.eq(attempts))
            .filter(notification::next_at.eq(found.next_at.naive())),
    )
    .set((notification::attempts.eq(attempts.saturating_add(1)), notification::next_at.eq(until.naive())))
    .execute(connection)?;
    Ok(taken == 1)
}

/// How an attempt ended.
pub fn settle(
    connection: &mut AnyConnection,
    id: &str,
    delivery: Delivery,
    next_at: Timestamp,
    fault: Option<&str>,
) -> StoreResult<()> {
    diesel::update(notification::table.find(id))
        .set((
            notification::delivery.eq(delivery.as_str()),
            notification::next_at.eq(next_at.naive()),
            notification::fault.eq(fault),
        ))
        .execute(connection)?;
    Ok(())
}

/// Waiting notices that were due before `before`, and that nobody tried since, are not sent any more: how many those were.
pub fn outdate(connection: &mut AnyConnection, before: Timestamp) -> StoreResult<usize> {
    Ok(diesel::update(
        notification::table
            .filter(notification::delivery.eq(Delivery::Waiting.as_str()))
            .filter(notification::next_at.lt(before.naive())),
    )
    .set(notification::delivery.eq(Delivery::Outdated.as_str()))
    .execute(connection)?)
}

/// Parked notices, oldest first.
pub fn parked(connection: &mut AnyConnection, limit: i64) -> StoreResult<Vec<Notification>> {
    let rows: Vec<Row> = notification::table
        .filter(notification::delivery.eq(Delivery::Parked.as_str()))
        .order(notification::id)
        .limit(limit)
        .load(connection)?;
    rows.into_iter().map(Row::parse).collect()
}

/// Parked notices wait again, from the first attempt on; how many those were.
pub fn resume(connection: &mut AnyConnection, now: Timestamp) -> StoreResult<usize> {
    Ok(diesel::update(notification::table.filter(notification::delivery.eq(Delivery::Parked.as_str())))
        .set((
            notification::delivery.eq(Delivery::Waiting.as_str()),
            notification::attempts.eq(0),
            notification::next_at.eq(now.naive()),
        ))
        .execute(connection)?)
}
