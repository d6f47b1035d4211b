//! The kinds of entries, spelt as verifiers read them (`protocol`, ledger entries).

use crate::domain::member::wire_enum;

wire_enum! {
    /// What an entry says has happened: the kinds this version writes. Verifiers ignore entries of others.
    pub enum EntryKind {
        /// A delivered batch of tax records became visible.
        BatchCommitted = "batch.committed",
        /// A taxpayer authorised a bank.
        ConsentGranted = "consent.granted",
        /// A taxpayer took an authorisation back.
        ConsentRevoked = "consent.revoked",
        /// A dossier left under a consent.
        ReleaseGranted = "release.granted",
        /// A dossier already released was sent again.
        ReleaseRepeated = "release.repeated",
        /// A well-formed request was refused by the rules.
        ReleaseRefused = "release.refused",
        /// Malformed and over-quota requests of one member in one minute.
        RefusalsCounted = "refusals.counted",
        /// A bank put a loan product forward.
        ProductSubmitted = "product.submitted",
        /// The bureau approved a loan product.
        ProductApproved = "product.approved",
        /// The directory of members changed.
        MemberChanged = "member.changed",
        /// The bureau stopped releases of a member, product, section or taxpayer.
        HoldPlaced = "hold.placed",
        /// The bureau let them go on.
        HoldLifted = "hold.lifted",
        /// A change of members, keys or holds waits for a second person.
        ChangeProposed = "change.proposed",
        /// A second person approved a change; the entries of the change itself follow.
        ChangeApproved = "change.approved",
        /// A proposed change was turned down.
        ChangeRejected = "change.rejected",
        /// Bureau, regulator or operator read entries or a release.
        AuditRead = "audit.read",
        /// A bundle of evidence about a release was made.
        EvidenceMade = "evidence.made",
        /// A person of the regulator opened an inspection's mandate.
        MandateOpened = "mandate.opened",
        /// Another person of the regulator approved it.
        MandateApproved = "mandate.approved",
        /// A sentinel's finding was put to a bank.
        CaseOpened = "case.opened",
        /// The bank answered.
        CaseAnswered = "case.answered",
        /// The bureau closed the case.
        CaseClosed = "case.closed",
        /// A firm disputed an access.
        ObjectionRaised = "objection.raised",
        /// What the sentinels watch changed.
        PolicyChanged = "policy.changed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_go_both_ways() {
        for kind in EntryKind::ALL {
            assert_eq!(kind.to_string().parse().as_ref(), Ok(kind));
        }
    }

    #[test]
    fn unknown_kinds_are_named_so() {
        for text in ["", "moon.landed", "Release.granted", "release.granted "] {
            assert!(text.parse::<EntryKind>().is_err(), "{text}");
        }
    }
}
