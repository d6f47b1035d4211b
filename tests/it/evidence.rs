//! Bundles of evidence: made by the program, and checked by it where there is no gateway; every file of one counts.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use shuidaiyi::seal::digest::{hexadecimal, sha256};

use crate::support::oracle::kinds;
use crate::support::{Backend, Site, both_backends};

both_backends!(a_bundle_stands_alone);

const FILES: [&str; 6] =
    ["answer.json", "checkpoint.txt", "consent.json", "manifest.json", "trust.json", "说明.html"];

fn program(arguments: &[&str], at: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shuidaiyi")).args(arguments).current_dir(at).output().unwrap()
}

/// The outcome of `verify`: the exit code, and the checks that do not hold.
fn verify(at: &Path, bundle: &Path, more: &[&str]) -> (i32, BTreeMap<String, String>) {
    let mut arguments = vec!["verify", bundle.to_str().unwrap(), "--json"];
    arguments.extend(more);
    let output = program(&arguments, at);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    let failed = report["checks"].as_array().into_iter().flatten().filter(|check| check["holds"] == false);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (
        output.status.code().unwrap(),
        failed.map(|check| (text(&check["check"]), text(&check["detail"]))).collect(),
    )
}

fn unpack(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    (0..zip.len())
        .map(|at| {
            let mut file = zip.by_index(at).unwrap();
            let mut content = Vec::new();
            file.read_to_end(&mut content).unwrap();
            (file.name().unwrap().into_owned(), content)
        })
        .collect()
}

fn pack(files: &BTreeMap<String, Vec<u8>>, path: &Path) {
    let mut zip = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, content) in files {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap();
}

/// As a forger would: the manifest is made to fit.
fn relist(files: &mut BTreeMap<String, Vec<u8>>) {
    let listed: serde_json::Map<String, Value> = files
        .iter()
        .filter(|(name, _)| *name != "manifest.json")
        .map(|(name, content)| (name.clone(), hexadecimal(&sha256(content)).into()))
        .collect();
    files.insert("manifest.json".into(), json!({"v": 1, "sha256": listed}).to_string().into_bytes());
}

async fn a_bundle_stands_alone(backend: Backend) {
    let mut site = Site::start(backend);
    let firms = site.load_city(6);
    site.product("bank-01").await;
    let taxpayer = firms[0].taxpayer_id.as_str();
    let consent = site.consent("bank-01", taxpayer, |_| {}).await;
    let (_, answer) = site.pull("bank-01", consent["id"].as_str().unwrap()).await;
    let other = site.consent("bank-01", taxpayer, |c| c["pulls_max"] = json!(7)).await;
    let id = answer["release_id"].as_str().unwrap().to_owned();
    site.revoke(consent["id"].as_str().unwrap()).await;
    site.stop();

    let (config, elsewhere) = (site.dir().join("shuidaiyi.toml"), tempfile::tempdir().unwrap());
    let config = config.to_str().unwrap();
    let bundle = elsewhere.path().join("evidence.zip");
    let out = bundle.to_str().unwrap();
    let made = program(&["evidence", &id, "--config", config, "--out", out], elsewhere.path());
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let twice = program(&["evidence", &id, "--config", config, "--out", out], elsewhere.path());
    assert_eq!(twice.status.code(), Some(2), "a bundle is not overwritten");
    let absent = elsewhere.path().join("absent.zip");
    let absent = absent.to_str().unwrap();
    let none = program(&["evidence", "absent", "--config", config, "--out", absent], elsewhere.path());
    assert!(none.status.code() == Some(1) && !Path::new(absent).exists());
    let replayed = program(&["ledger", "replay", &id, "--config", config, "--json"], elsewhere.path());
    let replayed: Value = serde_json::from_slice(&replayed.stdout).unwrap();
    assert_eq!(replayed["identical"], true);
    let all = program(&["ledger", "replay", "--all", "--config", config], elsewhere.path());
    assert!(String::from_utf8_lossy(&all.stdout).contains("1 releases replayed, all identical"));

    let good = unpack(&std::fs::read(&bundle).unwrap());
    assert_eq!(good.keys().map(String::as_str).collect::<Vec<_>>(), FILES);
    let page = String::from_utf8(good["说明.html"].clone()).unwrap();
    assert!(page.contains(taxpayer) && page.contains("本包证明什么") && !page.contains("<script"));
    // On a machine that never saw the gateway, in a directory with nothing else in it.
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(verify(empty.path(), &bundle, &[]), (0, BTreeMap::new()));
    let text = program(&["verify", out], empty.path());
    assert!(String::from_utf8_lossy(&text.stdout).contains("the bundle's own"));
    let trust = site.dir().join("trust.json");
    assert_eq!(verify(empty.path(), &bundle, &["--trust", trust.to_str().unwrap()]), (0, BTreeMap::new()));
    let stranger = Site::prepare(Backend::Sqlite, 1);
    let foreign = stranger.dir().join("trust.json");
    assert_eq!(
        verify(empty.path(), &bundle, &["--trust", foreign.to_str().unwrap()]).0,
        1,
        "another exchange's keys"
    );
    assert_eq!(verify(empty.path(), &bundle, &["--audience", "bank-02"]).0, 1);
    every_file_counts(&good, &other, elsewhere.path());

    site.restart();
    let entries = site.entries();
    assert_eq!(kinds(&entries)["evidence.made"], 1);
    let entry = entries.iter().find(|entry| entry["kind"] == "evidence.made").unwrap();
    let manifest = shuidaiyi::seal::digest::prefixed_digest(&good["manifest.json"]);
    assert_eq!((&entry["id"], &entry["manifest_digest"]), (&json!(id), &json!(manifest)));
    if let Some(keep) = std::env::var_os("SHUIDAIYI_KEEP_BUNDLE") {
        std::fs::copy(&bundle, keep).unwrap();
    }
}

