//! How people and their programs write values in a table: `1,234.50`, `１２`, `2026年1月5日`, `'0012`.
//!
//! Only CSV and workbooks are read so. What is read is exact: nothing is rounded, cut or guessed.

use std::borrow::Cow;

use chrono::NaiveDate;

use super::input_rule::InputRule;

/// Characters with which a spreadsheet begins a formula, half and full width, and two that hide one (OWASP, CSV injection).
const FORMULA_STARTS: [char; 10] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r'];

/// A cell as its column's kind reads it: without surrounding space, without the apostrophe, tab or `="…"` by
/// which exports keep a spreadsheet from taking digits for a number, and half width where it has a half width.
pub(super) fn plain(cell: &str) -> Cow<'_, str> {
    let mut cell = trimmed(cell);
    if let Some(rest) = cell.strip_prefix('\'') {
        cell = trimmed(rest);
    }
    if let Some(inner) = cell.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')) {
        cell = trimmed(inner);
    }
    half_width(cell)
}

/// A cell of words: without surrounding space; the apostrophe that disarms a formula is taken off again.
pub(super) fn words(cell: &str) -> &str {
    let cell = trimmed(cell);
    match cell.strip_prefix('\'') {
        Some(rest) if starts_formula(rest) => rest,
        Some(_) | None => cell,
    }
}

/// Whether a spreadsheet could take the cell for a formula.
pub(super) fn starts_formula(cell: &str) -> bool {
    cell.starts_with(FORMULA_STARTS)
}

/// Without surrounding white space, byte order marks included: exports leave them.
pub(super) fn trimmed(cell: &str) -> &str {
    cell.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

/// Full-width letters, digits and signs as the ASCII characters that they are (Unicode NFKC of U+FF01 to U+FF5E).
pub(super) fn half_width(text: &str) -> Cow<'_, str> {
    let narrow = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => u32::from(c).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(c),
        '\u{3000}' => ' ',
        other => other,
    };
    if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(text.chars().map(narrow).collect()) }
}

/// Why a text is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotANumber {
    /// Not digits with an optional sign, commas and point.
    Shape,
    /// Commas that do not part groups of three.
    Grouping,
    /// More decimals than are taken.
    Decimals,
    /// Too large for 64 bits.
    Range,
}

impl NotANumber {
    /// The rule that it breaks, `shape` being that of the column's kind.
    pub(super) fn rule(self, shape: InputRule) -> InputRule {
        match self {
            NotANumber::Shape => shape,
            NotANumber::Grouping => InputRule::TypeGrouping,
            NotANumber::Decimals => InputRule::TypeDecimals,
            NotANumber::Range => InputRule::ValueRange,
        }
    }
}

/// A number times ten to the power of `decimals`, of which it may have that many: `1,234.5` with two is 123450.
pub(super) fn number(text: &str, decimals: usize) -> Result<i64, NotANumber> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((_, "")) => return Err(NotANumber::Shape),
        Some((whole, fraction)) => (whole, fraction),
        None => (unsigned, ""),
    };
    let whole = ungrouped(whole)?;
    let all_digits = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
    let shortest = whole.as_ref() == "0" || !whole.starts_with('0');
    if whole.is_empty() || !shortest || !all_digits(&whole) || !all_digits(fraction) {
        return Err(NotANumber::Shape);
    }
    if fraction.len() > decimals {
        return Err(NotANumber::Decimals);
    }
    let scaled = format!("{}{whole}{fraction:0<decimals$}", if negative { "-" } else { "" });
    scaled.parse().map_err(|_| NotANumber::Range)
}

/// Digits without the commas that part them, if these stand where they should.
fn ungrouped(whole: &str) -> Result<Cow<'_, str>, NotANumber> {
    let Some((first, rest)) = whole.split_once(',') else { return Ok(Cow::Borrowed(whole)) };
    let well_parted = (1..=3).contains(&first.len()) && rest.split(',').all(|group| group.len() == 3);
    if well_parted { Ok(Cow::Owned(whole.replace(',', ""))) } else { Err(NotANumber::Grouping) }
}

/// A day: `2026-01-05`, `2026/1/5`, `20260105` or `2026年1月5日`, from 1900 to 2199.
pub(super) fn date(text: &str) -> Option<NaiveDate> {
    let (year, month, day) = if let Some((year, rest)) = text.split_once('年') {
        let (month, rest) = rest.split_once('月')?;
        (year, month, rest.strip_suffix('日')?)
    } else if let Some((year, rest)) = text.split_once('/') {
        let (month, day) = rest.split_once('/')?;
        (year, month, day)
    } else if text.contains('-') {
        return plain_date(text);
    } else if text.len() == 8 {
        (text.get(..4)?, text.get(4..6)?, text.get(6..)?)
    } else {
        return None;
    };
    let digits = |text: &str, lengths: std::ops::RangeInclusive<usize>| {
        let right = lengths.contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit());
        if right { text.parse::<u32>().ok() } else { None }
    };
    let year = i32::try_from(digits(year, 4..=4)?).ok()?;
    in_range(NaiveDate::from_ymd_opt(year, digits(month, 1..=2)?, digits(day, 1..=2)?)?)
}

