//! 统一社会信用代码, the unified social credit code of GB 32100-2015, with the organisation code of GB 11714 inside it.
//!
//! Eighteen characters: 1 registration department, 2 class, 3–8 region (GB/T 2260), 9–17 organisation
//! code whose last character is its own check, 18 check over the first seventeen.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The 31 characters of GB 32100-2015; a character's value is its place. I, O, S, V and Z are left out.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
/// Weights of GB 32100-2015, `3^(i-1) mod 31` for the first seventeen characters.
const WEIGHTS: [u32; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
/// Weights of GB 11714 for the first eight characters of the organisation code.
const ORGANISATION_WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

/// A unified social credit code whose two check characters hold.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Uscc([u8; 18]);

impl Uscc {
    /// Makes a code from what precedes the check characters, computing both: one character each for
    /// department and class, six region digits, and the first eight characters of the organisation code.
    pub fn from_parts(
        department: char,
        class: char,
        region: &str,
        organisation: &str,
    ) -> Result<Self, InvalidUscc> {
        let stem = format!("{department}{class}{region}{organisation}");
        let Ok(stem) = <[u8; 16]>::try_from(stem.as_bytes()) else {
            return Err(InvalidUscc::Length { characters: stem.chars().count().saturating_add(2) });
        };
        let mut code = [b'0'; 18];
        code[..16].copy_from_slice(&stem);
        check_characters(&code)?;
        code[16] = organisation_check(&code);
        code[17] = final_check(&code);
        Ok(Self(code))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default() // the alphabet is ASCII
    }

    /// The six GB/T 2260 digits of the region of registration (characters 3–8).
    pub fn region(&self) -> &str {
        self.as_str().get(2..8).unwrap_or_default()
    }
}

impl FromStr for Uscc {
    type Err = InvalidUscc;

    fn from_str(text: &str) -> Result<Self, InvalidUscc> {
        let Ok(code) = <[u8; 18]>::try_from(text.as_bytes()) else {
            return Err(InvalidUscc::Length { characters: text.chars().count() });
        };
        check_characters(&code)?;
        let checks = WrongChecks {
            organisation: WrongCheck::between(code[16], organisation_check(&code)),
            last: WrongCheck::between(code[17], final_check(&code)),
        };
        if checks.organisation.is_some() || checks.last.is_some() {
            return Err(InvalidUscc::Checks(checks));
        }
        Ok(Self(code))
    }
}

impl TryFrom<String> for Uscc {
    type Error = InvalidUscc;

    fn try_from(text: String) -> Result<Self, InvalidUscc> {
        text.parse()
    }
}

impl From<Uscc> for String {
    fn from(code: Uscc) -> Self {
        code.as_str().to_owned()
    }
}

impl fmt::Display for Uscc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Redacted: an identity number never reaches a log.
impl fmt::Debug for Uscc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Uscc(redacted)")
    }
}

/// Why a text is not a unified social credit code. The message never repeats the code itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidUscc {
    /// Not eighteen ASCII characters.
    #[error("a unified social credit code has 18 characters, this one has {characters}")]
    Length {
        /// How many characters there were.
        characters: usize,
    },
    /// A character outside the alphabet of GB 32100-2015, or a region that is not six digits.
    #[error("character {position} must be {wanted}")]
    Character {
        /// Place of the first wrong character, from 1.
        position: usize,
        /// What that place takes.
        wanted: &'static str,
    },
    /// One check character or both do not fit the rest.
    #[error("{0}")]
    Checks(WrongChecks),
}

/// Which check characters of a code are wrong; at least one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongChecks {
    /// Character 17, the GB 11714 check of the organisation code in characters 9–16.
    pub organisation: Option<WrongCheck>,
    /// Character 18, the GB 32100-2015 check of the first seventeen characters as they stand.
    pub last: Option<WrongCheck>,
}

impl fmt::Display for WrongChecks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(wrong) = self.organisation {
            write!(
                f,
                "the organisation code check (character 17) is {}, should be {}",
                wrong.stated, wrong.computed
            )?;
        }
        if self.organisation.is_some() && self.last.is_some() {
            f.write_str("; ")?;
        }
        if let Some(wrong) = self.last {
            write!(f, "the final check (character 18) is {}, should be {}", wrong.stated, wrong.computed)?;
        }
        Ok(())
    }
}

/// A check character as written and as computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongCheck {
    /// What the code has.
    pub stated: char,
    /// What it should have.
    pub computed: char,
}

impl WrongCheck {
    fn between(stated: u8, computed: u8) -> Option<Self> {
        (stated != computed).then(|| Self { stated: char::from(stated), computed: char::from(computed) })
    }
}

