//! The two-person rule: what one person proposes takes effect when another one approves.

use super::member::wire_enum;
use super::timestamp::Timestamp;

/// Days that a proposal stays open.
pub const OPEN_DAYS: i64 = 7;

wire_enum! {
    /// Where a proposal stands.
    pub enum ProposalStatus {
        /// Waits for a second person.
        Open = "open",
        /// A second person approved, and it was applied.
        Approved = "approved",
        /// Somebody turned it down, or its proposer took it back.
        Rejected = "rejected",
        /// Nobody decided within seven days.
        Lapsed = "lapsed",
    }
}

impl ProposalStatus {
    /// How it stands at `now`, if nobody decided before `expires_at`.
    pub fn at(self, now: Timestamp, expires_at: Timestamp) -> Self {
        match self {
            ProposalStatus::Open if now >= expires_at => ProposalStatus::Lapsed,
            ProposalStatus::Open
            | ProposalStatus::Approved
            | ProposalStatus::Rejected
            | ProposalStatus::Lapsed => self,
        }
    }
}

/// A person who administers, as far as the exchange can tell persons apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Person {
    /// The member that the person acts for, or `operator` on the host.
    pub member: String,
    /// Label of the certificate, or the host's name for its user.
    pub label: String,
    /// Fingerprint of the certificate, or `uid:` and the host's number for its user.
    pub credential: String,
}

impl Person {
    /// Whether this must be somebody else: another certificate (or host user), and another label too.
    ///
    /// Two members may use the same label, as banks and bureau do with `system`; but the operator's name on the
    /// host is the same person as the label of that name on a certificate.
    pub fn is_another_than(&self, other: &Person, operator: &str) -> bool {
        let on_the_host = self.member == operator || other.member == operator;
        let same_name = self.label == other.label && (self.member == other.member || on_the_host);
        self.credential != other.credential && !same_name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(member: &str, label: &str, credential: &str) -> Person {
        Person { member: member.into(), label: label.into(), credential: credential.into() }
    }

    #[test]
    fn another_person_has_another_certificate_and_another_label() {
        let wang = person("bureau", "王", "aa");
        let cases = [
            (person("bureau", "王", "aa"), false),
            (person("bureau", "王", "bb"), false),
            (person("bureau", "李", "aa"), false),
            (person("bureau", "李", "bb"), true),
            (person("bank-01", "王", "bb"), true),
            (person("operator", "王", "uid:1000"), false),
            (person("operator", "root", "uid:0"), true),
        ];
        for (other, another) in cases {
            assert_eq!(wang.is_another_than(&other, "operator"), another, "{other:?}");
            assert_eq!(other.is_another_than(&wang, "operator"), another, "{other:?}");
        }
    }

    #[test]
    fn a_proposal_lapses_by_itself() {
        let end = Timestamp::default().plus_micros(1_000);
        assert_eq!(ProposalStatus::Open.at(end.plus_micros(-1), end), ProposalStatus::Open);
        assert_eq!(ProposalStatus::Open.at(end, end), ProposalStatus::Lapsed);
        assert_eq!(ProposalStatus::Rejected.at(end, end), ProposalStatus::Rejected);
    }
}
