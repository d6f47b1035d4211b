//! `ledger audit`: silent over a sound ledger, also while it grows; and it names what SQL changed behind its back.

use std::process::Command;

use reqwest::{Method, StatusCode};
use serde_json::Value;
use shuidaiyi::service::ledger_audit::{AuditReport, Audited, Mismatch, audit};
use shuidaiyi::store::db::Db;

use crate::log::append;
use crate::support::oracle::kinds;
use crate::support::{Backend, Site, both_backends, sql};

both_backends!(
    a_sound_ledger_passes_and_its_figures_are_right,
    every_kind_of_tampering_is_named,
    an_audit_runs_beside_a_gateway,
    the_command_names_the_mismatch_and_says_no,
    a_checkpoint_that_was_kept_binds_the_ledger,
);

/// A ledger with entries of every kind that is bound to other rows, over several parts and one tile of tiles.
async fn site(backend: Backend) -> Site {
    let site = Site::start(backend);
    let firms = site.load_city(2);
    site.product("bank-01").await;
    let consent = site.consent("bank-01", firms[0].taxpayer_id.as_str(), |_| {}).await;
    let id = consent["id"].as_str().unwrap();
    let (status, pulled) = site.pull("bank-01", id).await;
    assert_eq!(status, StatusCode::CREATED, "{pulled}");
    let again = format!("/v1/releases/{}", pulled["release_id"].as_str().unwrap());
    assert_eq!(site.json("bank-01", Method::GET, &again, None).await.0, 200);
    assert_eq!(site.revoke(id).await.0, 200);
    assert_eq!(site.pull("bank-01", id).await.0, 403);
    assert_eq!(site.pull("bank-01", "no-such-consent").await.0, 403);
    append(&site, 9_000).await;
    assert_eq!(site.pull("bank-01", id).await.0, 403);
    site
}

fn audited(site: &Site) -> Audited {
    Audited::at(&site.config.places().unwrap(), &site.exchange().keys)
}

fn run(site: &Site, threads: usize) -> AuditReport {
    audit(&audited(site), threads, &|_, _| {}).unwrap()
}

async fn a_sound_ledger_passes_and_its_figures_are_right(backend: Backend) {
    let site = site(backend).await;
    let entries = site.entries();
    let count = |kind: &str| kinds(&entries).get(kind).copied().unwrap_or(0) as u64;
    for threads in [1, 2, 5] {
        let report = run(&site, threads);
        assert_eq!(report.mismatch, None);
        let size = entries.len() as u64;
        assert_eq!((report.size, report.counts.entries), (size, size));
        assert_eq!(report.checkpoints, [("anchor".to_owned(), size)]);
        assert_eq!((report.counts.releases, report.counts.repeats), (count("release.granted"), 1));
        assert_eq!((report.counts.refusals, count("release.refused")), (3, 3));
        assert_eq!((report.counts.consents, report.counts.batches), (1, count("batch.committed")));
        assert_eq!(report.counts.tiles, size / 256);
        // Of the release, of the repeat, two of the grant, two of the revocation, three of each refusal.
        assert_eq!((report.counts.opened, report.counts.erased), (6 + 9, 0));
    }
    assert_eq!(audit(&Audited::of(site.exchange()), 2, &|_, _| {}).unwrap().mismatch, None);
    // Erasure is no tampering.
    sql::execute(&sql::ledger(&site), &["DELETE FROM entry_salt WHERE idx < 9000"]);
    let report = run(&site, 2);
    assert_eq!((report.mismatch, report.counts.erased), (None, 9_000));
}

/// Index of the only or first entry of a kind.
fn first(entries: &[Value], kind: &str) -> u64 {
    entries.iter().position(|entry| entry["kind"] == kind).unwrap() as u64
}

