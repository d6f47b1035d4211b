//! Every route of the table as every role, as a stranger, as a suspended member, and with another bank's ids.

use std::collections::BTreeSet;

use actix_web::http::Method as TableMethod;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use shuidaiyi::clock::Clock;
use shuidaiyi::domain::member::Role;
use shuidaiyi::http::routes::{Entry, Takes, table};
use shuidaiyi::service::admin::{Change, apply};

use crate::support::oracle::deeds;
use crate::support::raw::{Raw, authority, client_config, get_with};
use crate::support::{Backend, Site, both_backends};

both_backends!(
    every_route_lets_in_its_roles_and_no_other,
    no_route_can_be_reached_around_the_gate,
    strangers_learn_nothing,
    foreign_and_absent_are_one_answer,
    what_is_in_no_entry_is_not_found,
);

const MEMBERS: [(&str, Role); 4] = [
    ("bank-01", Role::Bank),
    ("bureau", Role::Bureau),
    ("regulator", Role::Regulator),
    ("platform", Role::Platform),
];
const ABSENT: &str = "00000000-0000-7000-8000-000000000000";

/// The path of an entry with its parameters filled in.
fn path(entry: &Entry) -> String {
    let path = entry.path.replace("{id}", ABSENT).replace("{index}", "0").replace("{level}", "0");
    path.replace("{use}", "sig").replace("{tile:.+}", "000").replace("{bundle:.+}", "000")
}

fn method(entry: &Entry) -> Method {
    match &entry.method {
        m if *m == TableMethod::GET => Method::GET,
        m if *m == TableMethod::PUT => Method::PUT,
        m if *m == TableMethod::POST => Method::POST,
        other => panic!("the table has a method this test does not know: {other}"),
    }
}

/// Sends what the entry takes: nothing, or a body that no handler accepts.
async fn knock(site: &Site, client: &Client, entry: &Entry) -> Response {
    let request = client.request(method(entry), format!("{}{}", site.url(), path(entry)));
    let request = match entry.takes {
        Takes::Nothing(_) => request,
        Takes::Json(_) | Takes::Stream(_) => request.body("no JSON"),
    };
    request.send().await.unwrap()
}

/// Status, and body without `instance`.
async fn answer(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let request_id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let mut body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null);
    if let Some(body) = body.as_object_mut()
        && let Some(instance) = body.remove("instance")
    {
        assert_eq!(instance, json!(request_id), "`instance` is the request id");
    }
    (status, body)
}

async fn every_route_lets_in_its_roles_and_no_other(backend: Backend) {
    let site = Site::start(backend);
    let before = deeds(site.entries()).len();
    for (member, role) in MEMBERS {
        let client = site.client(member);
        for entry in table() {
            let (status, body) = answer(knock(&site, &client, &entry).await).await;
            let what = format!("{} {} as {member}: {status} {body}", entry.method, entry.path);
            if entry.allow.contains(&role) {
                assert_ne!(body["code"], "forbidden", "{what}");
                assert!(status < 500 && status != 401, "{what}");
                if !matches!(entry.takes, Takes::Nothing(_)) {
                    assert!([400, 404, 422].contains(&status), "{what}");
                }
            } else {
                assert_eq!((status, body["code"].as_str()), (403, Some("forbidden")), "{what}");
            }
        }
    }
    assert_eq!(deeds(site.entries()).len(), before, "nothing of this is an entry of its own");
}

async fn no_route_can_be_reached_around_the_gate(backend: Backend) {
    let site = Site::start(backend);
    // Of our authority, with the name of a member, and registered by nobody.
    let unknown = authority(&site).issue_client("bank-01", "system", site.clock.now().utc()).unwrap();
    let identity = format!("{}{}", unknown.certificate_pem, unknown.key_pem);
    let client = site
        .client_builder()
        .identity(reqwest::Identity::from_pem(identity.as_bytes()).unwrap())
        .build()
        .unwrap();
    let suspended = site.client("bank-02");
    let change = Change::Suspend("bank-02".parse().unwrap());
    apply(site.exchange(), vec![change], "test".into()).unwrap();
    let mut answers = BTreeSet::new();
    for client in [&client, &suspended] {
        for entry in table() {
            let (status, body) = answer(knock(&site, client, &entry).await).await;
            assert_eq!(status, 401, "{} {} {body}", entry.method, entry.path);
            answers.insert(body.to_string());
        }
        let nowhere = client.get(format!("{}/v1/nowhere", site.url())).send().await.unwrap();
        let (status, body) = answer(nowhere).await;
        assert_eq!(status, 401, "what there is and what not, a stranger cannot tell: {body}");
        answers.insert(body.to_string());
    }
    assert_eq!(answers.len(), 1, "unregistered and suspended, every route and none: one answer");
}

