//! Replay of many releases after what came later: amended records, rotated keys and salts, revocations, a restart.
//!
//! `SHUIDAIYI_REPLAYS=1000` for the whole campaign; what it last found is in `tests/results/replay.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use chrono::NaiveDate;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shuidaiyi::domain::import::manifest::ManifestFile;
use shuidaiyi::domain::member::Role;
use shuidaiyi::domain::section::Section;
use shuidaiyi::domain::taxpayer_id::TaxpayerId;
use shuidaiyi::service::admin::Actor;
use shuidaiyi::service::audit::{Replayed, replay};
use shuidaiyi::service::directory::Caller;
use shuidaiyi::service::key_rotation::{DossierRotation, rotate_dossier, rotate_ledger, rotate_salt};
use shuidaiyi::store::audit_read;

use crate::support::site::product_terms;
use crate::support::wire::{Wire, grant_many};
use crate::support::{Backend, Site, both_backends, sql};

both_backends!(every_release_is_rebuilt_identical, a_replay_names_what_differs);

/// A small city with an inspection in it, and its three rounds of amendments.
const SEED: u64 = 3;
const TAXPAYERS: u64 = 40;

fn replays() -> usize {
    std::env::var("SHUIDAIYI_REPLAYS").ok().map_or(60, |count| count.parse().expect("a number"))
}

fn bureau() -> Caller {
    Caller {
        member: "bureau".parse().unwrap(),
        role: Role::Bureau,
        label: "auditor".into(),
        certificate: String::new(),
        quota_per_day: 0,
    }
}

async fn replayed(site: &Site, id: &str) -> Replayed {
    replay(site.exchange(), &bureau(), id, None).await.unwrap()
}

async fn every_release_is_rebuilt_identical(backend: Backend) {
    let count = replays();
    let mut site = Site::start(backend);
    let (directory, manifest, firms) = site.write_city(SEED, TAXPAYERS);
    let mut rounds: BTreeMap<NaiveDate, Vec<ManifestFile>> = BTreeMap::new();
    for file in &manifest.files {
        rounds.entry(file.as_of).or_default().push(file.clone());
    }
    product(&site).await;
    let known: Vec<&str> = firms
        .iter()
        .map(|firm| firm.taxpayer_id.as_str())
        .filter(|id| TaxpayerId::parse_strict(id).is_ok())
        .collect();
    let consents = grant_many(site.exchange(), "bank-01", &known, known.len() * 2, |terms| {
        terms["sections"] = json!(Section::ALL.map(Section::as_str));
    })
    .await;
    let (mut answers, mut epochs) = (BTreeMap::new(), 1);
    for files in rounds.values() {
        for file in files {
            assert_eq!(site.deliver_file(&directory, file).rejected, 0, "{}", file.file);
        }
        // Half of a round's pulls before its rotation, half after.
        for half in 0..2 {
            let share = count.div_ceil(rounds.len() * 2).min(count - answers.len());
            pull(&site, &consents, share, &mut answers).await;
            if half == 0 {
                rotate(&site, &mut epochs);
            }
        }
    }
    assert_eq!(answers.len(), count);
    // What is revoked, and asked of after a restart, is replayed all the same.
    for consent in consents.iter().step_by(3) {
        site.revoke(consent).await;
    }
    site.restart();
    let (began, mut salts, mut sizes) = (Instant::now(), BTreeSet::new(), BTreeSet::new());
    let mut identical = 0;
    for (id, sections) in &answers {
        let replayed = replayed(&site, id).await;
        assert!(replayed.identical, "{id}: {:?}", replayed.first_difference);
        assert_eq!(replayed.sections.len(), *sections);
        identical += 1;
        salts.insert(replayed.salt_epoch);
        sizes.insert(replayed.read_at);
    }
    let elapsed = began.elapsed();
    assert_eq!(identical, count);
    assert!(salts.len() > rounds.len() && sizes.len() >= rounds.len(), "{salts:?} {sizes:?}");
    let ids = site.exchange().ledger.read(|c| audit_read::granted_after(c, "", 100_000)).unwrap();
    assert_eq!(ids.len(), count, "none was left out");
    println!(
        "{backend:?}: {identical} of {count} replays identical in {:.1} s ({:.1} a second) across {} rounds of amended records, \
         {} salt epochs, {} dossier keys, {} ledger keys",
        elapsed.as_secs_f64(),
        count as f64 / elapsed.as_secs_f64(),
        rounds.len() - 1,
        salts.len(),
        site.exchange().keys.trust().jwks.keys.len(),
        site.exchange().keys.trust().ledger_vkeys.len(),
    );
}

