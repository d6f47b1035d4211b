//! The sentinels over a running gateway: what each rule finds becomes one case, and a bank learns of nobody else by it.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shuidaiyi::clock::Clock;
use shuidaiyi::domain::timestamp::Timestamp;
use shuidaiyi::service::admin::Actor;
use shuidaiyi::service::{canaries, sentinels};

use crate::support::oracle::kinds;
use crate::support::wire::grant_many;
use crate::support::{Backend, Site, both_backends};

both_backends!(
    many_banks_are_each_asked_alone,
    a_night_of_pulls_is_one_case,
    a_run_of_refusals_is_one_case_until_it_is_closed,
    a_canary_sings_for_grants_refusals_and_guesses,
    an_objection_is_a_case_at_once,
    releases_without_an_application_are_found_once_the_rule_is_on,
    two_gateways_find_everything_once,
    a_case_is_answered_and_closed_once,
);

const BANKS: [&str; 4] = ["bank-01", "bank-02", "bank-03", "bank-04"];

/// A gateway with low thresholds, and the numbers of a small city's firms.
async fn site(backend: Backend) -> (Site, Vec<String>) {
    let mut site = Site::prepare(backend, 1_000_000);
    let options = &mut site.config.sentinels;
    options.many_banks = 3;
    (options.refusals, options.refusals_of) = (4, 6);
    options.unusual_hours_pulls = 5;
    site.restart();
    by_day(&site);
    let firms = site.load_city(4).iter().map(|firm| firm.taxpayer_id.as_str().to_owned()).collect();
    for bank in BANKS {
        site.product(bank).await;
    }
    (site, firms)
}

/// Moves the clock on to this hour of a day in Shanghai.
fn to_hour(site: &Site, hour: i64) {
    let now = site.clock.now();
    let midnight = Timestamp::shanghai_midnight(now.shanghai_date());
    let passed = now.since_micros(midnight) / 1_000_000;
    site.clock.advance_seconds((hour * 3600 - passed).rem_euclid(86_400));
}

fn by_day(site: &Site) {
    to_hour(site, 10);
}

async fn consent(site: &Site, bank: &str, taxpayer: &str) -> String {
    grant_many(site.exchange(), bank, &[taxpayer], 1, |_| {}).await.remove(0)
}

async fn pull(site: &Site, bank: &str, consent: &str) -> String {
    let (status, answer) = site.pull(bank, consent).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    answer["release_id"].as_str().unwrap().to_owned()
}

/// Lets the sentinels read all there is.
async fn follow(site: &Site) {
    let exchange = site.exchange().clone();
    tokio::task::spawn_blocking(move || {
        for _ in 0..3 {
            sentinels::follow(&exchange).unwrap();
        }
    })
    .await
    .unwrap();
}

/// The cases that a member sees, after the sentinels read all there is.
async fn cases(site: &Site, member: &str) -> Vec<Value> {
    follow(site).await;
    let (status, page) = site.json(member, Method::GET, "/v1/cases", None).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    page["items"].as_array().unwrap().clone()
}

fn rules(cases: &[Value]) -> Vec<(&str, &str)> {
    let mut rules: Vec<(&str, &str)> = cases
        .iter()
        .map(|case| (case["bank"].as_str().unwrap(), case["finding"]["rule"].as_str().unwrap()))
        .collect();
    rules.sort_unstable();
    rules
}

