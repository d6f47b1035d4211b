//! Cuts a record down to what may leave, and makes what stands in for what may not.
//!
//! In this order: what never leaves goes without a word; what names a person stays back without that person's
//! consent; what the product's profile does not open stays back; each field kept back is named under `withheld`.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::dossier::EncodedRecord;
use super::id_digest::IdDigest;
use super::record::NotCanonical;
use super::section::Section;
use super::sections::employment::INSURED_SHOWN_FROM;

/// Members that say what a record is: they are open wherever its section is.
const ALWAYS_OPEN: [&str; 3] = ["record", "form", "period"];

/// What may leave of a section's records, and to whom.
pub struct Narrowing<'a> {
    /// Whether the person concerned consented separately.
    pub personal_data: bool,
    /// The fields that the product's profile opens, as paths; all of them if `None`.
    pub opened: Option<&'a BTreeSet<String>>,
    /// Digest of the legal representative's identity number that the bank submitted, if it did.
    pub legal_rep_digest: Option<IdDigest>,
    /// The name under which this bank, and no other, knows a counterparty.
    pub pseudonym: &'a dyn Fn(&str) -> String,
}

/// The record as it leaves; `None` if it leaves as it is stored.
pub fn narrowed(
    section: Section,
    record: &EncodedRecord,
    narrowing: &Narrowing<'_>,
) -> Result<Option<Map<String, Value>>, NotCanonical> {
    let personal: &[&str] = if narrowing.personal_data { &[] } else { section.personal_fields() };
    let as_stored = record.marks.is_none()
        && record.checks.is_none()
        && personal.is_empty()
        && section.never_fields().is_empty()
        && narrowing.opened.is_none()
        && section != Section::Employment;
    if as_stored {
        return Ok(None);
    }
    let mut body: Map<String, Value> = serde_json::from_str(&record.body)?;
    let mut withheld = BTreeSet::new();
    stand_in(section, &mut body, narrowing);
    for field in section.never_fields() {
        body.remove(*field);
    }
    for field in personal {
        if body.remove(*field).is_some() {
            withheld.insert((*field).to_owned());
        }
    }
    // How the rules went, and a mark's figures even more, would tell of the persons what the fields no longer do.
    let is_suppressed = section == Section::Employment && is_too_small(&body);
    if is_suppressed {
        keep_open(&mut body, "", &BTreeSet::new(), &mut withheld);
    }
    let before = withheld.len();
    if let Some(opened) = narrowing.opened {
        keep_open(&mut body, "", opened, &mut withheld);
    }
    if let Some(checks) = record.checks.as_ref().filter(|_| !is_suppressed) {
        body.insert("checks".into(), serde_json::from_str(checks)?);
    }
    if let Some(marks) = record.marks.as_ref().filter(|_| !is_suppressed) {
        // A mark repeats figures, and computes from others: beside fields that were cut it would tell them.
        if withheld.len() == before {
            body.insert("marks".into(), serde_json::from_str(marks)?);
        } else {
            withheld.insert("marks".to_owned());
        }
    }
    if !withheld.is_empty() {
        body.insert("withheld".into(), withheld.into_iter().map(Value::from).collect());
    }
    Ok(Some(body))
}

/// Puts in the place of what never leaves what may be said instead.
fn stand_in(section: Section, body: &mut Map<String, Value>, narrowing: &Narrowing<'_>) {
    match section {
        Section::Registration => {
            let is_registration = body.get("record").is_none_or(|record| record == "registration");
            if let Some(submitted) = narrowing.legal_rep_digest.filter(|_| is_registration) {
                let matches = match body.get("legal_rep_id_digest").and_then(Value::as_str) {
                    Some(known) if known == String::from(submitted) => "yes",
                    Some(_other) => "no",
                    None => "unknown",
                };
                body.insert("legal_rep_match".into(), matches.into());
            }
        }
        Section::Invoices => {
            if let Some(counterparty) = body.get("counterparty").and_then(Value::as_str) {
                let pseudonym = (narrowing.pseudonym)(counterparty);
                body.insert("pseudonym".into(), pseudonym.into());
            }
        }
        Section::Rating
        | Section::Filings
        | Section::Payments
        | Section::Arrears
        | Section::Violations
        | Section::Inspections
        | Section::Statements
        | Section::Employment => {}
    }
}

/// Whether a month of so few insured persons would tell of each; also where their number is not stated.
fn is_too_small(body: &Map<String, Value>) -> bool {
    body.get("insured").and_then(Value::as_i64).is_none_or(|insured| insured < INSURED_SHOWN_FROM)
}

