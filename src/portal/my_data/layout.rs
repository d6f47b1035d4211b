//! A record's fields as a person reads them: grouped as they stand in it, named, a form's rows in their order.

use maud::{Markup, html};
use serde_json::{Map, Value};

use crate::http::html::parts::fact;
use crate::portal::visit::Visit;
use crate::readable::value::Record;
use crate::readable::{fields, names};

/// Codes and the fields that hold them.
const CODES: [(&str, names::Table); 10] = [
    ("acct_regime", names::ACCOUNTING_REGIMES),
    ("cause", names::RATING_CAUSES),
    ("class", names::AMOUNT_CLASSES),
    ("collection_mode", names::COLLECTION_MODES),
    ("correction", names::CORRECTIONS),
    ("region", names::REGIONS),
    ("reg_type", names::REGISTRATION_TYPES),
    ("size_class", names::SIZE_CLASSES),
    ("tax_kind", names::TAX_KINDS),
    ("vat_class", names::VAT_CLASSES),
];

/// Names of fields that say which kind of record it is: its title says so.
const KINDS: [&str; 2] = ["form", "record"];

/// The record's form or kind, by which its fields are named.
pub fn kind(body: &Map<String, Value>) -> String {
    let record = Record(body);
    record.text("form").or_else(|| record.text("record")).unwrap_or_default()
}

/// Every value with its path, in the order of the paths; amounts in yuan.
pub fn flattened(body: &Map<String, Value>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    walk(body, "", &mut found);
    let record = Record(body);
    found.into_iter().map(|path| (shown(&record, &path), path)).map(|(value, path)| (path, value)).collect()
}

fn walk(object: &Map<String, Value>, under: &str, found: &mut Vec<String>) {
    for (name, value) in object {
        let path = if under.is_empty() { name.clone() } else { format!("{under}.{name}") };
        match value {
            Value::Object(inner) => walk(inner, &path, found),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                found.push(path);
            }
        }
    }
}

fn shown(record: &Record<'_>, path: &str) -> String {
    let leaf = path.rsplit('.').next().unwrap_or_default();
    let table = CODES.iter().find(|(name, _)| *name == leaf).map(|(_, table)| *table);
    let cell = match (record.at(path), table) {
        (Some(Value::Bool(_)), _) => record.yes_no(path),
        (Some(Value::Number(_)), _) if path.ends_with("_fen") => record.yuan(path),
        (Some(Value::String(_)), Some(table)) => record.word(path, table),
        (_, _) => record.shown(path),
    };
    cell.text
}

/// Fields that stand in one object of the record.
struct Group {
    /// The object's path; empty for what stands in the record itself.
    path: String,
    /// Names and values.
    rows: Vec<(String, String)>,
    /// Whether any of it is other than nothing and zero.
    speaks: bool,
}

fn groups(section: &str, body: &Map<String, Value>) -> Vec<Group> {
    let (kind, record) = (kind(body), Record(body));
    let mut groups: Vec<Group> = Vec::new();
    for (path, value) in flattened(body).into_iter().filter(|(path, _)| !KINDS.contains(&path.as_str())) {
        let parent = path.rsplit_once('.').map_or("", |(parent, _)| parent);
        let speaks = !matches!(record.at(&path), None | Some(Value::Null))
            && record.at(&path).and_then(Value::as_i64) != Some(0);
        let row = (fields::part(section, &kind, &path), value);
        match groups.iter_mut().find(|group| group.path == parent) {
            Some(group) => {
                group.rows.push(row);
                group.speaks |= speaks;
            }
            None => groups.push(Group { path: parent.to_owned(), rows: vec![row], speaks }),
        }
    }
    for group in &mut groups {
        group.rows.sort_by_key(|(name, _)| row_number(name));
    }
    // What stands in the record itself comes first.
    groups.sort_by_key(|group| !group.path.is_empty());
    groups
}

/// The row of a form that a name begins with; what has none comes before the rows.
fn row_number(name: &str) -> u32 {
    let digits: String = name.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

/// The fields of a record. What holds nothing but zeros is folded.
pub fn contents(visit: &Visit, section: &str, body: &Map<String, Value>) -> Markup {
    let kind = kind(body);
    html! {
        @for group in groups(section, body) {
            @if group.path.is_empty() { (rows(&group)) }
            @else {
                details open[group.speaks] {
                    summary {
                        (fields::name(section, &kind, &group.path))
                        @if !group.speaks { " " span.quiet { (visit.t("（均为零或空）", "(all zero or empty)")) } }
                    }
                    (rows(&group))
                }
            }
        }
    }
}

fn rows(group: &Group) -> Markup {
    html! { dl.facts { @for (name, value) in &group.rows { (fact(name, &html! { (value) })) } } }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_form_stands_in_the_order_of_its_rows() {
        let body = json!({
            "form": "vat_general", "correction": "amended",
            "general": {"month": {"output_tax_fen": 1_300, "input_tax_fen": 0, "sales_exempt_fen": null}},
            "instant": {"month": {"output_tax_fen": 0}},
        });
        let groups = groups("filings", body.as_object().unwrap());
        let heads: Vec<(&str, bool)> = groups.iter().map(|one| (one.path.as_str(), one.speaks)).collect();
        assert_eq!(heads, [("", true), ("general.month", true), ("instant.month", false)]);
        assert_eq!(groups[0].rows.len(), 1, "the kind of record is its title");
        assert_eq!(groups[0].rows[0].1, "更正申报");
        let rows: Vec<u32> = groups[1].rows.iter().map(|(name, _)| row_number(name)).collect();
        assert_eq!(rows, [8, 11, 12], "{:?}", groups[1].rows);
        assert_eq!(groups[1].rows[1].1, "13.00");
    }
}
