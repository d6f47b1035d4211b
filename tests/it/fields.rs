//! What of a section leaves: the product's fields, the person's own data, and what never leaves at all.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shuidaiyi::domain::section::Section;
use shuidaiyi::service::error::ServiceError;
use shuidaiyi::service::ingest::Mode;

use crate::deliveries::{TAXPAYER, deliver, deliver_rows, lines, pulled, registration};
use crate::support::site::product_terms;
use crate::support::wire::{sections, small_return};
use crate::support::{Backend, Site, both_backends, sql};

both_backends!(
    a_profile_opens_fields_and_names_the_rest,
    a_profile_names_only_what_the_dictionary_has,
    nothing_on_the_never_list_can_be_made_to_leave,
    the_bank_learns_whether_the_representative_is_who_it_thinks,
    a_persons_business_leaves_only_with_that_person,
    counterparties_have_another_name_for_every_bank,
    few_employees_are_not_told_of,
);

/// A sole trader by its number.
const TRADER: &str = "92440304MA5QWE344L";
const DIGEST: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// A product with that profile, and a consent for all that the product asks.
async fn consent_under(site: &Site, bank: &str, taxpayer: &str, profile: Value, personal: bool) -> String {
    let id = format!("{bank}-credit");
    let put = site.json(bank, Method::PUT, &format!("/v1/products/{id}"), Some(everything())).await;
    assert!(put.0.is_success(), "{put:?}");
    let (status, body) = approve(site, &id, profile).await;
    assert!(status.is_success(), "{status} {body}");
    let granted = site
        .consent(bank, taxpayer, |terms| {
            terms["sections"] = everything()["sections"].clone();
            terms["personal_data"] = personal.into();
        })
        .await;
    granted["id"].as_str().unwrap().to_owned()
}

async fn approve(site: &Site, id: &str, profile: Value) -> (StatusCode, Value) {
    let body = if profile.is_null() { json!({}) } else { json!({"profile": profile}) };
    site.json("bureau", Method::POST, &format!("/v1/products/{id}/approval"), Some(body)).await
}

/// Terms that ask for every section.
fn everything() -> Value {
    let mut terms = product_terms();
    terms["sections"] = Section::ALL.map(Section::as_str).to_vec().into();
    terms
}

fn profile(fields: Value) -> Value {
    json!({"sections": Section::ALL.map(Section::as_str), "window_months": 36, "fields": fields})
}

