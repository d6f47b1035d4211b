//! 利润表 of 《小企业会计准则》 (会小企02表, 财会〔2011〕17号): its 32 rows and the identities between them.

use super::{Flows, check_flows};
use crate::domain::form_rows::{Formula, Rule, form_rows, rules_of};
use crate::domain::record::{Findings, RuleText};

form_rows! {
    /// A row of the statement.
    IncomeStatementSmallRow {
        Revenue = 1 "revenue" "营业收入",
        Cost = 2 "cost" "营业成本",
        TaxesAndSurcharges = 3 "taxes_and_surcharges" "税金及附加",
        ConsumptionTax = 4 "consumption_tax" "其中:消费税",
        BusinessTax = 5 "business_tax" "营业税",
        ConstructionTax = 6 "construction_tax" "城市维护建设税",
        ResourceTax = 7 "resource_tax" "资源税",
        LandValueTax = 8 "land_value_tax" "土地增值税",
        PropertyAndStampTaxes = 9 "property_and_stamp_taxes" "城镇土地使用税、房产税、车船税、印花税",
        EducationAndOtherCharges = 10 "education_and_other_charges" "教育费附加、矿产资源补偿费、排污费",
        SellingExpenses = 11 "selling_expenses" "销售费用",
        RepairExpenses = 12 "repair_expenses" "其中:商品维修费",
        AdvertisingExpenses = 13 "advertising_expenses" "广告费和业务宣传费",
        AdministrativeExpenses = 14 "administrative_expenses" "管理费用",
        StartupExpenses = 15 "startup_expenses" "其中:开办费",
        EntertainmentExpenses = 16 "entertainment_expenses" "业务招待费",
        ResearchExpenses = 17 "research_expenses" "研究费用",
        FinanceExpenses = 18 "finance_expenses" "财务费用",
        InterestExpenses = 19 "interest_expenses" "其中:利息费用",
        InvestmentIncome = 20 "investment_income" "投资收益",
        OperatingProfit = 21 "operating_profit" "营业利润",
        NonoperatingIncome = 22 "nonoperating_income" "营业外收入",
        GovernmentGrants = 23 "government_grants" "其中:政府补助",
        NonoperatingExpenses = 24 "nonoperating_expenses" "营业外支出",
        BadDebtLosses = 25 "bad_debt_losses" "其中:坏账损失",
        BondInvestmentLosses = 26 "bond_investment_losses" "无法收回的长期债券投资损失",
        EquityInvestmentLosses = 27 "equity_investment_losses" "无法收回的长期股权投资损失",
        DisasterLosses = 28 "disaster_losses" "自然灾害等不可抗力因素造成的损失",
        TaxLateFees = 29 "tax_late_fees" "税收滞纳金",
        ProfitTotal = 30 "profit_total" "利润总额",
        IncomeTax = 31 "income_tax" "所得税费用",
        NetProfit = 32 "net_profit" "净利润",
    }
}

use IncomeStatementSmallRow as Row;

const FORM: &str = "income_statement_small";

/// Rows 4–10, 12–13, 15–17, 19, 23 and 25–29 are parts of the row above them and need not add up to it.
const FORMULAS: [Formula<Row>; 3] = [
    Formula::everywhere(
        Row::OperatingProfit,
        Rule::Sum(
            &[Row::Revenue, Row::InvestmentIncome],
            &[
                Row::Cost,
                Row::TaxesAndSurcharges,
                Row::SellingExpenses,
                Row::AdministrativeExpenses,
                Row::FinanceExpenses,
            ],
        ),
    ),
    Formula::everywhere(
        Row::ProfitTotal,
        Rule::Sum(&[Row::OperatingProfit, Row::NonoperatingIncome], &[Row::NonoperatingExpenses]),
    ),
    Formula::everywhere(Row::NetProfit, Rule::Sum(&[Row::ProfitTotal], &[Row::IncomeTax])),
];

/// What the statement's identities find, for the period and for the year to date.
pub fn check(figures: &Flows<IncomeStatementSmallRow>) -> Findings {
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

    const SAMPLE: &str = include_str!("../../../../schema/import/samples/income_statement_small.ndjson");

    #[test]
    fn every_identity_holds_fails_and_keeps_silent_in_either_column() {
        for ending in ["_fen", "_ytd_fen"] {
            hold_formulas(FORM, &FORMULAS, &sample_column(SAMPLE, 0, ending));
        }
    }

    #[test]
    fn the_rows_are_those_of_the_form() {
        for (place, row) in IncomeStatementSmallRow::ALL.iter().enumerate() {
            assert_eq!(usize::from(row.number()), place + 1);
        }
        assert_eq!(IncomeStatementSmallRow::ALL.len(), 32);
    }
}
