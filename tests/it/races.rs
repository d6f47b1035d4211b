//! Revocation against pull, a thousand times; the last pulls of a consent; one key at many connections.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};
use shuidaiyi::store::releases;

use crate::support::oracle::kinds;
use crate::support::wire::{Wire, assert_verifies, grant_many};
use crate::support::{Backend, Site, both_backends};

both_backends!(
    nothing_leaves_after_its_revocation,
    a_consent_of_ten_pulls_yields_ten,
    one_key_yields_one_release,
    one_key_over_the_quota_is_over_the_quota,
);

const RACES: usize = 1_000;
const AT_ONCE: usize = 50;

async fn nothing_leaves_after_its_revocation(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(10);
    let taxpayers: Vec<&str> = firms.iter().map(|firm| firm.taxpayer_id.as_str()).collect();
    site.product("bank-01").await;
    let consents = grant_many(site.exchange(), "bank-01", &taxpayers, RACES, |_| {}).await;
    let (bank, bureau) = (Wire::new(&site, "bank-01", &site.url()), Wire::new(&site, "bureau", &site.url()));
    let mut answered: HashMap<String, String> = HashMap::new();
    let mut repeated = 0;
    for (round, some) in consents.chunks(AT_ONCE).enumerate() {
        let races = some.iter().enumerate().map(|(n, consent)| race(&bank, &bureau, consent, round + n));
        for (release, again) in join_all(races).await {
            answered.extend(release);
            repeated += usize::from(again);
        }
    }
    let entries = site.entries();
    check_order(&site, &entries, &answered);
    let granted = kinds(&entries)["release.granted"];
    let first_pulls = (0..RACES / AT_ONCE).map(|round| (0..AT_ONCE).filter(|n| (round + n) % 4 == 0).count());
    let (first_pulls, raced): (usize, usize) = (first_pulls.sum(), granted);
    println!(
        "{backend:?}: {RACES} races, {} pulls won, {repeated} of {first_pulls} repeats won",
        raced - first_pulls
    );
    assert_eq!(answered.len(), granted, "every grant was answered");
}

/// One race; every fourth is between the revocation and a repeat of an earlier pull.
/// Returns the answered release with its consent, and whether a repeat was answered.
async fn race(bank: &Wire, bureau: &Wire, consent: &str, n: usize) -> (Option<(String, String)>, bool) {
    let released = |(status, body): (StatusCode, Value)| {
        assert!(matches!(status.as_u16(), 201 | 403), "{status} {body}");
        body["release_id"].as_str().map(|id| (id.to_owned(), consent.to_owned()))
    };
    if n.is_multiple_of(4) {
        let first = released(bank.pull(consent, None).await.unwrap());
        let path = format!("/v1/releases/{}", first.as_ref().unwrap().0);
        let ((status, body), (revoked, _)) = tokio::join!(bank.get(&path), async {
            tokio::time::sleep(Duration::from_millis(RandomState::new().hash_one(n) % 40)).await;
            bureau.revoke(consent).await
        });
        assert!(status == StatusCode::OK && revoked.is_success(), "{status} {revoked} {body}");
        let again: Value = serde_json::from_str(&body).unwrap();
        return (first, again["dossier"].is_string());
    }
    // Pulls take longer than revocations when fifty are under way: a random head start makes each win often.
    let head_start = Duration::from_millis(RandomState::new().hash_one(n) % 60);
    let (pulled, (revoked, body)) = tokio::join!(bank.pull(consent, None), async {
        tokio::time::sleep(head_start).await;
        bureau.revoke(consent).await
    });
    assert!(revoked.is_success(), "{revoked} {body}");
    (released(pulled.unwrap()), false)
}

