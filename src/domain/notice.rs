//! What firms are told: each notice by a code and what it points at. Texts are made where they are shown.
//!
//! `lending.md`, Consent; protocol: an outbox hands the codes on to a configured webhook for text messages.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::member::{MemberId, wire_enum};
use super::timestamp::Timestamp;

wire_enum! {
    /// What a notice is about. The codes are those of the webhook's templates: stable.
    pub enum NoticeKind {
        /// 数据查询: banks asked for the firm's data on one day.
        Accessed = "accessed",
        /// 授权请求: an authorisation was asked for, or handed over to be signed.
        Requested = "requested",
        /// 待确认提醒: such a request still waits.
        RequestWaiting = "request_waiting",
        /// 授权将到期: an authorisation runs out soon.
        Expiring = "expiring",
        /// 授权已中止: an authorisation rests, because the representative changed.
        Suspended = "suspended",
        /// 授权已撤回: an authorisation was taken back.
        Revoked = "revoked",
        /// 违法记录告知: a violation will be part of later dossiers.
        ViolationTold = "violation_told",
        /// 更正办结: a correction was decided.
        CorrectionResolved = "correction_resolved",
        /// 异议答复: the bank answered, or the bureau closed, the case about a disputed access.
        CaseAnswered = "case_answered",
    }
}

/// A notice. Ids lead to the page that says more; nothing in it is tax data.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Notice {
    /// A bank's pulls of one day, together.
    Accessed {
        /// Who asked.
        bank: MemberId,
        /// The day, Asia/Shanghai.
        day: NaiveDate,
        /// Pulls after which data left, repetitions included.
        provided: u32,
        /// Pulls that were refused.
        refused: u32,
    },
    /// An authorisation was asked for, or handed over.
    Requested {
        /// The request.
        request_id: String,
        /// The bank it is for.
        bank: MemberId,
    },
    /// It still waits.
    RequestWaiting {
        /// The request.
        request_id: String,
        /// The bank it is for.
        bank: MemberId,
    },
    /// An authorisation runs out.
    Expiring {
        /// The consent.
        consent_id: String,
        /// Its bank.
        bank: MemberId,
        /// First instant at which it is over.
        valid_to: Timestamp,
        /// How many days before that the firm is told.
        days_before: u32,
    },
    /// An authorisation rests.
    Suspended {
        /// The consent.
        consent_id: String,
        /// Its bank.
        bank: MemberId,
    },
    /// An authorisation was taken back.
    Revoked {
        /// The consent.
        consent_id: String,
        /// Its bank.
        bank: MemberId,
    },
    /// A violation will be released from a day on.
    ViolationTold {
        /// Id of the telling (entry `violation.notified`).
        notice_id: String,
        /// First day on which the record may be part of a dossier, Asia/Shanghai.
        released_from: NaiveDate,
    },
    /// A correction was decided.
    CorrectionResolved {
        /// The correction.
        correction_id: String,
    },
    /// The case about a disputed access moved on.
    CaseAnswered {
        /// The case.
        case_id: String,
        /// The disputed access.
        release_id: String,
        /// Whether the bureau closed it; otherwise the bank answered.
        closed: bool,
    },
}

impl Notice {
    /// The bank that it is about, if it is about one.
    pub fn bank(&self) -> Option<&MemberId> {
        match self {
            Notice::Accessed { bank, .. }
            | Notice::Requested { bank, .. }
            | Notice::RequestWaiting { bank, .. }
            | Notice::Expiring { bank, .. }
            | Notice::Suspended { bank, .. }
            | Notice::Revoked { bank, .. } => Some(bank),
            Notice::ViolationTold { .. }
            | Notice::CorrectionResolved { .. }
            | Notice::CaseAnswered { .. } => None,
        }
    }

    /// Its kind.
    pub fn kind(&self) -> NoticeKind {
        match self {
            Notice::Accessed { .. } => NoticeKind::Accessed,
            Notice::Requested { .. } => NoticeKind::Requested,
            Notice::RequestWaiting { .. } => NoticeKind::RequestWaiting,
            Notice::Expiring { .. } => NoticeKind::Expiring,
            Notice::Suspended { .. } => NoticeKind::Suspended,
            Notice::Revoked { .. } => NoticeKind::Revoked,
            Notice::ViolationTold { .. } => NoticeKind::ViolationTold,
            Notice::CorrectionResolved { .. } => NoticeKind::CorrectionResolved,
            Notice::CaseAnswered { .. } => NoticeKind::CaseAnswered,
        }
    }

    /// What it is about: a firm is told once of the same thing.
    pub fn about(&self, now: Timestamp) -> String {
        match self {
            Notice::Accessed { bank, day, .. } => format!("{bank} {day}"),
            Notice::Requested { request_id, .. } | Notice::RequestWaiting { request_id, .. } => {
                request_id.clone()
            }
            Notice::Expiring { consent_id, days_before, .. } => format!("{consent_id} {days_before}"),
            // It may rest, be resumed and rest again.
            Notice::Suspended { consent_id, .. } => format!("{consent_id} {now}"),
            Notice::Revoked { consent_id, .. } => consent_id.clone(),
            Notice::ViolationTold { notice_id, .. } => notice_id.clone(),
            Notice::CorrectionResolved { correction_id } => correction_id.clone(),
            Notice::CaseAnswered { case_id, closed, .. } => {
                format!("{case_id} {}", if *closed { "closed" } else { "answered" })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_of_a_notice_is_its_kind() {
        let bank: MemberId = "bank-a".parse().unwrap();
        let day = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        let notices = [
            Notice::Accessed { bank: bank.clone(), day, provided: 1, refused: 0 },
            Notice::Requested { request_id: "r".into(), bank: bank.clone() },
            Notice::RequestWaiting { request_id: "r".into(), bank: bank.clone() },
            Notice::Expiring {
                consent_id: "c".into(),
                bank: bank.clone(),
                valid_to: Timestamp::default(),
                days_before: 7,
            },
            Notice::Suspended { consent_id: "c".into(), bank: bank.clone() },
            Notice::Revoked { consent_id: "c".into(), bank },
            Notice::ViolationTold { notice_id: "n".into(), released_from: day },
            Notice::CorrectionResolved { correction_id: "c".into() },
            Notice::CaseAnswered { case_id: "c".into(), release_id: "r".into(), closed: true },
        ];
        assert_eq!(notices.len(), NoticeKind::ALL.len());
        for notice in notices {
            let value = serde_json::to_value(&notice).unwrap();
            assert_eq!(value["kind"], notice.kind().as_str());
            assert_eq!(serde_json::from_value::<Notice>(value).unwrap(), notice);
        }
    }

    #[test]
    fn a_bank_that_asks_again_on_another_day_is_another_notice() {
        let told = |day: u32, provided: u32| {
            let day = NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
            let bank = "bank-a".parse().unwrap();
            Notice::Accessed { bank, day, provided, refused: 0 }.about(Timestamp::default())
        };
        assert_eq!(told(1, 1), told(1, 2));
        assert_ne!(told(1, 1), told(2, 1));
    }
}
