//! 企业所得税月(季)度预缴纳税申报表(A类), A200000: its rows in two layouts, and what they owe each other.
//!
//! Version 2019 is the form of SAT Announcement 2018 No. 26 as in force from 2019, rows 1–15; version 2021 that of SAT
//! Announcement 2021 No. 3, rows 1–16. The layout of SAT Announcement 2025 No. 17 is not included, nor are the
//! rows by which a head office and its branches share the tax. All figures run from January to the end of the
//! period (本年累计); the form has no other column.
//!
//! Sole proprietorships and partnerships do not file it (企业所得税法 Art. 1); their owners declare business income
//! under 10106, see [`super::other_tax`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::FormVersion;
use super::cit_annual::check_statutory_rate;
use crate::domain::fen::Fen;
use crate::domain::form_rows::{Column, FormRow, Formula, Rule, form_rows};
use crate::domain::record::{Findings, Outcome, RuleText};

form_rows! {
    /// A row of the form. The two layouts number the rows differently: see [`CitPrepaymentRow::printed`].
    unnumbered CitPrepaymentRow {
        Revenue = 1 "revenue" "营业收入",
        Cost = 2 "cost" "营业成本",
        ProfitTotal = 3 "profit_total" "利润总额",
        SpecialIncome = 4 "special_income" "特定业务计算的应纳税所得额",
        NontaxedIncome = 5 "nontaxed_income" "不征税收入",
        ExemptionsAndReliefs = 6 "exemptions_and_reliefs" "免税收入、减计收入、所得减免等优惠金额",
        AcceleratedDepreciation = 7 "accelerated_depreciation" "资产加速折旧、摊销(扣除)调减额",
        ExemptIncomeAndExtraDeductions = 8 "exempt_income_and_extra_deductions" "免税收入、减计收入、加计扣除",
        IncomeReliefs = 9 "income_reliefs" "所得减免",
        PriorLosses = 10 "prior_losses" "弥补以前年度亏损",
        ActualProfit = 11 "actual_profit" "实际利润额或按照上一纳税年度应纳税所得额平均额确定的应纳税所得额",
        Payable = 12 "payable" "应纳所得税额",
        Reduction = 13 "reduction" "减免所得税额",
        Prepaid = 14 "prepaid" "实际已缴纳所得税额",
        SpecialPrepaid = 15 "special_prepaid" "特定业务预缴(征)所得税额",
        DueOrRefund = 16 "due_or_refund" "本期应补(退)所得税额或税务机关确定的本期应纳所得税额",
    }
}

use CitPrepaymentRow as Row;

impl CitPrepaymentRow {
    /// The row's number in that layout; none if the layout lacks the row.
    pub fn printed(self, version: FormVersion) -> Option<u8> {
        let (in_2019, in_2021) = match self {
            Row::Revenue => (Some(1), Some(1)),
            Row::Cost => (Some(2), Some(2)),
            Row::ProfitTotal => (Some(3), Some(3)),
            Row::SpecialIncome => (Some(4), Some(4)),
            Row::NontaxedIncome => (Some(5), Some(5)),
            Row::ExemptionsAndReliefs => (Some(6), None),
            Row::AcceleratedDepreciation => (Some(7), Some(6)),
            Row::ExemptIncomeAndExtraDeductions => (None, Some(7)),
            Row::IncomeReliefs => (None, Some(8)),
            Row::PriorLosses => (Some(8), Some(9)),
            Row::ActualProfit => (Some(9), Some(10)),
            Row::Payable => (Some(11), Some(12)),
            Row::Reduction => (Some(12), Some(13)),
            Row::Prepaid => (Some(13), Some(14)),
            Row::SpecialPrepaid => (Some(14), Some(15)),
            Row::DueOrRefund => (Some(15), Some(16)),
        };
        match Layout::of(version)? {
            Layout::Of2019 => in_2019,
            Layout::Of2021 => in_2021,
        }
    }

    /// The rows of that layout, in the form's order.
    pub fn of_version(version: FormVersion) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |row| row.printed(version).is_some())
    }
}

/// A layout of this form, out of the versions that all forms have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    Of2019,
    Of2021,
}

impl Layout {
    const ALL: [Layout; 2] = [Layout::Of2019, Layout::Of2021];

    fn of(version: FormVersion) -> Option<Layout> {
        match version {
            FormVersion::V2019 => Some(Layout::Of2019),
            FormVersion::V2021 => Some(Layout::Of2021),
            FormVersion::V2013 | FormVersion::V2017 => None,
        }
    }

