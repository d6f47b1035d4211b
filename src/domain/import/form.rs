//! The import forms: JSON Schemas of one flat row, embedded, and parsed once into what the readers check.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use serde::Deserialize;

use crate::domain::form_rows::FormRow;
use crate::domain::section::Section;
use crate::domain::vat_general::VatGeneralRow;
use crate::domain::vat_small::VatSmallRow;

/// The schemas as committed. That each loads is held by a test, so none is ever missing at run time.
const SCHEMAS: [(FormId, &str); 4] = [
    (FormId::Registration, include_str!("../../../schema/import/registration.json")),
    (FormId::Rating, include_str!("../../../schema/import/rating.json")),
    (FormId::VatGeneral, include_str!("../../../schema/import/vat_general.json")),
    (FormId::VatSmall, include_str!("../../../schema/import/vat_small.json")),
];

static FORMS: LazyLock<Vec<Form>> =
    LazyLock::new(|| SCHEMAS.into_iter().filter_map(|(id, schema)| Form::load(id, schema).ok()).collect());

/// Which form a batch is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FormId {
    /// 登记信息.
    Registration,
    /// 纳税缴费信用评价.
    Rating,
    /// 增值税纳税申报表, general taxpayers.
    VatGeneral,
    /// 增值税纳税申报表, small-scale taxpayers.
    VatSmall,
}

impl FormId {
    /// The name on the wire and of the schema file.
    pub fn as_str(self) -> &'static str {
        match self {
            FormId::Registration => "registration",
            FormId::Rating => "rating",
            FormId::VatGeneral => "vat_general",
            FormId::VatSmall => "vat_small",
        }
    }
}

/// A form: its columns and what each may hold.
#[derive(Debug)]
pub struct Form {
    id: FormId,
    title: String,
    schema: &'static str,
    columns: Vec<Column>,
    by_name: HashMap<String, usize>,
    figures: BTreeMap<(u8, FigureColumn), usize>,
}

impl Form {
    /// The form of that name.
    pub fn by_id(id: &str) -> Option<&'static Form> {
        Form::all().iter().find(|form| form.id() == id)
    }

    /// Every form.
    pub fn all() -> &'static [Form] {
        &FORMS
    }

    /// The form's name.
    pub fn id(&self) -> &'static str {
        self.id.as_str()
    }

    /// The form's name as a closed choice.
    pub fn form_id(&self) -> FormId {
        self.id
    }

    /// What the form is called in Chinese.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The JSON Schema document, as committed.
    pub fn schema(&self) -> &'static str {
        self.schema
    }

    /// The section its rows belong to.
    pub fn section(&self) -> Section {
        match self.id {
            FormId::Registration => Section::Registration,
            FormId::Rating => Section::Rating,
            FormId::VatGeneral | FormId::VatSmall => Section::Filings,
        }
    }

    /// The columns, by name.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    pub(super) fn column_index(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// Place of the column that holds a numbered row's figure.
    pub(super) fn figure_index(&self, row: u8, column: FigureColumn) -> Option<usize> {
        self.figures.get(&(row, column)).copied()
    }

    fn load(id: FormId, schema: &'static str) -> Result<Form, serde_json::Error> {
        let document: SchemaDocument = serde_json::from_str(schema)?;
        let required = document.required;
        let columns: Vec<Column> = document
            .properties
            .into_iter()
            .map(|(name, property)| Column::from_property(required.contains(&name), name, property))
            .collect();
        let by_name: HashMap<String, usize> =
            columns.iter().enumerate().map(|(index, column)| (column.name.clone(), index)).collect();
        let figures = match id {
            FormId::Registration | FormId::Rating => BTreeMap::new(),
            FormId::VatGeneral => figure_indexes(VatGeneralRow::ALL, &by_name),
            FormId::VatSmall => figure_indexes(VatSmallRow::ALL, &by_name),
        };
        Ok(Form { id, title: document.title, schema, columns, by_name, figures })
    }
}

/// Which column of a printed form a flat column stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FigureColumn {
    Period,
    Ytd,
    RefundPeriod,
    RefundYtd,
}

