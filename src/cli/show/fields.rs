//! Chinese names of the fields of records, from the field dictionary that is generated from their types.

use std::collections::HashMap;
use std::sync::LazyLock;

/// `section,record,path,type,unit,name_zh,…`, one line a field.
const DICTIONARY: &str = include_str!("../../../schema/dictionary.csv");

static NAMES: LazyLock<HashMap<(&str, &str), &str>> = LazyLock::new(|| {
    let line = |line: &'static str| {
        let mut cells = line.split(',');
        let (section, path) = (cells.next()?, cells.nth(1)?);
        Some(((section, path), cells.nth(2)?.trim_matches('"')))
    };
    DICTIONARY.lines().skip(1).filter_map(line).collect()
});

/// The name of a field of a section, with the names of what it is in: `申报数 › 本年累计 › 20 应纳税额合计`. A part
/// without a name stays as it is.
pub fn name(section: &str, path: &str) -> String {
    let mut parts = Vec::new();
    for (at, _) in path.match_indices('.').chain([(path.len(), "")]) {
        let own = path[..at].rsplit('.').next().unwrap_or_default();
        parts.push(
            NAMES
                .get(&(section, &path[..at]))
                .map_or_else(|| super::value::harmless(own), |name| (*name).to_owned()),
        );
    }
    parts.join(" › ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_the_dictionarys_names() {
        assert_eq!(name("registration", "legal_rep_name"), "法定代表人姓名");
        assert!(name("filings", "figures.period.payable_total_fen").ends_with("应纳税额合计"));
        assert_eq!(name("filings", "figures.never.heard"), "申报数 › never › heard");
        assert_eq!(name("weather", "rain"), "rain");
    }
}