    /// What the names of its rules start with.
    fn name(self) -> &'static str {
        match self {
            Layout::Of2019 => "cit_prepayment.2019",
            Layout::Of2021 => "cit_prepayment.2021",
        }
    }

    /// The sums printed on the form.
    ///
    /// Who prepays on last year's average leaves the rows above the profit blank, and the first is then skipped. Of
    /// the amount due the form prints the difference and its instructions ask for zero where that is negative:
    /// either passes.
    fn formulas(self) -> [Formula<Row>; 2] {
        let due = Rule::SumOrZero(&[Row::Payable], &[Row::Reduction, Row::Prepaid, Row::SpecialPrepaid]);
        match self {
            Layout::Of2019 => [
                Formula::named("row_9", Row::ActualProfit, Rule::Sum(PROFIT, DEDUCTIONS_2019)),
                Formula::named("row_15", Row::DueOrRefund, due),
            ],
            Layout::Of2021 => [
                Formula::named("row_10", Row::ActualProfit, Rule::Sum(PROFIT, DEDUCTIONS_2021)),
                Formula::named("row_16", Row::DueOrRefund, due),
            ],
        }
    }

    /// The number of the row 税率(25%), and of the row that it gives.
    fn rate_rows(self) -> (u8, u8) {
        match self {
            Layout::Of2019 => (10, 11),
            Layout::Of2021 => (11, 12),
        }
    }
}

const PROFIT: &[Row] = &[Row::ProfitTotal, Row::SpecialIncome];
const DEDUCTIONS_2019: &[Row] =
    &[Row::NontaxedIncome, Row::ExemptionsAndReliefs, Row::AcceleratedDepreciation, Row::PriorLosses];
const DEDUCTIONS_2021: &[Row] = &[
    Row::NontaxedIncome,
    Row::AcceleratedDepreciation,
    Row::ExemptIncomeAndExtraDeductions,
    Row::IncomeReliefs,
    Row::PriorLosses,
];

/// What a firm prepays on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "企业所得税月(季)度预缴纳税申报表(A类)")]
pub struct CitPrepayment {
    /// The one column of the form.
    #[schemars(title = "金额")]
    pub figures: CitPrepaymentColumns,
    /// 税率 in basis points; the form prints 25 %, reliefs follow as an amount.
    #[schemars(title = "税率", extend("x-unit" = "bp"))]
    pub rate_bp: Option<i64>,
    /// 从业人数 at the start of the quarter.
    #[schemars(title = "季初从业人数", extend("x-unit" = "person"))]
    pub employees_opening: Option<i64>,
    /// 从业人数 at the end of the quarter.
    #[schemars(title = "季末从业人数", extend("x-unit" = "person"))]
    pub employees_closing: Option<i64>,
    /// 资产总额 at the start of the quarter, in fen; the printed form has 万元.
    #[schemars(title = "季初资产总额")]
    pub assets_opening_fen: Option<Fen>,
    /// 资产总额 at the end of the quarter, in fen; the printed form has 万元.
    #[schemars(title = "季末资产总额")]
    pub assets_closing_fen: Option<Fen>,
    /// Whether the firm declares itself a 小型微利企业.
    #[schemars(title = "小型微利企业")]
    pub small_low_profit: Option<bool>,
}

/// The column of the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "本年累计")]
pub struct CitPrepaymentColumns {
    /// 本年累计: from January to the end of the period.
    #[schemars(title = "本年累计")]
    pub ytd: Column<CitPrepaymentRow>,
}

impl CitPrepayment {
    /// What the form's own formulas find, in the layout filed.
    pub fn check(&self, version: FormVersion) -> Findings {
        let Some(layout) = Layout::of(version) else { return Findings::default() };
        let form = layout.name();
        let (rate_row, payable_row) = layout.rate_rows();
        let ytd = &self.figures.ytd;
        let mut findings: Findings =
            layout.formulas().iter().map(|formula| formula.check(form, "figures.ytd", ytd)).collect();
        findings.add(check_statutory_rate(format_args!("{form}.row_{rate_row}"), self.rate_bp));
        findings.add(Outcome::of_amounts(
            format_args!("{form}.row_{payable_row}"),
            format_args!("figures.ytd.payable_fen"),
            ytd.get(Row::Payable),
            ytd.get(Row::ActualProfit).zip(self.rate_bp).and_then(|(profit, rate)| profit.tax_at(rate)),
        ));
        findings
    }

    /// The formulas of both layouts in words.
    pub fn rules() -> Vec<RuleText> {
        Layout::ALL.into_iter().flat_map(rules_of).collect()
    }
}