/// Each change, the entry it must be named at, and the words.
fn changes(entries: &[Value]) -> Vec<(String, Option<u64>, &'static str)> {
    let size = entries.len() as u64;
    let (granted, repeated, refused) = (
        first(entries, "release.granted"),
        first(entries, "release.repeated"),
        first(entries, "release.refused"),
    );
    let (consent, batch) = (first(entries, "consent.granted"), first(entries, "batch.committed"));
    let release = format!("id = '{}'", entries[granted as usize]["id"].as_str().unwrap());
    let denied = format!("id = '{}'", entries[refused as usize]["id"].as_str().unwrap());
    let set = |table: &str, change: &str, row: &str| format!("UPDATE {table} SET {change} WHERE {row}");
    vec![
        (set("ledger_entry", "kind = 'product.approved'", "idx = 5000"), Some(5_000), "kind column"),
        (set("ledger_entry", "object_id = 'another'", "idx = 5001"), Some(5_001), "object_id column"),
        (set("ledger_entry", "actor = 'bank-06'", "idx = 8000"), Some(8_000), "actor column"),
        ("DELETE FROM ledger_entry WHERE idx = 4500".into(), Some(4_500), "entry"),
        (format!("DELETE FROM ledger_entry WHERE idx = {}", size - 1), Some(size - 1), "entry"),
        (set("release", "jwt = 'e30.e30.x'", &release), Some(granted), "digest of the dossier's JWT"),
        (set("release", "bank = 'bank-02'", &release), Some(granted), "bank of the release"),
        (set("release", "outcome = 'revoked'", &release), Some(granted), "outcome of the release"),
        (set("release", "purpose = 'post_loan'", &release), Some(granted), "purpose"),
        (set("release", "read_at = read_at + 1", &release), Some(granted), "read_at of the release"),
        (set("release", "taxpayer_id = 'other'", &release), Some(granted), "subject opened by the salt"),
        (set("release", "outcome = 'expired'", &denied), Some(refused), "reason opened by the salt"),
        (set("release", "outcome = 'granted'", &denied), Some(refused), "code"),
        (set("release", "ask = '{}'", &denied), Some(refused), "ask opened by the salt"),
        (format!("DELETE FROM release WHERE {denied}"), Some(refused), "release"),
        (set("consent", "taxpayer_id = 'other'", "1 = 1"), Some(consent), "subject opened by the salt"),
        (set("consent", "bank = 'bank-02'", "1 = 1"), Some(consent), "bank opened by the salt"),
        (set("consent", "digest = 'sha-256:x'", "1 = 1"), Some(consent), "consent_digest"),
        (set("consent", "terms = '{}'", "1 = 1"), Some(consent), "digest of the consent's terms"),
        ("DELETE FROM consent".into(), Some(consent), "consent"),
        (format!("DELETE FROM batch_commit WHERE ledger_index = {batch}"), Some(batch), "batch_commit"),
        (set("batch_commit", "ledger_index = 8999", &format!("ledger_index = {batch}")), Some(batch), "batch_commit"),
        ("INSERT INTO batch_commit VALUES ('smuggled', 7000)".into(), None, "rows of batch_commit"),
        (
            format!(
                "INSERT INTO release SELECT 'unlogged', consent_id, bank, taxpayer_id, product_id, purpose, ask, outcome, \
                 jwt, read_at, window_from, window_to, sections, profile, personal_data, policy, salt_epoch, issued_at, \
                 bank_ref, certificate FROM release WHERE {release}"
            ),
            None,
            "rows of release",
        ),
        (
            "INSERT INTO ledger_entry SELECT -1, kind, object_id, actor, leaf, leaf_hash FROM ledger_entry WHERE idx = 0"
                .into(),
            None,
            "rows of ledger_entry",
        ),
        ("DELETE FROM ledger_tile WHERE level = 0 AND idx = 20".into(), Some(20 * 256 + 255), "tile 0/20"),
        ("INSERT INTO ledger_tile SELECT 3, 0, hashes, root FROM ledger_tile WHERE idx = 0".into(), None, "rows of ledger_tile"),
        (set("ledger_head", "last_batch_index = 2", "id = 1"), None, "newest delivery of the head"),
        (set("ledger_head", "at = '2020-01-01 00:00:00'", "id = 1"), None, "instant of the head"),
        (swap(6_000, 6_001), Some(6_001), "time order"),
        (swap_row(repeated, 4_000), Some(repeated.min(4_000)), "time order"),
    ]
}

