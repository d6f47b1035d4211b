//! A saved pull answer or a bare SD-JWT, taken apart for reading. Nothing is verified here.
//!
//! Unlike the verifier (`seal::verify`), which refuses what it does not know, this reads on: a dossier of a newer
//! exchange still shows what is in it, and what cannot be read is listed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::ledger::receipt::InclusionReceipt;
use crate::readable::book::Contents;
use crate::seal::digest::base64url_decode;
use crate::seal::jws::read_unverified_payload;
use crate::seal::sd_jwt::{dossier_digest, split};
use crate::seal::strict_json;
use crate::service::verify::PullAnswer;

/// Why a file cannot be shown.
#[derive(Debug, Error)]
pub enum Unreadable {
    /// Neither form.
    #[error("neither a saved pull answer ({{release_id, dossier, receipt}}) nor an SD-JWT: {0}")]
    Neither(String),
}

/// A dossier, taken apart.
#[derive(Debug)]
pub struct Dossier {
    /// The SD-JWT itself.
    pub sd_jwt: String,
    /// The whole answer, if the file is one; it has the receipt.
    pub answer: Option<PullAnswer>,
    /// The release, from the answer.
    pub release_id: Option<String>,
    /// The bank's case number, from the answer.
    pub bank_ref: Option<String>,
    /// The ledger entry's index and time, from the receipt.
    pub entry: Option<(u64, String)>,
    /// `sha-256:…` of the JWT.
    pub digest: String,
    /// The claims and the sections, in the order of the file.
    pub contents: Contents,
    /// Disclosures that could not be read: their places, from 1, and why.
    pub unread: Vec<String>,
}

/// Takes a file's text apart.
pub fn read(text: &str) -> Result<Dossier, Unreadable> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if !text.starts_with('{') {
        return take_apart(text.to_owned());
    }
    let object = strict_json::parse_object(text).map_err(|why| Unreadable::Neither(why.to_string()))?;
    let Some(sd_jwt) = object.get("dossier").and_then(Value::as_str) else {
        return Err(Unreadable::Neither("there is no text `dossier` in it".to_owned()));
    };
    let mut dossier = take_apart(sd_jwt.to_owned())?;
    let text_of = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
    dossier.release_id = text_of("release_id");
    dossier.bank_ref = text_of("bank_ref");
    dossier.entry = object.get("receipt").and_then(entry_of);
    dossier.answer = serde_json::from_value(Value::Object(object)).ok();
    Ok(dossier)
}

fn take_apart(sd_jwt: String) -> Result<Dossier, Unreadable> {
    let (jwt, disclosures) = split(&sd_jwt).map_err(|why| Unreadable::Neither(why.to_string()))?;
    let claims =
        read_unverified_payload(jwt).map_err(|why| Unreadable::Neither(format!("JWT payload: {why}")))?;
    let (mut sections, mut unread) = (Vec::new(), Vec::new());
    for (place, disclosure) in (1..).zip(disclosures) {
        match section_of(disclosure) {
            Ok(section) => sections.push(section),
            Err(why) => unread.push(format!("{place}: {why}")),
        }
    }
    let digest = dossier_digest(jwt);
    Ok(Dossier {
        digest,
        contents: Contents { claims, sections },
        unread,
        sd_jwt,
        answer: None,
        release_id: None,
        bank_ref: None,
        entry: None,
    })
}

fn section_of(disclosure: &str) -> Result<(String, Map<String, Value>), String> {
    let bytes = base64url_decode(disclosure).map_err(|why| why.to_string())?;
    let text = String::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())?;
    let value = strict_json::parse(&text).map_err(|why| why.to_string())?;
    match value.as_array().map(Vec::as_slice) {
        Some([Value::String(_), Value::String(name), Value::Object(object)]) => {
            Ok((name.clone(), object.clone()))
        }
        Some(_) | None => Err("not [salt, section name, section object]".to_owned()),
    }
}

/// Index of the entry in the ledger, and when it was made.
fn entry_of(receipt: &Value) -> Option<(u64, String)> {
    let proof = InclusionReceipt::parse(receipt.get("proof")?.as_str()?).ok()?;
    let entry: Value =
        serde_json::from_slice(&STANDARD.decode(receipt.get("entry")?.as_str()?).ok()?).ok()?;
    Some((proof.index, entry.get("at")?.as_str()?.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::seal::digest::base64url;

    fn sd_jwt(disclosures: &[Value]) -> String {
        let encode = |value: &Value| base64url(value.to_string().as_bytes());
        let mut text =
            format!("{}.{}.c2ln~", encode(&json!({})), encode(&json!({"aud": "bank-01", "new": 1})));
        for disclosure in disclosures {
            text += &format!("{}~", encode(disclosure));
        }
        text
    }

    #[test]
    fn a_bare_dossier_and_one_in_an_answer_read_alike() {
        let bare = sd_jwt(&[json!(["c2FsdA", "rating", {"status": "empty"}])]);
        let read_bare = read(&format!("\n{bare}\n")).unwrap();
        let answer = json!({"release_id": "r-1", "dossier": bare, "bank_ref": "b-1", "later": {}});
        let read_answer = read(&answer.to_string()).unwrap();
        assert_eq!(read_bare.digest, read_answer.digest);
        assert_eq!(read_answer.release_id.as_deref(), Some("r-1"));
        assert_eq!(read_answer.contents.sections, read_bare.contents.sections);
        assert!(read_answer.answer.is_none() && read_answer.entry.is_none(), "there is no receipt");
        assert_eq!(read_bare.contents.claims["aud"], "bank-01");
    }

    #[test]
    fn what_cannot_be_read_is_listed_and_the_rest_is_read() {
        let dossier =
            sd_jwt(&[json!({"a": 1}), json!(["s", "weather", {"status": "sunny"}]), json!(["s", "rating"])]);
        let dossier = read(&dossier).unwrap();
        assert_eq!(dossier.contents.sections.len(), 1);
        assert_eq!(dossier.contents.sections[0].0, "weather", "a section of a newer exchange");
        assert_eq!(dossier.unread.len(), 2);
        assert!(dossier.unread[1].starts_with("3: "));
    }

    #[test]
    fn nonsense_is_refused_with_a_reason() {
        for text in ["", "{}", "{", r#"{"dossier": 1}"#, r#"{"dossier": "x"}"#, "a.b.c~", "税", "[]"] {
            assert!(matches!(read(text), Err(Unreadable::Neither(_))), "{text}");
        }
    }
}
