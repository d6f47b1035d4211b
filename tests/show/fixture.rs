//! Dossiers made up for these tests: unsigned, every figure invented, each way a section can be.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::sections;

/// A name that would do harm where it is not escaped: markup, quotes, an escape sequence, a direction override.
pub const HOSTILE_NAME: &str = "深圳市<b onclick=\"alert(1)\">澹稔</b>&'科技'\u{1b}[31m\u{202e}有限公司</title><script>alert(2)</script>";

/// A dossier of a general taxpayer with all ten sections: present, one stale, one empty.
pub fn full() -> Value {
    answer(&[
        ("registration", section("present", None, sections::registration(HOSTILE_NAME))),
        ("rating", section("present", None, sections::rating())),
        ("filings", section("stale", Some("source_overdue"), sections::filings())),
        ("payments", section("present", None, sections::payments())),
        ("arrears", section("present", None, sections::arrears())),
        ("violations", section("present", None, sections::violations())),
        ("inspections", section("present", None, sections::inspections())),
        ("statements", section("present", None, sections::statements())),
        ("invoices", section("present", None, sections::invoices())),
        ("employment", section("present", None, sections::employment())),
    ])
}

/// The same firm with nothing against it and English-free names, for the eye.
pub fn pleasant() -> Value {
    let mut sections = sections_of(&full());
    for (name, object) in &mut sections {
        if name == "registration" {
            *object = section("present", None, sections::registration("深圳市澹稔阙电子有限公司"));
        }
    }
    answer(&sections.iter().map(|(name, object)| (name.as_str(), object.clone())).collect::<Vec<_>>())
}

/// A dossier in which almost nothing may be seen: withheld, not collected, empty, suppressed, one section left out.
pub fn sparse() -> Value {
    let mut registration = sections::registration("样例合伙企业").remove(0);
    for field in ["legal_rep_name", "reg_address", "scope"] {
        registration[field] = Value::Null;
        registration.as_object_mut().unwrap().remove(field);
    }
    registration["withheld"] = json!(["legal_rep_name", "reg_address", "scope"]);
    let suppressed = json!({"period": month(2026, 9), "withheld": ["arrears_fen", "due_fen", "insured", "paid_fen", "wages_fen"]});
    answer(&[
        ("registration", section("present", None, vec![registration])),
        ("rating", section("empty", Some("no_record_in_window"), vec![])),
        ("filings", section("not_collected", Some("no_batch_covers_window"), vec![])),
        ("payments", section("withheld", Some("cut_by_profile"), vec![])),
        ("arrears", section("empty", Some("no_record_in_window"), vec![])),
        ("violations", section("withheld", Some("personal_consent_missing"), vec![])),
        ("statements", section("not_collected", Some("no_batch_covers_window"), vec![])),
        ("employment", section("present", None, vec![suppressed])),
    ])
}

/// What a newer exchange might send: unknown sections, members, forms, codes, statuses, claims, types.
pub fn newer() -> Value {
    let mut registration = sections::registration("来自将来的公司").remove(0);
    registration["shade"] = json!({"deep": true});
    registration["status"] = json!("42");
    registration["employees"] = json!("twelve");
    let filing = json!({"form": "carbon_tax", "tax_kind": "10999", "period": "2030", "filed_on": 5, "figures": {"tons": 3}});
    let mut rating =
        section("dreamt", Some("a_new_reason"), vec![json!({"level": "Z", "year": "n/a"}), json!(7)]);
    rating["weather"] = json!("fine");
    answer(&[
        ("registration", section("present", None, vec![registration])),
        ("rating", rating),
        ("filings", section("present", None, vec![filing])),
        ("payments", json!({"status": 1, "records": {}})),
        (
            "climate <i>",
            section("present", None, vec![json!({"tons": 3, "note": "<script>alert(3)</script>"})]),
        ),
    ])
}

/// A quarter's filer on the small-scale form whose window has a gap.
pub fn quarterly() -> Value {
    answer(&[
        ("registration", section("present", None, sections::registration("样例小规模商行"))),
        ("filings", section("present", None, sections::small_filings())),
    ])
}

/// The sections of an answer, decoded again.
pub fn sections_of(answer: &Value) -> Vec<(String, Value)> {
    let dossier = answer["dossier"].as_str().unwrap();
    dossier
        .split('~')
        .skip(1)
        .filter(|part| !part.is_empty())
        .map(|part| {
            let array: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
            (array[1].as_str().unwrap().to_owned(), array[2].clone())
        })
        .collect()
}

/// A calendar month as a period.
pub fn month(year: i32, month: u32) -> Value {
    let from = chrono::NaiveDate::from_ymd_opt(year, month, 1).unwrap();
    let to = from.checked_add_months(chrono::Months::new(1)).unwrap().pred_opt().unwrap();
    json!({"from": from, "to": to, "freq": "month"})
}

/// A section object.
pub fn section(status: &str, reason: Option<&str>, records: Vec<Value>) -> Value {
    let is_there = matches!(status, "present" | "stale" | "empty");
    let mut object = json!({
        "status": status,
        "as_of": if is_there { json!("2026-11-19") } else { Value::Null },
        "stale_after": if is_there { json!("2027-01-03") } else { Value::Null },
        "source": if records.is_empty() { Value::Null } else { json!("registration vat_general") },
        "encoder": "sample/1",
        "records": records,
    });
    if let Some(reason) = reason {
        object["reason"] = json!(reason);
    }
    object
}

/// A whole answer, unsigned, with these sections.
pub fn answer(sections: &[(&str, Value)]) -> Value {
    let disclosures: Vec<String> = sections
        .iter()
        .map(|(name, object)| {
            URL_SAFE_NO_PAD.encode(json!([URL_SAFE_NO_PAD.encode([7; 16]), name, object]).to_string())
        })
        .collect();
    let digests: Vec<&String> = disclosures.iter().collect();
    let claims = json!({
        "v": 1, "iss": "https://exchange.example", "aud": "bank-01", "sub": "91440305MA1000009U",
        "jti": "01a208ab-462a-71a7-81c8-310bbf25633c", "iat": 1_795_441_772, "purpose": "pre_loan",
        "consent": {"id": "01a208ab-45c1-7671-9826-169c7c079705",
                    "digest": "sha-256:WETC-wcnI-Ev4aBAJgfWRB-xZOACHG7akYrIY9-Ba6E", "policy": "consent-rules/1"},
        "product": "credit-1", "read_at": 29, "window": {"from": "2023-11-01", "to": "2026-11-30"},
        "_sd": digests, "_sd_alg": "sha-256",
    });
    let jwt = format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode("{}"), URL_SAFE_NO_PAD.encode(claims.to_string()));
    let dossier = format!("{jwt}~{}~", disclosures.join("~"));
    json!({"release_id": claims["jti"], "dossier": dossier, "bank_ref": "2026-SME-000123"})
}
