//! Other people's witness and ours: PyPI's `aics-witness` cosigns the gateway's ledger, and its feeder drives our witness.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use shuidaiyi::app::witness::spawn;
use shuidaiyi::clock::SystemClock;
use shuidaiyi::ledger::leaf_hash;
use shuidaiyi::service::verify_policy::check_policy;
use shuidaiyi::service::witness::{Witness, init};
use shuidaiyi::service::witnesses::{WitnessAt, status};

use crate::support::site::run;
use crate::support::witness::{OurWitness, eventually, free_address, ledger_key, policy, sign_as_ledger};
use crate::support::{Backend, Site};

const FEEDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/third_party/feed_witness.py");

const RECEIPT_VERIFIER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/third_party/verify_receipt.py");

/// A witness by `aics-witness`, in a process of its own.
struct Theirs {
    process: Child,
    vkey: String,
    address: SocketAddr,
}

impl Theirs {
    fn start(directory: &Path, ledger: &str) -> Self {
        let config = directory.join("witness.json");
        let run = |arguments: &[&str]| {
            let output = python()
                .args(["-m", "aics_witness"])
                .args(arguments)
                .arg("--config")
                .arg(&config)
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        let vkey = run(&["init", "--name", "theirs.example/w1"]);
        let origin = ledger.split('+').next().unwrap();
        run(&["add-log", "--origin", origin, "--vkey", ledger]);
        let address = free_address();
        let mut serve = python();
        serve
            .args(["-m", "aics_witness", "serve", "--listen", &address.to_string(), "--config"])
            .arg(&config);
        let process = serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let since = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(since.elapsed() < Duration::from_secs(30), "their witness does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { process, vkey, address }
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[test]
fn their_witness_and_ours_cosign_one_ledger() {
    if theirs_are_there() {
        run(Backend::Sqlite, cosigned_by_both);
    }
}

async fn cosigned_by_both(backend: Backend) {
    let mut site = Site::prepare(backend, 1_000_000);
    let (home, ours) = (tempfile::tempdir().unwrap(), OurWitness::start(&site, "ours.example"));
    let theirs = Theirs::start(home.path(), &ledger_key(&site).to_string());
    let at = WitnessAt { vkey: theirs.vkey.clone(), url: format!("http://{}", theirs.address), ca: None };
    site.config.witness.witnesses = vec![ours.at(), at];
    site.restart();
    let firms = site.load_city(1);
    site.product("bank-01").await;
    let consent = site.consent("bank-01", firms[0].taxpayer_id.as_str(), |_| {}).await;
    let (_, answer) = site.pull("bank-01", consent["id"].as_str().unwrap()).await;
    let path = format!("/v1/releases/{}?dossier=false", answer["release_id"].as_str().unwrap());
    let asked = policy(&site, &[&ours.vkey, &theirs.vkey]);
    eventually("both cosign the receipt's checkpoint", async || {
        let (_, answer) = site.json("bank-01", Method::GET, &path, None).await;
        let receipt = serde_json::from_value(answer["receipt"].clone()).unwrap();
        check_policy(&receipt, &asked).iter().all(|check| check.outcome.is_ok())
    })
    .await;
    assert!(status(site.exchange()).witnesses.iter().all(|one| one.failure.is_none()));

    // The upgraded receipt, beside the dossier that the bank saved, holds for a verifier that shares no code with us.
    let (_, upgraded) = site.json("bank-01", Method::GET, &path, None).await;
    let saved = home.path().join("pull.json");
    let mut pull = answer.clone();
    pull["receipt"] = upgraded["receipt"].clone();
    std::fs::write(&saved, pull.to_string()).unwrap();
    let output = python().arg(RECEIPT_VERIFIER).arg(&saved).arg(&site.config.keys.trust).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));

    // Their verifier believes the gateway's checkpoint on the word of both.
    let note = home.path().join("checkpoint");
    eventually("their verifier is content", async || {
        let served =
            site.ask("bank-02", Method::GET, "/v1/ledger/checkpoint", None).await.text().await.unwrap();
        std::fs::write(&note, served).unwrap();
        let ledger = ledger_key(&site);
        let mut verify = python();
        verify.args(["-m", "aics_tlog", "verify-checkpoint", "--quorum", "2", "--origin", ledger.name()]);
        verify.arg("--log-key").arg(ledger.to_string()).arg("--note").arg(&note);
        verify.args(["--witness-key", &ours.vkey, "--witness-key", &theirs.vkey]);
        let output = verify.output().unwrap();
        let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        output.status.success() && told["ok"] == json!(true)
    })
    .await;

    // And it refuses what the ledger's own key signs for another branch.
    let seen = status(site.exchange()).witnesses[1].size.unwrap();
    let forked = sign_as_ledger(&site, seen, leaf_hash(b"another tree"));
    let url = format!("http://{}/add-checkpoint", theirs.address);
    let refused =
        reqwest::Client::new().post(url).body(format!("old {seen}\n\n{forked}")).send().await.unwrap();
    assert!(matches!(refused.status().as_u16(), 409 | 422), "{}", refused.status());
}

#[test]
fn their_feeder_drives_our_witness() {
    if !theirs_are_there() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let (key, state) = (home.path().join("w.key"), home.path().join("w.state"));
    let vkey = init("ours.example/w1", &key, &state).unwrap();
    let log = python().args([FEEDER, "--vkey"]).output().unwrap();
    let log = String::from_utf8(log.stdout).unwrap().trim().parse().expect("their ledger's key");
    let witness = Witness::open(&key, &state, vec![log], Arc::new(SystemClock)).unwrap();
    let running = spawn(Arc::new(witness), "127.0.0.1:0".parse().unwrap(), None).unwrap();
    let output = python().arg(FEEDER).arg(format!("http://{}", running.address)).arg(&vkey).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(told.lines().filter(|line| line.starts_with("ok ")).count(), 5, "{told}");
    running.stop();
}

fn python() -> Command {
    Command::new(std::env::var_os("SHUIDAIYI_PYTHON").unwrap_or_else(|| "python3".into()))
}

/// Whether their packages are installed; in CI they must be.
fn theirs_are_there() -> bool {
    let probe = python().args(["-c", "import aics_witness, aics_tlog"]).output();
    let there = probe.is_ok_and(|output| output.status.success());
    if !there {
        assert!(
            std::env::var_os("CI").is_none(),
            "this is CI: Python needs aics-witness (pip install --ignore-requires-python aics-witness==0.1.0)"
        );
        eprintln!(
            "SKIPPED: Python lacks aics-witness (pip install --ignore-requires-python aics-witness==0.1.0)"
        );
    }
    there
}
