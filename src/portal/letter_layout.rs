//! Where each line of the printed authorisation stands: lines broken as Chinese is set, pages with foot lines.
//!
//! Widths are estimates on the wide side, since only the left edge is flush. Lengths are points (1/72 inch).

use super::paper::mark;
use super::sheet::Sheet;

/// Width of A4.
pub const PAGE_WIDTH: f32 = 595.28;
/// Height of A4.
pub const PAGE_HEIGHT: f32 = 841.89;
const LEFT: f32 = 56.0;
const RIGHT: f32 = 56.0;
const TOP: f32 = 66.0;
const BOTTOM: f32 = 66.0;
/// What the QR code takes of the first lines, with the space beside it.
const CODE_WIDTH: f32 = 110.0;
const CODE_BOTTOM: f32 = 152.0;
/// Left edge of the QR code, and of the words under it.
pub const CODE_LEFT: f32 = 453.0;
/// Characters that no line begins with.
const CLOSING: &str = "、，。；：）》”’！？】,.;:)!?";

/// Colour of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ink {
    /// Text.
    Black,
    /// Lesser words.
    Grey,
    /// Headings.
    Accent,
}

/// A line in its place; `y` is its baseline.
#[derive(Clone, PartialEq, Debug)]
pub struct Placed {
    /// From the left edge.
    pub x: f32,
    /// From the upper edge.
    pub y: f32,
    /// Size of the letters.
    pub size: f32,
    /// The colour.
    pub ink: Ink,
    /// The text.
    pub text: String,
}

/// Every page's lines.
pub fn lay_out(sheet: &Sheet) -> Vec<Vec<Placed>> {
    let mut page = Pages { done: Vec::new(), lines: Vec::new(), y: TOP };
    page.put(&sheet.title, 20.0, Ink::Accent, 0.0);
    page.put(&format!("{}  ·  {}", sheet.number, sheet.status), 11.0, Ink::Black, 0.0);
    page.lines.push(Placed {
        x: CODE_LEFT,
        y: CODE_BOTTOM - 6.0,
        size: 7.5,
        ink: Ink::Grey,
        text: sheet.qr_words.clone(),
    });
    page.space(8.0);
    for (name, value) in &sheet.facts {
        page.row(name, value);
    }
    page.heading(&sheet.ticks_title);
    for (ticked, text) in &sheet.ticks {
        page.put_hanging(&format!("{} {text}", mark(*ticked)), 10.0, Ink::Black, 0.0, 3.2);
    }
    for (title, text) in &sheet.texts {
        page.heading(title);
        match text {
            Some(text) => text.lines().for_each(|line| page.paragraph(line)),
            None => page.put(&sheet.not_kept, 10.0, Ink::Black, 0.0),
        }
    }
    page.heading(&sheet.signed_title);
    for (name, value) in &sheet.signed {
        page.row(name, value);
    }
    page.space(8.0);
    page.put(&sheet.verify, 9.0, Ink::Grey, 0.0);
    page.finish(sheet)
}

struct Pages {
    done: Vec<Vec<Placed>>,
    lines: Vec<Placed>,
    y: f32,
}

impl Pages {
    /// Text from `indent` on, over as many lines as it takes.
    fn put(&mut self, text: &str, size: f32, ink: Ink, indent: f32) {
        self.put_hanging(text, size, ink, indent, 0.0);
    }

    /// The same with the lines after the first set in by `hang` ems.
    fn put_hanging(&mut self, text: &str, size: f32, ink: Ink, indent: f32, hang: f32) {
        let (mut rest, mut indent) = (text.to_owned(), indent);
        loop {
            let line_height = size * 1.6;
            self.room(line_height);
            let (line, left) = cut(&rest, (self.width() - indent) / size);
            self.y += line_height;
            let y = self.y - size * 0.45;
            self.lines.push(Placed { x: LEFT + indent, y, size, ink, text: line });
            if left.is_empty() {
                return;
            }
            if rest == text {
                indent += hang * size;
            }
            rest = left;
        }
    }

    /// A name in its column, and its value beside it.
    fn row(&mut self, name: &str, value: &str) {
        const COLUMN: f32 = 96.0;
        self.room(16.0);
        let (before, page) = (self.y, self.done.len());
        self.put(name, 10.0, Ink::Grey, 0.0);
        let after = self.y;
        if page == self.done.len() {
            self.y = before;
        }
        self.put(value, 10.0, Ink::Black, COLUMN);
        self.y = self.y.max(after) + 1.5;
    }

    fn heading(&mut self, text: &str) {
        // A heading stays with the line under it.
        self.room(54.0);
        self.space(10.0);
        self.put(text, 13.0, Ink::Accent, 0.0);
        self.space(2.0);
    }

