//! Small pieces that pages are made of.

use chrono::{DateTime, FixedOffset, NaiveDate};
use maud::{Markup, html};

use crate::domain::timestamp::Timestamp;

/// China Standard Time.
const SHANGHAI_SECONDS_EAST: i32 = 8 * 3_600;
/// Characters of a digest that are shown at first.
const DIGEST_SHOWN: usize = 12;

/// What a badge says by its colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Wants a look.
    Warn,
    /// Wrong, or refused.
    Bad,
    /// Neither.
    Quiet,
}

impl Tone {
    /// Its class in the stylesheet.
    pub fn class(self) -> &'static str {
        match self {
            Tone::Good => "good",
            Tone::Warn => "warn",
            Tone::Bad => "bad",
            Tone::Quiet => "plain",
        }
    }
}

/// A word in a coloured field.
pub fn badge(tone: Tone, text: &str) -> Markup {
    html! { span.badge.(tone.class()) { (text) } }
}

fn local(at: Timestamp) -> Option<DateTime<FixedOffset>> {
    FixedOffset::east_opt(SHANGHAI_SECONDS_EAST).map(|zone| at.utc().with_timezone(&zone))
}

/// An instant in Shenzhen's time, to the second; UTC to the microsecond on a closer look.
pub fn time(at: Timestamp) -> Markup {
    let shown = local(at).map(|at| at.format("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default();
    html! { time datetime=(at) title=(at) { (shown) } }
}

/// The same, without the year.
pub fn short_time(at: Timestamp) -> Markup {
    let shown = local(at).map(|at| at.format("%m-%d %H:%M:%S").to_string()).unwrap_or_default();
    html! { time datetime=(at) title=(at) { (shown) } }
}

/// Hour and minute in Shenzhen.
pub fn hour(at: Timestamp) -> String {
    local(at).map(|at| at.format("%H:%M").to_string()).unwrap_or_default()
}

/// A date in Shenzhen.
pub fn date(at: Timestamp) -> String {
    at.shanghai_date().to_string()
}

/// A whole number with its thousands apart.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A digest or fingerprint: its beginning, the whole on a closer look or when copied.
pub fn digest(text: &str) -> Markup {
    let (scheme, value) = match text.split_once(':') {
        Some((scheme, value)) => (Some(scheme), value),
        None => (None, text),
    };
    let shown: String = value.chars().take(DIGEST_SHOWN).collect();
    html! {
        code.digest title=(text) {
            @if let Some(scheme) = scheme { span.quiet { (scheme) ":" } }
            (shown) @if value.chars().count() > DIGEST_SHOWN { "…" }
        }
    }
}

/// An id in a list: whole if it is short, else its ends; the middle of a UUIDv7 tells nothing to the eye.
pub fn short_id(id: &str) -> String {
    const WHOLE: usize = 24;
    let letters: Vec<char> = id.chars().collect();
    match (letters.get(..8), letters.len().checked_sub(6).and_then(|from| letters.get(from..))) {
        (Some(start), Some(end)) if letters.len() > WHOLE => {
            format!("{}…{}", start.iter().collect::<String>(), end.iter().collect::<String>())
        }
        _short => id.to_owned(),
    }
}

/// A figure with its name, and a remark under it.
pub fn tile(label: &str, value: &str, remark: &Markup, href: Option<&str>) -> Markup {
    let inside = html! { span.label { (label) } span.value { (value) } span.remark { (remark) } };
    html! {
        @if let Some(href) = href { a.tile href=(href) { (inside) } } @else { div.tile { (inside) } }
    }
}

/// A row of a list of facts.
pub fn fact(label: &str, value: &Markup) -> Markup {
    html! { div { dt { (label) } dd { (value) } } }
}

/// The top of a page.
pub fn heading(title: &str, remark: &str) -> Markup {
    html! { div.heading { h1 { (title) } @if !remark.is_empty() { p.quiet { (remark) } } } }
}

/// A list with nothing in it.
pub fn empty(text: &str) -> Markup {
    html! { p.empty { (text) } }
}

/// A date field's value.
pub fn parse_date(text: Option<&str>) -> Option<NaiveDate> {
    text.and_then(|text| text.parse().ok())
}

/// Percent-encoded as in a query (RFC 3986, unreserved characters as they are).
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (number, shown) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), shown);
        }
    }

    #[test]
    fn instants_are_read_in_shenzhen() {
        let at: Timestamp = "2026-02-28T16:00:01.000002Z".parse().unwrap();
        assert!(time(at).into_string().contains(">2026-03-01 00:00:01<"));
        assert_eq!(hour(at), "00:00");
    }

    #[test]
    fn what_a_link_carries_cannot_leave_its_place() {
        assert_eq!(encoded("bank-01"), "bank-01");
        assert_eq!(encoded("a&b=\"<行"), "a%26b%3D%22%3C%E8%A1%8C");
    }

    #[test]
    fn text_of_others_never_becomes_markup() {
        let shown = badge(Tone::Quiet, "<b onclick='x'>").into_string();
        assert!(!shown.contains("<b "), "{shown}");
    }
}
