//! The states of applications, facilities and notes, the grades of loans, and the names of what happens to them.
//!
//! What leads from which state to which is in the state machines; this is the vocabulary that they, the store and the wire share.

use crate::domain::member::wire_enum;

wire_enum! {
    /// Where an application stands.
    pub enum ApplicationStatus {
        /// 已提交: the bank has not yet said that it has it.
        Submitted = "submitted",
        /// 审查中: acknowledged by the bank.
        Acknowledged = "acknowledged",
        /// 待补件: returned to the firm; the bank's clock stands.
        Returned = "returned",
        /// 预授信: the firm may go on, with an enquiry at a credit bureau, or leave it.
        PreApproved = "pre_approved",
        /// 已批准，待确认: an offer stands.
        Approved = "approved",
        /// 附条件批准，待确认: an offer stands, with conditions.
        ApprovedConditional = "approved_conditional",
        /// 未获批准
        Declined = "declined",
        /// 已撤回
        Withdrawn = "withdrawn",
        /// 已失效: not answered in its time, by the bank or by the firm.
        Lapsed = "lapsed",
        /// 已接受: the contract is to be signed.
        Accepted = "accepted",
        /// 已放弃: the firm turned the offer down.
        OfferDeclined = "offer_declined",
        /// 已签约: a facility is open.
        Contracted = "contracted",
    }
}

impl ApplicationStatus {
    /// As people read it.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Submitted => ("已提交", "submitted"),
            Self::Acknowledged => ("审查中", "under review"),
            Self::Returned => ("待补件", "documents wanted"),
            Self::PreApproved => ("预授信", "pre-approved"),
            Self::Approved => ("已批准，待确认", "approved, waiting for you"),
            Self::ApprovedConditional => ("附条件批准，待确认", "approved with conditions, waiting for you"),
            Self::Declined => ("未获批准", "declined"),
            Self::Withdrawn => ("已撤回", "withdrawn"),
            Self::Lapsed => ("已失效", "lapsed"),
            Self::Accepted => ("已接受，待签约", "accepted, to be signed"),
            Self::OfferDeclined => ("已放弃", "offer turned down"),
            Self::Contracted => ("已签约", "signed"),
        }
    }
}

wire_enum! {
    /// Where a facility (授信) stands.
    pub enum FacilityState {
        /// 生效
        Active = "active",
        /// 冻结: nothing more is drawn.
        Frozen = "frozen",
        /// 已终止
        Closed = "closed",
        /// 签约已冲正: the signing itself was reversed, so that there is none.
        Unsigned = "unsigned",
    }
}

wire_enum! {
    /// Where a note (借据) stands.
    pub enum NoteState {
        /// 正常
        Normal = "normal",
        /// 展期
        Extended = "extended",
        /// 重组
        Restructured = "restructured",
        /// 逾期
        Overdue = "overdue",
        /// 核销
        WrittenOff = "written_off",
        /// 结清
        Settled = "settled",
        /// 已转让
        Transferred = "transferred",
        /// 放款已冲正: the drawdown itself was reversed, so that there is none.
        Undrawn = "undrawn",
    }
}

impl NoteState {
    /// Whether the firm still owes on it and the bank has not written it off.
    pub fn is_open(self) -> bool {
        match self {
            Self::Normal | Self::Extended | Self::Restructured | Self::Overdue => true,
            Self::WrittenOff | Self::Settled | Self::Transferred | Self::Undrawn => false,
        }
    }
}

wire_enum! {
    /// 五级分类 (商业银行金融资产风险分类办法, 2023 No. 1), from the best to the worst.
    pub enum Grade {
        /// 正常
        Normal = "normal",
        /// 关注
        SpecialMention = "special_mention",
        /// 次级
        Substandard = "substandard",
        /// 可疑
        Doubtful = "doubtful",
        /// 损失
        Loss = "loss",
    }
}

impl Grade {
    /// 不良: substandard and worse.
    pub fn is_non_performing(self) -> bool {
        self >= Self::Substandard
    }
}

wire_enum! {
    /// What happens to a facility or one of its notes.
    pub enum LoanEventKind {
        /// 签约
        ContractSigned = "contract_signed",
        /// 冻结
        FacilityFrozen = "facility_frozen",
        /// 解冻
        FacilityUnfrozen = "facility_unfrozen",
        /// 额度调整
        LimitChanged = "limit_changed",
        /// 放款
        Drawdown = "drawdown",
        /// 还款
        Repayment = "repayment",
        /// 利率调整
        RateChanged = "rate_changed",
        /// 逾期
        Overdue = "overdue",
        /// 逾期消除
        Cured = "cured",
        /// 展期
        Extended = "extended",
        /// 无还本续贷
        Renewed = "renewed",
        /// 重组
        Restructured = "restructured",
        /// 宣布提前到期
        Accelerated = "accelerated",
        /// 分类调整
        GradeChanged = "grade_changed",
        /// 结清
        Settled = "settled",
        /// 核销
        WrittenOff = "written_off",
        /// 核销后收回
        Recovered = "recovered",
        /// 债权转让
        Transferred = "transferred",
        /// 风险补偿
        RiskCompensated = "risk_compensated",
        /// 授信终止
        FacilityClosed = "facility_closed",
        /// 冲正
        Reversed = "reversed",
    }
}

impl LoanEventKind {
    /// As people read it.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::ContractSigned => ("签约", "contract signed"),
            Self::FacilityFrozen => ("冻结", "facility frozen"),
            Self::FacilityUnfrozen => ("解冻", "facility unfrozen"),
            Self::LimitChanged => ("额度调整", "limit changed"),
            Self::Drawdown => ("放款", "drawdown"),
            Self::Repayment => ("还款", "repayment"),
            Self::RateChanged => ("利率调整", "rate changed"),
            Self::Overdue => ("逾期", "overdue"),
            Self::Cured => ("逾期消除", "cured"),
            Self::Extended => ("展期", "extended"),
            Self::Renewed => ("无还本续贷", "renewed without repaying"),
            Self::Restructured => ("重组", "restructured"),
            Self::Accelerated => ("宣布提前到期", "called in"),
            Self::GradeChanged => ("分类调整", "grade changed"),
            Self::Settled => ("结清", "settled"),
            Self::WrittenOff => ("核销", "written off"),
            Self::Recovered => ("核销后收回", "recovered after write-off"),
            Self::Transferred => ("债权转让", "claim transferred"),
            Self::RiskCompensated => ("风险补偿", "compensated by the risk pool"),
            Self::FacilityClosed => ("授信终止", "facility closed"),
            Self::Reversed => ("冲正", "reversed"),
        }
    }
}

wire_enum! {
    /// How a repayment came about.
    pub enum RepaymentKind {
        /// 按计划还款
        Scheduled = "scheduled",
        /// 部分提前还款
        EarlyPartial = "early_partial",
        /// 全部提前还款
        EarlyFull = "early_full",
        /// 逾期后还款
        Overdue = "overdue",
        /// 代偿: paid by somebody who stands in for the firm.
        Compensated = "compensated",
    }
}
