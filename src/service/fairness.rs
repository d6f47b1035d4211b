//! Fairness: before a violation is released for the first time its firm is told once, and has some working days to attach
//! a statement that travels with it. Until then the record lies outside the section, so that its absence reveals nothing.
//!
//! The rule itself is in the ledger (`policy.changed`): what was there before it was switched on stays visible, and a
//! replay judges by the rule of its time. `service::remarks` hides; this tells firms, and takes their statements.

use std::sync::Arc;

use chrono::{Days, NaiveDate};
use serde::Deserialize;

use super::Exchange;
use super::admin::Actor;
use super::cases::SENTINEL;
use super::catalogue::Deliveries;
use super::corrections::{check_text, firm_actor};
use super::error::{ServiceError, ServiceResult};
use super::held;
use super::notifications::{Notice, notify_in_unit};
use super::receipt::Receipt;
use crate::domain::representative::ActingFor;
use crate::domain::section::Section;
use crate::domain::taxpayer_id::TaxpayerId;
use crate::domain::working_days::WorkingDays;
use crate::ledger::entry::EntryKind;
use crate::store::annotations::{self, FAIRNESS_CHANGE};
use crate::store::ledger::{self, Draft, Field};
use crate::store::records;
use crate::store::sentinels::{self, Cursor};
use crate::store::violation_notices::{self as stored, NoticeRow, StatementRow};

/// Entries looked at in one step.
const STEP: i64 = 1_000;
/// Steps in one turn.
const STEPS_MAX: usize = 10;
/// Firms of a delivery that are looked at together.
const FIRMS: i64 = 500;
/// Firms are told of so many violations in one transaction.
const NOTICES_IN_A_UNIT: usize = 100;
/// Statements that a firm may make to one violation: each replaces the one before.
const STATEMENTS_MAX: usize = 10;
/// The longest notice.
const DAYS_MAX: u32 = 60;

/// The section `[fairness]` of the configuration.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FairnessOptions {
    /// Working days that a firm has between being told of a violation and its first release; 0 for no notice.
    pub notice_working_days: u32,
    /// Public holidays that fall on Monday to Friday.
    pub public_holidays: Vec<NaiveDate>,
    /// Saturdays and Sundays that are worked in exchange (调休).
    pub worked_weekend_days: Vec<NaiveDate>,
}

impl Default for FairnessOptions {
    fn default() -> Self {
        Self { notice_working_days: 5, public_holidays: Vec::new(), worked_weekend_days: Vec::new() }
    }
}

impl FairnessOptions {
    /// What is wrong with them, naming the key.
    pub fn check(&self) -> Result<(), String> {
        match self.notice_working_days {
            0..=DAYS_MAX => Ok(()),
            _more => Err(format!("fairness.notice_working_days must be 0 to {DAYS_MAX}")),
        }
    }

    /// The calendar by which limits run.
    pub fn calendar(&self) -> WorkingDays {
        let days = |list: &[NaiveDate]| list.to_vec();
        WorkingDays::new(days(&self.public_holidays), days(&self.worked_weekend_days))
    }
}

/// Records the configured rule if it is another than the one recorded last. Asked before a delivery of violations is
/// committed, so that what comes under the rule is judged by it. Blocks on the writer.
pub fn ensure_rule(exchange: &Exchange) -> ServiceResult<()> {
    let days = i64::from(exchange.fairness.notice_working_days);
    let (deliveries, _size) = newest(exchange)?;
    let recorded = deliveries.newest_rule().map_or(0, |rule| rule.notice_working_days);
    if recorded == days {
        return Ok(());
    }
    let id = exchange.fresh_id();
    exchange.writer.unit_blocking(move |c, now| {
        if annotations::newest_rule(c)?.unwrap_or(0) == days {
            return Ok(Ok(((), Vec::new())));
        }
        annotations::insert_rule(c, &id, days, now)?;
        let actor = Actor::operator("configuration");
        let fields = vec![
            ("change", Field::Plain(FAIRNESS_CHANGE.into())),
            ("detail", Field::Sealed(days.to_string())),
        ];
        let draft = Draft {
            kind: EntryKind::PolicyChanged,
            object_id: id,
            actor: actor.member,
            by: actor.label,
            fields,
        };
        Ok(Ok(((), vec![draft])))
    })?;
    Ok(())
}