/// True if every character is in the alphabet and the region is digits. Check characters count too.
fn check_characters(code: &[u8; 18]) -> Result<(), InvalidUscc> {
    for (place, character) in code.iter().enumerate() {
        let position = place + 1;
        if (3..=8).contains(&position) && !character.is_ascii_digit() {
            return Err(InvalidUscc::Character { position, wanted: "a digit of the region" });
        }
        if value(*character).is_none() {
            return Err(InvalidUscc::Character {
                position,
                wanted: "a digit or a capital letter other than I, O, S, V, Z",
            });
        }
    }
    Ok(())
}

fn value(character: u8) -> Option<u32> {
    ALPHABET.iter().position(|known| *known == character).and_then(|place| u32::try_from(place).ok())
}

/// GB 32100-2015: `(31 − Σ value×weight mod 31) mod 31`.
fn final_check(code: &[u8; 18]) -> u8 {
    let sum: u32 = code.iter().zip(WEIGHTS).filter_map(|(c, weight)| value(*c).map(|v| v * weight)).sum();
    let place = usize::try_from((31 - sum % 31) % 31).unwrap_or_default();
    ALPHABET[place]
}

/// GB 11714: `11 − Σ value×weight mod 11`, where 10 is written X and 11 is written 0. Its letters count from A = 10.
fn organisation_check(code: &[u8; 18]) -> u8 {
    let sum: u32 = code[8..16]
        .iter()
        .zip(ORGANISATION_WEIGHTS)
        .filter_map(|(c, weight)| char::from(*c).to_digit(36).map(|v| v * weight))
        .sum();
    match 11 - sum % 11 {
        11 => b'0',
        10 => b'X',
        digit => b'0' + u8::try_from(digit).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn published_codes_hold() {
        for code in ["914403001922038216", "9144030010001686XA", "91440300708461136T"] {
            let parsed: Uscc = code.parse().unwrap();
            assert_eq!(parsed.to_string(), code);
            assert_eq!(parsed.region(), "440300");
            assert_eq!(serde_json::to_string(&parsed).unwrap(), format!("\"{code}\""));
        }
    }

    #[test]
    fn a_wrong_check_says_which_and_what_it_should_be() {
        let wrong = "91310000MA1K123456".parse::<Uscc>().unwrap_err();
        let InvalidUscc::Checks(checks) = wrong else { panic!("{wrong}") };
        assert_eq!(checks.last, Some(WrongCheck { stated: '6', computed: '1' }));
        assert_eq!(checks.organisation, Some(WrongCheck { stated: '5', computed: 'X' }));
        assert_eq!(
            "914403001922038217".parse::<Uscc>().unwrap_err().to_string(),
            "the final check (character 18) is 7, should be 6"
        );
    }

    #[test]
    fn shape_is_checked_before_arithmetic() {
        assert_eq!("9144".parse::<Uscc>(), Err(InvalidUscc::Length { characters: 4 }));
        for (code, position) in
            [("91440300192203821I", 18), ("91440A001922038216", 6), ("a14403001922038216", 1)]
        {
            let Err(InvalidUscc::Character { position: found, .. }) = code.parse::<Uscc>() else { panic!() };
            assert_eq!(found, position);
        }
        assert!("税4403001922038216".parse::<Uscc>().is_err());
    }

    #[test]
    fn parts_make_the_published_code() {
        let code = Uscc::from_parts('9', '1', "440300", "70846113").unwrap();
        assert_eq!(code.as_str(), "91440300708461136T");
        assert!(Uscc::from_parts('9', '1', "44030", "70846113").is_err());
        assert!(Uscc::from_parts('9', 'I', "440300", "70846113").is_err());
    }

    #[test]
    fn debug_shows_no_number() {
        let code: Uscc = "914403001922038216".parse().unwrap();
        assert!(!format!("{code:?}").contains("9144"));
    }

    proptest! {
        #[test]
        fn what_parts_make_parses_and_one_changed_character_does_not(
            organisation in "[0-9A-HJ-NPQRTUWXY]{8}", place in 0usize..18, shift in 1usize..31,
        ) {
            let code = Uscc::from_parts('9', '1', "440305", &organisation).unwrap();
            prop_assert_eq!(code.as_str().parse::<Uscc>(), Ok(code));
            let mut changed = code.0;
            let old = ALPHABET.iter().position(|c| *c == changed[place]).unwrap();
            changed[place] = ALPHABET[(old + shift) % 31];
            prop_assert!(std::str::from_utf8(&changed).unwrap().parse::<Uscc>().is_err());
        }

        #[test]
        fn no_text_panics(text in ".{0,24}") {
            let _ = text.parse::<Uscc>();
        }
    }
}
