//! The numbered rows of a tax form, a column of figures over them, and formulas between them.
//!
//! Row numbers are the form's own and stay; the field names are ours. A form that prints none, or another in each
//! layout, is `unnumbered`: its rules are named after the rows. A row without a figure is `null`, never zero.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::fen::Fen;
use super::record::{Findings, Outcome, RuleText};

/// A row of one kind of form.
pub trait FormRow: Copy + Ord + fmt::Debug + 'static {
    /// Every row, in the form's order.
    const ALL: &'static [Self];
    /// Whether [`FormRow::number`] is what the form prints; otherwise it is the row's place in the list.
    const NUMBERED: bool;
    /// The row's number on the form.
    fn number(self) -> u8;
    /// The row's field name, without the `_fen` ending.
    fn field(self) -> &'static str;
    /// What the form calls the row.
    fn label_zh(self) -> &'static str;
}

/// Declares the rows of a form: a closed enum and the table behind [`FormRow`].
macro_rules! form_rows {
    ($(#[$about:meta])* unnumbered $name:ident { $($row:ident = $number:literal $field:literal $label:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(#[doc = concat!($label, ".")] $row,)+
        }
        $crate::domain::form_rows::form_rows!(@table $name false { $($row = $number $field $label,)+ });
    };
    (@table $name:ident $numbered:literal { $($row:ident = $number:literal $field:literal $label:literal,)+ }) => {
        impl $crate::domain::form_rows::FormRow for $name {
            const ALL: &'static [Self] = &[$(Self::$row,)+];
            const NUMBERED: bool = $numbered;

            fn number(self) -> u8 {
                match self { $(Self::$row => $number,)+ }
            }

            fn field(self) -> &'static str {
                match self { $(Self::$row => $field,)+ }
            }

            fn label_zh(self) -> &'static str {
                match self { $(Self::$row => $label,)+ }
            }
        }
    };
    ($(#[$about:meta])* $name:ident { $($row:ident = $number:literal $field:literal $label:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(#[doc = concat!("Row ", stringify!($number), ", ", $label, ".")] $row,)+
        }
        $crate::domain::form_rows::form_rows!(@table $name true { $($row = $number $field $label,)+ });
    };
}
pub(crate) use form_rows;

/// One column of a form: a figure, or none, for each row that the form's version has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column<R: FormRow> {
    figures: BTreeMap<R, Option<Fen>>,
}

impl<R: FormRow> Column<R> {
    /// A column of those rows, the figures given by `figure`.
    pub fn new(rows: impl IntoIterator<Item = R>, mut figure: impl FnMut(R) -> Option<Fen>) -> Self {
        Self { figures: rows.into_iter().map(|row| (row, figure(row))).collect() }
    }

    /// The figure of a row; none if the form leaves it blank or its version lacks the row.
    pub fn get(&self, row: R) -> Option<Fen> {
        self.figures.get(&row).copied().flatten()
    }

    /// Whether every row is blank.
    pub fn is_blank(&self) -> bool {
        self.figures.values().all(Option::is_none)
    }
}

impl<R: FormRow> schemars::JsonSchema for Column<R> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        let path = std::any::type_name::<R>();
        path.rsplit("::").next().unwrap_or(path).to_owned().into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let _ = generator;
        let rows: serde_json::Map<String, serde_json::Value> = R::ALL
            .iter()
            .map(|row| {
                let (label, words) = (row.label_zh(), row.field().replace('_', " "));
                let (title, which) = if R::NUMBERED {
                    let number = row.number();
                    (format!("{number} {label}"), format!("Row {number} of the form, {words}"))
                } else {
                    (label.to_owned(), format!("Item of the form, {words}"))
                };
                let figure = serde_json::json!({
                    "title": title,
                    "description": format!("{which}, in fen; null where the form leaves it blank."),
                    "type": ["integer", "null"],
                    "x-unit": "fen",
                });
                (format!("{}_fen", row.field()), figure)
            })
            .collect();
        schemars::json_schema!({ "type": "object", "properties": rows, "additionalProperties": false })
    }
}

/// The schema of an object of several columns, each a member with its Chinese name and English meaning.
pub fn named_columns_schema<R: FormRow>(
    generator: &mut schemars::SchemaGenerator,
    title: &str,
    columns: &[(&str, &str, &str)],
) -> schemars::Schema {
    let mut properties = serde_json::Map::new();
    for (name, zh, en) in columns {
        let mut column = generator.subschema_for::<Column<R>>().to_value();
        column["title"] = (*zh).into();
        column["description"] = (*en).into();
        properties.insert((*name).to_owned(), column);
    }
    let names: Vec<&str> = columns.iter().map(|(name, _, _)| *name).collect();
    schemars::json_schema!({
        "title": title,
        "type": "object",
        "properties": properties,
        "required": names,
        "additionalProperties": false,
    })
}

