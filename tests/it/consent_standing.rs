//! How consents stand: the person's own word, and a firm whose representative changes.

use std::collections::HashSet;

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use shuidaiyi::domain::member::Role;
use shuidaiyi::domain::representative::PortalRole;
use shuidaiyi::service::audit::replay;
use shuidaiyi::service::directory::Caller;
use shuidaiyi::service::error::ServiceError;
use shuidaiyi::service::ingest::Mode;
use shuidaiyi::service::{personal, standing};
use shuidaiyi::store::releases;

use crate::deliveries::{TAXPAYER, deliver, lines, registration};
use crate::support::oracle::kinds;
use crate::support::portal_consent::{acting, grant};
use crate::support::wire::{Wire, grant_many, sections};
use crate::support::{Backend, Site, both_backends};

both_backends!(
    a_person_takes_the_own_consent_back_alone,
    a_new_representative_suspends_and_resumes,
    a_suspension_by_delivery_binds_every_pull_after_it,
);

fn deliver_registrations(site: &Site, day: u32, rows: &[Value]) {
    deliver(site, "registration", day, Mode::All, lines(rows).as_bytes()).unwrap();
}

fn named(taxpayer: &str, person: &str) -> Value {
    let mut row = registration(taxpayer, "样例商行");
    row["legal_rep_name"] = person.into();
    row
}

async fn identical(site: &Site, release: &str) -> bool {
    let bureau = Caller {
        member: "bureau".parse().unwrap(),
        role: Role::Bureau,
        label: "auditor".into(),
        certificate: String::new(),
        quota_per_day: 0,
    };
    let replayed = replay(site.exchange(), &bureau, release, None).await.unwrap();
    assert!(replayed.identical, "{replayed:?}");
    true
}

fn legal_rep(answer: &Value) -> Value {
    sections(answer)["registration"]["records"][0].get("legal_rep_name").cloned().unwrap_or(Value::Null)
}

async fn a_person_takes_the_own_consent_back_alone(backend: Backend) {
    let site = Site::start(backend);
    deliver_registrations(&site, 1, &[named(TAXPAYER, "样一")]);
    site.product("bank-01").await;
    let person = acting(&site, TAXPAYER, PortalRole::LegalRepresentative, "样一");
    let consent = grant(&site, &person, "bank-01", |_| {}).await;
    let (status, before) = site.pull("bank-01", &consent).await;
    assert_eq!(status, StatusCode::CREATED, "{before}");
    assert_eq!(legal_rep(&before), "样一");

    let another = acting(&site, TAXPAYER, PortalRole::LegalRepresentative, "李旧");
    let refused = personal::revoke(site.exchange(), &another, consent.clone()).await;
    assert!(matches!(refused, Err(ServiceError::NotFound)), "only the very person");
    let change = personal::revoke(site.exchange(), &person, consent.clone()).await.unwrap();
    let again = personal::revoke(site.exchange(), &person, consent.clone()).await.unwrap();
    assert!(change.personal.revoked_at.is_some());
    assert_eq!(again.personal, change.personal);

    // What holds the name is not sent again, and a new pull leaves without it; the firm's own word stands.
    let id = before["release_id"].as_str().unwrap();
    let (status, repeated) = site.json("bank-01", Method::GET, &format!("/v1/releases/{id}"), None).await;
    assert_eq!((status, &repeated["dossier"]), (StatusCode::OK, &Value::Null));
    let (status, after) = site.pull("bank-01", &consent).await;
    assert_eq!(status, StatusCode::CREATED, "{after}");
    assert_eq!(legal_rep(&after), Value::Null);
    for answer in [&before, &after] {
        assert!(identical(&site, answer["release_id"].as_str().unwrap()).await);
    }
    let kinds = kinds(&site.entries());
    assert_eq!((kinds["consent.personal_granted"], kinds["consent.personal_revoked"]), (1, 1));
}

