//! What a firm sees and does of its own: accesses, disputes, evidence, its own copy, notices, reports.

use std::process::Command;
use std::sync::Arc;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shuidaiyi::domain::notice::Notice;
use shuidaiyi::domain::representative::{ActingFor, Authentication, Person, PortalRole, Representation};
use shuidaiyi::domain::taxpayer_id::TaxpayerId;
use shuidaiyi::ledger::entry::{Entry, Salt, commit};
use shuidaiyi::service::Exchange;
use shuidaiyi::service::accesses::{self, AccessOutcome};
use shuidaiyi::service::error::ServiceError;
use shuidaiyi::service::evidence_bundle;
use shuidaiyi::service::ledger_audit::{Audited, audit};
use shuidaiyi::service::notifications;
use shuidaiyi::service::objections::{self, NewObjection};
use shuidaiyi::service::own_copy;
use shuidaiyi::service::reports;

use crate::support::oracle::kinds;
use crate::support::{Backend, Site, both_backends, sql};

both_backends!(
    every_access_is_seen_by_its_firm_and_by_no_other,
    an_objection_is_the_firms_own_and_is_answered,
    an_own_copy_is_recorded_replayed_audited_and_verified_offline,
    notices_are_told_once_and_read_by_their_firm,
    intermediaries_are_reported_to_the_bureau
);

/// A person at work for a firm, as a session would make it.
pub fn acting(exchange: &Arc<Exchange>, taxpayer: &str, role: PortalRole) -> ActingFor {
    ActingFor {
        person: Person { subject: format!("person-of-{taxpayer}"), name: "张三".into(), id_ref: None },
        firm: Representation {
            taxpayer_id: TaxpayerId::parse(taxpayer).unwrap(),
            name: "某公司".into(),
            role,
        },
        authentication: Authentication {
            method: shuidaiyi::domain::consent::GrantMethod::EtaxFace,
            assurance: shuidaiyi::domain::consent::Assurance::Reliable,
            at: exchange.clock.now(),
        },
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap()
}

async fn every_access_is_seen_by_its_firm_and_by_no_other(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(6);
    site.product("bank-01").await;
    site.product("bank-02").await;
    let (own, other) = (firms[0].taxpayer_id.as_str(), firms[1].taxpayer_id.as_str());
    let consent = site.consent("bank-01", own, |_| {}).await;
    let consent_id = text(&consent, "/id").to_owned();
    let ask = json!({"consent_id": consent_id, "purpose": "pre_loan", "bank_ref": "secret-case-7", "sections": ["rating"]});
    let (status, first) = site.json("bank-01", Method::POST, "/v1/dossiers", Some(ask)).await;
    assert_eq!(status, StatusCode::CREATED, "{first}");
    let release = text(&first, "/release_id").to_owned();
    let (status, _) = site.json("bank-01", Method::GET, &format!("/v1/releases/{release}"), None).await;
    assert_eq!(status, StatusCode::OK);
    // Another bank tries with the first one's authorisation; then the firm's is taken back.
    assert_eq!(site.pull("bank-02", &consent_id).await.0, StatusCode::FORBIDDEN);
    assert!(site.revoke(&consent_id).await.0.is_success());
    assert_eq!(site.pull("bank-01", &consent_id).await.0, StatusCode::FORBIDDEN);
    let foreign = site.consent("bank-01", other, |_| {}).await;
    let (_, not_ours) = site.pull("bank-01", text(&foreign, "/id")).await;

    let exchange = site.exchange();
    let me = acting(exchange, own, PortalRole::Bookkeeper);
    let page = accesses::list(exchange, &me, None).await.unwrap();
    let seen: Vec<(&str, AccessOutcome)> =
        page.items.iter().map(|access| (access.bank.as_str(), access.outcome)).collect();
    let expected = [
        ("bank-01", AccessOutcome::NoLongerAuthorised),
        ("bank-02", AccessOutcome::NoAuthorisation),
        ("bank-01", AccessOutcome::ProvidedAgain),
        ("bank-01", AccessOutcome::Provided),
    ];
    assert_eq!(seen, expected);
    assert_eq!(page.items[3].sections, ["rating"]);
    assert!(page.next.is_none());
    let told = serde_json::to_string(&page).unwrap();
    for secret in ["secret-case-7", other, "foreign", "revoked", "system"] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
    let below = accesses::list(exchange, &me, Some(page.items[1].index)).await.unwrap();
    assert_eq!(below.items, page.items[2..]);

    let detail = accesses::show(exchange, &me, &release).await.unwrap();
    assert_eq!(detail.repeats.len(), 1);
    let entry = Entry::parse(&decode(&detail.receipt.entry)).unwrap();
    let salt = Salt::from_bytes(decode(&detail.receipt.salt).try_into().unwrap());
    assert_eq!(entry.fields["subject"], commit(&salt, own));
    let refused = accesses::show(exchange, &me, &page.items[0].id).await.unwrap();
    assert_eq!((refused.receipt.salt.as_str(), refused.dossier_digest), ("", None));

    // What is another firm's is not there at all: the same as an id that never was.
    let stranger = acting(exchange, other, PortalRole::LegalRepresentative);
    let absent = "019cb000-0000-7000-8000-000000000001";
    for (who, id) in [(&stranger, release.as_str()), (&me, text(&not_ours, "/release_id")), (&me, absent)] {
        assert!(matches!(accesses::show(exchange, who, id).await, Err(ServiceError::NotFound)));
        assert!(matches!(evidence_bundle::make_own(exchange, who, id).await, Err(ServiceError::NotFound)));
    }
    assert!(matches!(
        evidence_bundle::make_own(exchange, &me, &page.items[0].id).await,
        Err(ServiceError::NotFound)
    ));
    let bundle = evidence_bundle::make_own(exchange, &me, &release).await.unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("e.zip"), &bundle.bytes).unwrap();
    assert!(verify(elsewhere.path(), "e.zip", &site).contains("every check holds"));
    let pages = zip::ZipArchive::new(std::io::Cursor::new(&bundle.bytes)).unwrap();
    assert_eq!(pages.len(), 6);
    let entries = site.entries();
    let made = entries.iter().find(|entry| entry["kind"] == "evidence.made").unwrap();
    assert_eq!(made["actor"], "taxpayer");
}

