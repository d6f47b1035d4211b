//! The consent: what a firm allowed, to whom, for what and for how long.
//!
//! 涉税信息查询授权书. Release of taxpayer affairs rests on it (征管法 Art. 8; 国税发〔2008〕93号 Art. 3), so every
//! term is fixed at grant; only the status and the count of pulls change afterwards.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::consent_details::ConsentDetails;
use super::member::{MemberId, wire_enum};
use super::period::Window;
use super::section::Section;
use super::taxpayer_id::TaxpayerId;
use super::timestamp::Timestamp;

wire_enum! {
    /// What a bank wants a dossier for.
    pub enum Purpose {
        /// 贷前审查: deciding on an application.
        PreLoan = "pre_loan",
        /// 贷后查询: watching a loan that was drawn.
        PostLoan = "post_loan",
    }
}

wire_enum! {
    /// Where a consent stands.
    pub enum ConsentStatus {
        /// 草稿
        Draft = "draft",
        /// 待确认
        Requested = "requested",
        /// 已授权
        Granted = "granted",
        /// 已拒绝
        Declined = "declined",
        /// 逾期未确认
        Lapsed = "lapsed",
        /// 已中止
        Suspended = "suspended",
        /// 已撤回
        Revoked = "revoked",
        /// 已到期
        Expired = "expired",
        /// 次数用尽
        Exhausted = "exhausted",
        /// 已被替代
        Superseded = "superseded",
    }
}

wire_enum! {
    /// In which role the person who granted acted for the firm.
    pub enum GrantorRole {
        /// 法定代表人
        LegalRepresentative = "legal_representative",
        /// 财务负责人 with a mandate to grant
        FinancialOfficer = "financial_officer",
        /// 负责人 of a sole trader or partnership
        Owner = "owner",
    }
}

wire_enum! {
    /// How the grantor was recognised.
    pub enum GrantMethod {
        /// 电子营业执照
        EbizLicence = "ebiz_licence",
        /// 数字证书电子印章
        CaSeal = "ca_seal",
        /// 电子税务局人脸核验
        EtaxFace = "etax_face",
        /// 办税服务厅纸质授权
        CounterPaper = "counter_paper",
    }
}

wire_enum! {
    /// Strength of the evidence (电子签名法 Art. 13).
    pub enum Assurance {
        /// 可靠电子签名
        Reliable = "reliable",
        /// 一般电子签名
        Ordinary = "ordinary",
    }
}

/// Which tax periods a consent opens: fixed dates, or so many months back from the day of the pull.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ConsentWindow {
    /// From the first day of one month to the last day of another, both included.
    Fixed(Window),
    /// The current month and this many before it.
    Rolling(RollingWindow),
}

/// A window that moves with the calendar.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollingWindow {
    /// Whole months before the current one, 1 to 120.
    pub months: u32,
}

impl ConsentWindow {
    /// The whole months that a pull on `today` (Asia/Shanghai) may see, or `None` past the calendar's end.
    pub fn resolve(&self, today: NaiveDate) -> Option<Window> {
        match self {
            ConsentWindow::Fixed(window) => Some(*window),
            ConsentWindow::Rolling(rolling) => Window::resolve_months(rolling.months, today),
        }
    }
}

/// The text that the grantor was shown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentText {
    /// Version of the wording.
    pub version: String,
    /// `sha-256:` and the base64url digest of exactly what was shown.
    pub digest: String,
}

/// Who granted, and how sure we are of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grantor {
    /// The role the person acted in.
    pub role: GrantorRole,
    /// An HMAC of the person's identity number under a key that only the bureau holds. No bank sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_ref: Option<String>,
    /// How the person was recognised.
    pub method: GrantMethod,
    /// Strength of the evidence.
    pub assurance: Assurance,
    /// When the person was recognised.
    pub authenticated_at: Timestamp,
}

/// Everything fixed at grant. Its canonical JSON is what `consent.digest` in a dossier names.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentTerms {
    /// UUIDv7.
    pub id: String,
    /// The firm whose data may leave.
    pub taxpayer_id: TaxpayerId,
    /// The one bank that may pull.
    pub bank: MemberId,
    /// The bank's loan product that the data is for.
    pub product_id: String,
    /// Allowed purposes, `pre_loan` first.
    pub purpose: Vec<Purpose>,
    /// Sections that may leave.
    pub sections: Vec<Section>,
    /// Tax periods that may leave.
    pub window: ConsentWindow,
    /// First instant in force.
    pub valid_from: Timestamp,
    /// First instant no longer in force.
    pub valid_to: Timestamp,
    /// How many dossiers may be pulled in all.
    pub pulls_max: u32,
    /// Whether personal identifiers may leave, under a separate personal consent (PIPL Art. 23).
    pub personal_data: bool,
    /// Who may be told the outcome, besides the firm.
    pub share_outcome_with: Vec<MemberId>,
    /// When the bank must have deleted what it received.
    pub retain_until: NaiveDate,
    /// What the grantor read.
    pub text: ConsentText,
    /// Who granted.
    pub grantor: Grantor,
    /// Further fields; absent from consents that the e-tax bureau registers with the bare terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<ConsentDetails>,
}

/// A consent as it stands: its terms, and what has happened since.
#[derive(Clone, Debug)]
pub struct Consent {
    /// Fixed at grant.
    pub terms: ConsentTerms,
    /// `sha-256:` and base64url digest of the terms' canonical JSON.
    pub digest: String,
    /// As stored: expiry and exhaustion are told by [`Consent::standing`].
    pub status: ConsentStatus,
    /// Dossiers pulled so far.
    pub pulls_used: u32,
    /// Whether the personal consent that goes with it was taken back: then no personal data leaves any more.
    pub personal_withdrawn: bool,
}

impl Consent {
    /// Whether the firm's word and the person's own cover personal data. Of a consent that the e-tax bureau registers
    /// with the bare terms, the bureau's word stands for the person's.
    pub fn covers_personal_data(&self) -> bool {
        let by_the_person = self.terms.details.as_ref().is_none_or(|details| details.personal.is_some());
        self.terms.personal_data && by_the_person && !self.personal_withdrawn
    }

    /// The status as of `at`, expiry and exhaustion included.
    pub fn standing(&self, at: Timestamp) -> ConsentStatus {
        if self.status != ConsentStatus::Granted {
            self.status
        } else if at >= self.terms.valid_to {
            ConsentStatus::Expired
        } else if self.pulls_used >= self.terms.pulls_max {
            ConsentStatus::Exhausted
        } else {
            ConsentStatus::Granted
        }
    }
}
