//! Every way in which a consent can fail a pull, as a request of `bank-01`.

use reqwest::Method;
use serde_json::{Value, json};

use super::Site;
use super::site::product_terms;

/// A pull that is refused, and why.
pub struct Reason {
    /// As the release row names it.
    pub name: &'static str,
    /// The body of the request.
    pub ask: Value,
}

/// Makes the consents and the requests that fail under them, one for each reason. The city is loaded here.
pub async fn every_reason(site: &Site) -> Vec<Reason> {
    let firms = site.load_city(12);
    let (firm, other) = (firms[0].taxpayer_id.as_str(), firms[1].taxpayer_id.as_str());
    site.product("bank-01").await;
    site.product("bank-02").await;
    let now = shuidaiyi::clock::Clock::now(&*site.clock);
    let day = |days: i64| json!(now.plus_micros(days * 86_400_000_000).utc().to_rfc3339());
    let mut reasons = Vec::new();
    let mut add = |name, id: &Value, extra: Value| {
        let mut ask = json!({"consent_id": id, "purpose": "pre_loan"});
        ask.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        reasons.push(Reason { name, ask });
    };
    add("unknown", &json!("00000000-0000-7000-8000-000000000000"), json!({}));
    let foreign = site.consent("bank-02", firm, |_| {}).await;
    add("foreign", &foreign["id"], json!({}));
    let revoked = site.consent("bank-01", firm, |_| {}).await;
    assert!(site.revoke(revoked["id"].as_str().unwrap()).await.0.is_success());
    add("revoked", &revoked["id"], json!({}));
    let expired = site.consent("bank-01", firm, |c| c["valid_to"] = day(-1)).await;
    add("expired", &expired["id"], json!({}));
    let early = site.consent("bank-01", firm, |c| c["valid_from"] = day(1)).await;
    add("not_yet_valid", &early["id"], json!({}));
    let exhausted = site.consent("bank-01", firm, |c| c["pulls_max"] = json!(1)).await;
    assert_eq!(site.pull("bank-01", exhausted["id"].as_str().unwrap()).await.0, 201);
    add("exhausted", &exhausted["id"], json!({}));
    let good = site.consent("bank-01", firm, |_| {}).await;
    add("wrong_purpose", &good["id"], json!({"purpose": "post_loan"}));
    add("taxpayer_mismatch", &good["id"], json!({"taxpayer_id": other}));
    add("product_not_approved", &closed_product(site, firm).await, json!({}));
    add("window_closed", &old_window(site, firm).await, json!({}));
    reasons
}

/// A consent under a product whose approval covers no day: consents need an approved one, not one open today.
async fn closed_product(site: &Site, taxpayer: &str) -> Value {
    let path = "/v1/products/closed";
    let (status, body) = site.json("bank-01", Method::PUT, path, Some(product_terms())).await;
    assert!(status.is_success(), "{body}");
    let profile = json!({"sections": ["registration", "rating", "filings"], "window_months": 36, "valid_to": "2020-01-01"});
    let approval = Some(json!({ "profile": profile }));
    let (status, body) = site.json("bureau", Method::POST, &format!("{path}/approval"), approval).await;
    assert!(status.is_success(), "{body}");
    site.consent("bank-01", taxpayer, |c| c["product_id"] = json!("closed")).await["id"].clone()
}

/// A consent to months that lie before any that the product opens.
async fn old_window(site: &Site, taxpayer: &str) -> Value {
    let window = json!({"from": "2010-01-01", "to": "2010-12-31"});
    site.consent("bank-01", taxpayer, |c| c["window"] = window).await["id"].clone()
}
