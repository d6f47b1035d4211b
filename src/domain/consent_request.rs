//! Requests for an authorisation: asked by a bank or drafted for the firm, then granted, declined or left to lapse.
//!
//! `lending.md`, Consent. A request is no consent: nothing leaves under it. What is granted becomes a
//! [`super::consent::Consent`] of its own, which names the request.

use serde::{Deserialize, Serialize};

use super::consent::{ConsentWindow, GrantorRole, Purpose};
use super::consent_details::Operator;
use super::member::{MemberId, wire_enum};
use super::product::{MONTHS_MAX, all_different};
use super::representative::ActingFor;
use super::section::Section;
use super::taxpayer_id::TaxpayerId;
use super::timestamp::Timestamp;

/// How long ago, at most, a person was recognised who grants, in microseconds: 5 minutes.
pub const RECOGNISED_WITHIN_MICROS: i64 = 300 * 1_000_000;
/// Longest validity that any policy can allow, in days.
pub const VALID_DAYS_MAX: u32 = 3_660;
/// Longest `state` and case number of a bank, in characters.
pub const LABEL_LENGTH_MAX: usize = 256;

wire_enum! {
    /// Where a request stands.
    pub enum RequestStatus {
        /// 草稿: being prepared for the firm.
        Draft = "draft",
        /// 待确认: waits for who may grant.
        Requested = "requested",
        /// 已授权: a consent came of it.
        Granted = "granted",
        /// 已拒绝
        Declined = "declined",
        /// 逾期未确认
        Lapsed = "lapsed",
    }
}

wire_enum! {
    /// What happens to a request.
    pub enum RequestStep {
        /// Its terms change.
        Edit = "edit",
        /// It goes to who may grant.
        HandOver = "hand_over",
        /// A second person agrees to it.
        Approve = "approve",
        /// It becomes a consent.
        Grant = "grant",
        /// The firm says no, or throws its draft away.
        Decline = "decline",
        /// Nobody answered in time, or who it waited for no longer represents the firm.
        Lapse = "lapse",
    }
}

wire_enum! {
    /// Where a request comes from.
    pub enum RequestOrigin {
        /// A bank asked.
        Bank = "bank",
        /// The firm prepared it.
        Firm = "firm",
    }
}

impl RequestStatus {
    /// The status after a step, or `None` if the step cannot be taken now.
    ///
    /// A bank's request is never edited: what it asks is granted as asked, in part by the ticks, or not at all.
    pub fn after(self, step: RequestStep) -> Option<RequestStatus> {
        match (self, step) {
            (RequestStatus::Draft, RequestStep::Edit) => Some(RequestStatus::Draft),
            (RequestStatus::Draft | RequestStatus::Requested, RequestStep::HandOver) => {
                Some(RequestStatus::Requested)
            }
            (RequestStatus::Draft | RequestStatus::Requested, RequestStep::Approve) => Some(self),
            (RequestStatus::Draft | RequestStatus::Requested, RequestStep::Grant) => {
                Some(RequestStatus::Granted)
            }
            (RequestStatus::Draft | RequestStatus::Requested, RequestStep::Decline) => {
                Some(RequestStatus::Declined)
            }
            (RequestStatus::Draft | RequestStatus::Requested, RequestStep::Lapse) => {
                Some(RequestStatus::Lapsed)
            }
            (RequestStatus::Requested, RequestStep::Edit)
            | (
                RequestStatus::Granted | RequestStatus::Declined | RequestStatus::Lapsed,
                RequestStep::Edit
                | RequestStep::HandOver
                | RequestStep::Approve
                | RequestStep::Grant
                | RequestStep::Decline
                | RequestStep::Lapse,
            ) => None,
        }
    }

    /// Whether it can still be answered.
    pub fn is_open(self) -> bool {
        self.after(RequestStep::Grant).is_some()
    }
}

/// What is asked for: everything that a consent fixes, except who grants and when.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestTerms {
    /// `pre_loan` first. `post_loan` is ticked apart at grant.
    pub purpose: Vec<Purpose>,
    /// Sections that are to leave.
    pub sections: Vec<Section>,
    /// Tax periods that are to leave.
    pub window: ConsentWindow,
    /// Days from the grant for which the consent is to hold.
    pub valid_days: u32,
    /// Dossiers in all.
    pub pulls: u32,
    /// Whether a personal consent is asked for besides.
    #[serde(default)]
    pub personal_data: bool,
    /// Who is to be told the outcome; each is ticked apart at grant.
    #[serde(default)]
    pub share_outcome_with: Vec<MemberId>,
}