/// A day in the one form that NDJSON takes, `2026-01-05`.
pub(super) fn plain_date(text: &str) -> Option<NaiveDate> {
    let bytes = text.as_bytes();
    let shape = bytes.len() == 10
        && bytes
            .iter()
            .enumerate()
            .all(|(at, c)| if at == 4 || at == 7 { *c == b'-' } else { c.is_ascii_digit() });
    if !shape {
        return None;
    }
    let year: i32 = text.get(..4)?.parse().ok()?;
    in_range(NaiveDate::from_ymd_opt(year, text.get(5..7)?.parse().ok()?, text.get(8..)?.parse().ok()?)?)
}

/// The day, if it lies in the centuries that records are of.
pub(super) fn in_range(date: NaiveDate) -> Option<NaiveDate> {
    use chrono::Datelike;
    (1900..=2199).contains(&date.year()).then_some(date)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn exports_disguise_digits_and_these_come_out() {
        for cell in ["9144", " 9144\u{3000}", "'9144", "\t9144", "=\"9144\"", "９１４４", "\u{feff}'９１44 "]
        {
            assert_eq!(plain(cell), "9144", "{cell:?}");
        }
        assert_eq!(plain("''9"), "'9", "one apostrophe is a disguise, two are not");
        assert_eq!(plain("－１，２３４．５"), "-1,234.5");
    }

    #[test]
    fn words_keep_what_is_theirs() {
        assert_eq!(words(" 甲（深圳）公司　"), "甲（深圳）公司");
        assert_eq!(words("'=x"), "=x");
        assert_eq!(words("'s-Hertogenbosch"), "'s-Hertogenbosch");
    }

    #[test]
    fn numbers_are_exact_or_refused() {
        for (text, decimals, number_of) in [
            ("0", 0, 0),
            ("-7", 0, -7),
            ("1,234", 0, 1_234),
            ("12.5", 2, 1_250),
            ("-0.05", 2, -5),
            ("0.00", 2, 0),
            ("1,234,567.89", 2, 123_456_789),
            ("1.234567", 6, 1_234_567),
            ("10", 6, 10_000_000),
            ("92233720368547758.07", 2, i64::MAX),
            ("-92233720368547758.08", 2, i64::MIN),
        ] {
            assert_eq!(number(text, decimals), Ok(number_of), "{text}");
        }
        for (text, decimals, why) in [
            ("", 2, NotANumber::Shape),
            ("-", 2, NotANumber::Shape),
            ("+1", 2, NotANumber::Shape),
            ("01", 2, NotANumber::Shape),
            ("1.", 2, NotANumber::Shape),
            (".5", 2, NotANumber::Shape),
            ("1e3", 2, NotANumber::Shape),
            ("1.2.3", 2, NotANumber::Shape),
            ("--1", 2, NotANumber::Shape),
            ("1.5", 0, NotANumber::Decimals),
            ("1.005", 2, NotANumber::Decimals),
            ("1.2345678", 6, NotANumber::Decimals),
            ("12,34", 2, NotANumber::Grouping),
            ("1234,567", 2, NotANumber::Grouping),
            (",123", 2, NotANumber::Grouping),
            ("1,,234", 2, NotANumber::Grouping),
            ("1.23,456", 9, NotANumber::Shape),
            ("92233720368547758.08", 2, NotANumber::Range),
        ] {
            assert_eq!(number(text, decimals), Err(why), "{text}");
        }
    }

    #[test]
    fn days_have_four_forms_and_exist() {
        let day = NaiveDate::from_ymd_opt(2024, 2, 9).unwrap();
        for text in ["2024-02-09", "2024/2/9", "2024/02/09", "20240209", "2024年2月9日", "2024年02月09日"]
        {
            assert_eq!(date(text), Some(day), "{text}");
        }
        for wrong in [
            "2023-02-29",
            "2024-2-9",
            "2024/2",
            "2024/2/9/1",
            "24/2/9",
            "2024年2月9",
            "2024年2月",
            "20240230",
            "2024.2.9",
            "1899-12-31",
            "2200/1/1",
            "税24-02-2",
            "",
            "２０２４-02-09",
            "+024/2/9",
            "2024/+2/9",
        ] {
            assert_eq!(date(wrong), None, "{wrong}");
        }
        assert_eq!(plain_date("20240209"), None);
    }

    proptest! {
        #[test]
        fn amounts_come_back(fen in any::<i64>(), grouped in any::<bool>()) {
            let text = crate::domain::fen::Fen::new(fen).to_string();
            let text = if grouped { group(&text) } else { text };
            prop_assert_eq!(number(&text, 2), Ok(fen));
        }

        #[test]
        fn no_text_panics(text in "[-+0-9,.年月日/ '\"=税０９]{0,16}|.{0,16}", decimals in 0usize..7) {
            let folded = plain(&text);
            let _ = (number(&folded, decimals), date(&folded), date(&text), words(&text));
        }
    }

    fn group(text: &str) -> String {
        let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
        let (whole, fraction) = digits.split_once('.').unwrap();
        let mut grouped = String::new();
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole.len() - at) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        format!("{sign}{grouped}.{fraction}")
    }
}
