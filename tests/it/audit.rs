//! The audit: the ledger searched, one release whole, replays, and what each reader may see.

use std::collections::BTreeSet;

use reqwest::header::ACCEPT;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shuidaiyi::service::fact_index;

use crate::support::oracle::kinds;
use crate::support::{Backend, Site, both_backends, sql};

both_backends!(
    entries_are_found_by_what_they_are_about,
    the_index_and_the_tail_are_one,
    a_release_is_shown_whole,
    a_csv_is_no_program,
);

/// Asks as the bureau and expects a page.
async fn page(site: &Site, query: &str) -> Value {
    let (status, page) = site.json("bureau", Method::GET, &format!("/v1/audit/entries?{query}"), None).await;
    assert_eq!(status, StatusCode::OK, "{query}: {page}");
    page
}

fn found(page: &Value) -> Vec<(&str, &str)> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| (item["kind"].as_str().unwrap(), item["id"].as_str().unwrap())).collect()
}

/// Two banks with a consent each of one firm: pulled, pulled in vain, revoked.
struct Scene {
    site: Site,
    taxpayer: String,
    other: String,
    granted: String,
    refused: Value,
    consent: String,
}

async fn scene(backend: Backend) -> Scene {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    let (taxpayer, other) = (firms[0].taxpayer_id.to_string_of(), firms[1].taxpayer_id.to_string_of());
    for bank in ["bank-01", "bank-02"] {
        site.product(bank).await;
    }
    let consent = site.consent("bank-01", &taxpayer, |_| {}).await["id"].as_str().unwrap().to_owned();
    let foreign = site.consent("bank-02", &other, |_| {}).await["id"].as_str().unwrap().to_owned();
    let ask = json!({"consent_id": consent, "purpose": "pre_loan", "bank_ref": "=案-1"});
    let (status, pulled) = site.json("bank-01", Method::POST, "/v1/dossiers", Some(ask)).await;
    assert_eq!(status, StatusCode::CREATED, "{pulled}");
    assert_eq!(site.pull("bank-02", &foreign).await.0, StatusCode::CREATED);
    site.revoke(&consent).await;
    let (status, refused) = site.pull("bank-01", &consent).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let granted = pulled["release_id"].as_str().unwrap().to_owned();
    Scene { site, taxpayer, other, granted, refused, consent }
}

trait Text {
    fn to_string_of(&self) -> String;
}

impl Text for shuidaiyi::domain::taxpayer_id::TaxpayerId {
    fn to_string_of(&self) -> String {
        self.as_str().to_owned()
    }
}

async fn entries_are_found_by_what_they_are_about(backend: Backend) {
    let scene = scene(backend).await;
    let (site, taxpayer) = (&scene.site, &scene.taxpayer);
    assert_eq!(scene.refused["code"], "consent-not-in-force");
    let of_firm = page(site, &format!("taxpayer={taxpayer}")).await;
    let kinds_of_firm: Vec<&str> = found(&of_firm).iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds_of_firm, ["consent.granted", "release.granted", "consent.revoked", "release.refused"]);
    assert!(of_firm["items"].as_array().unwrap().iter().all(|item| item["taxpayer_id"] == *taxpayer));

    let of_bank = page(site, "member=bank-02").await;
    let kinds_of_bank: BTreeSet<&str> = found(&of_bank).iter().map(|(kind, _)| *kind).collect();
    assert_eq!(
        kinds_of_bank,
        ["consent.granted", "member.changed", "product.approved", "product.submitted", "release.granted"]
            .into()
    );
    let approvals = page(site, "member=bureau&kind=product.approved").await;
    assert_eq!(
        approvals["items"].as_array().unwrap().len(),
        2,
        "what the bureau did is found by its name too"
    );

    assert_eq!(found(&page(site, "outcome=revoked").await).len(), 1);
    let refused = page(site, "outcome=refused&member=bank-01").await;
    assert_eq!(refused["items"][0]["outcome"], "revoked");
    assert_eq!(found(&page(site, "outcome=granted").await).len(), 2);
    assert_eq!(
        found(&page(site, "bank_ref=%3D%E6%A1%88-1").await),
        [("release.granted", scene.granted.as_str())]
    );
    assert_eq!(found(&page(site, &format!("taxpayer={}&member=bank-01", scene.other)).await), []);
    assert_eq!(found(&page(site, "bank_ref=none").await), []);

    // A period, half open, by the instants of the entries themselves.
    let at = of_firm["items"][1]["at"].as_str().unwrap();
    let from = page(site, &format!("taxpayer={taxpayer}&from={at}")).await;
    assert_eq!(found(&from).len(), 3);
    let to = page(site, &format!("taxpayer={taxpayer}&to={at}")).await;
    assert_eq!(found(&to), [found(&of_firm)[0]]);

    let reads = kinds(&site.entries())["audit.read"];
    assert_eq!(reads, 11, "every page read is an entry");
    for (query, pointer) in [
        ("kind=moon.landed", "?kind"),
        ("from=then", "?from"),
        ("taxpayer=%00", "?taxpayer"),
        ("mandate=x", "?mandate"),
    ] {
        let (status, problem) =
            site.json("bureau", Method::GET, &format!("/v1/audit/entries?{query}"), None).await;
        assert_eq!((status.as_u16(), &problem["errors"][0]["pointer"]), (422, &json!(pointer)), "{problem}");
    }
    assert_eq!(kinds(&site.entries())["audit.read"], reads, "what was not read is none");
}

