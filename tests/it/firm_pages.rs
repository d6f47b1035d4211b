//! The firm's pages about accesses, its own copy, notices and reports: as their firm, as a stranger, with texts that
//! would be markup or formulas.

use std::process::{Command, Stdio};

use reqwest::StatusCode;
use serde_json::Value;
use shuidaiyi::domain::representative::PortalRole;
use shuidaiyi::service::notifications;
use shuidaiyi::service::own_copy;

use crate::firm::acting;
use crate::support::{Backend, Site, both_backends};

both_backends!(pages_of_accesses, pages_of_copies_notices_and_reports);

const MARKUP: &str = "=HYPERLINK(\"x\") <script>alert(1)</script> & 'q'";

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap()
}

async fn pages_of_accesses(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(6);
    site.product("bank-01").await;
    let own = &firms[0].taxpayer_id;
    let consent = site.consent("bank-01", own.as_str(), |_| {}).await;
    let (_, pulled) = site.pull("bank-01", text(&consent, "/id")).await;
    let release = text(&pulled, "/release_id").to_owned();
    assert!(site.revoke(text(&consent, "/id")).await.0.is_success());
    assert_eq!(site.pull("bank-01", text(&consent, "/id")).await.0, StatusCode::FORBIDDEN);

    let keeper = site.sign_in_as(PortalRole::Bookkeeper, own);
    let stranger = site.sign_in_as(PortalRole::LegalRepresentative, &firms[1].taxpayer_id);
    let list = keeper.get("/accesses").await;
    assert_eq!(list.status, StatusCode::OK);
    assert!(list.text.contains("可自行核验") && list.text.contains("授权已撤回、到期"), "{}", list.text);
    assert!(list.text.contains(&format!("/accesses/{release}")));
    assert!(keeper.get("/accesses?lang=en").await.text.contains("Before the loan"));
    assert!(stranger.get("/accesses").await.text.contains("还没有银行查询过"));
    assert_eq!(keeper.get("/accesses?before=1x").await.status, StatusCode::NOT_FOUND);

    let page = format!("/accesses/{release}");
    let detail = keeper.get(&page).await;
    for part in ["data-proof=", "data-salt=", "/assets/proof.js", "/evidence", "/dispute"] {
        assert!(detail.text.contains(part), "{part}");
    }
    assert_eq!(keeper.get("/assets/proof.js").await.status, StatusCode::OK);
    the_pages_script_checks_the_proof(&detail.text);
    let receipt = keeper.get(&format!("{page}/receipt.json")).await;
    assert!(serde_json::from_slice::<Value>(&receipt.bytes).unwrap()["salt"].as_str().unwrap().len() > 40);
    let before = site.entries().len();
    let absent = "/accesses/019cb000-0000-7000-8000-000000000001";
    for (path, other) in [
        (page.clone(), absent.to_owned()),
        (format!("{page}/receipt.json"), format!("{absent}/receipt.json")),
    ] {
        let (foreign, none) = (stranger.get(&path).await, stranger.get(&other).await);
        assert_eq!((foreign.status, none.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
        let without_id =
            |text: &str| text.split("<code>").next().unwrap().replace(&path, "").replace(&other, "");
        assert_eq!(without_id(&foreign.text), without_id(&none.text));
    }
    for action in ["evidence", "dispute"] {
        let sent = stranger.post(&format!("{page}/{action}"), &[("text", "x")]).await;
        assert_eq!(sent.status, StatusCode::NOT_FOUND, "{action}");
        let forged = keeper
            .post_from(&format!("{page}/{action}"), &[("text", "x")], &[("sec-fetch-site", "same-origin")])
            .await;
        assert!(forged.status.is_client_error(), "{action} without a token: {}", forged.status);
    }
    assert_eq!(site.entries().len(), before, "nothing was written");

    let bundle = keeper.post(&format!("{page}/evidence"), &[]).await;
    assert_eq!(bundle.status, StatusCode::OK);
    assert!(bundle.bytes.starts_with(b"PK"));
    assert_eq!(
        keeper.post(&format!("{page}/dispute"), &[("text", "\u{1}")]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let disputed = keeper.post(&format!("{page}/dispute"), &[("text", MARKUP)]).await;
    assert_eq!(disputed.location, format!("{page}?done=disputed"));
    let shown = keeper.get(&page).await.text;
    assert!(shown.contains("&lt;script&gt;alert(1)") && !shown.contains("<script>alert"), "{shown}");
    assert!(!shown.contains("name=\"text\""), "a second dispute is not offered");
    assert_eq!(keeper.post(&format!("{page}/dispute"), &[("text", "再")]).await.status, StatusCode::CONFLICT);
}

/// What the page hands to its script.
fn handed(page: &str, name: &str) -> String {
    let quoted = page.split(&format!("data-{name}=\"")).nth(1).unwrap().split('"').next().unwrap();
    quoted.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// The script, run outside a browser: it holds what is true and nothing that was changed.
fn the_pages_script_checks_the_proof(page: &str) {
    let names = ["entry", "salt", "subject", "proof", "key", "dossier"];
    let data: serde_json::Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), handed(page, name).into())).collect();
    let Some((holds, said)) = run_script(&data) else { return };
    assert!(holds && said.len() == 5, "{said:?}");
    let another = |text: &str| {
        if text.starts_with('A') { text.replacen('A', "B", 1) } else { format!("A{}", &text[1..]) }
    };
    for name in names {
        let mut forged = data.clone();
        let value = text(&Value::Object(data.clone()), &format!("/{name}")).to_owned();
        let changed = match name {
            "proof" => value.replacen("index ", "index 1", 1),
            // The last byte of the public key.
            "key" => format!("{}AA", &value[..value.len() - 2]),
            _ => another(&value),
        };
        forged.insert(name.to_owned(), changed.into());
        let (holds, said) = run_script(&forged).unwrap();
        assert!(!holds, "a changed {name} is believed: {said:?}");
    }
}

/// Runs it with Node.js, if that is there: whether it holds, and what it says. In CI it must be.
fn run_script(data: &serde_json::Map<String, Value>) -> Option<(bool, Vec<String>)> {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/proof_check.mjs");
    let mut command = Command::new("node");
    let Ok(mut node) = command.arg(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() else {
        assert!(std::env::var_os("CI").is_none(), "Node.js is missing and this is CI (Debian: nodejs)");
        eprintln!("SKIPPED: no node on the path, so proof.js was not run (Debian: nodejs)");
        return None;
    };
    serde_json::to_writer(node.stdin.take().unwrap(), data).unwrap();
    let output = node.wait_with_output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).expect("the script answers");
    let said = answer["said"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned());
    Some((answer["holds"] == "true", said.collect()))
}

async fn pages_of_copies_notices_and_reports(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(6);
    site.product("bank-01").await;
    let own = &firms[0].taxpayer_id;
    let head = site.sign_in_as(PortalRole::LegalRepresentative, own);
    let stranger = site.sign_in_as(PortalRole::LegalRepresentative, &firms[1].taxpayer_id);
    let copy = head.post("/my-copy", &[]).await;
    assert_eq!(copy.status, StatusCode::OK, "{}", copy.text);
    let saved: Value = serde_json::from_slice(&copy.bytes).unwrap();
    assert!(copy.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
    let receipt = format!("/my-copy/{}/receipt.json", text(&saved, "/release_id"));
    assert!(head.get("/my-copy").await.text.contains(&receipt));
    assert_eq!(head.get(&receipt).await.status, StatusCode::OK);
    assert_eq!(stranger.get(&receipt).await.status, StatusCode::NOT_FOUND);
    assert!(!stranger.get("/my-copy").await.text.contains("receipt.json"));
    // After five minutes a copy needs the person again.
    site.clock.advance_seconds(6 * 60);
    assert!(head.post("/my-copy", &[]).await.location.starts_with("/step-up?"));
    let me = acting(site.exchange(), own.as_str(), PortalRole::LegalRepresentative);
    assert_eq!(own_copy::taken(site.exchange(), &me).await.unwrap().len(), 1);

    let consent = site.consent("bank-01", own.as_str(), |_| {}).await;
    assert!(site.pull("bank-01", text(&consent, "/id")).await.0.is_success());
    site.exchange().blocking(notifications::follow).await.unwrap();
    assert!(head.get("/").await.text.contains("1 条未读通知"));
    let notices = head.get("/notifications").await.text;
    assert!(
        notices.contains("已提供 1 次") && notices.contains("演示银行01股份有限公司深圳分行查询"),
        "{notices}"
    );
    let newest =
        notices.split("name=\"newest\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(stranger.get("/notifications").await.text.contains("还没有通知"));
    stranger.post("/notifications/read", &[("newest", &newest)]).await;
    assert!(head.get("/").await.text.contains("1 条未读通知"));
    let read = head.post("/notifications/read", &[("newest", &newest)]).await;
    assert_eq!(read.location, "/notifications?done=read");
    assert!(!head.get("/").await.text.contains("条未读通知"));

    let sent = head.post("/report", &[("text", MARKUP)]).await;
    assert_eq!(sent.location, "/report?done=reported");
    assert_eq!(head.post("/report", &[("text", "")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}
