//! The brake: from its entry on nothing leaves that it names, at any gateway; and a bank cannot tell it from a revocation.

use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shuidaiyi::service::admin::Actor;
use shuidaiyi::service::holds::{self, NewHold};

use crate::support::child::{ChildGateway, program};
use crate::support::oracle::{deeds, kinds};
use crate::support::wire::{Wire, grant_many};
use crate::support::{Backend, Site, both_backends, sql};

both_backends!(
    each_target_is_held_and_let_go,
    a_hold_binds_every_gateway_at_once,
    a_held_pull_is_told_what_a_revoked_one_is,
    holds_are_checked_listed_and_lifted_once,
    in_ledger_order_nothing_leaves_under_a_hold,
    the_host_can_brake_too,
);

/// A site with one bank's product and consents of two firms to it.
async fn site_with_consents(backend: Backend) -> (Site, Vec<String>, Vec<String>) {
    let site = Site::start(backend);
    let taxpayers: Vec<String> =
        site.load_city(2).iter().map(|firm| firm.taxpayer_id.as_str().to_owned()).collect();
    for bank in ["bank-01", "bank-02"] {
        site.product(bank).await;
    }
    let firms = [taxpayers[0].as_str(), taxpayers[1].as_str()];
    let consents = grant_many(site.exchange(), "bank-01", &firms, 2, |_| {}).await;
    (site, taxpayers, consents)
}

async fn place(site: &Site, mut hold: Value) -> Value {
    hold["reason"] = json!("核实中");
    let (status, body) = site.json("bureau", Method::POST, "/v1/holds", Some(hold)).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    body
}

async fn lift(site: &Site, hold: &Value) {
    let path = format!("/v1/holds/{}/lifting", hold["id"].as_str().unwrap());
    let (status, body) = site.json("bureau", Method::POST, &path, Some(json!({}))).await;
    assert_eq!((status, body["status"].as_str()), (StatusCode::OK, Some("lifted")), "{body}");
}

fn refused(answer: &(StatusCode, Value)) -> bool {
    answer.0 == StatusCode::FORBIDDEN && answer.1["code"] == "consent-not-in-force"
}

async fn each_target_is_held_and_let_go(backend: Backend) {
    let (site, taxpayers, consents) = site_with_consents(backend).await;
    let other_bank = grant_many(site.exchange(), "bank-02", &[&taxpayers[0]], 1, |_| {}).await.remove(0);
    let ratings = grant_many(site.exchange(), "bank-01", &[&taxpayers[0]], 1, |c| {
        c["sections"] = json!(["rating"]);
    })
    .await
    .remove(0);
    // What the hold names, and whether it stops: the firm's whole dossier, the other firm's, another bank's pull, a rating alone.
    for (hold, stops) in [
        (json!({"member": "bank-01"}), [true, true, false, true]),
        (json!({"product": "bank-01-credit"}), [true, true, false, true]),
        (json!({"section": "filings"}), [true, true, true, false]),
        (json!({"taxpayer": taxpayers[0]}), [true, false, true, true]),
    ] {
        let asks = [
            ("bank-01", &consents[0]),
            ("bank-01", &consents[1]),
            ("bank-02", &other_bank),
            ("bank-01", &ratings),
        ];
        // Remembered by the process, so that the write unit alone stands in the way.
        for (bank, consent) in asks {
            assert_eq!(site.pull(bank, consent).await.0, StatusCode::CREATED);
        }
        let placed = place(&site, hold.clone()).await;
        for _remembered_then_read in 0..2 {
            for ((bank, consent), stop) in asks.into_iter().zip(stops) {
                let answer = site.pull(bank, consent).await;
                assert_eq!(refused(&answer), stop, "{hold} {bank} {answer:?}");
            }
        }
        lift(&site, &placed).await;
        for (bank, consent) in asks {
            assert_eq!(site.pull(bank, consent).await.0, StatusCode::CREATED);
        }
    }
    let on_hold = "SELECT count(*) AS n FROM release WHERE outcome = 'on_hold'";
    assert_eq!(sql::number(&sql::ledger(&site), on_hold), 24, "the true reason is kept");
    let entries = site.entries();
    let kinds = kinds(&entries);
    assert_eq!((kinds["hold.placed"], kinds["hold.lifted"]), (4, 4));
    let leaves = serde_json::to_string(&entries).unwrap();
    assert!(!leaves.contains(&taxpayers[0]) && !leaves.contains("核实中") && !leaves.contains("on_hold"));
}

