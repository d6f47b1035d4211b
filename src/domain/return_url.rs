//! Where a person goes back to after answering a bank's request: only to places that the bank registered.
//!
//! A small closed grammar rather than a general URL (RFC 3986): what browsers and parsers read differently, such as
//! user information, escapes, backslashes or dot segments, is no return URL at all, so there is no open redirect.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest return URL in characters.
const LENGTH_MAX: usize = 512;

/// `https://host[:port]/segment/segment…`: lower-case host, plain segments, no query and no fragment.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReturnUrl {
    text: String,
    path_from: usize,
}

/// The text is no return URL.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "write it as https://host/path: a lower-case host, path segments of letters, digits, '-', '_' and '.', no query, no fragment"
)]
pub struct InvalidReturnUrl;

impl FromStr for ReturnUrl {
    type Err = InvalidReturnUrl;

    fn from_str(text: &str) -> Result<Self, InvalidReturnUrl> {
        let rest = text.strip_prefix("https://").ok_or(InvalidReturnUrl)?;
        let (authority, path) = rest.split_once('/').ok_or(InvalidReturnUrl)?;
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };
        let last = path.split('/').count() - 1;
        let good = text.len() <= LENGTH_MAX
            && is_host(host)
            && port.is_none_or(is_port)
            && path.split('/').enumerate().all(|(place, segment)| {
                // Only the last may be empty: a slash at the end.
                (segment.is_empty() && place == last) || is_segment(segment)
            });
        let path_from = text.len() - path.len() - 1;
        if good { Ok(Self { text: text.to_owned(), path_from }) } else { Err(InvalidReturnUrl) }
    }
}

impl TryFrom<String> for ReturnUrl {
    type Error = InvalidReturnUrl;

    fn try_from(text: String) -> Result<Self, InvalidReturnUrl> {
        text.parse()
    }
}

impl From<ReturnUrl> for String {
    fn from(url: ReturnUrl) -> String {
        url.text
    }
}

impl ReturnUrl {
    /// As written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether this place lies at or below another: the same origin, and its path begins with the other's whole segments.
    pub fn is_below(&self, prefix: &ReturnUrl) -> bool {
        let (own, other) = (self.text.split_at(self.path_from), prefix.text.split_at(prefix.path_from));
        let above = other.1.strip_suffix('/').unwrap_or(other.1);
        own.0 == other.0
            && own.1.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The place with what the bank is given back: its own `state` and the request's id, never what was answered.
    pub fn answered(&self, request_id: &str, state: Option<&str>) -> String {
        let mut url = format!("{}?request_id={}&outcome=answered", self.text, escaped(request_id));
        if let Some(state) = state {
            url.push_str("&state=");
            url.push_str(&escaped(state));
        }
        url
    }
}

impl fmt::Display for ReturnUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// A name of two labels or more, or `localhost`; no address, so that nobody writes one in an unusual base.
fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    host == "localhost"
        || (host.contains('.')
            && host.split('.').all(label)
            && last.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
}

/// 1 to 65535 without leading zeros, and not the scheme's own, which would be written in two ways.
fn is_port(port: &str) -> bool {
    port.bytes().all(|b| b.is_ascii_digit())
        && !port.starts_with('0')
        && port != "443"
        && port.parse::<u16>().is_ok()
}

fn is_segment(segment: &str) -> bool {
    !segment.is_empty()
        && segment != "."
        && segment != ".."
        && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

/// Percent-encoding of everything but unreserved characters (RFC 3986 section 2.3).
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> ReturnUrl {
        text.parse().unwrap_or_else(|why| panic!("{text}: {why}"))
    }

    #[test]
    fn below_is_by_origin_and_whole_segments() {
        let prefix = url("https://loan.bank.example/back");
        for inside in [
            "https://loan.bank.example/back",
            "https://loan.bank.example/back/x.y/2",
            "https://loan.bank.example/back/",
        ] {
            assert!(url(inside).is_below(&prefix), "{inside}");
        }
        for outside in [
            "https://loan.bank.example/backdoor",
            "https://loan.bank.example/",
            "https://loan.bank.example:8443/back",
            "https://bank.example/back",
            "https://loan.bank.example.evil.example/back",
            "https://evil.example/loan.bank.example/back",
        ] {
            assert!(!url(outside).is_below(&prefix), "{outside}");
        }
        assert!(url("https://bank.example/any").is_below(&url("https://bank.example/")));
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_none() {
        for bad in [
            "",
            "http://bank.example/back",
            "https://bank.example",
            "//bank.example/back",
            "javascript:alert(1)",
            "https://bank.example@evil.example/back",
            "https://user:pass@bank.example/back",
            "https://bank.example:443/back",
            "https://bank.example:0443/back",
            "https://bank.example:99999/back",
            "https://bank.example:/back",
            "https://BANK.example/back",
            "https://bank.example./back",
            "https://127.0.0.1/back",
            "https://2130706433/back",
            "https://0x7f.1/back",
            "https://[::1]/back",
            "https://bank.example/back/../evil",
            "https://bank.example/./back",
            "https://bank.example/back/%2e%2e/evil",
            "https://bank.example/back%2fevil",
            "https://bank.example//evil.example",
            "https://bank.example/back//x",
            "https:/bank.example/back",
            "https:\\\\bank.example\\back",
            "https://bank.example/ba\\ck",
            "https://bank.example/back?next=https://evil.example",
            "https://bank.example/back#x",
            "https://bank.example/back\n",
            " https://bank.example/back",
            "https://bank.example/back\tx",
            "https://bänk.example/back",
            "https://bank.example/回",
        ] {
            assert_eq!(bad.parse::<ReturnUrl>(), Err(InvalidReturnUrl), "{bad}");
        }
        assert!(format!("https://bank.example/{}", "x".repeat(512)).parse::<ReturnUrl>().is_err());
    }

    #[test]
    fn the_answer_carries_state_unharmed_and_no_outcome_of_substance() {
        let back = url("https://bank.example/back").answered("r-1", Some("a&outcome=granted#x=%"));
        assert_eq!(
            back,
            "https://bank.example/back?request_id=r-1&outcome=answered&state=a%26outcome%3Dgranted%23x%3D%25"
        );
        assert_eq!(
            url("https://bank.example/b").answered("r", None),
            "https://bank.example/b?request_id=r&outcome=answered"
        );
    }
}
