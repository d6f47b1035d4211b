//! Several gateways on one database: one dense ledger, exact quotas, and what one decides binds the others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::Value;
use shuidaiyi::app;
use shuidaiyi::clock::Clock;
use shuidaiyi::ledger::InclusionReceipt;
use shuidaiyi::service::admin::{Change, apply};

use crate::support::child::ChildGateway;
use crate::support::clock::TestClock;
use crate::support::oracle::kinds;
use crate::support::wire::{Wire, assert_verifies, grant_many};
use crate::support::{Backend, Site, both_backends, sql};

both_backends!(
    clocks_apart_are_judged_by_the_ledgers,
    a_stuck_database_is_a_named_answer,
    three_gateways_write_one_ledger_and_count_one_quota,
    one_key_at_two_gateways_is_one_release,
    revocation_and_suspension_bind_every_gateway,
    a_gateway_starts_while_another_is_under_load,
);

fn url(running: &app::Running) -> String {
    format!("https://localhost:{}", running.gateway.port())
}

async fn three_gateways_write_one_ledger_and_count_one_quota(backend: Backend) {
    let site = Site::start_with_quota(backend, 100);
    let firms = site.load_city(6);
    let taxpayers: Vec<&str> = firms.iter().map(|firm| firm.taxpayer_id.as_str()).collect();
    site.product("bank-01").await;
    let consents = grant_many(site.exchange(), "bank-01", &taxpayers, 6, |_| {}).await;
    let second = site.another();
    let process = ChildGateway::start(&site.dir());
    let wires = [site.url(), url(&second), process.url()].map(|base| Wire::new(&site, "bank-01", &base));
    let pulls = (0..300).map(|n| {
        let (wire, consent) = (&wires[n % wires.len()], &consents[n % consents.len()]);
        async move { (n, wire.pull(consent, None).await.unwrap()) }
    });
    let mut granted: [Vec<Value>; 3] = Default::default();
    for (n, (status, answer)) in join_all(pulls).await {
        match status {
            StatusCode::CREATED => granted[n % 3].push(answer),
            other => assert_eq!(other, StatusCode::TOO_MANY_REQUESTS, "{answer}"),
        }
    }
    let shares = granted.each_ref().map(Vec::len);
    assert_eq!(shares.iter().sum::<usize>(), 100, "{shares:?}");
    let entries = site.entries();
    assert_eq!(kinds(&entries)["release.granted"], 100);
    for answer in granted.iter().flatten() {
        assert_verifies(&site, "bank-01", answer);
    }
    // A proof from any of them verifies, whoever appended the entry and whoever moved the head since.
    let verifier = &site.exchange().keys.ledger_verifier();
    for answer in granted.iter().filter_map(|answers| answers.first()) {
        let receipt = InclusionReceipt::parse(answer["receipt"]["proof"].as_str().unwrap()).unwrap();
        let leaf = STANDARD.decode(answer["receipt"]["entry"].as_str().unwrap()).unwrap();
        for wire in &wires {
            let (status, proof) = wire.get(&format!("/v1/ledger/proof/{}", receipt.index)).await;
            assert_eq!(status, StatusCode::OK, "{proof}");
            InclusionReceipt::parse(&proof).unwrap().verify(&leaf, verifier).unwrap();
        }
    }
    second.stop();
    println!("{backend:?}: 100 grants of 300 pulls, by gateway {shares:?}");
}

async fn one_key_at_two_gateways_is_one_release(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(2);
    site.product("bank-01").await;
    let taxpayers = [firms[0].taxpayer_id.as_str(), firms[1].taxpayer_id.as_str()];
    let consents = grant_many(site.exchange(), "bank-01", &taxpayers, 2, |_| {}).await;
    let second = site.another();
    let wires = [site.url(), url(&second)].map(|base| Wire::new(&site, "bank-01", &base));
    for round in 0..12 {
        // The same request at both.
        let key = format!("same-{round}");
        let same = join_all((0..8).map(|n| wires[n % 2].pull(&consents[0], Some(&key)))).await;
        let ids: Vec<Value> = same.into_iter().map(|pull| pull.unwrap().1["release_id"].clone()).collect();
        assert!(ids.iter().all(|id| id.is_string() && *id == ids[0]), "{ids:?}");
        // Two requests under one key: one is released, the other told of the conflict.
        let key = format!("other-{round}");
        let (first, other) = tokio::join!(
            wires[round % 2].pull(&consents[0], Some(&key)),
            wires[(round + 1) % 2].pull(&consents[1], Some(&key)),
        );
        let mut statuses = [first.unwrap().0.as_u16(), other.unwrap().0.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 422]);
    }
    assert_eq!(kinds(&site.entries())["release.granted"], 24);
    second.stop();
}

