//! The published description of a dossier's records, generated from the types: a JSON Schema for each section,
//! a field dictionary in Chinese and English, and the list of rules.
//!
//! `schema/section/*.json`, `schema/dictionary.csv` and `schema/rules.csv` are what these functions give; a test
//! holds the files to them, and writes them anew when asked to.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::import::Form;
use super::record::{Checks, Mark};
use super::section::Section;
use super::sections::arrears::Arrears;
use super::sections::employment::EmploymentMonth;
use super::sections::filings::Filing;
use super::sections::inspections::Inspection;
use super::sections::invoices::InvoiceRecord;
use super::sections::payments::Payment;
use super::sections::rating::Rating;
use super::sections::registration::RegistrationRecord;
use super::sections::statements::Statement;
use super::sections::violations::Violation;

/// The schema of one section's records, as published in `schema/section/<name>.json`.
pub fn section_schema(section: Section) -> Value {
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut body = body_schema(section, &mut generator);
    open_up(&mut body);
    cut(&mut body, section.never_fields());
    stand_in(&mut body, section);
    let beside = json!({
        "checks": generator.subschema_for::<Checks>(),
        "marks": {
            "title": "标记",
            "description": "Rules of the form that the stated figures fail. Missing if none does.",
            "type": "array",
            "minItems": 1,
            "items": generator.subschema_for::<Mark>(),
        },
    });
    let mut definitions: Map<String, Value> = generator.take_definitions(true);
    let strict = strict_below(&body, &definitions);
    for name in &strict {
        let narrowed = definitions.get(name).map(|schema| loosened(schema, &strict));
        definitions.insert(format!("{name}.narrowed"), narrowed.unwrap_or_default());
    }
    let mut beside_narrowed = beside.clone();
    beside_narrowed["withheld"] = json!({
        "title": "未提供的字段",
        "description": "Paths of the fields that were cut, their parts joined by dots, sorted.",
        "type": "array",
        "minItems": 1,
        "uniqueItems": true,
        "items": { "type": "string" },
    });
    definitions.insert(
        "whole".into(),
        json!({
            "title": "完整的记录", "description": "A record as it is, nothing cut.",
            "allOf": [body, { "properties": beside }], "unevaluatedProperties": false,
        }),
    );
    definitions.insert(
        "narrowed".into(),
        json!({
            "title": "有字段未提供的记录", "description": "A record some of whose fields may not leave: `withheld` names them.",
            "allOf": [loosened(&body, &strict), { "properties": beside_narrowed, "required": ["withheld"] }],
            "unevaluatedProperties": false,
        }),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("urn:shuidaiyi:schema:section-{section}"),
        "title": format!("{} {}", section.label_zh(), section.label_en()),
        "description": format!("A record of the section `{section}`, encoder `{}`. Generated from the types; do not edit.", section.encoder()),
        "if": { "required": ["withheld"] },
        "then": { "$ref": "#/$defs/narrowed" },
        "else": { "$ref": "#/$defs/whole" },
        "$defs": definitions,
    })
}

/// The schema of a record's body as stored. A new section does not compile until it stands here.
fn body_schema(section: Section, generator: &mut SchemaGenerator) -> Value {
    fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
        let mut schema = T::json_schema(generator).to_value();
        if let Some(object) = schema.as_object_mut() {
            object.remove("$schema");
        }
        schema
    }
    match section {
        Section::Registration => of::<RegistrationRecord>(generator),
        Section::Rating => of::<Rating>(generator),
        Section::Filings => of::<Filing>(generator),
        Section::Payments => of::<Payment>(generator),
        Section::Arrears => of::<Arrears>(generator),
        Section::Violations => of::<Violation>(generator),
        Section::Inspections => of::<Inspection>(generator),
        Section::Statements => of::<Statement>(generator),
        Section::Invoices => of::<InvoiceRecord>(generator),
        Section::Employment => of::<EmploymentMonth>(generator),
    }
}

/// Takes the closing of an object away, of itself and of its variants: the whole record is closed instead.
fn open_up(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else { return };
    object.remove("additionalProperties");
    object.remove("unevaluatedProperties");
    for variants in ["oneOf", "anyOf", "allOf"] {
        object.get_mut(variants).and_then(Value::as_array_mut).into_iter().flatten().for_each(open_up);
    }
}

