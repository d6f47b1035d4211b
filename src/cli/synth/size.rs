//! 企业规模, as the statistical standard of 工信部联企业〔2011〕300号 draws it: by industry, persons employed and a year's
//! revenue.
//!
//! Simplified: the thresholds by total assets (建筑业, 租赁和商务服务业) are left out, so that those two classes go by
//! revenue and persons alone. A firm is of a class only if it reaches both thresholds; micro is whatever reaches neither.

/// Thresholds of one industry: persons and revenue in ten thousand yuan, from which a firm is large, medium, small.
struct Thresholds {
    large: (i64, i64),
    medium: (i64, i64),
    small: (i64, i64),
}

/// 工业.
const INDUSTRY: Thresholds = Thresholds { large: (1_000, 40_000), medium: (300, 2_000), small: (20, 300) };
/// 建筑业, without its assets.
const CONSTRUCTION: Thresholds = Thresholds { large: (0, 80_000), medium: (0, 6_000), small: (0, 300) };
/// 批发业.
const WHOLESALE: Thresholds = Thresholds { large: (200, 40_000), medium: (20, 5_000), small: (5, 1_000) };
/// 零售业.
const RETAIL: Thresholds = Thresholds { large: (300, 20_000), medium: (50, 500), small: (10, 100) };
/// 交通运输业.
const TRANSPORT: Thresholds = Thresholds { large: (1_000, 30_000), medium: (300, 3_000), small: (20, 200) };
/// 餐饮业.
const CATERING: Thresholds = Thresholds { large: (300, 10_000), medium: (100, 2_000), small: (10, 100) };
/// 软件和信息技术服务业.
const SOFTWARE: Thresholds = Thresholds { large: (300, 10_000), medium: (100, 1_000), small: (10, 50) };
/// 租赁和商务服务业 and others, by persons.
const OTHER: Thresholds = Thresholds { large: (300, 0), medium: (100, 0), small: (10, 0) };

/// The class of a firm: `large`, `medium`, `small` or `micro`.
pub(super) fn size_class(industry: &str, persons: i64, year_fen: i64) -> &'static str {
    let thresholds = of_industry(industry);
    let reaches = |(least, revenue): (i64, i64)| persons >= least && year_fen >= revenue * 1_000_000;
    if reaches(thresholds.large) {
        "large"
    } else if reaches(thresholds.medium) {
        "medium"
    } else if reaches(thresholds.small) {
        "small"
    } else {
        "micro"
    }
}

/// By the division of GB/T 4754, its first two digits.
fn of_industry(industry: &str) -> &'static Thresholds {
    match industry.get(..2).and_then(|division| division.parse::<u8>().ok()) {
        Some(6..=46) => &INDUSTRY,
        Some(47..=50) => &CONSTRUCTION,
        Some(51) => &WHOLESALE,
        Some(52) => &RETAIL,
        Some(53..=58) => &TRANSPORT,
        Some(61..=62) => &CATERING,
        Some(65) => &SOFTWARE,
        Some(_) | None => &OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_thresholds_must_be_reached() {
        assert_eq!(size_class("3982", 1_000, 40_000_000_000), "large");
        assert_eq!(size_class("3982", 999, 40_000_000_000), "medium");
        assert_eq!(size_class("3982", 300, 1_999_999_999), "small");
        assert_eq!(size_class("3982", 19, 90_000_000_000), "micro");
        assert_eq!(size_class("7231", 12, 0), "small");
        assert_eq!(size_class("5213", 9, 0), "micro");
    }
}
