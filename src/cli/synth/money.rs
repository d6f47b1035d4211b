//! Rates and shares of amounts in fen, rounded as the tax forms round: half up to the fen.

/// An amount at a rate in hundredths of a percent, half up to the fen.
pub(super) fn rated(fen: i64, rate_bp: i64) -> i64 {
    half_up(i128::from(fen) * i128::from(rate_bp), 10_000)
}

/// The late fee on a tax paid so many days late: five ten-thousandths a day (税收征收管理法 Art. 32).
pub(super) fn late_fee(tax_fen: i64, days: i64) -> i64 {
    half_up(i128::from(tax_fen) * 5 * i128::from(days), 10_000)
}

/// A share of an amount, per mille, rounded down.
pub(super) fn share(fen: i64, per_mille: i64) -> i64 {
    i64::try_from(i128::from(fen) * i128::from(per_mille) / 1_000).unwrap_or(i64::MAX)
}

/// Share of a part in a whole, in hundredths of a percent, rounded down; none of nothing.
pub(super) fn share_bp(part: i64, whole: i64) -> Option<i64> {
    (whole > 0).then(|| i64::try_from(i128::from(part) * 10_000 / i128::from(whole)).unwrap_or(0))
}

fn half_up(product: i128, divisor: i128) -> i64 {
    i64::try_from((product * 2 + divisor).div_euclid(divisor * 2)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_round_half_up() {
        assert_eq!(rated(12_345, 700), 864); // 864.15
        assert_eq!(rated(50, 300), 2); // 1.5
        assert_eq!(late_fee(1_234_567, 31), 19_136); // 19 135.7885
        assert_eq!(share_bp(1, 3), Some(3_333));
        assert_eq!(share_bp(1, 0), None);
    }
}
