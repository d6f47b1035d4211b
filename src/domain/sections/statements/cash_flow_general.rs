//! 现金流量表 of 《企业会计准则》 (会企03表 in the format of 财会〔2019〕6号, Annex 2): its items and the identities between them. The
//! form prints no row numbers; rules are named after their items.

use super::{Flows, check_flows};
use crate::domain::form_rows::{Formula, Rule, form_rows, rules_of};
use crate::domain::record::{Findings, RuleText};

form_rows! {
    /// An item of the statement, in its order.
    unnumbered CashFlowGeneralRow {
        ReceivedFromSales = 1 "received_from_sales" "销售商品、提供劳务收到的现金",
        ReceivedTaxRefunds = 2 "received_tax_refunds" "收到的税费返还",
        ReceivedOtherOperating = 3 "received_other_operating" "收到其他与经营活动有关的现金",
        OperatingInflow = 4 "operating_inflow" "经营活动现金流入小计",
        PaidForPurchases = 5 "paid_for_purchases" "购买商品、接受劳务支付的现金",
        PaidToEmployees = 6 "paid_to_employees" "支付给职工以及为职工支付的现金",
        PaidTaxes = 7 "paid_taxes" "支付的各项税费",
        PaidOtherOperating = 8 "paid_other_operating" "支付其他与经营活动有关的现金",
        OperatingOutflow = 9 "operating_outflow" "经营活动现金流出小计",
        OperatingNet = 10 "operating_net" "经营活动产生的现金流量净额",
        ReceivedFromInvestments = 11 "received_from_investments" "收回投资收到的现金",
        ReceivedInvestmentIncome = 12 "received_investment_income" "取得投资收益收到的现金",
        ReceivedFromDisposals = 13 "received_from_disposals" "处置固定资产、无形资产和其他长期资产收回的现金净额",
        ReceivedFromSubsidiariesSold = 14 "received_from_subsidiaries_sold" "处置子公司及其他营业单位收到的现金净额",
        ReceivedOtherInvesting = 15 "received_other_investing" "收到其他与投资活动有关的现金",
        InvestingInflow = 16 "investing_inflow" "投资活动现金流入小计",
        PaidForLongAssets = 17 "paid_for_long_assets" "购建固定资产、无形资产和其他长期资产支付的现金",
        PaidForInvestments = 18 "paid_for_investments" "投资支付的现金",
        PaidForSubsidiaries = 19 "paid_for_subsidiaries" "取得子公司及其他营业单位支付的现金净额",
        PaidOtherInvesting = 20 "paid_other_investing" "支付其他与投资活动有关的现金",
        InvestingOutflow = 21 "investing_outflow" "投资活动现金流出小计",
        InvestingNet = 22 "investing_net" "投资活动产生的现金流量净额",
        ReceivedFromInvestors = 23 "received_from_investors" "吸收投资收到的现金",
        ReceivedLoans = 24 "received_loans" "取得借款收到的现金",
        ReceivedOtherFinancing = 25 "received_other_financing" "收到其他与筹资活动有关的现金",
        FinancingInflow = 26 "financing_inflow" "筹资活动现金流入小计",
        RepaidDebt = 27 "repaid_debt" "偿还债务支付的现金",
        PaidDividendsAndInterest = 28 "paid_dividends_and_interest" "分配股利、利润或偿付利息支付的现金",
        PaidOtherFinancing = 29 "paid_other_financing" "支付其他与筹资活动有关的现金",
        FinancingOutflow = 30 "financing_outflow" "筹资活动现金流出小计",
        FinancingNet = 31 "financing_net" "筹资活动产生的现金流量净额",
        ExchangeEffect = 32 "exchange_effect" "汇率变动对现金及现金等价物的影响",
        NetIncrease = 33 "net_increase" "现金及现金等价物净增加额",
        OpeningCash = 34 "opening_cash" "期初现金及现金等价物余额",
        ClosingCash = 35 "closing_cash" "期末现金及现金等价物余额",
    }
}

use CashFlowGeneralRow as Row;

const FORM: &str = "cash_flow_general";

/// In the year-to-date column the opening cash is that of 1 January, so the closing one follows there as well.
const FORMULAS: [Formula<Row>; 11] = [
    Formula::everywhere(
        Row::OperatingInflow,
        Rule::Sum(&[Row::ReceivedFromSales, Row::ReceivedTaxRefunds, Row::ReceivedOtherOperating], &[]),
    ),
    Formula::everywhere(
        Row::OperatingOutflow,
        Rule::Sum(
            &[Row::PaidForPurchases, Row::PaidToEmployees, Row::PaidTaxes, Row::PaidOtherOperating],
            &[],
        ),
    ),
    Formula::everywhere(Row::OperatingNet, Rule::Sum(&[Row::OperatingInflow], &[Row::OperatingOutflow])),
    Formula::everywhere(
        Row::InvestingInflow,
        Rule::Sum(
            &[
                Row::ReceivedFromInvestments,
                Row::ReceivedInvestmentIncome,
                Row::ReceivedFromDisposals,
                Row::ReceivedFromSubsidiariesSold,
                Row::ReceivedOtherInvesting,
            ],
            &[],
        ),
    ),
    Formula::everywhere(
        Row::InvestingOutflow,
        Rule::Sum(
            &[
                Row::PaidForLongAssets,
                Row::PaidForInvestments,
                Row::PaidForSubsidiaries,
                Row::PaidOtherInvesting,
            ],
            &[],
        ),
    ),
    Formula::everywhere(Row::InvestingNet, Rule::Sum(&[Row::InvestingInflow], &[Row::InvestingOutflow])),
    Formula::everywhere(
        Row::FinancingInflow,
        Rule::Sum(&[Row::ReceivedFromInvestors, Row::ReceivedLoans, Row::ReceivedOtherFinancing], &[]),
    ),
    Formula::everywhere(
        Row::FinancingOutflow,
        Rule::Sum(&[Row::RepaidDebt, Row::PaidDividendsAndInterest, Row::PaidOtherFinancing], &[]),
    ),
    Formula::everywhere(Row::FinancingNet, Rule::Sum(&[Row::FinancingInflow], &[Row::FinancingOutflow])),
    Formula::everywhere(
        Row::NetIncrease,
        Rule::Sum(&[Row::OperatingNet, Row::InvestingNet, Row::FinancingNet, Row::ExchangeEffect], &[]),
    ),
    Formula::everywhere(Row::ClosingCash, Rule::Sum(&[Row::NetIncrease, Row::OpeningCash], &[])),
];

/// What the statement's identities find, for the period and for the year to date.
pub fn check(figures: &Flows<CashFlowGeneralRow>) -> Findings {
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

    const SAMPLE: &str = include_str!("../../../../schema/import/samples/cash_flow_general.ndjson");

    #[test]
    fn every_identity_holds_fails_and_keeps_silent_in_either_column() {
        for ending in ["_fen", "_ytd_fen"] {
            hold_formulas(FORM, &FORMULAS, &sample_column(SAMPLE, 0, ending));
        }
    }

    #[test]
    fn the_rows_are_those_of_the_form() {
        for (place, row) in CashFlowGeneralRow::ALL.iter().enumerate() {
            assert_eq!(usize::from(row.number()), place + 1);
        }
        assert_eq!(CashFlowGeneralRow::ALL.len(), 35);
    }
}
