//! How a firm behaves towards the bureau, by year: what ratings deduct points for and violations are registered of.

use std::collections::BTreeMap;

use chrono::Datelike;

use super::calendar::FilingDates;
use super::dues::Tax;

/// A return filed after its deadline.
#[derive(Debug, Clone, Copy)]
pub(super) struct LateReturn {
    pub(super) tax: Tax,
    pub(super) dates: FilingDates,
}

/// Everything a firm's evaluation looks at.
#[derive(Default)]
pub(super) struct Conduct {
    years: BTreeMap<i32, YearConduct>,
    /// In the order filed.
    pub(super) late: Vec<LateReturn>,
}

/// One year of it.
#[derive(Default, Clone, Copy)]
pub(super) struct YearConduct {
    /// Returns filed late, each five points.
    pub(super) late: i64,
    /// Declared sales.
    pub(super) sales_fen: i64,
}

impl Conduct {
    /// Notes a return of that year, with its sales.
    pub(super) fn note(&mut self, tax: Tax, dates: FilingDates, sales_fen: i64) {
        let year = self.years.entry(dates.period.from().year()).or_default();
        year.sales_fen += sales_fen;
        if dates.is_late() {
            year.late += 1;
            self.late.push(LateReturn { tax, dates });
        }
    }

    /// Whether anything was ever filed.
    pub(super) fn is_blank(&self) -> bool {
        self.years.is_empty()
    }

    /// The year's conduct.
    pub(super) fn of_year(&self, year: i32) -> YearConduct {
        self.years.get(&year).copied().unwrap_or_default()
    }
}