/// Tells firms of violations that a delivery or a consent brought within reach of a release. Blocks.
pub fn follow(exchange: &Exchange) -> ServiceResult<()> {
    ensure_rule(exchange)?;
    for _ in 0..STEPS_MAX {
        if !step(exchange)? {
            break;
        }
    }
    Ok(())
}

/// One step; `false` if there was nothing to read. Who is told twice by two processes is told once: the second finds the
/// notice there.
fn step(exchange: &Exchange) -> ServiceResult<bool> {
    let (deliveries, size) = newest(exchange)?;
    let from = exchange.ledger.read(|c| sentinels::position(c, Cursor::ViolationNotices))?;
    let Some((_rule, since)) = deliveries.fair_since(size) else { return Ok(false) };
    let start = from.max(since);
    let to = size.min(start.saturating_add(STEP));
    if to <= start {
        return Ok(false);
    }
    for (kind, object) in exchange.ledger.read(|c| stored::causes(c, start, to))? {
        if kind == EntryKind::ConsentGranted.as_str() {
            let firm = exchange.ledger.read(|c| stored::firm_of(c, &object))?;
            tell(exchange, &deliveries, size, since, &firm.into_iter().collect::<Vec<_>>())?;
        } else if deliveries.visible(&object, size).is_some_and(|d| d.section == Section::Violations) {
            let mut after = String::new();
            loop {
                let firms = exchange.data.read(|c| stored::touched(c, &object, &after, FIRMS))?;
                let Some(last) = firms.last() else { break };
                after.clone_from(last);
                tell(exchange, &deliveries, size, since, &firms)?;
            }
        }
    }
    exchange.ledger.write(|c| sentinels::advance(c, Cursor::ViolationNotices, from, to))?;
    Ok(true)
}

/// Tells those of these firms that have a consent of the violations that need it.
fn tell(
    exchange: &Exchange,
    deliveries: &Deliveries,
    size: i64,
    since: i64,
    firms: &[String],
) -> ServiceResult<()> {
    let now = exchange.clock.now();
    let mut untold = Vec::new();
    for firm in exchange.ledger.read(|c| stored::consenting(c, firms, now))? {
        let taxpayer = TaxpayerId::parse(&firm).map_err(ServiceError::internal)?;
        let mut first = std::collections::BTreeMap::new();
        for row in exchange.data.read(|c| records::revisions(c, &taxpayer, Section::Violations))? {
            if let Some(delivery) = deliveries.visible(&row.batch_id, size) {
                let index = first.entry(row.record_key).or_insert(delivery.index);
                *index = delivery.index.min(*index);
            }
        }
        let told: Vec<String> =
            exchange.ledger.read(|c| stored::notices(c, &firm))?.into_iter().map(|n| n.record_key).collect();
        let new = first.into_iter().filter(|(key, index)| *index > since && !told.contains(key));
        untold.extend(new.map(|(key, _)| (firm.clone(), key)));
    }
    for some in untold.chunks(NOTICES_IN_A_UNIT) {
        notify(exchange, some.to_vec())?;
    }
    Ok(())
}