async fn a_hold_binds_every_gateway_at_once(backend: Backend) {
    let (site, taxpayers, consents) = site_with_consents(backend).await;
    let process = ChildGateway::start(&site.dir());
    let here = Wire::new(&site, "bank-01", &site.url());
    let there = Wire::new(&site, "bank-01", &process.url());
    let (bureau, bureau_there) =
        (Wire::new(&site, "bureau", &site.url()), Wire::new(&site, "bureau", &process.url()));
    for round in 0..6 {
        let (pull, brake) = if round % 2 == 0 { (&there, &bureau) } else { (&here, &bureau_there) };
        let (status, first) = pull.pull(&consents[0], Some(&format!("k{round}"))).await.unwrap();
        assert_eq!(status, StatusCode::CREATED, "{first}");
        let ask = json!({"taxpayer": taxpayers[0], "reason": "r"});
        let (status, hold) = brake.post("/v1/holds", &ask, None).await.unwrap();
        assert_eq!(status, StatusCode::CREATED, "{hold}");
        // The very next pull, the repeat by id and the repeat by key, at the other process.
        assert!(refused(&pull.pull(&consents[0], None).await.unwrap()));
        let path = format!("/v1/releases/{}", first["release_id"].as_str().unwrap());
        let (status, again) = pull.get(&path).await;
        assert!(status == StatusCode::OK && again.contains("\"dossier\":null"), "{status} {again}");
        assert!(refused(&pull.pull(&consents[0], Some(&format!("k{round}"))).await.unwrap()));
        let lifting = format!("/v1/holds/{}/lifting", hold["id"].as_str().unwrap());
        assert_eq!(brake.post(&lifting, &json!({}), None).await.unwrap().0, StatusCode::OK);
        let (_, again) = pull.get(&path).await;
        assert!(again.contains("\"dossier\":\"ey"), "{again}");
    }
}

/// What a caller can see of a refused pull, without what differs every time.
async fn seen(site: &Site, ask: &Value) -> (u16, Vec<(String, String)>, Value) {
    let response = site.ask("bank-01", Method::POST, "/v1/dossiers", Some(ask.clone())).await;
    let status = response.status().as_u16();
    let mut headers: Vec<(String, String)> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .filter(|(name, _)| name != "x-request-id" && name != "date")
        .collect();
    headers.sort();
    let mut body: Value = response.json().await.unwrap();
    body.as_object_mut().unwrap().remove("instance");
    (status, headers, body)
}

async fn a_held_pull_is_told_what_a_revoked_one_is(backend: Backend) {
    let (site, taxpayers, consents) = site_with_consents(backend).await;
    assert!(site.revoke(&consents[1]).await.0.is_success());
    place(&site, json!({"taxpayer": taxpayers[0]})).await;
    let ask = |consent: &str| json!({"consent_id": consent, "purpose": "pre_loan"});
    let revoked = seen(&site, &ask(&consents[1])).await;
    assert_eq!(seen(&site, &ask(&consents[0])).await, revoked);
    // A section that was not consented to makes no difference under a hold.
    let mut beyond = ask(&consents[0]);
    beyond["sections"] = json!(["rating", "invoices"]);
    assert_eq!(seen(&site, &beyond).await, revoked);
    let entries = deeds(site.entries());
    let refusals = &entries[entries.len() - 3..];
    let shape = |entry: &Value| -> Vec<(String, usize)> {
        entry.as_object().unwrap().iter().map(|(k, v)| (k.clone(), v.to_string().len())).collect()
    };
    assert!(refusals.iter().all(|entry| shape(entry) == shape(&refusals[0])), "{refusals:?}");
}

async fn holds_are_checked_listed_and_lifted_once(backend: Backend) {
    let (site, taxpayers, _consents) = site_with_consents(backend).await;
    for bad in [
        json!({"reason": "r"}),
        json!({"member": "bank-01", "section": "rating", "reason": "r"}),
        json!({"member": "bank-99", "reason": "r"}),
        json!({"member": "bureau", "reason": "r"}),
        json!({"product": "no-such", "reason": "r"}),
        json!({"section": "salary", "reason": "r"}),
        json!({"taxpayer": "short", "reason": "r"}),
        json!({"member": "bank-01", "reason": ""}),
        json!({"member": "bank-01", "reason": "r", "until": "2020-01-01"}),
        json!({"member": "bank-01", "reason": "r", "colour": "red"}),
    ] {
        let (status, body) = site.json("bureau", Method::POST, "/v1/holds", Some(bad.clone())).await;
        assert_eq!((status.as_u16(), body["code"].as_str()), (422, Some("invalid")), "{bad} {body}");
    }
    let bureau = Wire::new(&site, "bureau", &site.url());
    let ask = json!({"taxpayer": taxpayers[0], "reason": "r"});
    let (_, first) = bureau.post("/v1/holds", &ask, Some("key")).await.unwrap();
    let (status, again) = bureau.post("/v1/holds", &ask, Some("key")).await.unwrap();
    assert_eq!((status, &again["id"]), (StatusCode::CREATED, &first["id"]));
    let other = json!({"taxpayer": taxpayers[1], "reason": "r"});
    assert_eq!(
        bureau.post("/v1/holds", &other, Some("key")).await.unwrap().1["code"],
        "idempotency-conflict"
    );
    lift(&site, &first).await;
    lift(&site, &first).await;
    let absent = "/v1/holds/00000000-0000-7000-8000-000000000000/lifting";
    assert_eq!(site.json("bureau", Method::POST, absent, None).await.0, StatusCode::NOT_FOUND);

    // One that ends by itself.
    let ends = shuidaiyi::clock::Clock::now(&*site.clock).plus_micros(30_000_000);
    let ending = place(&site, json!({"taxpayer": taxpayers[0], "until": ends.to_string()})).await;
    let consent = grant_many(site.exchange(), "bank-01", &[&taxpayers[0]], 1, |_| {}).await.remove(0);
    assert!(refused(&site.pull("bank-01", &consent).await));
    site.clock.advance_seconds(31);
    assert_eq!(site.pull("bank-01", &consent).await.0, StatusCode::CREATED);
    let (_, page) = site.json("bureau", Method::GET, "/v1/holds", None).await;
    let listed: Vec<(&Value, &Value)> =
        page["items"].as_array().unwrap().iter().map(|hold| (&hold["id"], &hold["status"])).collect();
    assert_eq!(listed, [(&first["id"], &json!("lifted")), (&ending["id"], &json!("expired"))]);
    let kinds = kinds(&site.entries());
    assert_eq!((kinds["hold.placed"], kinds["hold.lifted"]), (2, 1));
}

