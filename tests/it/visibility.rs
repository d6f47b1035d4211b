//! What each member can read: a login as each of them, every route that reads, every id there is.
//!
//! No bank learns another's taxpayers, volumes or decisions, nor why it was refused. The regulator reads no taxpayer id
//! without a mandate. Routes come from the table, so that a new one is looked at too.

use std::collections::BTreeMap;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shuidaiyi::domain::member::Role;
use shuidaiyi::http::routes::table;

use crate::support::wire::Wire;
use crate::support::{Backend, Site, both_backends};

both_backends!(
    a_bank_reads_nothing_of_another,
    what_another_bank_does_changes_no_answer,
    nobody_but_the_bureau_reads_taxpayers_unasked
);

/// Routes whose answers tell how far the whole ledger has come, as every transparency log must tell its members.
const TELL_THE_LEDGERS_SIZE: [&str; 3] =
    ["/v1/ledger/checkpoint", "/v1/ledger/consistency", "/v1/ledger/proof"];

/// Members of an answer that prove something in the newest tree.
const PROOFS: [&str; 3] = ["proof", "receipt", "repeat_receipt"];

/// One bank's business, and whatever of it another bank must not read.
struct Business {
    bank: &'static str,
    ids: Vec<String>,
    secrets: Vec<String>,
}

/// A consent, two pulls and a refusal of a bank; the other banks' answers must name nothing of it.
async fn business(site: &Site, bank: &'static str, taxpayer: &str, name: &str) -> Business {
    let product = site.product(bank).await;
    let live = site.consent(bank, taxpayer, |_| {}).await["id"].as_str().unwrap().to_owned();
    let dead = site.consent(bank, taxpayer, |_| {}).await["id"].as_str().unwrap().to_owned();
    assert!(site.revoke(&dead).await.0.is_success());
    let mut ids = vec![product, live.clone(), dead.clone()];
    let mut secrets = vec![taxpayer.to_owned(), name.to_owned(), format!("{bank}-case-7"), bank.to_owned()];
    for _twice in 0..2 {
        let ask = json!({"consent_id": live, "purpose": "pre_loan", "bank_ref": format!("{bank}-case-7")});
        let (status, answer) = site.json(bank, Method::POST, "/v1/dossiers", Some(ask)).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        ids.push(answer["release_id"].as_str().unwrap().to_owned());
        secrets.push(answer["receipt"]["salt"].as_str().unwrap().to_owned());
    }
    assert_eq!(site.pull(bank, &dead).await.0, StatusCode::FORBIDDEN);
    let ask = json!({
        "taxpayer_id": taxpayer, "product_id": format!("{bank}-credit"), "sections": ["rating"], "window_months": 12,
        "purpose": ["pre_loan"], "valid_days": 30, "pulls": 1, "bank_ref": format!("{bank}-case-7")
    });
    let (status, asked) = site.json(bank, Method::POST, "/v1/consent-requests", Some(ask)).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{asked}");
    ids.push(asked["request_id"].as_str().unwrap().to_owned());
    let dispute = json!({"release_id": ids.last(), "text": format!("{bank} 未经授权")});
    let (status, disputed) = site.json("bureau", Method::POST, "/v1/objections", Some(dispute)).await;
    assert_eq!(status, StatusCode::CREATED, "{disputed}");
    ids.push(disputed["case_id"].as_str().unwrap().to_owned());
    // Placed and lifted again, so that what follows is pulled; it stays in the bureau's list.
    let hold = json!({"member": bank, "reason": format!("{bank} 核实")});
    let (status, hold) = site.json("bureau", Method::POST, "/v1/holds", Some(hold)).await;
    assert_eq!(status, StatusCode::CREATED, "{hold}");
    let lifting = format!("/v1/holds/{}/lifting", hold["id"].as_str().unwrap());
    assert!(site.json("bureau", Method::POST, &lifting, None).await.0.is_success());
    ids.push(hold["id"].as_str().unwrap().to_owned());
    secrets.extend(ids.iter().cloned());
    Business { bank, ids, secrets }
}

/// Every path that reads, with every one of these ids in its places.
fn reading_paths(ids: &[String]) -> Vec<(&'static str, String, bool)> {
    let mut paths = Vec::new();
    for entry in table().into_iter().filter(|entry| entry.method.as_str() == "GET") {
        let for_banks = entry.allow.contains(&Role::Bank);
        let fill = |value: &str| filled(entry.path, value);
        if entry.path.contains('{') {
            paths.extend(ids.iter().map(|id| (entry.path, fill(id), for_banks)));
            paths.extend((0..12).map(|index| (entry.path, fill(&index.to_string()), for_banks)));
        } else {
            paths.push((entry.path, entry.path.to_owned(), for_banks));
        }
    }
    paths
}

