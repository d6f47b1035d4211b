//! How a firm reads what became of a bank's pull: the outcome, and in general terms why not.
//!
//! `lending.md`, access log line. A firm learns that it was asked for and refused, and nothing of a bank's own business
//! or of the bureau's.

use super::denial::{ConsentFault, Denial};
use super::member::wire_enum;

wire_enum! {
    /// What became of a pull, as the firm reads it.
    pub enum AccessOutcome {
        /// 已提供
        Provided = "provided",
        /// 已再次提供: the same dossier, within a day.
        ProvidedAgain = "provided_again",
        /// 未提供：没有您的有效授权.
        NoAuthorisation = "no_authorisation",
        /// 未提供：授权已撤回、到期、中止或被替代.
        NoLongerAuthorised = "no_longer_authorised",
        /// 未提供：授权次数已用完.
        UsedUp = "used_up",
        /// 未提供：超出授权的用途、项目或期间.
        BeyondAuthorisation = "beyond_authorisation",
        /// 未提供：平台暂不提供.
        NotAtPresent = "not_at_present",
    }
}

impl AccessOutcome {
    /// A refusal in the firm's terms.
    pub fn of_denial(denial: Denial) -> Self {
        match denial {
            Denial::SectionNotConsented => AccessOutcome::BeyondAuthorisation,
            Denial::NotInForce(fault) => match fault {
                ConsentFault::Unknown
                | ConsentFault::Foreign
                | ConsentFault::NotGranted
                | ConsentFault::NotYetValid => AccessOutcome::NoAuthorisation,
                ConsentFault::Suspended
                | ConsentFault::Revoked
                | ConsentFault::Superseded
                | ConsentFault::PersonalWithdrawn
                | ConsentFault::Expired => AccessOutcome::NoLongerAuthorised,
                ConsentFault::Exhausted => AccessOutcome::UsedUp,
                ConsentFault::WrongPurpose | ConsentFault::TaxpayerMismatch | ConsentFault::WindowClosed => {
                    AccessOutcome::BeyondAuthorisation
                }
                ConsentFault::ProductNotApproved
                | ConsentFault::BeyondPolicy
                | ConsentFault::NoDrawdown
                | ConsentFault::OnHold => AccessOutcome::NotAtPresent,
            },
        }
    }

    /// Whether data left.
    pub fn provided(self) -> bool {
        matches!(self, AccessOutcome::Provided | AccessOutcome::ProvidedAgain)
    }

    /// In Chinese.
    pub fn label_zh(self) -> &'static str {
        match self {
            AccessOutcome::Provided => "已提供",
            AccessOutcome::ProvidedAgain => "已再次提供（同一份档案）",
            AccessOutcome::NoAuthorisation => "未提供：没有您的有效授权",
            AccessOutcome::NoLongerAuthorised => "未提供：授权已撤回、到期、中止或被替代",
            AccessOutcome::UsedUp => "未提供：授权的查询次数已用完",
            AccessOutcome::BeyondAuthorisation => "未提供：超出授权的用途、项目或期间",
            AccessOutcome::NotAtPresent => "未提供：平台暂不提供",
        }
    }

    /// In English.
    pub fn label_en(self) -> &'static str {
        match self {
            AccessOutcome::Provided => "Provided",
            AccessOutcome::ProvidedAgain => "Provided again (the same dossier)",
            AccessOutcome::NoAuthorisation => "Not provided: no authorisation of yours in force",
            AccessOutcome::NoLongerAuthorised => {
                "Not provided: the authorisation was withdrawn, ran out, rests or was replaced"
            }
            AccessOutcome::UsedUp => "Not provided: every pull that you allowed was used",
            AccessOutcome::BeyondAuthorisation => {
                "Not provided: beyond the purpose, sections or period that you allowed"
            }
            AccessOutcome::NotAtPresent => "Not provided: the exchange does not release at present",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_refusal_reads_as_provided_and_the_bureaus_brake_is_not_told() {
        for fault in ConsentFault::ALL {
            assert!(!AccessOutcome::of_denial(Denial::NotInForce(*fault)).provided(), "{fault}");
        }
        let held = AccessOutcome::of_denial(Denial::NotInForce(ConsentFault::OnHold));
        let unapproved = AccessOutcome::of_denial(Denial::NotInForce(ConsentFault::ProductNotApproved));
        assert_eq!(held, unapproved);
    }
}