impl<R: FormRow> Serialize for Column<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.figures.len()))?;
        for (row, figure) in &self.figures {
            map.serialize_entry(&FieldName(*row), figure)?;
        }
        map.end()
    }
}

/// A row's field name with its unit, written without an allocation.
struct FieldName<R>(R);

impl<R: FormRow> Serialize for FieldName<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}_fen", self.0.field()))
    }
}

impl<'de, R: FormRow> Deserialize<'de> for Column<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ColumnVisitor(PhantomData))
    }
}

struct ColumnVisitor<R>(PhantomData<R>);

impl<'de, R: FormRow> Visitor<'de> for ColumnVisitor<R> {
    type Value = Column<R>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the rows of a form with integer figures or null")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut figures = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            let row = name
                .strip_suffix("_fen")
                .and_then(|field| R::ALL.iter().copied().find(|row| row.field() == field))
                .ok_or_else(|| A::Error::custom("a field that is no row of this form"))?;
            if figures.insert(row, map.next_value()?).is_some() {
                return Err(A::Error::custom("a row stated twice"));
            }
        }
        Ok(Column { figures })
    }
}

/// How a row follows from others.
#[derive(Debug, Clone, Copy)]
pub enum Rule<R: 'static> {
    /// The sum of the first rows less the sum of the second.
    Sum(&'static [R], &'static [R]),
    /// Likewise, but zero where that is negative.
    SumNotBelowZero(&'static [R], &'static [R]),
    /// Likewise; where that is negative, the form may state it or zero.
    SumOrZero(&'static [R], &'static [R]),
    /// The smaller of two rows.
    Smaller(R, R),
}

/// A formula printed on a form.
#[derive(Debug, Clone, Copy)]
pub struct Formula<R: 'static> {
    /// The row that is to equal the rule.
    pub row: R,
    /// Its name after the form's; none if it is named after the row's number, or its field on an unnumbered form.
    pub name: Option<&'static str>,
    /// What it is to equal.
    pub rule: Rule<R>,
    /// Whether it also holds for year-to-date figures; a stock or a minimum of each month does not add up.
    pub holds_year_to_date: bool,
}

impl<R> Formula<R> {
    /// A formula that holds in every column, year to date as well.
    pub const fn everywhere(row: R, rule: Rule<R>) -> Self {
        Self { row, name: None, rule, holds_year_to_date: true }
    }

    /// A formula that holds for a period and not for the year to date.
    pub const fn of_period(row: R, rule: Rule<R>) -> Self {
        Self { row, name: None, rule, holds_year_to_date: false }
    }

    /// A formula that holds in every column, under a name of its own.
    pub const fn named(name: &'static str, row: R, rule: Rule<R>) -> Self {
        Self { row, name: Some(name), rule, holds_year_to_date: true }
    }
}

impl<R: FormRow> Formula<R> {
    /// Whether the column states the figure that the formula gives. Skipped where any figure is missing.
    pub fn check(&self, form: &str, path: &str, column: &Column<R>) -> Outcome {
        let stated = column.get(self.row);
        if matches!(self.rule, Rule::SumOrZero(..))
            && stated == Some(Fen::ZERO)
            && self.compute(column).is_some_and(|sum| sum < Fen::ZERO)
        {
            return Outcome::Passed;
        }
        Outcome::of_amounts(
            format_args!("{form}.{}", NameOf(self)),
            format_args!("{path}.{}_fen", self.row.field()),
            stated,
            self.compute(column),
        )
    }

    /// The rule in words.
    pub fn text(&self, form: &str) -> RuleText {
        let names: [NameRow<R>; 2] = if R::NUMBERED {
            [|row| row.number().to_string(), |row| row.number().to_string()]
        } else {
            [|row| row.label_zh().to_owned(), |row| row.field().to_owned()]
        };
        let (label, field, number) = (self.row.label_zh(), self.row.field(), self.row.number());
        let (left_zh, left_en) = if R::NUMBERED {
            (format!("第{number}行 {label}"), format!("row {number}, {field}"))
        } else {
            (label.to_owned(), field.to_owned())
        };
        RuleText {
            id: format!("{form}.{}", NameOf(self)),
            zh: format!("{left_zh} = {}", self.right_side(names[0], "，为负时也可填零")),
            en: format!("{left_en} = {}", self.right_side(names[1], ", or zero where that is negative")),
        }
    }

    fn right_side(&self, name: NameRow<R>, or_zero: &str) -> String {
        let sum = |plus: &[R], minus: &[R]| {
            let plus: Vec<String> = plus.iter().map(|row| name(*row)).collect();
            let minus: String = minus.iter().map(|row| format!(" - {}", name(*row))).collect();
            format!("{}{minus}", plus.join(" + "))
        };
        match self.rule {
            Rule::Sum(plus, minus) => sum(plus, minus),
            Rule::SumNotBelowZero(plus, minus) => format!("max({}, 0)", sum(plus, minus)),
            Rule::SumOrZero(plus, minus) => format!("{}{or_zero}", sum(plus, minus)),
            Rule::Smaller(one, other) => format!("min({}, {})", name(one), name(other)),
        }
    }

