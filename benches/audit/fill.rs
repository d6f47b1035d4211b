//! Fills a ledger: releases with their rows, JWTs and salts, or entries that speak of no other row.

use std::path::Path;
use std::sync::Arc;

use rusqlite::params;
use serde_json::json;
use shuidaiyi::clock::SystemClock;
use shuidaiyi::config::Config;
use shuidaiyi::ledger::EntryKind;
use shuidaiyi::seal::digest::{base64url, prefixed_digest, sha256};
use shuidaiyi::service::start::open;
use shuidaiyi::store::ledger::{Draft, Field};

use crate::Result;

/// Entries in one unit of the writer.
const ENTRIES_A_UNIT: u64 = 5_000;
/// Parts of a JWT's middle: with them it has the length of one that lists nine sections.
const JWT_PARTS: u64 = 20;
const CONSENT: &str = "01a208aa-0000-7000-8000-000000000001";
const TAXPAYER: &str = "91440300MA5EXAMPLE";

/// Appends that many entries through the exchange's own writer.
pub fn fill(site: &Path, count: u64, releases: bool) -> Result<()> {
    let config = Config::load(&site.join("shuidaiyi.toml"))?;
    let exchange = open(&config.places()?, Arc::new(SystemClock))?;
    let mut rows = rusqlite::Connection::open(&config.database.ledger)?;
    // The product that the consent would belong to is left out.
    rows.pragma_update(None, "foreign_keys", false)?;
    rows.busy_timeout(std::time::Duration::from_secs(10))?;
    let terms = "{}";
    let digest = prefixed_digest(terms.as_bytes());
    if releases {
        rows.execute(
            "INSERT INTO consent VALUES (?, ?, 'bank-01', 'p', ?, ?, 'granted', 1, 0, '2026-01-01 00:00:00', '2026-01-01 00:00:00', NULL, 0)",
            params![CONSENT, TAXPAYER, terms, digest],
        )?;
        append(&exchange, vec![consent(&digest)])?;
    }
    let mut at = 0;
    while at < count {
        let to = count.min(at + ENTRIES_A_UNIT);
        let drafts = match releases {
            true => insert(&mut rows, at, to, &digest)?,
            false => (at..to).map(bare).collect(),
        };
        append(&exchange, drafts)?;
        at = to;
    }
    Ok(())
}

fn append(exchange: &shuidaiyi::service::Exchange, drafts: Vec<Draft>) -> Result<()> {
    exchange.writer.unit_blocking(move |_c, _now| Ok(Ok(((), drafts))))?;
    Ok(())
}

/// Rows of the releases `from..to`, and the entries that go with them.
fn insert(rows: &mut rusqlite::Connection, from: u64, to: u64, consent_digest: &str) -> Result<Vec<Draft>> {
    let transaction = rows.transaction()?;
    let mut drafts = Vec::new();
    {
        let mut insert = transaction.prepare_cached(
            "INSERT INTO release VALUES (?, ?, 'bank-01', ?, 'p', 'pre_loan', ?, 'granted', ?, 7, '2024-01-01', '2026-01-31', \
             'filings rating registration', '{}', 0, 'consent-rules/1', 1, '2026-01-01 00:00:00', NULL, 'c')",
        )?;
        for number in from..to {
            let id = format!("01a208ab-0000-7000-8000-{number:012x}");
            let jwt = jwt(number);
            let ask = json!({"consent_id": CONSENT, "purpose": "pre_loan"}).to_string();
            insert.execute(params![id, CONSENT, TAXPAYER, ask, jwt])?;
            drafts.push(granted(id, &jwt, consent_digest));
        }
    }
    transaction.commit()?;
    Ok(drafts)
}

fn jwt(number: u64) -> String {
    let part = |part: u64| base64url(&sha256(format!("{number} {part}").as_bytes()));
    let middle: String = (0..JWT_PARTS).map(part).collect();
    format!("eyJhbGciOiJFUzI1NiJ9.{middle}.{}{}", part(JWT_PARTS), part(JWT_PARTS + 1))
}

fn draft(kind: EntryKind, object_id: String, fields: Vec<(&'static str, Field)>) -> Draft {
    Draft { kind, object_id, actor: "bank-01".into(), by: "system".into(), fields }
}

fn granted(id: String, jwt: &str, consent_digest: &str) -> Draft {
    let fields = vec![
        ("subject", Field::Sealed(TAXPAYER.into())),
        ("consent_digest", Field::Plain(consent_digest.into())),
        ("dossier_digest", Field::Plain(prefixed_digest(jwt.as_bytes()).into())),
        ("purpose", Field::Plain("pre_loan".into())),
        ("read_at", Field::Plain(7.into())),
    ];
    draft(EntryKind::ReleaseGranted, id, fields)
}

fn consent(digest: &str) -> Draft {
    let fields = vec![
        ("subject", Field::Sealed(TAXPAYER.into())),
        ("bank", Field::Sealed("bank-01".into())),
        ("consent_digest", Field::Plain(digest.into())),
    ];
    draft(EntryKind::ConsentGranted, CONSENT.into(), fields)
}

fn bare(number: u64) -> Draft {
    let digest = prefixed_digest(format!("{number}").as_bytes());
    draft(
        EntryKind::ProductSubmitted,
        format!("product-{number}"),
        vec![("digest", Field::Plain(digest.into()))],
    )
}
