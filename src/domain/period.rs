//! 税款所属期, the period a tax fact belongs to, and the window of months a consent opens.

use chrono::{Datelike, Months, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How often a tax is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(title = "申报期限类型")]
pub enum Frequency {
    /// A calendar month (按月).
    Month,
    /// A calendar quarter (按季).
    Quarter,
    /// A calendar year (按年).
    Year,
    /// Once per taxable event (按次): any span of days.
    Event,
}

impl Frequency {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Frequency::Month => "month",
            Frequency::Quarter => "quarter",
            Frequency::Year => "year",
            Frequency::Event => "event",
        }
    }

    /// Length in months; none for an event.
    fn months(self) -> Option<u32> {
        match self {
            Frequency::Month => Some(1),
            Frequency::Quarter => Some(3),
            Frequency::Year => Some(12),
            Frequency::Event => None,
        }
    }
}

/// A tax period: first and last day, both included, in step with its frequency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "PeriodParts", into = "PeriodParts")]
#[schemars(title = "税款所属期", with = "PeriodParts")]
pub struct Period {
    from: NaiveDate,
    to: NaiveDate,
    freq: Frequency,
}

impl Period {
    /// A period; a month, quarter or year must be a whole one of the calendar.
    pub fn new(from: NaiveDate, to: NaiveDate, freq: Frequency) -> Result<Self, InvalidPeriod> {
        let fits = match freq.months() {
            Some(months) => starts_in_step(from, months) && last_day(from, months) == Some(to),
            None => from <= to,
        };
        if fits { Ok(Self { from, to, freq }) } else { Err(InvalidPeriod { freq }) }
    }

    /// The whole month, quarter or year that starts and ends on these days.
    pub fn whole(from: NaiveDate, to: NaiveDate) -> Option<Self> {
        [Frequency::Month, Frequency::Quarter, Frequency::Year]
            .into_iter()
            .find_map(|freq| Self::new(from, to, freq).ok())
    }

    /// The calendar year.
    pub fn year(year: i32) -> Option<Self> {
        let from = NaiveDate::from_ymd_opt(year, 1, 1)?;
        Self::new(from, last_day(from, 12)?, Frequency::Year).ok()
    }

    /// First day, included.
    pub fn from(&self) -> NaiveDate {
        self.from
    }

    /// Last day, included.
    pub fn to(&self) -> NaiveDate {
        self.to
    }

    /// How often this is declared.
    pub fn freq(&self) -> Frequency {
        self.freq
    }
}

/// A period that is not a whole one of its frequency, or ends before it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a period must be one whole {0} of the calendar, or for an event end no earlier than it starts", .freq.as_str())]
pub struct InvalidPeriod {
    freq: Frequency,
}

/// A period as written.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "税款所属期")]
struct PeriodParts {
    /// First day, included.
    #[schemars(title = "起")]
    from: NaiveDate,
    /// Last day, included.
    #[schemars(title = "止")]
    to: NaiveDate,
    /// How often this is declared.
    #[schemars(title = "申报期限类型")]
    freq: Frequency,
}

impl TryFrom<PeriodParts> for Period {
    type Error = InvalidPeriod;

    fn try_from(parts: PeriodParts) -> Result<Self, InvalidPeriod> {
        Self::new(parts.from, parts.to, parts.freq)
    }
}

impl From<Period> for PeriodParts {
    fn from(period: Period) -> Self {
        Self { from: period.from, to: period.to, freq: period.freq }
    }
}

/// The tax months a consent opens: whole months, first and last day included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "WindowParts", into = "WindowParts")]
pub struct Window {
    from: NaiveDate,
    to: NaiveDate,
}

impl Window {
    /// A window; it starts on the first day of a month and ends on the last day of the same or a later one.
    pub fn new(from: NaiveDate, to: NaiveDate) -> Result<Self, InvalidWindow> {
        let whole = from.day() == 1 && to.with_day(1).and_then(|first| last_day(first, 1)) == Some(to);
        if whole && from <= to { Ok(Self { from, to }) } else { Err(InvalidWindow) }
    }

    /// The last `months` whole months and the current one, on a day as it is in Shanghai.
    /// `None` only where the calendar itself ends.
    pub fn resolve_months(months: u32, today_in_shanghai: NaiveDate) -> Option<Window> {
        let first = today_in_shanghai.with_day(1)?;
        Self::new(first.checked_sub_months(Months::new(months))?, last_day(first, 1)?).ok()
    }

