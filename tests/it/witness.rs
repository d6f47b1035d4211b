//! Witnesses and the gateway: cosigned receipts, a split view, silence, and a ledger set back.

use reqwest::{Client, Method, StatusCode};
use serde_json::Value;
use shuidaiyi::app;
use shuidaiyi::ledger::{AddCheckpoint, Checkpoint, empty_root, leaf_hash};
use shuidaiyi::service::receipt::Receipt;
use shuidaiyi::service::verify_policy::check_policy;
use shuidaiyi::service::witnesses::{Machines, status};

use crate::support::child::program;
use crate::support::wire::grant_many;
use crate::support::witness::{OurWitness, eventually, policy, policy_text, sign_as_ledger};
use crate::support::{Backend, Site, both_backends, sql};

both_backends!(
    receipts_are_upgraded_to_what_every_witness_cosigned,
    silent_witnesses_alarm_and_then_stop_the_releases,
    a_witness_proves_that_the_ledger_was_set_back,
    several_machines_ask_a_witness_at_start,
    a_witness_refuses_the_other_branch,
);

/// A site with witnesses, and a consent of bank-01.
async fn watched(backend: Backend, names: &[&str]) -> (Site, Vec<OurWitness>, String) {
    let mut site = Site::prepare(backend, 1_000_000);
    let witnesses: Vec<OurWitness> = names.iter().map(|name| OurWitness::start(&site, name)).collect();
    site.config.witness.witnesses = witnesses.iter().map(OurWitness::at).collect();
    site.config.witness.quorum = Some(witnesses.len());
    site.restart();
    let firms = site.load_city(1);
    site.product("bank-01").await;
    let mut ids = grant_many(site.exchange(), "bank-01", &[firms[0].taxpayer_id.as_str()], 1, |_| {}).await;
    (site, witnesses, ids.remove(0))
}

async fn pulled(site: &Site, consent: &str) -> Value {
    let (status, answer) = site.pull("bank-01", consent).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    answer
}

