//! Months, deadlines and the Spring Festival.

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};

use super::MONTHS;
use super::random::Random;
use crate::domain::period::Period;
use crate::domain::sections::filings::FormVersion;

/// The time a city's files cover.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// First day of the first month with filings.
    pub(super) first: NaiveDate,
    /// First day of the last month with filings.
    pub(super) last: NaiveDate,
    /// Day on which the bureau's books were copied: after the last month's deadline.
    pub(super) as_of: NaiveDate,
}

impl Span {
    /// The span that ends with the month of that day; none outside the years 2020 to 2100.
    pub(super) fn ending(day: NaiveDate) -> Option<Self> {
        let last = day.with_day(1).filter(|first| (2020..=2100).contains(&first.year()))?;
        let first = last.checked_sub_months(Months::new(MONTHS - 1))?;
        let as_of = add_days(due_in(add_months(last, 1)), 3);
        Some(Self { first, last, as_of })
    }

    /// Last day of the last month with filings.
    pub(super) fn end(&self) -> NaiveDate {
        month_end(self.last)
    }

    /// Day on which a round's books were copied: the first delivery's, or that of a round of amendments after it.
    pub(super) fn known_on(&self, round: Round) -> NaiveDate {
        add_days(self.as_of, round.number())
    }

    /// The first delivery that can speak of something that happened on that day; none if it happened too late.
    pub(super) fn round_of(&self, day: NaiveDate) -> Option<Round> {
        Round::ALL.into_iter().find(|round| day <= self.known_on(*round))
    }

    /// January of the first year: figures run from there, so that year-to-date columns are whole.
    pub(super) fn origin(&self) -> NaiveDate {
        self.first.with_month(1).unwrap_or(self.first)
    }
}

/// A delivery: the city's first, or one of the rounds of amendments that follow, a day apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Round {
    /// Everything known when the books were first copied.
    Base,
    /// The day after.
    First,
    /// Two days after.
    Second,
    /// Three days after.
    Third,
}

impl Round {
    /// Every delivery, in order.
    pub(super) const ALL: [Round; 4] = [Round::Base, Round::First, Round::Second, Round::Third];

    /// Days after the first delivery.
    pub(super) fn number(self) -> i64 {
        match self {
            Round::Base => 0,
            Round::First => 1,
            Round::Second => 2,
            Round::Third => 3,
        }
    }
}

/// When a return was due and filed.
#[derive(Debug, Clone, Copy)]
pub(super) struct FilingDates {
    pub(super) period: Period,
    pub(super) due: NaiveDate,
    pub(super) filed_on: NaiveDate,
    /// A correction of an earlier return for the period.
    pub(super) amended: bool,
}

impl FilingDates {
    /// Days on which a firm files the period: by the deadline, or late as often as it is its habit.
    pub(super) fn of(period: Period, late_per_mille: u64, random: &mut Random) -> Self {
        let opens = period.to().succ_opt().unwrap_or(period.to());
        let due = due_in(opens);
        let late = random.chance(late_per_mille);
        let filed_on = if late {
            add_days(due, random.between(1, 40))
        } else {
            add_days(opens, random.between(0, (due - opens).num_days()))
        };
        Self { period, due, filed_on, amended: false }
    }

    pub(super) fn is_late(&self) -> bool {
        self.filed_on > self.due
    }
}

/// That many months later.
pub(super) fn add_months(date: NaiveDate, months: u32) -> NaiveDate {
    date.checked_add_months(Months::new(months)).unwrap_or(date)
}

/// That many days later.
pub(super) fn add_days(date: NaiveDate, days: i64) -> NaiveDate {
    u64::try_from(days).ok().and_then(|days| date.checked_add_days(Days::new(days))).unwrap_or(date)
}

/// Last day of the month.
pub(super) fn month_end(first: NaiveDate) -> NaiveDate {
    add_months(first, 1).pred_opt().unwrap_or(first)
}

/// First days of the months from `from` to `to`, both included.
pub(super) fn months(from: NaiveDate, to: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    std::iter::successors(Some(from), |month| Some(add_months(*month, 1)))
        .take_while(move |month| *month <= to)
}

/// First day of the quarter.
pub(super) fn quarter_start(date: NaiveDate) -> NaiveDate {
    let first = date.with_day(1).unwrap_or(date);
    first.with_month0(first.month0() - first.month0() % 3).unwrap_or(first)
}

/// The quarter that a month lies in.
pub(super) fn quarter_of(month: NaiveDate) -> Option<Period> {
    let first = quarter_start(month);
    Period::whole(first, month_end(add_months(first, 2)))
}

/// The month as a period.
pub(super) fn month_of(month: NaiveDate) -> Option<Period> {
    let first = month.with_day(1)?;
    Period::whole(first, month_end(first))
}

/// The calendar year that a day lies in.
pub(super) fn year_of(day: NaiveDate) -> Option<Period> {
    Period::year(day.year())
}

/// Whether the month is the last of its quarter.
pub(super) fn ends_quarter(month: NaiveDate) -> bool {
    month.month().is_multiple_of(3)
}

/// The deadline for a period ending the month before `month`: the 15th, later in the months of the long
/// holidays, and never on a weekend.
pub(super) fn due_in(month: NaiveDate) -> NaiveDate {
    let day = match month.month() {
        2 if festival_month(month.year()) == 2 => 24,
        5 => 22,
        10 => 25,
        _ => 15,
    };
    let due = month.with_day(day).unwrap_or(month);
    match due.weekday() {
        Weekday::Sat => add_days(due, 2),
        Weekday::Sun => add_days(due, 1),
        Weekday::Mon | Weekday::Tue | Weekday::Wed | Weekday::Thu | Weekday::Fri => due,
    }
}

/// The month in which most of the Spring Festival's standstill falls.
pub(super) fn festival_month(year: i32) -> u32 {
    match year {
        2017 | 2020 | 2023 | 2025 | 2028 => 1,
        _ => 2,
    }
}

/// The form in force for a period.
pub(super) fn form_version(period_from: NaiveDate) -> FormVersion {
    if (period_from.year(), period_from.month()) < (2021, 8) {
        FormVersion::V2019
    } else {
        FormVersion::V2021
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_span_has_thirty_six_months_and_ends_after_the_deadline() {
        let span = Span::ending(date("2026-10-31")).unwrap();
        assert_eq!(
            (span.first, span.last, span.as_of),
            (date("2023-11-01"), date("2026-10-01"), date("2026-11-19"))
        );
        assert_eq!(months(span.first, span.last).count(), 36);
        assert_eq!(span.origin(), date("2023-01-01"));
        assert!(Span::ending(date("2019-12-01")).is_none());
    }

    #[test]
    fn deadlines_fall_on_working_days() {
        assert_eq!(due_in(date("2026-08-01")), date("2026-08-17"));
        assert_eq!(due_in(date("2026-09-01")), date("2026-09-15"));
        assert_eq!(due_in(date("2026-02-01")), date("2026-02-24"));
        assert_eq!(quarter_start(date("2026-09-30")), date("2026-07-01"));
    }
}
