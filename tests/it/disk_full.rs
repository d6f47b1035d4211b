//! The ledger's disk is full: 503, nothing leaves; room again, and it goes on by itself with nothing lost.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode, header};
use serde_json::{Value, json};
use shuidaiyi::store::db::{Db, Location};

use crate::restore::{pull_some, site_with_consent, stop};
use crate::support::child::ChildGateway;
use crate::support::oracle::{check_database, kinds};
use crate::support::servers::OnSmallDisk;
use crate::support::site::run;
use crate::support::small_disk::{fill, prefix, seen_by};
use crate::support::wire::{Wire, assert_verifies, grant_many};
use crate::support::{Backend, Site};

const MEGABYTES: u32 = 64;
/// A full disk has room in pages that are half empty, so some pulls still go through.
const PULLS_UNTIL_FULL_MAX: usize = 3_000;
/// How soon it answers again.
const HEALED_WITHIN: Duration = Duration::from_secs(10);

/// A pull under a key; status, whether it may be asked again, and the answer.
async fn pull(client: &Client, base: &str, consent: &str, key: &str) -> (StatusCode, bool, Value) {
    let ask = json!({"consent_id": consent, "purpose": "pre_loan"});
    let request = client.post(format!("{base}/v1/dossiers")).header("Idempotency-Key", key).json(&ask);
    let response = request.send().await.unwrap();
    let (status, again) = (response.status(), response.headers().contains_key(header::RETRY_AFTER));
    (status, again, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null))
}

/// Fills the disk under load, sees that nothing leaves, makes room, and sees that nothing is lost.
async fn fill_and_heal(site: &Site, base: &str, consent: &str, disk: &Path, ledger: impl Fn() -> Db) {
    let client = site.client("bank-01");
    let first = pull(&client, base, consent, "first").await;
    assert_eq!(first.0, StatusCode::CREATED, "{}", first.2);
    let ballast = fill(disk);
    let mut answers = vec![first.2];
    let mut refused = Vec::new();
    for n in 0..PULLS_UNTIL_FULL_MAX {
        let key = format!("full-{n}");
        let (status, again, answer) = pull(&client, base, consent, &key).await;
        match status {
            StatusCode::CREATED => answers.push(answer),
            other => {
                assert_eq!((other, answer["code"].as_str()), (StatusCode::SERVICE_UNAVAILABLE, Some("busy")));
                assert!(again && !answer.to_string().contains('~'), "{answer}");
                refused.push(key);
            }
        }
        if refused.len() == 20 {
            break;
        }
    }
    assert_eq!(refused.len(), 20, "the disk did not fill up");
    let release = format!("{base}/v1/releases/{}", answers[0]["release_id"].as_str().unwrap());
    let repeat = client.get(&release).send().await.unwrap();
    // An entry of a repeat is small enough for the last half empty page: then it is recorded, and may leave.
    let (status, text) = (repeat.status(), repeat.text().await.unwrap());
    match status {
        StatusCode::OK => assert!(text.contains("\"repeat_receipt\"") && site.backend == Backend::Postgres),
        other => assert!(other == StatusCode::SERVICE_UNAVAILABLE && !text.contains('~'), "{other} {text}"),
    }

    fs::remove_file(ballast).unwrap();
    let since = Instant::now();
    let wire = Wire::new(site, "bank-01", base);
    for key in &refused {
        let (status, answer) = wire.pull(consent, Some(key)).await.unwrap();
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        assert!(since.elapsed() < HEALED_WITHIN, "it heals by itself");
        answers.push(answer);
    }
    println!(
        "{} answered, {} told to come again, healed in {:.1?}",
        answers.len(),
        refused.len(),
        since.elapsed()
    );
    for answer in &answers {
        assert_verifies(site, "bank-01", answer);
    }
    let entries = check_database(&ledger());
    let releases: Vec<&Value> =
        entries.iter().filter(|entry| entry["kind"] == "release.granted").map(|entry| &entry["id"]).collect();
    assert!(
        answers.iter().all(|answer| releases.contains(&&answer["release_id"])),
        "an answered release is lost"
    );
    assert_eq!(kinds(&entries)["release.granted"], releases.len());
}

#[test]
fn sqlite() {
    run(Backend::Sqlite, |backend| async move {
        let (mut site, consent) = site_with_consent(backend).await;
        pull_some(&site, &consent).await;
        stop(&mut site);
        let disk = site.dir().join("small");
        fs::create_dir(&disk).unwrap();
        let Some(prefix) = prefix(&disk, MEGABYTES, None) else {
            eprintln!("SKIPPED: this needs root and mounts of its own");
            return;
        };
        let config = site.dir().join("shuidaiyi.toml");
        let text = fs::read_to_string(&config).unwrap();
        assert!(text.contains("ledger = \"ledger.db\""), "{text}");
        fs::write(&config, text.replace("ledger = \"ledger.db\"", "ledger = \"small/ledger.db\"")).unwrap();
        let here = site.dir();
        let script = format!(
            "{prefix} sh -c 'cp \"{0}/ledger.db\" \"{0}/small/\" && exec \"$@\"' sh \"$@\"",
            here.display()
        );
        let child = ChildGateway::start_by(&here, |config| {
            let mut command = Command::new("sh");
            command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_shuidaiyi"), "serve", "--config"]);
            command.arg(config).env_remove("SHUIDAIYI_DATABASE_URL");
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command
        });
        let disk = seen_by(child.id(), &disk);
        // Copied out to be read: SQLite resolves the path to another disk's file.
        let ledger = || {
            for name in ["ledger.db", "ledger.db-wal"] {
                fs::copy(disk.join(name), site.dir().join(name)).unwrap();
            }
            Db::open(Location::Sqlite(site.dir().join("ledger.db")), 1).unwrap()
        };
        fill_and_heal(&site, &child.url(), &consent, &disk, ledger).await;
    });
}

#[test]
fn postgres() {
    run(Backend::Postgres, |backend| async move {
        let Some(small) = OnSmallDisk::start(MEGABYTES) else {
            eprintln!("SKIPPED: this needs root and mounts of its own");
            return;
        };
        let mut site = Site::prepare_on(backend, 1_000_000, Some(small.url()));
        site.restart();
        let firms = site.load_city(1);
        site.product("bank-01").await;
        let taxpayer = firms[0].taxpayer_id.as_str();
        let consent = grant_many(site.exchange(), "bank-01", &[taxpayer], 1, |c| {
            c["pulls_max"] = 1_000_000.into();
        })
        .await
        .remove(0);
        let url = site.url();
        fill_and_heal(&site, &url, &consent, &small.disk(), || site.exchange().ledger.clone()).await;
        site.stop();
    });
}