/// Tells firms of violations, in one transaction: notice, entry and notification.
fn notify(exchange: &Exchange, untold: Vec<(String, String)>) -> ServiceResult<()> {
    let (calendar, days) = (exchange.fairness.calendar(), exchange.fairness.notice_working_days);
    let ids: Vec<String> = untold.iter().map(|_| exchange.fresh_id()).collect();
    exchange.writer.unit_blocking(move |c, now| {
        let last_day = calendar.after(now.shanghai_date(), days);
        let released_from = last_day.checked_add_days(Days::new(1)).unwrap_or(last_day);
        let mut drafts = Vec::new();
        for (id, (taxpayer_id, record_key)) in ids.into_iter().zip(untold) {
            if stored::is_notified(c, &taxpayer_id, &record_key)? {
                continue;
            }
            let told = Notice::ViolationTold { notice_id: id.clone(), released_from };
            notify_in_unit(c, now, &taxpayer_id, &told)?;
            let actor = Actor { member: SENTINEL.to_owned(), label: "violation-notice".to_owned() };
            let mut entry = draft(EntryKind::ViolationNotified, &id, &actor, &taxpayer_id, &record_key);
            entry.fields.push(("last_day", Field::Sealed(last_day.to_string())));
            drafts.push(entry);
            let notified_at = now.naive();
            stored::insert_notice(c, &NoticeRow { id, taxpayer_id, record_key, notified_at, last_day })?;
        }
        Ok(Ok(((), drafts)))
    })?;
    Ok(())
}

/// The last days of the notices that still run, of violations to which the firm has said nothing.
pub async fn running(exchange: &Arc<Exchange>, acting: &ActingFor) -> ServiceResult<Vec<NaiveDate>> {
    let taxpayer = acting.taxpayer().clone();
    let today = exchange.clock.now().shanghai_date();
    let (told, stated) = exchange
        .point_read(move |e| {
            Ok(e.ledger.read(|c| {
                Ok((stored::notices(c, taxpayer.as_str())?, stored::statements(c, taxpayer.as_str())?))
            })?)
        })
        .await?;
    let runs = |notice: &&NoticeRow| {
        today <= notice.last_day && stated.iter().all(|one| one.record_key != notice.record_key)
    };
    Ok(told.iter().filter(runs).map(|notice| notice.last_day).collect())
}

/// The firm's statement to one of its violations, which travels with it from now on; the newest counts. `Forbidden` to
/// who may not speak for the firm, `NotFound` if it has no such violation.
pub async fn state(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    record_key: String,
    text: String,
) -> ServiceResult<Receipt> {
    if acting.firm.role.may_grant().is_none() {
        return Err(ServiceError::Forbidden);
    }
    check_text("/text", &text)?;
    let (taxpayer, key) = (acting.taxpayer().clone(), record_key.clone());
    let is_there = exchange.blocking(move |e| held::has(e, &taxpayer, Section::Violations, &key)).await?;
    if !is_there {
        return Err(ServiceError::NotFound);
    }
    let (id, acting) = (exchange.fresh_id(), acting.clone());
    let ((), committed) = exchange
        .writer
        .unit(move |c, now| {
            let taxpayer = acting.taxpayer().as_str();
            let made = stored::statements(c, taxpayer)?;
            if made.iter().filter(|one| one.record_key == record_key).count() >= STATEMENTS_MAX {
                let why = format!("{STATEMENTS_MAX} statements were made to this violation already");
                return Ok(Err(ServiceError::Conflict(why)));
            }
            let kind = EntryKind::ViolationStatementAdded;
            let mut draft = draft(kind, &id, &firm_actor(&acting), taxpayer, &record_key);
            draft.fields.push(("text", Field::Sealed(text.clone())));
            let row =
                StatementRow { id, taxpayer_id: taxpayer.to_owned(), record_key, text, made_at: now.naive() };
            stored::insert_statement(c, &row)?;
            Ok(Ok(((), vec![draft])))
        })
        .await?;
    committed.receipt(0)
}

/// Whose violation it is, and which, are commitments.
fn draft(kind: EntryKind, id: &str, actor: &Actor, taxpayer: &str, record_key: &str) -> Draft {
    Draft {
        kind,
        object_id: id.to_owned(),
        actor: actor.member.clone(),
        by: actor.label.clone(),
        fields: vec![
            ("subject", Field::Sealed(taxpayer.to_owned())),
            ("record", Field::Sealed(record_key.to_owned())),
        ],
    }
}

fn newest(exchange: &Exchange) -> ServiceResult<(Arc<Deliveries>, i64)> {
    let head = exchange.ledger.read(ledger::head)?;
    let size = i64::try_from(head.frontier.size()).map_err(ServiceError::internal)?;
    Ok((exchange.catalogue.upto(head.last_batch_index)?, size))
}