/// Exchanges the contents of two entries whole, hashes and all.
fn swap(one: u64, other: u64) -> String {
    format!(
        "UPDATE ledger_entry SET kind = (SELECT kind FROM ledger_entry o WHERE o.idx = {one} + {other} - ledger_entry.idx), \
         object_id = (SELECT object_id FROM ledger_entry o WHERE o.idx = {one} + {other} - ledger_entry.idx), \
         actor = (SELECT actor FROM ledger_entry o WHERE o.idx = {one} + {other} - ledger_entry.idx), \
         leaf = (SELECT leaf FROM ledger_entry o WHERE o.idx = {one} + {other} - ledger_entry.idx), \
         leaf_hash = (SELECT leaf_hash FROM ledger_entry o WHERE o.idx = {one} + {other} - ledger_entry.idx) \
         WHERE idx IN ({one}, {other})"
    )
}

/// The same, far apart.
fn swap_row(one: u64, other: u64) -> String {
    swap(one, other)
}

async fn every_kind_of_tampering_is_named(backend: Backend) {
    let site = site(backend).await;
    let ledger = sql::ledger(&site);
    // What time does to consents is beside the ledger, and would keep their rows from being taken out.
    sql::execute(&ledger, &["DELETE FROM consent_clock"]);
    let entries = site.entries();
    for (statement, index, what) in changes(&entries) {
        let found = tampered(&site, &ledger, &[&statement]);
        if statement.contains(" o.idx = ") {
            // Which of the two is named first depends on what the earlier one is bound to.
            assert!(found.index.is_some_and(|found| found >= index.unwrap() - 1), "{found:?}");
            continue;
        }
        assert_eq!((found.index, found.what.as_str()), (index, what), "{statement}: {found:?}");
        assert_ne!(found.expected, found.found, "{statement}");
    }
    let size = entries.len() as u64;
    let last = format!("idx = {}", size - 1);
    let flips = [
        ("ledger_entry", "leaf", "idx = 8500", Some(8_500), "leaf hash"),
        ("ledger_entry", "leaf_hash", "idx = 8501", Some(8_501), "leaf hash"),
        ("ledger_entry", "leaf", last.as_str(), Some(size - 1), "leaf hash"),
        ("ledger_tile", "root", "level = 0 AND idx = 3", Some(1_023), "root of tile 0/3"),
        ("ledger_tile", "hashes", "level = 0 AND idx = 3", Some(768 + 128), "tile 0/3, hash 128"),
        ("ledger_head", "root", "id = 1", None, "root of the head"),
        ("ledger_head", "frontier", "id = 1", None, "right edge of the head"),
        (
            "entry_salt",
            "salt",
            "idx IN (SELECT idx FROM ledger_entry WHERE kind = 'release.granted')",
            Some(first(&entries, "release.granted")),
            "subject opened by the salt",
        ),
    ];
    for (table, column, row, index, what) in flips {
        sql::flip(&ledger, table, column, row);
        let found = run(&site, 2).mismatch.unwrap();
        assert_eq!((found.index, found.what.as_str()), (index, what), "{table}.{column} {row}: {found:?}");
        sql::flip(&ledger, table, column, row);
        assert_eq!(run(&site, 2).mismatch, None, "{table}.{column} {row} is as it was");
    }
    // The first is named, whatever comes after it.
    sql::flip(&ledger, "ledger_entry", "leaf", "idx = 8500");
    sql::flip(&ledger, "ledger_entry", "leaf", "idx = 300");
    sql::flip(&ledger, "ledger_tile", "root", "level = 0 AND idx = 3");
    for threads in [1, 2, 7] {
        assert_eq!(run(&site, threads).mismatch.unwrap().index, Some(300));
    }
    for (table, column, row) in [
        ("ledger_entry", "leaf", "idx = 8500"),
        ("ledger_entry", "leaf", "idx = 300"),
        ("ledger_tile", "root", "level = 0 AND idx = 3"),
    ] {
        sql::flip(&ledger, table, column, row);
    }
    assert_eq!(run(&site, 2).mismatch, None);
}

