//! 企业所得税年度纳税申报表(A类), A100000: the year's settlement, rows 1–36, and what they owe each other.
//!
//! The layout of SAT Announcement 2017 No. 54, which its revisions up to 2022 keep; later layouts are not included.
//! Filed within five months of the year's end (企业所得税法 Art. 54). Sole proprietorships and partnerships do not
//! file it (Art. 1); their owners declare business income under 10106, see [`super::other_tax`].

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::form_rows::{Column, Formula, Rule, form_rows};
use crate::domain::record::{Findings, Mark, MarkValues, Outcome, RuleText};

/// 企业所得税法 Art. 4: 25 %, in basis points.
pub const STATUTORY_RATE_BP: i64 = 2_500;

form_rows! {
    /// A row of the form with an amount; row 24 is the rate.
    CitAnnualRow {
        Revenue = 1 "revenue" "营业收入",
        Cost = 2 "cost" "营业成本",
        TaxesAndSurcharges = 3 "taxes_and_surcharges" "税金及附加",
        SellingExpenses = 4 "selling_expenses" "销售费用",
        AdministrativeExpenses = 5 "administrative_expenses" "管理费用",
        FinanceExpenses = 6 "finance_expenses" "财务费用",
        AssetImpairment = 7 "asset_impairment" "资产减值损失",
        FairValueGain = 8 "fair_value_gain" "公允价值变动收益",
        InvestmentIncome = 9 "investment_income" "投资收益",
        OperatingProfit = 10 "operating_profit" "营业利润",
        NonoperatingIncome = 11 "nonoperating_income" "营业外收入",
        NonoperatingExpenses = 12 "nonoperating_expenses" "营业外支出",
        ProfitTotal = 13 "profit_total" "利润总额",
        ForeignIncome = 14 "foreign_income" "境外所得",
        AdjustmentsUp = 15 "adjustments_up" "纳税调整增加额",
        AdjustmentsDown = 16 "adjustments_down" "纳税调整减少额",
        ExemptIncomeAndExtraDeductions = 17 "exempt_income_and_extra_deductions" "免税、减计收入及加计扣除",
        ForeignIncomeAgainstLosses = 18 "foreign_income_against_losses" "境外应税所得抵减境内亏损",
        AdjustedIncome = 19 "adjusted_income" "纳税调整后所得",
        IncomeReliefs = 20 "income_reliefs" "所得减免",
        PriorLosses = 21 "prior_losses" "弥补以前年度亏损",
        DeductibleInvestment = 22 "deductible_investment" "抵扣应纳税所得额",
        TaxableIncome = 23 "taxable_income" "应纳税所得额",
        Payable = 25 "payable" "应纳所得税额",
        Reduction = 26 "reduction" "减免所得税额",
        Credited = 27 "credited" "抵免所得税额",
        DomesticPayable = 28 "domestic_payable" "应纳税额",
        ForeignPayable = 29 "foreign_payable" "境外所得应纳所得税额",
        ForeignCredited = 30 "foreign_credited" "境外所得抵免所得税额",
        PayableTotal = 31 "payable_total" "实际应纳所得税额",
        Prepaid = 32 "prepaid" "本年累计实际已缴纳的所得税额",
        DueOrRefund = 33 "due_or_refund" "本年应补(退)所得税额",
        HeadOfficeShare = 34 "head_office_share" "其中:总机构分摊本年应补(退)所得税额",
        FiscalShare = 35 "fiscal_share" "财政集中分配本年应补(退)所得税额",
        MainDepartmentShare = 36 "main_department_share" "总机构主体生产经营部门分摊本年应补(退)所得税额",
    }
}

use CitAnnualRow as Row;

const FORM: &str = "cit_annual";

/// The sums printed on the form.
///
/// Row 10: a firm under the enterprise standards of Caikuai 〔2019〕 No. 6 copies it from its income statement, which
/// has items that the form lacks (其他收益, 信用减值损失, 资产处置收益); a mark there tells only that it has such items.
/// Row 23 is zero where the difference is negative, as the form's instructions say.
const FORMULAS: [Formula<Row>; 7] = [
    Formula::everywhere(
        Row::OperatingProfit,
        Rule::Sum(
            &[Row::Revenue, Row::FairValueGain, Row::InvestmentIncome],
            &[
                Row::Cost,
                Row::TaxesAndSurcharges,
                Row::SellingExpenses,
                Row::AdministrativeExpenses,
                Row::FinanceExpenses,
                Row::AssetImpairment,
            ],
        ),
    ),
    Formula::everywhere(
        Row::ProfitTotal,
        Rule::Sum(&[Row::OperatingProfit, Row::NonoperatingIncome], &[Row::NonoperatingExpenses]),
    ),
    Formula::everywhere(
        Row::AdjustedIncome,
        Rule::Sum(
            &[Row::ProfitTotal, Row::AdjustmentsUp, Row::ForeignIncomeAgainstLosses],
            &[Row::ForeignIncome, Row::AdjustmentsDown, Row::ExemptIncomeAndExtraDeductions],
        ),
    ),
    Formula::everywhere(
        Row::TaxableIncome,
        Rule::SumNotBelowZero(
            &[Row::AdjustedIncome],
            &[Row::IncomeReliefs, Row::PriorLosses, Row::DeductibleInvestment],
        ),
    ),
    Formula::everywhere(Row::DomesticPayable, Rule::Sum(&[Row::Payable], &[Row::Reduction, Row::Credited])),
    Formula::everywhere(
        Row::PayableTotal,
        Rule::Sum(&[Row::DomesticPayable, Row::ForeignPayable], &[Row::ForeignCredited]),
    ),
    Formula::everywhere(Row::DueOrRefund, Rule::Sum(&[Row::PayableTotal], &[Row::Prepaid])),
];

