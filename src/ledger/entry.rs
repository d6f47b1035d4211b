//! Entries: the leaves of the ledger, canonical JSON (RFC 8785) with commitments in place of names.

use chrono::{DateTime, Datelike as _, SecondsFormat, Utc};
use serde_json::{Map, Value};

pub use super::commitment::{Salt, commit};
pub use super::entry_kind::EntryKind;

/// Version of the entry format, the member `v`.
const VERSION: u64 = 1;

/// Most bytes in an entry: entry bundles carry its length in 16 bits (C2SP tlog-tiles, "Log entries").
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// Members that every entry has or may have; a kind's own fields cannot take their names.
const COMMON_MEMBERS: [&str; 6] = ["v", "kind", "at", "id", "actor", "by"];

/// Largest integer that every JSON reader keeps exactly (RFC 8785 §3.2.2.3, RFC 7493 §2.2).
const EXACT_INTEGER_MAX: u64 = (1 << 53) - 1;

/// Why bytes could not be made into, or read as, an entry.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// The time is outside the years 0 to 9999, which RFC 3339 cannot write.
    #[error("the time of the entry is out of range")]
    Time,
    /// A field is given twice or has the name of a common member.
    #[error("the entry has the field {0} twice")]
    Field(&'static str),
    /// A number is a fraction or too large to be exact in every JSON reader.
    #[error("the field {0} holds a number that JSON readers do not keep exactly")]
    Number(&'static str),
    /// The entry would not fit its 16-bit length.
    #[error("the entry of {bytes} bytes is over the limit of {ENTRY_BYTES_MAX}")]
    TooLong {
        /// Bytes the entry would have.
        bytes: usize,
    },
    /// The bytes are not JSON, or a JSON object could not be written.
    #[error("the entry is not valid JSON")]
    Json(#[source] serde_json::Error),
    /// The bytes are JSON but not the canonical form of an entry.
    #[error("the entry is not a canonical entry: {0}")]
    Malformed(&'static str),
}

/// An entry being written.
#[derive(Debug, Clone)]
pub struct Leaf {
    kind: EntryKind,
    id: String,
    actor: String,
    at_micros: i64,
    by: Option<String>,
    fields: Vec<(&'static str, Value)>,
}

impl Leaf {
    /// Starts an entry: what happened, to which object, by which member, when (microseconds since 1970 UTC).
    pub fn new(kind: EntryKind, id: &str, actor: &str, at_micros: i64) -> Leaf {
        Leaf { kind, id: id.to_owned(), actor: actor.to_owned(), at_micros, by: None, fields: Vec::new() }
    }

    /// Adds the commitment to the person or system that acted for the member (see [`commit`]).
    #[must_use]
    pub fn by(mut self, commitment: impl Into<String>) -> Leaf {
        self.by = Some(commitment.into());
        self
    }

    /// Adds a field of this kind. No amount, name or identifier of a taxpayer belongs in one.
    #[must_use]
    pub fn field(mut self, name: &'static str, value: Value) -> Leaf {
        self.fields.push((name, value));
        self
    }

    /// The bytes that go into the ledger: RFC 8785 canonical JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EntryError> {
        let mut members = Map::new();
        members.insert("v".to_owned(), VERSION.into());
        members.insert("kind".to_owned(), self.kind.as_str().into());
        members.insert("at".to_owned(), instant(self.at_micros)?.into());
        members.insert("id".to_owned(), self.id.as_str().into());
        members.insert("actor".to_owned(), self.actor.as_str().into());
        if let Some(by) = &self.by {
            members.insert("by".to_owned(), by.as_str().into());
        }
        for (name, value) in &self.fields {
            if !has_exact_numbers(value) {
                return Err(EntryError::Number(name));
            }
            if COMMON_MEMBERS.contains(name) || members.insert((*name).to_owned(), value.clone()).is_some() {
                return Err(EntryError::Field(name));
            }
        }
        let bytes = canonical_json(&Value::Object(members))?;
        if bytes.len() > ENTRY_BYTES_MAX {
            return Err(EntryError::TooLong { bytes: bytes.len() });
        }
        Ok(bytes)
    }
}

/// An entry as read. The kind stays text, since a later version may have written it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What happened.
    pub kind: String,
    /// When: RFC 3339 UTC with microseconds.
    pub at: String,
    /// The object it happened to.
    pub id: String,
    /// The member that acted.
    pub actor: String,
    /// Commitment to the person or system that acted for the member.
    pub by: Option<String>,
    /// The kind's own fields.
    pub fields: Map<String, Value>,
}

impl Entry {
    /// Reads the bytes of an entry; they must be its canonical form, byte for byte.
    pub fn parse(bytes: &[u8]) -> Result<Entry, EntryError> {
        let value: Value = serde_json::from_slice(bytes).map_err(EntryError::Json)?;
        // Writing it again also finds duplicate members and numbers that are not exact.
        if canonical_json(&value)? != bytes {
            return Err(EntryError::Malformed("not in canonical form"));
        }
        let Value::Object(mut members) = value else {
            return Err(EntryError::Malformed("not an object"));
        };
        if members.remove("v") != Some(VERSION.into()) {
            return Err(EntryError::Malformed("version"));
        }
        Ok(Entry {
            kind: take_text(&mut members, "kind")?,
            at: take_text(&mut members, "at")?,
            id: take_text(&mut members, "id")?,
            actor: take_text(&mut members, "actor")?,
            by: if members.contains_key("by") { Some(take_text(&mut members, "by")?) } else { None },
            fields: members,
        })
    }
}

fn take_text(members: &mut Map<String, Value>, name: &'static str) -> Result<String, EntryError> {
    match members.remove(name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) | None => Err(EntryError::Malformed(name)),
    }
}

fn canonical_json(value: &Value) -> Result<Vec<u8>, EntryError> {
    serde_json_canonicalizer::to_vec(value).map_err(EntryError::Json)
}

/// RFC 3339 in UTC with exactly six fractional digits and `Z`.
fn instant(at_micros: i64) -> Result<String, EntryError> {
    let at: DateTime<Utc> = DateTime::from_timestamp_micros(at_micros).ok_or(EntryError::Time)?;
    if !(0..=9999).contains(&at.year()) {
        return Err(EntryError::Time);
    }
    Ok(at.to_rfc3339_opts(SecondsFormat::Micros, true))
}

/// Canonical JSON writes numbers as IEEE doubles, silently rounding larger integers (RFC 8785 §3.2.2.3).
fn has_exact_numbers(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => true,
        Value::Number(number) => {
            let magnitude = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
            magnitude.is_some_and(|magnitude| magnitude <= EXACT_INTEGER_MAX)
        }
        Value::Array(items) => items.iter().all(has_exact_numbers),
        Value::Object(members) => members.values().all(has_exact_numbers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// 2026-03-01T08:30:00.000120Z.
    const AT_MICROS: i64 = 1_772_353_800_000_120;

    fn leaf() -> Leaf {
        Leaf::new(EntryKind::ReleaseGranted, "r-1", "bank-03", AT_MICROS)
    }

    #[test]
    fn a_release_has_these_bytes() {
        let salt = Salt::from_bytes([7; 32]);
        let leaf = leaf()
            .by(commit(&salt, "risk-desk"))
            .field("subject", commit(&salt, "91440300MA5EXAMPLE").into())
            .field("read_at", 12.into())
            .field("purpose", "pre_loan".into())
            .field("注", json!({"b": [true, null], "a": "é\n"}));
        let expected = concat!(
            r#"{"actor":"bank-03","at":"2026-03-01T08:30:00.000120Z","#,
            r#""by":"hUzp6ZsD_TyvZrw9UCM4Bb8QVeZLSMmOiJeHnNMxcjs","id":"r-1","kind":"release.granted","purpose":"pre_loan","read_at":12,"#,
            r#""subject":"Yf-WZh0E3qnFVeXs0X7sp9cqjDrFSr7MicvZRC1t560","v":1,"注":{"a":"é\n","b":[true,null]}}"#,
        );
        assert_eq!(String::from_utf8(leaf.to_bytes().unwrap()).unwrap(), expected);
    }

    #[test]
    fn without_by_the_member_is_absent() {
        let bytes = Leaf::new(EntryKind::BatchCommitted, "b", "bureau", 0).to_bytes().unwrap();
        let expected = r#"{"actor":"bureau","at":"1970-01-01T00:00:00.000000Z","id":"b","kind":"batch.committed","v":1}"#;
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }

    #[test]
    fn what_is_written_reads_back() {
        let bytes = leaf().by("c").field("read_at", 12.into()).to_bytes().unwrap();
        let entry = Entry::parse(&bytes).unwrap();
        assert_eq!((entry.kind.as_str(), entry.id.as_str()), ("release.granted", "r-1"));
        assert_eq!((entry.actor.as_str(), entry.by.as_deref()), ("bank-03", Some("c")));
        assert_eq!(entry.at, "2026-03-01T08:30:00.000120Z");
        assert_eq!(Value::Object(entry.fields), json!({"read_at": 12}));
    }

    #[test]
    fn a_kind_of_a_later_version_is_read_as_text() {
        let bytes = br#"{"actor":"a","at":"t","id":"i","kind":"moon.landed","v":1}"#;
        let entry = Entry::parse(bytes).unwrap();
        assert_eq!((entry.kind.as_str(), entry.by), ("moon.landed", None));
        assert!("moon.landed".parse::<EntryKind>().is_err());
    }

    #[test]
    fn what_is_not_canonical_is_refused() {
        let bad = [
            "",
            "[]",
            "{}",
            r#"{"actor":"a","at":"t","id":"i","kind":"k","v":2}"#,
            r#"{"actor":"a","at":"t","id":"i","kind":"k"}"#,
            r#"{"actor":"a","at":"t","id":"i","v":1}"#,
            r#"{"actor":"a","at":"t","id":1,"kind":"k","v":1}"#,
            r#"{"actor":"a","at":"t","by":null,"id":"i","kind":"k","v":1}"#,
            r#"{"actor":"a","at":"t","id":"i","kind":"k","v":1} "#,
            r#"{"at":"t","actor":"a","id":"i","kind":"k","v":1}"#,
            r#"{"actor":"a","actor":"b","at":"t","id":"i","kind":"k","v":1}"#,
            r#"{"actor":"a","at":"t","id":"i","kind":"k","n":9007199254740993,"v":1}"#,
            r#"{"actor":"\u0061","at":"t","id":"i","kind":"k","v":1}"#,
        ];
        for text in bad {
            assert!(Entry::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn fields_are_given_once_and_leave_the_common_members_alone() {
        for name in COMMON_MEMBERS {
            assert!(matches!(leaf().field(name, 1.into()).to_bytes(), Err(EntryError::Field(_))), "{name}");
        }
        let twice = leaf().field("code", "a".into()).field("code", "b".into());
        assert!(matches!(twice.to_bytes(), Err(EntryError::Field("code"))));
    }

    #[test]
    fn numbers_that_would_be_rounded_are_refused() {
        let max = i64::try_from(EXACT_INTEGER_MAX).unwrap();
        for good in [json!(max), json!(-max), json!([{"n": 0}])] {
            assert!(leaf().field("n", good.clone()).to_bytes().is_ok(), "{good}");
        }
        for bad in [json!(max + 1), json!(-max - 1), json!(u64::MAX), json!(i64::MIN), json!([{"n": 0.5}])] {
            assert!(
                matches!(leaf().field("n", bad.clone()).to_bytes(), Err(EntryError::Number("n"))),
                "{bad}"
            );
        }
    }

    #[test]
    fn the_limit_is_65_535_bytes() {
        let padded = |bytes: usize| leaf().field("x", "x".repeat(bytes).into()).to_bytes();
        let overhead = padded(0).unwrap().len();
        assert_eq!(padded(ENTRY_BYTES_MAX - overhead).unwrap().len(), ENTRY_BYTES_MAX);
        let over = padded(ENTRY_BYTES_MAX - overhead + 1);
        assert!(matches!(over, Err(EntryError::TooLong { bytes: 65_536 })));
    }

    #[test]
    fn times_that_rfc_3339_cannot_write_are_refused() {
        let at = |micros| Leaf::new(EntryKind::MemberChanged, "m", "bureau", micros).to_bytes();
        assert!(at(253_402_300_799_999_999).is_ok());
        for micros in [253_402_300_800_000_000, -62_167_219_200_000_001, i64::MAX, i64::MIN] {
            assert!(matches!(at(micros), Err(EntryError::Time)), "{micros}");
        }
    }
}
