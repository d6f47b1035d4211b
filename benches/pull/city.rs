//! What the benchmark knows of the synthetic city: who lives there, and the product and consents it is given.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use chrono::{DateTime, Days, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::Result;

/// The bank that pulls.
pub const BANK: &str = "bank-01";
/// Its product.
pub const PRODUCT: &str = "benchmark";
/// Every section that there is data for, and as many months as the city has.
const SECTIONS: [&str; 3] = ["registration", "rating", "filings"];
const WINDOW_MONTHS: u32 = 36;

/// The taxpayer ids in the city's registration files.
pub fn taxpayers(city: &Path) -> Result<BTreeSet<String>> {
    let manifest: Value = serde_json::from_slice(&fs::read(city.join("manifest.json"))?)?;
    let mut found = BTreeSet::new();
    for file in
        manifest["files"].as_array().into_iter().flatten().filter(|file| file["form"] == "registration")
    {
        let name = file["file"].as_str().ok_or("manifest.json: a file without a name")?;
        let text = fs::read(city.join(name))?;
        if text.first() == Some(&b'{') {
            read_ndjson(&text, &mut found)?;
        } else {
            read_csv(&text, &mut found)?;
        }
    }
    if found.is_empty() {
        return Err("the city has no registration rows".into());
    }
    Ok(found)
}

/// Body of `PUT /v1/products/{id}`.
pub fn product() -> Value {
    json!({
        "name": "基准测试信用贷",
        "amount_max_fen": 300_000_000,
        "rate_pct": "4.05",
        "term_months_max": 12,
        "drawdown": "revolving",
        "repayment": "interest_monthly_bullet",
        "security": "credit",
        "sections": SECTIONS,
        "window_months": WINDOW_MONTHS,
    })
}

/// Body of `POST /v1/products/{id}/approval`: everything the bank asked for.
pub fn approval() -> Value {
    json!({ "profile": { "sections": SECTIONS, "window_months": WINDOW_MONTHS } })
}

/// Body of `POST /v1/consents`: open for longer than any benchmark runs, and for more pulls.
pub fn consent(taxpayer: &str, now: DateTime<Utc>) -> Value {
    let instant = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Micros, true);
    let earlier = now - TimeDelta::minutes(5);
    json!({
        "taxpayer_id": taxpayer,
        "bank": BANK,
        "product_id": PRODUCT,
        "purpose": ["pre_loan"],
        "sections": SECTIONS,
        "window": { "months": WINDOW_MONTHS },
        "valid_from": instant(earlier),
        "valid_to": instant(now + Days::new(30)),
        "pulls_max": 4_000_000_000_u32,
        "personal_data": false,
        "share_outcome_with": [],
        "retain_until": (now + Days::new(365)).date_naive(),
        "text": { "version": "benchmark-1", "digest": "sha-256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU" },
        "grantor": {
            "role": "legal_representative",
            "method": "etax_face",
            "assurance": "reliable",
            "authenticated_at": instant(earlier),
        },
    })
}

fn read_ndjson(text: &[u8], found: &mut BTreeSet<String>) -> Result<()> {
    for row in serde_json::Deserializer::from_slice(text).into_iter::<Value>() {
        found
            .insert(row?["taxpayer_id"].as_str().ok_or("a registration row without taxpayer_id")?.to_owned());
    }
    Ok(())
}

fn read_csv(text: &[u8], found: &mut BTreeSet<String>) -> Result<()> {
    let mut reader = csv::Reader::from_reader(text);
    let column = reader.byte_headers()?.iter().position(|name| name == b"taxpayer_id");
    let column = column.ok_or("registration rows without a column taxpayer_id")?;
    for row in reader.byte_records() {
        let id = row?.get(column).ok_or("a registration row is too short")?.to_vec();
        found.insert(String::from_utf8(id)?);
    }
    Ok(())
}