async fn release(site: &Site, id: &str) -> Value {
    let path = format!("/v1/releases/{id}?dossier=false");
    let (status, answer) = site.json("bank-01", Method::GET, &path, None).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

fn receipt(answer: &Value) -> Receipt {
    serde_json::from_value(answer["receipt"].clone()).unwrap()
}

async fn receipts_are_upgraded_to_what_every_witness_cosigned(backend: Backend) {
    let (mut site, mut witnesses, consent) =
        watched(backend, &["regulator.example", "bank-01.example"]).await;
    let vkeys: Vec<String> = witnesses.iter().map(|witness| witness.vkey.clone()).collect();
    let asked = policy(&site, &[&vkeys[0], &vkeys[1]]);
    let answer = pulled(&site, &consent).await;
    let first = &check_policy(&receipt(&answer), &asked)[1];
    let why = first.outcome.clone().unwrap_err();
    assert!(why.contains("w0 未副署") && why.contains("w1 未副署"), "{why}");
    let id = answer["release_id"].as_str().unwrap().to_owned();
    let holds = |answer: &Value| check_policy(&receipt(answer), &asked).iter().all(|c| c.outcome.is_ok());
    eventually("the receipt is cosigned", async || holds(&release(&site, &id).await)).await;
    let upgraded = release(&site, &id).await;

    // On the command line: as saved it is not enough, with the later receipt it is.
    let file = |name: &str, text: String| {
        let path = site.dir().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (saved, later) = (file("pull.json", answer.to_string()), file("later.json", upgraded.to_string()));
    let policy_file = file("policy", policy_text(&site, &[&vkeys[0], &vkeys[1]]));
    let mut verify = program();
    verify.arg("verify").arg(&saved).arg("--trust").arg(site.dir().join("trust.json"));
    verify.arg("--policy").arg(&policy_file);
    assert_eq!(verify.status().unwrap().code(), Some(1), "not cosigned yet when it was saved");
    assert_eq!(verify.arg("--receipt").arg(&later).status().unwrap().code(), Some(0));

    let health = status(site.exchange());
    assert_eq!((health.configured, health.quorum, health.stopped), (2, 2, false), "{health:?}");
    eventually("both are well", async || {
        let health = status(site.exchange());
        health.seconds_left.is_none()
            && health.witnesses.iter().all(|one| one.size.is_some() && one.failure.is_none())
    })
    .await;
    // The newest checkpoint carries them too, once it has them, and still opens under the ledger's key.
    eventually("the checkpoint is cosigned", async || {
        let note =
            site.ask("bank-02", Method::GET, "/v1/ledger/checkpoint", None).await.text().await.unwrap();
        site.exchange().keys.open_checkpoint(&note).unwrap();
        asked.judge(&note).unwrap().holds
    })
    .await;

    // What was cosigned is kept: another process has it at once, with no witness to ask.
    witnesses.iter_mut().for_each(OurWitness::stop);
    site.restart();
    assert!(holds(&release(&site, &id).await), "cosigned before the restart");

    // And evidence carries it to a machine that never saw the gateway.
    let bundle = site.dir().join("evidence.zip");
    let mut make = program();
    make.arg("evidence")
        .arg(&id)
        .arg("--config")
        .arg(site.dir().join("shuidaiyi.toml"))
        .arg("--out")
        .arg(&bundle);
    assert!(make.status().unwrap().success());
    let mut verify = program();
    verify.arg("verify").arg(&bundle).arg("--policy").arg(&policy_file);
    assert_eq!(verify.status().unwrap().code(), Some(0), "the bundle's checkpoint is cosigned");
}

async fn silent_witnesses_alarm_and_then_stop_the_releases(backend: Backend) {
    let (site, mut witnesses, consent) = watched(backend, &["regulator.example"]).await;
    let id = pulled(&site, &consent).await["release_id"].as_str().unwrap().to_owned();
    eventually("a quorum", async || status(site.exchange()).seconds_left.is_none()).await;
    witnesses[0].stop();
    pulled(&site, &consent).await;
    eventually("the alarm", async || status(site.exchange()).seconds_left.is_some()).await;
    let health = status(site.exchange());
    assert!(!health.stopped && health.seconds_left.unwrap() > 14_000, "{health:?}");
    assert!(health.witnesses[0].failure.is_some(), "{health:?}");

    site.clock.advance_seconds(3 * 3600);
    pulled(&site, &consent).await;
    site.clock.advance_seconds(3600 + 1);
    let refused = site
        .ask(
            "bank-01",
            Method::POST,
            "/v1/dossiers",
            Some(serde_json::json!({"consent_id": consent, "purpose": "pre_loan"})),
        )
        .await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "busy");
    let again = site.json("bank-01", Method::GET, &format!("/v1/releases/{id}"), None).await;
    assert_eq!(
        again.0,
        StatusCode::SERVICE_UNAVAILABLE,
        "no dossier leaves the second time either: {}",
        again.1
    );
    assert_eq!(release(&site, &id).await["release_id"], id.as_str(), "the receipt alone does");
    let health = status(site.exchange());
    assert!(health.stopped && health.seconds_left == Some(0), "{health:?}");

    witnesses[0].restart();
    // It was asked in vain for a while, so it is left alone for up to half a minute of this clock.
    site.clock.advance_seconds(60);
    eventually("released again", async || site.pull("bank-01", &consent).await.0 == StatusCode::CREATED)
        .await;
    eventually("all is well", async || status(site.exchange()).seconds_left.is_none()).await;
}

async fn a_witness_proves_that_the_ledger_was_set_back(backend: Backend) {
    let (mut site, witnesses, consent) = watched(backend, &["regulator.example"]).await;
    pulled(&site, &consent).await;
    // A backup that has the anchor in it as well: database and anchor agree with each other.
    let anchor = site.config.ledger.anchor.clone();
    site.stop();
    let earlier_anchor = std::fs::read(&anchor).unwrap();
    sql::execute(&sql::ledger(&site), &["CREATE TABLE earlier_head AS SELECT * FROM ledger_head"]);
    site.restart();
    pulled(&site, &consent).await;
    let size = || site.exchange().ledger.read(shuidaiyi::store::ledger::head).unwrap().frontier.size();
    let seen = |site: &Site| status(site.exchange()).witnesses[0].size;
    eventually("the witness saw the last release", async || seen(&site) == Some(size())).await;
    site.stop();
    sql::execute(
        &sql::ledger(&site),
        &[
            "DELETE FROM release WHERE id IN (SELECT object_id FROM ledger_entry WHERE idx >= (SELECT size FROM earlier_head))",
            "DELETE FROM ledger_entry WHERE idx >= (SELECT size FROM earlier_head)",
            "DELETE FROM entry_salt WHERE idx >= (SELECT size FROM earlier_head)",
            "DELETE FROM cosigned_checkpoint WHERE size > (SELECT size FROM earlier_head)",
            "DELETE FROM ledger_head",
            "INSERT INTO ledger_head SELECT * FROM earlier_head",
        ],
    );
    std::fs::write(&anchor, earlier_anchor).unwrap();

    // On several machines it does not start.
    site.config.witness.machines = Machines::Several;
    let why = app::spawn(&site.config, site.clock.clone()).err().expect("refused").to_string();
    assert!(why.contains("refusing to release") && why.contains("under this ledger's key"), "{why}");

    // On one it is not asked at start, and told within a second or so; then nothing is written either.
    site.config.witness.machines = Machines::One;
    site.restart();
    eventually("stopped", async || status(site.exchange()).stopped).await;
    let (status_code, answer) = site.pull("bank-01", &consent).await;
    assert_eq!((status_code, &answer["code"]), (StatusCode::INTERNAL_SERVER_ERROR, &Value::from("fault")));
    let failure = status(site.exchange()).witnesses[0].failure.clone().unwrap();
    assert!(failure.contains("under this ledger's key"), "{failure}");

    // With no witness to ask it goes on as another branch of the ledger, and grows past what the witness saw.
    let watching = std::mem::take(&mut site.config.witness);
    site.restart();
    for _ in 0..4 {
        pulled(&site, &consent).await;
    }
    site.config.witness = watching;
    site.restart();
    eventually("the branch is stopped", async || status(site.exchange()).stopped).await;
    let failure = status(site.exchange()).witnesses[0].failure.clone().unwrap();
    assert!(failure.contains("are others"), "{failure}");
    let evidence = std::fs::read_to_string(format!("{}.evidence", witnesses[0].state.display())).unwrap();
    assert!(
        evidence.lines().count() >= 1,
        "the witness has both branches, each under the ledger's own signature"
    );
}

async fn several_machines_ask_a_witness_at_start(backend: Backend) {
    let (mut site, mut witnesses, consent) = watched(backend, &["regulator.example"]).await;
    site.config.witness.machines = Machines::Several;
    site.restart();
    // Another machine: the same database, an anchor of its own, the same witness.
    let mut elsewhere = site.config.clone();
    elsewhere.ledger.anchor = site.dir().with_extension("other-machine.anchor");
    std::fs::copy(&site.config.ledger.anchor, &elsewhere.ledger.anchor).unwrap();
    let second = app::spawn(&elsewhere, site.clock.clone()).unwrap();
    let (answer, other) = (pulled(&site, &consent).await, pulled(&site, &consent).await);
    let asked = policy(&site, &[&witnesses[0].vkey]);
    for answer in [answer, other] {
        let id = answer["release_id"].as_str().unwrap().to_owned();
        eventually("cosigned by whichever process was first", async || {
            let answer = release(&site, &id).await;
            check_policy(&receipt(&answer), &asked).iter().all(|check| check.outcome.is_ok())
        })
        .await;
    }
    for exchange in [site.exchange(), &second.exchange] {
        eventually("both are well", async || status(exchange).seconds_left.is_none()).await;
        assert!(!status(exchange).stopped);
    }
    second.stop();
    site.stop();
    witnesses[0].stop();
    let why = app::spawn(&site.config, site.clock.clone()).err().expect("refused").to_string();
    assert!(why.contains("no witness answers") && why.contains("regulator.example"), "{why}");
    witnesses[0].restart();
    site.restart();
}

async fn a_witness_refuses_the_other_branch(backend: Backend) {
    let (site, mut witnesses, consent) = watched(backend, &["regulator.example"]).await;
    pulled(&site, &consent).await;
    eventually("a quorum", async || status(site.exchange()).seconds_left.is_none()).await;
    let sign = |size, root| sign_as_ledger(&site, size, root);
    let url = format!("http://{}/add-checkpoint", witnesses[0].address);
    let ask = async |request: String| {
        let answer = Client::new().post(&url).body(request).send().await.unwrap();
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (answer.status().as_u16(), kind, answer.text().await.unwrap())
    };
    let body = |old_size, proof, checkpoint| AddCheckpoint { old_size, proof, checkpoint }.to_text();
    let (conflict, kind, size) = ask(body(0, vec![], sign(1, leaf_hash(b"x")))).await;
    assert_eq!((conflict, kind.as_str()), (409, "text/x.tlog.size"));
    let size: u64 = size.strip_suffix('\n').unwrap().parse().unwrap();
    // The ledger's own key under another tree, of the same size and of a larger one.
    for (to, proof) in [(size, vec![]), (size + 1, vec![leaf_hash(b"a"), leaf_hash(b"b")])] {
        let (status, _, why) = ask(body(size, proof, sign(to, leaf_hash(b"other")))).await;
        assert_eq!(status, 422, "{why}");
    }
    let evidence = std::fs::read_to_string(format!("{}.evidence", witnesses[0].state.display()));
    assert_eq!(evidence.unwrap().lines().count(), 2, "both branches are kept, signed as they are");
    let forged = sign(size, leaf_hash(b"other")).replacen(&size.to_string(), &(size + 1).to_string(), 1);
    let foreign = Checkpoint { origin: "other.example".into(), size: 0, root: empty_root() }.to_text();
    let line = forged.split_once("\n\n").unwrap().1;
    for (request, status) in [
        (body(size, vec![], forged.clone()), 403),
        (body(0, vec![], format!("{foreign}\n{line}")), 404),
        (body(size + 9, vec![], sign(size, leaf_hash(b"other"))), 400),
        ("rubbish".to_owned(), 400),
    ] {
        let answer = ask(request).await;
        assert_eq!(answer.0, status, "{answer:?}");
    }
    // Started again it remembers, and goes on.
    witnesses[0].restart();
    let (_, _, remembered) = ask(body(0, vec![], sign(1, leaf_hash(b"x")))).await;
    assert!(remembered.trim().parse::<u64>().unwrap() >= size, "{remembered}");
}
