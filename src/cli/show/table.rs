//! Tables in a terminal, where a Chinese character is two columns wide (Unicode Standard Annex #11).

use crate::readable::document::{Cell, Column, Table, Tone};
use crate::readable::value::width;

/// Between two columns.
const SPACE: &str = "  ";

/// The text with spaces up to that width, behind it or before it.
pub fn padded(text: &str, wide: usize, right: bool) -> String {
    let space = " ".repeat(wide.saturating_sub(width(text)));
    if right { format!("{space}{text}") } else { format!("{text}{space}") }
}

/// The lines of a table: headings, a rule, rows, and sums under another rule. `paint` colours a cell once it has its width.
pub fn lines(table: &Table, paint: impl Fn(Tone, &str) -> String) -> Vec<String> {
    let widths: Vec<usize> =
        table.columns.iter().enumerate().map(|(at, column)| column_width(table, at, column)).collect();
    let whole = widths.iter().sum::<usize>() + SPACE.len() * widths.len().saturating_sub(1);
    let line = |cells: &[Cell]| {
        let written: Vec<String> = cells
            .iter()
            .zip(&widths)
            .zip(&table.columns)
            .map(|((cell, wide), column)| paint(cell.tone, &padded(&cell.text, *wide, column.figures)))
            .collect();
        written.join(SPACE).trim_end().to_owned()
    };
    let headings: Vec<Cell> =
        table.columns.iter().map(|column| Cell::plain(column.label.zh.clone())).collect();
    let mut found = vec![line(&headings), "─".repeat(whole)];
    found.extend(table.rows.iter().map(|row| line(row)));
    if !table.sums.is_empty() {
        found.push("─".repeat(whole));
        found.extend(table.sums.iter().map(|row| line(row)));
    }
    found
}

/// The text in lines no wider than that, broken anywhere, as Chinese may be, but not before closing punctuation.
pub fn wrapped(text: &str, wide: usize) -> Vec<String> {
    const NEVER_FIRST: &str = "，。；：、！？）】》”,.;:!?)";
    let mut found = vec![String::new()];
    let mut used = 0;
    let mut buffer = [0_u8; 4];
    for character in text.chars() {
        let long = width(character.encode_utf8(&mut buffer));
        if used + long > wide && used > 0 && !NEVER_FIRST.contains(character) {
            let line = found.pop().unwrap_or_default();
            // A word of Latin letters or digits goes to the next line whole, if it is not the line itself.
            let word = line.len() - line.trim_end_matches(|c: char| c.is_ascii_graphic()).len();
            let keep = if character.is_ascii_graphic() && word < line.len() {
                line.len() - word
            } else {
                line.len()
            };
            found.push(line[..keep].trim_end().to_owned());
            found.push(line[keep..].to_owned());
            used = width(&line[keep..]);
            if character == ' ' && used == 0 {
                continue;
            }
        }
        if let Some(line) = found.last_mut() {
            line.push(character);
        }
        used += long;
    }
    found
}

fn column_width(table: &Table, at: usize, column: &Column) -> usize {
    let cells = table.rows.iter().chain(&table.sums).filter_map(|row| row.get(at));
    cells.map(|cell| width(&cell.text)).chain([width(&column.label.zh)]).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readable::document::{figures, label, texts};

    #[test]
    fn columns_stand_under_each_other_whatever_the_script() {
        let table = Table {
            caption: label("", ""),
            columns: vec![texts("所属期", ""), figures("销售额", ""), texts("备注", "")],
            rows: vec![
                vec![Cell::plain("2026-08"), Cell::plain("1,234.00"), Cell::plain("按期")],
                vec![Cell::plain("2026年3季度"), Cell::missing(), Cell::plain("")],
            ],
            sums: vec![vec![Cell::plain("合计"), Cell::plain("9.00"), Cell::plain("")]],
        };
        let lines = lines(&table, |_, text| text.to_owned());
        assert_eq!(
            lines,
            [
                "所属期         销售额  备注",
                "───────────────────────────",
                "2026-08      1,234.00  按期",
                "2026年3季度         —",
                "───────────────────────────",
                "合计             9.00",
            ]
        );
    }

    #[test]
    fn long_texts_wrap_by_width() {
        assert_eq!(wrapped("税务机关尚未采集", 8), ["税务机关", "尚未采集"]);
        assert_eq!(wrapped("税务机关，尚未", 8), ["税务机关，", "尚未"]);
        assert_eq!(wrapped("依据 vat_general", 12), ["依据", "vat_general"]);
        assert_eq!(wrapped("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrapped("", 8), [""]);
    }
}
