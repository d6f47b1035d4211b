//! What besides its records decides what a section says at a ledger size: disputed records, firms' statements, and
//! violations that the firm was not told of in time.
//!
//! All of it is judged by entries below the size and by the day of the pull, so that a replay years later finds the same.

use std::collections::{BTreeMap, HashMap};

use chrono::{Days, NaiveDate};

use super::assemble::Wanted;
use super::catalogue::Deliveries;
use crate::domain::dossier::{Annotation, AnnotationStatus, Statement};
use crate::domain::section::Section;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::store::annotations::AnnotationRow;
use crate::store::corrections;
use crate::store::error::StoreResult;
use crate::store::violation_notices as notices;

/// What was said of a section's records, by their keys.
#[derive(Debug, Default)]
pub struct Remarks {
    /// Disputed, and since when.
    disputed: BTreeMap<String, NaiveDate>,
    /// The newest statement to each, and of when.
    stated: BTreeMap<String, (NaiveDate, String)>,
    /// Told of, and the last day on which it is not released.
    notified: BTreeMap<String, NaiveDate>,
    /// The entry from which on a record that comes new needs a notice.
    fair_since: Option<i64>,
}

impl Remarks {
    /// What counts at the size wanted.
    pub fn read(deliveries: &Deliveries, wanted: Wanted<'_>) -> StoreResult<Self> {
        let fair = deliveries.fair_since(wanted.size).filter(|_| wanted.section == Section::Violations);
        let mut remarks = Self { fair_since: fair.map(|(_, since)| since), ..Self::default() };
        let rows = deliveries.annotations(wanted.taxpayer, wanted.section, wanted.size)?;
        if rows.is_empty() {
            return Ok(remarks);
        }
        let ids = |kind: EntryKind| -> Vec<&str> {
            rows.iter().filter(|row| row.kind == kind.as_str()).map(|row| row.object_id.as_str()).collect()
        };
        let resolved = ids(EntryKind::CorrectionResolved);
        let open: Vec<&str> =
            ids(EntryKind::CorrectionRequested).into_iter().filter(|id| !resolved.contains(id)).collect();
        deliveries.ledger().read(|c| {
            for correction in corrections::find_many(c, &open)? {
                remarks.disputed.insert(correction.record_key, correction.requested_at.shanghai_date());
            }
            remarks.read_of_violations(c, wanted, &rows)
        })?;
        Ok(remarks)
    }

    fn read_of_violations(
        &mut self,
        c: &mut crate::store::db::AnyConnection,
        wanted: Wanted<'_>,
        rows: &[AnnotationRow],
    ) -> StoreResult<()> {
        if wanted.section != Section::Violations {
            return Ok(());
        }
        let counts: HashMap<&str, i64> = rows.iter().map(|row| (row.object_id.as_str(), row.idx)).collect();
        for notice in notices::notices(c, wanted.taxpayer.as_str())? {
            if counts.contains_key(notice.id.as_str()) {
                self.notified.insert(notice.record_key, notice.last_day);
            }
        }
        let mut made = notices::statements(c, wanted.taxpayer.as_str())?;
        made.retain(|statement| counts.contains_key(statement.id.as_str()));
        // By their entries: the ids of two processes may be in another order.
        made.sort_by_key(|statement| counts.get(statement.id.as_str()).copied());
        for statement in made {
            let on = Timestamp::from_naive(statement.made_at).shanghai_date();
            self.stated.insert(statement.record_key, (on, statement.text));
        }
        Ok(())
    }

    /// Whether violations that come new need a notice: then nothing that the section says of itself may depend on
    /// whether there is one that was not told of yet.
    pub fn asks_for_notice(&self) -> bool {
        self.fair_since.is_some()
    }

    /// Whether a record lies outside the section on this day: it came after the rule, and the firm was not told of it, or
    /// still has time to make a statement. `first_index` is the entry of the delivery that brought it first.
    pub fn hides(&self, key: &str, first_index: i64, today: NaiveDate) -> bool {
        let needs_notice = self.fair_since.is_some_and(|since| first_index > since);
        needs_notice && self.notified.get(key).is_none_or(|last_day| today <= *last_day)
    }

    /// The first day after this one on which a record that is hidden now will not be.
    pub fn next_change(&self, today: NaiveDate) -> Option<NaiveDate> {
        let running = self.notified.values().filter(|last_day| **last_day >= today).min()?;
        self.fair_since.and(running.checked_add_days(Days::new(1)))
    }

    /// The annotations and statements to these records, in their order.
    pub fn to<'a>(&self, keys: impl Iterator<Item = &'a str>) -> (Vec<Annotation>, Vec<Statement>) {
        let (mut annotations, mut statements) = (Vec::new(), Vec::new());
        for (record, key) in keys.enumerate() {
            if let Some(raised_on) = self.disputed.get(key) {
                let status = AnnotationStatus::UnderReview;
                annotations.push(Annotation { record, raised_on: *raised_on, status });
            }
            if let Some((stated_on, text)) = self.stated.get(key) {
                statements.push(Statement { record, stated_on: *stated_on, text: text.clone() });
            }
        }
        (annotations, statements)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn what_came_after_the_rule_waits_for_its_notice_to_run_out() {
        let mut remarks = Remarks { fair_since: Some(10), ..Remarks::default() };
        let today = day("2026-11-24");
        assert!(!remarks.hides("old", 9, today), "it was there before the rule");
        assert!(remarks.hides("new", 11, today) && remarks.next_change(today).is_none());
        remarks.notified.insert("new".into(), day("2026-11-30"));
        assert!(remarks.hides("new", 11, day("2026-11-30")), "the last day is the firm's");
        assert!(!remarks.hides("new", 11, day("2026-12-01")));
        assert_eq!(remarks.next_change(today), Some(day("2026-12-01")));
        assert_eq!(remarks.next_change(day("2026-12-01")), None);
        remarks.fair_since = None;
        assert!(!remarks.hides("new", 11, today) && remarks.next_change(today).is_none(), "the rule is off");
    }

    #[test]
    fn records_are_named_by_their_places() {
        let mut remarks = Remarks::default();
        remarks.disputed.insert("b".into(), day("2026-11-24"));
        remarks.disputed.insert("not here".into(), day("2026-11-24"));
        remarks.stated.insert("a".into(), (day("2026-11-25"), "已改正".into()));
        let (annotations, statements) = remarks.to(["a", "b"].into_iter());
        assert_eq!((annotations.len(), annotations[0].record), (1, 1));
        assert_eq!((statements.len(), statements[0].record), (1, 0));
    }
}
