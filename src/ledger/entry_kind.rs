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
        /// The bureau stopped releases of a member, product, section or taxpayer.
        HoldPlaced = "hold.placed",
        /// The bureau let them go on.
        HoldLifted = "hold.lifted",
        /// A key of the exchange or of a member was added, or is no longer used.
        KeyChanged = "key.changed",
        /// The ledger goes on under a new origin.
        LedgerRecovered = "ledger.recovered",
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
        /// A bank asked a firm for an authorisation, or the firm's own draft was handed over.
        ConsentRequested = "consent.requested",
        /// The firm said no.
        ConsentDeclined = "consent.declined",
        /// A request was not answered in time.
        ConsentLapsed = "consent.lapsed",
        /// An authorisation rests, because the firm's representative changed.
        ConsentSuspended = "consent.suspended",
        /// An authorisation that rested is in force again.
        ConsentResumed = "consent.resumed",
        /// An authorisation ran out.
        ConsentExpired = "consent.expired",
        /// Another authorisation took its place.
        ConsentSuperseded = "consent.superseded",
        /// A person consented to the release of personal data (PIPL Art. 23).
        PersonalConsentGranted = "consent.personal_granted",
        /// The person took that back.
        PersonalConsentRevoked = "consent.personal_revoked",
        /// A firm asks not to be asked by a bank any more; the bank is not told.
        BankBlocked = "consent.bank_blocked",
        /// A firm lets a bank ask again.
        BankUnblocked = "consent.bank_unblocked",
        /// 双人确认变更: a firm turned joint approval on or off.
        JointApprovalChanged = "consent.joint_approval_changed",
        /// A firm took a signed copy of its own data.
        ReleaseSelf = "release.self",
        /// A firm says that a record is wrong.
        CorrectionRequested = "correction.requested",
        /// The bureau corrected a record, kept it, or the firm withdrew.
        CorrectionResolved = "correction.resolved",
        /// A firm was told of a violation before its first release.
        ViolationNotified = "violation.notified",
        /// A firm's statement travels with a violation.
        ViolationStatementAdded = "violation.statement_added",
        /// A bank stated that it deleted what it had received.
        DeletionStated = "deletion.stated",
        /// A firm reported an intermediary.
        ReportReceived = "report.received",
        /// The bureau sent a product back to its bank.
        ProductReturned = "product.returned",
        /// A first officer of the bureau approved a product; a second one decides.
        ProductApprovalProposed = "product.approval_proposed",
        /// The bureau paused a product.
        ProductSuspended = "product.suspended",
        /// The bureau let a product go on.
        ProductResumed = "product.resumed",
        /// A product is no longer offered.
        ProductRetired = "product.retired",
        /// A firm applied for a loan.
        ApplicationSubmitted = "application.submitted",
        /// The bank said that it has an application.
        ApplicationAcknowledged = "application.acknowledged",
        /// The firm handed in what the bank had asked for.
        ApplicationSupplemented = "application.supplemented",
        /// The firm takes a pre-approval further.
        ApplicationProceeded = "application.proceeded",
        /// The firm withdrew its application.
        ApplicationWithdrawn = "application.withdrawn",
        /// The firm accepted the bank's offer.
        ApplicationAccepted = "application.accepted",
        /// The firm turned the bank's offer down.
        ApplicationOfferDeclined = "application.offer_declined",
        /// An application or an offer was not answered in its time.
        ApplicationLapsed = "application.lapsed",
        /// The firm asks that a person look at a refusal again.
        ReviewRequested = "application.review_requested",
        /// A bank's signed decision.
        DecisionRecorded = "decision.recorded",
        /// Something happened to a facility or a note, as its bank signed it.
        LoanEvent = "loan.event",
        /// A bank's signed balances at the end of a month.
        LoanPositions = "loan.positions",
        /// A dossier left and no application came of it in time.
        ReleaseUnused = "release.unused",
        /// The day's feed to the platform, closed and signed.
        FeedClosed = "feed.closed",
        /// The platform handed on a firm's demand.
        DemandReceived = "demand.received",
        /// The books of bank, exchange and ledger were held against each other.
        ReconciliationMade = "reconciliation.made",
        /// A month's statistics, published once.
        StatisticsPublished = "statistics.published",
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