/// Removes what no opened path leads to, and names each part that goes by the path of its top.
fn keep_open(
    object: &mut Map<String, Value>,
    under: &str,
    opened: &BTreeSet<String>,
    withheld: &mut BTreeSet<String>,
) {
    object.retain(|name, value| {
        let path = if under.is_empty() { name.clone() } else { format!("{under}.{name}") };
        if (under.is_empty() && ALWAYS_OPEN.contains(&name.as_str())) || opened.contains(&path) {
            return true;
        }
        let leads_on =
            opened.iter().any(|open| open.strip_prefix(&path).is_some_and(|rest| rest.starts_with('.')));
        match value {
            Value::Object(inner) if leads_on => {
                keep_open(inner, &path, opened, withheld);
                true
            }
            _ => {
                withheld.insert(path);
                false
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ONE: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    const OTHER: &str = "BAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

    fn record(body: Value) -> EncodedRecord {
        EncodedRecord { body: body.to_string(), marks: None, checks: None }
    }

    fn narrow(
        section: Section,
        record: &EncodedRecord,
        opened: Option<&[&str]>,
        digest: Option<&str>,
    ) -> Value {
        let opened: Option<BTreeSet<String>> =
            opened.map(|paths| paths.iter().map(|path| (*path).to_owned()).collect());
        let narrowing = Narrowing {
            personal_data: true,
            opened: opened.as_ref(),
            legal_rep_digest: digest.map(|text| IdDigest::parse(text).unwrap()),
            pseudonym: &|id| format!("alias of {} characters", id.len()),
        };
        narrowed(section, record, &narrowing).unwrap().map_or_else(|| json!("as stored"), Value::Object)
    }

    #[test]
    fn a_profile_opens_paths_and_names_what_it_cuts_by_the_top() {
        let filing = record(json!({
            "form": "vat_small", "period": {"from": "2026-01-01"}, "tax_kind": "10101",
            "figures": {"period": {"a_fen": 1, "b_fen": 2}, "ytd": {"a_fen": 3}},
        }));
        assert_eq!(
            narrow(Section::Filings, &filing, Some(&["tax_kind", "figures.period.a_fen"]), None),
            json!({
                "form": "vat_small", "period": {"from": "2026-01-01"}, "tax_kind": "10101",
                "figures": {"period": {"a_fen": 1}}, "withheld": ["figures.period.b_fen", "figures.ytd"],
            })
        );
        assert_eq!(
            narrow(Section::Filings, &filing, Some(&["figures", "tax_kind"]), None).get("withheld"),
            None
        );
        assert_eq!(narrow(Section::Filings, &filing, None, None), "as stored");
    }

    #[test]
    fn marks_do_not_tell_what_was_cut() {
        let mut filing = record(json!({"form": "vat_small", "figures": {"a_fen": 1, "b_fen": 2}}));
        filing.marks = Some(json!([{"rule": "r", "field": "figures.a_fen", "computed_fen": 2}]).to_string());
        filing.checks = Some(json!({"passed": 0, "failed": 1, "skipped": 0}).to_string());
        assert_eq!(
            narrow(Section::Filings, &filing, Some(&["figures.a_fen"]), None),
            json!({
                "form": "vat_small", "figures": {"a_fen": 1}, "checks": {"passed": 0, "failed": 1, "skipped": 0},
                "withheld": ["figures.b_fen", "marks"],
            })
        );
        assert!(narrow(Section::Filings, &filing, None, None).get("marks").is_some());
    }

    #[test]
    fn what_never_leaves_goes_without_a_word_and_something_else_stands_in() {
        let registration =
            record(json!({"record": "registration", "legal_rep_id_digest": ONE, "name": "甲"}));
        let opened = ["legal_rep_id_digest", "name", "legal_rep_match"];
        for (digest, answer) in [(Some(ONE), json!("yes")), (Some(OTHER), json!("no")), (None, Value::Null)] {
            for opened in [None, Some(&opened[..])] {
                let left = narrow(Section::Registration, &registration, opened, digest);
                assert_eq!(left["legal_rep_match"], answer);
                assert_eq!((left.get("legal_rep_id_digest"), left.get("withheld")), (None, None));
            }
        }
        let unknown = record(json!({"record": "registration", "legal_rep_id_digest": null}));
        assert_eq!(narrow(Section::Registration, &unknown, None, Some(ONE))["legal_rep_match"], "unknown");
        let change = record(json!({"record": "change", "item": "name"}));
        assert_eq!(narrow(Section::Registration, &change, None, Some(ONE)).get("legal_rep_match"), None);

        let invoice = record(json!({"record": "counterparty", "counterparty": "9144", "rank": 1}));
        let left = narrow(Section::Invoices, &invoice, Some(&["counterparty", "rank", "pseudonym"]), None);
        assert_eq!(left, json!({"record": "counterparty", "rank": 1, "pseudonym": "alias of 4 characters"}));
    }

    #[test]
    fn few_insured_persons_are_not_told_of() {
        let month = |insured: Value| {
            record(json!({"period": {"from": "2026-01-01"}, "insured": insured, "wages_fen": 9}))
        };
        let cut = json!({"period": {"from": "2026-01-01"}, "withheld": ["insured", "wages_fen"]});
        assert_eq!(narrow(Section::Employment, &month(json!(4)), None, None), cut);
        assert_eq!(narrow(Section::Employment, &month(Value::Null), None, None), cut);
        assert_eq!(narrow(Section::Employment, &month(json!(5)), None, None)["wages_fen"], 9);
        let mut failed = month(json!(4));
        failed.marks = Some(
            json!([{"rule": "employment.arrears", "field": "arrears_fen", "computed_fen": 7}]).to_string(),
        );
        failed.checks = Some(json!({"passed": 0, "failed": 1, "skipped": 0}).to_string());
        assert_eq!(narrow(Section::Employment, &failed, None, None), cut, "a mark would tell a figure");
    }
}