/// A route's path with one value in each of its places.
fn filled(pattern: &str, value: &str) -> String {
    let mut path = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        path.push_str(before);
        path.push_str(value);
        // A place may hold a pattern with braces of its own; none of ours does.
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    path + rest
}

async fn a_bank_reads_nothing_of_another(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    let mut all = Vec::new();
    for (bank, firm) in ["bank-01", "bank-02", "bank-03"].into_iter().zip(&firms) {
        all.push(business(&site, bank, firm.taxpayer_id.as_str(), &firm.name).await);
    }
    let ids: Vec<String> = all.iter().flat_map(|business| business.ids.iter().cloned()).collect();
    for own in &all {
        let wire = Wire::new(&site, own.bank, &site.url());
        let foreign: Vec<&String> = all
            .iter()
            .filter(|other| other.bank != own.bank)
            .flat_map(|other| other.secrets.iter())
            .collect();
        let mut read = 0;
        for (pattern, path, for_banks) in reading_paths(&ids) {
            let (status, body) = wire.get(&path).await;
            assert!(for_banks || status == StatusCode::FORBIDDEN, "{} {path}: {status}", own.bank);
            read += usize::from(status.is_success());
            for secret in &foreign {
                // The caller's own question may come back in an error; nothing else of another's may.
                let told = body.contains(secret.as_str()) && !path.contains(secret.as_str());
                assert!(!told, "{} reads {secret} at {path} ({pattern}): {body}", own.bank);
            }
            for reason in ["revoked_at", "\"reason\"", "on_hold", "exhausted"] {
                let explains = status == StatusCode::FORBIDDEN && body.contains(reason);
                assert!(!explains, "{} is told why at {path}: {body}", own.bank);
            }
        }
        assert!(read >= 6, "{} read only {read} answers", own.bank);
    }
}

/// Everything that a bank can read, without what proves it in the newest tree.
async fn view(site: &Site, bank: &str, ids: &[String]) -> BTreeMap<String, String> {
    let wire = Wire::new(site, bank, &site.url());
    let mut view = BTreeMap::new();
    for (pattern, path, for_banks) in reading_paths(ids) {
        let tells_size = TELL_THE_LEDGERS_SIZE.iter().any(|prefix| pattern.starts_with(prefix));
        let is_tile = pattern.starts_with("/v1/ledger/tile");
        // A repeat is an entry of this very bank: asked for without its dossier, it is only read.
        let path = if pattern == "/v1/releases/{id}" { format!("{path}?dossier=false") } else { path };
        if !for_banks || tells_size || is_tile {
            continue;
        }
        let (status, body) = wire.get(&path).await;
        let body = match serde_json::from_str::<Value>(&body) {
            Ok(mut answer) => {
                without_proofs(&mut answer);
                answer.to_string()
            }
            Err(_) => body,
        };
        view.insert(path, format!("{status} {body}"));
    }
    view
}

fn without_proofs(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !PROOFS.contains(&name.as_str()) && name != "instance");
            members.values_mut().for_each(without_proofs);
        }
        Value::Array(items) => items.iter_mut().for_each(without_proofs),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

async fn what_another_bank_does_changes_no_answer(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    let own = business(&site, "bank-01", firms[0].taxpayer_id.as_str(), &firms[0].name).await;
    let quiet = view(&site, "bank-01", &own.ids).await;
    assert!(quiet.len() >= 6, "{}", quiet.len());
    // The same firm at another bank, another firm, a refusal: none of it is bank-01's to know.
    let _same = business(&site, "bank-02", firms[0].taxpayer_id.as_str(), &firms[0].name).await;
    let _other = business(&site, "bank-03", firms[1].taxpayer_id.as_str(), &firms[1].name).await;
    let busy = view(&site, "bank-01", &own.ids).await;
    for (path, before) in &quiet {
        assert_eq!(Some(before), busy.get(path), "{path}");
    }
}

async fn nobody_but_the_bureau_reads_taxpayers_unasked(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    let business = business(&site, "bank-01", firms[0].taxpayer_id.as_str(), &firms[0].name).await;
    for member in ["regulator", "platform"] {
        let wire = Wire::new(&site, member, &site.url());
        for (pattern, path, _) in reading_paths(&business.ids) {
            let (_, body) = wire.get(&path).await;
            for secret in [firms[0].taxpayer_id.as_str(), &firms[0].name] {
                assert!(!body.contains(secret), "{member} reads {secret} at {path} ({pattern})");
            }
        }
    }
    // The same walk as the bureau finds the firm, or this test looks at nothing: consents are its to see.
    let (status, consent) =
        site.json("bureau", Method::GET, &format!("/v1/consents/{}", business.ids[1]), None).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(consent["taxpayer_id"], firms[0].taxpayer_id.as_str());
}
