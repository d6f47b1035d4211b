//! Refusals: one answer whatever is wrong with a consent, each an entry; and what is only counted.

use diesel::prelude::*;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use shuidaiyi::service::refusals::record;

use crate::support::oracle::{deeds, kinds};
use crate::support::reasons::{Reason, every_reason};
use crate::support::{Backend, Site, both_backends};

both_backends!(
    every_bad_consent_is_one_answer_and_one_entry,
    a_section_outside_the_consent_is_told_apart,
    over_the_quota_is_counted_until_the_next_day,
    refusals_take_quota_too,
    malformed_requests_are_one_entry_a_minute,
);

/// What a caller can see of an answer: status, headers but the two that always differ, body without `instance`.
async fn seen(response: Response) -> (u16, Vec<(String, String)>, Value) {
    let status = response.status().as_u16();
    let mut headers: Vec<(String, String)> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .filter(|(name, _)| name != "x-request-id" && name != "date")
        .collect();
    headers.sort();
    let mut body: Value = response.json().await.unwrap();
    body.as_object_mut().unwrap().remove("instance").unwrap();
    (status, headers, body)
}

/// Names and lengths of an entry's members: what its shape can give away.
fn shape(entry: &Value) -> Vec<(String, usize)> {
    entry.as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.to_string().len())).collect()
}

async fn every_bad_consent_is_one_answer_and_one_entry(backend: Backend) {
    let site = Site::start(backend);
    let reasons = every_reason(&site).await;
    let mut answers = Vec::new();
    let mut shapes = Vec::new();
    for Reason { name, ask } in &reasons {
        let before = deeds(site.entries()).len();
        let response = site.ask("bank-01", Method::POST, "/v1/dossiers", Some(ask.clone())).await;
        answers.push((*name, seen(response).await));
        let new = deeds(site.entries()).split_off(before);
        assert_eq!(new.len(), 1, "{name}: {new:?}");
        assert_eq!(new[0]["kind"], "release.refused");
        assert_eq!(new[0]["code"], "consent-not-in-force");
        assert_eq!(new[0]["actor"], "bank-01");
        // The instant is written with six digits always; the id and the commitments have one length.
        shapes.push((*name, shape(&new[0])));
        let id = new[0]["id"].as_str().unwrap();
        assert_eq!(outcome(&site, id).as_deref(), Some(*name), "the true reason is in the row");
    }
    let (_, first) = &answers[0];
    assert_eq!((first.0, first.2["code"].as_str()), (403, Some("consent-not-in-force")), "{first:?}");
    assert!(first.1.iter().all(|(name, _)| !name.starts_with("ratelimit") && name != "retry-after"));
    for (name, answer) in &answers {
        assert_eq!(answer, first, "{name} can be told apart by its answer");
    }
    for (name, shape) in &shapes {
        assert_eq!(shape, &shapes[0].1, "{name} can be told apart by its entry");
    }
    // Nor does the ledger say the reason, or anything of the request, in words.
    let leaves = serde_json::to_string(&deeds(site.entries())).unwrap();
    for Reason { name, .. } in &reasons {
        assert!(!leaves.contains(&format!("\"{name}\"")), "{name}");
    }
}

diesel::table! {
    release (id) {
        id -> Text,
        outcome -> Text,
    }
}

/// The outcome column of a release row.
fn outcome(site: &Site, id: &str) -> Option<String> {
    let row = release::table.find(id).select(release::outcome);
    site.exchange().ledger.read(|c| Ok(row.get_result(c).optional()?)).unwrap()
}

async fn a_section_outside_the_consent_is_told_apart(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    site.product("bank-01").await;
    let consent =
        site.consent("bank-01", firms[0].taxpayer_id.as_str(), |c| c["sections"] = json!(["rating"])).await;
    let ask = json!({"consent_id": consent["id"], "purpose": "pre_loan", "sections": ["rating", "filings"]});
    let (status, problem) = site.json("bank-01", Method::POST, "/v1/dossiers", Some(ask)).await;
    assert_eq!((status.as_u16(), problem["code"].as_str()), (403, Some("section-not-consented")));
    let entries = deeds(site.entries());
    let last = entries.last().unwrap();
    assert_eq!(
        (last["kind"].as_str(), last["code"].as_str()),
        (Some("release.refused"), Some("section-not-consented"))
    );
    // Under a consent that is not in force the sections make no difference.
    site.revoke(consent["id"].as_str().unwrap()).await;
    let ask = json!({"consent_id": consent["id"], "purpose": "pre_loan", "sections": ["filings"]});
    let (_, problem) = site.json("bank-01", Method::POST, "/v1/dossiers", Some(ask)).await;
    assert_eq!(problem["code"], "consent-not-in-force");
}

