//! `Idempotency-Key`: the same request gets the same answer, another one a conflict.

use serde_json::{Value, json};

use crate::input::Scene;
use crate::support::oracle::kinds;
use crate::support::site::consent_terms;
use crate::support::{Backend, Site, both_backends};

both_backends!(a_key_answers_the_same_or_conflicts, a_key_works_for_revocations);

async fn post(site: &Site, member: &str, path: &str, key: &str, body: &Value) -> (u16, Value) {
    let request = site.client(member).post(format!("{}{path}", site.url()));
    let response = request.header("Idempotency-Key", key).json(body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn a_key_answers_the_same_or_conflicts(backend: Backend) {
    let scene = Scene::set(backend).await;
    let site = &scene.site;
    let ask = json!({"consent_id": scene.consent, "purpose": "pre_loan", "bank_ref": "案-1"});
    let (status, first) = post(site, "bank-01", "/v1/dossiers", "k", &ask).await;
    assert_eq!((status, first["bank_ref"].as_str()), (201, Some("案-1")), "{first}");
    let (status, again) = post(site, "bank-01", "/v1/dossiers", "k", &ask).await;
    assert_eq!(status, 201);
    for field in ["release_id", "dossier", "bank_ref"] {
        assert_eq!(again[field], first[field], "{field}");
    }
    assert_eq!(again["receipt"]["entry"], first["receipt"]["entry"]);
    let mut other = ask.clone();
    other["nonce"] = json!("n");
    let (status, conflict) = post(site, "bank-01", "/v1/dossiers", "k", &other).await;
    assert_eq!((status, conflict["code"].as_str()), (422, Some("idempotency-conflict")));
    let (status, foreign) = post(site, "bank-02", "/v1/dossiers", "k", &ask).await;
    assert_eq!(
        (status, foreign["code"].as_str()),
        (403, Some("consent-not-in-force")),
        "a key is its caller's"
    );

    let terms = consent_terms("bank-01", &scene.taxpayer);
    let (status, granted) = post(site, "bureau", "/v1/consents", "k", &terms).await;
    assert_eq!(status, 201, "{granted}");
    let (status, again) = post(site, "bureau", "/v1/consents", "k", &terms).await;
    assert_eq!(
        (status, &again["id"], &again["receipt"]["entry"]),
        (201, &granted["id"], &granted["receipt"]["entry"])
    );
    let mut other = terms.clone();
    other["pulls_max"] = json!(1);
    let (status, conflict) = post(site, "bureau", "/v1/consents", "k", &other).await;
    assert_eq!((status, conflict["code"].as_str()), (422, Some("idempotency-conflict")));
    let count = kinds(&site.entries());
    assert_eq!((count["release.granted"], count["release.repeated"], count["release.refused"]), (1, 1, 1));
    assert_eq!(count["consent.granted"], 2);
    for key in ["", "a b", "ключ", &"k".repeat(65)] {
        let (status, problem) = post(site, "bank-01", "/v1/dossiers", key, &ask).await;
        assert_eq!((status, problem["code"].as_str()), (400, Some("malformed")), "{key:?}");
    }
    site.clock.advance_seconds(24 * 3600 + 1);
    let (status, fresh) = post(site, "bank-01", "/v1/dossiers", "k", &other_pull(&scene)).await;
    assert_eq!(status, 201, "after 24 h the key is free again: {fresh}");
}

fn other_pull(scene: &Scene) -> Value {
    json!({"consent_id": scene.consent, "purpose": "pre_loan", "nonce": "another"})
}

async fn a_key_works_for_revocations(backend: Backend) {
    let scene = Scene::set(backend).await;
    let path = format!("/v1/consents/{}/revocation", scene.consent);
    let body = json!({"reason": "不再需要"});
    for key in ["k", "k", "after the fact"] {
        let (status, revoked) = post(&scene.site, "bureau", &path, &key.replace(' ', "-"), &body).await;
        assert_eq!((status, revoked["status"].as_str()), (200, Some("revoked")), "{key}: {revoked}");
    }
    for key in ["k", "after-the-fact"] {
        let (status, conflict) = post(&scene.site, "bureau", &path, key, &json!({})).await;
        assert_eq!((status, conflict["code"].as_str()), (422, Some("idempotency-conflict")), "{key}");
    }
    assert_eq!(kinds(&scene.site.entries())["consent.revoked"], 1);
}
