//! 资产负债表 of 《小企业会计准则》 (会小企01表, 财会〔2011〕17号): its 53 rows and the identities between them.

use super::{Balances, check_balances};
use crate::domain::form_rows::{Formula, Rule, form_rows, rules_of};
use crate::domain::record::{Findings, RuleText};

form_rows! {
    /// A row of the statement.
    BalanceSheetSmallRow {
        Cash = 1 "cash" "货币资金",
        ShortInvestments = 2 "short_investments" "短期投资",
        NotesReceivable = 3 "notes_receivable" "应收票据",
        AccountsReceivable = 4 "accounts_receivable" "应收账款",
        Prepayments = 5 "prepayments" "预付账款",
        DividendsReceivable = 6 "dividends_receivable" "应收股利",
        InterestReceivable = 7 "interest_receivable" "应收利息",
        OtherReceivables = 8 "other_receivables" "其他应收款",
        Inventories = 9 "inventories" "存货",
        RawMaterials = 10 "raw_materials" "其中:原材料",
        WorkInProgress = 11 "work_in_progress" "在产品",
        FinishedGoods = 12 "finished_goods" "库存商品",
        TurnoverMaterials = 13 "turnover_materials" "周转材料",
        OtherCurrentAssets = 14 "other_current_assets" "其他流动资产",
        CurrentAssetsTotal = 15 "current_assets_total" "流动资产合计",
        LongBondInvestments = 16 "long_bond_investments" "长期债券投资",
        LongEquityInvestments = 17 "long_equity_investments" "长期股权投资",
        FixedAssetsCost = 18 "fixed_assets_cost" "固定资产原价",
        AccumulatedDepreciation = 19 "accumulated_depreciation" "累计折旧",
        FixedAssets = 20 "fixed_assets" "固定资产账面价值",
        ConstructionInProgress = 21 "construction_in_progress" "在建工程",
        ConstructionMaterials = 22 "construction_materials" "工程物资",
        FixedAssetsDisposal = 23 "fixed_assets_disposal" "固定资产清理",
        BiologicalAssets = 24 "biological_assets" "生产性生物资产",
        IntangibleAssets = 25 "intangible_assets" "无形资产",
        DevelopmentCosts = 26 "development_costs" "开发支出",
        LongDeferredExpenses = 27 "long_deferred_expenses" "长期待摊费用",
        OtherNoncurrentAssets = 28 "other_noncurrent_assets" "其他非流动资产",
        NoncurrentAssetsTotal = 29 "noncurrent_assets_total" "非流动资产合计",
        AssetsTotal = 30 "assets_total" "资产总计",
        ShortLoans = 31 "short_loans" "短期借款",
        NotesPayable = 32 "notes_payable" "应付票据",
        AccountsPayable = 33 "accounts_payable" "应付账款",
        AdvancesReceived = 34 "advances_received" "预收账款",
        PayrollPayable = 35 "payroll_payable" "应付职工薪酬",
        TaxesPayable = 36 "taxes_payable" "应交税费",
        InterestPayable = 37 "interest_payable" "应付利息",
        ProfitPayable = 38 "profit_payable" "应付利润",
        OtherPayables = 39 "other_payables" "其他应付款",
        OtherCurrentLiabilities = 40 "other_current_liabilities" "其他流动负债",
        CurrentLiabilitiesTotal = 41 "current_liabilities_total" "流动负债合计",
        LongLoans = 42 "long_loans" "长期借款",
        LongPayables = 43 "long_payables" "长期应付款",
        DeferredIncome = 44 "deferred_income" "递延收益",
        OtherNoncurrentLiabilities = 45 "other_noncurrent_liabilities" "其他非流动负债",
        NoncurrentLiabilitiesTotal = 46 "noncurrent_liabilities_total" "非流动负债合计",
        LiabilitiesTotal = 47 "liabilities_total" "负债合计",
        PaidInCapital = 48 "paid_in_capital" "实收资本(或股本)",
        CapitalReserve = 49 "capital_reserve" "资本公积",
        SurplusReserve = 50 "surplus_reserve" "盈余公积",
        UndistributedProfit = 51 "undistributed_profit" "未分配利润",
        EquityTotal = 52 "equity_total" "所有者权益(或股东权益)合计",
        LiabilitiesAndEquityTotal = 53 "liabilities_and_equity_total" "负债和所有者权益(或股东权益)总计",
    }
}

