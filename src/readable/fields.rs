//! Chinese names of the fields of records, from the field dictionary that is generated from their types.

use std::collections::HashMap;
use std::sync::LazyLock;

/// `section,record,path,type,unit,name_zh,…`, one line a field.
const DICTIONARY: &str = include_str!("../../schema/dictionary.csv");

/// Stands for every kind of record.
const ANY: &str = "*";

static NAMES: LazyLock<HashMap<(&str, &str, &str), &str>> = LazyLock::new(|| {
    let mut names = HashMap::new();
    for line in DICTIONARY.lines().skip(1) {
        let cells: Vec<&str> = line.splitn(7, ',').collect();
        if let [section, record, path, _, _, name, _] = cells.as_slice() {
            let name = name.trim_matches('"');
            names.insert((*section, *record, *path), name);
            names.entry((*section, ANY, *path)).or_insert(name);
        }
    }
    names
});

/// The name of a field of a section's record, with the names of what it is in: `申报数 › 本年累计 › 20 应纳税额合计`.
/// `kind` is the record's form or kind; a part without a name stays as it is.
pub fn name(section: &str, kind: &str, path: &str) -> String {
    let ends = path.match_indices('.').map(|(at, _)| at).chain([path.len()]);
    let names: Vec<String> = ends.map(|end| part(section, kind, &path[..end])).collect();
    names.join(" › ")
}

/// The name of the last part of a path.
pub fn part(section: &str, kind: &str, path: &str) -> String {
    let found = [kind, "", ANY].iter().find_map(|kind| NAMES.get(&(section, *kind, path)));
    let own = path.rsplit('.').next().unwrap_or_default();
    found.map_or_else(|| super::value::harmless(own), |name| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_the_dictionarys_names() {
        assert_eq!(name("registration", "registration", "legal_rep_name"), "法定代表人姓名");
        assert!(name("filings", "vat_small", "figures.period.payable_total_fen").ends_with("应纳税额合计"));
        assert_eq!(name("filings", "vat_small", "figures.never.heard"), "申报数 › never › heard");
        assert_eq!(name("registration", "", "legal_rep_name"), "法定代表人姓名", "before records had kinds");
        assert_eq!(name("weather", "", "rain"), "rain");
    }
}