async fn a_profile_opens_fields_and_names_the_rest(backend: Backend) {
    let site = Site::start(backend);
    let open =
        profile(json!({"filings": ["due", "figures.period.sales_taxable_fen"], "registration": ["name"]}));
    let consent = consent_under(&site, "bank-01", TAXPAYER, open, false).await;
    deliver_rows(&site, "registration", 5, &[registration(TAXPAYER, "深圳市甲有限公司")]);
    let mut wrong = small_return(TAXPAYER, 1, 700);
    wrong["payable_fen"] = 5.into();
    wrong["reduction_fen"] = 1.into();
    wrong["payable_total_fen"] = 9.into();
    deliver_rows(&site, "vat_small", 5, &[wrong]);
    let first = pulled(&site, "bank-01", &consent).await;
    let all = sections(&first);
    let filing = &all["filings"]["records"][0];
    assert_eq!(filing["figures"], json!({"period": {"sales_taxable_fen": 700}}));
    let withheld: Vec<&str> =
        filing["withheld"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for cut in ["figures.ytd", "figures.period.payable_fen", "filed_on", "marks"] {
        assert!(withheld.contains(&cut), "{cut}: {withheld:?}");
    }
    assert!(filing.get("marks").is_none() && filing["checks"]["failed"].as_i64() > Some(0), "{filing}");
    let firm = &all["registration"]["records"][0];
    assert_eq!((&firm["name"], firm.get("industry")), (&json!("深圳市甲有限公司"), None));
    // A ready disclosure of one profile never serves another, and a repeat gives the narrowed bytes again.
    let path = format!("/v1/releases/{}", first["release_id"].as_str().unwrap());
    assert_eq!(site.json("bank-01", Method::GET, &path, None).await.1["dossier"], first["dossier"]);
    let wider = "UPDATE product SET profile = replace(profile, '\"due\"', '\"due\",\"filed_on\"')";
    sql::execute(&sql::ledger(&site), &[wider]);
    let second = sections(&pulled(&site, "bank-01", &consent).await);
    assert!(second["filings"]["records"][0].get("filed_on").is_some());
}

async fn a_profile_names_only_what_the_dictionary_has(backend: Backend) {
    let site = Site::start(backend);
    let put = site.json("bank-01", Method::PUT, "/v1/products/p", Some(everything())).await;
    assert!(put.0.is_success());
    for (fields, pointer) in [
        (json!({"filings": ["figures.period.no_such_row_fen"]}), "/profile/fields"),
        (json!({"filings": []}), "/profile/fields"),
        (json!({"rating": ["industry"]}), "/profile/fields"),
    ] {
        let (status, body) = approve(&site, "p", profile(fields.clone())).await;
        assert_eq!(
            (status.as_u16(), &body["errors"][0]["pointer"]),
            (422, &json!(pointer)),
            "{fields} {body}"
        );
    }
    let mut narrow = profile(json!({"filings": ["due"]}));
    narrow["sections"] = json!(["rating"]);
    assert_eq!(approve(&site, "p", narrow).await.0.as_u16(), 422, "fields of a section that is not open");
    let mut personal = profile(json!({}));
    personal["personal_business"] = json!({"sections": ["rating", "rating"]});
    assert_eq!(approve(&site, "p", personal).await.0.as_u16(), 422);
    assert_eq!(approve(&site, "p", profile(json!({"filings": ["due"]}))).await.0.as_u16(), 200);
}

async fn nothing_on_the_never_list_can_be_made_to_leave(backend: Backend) {
    let site = Site::start(backend);
    // No form has a column for it: a delivery that brings one is refused, and keeps nothing of it.
    for column in [
        "legal_rep_id",
        "legal_rep_phone",
        "phone",
        "officer_code",
        "bank_account",
        "counterparty_name",
        "invoice_lines",
        "employee_name",
        "risk_score",
        "case_source",
    ] {
        for form in shuidaiyi::domain::import::Form::all() {
            let mut row = registration(TAXPAYER, "深圳市甲有限公司");
            row[column] = "canary-7".into();
            let refused = deliver(&site, form.id(), 5, Mode::All, lines(&[row]).as_bytes());
            assert!(matches!(refused, Err(ServiceError::RowsRejected(_))), "{column} {form:?}: {refused:?}");
        }
    }
    // What the exchange keeps and never releases cannot be opened by a profile...
    let put = site.json("bank-01", Method::PUT, "/v1/products/bank-01-credit", Some(everything())).await;
    assert!(put.0.is_success());
    for section in Section::ALL {
        for field in section.never_fields() {
            let (status, body) =
                approve(&site, "bank-01-credit", profile(json!({section.as_str(): [field]}))).await;
            assert_eq!(status.as_u16(), 422, "{section} {field}: {body}");
        }
    }
    // ...not even by one that somebody writes into the database.
    let consent = consent_under(&site, "bank-01", TAXPAYER, Value::Null, true).await;
    let mut firm = registration(TAXPAYER, "深圳市甲有限公司");
    firm["legal_rep_id_digest"] = DIGEST.into();
    deliver_rows(&site, "registration", 5, &[firm]);
    deliver_rows(&site, "invoice_counterparty", 5, &[counterparty(TAXPAYER, "914403001922038216")]);
    deliver_rows(&site, "payment", 5, &[payment(TAXPAYER)]);
    let fields = r#"{"registration":["legal_rep_id_digest","name"],"invoices":["counterparty","rank"]}"#;
    let tamper = format!(
        "UPDATE product SET profile = replace(profile, '\"window_months\"', '\"fields\":{fields},\"window_months\"')"
    );
    for tampering in [None, Some(tamper)] {
        if let Some(tampering) = tampering {
            sql::execute(&sql::ledger(&site), &[&tampering]);
        }
        let all = sections(&pulled(&site, "bank-01", &consent).await);
        let text = serde_json::to_string(&all).unwrap();
        for never in [DIGEST, "legal_rep_id_digest", "914403001922038216", "344036190012345678"] {
            assert!(!text.contains(never), "{never}");
        }
        for present in ["registration", "invoices", "payments"] {
            assert_eq!(all[present]["status"], "present", "{present}");
        }
    }
}

async fn the_bank_learns_whether_the_representative_is_who_it_thinks(backend: Backend) {
    let site = Site::start(backend);
    let consent = consent_under(&site, "bank-01", TAXPAYER, Value::Null, false).await;
    let answer = async |digest: Option<&str>| {
        let mut ask = json!({"consent_id": consent, "purpose": "pre_loan"});
        if let Some(digest) = digest {
            ask["legal_rep_digest"] = digest.into();
        }
        let (status, answer) = site.json("bank-01", Method::POST, "/v1/dossiers", Some(ask)).await;
        assert_eq!(status.as_u16(), 201, "{answer}");
        let path = format!("/v1/releases/{}", answer["release_id"].as_str().unwrap());
        let again = site.json("bank-01", Method::GET, &path, None).await.1;
        assert_eq!(again["dossier"], answer["dossier"], "a repeat answers the same question");
        sections(&answer)["registration"]["records"][0].get("legal_rep_match").cloned()
    };
    deliver_rows(&site, "registration", 5, &[registration(TAXPAYER, "深圳市甲有限公司")]);
    assert_eq!(answer(Some(DIGEST)).await, Some(json!("unknown")));
    let mut firm = registration(TAXPAYER, "深圳市甲有限公司");
    firm["legal_rep_id_digest"] = DIGEST.into();
    deliver_rows(&site, "registration", 6, &[firm]);
    assert_eq!(answer(Some(DIGEST)).await, Some(json!("yes")));
    assert_eq!(answer(Some(&DIGEST.replace('A', "B"))).await, Some(json!("no")));
    assert_eq!(answer(None).await, None, "not asked, not answered");
    let ask = json!({"consent_id": consent, "purpose": "pre_loan", "legal_rep_digest": "440301189901010010"});
    let (status, body) = site.json("bank-01", Method::POST, "/v1/dossiers", Some(ask)).await;
    assert_eq!((status.as_u16(), &body["errors"][0]["pointer"]), (422, &json!("/legal_rep_digest")));
}

async fn a_persons_business_leaves_only_with_that_person(backend: Backend) {
    let site = Site::start(backend);
    let without = consent_under(&site, "bank-01", TRADER, Value::Null, false).await;
    let narrower = json!({
        "sections": Section::ALL.map(Section::as_str), "window_months": 36,
        "personal_business": {"sections": ["registration", "filings"], "fields": {"filings": ["due"]}},
    });
    let with = consent_under(&site, "bank-02", TRADER, narrower, true).await;
    deliver_rows(&site, "vat_small", 5, &[small_return(TRADER, 1, 5)]);
    deliver_rows(&site, "rating", 5, &[]);
    let state = async |bank: &str, consent: &str, section: &str| {
        let section = sections(&pulled(&site, bank, consent).await)[section].clone();
        (section["status"].clone(), section["reason"].clone())
    };
    let withheld = |reason: &str| (json!("withheld"), json!(reason));
    let present = (json!("present"), Value::Null);
    // Its number says that it is a sole trader, so long as no registration says otherwise.
    assert_eq!(state("bank-01", &without, "filings").await, withheld("personal_consent_missing"));
    assert_eq!(state("bank-01", &without, "arrears").await, withheld("personal_consent_missing"));
    assert_eq!(state("bank-01", &without, "rating").await.0, "empty");
    assert_eq!(state("bank-02", &with, "filings").await, present);
    assert_eq!(state("bank-02", &with, "rating").await, withheld("cut_by_profile"));
    let filing = sections(&pulled(&site, "bank-02", &with).await)["filings"]["records"][0].clone();
    assert!(filing.get("due").is_some() && filing.get("figures").is_none(), "{filing}");
    // The registration is delivered and says company; then partnership: what was ready gives way each time.
    let firm = |reg_type: &str| {
        let mut firm = registration(TRADER, "深圳市甲有限公司");
        firm["reg_type"] = reg_type.into();
        firm
    };
    deliver_rows(&site, "registration", 6, &[firm("173")]);
    assert_eq!(state("bank-01", &without, "filings").await, present);
    assert_eq!(state("bank-02", &with, "rating").await.0, "empty");
    deliver_rows(&site, "registration", 7, &[firm("172")]);
    assert_eq!(state("bank-01", &without, "filings").await, withheld("personal_consent_missing"));
    assert_eq!(state("bank-01", &without, "registration").await, present);
}

async fn counterparties_have_another_name_for_every_bank(backend: Backend) {
    let site = Site::start(backend);
    let mut names = Vec::new();
    let other = "914403001922038216";
    deliver_rows(
        &site,
        "invoice_counterparty",
        5,
        &[counterparty(TAXPAYER, "9144030010001686XA"), counterparty(other, "9144030010001686XA")],
    );
    for (bank, firm) in [("bank-01", TAXPAYER), ("bank-01", other), ("bank-02", TAXPAYER)] {
        let consent = consent_under(&site, bank, firm, Value::Null, false).await;
        let record = sections(&pulled(&site, bank, &consent).await)["invoices"]["records"][0].clone();
        names.push(record["pseudonym"].as_str().expect("a pseudonym").to_owned());
        assert_eq!((record.get("counterparty"), &record["share_bp"]), (None, &json!(3050)));
    }
    assert_eq!(names[0], names[1], "one bank sees that two firms share a customer");
    assert_ne!(names[0], names[2], "two banks cannot compare");
}

async fn few_employees_are_not_told_of(backend: Backend) {
    let site = Site::start(backend);
    let consent = consent_under(&site, "bank-01", TAXPAYER, Value::Null, false).await;
    let month = |from: &str, to: &str, insured: i64| {
        json!({"taxpayer_id": TAXPAYER, "period_from": from, "period_to": to, "insured": insured,
               "due_fen": 500, "paid_fen": 500, "arrears_fen": 0, "wages_fen": 9_000})
    };
    deliver_rows(
        &site,
        "employment_month",
        5,
        &[month("2026-01-01", "2026-01-31", 4), month("2026-02-01", "2026-02-28", 5)],
    );
    let records = sections(&pulled(&site, "bank-01", &consent).await)["employment"]["records"].clone();
    let (few, enough) = (&records[0], &records[1]);
    assert_eq!(
        (few.get("insured"), few.get("wages_fen"), &few["period"]["from"]),
        (None, None, &json!("2026-01-01"))
    );
    assert!(few["withheld"].as_array().unwrap().contains(&json!("insured")), "{few}");
    assert_eq!((&enough["insured"], enough.get("withheld")), (&json!(5), None));
}

fn counterparty(taxpayer: &str, counterparty: &str) -> Value {
    json!({"taxpayer_id": taxpayer, "period_from": "2025-01-01", "period_to": "2025-12-31", "direction": "issued",
           "rank": 1, "counterparty": counterparty, "net_fen": 150_000_000, "share_bp": 3050})
}

fn payment(taxpayer: &str) -> Value {
    json!({"taxpayer_id": taxpayer, "tax_kind": "10101", "class": "tax", "period_from": "2026-01-01",
           "period_to": "2026-01-31", "amount_fen": 100, "paid_on": "2026-02-10", "voucher": "344036190012345678"})
}
