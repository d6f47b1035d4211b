//! SplitMix64: tiny, public domain, and ours to keep, so that a seed gives the same city for ever.

/// A stream of pseudo-random numbers.
#[derive(Clone)]
pub(super) struct Random(u64);

/// What a stream is for, so that a change in one part of a firm leaves the others alone.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Firm,
    Sales,
    Filing,
    Rating,
    /// Changes of the register and the end of the firm.
    Life,
    /// Costs, customers' and suppliers' terms.
    Books,
    /// When taxes are paid.
    Paying,
    /// Income tax and the other taxes by the line.
    Income,
    /// Invoices and counterparties.
    Invoices,
    /// Staff and social insurance.
    Staff,
    /// Violations and inspections.
    Conduct,
}

impl Random {
    /// The stream of one firm for one purpose.
    pub(super) fn new(seed: u64, index: u64, purpose: Purpose) -> Self {
        let number = match purpose {
            Purpose::Firm => 1,
            Purpose::Sales => 2,
            Purpose::Filing => 3,
            Purpose::Rating => 4,
            Purpose::Life => 5,
            Purpose::Books => 6,
            Purpose::Paying => 7,
            Purpose::Income => 8,
            Purpose::Invoices => 9,
            Purpose::Staff => 10,
            Purpose::Conduct => 11,
        };
        let mut mixed = Self(seed);
        for part in [index, number] {
            mixed = Self(mixed.next() ^ part.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        }
        mixed
    }

    /// The next number of the stream.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `limit`, or 0 where there is none. The bias of the remainder is far below what shows.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next().checked_rem(limit).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high.saturating_sub(low)).unwrap_or(0).saturating_add(1);
        low.saturating_add(i64::try_from(self.below(span)).unwrap_or(0))
    }

    /// True that many times out of a thousand.
    pub(super) fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    /// One of a list that is not empty.
    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let length = u64::try_from(from.len()).unwrap_or(1);
        &from[usize::try_from(self.below(length)).unwrap_or(0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_published_one_and_stays() {
        let mut random = Random(1_234_567);
        // First outputs of the reference implementation for this seed.
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn ranges_hold() {
        let mut random = Random::new(7, 0, Purpose::Firm);
        for _ in 0..1_000 {
            assert!((-3..=4).contains(&random.between(-3, 4)));
        }
        assert_eq!(random.below(0), 0);
    }
}
