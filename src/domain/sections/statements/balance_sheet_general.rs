//! 资产负债表 of 《企业会计准则》 (会企01表 in the format of 财会〔2019〕6号, Annex 2, for firms that apply the new standards on
//! financial instruments, revenue and leases): its items and the identities between them. The form prints no row
//! numbers; rules are named after their items.

use super::{Balances, check_balances};
use crate::domain::form_rows::{Formula, Rule, form_rows, rules_of};
use crate::domain::record::{Findings, RuleText};

form_rows! {
    /// An item of the statement, in its order.
    unnumbered BalanceSheetGeneralRow {
        Cash = 1 "cash" "货币资金",
        TradingAssets = 2 "trading_assets" "交易性金融资产",
        DerivativeAssets = 3 "derivative_assets" "衍生金融资产",
        NotesReceivable = 4 "notes_receivable" "应收票据",
        AccountsReceivable = 5 "accounts_receivable" "应收账款",
        ReceivablesFinancing = 6 "receivables_financing" "应收款项融资",
        Prepayments = 7 "prepayments" "预付款项",
        OtherReceivables = 8 "other_receivables" "其他应收款",
        Inventories = 9 "inventories" "存货",
        ContractAssets = 10 "contract_assets" "合同资产",
        HeldForSaleAssets = 11 "held_for_sale_assets" "持有待售资产",
        CurrentPartOfNoncurrentAssets = 12 "current_part_of_noncurrent_assets" "一年内到期的非流动资产",
        OtherCurrentAssets = 13 "other_current_assets" "其他流动资产",
        CurrentAssetsTotal = 14 "current_assets_total" "流动资产合计",
        DebtInvestments = 15 "debt_investments" "债权投资",
        OtherDebtInvestments = 16 "other_debt_investments" "其他债权投资",
        LongReceivables = 17 "long_receivables" "长期应收款",
        LongEquityInvestments = 18 "long_equity_investments" "长期股权投资",
        OtherEquityInvestments = 19 "other_equity_investments" "其他权益工具投资",
        OtherNoncurrentFinancialAssets = 20 "other_noncurrent_financial_assets" "其他非流动金融资产",
        InvestmentProperty = 21 "investment_property" "投资性房地产",
        FixedAssets = 22 "fixed_assets" "固定资产",
        ConstructionInProgress = 23 "construction_in_progress" "在建工程",
        BiologicalAssets = 24 "biological_assets" "生产性生物资产",
        OilAndGasAssets = 25 "oil_and_gas_assets" "油气资产",
        RightOfUseAssets = 26 "right_of_use_assets" "使用权资产",
        IntangibleAssets = 27 "intangible_assets" "无形资产",
        DevelopmentCosts = 28 "development_costs" "开发支出",
        Goodwill = 29 "goodwill" "商誉",
        LongDeferredExpenses = 30 "long_deferred_expenses" "长期待摊费用",
        DeferredTaxAssets = 31 "deferred_tax_assets" "递延所得税资产",
        OtherNoncurrentAssets = 32 "other_noncurrent_assets" "其他非流动资产",
        NoncurrentAssetsTotal = 33 "noncurrent_assets_total" "非流动资产合计",
        AssetsTotal = 34 "assets_total" "资产总计",
        ShortLoans = 35 "short_loans" "短期借款",
        TradingLiabilities = 36 "trading_liabilities" "交易性金融负债",
        DerivativeLiabilities = 37 "derivative_liabilities" "衍生金融负债",
        NotesPayable = 38 "notes_payable" "应付票据",
        AccountsPayable = 39 "accounts_payable" "应付账款",
        AdvancesReceived = 40 "advances_received" "预收款项",
        ContractLiabilities = 41 "contract_liabilities" "合同负债",
        PayrollPayable = 42 "payroll_payable" "应付职工薪酬",
        TaxesPayable = 43 "taxes_payable" "应交税费",
        OtherPayables = 44 "other_payables" "其他应付款",
        HeldForSaleLiabilities = 45 "held_for_sale_liabilities" "持有待售负债",
        CurrentPartOfNoncurrentLiabilities = 46 "current_part_of_noncurrent_liabilities" "一年内到期的非流动负债",
        OtherCurrentLiabilities = 47 "other_current_liabilities" "其他流动负债",
        CurrentLiabilitiesTotal = 48 "current_liabilities_total" "流动负债合计",
        LongLoans = 49 "long_loans" "长期借款",
        BondsPayable = 50 "bonds_payable" "应付债券",
        BondsPreferredShares = 51 "bonds_preferred_shares" "应付债券其中:优先股",
        BondsPerpetual = 52 "bonds_perpetual" "应付债券其中:永续债",
        LeaseLiabilities = 53 "lease_liabilities" "租赁负债",
        LongPayables = 54 "long_payables" "长期应付款",
        Provisions = 55 "provisions" "预计负债",
        DeferredIncome = 56 "deferred_income" "递延收益",
        DeferredTaxLiabilities = 57 "deferred_tax_liabilities" "递延所得税负债",
        OtherNoncurrentLiabilities = 58 "other_noncurrent_liabilities" "其他非流动负债",
        NoncurrentLiabilitiesTotal = 59 "noncurrent_liabilities_total" "非流动负债合计",
        LiabilitiesTotal = 60 "liabilities_total" "负债合计",
        PaidInCapital = 61 "paid_in_capital" "实收资本(或股本)",
        OtherEquityInstruments = 62 "other_equity_instruments" "其他权益工具",
        EquityPreferredShares = 63 "equity_preferred_shares" "其他权益工具其中:优先股",
        EquityPerpetual = 64 "equity_perpetual" "其他权益工具其中:永续债",
        CapitalReserve = 65 "capital_reserve" "资本公积",
        TreasuryShares = 66 "treasury_shares" "库存股",
        OtherComprehensiveIncome = 67 "other_comprehensive_income" "其他综合收益",
        SpecialReserve = 68 "special_reserve" "专项储备",
        SurplusReserve = 69 "surplus_reserve" "盈余公积",
        UndistributedProfit = 70 "undistributed_profit" "未分配利润",
        EquityTotal = 71 "equity_total" "所有者权益(或股东权益)合计",
        LiabilitiesAndEquityTotal = 72 "liabilities_and_equity_total" "负债和所有者权益(或股东权益)总计",
    }
}