/// What the audit says with these statements in effect; they are undone afterwards.
fn tampered(site: &Site, ledger: &Db, statements: &[&str]) -> Mismatch {
    const TABLES: [&str; 7] =
        ["ledger_entry", "release", "consent", "batch_commit", "ledger_tile", "ledger_head", "entry_salt"];
    let keep: Vec<String> =
        TABLES.iter().map(|t| format!("CREATE TABLE kept_{t} AS SELECT * FROM {t}")).collect();
    sql::execute(ledger, &keep.iter().map(String::as_str).collect::<Vec<_>>());
    sql::execute(ledger, statements);
    let found = run(site, 2).mismatch;
    let back: Vec<String> = TABLES
        .iter()
        .flat_map(|t| {
            [
                format!("DELETE FROM {t}"),
                format!("INSERT INTO {t} SELECT * FROM kept_{t}"),
                format!("DROP TABLE kept_{t}"),
            ]
        })
        .collect();
    sql::execute(ledger, &back.iter().map(String::as_str).collect::<Vec<_>>());
    found.unwrap_or_else(|| panic!("not noticed: {statements:?}"))
}

async fn an_audit_runs_beside_a_gateway(backend: Backend) {
    let site = site(backend).await;
    let audited = audited(&site);
    let threads = std::thread::spawn(move || {
        (0..4).map(|_| audit(&audited, 2, &|_, _| {}).unwrap()).collect::<Vec<AuditReport>>()
    });
    for _ in 0..20 {
        append(&site, 40).await;
    }
    for report in threads.join().unwrap() {
        assert_eq!(report.mismatch, None);
    }
}

async fn the_command_names_the_mismatch_and_says_no(backend: Backend) {
    let mut site = site(backend).await;
    site.stop();
    let config = site.dir().join("shuidaiyi.toml");
    let command = |json: bool| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shuidaiyi"));
        command.env_remove("SHUIDAIYI_DATABASE_URL").args(["ledger", "audit", "--threads", "2", "--config"]);
        command.arg(&config).args(json.then_some("--json"));
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = command(false);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("Everything follows"), "{text}");
    let ledger = sql::ledger(&site);
    sql::flip(&ledger, "ledger_entry", "leaf", "idx = 77");
    let (code, text) = command(false);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("entry 77: leaf hash"), "{text}");
    let (code, text) = command(true);
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &report["mismatch"]["index"]), (Some(1), &77.into()), "{text}");
    sql::flip(&ledger, "ledger_entry", "leaf", "idx = 77");
    // The anchor is part of it: cut off, changed, or ahead of the database.
    let anchor = &site.config.ledger.anchor;
    let whole = std::fs::read(anchor).unwrap();
    std::fs::write(anchor, vec![0; whole.len()]).unwrap();
    let (code, text) = command(false);
    assert!(code == Some(1) && text.contains("anchor"), "{text}");
    std::fs::remove_file(anchor).unwrap();
    let (code, text) = command(false);
    assert!(code == Some(1) && text.contains("anchor"), "{text}");
    std::fs::write(anchor, whole).unwrap();
    assert_eq!(command(false).0, Some(0));
}

async fn a_checkpoint_that_was_kept_binds_the_ledger(backend: Backend) {
    let site = site(backend).await;
    let keys = &site.exchange().keys;
    let file = site.dir().join("kept.checkpoint");
    let sound = shuidaiyi::service::log::proof(site.exchange(), 0, Some(4_097)).await.unwrap().checkpoint;
    for (note, what) in [
        (sound.clone(), None),
        (
            keys.sign_checkpoint(4_097, shuidaiyi::ledger::empty_root()).unwrap(),
            Some("root of the first 4097 entries"),
        ),
        (
            keys.sign_checkpoint(99_999, shuidaiyi::ledger::empty_root()).unwrap(),
            Some("entries that were signed"),
        ),
        (sound.replace("4097", "4098"), Some("checkpoint")),
    ] {
        std::fs::write(&file, note).unwrap();
        let mut audited = audited(&site);
        audited.bind_file(&file, keys).unwrap();
        let report = audit(&audited, 2, &|_, _| {}).unwrap();
        match what {
            None => {
                assert_eq!(report.mismatch, None);
                assert_eq!(report.checkpoints.len(), 2);
            }
            Some(what) => assert!(report.mismatch.unwrap().what.contains(what), "{what}"),
        }
    }
}
