//! How long requests wait, how often banks may ask, and where people are sent.

use serde::Deserialize;

/// `[consent.requests]` of the configuration.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RequestOptions {
    /// Days after which an unanswered request lapses.
    pub days: u32,
    /// Hours for which a link that was handed over leads somewhere.
    pub hand_over_hours: u32,
    /// Days after which a firm is reminded, once, of a request that waits.
    pub remind_days: u32,
    /// Days after a decline in which the same bank does not get through to the firm again.
    pub no_nagging_days: u32,
    /// Requests that a bank may make in a day (Asia/Shanghai).
    pub per_day: u32,
    /// Requests that a bank may make of one taxpayer id in a day.
    pub per_taxpayer_per_day: u32,
    /// Days after a consent's end until which the bank must have deleted what it received.
    pub retain_days: u32,
}

impl Default for RequestOptions {
    fn default() -> Self {
        Self {
            days: 30,
            hand_over_hours: 24,
            remind_days: 3,
            no_nagging_days: 30,
            per_day: 1_000,
            per_taxpayer_per_day: 3,
            retain_days: 1_825,
        }
    }
}

/// Microseconds in an hour.
pub(super) const HOUR_MICROS: i64 = 3_600 * 1_000_000;
/// Microseconds in a day.
pub(super) const DAY_MICROS: i64 = 24 * HOUR_MICROS;
