//! Members' requests with a client that is kept, and what stands in a dossier.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use shuidaiyi::domain::member::Role;
use shuidaiyi::seal::trust::TrustFile;
use shuidaiyi::seal::verify::Expectations;
use shuidaiyi::service::Exchange;
use shuidaiyi::service::consent::{NewConsent, grant};
use shuidaiyi::service::directory::Caller;
use shuidaiyi::service::verify::{PullAnswer, verify};

use super::Site;
use super::site::consent_terms;

/// A member's client of one gateway; its connections are kept.
#[derive(Clone)]
pub struct Wire {
    pub client: Client,
    pub base: String,
}

impl Wire {
    pub fn new(site: &Site, member: &str, base: &str) -> Self {
        Self { client: site.client(member), base: base.to_owned() }
    }

    /// POSTs, again while the gateway says that it is busy. `Err` if the connection broke.
    pub async fn post(
        &self,
        path: &str,
        body: &Value,
        key: Option<&str>,
    ) -> Result<(StatusCode, Value), reqwest::Error> {
        loop {
            let mut request = self.client.post(format!("{}{path}", self.base)).json(body);
            if let Some(key) = key {
                request = request.header("Idempotency-Key", key);
            }
            let response = request.send().await?;
            let status = response.status();
            if status != StatusCode::SERVICE_UNAVAILABLE {
                let bytes = response.bytes().await?;
                return Ok((status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)));
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// Pulls; under a key, if there is one.
    pub async fn pull(
        &self,
        consent_id: &str,
        key: Option<&str>,
    ) -> Result<(StatusCode, Value), reqwest::Error> {
        self.post("/v1/dossiers", &json!({"consent_id": consent_id, "purpose": "pre_loan"}), key).await
    }

    /// Revokes.
    pub async fn revoke(&self, consent_id: &str) -> (StatusCode, Value) {
        self.post(&format!("/v1/consents/{consent_id}/revocation"), &json!({}), None).await.unwrap()
    }

    /// Asks for a release again; a busy answer is asked again.
    pub async fn get(&self, path: &str) -> (StatusCode, String) {
        loop {
            let response = self.client.get(format!("{}{path}", self.base)).send().await.unwrap();
            let status = response.status();
            if status != StatusCode::SERVICE_UNAVAILABLE {
                return (status, response.text().await.unwrap());
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

/// Consents granted without HTTP, all to one bank; their ids.
pub async fn grant_many(
    exchange: &Arc<Exchange>,
    bank: &str,
    taxpayers: &[&str],
    count: usize,
    change: impl Fn(&mut Value),
) -> Vec<String> {
    let bureau = Caller {
        member: "bureau".parse().unwrap(),
        role: Role::Bureau,
        label: "test".into(),
        certificate: String::new(),
        quota_per_day: 0,
    };
    let mut ids = Vec::with_capacity(count);
    for n in 0..count {
        let mut terms = consent_terms(bank, taxpayers[n % taxpayers.len()]);
        change(&mut terms);
        let new: NewConsent = serde_json::from_value(terms).unwrap();
        ids.push(grant(exchange, &bureau, new, None).await.unwrap().consent.terms.id);
    }
    ids
}

/// Checks an answer as its bank would.
pub fn assert_verifies(site: &Site, bank: &str, answer: &Value) {
    let trust = TrustFile::parse(&std::fs::read_to_string(site.dir().join("trust.json")).unwrap()).unwrap();
    let parsed: PullAnswer = serde_json::from_value(answer.clone()).unwrap();
    let at_micros = shuidaiyi::clock::Clock::now(&*site.clock).micros();
    let report = verify(&parsed, &trust, Expectations { audience: Some(bank), at_micros });
    assert!(report.holds(), "{:?}", report.checks);
}

/// The sections of a dossier, by name, as their objects.
pub fn sections(answer: &Value) -> BTreeMap<String, Value> {
    let dossier = answer["dossier"].as_str().expect("a dossier");
    let disclosures = dossier.split('~').skip(1).filter(|part| !part.is_empty());
    disclosures
        .map(|text| {
            let disclosure: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap();
            (disclosure[1].as_str().unwrap().to_owned(), disclosure[2].clone())
        })
        .collect()
}

/// The digests that a dossier's JWT lists.
pub fn digests(answer: &Value) -> Vec<String> {
    let claims = answer["dossier"].as_str().unwrap().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    claims["_sd"].as_array().unwrap().iter().map(|d| d.as_str().unwrap().to_owned()).collect()
}

/// A small-scale taxpayer's return for a month of 2026 whose figures agree with its form.
pub fn small_return(taxpayer: &str, month: u32, sales_fen: i64) -> Value {
    let days = if month == 2 { 28 } else { 30 + (month + month / 8) % 2 };
    json!({
        "taxpayer_id": taxpayer, "form_version": "2021",
        "period_from": format!("2026-{month:02}-01"), "period_to": format!("2026-{month:02}-{days}"),
        "due": format!("2026-{:02}-15", month + 1), "filed_on": format!("2026-{:02}-10", month + 1),
        "correction": "original", "voided": false, "sales_taxable_fen": sales_fen,
        "payable_fen": 300, "reduction_fen": 200, "payable_total_fen": 100, "prepaid_fen": 40,
        "due_or_refund_fen": 60
    })
}
