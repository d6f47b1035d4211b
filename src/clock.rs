//! The one reader of the time. Everything else is handed an instant.

use chrono::Utc;

use crate::domain::timestamp::Timestamp;

/// Tells the time. The tests' double can stand still, jump and run backwards.
pub trait Clock: Send + Sync {
    /// The present instant, cut to microseconds.
    fn now(&self) -> Timestamp;

    /// Whether it may be held against the database's clock. The tests' double, set years ahead, may not.
    fn is_comparable(&self) -> bool {
        true
    }
}

/// The host's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one reader of the time")]
    fn now(&self) -> Timestamp {
        Timestamp::from_utc(Utc::now())
    }
}
