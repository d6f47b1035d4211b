//! 社会保险费缴纳信息: how many persons were insured in a month, what was due and what was paid.
//!
//! A figure over very few persons says something about each of them: below five insured, a dossier says only
//! that the month is there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::fen::Fen;
use crate::domain::period::Period;
use crate::domain::record::{Findings, Mark, Outcome, RuleText};

/// Fewest insured persons whose figures leave.
pub const INSURED_SHOWN_FROM: i64 = 5;

const ARREARS_RULE: &str = "employment.arrears";

/// One month. Serialised, it is the body of an `employment` record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "社会保险费缴纳信息")]
pub struct EmploymentMonth {
    /// The calendar month.
    #[schemars(title = "费款所属期")]
    pub period: Period,
    /// Persons insured.
    #[schemars(title = "参保人数", extend("x-unit" = "person"))]
    pub insured: i64,
    /// Premiums due for the month, all kinds together, in fen.
    #[schemars(title = "应缴费额")]
    pub due_fen: Fen,
    /// Of those, what has been paid, in fen.
    #[schemars(title = "实缴费额")]
    pub paid_fen: Fen,
    /// Of those, what is still owed, in fen.
    #[schemars(title = "欠缴费额")]
    pub arrears_fen: Fen,
    /// Wages on which the premiums are reckoned, in fen.
    #[schemars(title = "缴费工资总额")]
    pub wages_fen: Option<Fen>,
}

impl EmploymentMonth {
    /// What tells a taxpayer's months apart.
    pub fn key(&self) -> String {
        format!("month|{}", self.period.from())
    }

    /// Whether so few persons are insured that the figures stay.
    pub fn is_suppressed(&self) -> bool {
        self.insured < INSURED_SHOWN_FROM
    }

    /// What the rules find.
    pub fn check(&self) -> Findings {
        let owed = self.due_fen.checked_sub(self.paid_fen).map(|owed| owed.max(Fen::ZERO));
        let outcome = owed.map_or(Outcome::Skipped, |owed| {
            Outcome::of(self.arrears_fen == owed, || {
                Mark::amounts(ARREARS_RULE, "arrears_fen", self.arrears_fen, owed)
            })
        });
        Findings::from_iter([outcome])
    }

    /// The rules in words.
    pub fn rules() -> Vec<RuleText> {
        vec![RuleText::new(
            ARREARS_RULE,
            "欠缴费额 = max(应缴费额 - 实缴费额, 0)",
            "arrears = max(due - paid, 0)",
        )]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(due: i64, paid: i64, arrears: i64) -> EmploymentMonth {
        EmploymentMonth {
            period: serde_json::from_str(r#"{"from":"2026-01-01","to":"2026-01-31","freq":"month"}"#)
                .unwrap(),
            insured: 5,
            due_fen: Fen::new(due),
            paid_fen: Fen::new(paid),
            arrears_fen: Fen::new(arrears),
            wages_fen: None,
        }
    }

    #[test]
    fn what_is_not_paid_is_owed() {
        for right in [month(100, 100, 0), month(100, 60, 40), month(100, 120, 0)] {
            assert_eq!((right.check().checks.passed, right.check().checks.failed), (1, 0));
        }
        assert_eq!(
            month(100, 60, 0).check().marks,
            [Mark::amounts("employment.arrears", "arrears_fen", Fen::ZERO, Fen::new(40))]
        );
    }

    #[test]
    fn fewer_than_five_persons_stay_in() {
        assert_eq!(month(1, 1, 0).key(), "month|2026-01-01");
        assert!(!month(1, 1, 0).is_suppressed());
        assert!(EmploymentMonth { insured: 4, ..month(1, 1, 0) }.is_suppressed());
    }
}
