//! Filling a wording: one pass over it, so that what is filled in is never taken for a blank, and stays on its line.

use super::{Paragraph, ParagraphKind};
use crate::domain::member_contact::is_unprintable;

/// A blank's name, and what goes there.
pub type Blank = (&'static str, String);

/// The wording's paragraphs. A line `@name` stands for the paragraphs that `more` makes of the name.
pub fn fill(template: &str, blanks: &[Blank], more: impl Fn(&str) -> Vec<Paragraph>) -> Vec<Paragraph> {
    template
        .lines()
        .flat_map(|line| match line.strip_prefix('@') {
            Some(name) => more(name),
            None => vec![one(line, blanks)],
        })
        .collect()
}

fn one(line: &str, blanks: &[Blank]) -> Paragraph {
    const MARKS: [(&str, ParagraphKind); 5] = [
        ("# ", ParagraphKind::Heading),
        ("## ", ParagraphKind::Part),
        ("- ", ParagraphKind::Item),
        ("[bank] ", ParagraphKind::TickBank),
        ("[personal] ", ParagraphKind::TickPersonal),
    ];
    let found = MARKS.into_iter().find_map(|(mark, kind)| Some((kind, line.strip_prefix(mark)?)));
    let (kind, text) = found.unwrap_or((ParagraphKind::Body, line));
    Paragraph { kind, text: filled(text, blanks) }
}

fn filled(text: &str, blanks: &[Blank]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let (name, left) = after.split_once('}').unwrap_or((after, ""));
        let value = blanks.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        out.push_str(&visible(value.unwrap_or_default()));
        rest = left;
    }
    out + rest
}

/// Text of others without what would break a line, or turn or hide what stands beside it.
pub fn visible(text: &str) -> String {
    text.chars().map(|letter| if is_unprintable(letter) { '\u{fffd}' } else { letter }).collect()
}
