//! Numbers of firms and persons: valid in form, check characters included, and belonging to nobody.
//!
//! Persons get identification numbers (GB 11643) whose year of birth, 1899, no living person has. Only their digests
//! are written: HMAC-SHA256 under the demonstration's matching key, so that a bank's digest can be compared.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

use super::SynthError;
use super::random::Random;
use crate::domain::taxpayer_id::TaxpayerId;
use crate::domain::uscc::Uscc;

/// The matching key of synthetic cities: HMAC-SHA256, 32 bytes. It is public, as befits a key to invented numbers; a
/// real programme has a key of its own that the bureau hands to its banks.
pub const DEMO_MATCHING_KEY: [u8; 32] = [
    0x5c, 0x1f, 0x0a, 0x93, 0xe2, 0x77, 0x4b, 0xd8, 0x31, 0xc6, 0x8e, 0x05, 0xf9, 0x62, 0xab, 0x1d, 0x40,
    0xb7, 0x2c, 0x98, 0x6e, 0xd3, 0x15, 0xfa, 0x84, 0x29, 0xcb, 0x70, 0x3d, 0xe6, 0x51, 0x9f,
];

/// The alphabet of the running part of invented organisation codes (that of GB 32100).
const RUNNING: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
/// How many invented organisation codes there are: six characters behind two fixed ones.
const RUNNING_CODES: u64 = 31 * 31 * 31 * 31 * 31 * 31;

/// Digest of an identification number as registrations hold it and banks submit it: HMAC-SHA256 of its characters under
/// [`DEMO_MATCHING_KEY`], base64url without padding, 43 characters.
pub fn legal_rep_id_digest(id_number: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &DEMO_MATCHING_KEY);
    URL_SAFE_NO_PAD.encode(hmac::sign(&key, id_number.as_bytes()))
}

/// The numbers of a firm: a credit code, or for some traders an older number without one.
pub(super) fn identify(
    seed: u64,
    index: u64,
    region: &str,
    is_trader: bool,
    random: &mut Random,
) -> Result<(TaxpayerId, Option<Uscc>), SynthError> {
    if is_trader && random.chance(300) {
        // The year of birth is impossible, so that no living person's number comes out.
        let text = if random.chance(500) {
            format!("{region}1899{index:08}01")
        } else {
            format!("{region}{index:09}")
        };
        return Ok((TaxpayerId::parse(&text)?, None));
    }
    let class = if is_trader { '2' } else { '1' };
    // A step coprime with the number of codes visits each code once.
    let place = (seed % RUNNING_CODES + index * 400_000_009 % RUNNING_CODES) % RUNNING_CODES;
    let code = Uscc::from_parts('9', class, region, &organisation("MA", place))?;
    Ok((TaxpayerId::from(code), Some(code)))
}

/// The credit code of a counterparty that is no firm of the city.
pub(super) fn counterparty(number: u64) -> Result<String, SynthError> {
    let region = ["440300", "441900", "310115", "330106", "320505"];
    let place = usize::try_from(number % 5).unwrap_or(0);
    let code = Uscc::from_parts('9', '1', region[place], &organisation("MB", number % RUNNING_CODES))?;
    Ok(code.to_string())
}

/// The identification number of an invented person, the check character right and the year of birth 1899.
pub(super) fn person_id(region: &str, random: &mut Random) -> String {
    let (month, day) = (random.between(1, 12), random.between(1, 28));
    let body = format!("{region}1899{month:02}{day:02}{:03}", random.between(1, 999));
    let check = check_of_person(&body);
    format!("{body}{check}")
}

/// GB 11643: weights 2^(18−i) mod 11, remainder to check character.
fn check_of_person(body: &str) -> char {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    let sum: u32 = body.chars().zip(WEIGHTS).map(|(c, weight)| c.to_digit(10).unwrap_or(0) * weight).sum();
    CHECKS[usize::try_from(sum % 11).unwrap_or(0)]
}

fn organisation(start: &str, mut place: u64) -> String {
    let mut code = String::from(start);
    for _ in 0..6 {
        let digit = usize::try_from(place % 31).unwrap_or(0);
        code.push(char::from(RUNNING[digit]));
        place /= 31;
    }
    code
}

#[cfg(test)]
mod tests {
    use super::super::random::Purpose;
    use super::*;

    #[test]
    fn a_persons_number_has_the_published_check_character() {
        assert_eq!(check_of_person("11010519491231002"), 'X'); // the example of GB 11643
        let id = person_id("440306", &mut Random::new(1, 1, Purpose::Life));
        assert_eq!((id.len(), &id[6..10]), (18, "1899"));
    }

    #[test]
    fn a_digest_is_that_of_any_other_tool() {
        // printf 440306189901010012 | openssl dgst -sha256 -mac HMAC -macopt hexkey:5c1f…519f -binary | basenc --base64url
        assert_eq!(legal_rep_id_digest("440306189901010012"), "E40cHS47KSSGiVBCrweMXFgiISuYxaMoOfbF-HwgEi8");
    }
}