async fn product(site: &Site) {
    let mut terms = product_terms();
    terms["sections"] = json!(Section::ALL.map(Section::as_str));
    let path = "/v1/products/bank-01-credit";
    assert!(site.json("bank-01", Method::PUT, path, Some(terms)).await.0.is_success());
    let approved = site.json("bureau", Method::POST, &format!("{path}/approval"), Some(json!({}))).await;
    assert!(approved.0.is_success(), "{approved:?}");
}

/// Pulls so many dossiers, with and without a nonce, all sections or two; how many sections each has, by release.
async fn pull(site: &Site, consents: &[String], count: usize, answers: &mut BTreeMap<String, usize>) {
    let wire = Wire::new(site, "bank-01", &site.url());
    for at in 0..count {
        let consent = &consents[(answers.len() + at) % consents.len()];
        let mut ask = json!({"consent_id": consent, "purpose": "pre_loan"});
        let mut sections = Section::ALL.len();
        if at % 3 == 1 {
            ask["nonce"] = json!(format!("n-{at}"));
        }
        if at % 5 == 2 {
            ask["sections"] = json!(["rating", "filings"]);
            sections = 2;
        }
        let (status, answer) = wire.post("/v1/dossiers", &ask, None).await.unwrap();
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        answers.insert(answer["release_id"].as_str().unwrap().to_owned(), sections);
    }
}

fn rotate(site: &Site, epochs: &mut u32) {
    let exchange = site.exchange();
    let actor = Actor { member: "operator".into(), label: "test".into() };
    let how = DossierRotation { certificate: None, after_seconds: 0, overlap_seconds: 10 };
    rotate_dossier(exchange, &how, &actor).unwrap();
    rotate_ledger(exchange, 10, &actor).unwrap();
    rotate_salt(exchange, &actor).unwrap();
    *epochs += 1;
    // The overlap is over: nothing is signed with an old key any more.
    site.clock.advance_seconds(60);
    exchange.keys.refresh(shuidaiyi::clock::Clock::now(&*site.clock)).unwrap();
}

/// What is changed behind the ledger's back is named: a record, a row, a leaf's claim.
async fn a_replay_names_what_differs(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(6);
    site.product("bank-01").await;
    let consent = site.consent("bank-01", firms[0].taxpayer_id.as_str(), |_| {}).await;
    let (_, answer) = site.pull("bank-01", consent["id"].as_str().unwrap()).await;
    let id = answer["release_id"].as_str().unwrap();
    let taxpayer = firms[0].taxpayer_id.as_str();
    let (data, ledger) = (sql::data(&site), sql::ledger(&site));
    let cases: Vec<(&_, String, String, &str)> = vec![
        (
            &data,
            format!(
                "UPDATE record SET marks = '[\"changed\"]' WHERE taxpayer_id = '{taxpayer}' AND section = 'filings'"
            ),
            format!(
                "UPDATE record SET marks = NULL WHERE taxpayer_id = '{taxpayer}' AND section = 'filings'"
            ),
            "filings",
        ),
        (
            &ledger,
            format!("UPDATE release SET purpose = 'post_loan' WHERE id = '{id}'"),
            format!("UPDATE release SET purpose = 'pre_loan' WHERE id = '{id}'"),
            "purpose",
        ),
        (
            &ledger,
            format!("UPDATE release SET read_at = read_at - 1 WHERE id = '{id}'"),
            format!("UPDATE release SET read_at = read_at + 1 WHERE id = '{id}'"),
            "read_at",
        ),
        (
            &ledger,
            format!("UPDATE release SET salt_epoch = 9 WHERE id = '{id}'"),
            format!("UPDATE release SET salt_epoch = 1 WHERE id = '{id}'"),
            "salt key of epoch 9",
        ),
        (
            &ledger,
            format!("UPDATE release SET product_id = 'another' WHERE id = '{id}'"),
            format!("UPDATE release SET product_id = 'bank-01-credit' WHERE id = '{id}'"),
            "product",
        ),
        (
            &ledger,
            "UPDATE consent SET digest = 'sha-256:another'".to_owned(),
            format!("UPDATE consent SET digest = '{}'", consent["digest"].as_str().unwrap()),
            "consent",
        ),
    ];
    for (db, change, back, named) in cases {
        sql::execute(db, &[&change]);
        let (status, found) =
            site.json("bureau", Method::GET, &format!("/v1/audit/releases/{id}/replay"), None).await;
        assert_eq!((status, &found["identical"]), (StatusCode::OK, &json!(false)), "{change}: {found}");
        let what: &Value = &found["first_difference"];
        assert!(what.as_str().unwrap().contains(named), "{change}: {what}");
        sql::execute(db, &[&back]);
    }
    assert!(replayed(&site, id).await.identical);
}