impl RequestTerms {
    /// What is wrong with the terms in themselves: JSON pointer, and what would be right.
    pub fn problems(&self) -> Vec<(&'static str, &'static str)> {
        let purposes = [&[Purpose::PreLoan][..], &[Purpose::PreLoan, Purpose::PostLoan][..]];
        let months = match self.window {
            ConsentWindow::Rolling(rolling) => (1..=MONTHS_MAX).contains(&rolling.months),
            ConsentWindow::Fixed(_) => true,
        };
        let rules = [
            (
                "/purpose",
                purposes.contains(&self.purpose.as_slice()),
                "must be [\"pre_loan\"] or [\"pre_loan\",\"post_loan\"]",
            ),
            (
                "/sections",
                !self.sections.is_empty() && all_different(&self.sections),
                "must name at least one section, none twice",
            ),
            ("/window_months", months, "must be 1 to 120"),
            ("/valid_days", (1..=VALID_DAYS_MAX).contains(&self.valid_days), "must be 1 to 3660"),
            ("/pulls", self.pulls > 0, "must be at least 1"),
            ("/share_outcome_with", all_different(&self.share_outcome_with), "must name no member twice"),
        ];
        rules.into_iter().filter(|(_, holds, _)| !holds).map(|(pointer, _, must)| (pointer, must)).collect()
    }
}

/// A second person's word for a request, where the firm asks for joint approval.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// In which role and when; goes into the consent.
    pub operator: Operator,
    /// Who, by the issuer's subject: no person is the second one of himself or herself.
    pub subject: String,
    /// Digest of exactly what that person was shown.
    pub text_digest: String,
}

/// Who prepared a draft.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preparer {
    /// In which role and when; goes into the consent.
    pub operator: Operator,
    /// Who, by the issuer's subject.
    pub subject: String,
}

/// What a bank said besides, for itself alone.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct BankLabels {
    /// Its case number.
    pub bank_ref: Option<String>,
    /// Where the person goes back to, inside a registered prefix.
    pub return_url: Option<String>,
    /// Given back unchanged on the way there.
    pub state: Option<String>,
}

/// A request as stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsentRequest {
    /// UUIDv7.
    pub id: String,
    /// Drafts prepared together, one for each bank, are handed over and shown together. Its own id if alone.
    pub group: String,
    /// Where it comes from.
    pub origin: RequestOrigin,
    /// The firm, whether or not there is one of that number.
    pub taxpayer: TaxpayerId,
    /// The bank that is to receive.
    pub bank: MemberId,
    /// Its product.
    pub product: String,
    /// As stored: lapse is told by [`ConsentRequest::standing`].
    pub status: RequestStatus,
    /// Not shown to the firm: it blocked the bank, or declined not long ago. The bank is not told.
    pub hidden: bool,
    /// What is asked for.
    pub terms: RequestTerms,
    /// What the bank said besides.
    pub labels: BankLabels,
    /// When it was made.
    pub created_at: Timestamp,
    /// First instant at which it can no longer be answered.
    pub expires_at: Timestamp,
    /// Who prepared it, of the firm's own.
    pub prepared_by: Option<Preparer>,
    /// Who approved besides.
    pub approvals: Vec<Approval>,
    /// The consent whose place the new one takes.
    pub supersedes: Option<String>,
    /// The consent that came of it.
    pub consent: Option<String>,
    /// When it was answered or lapsed.
    pub decided_at: Option<Timestamp>,
}

impl ConsentRequest {
    /// The status as of `at`: what nobody answered in time has lapsed, whether or not that was recorded yet.
    pub fn standing(&self, at: Timestamp) -> RequestStatus {
        if self.status.is_open() && at >= self.expires_at { RequestStatus::Lapsed } else { self.status }
    }

    /// The status as the bank is told: granted, or asked until it lapses. Whether the firm declined, blocked the bank or
    /// is none at all looks the same.
    pub fn told_to_bank(&self, at: Timestamp) -> RequestStatus {
        match self.status {
            RequestStatus::Granted => RequestStatus::Granted,
            RequestStatus::Draft
            | RequestStatus::Requested
            | RequestStatus::Declined
            | RequestStatus::Lapsed => {
                if at >= self.expires_at {
                    RequestStatus::Lapsed
                } else {
                    RequestStatus::Requested
                }
            }
        }
    }
}

/// Why a person may not grant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotSigning {
    /// The role prepares, and grants nothing.
    #[error("this role may prepare and hand over, not grant")]
    Role,
    /// The person was recognised too long ago.
    #[error("the person must be recognised again before granting")]
    Recognise,
}

