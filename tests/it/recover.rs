//! `ledger recover`: database, anchor or key lost, each on its own and together. Nothing that was signed stops verifying.

use std::fs;
use std::path::PathBuf;

use reqwest::{Method, StatusCode};
use serde_json::Value;
use shuidaiyi::clock::Clock;
use shuidaiyi::ledger::checkpoint::Checkpoint;
use shuidaiyi::ledger::note::NoteVerifier;
use shuidaiyi::seal::trust::TrustFile;
use shuidaiyi::service::anchoring::recovery_file;
use shuidaiyi::service::recover::survey;

use crate::restore::{pull_some, refusal, remember, set_back, site_with_consent, stop};
use crate::support::child::program;
use crate::support::oracle::check_database;
use crate::support::wire::{Wire, assert_verifies};
use crate::support::{Backend, Site, both_backends, sql};

both_backends!(
    a_sound_ledger_or_one_in_use_is_not_recovered,
    a_restored_database_goes_on_under_a_new_origin,
    a_lost_database_starts_again_and_old_receipts_hold,
    a_lost_anchor_is_made_anew,
    a_lost_key_is_made_anew,
    all_lost_needs_a_members_receipt,
    a_recovery_cut_off_is_run_again,
    a_database_that_contradicts_itself_is_not_gone_on_with,
    what_is_put_back_needs_no_recovery,
);

const REASON: &str = "库房断电 the power failed";

/// Runs the command; exit code and what it printed.
fn recover(site: &Site, more: &[&str]) -> (i32, String) {
    let config = site.dir().join("shuidaiyi.toml");
    let mut command = program();
    command.args(["ledger", "recover", "--reason", REASON, "--config"]).arg(config).args(more);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let done = command.output().unwrap();
    let text = [done.stdout, done.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (done.status.code().unwrap(), text)
}

pub fn recovered(site: &Site, more: &[&str]) {
    let (code, text) = recover(site, &[more, &["--yes"]].concat());
    assert_eq!(code, 0, "{text}");
    assert!(!recovery_file(&site.config.ledger.anchor).exists());
}

fn trust(site: &Site) -> TrustFile {
    TrustFile::parse(&fs::read_to_string(site.dir().join("trust.json")).unwrap()).unwrap()
}

fn origin(site: &Site) -> String {
    trust(site).ledger_vkey.parse::<NoteVerifier>().unwrap().name().to_owned()
}

/// The newest checkpoint of the running gateway.
pub async fn checkpoint(site: &Site) -> Checkpoint {
    let note = site.ask("bureau", Method::GET, "/v1/ledger/checkpoint", None).await.text().await.unwrap();
    Checkpoint::open(&note, &trust(site).ledger_vkey.parse().unwrap()).unwrap()
}

/// The old anchors that were kept beside the present one.
fn kept_anchors(site: &Site) -> Vec<PathBuf> {
    let anchor = site.config.ledger.anchor.clone();
    let start = format!("{}.2", anchor.file_name().unwrap().to_string_lossy());
    let files = fs::read_dir(anchor.parent().unwrap()).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(&start)).collect()
}

/// The entry, after checking that it stands where it says and names the old checkpoint.
pub fn entry_of_recovery(site: &Site, kept: u64, old: &Checkpoint) -> Value {
    let entries = site.entries();
    let entry = entries[usize::try_from(kept).unwrap()].clone();
    assert_eq!(entry["kind"], "ledger.recovered", "the first entry under the new origin");
    assert_eq!(entry["old_origin"], old.origin.as_str());
    assert_eq!(entry["old_size"], old.size);
    assert_eq!(entry["old_root"], old.root.to_string());
    assert_eq!((entry["kept"].as_u64(), entry["reason"].as_str()), (Some(kept), Some(REASON)));
    entry
}

async fn a_sound_ledger_or_one_in_use_is_not_recovered(backend: Backend) {
    let (mut site, consent) = site_with_consent(backend).await;
    pull_some(&site, &consent).await;
    let (code, text) = recover(&site, &["--yes"]);
    assert!(code == 1 && text.contains("stop it first"), "{code} {text}");
    let before = fs::read(site.dir().join("trust.json")).unwrap();
    stop(&mut site);
    let (code, text) = recover(&site, &["--yes"]);
    assert!(code == 1 && text.contains("nothing is wrong"), "{code} {text}");
    assert_eq!(fs::read(site.dir().join("trust.json")).unwrap(), before);
    site.restart();
    pull_some(&site, &consent).await;
}

