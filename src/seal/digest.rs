//! Digests, their text forms, and canonical JSON.
//!
//! SHA-256 is FIPS 180-4, base64url is RFC 4648 section 5 without padding, canonical JSON is RFC
//! 8785. A canonical text is hashed and signed, so a number that another implementation might
//! round is an error here, never a silent change.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde::Serialize;

/// The largest integer that every JSON implementation keeps exactly: 2^53 − 1 (RFC 7493 section 2.2).
const LARGEST_EXACT_INTEGER: i64 = 9_007_199_254_740_991;

/// Why a value has no canonical JSON text.
#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    /// The value cannot be written as JSON at all, such as a map whose keys are not text.
    #[error("the value cannot be written as canonical JSON")]
    Unwritable(#[from] serde_json::Error),
    /// A number is a fraction, or lies beyond ±(2^53 − 1), where RFC 8785 would round it.
    #[error("the number {0} is not an integer within ±9007199254740991; write it as text")]
    InexactNumber(String),
}

/// The text is not base64url as this exchange writes it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not base64url without padding (RFC 4648 section 5)")]
pub struct InvalidBase64url;

/// SHA-256 of the bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
    out
}

/// Base64url without padding.
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes behind a base64url text; padding, foreign characters and stray trailing bits are
/// errors, so that exactly one text stands for the bytes.
pub fn base64url_decode(text: &str) -> Result<Vec<u8>, InvalidBase64url> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidBase64url)
}

/// `sha-256:` and the base64url SHA-256 of the bytes: how consents and dossiers are named by digest.
pub fn prefixed_digest(bytes: &[u8]) -> String {
    format!("sha-256:{}", base64url(&sha256(bytes)))
}

/// Lowercase hexadecimal, two characters for each byte.
pub fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)]).collect()
}

/// The canonical JSON text of a value (RFC 8785), restricted to integers that all readers keep exactly.
pub fn canonical_json<T: Serialize + ?Sized>(value: &T) -> Result<String, CanonicalError> {
    let text = serde_json_canonicalizer::to_string(&value)?;
    match first_inexact_number(&text) {
        Some(number) => Err(CanonicalError::InexactNumber(number.to_owned())),
        None => Ok(text),
    }
}

/// The canonicaliser turns every number into a double first, so a large integer may already have been
/// rounded; it is then still beyond the limit, which is what this looks for.
fn first_inexact_number(canonical: &str) -> Option<&str> {
    let bytes = canonical.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_string(bytes, at),
            b'-' | b'0'..=b'9' => {
                let length = bytes[at..].iter().take_while(|b| b"+-.0123456789eE".contains(b)).count();
                let number = canonical.get(at..at + length)?;
                if !is_exact(number) {
                    return Some(number);
                }
                at += length;
            }
            _ => at += 1,
        }
    }
    None
}

fn is_exact(number: &str) -> bool {
    number.parse::<i64>().is_ok_and(|value| (-LARGEST_EXACT_INTEGER..=LARGEST_EXACT_INTEGER).contains(&value))
}

/// The position after the string that opens at `at`.
fn end_of_string(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn digests_match_fips_180_4() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hexadecimal(&sha256(b"abc")), abc);
        assert_eq!(prefixed_digest(b"abc"), "sha-256:ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
    }

    #[test]
    fn base64url_has_one_text_for_the_bytes() {
        assert_eq!(base64url(&[0xfb, 0xff]), "-_8");
        assert_eq!(base64url_decode("-_8").unwrap(), [0xfb, 0xff]);
        for text in ["-_8=", "+/8", "-_9", "-", "-_ 8", "-_8\n"] {
            assert_eq!(base64url_decode(text), Err(InvalidBase64url), "{text:?}");
        }
    }

    #[test]
    fn canonical_json_sorts_by_utf16_and_keeps_integers() {
        let value = json!({"税": 1, "b": [true, null, -3], "a": "\u{20ac}\"\\9007199254740993 1.5", "\u{10000}": {}, "\u{fb33}": 0});
        let text = "{\"a\":\"€\\\"\\\\9007199254740993 1.5\",\"b\":[true,null,-3],\"税\":1,\"\u{10000}\":{},\"\u{fb33}\":0}";
        assert_eq!(canonical_json(&value).unwrap(), text);
        assert_eq!(canonical_json(&9_007_199_254_740_991_i64).unwrap(), "9007199254740991");
    }

    #[test]
    fn numbers_that_would_be_rounded_are_errors() {
        for value in [
            json!(9_007_199_254_740_993_i64),
            json!({"a": [1, -9_007_199_254_740_992_i64]}),
            json!(0.5),
            json!(1e22),
        ] {
            assert!(matches!(canonical_json(&value), Err(CanonicalError::InexactNumber(_))), "{value}");
        }
    }
}
