//! Just enough of Rust's grammar to judge a source file: tokens, paths from the crate's root, function lengths.
//!
//! Comments and literals are no tokens, so nothing in them counts as code. Macros are read as written.

/// An identifier, number, `::` or single character of the code, or `""` for any literal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Token<'a> {
    pub text: &'a str,
    /// From 1.
    pub line: usize,
}

/// A function with a body.
#[derive(PartialEq, Eq, Debug)]
pub struct Function<'a> {
    pub name: &'a str,
    pub line: usize,
    /// From `fn` to the closing brace, both lines included.
    pub lines: usize,
}

/// The tokens of a source file, in order.
pub fn tokens(source: &str) -> Vec<Token<'_>> {
    let (mut found, mut at, mut line) = (Vec::new(), 0, 1);
    while let Some(first) = source[at..].chars().next() {
        let rest = &source[at..];
        let (length, text) = if first.is_whitespace() {
            (first.len_utf8(), None)
        } else if let Some(length) = comment_length(rest) {
            (length, None)
        } else if let Some(length) = literal_length(rest) {
            (length, Some("\"\""))
        } else if let Some(length) = lifetime_length(rest) {
            (length, None)
        } else if is_word(first) {
            let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            (length, Some(&rest[..length]))
        } else {
            let length = if rest.starts_with("::") { 2 } else { first.len_utf8() };
            (length, Some(&rest[..length]))
        };
        found.extend(text.map(|text| Token { text, line }));
        line += rest[..length].matches('\n').count();
        at += length;
    }
    found
}

/// The tokens without items under `#[cfg(test)]`.
pub fn without_tests<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let (mut kept, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        if is_at(tokens, at, &MARK) {
            at = item_end(tokens, at + MARK.len());
        } else {
            kept.push(tokens[at]);
            at += 1;
        }
    }
    kept
}

/// The functions that have a body, nested ones too.
pub fn functions<'a>(tokens: &[Token<'a>]) -> Vec<Function<'a>> {
    let named = |at: &usize| {
        tokens[*at].text == "fn" && tokens.get(at + 1).is_some_and(|name| name.text.starts_with(is_word))
    };
    (0..tokens.len())
        .filter(named)
        .filter_map(|at| {
            let last = tokens[item_end(tokens, at) - 1];
            let line = tokens[at].line;
            (last.text == "}").then(|| Function {
                name: tokens[at + 1].text,
                line,
                lines: last.line - line + 1,
            })
        })
        .collect()
}

/// The modules at the crate's root that a file names, each with the line: `crate::store::db` gives `store`.
///
/// `depth` is that of the file's own module: 1 for `src/app.rs`, 2 for `src/store/db.rs`. So many `super`s lead to
/// the root, one more inside each inline module.
pub fn root_modules<'a>(tokens: &[Token<'a>], depth: usize) -> Vec<Token<'a>> {
    let mut found = Vec::new();
    let mut inline_modules: Vec<bool> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].text {
            "{" => inline_modules.push(at >= 2 && tokens[at - 2].text == "mod"),
            "}" => _ = inline_modules.pop(),
            // `$crate` of a macro is the same root; `x::super` is not Rust.
            "crate" | "shuidaiyi" if is_at(tokens, at + 1, &["::"]) => path_heads(tokens, at + 2, &mut found),
            "super" if at == 0 || tokens[at - 1].text != "::" => {
                let supers = 1 + tokens[at + 1..]
                    .chunks(2)
                    .take_while(|pair| is_at(pair, 0, &["::", "super"]))
                    .count();
                let own_depth = depth + inline_modules.iter().filter(|is_module| **is_module).count();
                if supers >= own_depth && is_at(tokens, at + 2 * supers - 1, &["::"]) {
                    path_heads(tokens, at + 2 * supers, &mut found);
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Whether the tokens from `at` on read so.
pub fn is_at(tokens: &[Token<'_>], at: usize, texts: &[&str]) -> bool {
    tokens.len() >= at + texts.len()
        && texts.iter().zip(&tokens[at..]).all(|(text, token)| token.text == *text)
}

/// The first segment of a path, or of each path in a `{…}` group.
fn path_heads<'a>(tokens: &[Token<'a>], at: usize, found: &mut Vec<Token<'a>>) {
    let Some(first) = tokens.get(at) else { return };
    if first.text != "{" {
        found.push(*first);
        return;
    }
    let (mut level, mut starts) = (0_usize, true);
    for (place, token) in tokens.iter().enumerate().skip(at) {
        match token.text {
            "{" => {
                level += 1;
                starts = level == 1;
            }
            "}" if level == 1 => return,
            "}" => level -= 1,
            "," => starts = level == 1,
            _ if starts => {
                path_heads(tokens, place, found);
                starts = false;
            }
            _ => {}
        }
    }
}

/// The place after the item at `at`: after its `;`, or after the brace that closes its body.
fn item_end(tokens: &[Token<'_>], at: usize) -> usize {
    let (mut brackets, mut braces) = (0_i32, 0_i32);
    for (place, token) in tokens.iter().enumerate().skip(at) {
        match token.text {
            "(" | "[" => brackets += 1,
            ")" | "]" => brackets -= 1,
            "{" => braces += 1,
            "}" => {
                braces -= 1;
                // Braces inside brackets are those of a constant, `[u8; { N }]`.
                if braces <= 0 && brackets <= 0 {
                    return place + 1;
                }
            }
            ";" if brackets <= 0 && braces <= 0 => return place + 1,
            _ => {}
        }
    }
    tokens.len()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn comment_length(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    rest.strip_prefix("/*")?;
    let (mut level, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            (level, at) = (level + 1, at + 2);
        } else if rest[at..].starts_with("*/") {
            (level, at) = (level - 1, at + 2);
            if level == 0 {
                return Some(at);
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    Some(rest.len())
}

fn literal_length(rest: &str) -> Option<usize> {
    let prefix = rest.find(|c| !matches!(c, 'b' | 'c' | 'r')).filter(|prefix| *prefix <= 2)?;
    let (letters, quoted) = rest.split_at(prefix);
    if letters.ends_with('r') {
        let hashes = quoted.find(|c| c != '#')?;
        let end = format!("\"{}", &quoted[..hashes]);
        let inner = quoted[hashes..].strip_prefix('"')?;
        return Some(prefix + hashes + 1 + inner.find(&end).map_or(inner.len(), |at| at + end.len()));
    }
    if quoted.starts_with('"') {
        return Some(prefix + escaped_length(quoted, '"'));
    }
    let mut chars = quoted.strip_prefix('\'')?.chars();
    let first = chars.next()?;
    // `'a'` is a character, `'a` a lifetime.
    (first == '\\' || chars.next() == Some('\'')).then(|| prefix + escaped_length(quoted, '\''))
}

/// The length of a literal that opens and closes with `quote`.
fn escaped_length(quoted: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in quoted.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return at + c.len_utf8();
        }
    }
    quoted.len()
}

fn lifetime_length(rest: &str) -> Option<usize> {
    let name = rest.strip_prefix('\'')?;
    Some(1 + name.find(|c| !is_word(c)).unwrap_or(name.len()))
}
