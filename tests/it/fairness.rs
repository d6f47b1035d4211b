//! A violation leaves only after its firm was told and had its days; until then it is as if it did not exist.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shuidaiyi::clock::Clock;
use shuidaiyi::domain::representative::PortalRole;
use shuidaiyi::domain::section::Section;
use shuidaiyi::service::error::ServiceError;
use shuidaiyi::service::{fairness, held, notifications};

use crate::corrections::{acting, all_is_sound};
use crate::deliveries::{TAXPAYER, deliver_rows, pulled};
use crate::support::oracle::kinds;
use crate::support::site::product_terms;
use crate::support::wire::{digests, sections};
use crate::support::{Backend, Site, both_backends};

both_backends!(
    a_violation_waits_for_its_notice,
    a_firm_is_told_once_by_several_processes,
    without_the_rule_nothing_waits,
);

/// A firm like the other one, but with no new violation.
const TWIN: &str = "91310000MA1K1234XB";

fn with_rule(site: &mut Site, days: u32) {
    site.config.fairness.notice_working_days = days;
    site.restart();
}

fn violation(taxpayer: &str, id: &str) -> Value {
    json!({"taxpayer_id": taxpayer, "violation_id": id, "registered_on": "2026-03-05", "type": null,
           "facts": "未按规定保管发票", "means": null, "status": "unresolved", "resolved_on": null, "period_from": null,
           "period_to": null, "inspection_case": false, "first_time_exempt": false, "corrected": false, "voided": false})
}

/// A consent of bank-01 for the violations of a firm.
async fn consent(site: &Site, taxpayer: &str) -> String {
    let mut terms = product_terms();
    terms["sections"] = json!(["violations"]);
    let path = "/v1/products/bank-01-credit";
    assert!(site.json("bank-01", Method::PUT, path, Some(terms)).await.0.is_success());
    let approved = site.json("bureau", Method::POST, &format!("{path}/approval"), Some(json!({}))).await;
    assert!(approved.0.is_success(), "{approved:?}");
    let granted = site.consent("bank-01", taxpayer, |terms| terms["sections"] = json!(["violations"])).await;
    granted["id"].as_str().unwrap().to_owned()
}

async fn follow(site: &Site) {
    site.exchange().blocking(fairness::follow).await.unwrap();
}

fn told(site: &Site) -> usize {
    kinds(&site.entries()).get("violation.notified").copied().unwrap_or(0)
}

fn said(answer: &Value) -> Value {
    sections(answer)["violations"].clone()
}