    /// Whether any day of the period lies inside.
    pub fn overlaps(&self, period: &Period) -> bool {
        period.from <= self.to && period.to >= self.from
    }

    /// First day, included.
    pub fn from(&self) -> NaiveDate {
        self.from
    }

    /// Last day, included.
    pub fn to(&self) -> NaiveDate {
        self.to
    }
}

/// A window that is not made of whole months.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "a window must start on the first day of a month and end on the last day of the same or a later month"
)]
pub struct InvalidWindow;

/// A window as written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WindowParts {
    from: NaiveDate,
    to: NaiveDate,
}

impl TryFrom<WindowParts> for Window {
    type Error = InvalidWindow;

    fn try_from(parts: WindowParts) -> Result<Self, InvalidWindow> {
        Self::new(parts.from, parts.to)
    }
}

impl From<Window> for WindowParts {
    fn from(window: Window) -> Self {
        Self { from: window.from, to: window.to }
    }
}

fn starts_in_step(from: NaiveDate, months: u32) -> bool {
    from.day() == 1 && from.month0().is_multiple_of(months)
}

/// Last day of the span of that many months starting on `first`.
fn last_day(first: NaiveDate, months: u32) -> Option<NaiveDate> {
    first.checked_add_months(Months::new(months))?.pred_opt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn whole_months_quarters_and_years_are_told_apart() {
        let freq = |from, to| Period::whole(date(from), date(to)).map(|p| p.freq());
        assert_eq!(freq("2024-02-01", "2024-02-29"), Some(Frequency::Month));
        assert_eq!(freq("2026-04-01", "2026-06-30"), Some(Frequency::Quarter));
        assert_eq!(freq("2026-01-01", "2026-12-31"), Some(Frequency::Year));
        assert_eq!(freq("2026-02-01", "2026-04-30"), None);
        assert_eq!(freq("2026-02-01", "2026-02-27"), None);
        assert_eq!(freq("2026-01-02", "2026-01-31"), None);
        assert!(Period::new(date("2026-01-05"), date("2026-01-05"), Frequency::Event).is_ok());
        assert!(Period::new(date("2026-01-05"), date("2026-01-04"), Frequency::Event).is_err());
    }

    #[test]
    fn the_wire_form_is_exact_and_checked() {
        let text = r#"{"from":"2026-01-01","to":"2026-01-31","freq":"month"}"#;
        let period: Period = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&period).unwrap(), text);
        for wrong in [
            r#"{"from":"2026-01-01","to":"2026-01-30","freq":"month"}"#,
            r#"{"from":"2026-01-01","to":"2026-01-31","freq":"day"}"#,
            r#"{"from":"2026-01-01","to":"2026-01-31","freq":"month","x":1}"#,
        ] {
            assert!(serde_json::from_str::<Period>(wrong).is_err(), "{wrong}");
        }
        assert!(serde_json::from_str::<Window>(r#"{"from":"2026-01-01","to":"2026-01-30"}"#).is_err());
    }

    #[test]
    fn a_window_counts_back_from_the_current_month() {
        let window = Window::resolve_months(36, date("2026-10-31")).unwrap();
        assert_eq!((window.from(), window.to()), (date("2023-10-01"), date("2026-10-31")));
        assert_eq!(
            Window::resolve_months(0, date("2024-02-29")).unwrap(),
            Window::new(date("2024-02-01"), date("2024-02-29")).unwrap()
        );
        assert_eq!(Window::resolve_months(u32::MAX, date("2024-02-29")), None);
    }

    #[test]
    fn one_shared_day_is_an_overlap() {
        let window = Window::new(date("2026-03-01"), date("2026-04-30")).unwrap();
        let quarter = |from, to| Period::whole(date(from), date(to)).unwrap();
        assert!(window.overlaps(&quarter("2026-01-01", "2026-03-31")));
        assert!(window.overlaps(&quarter("2026-04-01", "2026-06-30")));
        assert!(!window.overlaps(&quarter("2025-10-01", "2025-12-31")));
        assert!(!window.overlaps(&quarter("2026-05-01", "2026-05-31")));
    }
}
