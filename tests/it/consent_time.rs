//! What time does: reminders, the end, requests that lapse, and data that must be deleted.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shuidaiyi::clock::Clock;
use shuidaiyi::domain::consent_request::RequestStatus;
use shuidaiyi::domain::notice::NoticeKind;
use shuidaiyi::domain::representative::{ActingFor, PortalRole};
use shuidaiyi::domain::taxpayer_id::TaxpayerId;
use shuidaiyi::service::ingest::Mode;
use shuidaiyi::service::requests::{self, NewDraft};
use shuidaiyi::service::{consent_clock, notifications, standing};

use crate::deliveries::{TAXPAYER, deliver, lines, registration};
use crate::member_keys::TestKey;
use crate::requests::{acting, terms};
use crate::support::oracle::kinds;
use crate::support::{Backend, Site, both_backends, sql};

both_backends!(
    a_consent_is_announced_and_expires_once,
    a_change_of_representative_drops_what_was_prepared,
    a_bank_states_what_it_deleted,
);

const DAY: i64 = 86_400;

async fn turn(site: &Site) {
    let exchange = site.exchange().clone();
    exchange.blocking(consent_clock::turn).await.unwrap();
}

async fn told(site: &Site, firm: &ActingFor, kind: NoticeKind) -> usize {
    let page = notifications::list(site.exchange(), firm, None).await.unwrap();
    page.items.iter().filter(|one| one.notice.kind() == kind).count()
}

fn in_days(site: &Site, days: i64) -> Value {
    site.clock.now().plus_micros(days * DAY * 1_000_000).utc().to_rfc3339().into()
}

async fn a_consent_is_announced_and_expires_once(backend: Backend) {
    let mut site = Site::start(backend);
    site.product("bank-01").await;
    let firm = acting(&site, &TaxpayerId::parse(TAXPAYER).unwrap(), PortalRole::LegalRepresentative);
    let ends = in_days(&site, 20);
    let lasting = site.consent("bank-01", TAXPAYER, |c| c["valid_to"] = ends.clone()).await;
    let revoked = site.consent("bank-01", TAXPAYER, |c| c["valid_to"] = ends).await;
    assert!(site.revoke(revoked["id"].as_str().unwrap()).await.0.is_success());
    // One that was granted before there were clocks is taken up.
    sql::execute(&sql::ledger(&site), &["DELETE FROM consent_clock"]);
    let exchange = site.exchange().clone();
    exchange.blocking(consent_clock::adopt).await.unwrap();
    for (days, expiring, expired) in
        [(12, 0, None), (2, 1, None), (5, 2, None), (2, 2, Some(1)), (1, 2, Some(1))]
    {
        site.clock.advance_seconds(days * DAY);
        // The steps are rows: a restart forgets none.
        site.restart();
        turn(&site).await;
        turn(&site).await;
        assert_eq!(told(&site, &firm, NoticeKind::Expiring).await, expiring);
        assert_eq!(kinds(&site.entries()).get("consent.expired").copied(), expired);
    }
    let path = format!("/v1/consents/{}", lasting["id"].as_str().unwrap());
    let (_, shown) = site.json("bank-01", Method::GET, &path, None).await;
    assert_eq!(shown["status"], "expired");
    assert_eq!(site.pull("bank-01", lasting["id"].as_str().unwrap()).await.0, StatusCode::FORBIDDEN);
}

fn new_draft() -> NewDraft {
    let (bank, product_id) = ("bank-01".parse().unwrap(), "bank-01-credit".to_owned());
    NewDraft { bank, product_id, terms: terms(), group: None }
}

