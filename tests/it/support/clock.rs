//! A clock that the tests set: the host's, plus an offset.

use std::sync::atomic::{AtomicI64, Ordering};

use shuidaiyi::clock::{Clock, SystemClock};
use shuidaiyi::domain::timestamp::Timestamp;

/// The host's clock, moved.
#[derive(Default)]
pub struct TestClock {
    offset_micros: AtomicI64,
}

impl TestClock {
    /// Moves the clock by so many seconds from where it is; negative is back.
    pub fn advance_seconds(&self, seconds: i64) {
        self.offset_micros.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_micros(self.offset_micros.load(Ordering::SeqCst))
    }
}
