//! What a dossier's sections say: missing is never zero, ready bytes are the assembled ones, marks alter nothing.

use serde_json::{Value, json};
use shuidaiyi::domain::import::Form;
use shuidaiyi::service::ingest::Mode;

use crate::deliveries::{TAXPAYER, as_of, consent, deliver_rows, deliver_to, lines, pulled, registration};
use crate::support::site::consent_terms;
use crate::support::wire::{digests, sections, small_return};
use crate::support::{Backend, Site, both_backends, sql};

both_backends!(
    each_way_of_missing_has_its_name,
    what_is_overdue_says_so,
    what_the_profile_or_the_person_closes_is_withheld,
    ready_bytes_are_the_assembled_ones,
    a_ready_disclosure_goes_when_its_taxpayer_is_touched,
    what_is_remembered_gives_way_to_a_delivery,
    two_banks_never_share_a_salt,
    marks_travel_and_alter_nothing,
);

const OTHER: &str = "92440304MA5QWE344L";

async fn each_way_of_missing_has_its_name(backend: Backend) {
    let site = Site::start(backend);
    let consent = consent(&site, "bank-01").await;
    let states = async || {
        let all = sections(&pulled(&site, "bank-01", &consent).await);
        let of = |name: &str| (all[name]["status"].clone(), all[name]["reason"].clone());
        assert!(all.values().all(|section| section["records"].is_array()));
        (of("registration"), of("filings"))
    };
    let not_collected = (json!("not_collected"), json!("no_batch_covers_window"));
    let empty = (json!("empty"), json!("no_record_in_window"));
    assert_eq!(states().await, (not_collected.clone(), not_collected.clone()));
    // Nothing is known to be empty before every form of its section has been delivered.
    deliver_rows(&site, "registration", 5, &[registration(OTHER, "深圳市乙有限公司")]);
    assert_eq!(states().await, (not_collected.clone(), not_collected.clone()));
    deliver_others_empty(&site, "registration");
    assert_eq!(states().await, (empty.clone(), not_collected.clone()));
    deliver_rows(&site, "vat_small", 5, &[small_return(OTHER, 1, 5)]);
    assert_eq!(states().await, (empty.clone(), not_collected.clone()), "other returns may exist");
    deliver_others_empty(&site, "vat_small");
    assert_eq!(states().await, (empty.clone(), empty.clone()));
    deliver_rows(&site, "registration", 6, &[registration(TAXPAYER, "深圳市甲有限公司")]);
    assert_eq!(states().await, ((json!("present"), Value::Null), empty));
    // A figure that was not stated is null, not zero.
    let mut unstated = small_return(TAXPAYER, 1, 5);
    unstated.as_object_mut().unwrap().remove("prepaid_fen");
    deliver_rows(&site, "vat_small", 6, &[unstated]);
    let filings = sections(&pulled(&site, "bank-01", &consent).await)["filings"].clone();
    let period = &filings["records"][0]["figures"]["period"];
    assert!(period["prepaid_fen"].is_null() && period["sales_taxable_fen"] == 5, "{period}");
}

/// A delivery without rows in every other form of the form's section.
fn deliver_others_empty(site: &Site, form: &str) {
    let section = Form::by_id(form).unwrap().section();
    for other in Form::all().iter().filter(|other| other.section() == section && other.id() != form) {
        deliver_rows(site, other.id(), 5, &[]);
    }
}

async fn what_is_overdue_says_so(backend: Backend) {
    let site = Site::start(backend);
    let consent = consent(&site, "bank-01").await;
    deliver_rows(&site, "registration", 5, &[registration(TAXPAYER, "深圳市甲有限公司")]);
    let fresh = sections(&pulled(&site, "bank-01", &consent).await)["registration"].clone();
    let overdue = as_of(5) + chrono::Days::new(45);
    assert_eq!((&fresh["status"], &fresh["stale_after"]), (&json!("present"), &json!(overdue)));
    let now = shuidaiyi::clock::Clock::now(&*site.clock);
    let days = (overdue - now.shanghai_date()).num_days();
    let day = 24 * 3600;
    site.clock.advance_seconds((days - 1) * day);
    let last = sections(&pulled(&site, "bank-01", &consent).await)["registration"].clone();
    assert_eq!(last["status"], "present", "the day before");
    site.clock.advance_seconds(day);
    let stale = sections(&pulled(&site, "bank-01", &consent).await)["registration"].clone();
    assert_eq!((&stale["status"], &stale["reason"]), (&json!("stale"), &json!("source_overdue")));
    assert_eq!(stale["records"], fresh["records"], "stale records are still there");
    deliver_rows(&site, "registration", 30, &[registration(TAXPAYER, "深圳市甲有限公司")]);
    let again = sections(&pulled(&site, "bank-01", &consent).await)["registration"].clone();
    assert_eq!((&again["status"], &again["as_of"]), (&json!("present"), &json!(as_of(30))));
}

