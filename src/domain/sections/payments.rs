//! 税款缴纳信息: what a taxpayer paid, and when; late fees to the fen.
//!
//! The full number of the electronic tax voucher is in the record's key only: a body has its last four digits.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::codes::codes;
use crate::domain::fen::Fen;
use crate::domain::period::Period;
use crate::domain::record::{Findings, Mark, Outcome, RuleText};

/// A late fee is the tax paid late, times five ten-thousandths, times the days (征管法 Art. 32).
const LATE_FEE_RULE: &str = "payment.late_fee";

codes! {
    /// 税款种类: what was levied.
    LevyClass "税款种类" {
        /// The tax itself.
        Tax = "tax" "税款",
        /// 滞纳金 (税收征收管理法 Art. 32).
        LateFee = "late_fee" "滞纳金",
        /// 罚款.
        Fine = "fine" "罚款",
        /// 利息, such as on special adjustments of enterprise income tax (企业所得税法 Art. 48).
        Interest = "interest" "利息",
    }
}

/// One payment. Serialised, it is the body of a `payments` record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "税款缴纳信息")]
pub struct Payment {
    /// Kind of tax as the bureau's code list has it, five digits.
    #[schemars(title = "征收项目代码")]
    pub tax_kind: String,
    /// Item within the kind of tax, nine digits.
    #[schemars(title = "征收品目代码")]
    pub tax_item: Option<String>,
    /// What was levied.
    #[schemars(title = "税款种类")]
    pub class: LevyClass,
    /// Tax period paid for.
    #[schemars(title = "税款所属期")]
    pub period: Period,
    /// What the payment is reckoned on, in fen; for a late fee the tax paid late.
    #[schemars(title = "计税依据")]
    pub base_fen: Option<Fen>,
    /// Rate, in hundredths of a percent.
    #[schemars(title = "税率或征收率", extend("x-unit" = "bp"))]
    pub rate_bp: Option<i64>,
    /// Amount paid, in fen; negative for a payment taken back.
    #[schemars(title = "实缴金额")]
    pub amount_fen: Fen,
    /// Last day for paying, as the bureau set it.
    #[schemars(title = "缴款期限")]
    pub pay_due: Option<NaiveDate>,
    /// Day on which the taxpayer paid.
    #[schemars(title = "缴款日期")]
    pub paid_on: NaiveDate,
    /// Day on which the money reached the treasury.
    #[schemars(title = "入库日期")]
    pub settled_on: Option<NaiveDate>,
    /// Last four digits of the electronic tax voucher's number; the full number never leaves.
    #[schemars(title = "电子税票号码末四位")]
    pub voucher_ending: String,
}

impl Payment {
    /// What tells a taxpayer's payments apart: the full voucher number and the line on the voucher.
    pub fn key(&self, voucher: &str) -> String {
        let item = self.tax_item.as_deref().unwrap_or_default();
        format!("{voucher}|{}|{item}|{}|{}", self.tax_kind, self.class.as_str(), self.period.from())
    }

    /// The last four digits of a voucher number.
    pub fn ending(voucher: &str) -> String {
        let start = voucher.len().saturating_sub(4);
        voucher.get(start..).unwrap_or_default().to_owned()
    }

    /// What the rules find. Only a late fee has one.
    pub fn check(&self) -> Findings {
        match self.class {
            LevyClass::LateFee => Findings::from_iter([self.check_late_fee()]),
            LevyClass::Tax | LevyClass::Fine | LevyClass::Interest => Findings::default(),
        }
    }

    /// The rules in words.
    pub fn rules() -> Vec<RuleText> {
        vec![RuleText::new(
            LATE_FEE_RULE,
            "滞纳金 = 滞纳税款 × 0.0005 × 滞纳天数(缴款期限届满次日起至缴款日止)，四舍五入到分(征管法第三十二条，实施细则第七十五条)",
            "late fee = tax paid late × 0.0005 × days from the day after pay_due to paid_on, half up to the fen \
             (税收征收管理法 Art. 32, 实施细则 Art. 75)",
        )]
    }

