//! A ledger that is not the one that was signed: set back, cut from its anchor, or changed in place.

use std::fs;

use reqwest::{Method, StatusCode};
use serde_json::Value;
use shuidaiyi::app;
use shuidaiyi::ledger::entry::EntryKind;
use shuidaiyi::service::Exchange;
use shuidaiyi::store::ledger::{Draft, Field};

use crate::support::wire::grant_many;
use crate::support::{Backend, Site, both_backends, sql};

both_backends!(
    a_database_from_earlier_is_refused,
    a_ledger_without_its_anchor_is_refused,
    a_changed_byte_is_refused,
    nothing_leaves_once_the_database_is_set_back,
    a_gateway_behind_another_notices_a_set_back,
);

pub async fn site_with_consent(backend: Backend) -> (Site, String) {
    let site = Site::start(backend);
    let firms = site.load_city(1);
    site.product("bank-01").await;
    let mut ids = grant_many(site.exchange(), "bank-01", &[firms[0].taxpayer_id.as_str()], 1, |_| {}).await;
    (site, ids.remove(0))
}

pub async fn pull_some(site: &Site, consent: &str) -> Value {
    let mut last = Value::Null;
    for _ in 0..3 {
        let (status, answer) = site.pull("bank-01", consent).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        last = answer;
    }
    last
}

/// Why the gateway does not start.
pub fn refusal(site: &Site) -> String {
    match app::spawn(&site.config, site.clock.clone()) {
        Ok(running) => {
            running.stop();
            panic!("the gateway started on a broken ledger");
        }
        Err(why) => why.to_string(),
    }
}

