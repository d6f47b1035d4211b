//! Tables for a terminal, aligned also where a character is two columns wide.

/// Columns of a terminal that a text takes: Chinese characters and full-width signs take two.
pub fn width(text: &str) -> usize {
    text.chars().map(|character| if is_wide(character) { 2 } else { 1 }).sum()
}

/// East Asian Wide and Fullwidth, as far as this program writes them (UAX #11).
fn is_wide(character: char) -> bool {
    matches!(character,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{303e}' | '\u{3041}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}'
        | '\u{20000}'..='\u{3fffd}')
}

/// The rows as lines, the first column to the left and the others to the right.
pub fn lines(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(widest).collect();
    rows.iter().map(|row| line(row, &widths)).collect()
}

fn line(row: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (column, (cell, widest)) in row.iter().zip(widths).enumerate() {
        let blank = " ".repeat(widest.saturating_sub(width(cell)));
        match column {
            0 => line.push_str(&format!("  {cell}{blank}")),
            _later => line.push_str(&format!("  {blank}{cell}")),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_and_latin_align() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let lines = lines(&[row(["银行", "查询"]), row(["bank-01", "7"])]);
        assert_eq!(lines, ["  银行     查询", "  bank-01     7"]);
        assert_eq!(width("授权（A）"), 9);
    }
}