/// Sets the ledger back to what it was some pulls ago. The state before and the answers that were lost with the tail.
async fn lose_the_tail(site: &mut Site, consent: &str) -> (u64, Checkpoint, Value) {
    remember(site);
    let kept = site.entries().len() as u64;
    let lost = pull_some(site, consent).await;
    let old = checkpoint(site).await;
    stop(site);
    set_back(site);
    (kept, old, lost)
}

async fn a_restored_database_goes_on_under_a_new_origin(backend: Backend) {
    let (mut site, consent) = site_with_consent(backend).await;
    let surviving = pull_some(&site, &consent).await;
    let first_origin = origin(&site);
    let (kept, old, lost) = lose_the_tail(&mut site, &consent).await;
    assert!(refusal(&site).contains("ledger recover"));

    let (code, text) = recover(&site, &[]);
    assert!(code == 1 && text.contains("--yes") && text.contains("older than its anchor"), "{code} {text}");
    assert_eq!(origin(&site), first_origin, "without --yes nothing is changed");
    recovered(&site, &[]);
    assert_eq!(origin(&site), format!("{first_origin}-2"));
    assert_eq!(kept_anchors(&site).len(), 1, "the old anchor is kept");
    site.restart();
    entry_of_recovery(&site, kept, &old);

    // What was signed verifies, also what the database no longer has; so does what comes.
    let now = pull_some(&site, &consent).await;
    for answer in [&surviving, &lost, &now] {
        assert_verifies(&site, "bank-01", answer);
    }
    let wire = Wire::new(&site, "bank-01", &site.url());
    let path = |answer: &Value| format!("/v1/releases/{}", answer["release_id"].as_str().unwrap());
    let (status, again) = wire.get(&path(&surviving)).await;
    let again: Value = serde_json::from_str(&again).unwrap();
    assert_eq!((status, &again["dossier"]), (StatusCode::OK, &surviving["dossier"]));
    assert_verifies(&site, "bank-01", &again);
    assert_eq!(wire.get(&path(&lost)).await.0, StatusCode::NOT_FOUND);
    let keys = trust(&site).ledger_vkeys;
    assert!(keys.len() == 2 && keys[0].to.is_some() && keys[0].to == keys[1].from && keys[1].to.is_none());
    assert_eq!(fs::read_to_string(site.dir().join("trust.json")).unwrap(), {
        let served = site.ask("bank-01", Method::GET, "/v1/keys", None).await.text().await.unwrap();
        TrustFile::parse(&served).unwrap().to_json().unwrap()
    });

    // The old anchor put back belongs to another origin now.
    let size = site.entries().len();
    stop(&mut site);
    let anchor = site.config.ledger.anchor.clone();
    let present = fs::read(&anchor).unwrap();
    fs::copy(&kept_anchors(&site)[0], &anchor).unwrap();
    assert!(refusal(&site).contains("does not verify"));
    fs::write(&anchor, present).unwrap();

    // And once more: the origins are counted.
    site.restart();
    sql::execute(&sql::ledger(&site), &["DROP TABLE earlier_head"]);
    let (kept, old, _) = lose_the_tail(&mut site, &consent).await;
    assert!(kept as usize >= size);
    recovered(&site, &[]);
    assert_eq!(origin(&site), format!("{first_origin}-3"));
    site.restart();
    entry_of_recovery(&site, kept, &old);
    for answer in [&surviving, &lost, &now] {
        assert_verifies(&site, "bank-01", answer);
    }
}

/// Removes both databases, as a dead disk does.
fn lose_the_database(site: &Site) {
    match site.backend {
        Backend::Sqlite => {
            for name in ["ledger.db", "data.db", "data.db-wal", "data.db-shm"] {
                drop(fs::remove_file(site.dir().join(name)));
            }
        }
        Backend::Postgres => {
            sql::execute(&sql::ledger(site), &["DROP SCHEMA ledger CASCADE", "DROP SCHEMA data CASCADE"]);
        }
    }
}

