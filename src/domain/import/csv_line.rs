//! One line of RFC 4180 CSV into cells. A line break inside a cell is refused: no column of ours has one, and
//! an unclosed quote could otherwise swallow the rest of the input into memory.

use std::borrow::Cow;

/// The cells of a line, or what is wrong with its quotes.
pub(super) fn split(line: &str) -> Result<Vec<Cow<'_, str>>, &'static str> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let (cell, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_cell(quoted)?,
            None => plain_cell(rest)?,
        };
        cells.push(cell);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(cells),
            None => return Err("after a closing quote there must be a comma or the end of the line"),
        }
    }
}

fn plain_cell(rest: &str) -> Result<(Cow<'_, str>, &str), &'static str> {
    let (cell, after) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
    if cell.contains('"') {
        return Err("a cell that contains a quote must be quoted, and the quote inside doubled");
    }
    Ok((Cow::Borrowed(cell), after))
}

/// A quoted cell, from behind its opening quote; a doubled quote inside stands for one.
fn quoted_cell(quoted: &str) -> Result<(Cow<'_, str>, &str), &'static str> {
    const UNCLOSED: &str =
        "a quoted cell must be closed on the same line; line breaks inside cells are not taken";
    let (first, mut after) = quoted.split_once('"').ok_or(UNCLOSED)?;
    let mut cell = Cow::Borrowed(first);
    while let Some(more) = after.strip_prefix('"') {
        let (part, behind) = more.split_once('"').ok_or(UNCLOSED)?;
        let owned = cell.to_mut();
        owned.push('"');
        owned.push_str(part);
        after = behind;
    }
    Ok((cell, after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cells_and_quotes() {
        assert_eq!(split("a,,c").unwrap(), ["a", "", "c"]);
        assert_eq!(split("").unwrap(), [""]);
        assert_eq!(split("\"\",\"a,b\",\"say \"\"x\"\"\"").unwrap(), ["", "a,b", "say \"x\""]);
        for wrong in ["\"a", "\"a\"b,c", "a\"b", "\"a\"\"", "x,\"", "\"\"\""] {
            assert!(split(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_quoted_comes_back(cells in proptest::collection::vec("[a-c,\" 税]{0,6}", 1..6)) {
            let line: Vec<_> = cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
            let line = line.join(",");
            prop_assert_eq!(split(&line).unwrap(), cells);
        }

        #[test]
        fn no_line_panics(line in ".{0,40}") {
            let _ = split(&line);
        }
    }
}
