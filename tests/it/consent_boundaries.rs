//! The edges of a consent: its first and last instant, its window's ends, its last pull, the policy's limits.

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};
use shuidaiyi::clock::Clock;
use shuidaiyi::domain::member::Role;
use shuidaiyi::domain::timestamp::Timestamp;
use shuidaiyi::seal::jws::read_unverified_payload;
use shuidaiyi::service::audit::replay;
use shuidaiyi::service::directory::Caller;
use shuidaiyi::store::db::AnyConnection;
use shuidaiyi::store::error::StoreResult;
use shuidaiyi::store::releases;

use crate::support::oracle::kinds;
use crate::support::wire::{Wire, grant_many, sections};
use crate::support::{Backend, Site, both_backends};

both_backends!(
    the_first_and_the_last_microsecond,
    a_window_moves_at_midnight_in_shanghai,
    a_clock_that_goes_back_lets_nothing_out,
    a_policy_binds_at_grant_and_at_pull,
    a_policys_pulls_are_counted_among_a_hundred_at_once,
);

const HOUR: i64 = 3_600 * 1_000_000;

fn text(at: Timestamp) -> Value {
    at.utc().to_rfc3339_opts(chrono::SecondsFormat::Micros, true).into()
}

fn claims(answer: &Value) -> Value {
    let jwt = answer["dossier"].as_str().unwrap().split('~').next().unwrap();
    Value::Object(read_unverified_payload(jwt).unwrap())
}

async fn consent(site: &Site, change: impl FnOnce(&mut Value)) -> String {
    let taxpayer = "91440305MA5XYR1281";
    site.product("bank-01").await;
    site.consent("bank-01", taxpayer, change).await["id"].as_str().unwrap().to_owned()
}

