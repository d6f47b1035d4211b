//! The firm's own data on pages: what is held, its revisions, corrections and statements by form; as a file, inert.

use reqwest::StatusCode;
use serde_json::json;
use shuidaiyi::domain::representative::PortalRole;
use shuidaiyi::domain::section::Section;
use shuidaiyi::domain::taxpayer_id::TaxpayerId;
use shuidaiyi::service::{fairness, held};

use crate::corrections::acting;
use crate::deliveries::{TAXPAYER, consent, deliver_rows, pulled, registration};
use crate::support::wire::{sections, small_return};
use crate::support::{Backend, Site, both_backends};

both_backends!(
    a_firm_reads_its_data_and_has_it_corrected,
    another_firm_reads_and_changes_nothing,
    a_statement_is_for_who_may_speak,
);

fn firm() -> TaxpayerId {
    TaxpayerId::parse(TAXPAYER).unwrap()
}

async fn reference(site: &Site, section: Section) -> String {
    let acting = acting(site, TAXPAYER, PortalRole::Bookkeeper);
    held::section(site.exchange(), &acting, section).await.unwrap().records[0].reference.clone()
}

async fn a_firm_reads_its_data_and_has_it_corrected(backend: Backend) {
    let site = Site::start(backend);
    let consent = consent(&site, "bank-01").await;
    let mut row = registration(TAXPAYER, "=cmd|'/c calc'!A1<script>alert(1)</script>\u{202e}");
    row["legal_rep_id_digest"] = json!("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
    deliver_rows(&site, "registration", 5, &[row]);
    deliver_rows(&site, "vat_small", 5, &[small_return(TAXPAYER, 1, 5)]);
    let mut amended = small_return(TAXPAYER, 1, 7);
    amended["correction"] = "amended".into();
    deliver_rows(&site, "vat_small", 6, &[amended]);

    let keeper = site.sign_in_as(PortalRole::Bookkeeper, &firm());
    for path in ["/my-data?lang=en", "/my-data?lang=zh", "/corrections"]
        .into_iter()
        .map(str::to_owned)
        .chain(Section::ALL.map(|section| format!("/my-data/{section}")))
    {
        let page = keeper.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text);
        assert!(!page.text.contains("<script>alert") && !page.text.contains("AAECAwQF"), "{path}");
    }
    let record = reference(&site, Section::Filings).await;
    let place = format!("/my-data/filings/records/{record}");
    let page = keeper.get(&place).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("首次入库") && page.text.contains("申请更正"), "{}", page.text);
    for part in ["csv", "records/none", "records/%00"] {
        let status = keeper.get(&format!("/my-data/weather/{part}")).await.status;
        assert_eq!(status, StatusCode::NOT_FOUND, "{part}");
    }

    let file = keeper.get("/my-data/registration/csv").await;
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    assert!(file.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
    let cell = file.text.lines().find(|line| line.contains("cmd")).unwrap();
    assert!(cell.contains(",\"'=cmd") && !cell.contains('\u{202e}'), "{cell}");
    assert!(!file.text.contains("AAECAwQF"), "what never leaves is in no file");
    let file = keeper.get("/my-data/filings/csv").await.text;
    assert!(file.contains(",\"2\",") && file.contains(",\"1\","), "both revisions: {file}");

    let sent = keeper.post(&format!("{place}/correction"), &[("text", "销售额应为 5 元")]).await;
    assert_eq!(
        (sent.status, sent.location.as_str()),
        (StatusCode::SEE_OTHER, "/corrections?done=correction-requested")
    );
    let annotated = pulled(&site, "bank-01", &consent).await;
    assert_eq!(sections(&annotated)["filings"]["annotations"][0]["record"], 0);
    let list = keeper.get("/corrections").await.text;
    assert!(list.contains("系统核查中") && list.contains("销售额应为 5 元"), "{list}");
    let again = keeper.post(&format!("{place}/correction"), &[("text", "又一次")]).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    let id = list.split("/corrections/").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let taken = keeper.post(&format!("/corrections/{id}/withdrawal"), &[]).await;
    assert_eq!(taken.location, "/corrections?done=correction-withdrawn");
    assert!(sections(&pulled(&site, "bank-01", &consent).await)["filings"].get("annotations").is_none());
}

async fn another_firm_reads_and_changes_nothing(backend: Backend) {
    let site = Site::start(backend);
    deliver_rows(&site, "vat_small", 5, &[small_return(TAXPAYER, 1, 5)]);
    let record = reference(&site, Section::Filings).await;
    let other = TaxpayerId::parse("92440304MA5QWE344L").unwrap();
    let stranger = site.sign_in_as(PortalRole::LegalRepresentative, &other);
    let size = site.entries().len();
    let absent = "AAAAAAAAAAAAAAAAAAAAAA";
    for place in [record.as_str(), absent] {
        let page = stranger.get(&format!("/my-data/filings/records/{place}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND);
        let path = format!("/my-data/filings/records/{place}/correction");
        assert_eq!(stranger.post(&path, &[("text", "x")]).await.status, StatusCode::NOT_FOUND);
        let path = format!("/my-data/violations/records/{place}/statement");
        assert_eq!(stranger.post(&path, &[("text", "x")]).await.status, StatusCode::NOT_FOUND);
    }
    assert!(!stranger.get("/my-data/filings/csv").await.text.contains("vat_small"));
    assert_eq!(site.entries().len(), size);
}

async fn a_statement_is_for_who_may_speak(backend: Backend) {
    let mut site = Site::prepare(backend, 1_000_000);
    site.config.fairness.notice_working_days = 5;
    site.restart();
    let mut terms = crate::support::site::product_terms();
    terms["sections"] = json!(["violations"]);
    let path = "/v1/products/bank-01-credit";
    assert!(site.json("bank-01", reqwest::Method::PUT, path, Some(terms)).await.0.is_success());
    let approval = format!("{path}/approval");
    assert!(site.json("bureau", reqwest::Method::POST, &approval, Some(json!({}))).await.0.is_success());
    site.consent("bank-01", TAXPAYER, |terms| terms["sections"] = json!(["violations"])).await;
    let row = json!({"taxpayer_id": TAXPAYER, "violation_id": "B", "registered_on": "2026-03-05", "type": null,
        "facts": "未按规定保管发票", "means": null, "status": "unresolved", "resolved_on": null, "period_from": null,
        "period_to": null, "inspection_case": false, "first_time_exempt": false, "corrected": false, "voided": false});
    deliver_rows(&site, "violation", 4, &[row]);
    site.exchange().blocking(fairness::follow).await.unwrap();
    let record = reference(&site, Section::Violations).await;
    let place = format!("/my-data/violations/records/{record}");
    let keeper = site.sign_in_as(PortalRole::Bookkeeper, &firm());
    let home = keeper.get("/").await.text;
    assert!(home.contains("/my-data/violations") && home.contains("可附说明"), "{home}");
    assert_eq!(keeper.get(&format!("{place}/statement")).await.status, StatusCode::FORBIDDEN);
    let refused = keeper.post(&format!("{place}/statement"), &[("text", "x")]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let head = site.sign_in_as(PortalRole::LegalRepresentative, &firm());
    assert_eq!(head.get(&format!("{place}/statement")).await.status, StatusCode::OK);
    let stated = head.post(&format!("{place}/statement"), &[("text", "发票已补齐")]).await;
    assert_eq!(stated.location, format!("{place}?done=statement-added"));
    assert!(head.get(&place).await.text.contains("发票已补齐"));
    assert!(!head.get("/").await.text.contains("可附说明"), "it was answered");
}