/// Pulls through two gateways race with holds placed through both; the ledger's order is the judge.
async fn in_ledger_order_nothing_leaves_under_a_hold(backend: Backend) {
    let (site, taxpayers, consents) = site_with_consents(backend).await;
    let second = site.another();
    let urls = [site.url(), format!("https://localhost:{}", second.gateway.port())];
    let done = std::sync::Arc::new(AtomicBool::new(false));
    let pulls: Vec<_> = (0..6)
        .map(|n| {
            let (wire, consent) = (Wire::new(&site, "bank-01", &urls[n % 2]), consents[0].clone());
            let done = done.clone();
            tokio::spawn(async move {
                while !done.load(Ordering::SeqCst) {
                    let (status, body) = wire.pull(&consent, None).await.unwrap();
                    assert!(matches!(status.as_u16(), 201 | 403), "{status} {body}");
                }
            })
        })
        .collect();
    let bureaus = urls.each_ref().map(|url| Wire::new(&site, "bureau", url));
    for round in 0..30 {
        let ask = json!({"taxpayer": taxpayers[0], "reason": "r"});
        let (status, hold) = bureaus[round % 2].post("/v1/holds", &ask, None).await.unwrap();
        assert_eq!(status, StatusCode::CREATED, "{hold}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        let lifting = format!("/v1/holds/{}/lifting", hold["id"].as_str().unwrap());
        assert_eq!(
            bureaus[(round + 1) % 2].post(&lifting, &json!({}), None).await.unwrap().0,
            StatusCode::OK
        );
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    done.store(true, Ordering::SeqCst);
    for pull in pulls {
        pull.await.unwrap();
    }
    second.stop();
    let (mut held, mut granted, mut refused) = (false, 0, 0);
    for entry in site.entries() {
        match entry["kind"].as_str().unwrap() {
            "hold.placed" => held = true,
            "hold.lifted" => held = false,
            "release.granted" => {
                assert!(!held, "a dossier left under a hold: {entry}");
                granted += 1;
            }
            "release.refused" => refused += 1,
            _other => {}
        }
    }
    println!("{backend:?}: 30 holds against pulls at two gateways, {granted} granted, {refused} refused");
    assert!(granted > 30 && refused > 10, "{granted} {refused}");
}

async fn the_host_can_brake_too(backend: Backend) {
    let (site, taxpayers, consents) = site_with_consents(backend).await;
    assert_eq!(site.pull("bank-01", &consents[0]).await.0, StatusCode::CREATED);
    let config = site.dir().join("shuidaiyi.toml");
    let hold = |arguments: &[&str]| {
        let mut command = program();
        command.args(["hold", arguments[0], "--config"]).arg(&config).args(&arguments[1..]);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), text)
    };
    let (code, said) = hold(&["place", "--taxpayer", &taxpayers[0], "--reason", "核实"]);
    assert_eq!(code, 0, "{said}");
    assert!(refused(&site.pull("bank-01", &consents[0]).await));
    let (_, listed) = hold(&["list", "--json"]);
    let listed: Value = serde_json::from_str(listed.trim()).unwrap();
    assert_eq!((&listed["value"], &listed["placed_by"]), (&json!(taxpayers[0]), &json!("operator")));
    let (code, said) = hold(&["lift", listed["id"].as_str().unwrap()]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(site.pull("bank-01", &consents[0]).await.0, StatusCode::CREATED);
    assert_eq!(hold(&["place", "--reason", "r"]).0, 2, "a hold names something");
    assert_eq!(hold(&["place", "--member", "bank-99", "--reason", "r"]).0, 1);
    // The service is what the console calls.
    let new = NewHold { member: Some("bank-01".into()), reason: "r".into(), ..NewHold::default() };
    let change = holds::place(site.exchange(), &Actor::operator("test"), new, None).await.unwrap();
    assert!(refused(&site.pull("bank-01", &consents[0]).await));
    holds::lift(site.exchange(), &Actor::operator("test"), change.hold.id, None).await.unwrap();
}
