//! What a dossier's disclosures must be: listed in the JWT, well formed, and saying truthfully
//! whether there was anything to disclose.
//!
//! RFC 9901 section 7.1, steps 3 and 4, narrowed to one level: sections only. The statuses are
//! architecture promise 5, "missing is never zero".

use serde_json::{Map, Value};

use super::digest::base64url_decode;
use super::sd_jwt::disclosure_digest;
use super::strict_json;
use crate::domain::section::SectionStatus;

/// The sections a dossier may have, in the order of the protocol.
pub const SECTIONS: [&str; 10] = [
    "registration",
    "rating",
    "filings",
    "payments",
    "arrears",
    "violations",
    "inspections",
    "statements",
    "invoices",
    "employment",
];

/// Members that every section object has; a missing figure is null, never left out.
const SECTION_MEMBERS: [&str; 6] = ["status", "as_of", "stale_after", "source", "encoder", "records"];

/// RFC 9901 section 9.3 asks for a salt of at least 128 bits.
const SALT_BYTES_MIN: usize = 16;

/// A section as a dossier discloses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisclosedSection {
    /// Its name.
    pub name: String,
    /// What it says about itself.
    pub status: SectionStatus,
    /// Why, if it says so.
    pub reason: Option<String>,
    /// How many records it has.
    pub records: usize,
    /// The section object.
    pub object: Map<String, Value>,
}

/// Whether every disclosure is listed in `_sd`, and none is there twice. The error names the first
/// that is not, by position and by the section it calls itself.
pub fn check_listed(disclosures: &[&str], listed: &[String]) -> Result<String, String> {
    for (index, encoded) in disclosures.iter().enumerate() {
        let digest = disclosure_digest(encoded);
        if !listed.contains(&digest) {
            return Err(format!("{}: its digest {digest} is not in _sd", place(index, encoded)));
        }
        if disclosures[..index].contains(encoded) {
            return Err(format!("{}: it is there twice", place(index, encoded)));
        }
    }
    Ok(format!("{} of {} listed disclosures are here", disclosures.len(), listed.len()))
}

/// The sections behind the disclosures, once each is of the right shape and consistent. The error
/// names the first that is not.
pub fn read_sections(disclosures: &[&str]) -> Result<Vec<DisclosedSection>, String> {
    let mut sections: Vec<DisclosedSection> = Vec::with_capacity(disclosures.len());
    for (index, encoded) in disclosures.iter().enumerate() {
        let section = read_section(encoded).map_err(|wrong| format!("{}: {wrong}", place(index, encoded)))?;
        if sections.iter().any(|earlier| earlier.name == section.name) {
            return Err(format!("{}: the section is there twice", place(index, encoded)));
        }
        sections.push(section);
    }
    Ok(sections)
}

fn status_of(name: &str) -> Option<SectionStatus> {
    serde_json::from_value(Value::from(name)).ok()
}

fn place(index: usize, encoded: &str) -> String {
    let name =
        read_array(encoded).ok().and_then(|parts| parts.get(1).and_then(Value::as_str).map(str::to_owned));
    match name.filter(|name| SECTIONS.contains(&name.as_str())) {
        Some(name) => format!("disclosure {} ({name})", index + 1),
        None => format!("disclosure {} (no readable section name)", index + 1),
    }
}

fn read_array(encoded: &str) -> Result<Vec<Value>, String> {
    let bytes = base64url_decode(encoded).map_err(|wrong| wrong.to_string())?;
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    match strict_json::parse(&text).map_err(|wrong| wrong.to_string())? {
        Value::Array(parts) => Ok(parts),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            Err("it is not an array".to_owned())
        }
    }
}

fn read_section(encoded: &str) -> Result<DisclosedSection, String> {
    let parts = read_array(encoded)?;
    let [Value::String(salt), Value::String(name), Value::Object(object)] = parts.as_slice() else {
        return Err("it is not [salt, section name, section object]".to_owned());
    };
    if !base64url_decode(salt).is_ok_and(|salt| salt.len() >= SALT_BYTES_MIN) {
        return Err("its salt is not base64url of at least 16 bytes".to_owned());
    }
    if !SECTIONS.contains(&name.as_str()) {
        return Err("its section is unknown".to_owned());
    }
    if object.iter().any(|(key, value)| hides_more(key, value)) {
        return Err("it has _sd or ... inside, which a section must not".to_owned());
    }
    consistent(name, object)
}

/// RFC 9901 reserves `_sd` and `...`; inside a section a library would take them for further disclosures.
fn hides_more(key: &str, value: &Value) -> bool {
    key == "_sd" || key == "..." || value_hides_more(value)
}

