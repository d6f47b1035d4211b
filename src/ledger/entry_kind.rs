//! The kinds of entries, spelt as verifiers read them (`protocol`, ledger entries).

use std::fmt;
use std::str::FromStr;

/// What an entry says has happened: the kinds this version writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A delivered batch of tax records became visible.
    BatchCommitted,
    /// A taxpayer authorised a bank.
    ConsentGranted,
    /// A taxpayer took an authorisation back.
    ConsentRevoked,
    /// A dossier left under a consent.
    ReleaseGranted,
    /// A dossier already released was sent again.
    ReleaseRepeated,
    /// A well-formed request was refused by the rules.
    ReleaseRefused,
    /// Malformed and over-quota requests of one member in one minute.
    RefusalsCounted,
    /// A bank put a loan product forward.
    ProductSubmitted,
    /// The bureau approved a loan product.
    ProductApproved,
    /// The directory of members changed.
    MemberChanged,
}

/// A kind that this version does not write. Verifiers ignore such entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a kind of entry that this version writes")]
pub struct UnknownKind;

impl EntryKind {
    /// All kinds.
    pub const ALL: [EntryKind; 10] = [
        EntryKind::BatchCommitted,
        EntryKind::ConsentGranted,
        EntryKind::ConsentRevoked,
        EntryKind::ReleaseGranted,
        EntryKind::ReleaseRepeated,
        EntryKind::ReleaseRefused,
        EntryKind::RefusalsCounted,
        EntryKind::ProductSubmitted,
        EntryKind::ProductApproved,
        EntryKind::MemberChanged,
    ];

    /// The kind as the member `kind` spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            EntryKind::BatchCommitted => "batch.committed",
            EntryKind::ConsentGranted => "consent.granted",
            EntryKind::ConsentRevoked => "consent.revoked",
            EntryKind::ReleaseGranted => "release.granted",
            EntryKind::ReleaseRepeated => "release.repeated",
            EntryKind::ReleaseRefused => "release.refused",
            EntryKind::RefusalsCounted => "refusals.counted",
            EntryKind::ProductSubmitted => "product.submitted",
            EntryKind::ProductApproved => "product.approved",
            EntryKind::MemberChanged => "member.changed",
        }
    }
}

impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for EntryKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<EntryKind, UnknownKind> {
        EntryKind::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(UnknownKind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_go_both_ways() {
        for kind in EntryKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
    }

    #[test]
    fn unknown_kinds_are_named_so() {
        for text in ["", "moon.landed", "Release.granted", "release.granted "] {
            assert_eq!(text.parse::<EntryKind>(), Err(UnknownKind), "{text}");
        }
    }
}