async fn many_banks_are_each_asked_alone(backend: Backend) {
    let (site, firms) = site(backend).await;
    let mut released = Vec::new();
    for bank in &BANKS[..2] {
        released.push(pull(&site, bank, &consent(&site, bank, &firms[0]).await).await);
    }
    // Another firm, and the same again: not many.
    pull(&site, BANKS[2], &consent(&site, BANKS[2], &firms[1]).await).await;
    assert_eq!(cases(&site, "bureau").await, Vec::<Value>::new());
    released.push(pull(&site, BANKS[2], &consent(&site, BANKS[2], &firms[0]).await).await);
    let found = cases(&site, "bureau").await;
    assert_eq!(
        rules(&found),
        [("bank-01", "many-banks"), ("bank-02", "many-banks"), ("bank-03", "many-banks")]
    );
    assert_eq!(found[0]["finding"]["taxpayer_id"], json!(firms[0]));
    assert_eq!(found[0]["finding"]["detail"], json!({"banks": 3, "threshold": 3, "minutes": 60}));
    // A fourth is asked too, the others not again.
    released.push(pull(&site, BANKS[3], &consent(&site, BANKS[3], &firms[0]).await).await);
    let found = cases(&site, "bureau").await;
    assert_eq!(found.len(), 4);
    for (bank, release) in BANKS.iter().zip(&released) {
        let own = cases(&site, bank).await;
        assert_eq!(own.len(), 1, "its own and no other");
        assert_eq!((&own[0]["bank"], &own[0]["releases"]), (&json!(bank), &json!([release])));
        let text = own[0].to_string();
        let others = BANKS.iter().filter(|other| *other != bank).map(|other| (*other).to_owned());
        let foreign = released.iter().filter(|other| *other != release).cloned();
        for secret in others.chain(foreign).chain(["many".into(), "finding".into(), firms[0].clone()]) {
            assert!(!text.contains(&secret), "{bank} learns {secret}: {text}");
        }
        for case in found.iter().filter(|case| case["bank"] != *bank) {
            let path = format!("/v1/cases/{}", case["id"].as_str().unwrap());
            let (status, mut foreign) = site.json(bank, Method::GET, &path, None).await;
            let absent = "/v1/cases/00000000-0000-7000-8000-000000000000";
            let (_, mut none) = site.json(bank, Method::GET, absent, None).await;
            foreign["instance"].take();
            none["instance"].take();
            assert_eq!((status, foreign), (StatusCode::NOT_FOUND, none), "foreign and absent are one answer");
            let body = Some(json!({"text": "x"}));
            assert_eq!(site.json(bank, Method::POST, &format!("{path}/answer"), body).await.0, 404);
        }
    }
    let leaves = serde_json::to_string(&site.entries()).unwrap();
    assert!(!leaves.contains("many-banks") && !leaves.contains(&firms[0]));
    // What is more than an hour apart is not together.
    site.clock.advance_seconds(3_601);
    pull(&site, BANKS[0], &consent(&site, BANKS[0], &firms[1]).await).await;
    site.clock.advance_seconds(3_601);
    pull(&site, BANKS[1], &consent(&site, BANKS[1], &firms[1]).await).await;
    assert_eq!(cases(&site, "bureau").await.len(), 4);
}

async fn a_night_of_pulls_is_one_case(backend: Backend) {
    let (site, firms) = site(backend).await;
    let consent = consent(&site, "bank-01", &firms[0]).await;
    for _by_day in 0..8 {
        pull(&site, "bank-01", &consent).await;
    }
    to_hour(&site, 23);
    for _late in 0..4 {
        pull(&site, "bank-01", &consent).await;
    }
    assert_eq!(cases(&site, "bureau").await, Vec::<Value>::new());
    to_hour(&site, 2);
    for _after_midnight in 0..3 {
        pull(&site, "bank-01", &consent).await;
        follow(&site).await;
    }
    let found = cases(&site, "bureau").await;
    assert_eq!(rules(&found), [("bank-01", "unusual-hours")]);
    assert_eq!(found[0]["releases"].as_array().unwrap().len(), 5);
}

async fn a_run_of_refusals_is_one_case_until_it_is_closed(backend: Backend) {
    let (site, firms) = site(backend).await;
    let good = consent(&site, "bank-01", &firms[0]).await;
    let refuse = || async {
        assert_eq!(site.pull("bank-01", "guessed").await.0, StatusCode::FORBIDDEN);
    };
    for _round in 0..3 {
        refuse().await;
        pull(&site, "bank-01", &good).await;
    }
    // The bureau's own hold is no fault of the bank's.
    let hold = json!({"taxpayer": firms[0], "reason": "r"});
    let (_, hold) = site.json("bureau", Method::POST, "/v1/holds", Some(hold)).await;
    for _held in 0..8 {
        assert_eq!(site.pull("bank-01", &good).await.0, StatusCode::FORBIDDEN);
    }
    let lifting = format!("/v1/holds/{}/lifting", hold["id"].as_str().unwrap());
    site.json("bureau", Method::POST, &lifting, Some(json!({}))).await;
    assert_eq!(cases(&site, "bureau").await, Vec::<Value>::new());
    for _run in 0..6 {
        refuse().await;
        follow(&site).await;
    }
    let found = cases(&site, "bureau").await;
    assert_eq!(rules(&found), [("bank-01", "refusal-runs")]);
    close(&site, &found[0], "inconclusive").await;
    refuse().await;
    assert_eq!(cases(&site, "bureau").await.len(), 1, "what was judged does not count again");
    for _run in 0..3 {
        refuse().await;
    }
    assert_eq!(cases(&site, "bureau").await.len(), 2);
}

