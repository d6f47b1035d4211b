//! The program's `check`, and what `import` makes of a manifest: exit codes, reports, files of rejected rows.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

const HEAD: &str = "taxpayer_id,year,level,score,assessed_on,valid_from,superseded_on,cause\n";

fn row(number: u32, level: &str) -> String {
    format!("44030419700101{number:04},2024,{level},86.5,2025-04-25,2025-04-25,,annual\n")
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shuidaiyi")).args(arguments).output().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Exit code and the reports of `check --json`.
fn check(arguments: &[&str]) -> (i32, Vec<Value>) {
    let output = run(&[&["check", "--json"], arguments].concat());
    let reports = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), reports.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

#[test]
fn a_whole_city_passes_and_its_manifest_is_held_to_its_word() {
    let home = tempfile::tempdir().unwrap();
    let city = home.path().join("city");
    let site = home.path().join("site");
    assert!(run(&["synth", "--taxpayers", "60", "--seed", "3", "--out", text(&city)]).status.success());
    let (code, reports) = check(&[text(&city)]);
    assert_eq!(code, 0, "{reports:?}");
    let manifest: Value = serde_json::from_slice(&fs::read(city.join("manifest.json")).unwrap()).unwrap();
    let stated: Vec<&Value> =
        manifest["files"].as_array().unwrap().iter().map(|file| &file["rows"]).collect();
    assert_eq!(reports.iter().map(|report| &report["rows"]).collect::<Vec<_>>(), stated);
    assert!(reports.iter().all(|report| report["rejected"] == 0 && report["unreadable"].is_null()));

    assert!(run(&["init", "--dir", text(&site)]).status.success());
    let config = site.join("shuidaiyi.toml");
    for (member, value, rule) in
        [("sha256", json!("0".repeat(64)), "manifest.sha256"), ("rows", json!(7), "manifest.rows")]
    {
        let mut wrong = manifest.clone();
        wrong["files"][0][member] = value;
        wrong["files"].as_array_mut().unwrap().truncate(1);
        fs::write(city.join("manifest.json"), wrong.to_string()).unwrap();
        let (code, reports) = check(&[text(&city.join("manifest.json"))]);
        assert_eq!((code, &reports[0]["unreadable"]["rule"]), (2, &json!(rule)));
        let import = run(&["import", "--config", text(&config), text(&city)]);
        let told = String::from_utf8_lossy(&import.stderr).into_owned();
        assert_eq!(import.status.code(), Some(1), "{told}");
        assert!(told.contains(if member == "rows" { "rows" } else { "SHA-256" }), "{told}");
    }
}

#[test]
fn rejected_rows_are_told_and_written_to_be_mended() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("rating-2024.csv.gz");
    let out = home.path().join("errors.csv");
    let good: String = (10..500).map(|number| row(number, "B")).collect();
    let bad = [row(1, "Z"), row(2, "B"), row(2, "B"), "\"open\n".to_owned()].concat();
    let packed = fs::File::create(&file).unwrap();
    let mut encoder = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, format!("{HEAD}{bad}{good}").as_bytes()).unwrap();
    encoder.finish().unwrap();
    let (code, reports) = check(&[text(&file), "--errors-out", text(&out)]);
    let report = &reports[0];
    assert_eq!((code, &report["form"]), (1, &json!("rating")), "the form is guessed from the name");
    assert_eq!(
        (&report["rows"], &report["accepted"], &report["rejected"]),
        (&json!(494), &json!(491), &json!(3))
    );
    let by_rule = json!({"code.unknown": 1, "duplicate.record": 1, "shape.quotes": 1});
    assert_eq!(report["rejected_by_rule"], by_rule);
    let first = &report["errors"][0];
    assert_eq!((&first["line"], &first["column"]), (&json!(2), &json!("level")));

    let told = run(&["check", text(&file)]);
    let told = String::from_utf8(told.stdout).unwrap();
    for part in
        ["第 2 行 line 2", "评价级别", "[code.unknown]", "must be one of A, B, M, C, D", "duplicate.record 1"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!told.contains('Z'), "no value is repeated: {told}");

    let errors = fs::read_to_string(&out).unwrap();
    assert_eq!(errors.lines().count(), 4, "{errors}");
    let mended = home.path().join("mended.csv");
    let without_broken: Vec<&str> = errors.lines().filter(|line| !line.contains("shape.quotes")).collect();
    fs::write(&mended, without_broken.join("\n").replace(",Z,", ",A,")).unwrap();
    let (code, reports) = check(&[text(&mended), "--form", "rating"]);
    assert_eq!((code, &reports[0]["accepted"]), (0, &json!(2)), "{reports:?}");
}

#[test]
fn what_cannot_be_read_is_told_apart() {
    let home = tempfile::tempdir().unwrap();
    let gb = home.path().join("rating.csv");
    fs::write(&gb, encoding_rs::GB18030.encode("纳税人识别号,评价年度\n").0).unwrap();
    let (code, reports) = check(&[text(&gb)]);
    assert_eq!((code, &reports[0]["unreadable"]["rule"]), (2, &json!("input.charset")));
    let (code, reports) = check(&[text(&gb), "--charset", "GB18030"]);
    assert_eq!((code, &reports[0]["unreadable"]["rule"]), (2, &json!("header.missing_column")));
    for arguments in [
        vec!["check", "/no/such/rating.csv"],
        vec!["check", text(&gb), "--form", "poem"],
        vec!["check", text(&gb), "--charset", "big5"],
        vec!["check", text(home.path()), "--form", "poem"],
        vec!["check"],
    ] {
        assert_eq!(run(&arguments).status.code(), Some(2), "{arguments:?}");
    }
}