async fn a_lost_database_starts_again_and_old_receipts_hold(backend: Backend) {
    let (mut site, consent) = site_with_consent(backend).await;
    let answer = pull_some(&site, &consent).await;
    let old = checkpoint(&site).await;
    stop(&mut site);
    lose_the_database(&site);
    let why = refusal(&site);
    assert!(why.contains("has 0 entries") && why.contains("ledger recover"), "{why}");
    recovered(&site, &[]);
    site.restart();
    entry_of_recovery(&site, 0, &old);
    assert_verifies(&site, "bank-01", &answer);
    assert_eq!(site.pull("bank-01", &consent).await.0, StatusCode::UNAUTHORIZED, "no members are left");

    // Members are registered again with the certificates they have, records delivered, and it goes on.
    for (member, role) in [("bank-01", "bank"), ("bureau", "bureau")] {
        let certificate = site.dir().join(format!("certs/{member}.pem"));
        let mut command = program();
        command.args(["member", "add", member, "--role", role, "--name", "重新登记"]);
        command.arg("--certificate").arg(certificate).arg("--config").arg(site.dir().join("shuidaiyi.toml"));
        assert!(command.status().unwrap().success(), "member add {member}");
    }
    site.restart();
    let firms = site.load_city(1);
    site.product("bank-01").await;
    let consent = site.consent("bank-01", firms[0].taxpayer_id.as_str(), |_| {}).await;
    let now = pull_some(&site, consent["id"].as_str().unwrap()).await;
    assert_verifies(&site, "bank-01", &now);
    assert_verifies(&site, "bank-01", &answer);
}

async fn a_lost_anchor_is_made_anew(backend: Backend) {
    let (mut site, consent) = site_with_consent(backend).await;
    let answer = pull_some(&site, &consent).await;
    let (old, kept) = (checkpoint(&site).await, site.entries().len() as u64);
    stop(&mut site);
    let anchor = site.config.ledger.anchor.clone();
    // Another ledger's checkpoint is no witness of this one's.
    let foreign = site.dir().join("foreign");
    fs::write(
        &foreign,
        "example.com/log\n5\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— example.com/log AAAA\n",
    )
    .unwrap();
    fs::remove_file(&anchor).unwrap();
    assert!(refusal(&site).contains("ledger recover"));
    let (code, text) = recover(&site, &["--yes", "--old-checkpoint", foreign.to_str().unwrap()]);
    assert!(code == 2 && !anchor.exists(), "{code} {text}");
    recovered(&site, &[]);
    site.restart();
    // Without a checkpoint of a member's, the database's own head is the newest that is known.
    entry_of_recovery(&site, kept, &old);
    let now = pull_some(&site, &consent).await;
    assert_verifies(&site, "bank-01", &answer);
    assert_verifies(&site, "bank-01", &now);
}

async fn a_lost_key_is_made_anew(backend: Backend) {
    let (mut site, consent) = site_with_consent(backend).await;
    let answer = pull_some(&site, &consent).await;
    let (old, kept) = (checkpoint(&site).await, site.entries().len() as u64);
    let old_key: NoteVerifier = trust(&site).ledger_vkey.parse().unwrap();
    stop(&mut site);
    fs::remove_file(site.dir().join("keys/ledger.key")).unwrap();
    let why = refusal(&site);
    assert!(why.contains("ledger.key") && why.contains("ledger recover"), "{why}");
    recovered(&site, &[]);
    let new_key: NoteVerifier = trust(&site).ledger_vkey.parse().unwrap();
    assert_ne!(old_key.public_key(), new_key.public_key());
    site.restart();
    entry_of_recovery(&site, kept, &old);
    let now = pull_some(&site, &consent).await;
    assert_verifies(&site, "bank-01", &answer);
    assert_verifies(&site, "bank-01", &now);
}

