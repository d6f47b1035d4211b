//! Working days: Monday to Friday without public holidays, and the weekend days that are worked in exchange (调休).
//!
//! The State Council's General Office announces holidays and exchanged days for each year; the configuration lists them.

use std::collections::BTreeSet;

use chrono::{Datelike, Days, NaiveDate, Weekday};

/// A calendar of working days.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct WorkingDays {
    holidays: BTreeSet<NaiveDate>,
    worked: BTreeSet<NaiveDate>,
}

impl WorkingDays {
    /// A calendar with these public holidays, and with these weekend days worked in exchange. A day in both is worked.
    pub fn new(
        holidays: impl IntoIterator<Item = NaiveDate>,
        worked: impl IntoIterator<Item = NaiveDate>,
    ) -> Self {
        Self { holidays: holidays.into_iter().collect(), worked: worked.into_iter().collect() }
    }

    /// Whether offices work on this day.
    pub fn is_working(&self, day: NaiveDate) -> bool {
        let is_weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
        self.worked.contains(&day) || (!is_weekend && !self.holidays.contains(&day))
    }

    /// The last day of a period of so many working days: the day it begins on is not counted (民法典 Art. 201).
    /// The beginning itself for a period of none, the calendar's end past it.
    pub fn after(&self, beginning: NaiveDate, count: u32) -> NaiveDate {
        let (mut day, mut left) = (beginning, count);
        while left > 0 {
            let Some(next) = day.checked_add_days(Days::new(1)) else { return day };
            day = next;
            left -= u32::from(self.is_working(day));
        }
        day
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn weekends_do_not_count() {
        let calendar = WorkingDays::default();
        // 2026-11-23 is a Monday.
        for (beginning, count, end) in [
            ("2026-11-23", 0, "2026-11-23"),
            ("2026-11-23", 1, "2026-11-24"),
            ("2026-11-23", 5, "2026-11-30"),
            ("2026-11-27", 1, "2026-11-30"),
            ("2026-11-28", 1, "2026-11-30"),
            ("2026-11-29", 5, "2026-12-04"),
        ] {
            assert_eq!(calendar.after(date(beginning), count), date(end), "{count} after {beginning}");
        }
    }

    #[test]
    fn holidays_do_not_count_and_exchanged_days_do() {
        let holidays = (1..=7).map(|day| NaiveDate::from_ymd_opt(2026, 10, day).unwrap());
        let calendar = WorkingDays::new(holidays, [date("2026-10-10")]);
        assert!(!calendar.is_working(date("2026-10-01")) && calendar.is_working(date("2026-10-10")));
        assert_eq!(calendar.after(date("2026-09-30"), 1), date("2026-10-08"));
        assert_eq!(calendar.after(date("2026-09-30"), 3), date("2026-10-10"), "a Saturday that is worked");
        assert_eq!(calendar.after(date("2026-09-30"), 4), date("2026-10-12"));
    }

    #[test]
    fn the_calendar_has_an_end() {
        assert_eq!(WorkingDays::default().after(NaiveDate::MAX, 5), NaiveDate::MAX);
    }
}
