//! The main job, end to end.

use reqwest::StatusCode;
use serde_json::json;
use shuidaiyi::seal::trust::TrustFile;
use shuidaiyi::seal::verify::Expectations;
use shuidaiyi::service::verify::{PullAnswer, verify};

use crate::support::oracle::kinds;
use crate::support::{Backend, Site, both_backends};

both_backends!(a_consented_dossier_is_pulled_and_verified, a_repeat_is_an_entry_and_consumes_no_pull);

async fn a_consented_dossier_is_pulled_and_verified(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    site.product("bank-01").await;
    let consent = site.consent("bank-01", firms[0].taxpayer_id.as_str(), |_| {}).await;
    let id = consent["id"].as_str().unwrap();
    for _twice in 0..2 {
        let (status, answer) = site.pull("bank-01", id).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        let answer: PullAnswer = serde_json::from_value(answer).unwrap();
        let trust =
            TrustFile::parse(&std::fs::read_to_string(site.dir().join("trust.json")).unwrap()).unwrap();
        let at_micros = shuidaiyi::clock::Clock::now(&*site.clock).micros();
        let report = verify(&answer, &trust, Expectations { audience: Some("bank-01"), at_micros });
        assert!(report.holds(), "{:?}", report.checks);
    }
    let entries = site.entries();
    let kinds = kinds(&entries);
    assert_eq!(kinds.get("release.granted"), Some(&2));
    assert_eq!(kinds.get("consent.granted"), Some(&1));
    // No name, id or amount is in a leaf.
    let all = serde_json::to_string(&entries).unwrap();
    assert!(!all.contains(firms[0].taxpayer_id.as_str()) && !all.contains(&firms[0].name));
}

async fn a_repeat_is_an_entry_and_consumes_no_pull(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    site.product("bank-01").await;
    let consent = site.consent("bank-01", firms[1].taxpayer_id.as_str(), |c| c["pulls_max"] = json!(1)).await;
    let id = consent["id"].as_str().unwrap();
    let (status, first) = site.pull("bank-01", id).await;
    assert_eq!(status, StatusCode::CREATED, "{first}");
    let path = format!("/v1/releases/{}", first["release_id"].as_str().unwrap());
    let (status, again) = site.json("bank-01", reqwest::Method::GET, &path, None).await;
    assert_eq!(status, StatusCode::OK, "{again}");
    assert_eq!(again["dossier"], first["dossier"], "the same bytes, rebuilt from the records");
    let (status, _) = site.json("bank-02", reqwest::Method::GET, &path, None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    site.clock.advance_seconds(24 * 3600 + 1);
    let (_, late) = site.json("bank-01", reqwest::Method::GET, &path, None).await;
    assert!(late["dossier"].is_null() && late["receipt"].is_object(), "{late}");
    assert_eq!(kinds(&site.entries()).get("release.repeated"), Some(&1));
}