/// The role in which the person grants at `now`: who may, and was recognised within the last five minutes.
pub fn signing_role(acting: &ActingFor, now: Timestamp) -> Result<GrantorRole, NotSigning> {
    let role = acting.firm.role.may_grant().ok_or(NotSigning::Role)?;
    if now.since_micros(acting.authentication.at) > RECOGNISED_WITHIN_MICROS {
        return Err(NotSigning::Recognise);
    }
    Ok(role)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::consent::{Assurance, GrantMethod, RollingWindow};
    use crate::domain::representative::{Authentication, Person, PortalRole, Representation};

    /// Every status with every step: what may happen stands here, whatever else is refused.
    #[test]
    fn only_these_steps_can_be_taken() {
        let legal = |status: RequestStatus, step: RequestStep| match (status.as_str(), step.as_str()) {
            ("draft", "edit") => Some("draft"),
            ("draft" | "requested", "hand_over") => Some("requested"),
            ("draft" | "requested", "grant") => Some("granted"),
            ("draft" | "requested", "decline") => Some("declined"),
            ("draft" | "requested", "lapse") => Some("lapsed"),
            ("draft", "approve") => Some("draft"),
            ("requested", "approve") => Some("requested"),
            _refused => None,
        };
        let mut taken = 0;
        for status in RequestStatus::ALL {
            for step in RequestStep::ALL {
                let after = status.after(*step).map(RequestStatus::as_str);
                assert_eq!(after, legal(*status, *step), "{status} {step}");
                taken += usize::from(after.is_some());
            }
            let ended = matches!(status.as_str(), "granted" | "declined" | "lapsed");
            assert_eq!(status.is_open(), !ended, "{status}");
        }
        assert_eq!(taken, 11);
    }

    fn request(status: RequestStatus) -> ConsentRequest {
        let at = Timestamp::from_micros(1_790_000_000_000_000).unwrap();
        ConsentRequest {
            id: "0192f0c1-2222-7333-8444-5555abcdef01".into(),
            group: "g".into(),
            origin: RequestOrigin::Bank,
            taxpayer: TaxpayerId::parse("91440300MA5EXAMPLE")
                .or_else(|_| TaxpayerId::parse("91440300708461136T"))
                .unwrap(),
            bank: "bank-01".parse().unwrap(),
            product: "p".into(),
            status,
            hidden: false,
            terms: RequestTerms {
                purpose: vec![Purpose::PreLoan],
                sections: vec![Section::Rating],
                window: ConsentWindow::Rolling(RollingWindow { months: 12 }),
                valid_days: 30,
                pulls: 1,
                personal_data: false,
                share_outcome_with: Vec::new(),
            },
            labels: BankLabels::default(),
            created_at: at,
            expires_at: at.plus_micros(10),
            prepared_by: None,
            approvals: Vec::new(),
            supersedes: None,
            consent: None,
            decided_at: None,
        }
    }

    #[test]
    fn a_bank_tells_declined_from_unanswered_at_no_instant() {
        for micros in [0, 9, 10, 11] {
            let at = request(RequestStatus::Requested).created_at.plus_micros(micros);
            let unanswered = request(RequestStatus::Requested).told_to_bank(at);
            for status in [RequestStatus::Declined, RequestStatus::Lapsed] {
                assert_eq!(request(status).told_to_bank(at), unanswered, "{status} {micros}");
            }
            assert_eq!(unanswered == RequestStatus::Lapsed, micros >= 10);
            assert_eq!(request(RequestStatus::Granted).told_to_bank(at), RequestStatus::Granted);
        }
    }

    #[test]
    fn what_nobody_answered_has_lapsed_at_its_end() {
        let open = request(RequestStatus::Requested);
        assert_eq!(open.standing(open.expires_at.plus_micros(-1)), RequestStatus::Requested);
        assert_eq!(open.standing(open.expires_at), RequestStatus::Lapsed);
        let granted = request(RequestStatus::Granted);
        assert_eq!(granted.standing(granted.expires_at), RequestStatus::Granted);
    }

    #[test]
    fn only_who_may_and_was_just_recognised_grants() {
        let now = Timestamp::from_micros(1_790_000_000_000_000).unwrap();
        let acting = |role, ago: i64| ActingFor {
            person: Person { subject: "s".into(), name: "n".into(), id_ref: None },
            firm: Representation {
                taxpayer_id: request(RequestStatus::Draft).taxpayer,
                name: "f".into(),
                role,
            },
            authentication: Authentication {
                method: GrantMethod::EtaxFace,
                assurance: Assurance::Reliable,
                at: now.plus_micros(-ago),
            },
        };
        for role in PortalRole::ALL {
            let may = matches!(role, PortalRole::LegalRepresentative | PortalRole::Owner);
            let within = signing_role(&acting(*role, RECOGNISED_WITHIN_MICROS), now);
            assert_eq!(within.is_ok(), may, "{role}");
            let late = signing_role(&acting(*role, RECOGNISED_WITHIN_MICROS + 1), now);
            assert_eq!(late, Err(if may { NotSigning::Recognise } else { NotSigning::Role }), "{role}");
        }
    }

    #[test]
    fn terms_outside_the_ranges_are_named() {
        let good = request(RequestStatus::Draft).terms;
        assert!(good.problems().is_empty());
        let bad = RequestTerms {
            purpose: vec![Purpose::PostLoan],
            sections: vec![Section::Rating, Section::Rating],
            window: ConsentWindow::Rolling(RollingWindow { months: 0 }),
            valid_days: 0,
            pulls: 0,
            personal_data: false,
            share_outcome_with: vec!["platform".parse().unwrap(), "platform".parse().unwrap()],
        };
        let pointers: Vec<&str> = bad.problems().into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(
            pointers,
            ["/purpose", "/sections", "/window_months", "/valid_days", "/pulls", "/share_outcome_with"]
        );
    }
}
