//! Why the rules say no. Codes are stable; the texts of others never appear here.

use super::member::wire_enum;

wire_enum! {
    /// What is wrong with a consent, for the bureau and the ledger's sealed reason. A bank is never told which.
    pub enum ConsentFault {
        /// No such consent.
        Unknown = "unknown",
        /// It names another bank.
        Foreign = "foreign",
        /// It was never granted: a draft, a request, a declined or lapsed one.
        NotGranted = "not_granted",
        /// The bureau or a change of representative suspended it.
        Suspended = "suspended",
        /// The firm took it back.
        Revoked = "revoked",
        /// A later consent replaced it.
        Superseded = "superseded",
        /// Its first instant lies ahead.
        NotYetValid = "not_yet_valid",
        /// Its last instant has passed.
        Expired = "expired",
        /// Every allowed pull was used.
        Exhausted = "exhausted",
        /// It allows another purpose.
        WrongPurpose = "wrong_purpose",
        /// The request names another taxpayer.
        TaxpayerMismatch = "taxpayer_mismatch",
        /// The product is not approved, or its approval does not cover today.
        ProductNotApproved = "product_not_approved",
        /// The bureau holds its bank, product or taxpayer, or a section that was asked for.
        OnHold = "on_hold",
        /// Nothing of its window lies within the months that the product's profile opens.
        WindowClosed = "window_closed",
        /// It goes beyond the limits of the policy in force, so far that nothing is left.
        BeyondPolicy = "beyond_policy",
        /// The policy opens `post_loan` from the first drawdown on, and none is recorded.
        NoDrawdown = "no_drawdown",
        /// What would be sent again holds personal data, and the person took the consent to it back.
        PersonalWithdrawn = "personal_withdrawn",
    }
}

/// The rules say no to a pull.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Denial {
    /// One public answer for whatever is wrong with the consent.
    NotInForce(ConsentFault),
    /// The consent holds, but the request asks for a section outside it.
    SectionNotConsented,
}

impl Denial {
    /// The code that the caller reads.
    pub fn code(self) -> &'static str {
        match self {
            Denial::NotInForce(_) => "consent-not-in-force",
            Denial::SectionNotConsented => "section-not-consented",
        }
    }

    /// The denial with this true reason.
    pub fn from_reason(reason: &str) -> Option<Self> {
        match reason {
            "section_not_consented" => Some(Denial::SectionNotConsented),
            fault => fault.parse().ok().map(Denial::NotInForce),
        }
    }

    /// The true reason, for the sealed commitment and the bureau.
    pub fn reason(self) -> &'static str {
        match self {
            Denial::NotInForce(fault) => fault.as_str(),
            Denial::SectionNotConsented => "section_not_consented",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_names_its_denial() {
        let faults = [ConsentFault::Unknown, ConsentFault::Revoked, ConsentFault::WindowClosed];
        for denial in faults.map(Denial::NotInForce).into_iter().chain([Denial::SectionNotConsented]) {
            assert_eq!(Denial::from_reason(denial.reason()), Some(denial));
        }
        assert_eq!(Denial::from_reason("granted"), None);
    }
}
