//! 利润表 of 《企业会计准则》 (会企02表 in the format of 财会〔2019〕6号, Annex 2): its items and the identities between them. The form
//! prints no row numbers; rules are named after their items. Earnings per share are left out: they are no amount of
//! the firm, and firms that borrow here have no listed shares.

use super::{Flows, check_flows};
use crate::domain::form_rows::{Formula, Rule, form_rows, rules_of};
use crate::domain::record::{Findings, RuleText};

form_rows! {
    /// An item of the statement, in its order.
    unnumbered IncomeStatementGeneralRow {
        Revenue = 1 "revenue" "营业收入",
        Cost = 2 "cost" "营业成本",
        TaxesAndSurcharges = 3 "taxes_and_surcharges" "税金及附加",
        SellingExpenses = 4 "selling_expenses" "销售费用",
        AdministrativeExpenses = 5 "administrative_expenses" "管理费用",
        ResearchExpenses = 6 "research_expenses" "研发费用",
        FinanceExpenses = 7 "finance_expenses" "财务费用",
        InterestExpenses = 8 "interest_expenses" "财务费用其中:利息费用",
        InterestIncome = 9 "interest_income" "财务费用其中:利息收入",
        OtherIncome = 10 "other_income" "其他收益",
        InvestmentIncome = 11 "investment_income" "投资收益",
        AssociatesIncome = 12 "associates_income" "投资收益其中:对联营企业和合营企业的投资收益",
        AmortisedCostDerecognition = 13 "amortised_cost_derecognition" "投资收益其中:以摊余成本计量的金融资产终止确认收益",
        NetHedgingGain = 14 "net_hedging_gain" "净敞口套期收益",
        FairValueGain = 15 "fair_value_gain" "公允价值变动收益",
        CreditImpairment = 16 "credit_impairment" "信用减值损失",
        AssetImpairment = 17 "asset_impairment" "资产减值损失",
        DisposalGain = 18 "disposal_gain" "资产处置收益",
        OperatingProfit = 19 "operating_profit" "营业利润",
        NonoperatingIncome = 20 "nonoperating_income" "营业外收入",
        NonoperatingExpenses = 21 "nonoperating_expenses" "营业外支出",
        ProfitTotal = 22 "profit_total" "利润总额",
        IncomeTax = 23 "income_tax" "所得税费用",
        NetProfit = 24 "net_profit" "净利润",
        ContinuingNetProfit = 25 "continuing_net_profit" "持续经营净利润",
        DiscontinuedNetProfit = 26 "discontinued_net_profit" "终止经营净利润",
        OtherComprehensiveIncome = 27 "other_comprehensive_income" "其他综合收益的税后净额",
        OtherComprehensiveNotReclassified = 28 "other_comprehensive_not_reclassified" "不能重分类进损益的其他综合收益",
        PensionRemeasurement = 29 "pension_remeasurement" "重新计量设定受益计划变动额",
        EquityMethodNotReclassified = 30 "equity_method_not_reclassified" "权益法下不能转损益的其他综合收益",
        OtherEquityFairValue = 31 "other_equity_fair_value" "其他权益工具投资公允价值变动",
        OwnCreditFairValue = 32 "own_credit_fair_value" "企业自身信用风险公允价值变动",
        OtherComprehensiveReclassified = 33 "other_comprehensive_reclassified" "将重分类进损益的其他综合收益",
        EquityMethodReclassified = 34 "equity_method_reclassified" "权益法下可转损益的其他综合收益",
        OtherDebtFairValue = 35 "other_debt_fair_value" "其他债权投资公允价值变动",
        ReclassifiedFinancialAssets = 36 "reclassified_financial_assets" "金融资产重分类计入其他综合收益的金额",
        OtherDebtCreditImpairment = 37 "other_debt_credit_impairment" "其他债权投资信用减值准备",
        CashFlowHedges = 38 "cash_flow_hedges" "现金流量套期储备",
        CurrencyTranslation = 39 "currency_translation" "外币财务报表折算差额",
        ComprehensiveIncomeTotal = 40 "comprehensive_income_total" "综合收益总额",
    }
}

use IncomeStatementGeneralRow as Row;

const FORM: &str = "income_statement_general";

/// Impairment stands among the gains, with a loss negative, as the form has it. Interest and the parts of investment
/// income are parts of the item above them. The parts of the two kinds of other comprehensive income are an open
/// list on the form and need not add up.
const FORMULAS: [Formula<Row>; 6] = [
    Formula::everywhere(
        Row::OperatingProfit,
        Rule::Sum(
            &[
                Row::Revenue,
                Row::OtherIncome,
                Row::InvestmentIncome,
                Row::NetHedgingGain,
                Row::FairValueGain,
                Row::CreditImpairment,
                Row::AssetImpairment,
                Row::DisposalGain,
            ],
            &[
                Row::Cost,
                Row::TaxesAndSurcharges,
                Row::SellingExpenses,
                Row::AdministrativeExpenses,
                Row::ResearchExpenses,
                Row::FinanceExpenses,
            ],
        ),
    ),
    Formula::everywhere(
        Row::ProfitTotal,
        Rule::Sum(&[Row::OperatingProfit, Row::NonoperatingIncome], &[Row::NonoperatingExpenses]),
    ),
    Formula::everywhere(Row::NetProfit, Rule::Sum(&[Row::ProfitTotal], &[Row::IncomeTax])),
    Formula::named(
        "net_profit_by_continuity",
        Row::NetProfit,
        Rule::Sum(&[Row::ContinuingNetProfit, Row::DiscontinuedNetProfit], &[]),
    ),
    Formula::everywhere(
        Row::OtherComprehensiveIncome,
        Rule::Sum(&[Row::OtherComprehensiveNotReclassified, Row::OtherComprehensiveReclassified], &[]),
    ),
    Formula::everywhere(
        Row::ComprehensiveIncomeTotal,
        Rule::Sum(&[Row::NetProfit, Row::OtherComprehensiveIncome], &[]),
    ),
];

/// What the statement's identities find, for the period and for the year to date.
pub fn check(figures: &Flows<IncomeStatementGeneralRow>) -> Findings {
    check_flows(FORM, &FORMULAS, figures)
}

/// The identities in words.
pub fn rules() -> Vec<RuleText> {
    rules_of(FORM, &FORMULAS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::form_rows::FormRow;
    use crate::domain::form_rows::testing::{hold_formulas, sample_column};

    const SAMPLE: &str = include_str!("../../../../schema/import/samples/income_statement_general.ndjson");

    #[test]
    fn every_identity_holds_fails_and_keeps_silent_in_either_column() {
        for ending in ["_fen", "_ytd_fen"] {
            hold_formulas(FORM, &FORMULAS, &sample_column(SAMPLE, 0, ending));
        }
    }

    #[test]
    fn the_rows_are_those_of_the_form() {
        for (place, row) in IncomeStatementGeneralRow::ALL.iter().enumerate() {
            assert_eq!(usize::from(row.number()), place + 1);
        }
        assert_eq!(IncomeStatementGeneralRow::ALL.len(), 40);
    }
}
