//! Bad input in small bodies, queries and headers: each kind has its answer, and leaves nothing half-done.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::oracle::deeds;
use crate::support::raw::Raw;
use crate::support::site::{consent_terms, product_terms};
use crate::support::{Backend, Site, both_backends};

both_backends!(
    what_is_not_the_json_of_the_route_is_named,
    a_wrong_check_character_is_told_what_it_should_be,
    values_outside_their_bounds_are_pointed_at,
    cursors_and_limits_that_are_none_are_refused,
    the_request_id_is_echoed_or_made,
);

/// A site with a product, a consent, and how its ledger and the consent stood.
pub struct Scene {
    pub site: Site,
    pub taxpayer: String,
    pub consent: String,
    entries: Vec<Value>,
    standing: Value,
}

impl Scene {
    pub async fn set(backend: Backend) -> Self {
        let site = Site::start(backend);
        let firms = site.load_city(12);
        site.product("bank-01").await;
        let taxpayer = firms[0].taxpayer_id.to_string();
        let consent = site.consent("bank-01", &taxpayer, |_| {}).await["id"].as_str().unwrap().to_owned();
        let (entries, standing) = Self::state(&site, &consent).await;
        Self { site, taxpayer, consent, entries, standing }
    }

    async fn state(site: &Site, consent: &str) -> (Vec<Value>, Value) {
        let (_, standing) = site.json("bureau", Method::GET, &format!("/v1/consents/{consent}"), None).await;
        let (_, list) = site.json("bank-01", Method::GET, "/v1/consents", None).await;
        (deeds(site.entries()), json!([standing, list]))
    }

    /// Nothing was written since the scene was set.
    async fn untouched(&self) {
        let (entries, standing) = Self::state(&self.site, &self.consent).await;
        assert_eq!(entries, self.entries);
        assert_eq!(standing, self.standing);
    }

