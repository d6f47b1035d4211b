//! Formulas, scripts and characters that are not seen, through every text that somebody else writes: inert in every
//! page, file and receipt of the portal.

use std::process::Command;

use reqwest::{Method, StatusCode};
use serde_json::json;
use shuidaiyi::domain::representative::{PortalRole, Representation};
use shuidaiyi::portal::routes::table;

use crate::support::child::{ChildGateway, program};
use crate::support::portal::{Page, Visitor};
use crate::support::site::product_terms;
use crate::support::{Backend, Site, both_backends};

/// What a page must never hold as it is; quotes and angle brackets open doors in HTML, `=` in a spreadsheet.
const POISON: &str = "=cmd|'/C calc'!A1\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}";
/// Characters that turn, hide or end what stands after them.
const UNSEEN: [&str; 6] = ["\u{7}", "\u{1b}[2J", "\u{202e}", "\u{2066}", "\u{200b}", "\u{0}"];

both_backends!(
    texts_of_others_are_inert_wherever_they_appear,
    what_is_not_seen_is_not_taken,
    nothing_of_others_stands_in_the_log,
);

/// Everything that a signed-in person can open of the firm's, with these ids in the places of paths.
async fn open_everything(visitor: &Visitor, ids: &[(&str, &str)]) -> Vec<(String, Page)> {
    let mut pages = Vec::new();
    for entry in table().iter().filter(|entry| entry.method_name() == "GET") {
        if entry.path.starts_with("/sign-in/") || entry.path.starts_with("/assets/") {
            continue;
        }
        let area = ids.iter().find(|(prefix, _)| entry.path.starts_with(prefix));
        let id = area.map_or("01900000-0000-7000-8000-000000000000", |(_, id)| id);
        let path = entry.path.replace("{id}", id).replace("{record}", "2025").replace("{token}", id);
        for section in ["registration", "rating", "filings"] {
            let path = path.replace("{section}", section);
            for lang in ["zh", "en"] {
                let address = format!("{path}?lang={lang}");
                pages.push((address.clone(), visitor.get(&address).await));
            }
            if !entry.path.contains("{section}") {
                break;
            }
        }
    }
    pages
}

fn assert_inert(address: &str, page: &Page) {
    assert!(page.status.as_u16() < 500, "{address}: {}", page.status);
    let kind = page.headers.get("content-type").map(|kind| kind.to_str().unwrap()).unwrap_or_default();
    if kind.starts_with("text/html") {
        for active in ["<script>alert", "<img src=x", "'><script", "onerror=alert(1)>"] {
            assert!(!page.text.contains(active), "{address}: {active}");
        }
        let policy = page.headers.get("content-security-policy").unwrap().to_str().unwrap();
        assert!(!policy.contains("unsafe"), "{address}: {policy}");
    } else if kind.starts_with("text/csv") {
        for cell in page.text.trim_start_matches('\u{feff}').lines().flat_map(|line| line.split(',')) {
            let first = cell.trim_start_matches('"').chars().next();
            assert!(!first.is_some_and(|c| "=+@\t\r".contains(c)), "{address}: {cell}");
        }
    }
    if kind.starts_with("application/pdf") {
        assert_pdf_is_inert(address, &page.bytes);
    } else {
        for unseen in UNSEEN {
            assert!(!page.text.contains(unseen), "{address}: {unseen:?}");
        }
    }
}

/// Nothing in it acts, nothing leads elsewhere, and its text hides nothing (poppler's `pdfinfo`, `pdftotext`).
fn assert_pdf_is_inert(address: &str, bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.pdf");
    std::fs::write(&path, bytes).unwrap();
    let told =
        |program: &str, option: &str| match Command::new(program).arg(option).arg(&path).arg("-").output() {
            Ok(output) => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
            Err(_) => {
                assert!(std::env::var_os("CI").is_none(), "this is CI: {program} is needed (poppler-utils)");
                eprintln!("SKIPPED: {program} is not installed (apt-get install poppler-utils)");
                None
            }
        };
    let Some(text) = told("pdftotext", "-layout") else { return };
    assert!(text.contains("授权书") || text.contains("authorisation"), "{address}: {text}");
    for unseen in UNSEEN {
        assert!(!text.contains(unseen), "{address}: {unseen:?} in {text}");
    }
    let info = Command::new("pdfinfo").arg(&path).output().unwrap();
    let info = String::from_utf8_lossy(&info.stdout).into_owned();
    assert!(
        info.lines().any(|line| line.starts_with("JavaScript:") && line.ends_with("no")),
        "{address}: {info}"
    );
    let urls = Command::new("pdfinfo").arg("-url").arg(&path).output().unwrap();
    let urls = String::from_utf8_lossy(&urls.stdout).into_owned();
    assert!(!urls.contains("://") && !urls.contains("javascript:"), "{address}: {urls}");
}

