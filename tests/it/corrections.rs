//! Records that firms say are wrong: annotated at once in every dossier, until the bureau decides; replays stay identical.

use std::sync::Arc;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shuidaiyi::clock::Clock;
use shuidaiyi::domain::consent::{Assurance, GrantMethod};
use shuidaiyi::domain::representative::{ActingFor, Authentication, Person, PortalRole, Representation};
use shuidaiyi::domain::section::Section;
use shuidaiyi::domain::taxpayer_id::TaxpayerId;
use shuidaiyi::service::Exchange;
use shuidaiyi::service::corrections::{self, CorrectionChange};
use shuidaiyi::service::error::{ServiceError, ServiceResult};
use shuidaiyi::service::held;
use shuidaiyi::service::ledger_audit::{Audited, audit};

use crate::deliveries::{TAXPAYER, consent, deliver_rows, pulled, registration};
use crate::support::wire::{digests, sections, small_return};
use crate::support::{Backend, Site, both_backends, sql};

both_backends!(
    a_disputed_record_is_annotated_until_it_is_decided,
    another_process_annotates_at_its_next_pull,
    only_the_firm_disputes_and_only_what_it_has,
    limits_in_time_are_kept_and_listed,
    an_audit_binds_what_was_said,
);

const OTHER: &str = "92440304MA5QWE344L";

/// A person at work for a firm.
pub fn acting(site: &Site, taxpayer: &str, role: PortalRole) -> ActingFor {
    ActingFor {
        person: Person { subject: format!("{role} of {taxpayer}"), name: "样一".into(), id_ref: None },
        firm: Representation {
            taxpayer_id: TaxpayerId::parse(taxpayer).unwrap(),
            name: "深圳市甲有限公司".into(),
            role,
        },
        authentication: Authentication {
            method: GrantMethod::EtaxFace,
            assurance: Assurance::Reliable,
            at: site.clock.now(),
        },
    }
}

/// The key of a section's n-th record.
async fn key(site: &Site, section: Section, place: usize) -> String {
    let acting = acting(site, TAXPAYER, PortalRole::Bookkeeper);
    held::section(site.exchange(), &acting, section).await.unwrap().records[place].key.clone()
}

async fn dispute(exchange: &Arc<Exchange>, site: &Site, key: String) -> ServiceResult<CorrectionChange> {
    let acting = acting(site, TAXPAYER, PortalRole::Bookkeeper);
    corrections::request(exchange, &acting, Section::Filings, key, "销售额有误".into()).await
}

async fn resolve(site: &Site, id: &str, body: Value) -> (StatusCode, Value) {
    site.json("bureau", Method::POST, &format!("/v1/corrections/{id}/resolution"), Some(body)).await
}

/// Every release replays identical, and the audit is silent.
pub async fn all_is_sound(site: &Site, releases: &[Value]) {
    for release in releases {
        let id = release["release_id"].as_str().unwrap();
        let path = format!("/v1/audit/releases/{id}/replay");
        let (status, found) = site.json("bureau", Method::GET, &path, None).await;
        assert_eq!((status, &found["identical"]), (StatusCode::OK, &json!(true)), "{found}");
    }
    let report = audit(&Audited::of(site.exchange()), 2, &|_, _| {}).unwrap();
    assert_eq!(report.mismatch, None);
}