async fn what_the_profile_or_the_person_closes_is_withheld(backend: Backend) {
    let site = Site::start(backend);
    let consent = consent(&site, "bank-01").await;
    deliver_rows(&site, "registration", 5, &[registration(TAXPAYER, "深圳市甲有限公司")]);
    deliver_rows(&site, "vat_small", 5, &[small_return(TAXPAYER, 1, 5)]);
    let open = sections(&pulled(&site, "bank-01", &consent).await);
    // The legal representative's name leaves only under a personal consent, and its absence is named.
    let record = &open["registration"]["records"][0];
    assert_eq!((&record["withheld"], record.get("legal_rep_name")), (&json!(["legal_rep_name"]), None));
    let mut personal = consent_terms("bank-01", TAXPAYER);
    personal["personal_data"] = true.into();
    let (_, granted) = site.json("bureau", reqwest::Method::POST, "/v1/consents", Some(personal)).await;
    let named = sections(&pulled(&site, "bank-01", granted["id"].as_str().unwrap()).await);
    assert_eq!(named["registration"]["records"][0]["legal_rep_name"], "样一");
    // The bureau narrows the profile of a product after consents were given for it; no route does that yet.
    let narrowed = "UPDATE product SET profile = replace(profile, ',\"filings\"', '')";
    sql::execute(&sql::ledger(&site), &[narrowed]);
    let cut = sections(&pulled(&site, "bank-01", &consent).await);
    assert_eq!(cut["registration"]["status"], "present");
    assert_eq!(
        (&cut["filings"]["status"], &cut["filings"]["reason"], &cut["filings"]["records"]),
        (&json!("withheld"), &json!("cut_by_profile"), &json!([]))
    );
}

async fn ready_bytes_are_the_assembled_ones(backend: Backend) {
    let mut site = Site::start(backend);
    let firms = site.load_city(6);
    site.product("bank-01").await;
    let data = sql::data(&site);
    for firm in &firms {
        let id = site.consent("bank-01", firm.taxpayer_id.as_str(), |_| {}).await["id"].clone();
        let built = pulled(&site, "bank-01", id.as_str().unwrap()).await;
        let ready = pulled(&site, "bank-01", id.as_str().unwrap()).await;
        sql::execute(&data, &["DELETE FROM disclosure"]);
        // Without its memory the process has to assemble them again.
        site.restart();
        let rebuilt = pulled(&site, "bank-01", id.as_str().unwrap()).await;
        let disclosures =
            |answer: &Value| answer["dossier"].as_str().unwrap().split_once('~').unwrap().1.to_owned();
        assert_eq!(disclosures(&built), disclosures(&ready));
        assert_eq!(disclosures(&built), disclosures(&rebuilt));
        assert_eq!(digests(&built), digests(&rebuilt));
    }
}