async fn revocation_and_suspension_bind_every_gateway(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(2);
    let taxpayer = firms[0].taxpayer_id.as_str();
    for bank in ["bank-01", "bank-02"] {
        site.product(bank).await;
    }
    let process = ChildGateway::start(&site.dir());
    let mine = grant_many(site.exchange(), "bank-01", &[taxpayer], 20, |_| {}).await;
    let (here, there) =
        (Wire::new(&site, "bank-01", &site.url()), Wire::new(&site, "bank-01", &process.url()));
    let (bureau, bureau_there) =
        (Wire::new(&site, "bureau", &site.url()), Wire::new(&site, "bureau", &process.url()));
    for (n, consent) in mine.iter().enumerate() {
        let (pull, revoke) = if n % 2 == 0 { (&there, &bureau) } else { (&here, &bureau_there) };
        let (status, first) = pull.pull(consent, None).await.unwrap();
        assert_eq!(status, StatusCode::CREATED, "{first}");
        assert!(revoke.revoke(consent).await.0.is_success());
        let (status, refused) = pull.pull(consent, None).await.unwrap();
        assert_eq!((status.as_u16(), refused["code"].as_str()), (403, Some("consent-not-in-force")));
        let (_, again) = pull.get(&format!("/v1/releases/{}", first["release_id"].as_str().unwrap())).await;
        assert!(again.contains("\"dossier\":null"), "{again}");
    }

    let kept = grant_many(site.exchange(), "bank-01", &[taxpayer], 1, |_| {}).await.remove(0);
    let others = grant_many(site.exchange(), "bank-02", &[taxpayer], 1, |_| {}).await.remove(0);
    assert_eq!(there.pull(&kept, None).await.unwrap().0, StatusCode::CREATED);
    let exchange = site.exchange().clone();
    let suspend = move || apply(&exchange, vec![Change::Suspend("bank-01".parse().unwrap())], "test".into());
    tokio::task::spawn_blocking(suspend).await.unwrap().unwrap();
    let since = Instant::now();
    while there.pull(&kept, None).await.unwrap().0 != StatusCode::UNAUTHORIZED {
        assert!(since.elapsed() < Duration::from_secs(2), "a suspension must bite within 2 s");
    }
    println!("{backend:?}: a suspension bit in the other process after {:.0?}", since.elapsed());
    assert_eq!(here.pull(&kept, None).await.unwrap().0, StatusCode::UNAUTHORIZED);
    let other = Wire::new(&site, "bank-02", &process.url());
    assert_eq!(other.pull(&others, None).await.unwrap().0, StatusCode::CREATED);
}

/// Head and anchor move while the starting gateway compares them.
async fn a_gateway_starts_while_another_is_under_load(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(2);
    site.product("bank-01").await;
    let consents = grant_many(site.exchange(), "bank-01", &[firms[0].taxpayer_id.as_str()], 1, |c| {
        c["pulls_max"] = 1_000_000.into();
    })
    .await;
    let load: Vec<_> = (0..4)
        .map(|_| {
            let (wire, consent) = (Wire::new(&site, "bank-01", &site.url()), consents[0].clone());
            tokio::spawn(async move {
                loop {
                    let (status, answer) = wire.pull(&consent, None).await.unwrap();
                    assert_eq!(status, StatusCode::CREATED, "{answer}");
                }
            })
        })
        .collect();
    let places = site.config.places().unwrap();
    for _ in 0..40 {
        let (places, clock) = (places.clone(), site.clock.clone());
        let opened =
            tokio::task::spawn_blocking(move || shuidaiyi::service::start::open(&places, clock).map(drop));
        opened.await.unwrap().expect("a second gateway starts under load");
    }
    assert!(load.iter().all(|task| !task.is_finished()), "the load ended early");
    load.iter().for_each(tokio::task::JoinHandle::abort);
    join_all(load).await;
}

