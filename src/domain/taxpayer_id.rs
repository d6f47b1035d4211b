//! 纳税人识别号, the number a taxpayer is known by. For most firms it equals the unified social credit code;
//! individual traders and firms never re-registered keep older numbers of 15 to 20 characters.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::uscc::{InvalidUscc, Uscc, WrongChecks};

/// A taxpayer identification number: 15 to 20 digits and capital letters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaxpayerId(String);

impl JsonSchema for TaxpayerId {
    fn schema_name() -> Cow<'static, str> {
        "TaxpayerId".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9A-Z]{15,20}$" })
    }
}

impl TaxpayerId {
    /// Takes a number as the bureau delivers it: a credit code with a wrong check character passes
    /// (the bureau's own books hold some) and [`TaxpayerId::check_warning`] tells of it.
    pub fn parse(text: &str) -> Result<Self, InvalidTaxpayerId> {
        if !(15..=20).contains(&text.len()) {
            return Err(InvalidTaxpayerId::Length { characters: text.chars().count() });
        }
        if !text.bytes().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase()) {
            return Err(InvalidTaxpayerId::Character);
        }
        Ok(Self(text.to_owned()))
    }

    /// Takes a number as a person types it: what looks like a credit code must have right check characters.
    pub fn parse_strict(text: &str) -> Result<Self, InvalidTaxpayerId> {
        let id = Self::parse(text)?;
        match id.check_warning() {
            Some(wrong) => Err(InvalidTaxpayerId::Checks(wrong)),
            None => Ok(id),
        }
    }

    /// The number as a unified social credit code, if it is one.
    pub fn uscc(&self) -> Option<Uscc> {
        self.0.parse().ok()
    }

    /// The wrong check characters of a number that is otherwise built like a credit code.
    pub fn check_warning(&self) -> Option<WrongChecks> {
        if !looks_like_uscc(&self.0) {
            return None;
        }
        match self.0.parse::<Uscc>() {
            Err(InvalidUscc::Checks(wrong)) => Some(wrong),
            Err(InvalidUscc::Length { .. } | InvalidUscc::Character { .. }) | Ok(_) => None,
        }
    }

    /// The number as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Built like a credit code: a department that registers taxpayers, and a province where a province belongs.
/// The province keeps out resident identity numbers, whose region stands two places earlier.
fn looks_like_uscc(text: &str) -> bool {
    let known_department = matches!(text.as_bytes().first(), Some(b'1' | b'5' | b'9' | b'Y'));
    let province = text.get(2..4).and_then(|digits| digits.parse::<u8>().ok());
    text.len() == 18 && known_department && province.is_some_and(|code| (10..=82).contains(&code))
}

impl TryFrom<String> for TaxpayerId {
    type Error = InvalidTaxpayerId;

    fn try_from(text: String) -> Result<Self, InvalidTaxpayerId> {
        Self::parse(&text)
    }
}

impl From<TaxpayerId> for String {
    fn from(id: TaxpayerId) -> Self {
        id.0
    }
}

impl From<Uscc> for TaxpayerId {
    fn from(code: Uscc) -> Self {
        Self(code.to_string())
    }
}

impl fmt::Display for TaxpayerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Redacted: an identity number never reaches a log.
impl fmt::Debug for TaxpayerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TaxpayerId(redacted)")
    }
}

/// Why a text is not a taxpayer identification number. The message never repeats the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidTaxpayerId {
    /// Not 15 to 20 characters.
    #[error("a taxpayer identification number has 15 to 20 characters, this one has {characters}")]
    Length {
        /// How many characters there were.
        characters: usize,
    },
    /// Something other than a digit or a capital letter.
    #[error("a taxpayer identification number holds only digits and capital letters")]
    Character,
    /// A credit code with a wrong check character, where a person typed it.
    #[error("{0}")]
    Checks(WrongChecks),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credit_code_and_older_numbers_are_both_taxpayers() {
        let firm = TaxpayerId::parse("914403001922038216").unwrap();
        assert!(firm.uscc().is_some());
        assert_eq!(firm.check_warning(), None);
        for older in ["440301198001015", "44030519800101123456", "44030519800101001X"] {
            let trader = TaxpayerId::parse_strict(older).unwrap();
            assert_eq!(trader.uscc(), None);
            assert_eq!(trader.as_str(), older);
        }
    }

    #[test]
    fn a_wrong_check_is_taken_from_the_bureau_and_refused_from_a_person() {
        let inbound = TaxpayerId::parse("914403001922038217").unwrap();
        assert_eq!(inbound.check_warning().unwrap().last.unwrap().computed, '6');
        let Err(InvalidTaxpayerId::Checks(_)) = TaxpayerId::parse_strict("914403001922038217") else {
            panic!()
        };
    }

    #[test]
    fn a_beijing_identity_number_is_no_wrong_credit_code() {
        assert_eq!(TaxpayerId::parse("110105198001011234").unwrap().check_warning(), None);
    }

    #[test]
    fn other_shapes_are_refused() {
        for text in [
            "",
            "12345678901234",
            "123456789012345678901",
            "91440300192203821x",
            "9144 0300 1922 038",
            "税税税税税",
        ] {
            assert!(TaxpayerId::parse(text).is_err(), "{text}");
        }
        assert!(serde_json::from_str::<TaxpayerId>("\"short\"").is_err());
        assert!(!format!("{:?}", TaxpayerId::parse("914403001922038216").unwrap()).contains('9'));
    }
}
