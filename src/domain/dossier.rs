//! The section object of a dossier, encoder version 1 of each section.
//!
//! Bytes once sent must come out again from the same records, so an encoder is never edited: a change
//! is a new version beside it. Golden vectors hold this one.

use chrono::NaiveDate;

use super::narrow::{Narrowing, narrowed};
use super::record::{NotCanonical, canonical_json};
use super::section::{Section, SectionReason, SectionStatus};

/// One record as stored: canonical JSON of the body, and JSON of the checks it failed.
#[derive(Clone, Debug)]
pub struct EncodedRecord {
    /// Canonical JSON object.
    pub body: String,
    /// JSON array of marks, if there are any.
    pub marks: Option<String>,
    /// JSON object of how its form's rules went, if it has rules.
    pub checks: Option<String>,
}

/// What a section says.
#[derive(Clone, Debug)]
pub struct SectionContent {
    /// Which section.
    pub section: Section,
    /// Present, empty, not collected, withheld or stale. Missing is never zero.
    pub status: SectionStatus,
    /// Why, unless it is simply present.
    pub reason: Option<SectionReason>,
    /// The newest day for which the bureau spoke of this.
    pub as_of: Option<NaiveDate>,
    /// First day on which this counts as stale.
    pub stale_after: Option<NaiveDate>,
    /// Which of the bureau's forms it comes from.
    pub source: Option<String>,
    /// In the order of their keys.
    pub records: Vec<EncodedRecord>,
}

/// Encodes a section as canonical JSON (RFC 8785), each record cut down to what may leave.
pub fn encode(content: &SectionContent, narrowing: &Narrowing<'_>) -> Result<String, NotCanonical> {
    let record = |record| match narrowed(content.section, record, narrowing)? {
        Some(body) => canonical_json(&body),
        None => Ok(record.body.clone()),
    };
    let records: Vec<String> = content.records.iter().map(record).collect::<Result<_, _>>()?;
    let mut members = vec![
        ("as_of", canonical_json(&content.as_of)?),
        ("encoder", canonical_json(&content.section.encoder())?),
    ];
    if let Some(reason) = content.reason {
        members.push(("reason", canonical_json(&reason)?));
    }
    members.push(("records", format!("[{}]", records.join(","))));
    members.push(("source", canonical_json(&content.source)?));
    members.push(("stale_after", canonical_json(&content.stale_after)?));
    members.push(("status", canonical_json(&content.status)?));
    // Written by hand because the records are canonical already; the names stand in RFC 8785 order.
    let members: Vec<String> =
        members.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    Ok(format!("{{{}}}", members.join(",")))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn unnarrowed(personal_data: bool) -> Narrowing<'static> {
        Narrowing { personal_data, opened: None, legal_rep_digest: None, pseudonym: &|_| String::new() }
    }

    fn content(status: SectionStatus, records: Vec<EncodedRecord>) -> SectionContent {
        SectionContent {
            section: Section::Registration,
            status,
            reason: None,
            as_of: NaiveDate::from_ymd_opt(2026, 10, 31),
            stale_after: NaiveDate::from_ymd_opt(2026, 12, 15),
            source: Some("registration".into()),
            records,
        }
    }

    /// Golden vector: these bytes were sent, so they must never change.
    #[test]
    fn registration_1_golden() {
        let record = EncodedRecord {
            body: r#"{"legal_rep_name":"林甲","name":"深圳市样例有限公司"}"#.into(),
            marks: None,
            checks: None,
        };
        let with = encode(&content(SectionStatus::Present, vec![record.clone()]), &unnarrowed(true)).unwrap();
        assert_eq!(
            with,
            r#"{"as_of":"2026-10-31","encoder":"registration/1","records":[{"legal_rep_name":"林甲","name":"深圳市样例有限公司"}],"source":"registration","stale_after":"2026-12-15","status":"present"}"#
        );
        let without = encode(&content(SectionStatus::Present, vec![record]), &unnarrowed(false)).unwrap();
        assert!(
            without.contains(r#""records":[{"name":"深圳市样例有限公司","withheld":["legal_rep_name"]}]"#),
            "{without}"
        );
        assert!(!without.contains("林甲"));
    }

    #[test]
    fn marks_stand_beside_the_body_and_the_whole_is_canonical() {
        let record = EncodedRecord {
            body: r#"{"a":1,"z":2}"#.into(),
            marks: Some(r#"[{"rule":"r"}]"#.into()),
            checks: None,
        };
        let mut nothing_cut = content(SectionStatus::Present, vec![record]);
        nothing_cut.reason = Some(SectionReason::SourceOverdue);
        let text = encode(&nothing_cut, &unnarrowed(true)).unwrap();
        assert!(text.contains(r#"{"a":1,"marks":[{"rule":"r"}],"z":2}"#), "{text}");
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(canonical_json(&value).unwrap(), text);
    }
}