/// Adds what the encoder puts in the place of what never leaves.
fn stand_in(body: &mut Value, section: Section) {
    let (kind, name, schema, required) = match section {
        Section::Registration => (
            "registration",
            "legal_rep_match",
            json!({
                "title": "法定代表人身份比对",
                "description": "Whether the digest that the bank submitted is the legal representative's; only if it submitted one.",
                "enum": ["yes", "no", "unknown"],
            }),
            false,
        ),
        Section::Invoices => (
            "counterparty",
            "pseudonym",
            json!({
                "title": "交易对手代称",
                "description": "The name under which this bank alone knows the counterparty, 22 characters of base64url.",
                "type": "string",
                "pattern": "^[A-Za-z0-9_-]{22}$",
            }),
            true,
        ),
        Section::Rating
        | Section::Filings
        | Section::Payments
        | Section::Arrears
        | Section::Violations
        | Section::Inspections
        | Section::Statements
        | Section::Employment => return,
    };
    for variant in body["oneOf"].as_array_mut().into_iter().flatten() {
        if variant["properties"]["record"]["const"] == kind {
            variant["properties"][name] = schema.clone();
            if let Some(list) = variant["required"].as_array_mut().filter(|_| required) {
                list.push(json!(name));
            }
        }
    }
}

/// Takes properties away, of an object and of its variants.
fn cut(schema: &mut Value, fields: &[&str]) {
    let Some(object) = schema.as_object_mut() else { return };
    if let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|name, _| !fields.contains(&name.as_str()));
    }
    if let Some(required) = object.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| name.as_str().is_none_or(|name| !fields.contains(&name)));
    }
    for variants in ["oneOf", "anyOf", "allOf"] {
        object
            .get_mut(variants)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
            .for_each(|s| cut(s, fields));
    }
}

/// The definitions that a schema leads to and that require members, themselves or further below.
fn strict_below(schema: &Value, definitions: &Map<String, Value>) -> BTreeSet<String> {
    let mut strict = BTreeSet::new();
    for name in references(schema) {
        let Some(definition) = definitions.get(&name) else { continue };
        let below = strict_below(definition, definitions);
        if !below.is_empty() || definition.to_string().contains("\"required\"") {
            strict.extend(below);
            strict.insert(name);
        }
    }
    strict
}

fn references(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(object) => {
            let own = object.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix("#/$defs/"));
            own.map(str::to_owned).into_iter().chain(object.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// The schema with nothing required, and a reference to a strict definition led to its loosened form. A member that
/// tells variants apart stays required.
fn loosened(schema: &Value, strict: &BTreeSet<String>) -> Value {
    match schema {
        Value::Object(object) => {
            let tag =
                |tag: &&str| object.get("properties").is_some_and(|each| each[*tag].get("const").is_some());
            let tags: Vec<&str> = ["record", "form"].into_iter().filter(tag).collect();
            let member = |(name, value): (&String, &Value)| match (name.as_str(), value) {
                ("required", Value::Array(_)) => (!tags.is_empty()).then(|| (name.clone(), json!(tags))),
                ("$ref", Value::String(to))
                    if to.strip_prefix("#/$defs/").is_some_and(|to| strict.contains(to)) =>
                {
                    Some((name.clone(), json!(format!("{to}.narrowed"))))
                }
                _ => Some((name.clone(), loosened(value, strict))),
            };
            Value::Object(object.iter().filter_map(member).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| loosened(item, strict)).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => schema.clone(),
    }
}

/// A line of the field dictionary.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Field {
    /// The section it stands in.
    pub section: Section,
    /// Which of the section's kinds of record has it; empty if all have.
    pub record: String,
    /// Its path in the body, parts joined by dots.
    pub path: String,
    /// What JSON has there.
    pub kind: String,
    /// Its unit; empty if it has none.
    pub unit: String,
    /// Its name in Chinese.
    pub zh: String,
    /// Its meaning in English.
    pub en: String,
    /// When it leaves: `always` within what was consented, or only under `personal_consent`.
    pub leaves: &'static str,
}

/// Every field of a section's records, in the order of the types.
pub fn fields(section: Section) -> Vec<Field> {
    let schema = section_schema(section);
    let mut found = Vec::new();
    let walk = Walk { section, root: &schema };
    walk.object(&schema["$defs"]["whole"]["allOf"][0], "", "", &mut found);
    found
}

/// The paths that a field profile may name, section by section.
pub fn paths(section: Section) -> &'static BTreeSet<String> {
    static PATHS: LazyLock<Vec<BTreeSet<String>>> = LazyLock::new(|| {
        Section::ALL.map(|section| fields(section).into_iter().map(|field| field.path).collect()).to_vec()
    });
    static NONE: BTreeSet<String> = BTreeSet::new();
    Section::ALL.iter().position(|known| *known == section).and_then(|at| PATHS.get(at)).unwrap_or(&NONE)
}

struct Walk<'a> {
    section: Section,
    root: &'a Value,
}

