//! Rotation of the exchange's keys under pulls: nothing fails meanwhile, and what was signed before stays valid.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use shuidaiyi::ledger::note::NoteSigner;
use shuidaiyi::ledger::receipt::InclusionReceipt;
use shuidaiyi::seal::keys::read_pkcs8;
use shuidaiyi::seal::trust::TrustFile;
use shuidaiyi::seal::verify::Expectations;
use shuidaiyi::service::admin::Actor;
use shuidaiyi::service::key_rotation::{DossierRotation, rotate_dossier, rotate_ledger, rotate_salt};
use shuidaiyi::service::verify::{PullAnswer, verify};

use crate::support::child::program;
use crate::support::wire::{Wire, assert_verifies, grant_many, sections};
use crate::support::{Backend, Site, both_backends};

both_backends!(
    rotations_under_pulls_fail_none,
    after_the_overlap_one_ledger_key_signs,
    a_key_announced_signs_from_its_instant,
    what_cannot_be_read_is_not_taken_up,
);

/// How soon a running gateway must have taken a rotation up.
const TAKEN_UP_WITHIN: Duration = Duration::from_secs(2);

async fn rotations_under_pulls_fail_none(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(3);
    site.product("bank-01").await;
    let taxpayers: Vec<&str> = firms.iter().map(|firm| firm.taxpayer_id.as_str()).collect();
    let consents = grant_many(site.exchange(), "bank-01", &taxpayers, 3, |_| {}).await;
    let wire = Wire::new(&site, "bank-01", &site.url());
    let (_, before) = wire.pull(&consents[0], None).await.unwrap();
    let old_trust = trust(&site);

    let over = Arc::new(AtomicBool::new(false));
    let pulling = tokio::spawn(pull_until(wire.clone(), consents.clone(), over.clone()));
    for which in ["dossier", "ledger", "salt"] {
        rotate(&site.dir(), which).await;
        let began = Instant::now();
        while !taken_up(which, &before, &wire.pull(&consents[0], None).await.unwrap().1) {
            assert!(began.elapsed() < TAKEN_UP_WITHIN, "{which} not taken up after {TAKEN_UP_WITHIN:?}");
        }
    }
    let after = wire.pull(&consents[0], None).await.unwrap().1;
    over.store(true, Ordering::SeqCst);
    let answers = pulling.await.unwrap();
    assert!(answers.len() > 3, "only {} pulls meanwhile", answers.len());
    for answer in answers.iter().chain([&before, &after]) {
        assert_verifies(&site, "bank-01", answer);
    }
    // A bank that has not fetched the new trust file checks the receipt with the old ledger key.
    let failed = failures(&site, &after, &old_trust);
    assert!(failed.iter().all(|name| !name.starts_with("收据")), "{failed:?}");
    assert!(failed.iter().any(|name| name.starts_with("签发密钥")), "{failed:?}");
    // The same records under another salt: the same sections, other disclosures.
    assert_eq!(sections(&before), sections(&after));
    assert_ne!(disclosures(&before), disclosures(&after));
    repeats_are_identical(&wire, [&before, &after]).await;
    let entries = site.entries();
    let changes: Vec<(&str, &str)> = entries
        .iter()
        .filter(|entry| entry["kind"] == "key.changed")
        .map(|entry| (entry["use"].as_str().unwrap(), entry["change"].as_str().unwrap()))
        .collect();
    let expected = ["dossier", "ledger", "salt"].map(|usage| [(usage, "added"), (usage, "retired")]).concat();
    assert_eq!(changes, expected);
}