async fn the_first_and_the_last_microsecond(backend: Backend) {
    let site = Site::start(backend);
    let (from, to) = (site.clock.now().plus_micros(HOUR), site.clock.now().plus_micros(2 * HOUR));
    let consent = consent(&site, |terms| {
        terms["valid_from"] = text(from);
        terms["valid_to"] = text(to);
    })
    .await;
    let at = async |instant: Timestamp| {
        site.clock.stand_at(instant);
        site.pull("bank-01", &consent).await.0
    };
    assert_eq!(at(from.plus_micros(-1)).await, StatusCode::FORBIDDEN);
    assert_eq!(at(from).await, StatusCode::CREATED);
    assert_eq!(at(to.plus_micros(-1)).await, StatusCode::CREATED);
    // The entry of another one could only carry the instant at which the consent has ended.
    assert_eq!(at(to.plus_micros(-1)).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(at(to).await, StatusCode::FORBIDDEN);
    let entries = site.entries();
    let ends = text(to);
    for entry in entries.iter().filter(|entry| entry["kind"] == "release.granted") {
        assert!(entry["at"].as_str() < ends.as_str(), "{entry}");
    }
    assert_eq!(kinds(&entries)["release.granted"], 2);
}

async fn a_window_moves_at_midnight_in_shanghai(backend: Backend) {
    let site = Site::start(backend);
    let consent = consent(&site, |terms| terms["window"] = json!({"months": 1})).await;
    let today = site.clock.now().shanghai_date();
    let first = chrono::Datelike::with_day(&today, 1).unwrap();
    let month = |n: u32| first.checked_add_months(chrono::Months::new(n)).unwrap();
    let midnight = Timestamp::shanghai_midnight(month(1));
    for (at, from, past_to) in [
        (midnight.plus_micros(-1), first.checked_sub_months(chrono::Months::new(1)).unwrap(), month(1)),
        (midnight, first, month(2)),
    ] {
        site.clock.stand_at(at);
        let (status, answer) = site.pull("bank-01", &consent).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        let window = &claims(&answer)["window"];
        assert_eq!(window["from"], from.to_string());
        assert_eq!(window["to"], past_to.pred_opt().unwrap().to_string());
    }
}

async fn a_clock_that_goes_back_lets_nothing_out(backend: Backend) {
    let site = Site::start(backend);
    let to = site.clock.now().plus_micros(HOUR);
    let consent = consent(&site, |terms| terms["valid_to"] = text(to)).await;
    assert_eq!(site.pull("bank-01", &consent).await.0, StatusCode::CREATED);
    site.clock.stand_at(to);
    assert_eq!(site.pull("bank-01", &consent).await.0, StatusCode::FORBIDDEN);
    // By this node's clock the consent has most of its hour left; the ledger has seen its end.
    site.clock.stand_at(to.plus_micros(-HOUR + 1));
    assert_eq!(site.pull("bank-01", &consent).await.0, StatusCode::SERVICE_UNAVAILABLE);
    // A little behind, it writes again, by the ledger's clock.
    site.clock.stand_at(to.plus_micros(-1));
    assert_ne!(site.pull("bank-01", &consent).await.0, StatusCode::CREATED);
    assert_eq!(kinds(&site.entries())["release.granted"], 1);
}

fn bureau() -> Caller {
    Caller {
        member: "bureau".parse().unwrap(),
        role: Role::Bureau,
        label: "auditor".into(),
        certificate: String::new(),
        quota_per_day: 0,
    }
}

/// A policy for the bureau's consents, under this version.
fn put_policy(site: &mut Site, version: &str, pre_loan: &str) {
    let path = site.dir().join("policy.toml");
    let none = "[portal.pre_loan]\n[portal.post_loan]\n[bureau.post_loan]\n";
    std::fs::write(&path, format!("version = \"{version}\"\n{none}[bureau.pre_loan]\n{pre_loan}")).unwrap();
    site.config.consent.policy_file = Some(path);
}

async fn a_policy_binds_at_grant_and_at_pull(backend: Backend) {
    let mut site = Site::start(backend);
    site.load_city(2);
    let taxpayer = "91440305MA5XYR1281";
    let consent = consent(&site, |terms| terms["personal_data"] = true.into()).await;
    let (_, wide) = site.pull("bank-01", &consent).await;
    put_policy(
        &mut site,
        "strict",
        "window_months_max = 6\nsections = [\"registration\", \"filings\"]\npulls_max = 3\n",
    );
    site.restart();
    let (status, narrow) = site.pull("bank-01", &consent).await;
    assert_eq!(status, StatusCode::CREATED, "{narrow}");
    assert_eq!(sections(&wide).len(), 3);
    assert_eq!(sections(&narrow).keys().collect::<Vec<_>>(), ["filings", "registration"]);
    assert!(claims(&narrow)["window"]["from"].as_str() > claims(&wide)["window"]["from"].as_str());
    assert_eq!(claims(&narrow)["consent"]["policy"], "strict");
    let row = |answer: &Value| {
        let (bank, id) = ("bank-01".parse().unwrap(), answer["release_id"].as_str().unwrap().to_owned());
        let read = |c: &mut AnyConnection| -> StoreResult<_> { releases::find_granted(c, &bank, &id) };
        site.exchange().ledger.read(read).unwrap().unwrap()
    };
    assert_eq!(row(&narrow).policy.as_deref(), Some("strict"));
    assert_eq!(claims(&wide)["consent"]["policy"].as_str(), row(&wide).policy.as_deref());
    // Each is replayed by the policy of its day.
    for answer in [&wide, &narrow] {
        let id = answer["release_id"].as_str().unwrap();
        let replayed = replay(site.exchange(), &bureau(), id, None).await.unwrap();
        assert!(replayed.identical, "{replayed:?}");
    }
    assert_eq!(site.pull("bank-01", &consent).await.0, StatusCode::CREATED);
    let (status, body) = site.pull("bank-01", &consent).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{body}");

    let mut terms = crate::support::site::consent_terms("bank-01", taxpayer);
    terms["purpose"] = json!(["pre_loan"]);
    let (status, body) = site.json("bureau", reqwest::Method::POST, "/v1/consents", Some(terms)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    let named: Vec<&str> =
        body["errors"].as_array().unwrap().iter().filter_map(|e| e["pointer"].as_str()).collect();
    assert_eq!(named, ["/window", "/pulls_max", "/sections"]);
    let changes = |site: &Site| site.entries().iter().filter(|e| e["change"] == "limits_changed").count();
    assert_eq!(changes(&site), 1);

    // A version is never changed; and with post_loan closed there is another.
    put_policy(&mut site, "strict", "pulls_max = 4\n");
    site.stop();
    let refused = shuidaiyi::app::spawn(&site.config, site.clock.clone()).err().expect("refused");
    assert!(refused.to_string().contains("another version"), "{refused}");
    site.config.consent.policy_file = None;
    site.config.consent.post_loan_needs_drawdown = true;
    site.restart();
    let watched =
        site.consent("bank-01", taxpayer, |t| t["purpose"] = json!(["pre_loan", "post_loan"])).await;
    let ask = json!({"consent_id": watched["id"], "purpose": "post_loan"});
    let (status, _) = site.json("bank-01", reqwest::Method::POST, "/v1/dossiers", Some(ask.clone())).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    site.config.consent.post_loan_needs_drawdown = false;
    site.restart();
    let (status, body) = site.json("bank-01", reqwest::Method::POST, "/v1/dossiers", Some(ask)).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    assert_eq!(changes(&site), 3);
}

async fn a_policys_pulls_are_counted_among_a_hundred_at_once(backend: Backend) {
    let mut site = Site::start(backend);
    put_policy(&mut site, "ten", "pulls_max = 10\n");
    let taxpayer = "91440305MA5XYR1281";
    site.product("bank-01").await;
    let consents = grant_many(site.exchange(), "bank-01", &[taxpayer], 1, |_| {}).await;
    site.restart();
    let wire = Wire::new(&site, "bank-01", &site.url());
    let pulls = join_all((0..100).map(|_| wire.pull(&consents[0], None))).await;
    let of = |wanted| pulls.iter().filter(|pull| pull.as_ref().unwrap().0 == wanted).count();
    assert_eq!((of(StatusCode::CREATED), of(StatusCode::FORBIDDEN)), (10, 90));
}