use BalanceSheetGeneralRow as Row;

const FORM: &str = "balance_sheet_general";

/// Preferred shares and perpetual bonds are parts of the item above them.
const FORMULAS: [Formula<Row>; 9] = [
    Formula::everywhere(Row::CurrentAssetsTotal, Rule::Sum(CURRENT_ASSETS, &[])),
    Formula::everywhere(Row::NoncurrentAssetsTotal, Rule::Sum(NONCURRENT_ASSETS, &[])),
    Formula::everywhere(
        Row::AssetsTotal,
        Rule::Sum(&[Row::CurrentAssetsTotal, Row::NoncurrentAssetsTotal], &[]),
    ),
    Formula::everywhere(Row::CurrentLiabilitiesTotal, Rule::Sum(CURRENT_LIABILITIES, &[])),
    Formula::everywhere(
        Row::NoncurrentLiabilitiesTotal,
        Rule::Sum(
            &[
                Row::LongLoans,
                Row::BondsPayable,
                Row::LeaseLiabilities,
                Row::LongPayables,
                Row::Provisions,
                Row::DeferredIncome,
                Row::DeferredTaxLiabilities,
                Row::OtherNoncurrentLiabilities,
            ],
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
            &[
                Row::PaidInCapital,
                Row::OtherEquityInstruments,
                Row::CapitalReserve,
                Row::OtherComprehensiveIncome,
                Row::SpecialReserve,
                Row::SurplusReserve,
                Row::UndistributedProfit,
            ],
            &[Row::TreasuryShares],
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

const CURRENT_ASSETS: &[Row] = &[
    Row::Cash,
    Row::TradingAssets,
    Row::DerivativeAssets,
    Row::NotesReceivable,
    Row::AccountsReceivable,
    Row::ReceivablesFinancing,
    Row::Prepayments,
    Row::OtherReceivables,
    Row::Inventories,
    Row::ContractAssets,
    Row::HeldForSaleAssets,
    Row::CurrentPartOfNoncurrentAssets,
    Row::OtherCurrentAssets,
];

const NONCURRENT_ASSETS: &[Row] = &[
    Row::DebtInvestments,
    Row::OtherDebtInvestments,
    Row::LongReceivables,
    Row::LongEquityInvestments,
    Row::OtherEquityInvestments,
    Row::OtherNoncurrentFinancialAssets,
    Row::InvestmentProperty,
    Row::FixedAssets,
    Row::ConstructionInProgress,
    Row::BiologicalAssets,
    Row::OilAndGasAssets,
    Row::RightOfUseAssets,
    Row::IntangibleAssets,
    Row::DevelopmentCosts,
    Row::Goodwill,
    Row::LongDeferredExpenses,
    Row::DeferredTaxAssets,
    Row::OtherNoncurrentAssets,
];

const CURRENT_LIABILITIES: &[Row] = &[
    Row::ShortLoans,
    Row::TradingLiabilities,
    Row::DerivativeLiabilities,
    Row::NotesPayable,
    Row::AccountsPayable,
    Row::AdvancesReceived,
    Row::ContractLiabilities,
    Row::PayrollPayable,
    Row::TaxesPayable,
    Row::OtherPayables,
    Row::HeldForSaleLiabilities,
    Row::CurrentPartOfNoncurrentLiabilities,
    Row::OtherCurrentLiabilities,
];

/// What the statement's identities find, at the end of the period and at the end of the year before.
pub fn check(figures: &Balances<BalanceSheetGeneralRow>) -> Findings {
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

    const SAMPLE: &str = include_str!("../../../../schema/import/samples/balance_sheet_general.ndjson");

    #[test]
    fn every_identity_holds_fails_and_keeps_silent_in_either_column() {
        for ending in ["_fen", "_opening_fen"] {
            hold_formulas(FORM, &FORMULAS, &sample_column(SAMPLE, 0, ending));
        }
    }

    #[test]
    fn the_rows_are_those_of_the_form() {
        for (place, row) in BalanceSheetGeneralRow::ALL.iter().enumerate() {
            assert_eq!(usize::from(row.number()), place + 1);
        }
        assert_eq!(BalanceSheetGeneralRow::ALL.len(), 72);
    }
}
