//! Refusal codes R01 to R24 and R90, with what may be said of each and to whom (`lending.md`, Decisions).

use crate::domain::member::wire_enum;

wire_enum! {
    /// Why a bank declined.
    pub enum RefusalCode {
        /// 纳税信用级别不符
        Rating = "R01",
        /// 经营年限不足
        Age = "R02",
        /// 行业不适用
        Industry = "R03",
        /// 不在服务区域
        Area = "R04",
        /// 收入或纳税规模不足
        Scale = "R05",
        /// 收入明显下降
        FallingIncome = "R06",
        /// 收入断档或波动大
        UnsteadyIncome = "R07",
        /// 存在欠税
        Arrears = "R08",
        /// 逾期申报缴款超限
        LateFilings = "R09",
        /// 税收违法未了结
        OpenViolation = "R10",
        /// 连续亏损或净资产不足
        Losses = "R11",
        /// 负债率过高
        Debt = "R12",
        /// 授信总额已达上限
        CreditLimit = "R13",
        /// 企业征信记录不符
        FirmCreditRecord = "R14",
        /// 相关个人征信记录不符
        PersonCreditRecord = "R15",
        /// 客户或供应商过度集中
        Concentration = "R16",
        /// 数据不完整
        IncompleteData = "R17",
        /// 数据不一致
        InconsistentData = "R18",
        /// 身份核验未通过
        Identity = "R19",
        /// 贷款用途不符
        LoanPurpose = "R20",
        /// 涉诉、被执行或失信
        Litigation = "R21",
        /// 已有同类授信
        ExistingFacility = "R22",
        /// 未按期补件
        NotSupplemented = "R23",
        /// 产品额度已满或暂停
        ProductFull = "R24",
        /// 综合评估未通过: also the only code under which a suspicion of fraud or money laundering travels.
        Overall = "R90",
    }
}

/// What may be said of a reason, and to whom.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Display {
    /// As it stands.
    Full,
    /// To the person whom it is about alone; to everyone else in general words.
    PersonOnly,
    /// In general words only.
    Generic,
}

/// What stands for a reason that is not for this reader.
pub const GENERIC: (&str, &str) = ("综合评估未通过", "the overall assessment was not passed");

impl RefusalCode {
    /// What may be said of it.
    pub fn display(self) -> Display {
        match self {
            Self::PersonCreditRecord => Display::PersonOnly,
            Self::Overall => Display::Generic,
            Self::Rating
            | Self::Age
            | Self::Industry
            | Self::Area
            | Self::Scale
            | Self::FallingIncome
            | Self::UnsteadyIncome
            | Self::Arrears
            | Self::LateFilings
            | Self::OpenViolation
            | Self::Losses
            | Self::Debt
            | Self::CreditLimit
            | Self::FirmCreditRecord
            | Self::Concentration
            | Self::IncompleteData
            | Self::InconsistentData
            | Self::Identity
            | Self::LoanPurpose
            | Self::Litigation
            | Self::ExistingFacility
            | Self::NotSupplemented
            | Self::ProductFull => Display::Full,
        }
    }

    /// The reason in Chinese and English, as the bank gave it.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Rating => ("纳税信用级别不符", "the tax credit rating is not among those accepted"),
            Self::Age => ("经营年限不足", "too short in business"),
            Self::Industry => ("行业不适用", "the industry is not covered"),
            Self::Area => ("不在服务区域", "outside the area served"),
            Self::Scale => ("收入或纳税规模不足", "income or tax paid is too small"),
            Self::FallingIncome => ("收入明显下降", "income has fallen markedly"),
            Self::UnsteadyIncome => ("收入断档或波动大", "income has gaps or swings widely"),
            Self::Arrears => ("存在欠税", "tax is in arrears"),
            Self::LateFilings => ("逾期申报缴款超限", "too many late filings or payments"),
            Self::OpenViolation => ("税收违法未了结", "a tax violation is not settled"),
            Self::Losses => ("连续亏损或净资产不足", "losses in succession, or too little equity"),
            Self::Debt => ("负债率过高", "too much debt"),
            Self::CreditLimit => ("授信总额已达上限", "credit granted has reached its limit"),
            Self::FirmCreditRecord => ("企业征信记录不符", "the firm's credit record does not qualify"),
            Self::PersonCreditRecord => ("相关个人征信记录不符", "a person's credit record does not qualify"),
            Self::Concentration => ("客户或供应商过度集中", "too few customers or suppliers"),
            Self::IncompleteData => ("数据不完整", "data is incomplete"),
            Self::InconsistentData => ("数据不一致", "data does not agree"),
            Self::Identity => ("身份核验未通过", "identity was not confirmed"),
            Self::LoanPurpose => ("贷款用途不符", "the purpose of the loan is not covered"),
            Self::Litigation => ("涉诉、被执行或失信", "lawsuits, enforcement or broken obligations"),
            Self::ExistingFacility => ("已有同类授信", "a facility of this kind is open already"),
            Self::NotSupplemented => ("未按期补件", "documents were not handed in on time"),
            Self::ProductFull => ("产品额度已满或暂停", "the product is full or paused"),
            Self::Overall => GENERIC,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_as_the_vocabulary_numbers_them() {
        let codes: Vec<String> = RefusalCode::ALL.iter().map(ToString::to_string).collect();
        let numbered: Vec<String> = (1..=24).map(|n| format!("R{n:02}")).chain(["R90".to_owned()]).collect();
        assert_eq!(codes, numbered);
    }

    #[test]
    fn two_reasons_are_not_for_everyone() {
        let kept: Vec<&str> = RefusalCode::ALL
            .iter()
            .filter(|code| code.display() != Display::Full)
            .map(|code| code.as_str())
            .collect();
        assert_eq!(kept, ["R15", "R90"]);
    }
}
