//! The anchor under a running gateway: moved away, shared by processes whose databases part, and files swapped.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use reqwest::{Method, StatusCode};
use shuidaiyi::config::Config;
use shuidaiyi::ledger::entry::EntryKind;
use shuidaiyi::service::receipt::Committed;
use shuidaiyi::service::start::{Places, open};
use shuidaiyi::service::{Exchange, evidence};
use shuidaiyi::store::anchor::Anchor;
use shuidaiyi::store::db::Location;
use shuidaiyi::store::ledger::{self, Draft, Field};

use crate::restore::{append_to, pull_some, refusal, remember, set_back, site_with_consent, stop};
use crate::support::site::run;
use crate::support::{Backend, Site, both_backends};

both_backends!(
    a_deleted_anchor_stops_a_running_gateway,
    every_process_has_its_place,
    what_a_dead_process_signed_still_counts
);

/// Neither a pull nor a repeat brings a dossier.
async fn nothing_leaves(site: &Site, consent: &str, release: &str) {
    for path in [format!("/v1/releases/{release}"), String::new()] {
        let (status, answer) = match path.is_empty() {
            true => site.pull("bank-01", consent).await,
            false => site.json("bank-01", Method::GET, &path, None).await,
        };
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{answer}");
        assert!(answer.get("dossier").is_none() && !answer.to_string().contains('~'), "{answer}");
    }
    let (status, text) = site.operations("/readyz").await;
    assert_eq!(status, 503, "{text}");
}

async fn a_deleted_anchor_stops_a_running_gateway(backend: Backend) {
    let (site, consent) = site_with_consent(backend).await;
    let first = pull_some(&site, &consent).await;
    let release = first["release_id"].as_str().unwrap();
    let (anchor, moved) = (site.config.ledger.anchor.clone(), site.dir().join("moved"));
    fs::rename(&anchor, &moved).unwrap();
    nothing_leaves(&site, &consent, release).await;
    fs::copy(&moved, &anchor).unwrap();
    nothing_leaves(&site, &consent, release).await;
    fs::remove_file(&anchor).unwrap();
    fs::rename(&moved, &anchor).unwrap();
    pull_some(&site, &consent).await;
    assert_eq!(site.operations("/readyz").await.0, 200);
}

async fn every_process_has_its_place(backend: Backend) {
    let (site, consent) = site_with_consent(backend).await;
    pull_some(&site, &consent).await;
    let others = [site.another(), site.another()];
    for other in &others {
        append_to(&other.exchange, 1).await;
    }
    let sizes = |site: &Site| -> Vec<u64> {
        let all = Anchor::open(&site.config.ledger.anchor).unwrap().all().unwrap();
        all.iter().map(|anchored| anchored.size).collect()
    };
    let size = site.entries().len() as u64;
    assert_eq!(sizes(&site), [size - 2, size - 1, size]);
    pull_some(&site, &consent).await;
    assert_eq!(sizes(&site), [size + 3, size - 1, size]);
    others.into_iter().for_each(|other| other.stop());
    // A place is taken over, and the file does not grow with every start.
    for _ in 0..3 {
        let other = site.another();
        append_to(&other.exchange, 1).await;
        other.stop();
    }
    assert_eq!(sizes(&site).len(), 3);
}

/// A process died after it signed more than the database has now: its place outlives it.
async fn what_a_dead_process_signed_still_counts(backend: Backend) {
    let (mut site, consent) = site_with_consent(backend).await;
    let other = site.another();
    pull_some(&site, &consent).await;
    remember(&site);
    append_to(&other.exchange, 1).await;
    other.stop();
    set_back(&site);
    let (status, answer) = site.pull("bank-01", &consent).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{answer}");
    site.stop();
    let why = refusal(&site);
    assert!(why.contains("older than its anchor") && why.contains("ledger recover"), "{why}");
}