async fn pull(site: &Site, consent: &str) -> Response {
    let ask = json!({"consent_id": consent, "purpose": "pre_loan"});
    site.ask("bank-01", Method::POST, "/v1/dossiers", Some(ask)).await
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

async fn over_the_quota_is_counted_until_the_next_day(backend: Backend) {
    let site = Site::start_with_quota(backend, 3);
    let firms = site.load_city(12);
    site.product("bank-01").await;
    let consent = site.consent("bank-01", firms[0].taxpayer_id.as_str(), |_| {}).await;
    let consent = consent["id"].as_str().unwrap();
    for left in [2, 1, 0] {
        let response = pull(&site, consent).await;
        assert_eq!(response.status(), 201);
        let limit = header(&response, "ratelimit").to_owned();
        assert!(limit.starts_with(&format!("\"day\";r={left};t=")), "{limit}");
        assert_eq!(header(&response, "ratelimit-policy"), "\"day\";q=3;w=86400");
    }
    let before = deeds(site.entries()).len();
    for _again in 0..5 {
        let response = pull(&site, consent).await;
        assert_eq!(response.status(), 429);
        let wait: u64 = header(&response, "retry-after").parse().unwrap();
        assert!((1..=86_401).contains(&wait), "{wait}");
        assert_eq!(header(&response, "ratelimit"), format!("\"day\";r=0;t={wait}"));
        assert_eq!(header(&response, "ratelimit-policy"), "\"day\";q=3;w=86400");
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["code"], "rate-limited");
    }
    assert_eq!(deeds(site.entries()).len(), before, "not an entry each");
    assert_eq!(site.json("bank-01", Method::GET, "/v1/consents", None).await.0, 200, "other calls go on");
    site.clock.advance_seconds(61);
    record(site.exchange(), false).unwrap();
    assert_eq!(counted(&site, "bank-01", "over_quota"), 5);
    site.clock.advance_seconds(24 * 3600);
    let response = pull(&site, consent).await;
    assert_eq!(response.status(), 201, "a new day");
    assert!(header(&response, "ratelimit").starts_with("\"day\";r=2;"));
}

async fn refusals_take_quota_too(backend: Backend) {
    let site = Site::start_with_quota(backend, 2);
    for status in [403, 403, 429, 429] {
        let response = pull(&site, "no-such-consent").await;
        assert_eq!(response.status(), status);
    }
    assert_eq!(kinds(&site.entries())["release.refused"], 2);
}

/// How many requests of a member are counted for this in all entries.
fn counted(site: &Site, member: &str, why: &str) -> u64 {
    let entries = site.entries();
    let own = entries.iter().filter(|e| e["kind"] == "refusals.counted" && e["actor"] == member);
    own.map(|entry| entry["counts"][why].as_u64().unwrap_or(0)).sum()
}

async fn malformed_requests_are_one_entry_a_minute(backend: Backend) {
    let site = Site::start(backend);
    let before = site.entries().len();
    for minute in 1..=2 {
        // From the start of a minute of the gateway's clock, so that none ends in between.
        let now = shuidaiyi::clock::Clock::now(&*site.clock).seconds();
        site.clock.advance_seconds(61 - now.rem_euclid(60));
        for _again in 0..4 {
            let (status, _) = site.json("bank-01", Method::POST, "/v1/dossiers", Some(json!({"x": 1}))).await;
            assert_eq!(status, 422);
        }
        let (status, _) = site.json("bank-01", Method::POST, "/v1/consents", Some(json!({}))).await;
        assert_eq!(status, 403);
        let (status, _) = site.json("bank-02", Method::POST, "/v1/dossiers", Some(json!([]))).await;
        assert_eq!(status, 400);
        record(site.exchange(), false).unwrap();
        site.clock.advance_seconds(60);
        record(site.exchange(), false).unwrap();
        let entries = site.entries();
        let new = &entries[before..];
        assert!(new.iter().all(|entry| entry["kind"] == "refusals.counted"), "{new:?}");
        assert_eq!(new.len(), 2 * minute, "one entry for each member and minute");
    }
    assert_eq!(counted(&site, "bank-01", "malformed"), 8);
    assert_eq!(counted(&site, "bank-01", "forbidden"), 2);
    assert_eq!(counted(&site, "bank-02", "malformed"), 2);
}