/// Another process holds the head: every pull is turned away in a few lock waits, however many wait.
async fn a_stuck_database_is_a_named_answer(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(1);
    site.product("bank-01").await;
    let consents = grant_many(site.exchange(), "bank-01", &[firms[0].taxpayer_id.as_str()], 1, |_| {}).await;
    let wire = Wire::new(&site, "bank-01", &site.url());
    assert_eq!(wire.pull(&consents[0], None).await.unwrap().0, StatusCode::CREATED);
    let (ledger, (held, holding)) = (sql::ledger(&site), std::sync::mpsc::channel());
    let holder = std::thread::spawn(move || match backend {
        Backend::Postgres => {
            held.send(()).unwrap();
            sql::execute(&ledger, &["SELECT 1 FROM ledger_head FOR UPDATE", "SELECT pg_sleep(7)"]);
        }
        Backend::Sqlite => ledger
            .write(|_locked| {
                held.send(()).unwrap();
                std::thread::sleep(Duration::from_secs(7));
                Ok(())
            })
            .unwrap(),
    });
    holding.recv().unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let since = Instant::now();
    let ask = serde_json::json!({"consent_id": consents[0], "purpose": "pre_loan"});
    let pulls = (0..40).map(|_| wire.client.post(format!("{}/v1/dossiers", wire.base)).json(&ask).send());
    for response in join_all(pulls).await {
        let response = response.unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(response.headers().contains_key("retry-after"));
    }
    let waited = since.elapsed();
    assert!(waited < Duration::from_secs(6), "40 pulls were turned away only after {waited:?}");
    println!("{backend:?}: 40 pulls at a held head were turned away after {waited:.1?}");
    holder.join().unwrap();
    assert_eq!(wire.pull(&consents[0], None).await.unwrap().0, StatusCode::CREATED);
}

/// One node's clock runs ahead, another's behind: dates are judged by the ledger's.
async fn clocks_apart_are_judged_by_the_ledgers(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(1);
    site.product("bank-01").await;
    let taxpayer = firms[0].taxpayer_id.as_str();
    let kept = grant_many(site.exchange(), "bank-01", &[taxpayer], 1, |_| {}).await.remove(0);
    let ends = site.clock.now().plus_micros(90_000_000);
    let ending = grant_many(site.exchange(), "bank-01", &[taxpayer], 1, |c| {
        c["valid_to"] = ends.to_string().into();
    })
    .await
    .remove(0);
    let here = Wire::new(&site, "bank-01", &site.url());
    let (status, first) = here.pull(&ending, Some("k")).await.unwrap();
    assert_eq!(status, StatusCode::CREATED, "{first}");

    // This node stands a second before the consent's end, the other half a second after it.
    let left = ends.since_micros(site.clock.now());
    site.clock.advance_seconds(left / 1_000_000 - 1);
    let ahead = Arc::new(TestClock::default());
    ahead.advance_seconds(left / 1_000_000 + 1);
    let second = app::spawn(&site.config, ahead.clone()).unwrap();
    let there = Wire::new(&site, "bank-01", &url(&second));
    assert_eq!(there.pull(&kept, None).await.unwrap().0, StatusCode::CREATED);
    let path = format!("/v1/releases/{}", first["release_id"].as_str().unwrap());
    let (status, again) = here.get(&path).await;
    assert!(status == StatusCode::OK && again.contains("\"dossier\":null"), "{status} {again}");
    let (status, refused) = here.pull(&ending, Some("k")).await.unwrap();
    assert_eq!((status.as_u16(), refused["code"].as_str()), (403, Some("consent-not-in-force")));
    let reason = "SELECT count(*) AS n FROM release WHERE outcome = 'expired'";
    assert_eq!(sql::number(&sql::ledger(&site), reason), 1, "the true reason is kept");

    // Over two seconds behind the newest entry a node writes nothing.
    ahead.advance_seconds(5);
    assert_eq!(there.pull(&kept, None).await.unwrap().0, StatusCode::CREATED);
    let ask = serde_json::json!({"consent_id": kept, "purpose": "pre_loan"});
    let busy = here.client.post(format!("{}/v1/dossiers", here.base)).json(&ask).send().await.unwrap();
    assert_eq!(busy.status(), StatusCode::SERVICE_UNAVAILABLE);
    site.clock.advance_seconds(5);
    assert_eq!(here.pull(&kept, None).await.unwrap().0, StatusCode::CREATED);
    second.stop();
}