/// A year's settlement of corporate income tax.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "企业所得税年度纳税申报表(A类)")]
pub struct CitAnnual {
    /// The amounts of the form.
    #[schemars(title = "金额")]
    pub figures: Column<CitAnnualRow>,
    /// 税率, row 24, in basis points; the form prints 25 %, reliefs follow as an amount.
    #[schemars(title = "税率", extend("x-unit" = "bp"))]
    pub rate_bp: Option<i64>,
}

impl CitAnnual {
    /// What the form's own formulas find.
    pub fn check(&self) -> Findings {
        let mut findings: Findings =
            FORMULAS.iter().map(|formula| formula.check(FORM, "figures", &self.figures)).collect();
        findings.add(check_statutory_rate(format_args!("{FORM}.row_24"), self.rate_bp));
        let taxable = self.figures.get(Row::TaxableIncome);
        findings.add(Outcome::of_amounts(
            format_args!("{FORM}.row_25"),
            format_args!("figures.payable_fen"),
            self.figures.get(Row::Payable),
            taxable.zip(self.rate_bp).and_then(|(income, rate)| income.tax_at(rate)),
        ));
        findings
    }

    /// The formulas in words.
    pub fn rules() -> Vec<RuleText> {
        let mut rules: Vec<RuleText> = FORMULAS.iter().map(|formula| formula.text(FORM)).collect();
        rules.push(RuleText {
            id: format!("{FORM}.row_24"),
            zh: "第24行 税率 = 25%".to_owned(),
            en: "row 24, rate = 25 %".to_owned(),
        });
        rules.push(RuleText {
            id: format!("{FORM}.row_25"),
            zh: "第25行 应纳所得税额 = 23 × 24，四舍五入到分；应纳税所得额为负时为零".to_owned(),
            en: "row 25, payable = 23 × 24, half up to the fen; zero where row 23 is negative".to_owned(),
        });
        rules
    }
}

/// Whether the rate stated is the statutory one that the form prints; silent where none is stated.
pub(super) fn check_statutory_rate(rule: fmt::Arguments<'_>, rate_bp: Option<i64>) -> Outcome {
    match rate_bp {
        None => Outcome::Skipped,
        Some(STATUTORY_RATE_BP) => Outcome::Passed,
        Some(other) => Outcome::Failed(Mark {
            rule: rule.to_string(),
            field: "rate_bp".to_owned(),
            values: MarkValues::Texts { stated: other.to_string(), computed: STATUTORY_RATE_BP.to_string() },
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fen::Fen;
    use crate::domain::form_rows::FormRow;
    use crate::domain::form_rows::testing::{hold_formulas, sample_column, with};

    const SAMPLE: &str = include_str!("../../../../schema/import/samples/cit_annual.ndjson");

    fn failed(figures: Column<Row>, rate_bp: Option<i64>) -> (Vec<String>, u32) {
        let findings = CitAnnual { figures, rate_bp }.check();
        (findings.marks.into_iter().map(|mark| mark.rule).collect(), findings.checks.skipped)
    }

    fn sample() -> Column<Row> {
        sample_column(SAMPLE, 0, "_fen")
    }

    #[test]
    fn every_sum_holds_fails_and_keeps_silent() {
        hold_formulas(FORM, &FORMULAS, &sample());
    }

    #[test]
    fn the_rate_and_its_product_are_held() {
        let none: [&str; 0] = [];
        assert_eq!(failed(sample(), Some(2_500)), (none.map(str::to_owned).to_vec(), 0));
        let payable = sample().get(Row::Payable).unwrap().get();
        let (rules, _) = failed(with(&sample(), Row::Payable, Some(payable + 1)), Some(2_500));
        assert_eq!(rules, ["cit_annual.row_28", "cit_annual.row_25"]);
        let (rules, _) = failed(sample(), Some(2_000));
        assert_eq!(rules, ["cit_annual.row_24", "cit_annual.row_25"]);
        assert_eq!(failed(sample(), None), (Vec::new(), 2));
    }

    #[test]
    fn a_loss_is_not_taxed() {
        let loss = |taxable: i64, payable: i64| {
            let column = Column::new(Row::ALL.iter().copied(), |row| match row {
                Row::AdjustedIncome => Some(Fen::new(-100)),
                Row::IncomeReliefs | Row::PriorLosses | Row::DeductibleInvestment => Some(Fen::ZERO),
                Row::TaxableIncome => Some(Fen::new(taxable)),
                Row::Payable => Some(Fen::new(payable)),
                _ => None,
            });
            failed(column, Some(STATUTORY_RATE_BP)).0
        };
        assert!(loss(0, 0).is_empty());
        assert_eq!(loss(-100, 0), ["cit_annual.row_23"]);
        assert_eq!(loss(0, -25), ["cit_annual.row_25"]);
    }

    #[test]
    fn the_rows_are_1_to_36_but_the_rate() {
        let numbers: Vec<u8> = Row::ALL.iter().map(|row| row.number()).collect();
        assert_eq!(numbers, (1..=36).filter(|number| *number != 24).collect::<Vec<u8>>());
        assert_eq!(CitAnnual::rules().len(), 9);
    }
}