    fn compute(&self, column: &Column<R>) -> Option<Fen> {
        match self.rule {
            Rule::Sum(plus, minus) | Rule::SumOrZero(plus, minus) => signed_sum(column, plus, minus),
            Rule::SumNotBelowZero(plus, minus) => {
                signed_sum(column, plus, minus).map(|sum| sum.max(Fen::ZERO))
            }
            Rule::Smaller(one, other) => Some(column.get(one)?.min(column.get(other)?)),
        }
    }
}

/// How a rule's text calls a row.
type NameRow<R> = fn(R) -> String;

/// A formula's name after the form's, written without an allocation.
struct NameOf<'a, R: 'static>(&'a Formula<R>);

impl<R: FormRow> fmt::Display for NameOf<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.name {
            Some(name) => f.write_str(name),
            None if R::NUMBERED => write!(f, "row_{}", self.0.row.number()),
            None => f.write_str(self.0.row.field()),
        }
    }
}

/// What formulas that hold everywhere find in several columns, each given with its path.
pub fn check_columns<R: FormRow, const N: usize>(
    form: &str,
    formulas: &[Formula<R>],
    columns: [(&str, &Column<R>); N],
) -> Findings {
    columns
        .into_iter()
        .flat_map(|(path, column)| formulas.iter().map(move |formula| formula.check(form, path, column)))
        .collect()
}

/// Formulas in words.
pub fn rules_of<R: FormRow>(form: &str, formulas: &[Formula<R>]) -> Vec<RuleText> {
    formulas.iter().map(|formula| formula.text(form)).collect()
}

fn signed_sum<R: FormRow>(column: &Column<R>, plus: &[R], minus: &[R]) -> Option<Fen> {
    let mut sum = Fen::ZERO;
    for row in plus {
        sum = sum.checked_add(column.get(*row)?)?;
    }
    for row in minus {
        sum = sum.checked_sub(column.get(*row)?)?;
    }
    Some(sum)
}

/// For the tests of forms: a sample that agrees with itself, spoilt and thinned out row by row.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use crate::domain::record::{Checks, MarkValues};

    /// The column of a sample row whose flat names end so.
    pub(crate) fn sample_column<R: FormRow>(ndjson: &str, line: usize, ending: &str) -> Column<R> {
        let row: serde_json::Value = serde_json::from_str(ndjson.lines().nth(line).unwrap()).unwrap();
        Column::new(R::ALL.iter().copied(), |each| {
            row[format!("{}{ending}", each.field())].as_i64().map(Fen::new)
        })
    }

    /// The column with another figure in one row.
    pub(crate) fn with<R: FormRow>(column: &Column<R>, row: R, figure: Option<i64>) -> Column<R> {
        let mut figures = column.figures.clone();
        figures.insert(row, figure.map(Fen::new));
        Column { figures }
    }

    /// Each formula holds on the sample, fails when any of its rows is one fen off, and is silent when one is blank.
    pub(crate) fn hold_formulas<R: FormRow>(form: &str, formulas: &[Formula<R>], good: &Column<R>) {
        let all = check_columns(form, formulas, [("figures", good)]);
        let passed = u32::try_from(formulas.len()).unwrap();
        assert_eq!(all.checks, Checks { passed, failed: 0, skipped: 0 }, "{form}: {:?}", all.marks);
        for formula in formulas {
            let id = formula.text(form).id;
            let check = |column: &Column<R>| formula.check(form, "figures", column);
            let mut rows = vec![formula.row];
            match formula.rule {
                Rule::Sum(plus, minus)
                | Rule::SumNotBelowZero(plus, minus)
                | Rule::SumOrZero(plus, minus) => {
                    rows.extend(plus.iter().chain(minus));
                }
                Rule::Smaller(one, other) => rows.extend([one, other]),
            }
            for row in rows {
                let figure = good.get(row).unwrap().get();
                let Outcome::Failed(mark) = check(&with(good, row, Some(figure + 1))) else {
                    panic!("{id}: {row:?}");
                };
                assert_eq!(mark.rule, id);
                assert_eq!(mark.field, format!("figures.{}_fen", formula.row.field()));
                let MarkValues::Amounts { stated_fen, computed_fen } = mark.values else { panic!("{id}") };
                assert_eq!(stated_fen.get().abs_diff(computed_fen.get()), 1);
                assert_eq!(check(&with(good, row, None)), Outcome::Skipped, "{id}: {row:?}");
            }
        }
    }
}
