//! Cases: what a sentinel found, put to the bank that did it, answered by the bank, closed by the bureau.

use serde::{Deserialize, Serialize};

use super::member::{MemberId, wire_enum};
use super::member_contact::is_unprintable;
use super::sentinel::SentinelRule;
use super::timestamp::Timestamp;

/// The longest answer, note or objection, in characters.
pub const TEXT_LENGTH_MAX: usize = 2_000;

wire_enum! {
    /// Where a case stands.
    pub enum CaseStatus {
        /// 待说明: the bank has been asked.
        Open = "open",
        /// 已说明: the bank has answered.
        Answered = "answered",
        /// 已办结.
        Closed = "closed",
    }
}

wire_enum! {
    /// What the bureau made of it.
    pub enum CaseOutcome {
        /// 正当: the bank had reason.
        Justified = "justified",
        /// 不当: it had none.
        Unjustified = "unjustified",
        /// 无法认定.
        Inconclusive = "inconclusive",
    }
}

/// What every bank is asked, whatever was found: the words must not tell it which rule it was.
pub const QUESTION_ZH: &str = "请说明下列查询的业务依据（客户、申请、经办人）。";
/// The same in English.
pub const QUESTION_EN: &str = "State the business reason of these pulls: client, application, who acted.";

/// An answer, or a closing word.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// What the bank says.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// How a case ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Closure {
    /// What the bureau made of it.
    pub outcome: CaseOutcome,
    /// The bureau's own note.
    pub note: String,
    /// When.
    pub at: Timestamp,
}

/// A case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Case {
    /// UUIDv7.
    pub id: String,
    /// Which rule found it; no bank reads it.
    pub rule: SentinelRule,
    /// Who is asked.
    pub bank: MemberId,
    /// Tells findings of one rule about one bank apart.
    pub cause: String,
    /// Whose data, if it is about one taxpayer.
    pub taxpayer: Option<String>,
    /// Releases of this bank that it is about, granted or refused, oldest first.
    pub releases: Vec<String>,
    /// What was measured, for the bureau.
    pub detail: serde_json::Value,
    /// Index of the newest entry that the finding rests on.
    pub through: u64,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// What the bank said, if it did.
    pub answer: Option<Answer>,
    /// How it ended, if it did.
    pub closure: Option<Closure>,
}

impl Case {
    /// Where it stands.
    pub fn status(&self) -> CaseStatus {
        match (&self.answer, &self.closure) {
            (_, Some(_)) => CaseStatus::Closed,
            (Some(_), None) => CaseStatus::Answered,
            (None, None) => CaseStatus::Open,
        }
    }

    /// Whether a finding of the same rule, bank and cause, resting on entries up to `through`, is this case again.
    pub fn covers(&self, through: u64) -> bool {
        self.closure.is_none() || self.rule.once_per_cause() || self.through >= through
    }
}

/// Whether people may write this here: 1 to 2,000 characters, line breaks but no other character that is not seen.
pub fn is_text(text: &str) -> bool {
    (1..=TEXT_LENGTH_MAX).contains(&text.chars().count())
        && !text.chars().any(|c| is_unprintable(c) && c != '\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_the_same_until_its_case_is_closed_and_something_new_comes() {
        let mut case = Case {
            id: "c".into(),
            rule: SentinelRule::Canary,
            bank: "bank-01".parse().unwrap(),
            cause: "t".into(),
            taxpayer: None,
            releases: vec![],
            detail: serde_json::Value::Null,
            through: 7,
            opened_at: Timestamp::default(),
            answer: None,
            closure: None,
        };
        assert!(case.covers(9) && case.status() == CaseStatus::Open);
        case.answer = Some(Answer { text: "a".into(), at: Timestamp::default() });
        assert!(case.covers(9) && case.status() == CaseStatus::Answered);
        let closure =
            Closure { outcome: CaseOutcome::Justified, note: String::new(), at: Timestamp::default() };
        case.closure = Some(closure);
        assert!(case.covers(7) && !case.covers(8) && case.status() == CaseStatus::Closed);
        case.rule = SentinelRule::Objection;
        assert!(case.covers(8), "an objection is one case for good");
    }

    #[test]
    fn texts() {
        assert!(is_text("客户\n申请"));
        for bad in ["", "a\u{7}", "a\u{202e}b", "a\u{feff}", &"x".repeat(TEXT_LENGTH_MAX + 1)] {
            assert!(!is_text(bad));
        }
    }
}