fn value_hides_more(value: &Value) -> bool {
    match value {
        Value::Object(object) => object.iter().any(|(key, value)| hides_more(key, value)),
        Value::Array(items) => items.iter().any(value_hides_more),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn consistent(name: &str, object: &Map<String, Value>) -> Result<DisclosedSection, String> {
    if let Some(missing) = SECTION_MEMBERS.into_iter().find(|member| !object.contains_key(*member)) {
        return Err(format!("its object has no {missing:?}"));
    }
    let status = object.get("status").and_then(Value::as_str).and_then(status_of);
    let status = status.ok_or("its status is not one of present, empty, not_collected, withheld, stale")?;
    let records = object.get("records").and_then(Value::as_array).ok_or("its records are not a list")?.len();
    let reason = match object.get("reason") {
        None | Some(Value::Null) => None,
        Some(Value::String(reason)) if !reason.is_empty() => Some(reason.clone()),
        Some(_) => return Err("its reason is not a text".to_owned()),
    };
    let must_be_empty = match status {
        SectionStatus::Present => false,
        SectionStatus::Stale => false,
        SectionStatus::Empty | SectionStatus::NotCollected | SectionStatus::Withheld => true,
    };
    let must_say_why = match status {
        SectionStatus::Present | SectionStatus::Empty => false,
        SectionStatus::NotCollected | SectionStatus::Withheld | SectionStatus::Stale => true,
    };
    if must_be_empty && records > 0 {
        return Err(format!("its status is {} but it has {records} records", status.as_str()));
    }
    if status == SectionStatus::Present && records == 0 {
        return Err("its status is present but it has no records".to_owned());
    }
    if must_say_why && reason.is_none() {
        return Err(format!("its status is {} without a reason", status.as_str()));
    }
    Ok(DisclosedSection { name: name.to_owned(), status, reason, records, object: object.clone() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::digest::base64url;
    use super::*;

    fn encode(array: &Value) -> String {
        base64url(array.to_string().as_bytes())
    }

    fn section(status: &str, reason: Option<&str>, records: usize) -> Value {
        let mut object = json!({
            "status": status, "as_of": null, "stale_after": null, "source": "etax", "encoder": "rating-1",
            "records": vec![json!({}); records],
        });
        if let Some(reason) = reason {
            object["reason"] = json!(reason);
        }
        object
    }

    fn wrong(array: &Value) -> String {
        read_sections(&[&encode(array)]).unwrap_err()
    }

    #[test]
    fn every_section_may_be_disclosed() {
        assert_eq!(SECTIONS, crate::domain::section::Section::ALL.map(|section| section.as_str()));
    }

    #[test]
    fn statuses_agree_with_records_and_reasons() {
        let salt = base64url(&[1; 16]);
        for (status, reason, records, good) in [
            ("present", None, 1, true),
            ("present", None, 0, false),
            ("empty", None, 0, true),
            ("empty", None, 1, false),
            ("not_collected", Some("no source"), 0, true),
            ("not_collected", None, 0, false),
            ("withheld", Some("not consented"), 0, true),
            ("withheld", Some("not consented"), 2, false),
            ("stale", Some("source late"), 2, true),
            ("stale", None, 2, false),
            ("stale", Some(""), 2, false),
            ("zero", None, 0, false),
        ] {
            let encoded = encode(&json!([salt, "rating", section(status, reason, records)]));
            assert_eq!(read_sections(&[&encoded]).is_ok(), good, "{status} {reason:?} {records}");
        }
    }

    #[test]
    fn a_wrong_shape_is_named_with_its_place() {
        let salt = base64url(&[1; 16]);
        let good = section("empty", None, 0);
        assert!(wrong(&json!([salt, "rating"])).contains("disclosure 1 (rating): it is not [salt"));
        assert!(wrong(&json!([salt, "rating", good, 1])).contains("[salt"));
        assert!(wrong(&json!([salt, "rating", []])).contains("[salt"));
        assert!(wrong(&json!([1, "rating", good])).contains("[salt"));
        assert!(wrong(&json!({"a": 1})).contains("not an array"));
        assert!(wrong(&json!([base64url(&[1; 15]), "rating", good])).contains("salt"));
        assert!(
            wrong(&json!([salt, "ratings", good]))
                .contains("(no readable section name): its section is unknown")
        );
        let mut nested = good.clone();
        nested["records"] = json!([{"a": [{"_sd": []}]}]);
        assert!(wrong(&json!([salt, "rating", nested])).contains("_sd"));
        for member in SECTION_MEMBERS {
            let mut lacking = good.as_object().unwrap().clone();
            lacking.remove(member);
            assert!(wrong(&json!([salt, "rating", lacking])).contains(member));
        }
        let duplicate =
            base64url(format!(r#"["{salt}","rating",{{"status":"empty","status":"present"}}]"#).as_bytes());
        assert!(read_sections(&[&duplicate]).unwrap_err().contains("twice"));
    }

    #[test]
    fn a_section_or_disclosure_is_there_once_and_listed() {
        let one = encode(&json!([base64url(&[1; 16]), "rating", section("empty", None, 0)]));
        let two = encode(&json!([base64url(&[2; 16]), "rating", section("empty", None, 0)]));
        let listed = [disclosure_digest(&one), disclosure_digest(&two)];
        assert!(check_listed(&[&two, &one], &listed).is_ok());
        assert!(check_listed(&[], &listed).is_ok());
        assert!(
            check_listed(&[&one, &two], &listed[..1])
                .unwrap_err()
                .starts_with("disclosure 2 (rating): its digest")
        );
        assert!(check_listed(&[&one, &one], &listed).unwrap_err().ends_with("twice"));
        assert!(read_sections(&[&one, &two]).unwrap_err().ends_with("the section is there twice"));
    }
}