    /// Sends text as the body; status, code and first pointer of the answer.
    async fn send(&self, member: &str, method: Method, path: &str, body: &str) -> (u16, String, String) {
        let request = self.site.client(member).request(method, format!("{}{path}", self.site.url()));
        let response = request.body(body.to_owned()).send().await.unwrap();
        let status = response.status().as_u16();
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        let problem: Value = response.json().await.unwrap();
        assert_eq!(kind, "application/problem+json", "{problem}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], format!("urn:shuidaiyi:problem:{}", problem["code"].as_str().unwrap()));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (status, text(&problem["code"]), text(&problem["errors"][0]["pointer"]))
    }
}

fn expect(got: (u16, String, String), status: u16, code: &str, pointer: &str, what: &str) {
    assert_eq!((got.0, got.1.as_str(), got.2.as_str()), (status, code, pointer), "{what}");
}

async fn what_is_not_the_json_of_the_route_is_named(backend: Backend) {
    let scene = Scene::set(backend).await;
    let id = &scene.consent;
    let malformed = [
        "".to_owned(),
        "consent_id=1".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        format!(r#"{{"consent_id":"{id}","purpose":"pre_loan"}} x"#),
        format!(r#"{{"consent_id":"{id}","purpose":"pre_loan""#),
        format!(r#"{{"consent_id":"x","consent_id":"{id}","purpose":"pre_loan"}}"#),
        format!(r#"{{"consent_id":"{id}","purpose":"pre_loan","have":[{{"a":1,"a":2}}]}}"#),
        r#"{"consent_id":"\ud800","purpose":"pre_loan"}"#.to_owned(),
        format!("{}{}", r#"{"have":"#, "[".repeat(20_000)),
    ];
    for body in &malformed {
        let got = scene.send("bank-01", Method::POST, "/v1/dossiers", body).await;
        expect(got, 400, "malformed", "", &body.chars().take(80).collect::<String>());
    }
    let invalid = [
        (json!({"consent_id": id, "purpose": "pre_loan", "amount": 1}), "/amount"),
        (json!({"consent_id": 7, "purpose": "pre_loan"}), "/consent_id"),
        (json!({"consent_id": id, "purpose": "pleasure"}), "/purpose"),
        (json!({"consent_id": id, "purpose": "pre_loan", "sections": ["filings", "secrets"]}), "/sections/1"),
        (json!({"consent_id": id, "purpose": "pre_loan", "sections": "filings"}), "/sections"),
        (json!({"purpose": "pre_loan"}), ""),
    ];
    for (body, pointer) in invalid {
        let got = scene.send("bank-01", Method::POST, "/v1/dossiers", &body.to_string()).await;
        expect(got, 422, "invalid", pointer, &body.to_string());
    }
    let latin1 = scene.site.client("bank-01").post(format!("{}/v1/dossiers", scene.site.url()));
    let response = latin1.body(b"{\"consent_id\":\"\xe9\"}".to_vec()).send().await.unwrap();
    assert_eq!(response.status(), 400);
    let mut terms = consent_terms("bank-01", &scene.taxpayer);
    terms["grantor"]["nickname"] = json!("x");
    let got = scene.send("bureau", Method::POST, "/v1/consents", &terms.to_string()).await;
    expect(got, 422, "invalid", "/grantor/nickname", "unknown field, nested");
    scene.untouched().await;
}

async fn a_wrong_check_character_is_told_what_it_should_be(backend: Backend) {
    let scene = Scene::set(backend).await;
    let last = scene.taxpayer.chars().last().unwrap();
    let wrong = if last == '0' { '1' } else { '0' };
    let mistyped = format!("{}{wrong}", &scene.taxpayer[..scene.taxpayer.len() - 1]);
    let terms = consent_terms("bank-01", &mistyped);
    let (status, problem) = scene.site.json("bureau", Method::POST, "/v1/consents", Some(terms)).await;
    assert_eq!(status, 422, "{problem}");
    assert_eq!(problem["errors"][0]["pointer"], "/taxpayer_id");
    let message = problem["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains(last), "says what it should be: {message}");
    assert!(!message.contains(&mistyped), "and does not repeat the whole number: {message}");
    scene.untouched().await;
}

async fn values_outside_their_bounds_are_pointed_at(backend: Backend) {
    let scene = Scene::set(backend).await;
    let id = &scene.consent;
    let ask = |field: &str, value: Value| {
        let mut ask = json!({"consent_id": id, "purpose": "pre_loan"});
        ask[field] = value;
        ask.to_string()
    };
    for (field, value) in [
        ("consent_id", json!("x".repeat(65))),
        ("consent_id", json!("x".repeat(60_000))),
        ("consent_id", json!("a\u{0}b")),
        ("bank_ref", json!("case\r\nSet-Cookie: x")),
        ("bank_ref", json!("\u{1b}[2J")),
        ("bank_ref", json!("九".repeat(65))),
        ("taxpayer_id", json!("1\u{0}")),
        ("nonce", json!("x".repeat(129))),
        ("sections", json!([])),
        ("sections", json!(["rating", "rating"])),
        ("have", json!(["short"])),
        ("have", json!(vec!["x".repeat(43); 65])),
    ] {
        let got = scene.send("bank-01", Method::POST, "/v1/dossiers", &ask(field, value.clone())).await;
        expect(got, 422, "invalid", &format!("/{field}"), &format!("{field} {value}"));
    }
    let edits: [(&str, &str, Value); 9] = [
        ("/purpose", "/purpose", json!(["post_loan", "pre_loan"])),
        ("/sections", "/sections", json!([])),
        ("/window/months", "/window/months", json!(0)),
        ("/valid_to", "/valid_to", json!("2025-01-01T00:00:00Z")),
        ("/pulls_max", "/pulls_max", json!(0)),
        ("/product_id", "/product_id", json!("a\u{0}b")),
        ("/product_id", "/product_id", json!("no-such-product")),
        ("/bank", "/product_id", json!("bank-02")),
        ("/text/digest", "/text/digest", json!("sha-256:x")),
    ];
    for (field, pointer, value) in edits {
        let mut terms = consent_terms("bank-01", &scene.taxpayer);
        *terms.pointer_mut(field).unwrap() = value.clone();
        let got = scene.send("bureau", Method::POST, "/v1/consents", &terms.to_string()).await;
        expect(got, 422, "invalid", pointer, &format!("{field} {value}"));
    }
    let revocation = format!("/v1/consents/{id}/revocation");
    for reason in ["a\u{0}b".to_owned(), "x".repeat(201)] {
        let body = json!({ "reason": reason }).to_string();
        expect(
            scene.send("bureau", Method::POST, &revocation, &body).await,
            422,
            "invalid",
            "/reason",
            "reason",
        );
    }
    let mut terms = product_terms();
    terms["rate_pct"] = json!("-1");
    let got = scene.send("bank-01", Method::PUT, "/v1/products/other", &terms.to_string()).await;
    expect(got, 422, "invalid", "/rate_pct", "a negative rate");
    let got = scene.send("bank-01", Method::PUT, "/v1/products/a%20b", &product_terms().to_string()).await;
    expect(got, 422, "invalid", "/id", "an id with a space");
    scene.untouched().await;
}

async fn cursors_and_limits_that_are_none_are_refused(backend: Backend) {
    let scene = Scene::set(backend).await;
    // Not base64url; not UTF-8; a NUL; far too long.
    let cursors = ["%00", "!", "_-8", "AAAA", &"QUFB".repeat(1000)];
    for list in ["/v1/consents", "/v1/releases", "/v1/products"] {
        for query in ["limit=-1", "limit=0", "limit=1001", "limit=9223372036854775808", "limit=x", "page=2"] {
            let got = scene.send("bank-01", Method::GET, &format!("{list}?{query}"), "").await;
            assert_eq!((got.0, got.1.as_str()), (422, "invalid"), "{list}?{query}");
        }
        for cursor in cursors {
            let got = scene.send("bank-01", Method::GET, &format!("{list}?after={cursor}"), "").await;
            expect(got, 422, "invalid", "?after", &format!("{list} {cursor}"));
        }
    }
    for index in ["-1", "x", "1e3", "18446744073709551615", "99999999999999999999999"] {
        let got = scene.send("bank-01", Method::GET, &format!("/v1/ledger/proof/{index}"), "").await;
        expect(got, 404, "not-found", "", index);
    }
    for size in ["0", "-1", "18446744073709551615", "x"] {
        let got = scene.send("bank-01", Method::GET, &format!("/v1/ledger/proof/0?size={size}"), "").await;
        assert_eq!(got.0, 422, "{size}");
    }
    scene.untouched().await;
}

async fn the_request_id_is_echoed_or_made(backend: Backend) {
    let site = Site::start(backend);
    let mut raw = Raw::member(&site, "bank-01").await;
    for (sent, echoed) in
        [("case-1:a.b_C", true), ("a b", false), ("<x>", false), (&"x".repeat(65), false), ("", false)]
    {
        raw.head("GET /v1/nowhere", &[("X-Request-Id", sent)]).await.unwrap();
        let answer = raw.answer().await.unwrap();
        let id = answer.header("x-request-id").unwrap();
        assert_eq!(id == sent, echoed, "{sent:?} {id:?}");
        assert_eq!(answer.json()["instance"], id);
    }
}
