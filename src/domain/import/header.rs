//! The header of a table: which column stands where, in English names or in Chinese ones.

use super::cells::shown;
use super::fault::InputFault;
use super::form::Form;
use super::input_rule::InputRule;
use super::written::{half_width, trimmed};

/// Columns that a file of rejected rows has behind its own. They say what was wrong; readers pass over them.
pub(super) const REMARKS: [&str; 4] = ["_row", "_column", "_rule", "_message"];

/// In which names a header is, and so in which units its values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// Names and units as on the wire: money in fen.
    English,
    /// Names as in `name_zh`, units as in `unit_zh`: money in 元 or 万元.
    Chinese,
}

/// What stands at one place of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The column of that index.
    Column(usize),
    /// A remark on a rejected row.
    Remark,
    /// Nothing: no name, so no value either.
    Blank,
}

/// A header that has been understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) language: Language,
    pub(super) places: Vec<Place>,
}

impl Header {
    /// Finds the columns of the names, or says which name is wrong.
    pub(super) fn resolve<S: AsRef<str>>(form: &Form, names: &[S]) -> Result<Self, InputFault> {
        let names: Vec<String> =
            names.iter().map(|name| half_width(trimmed(name.as_ref())).into_owned()).collect();
        let language = language(form, &names);
        let mut places = Vec::with_capacity(names.len());
        for name in &names {
            let place = if name.is_empty() {
                Place::Blank
            } else if REMARKS.contains(&name.as_str()) {
                Place::Remark
            } else {
                Place::Column(find(form, language, name)?)
            };
            if let Place::Column(_) = place
                && places.contains(&place)
            {
                let message = format!("header: column {} must stand only once", shown(name));
                return Err(fault(InputRule::HeaderDuplicateColumn, message));
            }
            places.push(place);
        }
        let missing = form
            .columns()
            .iter()
            .enumerate()
            .find(|(index, column)| column.required && !places.contains(&Place::Column(*index)));
        match missing {
            Some((_, column)) => Err(fault(
                InputRule::HeaderMissingColumn,
                format!("header: the required column {} {} must be there", column.name, column.name_zh),
            )),
            None => Ok(Self { language, places }),
        }
    }
}

/// Chinese if any name is one of the form's Chinese names.
fn language(form: &Form, names: &[String]) -> Language {
    let chinese = names.iter().any(|name| {
        let bare = without_unit(name).map_or(name.as_str(), |(bare, _)| bare);
        form.columns().iter().any(|column| {
            let own = half_width(&column.name_zh);
            own == name.as_str() || own == bare
        })
    });
    if chinese { Language::Chinese } else { Language::English }
}

fn find(form: &Form, language: Language, name: &str) -> Result<usize, InputFault> {
    let unknown = || {
        let message = format!("header: the form {} has no column \"{}\"", form.id(), shown(name));
        fault(InputRule::HeaderUnknownColumn, message)
    };
    match (language, form.column_index(name)) {
        (Language::English, Some(index)) => return Ok(index),
        (Language::English, None) => return Err(unknown()),
        (Language::Chinese, Some(_)) => {
            return Err(fault(
                InputRule::HeaderMixed,
                format!(
                    "header: \"{}\" is an English name among Chinese ones: use one of the two throughout",
                    shown(name)
                ),
            ));
        }
        (Language::Chinese, None) => {}
    }
    let position =
        |wanted: &str| form.columns().iter().position(|column| half_width(&column.name_zh) == wanted);
    if let Some(index) = position(name) {
        return Ok(index);
    }
    let (bare, unit) = without_unit(name).ok_or_else(unknown)?;
    let index = position(bare).ok_or_else(unknown)?;
    match form.columns().get(index) {
        Some(column) if half_width(&column.unit_zh) == unit => Ok(index),
        Some(column) => Err(fault(
            InputRule::HeaderUnit,
            match column.unit_zh.as_str() {
                "" => format!("header: the column {} has no unit: leave the brackets out", column.name_zh),
                unit => format!("header: the column {} is delivered in {unit}", column.name_zh),
            },
        )),
        None => Err(unknown()),
    }
}

/// A name and the unit in brackets behind it.
fn without_unit(name: &str) -> Option<(&str, &str)> {
    let (bare, unit) = name.strip_suffix(')')?.rsplit_once('(')?;
    Some((bare.trim_end(), unit.trim()))
}

fn fault(rule: InputRule, message: String) -> InputFault {
    InputFault { rule, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(names: &[&str]) -> Result<Header, InputRule> {
        Header::resolve(Form::by_id("rating").unwrap(), names).map_err(|fault| fault.rule)
    }

    const ENGLISH: [&str; 6] = ["taxpayer_id", "year", "level", "assessed_on", "valid_from", "cause"];

    #[test]
    fn both_languages_name_the_same_columns() {
        let form = Form::by_id("rating").unwrap();
        let name_zh = |name: &str| form.columns()[form.column_index(name).unwrap()].name_zh.clone();
        let chinese: Vec<String> = ENGLISH.iter().map(|name| name_zh(name)).collect();
        let chinese = Header::resolve(form, &chinese).unwrap();
        let english = resolve(&ENGLISH).unwrap();
        assert_eq!(chinese.places, english.places);
        assert_eq!((chinese.language, english.language), (Language::Chinese, Language::English));
    }

    #[test]
    fn units_stand_in_either_brackets_or_not_at_all() {
        for unit in ["(元)", "（元）", " ( 元 ) ", ""] {
            let form = Form::by_id("registration").unwrap();
            let index = form.column_index("reg_capital_fen").unwrap();
            let name = format!("{}{unit}", form.columns()[index].name_zh);
            let names: Vec<String> = form
                .columns()
                .iter()
                .filter(|column| column.required)
                .map(|column| column.name_zh.clone())
                .collect();
            let header = Header::resolve(form, &[names, vec![name.clone()]].concat()).unwrap();
            assert_eq!(header.places.last(), Some(&Place::Column(index)), "{name}");
        }
    }

    #[test]
    fn remarks_and_nameless_places_are_passed_over() {
        let names = [ENGLISH.as_slice(), &["_row", "_column", "_rule", "_message", ""]].concat();
        let places = resolve(&names).unwrap().places;
        assert_eq!(places[6..], [Place::Remark, Place::Remark, Place::Remark, Place::Remark, Place::Blank]);
    }

    #[test]
    fn a_wrong_header_breaks_a_named_rule() {
        let with = |more: &str| resolve(&[ENGLISH.as_slice(), &[more]].concat());
        assert_eq!(with("colour"), Err(InputRule::HeaderUnknownColumn));
        assert_eq!(with("year"), Err(InputRule::HeaderDuplicateColumn));
        assert_eq!(with("评价得分"), Err(InputRule::HeaderMixed));
        assert_eq!(resolve(&ENGLISH[1..]), Err(InputRule::HeaderMissingColumn));
        let form = Form::by_id("rating").unwrap();
        let chinese = |more: &str| {
            let mut names: Vec<&str> = form
                .columns()
                .iter()
                .filter(|column| column.required)
                .map(|column| column.name_zh.as_str())
                .collect();
            names.push(more);
            Header::resolve(form, &names).map_err(|fault| fault.rule).err()
        };
        assert_eq!(chinese("评价得分(分)"), None);
        assert_eq!(chinese("评价得分(元)"), Some(InputRule::HeaderUnit));
        assert_eq!(chinese("颜色(分)"), Some(InputRule::HeaderUnknownColumn));
        assert_eq!(chinese("评价得分)"), Some(InputRule::HeaderUnknownColumn));
    }
}
