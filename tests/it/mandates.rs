//! The regulator: no taxpayers without a mandate, and under one only those of its bank and period.

use chrono::Duration;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use shuidaiyi::clock::Clock;
use shuidaiyi::domain::timestamp::Timestamp;
use shuidaiyi::seal::certificate::MemberCertificate;
use shuidaiyi::service::admin::{Change, apply};
use shuidaiyi::store::members::Certificate;

use crate::support::oracle::kinds;
use crate::support::raw::authority;
use crate::support::{Backend, Site, both_backends};

both_backends!(a_mandate_needs_two_persons, a_regulator_sees_what_its_mandate_covers);

/// A second person of the regulator, with a certificate of its own.
fn second_person(site: &Site, label: &str) -> Client {
    let issued = authority(site).issue_client("regulator", label, site.clock.now().utc()).unwrap();
    let parsed = MemberCertificate::parse_pem(&issued.certificate_pem).unwrap();
    let now = site.clock.now().utc();
    let (from, to) = (now - Duration::days(1), now + Duration::days(30));
    let certificate = Certificate {
        fingerprint: parsed.fingerprint.clone(),
        member: "regulator".parse().unwrap(),
        label: label.into(),
        not_before: Timestamp::from_utc(from),
        not_after: Timestamp::from_utc(to),
        withdrawn_at: None,
    };
    apply(site.exchange(), vec![Change::AddCertificate(certificate)], "test".into()).unwrap();
    let identity = format!("{}{}", issued.certificate_pem, issued.key_pem);
    let identity = reqwest::Identity::from_pem(identity.as_bytes()).unwrap();
    site.client_builder().identity(identity).build().unwrap()
}

async fn post(site: &Site, client: &Client, path: &str, body: Option<Value>) -> (StatusCode, Value) {
    let mut request = client.post(format!("{}{path}", site.url()));
    if let Some(body) = body {
        request = request.json(&body);
    }
    let response = request.send().await.unwrap();
    let status = response.status();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null))
}

fn new(bank: &str) -> Value {
    json!({"notice_no": "深金检〔2026〕17号", "bank": bank, "from": "2026-01-01", "to": "2046-01-01"})
}

async fn a_mandate_needs_two_persons(backend: Backend) {
    let site = Site::start(backend);
    let (first, second) = (site.client("regulator"), second_person(&site, "person-b"));
    // The same person with a new certificate is no second person.
    let renewed = second_person(&site, "system");
    let (status, opened) = post(&site, &first, "/v1/mandates", Some(new("bank-01"))).await;
    assert_eq!(status, StatusCode::CREATED, "{opened}");
    assert!(opened["approved_at"].is_null() && opened["receipt"]["proof"].is_string());
    let id = opened["id"].as_str().unwrap();
    let approval = format!("/v1/mandates/{id}/approval");
    let query = format!("/v1/audit/entries?mandate={id}");
    let (status, _) = site.json("regulator", Method::GET, &query, None).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "not approved is none");
    for same in [&first, &renewed] {
        assert_eq!(post(&site, same, &approval, None).await.0, StatusCode::CONFLICT);
    }
    let (status, approved) = post(&site, &second, &approval, None).await;
    assert_eq!((status, &approved["approved_by"]), (StatusCode::OK, &json!("person-b")), "{approved}");
    let (status, again) = post(&site, &second, &approval, Some(json!({}))).await;
    assert_eq!((status, &again["approved_at"]), (StatusCode::OK, &approved["approved_at"]));
    assert_eq!(site.json("regulator", Method::GET, &query, None).await.0, StatusCode::OK);
    let (_, list) = site.json("bureau", Method::GET, "/v1/mandates", None).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["items"][0]["notice_no"], "深金检〔2026〕17号");
    let kinds = kinds(&site.entries());
    assert_eq!((kinds["mandate.opened"], kinds["mandate.approved"]), (1, 1));
    for (wrong, pointer) in [
        (new("bureau"), "/bank"),
        (new("bank-99"), "/bank"),
        (json!({"notice_no": "", "bank": "bank-01", "from": "2026-01-01", "to": "2027-01-01"}), "/notice_no"),
        (json!({"notice_no": "1", "bank": "bank-01", "from": "2026-01-01", "to": "2026-01-01"}), "/to"),
    ] {
        let (status, problem) = post(&site, &first, "/v1/mandates", Some(wrong)).await;
        assert_eq!((status.as_u16(), &problem["errors"][0]["pointer"]), (422, &json!(pointer)));
    }
}

