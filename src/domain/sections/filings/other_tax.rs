//! 其他税费申报: one line of a return of another tax or charge, by kind and item (财产和行为税纳税申报表 of SAT
//! Announcement 2021 No. 9, 附加税费, 消费税, and 10106 for 经营所得).
//!
//! Sole traders, sole proprietorships and partnerships pay no corporate income tax (企业所得税法 Art. 1): their owners
//! declare business income from January on as individual income tax, 10106 (个人所得税法 Arts 3, 12). A partnership
//! whose line sums several partners states no rate, since each partner has brackets of his own.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::fen::Fen;
use crate::domain::record::{Findings, Mark, MarkValues, Outcome, RuleText};

/// 征收项目 of individual income tax; on this form, business income.
pub const TAX_KIND_INDIVIDUAL_INCOME: &str = "10106";

/// Kinds whose tax is not simply base times rate for the period: 房产税, 城镇土地使用税 and 车船税 are taxes of a year
/// declared by part of it, 土地增值税 is progressive, 残保金 follows a head count.
const KINDS_WITHOUT_PRODUCT: [&str; 5] = ["10110", "10112", "10113", "10114", "30218"];

/// Rates on a year's business income (个人所得税法, second table): up to that many fen, basis points, fen deducted.
const BRACKETS: [(i64, i64, i64); 5] = [
    (3_000_000, 500, 0),
    (9_000_000, 1_000, 150_000),
    (30_000_000, 2_000, 1_050_000),
    (50_000_000, 3_000, 4_050_000),
    (i64::MAX, 3_500, 6_550_000),
];

/// One line of a return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "其他税费申报")]
pub struct OtherTax {
    /// 征收品目代码, nine digits.
    #[schemars(title = "征收品目代码")]
    pub tax_item: String,
    /// 计税依据, in fen; for business income the taxable income from January.
    #[schemars(title = "计税依据")]
    pub base_fen: Option<Fen>,
    /// 计税数量 in the item's own unit, where the base is no amount.
    #[schemars(title = "计税数量")]
    pub quantity: Option<Decimal>,
    /// 税率 in whole basis points; none for a rate per unit, or one with a fraction of a basis point, as stamp duty
    /// on loan contracts has.
    #[schemars(title = "税率", extend("x-unit" = "bp"))]
    pub rate_bp: Option<i64>,
    /// 应纳税额, in fen, before relief.
    #[schemars(title = "应纳税额")]
    pub payable_fen: Fen,
    /// 减免税额, in fen.
    #[schemars(title = "减免税额")]
    pub relief_fen: Option<Fen>,
    /// 已缴税额, in fen.
    #[schemars(title = "已缴税额")]
    pub prepaid_fen: Option<Fen>,
    /// 应补(退)税额, in fen.
    #[schemars(title = "应补(退)税额")]
    pub due_or_refund_fen: Fen,
}

impl OtherTax {
    /// What the line's own formulas find. A formula that does not belong to the kind of tax is not counted.
    pub fn check(&self, tax_kind: &str) -> Findings {
        let mut findings = Findings::default();
        if tax_kind == TAX_KIND_INDIVIDUAL_INCOME {
            findings.add(self.check_bracket());
            findings.add(self.check_payable(Rule::BusinessIncomeTax, business_income_tax));
        } else if !KINDS_WITHOUT_PRODUCT.contains(&tax_kind) {
            findings.add(self.check_payable(Rule::Payable, Fen::tax_at));
        }
        findings.add(self.check_due());
        findings
    }

    /// The formulas in words.
    pub fn rules() -> Vec<RuleText> {
        Rule::ALL.into_iter().map(Rule::text).collect()
    }

    fn check_payable(&self, rule: Rule, tax: fn(Fen, i64) -> Option<Fen>) -> Outcome {
        Outcome::of_amounts(
            format_args!("{}", rule.id()),
            format_args!("payable_fen"),
            Some(self.payable_fen),
            self.base_fen.zip(self.rate_bp).and_then(|(base, rate)| tax(base, rate)),
        )
    }

    /// No income falls in no bracket, and its rate is not judged.
    fn check_bracket(&self) -> Outcome {
        let bracket = self.base_fen.filter(|base| *base > Fen::ZERO).and_then(bracket);
        match (self.rate_bp, bracket) {
            (Some(stated), Some((rate, _))) if stated == rate => Outcome::Passed,
            (Some(stated), Some((rate, _))) => Outcome::Failed(Mark {
                rule: Rule::BusinessIncomeRate.id().to_owned(),
                field: "rate_bp".to_owned(),
                values: MarkValues::Texts { stated: stated.to_string(), computed: rate.to_string() },
            }),
            (None, _) | (_, None) => Outcome::Skipped,
        }
    }

    fn check_due(&self) -> Outcome {
        let deducted =
            self.relief_fen.zip(self.prepaid_fen).and_then(|(relief, prepaid)| relief.checked_add(prepaid));
        Outcome::of_amounts(
            format_args!("{}", Rule::DueOrRefund.id()),
            format_args!("due_or_refund_fen"),
            Some(self.due_or_refund_fen),
            deducted.and_then(|deducted| self.payable_fen.checked_sub(deducted)),
        )
    }
}

/// What a line is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Payable,
    BusinessIncomeRate,
    BusinessIncomeTax,
    DueOrRefund,
}

impl Rule {
    const ALL: [Rule; 4] =
        [Rule::Payable, Rule::BusinessIncomeRate, Rule::BusinessIncomeTax, Rule::DueOrRefund];