async fn close(site: &Site, case: &Value, outcome: &str) -> (StatusCode, Value) {
    let path = format!("/v1/cases/{}/closure", case["id"].as_str().unwrap());
    site.json("bureau", Method::POST, &path, Some(json!({"outcome": outcome, "note": "已核"}))).await
}

async fn a_canary_sings_for_grants_refusals_and_guesses(backend: Backend) {
    let (site, firms) = site(backend).await;
    let operator = Actor::operator("test");
    let before = consent(&site, "bank-01", &firms[0]).await;
    pull(&site, "bank-01", &before).await;
    assert_eq!(cases(&site, "bureau").await, Vec::<Value>::new(), "no canary yet");
    assert!(canaries::add(site.exchange(), &operator, &firms[0]).await.unwrap());
    assert!(!canaries::add(site.exchange(), &operator, &firms[0]).await.unwrap());
    assert_eq!(canaries::list(site.exchange()).await.unwrap(), [firms[0].clone()]);
    pull(&site, "bank-02", &consent(&site, "bank-02", &firms[1]).await).await;
    assert_eq!(cases(&site, "bureau").await, Vec::<Value>::new(), "another firm");
    pull(&site, "bank-01", &before).await;
    pull(&site, "bank-01", &before).await;
    let guess = json!({"consent_id": "guessed", "purpose": "pre_loan", "taxpayer_id": firms[0]});
    assert_eq!(site.json("bank-02", Method::POST, "/v1/dossiers", Some(guess)).await.0, 403);
    let found = cases(&site, "bureau").await;
    assert_eq!(rules(&found), [("bank-01", "canary"), ("bank-02", "canary")]);
    assert!(!cases(&site, "bank-01").await[0].to_string().contains("canary"));
    assert!(canaries::remove(site.exchange(), &operator, &firms[0]).await.unwrap());
    pull(&site, "bank-03", &consent(&site, "bank-03", &firms[0]).await).await;
    assert!(!rules(&cases(&site, "bureau").await).contains(&("bank-03", "canary")));
    assert_eq!(kinds(&site.entries())["policy.changed"], 2);
}

