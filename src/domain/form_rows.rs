//! The numbered rows of a tax form, a column of figures over them, and formulas between them.
//!
//! Row numbers are the form's own and stay; the field names are ours. A row without a figure is `null`, never zero.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::fen::Fen;
use super::record::{Mark, MarkValues, Outcome, RuleText};

/// A row of one kind of form.
pub trait FormRow: Copy + Ord + fmt::Debug + 'static {
    /// Every row, in the form's order.
    const ALL: &'static [Self];
    /// The row's number on the form.
    fn number(self) -> u8;
    /// The row's field name, without the `_fen` ending.
    fn field(self) -> &'static str;
    /// What the form calls the row.
    fn label_zh(self) -> &'static str;
}

/// Declares the rows of a form: a closed enum and the table behind [`FormRow`].
macro_rules! form_rows {
    ($(#[$about:meta])* $name:ident { $($row:ident = $number:literal $field:literal $label:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(#[doc = concat!("Row ", stringify!($number), ", ", $label, ".")] $row,)+
        }

        impl $crate::domain::form_rows::FormRow for $name {
            const ALL: &'static [Self] = &[$(Self::$row,)+];

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
                let figure = serde_json::json!({
                    "title": format!("{} {}", row.number(), row.label_zh()),
                    "description": format!("Row {} of the form, in fen; null where the form leaves it blank.", row.number()),
                    "type": ["integer", "null"],
                    "x-unit": "fen",
                });
                (format!("{}_fen", row.field()), figure)
            })
            .collect();
        schemars::json_schema!({ "type": "object", "properties": rows, "additionalProperties": false })
    }
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
    /// The smaller of two rows.
    Smaller(R, R),
}

/// A formula printed on a form.
#[derive(Debug, Clone, Copy)]
pub struct Formula<R: 'static> {
    /// The row that is to equal the rule.
    pub row: R,
    /// What it is to equal.
    pub rule: Rule<R>,
    /// Whether it also holds for year-to-date figures; a stock or a minimum of each month does not add up.
    pub holds_year_to_date: bool,
}

impl<R: FormRow> Formula<R> {
    /// Whether the column states the figure that the formula gives. Skipped where any figure is missing.
    pub fn check(&self, form: &str, path: &str, column: &Column<R>) -> Outcome {
        let (Some(stated), Some(computed)) = (column.get(self.row), self.compute(column)) else {
            return Outcome::Skipped;
        };
        if stated == computed {
            return Outcome::Passed;
        }
        Outcome::Failed(Mark {
            rule: self.id(form),
            field: format!("{path}.{}_fen", self.row.field()),
            values: MarkValues::Amounts { stated_fen: stated, computed_fen: computed },
        })
    }

    /// The rule's stable id.
    fn id(&self, form: &str) -> String {
        format!("{form}.row_{}", self.row.number())
    }

    /// The rule in words.
    pub fn text(&self, form: &str) -> RuleText {
        let sum = |plus: &[R], minus: &[R]| {
            let plus: Vec<String> = plus.iter().map(|row| row.number().to_string()).collect();
            let minus: String = minus.iter().map(|row| format!(" - {}", row.number())).collect();
            format!("{}{minus}", plus.join(" + "))
        };
        let right = match self.rule {
            Rule::Sum(plus, minus) => sum(plus, minus),
            Rule::SumNotBelowZero(plus, minus) => format!("max({}, 0)", sum(plus, minus)),
            Rule::Smaller(one, other) => format!("min({}, {})", one.number(), other.number()),
        };
        let number = self.row.number();
        RuleText {
            id: self.id(form),
            zh: format!("第{number}行 {} = {right}", self.row.label_zh()),
            en: format!("row {number}, {} = {right}", self.row.field()),
        }
    }

    fn compute(&self, column: &Column<R>) -> Option<Fen> {
        match self.rule {
            Rule::Sum(plus, minus) => signed_sum(column, plus, minus),
            Rule::SumNotBelowZero(plus, minus) => {
                signed_sum(column, plus, minus).map(|sum| sum.max(Fen::ZERO))
            }
            Rule::Smaller(one, other) => Some(column.get(one)?.min(column.get(other)?)),
        }
    }
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