fn decode(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

/// What `shuidaiyi verify` says of a file, whatever it says.
fn verify(at: &std::path::Path, file: &str, site: &Site) -> String {
    let trust = site.dir().join("trust.json");
    let output = Command::new(env!("CARGO_BIN_EXE_shuidaiyi"))
        .args(["verify", file, "--trust", trust.to_str().unwrap()])
        .current_dir(at)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

async fn an_objection_is_the_firms_own_and_is_answered(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(6);
    site.product("bank-01").await;
    let consent = site.consent("bank-01", firms[0].taxpayer_id.as_str(), |_| {}).await;
    let (_, pulled) = site.pull("bank-01", text(&consent, "/id")).await;
    let release = text(&pulled, "/release_id").to_owned();
    let exchange = site.exchange();
    let me = acting(exchange, firms[0].taxpayer_id.as_str(), PortalRole::Bookkeeper);
    let stranger = acting(exchange, firms[1].taxpayer_id.as_str(), PortalRole::LegalRepresentative);
    let new = |text: &str| NewObjection { release_id: release.clone(), text: text.into() };
    let before = site.entries().len();
    let foreign = objections::raise_own(exchange, &stranger, new("不是我")).await;
    assert!(matches!(foreign, Err(ServiceError::NotFound)));
    assert!(matches!(objections::raise_own(exchange, &me, new("")).await, Err(ServiceError::Invalid(_))));
    assert_eq!(site.entries().len(), before, "nothing was written");
    let raised = objections::raise_own(exchange, &me, new("本公司没有申请贷款")).await.unwrap();
    let again = objections::raise_own(exchange, &me, new("再说一遍")).await;
    assert!(matches!(again, Err(ServiceError::Conflict(_))));

    let case = format!("/v1/cases/{}", raised.case_id.unwrap());
    let body = Some(json!({"text": "客户于柜台申请"}));
    let (status, answered) = site.json("bank-01", Method::POST, &format!("{case}/answer"), body).await;
    assert_eq!(status, StatusCode::OK, "{answered}");
    let body = Some(json!({"outcome": "justified", "note": "内部备注"}));
    let (status, closed) = site.json("bureau", Method::POST, &format!("{case}/closure"), body).await;
    assert_eq!(status, StatusCode::OK, "{closed}");

    let seen = accesses::show(exchange, &me, &release).await.unwrap().objection.unwrap();
    let told = serde_json::to_value(&seen).unwrap();
    assert_eq!((&told["status"], &told["outcome"]), (&json!("closed"), &json!("justified")));
    assert!(!told.to_string().contains("内部备注") && !told.to_string().contains("柜台"));
    let notices = notifications::list(exchange, &me, None).await.unwrap();
    let closed: Vec<bool> = notices
        .items
        .iter()
        .filter_map(|view| match view.notice {
            Notice::CaseAnswered { closed, .. } => Some(closed),
            _ => None,
        })
        .collect();
    assert_eq!(closed, [true, false]);
}

async fn an_own_copy_is_recorded_replayed_audited_and_verified_offline(backend: Backend) {
    let mut site = Site::start(backend);
    let firms = site.load_city(12);
    site.product("bank-01").await;
    let (own, other) = (firms[0].taxpayer_id.clone(), firms[1].taxpayer_id.clone());
    let exchange = site.exchange().clone();
    let representative = acting(&exchange, own.as_str(), PortalRole::LegalRepresentative);
    let preparer = acting(&exchange, own.as_str(), PortalRole::Bookkeeper);
    let stranger = acting(&exchange, other.as_str(), PortalRole::LegalRepresentative);
    let copy = own_copy::take(&exchange, &representative).await.unwrap();
    let lesser = own_copy::take(&exchange, &preparer).await.unwrap();
    let listed = own_copy::taken(&exchange, &preparer).await.unwrap();
    assert_eq!(
        listed.iter().map(|taken| taken.id.as_str()).collect::<Vec<_>>(),
        [&*lesser.release_id, &*copy.release_id]
    );
    assert!(own_copy::taken(&exchange, &stranger).await.unwrap().is_empty());
    assert!(matches!(
        own_copy::receipt(&exchange, &stranger, &copy.release_id).await,
        Err(ServiceError::NotFound)
    ));
    assert!(own_copy::receipt(&exchange, &representative, &copy.release_id).await.is_ok());
    let opened = shuidaiyi::seal::disclosed::read_sections(
        &copy.dossier.split('~').skip(1).filter(|part| !part.is_empty()).collect::<Vec<_>>(),
    )
    .unwrap();
    assert_eq!(opened.len(), shuidaiyi::domain::section::Section::ALL.len());

    // Offline, where nothing else is; a bank's answer and a copy do not pass for each other.
    let elsewhere = tempfile::tempdir().unwrap();
    let save = |name: &str, value: &Value| {
        std::fs::write(elsewhere.path().join(name), value.to_string()).unwrap();
    };
    let answer = serde_json::to_value(&copy).unwrap();
    save("copy.json", &answer);
    let said = verify(elsewhere.path(), "copy.json", &site);
    assert!(said.contains("every check holds") && said.contains("企业自取副本"), "{said}");
    let consent = site.consent("bank-01", own.as_str(), |_| {}).await;
    let (_, pulled) = site.pull("bank-01", text(&consent, "/id")).await;
    let mut mixed = pulled.clone();
    mixed["receipt"] = answer["receipt"].clone();
    save("mixed.json", &mixed);
    assert!(verify(elsewhere.path(), "mixed.json", &site).contains("NOT every check holds"));

    for _ in 2..10 {
        own_copy::take(&exchange, &preparer).await.unwrap();
    }
    assert!(matches!(own_copy::take(&exchange, &preparer).await, Err(ServiceError::Conflict(_))));
    assert!(own_copy::take(&exchange, &stranger).await.is_ok(), "another firm's day is its own");

    let entries = site.entries();
    assert_eq!(kinds(&entries)["release.self"], 11);
    let leaf = entries.iter().find(|entry| entry["id"] == copy.release_id.as_str()).unwrap();
    assert!(leaf["actor"] == "taxpayer" && !leaf.to_string().contains(own.as_str()));
    let report = audit(&Audited::of(&exchange), 2, &|_, _| {}).unwrap();
    assert!(report.holds() && report.counts.copies == 11, "{:?}", report.mismatch);
    // What is changed of a copy's row is found, and named.
    let row = format!("id = '{}'", copy.release_id);
    for (change, back, what) in [
        ("read_at = read_at + 1", "read_at = read_at - 1", "read_at of the copy"),
        ("jwt = 'x' || jwt", "jwt = substr(jwt, 2)", "digest of the copy's JWT"),
        (
            "taxpayer_id = 'x' || taxpayer_id",
            "taxpayer_id = substr(taxpayer_id, 2)",
            "subject opened by the salt",
        ),
    ] {
        sql::execute(&sql::ledger(&site), &[&format!("UPDATE own_copy SET {change} WHERE {row}")]);
        let report = audit(&Audited::of(&exchange), 2, &|_, _| {}).unwrap();
        assert_eq!(report.mismatch.unwrap().what, what);
        sql::execute(&sql::ledger(&site), &[&format!("UPDATE own_copy SET {back} WHERE {row}")]);
    }
    drop(exchange);
    site.stop();
    let config = site.dir().join("shuidaiyi.toml");
    let output = Command::new(env!("CARGO_BIN_EXE_shuidaiyi"))
        .args(["ledger", "replay", "--all", "--config", config.to_str().unwrap()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("11 firms' own copies, all identical"), "{said}");
    site.restart();
}

async fn notices_are_told_once_and_read_by_their_firm(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(6);
    site.product("bank-01").await;
    let own = firms[0].taxpayer_id.as_str();
    let consent = site.consent("bank-01", own, |_| {}).await;
    let exchange = site.exchange();
    let me = acting(exchange, own, PortalRole::Bookkeeper);
    let stranger = acting(exchange, firms[1].taxpayer_id.as_str(), PortalRole::Owner);
    let follow = || exchange.blocking(notifications::follow);
    for _ in 0..3 {
        assert!(site.pull("bank-01", text(&consent, "/id")).await.0.is_success());
    }
    follow().await.unwrap();
    follow().await.unwrap();
    let page = notifications::list(exchange, &me, None).await.unwrap();
    assert_eq!((page.items.len(), page.unread), (1, 1), "{page:?}");
    assert!(matches!(page.items[0].notice, Notice::Accessed { provided: 3, refused: 0, .. }));
    notifications::mark_read(exchange, &stranger, page.items[0].id.clone()).await.unwrap();
    assert_eq!(
        notifications::unread(exchange, &me).await.unwrap(),
        1,
        "a stranger's reading counts for nothing"
    );
    notifications::mark_read(exchange, &me, page.items[0].id.clone()).await.unwrap();
    assert_eq!(notifications::unread(exchange, &me).await.unwrap(), 0);
    // One more the same day: the same notice, unread again.
    assert!(site.revoke(text(&consent, "/id")).await.0.is_success());
    assert!(!site.pull("bank-01", text(&consent, "/id")).await.0.is_success());
    follow().await.unwrap();
    let page = notifications::list(exchange, &me, None).await.unwrap();
    let accessed: Vec<_> =
        page.items.iter().filter(|view| matches!(view.notice, Notice::Accessed { .. })).collect();
    assert!(
        matches!(accessed[..], [one] if !one.read && matches!(one.notice, Notice::Accessed { provided: 3, refused: 1, .. }))
    );
    assert!(notifications::list(exchange, &stranger, None).await.unwrap().items.is_empty());

    // Told inside a unit: once of each thing, and not at all if the unit fails.
    let notice = Notice::Requested { request_id: "r-1".into(), bank: "bank-01".parse().unwrap() };
    let tell = |fail: bool| {
        let (notice, own) = (notice.clone(), own.to_owned());
        exchange.writer.unit(move |c, now| {
            let told = notifications::notify_in_unit(c, now, &own, &notice)?;
            if fail {
                return Err(shuidaiyi::store::error::StoreError::Duplicate);
            }
            Ok(Ok((told, Vec::new())))
        })
    };
    assert!(tell(true).await.is_err());
    assert!(tell(false).await.unwrap().0);
    assert!(!tell(false).await.unwrap().0);
}

async fn intermediaries_are_reported_to_the_bureau(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(6);
    let exchange = site.exchange();
    let me = acting(exchange, firms[0].taxpayer_id.as_str(), PortalRole::Bookkeeper);
    let received = reports::report(exchange, &me, "自称平台代办，收费 3%".into()).await.unwrap();
    for wrong in ["", "a\u{0}b", &"长".repeat(2_001)] {
        assert!(reports::report(exchange, &me, wrong.to_owned()).await.is_err());
    }
    let (status, page) = site.json("bureau", Method::GET, "/v1/reports", None).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(page["items"][0]["id"], received.id.as_str());
    assert_eq!(page["items"][0]["taxpayer_id"], firms[0].taxpayer_id.as_str());
    assert_eq!(site.json("bank-01", Method::GET, "/v1/reports", None).await.0, StatusCode::FORBIDDEN);
    for _ in 1..5 {
        reports::report(exchange, &me, "又一次".into()).await.unwrap();
    }
    assert!(reports::report(exchange, &me, "第六次".into()).await.is_err());
    assert!(!site.entries().iter().any(|entry| entry.to_string().contains("代办")));
}