async fn a_ready_disclosure_goes_when_its_taxpayer_is_touched(backend: Backend) {
    let mut site = Site::start(backend);
    let consent = consent(&site, "bank-01").await;
    let data = sql::data(&site);
    deliver_rows(&site, "registration", 5, &[registration(TAXPAYER, "深圳市甲有限公司")]);
    deliver_rows(&site, "vat_small", 5, &[small_return(TAXPAYER, 1, 5)]);
    let first = digests(&pulled(&site, "bank-01", &consent).await);
    // A mark of the test's own in the ready rows tells whether they are used.
    let poison = |section: &str| {
        let set = format!("UPDATE disclosure SET encoded = 'ready' WHERE section = '{section}'");
        sql::execute(&data, &[&set]);
    };
    // Asked without the process's memory, so that the rows are what serves.
    let used = async |section: &str, site: &mut Site| {
        site.restart();
        let answer = pulled(site, "bank-01", &consent).await;
        let ready = answer["dossier"].as_str().unwrap().contains("~ready~");
        println!("{section}: ready {ready}");
        (ready, digests(&answer) == first)
    };
    poison("registration");
    assert_eq!(used("registration", &mut site).await, (true, true), "a ready row serves");
    deliver_rows(&site, "registration", 6, &[registration(OTHER, "深圳市乙有限公司")]);
    assert_eq!(
        used("registration", &mut site).await,
        (true, true),
        "a delivery about another firm leaves it"
    );
    deliver_rows(&site, "vat_small", 6, &[small_return(TAXPAYER, 2, 5)]);
    assert_eq!(
        used("registration", &mut site).await,
        (true, false),
        "a delivery of another section leaves it"
    );
    deliver_rows(&site, "registration", 7, &[registration(TAXPAYER, "深圳市甲有限公司")]);
    assert_eq!(
        used("registration", &mut site).await,
        (false, false),
        "an unchanged row touches: the day is newer"
    );
    poison("filings");
    assert_eq!(used("filings", &mut site).await, (true, false));
    let mut amended = small_return(TAXPAYER, 1, 6);
    amended["correction"] = "amended".into();
    deliver_rows(&site, "vat_small", 8, &[amended]);
    assert_eq!(used("filings", &mut site).await, (false, false));
}

async fn what_is_remembered_gives_way_to_a_delivery(backend: Backend) {
    let site = Site::start(backend);
    let consent = consent(&site, "bank-01").await;
    deliver_rows(&site, "registration", 5, &[registration(TAXPAYER, "深圳市甲有限公司")]);
    let first = digests(&pulled(&site, "bank-01", &consent).await);
    assert_eq!(digests(&pulled(&site, "bank-01", &consent).await), first, "remembered");
    // Delivered by another process: this one has to notice at its next pull.
    let other = site.another();
    let row = registration(TAXPAYER, "深圳市更名有限公司");
    deliver_to(&other.exchange, "registration", 6, Mode::All, lines(&[row]).as_bytes()).unwrap();
    let renamed = pulled(&site, "bank-01", &consent).await;
    assert_ne!(digests(&renamed), first);
    assert_eq!(sections(&renamed)["registration"]["records"][0]["name"], "深圳市更名有限公司");
    assert_eq!(site.revoke(&consent).await.0, 200);
    assert_eq!(site.pull("bank-01", &consent).await.0, 403, "a remembered consent decides nothing");
    other.stop();
}

async fn two_banks_never_share_a_salt(backend: Backend) {
    let site = Site::start(backend);
    let (one, two) = (consent(&site, "bank-01").await, consent(&site, "bank-02").await);
    deliver_rows(&site, "registration", 5, &[registration(TAXPAYER, "深圳市甲有限公司")]);
    let (one, two) = (pulled(&site, "bank-01", &one).await, pulled(&site, "bank-02", &two).await);
    assert_eq!(sections(&one), sections(&two), "the same facts");
    let (mine, theirs) = (digests(&one), digests(&two));
    assert_eq!(mine.len(), 3);
    assert!(mine.iter().all(|digest| !theirs.contains(digest)));
}

async fn marks_travel_and_alter_nothing(backend: Backend) {
    let site = Site::start(backend);
    let consent = consent(&site, "bank-01").await;
    let mut wrong = small_return(TAXPAYER, 1, 5);
    for (name, figure) in
        [("payable_fen", 300), ("reduction_fen", 200), ("payable_total_fen", 101), ("prepaid_fen", 1)]
    {
        wrong[name] = figure.into();
    }
    wrong["due_or_refund_fen"] = 100.into();
    let report = deliver_rows(&site, "vat_small", 5, &[wrong, small_return(TAXPAYER, 2, 5)]);
    assert_eq!((report.accepted, report.marked), (2, 1));
    let filings = sections(&pulled(&site, "bank-01", &consent).await)["filings"].clone();
    let (marked, clean) = (&filings["records"][0], &filings["records"][1]);
    assert_eq!(marked["figures"]["period"]["payable_total_fen"], 101, "as the firm filed it");
    let marks = marked["marks"].as_array().unwrap();
    let mark = marks.iter().find(|mark| mark["rule"] == "vat_small.row_20").expect("the rule is named");
    assert_eq!(
        (&mark["field"], &mark["stated_fen"], &mark["computed_fen"]),
        (&json!("figures.period.payable_total_fen"), &json!(101), &json!(100)),
        "{mark}"
    );
    assert!(clean.get("marks").is_none(), "{clean}");
}
