//! What a recovery is about, as it is kept beside the anchor until it is done.

use serde::{Deserialize, Serialize};

use crate::domain::timestamp::Timestamp;

/// What a recovery does. Everything in it but the paths of files is in the entry too.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Id of the recovery, UUIDv7.
    pub id: String,
    /// When it began: until then the old origin signed.
    pub begun: Timestamp,
    /// The origin that signs no more.
    pub old_origin: String,
    /// Size of its newest checkpoint that is known.
    pub old_size: u64,
    /// Root of that checkpoint, base64.
    pub old_root: String,
    /// The origin that signs from now on.
    pub new_origin: String,
    /// Entries that survive: the ledger goes on from them.
    pub kept: u64,
    /// Root of the tree of those, base64.
    pub kept_root: String,
    /// Why, in the operator's words; every reader of the entry sees it.
    pub reason: String,
    /// File name of the ledger's new private key, if the old one was lost too.
    pub new_key: Option<String>,
}

impl Plan {
    /// The text of its file.
    pub fn to_json(&self) -> String {
        serde_json::json!(self).to_string() + "\n"
    }
}

/// The name of a ledger that goes on where `origin` ended: `…-2` after the first, `…-3` after that.
pub(super) fn next_origin(origin: &str) -> String {
    let numbered = origin.rsplit_once('-').and_then(|(base, number)| {
        let number: u64 = number.parse().ok().filter(|number| *number >= 2)?;
        Some(format!("{base}-{}", number.checked_add(1)?))
    });
    numbered.unwrap_or_else(|| format!("{origin}-2"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_counted() {
        for (old, new) in [
            ("tax.example/v1/ledger", "tax.example/v1/ledger-2"),
            ("tax.example/v1/ledger-2", "tax.example/v1/ledger-3"),
            ("tax.example/v1/ledger-9", "tax.example/v1/ledger-10"),
            ("tax-1.example/v1/ledger", "tax-1.example/v1/ledger-2"),
            ("ledger-1", "ledger-1-2"),
        ] {
            assert_eq!(next_origin(old), new);
        }
    }
}