async fn an_objection_is_a_case_at_once(backend: Backend) {
    let (site, firms) = site(backend).await;
    let release = pull(&site, "bank-01", &consent(&site, "bank-01", &firms[0]).await).await;
    let object = |id: &str, text: &str| {
        let body = json!({"release_id": id, "text": text});
        let site = &site;
        async move { site.json("bureau", Method::POST, "/v1/objections", Some(body)).await }
    };
    assert_eq!(object("00000000-0000-7000-8000-000000000000", "x").await.0, StatusCode::NOT_FOUND);
    assert_eq!(object(&release, "").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let (status, first) = object(&release, "本企业未申请").await;
    assert_eq!(status, StatusCode::CREATED, "{first}");
    let (_, second) = object(&release, "再次说明").await;
    assert_eq!(first["case_id"], second["case_id"], "one case, however often");
    let path = format!("/v1/cases/{}", first["case_id"].as_str().unwrap());
    let (_, case) = site.json("bank-01", Method::GET, &path, None).await;
    assert_eq!((&case["status"], &case["releases"]), (&json!("open"), &json!([release])));
    assert!(!case.to_string().contains("本企业"), "the firm's words are the bureau's to pass on: {case}");
    let kinds = kinds(&site.entries());
    assert_eq!((kinds["objection.raised"], kinds["case.opened"]), (2, 1));
}

async fn releases_without_an_application_are_found_once_the_rule_is_on(backend: Backend) {
    let (mut site, firms) = site(backend).await;
    let one = consent(&site, "bank-01", &firms[0]).await;
    let two = consent(&site, "bank-02", &firms[0]).await;
    for _many in 0..3 {
        pull(&site, "bank-01", &one).await;
    }
    pull(&site, "bank-02", &two).await;
    site.clock.advance_seconds(31 * 86_400);
    let judge = |site: &Site| sentinels::judge_unused(site.exchange()).unwrap();
    judge(&site);
    assert_eq!(cases(&site, "bureau").await, Vec::<Value>::new(), "off by default");
    (site.config.sentinels.unused_after_days, site.config.sentinels.unused_pulls) = (30, 3);
    site.restart();
    for _twice in 0..2 {
        judge(&site);
    }
    let found = cases(&site, "bureau").await;
    assert_eq!(rules(&found), [("bank-01", "unused-pulls")]);
    assert_eq!(found[0]["releases"].as_array().unwrap().len(), 3);
}

async fn two_gateways_find_everything_once(backend: Backend) {
    let (site, firms) = site(backend).await;
    let second = site.another();
    canaries::add(site.exchange(), &Actor::operator("test"), &firms[0]).await.unwrap();
    let consent = consent(&site, "bank-01", &firms[0]).await;
    for _round in 0..5 {
        pull(&site, "bank-01", &consent).await;
        let (here, there) = (site.exchange().clone(), second.exchange.clone());
        let both = [here, there].map(|e| tokio::task::spawn_blocking(move || sentinels::follow(&e)));
        for follower in both {
            // Whoever comes second may find the database busy: it comes again.
            drop(follower.await.unwrap());
        }
    }
    let found = cases(&site, "bureau").await;
    assert_eq!(rules(&found), [("bank-01", "canary")]);
    assert_eq!(kinds(&site.entries())["case.opened"], 1);
    second.stop();
}

async fn a_case_is_answered_and_closed_once(backend: Backend) {
    let (site, firms) = site(backend).await;
    let release = pull(&site, "bank-01", &consent(&site, "bank-01", &firms[0]).await).await;
    let body = json!({"release_id": release, "text": "异议"});
    let (_, objection) = site.json("bureau", Method::POST, "/v1/objections", Some(body)).await;
    let path = format!("/v1/cases/{}", objection["case_id"].as_str().unwrap());
    let answer = |text: &str| {
        let (site, path, body) = (&site, format!("{path}/answer"), json!({"text": text}));
        async move { site.json("bank-01", Method::POST, &path, Some(body)).await }
    };
    let (status, answered) = answer("客户于十一月申请").await;
    assert_eq!((status, &answered["status"]), (StatusCode::OK, &json!("answered")), "{answered}");
    assert_eq!(answer("客户于十一月申请").await.1["receipt"], answered["receipt"]);
    assert_eq!(answer("另一种说法").await.0, StatusCode::CONFLICT);
    let (_, case) = site.json("bureau", Method::GET, &path, None).await;
    assert_eq!(
        (&case["answer"]["text"], &case["finding"]["rule"]),
        (&json!("客户于十一月申请"), &json!("objection"))
    );
    let (status, closed) = close(&site, &case, "justified").await;
    assert_eq!((status, &closed["status"]), (StatusCode::OK, &json!("closed")), "{closed}");
    assert_eq!(close(&site, &case, "justified").await.0, StatusCode::OK);
    assert_eq!(close(&site, &case, "unjustified").await.0, StatusCode::CONFLICT);
    assert_eq!(answer("太迟").await.0, StatusCode::CONFLICT);
    let (_, own) = site.json("bank-01", Method::GET, &path, None).await;
    assert_eq!(own["outcome"], json!("justified"));
    assert!(own.get("finding").is_none() && !own.to_string().contains("已核"), "{own}");
    for (status, count) in [("open", 0), ("closed", 1)] {
        let (_, page) = site.json("bureau", Method::GET, &format!("/v1/cases?status={status}"), None).await;
        assert_eq!(page["items"].as_array().unwrap().len(), count);
    }
    let kinds = kinds(&site.entries());
    assert_eq!((kinds["case.opened"], kinds["case.answered"], kinds["case.closed"]), (1, 1, 1));
    let leaves = serde_json::to_string(&site.entries()).unwrap();
    for word in ["客户", "已核", "justified", "objection\""] {
        assert!(!leaves.contains(word), "{word}");
    }
}