/// In ledger order nothing is granted or repeated under a consent after its revocation.
fn check_order(site: &Site, entries: &[Value], answered: &HashMap<String, String>) {
    let bank = "bank-01".parse().unwrap();
    let id = |entry: &Value| entry["id"].as_str().unwrap().to_owned();
    let mut revoked = HashSet::new();
    let mut granted = HashSet::new();
    for entry in entries {
        match entry["kind"].as_str().unwrap() {
            "consent.revoked" => assert!(revoked.insert(id(entry)), "revoked twice"),
            "release.granted" | "release.repeated" => {
                let release = id(entry);
                let row =
                    site.exchange().ledger.read(|c| releases::find_granted(c, &bank, &release)).unwrap();
                let consent = row.expect("a release").consent_id;
                assert!(!revoked.contains(&consent), "{entry} left after its consent was revoked");
                if let Some(asked) = answered.get(&release) {
                    assert_eq!(*asked, consent);
                }
                granted.insert(release);
            }
            _other => {}
        }
    }
    assert_eq!(revoked.len(), RACES);
    assert!(answered.keys().all(|release| granted.contains(release)), "an answered pull has no entry");
}

async fn a_consent_of_ten_pulls_yields_ten(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(2);
    site.product("bank-01").await;
    let taxpayer = firms[0].taxpayer_id.as_str();
    let consents =
        grant_many(site.exchange(), "bank-01", &[taxpayer], 1, |c| c["pulls_max"] = json!(10)).await;
    let wire = Wire::new(&site, "bank-01", &site.url());
    let pulls = join_all((0..100).map(|_| wire.pull(&consents[0], None))).await;
    let statuses: Vec<u16> = pulls.into_iter().map(|pull| pull.unwrap().0.as_u16()).collect();
    let of = |wanted| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((of(201), of(403)), (10, 90));
    let kinds = kinds(&site.entries());
    assert_eq!((kinds["release.granted"], kinds["release.refused"]), (10, 90));
}

async fn one_key_yields_one_release(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(2);
    site.product("bank-01").await;
    let taxpayers = [firms[0].taxpayer_id.as_str(), firms[1].taxpayer_id.as_str()];
    let consents = grant_many(site.exchange(), "bank-01", &taxpayers, 2, |_| {}).await;
    let wire = Wire::new(&site, "bank-01", &site.url());
    let pulls = join_all((0..20).map(|_| wire.pull(&consents[0], Some("one-key")))).await;
    let mut seen = HashSet::new();
    for pull in pulls {
        let (status, answer) = pull.unwrap();
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        assert_verifies(&site, "bank-01", &answer);
        seen.insert((answer["release_id"].to_string(), answer["dossier"].to_string()));
    }
    assert_eq!(seen.len(), 1);
    let kinds = kinds(&site.entries());
    assert_eq!((kinds["release.granted"], kinds["release.repeated"]), (1, 19));
    // Another request under the key.
    let (status, answer) = wire.pull(&consents[1], Some("one-key")).await.unwrap();
    assert_eq!((status.as_u16(), answer["code"].as_str()), (422, Some("idempotency-conflict")));
    // What is held already is not sent the second time either.
    let held = crate::support::wire::digests(&wire.pull(&consents[1], None).await.unwrap().1);
    let ask = json!({"consent_id": consents[1], "purpose": "pre_loan", "have": held[..2]});
    let (_, first) = wire.post("/v1/dossiers", &ask, Some("held")).await.unwrap();
    let (status, again) = wire.post("/v1/dossiers", &ask, Some("held")).await.unwrap();
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(crate::support::wire::sections(&first).len(), 1);
    assert_eq!(again["dossier"], first["dossier"]);
}

/// A key that came with a request over the quota led to nothing: the others of the same burst are over it too.
async fn one_key_over_the_quota_is_over_the_quota(backend: Backend) {
    let site = Site::start_with_quota(backend, 0);
    let firms = site.load_city(1);
    let taxpayer = firms[0].taxpayer_id.as_str();
    // Once a bank was seen to be over its quota it is turned away early: a fresh bank for each burst.
    for bank in ["bank-01", "bank-02", "bank-03", "bank-04"] {
        site.product(bank).await;
        let consents = grant_many(site.exchange(), bank, &[taxpayer], 1, |_| {}).await;
        let wire = Wire::new(&site, bank, &site.url());
        for pull in join_all((0..40).map(|_| wire.pull(&consents[0], Some("burst")))).await {
            let (status, answer) = pull.unwrap();
            assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "{answer}");
        }
    }
}
