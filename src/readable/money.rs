//! Figures as people write them: yuan from fen, percent from basis points. Integers only, nothing is rounded unseen.

/// Yuan with thousands separators and two decimals: 123456789 fen is `1,234,567.89`.
pub fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let whole = fen.unsigned_abs();
    format!("{sign}{}.{:02}", grouped(whole / 100), whole % 100)
}

/// A count with thousands separators.
pub fn count(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", grouped(number.unsigned_abs()))
}

/// Short, for headlines and axes: 万元 or 亿元 with up to two decimals, half away from zero.
pub fn short_yuan(fen: i64) -> String {
    const WAN: u64 = 1_000_000;
    const YI: u64 = 10_000_000_000;
    let (unit, name) = match fen.unsigned_abs() {
        whole if whole >= YI - YI / 20_000 => (YI, "亿元"),
        whole if whole >= WAN => (WAN, "万元"),
        _ => (100, "元"),
    };
    let hundredths = (u128::from(fen.unsigned_abs()) * 200 + u128::from(unit)) / (2 * u128::from(unit));
    let sign = if fen < 0 && hundredths > 0 { "-" } else { "" };
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    let decimals = match rest {
        0 => String::new(),
        tens if tens % 10 == 0 => format!(".{}", tens / 10),
        both => format!(".{both:02}"),
    };
    format!("{sign}{}{decimals}{name}", grouped(u64::try_from(whole).unwrap_or(u64::MAX)))
}

/// Percent from basis points: 1234 is `12.34%`.
pub fn percent(basis_points: i64) -> String {
    let sign = if basis_points < 0 { "-" } else { "" };
    let whole = basis_points.unsigned_abs();
    format!("{sign}{}.{:02}%", grouped(whole / 100), whole % 100)
}

/// Percent with its sign, for changes.
pub fn signed_percent(basis_points: i64) -> String {
    if basis_points > 0 { format!("+{}", percent(basis_points)) } else { percent(basis_points) }
}

/// Change from `before` to `now` in basis points, half away from zero; none where there is nothing to compare with.
pub fn change(now: i64, before: i64) -> Option<i64> {
    if before <= 0 {
        return None;
    }
    ratio(i128::from(now) - i128::from(before), before)
}

/// `part` of `whole` in basis points, half away from zero; none where the whole is not positive.
pub fn ratio(part: i128, whole: i64) -> Option<i64> {
    if whole <= 0 {
        return None;
    }
    let (whole, sign) = (i128::from(whole), part.signum());
    i64::try_from(sign * ((part.abs() * 20_000 + whole) / (2 * whole))).ok()
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuan_has_separators_and_two_decimals() {
        for (fen, text) in [
            (0, "0.00"),
            (5, "0.05"),
            (-5, "-0.05"),
            (12_345, "123.45"),
            (123_456_789, "1,234,567.89"),
            (-100_000_000, "-1,000,000.00"),
            (i64::MIN, "-92,233,720,368,547,758.08"),
        ] {
            assert_eq!(yuan(fen), text);
        }
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(-12), "-12");
    }

    #[test]
    fn short_amounts_choose_their_unit() {
        for (fen, text) in [
            (0, "0元"),
            (12_345, "123.45元"),
            (1_000_000, "1万元"),
            (123_456_700, "123.46万元"),
            (125_000_000, "125万元"),
            (-129_500_000, "-129.5万元"),
            (9_999_999_999, "1亿元"),
            (1_234_567_890_000, "123.46亿元"),
            (i64::MAX, "922,337,203.69亿元"),
        ] {
            assert_eq!(short_yuan(fen), text, "{fen}");
        }
    }

    #[test]
    fn changes_are_rounded_once_and_never_divide_by_nothing() {
        assert_eq!(change(150, 100), Some(5_000));
        assert_eq!(change(50, 100), Some(-5_000));
        assert_eq!(change(2, 3), Some(-3_333));
        assert_eq!(change(1, 0), None);
        assert_eq!(change(1, -5), None);
        assert_eq!(change(i64::MAX, 1), None, "out of range is no figure");
        assert_eq!((percent(-1_234), signed_percent(5)), ("-12.34%".to_owned(), "+0.05%".to_owned()));
        assert_eq!(ratio(1, 8), Some(1_250));
    }
}