    /// A line of a text as it was shown: its own marks say what it is.
    fn paragraph(&mut self, line: &str) {
        if is_part(line) {
            self.room(40.0);
            self.space(5.0);
            self.put(line, 11.0, Ink::Black, 0.0);
        } else if let Some(detail) = line.strip_prefix("  ") {
            self.put_hanging(detail, 9.5, Ink::Black, 24.0, 0.9);
        } else if line.starts_with('·') || line.starts_with('□') {
            self.put_hanging(line, 10.0, Ink::Black, 10.0, if line.starts_with('·') { 0.5 } else { 1.25 });
        } else {
            self.put(line, 10.0, Ink::Black, 0.0);
        }
    }

    /// Beside the QR code lines are shorter.
    fn width(&self) -> f32 {
        let whole = PAGE_WIDTH - LEFT - RIGHT;
        if self.done.is_empty() && self.y < CODE_BOTTOM { whole - CODE_WIDTH } else { whole }
    }

    fn space(&mut self, height: f32) {
        self.y += height;
    }

    fn room(&mut self, height: f32) {
        if self.y + height > PAGE_HEIGHT - BOTTOM {
            self.done.push(std::mem::take(&mut self.lines));
            self.y = TOP;
        }
    }

    fn finish(mut self, sheet: &Sheet) -> Vec<Vec<Placed>> {
        self.done.push(self.lines);
        let count = self.done.len();
        for (place, page) in self.done.iter_mut().enumerate() {
            let text = format!("{}  ·  {} / {count}", sheet.number, place + 1);
            page.push(Placed { x: LEFT, y: PAGE_HEIGHT - 36.0, size: 8.5, ink: Ink::Grey, text });
        }
        self.done
    }
}

/// Whether a line of a text is the heading of a part: 一、… or 1. …
pub fn is_part(line: &str) -> bool {
    let mut letters = line.chars();
    match (letters.next(), letters.next()) {
        (Some(number), Some('、')) => "一二三四五六七八九".contains(number),
        (Some(number), Some('.')) => number.is_ascii_digit() && letters.next() == Some(' '),
        (_, _) => false,
    }
}

/// The first line of a text, at most so many ems wide, and what is left: words stay whole if they can, and no line begins
/// with a closing mark.
fn cut(text: &str, ems: f32) -> (String, String) {
    let mut width = 0.0;
    // Where the line may end, so far.
    let mut end = 0;
    let mut before: Option<char> = None;
    for (at, letter) in text.char_indices() {
        if before.is_some_and(|before| may_break(before, letter)) {
            end = at;
        }
        width += em(letter);
        if width > ems && at > 0 {
            // A word that fills the line by itself is cut where the line ends.
            let end = if end == 0 { at } else { end };
            let (line, left) = text.split_at(end);
            return (line.trim_end().to_owned(), left.trim_start().to_owned());
        }
        before = Some(letter);
    }
    (text.to_owned(), String::new())
}

fn may_break(before: char, next: char) -> bool {
    let wide = |letter: char| em(letter) > 0.95;
    let opening = "（《“‘【([".contains(before);
    let free = before == ' ' || wide(before) || wide(next);
    free && !opening && !CLOSING.contains(next) && next != ' '
}

/// Width of a letter in ems.
fn em(letter: char) -> f32 {
    match letter {
        ' ' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | 'i' | 'j' | 'l' | '·' => 0.3,
        'M' | 'W' | 'm' | 'w' | '@' | '%' => 0.92,
        'A'..='Z' => 0.7,
        ' '..='~' => 0.58,
        _wide => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, ems: f32) -> Vec<String> {
        let (mut out, mut rest) = (Vec::new(), text.to_owned());
        while !rest.is_empty() {
            let (line, left) = cut(&rest, ems);
            assert!(left.len() < rest.len(), "no progress in {rest:?}");
            out.push(line);
            rest = left;
        }
        out
    }

    #[test]
    fn lines_break_as_chinese_is_set() {
        assert_eq!(lines("授权单位，某某。", 4.0), ["授权单", "位，某", "某。"]);
        assert_eq!(lines("编号 SQ2026 号", 5.0), ["编号", "SQ2026", "号"]);
        assert_eq!(lines("aaaaaaaaaaaa", 3.0).concat(), "aaaaaaaaaaaa");
        assert_eq!(lines("", 3.0), Vec::<String>::new());
    }

    #[test]
    fn parts_are_told_from_other_lines() {
        assert!(is_part("一、双方") && is_part("2. What is authorised"));
        assert!(!is_part("授权单位：甲") && !is_part("2026-11-24") && !is_part(""));
    }
}
