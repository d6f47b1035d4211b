//! Whole dossiers: all ten sections of a synthetic city, through three rounds of amendments.
//!
//! Each dossier verifies, is described by the published schemas as somebody else's validator reads them, and comes out
//! of the records byte for byte after everything that was delivered later.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::process::Command;

use chrono::NaiveDate;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shuidaiyi::domain::import::manifest::ManifestFile;
use shuidaiyi::domain::section::Section;

use crate::support::site::product_terms;
use crate::support::wire::sections;
use crate::support::{Backend, Site, both_backends};

both_backends!(ten_sections_survive_three_rounds_of_amendments);

/// A small city with an inspection in it, which few firms have.
const SEED: u64 = 3;
const TAXPAYERS: u64 = 40;
const THIRD_PARTY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/third_party");

async fn ten_sections_survive_three_rounds_of_amendments(backend: Backend) {
    let site = Site::start(backend);
    let (directory, manifest, firms) = site.write_city(SEED, TAXPAYERS);
    let mut rounds: BTreeMap<NaiveDate, Vec<ManifestFile>> = BTreeMap::new();
    for file in &manifest.files {
        rounds.entry(file.as_of).or_default().push(file.clone());
    }
    assert_eq!(rounds.len(), 4, "the first delivery and three rounds of amendments");
    // Every fifth firm, and whoever was inspected, or has its registration or statements amended.
    let telling = |file: &&ManifestFile| {
        let amended = file.file.contains("amendments");
        file.form == "inspection"
            || amended && (file.form == "registration" || file.form.contains("statement"))
    };
    let named: String = manifest
        .files
        .iter()
        .filter(telling)
        .map(|file| std::fs::read_to_string(directory.join(&file.file)).unwrap())
        .collect();
    let chosen: Vec<&str> = firms
        .iter()
        .filter(|firm| firm.index % 5 == 0 || named.contains(firm.taxpayer_id.as_str()))
        .map(|firm| firm.taxpayer_id.as_str())
        .collect();
    let consents = consents(&site, &chosen).await;
    let mut answers: Vec<BTreeMap<String, Value>> = Vec::new();
    for files in rounds.values() {
        for file in files {
            let report = site.deliver_file(&directory, file);
            assert_eq!(report.rejected, 0, "{}: {:?}", file.file, report.errors);
        }
        let mut of_round = BTreeMap::new();
        for (taxpayer, consent) in &consents {
            let (status, answer) = site.pull("bank-01", consent).await;
            assert_eq!(status, StatusCode::CREATED, "{answer}");
            of_round.insert(taxpayer.clone(), answer);
        }
        answers.push(of_round);
    }
    every_round_changes_something(&answers);
    every_section_is_present_somewhere(answers.last().unwrap());
    for answer in answers.iter().flat_map(BTreeMap::values) {
        let path = format!("/v1/releases/{}", answer["release_id"].as_str().unwrap());
        let (status, again) = site.json("bank-01", Method::GET, &path, None).await;
        assert_eq!(status, StatusCode::OK, "{again}");
        assert_eq!(again["dossier"], answer["dossier"], "as it was sent, out of the records");
    }
    let fullest = answers[0].values().max_by_key(|answer| answer["dossier"].as_str().map(str::len)).unwrap();
    let trader = answers[3].iter().find(|(id, _)| id.starts_with("92")).map(|(_, answer)| answer);
    for answer in std::iter::once(fullest).chain(trader) {
        other_peoples_programs_agree(&site, answer);
    }
}

/// Consents for everything, with the person's own; by taxpayer. The bureau takes none for a number whose check
/// characters are wrong, of which a city has a few.
async fn consents(site: &Site, taxpayers: &[&str]) -> BTreeMap<String, String> {
    let all = Section::ALL.map(Section::as_str).to_vec();
    let mut terms = product_terms();
    terms["sections"] = json!(all);
    let put = site.json("bank-01", Method::PUT, "/v1/products/bank-01-credit", Some(terms)).await;
    assert!(put.0.is_success(), "{put:?}");
    let approved =
        site.json("bureau", Method::POST, "/v1/products/bank-01-credit/approval", Some(json!({}))).await;
    assert!(approved.0.is_success(), "{approved:?}");
    let mut consents = BTreeMap::new();
    for taxpayer in taxpayers {
        if shuidaiyi::domain::taxpayer_id::TaxpayerId::parse_strict(taxpayer).is_ok() {
            let granted = site
                .consent("bank-01", taxpayer, |terms| {
                    terms["sections"] = json!(all);
                    terms["personal_data"] = true.into();
                })
                .await;
            consents.insert((*taxpayer).to_owned(), granted["id"].as_str().unwrap().to_owned());
        }
    }
    consents
}

fn every_round_changes_something(answers: &[BTreeMap<String, Value>]) {
    let mut over_all = BTreeSet::new();
    for (round, pair) in answers.windows(2).enumerate() {
        let changed: BTreeSet<String> = pair[0]
            .iter()
            .flat_map(|(taxpayer, before)| {
                let (before, after) = (sections(before), sections(&pair[1][taxpayer]));
                let changed =
                    before.into_iter().filter(move |(name, old)| old["records"] != after[name]["records"]);
                changed.map(|(name, _)| name).collect::<Vec<_>>()
            })
            .collect();
        assert!(!changed.is_empty(), "round {} changes nothing", round + 1);
        over_all.extend(changed);
    }
    for section in ["registration", "filings", "payments", "statements"] {
        assert!(over_all.contains(section), "{section}: {over_all:?}");
    }
}

fn every_section_is_present_somewhere(answers: &BTreeMap<String, Value>) {
    let mut whole = 0;
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for answer in answers.values() {
        let all = sections(answer);
        assert_eq!(
            all.keys().map(String::as_str).collect::<BTreeSet<_>>(),
            Section::ALL.iter().map(|s| s.as_str()).collect()
        );
        whole += usize::from(all.values().filter(|section| section["status"] == "present").count() >= 9);
        for (name, section) in all {
            seen.entry(name).or_default().insert(section["status"].as_str().unwrap().to_owned());
        }
    }
    assert!(whole > 0, "a firm with nine sections present at least: {seen:?}");
    for section in Section::ALL {
        assert!(seen[section.as_str()].contains("present"), "{section}: {seen:?}");
        assert!(!seen[section.as_str()].contains("not_collected"), "{section}: {seen:?}");
    }
}

/// The dossier's signature, disclosures and schemas by Python libraries that share no code with us.
fn other_peoples_programs_agree(site: &Site, answer: &Value) {
    let python = std::env::var_os("SHUIDAIYI_PYTHON").unwrap_or_else(|| OsString::from("python3"));
    let probe = Command::new(&python)
        .args(["-c", "import jsonschema, cryptography, joserfc, jwcrypto, sd_jwt"])
        .output();
    if !probe.is_ok_and(|output| output.status.success()) {
        assert!(
            std::env::var_os("CI").is_none(),
            "this is CI: Python needs tests/third_party/requirements.txt"
        );
        eprintln!(
            "SKIPPED: pip install -r tests/third_party/requirements.txt, and name the Python in SHUIDAIYI_PYTHON"
        );
        return;
    }
    let pull = site.dir().join("pull.json");
    std::fs::write(&pull, answer.to_string()).unwrap();
    for script in ["verify_dossier.py", "check_schemas.py"] {
        let output = Command::new(&python)
            .arg(format!("{THIRD_PARTY}/{script}"))
            .arg(&pull)
            .arg(site.dir().join("trust.json"))
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{script}:\n{text}\n{}", String::from_utf8_lossy(&output.stderr));
    }
}