impl FigureColumn {
    const ALL: [FigureColumn; 4] =
        [FigureColumn::Period, FigureColumn::Ytd, FigureColumn::RefundPeriod, FigureColumn::RefundYtd];

    /// What follows the row's field name in the flat column's name.
    pub(super) fn ending(self) -> &'static str {
        match self {
            FigureColumn::Period => "_fen",
            FigureColumn::Ytd => "_ytd_fen",
            FigureColumn::RefundPeriod => "_refund_fen",
            FigureColumn::RefundYtd => "_refund_ytd_fen",
        }
    }
}

fn figure_indexes<R: FormRow>(
    rows: &[R],
    by_name: &HashMap<String, usize>,
) -> BTreeMap<(u8, FigureColumn), usize> {
    let mut figures = BTreeMap::new();
    for row in rows {
        for column in FigureColumn::ALL {
            if let Some(index) = by_name.get(&format!("{}{}", row.field(), column.ending())) {
                figures.insert((row.number(), column), *index);
            }
        }
    }
    figures
}

/// One column of a form.
#[derive(Debug)]
pub struct Column {
    /// Its name in header and object.
    pub name: String,
    /// What it is called in Chinese.
    pub title: String,
    /// What it holds.
    pub kind: Kind,
    /// Whether every row must state it.
    pub required: bool,
    /// Smallest number it takes.
    pub minimum: i64,
    /// Largest number it takes.
    pub maximum: i64,
    /// Fewest characters it takes.
    pub min_length: usize,
    /// Most characters it takes.
    pub max_length: usize,
    /// The codes it takes, if it is a code.
    pub choices: Vec<String>,
}

impl Column {
    fn from_property(required: bool, name: String, property: Property) -> Self {
        Self {
            name,
            title: property.title,
            kind: property.kind,
            required,
            minimum: property.minimum.unwrap_or(i64::MIN),
            maximum: property.maximum.unwrap_or(i64::MAX),
            min_length: property.min_length.unwrap_or(0),
            max_length: property.max_length.unwrap_or(usize::MAX),
            choices: property.choices.unwrap_or_default(),
        }
    }
}

/// What a column holds; `x-kind` in the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
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

#[derive(Deserialize)]
struct SchemaDocument {
    title: String,
    required: Vec<String>,
    properties: BTreeMap<String, Property>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Property {
    title: String,
    #[serde(rename = "x-kind")]
    kind: Kind,
    minimum: Option<i64>,
    maximum: Option<i64>,
    min_length: Option<usize>,
    max_length: Option<usize>,
    #[serde(rename = "enum")]
    choices: Option<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_loads_and_is_closed() {
        assert_eq!(Form::all().len(), SCHEMAS.len());
        for (id, schema) in SCHEMAS {
            let form = Form::by_id(id.as_str()).unwrap();
            let document: serde_json::Value = serde_json::from_str(schema).unwrap();
            assert_eq!(document["$id"], format!("urn:shuidaiyi:form:{}", form.id()));
            assert_eq!(document["$schema"], "https://json-schema.org/draft/2020-12/schema");
            assert_eq!(document["additionalProperties"], false);
            assert_eq!(document["x-section"], form.section().as_str());
            for name in document["required"].as_array().unwrap() {
                assert!(form.column_index(name.as_str().unwrap()).is_some());
            }
        }
    }

    #[test]
    fn every_row_of_the_forms_has_its_columns_and_no_amount_is_left_over() {
        for (id, rows, columns_each) in
            [("vat_general", VatGeneralRow::ALL.len(), 4), ("vat_small", VatSmallRow::ALL.len(), 2)]
        {
            let form = Form::by_id(id).unwrap();
            let amounts = form.columns().iter().filter(|column| column.kind == Kind::Fen).count();
            assert_eq!(form.figures.len(), rows * columns_each);
            assert_eq!(amounts, form.figures.len());
        }
    }

    #[test]
    fn amounts_stay_within_what_canonical_json_carries() {
        for column in Form::all().iter().flat_map(Form::columns).filter(|column| column.kind == Kind::Fen) {
            assert_eq!(column.maximum, crate::domain::fen::Fen::FORM_LIMIT);
            assert!(column.minimum == 0 || column.minimum == -crate::domain::fen::Fen::FORM_LIMIT);
        }
    }
}