/// Pages cross from the index to what it does not hold yet without a gap, in both orders.
async fn the_index_and_the_tail_are_one(backend: Backend) {
    let scene = scene(backend).await;
    let site = &scene.site;
    for order in ["oldest", "newest"] {
        let total = site.entries().len();
        let mut seen: Vec<u64> = Vec::new();
        let mut after = String::new();
        let mut turn = 0;
        while seen.len() < total {
            if turn == 2 {
                fact_index::follow(site.exchange()).unwrap();
            }
            turn += 1;
            let page = page(site, &format!("order={order}&limit=7{after}")).await;
            seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["index"].as_u64().unwrap()));
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        let mut expected: Vec<u64> = (0..total as u64).collect();
        if order == "newest" {
            expected.reverse();
        }
        assert_eq!(seen[..total], expected, "{order}");
    }
    // An index of another ledger is noticed, and made anew.
    let ledger = sql::ledger(site);
    sql::execute(&ledger, &["UPDATE entry_fact_cursor SET last_hash = 'of another ledger'"]);
    let (status, busy) = site.json("bureau", Method::GET, "/v1/audit/entries", None).await;
    if status != StatusCode::OK {
        assert_eq!((status.as_u16(), &busy["code"]), (503, &json!("busy")));
    }
    fact_index::follow(site.exchange()).unwrap();
    assert_eq!(found(&page(site, &format!("taxpayer={}", scene.taxpayer)).await).len(), 4);
    let indexed = sql::number(&ledger, "SELECT count(*) AS n FROM entry_fact");
    let next = sql::number(&ledger, "SELECT next_idx AS n FROM entry_fact_cursor");
    assert!(indexed > 20 && indexed == next, "dense: {indexed} rows up to {next}");
}

async fn a_release_is_shown_whole(backend: Backend) {
    let scene = scene(backend).await;
    let site = &scene.site;
    let path = format!("/v1/audit/releases/{}", scene.granted);
    let (status, whole) = site.json("bureau", Method::GET, &path, None).await;
    assert_eq!(status, StatusCode::OK, "{whole}");
    assert_eq!(whole["outcome"], "granted");
    assert_eq!(whole["taxpayer_id"], scene.taxpayer);
    assert_eq!(whole["consent"]["status"], "granted", "as it stood, though it is revoked now");
    assert_eq!(whole["consent"]["pulls_used"], 0);
    assert_eq!(whole["consent"]["terms"]["grantor"]["id_ref"], "ref-1");
    assert_eq!(whole["label"], "system");
    let sections = whole["sections"].as_array().unwrap();
    assert_eq!(sections.len(), 3);
    assert!(
        sections.iter().all(|section| section["listed"] == true && section["records"].as_u64() > Some(0)),
        "{sections:?}"
    );
    let (status, replay) =
        site.json("bureau", Method::POST, &format!("{path}/replay"), Some(json!({}))).await;
    assert_eq!((status, &replay["identical"]), (StatusCode::OK, &json!(true)), "{replay}");
    assert!(replay["first_difference"].is_null());

    let refusals = page(site, "outcome=refused").await;
    let id = refusals["items"][0]["id"].as_str().unwrap();
    let (_, refused) = site.json("bureau", Method::GET, &format!("/v1/audit/releases/{id}"), None).await;
    assert_eq!((&refused["outcome"], &refused["consent"]["status"]), (&json!("revoked"), &json!("revoked")));
    assert_eq!((&refused["consent"]["pulls_used"], &refused["kind"]), (&json!(1), &json!("release.refused")));
    assert_eq!(refused["ask"]["consent_id"], scene.consent);
    assert!(refused["reason_salt"].is_string() && refused["jwt"].is_null());
    let (status, _) =
        site.json("bureau", Method::GET, &format!("/v1/audit/releases/{id}/replay"), None).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let (status, _) = site.json("bureau", Method::GET, "/v1/audit/releases/absent", None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(kinds(&site.entries())["audit.read"], 4);
    // Who looked at this firm is found by the firm's number as well.
    let looked = page(site, &format!("taxpayer={}&kind=audit.read", scene.taxpayer)).await;
    assert_eq!(looked["items"].as_array().unwrap().len(), 3);
    if std::env::var_os("SHUIDAIYI_SHOW_SAMPLES").is_some() {
        println!("{}\n{whole}\n{refused}\n{replay}", looked["items"][0]);
    }
}

async fn a_csv_is_no_program(backend: Backend) {
    let scene = scene(backend).await;
    let site = &scene.site;
    let url = format!("{}/v1/audit/entries?kind=release.granted&limit=1", site.url());
    let answer = site.client("bureau").get(url).header(ACCEPT, "text/csv").send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
    let link = answer.headers()["link"].to_str().unwrap().to_owned();
    let text = answer.text().await.unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], r#""index","at","kind","id","actor","member","taxpayer_id","outcome","bank_ref""#);
    assert!(lines[1].ends_with(r#","granted","'=案-1""#), "{}", lines[1]);
    assert_eq!(lines.len(), 2);
    let next = link.trim_start_matches('<').split('>').next().unwrap();
    assert!(next.contains("kind=release.granted"), "{link}");
    let (_, second) = site.json("bureau", Method::GET, next, None).await;
    assert_eq!(second["items"][0]["member"], "bank-02");
}