async fn a_disputed_record_is_annotated_until_it_is_decided(backend: Backend) {
    let mut site = Site::start(backend);
    let (one, two) = (consent(&site, "bank-01").await, consent(&site, "bank-02").await);
    deliver_rows(&site, "registration", 5, &[registration(TAXPAYER, "深圳市甲有限公司")]);
    deliver_rows(&site, "vat_small", 5, &[small_return(TAXPAYER, 1, 5), small_return(TAXPAYER, 2, 7)]);
    let before = pulled(&site, "bank-01", &one).await;
    assert_eq!(digests(&pulled(&site, "bank-01", &one).await), digests(&before), "remembered");

    let record = key(&site, Section::Filings, 1).await;
    let change = dispute(site.exchange(), &site, record.clone()).await.unwrap();
    let id = change.correction.id.clone();
    let disputed = pulled(&site, "bank-01", &one).await;
    let (plain, annotated) = (&sections(&before)["filings"], &sections(&disputed)["filings"]);
    let today = site.clock.now().shanghai_date().to_string();
    assert_eq!(annotated["encoder"], "filings/2");
    assert_eq!(
        annotated["annotations"],
        json!([{"record": 1, "raised_on": today, "status": "under_review"}])
    );
    assert_eq!((&annotated["records"], &annotated["statements"]), (&plain["records"], &json!([])));
    assert_eq!(sections(&disputed)["registration"], sections(&before)["registration"], "another section");
    assert!(!disputed.to_string().contains("销售额有误"), "why does not leave");
    // Of a bank that never pulled, of ready rows after a restart, and sent again.
    let other = pulled(&site, "bank-02", &two).await;
    assert_eq!(sections(&other)["filings"]["annotations"], annotated["annotations"]);
    site.restart();
    assert_eq!(digests(&pulled(&site, "bank-01", &one).await), digests(&disputed));
    let path = format!("/v1/releases/{}", before["release_id"].as_str().unwrap());
    let again = site.json("bank-01", Method::GET, &path, None).await.1;
    assert_eq!(again["dossier"], before["dossier"], "sent again as it was");

    let note = json!({"outcome": "kept", "note": "核查无误"});
    let (status, resolved) = resolve(&site, &id, note.clone()).await;
    assert_eq!((status, &resolved["stage"]), (StatusCode::OK, &json!("resolved")), "{resolved}");
    let (status, again) = resolve(&site, &id, note).await;
    assert_eq!((status, &again["receipt"]["entry"]), (StatusCode::OK, &resolved["receipt"]["entry"]));
    let (status, _) = resolve(&site, &id, json!({"outcome": "corrected", "note": "x"})).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let after = pulled(&site, "bank-01", &one).await;
    assert_eq!(digests(&after), digests(&before), "nothing of it is left");
    // A later dispute of the same record is another one.
    dispute(site.exchange(), &site, record).await.unwrap();
    let once_more = pulled(&site, "bank-01", &one).await;
    assert_eq!(sections(&once_more)["filings"]["annotations"][0]["record"], 1);
    all_is_sound(&site, &[before, disputed, other, after, once_more]).await;
}

async fn another_process_annotates_at_its_next_pull(backend: Backend) {
    let site = Site::start(backend);
    let consent = consent(&site, "bank-01").await;
    deliver_rows(&site, "vat_small", 5, &[small_return(TAXPAYER, 1, 5)]);
    let before = pulled(&site, "bank-01", &consent).await;
    assert_eq!(digests(&pulled(&site, "bank-01", &consent).await), digests(&before), "remembered");
    let record = key(&site, Section::Filings, 0).await;
    let other = site.another();
    dispute(&other.exchange, &site, record).await.unwrap();
    let after = pulled(&site, "bank-01", &consent).await;
    assert_eq!(sections(&after)["filings"]["annotations"][0]["record"], 0);
    other.stop();
}

async fn only_the_firm_disputes_and_only_what_it_has(backend: Backend) {
    let site = Site::start(backend);
    deliver_rows(&site, "vat_small", 5, &[small_return(TAXPAYER, 1, 5)]);
    let record = key(&site, Section::Filings, 0).await;
    let exchange = site.exchange();
    let foreign = acting(&site, OTHER, PortalRole::LegalRepresentative);
    let asked = corrections::request(exchange, &foreign, Section::Filings, record.clone(), "x".into()).await;
    assert!(matches!(asked, Err(ServiceError::NotFound)), "{asked:?}");
    let asked = dispute(exchange, &site, "no such record".into()).await;
    assert!(matches!(asked, Err(ServiceError::NotFound)), "{asked:?}");
    let own = acting(&site, TAXPAYER, PortalRole::Bookkeeper);
    for text in ["", "\u{0}", &"长".repeat(2_001)] {
        let asked = corrections::request(exchange, &own, Section::Filings, record.clone(), text.into()).await;
        assert!(matches!(asked, Err(ServiceError::Invalid(_))), "{asked:?}");
    }
    let id = dispute(exchange, &site, record.clone()).await.unwrap().correction.id;
    let twice = dispute(exchange, &site, record).await;
    assert!(matches!(twice, Err(ServiceError::Conflict(_))), "{twice:?}");
    let size = site.entries().len();
    for id in [id.as_str(), "019aaf40-1000-7000-8000-000000000201"] {
        let taken = corrections::withdraw(exchange, &foreign, id.into()).await;
        assert!(matches!(taken, Err(ServiceError::NotFound)), "{taken:?}");
    }
    assert_eq!(site.entries().len(), size, "nothing was recorded of what was refused");
    assert_eq!(corrections::of_firm(exchange, &foreign).await.unwrap(), []);
    let taken = corrections::withdraw(exchange, &own, id.clone()).await.unwrap();
    assert_eq!(taken.outcome.map(|outcome| outcome.as_str()), Some("withdrawn"));
    assert!(matches!(corrections::withdraw(exchange, &own, id).await, Err(ServiceError::Conflict(_))));
    for member in ["bank-01", "regulator", "platform"] {
        assert_eq!(site.json(member, Method::GET, "/v1/corrections", None).await.0, 403, "{member}");
    }
}