async fn mandate(site: &Site, bank: &str, from: &str, to: &str) -> String {
    let body = json!({"notice_no": "1", "bank": bank, "from": from, "to": to});
    let (_, opened) = post(site, &site.client("regulator"), "/v1/mandates", Some(body)).await;
    let id = opened["id"].as_str().unwrap().to_owned();
    let second = second_person(site, &format!("person-{id}"));
    let (status, _) = post(site, &second, &format!("/v1/mandates/{id}/approval"), None).await;
    assert_eq!(status, StatusCode::OK);
    id
}

async fn a_regulator_sees_what_its_mandate_covers(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    let taxpayer = firms[0].taxpayer_id.as_str();
    let mut releases = Vec::new();
    for bank in ["bank-01", "bank-02"] {
        site.product(bank).await;
        let consent = site.consent(bank, taxpayer, |_| {}).await;
        let id = consent["id"].as_str().unwrap();
        let (_, pulled) = site.pull(bank, id).await;
        releases.push(pulled["release_id"].as_str().unwrap().to_owned());
        site.revoke(id).await;
        assert_eq!(site.pull(bank, id).await.0, StatusCode::FORBIDDEN);
    }
    let covering = mandate(&site, "bank-01", "2026-01-01", "2046-01-01").await;
    let earlier = mandate(&site, "bank-01", "2020-01-01", "2021-01-01").await;
    let ask = async |path: String| site.json("regulator", Method::GET, &path, None).await;

    let (_, all) = ask("/v1/audit/entries?limit=1000".into()).await;
    assert!(!all.to_string().contains(taxpayer), "no taxpayer without a mandate");
    let outcomes: Vec<&str> =
        all["items"].as_array().unwrap().iter().filter_map(|item| item["outcome"].as_str()).collect();
    assert_eq!(outcomes, ["granted", "refused", "granted", "refused"], "no true reason");
    for query in [format!("taxpayer={taxpayer}"), "outcome=revoked".into()] {
        assert_eq!(ask(format!("/v1/audit/entries?{query}")).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let (_, whole) = ask(format!("/v1/audit/releases/{}", releases[0])).await;
    assert!(
        !whole.to_string().contains(taxpayer) && whole["receipt"]["salt"] == "" && whole["jwt"].is_null()
    );
    assert!(whole["consent"]["terms"]["grantor"]["id_ref"].is_null());
    let (_, replayed) = ask(format!("/v1/audit/releases/{}/replay", releases[0])).await;
    assert_eq!(replayed["identical"], true);

    let under = format!("mandate={covering}");
    let (_, seen) = ask(format!("/v1/audit/entries?{under}&taxpayer={taxpayer}")).await;
    let members: Vec<&str> =
        seen["items"].as_array().unwrap().iter().map(|item| item["member"].as_str().unwrap()).collect();
    assert!(
        members.len() >= 4 && members.iter().all(|member| *member == "bank-01"),
        "its bank alone: {members:?}"
    );
    assert_eq!(
        ask(format!("/v1/audit/entries?{under}&member=bank-02")).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let (_, whole) = ask(format!("/v1/audit/releases/{}?{under}", releases[0])).await;
    assert_eq!(whole["taxpayer_id"], taxpayer);
    assert!(whole["consent"]["terms"]["grantor"]["id_ref"].is_null(), "the bureau's alone");
    assert_eq!(ask(format!("/v1/audit/releases/{}?{under}", releases[1])).await.0, StatusCode::NOT_FOUND);
    let (_, none) = ask(format!("/v1/audit/entries?mandate={earlier}&taxpayer={taxpayer}")).await;
    assert_eq!(none["items"], json!([]), "outside its period");
    assert_eq!(
        ask(format!("/v1/audit/releases/{}?mandate={earlier}", releases[0])).await.0,
        StatusCode::NOT_FOUND
    );
    let reads: Vec<Value> = site
        .entries()
        .into_iter()
        .filter(|entry| entry["kind"] == "audit.read" && entry["mandate"] == covering)
        .collect();
    assert_eq!(reads.len(), 2, "a read under a mandate names it");
}
