//! 现金流量表 of 《小企业会计准则》 (会小企03表, 财会〔2011〕17号): its 22 rows and the identities between them.

use super::{Flows, check_flows};
use crate::domain::form_rows::{Formula, Rule, form_rows, rules_of};
use crate::domain::record::{Findings, RuleText};

form_rows! {
    /// A row of the statement.
    CashFlowSmallRow {
        ReceivedFromSales = 1 "received_from_sales" "销售产成品、商品、提供劳务收到的现金",
        ReceivedOtherOperating = 2 "received_other_operating" "收到其他与经营活动有关的现金",
        PaidForPurchases = 3 "paid_for_purchases" "购买原材料、商品、接受劳务支付的现金",
        PaidToEmployees = 4 "paid_to_employees" "支付的职工薪酬",
        PaidTaxes = 5 "paid_taxes" "支付的税费",
        PaidOtherOperating = 6 "paid_other_operating" "支付其他与经营活动有关的现金",
        OperatingNet = 7 "operating_net" "经营活动产生的现金流量净额",
        ReceivedFromInvestments = 8 "received_from_investments" "收回短期投资、长期债券投资和长期股权投资收到的现金",
        ReceivedInvestmentIncome = 9 "received_investment_income" "取得投资收益收到的现金",
        ReceivedFromDisposals = 10 "received_from_disposals" "处置固定资产、无形资产和其他非流动资产收回的现金净额",
        PaidForInvestments = 11 "paid_for_investments" "短期投资、长期债券投资和长期股权投资支付的现金",
        PaidForLongAssets = 12 "paid_for_long_assets" "购建固定资产、无形资产和其他非流动资产支付的现金",
        InvestingNet = 13 "investing_net" "投资活动产生的现金流量净额",
        ReceivedLoans = 14 "received_loans" "取得借款收到的现金",
        ReceivedFromInvestors = 15 "received_from_investors" "吸收投资者投资收到的现金",
        RepaidLoans = 16 "repaid_loans" "偿还借款本金支付的现金",
        PaidInterest = 17 "paid_interest" "偿还借款利息支付的现金",
        PaidProfit = 18 "paid_profit" "分配利润支付的现金",
        FinancingNet = 19 "financing_net" "筹资活动产生的现金流量净额",
        NetIncrease = 20 "net_increase" "现金净增加额",
        OpeningCash = 21 "opening_cash" "期初现金余额",
        ClosingCash = 22 "closing_cash" "期末现金余额",
    }
}

use CashFlowSmallRow as Row;

const FORM: &str = "cash_flow_small";

/// In the year-to-date column the opening cash is that of 1 January, so the closing one follows there as well.
const FORMULAS: [Formula<Row>; 5] = [
    Formula::everywhere(
        Row::OperatingNet,
        Rule::Sum(
            &[Row::ReceivedFromSales, Row::ReceivedOtherOperating],
            &[Row::PaidForPurchases, Row::PaidToEmployees, Row::PaidTaxes, Row::PaidOtherOperating],
        ),
    ),
    Formula::everywhere(
        Row::InvestingNet,
        Rule::Sum(
            &[Row::ReceivedFromInvestments, Row::ReceivedInvestmentIncome, Row::ReceivedFromDisposals],
            &[Row::PaidForInvestments, Row::PaidForLongAssets],
        ),
    ),
    Formula::everywhere(
        Row::FinancingNet,
        Rule::Sum(
            &[Row::ReceivedLoans, Row::ReceivedFromInvestors],
            &[Row::RepaidLoans, Row::PaidInterest, Row::PaidProfit],
        ),
    ),
    Formula::everywhere(
        Row::NetIncrease,
        Rule::Sum(&[Row::OperatingNet, Row::InvestingNet, Row::FinancingNet], &[]),
    ),
    Formula::everywhere(Row::ClosingCash, Rule::Sum(&[Row::NetIncrease, Row::OpeningCash], &[])),
];

/// What the statement's identities find, for the period and for the year to date.
pub fn check(figures: &Flows<CashFlowSmallRow>) -> Findings {
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

    const SAMPLE: &str = include_str!("../../../../schema/import/samples/cash_flow_small.ndjson");

    #[test]
    fn every_identity_holds_fails_and_keeps_silent_in_either_column() {
        for ending in ["_fen", "_ytd_fen"] {
            hold_formulas(FORM, &FORMULAS, &sample_column(SAMPLE, 0, ending));
        }
    }

    #[test]
    fn the_rows_are_those_of_the_form() {
        for (place, row) in CashFlowSmallRow::ALL.iter().enumerate() {
            assert_eq!(usize::from(row.number()), place + 1);
        }
        assert_eq!(CashFlowSmallRow::ALL.len(), 22);
    }
}