async fn strangers_learn_nothing(backend: Backend) {
    let site = Site::start(backend);
    let bare = match Raw::connect(&site, client_config(&site, None)).await {
        Ok(mut raw) => raw.get("/v1/keys").await.ok(),
        Err(_refused) => None,
    };
    assert!(bare.is_none(), "without a certificate the handshake is refused: {bare:?}");
    let signing = authority(&site).issue_signing("bank-01", site.clock.now().utc()).unwrap();
    let answer = get_with(&site, &signing, "/v1/keys").await;
    assert!(answer.is_none_or(|answer| answer.status == 401));
}

async fn foreign_and_absent_are_one_answer(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    let product = site.product("bank-01").await;
    let consent = site.consent("bank-01", firms[0].taxpayer_id.as_str(), |_| {}).await;
    let (status, pulled) = site.pull("bank-01", consent["id"].as_str().unwrap()).await;
    assert_eq!(status, 201, "{pulled}");
    let dispute = json!({"release_id": pulled["release_id"], "text": "x"});
    let (status, disputed) = site.json("bureau", Method::POST, "/v1/objections", Some(dispute)).await;
    assert_eq!(status, 201, "{disputed}");
    let case = disputed["case_id"].as_str().unwrap();
    let ask = json!({"taxpayer_id": firms[1].taxpayer_id, "product_id": product, "sections": ["rating"], "window_months": 12,
                     "purpose": ["pre_loan"], "valid_days": 30, "pulls": 1});
    let (status, asked) = site.json("bank-01", Method::POST, "/v1/consent-requests", Some(ask)).await;
    assert_eq!(status, 202, "{asked}");
    let foreign = [
        (Method::GET, "/v1/consents/{id}", consent["id"].as_str().unwrap(), None),
        (Method::GET, "/v1/consents/{id}/receipt", consent["id"].as_str().unwrap(), None),
        (Method::GET, "/v1/releases/{id}", pulled["release_id"].as_str().unwrap(), None),
        (
            Method::POST,
            "/v1/consents/{id}/deletion-statement",
            consent["id"].as_str().unwrap(),
            Some(json!({"statement": "a.b.c"})),
        ),
        (Method::GET, "/v1/consent-requests/{id}", asked["request_id"].as_str().unwrap(), None),
        (Method::GET, "/v1/cases/{id}", case, None),
        (Method::POST, "/v1/cases/{id}/answer", case, Some(json!({"text": "x"}))),
    ];
    let rows = table().iter().filter(|e| e.allow.contains(&Role::Bank) && e.path.contains("{id}")).count();
    assert_eq!(
        rows,
        foreign.len() + 1,
        "each route of a bank that takes an id is here, or PUT product below"
    );
    let before = deeds(site.entries()).len();
    for (method, pattern, id, body) in foreign {
        let mut answers = Vec::new();
        for id in [id, ABSENT, "x", &"九".repeat(64), &"x".repeat(65), &"x".repeat(5000), "a%00b", "%0a"] {
            let path = pattern.replace("{id}", id);
            answers.push(answer(site.ask("bank-02", method.clone(), &path, body.clone()).await).await);
        }
        assert_eq!(answers[0].0, 404, "{pattern}: {:?}", answers[0]);
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{pattern}: {answers:?}");
    }
    for query in [consent["id"].as_str().unwrap(), ABSENT, "a%00b", ""] {
        let list = format!("/v1/releases?consent_id={query}");
        let (status, page) = site.json("bank-02", Method::GET, &list, None).await;
        assert_eq!((status.as_u16(), page), (200, json!({"items": [], "next": null})), "{query:?}");
    }
    for list in ["/v1/consents", "/v1/releases", "/v1/products", "/v1/cases", "/v1/deletions"] {
        let (_, page) = site.json("bank-02", Method::GET, list, None).await;
        assert_eq!(page["items"], json!([]), "{list}");
    }
    let terms = crate::support::site::product_terms();
    let taken = site.ask("bank-02", Method::PUT, &format!("/v1/products/{product}"), Some(terms)).await;
    assert_eq!(answer(taken).await.0, 404);
    assert_eq!(deeds(site.entries()).len(), before);
}

async fn what_is_in_no_entry_is_not_found(backend: Backend) {
    let site = Site::start(backend);
    let mut answers = BTreeSet::new();
    let known: BTreeSet<(String, &str)> = table().iter().map(|e| (e.method.to_string(), e.path)).collect();
    for (member, _) in MEMBERS {
        for (method, path) in [
            (Method::GET, "/"),
            (Method::GET, "/v1/nowhere"),
            (Method::GET, "/v1/consents/"),
            (Method::POST, "/v2/dossiers"),
            (Method::GET, "/healthz"),
            (Method::GET, "/v1/dossiers"),
            (Method::DELETE, "/v1/consents"),
            (Method::PATCH, "/v1/keys"),
            (Method::OPTIONS, "/v1/dossiers"),
            (Method::GET, "//v1/keys"),
            (Method::GET, "/v1/./keys/.."),
        ] {
            assert!(!known.contains(&(method.to_string(), path)));
            let got = answer(site.ask(member, method.clone(), path, None).await).await;
            assert_eq!(got.0, 404, "{method} {path} as {member}");
            answers.insert(got.1.to_string());
        }
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
}