async fn limits_in_time_are_kept_and_listed(backend: Backend) {
    let site = Site::start(backend);
    deliver_rows(&site, "vat_small", 5, &[small_return(TAXPAYER, 1, 5)]);
    let record = key(&site, Section::Filings, 0).await;
    let made = dispute(site.exchange(), &site, record).await.unwrap().correction;
    let listed = async |query: &str| {
        let (status, page) = site.json("bureau", Method::GET, &format!("/v1/corrections{query}"), None).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        page["items"].as_array().unwrap().clone()
    };
    let all = listed("?status=open").await;
    assert_eq!((all.len(), &all[0]["id"], &all[0]["stage"]), (1, &json!(made.id), &json!("check")));
    assert!(listed("?overdue=true").await.is_empty() && listed("?status=resolved").await.is_empty());
    let wait = |days: i64| site.clock.advance_seconds(days * 86_400);
    wait((made.limits.source_by - site.clock.now().shanghai_date()).num_days());
    assert_eq!(
        (listed("").await[0]["stage"].clone(), listed("?overdue=true").await.len()),
        (json!("source"), 0)
    );
    wait(1);
    assert_eq!(listed("?overdue=true").await[0]["stage"], "extended");
    wait((made.limits.extended_by - site.clock.now().shanghai_date()).num_days() + 1);
    assert_eq!(listed("?overdue=true").await[0]["stage"], "overdue");
    let done = json!({"outcome": "corrected", "note": "已更正"});
    assert_eq!(resolve(&site, &made.id, done).await.0, StatusCode::OK);
    assert!(listed("?overdue=true").await.is_empty());
    assert_eq!(listed("?status=resolved").await[0]["outcome"], "corrected");
}

async fn an_audit_binds_what_was_said(backend: Backend) {
    let site = Site::start(backend);
    deliver_rows(&site, "vat_small", 5, &[small_return(TAXPAYER, 1, 5)]);
    let record = key(&site, Section::Filings, 0).await;
    let id = dispute(site.exchange(), &site, record).await.unwrap().correction.id;
    assert_eq!(resolve(&site, &id, json!({"outcome": "kept", "note": "n"})).await.0, 200);
    all_is_sound(&site, &[]).await;
    let db = sql::ledger(&site);
    let cases = [
        (
            "UPDATE correction SET text = text || 'x'",
            "UPDATE correction SET text = '销售额有误'",
            "text opened",
        ),
        (
            "UPDATE correction SET outcome = 'corrected'",
            "UPDATE correction SET outcome = 'kept'",
            "outcome opened",
        ),
        (
            "UPDATE annotation_entry SET section = 'rating'",
            "UPDATE annotation_entry SET section = 'filings'",
            "section of the annotation",
        ),
        (
            "INSERT INTO annotation_entry VALUES (0, 'correction.resolved', 'x', 'y', 'filings')",
            "DELETE FROM annotation_entry WHERE idx = 0",
            "rows of annotation_entry",
        ),
        (
            "UPDATE ledger_head SET last_batch_index = last_batch_index - 1",
            "UPDATE ledger_head SET last_batch_index = last_batch_index + 1",
            "newest delivery",
        ),
    ];
    for (change, back, named) in cases {
        sql::execute(&db, &[change]);
        let found = audit(&Audited::of(site.exchange()), 1, &|_, _| {}).unwrap().mismatch;
        assert!(found.as_ref().is_some_and(|found| found.what.contains(named)), "{change}: {found:?}");
        sql::execute(&db, &[back]);
    }
    all_is_sound(&site, &[]).await;
}