    fn id(self) -> &'static str {
        match self {
            Rule::Payable => "other_tax.payable",
            Rule::BusinessIncomeRate => "other_tax.business_income_rate",
            Rule::BusinessIncomeTax => "other_tax.business_income_tax",
            Rule::DueOrRefund => "other_tax.due_or_refund",
        }
    }

    fn text(self) -> RuleText {
        let (zh, en) = match self {
            Rule::Payable => (
                "应纳税额 = 计税依据 × 税率，四舍五入到分(房产税、城镇土地使用税、土地增值税、车船税、残保金及经营所得除外)",
                "payable = base × rate, half up to the fen (not for kinds 10106, 10110, 10112, 10113, 10114, 30218)",
            ),
            Rule::BusinessIncomeRate => (
                "经营所得税率 = 累计应纳税所得额所在级距的税率(个人所得税税率表二)",
                "rate of business income = the rate of the bracket that the taxable income falls in",
            ),
            Rule::BusinessIncomeTax => (
                "经营所得应纳税额 = 累计应纳税所得额 × 税率 - 速算扣除数，四舍五入到分",
                "tax on business income = taxable income × rate - quick deduction, half up to the fen",
            ),
            Rule::DueOrRefund => (
                "应补(退)税额 = 应纳税额 - 减免税额 - 已缴税额",
                "due or refund = payable - relief - prepaid",
            ),
        };
        RuleText { id: self.id().to_owned(), zh: zh.to_owned(), en: en.to_owned() }
    }
}

/// The rate and the quick deduction (速算扣除数, in fen) for a year's business income.
fn bracket(income: Fen) -> Option<(i64, i64)> {
    BRACKETS
        .into_iter()
        .find(|(up_to, _, _)| income.get() <= *up_to)
        .map(|(_, rate, deducted)| (rate, deducted))
}

/// Tax on business income by its own bracket. The stated rate only tells that the line is one person's, and is
/// judged by a rule of its own.
fn business_income_tax(income: Fen, _stated_rate: i64) -> Option<Fen> {
    let (rate, deducted) = bracket(income)?;
    income.tax_at(rate)?.checked_sub(Fen::new(if income > Fen::ZERO { deducted } else { 0 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(base: i64, rate_bp: Option<i64>, payable: i64) -> OtherTax {
        OtherTax {
            tax_item: "101110101".to_owned(),
            base_fen: Some(Fen::new(base)),
            quantity: None,
            rate_bp,
            payable_fen: Fen::new(payable),
            relief_fen: Some(Fen::new(20)),
            prepaid_fen: Some(Fen::new(30)),
            due_or_refund_fen: Fen::new(payable - 50),
        }
    }

    /// The rules failed, and how many passed and were skipped.
    fn found(tax_kind: &str, line: &OtherTax) -> (Vec<String>, u32, u32) {
        let findings = line.check(tax_kind);
        let rules = findings.marks.into_iter().map(|mark| mark.rule).collect();
        (rules, findings.checks.passed, findings.checks.skipped)
    }

    #[test]
    fn tax_is_base_times_rate_for_the_kinds_where_it_is() {
        assert_eq!(found("10111", &line(12_345_675, Some(3), 3_704)), (vec![], 2, 0));
        assert_eq!(
            found("10111", &line(12_345_675, Some(3), 3_703)),
            (vec!["other_tax.payable".to_owned()], 1, 0)
        );
        assert_eq!(found("10111", &line(12_345_675, None, 3_703)), (vec![], 1, 1));
        for kind in KINDS_WITHOUT_PRODUCT {
            assert_eq!(found(kind, &line(12_345_675, Some(3), 9)), (vec![], 1, 0), "{kind}");
        }
    }

    #[test]
    fn what_is_due_follows_from_relief_and_prepayment() {
        let mut wrong = line(12_345_675, Some(3), 3_704);
        wrong.due_or_refund_fen = Fen::new(3_704);
        assert_eq!(found("10111", &wrong), (vec!["other_tax.due_or_refund".to_owned()], 1, 0));
        wrong.relief_fen = None;
        assert_eq!(found("10111", &wrong), (vec![], 1, 1));
    }

    #[test]
    fn business_income_is_taxed_by_its_bracket() {
        for (income, rate, tax) in [
            (3_000_000, 500, 150_000),
            (3_000_001, 1_000, 150_000),
            (9_000_000, 1_000, 750_000),
            (30_000_000, 2_000, 4_950_000),
            (50_000_000, 3_000, 10_950_000),
            (60_000_000, 3_500, 14_450_000),
        ] {
            assert_eq!(found("10106", &line(income, Some(rate), tax)), (vec![], 3, 0), "{income}");
            assert_eq!(
                found("10106", &line(income, Some(rate), tax + 1)),
                (vec!["other_tax.business_income_tax".to_owned()], 2, 0)
            );
            assert_eq!(
                found("10106", &line(income, Some(rate + 1), tax)),
                (vec!["other_tax.business_income_rate".to_owned()], 2, 0)
            );
        }
        assert_eq!(found("10106", &line(90_000_000, None, 1)), (vec![], 1, 2), "several partners");
        assert_eq!(found("10106", &line(-5, Some(500), 0)), (vec![], 2, 1), "a loss");
        assert_eq!(
            found("10106", &line(-5, Some(500), -1)),
            (vec!["other_tax.business_income_tax".to_owned()], 1, 1)
        );
    }

    #[test]
    fn each_rule_is_in_the_list() {
        let ids: Vec<String> = OtherTax::rules().into_iter().map(|rule| rule.id).collect();
        assert_eq!(ids, Rule::ALL.map(|rule| rule.id().to_owned()));
    }
}
