//! A keyed digest of a natural person's identity number: what two parties compare without either sending the
//! number. HMAC-SHA256 (RFC 2104) under the programme's matching key; the bureau delivers it, a bank submits one,
//! and a dossier answers only whether they are the same. It is stored and never leaves.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Thirty-two bytes, written as 43 characters of base64url without padding (RFC 4648 section 5).
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdDigest([u8; 32]);

impl IdDigest {
    /// Reads the 43 characters.
    pub fn parse(text: &str) -> Result<Self, InvalidIdDigest> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidIdDigest)?;
        bytes.try_into().map(Self).map_err(|_| InvalidIdDigest)
    }
}

impl TryFrom<String> for IdDigest {
    type Error = InvalidIdDigest;

    fn try_from(text: String) -> Result<Self, InvalidIdDigest> {
        Self::parse(&text)
    }
}

impl From<IdDigest> for String {
    fn from(digest: IdDigest) -> Self {
        URL_SAFE_NO_PAD.encode(digest.0)
    }
}

/// Redacted: it stands for a person.
impl fmt::Debug for IdDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdDigest(redacted)")
    }
}

impl JsonSchema for IdDigest {
    fn schema_name() -> Cow<'static, str> {
        "IdDigest".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{43}$" })
    }
}

/// A text that is no such digest. The message does not repeat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "a digest of an identity number must be 32 bytes, written as 43 characters of base64url without padding"
)]
pub struct InvalidIdDigest;

#[cfg(test)]
mod tests {
    use super::*;

    /// HMAC-SHA256 of nothing in particular.
    const TEXT: &str = "3q2-7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGho";

    #[test]
    fn a_digest_reads_and_writes_the_same() {
        let digest = IdDigest::parse(TEXT).unwrap();
        assert_eq!(serde_json::to_value(digest).unwrap(), TEXT);
        assert_eq!(serde_json::from_value::<IdDigest>(TEXT.into()).unwrap(), digest);
        assert_eq!(format!("{digest:?}"), "IdDigest(redacted)");
    }

    #[test]
    fn other_texts_are_refused() {
        let unused_bits = format!("{}p", &TEXT[..42]);
        for wrong in
            ["", "440305198001011234", &TEXT[1..], &unused_bits, &format!("{TEXT}="), &TEXT.replace('-', "+")]
        {
            assert_eq!(IdDigest::parse(wrong), Err(InvalidIdDigest), "{wrong}");
        }
    }
}