fn rules_of(layout: Layout) -> Vec<RuleText> {
    let form = layout.name();
    let (rate_row, payable_row) = layout.rate_rows();
    let mut rules: Vec<RuleText> = layout.formulas().iter().map(|formula| formula.text(form)).collect();
    rules.push(RuleText {
        id: format!("{form}.row_{rate_row}"),
        zh: format!("第{rate_row}行 税率 = 25%"),
        en: format!("row {rate_row}, rate = 25 %"),
    });
    rules.push(RuleText {
        id: format!("{form}.row_{payable_row}"),
        zh: format!("第{payable_row}行 应纳所得税额 = 实际利润额 × 税率，四舍五入到分；实际利润额为负时为零"),
        en: format!(
            "row {payable_row}, payable = actual_profit × rate, half up to the fen; zero where the profit is negative"
        ),
    });
    rules
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::form_rows::testing::{hold_formulas, sample_column, with};

    const SAMPLE: &str = include_str!("../../../../schema/import/samples/cit_prepayment.ndjson");

    /// A firm with a profit, in that layout: what the layout has of the sample's first row, and the 2019 row 6 for the
    /// three rows into which it was split.
    fn sample(layout: Layout) -> Column<Row> {
        let filed: Column<Row> = sample_column(SAMPLE, 0, "_ytd_fen");
        let split = [Row::ExemptIncomeAndExtraDeductions, Row::IncomeReliefs];
        match layout {
            Layout::Of2021 => filed,
            Layout::Of2019 => {
                let merged = split.iter().map(|row| filed.get(*row).unwrap().get()).sum();
                let filed = split.iter().fold(filed, |column, row| with(&column, *row, None));
                with(&filed, Row::ExemptionsAndReliefs, Some(merged))
            }
        }
    }

    fn failed(version: FormVersion, ytd: Column<Row>, rate_bp: Option<i64>) -> (Vec<String>, [u32; 3]) {
        let form = CitPrepayment {
            figures: CitPrepaymentColumns { ytd },
            rate_bp,
            employees_opening: None,
            employees_closing: None,
            assets_opening_fen: None,
            assets_closing_fen: None,
            small_low_profit: None,
        };
        let findings = form.check(version);
        let checks = findings.checks;
        let marks = findings.marks.into_iter().map(|mark| format!("{} {}", mark.rule, mark.field)).collect();
        (marks, [checks.passed, checks.failed, checks.skipped])
    }

    #[test]
    fn every_sum_holds_fails_and_keeps_silent_in_either_layout() {
        for layout in Layout::ALL {
            hold_formulas(layout.name(), &layout.formulas(), &sample(layout));
        }
    }

    #[test]
    fn the_rate_and_its_product_are_held_in_either_layout() {
        let layouts = [
            (Layout::Of2019, FormVersion::V2019, "2019.row_10", "2019.row_11"),
            (Layout::Of2021, FormVersion::V2021, "2021.row_11", "2021.row_12"),
        ];
        for (layout, version, rate, product) in layouts {
            let good = sample(layout);
            assert_eq!(failed(version, good.clone(), Some(2_500)), (Vec::new(), [4, 0, 0]));
            let product = format!("cit_prepayment.{product} figures.ytd.payable_fen");
            let payable = good.get(Row::Payable).unwrap().get();
            let due = good.get(Row::DueOrRefund).unwrap().get();
            let off = with(&with(&good, Row::Payable, Some(payable + 1)), Row::DueOrRefund, Some(due + 1));
            assert_eq!(failed(version, off, Some(2_500)).0, std::slice::from_ref(&product));
            let (marks, _) = failed(version, good.clone(), Some(1_500));
            assert_eq!(marks, [format!("cit_prepayment.{rate} rate_bp"), product]);
            assert_eq!(failed(version, good, None), (Vec::new(), [2, 0, 2]));
        }
    }

    #[test]
    fn a_loss_is_not_taxed_and_nothing_is_refunded_or_the_difference_is_stated() {
        let loss: Column<Row> = sample_column(SAMPLE, 1, "_ytd_fen");
        for (row, figure, fails) in [
            (Row::DueOrRefund, 0, None),
            (Row::DueOrRefund, -60_000, None),
            (Row::DueOrRefund, 60_000, Some("cit_prepayment.2019.row_15 figures.ytd.due_or_refund_fen")),
            (Row::DueOrRefund, -1, Some("cit_prepayment.2019.row_15 figures.ytd.due_or_refund_fen")),
        ] {
            let (marks, _) = failed(FormVersion::V2019, with(&loss, row, Some(figure)), Some(2_500));
            assert_eq!(marks, fails.map(str::to_owned).into_iter().collect::<Vec<_>>(), "{figure}");
        }
        let taxed = with(&loss, Row::Payable, Some(-125_000));
        let (marks, _) = failed(FormVersion::V2019, with(&taxed, Row::DueOrRefund, Some(0)), Some(2_500));
        assert_eq!(marks, ["cit_prepayment.2019.row_11 figures.ytd.payable_fen"]);
    }

    #[test]
    fn a_prepayment_on_last_years_average_leaves_the_rows_above_blank() {
        let good = PROFIT
            .iter()
            .chain(DEDUCTIONS_2021)
            .fold(sample(Layout::Of2021), |column, row| with(&column, *row, None));
        assert_eq!(failed(FormVersion::V2021, good, Some(2_500)), (Vec::new(), [3, 0, 1]));
    }

    #[test]
    fn the_layouts_number_their_rows_without_a_gap_but_the_rate() {
        for (version, rate, last) in [(FormVersion::V2019, 10, 15), (FormVersion::V2021, 11, 16)] {
            let numbers: Vec<u8> = Row::of_version(version).filter_map(|row| row.printed(version)).collect();
            assert_eq!(
                numbers.iter().copied().collect::<std::collections::BTreeSet<u8>>(),
                (1..=last).filter(|number| *number != rate).collect()
            );
            assert_eq!(numbers.len(), usize::from(last) - 1);
        }
        assert_eq!(CitPrepayment::rules().len(), 8);
    }
}