async fn after_the_overlap_one_ledger_key_signs(backend: Backend) {
    let mut site = Site::start(backend);
    let (consent, wire) = one_consent(&site).await;
    let before = wire.pull(&consent, None).await.unwrap().1;
    let old_trust = trust(&site);
    let exchange = site.exchange().clone();
    blocking(move || rotate_ledger(&exchange, 600, &operator()).unwrap()).await;
    let meanwhile = wire.pull(&consent, None).await.unwrap().1;
    assert_eq!(signatures(&meanwhile), 2);
    assert_eq!(failures(&site, &meanwhile, &old_trust), [""; 0]);
    site.clock.advance_seconds(601);
    tokio::time::sleep(TAKEN_UP_WITHIN).await;
    let after = wire.pull(&consent, None).await.unwrap().1;
    assert_eq!(signatures(&after), 1);
    assert_eq!(failures(&site, &after, &old_trust).len(), 1, "the old key vouches for nothing new");
    // Nor does it under the new trust file, should someone find it and sign.
    let failed = failures(&site, &signed_by_the_first_key(&site, &after), &trust(&site));
    assert!(failed.len() == 1 && failed[0].starts_with("收据"), "{failed:?}");
    assert_eq!(failures(&site, &signed_by_the_first_key(&site, &before), &trust(&site)), [""; 0]);
    for answer in [&before, &meanwhile, &after] {
        assert_verifies(&site, "bank-01", answer);
    }
    // A past key is not needed to start, only to have been kept in the trust file.
    std::fs::remove_file(site.dir().join("keys/ledger.key")).unwrap();
    site.restart();
    let wire = Wire::new(&site, "bank-01", &site.url());
    let again = wire.pull(&consent, None).await.unwrap().1;
    assert_verifies(&site, "bank-01", &again);
}

async fn a_key_announced_signs_from_its_instant(backend: Backend) {
    let site = Site::start(backend);
    let (consent, wire) = one_consent(&site).await;
    let exchange = site.exchange().clone();
    let how = DossierRotation { certificate: None, after_seconds: 300, overlap_seconds: 60 };
    let rotated = blocking(move || rotate_dossier(&exchange, &how, &operator()).unwrap()).await;
    let (_, published) = site.json("bank-01", Method::GET, "/v1/keys", None).await;
    assert_eq!(published["jwks"]["keys"][1]["kid"], rotated.key);
    let before = wire.pull(&consent, None).await.unwrap().1;
    assert_ne!(kid(&before), rotated.key);
    site.clock.advance_seconds(301);
    let after = wire.pull(&consent, None).await.unwrap().1;
    assert_eq!(kid(&after), rotated.key);
    for answer in [&before, &after] {
        assert_verifies(&site, "bank-01", answer);
    }
}

async fn what_cannot_be_read_is_not_taken_up(backend: Backend) {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::start(backend);
    let (consent, wire) = one_consent(&site).await;
    let (path, whole) =
        (site.dir().join("trust.json"), std::fs::read(site.dir().join("trust.json")).unwrap());
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(site.exchange().keys.refresh(now(&site)).is_err());
    assert_eq!(wire.pull(&consent, None).await.unwrap().0, StatusCode::CREATED);
    std::fs::write(&path, &whole).unwrap();
    // A salt key that others may read stops the next rotation's reading, and says how to mend it.
    let open = site.dir().join("keys/salt-epoch-2.key");
    std::fs::write(&open, "00".repeat(32)).unwrap();
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o640)).unwrap();
    let refused = site.exchange().keys.refresh(now(&site)).unwrap_err().to_string();
    assert!(refused.contains("chmod 600"), "{refused}");
    assert_eq!(wire.pull(&consent, None).await.unwrap().0, StatusCode::CREATED);
    std::fs::remove_file(&open).unwrap();
    // Another ledger's name is another ledger: not under this process's anchor.
    let text = String::from_utf8(whole.clone()).unwrap();
    let mut other = TrustFile::parse(&text).unwrap();
    let vkey: shuidaiyi::ledger::note::NoteVerifier = other.ledger_vkey.parse().unwrap();
    other.ledger_vkey =
        shuidaiyi::ledger::note::NoteVerifier::new(&format!("{}-2", vkey.name()), *vkey.public_key())
            .unwrap()
            .to_string();
    std::fs::write(&path, other.to_json().unwrap()).unwrap();
    let refused = site.exchange().keys.refresh(now(&site)).unwrap_err().to_string();
    assert!(refused.ends_with("restart it"), "{refused}");
    std::fs::write(&path, &whole).unwrap();
    let exchange = site.exchange().clone();
    blocking(move || rotate_salt(&exchange, &operator()).unwrap()).await;
    assert_verifies(&site, "bank-01", &wire.pull(&consent, None).await.unwrap().1);
}