/// Database and anchor gone: only members know what was signed. An empty ledger under the old name would be a fork.
async fn all_lost_needs_a_members_receipt(backend: Backend) {
    let (mut site, consent) = site_with_consent(backend).await;
    let answer = pull_some(&site, &consent).await;
    let old = checkpoint(&site).await;
    stop(&mut site);
    lose_the_database(&site);
    fs::remove_file(&site.config.ledger.anchor).unwrap();
    let why = refusal(&site);
    assert!(why.contains("is gone") && !site.config.ledger.anchor.exists(), "{why}");
    let (code, text) = recover(&site, &["--yes"]);
    assert!(code == 1 && text.contains("--old-checkpoint"), "{code} {text}");
    let file = site.dir().join("answer.json");
    fs::write(&file, answer.to_string()).unwrap();
    recovered(&site, &["--old-checkpoint", file.to_str().unwrap()]);
    site.restart();
    entry_of_recovery(&site, 0, &old);
    assert_verifies(&site, "bank-01", &answer);
}

/// Killed after any of its steps, it is run again and comes to one entry.
async fn a_recovery_cut_off_is_run_again(backend: Backend) {
    let (mut site, consent) = site_with_consent(backend).await;
    let answer = pull_some(&site, &consent).await;
    let (kept, old, _) = lose_the_tail(&mut site, &consent).await;
    let anchor = site.config.ledger.anchor.clone();
    let places = site.config.places().unwrap();
    let found = survey(&places, site.clock.now(), REASON, None).unwrap();
    // Cut off once the plan was written, and then once the old anchor was moved aside.
    let plan = recovery_file(&anchor);
    fs::write(&plan, found.plan.to_json()).unwrap();
    assert!(refusal(&site).contains("begun and not finished"));
    fs::rename(&anchor, anchor.with_extension("aside")).unwrap();
    assert!(refusal(&site).contains("begun and not finished"));
    recovered(&site, &[]);
    // Cut off before the plan was removed.
    fs::write(&plan, found.plan.to_json()).unwrap();
    assert!(refusal(&site).contains("begun and not finished"));
    recovered(&site, &[]);
    site.restart();
    let entry = entry_of_recovery(&site, kept, &old);
    assert_eq!(entry["id"], found.plan.id.as_str());
    let count = site.entries().iter().filter(|entry| entry["kind"] == "ledger.recovered").count();
    assert_eq!(count, 1);
    pull_some(&site, &consent).await;
    assert_verifies(&site, "bank-01", &answer);
}

async fn a_database_that_contradicts_itself_is_not_gone_on_with(backend: Backend) {
    let (mut site, consent) = site_with_consent(backend).await;
    pull_some(&site, &consent).await;
    stop(&mut site);
    let ledger = sql::ledger(&site);
    let last = format!("idx = {}", check_database(&ledger).len() - 1);
    for (table, column, row) in [("ledger_entry", "leaf", last.as_str()), ("ledger_head", "root", "id = 1")] {
        sql::flip(&ledger, table, column, row);
        let (code, text) = recover(&site, &["--yes"]);
        assert!(code == 3 && text.contains("do not agree"), "{table}: {code} {text}");
        sql::flip(&ledger, table, column, row);
    }
}

/// Salt keys cannot be made anew and the trust file is public: each is put back, and it goes on.
async fn what_is_put_back_needs_no_recovery(backend: Backend) {
    let (mut site, consent) = site_with_consent(backend).await;
    let answer = pull_some(&site, &consent).await;
    let served = site.ask("bank-01", Method::GET, "/v1/keys", None).await.text().await.unwrap();
    let (salt, trust) = (site.dir().join("keys/salt-epoch-1.key"), site.dir().join("trust.json"));
    stop(&mut site);
    fs::rename(&salt, site.dir().join("salt")).unwrap();
    fs::remove_file(&trust).unwrap();
    assert!(refusal(&site).contains("trust.json"));
    // Any member's copy of the answer will do.
    fs::write(&trust, served).unwrap();
    assert!(refusal(&site).contains("holds no salt key"));
    let (code, text) = recover(&site, &["--yes"]);
    assert!(code == 2 && text.contains("salt key"), "no new origin mends that: {code} {text}");
    fs::rename(site.dir().join("salt"), &salt).unwrap();
    site.restart();
    let release = format!("/v1/releases/{}", answer["release_id"].as_str().unwrap());
    let (status, again) = site.json("bank-01", Method::GET, &release, None).await;
    assert_eq!((status, &again["dossier"]), (StatusCode::OK, &answer["dossier"]));
    pull_some(&site, &consent).await;
}
