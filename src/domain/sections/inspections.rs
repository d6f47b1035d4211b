//! 稽查案件: concluded inspections whose decision was served.
//!
//! Open cases are never taken: a release would tip off whoever is inspected. Since the section is defined as the
//! served ones, that a dossier has none tells nothing about whether a case is open.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::codes::codes;
use crate::domain::fen::Fen;
use crate::domain::record::{Findings, Mark, Outcome, RuleText};

const PAID_RULE: &str = "inspection.paid_within_due";

codes! {
    /// 决定状态: where a served decision stands.
    DecisionStatus "决定状态" {
        /// In force.
        Effective = "effective" "生效",
        /// 行政复议 is under way.
        UnderReview = "under_review" "复议",
        /// 行政诉讼 is under way.
        Litigation = "litigation" "诉讼",
        /// Taken back or set aside.
        Revoked = "revoked" "撤销",
    }
}

/// One concluded inspection. Serialised, it is the body of an `inspections` record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "稽查案件")]
pub struct Inspection {
    /// Number of the served decision; it tells a taxpayer's inspections apart.
    #[schemars(title = "处理决定书文号")]
    pub decision_no: String,
    /// Day on which the decision was served.
    #[schemars(title = "送达日期")]
    pub served_on: NaiveDate,
    /// Where the decision stands.
    #[schemars(title = "决定状态")]
    pub status: DecisionStatus,
    /// Name of the case.
    #[schemars(title = "案件名称")]
    pub name: Option<String>,
    /// Type of the case as the bureau delivers it.
    #[serde(rename = "type")]
    #[schemars(title = "案件类型")]
    pub kind: Option<String>,
    /// First day of the time examined.
    #[schemars(title = "检查所属期起")]
    pub examined_from: NaiveDate,
    /// Last day of the time examined.
    #[schemars(title = "检查所属期止")]
    pub examined_to: NaiveDate,
    /// Day on which the case was opened.
    #[schemars(title = "立案日期")]
    pub opened_on: Option<NaiveDate>,
    /// Day on which the case was closed.
    #[schemars(title = "结案日期")]
    pub closed_on: Option<NaiveDate>,
    /// Day on which everything decided had been carried out.
    #[schemars(title = "执行完毕日期")]
    pub executed_on: Option<NaiveDate>,
    /// Tax decided as due, in fen.
    #[schemars(title = "应补税款")]
    pub due_tax_fen: Fen,
    /// Late fee decided as due, in fen.
    #[schemars(title = "应缴滞纳金")]
    pub due_late_fee_fen: Fen,
    /// Fine decided as due, in fen.
    #[schemars(title = "应缴罚款")]
    pub due_fine_fen: Fen,
    /// Of the tax decided, what has been paid, in fen.
    #[schemars(title = "已补税款")]
    pub paid_tax_fen: Fen,
    /// Of the late fee decided, what has been paid, in fen.
    #[schemars(title = "已缴滞纳金")]
    pub paid_late_fee_fen: Fen,
    /// Of the fine decided, what has been paid, in fen.
    #[schemars(title = "已缴罚款")]
    pub paid_fine_fen: Fen,
    /// Whether it is published as a major tax offence (重大税收违法失信主体信息公布管理办法, SAT Order No. 54).
    #[schemars(title = "重大税收违法失信标志")]
    pub major_case: bool,
}

impl Inspection {
    /// What tells a taxpayer's inspections apart: the decision.
    pub fn key(&self) -> String {
        self.decision_no.clone()
    }

    /// What the rules find.
    pub fn check(&self) -> Findings {
        [
            ("paid_tax_fen", self.paid_tax_fen, self.due_tax_fen),
            ("paid_late_fee_fen", self.paid_late_fee_fen, self.due_late_fee_fen),
            ("paid_fine_fen", self.paid_fine_fen, self.due_fine_fen),
        ]
        .into_iter()
        .map(|(field, paid, due)| Outcome::of(paid <= due, || Mark::amounts(PAID_RULE, field, paid, due)))
        .collect()
    }

    /// The rules in words.
    pub fn rules() -> Vec<RuleText> {
        vec![RuleText::new(
            PAID_RULE,
            "已缴税款、滞纳金、罚款分别不超过应缴数",
            "of tax, late fee and fine, no more is paid than was decided as due; each is checked by itself",
        )]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inspection() -> Inspection {
        let date = |text: &str| text.parse().unwrap();
        Inspection {
            decision_no: "深税一稽处〔2025〕12号".into(),
            served_on: date("2025-06-10"),
            status: DecisionStatus::Effective,
            name: None,
            kind: None,
            examined_from: date("2022-01-01"),
            examined_to: date("2023-12-31"),
            opened_on: Some(date("2024-11-04")),
            closed_on: Some(date("2025-08-01")),
            executed_on: Some(date("2025-07-15")),
            due_tax_fen: Fen::new(500_000),
            due_late_fee_fen: Fen::new(40_000),
            due_fine_fen: Fen::new(250_000),
            paid_tax_fen: Fen::new(500_000),
            paid_late_fee_fen: Fen::new(40_000),
            paid_fine_fen: Fen::new(100_000),
            major_case: false,
        }
    }

    #[test]
    fn no_more_is_paid_than_is_due() {
        assert_eq!((inspection().check().checks.passed, inspection().check().checks.failed), (3, 0));
        let wrong = Inspection { paid_fine_fen: Fen::new(250_001), ..inspection() };
        assert_eq!(
            wrong.check().marks,
            [Mark::amounts(
                "inspection.paid_within_due",
                "paid_fine_fen",
                Fen::new(250_001),
                Fen::new(250_000)
            )]
        );
        assert_eq!(wrong.check().checks.passed, 2);
    }

    #[test]
    fn the_decision_is_the_key() {
        assert_eq!(inspection().key(), "深税一稽处〔2025〕12号");
    }
}
