//! Instants, in whole microseconds of UTC.
//!
//! PostgreSQL keeps microseconds and drops the rest, SQLite keeps what it is given: an instant cut
//! before it is stored reads back the same from both, and equals the one that was signed.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Days, FixedOffset, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Seconds that Asia/Shanghai is ahead of UTC; it has kept no summer time since 1991.
const SHANGHAI_OFFSET_SECONDS: i32 = 8 * 3600;

/// Years that an instant may be written in: inside them, every instant is written as it is read.
const YEARS: std::ops::RangeInclusive<i32> = 1..=9_998;

/// An instant: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `micros` microseconds after the epoch, or `None` outside the calendar (about ±262,000 years).
    pub fn from_micros(micros: i64) -> Option<Self> {
        DateTime::<Utc>::from_timestamp_micros(micros).map(|_| Self(micros))
    }

    /// Cut from a calendar instant; anything finer than a microsecond is dropped.
    pub fn from_utc(at: DateTime<Utc>) -> Self {
        Self(at.timestamp_micros())
    }

    /// Microseconds since the epoch.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down: the `iat` of RFC 7519.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The calendar instant in UTC.
    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }

    /// As both databases store it: UTC without a zone.
    pub fn naive(self) -> NaiveDateTime {
        self.utc().naive_utc()
    }

    /// Read back from a database.
    pub fn from_naive(at: NaiveDateTime) -> Self {
        Self(at.and_utc().timestamp_micros())
    }

    /// The civil date in Asia/Shanghai: what 税款所属期 and consent windows are reckoned by.
    pub fn shanghai_date(self) -> NaiveDate {
        (self.utc().naive_utc() + TimeDelta::seconds(i64::from(SHANGHAI_OFFSET_SECONDS))).date()
    }

    /// The first instant of a civil date in Asia/Shanghai.
    pub fn shanghai_midnight(date: NaiveDate) -> Self {
        let utc =
            date.and_time(chrono::NaiveTime::MIN) - TimeDelta::seconds(i64::from(SHANGHAI_OFFSET_SECONDS));
        Self::from_naive(utc)
    }

    /// The first instant of the next civil day in Asia/Shanghai.
    pub fn next_shanghai_midnight(self) -> Self {
        let day = self.shanghai_date();
        Self::shanghai_midnight(day.checked_add_days(Days::new(1)).unwrap_or(day))
    }

    /// Later by `micros`, staying at the end of the range rather than wrapping.
    pub fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// Microseconds from `earlier` to this instant; negative if it is later.
    pub fn since_micros(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.utc().format("%Y-%m-%dT%H:%M:%S%.6fZ"))
    }
}

/// The text is neither an instant nor a date.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "write an instant as 2026-01-31T08:00:00.000000Z (RFC 3339), or a date as 2026-01-31 (midnight in Shanghai)"
)]
pub struct InvalidTimestamp;

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    /// RFC 3339 with any offset, or a bare date: midnight in Asia/Shanghai.
    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let date = (text.len() == 10).then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten();
        if let Some(date) = date.filter(|date| YEARS.contains(&date.year())) {
            return Ok(Self::shanghai_midnight(date));
        }
        let at = DateTime::<FixedOffset>::parse_from_rfc3339(text).map_err(|_| InvalidTimestamp)?;
        let at = at.with_timezone(&Utc);
        if YEARS.contains(&at.year()) { Ok(Self::from_utc(at)) } else { Err(InvalidTimestamp) }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_six_digits_and_reads_them_back() {
        let at = Timestamp::from_micros(1_767_225_600_000_001).unwrap();
        assert_eq!(at.to_string(), "2026-01-01T00:00:00.000001Z");
        assert_eq!(at.to_string().parse::<Timestamp>().unwrap(), at);
        assert_eq!(Timestamp::from_naive(at.naive()), at);
    }

    #[test]
    fn a_date_is_midnight_in_shanghai() {
        let at: Timestamp = "2026-01-01".parse().unwrap();
        assert_eq!(at.to_string(), "2025-12-31T16:00:00.000000Z");
        assert_eq!(at.shanghai_date().to_string(), "2026-01-01");
        assert_eq!(at.plus_micros(-1).shanghai_date().to_string(), "2025-12-31");
        assert_eq!(at.next_shanghai_midnight().to_string(), "2026-01-01T16:00:00.000000Z");
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "0000-01-01",
            "+12000-01-01",
            "-262143-01-01",
            "9999-12-31T23:59:59-08:00",
            "",
            "2026-13-01",
            "2026-01-01T25:00:00Z",
            "tomorrow",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(InvalidTimestamp), "{text}");
        }
    }
}
