//! Whatever is wrong with a consent, the databases are asked the same: what a refusal costs tells nothing.
//!
//! A binary of its own, since diesel's default instrumentation belongs to the whole process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::as_conversions, missing_docs)]
#![allow(dead_code, unused_imports, unused_macros)]

#[path = "it/support/mod.rs"]
mod support;

use std::sync::{Mutex, MutexGuard, PoisonError};

use diesel::connection::{InstrumentationEvent, set_default_instrumentation};
use reqwest::Method;
use serde_json::json;
use support::reasons::{Reason, every_reason};
use support::{Backend, Site};

static STATEMENTS: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// One test at a time: they share the list above.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn refusals_run_the_same_statements_on_sqlite() {
    compare(Backend::Sqlite);
}

#[test]
fn refusals_run_the_same_statements_on_postgres() {
    compare(Backend::Postgres);
}

fn compare(backend: Backend) {
    let _alone = locked(&ONE_AT_A_TIME);
    set_default_instrumentation(|| Some(Box::new(note))).unwrap();
    support::site::run(backend, |backend| async move {
        let site = Site::start(backend);
        let mut reasons = every_reason(&site).await;
        // Also a request for a section outside the consent, which has another answer but no other work.
        let taxpayer = site.load_city(12)[0].taxpayer_id.to_string();
        let narrow = site.consent("bank-01", &taxpayer, |c| c["sections"] = json!(["rating"])).await;
        let ask = json!({"consent_id": narrow["id"], "purpose": "pre_loan", "sections": ["filings"]});
        reasons.push(Reason { name: "section_not_consented", ask });
        let client = site.client("bank-01");
        let url = format!("{}/v1/dossiers", site.url());
        let mut lists: Vec<(&str, Vec<String>)> = Vec::new();
        // The first round warms pools and caches; the second is compared.
        for round in 0..2 {
            for reason in &reasons {
                // What follows the ledger may run meanwhile: then it is asked once more.
                let statements = loop {
                    locked(&STATEMENTS).clear();
                    let response = client.request(Method::POST, &url).json(&reason.ask).send().await.unwrap();
                    assert_eq!(response.status(), 403, "{}", reason.name);
                    let statements = std::mem::take(&mut *locked(&STATEMENTS));
                    if !statements.iter().any(|statement| is_of_a_follower(statement)) {
                        break statements;
                    }
                };
                if round == 1 {
                    lists.push((reason.name, statements));
                }
            }
        }
        let (_, first) = &lists[0];
        assert!(first.len() >= 8, "the instrumentation sees nothing: {first:#?}");
        for table in
            ["consent", "product", "quota_use", "release", "ledger_head", "ledger_entry", "entry_salt"]
        {
            assert!(first.iter().any(|statement| statement.contains(table)), "{table}: {first:#?}");
        }
        for untouched in ["record", "disclosure", "touch"] {
            let quoted = [format!("\"{untouched}\""), format!("`{untouched}`")];
            assert!(
                !first.iter().any(|statement| quoted.iter().any(|name| statement.contains(name))),
                "a refusal reads no tax data: {first:#?}"
            );
        }
        for (name, statements) in &lists {
            assert_eq!(statements, first, "{name} can be told apart by its work");
        }
    });
}

/// Notes the text of a statement without its values.
fn note(event: InstrumentationEvent<'_>) {
    let text = match event {
        InstrumentationEvent::StartQuery { query, .. } => query.to_string(),
        InstrumentationEvent::BeginTransaction { .. } => "BEGIN".to_owned(),
        InstrumentationEvent::CommitTransaction { .. } => "COMMIT".to_owned(),
        InstrumentationEvent::RollbackTransaction { .. } => "ROLLBACK".to_owned(),
        _no_statement => return,
    };
    let statement = text.split(" -- binds").next().unwrap_or_default().to_owned();
    if !is_background(&statement) {
        locked(&STATEMENTS).push(statement);
    }
}

/// What follows the ledger, the index for auditors and the sentinels, reads and writes besides; a run ends with it.
fn is_of_a_follower(statement: &str) -> bool {
    ["entry_fact", "sentinel", "cosigned"].iter().any(|table| statement.contains(table))
}

/// What the gateway does by itself: it reads the member directory, forgets old keys, and sets up connections.
fn is_background(statement: &str) -> bool {
    let tables = ["\"member\"", "`member`", "\"member_certificate\"", "`member_certificate`"];
    tables.iter().any(|table| statement.contains(table))
        || statement.starts_with("PRAGMA")
        || statement.starts_with("SET ")
}
