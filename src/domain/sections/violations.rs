//! 税收违法违章信息: registered violations, and whether they were dealt with, put right or exempted.
//!
//! Tax secrecy does not cover violations (税收征收管理法实施细则 Art. 5). The facts are the bureau's words, kept
//! short, and name no natural person.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::codes::codes;
use crate::domain::period::Period;
use crate::domain::record::{Findings, Mark, Outcome, RuleText};

const RESOLVED_RULE: &str = "violation.resolved_on";
const EXEMPT_RULE: &str = "violation.first_time_exempt";

codes! {
    /// 处理状态: whether a violation has been dealt with.
    ViolationStatus "处理状态" {
        /// Not yet.
        Unresolved = "unresolved" "未处理",
        /// It has.
        Resolved = "resolved" "已处理",
    }
}

/// One violation. Serialised, it is the body of a `violations` record; the bureau's number is its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "税收违法违章信息")]
pub struct Violation {
    /// Day on which it was registered.
    #[schemars(title = "登记日期")]
    pub registered_on: NaiveDate,
    /// Type code as the bureau delivers it.
    #[serde(rename = "type")]
    #[schemars(title = "违法违章类型")]
    pub kind: Option<String>,
    /// What happened, in the bureau's words.
    #[schemars(title = "违法事实")]
    pub facts: String,
    /// Means, as the bureau delivers them.
    #[schemars(title = "违法手段")]
    pub means: Option<String>,
    /// Whether it has been dealt with.
    #[schemars(title = "处理状态")]
    pub status: ViolationStatus,
    /// Day on which it was dealt with.
    #[schemars(title = "处理日期")]
    pub resolved_on: Option<NaiveDate>,
    /// Tax period concerned, if any.
    #[schemars(title = "税款所属期")]
    pub period: Option<Period>,
    /// Whether it became an inspection case.
    #[schemars(title = "稽查案件标志")]
    pub inspection_case: bool,
    /// 首违不罚: whether the first-time exemption applied (行政处罚法 Art. 33).
    #[schemars(title = "首违不罚标志")]
    pub first_time_exempt: bool,
    /// Whether the taxpayer has put it right.
    #[schemars(title = "已改正标志")]
    pub corrected: bool,
    /// Whether the registration was taken back.
    #[schemars(title = "作废标志")]
    pub voided: bool,
}

impl Violation {
    /// What the rules find.
    pub fn check(&self) -> Findings {
        let exempt = self.first_time_exempt.then(|| self.check_exempt());
        std::iter::once(self.check_resolved()).chain(exempt).collect()
    }

    /// The rules in words.
    pub fn rules() -> Vec<RuleText> {
        vec![
            RuleText::new(
                RESOLVED_RULE,
                "已处理的违法违章应有处理日期，未处理的不应有",
                "a violation has the day it was dealt with exactly when its status is resolved",
            ),
            RuleText::new(
                EXEMPT_RULE,
                "首违不罚以及时改正为条件(行政处罚法第三十三条)",
                "the first-time exemption goes only with a violation that was put right (行政处罚法 Art. 33)",
            ),
        ]
    }

    fn check_resolved(&self) -> Outcome {
        let by_date = match self.resolved_on {
            Some(_) => ViolationStatus::Resolved,
            None => ViolationStatus::Unresolved,
        };
        Outcome::of(self.status == by_date, || {
            Mark::texts(RESOLVED_RULE, "status", self.status.as_str(), by_date.as_str())
        })
    }

    fn check_exempt(&self) -> Outcome {
        Outcome::of(self.corrected, || Mark::texts(EXEMPT_RULE, "corrected", "false", "true"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violation() -> Violation {
        Violation {
            registered_on: "2025-11-20".parse().unwrap(),
            kind: Some("1701".into()),
            facts: "未按期办理纳税申报".into(),
            means: None,
            status: ViolationStatus::Resolved,
            resolved_on: Some("2025-11-28".parse().unwrap()),
            period: None,
            inspection_case: false,
            first_time_exempt: true,
            corrected: true,
            voided: false,
        }
    }

    #[test]
    fn resolved_goes_with_its_day() {
        assert_eq!((violation().check().checks.passed, violation().check().checks.failed), (2, 0));
        let wrong = Violation { resolved_on: None, ..violation() };
        assert_eq!(
            wrong.check().marks,
            [Mark::texts("violation.resolved_on", "status", "resolved", "unresolved")]
        );
        let wrong = Violation { status: ViolationStatus::Unresolved, ..violation() };
        assert_eq!(wrong.check().checks.failed, 1);
    }

    #[test]
    fn an_exemption_goes_with_a_correction() {
        let wrong = Violation { corrected: false, ..violation() };
        assert_eq!(
            wrong.check().marks,
            [Mark::texts("violation.first_time_exempt", "corrected", "false", "true")]
        );
        let fined = Violation { first_time_exempt: false, corrected: false, ..violation() };
        assert_eq!(fined.check().checks.passed, 1, "the rule says nothing where no exemption applied");
    }
}
