//! A form's definition: `schema/import/<form>.csv`, one line for each of its columns.
//!
//! `name,name_zh,kind,unit,unit_zh,required,key,minimum,maximum,min_length,max_length,choices,about`

use super::csv_line;

/// The header of every definition.
const HEADER: &str =
    "name,name_zh,kind,unit,unit_zh,required,key,minimum,maximum,min_length,max_length,choices,about";

/// One column of a form.
#[derive(Debug)]
pub struct Column {
    /// Its name in an English header, and in an object.
    pub name: String,
    /// Its name in a Chinese header.
    pub name_zh: String,
    /// What it holds.
    pub kind: Kind,
    /// Unit of the value under the English name; empty if it has none.
    pub unit: String,
    /// Unit of the value under the Chinese name, such as 元 or 万元; empty if it has none.
    pub unit_zh: String,
    /// Whether every row must state it.
    pub required: bool,
    /// Whether it is part of what tells a taxpayer's records apart.
    pub key: bool,
    /// Smallest number it takes.
    pub minimum: i64,
    /// Largest number it takes.
    pub maximum: i64,
    /// Fewest characters it takes.
    pub min_length: usize,
    /// Most characters it takes.
    pub max_length: usize,
    /// The codes it takes, if it is a code.
    pub choices: Vec<Choice>,
    /// What it means and where it comes from, in English.
    pub about: String,
}

/// A code that a column takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// As stored and released.
    pub code: String,
    /// What a Chinese file calls it; the code itself where there is no other name.
    pub label_zh: String,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Words, without control characters.
    Text,
    /// A unified social credit code; wrong check characters pass and are marked.
    Uscc,
    /// A taxpayer identification number; likewise.
    TaxpayerId,
    /// A day, `YYYY-MM-DD`, 1900 to 2199.
    Date,
    /// An amount in whole fen.
    Fen,
    /// A whole number.
    Integer,
    /// A decimal number in a string, two decimals at most.
    Decimal,
    /// One of the listed codes.
    Code,
    /// A code of digits alone.
    Digits,
    /// A code of capital letters alone.
    Letters,
    /// True or false.
    Boolean,
}

impl Kind {
    fn from_name(name: &str) -> Option<Kind> {
        Some(match name {
            "text" => Kind::Text,
            "uscc" => Kind::Uscc,
            "taxpayer_id" => Kind::TaxpayerId,
            "date" => Kind::Date,
            "fen" => Kind::Fen,
            "integer" => Kind::Integer,
            "decimal" => Kind::Decimal,
            "code" => Kind::Code,
            "digits" => Kind::Digits,
            "letters" => Kind::Letters,
            "boolean" => Kind::Boolean,
            _ => return None,
        })
    }
}

/// The columns of a definition, or what is wrong with it.
pub(super) fn columns(definition: &str) -> Result<Vec<Column>, String> {
    let mut lines = definition.lines();
    if lines.next() != Some(HEADER) {
        return Err(format!("a definition starts with the line {HEADER}"));
    }
    let mut columns: Vec<Column> = Vec::new();
    for line in lines {
        let column = column(line).map_err(|why| format!("{line}: {why}"))?;
        if columns.iter().any(|other| other.name == column.name || other.name_zh == column.name_zh) {
            return Err(format!("{line}: a name stands twice"));
        }
        columns.push(column);
    }
    Ok(columns)
}

fn column(line: &str) -> Result<Column, String> {
    let cells = csv_line::split(line)?;
    let [
        name,
        name_zh,
        kind,
        unit,
        unit_zh,
        required,
        key,
        minimum,
        maximum,
        min_length,
        max_length,
        choices,
        about,
    ] = cells.as_slice()
    else {
        return Err("a line has thirteen cells".to_owned());
    };
    if name.is_empty() || name_zh.is_empty() || about.is_empty() {
        return Err("name, name_zh and about must be there".to_owned());
    }
    let kind = Kind::from_name(kind).ok_or("no such kind")?;
    let choices = choices.split(';').filter(|choice| !choice.is_empty()).map(choice).collect::<Vec<_>>();
    if (kind == Kind::Code) == choices.is_empty() {
        return Err("a code has choices, and nothing else has".to_owned());
    }
    if (kind == Kind::Fen) != (unit == "fen" && name.ends_with("_fen") && !unit_zh.is_empty()) {
        return Err("an amount is in fen, is named so, and has a Chinese unit".to_owned());
    }
    Ok(Column {
        name: name.to_string(),
        name_zh: name_zh.to_string(),
        kind,
        unit: unit.to_string(),
        unit_zh: unit_zh.to_string(),
        required: yes(required)?,
        key: yes(key)?,
        minimum: number(minimum, i64::MIN)?,
        maximum: number(maximum, i64::MAX)?,
        min_length: number(min_length, 0)?,
        max_length: number(max_length, usize::MAX)?,
        choices,
        about: about.to_string(),
    })
}

fn choice(text: &str) -> Choice {
    let (code, label) = text.split_once('=').unwrap_or((text, text));
    Choice { code: code.to_owned(), label_zh: label.to_owned() }
}

fn yes(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("required and key are yes or no".to_owned()),
    }
}

fn number<T: std::str::FromStr>(text: &str, otherwise: T) -> Result<T, String> {
    if text.is_empty() { Ok(otherwise) } else { text.parse().map_err(|_| "a limit is a number".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_is_held_to_its_own_shape() {
        let with = |line: &str| columns(&format!("{HEADER}\n{line}\n"));
        let good = "level,评价级别,code,,,yes,no,,,,,A;B=乙,Level.";
        let columns = with(good).unwrap();
        assert_eq!(columns[0].choices[1], Choice { code: "B".into(), label_zh: "乙".into() });
        for wrong in [
            "level,评价级别,code,,,yes,no,,,,,,Level.",
            "level,评价级别,date,,,yes,no,,,,,A,Level.",
            "level,评价级别,word,,,yes,no,,,,,,Level.",
            "level,评价级别,date,,,perhaps,no,,,,,,Level.",
            "tax,税额,fen,fen,元,yes,no,,,,,,Tax.",
            "tax_fen,税额,fen,fen,,yes,no,,,,,,Tax.",
            "tax_fen,税额,fen,fen,元,yes,no,low,,,,,Tax.",
            "tax_fen,税额,fen,fen,元,yes,no,,,,,,",
            "tax_fen,税额,fen",
            &format!("{good}\n{good}"),
        ] {
            assert!(with(wrong).is_err(), "{wrong}");
        }
        assert!(super::columns("name,kind\n").is_err());
    }
}
