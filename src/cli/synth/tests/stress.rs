//! The stress delivery is said of what its list says, row by row, and its corrected copy loads whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use ring::digest::{SHA256, digest};

use crate::cli::synth::City;
use crate::cli::synth::stress::{Expected, STRESS, STRESS_CORRECTED, write_stress};
use crate::domain::import::manifest::{Manifest, ManifestFile};
use crate::domain::import::{Form, InputRule, RowProblem, Rows};

struct Found {
    expected: Vec<Expected>,
    stress: Vec<Expected>,
    corrected: Vec<Expected>,
    rows: [u64; 2],
}

static FOUND: LazyLock<Found> = LazyLock::new(|| found(1));

fn found(seed: u64) -> Found {
    let directory = tempfile::tempdir().unwrap();
    let mut expected = write_stress(&City::new(seed, 20), directory.path()).unwrap();
    let written = fs::read(directory.path().join(STRESS).join("expected.json")).unwrap();
    assert_eq!(serde_json::from_slice::<Vec<Expected>>(&written).unwrap(), expected);
    expected.sort();
    let (stress, bad) = check(&directory.path().join(STRESS));
    let (corrected, good) = check(&directory.path().join(STRESS_CORRECTED));
    Found { expected, stress, corrected, rows: [bad, good] }
}

/// What the readers say of a delivery, and how many rows they took.
fn check(directory: &Path) -> (Vec<Expected>, u64) {
    let manifest: Manifest =
        serde_json::from_slice(&fs::read(directory.join("manifest.json")).unwrap()).unwrap();
    let (mut said, mut taken, mut seen) = (Vec::new(), 0, BTreeSet::new());
    for file in &manifest.files {
        let mut told = |row: Option<u64>, column: Option<String>, rule: Option<InputRule>, marks| {
            let rule = rule.map(|rule| rule.to_string());
            said.push(Expected { file: file.file.clone(), row, column, rule, marks });
        };
        let bytes = fs::read(directory.join(&file.file)).unwrap();
        if sha256(&bytes) != file.sha256 {
            told(None, None, Some(InputRule::ManifestDigest), Vec::new());
            continue;
        }
        let mut rows = match open(file, &bytes) {
            Ok(rows) => rows,
            Err(broken) => {
                told(None, None, Some(broken.rule), Vec::new());
                continue;
            }
        };
        let (mut whole, mut good) = (true, 0);
        while let Some(item) = rows.next() {
            let row = Some(rows.rows_read());
            match item {
                Ok(record) => {
                    if !seen.insert((
                        file.file.clone(),
                        record.taxpayer.clone(),
                        record.section,
                        record.key.clone(),
                    )) {
                        told(row, None, Some(InputRule::DuplicateRecord), Vec::new());
                        continue;
                    }
                    good += 1;
                    let mut marks: Vec<String> = record.marks.iter().map(|mark| mark.rule.clone()).collect();
                    if !marks.is_empty() {
                        marks.sort();
                        told(row, None, None, marks);
                    }
                }
                Err(RowProblem::Rejected(error)) => told(row, error.column, Some(error.rule), Vec::new()),
                Err(RowProblem::Broken(broken)) => {
                    whole = false;
                    told(None, None, Some(broken.rule), Vec::new());
                }
            }
        }
        taken += if whole { good } else { 0 };
        if whole && rows.rows_read() != file.rows {
            told(None, None, Some(InputRule::ManifestRows), Vec::new());
        }
    }
    said.sort();
    (said, taken)
}

fn open<'a>(file: &ManifestFile, bytes: &'a [u8]) -> Result<Rows<'a>, crate::domain::import::Broken> {
    let form = Form::by_id(&file.form).unwrap();
    Rows::decoded(form, file.syntax, file.encoding, file.compression.unpack(bytes).unwrap())
}

fn sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_bad_row_is_named_as_listed_and_nothing_else_is() {
    let (said, listed): (BTreeSet<_>, BTreeSet<_>) =
        (FOUND.stress.iter().collect(), FOUND.expected.iter().collect());
    let unlisted: Vec<_> = said.difference(&listed).collect();
    let unsaid: Vec<_> = listed.difference(&said).collect();
    assert!(unlisted.is_empty() && unsaid.is_empty(), "said {unlisted:#?}\nlisted {unsaid:#?}");
    assert_eq!(FOUND.stress.len(), FOUND.expected.len());
}

#[test]
fn the_list_holds_whatever_the_seed() {
    for seed in [2, 10] {
        let other = found(seed);
        assert_eq!(other.stress, other.expected);
        assert_eq!(other.corrected, []);
        assert_eq!(other.expected, FOUND.expected, "rows differ, what is said of them does not");
    }
}

#[test]
fn the_corrected_delivery_loads_whole_without_a_mark() {
    assert_eq!(FOUND.corrected, []);
    // Every row that was rejected is there now, and the row of each file that was refused. The files of which the
    // manifest misstates the rows had theirs.
    let misstated =
        FOUND.expected.iter().filter(|entry| entry.rule.as_deref() == Some("manifest.rows")).count();
    let mended = FOUND.expected.iter().filter(|entry| entry.marks.is_empty()).count() - misstated;
    assert_eq!(FOUND.rows[1] - FOUND.rows[0], u64::try_from(mended).unwrap());
}

/// Rules that no file of this delivery can break: those of workbooks, which the city does not write.
const OF_WORKBOOKS: [InputRule; 3] =
    [InputRule::InputWorkbook, InputRule::TypeNumberCell, InputRule::TypeErrorCell];

#[test]
fn every_rule_of_input_is_broken_somewhere() {
    let broken: BTreeSet<&str> = FOUND.expected.iter().filter_map(|entry| entry.rule.as_deref()).collect();
    for rule in InputRule::ALL.iter().filter(|rule| !OF_WORKBOOKS.contains(rule)) {
        assert!(broken.contains(rule.as_str()), "{rule}");
    }
}

#[test]
fn every_rule_of_a_form_is_failed_somewhere() {
    let mut failed: BTreeMap<&str, usize> = BTreeMap::new();
    for mark in FOUND.expected.iter().flat_map(|entry| &entry.marks) {
        *failed.entry(mark.as_str()).or_default() += 1;
    }
    for rule in Form::all().iter().flat_map(Form::rules) {
        // The layout of 2019 is of periods before the city's.
        assert!(rule.id.starts_with("cit_prepayment.2019") || failed.contains_key(&*rule.id), "{}", rule.id);
    }
}
