//! The section object of a dossier: encoder version 1 of each section, and version 2 of one with annotations.
//!
//! Bytes once sent must come out again from the same records, so an encoder is never edited: a change
//! is a new version beside it. Golden vectors hold both. Which one writes a section follows from what the
//! section holds: version 2 adds `annotations` and `statements` to version 1, where there are any.

use chrono::NaiveDate;
use serde::Serialize;

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

/// 异议标注: the firm says that a record is wrong, and the bureau has not decided yet (Shenzhen SEZ Credit Regulations
/// Art. 50). Why the firm says so does not leave.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Annotation {
    /// Place of the record among the section's `records`, from 0.
    pub record: usize,
    /// Day on which the firm said so, Asia/Shanghai.
    pub raised_on: NaiveDate,
    /// How far it has come.
    pub status: AnnotationStatus,
}

/// How far a disputed record has come; resolved, it is not annotated any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnnotationStatus {
    /// 核查中
    UnderReview,
}

/// 企业说明: what the firm says to a record, in its own words.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Statement {
    /// Place of the record among the section's `records`, from 0.
    pub record: usize,
    /// Day on which the firm said it, Asia/Shanghai.
    pub stated_on: NaiveDate,
    /// Its words.
    pub text: String,
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
    /// Which of them are disputed, ascending.
    pub annotations: Vec<Annotation>,
    /// What the firm says to some of them, ascending.
    pub statements: Vec<Statement>,
}

/// Encodes a section as canonical JSON (RFC 8785), each record cut down to what may leave.
pub fn encode(content: &SectionContent, narrowing: &Narrowing<'_>) -> Result<String, NotCanonical> {
    let record = |record| match narrowed(content.section, record, narrowing)? {
        Some(body) => canonical_json(&body),
        None => Ok(record.body.clone()),
    };
    let records: Vec<String> = content.records.iter().map(record).collect::<Result<_, _>>()?;
    let is_annotated = !content.annotations.is_empty() || !content.statements.is_empty();
    let mut members = Vec::new();
    if is_annotated {
        members.push(("annotations", canonical_json(&content.annotations)?));
    }
    members.push(("as_of", canonical_json(&content.as_of)?));
    let encoder = if is_annotated { content.section.annotated_encoder() } else { content.section.encoder() };
    members.push(("encoder", canonical_json(&encoder)?));
    if let Some(reason) = content.reason {
        members.push(("reason", canonical_json(&reason)?));
    }
    members.push(("records", format!("[{}]", records.join(","))));
    members.push(("source", canonical_json(&content.source)?));
    members.push(("stale_after", canonical_json(&content.stale_after)?));
    if is_annotated {
        members.push(("statements", canonical_json(&content.statements)?));
    }
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
            annotations: Vec::new(),
            statements: Vec::new(),
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

    /// Golden vector: these bytes were sent, so they must never change.
    #[test]
    fn registration_2_golden() {
        let record =
            |name: &str| EncodedRecord { body: format!(r#"{{"name":"{name}"}}"#), marks: None, checks: None };
        let mut disputed = content(SectionStatus::Present, vec![record("甲"), record("乙")]);
        let day = NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
        disputed.annotations =
            vec![Annotation { record: 1, raised_on: day, status: AnnotationStatus::UnderReview }];
        let text = encode(&disputed, &unnarrowed(true)).unwrap();
        assert_eq!(
            text,
            r#"{"annotations":[{"raised_on":"2026-11-24","record":1,"status":"under_review"}],"as_of":"2026-10-31","encoder":"registration/2","records":[{"name":"甲"},{"name":"乙"}],"source":"registration","stale_after":"2026-12-15","statements":[],"status":"present"}"#
        );
        disputed.annotations.clear();
        disputed.statements =
            vec![Statement { record: 0, stated_on: day, text: "已改正\n\"附\"".into() }];
        let text = encode(&disputed, &unnarrowed(true)).unwrap();
        assert!(text.starts_with(r#"{"annotations":[],"as_of""#), "{text}");
        assert!(
            text.contains(
                r#""statements":[{"record":0,"stated_on":"2026-11-24","text":"已改正\n\"附\""}],"status""#
            ),
            "{text}"
        );
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(canonical_json(&value).unwrap(), text);
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