async fn a_change_of_representative_drops_what_was_prepared(backend: Backend) {
    let site = Site::start(backend);
    site.product("bank-01").await;
    let registered = |name: &str| {
        let mut row = registration(TAXPAYER, "样例商行");
        row["legal_rep_name"] = name.into();
        lines(&[row])
    };
    deliver(&site, "registration", 1, Mode::All, registered("李旧").as_bytes()).unwrap();
    let taxpayer = TaxpayerId::parse(TAXPAYER).unwrap();
    let firm = acting(&site, &taxpayer, PortalRole::LegalRepresentative);
    let prepared = requests::draft(site.exchange(), &firm, new_draft()).await.unwrap();
    assert!(!standing::is_registered_representative(site.exchange(), &firm).await.unwrap());
    deliver(&site, "registration", 2, Mode::All, registered(&firm.person.name).as_bytes()).unwrap();
    let shown = requests::show(site.exchange(), &firm, prepared.id).await.unwrap();
    assert_eq!(shown.status, RequestStatus::Lapsed);
    assert!(standing::is_registered_representative(site.exchange(), &firm).await.unwrap());
}

async fn a_bank_states_what_it_deleted(backend: Backend) {
    let site = Site::start(backend);
    site.product("bank-01").await;
    let key = TestKey::new(7);
    assert!(key.register(&site, "bank-01", "sig").await.0.is_success());
    let consent = site
        .consent("bank-01", TAXPAYER, |c| {
            c["valid_to"] = in_days(&site, 1);
            c["retain_until"] = in_days(&site, 2).as_str().unwrap()[..10].into();
        })
        .await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let unused = site.consent("bank-01", TAXPAYER, |_| {}).await["id"].as_str().unwrap().to_owned();
    assert_eq!(site.pull("bank-01", &consent).await.0, StatusCode::CREATED);
    let listed = async |member: &str, overdue: bool| -> Vec<Value> {
        let path = format!("/v1/deletions?overdue={overdue}");
        let (status, body) = site.json(member, Method::GET, &path, None).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body["items"].as_array().unwrap().clone()
    };
    assert_eq!(listed("bank-01", true).await, Vec::<Value>::new());
    let owed = listed("bureau", false).await;
    assert_eq!(
        (owed.len(), owed[0]["consent_id"].as_str(), owed[0]["overdue"].as_bool()),
        (1, Some(&*consent), Some(false))
    );
    assert_eq!(listed("bank-02", false).await, Vec::<Value>::new());

    site.clock.advance_seconds(4 * DAY);
    assert_eq!(listed("bank-01", true).await.len(), 1);
    let statement = |id: &str, at: Value| {
        let claims = json!({"consent_id": id, "deleted_at": at, "scope": "all"});
        key.sign("deletion-statement+jwt", &claims)
    };
    let now = site.clock.now().to_string();
    let state = async |member: &str, id: &str, jws: String| {
        let path = format!("/v1/consents/{id}/deletion-statement");
        site.json(member, Method::POST, &path, Some(json!({ "statement": jws }))).await
    };
    let good = statement(&consent, now.clone().into());
    for (member, id, jws, answer) in [
        ("bank-02", consent.as_str(), good.clone(), StatusCode::NOT_FOUND),
        ("bank-01", unused.as_str(), good.clone(), StatusCode::UNPROCESSABLE_ENTITY),
        (
            "bank-01",
            consent.as_str(),
            statement(&consent, in_days(&site, 1)),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        ("bank-01", consent.as_str(), forged(&good), StatusCode::UNPROCESSABLE_ENTITY),
        (
            "bank-01",
            consent.as_str(),
            key.sign("key-proof+jwt", &json!({})),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ] {
        let (status, body) = state(member, id, jws).await;
        assert_eq!(status, answer, "{member} {body}");
    }
    let (status, stated) = state("bank-01", &consent, good.clone()).await;
    assert_eq!(status, StatusCode::CREATED, "{stated}");
    let (status, again) = state("bank-01", &consent, good).await;
    assert_eq!((status, &again["received_at"]), (StatusCode::CREATED, &stated["received_at"]));
    let (status, _) = state("bank-01", &consent, statement(&consent, in_days(&site, 0))).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(listed("bureau", true).await, Vec::<Value>::new());
    assert!(listed("bank-01", false).await[0]["deleted_at"].is_string());
    assert_eq!(kinds(&site.entries())["deletion.stated"], 1);
}

/// The statement with another signature, of the same length and well-formed.
fn forged(statement: &str) -> String {
    let (signed, signature) = statement.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{signed}.{first}{}", &signature[1..])
}