impl Walk<'_> {
    fn object(&self, schema: &Value, record: &str, under: &str, found: &mut Vec<Field>) {
        let tag = ["record", "form"].iter().find_map(|tag| schema["properties"][*tag]["const"].as_str());
        let record = tag.filter(|_| under.is_empty()).unwrap_or(record);
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            self.field(name, property, record, under, found);
        }
        for variant in ["oneOf", "anyOf", "allOf"] {
            for part in schema[variant].as_array().into_iter().flatten() {
                self.object(part, record, under, found);
            }
        }
        if schema.get("$ref").is_some() {
            self.object(self.resolved(schema), record, under, found);
        }
    }

    fn field(&self, name: &str, property: &Value, record: &str, under: &str, found: &mut Vec<Field>) {
        let target = self.resolved(property);
        let path = if under.is_empty() { name.to_owned() } else { format!("{under}.{name}") };
        let text =
            |of: &str| property[of].as_str().or(target[of].as_str()).unwrap_or_default().replace('\n', " ");
        let tells_kinds_apart = property.get("const").is_some();
        let field = Field {
            section: self.section,
            record: record.to_owned(),
            kind: kind(property, target),
            unit: property["x-unit"].as_str().or(target["x-unit"].as_str()).unwrap_or_default().to_owned(),
            zh: if tells_kinds_apart { "记录种类".to_owned() } else { text("title") },
            en: if tells_kinds_apart {
                "Which kind of record this is.".to_owned()
            } else {
                text("description")
            },
            leaves: if under.is_empty() && self.section.personal_fields().contains(&name) {
                "personal_consent"
            } else {
                "always"
            },
            path: path.clone(),
        };
        if !found.iter().any(|known| known.path == field.path && known.record == field.record) {
            found.push(field);
        }
        self.object(target, record, &path, found);
    }

    /// What a reference leads to; of `T or null`, the T.
    fn resolved<'b>(&'b self, schema: &'b Value) -> &'b Value {
        if let Some(name) = schema["$ref"].as_str().and_then(|target| target.strip_prefix("#/$defs/")) {
            return &self.root["$defs"][name];
        }
        let either = schema["anyOf"].as_array().map(Vec::as_slice).unwrap_or_default();
        match either {
            [one, other] if other["type"] == "null" => self.resolved(one),
            _ => schema,
        }
    }
}

fn kind(property: &Value, target: &Value) -> String {
    let of = |schema: &Value| -> Option<String> {
        if let Some(constant) = schema["const"].as_str() {
            return Some(constant.to_owned());
        }
        let choices = schema["enum"].as_array().or(schema["oneOf"].as_array());
        let choices: Vec<&str> = choices
            .into_iter()
            .flatten()
            .filter_map(|each| each.as_str().or(each["const"].as_str()))
            .collect();
        if !choices.is_empty() {
            return Some(choices.join("|"));
        }
        let format = schema["format"].as_str().filter(|format| *format == "date");
        let types = match &schema["type"] {
            Value::String(one) => vec![one.as_str()],
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
        };
        let named =
            types.into_iter().map(|name| if name == "string" { format.unwrap_or(name) } else { name });
        Some(named.collect::<Vec<_>>().join("|")).filter(|kind| !kind.is_empty())
    };
    let nullable = property["anyOf"][1]["type"] == "null";
    let kind = of(property).or_else(|| of(target)).unwrap_or_else(|| "object".to_owned());
    if nullable { format!("{kind}|null") } else { kind }
}

/// The field dictionary as CSV.
pub fn dictionary() -> String {
    let mut lines = vec!["section,record,path,type,unit,name_zh,meaning_en,leaves".to_owned()];
    for field in Section::ALL.into_iter().flat_map(fields) {
        let Field { section, record, path, kind, unit, zh, en, leaves } = field;
        let cells = [section.as_str(), &record, &path, &kind, &unit, &zh, &en, leaves];
        lines.push(cells.map(csv_cell).join(","));
    }
    lines.join("\n") + "\n"
}

/// The rules of every form as CSV.
pub fn rules() -> String {
    let mut lines = vec!["rule,form,section,must_hold_zh,must_hold_en".to_owned()];
    for form in Form::all() {
        for rule in form.rules() {
            let cells = [rule.id.as_str(), form.id(), form.section().as_str(), &rule.zh, &rule.en];
            lines.push(cells.map(csv_cell).join(","));
        }
    }
    lines.join("\n") + "\n"
}

fn csv_cell(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