async fn a_violation_waits_for_its_notice(backend: Backend) {
    let mut site = Site::start(backend);
    let (own, twin) = (consent(&site, TAXPAYER).await, consent(&site, TWIN).await);
    deliver_rows(&site, "violation", 3, &[violation(TAXPAYER, "A"), violation(TWIN, "A")]);
    let before = pulled(&site, "bank-01", &own).await;
    with_rule(&mut site, 5);
    follow(&site).await;
    assert_eq!(told(&site), 0, "what was there before the rule stays visible, and nobody is told");
    assert_eq!(said(&pulled(&site, "bank-01", &own).await)["records"], said(&before)["records"]);

    // A new one of the one firm and none of its twin: nothing in what the bank gets may tell them apart.
    deliver_rows(&site, "violation", 4, &[violation(TAXPAYER, "B"), violation("91440305MA5XYR1281", "C")]);
    let unseen = pulled(&site, "bank-01", &own).await;
    let of_twin = pulled(&site, "bank-01", &twin).await;
    assert_eq!(said(&unseen), said(&of_twin));
    follow(&site).await;
    assert_eq!(told(&site), 2, "both of this firm's, which has a consent");
    follow(&site).await;
    assert_eq!(told(&site), 2, "once");
    let firm = acting(&site, TAXPAYER, PortalRole::LegalRepresentative);
    let notices = notifications::list(site.exchange(), &firm, None).await.unwrap();
    let kinds_of: Vec<&str> = notices.items.iter().map(|item| item.notice.kind().as_str()).collect();
    assert_eq!(kinds_of.iter().filter(|kind| **kind == "violation_told").count(), 2);
    assert_eq!(
        said(&pulled(&site, "bank-01", &own).await),
        said(&of_twin),
        "told, and still its days to run"
    );

    // The firm sees it, and who may speak for it makes a statement.
    let held = held::section(site.exchange(), &firm, Section::Violations).await.unwrap();
    let last_day = held.records[1].notice_last_day.unwrap();
    let keeper = acting(&site, TAXPAYER, PortalRole::Bookkeeper);
    let state = async |who, key: &str| {
        fairness::state(site.exchange(), who, key.into(), "发票已补齐，正在办理。".into()).await
    };
    assert!(matches!(state(&keeper, "B").await, Err(ServiceError::Forbidden)));
    assert!(matches!(state(&firm, "Z").await, Err(ServiceError::NotFound)));
    state(&firm, "B").await.unwrap();
    let waiting = pulled(&site, "bank-01", &own).await;
    assert_eq!(said(&waiting), said(&of_twin), "the statement reveals nothing either");

    let days = (last_day - site.clock.now().shanghai_date()).num_days();
    assert!((5..=9).contains(&days), "five working days: {days}");
    site.clock.advance_seconds(days * 86_400);
    assert_eq!(said(&pulled(&site, "bank-01", &own).await), said(&of_twin), "the last day is the firm's");
    site.clock.advance_seconds(86_400);
    // The same ready disclosure is not served past the day, though nothing was delivered.
    let seen = pulled(&site, "bank-01", &own).await;
    let violations = said(&seen);
    assert_eq!(violations["records"].as_array().unwrap().len(), 3, "{violations}");
    assert_eq!(violations["encoder"], "violations/2");
    assert_eq!(
        (&violations["statements"][0]["record"], &violations["statements"][0]["text"]),
        (&json!(1), &json!("发票已补齐，正在办理。"))
    );
    assert_ne!(digests(&seen), digests(&waiting));
    assert_eq!(said(&pulled(&site, "bank-01", &twin).await)["records"], said(&of_twin)["records"]);

    // The rule is lifted and put on again: replays judge by the rule of their time.
    with_rule(&mut site, 0);
    deliver_rows(&site, "violation", 5, &[violation(TAXPAYER, "D")]);
    let lifted = pulled(&site, "bank-01", &own).await;
    assert_eq!(said(&lifted)["records"].as_array().unwrap().len(), 4);
    with_rule(&mut site, 3);
    deliver_rows(&site, "violation", 6, &[violation(TAXPAYER, "E")]);
    let again = pulled(&site, "bank-01", &own).await;
    assert_eq!(said(&again)["records"].as_array().unwrap().len(), 4);
    all_is_sound(&site, &[before, unseen, of_twin, waiting, seen, lifted, again]).await;
}

async fn a_firm_is_told_once_by_several_processes(backend: Backend) {
    let mut site = Site::prepare(backend, 1_000_000);
    with_rule(&mut site, 5);
    deliver_rows(&site, "violation", 4, &[violation(TAXPAYER, "B"), violation(TWIN, "B")]);
    follow(&site).await;
    assert_eq!(told(&site), 0, "nobody consented: nothing is near a release");
    // The grant brings what was delivered before it within reach.
    let consent = consent(&site, TAXPAYER).await;
    let other = site.another();
    let turns = (0..4).map(|turn| {
        let exchange = if turn % 2 == 0 { site.exchange().clone() } else { other.exchange.clone() };
        tokio::task::spawn_blocking(move || match fairness::follow(&exchange) {
            Ok(()) | Err(ServiceError::Busy(_)) => {}
            Err(error) => panic!("{error}"),
        })
    });
    for turn in turns.collect::<Vec<_>>() {
        turn.await.unwrap();
    }
    follow(&site).await;
    assert_eq!(told(&site), 1);
    let empty = said(&pulled(&site, "bank-01", &consent).await);
    assert_eq!((&empty["status"], &empty["reason"]), (&json!("empty"), &json!("no_record_in_window")));
    assert_eq!(site.pull("bank-01", &consent).await.0, StatusCode::CREATED);
    other.stop();
}

async fn without_the_rule_nothing_waits(backend: Backend) {
    let site = Site::start(backend);
    let consent = consent(&site, TAXPAYER).await;
    deliver_rows(&site, "violation", 4, &[violation(TAXPAYER, "B")]);
    follow(&site).await;
    let found = kinds(&site.entries());
    assert!(!found.contains_key("violation.notified") && !found.contains_key("policy.changed"), "{found:?}");
    assert_eq!(said(&pulled(&site, "bank-01", &consent).await)["records"].as_array().unwrap().len(), 1);
}
