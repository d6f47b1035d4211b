//! A sample of every section, made by the reader and the encoder out of the import samples.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use shuidaiyi::domain::dossier::{
    Annotation, AnnotationStatus, EncodedRecord, SectionContent, Statement, encode,
};
use shuidaiyi::domain::import::{Form, Rows, Syntax};
use shuidaiyi::domain::narrow::Narrowing;
use shuidaiyi::domain::record::{Record, canonical_json};
use shuidaiyi::domain::section::{Section, SectionReason, SectionStatus};

use super::folder;

/// The fields that the narrowed sample's profile opens.
const OPENED: [&str; 4] =
    ["due", "filed_on", "figures.period.sales_taxable_fen", "general.month.sales_std_fen"];

#[test]
fn samples_of_sections_are_what_the_encoder_makes() {
    let opened: BTreeSet<String> = OPENED.iter().map(|path| (*path).to_owned()).collect();
    let mut samples: Vec<(String, String)> = Section::ALL
        .into_iter()
        .map(|section| (format!("section-{section}.json"), encoded(&present(section), None)))
        .collect();
    samples
        .push(("section-filings-narrowed.json".into(), encoded(&present(Section::Filings), Some(&opened))));
    let missing = [
        (Section::Rating, "empty", SectionStatus::Empty, SectionReason::NoRecordInWindow),
        (Section::Invoices, "not-collected", SectionStatus::NotCollected, SectionReason::NoBatchCoversWindow),
        (Section::Statements, "cut", SectionStatus::Withheld, SectionReason::CutByProfile),
        (Section::Payments, "withheld", SectionStatus::Withheld, SectionReason::PersonalConsentMissing),
    ];
    for (section, name, status, reason) in missing {
        let content = absent(section, status, reason);
        samples.push((format!("section-{section}-{name}.json"), encoded(&content, None)));
    }
    samples.push(("section-violations-annotated.json".into(), encoded(&annotated(), None)));
    let write = std::env::var_os("SHUIDAIYI_WRITE_SCHEMA").is_some();
    for (name, text) in &samples {
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(&canonical_json(&value).unwrap(), text, "{name}: the encoder writes canonical JSON");
        let pretty = serde_json::to_string_pretty(&value).unwrap() + "\n";
        let path = folder().join("samples").join(name);
        if write {
            fs::write(&path, &pretty).unwrap();
        }
        let published = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            published == pretty,
            "{name} is not what the encoder makes: SHUIDAIYI_WRITE_SCHEMA=1 cargo test --test schema"
        );
    }
    let listed: BTreeSet<String> = samples.into_iter().map(|(name, _)| name).collect();
    let kept = fs::read_dir(folder().join("samples"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(kept.filter(|name| name.starts_with("section-")).collect::<BTreeSet<_>>(), listed);
}

/// The import samples of a section's forms, as records.
fn records(section: Section) -> Vec<Record> {
    let mut records = Vec::new();
    for form in Form::all().iter().filter(|form| form.section() == section) {
        let path = folder().join("import/samples").join(format!("{}.ndjson", form.id()));
        let text = fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        let rows = Rows::open(form, Syntax::Ndjson, text.as_bytes()).unwrap();
        records.extend(rows.map(|row| row.unwrap_or_else(|why| panic!("{}: {why}", path.display()))));
    }
    records.sort_by(|one, other| one.key.cmp(&other.key));
    records
}

fn present(section: Section) -> SectionContent {
    let forms: Vec<&str> =
        Form::all().iter().filter(|form| form.section() == section).map(Form::id).collect();
    let stored = |record: Record| EncodedRecord {
        body: record.body,
        marks: (!record.marks.is_empty()).then(|| serde_json::to_string(&record.marks).unwrap()),
        checks: record.checks.map(|checks| serde_json::to_string(&checks).unwrap()),
    };
    let as_of = "2026-10-31".parse().ok();
    SectionContent {
        section,
        status: SectionStatus::Present,
        reason: None,
        as_of,
        stale_after: "2026-12-15".parse().ok(),
        source: Some(forms.join(" ")),
        records: records(section).into_iter().map(stored).collect(),
        annotations: Vec::new(),
        statements: Vec::new(),
    }
}

/// Violations of which one is disputed, and the firm says something to the other.
fn annotated() -> SectionContent {
    let mut content = present(Section::Violations);
    let day = "2026-11-24".parse().unwrap();
    let status = AnnotationStatus::UnderReview;
    content.annotations.push(Annotation { record: 0, raised_on: day, status });
    let text = "发票已补齐，正在办理手续。".to_owned();
    content.statements.push(Statement { record: 1, stated_on: day, text });
    content
}

fn absent(section: Section, status: SectionStatus, reason: SectionReason) -> SectionContent {
    let spoken = status == SectionStatus::Empty;
    SectionContent {
        section,
        status,
        reason: Some(reason),
        as_of: "2026-10-31".parse().ok().filter(|_| spoken),
        stale_after: "2026-12-15".parse().ok().filter(|_| spoken),
        source: None,
        records: Vec::new(),
        annotations: Vec::new(),
        statements: Vec::new(),
    }
}

fn encoded(content: &SectionContent, opened: Option<&BTreeSet<String>>) -> String {
    let narrowing = Narrowing {
        personal_data: false,
        opened,
        legal_rep_digest: None,
        pseudonym: &|counterparty| format!("{counterparty:A<22}").replace(|c: char| c.is_ascii_digit(), "p"),
    };
    encode(content, &narrowing).unwrap()
}