async fn texts_of_others_are_inert_wherever_they_appear(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    let mine = firms[0].taxpayer_id.clone();
    site.product("bank-01").await;
    // A bank's product, number and state.
    let mut product = product_terms();
    product["name"] = json!(POISON);
    let path = "/v1/products/bank-01-poison";
    let (status, body) = site.json("bank-01", Method::PUT, path, Some(product)).await;
    assert!(status.is_success(), "{status} {body}");
    let approval = format!("{path}/approval");
    let (status, body) = site.json("bureau", Method::POST, &approval, Some(json!({}))).await;
    assert!(status.is_success(), "{status} {body}");
    let state: String = POISON.chars().filter(char::is_ascii_graphic).collect();
    let ask = json!({
        "taxpayer_id": mine.as_str(), "product_id": "bank-01-poison", "sections": ["registration", "rating"],
        "window_months": 12, "purpose": ["pre_loan"], "valid_days": 30, "pulls": 3, "state": state,
        "bank_ref": POISON,
    });
    let (status, asked) = site.json("bank-01", Method::POST, "/v1/consent-requests", Some(ask)).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{asked}");
    let request = asked["request_id"].as_str().unwrap();
    let consent = site.consent("bank-01", mine.as_str(), |_| {}).await["id"].as_str().unwrap().to_owned();
    let pull = json!({"consent_id": consent, "purpose": "pre_loan", "bank_ref": &POISON[..60]});
    let (status, pulled) = site.json("bank-01", Method::POST, "/v1/dossiers", Some(pull)).await;
    assert_eq!(status, StatusCode::CREATED, "{pulled}");
    let release = pulled["release_id"].as_str().unwrap();

    // The provider's names of firm and person, and what people of the firm write themselves.
    let firm = Representation {
        taxpayer_id: mine.clone(),
        name: POISON.into(),
        role: PortalRole::LegalRepresentative,
    };
    let visitor = site.signed_in(POISON, vec![firm]);
    let routes = table();
    for (pattern, id) in [
        ("/report", ""),
        ("/accesses/{id}/dispute", release),
        ("/my-data/{section}/records/{record}/correction", ""),
    ] {
        if routes.iter().any(|entry| entry.method_name() == "POST" && entry.path == pattern) {
            let path = pattern.replace("{id}", id).replace("{section}", "rating").replace("{record}", "2025");
            let page = visitor.post(&path, &[("text", POISON)]).await;
            assert!(page.status.as_u16() < 500, "{path}: {}", page.status);
            assert_inert(&path, &page);
        }
    }
    let ids = [
        ("/consents/", consent.as_str()),
        ("/accesses/", release),
        ("/requests/", request),
        ("/grant/", request),
        ("/my-copy/", release),
    ];
    let pages = open_everything(&visitor, &ids).await;
    for (address, page) in &pages {
        assert_inert(address, page);
    }
    let shown = pages.iter().filter(|(_, page)| page.text.contains("&lt;script&gt;alert(1)")).count();
    assert!(shown > 2, "the texts appear, written as text: {shown} pages");

    let revoke = format!("/consents/{consent}/revoke");
    visitor.post(&revoke, &[("reason", &POISON[..60])]).await;
    for (address, page) in open_everything(&visitor, &ids).await {
        assert_inert(&address, &page);
    }
    // What is said of a wrong request is said as text as well.
    for address in
        ["/consents/%3Cscript%3Ealert(1)", "/?done=%3Cscript%3Ealert", "/sign-in?to=%22%3E%3Cscript%3Ealert"]
    {
        assert_inert(address, &visitor.get(address).await);
    }
}