async fn one_consent(site: &Site) -> (String, Wire) {
    let firms = site.load_city(1);
    site.product("bank-01").await;
    let consents = grant_many(site.exchange(), "bank-01", &[firms[0].taxpayer_id.as_str()], 1, |_| {}).await;
    (consents[0].clone(), Wire::new(site, "bank-01", &site.url()))
}

fn now(site: &Site) -> shuidaiyi::domain::timestamp::Timestamp {
    shuidaiyi::clock::Clock::now(&*site.clock)
}

fn operator() -> Actor {
    Actor::operator("test")
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// The same answer, its checkpoint signed by the site's first ledger key alone.
fn signed_by_the_first_key(site: &Site, answer: &Value) -> Value {
    let key = read_pkcs8(&site.dir().join("keys/ledger.key")).unwrap();
    let signer = NoteSigner::from_pkcs8(&site.exchange().keys.origin(), &key).unwrap();
    let mut receipt = InclusionReceipt::parse(answer["receipt"]["proof"].as_str().unwrap()).unwrap();
    let text = receipt.checkpoint.split_once("\n\n").unwrap().0;
    receipt.checkpoint = signer.sign(text);
    let mut signed = answer.clone();
    signed["receipt"]["proof"] = receipt.to_text().into();
    signed
}

/// Rotates as the operator does: on the command line, beside the running gateway.
async fn rotate(dir: &Path, which: &str) {
    let mut command = program();
    command.args(["key", "rotate", which, "--config"]).arg(dir.join("shuidaiyi.toml"));
    let done = blocking(move || command.status().unwrap()).await;
    assert!(done.success(), "{which}: {done}");
}

/// Every answer of one bank that pulls without a pause.
async fn pull_until(wire: Wire, consents: Vec<String>, over: Arc<AtomicBool>) -> Vec<Value> {
    let mut answers = Vec::new();
    while !over.load(Ordering::SeqCst) {
        let (status, answer) = wire.pull(&consents[answers.len() % consents.len()], None).await.unwrap();
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        answers.push(answer);
    }
    answers
}

fn taken_up(which: &str, before: &Value, now: &Value) -> bool {
    match which {
        "dossier" => kid(now) != kid(before),
        "ledger" => signatures(now) == 2,
        _ => disclosures(now) != disclosures(before),
    }
}

async fn repeats_are_identical(wire: &Wire, answers: [&Value; 2]) {
    for answer in answers {
        let id = answer["release_id"].as_str().unwrap();
        let (status, repeated) = wire.get(&format!("/v1/releases/{id}")).await;
        assert_eq!(status, StatusCode::OK);
        let repeated: Value = serde_json::from_str(&repeated).unwrap();
        assert_eq!(repeated["dossier"], answer["dossier"]);
    }
}

fn trust(site: &Site) -> TrustFile {
    TrustFile::parse(&std::fs::read_to_string(site.dir().join("trust.json")).unwrap()).unwrap()
}

fn failures(site: &Site, answer: &Value, trust: &TrustFile) -> Vec<&'static str> {
    let answer: PullAnswer = serde_json::from_value(answer.clone()).unwrap();
    let expect = Expectations { audience: Some("bank-01"), at_micros: now(site).micros() };
    let report = verify(&answer, trust, expect);
    report.checks.iter().filter(|check| check.outcome.is_err()).map(|check| check.name).collect()
}

pub fn kid(answer: &Value) -> String {
    let header = answer["dossier"].as_str().unwrap().split('.').next().unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

fn signatures(answer: &Value) -> usize {
    answer["receipt"]["proof"].as_str().unwrap().lines().filter(|line| line.starts_with('\u{2014}')).count()
}

fn disclosures(answer: &Value) -> Vec<&str> {
    answer["dossier"].as_str().unwrap().split('~').skip(1).collect()
}
