//! What one delivery can speak of: everything known on its day, or only what is new since the delivery before.

use chrono::NaiveDate;

use super::calendar::{Round, Span};

/// The view of one delivery.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) round: Round,
    /// Day on which the books were copied.
    pub(super) on: NaiveDate,
    /// Day of the delivery before; none for the first.
    since: Option<NaiveDate>,
}

impl Look {
    /// The view of that delivery.
    pub(super) fn of(round: Round, span: &Span) -> Self {
        let on = span.known_on(round);
        let since = (round != Round::Base).then(|| on.pred_opt().unwrap_or(on));
        Self { round, on, since }
    }

    /// Whether something that happened on a day is known.
    pub(super) fn sees(&self, day: NaiveDate) -> bool {
        day <= self.on
    }

    /// Whether a fact is to be delivered: it began on the first day and changed on the others.
    pub(super) fn delivers(&self, began: NaiveDate, changed: &[Option<NaiveDate>]) -> bool {
        let news = |day: NaiveDate| self.since.is_none_or(|since| day > since) && self.sees(day);
        self.sees(began) && (news(began) || changed.iter().flatten().any(|day| news(*day)))
    }
}