/// Each file altered, left out, added; and with a manifest that fits, what the other checks say.
fn every_file_counts(good: &BTreeMap<String, Vec<u8>>, other_consent: &Value, at: &Path) {
    let forged = at.join("forged.zip");
    for name in FILES.iter().filter(|name| **name != "manifest.json") {
        let mut files = good.clone();
        files.get_mut(*name).unwrap().push(b'\n');
        pack(&files, &forged);
        let (code, failed) = verify(at, &forged, &[]);
        assert!(code == 1 && failed["证据包清单 manifest"].contains(name), "{name}: {failed:?}");
    }
    let mut surplus = good.clone();
    surplus.insert("more.txt".into(), Vec::new());
    pack(&surplus, &forged);
    assert!(verify(at, &forged, &[]).1["证据包清单 manifest"].contains("more.txt"));
    for name in ["answer.json", "trust.json"] {
        let mut files = good.clone();
        files.remove(name);
        pack(&files, &forged);
        assert_eq!(verify(at, &forged, &[]).0, 2, "without {name} it is no bundle");
    }
    let relisted = |name: &str, change: &dyn Fn(&str) -> String| {
        let mut files = good.clone();
        let text = change(std::str::from_utf8(&good[name]).unwrap());
        files.insert(name.to_owned(), text.into_bytes());
        relist(&mut files);
        pack(&files, &forged);
        verify(at, &forged, &[])
    };
    let mut terms = other_consent.clone();
    for name in ["digest", "status", "pulls_used", "receipt"] {
        terms.as_object_mut().unwrap().remove(name);
    }
    let (code, failed) = relisted("consent.json", &|_| terms.to_string());
    assert!(code == 1 && failed.keys().eq(["授权书 consent as granted"]), "another consent: {failed:?}");
    let (code, failed) =
        relisted("consent.json", &|text| text.replace("\"pulls_max\":1000", "\"pulls_max\":9"));
    assert!(code == 1 && failed.contains_key("授权书 consent as granted"), "{failed:?}");
    let (code, failed) = relisted("consent.json", &|text| text.replace("\"bank-01\"", "\"bank-02\""));
    assert!(code == 1 && failed.contains_key("授权范围 what the consent allows"), "{failed:?}");
    let (code, failed) = relisted("checkpoint.txt", &|text| text.replacen("\n", "\n1", 1));
    assert!(code == 1 && failed.keys().eq(["检查点 checkpoint"]), "{failed:?}");
    let (code, failed) =
        relisted("answer.json", &|text| text.replacen("\"salt\": \"", "\"salt\": \"AAAA", 1));
    assert!(code == 1 && failed.contains_key("存证与纳税人 entry commits to this taxpayer"), "{failed:?}");
}
