//! Figures over time, month by month or quarter by quarter, with the gaps kept: a period without a figure is not zero.

use chrono::{Datelike, NaiveDate};

use super::money;
use super::value::Span;

/// Length of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A calendar month.
    Month,
    /// A calendar quarter.
    Quarter,
}

impl Step {
    fn months(self) -> i32 {
        match self {
            Step::Month => 1,
            Step::Quarter => 3,
        }
    }

    /// Slots in a year.
    pub fn a_year(self) -> usize {
        match self {
            Step::Month => 12,
            Step::Quarter => 4,
        }
    }
}

/// A figure for each slot, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// How long a slot is.
    pub step: Step,
    /// Months since year 0 at the start of the first slot.
    first: i32,
    /// The figures.
    pub values: Vec<Option<i64>>,
}

/// Sums of the latest twelve months with a figure and of the twelve before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YearSums {
    /// Names of the first and last slot of the latest twelve months.
    pub latest_slots: (String, String),
    /// Their sum, only if all slots have a figure.
    pub latest: Option<i64>,
    /// Slots among them without a figure.
    pub latest_gaps: usize,
    /// The sum of the twelve months before, likewise.
    pub previous: Option<i64>,
    /// Slots among those without a figure.
    pub previous_gaps: usize,
    /// Change between the two in basis points.
    pub change: Option<i64>,
}

impl Series {
    /// Puts figures in their slots over the given days; more days are added where figures lie outside.
    ///
    /// If any figure is of a quarter, slots are quarters, and one made of months has a figure only if all three have.
    /// Figures of other lengths are left out. None without any figure.
    pub fn build(points: &[(Span, Option<i64>)], over: Option<Span>) -> Option<Self> {
        let sized: Vec<(i32, i32, Option<i64>)> = points
            .iter()
            .filter_map(|(span, value)| whole(*span).map(|(at, long)| (at, long, *value)))
            .collect();
        let step = if sized.iter().any(|(_, long, _)| *long == 3) { Step::Quarter } else { Step::Month };
        let align = |month: i32| month.div_euclid(step.months());
        let covered = over.and_then(|over| covered(over, step));
        let first =
            sized.iter().map(|(at, ..)| *at).chain(covered.map(|(first, _)| first)).min().map(align)?;
        let last = sized
            .iter()
            .map(|(at, long, _)| at + long - 1)
            .chain(covered.map(|(_, last)| last))
            .max()
            .map(align)?;
        sized.first()?;
        if last - first > 1_200 {
            return None;
        }
        let values = (first..=last).map(|slot| slot_value(&sized, step, slot * step.months())).collect();
        Some(Self { step, first: first * step.months(), values })
    }

    /// The name of a slot: `2026-08` or `2026Q3`.
    pub fn name(&self, slot: usize) -> String {
        let month = self.first + i32::try_from(slot).unwrap_or(0) * self.step.months();
        let (year, month) = (month.div_euclid(12), month.rem_euclid(12));
        match self.step {
            Step::Month => format!("{year:04}-{:02}", month + 1),
            Step::Quarter => format!("{year:04}Q{}", month / 3 + 1),
        }
    }

    /// The first day of a slot.
    pub fn first_day(&self, slot: usize) -> Option<NaiveDate> {
        let month = self.first.checked_add(i32::try_from(slot).ok()?.checked_mul(self.step.months())?)?;
        NaiveDate::from_ymd_opt(month.div_euclid(12), u32::try_from(month.rem_euclid(12)).ok()? + 1, 1)
    }

    /// The names of all slots.
    pub fn names(&self) -> Vec<String> {
        (0..self.values.len()).map(|slot| self.name(slot)).collect()
    }

    /// The same slots with figures of another kind, which must be months if these are.
    pub fn aligned(&self, points: &[(Span, Option<i64>)]) -> Vec<Option<i64>> {
        let sized: Vec<(i32, i32, Option<i64>)> = points
            .iter()
            .filter_map(|(span, value)| whole(*span).map(|(at, long)| (at, long, *value)))
            .collect();
        let months = self.step.months();
        let slots = i32::try_from(self.values.len()).unwrap_or(0);
        (0..slots).map(|slot| slot_value(&sized, self.step, self.first + slot * months)).collect()
    }

