//! Places between commit, signature, anchor and answer where a test has the process die.
//!
//! Only in builds with debug assertions: in a release build a point is nothing at all.

use crate::domain::member::wire_enum;

/// Names one point and at which passing the process dies there: `signed:7`.
pub const VARIABLE: &str = "SHUIDAIYI_FAULT_POINT";

wire_enum! {
    /// A point on the way of a commit, in the order in which they are passed.
    pub enum FaultPoint {
        /// Everything is written inside the transaction, which is not committed.
        Appended = "appended",
        /// The transaction is committed; nobody has signed its head.
        Committed = "committed",
        /// The head is signed; the checkpoint is not anchored.
        Signed = "signed",
        /// The checkpoint is anchored; nothing is answered.
        Anchored = "anchored",
        /// The answers are handed out.
        Answered = "answered",
    }
}

/// Passes a point. Ends the process as `kill -9` would, without a word, if the environment says so.
#[cfg(not(debug_assertions))]
#[inline]
pub fn pass(_point: FaultPoint) {}

/// Passes a point. Ends the process as `kill -9` would, without a word, if the environment says so.
#[cfg(debug_assertions)]
pub fn pass(point: FaultPoint) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static ASKED: OnceLock<Option<(FaultPoint, u64)>> = OnceLock::new();
    static PASSED: AtomicU64 = AtomicU64::new(0);
    let asked = ASKED.get_or_init(|| std::env::var(VARIABLE).ok().as_deref().and_then(parse));
    if let Some((at, times)) = asked
        && *at == point
        && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *times
    {
        std::process::abort();
    }
}

#[cfg(debug_assertions)]
fn parse(text: &str) -> Option<(FaultPoint, u64)> {
    let (point, times) = text.split_once(':')?;
    Some((point.parse().ok()?, times.parse().ok()?))
}

#[cfg(all(test, debug_assertions))]
mod tests {
    use super::*;

    #[test]
    fn a_point_and_a_count_are_read() {
        assert_eq!(parse("signed:7"), Some((FaultPoint::Signed, 7)));
        assert_eq!(parse("signed"), None);
        assert_eq!(parse("elsewhere:7"), None);
        pass(FaultPoint::Signed);
    }
}
