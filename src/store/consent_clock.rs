//! What time does to consents: rows that say what comes next and when, so that a restart forgets nothing.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::schema::{consent, consent_clock};
use crate::domain::consent::ConsentTerms;
use crate::domain::member::wire_enum;
use crate::domain::timestamp::Timestamp;

/// One day in microseconds.
const DAY_MICROS: i64 = 86_400 * 1_000_000;

wire_enum! {
    /// What comes next.
    pub enum ConsentStep {
        /// The firm is reminded seven days before the end.
        RemindSevenDays = "remind_7",
        /// And one day before.
        RemindOneDay = "remind_1",
        /// The end: it expires.
        Expire = "expire",
    }
}

impl ConsentStep {
    /// Days before the end.
    pub fn days_before(self) -> u32 {
        match self {
            ConsentStep::RemindSevenDays => 7,
            ConsentStep::RemindOneDay => 1,
            ConsentStep::Expire => 0,
        }
    }

    /// When it is due for a consent that ends then.
    pub fn due(self, valid_to: Timestamp) -> Timestamp {
        valid_to.plus_micros(-i64::from(self.days_before()).saturating_mul(DAY_MICROS))
    }

    /// The first step of a consent that is granted then: what lies behind already is left out.
    pub fn first(granted_at: Timestamp, valid_to: Timestamp) -> Self {
        let ahead = |step: &ConsentStep| step.due(valid_to) > granted_at;
        [ConsentStep::RemindSevenDays, ConsentStep::RemindOneDay]
            .into_iter()
            .find(ahead)
            .unwrap_or(ConsentStep::Expire)
    }

    /// What follows.
    pub fn next(self) -> Option<Self> {
        match self {
            ConsentStep::RemindSevenDays => Some(ConsentStep::RemindOneDay),
            ConsentStep::RemindOneDay => Some(ConsentStep::Expire),
            ConsentStep::Expire => None,
        }
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = consent_clock)]
#[diesel(treat_none_as_default_value = false)]
struct ClockRow {
    consent_id: String,
    bank: String,
    valid_to: NaiveDateTime,
    retain_until: NaiveDate,
    next_step: String,
    due_at: Option<NaiveDateTime>,
}

/// A step that is due.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Due {
    /// Of which consent.
    pub consent_id: String,
    /// Which step.
    pub step: ConsentStep,
    /// When the consent ends.
    pub valid_to: Timestamp,
}

/// Starts the clock of a consent that is granted at `at`.
pub(super) fn start(connection: &mut AnyConnection, terms: &ConsentTerms, at: Timestamp) -> StoreResult<()> {
    let step = ConsentStep::first(at, terms.valid_to);
    let row = ClockRow {
        consent_id: terms.id.clone(),
        bank: terms.bank.to_string(),
        valid_to: terms.valid_to.naive(),
        retain_until: terms.retain_until,
        next_step: step.to_string(),
        due_at: Some(step.due(terms.valid_to).naive()),
    };
    on_backend!(connection, c => diesel::insert_into(consent_clock::table).values(&row).on_conflict_do_nothing().execute(c))?;
    Ok(())
}

/// Whether there is a consent without a clock.
pub fn any_without(connection: &mut AnyConnection) -> StoreResult<bool> {
    let found: Option<String> = on_backend!(connection, c => consent::table
        .left_join(consent_clock::table.on(consent_clock::consent_id.eq(consent::id)))
        .filter(consent_clock::consent_id.is_null())
        .select(consent::id)
        .first(c)
        .optional())?;
    Ok(found.is_some())
}

/// Starts the clocks of consents that were granted before there were any; how many, at most `limit`.
pub fn adopt(connection: &mut AnyConnection, now: Timestamp, limit: i64) -> StoreResult<usize> {
    let without: Vec<String> = on_backend!(connection, c => consent::table
        .left_join(consent_clock::table.on(consent_clock::consent_id.eq(consent::id)))
        .filter(consent_clock::consent_id.is_null())
        .select(consent::terms)
        .limit(limit)
        .load(c))?;
    for terms in &without {
        let terms: ConsentTerms =
            serde_json::from_str(terms).map_err(|e| StoreError::corrupt("consent", e))?;
        start(connection, &terms, now)?;
    }
    Ok(without.len())
}

/// Steps due at `now`, the earliest first.
pub fn due(connection: &mut AnyConnection, now: Timestamp, limit: i64) -> StoreResult<Vec<Due>> {
    let rows: Vec<(String, String, NaiveDateTime)> = on_backend!(connection, c => consent_clock::table
        .filter(consent_clock::due_at.le(now.naive()))
        .order(consent_clock::due_at)
        .select((consent_clock::consent_id, consent_clock::next_step, consent_clock::valid_to))
        .limit(limit)
        .load(c))?;
    rows.into_iter()
        .map(|(consent_id, step, valid_to)| {
            let step = step.parse().map_err(|e| StoreError::corrupt("consent_clock", e))?;
            Ok(Due { consent_id, step, valid_to: Timestamp::from_naive(valid_to) })
        })
        .collect()
}

/// Moves on from a step that was taken; `false` if another process took it first.
pub fn advance(connection: &mut AnyConnection, taken: &Due, next: Option<ConsentStep>) -> StoreResult<bool> {
    let due_at = next.map(|next| next.due(taken.valid_to).naive());
    let step = next.unwrap_or(taken.step);
    let moved = diesel::update(
        consent_clock::table
            .filter(consent_clock::consent_id.eq(&taken.consent_id))
            .filter(consent_clock::next_step.eq(taken.step.as_str()))
            .filter(consent_clock::due_at.is_not_null()),
    )
    .set((consent_clock::next_step.eq(step.as_str()), consent_clock::due_at.eq(due_at)))
    .execute(connection)?;
    Ok(moved == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_is_one_that_lies_ahead() {
        let day = |n: i64| Timestamp::default().plus_micros(n * DAY_MICROS);
        for (days, first) in [
            (8, ConsentStep::RemindSevenDays),
            (7, ConsentStep::RemindOneDay),
            (2, ConsentStep::RemindOneDay),
            (1, ConsentStep::Expire),
            (-3, ConsentStep::Expire),
        ] {
            assert_eq!(ConsentStep::first(day(0), day(days)), first, "{days} days");
        }
        assert_eq!(ConsentStep::RemindSevenDays.due(day(8)), day(1));
        assert_eq!(ConsentStep::Expire.due(day(8)), day(8));
    }
}