    fn check_late_fee(&self) -> Outcome {
        let (Some(base), Some(pay_due)) = (self.base_fen, self.pay_due) else {
            return Outcome::Skipped;
        };
        let Some(computed) = late_fee(base, pay_due, self.paid_on) else {
            return Outcome::Skipped;
        };
        Outcome::of(self.amount_fen == computed, || {
            Mark::amounts(LATE_FEE_RULE, "amount_fen", self.amount_fen, computed)
        })
    }
}

/// The late fee on a tax paid late: five ten-thousandths a day, from the day after the last day for paying to the
/// day of payment, both included, half up to the fen (税收征收管理法 Art. 32, 实施细则 Art. 75). Nothing for a
/// payment in time; `None` if the fee does not fit.
pub fn late_fee(base: Fen, pay_due: NaiveDate, paid_on: NaiveDate) -> Option<Fen> {
    let days = i128::from(paid_on.signed_duration_since(pay_due).num_days().max(0));
    // base × 5 × days / 10 000, and one half more, rounded down
    let halves = i128::from(base.get()).checked_mul(10)?.checked_mul(days)?.checked_add(10_000)?;
    i64::try_from(halves.div_euclid(20_000)).ok().map(Fen::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn payment(class: LevyClass, base: Option<i64>, amount: i64, paid_on: &str) -> Payment {
        Payment {
            tax_kind: "10101".into(),
            tax_item: None,
            class,
            period: Period::whole(date("2026-01-01"), date("2026-01-31")).unwrap(),
            base_fen: base.map(Fen::new),
            rate_bp: None,
            amount_fen: Fen::new(amount),
            pay_due: Some(date("2026-02-24")),
            paid_on: date(paid_on),
            settled_on: None,
            voucher_ending: Payment::ending("344036260200012345"),
        }
    }

    #[test]
    fn a_late_fee_is_right_to_the_fen() {
        // 20 000.00 yuan, ten days: 20 000 × 0.0005 × 10 = 100 yuan
        let right = payment(LevyClass::LateFee, Some(2_000_000), 10_000, "2026-03-06");
        assert_eq!(right.check().checks.passed, 1);
        let wrong = payment(LevyClass::LateFee, Some(2_000_000), 10_001, "2026-03-06");
        assert_eq!(
            wrong.check().marks,
            [Mark::amounts("payment.late_fee", "amount_fen", Fen::new(10_001), Fen::new(10_000))]
        );
        let silent = payment(LevyClass::LateFee, None, 10_001, "2026-03-06");
        assert_eq!(silent.check().checks.skipped, 1);
        let tax = payment(LevyClass::Tax, Some(2_000_000), 10_001, "2026-03-06");
        assert_eq!(tax.check(), Findings::default());
    }

    #[test]
    fn half_a_fen_goes_up_and_a_day_in_time_costs_nothing() {
        let fee = |base, paid_on| late_fee(Fen::new(base), date("2026-02-24"), date(paid_on)).unwrap().get();
        assert_eq!(fee(1_000, "2026-02-25"), 1, "half a fen");
        assert_eq!(fee(999, "2026-02-25"), 0);
        assert_eq!(fee(3_000, "2026-02-25"), 2, "one and a half");
        assert_eq!(fee(1_000_000, "2026-02-24"), 0, "the last day is in time");
        assert_eq!(fee(1_000_000, "2026-01-02"), 0);
        assert_eq!(fee(123_456_789, "2026-12-31"), 19_135_802, "310 days");
        assert_eq!(late_fee(Fen::new(i64::MAX), date("1900-01-01"), date("2199-12-31")), None);
    }

    #[test]
    fn the_key_has_the_voucher_and_the_body_its_ending() {
        let payment = payment(LevyClass::Tax, None, 1, "2026-02-20");
        assert_eq!(payment.key("344036260200012345"), "344036260200012345|10101||tax|2026-01-01");
        let body = serde_json::to_string(&payment).unwrap();
        assert!(body.contains(r#""voucher_ending":"2345""#) && !body.contains("34403626"), "{body}");
    }
}