async fn what_is_not_seen_is_not_taken(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    let mine = firms[0].taxpayer_id.as_str();
    site.product("bank-01").await;
    for unseen in UNSEEN {
        let text = format!("甲{unseen}乙");
        let mut product = product_terms();
        product["name"] = json!(text);
        let path = "/v1/products/bank-01-unseen";
        let (status, body) = site.json("bank-01", Method::PUT, path, Some(product)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{unseen:?}: {body}");
        let ask = json!({
            "taxpayer_id": mine, "product_id": "bank-01-credit", "sections": ["rating"], "window_months": 12,
            "purpose": ["pre_loan"], "valid_days": 30, "pulls": 3, "bank_ref": text,
        });
        let (status, body) = site.json("bank-01", Method::POST, "/v1/consent-requests", Some(ask)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{unseen:?}: {body}");
        let pull = json!({"consent_id": "x", "purpose": "pre_loan", "bank_ref": text});
        let (status, body) = site.json("bank-01", Method::POST, "/v1/dossiers", Some(pull)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{unseen:?}: {body}");
        let path = "/v1/consents/01900000-0000-7000-8000-000000000000/revocation";
        let (status, body) = site.json("bureau", Method::POST, path, Some(json!({"reason": text}))).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{unseen:?}: {body}");
    }
}

async fn nothing_of_others_stands_in_the_log(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    let mine = &firms[0];
    site.product("bank-01").await;
    let consent =
        site.consent("bank-01", mine.taxpayer_id.as_str(), |_| {}).await["id"].as_str().unwrap().to_owned();
    let firm = Representation {
        taxpayer_id: mine.taxpayer_id.clone(),
        name: mine.name.clone(),
        role: PortalRole::LegalRepresentative,
    };
    let mut visitor = site.signed_in(POISON, vec![firm]);
    let log = site.dir().join("child.log");
    let mut child = ChildGateway::start_by(&site.dir(), |config| {
        let mut command = program();
        command.arg("serve").arg("--config").arg(config).env("SHUIDAIYI_LOG", "debug");
        command.stderr(std::fs::File::create(&log).unwrap());
        command
    });
    visitor.base = portal_of(&log);
    let bank = site.client("bank-01");
    for hostile in [POISON, "甲\n{\"level\":\"ERROR\",\"forged\":true}", "\u{1b}[2J\u{202e}"] {
        for (path, body) in [
            ("/v1/dossiers", json!({"consent_id": &consent, "purpose": "pre_loan", "bank_ref": hostile})),
            ("/v1/dossiers", json!({"consent_id": hostile, "purpose": hostile})),
            (
                "/v1/consent-requests",
                json!({"taxpayer_id": hostile, "product_id": hostile, "state": hostile}),
            ),
        ] {
            bank.post(format!("{}{path}", child.url())).json(&body).send().await.unwrap();
        }
        let named: String = hostile.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for path in ["/v1/consents/", "/console/releases?member=", "/v1/audit/entries?taxpayer="] {
            bank.get(format!("{}{path}{named}", child.url())).send().await.unwrap();
        }
        for path in ["/consents/", "/?done=", "/sign-in/callback?state=x&code=", "/accesses?page=", "/r/"] {
            visitor.get(&format!("{path}{named}")).await;
        }
        visitor.post("/report", &[("text", hostile)]).await;
        visitor
            .post(&format!("/consents/{consent}/revoke"), &[("reason", hostile), ("token", hostile)])
            .await;
    }
    visitor.get("/my-data/registration").await;
    child.kill();
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.lines().count() > 3, "{text}");
    for line in text.lines() {
        let entry: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"));
        assert!(
            entry["level"].is_string() && entry["forged"].is_null() && entry["fields"]["forged"].is_null(),
            "{line}"
        );
        for told in
            [mine.taxpayer_id.as_str(), &mine.name, &mine.legal_rep_name, "<script>", "\u{1b}", "\u{202e}"]
        {
            assert!(!line.contains(told), "{told:?} is in the log: {line}");
        }
    }
}

/// Where a gateway says in its log that its portal listens.
fn portal_of(log: &std::path::Path) -> String {
    let text = std::fs::read_to_string(log).unwrap();
    let listens = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let address = listens.filter_map(|line| line["fields"]["portal"].as_str().map(str::to_owned)).next();
    let port = address.and_then(|address| address.rsplit(':').next().map(str::to_owned));
    format!("https://localhost:{}", port.unwrap_or_else(|| panic!("no portal in {text}")))
}