    /// Change of each slot against the same a year earlier, in basis points.
    pub fn year_on_year(&self) -> Vec<Option<i64>> {
        let year = self.step.a_year();
        (0..self.values.len())
            .map(|slot| {
                let before = slot.checked_sub(year).and_then(|before| self.values[before])?;
                money::change(self.values[slot]?, before)
            })
            .collect()
    }

    /// Slots without a figure between the first and the last that have one.
    pub fn gaps(&self) -> usize {
        let has = |value: &Option<i64>| value.is_some();
        let (first, last) = (self.values.iter().position(has), self.values.iter().rposition(has));
        match first.zip(last) {
            Some((first, last)) => self.values[first..=last].iter().filter(|value| value.is_none()).count(),
            None => 0,
        }
    }

    /// Sums over twelve months, anchored on the latest slot with a figure. None without any.
    pub fn year_sums(&self) -> Option<YearSums> {
        let last = self.values.iter().rposition(Option::is_some)?;
        let year = self.step.a_year();
        // Slots before the first one known count as gaps too.
        let window = |end: Option<usize>| -> (Option<i64>, usize) {
            let Some(end) = end else { return (None, year) };
            let found = &self.values[(end + 1).saturating_sub(year)..=end];
            let gaps = year - found.iter().flatten().count();
            let sum = found.iter().try_fold(0_i64, |sum, value| sum.checked_add((*value)?));
            (sum.filter(|_| gaps == 0), gaps)
        };
        let (latest, latest_gaps) = window(Some(last));
        let (previous, previous_gaps) = window(last.checked_sub(year));
        let start = i32::try_from(last).unwrap_or(0) + 1 - i32::try_from(year).unwrap_or(0);
        let start_name =
            Self { step: self.step, first: self.first + start * self.step.months(), values: Vec::new() };
        Some(YearSums {
            latest_slots: (start_name.name(0), self.name(last)),
            latest,
            latest_gaps,
            previous,
            previous_gaps,
            change: latest.zip(previous).and_then(|(now, before)| money::change(now, before)),
        })
    }
}

fn slot_value(sized: &[(i32, i32, Option<i64>)], step: Step, start: i32) -> Option<i64> {
    let of = |at: i32, long: i32| {
        sized.iter().rev().find(|(a, l, _)| *a == at && *l == long).and_then(|found| found.2)
    };
    let months =
        || (start..start + step.months()).try_fold(0_i64, |sum, month| sum.checked_add(of(month, 1)?));
    match step {
        Step::Month => of(start, 1),
        Step::Quarter => of(start, 3).or_else(months),
    }
}

/// First month and number of months of a whole month or quarter.
fn whole(span: Span) -> Option<(i32, i32)> {
    let next = span.to.succ_opt()?;
    let long = month_of(next) - month_of(span.from);
    let fits = span.from.day() == 1
        && next.day() == 1
        && (long == 1 || (long == 3 && span.from.month0().is_multiple_of(3)));
    fits.then_some((month_of(span.from), long))
}

/// First and last month of the whole months or quarters inside the days.
fn covered(span: Span, step: Step) -> Option<(i32, i32)> {
    let months = step.months();
    let begin = month_of(span.from) + i32::from(span.from.day() > 1);
    let first = (begin + months - 1).div_euclid(months) * months;
    let last = month_of(span.to.succ_opt()?).div_euclid(months) * months - 1;
    (first <= last).then_some((first, last))
}

