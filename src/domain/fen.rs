//! Money: whole fen (0.01 yuan) in storage and on the wire, decimals only where a person reads or writes yuan.

use std::borrow::Cow;
use std::fmt;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// An amount in fen. Arithmetic is checked: what does not fit is `None`, never a wrapped figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fen(i64);

impl Fen {
    /// Nothing owed, nothing owned.
    pub const ZERO: Fen = Fen(0);
    /// The largest figure an import form takes, ten trillion yuan either way. Sums of a few such figures
    /// still fit the 53 bits that RFC 8785 numbers can carry exactly.
    pub const FORM_LIMIT: i64 = 1_000_000_000_000_000;

    /// An amount of that many fen.
    pub const fn new(fen: i64) -> Self {
        Self(fen)
    }

    /// The number of fen.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The sum, unless it overflows.
    pub fn checked_add(self, other: Fen) -> Option<Fen> {
        self.0.checked_add(other.0).map(Fen)
    }

    /// The difference, unless it overflows.
    pub fn checked_sub(self, other: Fen) -> Option<Fen> {
        self.0.checked_sub(other.0).map(Fen)
    }

    /// The sum of all, unless it overflows.
    pub fn checked_sum(amounts: impl IntoIterator<Item = Fen>) -> Option<Fen> {
        amounts.into_iter().try_fold(Fen::ZERO, Fen::checked_add)
    }

    /// The tax on this amount at a rate in basis points, half up to the fen; zero on a negative amount.
    /// `None` if it does not fit.
    pub fn tax_at(self, rate_bp: i64) -> Option<Fen> {
        if self <= Fen::ZERO {
            return Some(Fen::ZERO);
        }
        let exact = i128::from(self.0).checked_mul(i128::from(rate_bp))?;
        i64::try_from(exact.checked_add(5_000)?.div_euclid(10_000)).ok().map(Fen)
    }

    /// The amount of exactly that many yuan; `None` if it has a fraction of a fen or does not fit.
    pub fn from_yuan(yuan: Decimal) -> Option<Fen> {
        let fen = yuan.checked_mul(Decimal::ONE_HUNDRED)?;
        if fen.fract().is_zero() { fen.to_i64().map(Fen) } else { None }
    }

    /// The amount in yuan, with two decimals.
    pub fn to_yuan(self) -> Decimal {
        Decimal::new(self.0, 2)
    }
}

impl JsonSchema for Fen {
    fn schema_name() -> Cow<'static, str> {
        "Fen".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "x-unit": "fen" })
    }
}

/// Yuan with two decimals.
impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_yuan())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn yuan_reads_with_two_decimals() {
        for (fen, yuan) in [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (123_456, "1234.56"), (100, "1.00")] {
            assert_eq!(Fen::new(fen).to_string(), yuan);
        }
    }

    #[test]
    fn nothing_is_rounded_or_wrapped() {
        assert_eq!(Fen::from_yuan(Decimal::new(12_345, 3)), None);
        assert_eq!(Fen::from_yuan(Decimal::new(12_340, 3)), Some(Fen::new(1_234)));
        assert_eq!(Fen::from_yuan(Decimal::MAX), None);
        assert_eq!(Fen::new(i64::MAX).checked_add(Fen::new(1)), None);
        assert_eq!(Fen::new(i64::MIN).checked_sub(Fen::new(1)), None);
        assert_eq!(Fen::checked_sum([Fen::new(1), Fen::new(2)]), Some(Fen::new(3)));
    }

    #[test]
    fn tax_is_rounded_half_up_and_never_below_zero() {
        for (base, rate, tax) in [
            (2, 2_500, 1),
            (1, 2_500, 0),
            (10_001, 300, 300),
            (10_017, 300, 301),
            (0, 2_500, 0),
            (-100, 2_500, 0),
        ] {
            assert_eq!(Fen::new(base).tax_at(rate), Some(Fen::new(tax)), "{base} at {rate}");
        }
        assert_eq!(Fen::new(i64::MAX).tax_at(2_500), Some(Fen::new(2_305_843_009_213_693_952)));
        assert_eq!(Fen::new(i64::MAX).tax_at(10_001), None);
    }

    #[test]
    fn the_wire_has_integers_only() {
        assert_eq!(serde_json::to_string(&Fen::new(-7)).unwrap(), "-7");
        assert!(serde_json::from_str::<Fen>("1.0").is_err());
        assert!(serde_json::from_str::<Fen>("\"1\"").is_err());
    }

    proptest! {
        #[test]
        fn yuan_and_back_is_the_same(fen in any::<i64>()) {
            prop_assert_eq!(Fen::from_yuan(Fen::new(fen).to_yuan()), Some(Fen::new(fen)));
        }
    }
}
