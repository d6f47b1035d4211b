//! A clock that the tests set: the host's, plus an offset.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use shuidaiyi::clock::{Clock, SystemClock};
use shuidaiyi::domain::timestamp::Timestamp;

/// The host's clock, moved.
#[derive(Default)]
pub struct TestClock {
    offset_micros: AtomicI64,
    comparable: AtomicBool,
    /// Where it stands still, in microseconds; it goes while this is 0.
    stands_at: AtomicI64,
}

impl TestClock {
    /// Lets the gateway hold it against the database's clock, as it does with the host's.
    pub fn be_comparable(&self) {
        self.comparable.store(true, Ordering::SeqCst);
    }

    /// Stops the clock at an instant.
    pub fn stand_at(&self, at: Timestamp) {
        self.stands_at.store(at.micros(), Ordering::SeqCst);
    }

    /// Moves the clock by so many seconds from where it is; negative is back.
    pub fn advance_seconds(&self, seconds: i64) {
        self.offset_micros.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        match self.stands_at.load(Ordering::SeqCst) {
            0 => SystemClock.now().plus_micros(self.offset_micros.load(Ordering::SeqCst)),
            micros => Timestamp::from_micros(micros).unwrap(),
        }
    }

    fn is_comparable(&self) -> bool {
        self.comparable.load(Ordering::SeqCst)
    }
}
