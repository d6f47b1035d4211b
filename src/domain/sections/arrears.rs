//! 欠税信息: what a taxpayer owes past its due day, and what it has cleared since.
//!
//! A debt has no period in storage: it stands until it is cleared, however old the tax period it stems from, so
//! a consent's window never hides it. The day the figures hold on is the section's `as_of`.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::payments::LevyClass;
use crate::domain::fen::Fen;
use crate::domain::period::Period;
use crate::domain::record::{Findings, Mark, Outcome, RuleText};

const CLEARED_RULE: &str = "arrears.cleared";

/// One debt. Serialised, it is the body of an `arrears` record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "欠税信息")]
pub struct Arrears {
    /// Kind of tax as the bureau's code list has it, five digits.
    #[schemars(title = "征收项目代码")]
    pub tax_kind: String,
    /// Item within the kind of tax, nine digits.
    #[schemars(title = "征收品目代码")]
    pub tax_item: Option<String>,
    /// What is owed: tax, late fee, fine or interest.
    #[schemars(title = "税款种类")]
    pub class: LevyClass,
    /// Tax period owed for; null where the debt has none, as a fine may.
    #[schemars(title = "税款所属期")]
    pub period: Option<Period>,
    /// Last day on which it should have been paid.
    #[schemars(title = "缴款期限")]
    pub due: NaiveDate,
    /// Amount still owed, in fen; zero once it is cleared.
    #[schemars(title = "欠缴余额")]
    pub amount_fen: Fen,
    /// Day on which nothing was owed any more.
    #[schemars(title = "清欠日期")]
    pub cleared_on: Option<NaiveDate>,
}

impl Arrears {
    /// What tells a taxpayer's debts apart: kind, item, class and period, or the due day of one without a period.
    pub fn key(&self) -> String {
        let item = self.tax_item.as_deref().unwrap_or_default();
        let when = match &self.period {
            Some(period) => format!("{}|{}", period.from(), period.to()),
            None => format!("due|{}", self.due),
        };
        format!("{}|{item}|{}|{when}", self.tax_kind, self.class.as_str())
    }

    /// What the rules find.
    pub fn check(&self) -> Findings {
        let word = |cleared: bool| if cleared { "cleared" } else { "owed" };
        let (stated, computed) = (self.cleared_on.is_some(), self.amount_fen == Fen::ZERO);
        Findings::from_iter([Outcome::of(stated == computed, || {
            Mark::texts(CLEARED_RULE, "cleared_on", word(stated), word(computed))
        })])
    }

    /// The rules in words.
    pub fn rules() -> Vec<RuleText> {
        vec![RuleText::new(
            CLEARED_RULE,
            "欠缴余额为零时应有清欠日期，不为零时不应有",
            "a debt has the day it was cleared exactly when nothing is owed any more",
        )]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn arrears(amount: i64, cleared_on: Option<&str>) -> Arrears {
        Arrears {
            tax_kind: "10101".into(),
            tax_item: None,
            class: LevyClass::Tax,
            period: Period::whole(date("2025-10-01"), date("2025-12-31")),
            due: date("2026-01-20"),
            amount_fen: Fen::new(amount),
            cleared_on: cleared_on.map(date),
        }
    }

    #[test]
    fn a_debt_is_cleared_exactly_when_nothing_is_owed() {
        for right in [arrears(100, None), arrears(0, Some("2026-03-01"))] {
            assert_eq!((right.check().checks.passed, right.check().checks.failed), (1, 0));
        }
        let still_owed = arrears(100, Some("2026-03-01")).check().marks;
        assert_eq!(still_owed, [Mark::texts("arrears.cleared", "cleared_on", "cleared", "owed")]);
        assert_eq!(arrears(0, None).check().checks.failed, 1);
    }

    #[test]
    fn a_debt_without_a_period_is_told_apart_by_its_due_day() {
        let mut debt = arrears(100, None);
        assert_eq!(debt.key(), "10101||tax|2025-10-01|2025-12-31");
        debt.period = None;
        assert_eq!(debt.key(), "10101||tax|due|2026-01-20");
    }
}
