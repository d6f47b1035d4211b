//! What a bank may answer to an application, and what the firm may answer to an offer.

use crate::domain::member::wire_enum;

wire_enum! {
    /// A bank's answer.
    pub enum DecisionOutcome {
        /// 预授信（非承诺）: binds nobody, and is given without an enquiry at a credit bureau.
        PreApproved = "pre_approved",
        /// 同意授信; with less than was asked for it shows as 调减.
        Approved = "approved",
        /// 附条件同意
        ApprovedConditional = "approved_conditional",
        /// 退回补件: the clock stops, for at most ten working days.
        Returned = "returned",
        /// 不予授信
        Declined = "declined",
        /// 申请人撤回: the firm withdrew at the bank.
        Withdrawn = "withdrawn",
        /// 逾期失效: set by the exchange alone, no bank may send it.
        Lapsed = "lapsed",
    }
}

impl DecisionOutcome {
    /// Whether it is an offer that the firm may accept.
    pub fn is_offer(self) -> bool {
        match self {
            Self::Approved | Self::ApprovedConditional => true,
            Self::PreApproved | Self::Returned | Self::Declined | Self::Withdrawn | Self::Lapsed => false,
        }
    }

    /// Whether it names an amount, a rate and a term.
    pub fn has_terms(self) -> bool {
        self.is_offer() || self == Self::PreApproved
    }

    /// As people read it.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::PreApproved => ("预授信（非承诺）", "pre-approved, not binding"),
            Self::Approved => ("同意授信", "approved"),
            Self::ApprovedConditional => ("附条件同意", "approved with conditions"),
            Self::Returned => ("退回补件", "returned for documents"),
            Self::Declined => ("不予授信", "declined"),
            Self::Withdrawn => ("申请人撤回", "withdrawn by the firm"),
            Self::Lapsed => ("逾期失效", "lapsed"),
        }
    }
}

wire_enum! {
    /// The firm's answer to what its application has come to.
    pub enum FirmAnswer {
        /// 接受: the offer is accepted.
        Accepted = "accepted",
        /// 放弃: the offer is turned down.
        OfferDeclined = "offer_declined",
        /// 已补件: what the bank asked for is there; the clock runs again.
        Supplemented = "supplemented",
        /// 同意查询征信并继续: a pre-approval is taken further, now with an enquiry at a credit bureau.
        Proceed = "proceed",
        /// 撤回申请
        Withdrawn = "withdrawn",
    }
}