#[test]
fn a_swapped_file_stops_a_running_gateway() {
    run(Backend::Sqlite, |backend| async move {
        let (mut site, consent) = site_with_consent(backend).await;
        pull_some(&site, &consent).await;
        stop(&mut site);
        let (ledger, earlier) = (site.dir().join("ledger.db"), site.dir().join("earlier.db"));
        fs::copy(&ledger, &earlier).unwrap();
        site.restart();
        let first = pull_some(&site, &consent).await;
        let release = first["release_id"].as_str().unwrap();
        let entries = site.entries().len();

        // An older copy by rename, while the gateway has the old file open and could go on writing to it.
        let away = site.dir().join("away.db");
        fs::rename(&ledger, &away).unwrap();
        nothing_leaves(&site, &consent, release).await;
        fs::copy(&earlier, &ledger).unwrap();
        nothing_leaves(&site, &consent, release).await;
        assert_eq!(site.revoke(&consent).await.0, StatusCode::INTERNAL_SERVER_ERROR);

        // Put back, it goes on as if nothing had been.
        fs::rename(&away, &ledger).unwrap();
        assert_eq!(site.entries().len(), entries);
        pull_some(&site, &consent).await;

        // Left there, the next start finds it older than the anchor.
        stop(&mut site);
        fs::copy(&earlier, site.dir().join("new.db")).unwrap();
        fs::rename(site.dir().join("new.db"), &ledger).unwrap();
        let why = refusal(&site);
        assert!(why.contains("older than its anchor") && why.contains("ledger recover"), "{why}");
    });
}

/// A split brain on one machine: each process on a database of its own, both on one anchor. Whatever the order, what
/// is answered lies on one branch.
#[test]
fn two_databases_on_one_anchor_never_both_answer() {
    run(Backend::Sqlite, |backend| async move {
        let (mut site, consent) = site_with_consent(backend).await;
        pull_some(&site, &consent).await;
        stop(&mut site);
        let size = |exchange: &Exchange| exchange.ledger.read(ledger::head).unwrap().frontier.size();
        let start = size(&open(&Config::places(&site.config).unwrap(), site.clock.clone()).unwrap());
        let (mut both_wrote, mut answered) = (0, [0, 0]);
        for round in 0..40 {
            let places = [branch(&site, round, 0), branch(&site, round, 1)];
            let [left, right] = places.each_ref().map(|places| open(places, site.clock.clone()).unwrap());
            let sizes = if round % 2 == 0 { (1, 2) } else { (1, 1) };
            let (left_done, right_done) = tokio::join!(record(&left, sizes.0), record(&right, sizes.1));
            assert!(
                left_done.is_none() || right_done.is_none(),
                "round {round}: both branches were answered"
            );
            answered[0] += usize::from(left_done.is_some());
            answered[1] += usize::from(right_done.is_some());
            both_wrote += usize::from(size(&left) > start && size(&right) > start);
        }
        println!("40 rounds: answered {answered:?}, both had written in {both_wrote}");
    });
}

/// A copy of the ledger for one side of a round; both sides share a copy of the anchor.
fn branch(site: &Site, round: usize, side: usize) -> Places {
    let places = Config::places(&site.config).unwrap();
    let database = site.dir().join(format!("branch-{round}-{side}.db"));
    fs::copy(site.dir().join("ledger.db"), &database).unwrap();
    let anchor = site.dir().join(format!("branch-{round}.anchor"));
    if side == 0 {
        fs::copy(&places.anchor, &anchor).unwrap();
    }
    Places { ledger: Location::Sqlite(database), anchor, ..places }
}

async fn record(exchange: &Arc<Exchange>, count: usize) -> Option<Arc<Committed>> {
    let draft = |n| Draft {
        kind: EntryKind::ProductSubmitted,
        object_id: format!("filler-{n}"),
        actor: "bank-01".into(),
        by: "test".into(),
        fields: vec![("digest", Field::Plain("none".into()))],
    };
    let drafts: Vec<Draft> = (0..count).map(draft).collect();
    let done = exchange.writer.unit(move |_c, _now| Ok(Ok(((), drafts)))).await;
    done.ok().map(|((), committed)| committed)
}

/// The checkpoint is what members keep: none is given out either once the ledger is not the one that was signed.
#[test]
fn no_checkpoint_of_a_swapped_ledger() {
    run(Backend::Sqlite, |backend| async move {
        let (mut site, consent) = site_with_consent(backend).await;
        pull_some(&site, &consent).await;
        let ledger = site.dir().join("ledger.db");
        fs::rename(&ledger, Path::new(&site.dir()).join("away.db")).unwrap();
        assert!(evidence::newest(site.exchange()).await.is_err());
        let (status, _) = site.json("bureau", Method::GET, "/v1/ledger/checkpoint", None).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        site.stop();
    });
}