async fn a_new_representative_suspends_and_resumes(backend: Backend) {
    const OTHER: &str = "91440305MA5XYR136U";
    let site = Site::start(backend);
    deliver_registrations(&site, 1, &[named(TAXPAYER, "样一"), named(OTHER, "样一")]);
    site.product("bank-01").await;
    let old = acting(&site, TAXPAYER, PortalRole::LegalRepresentative, "样一");
    let consent = grant(&site, &old, "bank-01", |_| {}).await;
    let registered = site.consent("bank-01", TAXPAYER, |_| {}).await["id"].as_str().unwrap().to_owned();
    let revoked = site.consent("bank-01", TAXPAYER, |_| {}).await["id"].as_str().unwrap().to_owned();
    assert!(site.revoke(&revoked).await.0.is_success());
    let others = site.consent("bank-01", OTHER, |_| {}).await["id"].as_str().unwrap().to_owned();

    // The same person under another address changes nothing, and neither does a register that names nobody for a day.
    let mut moved = named(TAXPAYER, "样一");
    moved["reg_address"] = "样例路 2 号".into();
    let mut nobody = moved.clone();
    nobody["legal_rep_name"] = Value::Null;
    deliver_registrations(&site, 2, &[moved]);
    deliver_registrations(&site, 3, &[nobody]);
    assert_eq!(site.pull("bank-01", &consent).await.0, StatusCode::CREATED);

    deliver_registrations(&site, 4, &[named(TAXPAYER, "王新"), named(OTHER, "样一")]);
    for id in [&consent, &registered] {
        let (status, body) = site.pull("bank-01", id).await;
        assert_eq!(
            (status, body["type"].as_str()),
            (StatusCode::FORBIDDEN, Some("urn:shuidaiyi:problem:consent-not-in-force"))
        );
    }
    assert_eq!(site.pull("bank-01", &others).await.0, StatusCode::CREATED);
    let entries = site.entries();
    let last = entries.iter().rposition(|entry| entry["kind"] == "batch.committed").unwrap();
    let before: Vec<&str> = entries[last - 2..last].iter().map(|e| e["kind"].as_str().unwrap()).collect();
    assert_eq!(before, ["consent.suspended"; 2]);

    let new = acting(&site, TAXPAYER, PortalRole::LegalRepresentative, "王新");
    let resume = |person, id: &str| standing::resume(site.exchange(), person, id.to_owned());
    assert!(
        matches!(resume(&old, &consent).await, Err(ServiceError::Conflict(_))),
        "the register names another"
    );
    let clerk = acting(&site, TAXPAYER, PortalRole::Bookkeeper, "王新");
    assert!(matches!(resume(&clerk, &consent).await, Err(ServiceError::Forbidden)));
    let foreign = acting(&site, OTHER, PortalRole::LegalRepresentative, "样一");
    assert!(matches!(resume(&foreign, &consent).await, Err(ServiceError::NotFound)));
    resume(&new, &consent).await.unwrap();
    resume(&new, &consent).await.unwrap();
    assert_eq!(site.pull("bank-01", &consent).await.0, StatusCode::CREATED);
    standing::revoke(site.exchange(), &new, registered.clone(), None).await.unwrap();
    assert!(matches!(resume(&new, &registered).await, Err(ServiceError::Conflict(_))));
    assert_eq!(site.pull("bank-01", &registered).await.0, StatusCode::FORBIDDEN);
    let kinds = kinds(&site.entries());
    assert_eq!((kinds["consent.suspended"], kinds["consent.resumed"], kinds["consent.revoked"]), (2, 1, 2));
}

async fn a_suspension_by_delivery_binds_every_pull_after_it(backend: Backend) {
    let site = Site::start(backend);
    deliver_registrations(&site, 1, &[named(TAXPAYER, "样一")]);
    site.product("bank-01").await;
    let consents = grant_many(site.exchange(), "bank-01", &[TAXPAYER], 700, |_| {}).await;
    let bank = Wire::new(&site, "bank-01", &site.url());
    let exchange = site.exchange().clone();
    let delivered = tokio::task::spawn_blocking(move || {
        std::thread::sleep(std::time::Duration::from_millis(150));
        crate::deliveries::deliver_to(
            &exchange,
            "registration",
            2,
            Mode::All,
            lines(&[named(TAXPAYER, "王新")]).as_bytes(),
        )
        .unwrap()
    });
    let pulls = join_all(consents.iter().cycle().take(1_400).map(|consent| bank.pull(consent, None))).await;
    delivered.await.unwrap();
    let granted = pulls.into_iter().filter(|pull| pull.as_ref().unwrap().0 == StatusCode::CREATED).count();

    let name = "bank-01".parse().unwrap();
    let (mut suspended, mut left) = (HashSet::new(), 0);
    for entry in site.entries() {
        let id = entry["id"].as_str().unwrap().to_owned();
        match entry["kind"].as_str().unwrap() {
            "consent.suspended" => assert!(suspended.insert(id), "suspended twice"),
            "release.granted" => {
                let row = site.exchange().ledger.read(|c| releases::find_granted(c, &name, &id)).unwrap();
                assert!(!suspended.contains(&row.unwrap().consent_id), "left after its consent rested");
                left += 1;
            }
            _other => {}
        }
    }
    assert_eq!((suspended.len(), left), (consents.len(), granted));
    for consent in consents.iter().take(5) {
        // By the client that has its connections: a bank may not have many more open.
        let (status, body) = bank.pull(consent, None).await.unwrap();
        assert_eq!(status, StatusCode::FORBIDDEN, "{body}");
    }
    println!("{backend:?}: {granted} of 1400 pulls left before the suspension");
}