fn month_of(day: NaiveDate) -> i32 {
    day.year() * 12 + i32::try_from(day.month0()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: &str, to: &str) -> Span {
        Span { from: from.parse().unwrap(), to: to.parse().unwrap() }
    }

    fn months(year: i32, values: &[Option<i64>]) -> Vec<(Span, Option<i64>)> {
        (0..)
            .zip(values)
            .map(|(place, value)| {
                let from =
                    NaiveDate::from_ymd_opt(year + place / 12, u32::try_from(place % 12).unwrap() + 1, 1)
                        .unwrap();
                let to = from.checked_add_months(chrono::Months::new(1)).unwrap().pred_opt().unwrap();
                (Span { from, to }, *value)
            })
            .collect()
    }

    #[test]
    fn a_period_without_a_figure_stays_a_gap() {
        let mut points = months(2025, &[Some(1), None, Some(3)]);
        points.remove(1);
        let series = Series::build(&points, Some(span("2024-12-15", "2025-04-20"))).unwrap();
        assert_eq!(series.values, [Some(1), None, Some(3)]);
        assert_eq!((series.name(0), series.gaps()), ("2025-01".to_owned(), 1));
        let wider = Series::build(&points, Some(span("2024-12-01", "2025-04-30"))).unwrap();
        assert_eq!(wider.values, [None, Some(1), None, Some(3), None]);
        assert_eq!(wider.gaps(), 1, "only gaps between figures");
        assert_eq!(Series::build(&[], Some(span("2024-12-01", "2025-04-30"))), None);
    }

    #[test]
    fn sums_need_every_period() {
        let full: Vec<_> = (1..=24).map(Some).collect();
        let sums = Series::build(&months(2024, &full), None).unwrap().year_sums().unwrap();
        assert_eq!((sums.latest, sums.previous), (Some(222), Some(78)));
        assert_eq!(sums.latest_slots, ("2025-01".to_owned(), "2025-12".to_owned()));
        assert_eq!(sums.change, Some(18_462));
        let mut holed = full.clone();
        holed[3] = None;
        let sums = Series::build(&months(2024, &holed), None).unwrap().year_sums().unwrap();
        assert_eq!((sums.latest, sums.previous, sums.previous_gaps, sums.change), (Some(222), None, 1, None));
        let sums = Series::build(&months(2024, &full[..7]), None).unwrap().year_sums().unwrap();
        assert_eq!((sums.latest, sums.latest_gaps, sums.previous_gaps), (None, 5, 12));
        assert_eq!(sums.latest_slots.0, "2023-08");
    }

    #[test]
    fn quarters_take_months_only_by_threes() {
        let mut points = months(2025, &[Some(1), Some(2), Some(3), Some(4), Some(5)]);
        points.push((span("2024-10-01", "2024-12-31"), Some(9)));
        points.push((span("2024-01-01", "2024-12-31"), Some(100)));
        let series = Series::build(&points, None).unwrap();
        assert_eq!(series.names(), ["2024Q4", "2025Q1", "2025Q2"]);
        let known = Series::build(&points, Some(span("2024-11-01", "2025-11-19"))).unwrap();
        assert_eq!(
            known.names(),
            ["2024Q4", "2025Q1", "2025Q2", "2025Q3"],
            "a quarter that has not ended is no gap"
        );
        assert_eq!(series.values, [Some(9), Some(6), None]);
        assert_eq!(series.aligned(&months(2025, &[Some(1), Some(1), Some(1)])), [None, Some(3), None]);
    }

    #[test]
    fn year_on_year_compares_like_with_like() {
        let values: Vec<_> =
            (0..14).map(|month| if month == 1 { None } else { Some(100 + month * 10) }).collect();
        let series = Series::build(&months(2025, &values), None).unwrap();
        let changes = series.year_on_year();
        assert_eq!(changes[11], None);
        assert_eq!(changes[12], Some(12_000));
        assert_eq!(changes[13], None);
    }

    #[test]
    fn absurd_dates_make_no_endless_series() {
        let points =
            [(span("0001-01-01", "0001-01-31"), Some(1)), (span("9998-01-01", "9998-01-31"), Some(1))];
        assert_eq!(Series::build(&points, None), None);
    }
}
