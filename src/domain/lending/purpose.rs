//! What a firm borrows for, and who bears a fee.

use crate::domain::member::wire_enum;

wire_enum! {
    /// 贷款用途
    pub enum LoanPurpose {
        /// 经营周转
        WorkingCapital = "working_capital",
        /// 采购原材料、商品
        Purchases = "purchases",
        /// 购置设备
        Equipment = "equipment",
        /// 支付租金
        Rent = "rent",
        /// 发放工资
        Wages = "wages",
        /// 研发投入
        Research = "research",
        /// 偿还到期贷款（无还本续贷）
        Renewal = "renewal",
    }
}

impl LoanPurpose {
    /// As people read it.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::WorkingCapital => ("经营周转", "working capital"),
            Self::Purchases => ("采购原材料、商品", "materials and goods"),
            Self::Equipment => ("购置设备", "equipment"),
            Self::Rent => ("支付租金", "rent"),
            Self::Wages => ("发放工资", "wages"),
            Self::Research => ("研发投入", "research and development"),
            Self::Renewal => ("偿还到期贷款（无还本续贷）", "renewal of a loan that falls due"),
        }
    }
}

wire_enum! {
    /// 费用承担方: who bears a fee.
    pub enum FeePayer {
        /// 银行
        Bank = "bank",
        /// 企业
        Firm = "firm",
    }
}