/// Stops the gateway and waits until its last connection is closed: SQLite folds the log into the file then.
pub fn stop(site: &mut Site) {
    site.stop();
    let log = site.dir().join("ledger.db-wal");
    let since = std::time::Instant::now();
    while log.exists() {
        assert!(since.elapsed().as_secs() < 10, "a connection to the ledger stays open");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// Keeps the head as it is now, for [`set_back`].
pub fn remember(site: &Site) {
    sql::execute(&sql::ledger(site), &["CREATE TABLE earlier_head AS SELECT * FROM ledger_head"]);
}

/// Makes the ledger what it was when it was remembered, as a restored backup would.
pub fn set_back(site: &Site) {
    sql::execute(
        &sql::ledger(site),
        &[
            "DELETE FROM release WHERE id IN (SELECT object_id FROM ledger_entry \
             WHERE idx >= (SELECT size FROM earlier_head))",
            "DELETE FROM ledger_entry WHERE idx >= (SELECT size FROM earlier_head)",
            "DELETE FROM entry_salt WHERE idx >= (SELECT size FROM earlier_head)",
            "DELETE FROM batch_commit WHERE ledger_index >= (SELECT size FROM earlier_head)",
            "DELETE FROM ledger_head",
            "INSERT INTO ledger_head SELECT * FROM earlier_head",
        ],
    );
}

async fn a_database_from_earlier_is_refused(backend: Backend) {
    let (mut site, consent) = site_with_consent(backend).await;
    pull_some(&site, &consent).await;
    match backend {
        Backend::Postgres => {
            remember(&site);
            pull_some(&site, &consent).await;
            site.stop();
            set_back(&site);
        }
        Backend::Sqlite => {
            stop(&mut site);
            let (now, earlier) = (site.dir().join("ledger.db"), site.dir().join("earlier.db"));
            fs::copy(&now, &earlier).unwrap();
            site.restart();
            pull_some(&site, &consent).await;
            stop(&mut site);
            fs::copy(&earlier, &now).unwrap();
        }
    }
    let why = refusal(&site);
    assert!(why.contains("refusing to release") && why.contains("older than its anchor"), "{why}");
    assert!(why.contains("shuidaiyi ledger recover"), "{why}");
}

async fn a_ledger_without_its_anchor_is_refused(backend: Backend) {
    let (mut site, consent) = site_with_consent(backend).await;
    pull_some(&site, &consent).await;
    site.stop();
    let anchor = site.config.ledger.anchor.clone();
    let moved = anchor.with_extension("moved");
    fs::rename(&anchor, &moved).unwrap();
    let why = refusal(&site);
    assert!(why.contains("refusing to release") && why.contains("is gone"), "{why}");
    assert!(!anchor.exists(), "no new anchor was made for an old ledger");
    // An anchor whose slots are both torn vouches for nothing: it is no anchor either.
    let whole = fs::read(&moved).unwrap();
    fs::write(&anchor, vec![0_u8; whole.len()]).unwrap();
    let why = refusal(&site);
    assert!(why.contains("refusing to release"), "{why}");
    fs::write(&anchor, whole).unwrap();
    site.restart();
    pull_some(&site, &consent).await;
}

async fn a_changed_byte_is_refused(backend: Backend) {
    let (mut site, consent) = site_with_consent(backend).await;
    append(&site, 600).await;
    pull_some(&site, &consent).await;
    let size = site.entries().len();
    site.stop();
    let ledger = sql::ledger(&site);
    let last = format!("idx = {}", size - 1);
    let places = [
        ("ledger_head", "root", "id = 1"),
        ("ledger_head", "frontier", "id = 1"),
        ("ledger_entry", "leaf_hash", last.as_str()),
        ("ledger_entry", "leaf", last.as_str()),
        ("ledger_tile", "root", "level = 0 AND idx = 0"),
        ("ledger_tile", "root", "level = 0 AND idx = 1"),
        ("ledger_tile", "hashes", "level = 0 AND idx = 0"),
        ("ledger_tile", "hashes", "level = 0 AND idx = 1"),
    ];
    for (table, column, row) in places {
        sql::flip(&ledger, table, column, row);
        let why = refusal(&site);
        assert!(why.contains("refusing to release"), "{table}.{column} {row}: {why}");
        sql::flip(&ledger, table, column, row);
    }
    site.restart();
    pull_some(&site, &consent).await;
}

async fn nothing_leaves_once_the_database_is_set_back(backend: Backend) {
    let (site, consent) = site_with_consent(backend).await;
    let earlier = pull_some(&site, &consent).await;
    remember(&site);
    pull_some(&site, &consent).await;
    set_back(&site);
    let path = format!("/v1/releases/{}", earlier["release_id"].as_str().unwrap());
    let size = site.entries().len();
    for _ in 0..3 {
        for (status, answer) in
            [site.pull("bank-01", &consent).await, site.json("bank-01", Method::GET, &path, None).await]
        {
            assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{answer}");
            assert_eq!(answer["code"], "fault");
            assert!(answer.get("dossier").is_none() && !answer.to_string().contains('~'), "{answer}");
        }
    }
    assert_eq!(site.revoke(&consent).await.0, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(site.entries().len(), size, "nothing is appended to it either");
}

/// The database goes back to a state that this process has not even reached: the anchor knows better.
async fn a_gateway_behind_another_notices_a_set_back(backend: Backend) {
    let (site, consent) = site_with_consent(backend).await;
    pull_some(&site, &consent).await;
    let other = site.another();
    append_to(&other.exchange, 1).await;
    remember(&site);
    append_to(&other.exchange, 2).await;
    other.stop();
    set_back(&site);
    let size = site.entries().len();
    let (status, answer) = site.pull("bank-01", &consent).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{answer}");
    assert_eq!(site.revoke(&consent).await.0, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(site.entries().len(), size);
}

/// Entries of no consequence.
async fn append(site: &Site, count: usize) {
    append_to(site.exchange(), count).await;
}

pub async fn append_to(exchange: &Exchange, count: usize) {
    let draft = |n| Draft {
        kind: EntryKind::ProductSubmitted,
        object_id: format!("filler-{n}"),
        actor: "bank-01".into(),
        by: "test".into(),
        fields: vec![("digest", Field::Plain("none".into()))],
    };
    let drafts: Vec<Draft> = (0..count).map(draft).collect();
    exchange.writer.unit(move |_c, _now| Ok(Ok(((), drafts)))).await.unwrap();
}