use BalanceSheetSmallRow as Row;

const FORM: &str = "balance_sheet_small";

const FORMULAS: [Formula<Row>; 10] = [
    // 10–13 are parts of row 9.
    Formula::everywhere(
        Row::CurrentAssetsTotal,
        Rule::Sum(
            &[
                Row::Cash,
                Row::ShortInvestments,
                Row::NotesReceivable,
                Row::AccountsReceivable,
                Row::Prepayments,
                Row::DividendsReceivable,
                Row::InterestReceivable,
                Row::OtherReceivables,
                Row::Inventories,
                Row::OtherCurrentAssets,
            ],
            &[],
        ),
    ),
    Formula::everywhere(
        Row::FixedAssets,
        Rule::Sum(&[Row::FixedAssetsCost], &[Row::AccumulatedDepreciation]),
    ),
    Formula::everywhere(
        Row::NoncurrentAssetsTotal,
        Rule::Sum(
            &[
                Row::LongBondInvestments,
                Row::LongEquityInvestments,
                Row::FixedAssets,
                Row::ConstructionInProgress,
                Row::ConstructionMaterials,
                Row::FixedAssetsDisposal,
                Row::BiologicalAssets,
                Row::IntangibleAssets,
                Row::DevelopmentCosts,
                Row::LongDeferredExpenses,
                Row::OtherNoncurrentAssets,
            ],
            &[],
        ),
    ),
    Formula::everywhere(
        Row::AssetsTotal,
        Rule::Sum(&[Row::CurrentAssetsTotal, Row::NoncurrentAssetsTotal], &[]),
    ),
    Formula::everywhere(
        Row::CurrentLiabilitiesTotal,
        Rule::Sum(
            &[
                Row::ShortLoans,
                Row::NotesPayable,
                Row::AccountsPayable,
                Row::AdvancesReceived,
                Row::PayrollPayable,
                Row::TaxesPayable,
                Row::InterestPayable,
                Row::ProfitPayable,
                Row::OtherPayables,
                Row::OtherCurrentLiabilities,
            ],
            &[],
        ),
    ),
    Formula::everywhere(
        Row::NoncurrentLiabilitiesTotal,
        Rule::Sum(
            &[Row::LongLoans, Row::LongPayables, Row::DeferredIncome, Row::OtherNoncurrentLiabilities],
            &[],
        ),
    ),
    Formula::everywhere(
        Row::LiabilitiesTotal,
        Rule::Sum(&[Row::CurrentLiabilitiesTotal, Row::NoncurrentLiabilitiesTotal], &[]),
    ),
    Formula::everywhere(
        Row::EquityTotal,
        Rule::Sum(
            &[Row::PaidInCapital, Row::CapitalReserve, Row::SurplusReserve, Row::UndistributedProfit],
            &[],
        ),
    ),
    Formula::everywhere(
        Row::LiabilitiesAndEquityTotal,
        Rule::Sum(&[Row::LiabilitiesTotal, Row::EquityTotal], &[]),
    ),
    Formula::named(
        "assets_equal_liabilities_and_equity",
        Row::AssetsTotal,
        Rule::Sum(&[Row::LiabilitiesAndEquityTotal], &[]),
    ),
];

/// What the statement's identities find, at the end of the period and at the start of the year.
pub fn check(figures: &Balances<BalanceSheetSmallRow>) -> Findings {
    check_balances(FORM, &FORMULAS, figures)
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

    const SAMPLE: &str = include_str!("../../../../schema/import/samples/balance_sheet_small.ndjson");

    #[test]
    fn every_identity_holds_fails_and_keeps_silent_in_either_column() {
        for ending in ["_fen", "_opening_fen"] {
            hold_formulas(FORM, &FORMULAS, &sample_column(SAMPLE, 0, ending));
        }
    }

    #[test]
    fn the_rows_are_those_of_the_form() {
        for (place, row) in BalanceSheetSmallRow::ALL.iter().enumerate() {
            assert_eq!(usize::from(row.number()), place + 1);
        }
        assert_eq!(BalanceSheetSmallRow::ALL.len(), 53);
    }
}
