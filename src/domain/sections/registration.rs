//! 登记信息: who the taxpayer is, as the bureau's register has it, which statuses it went through, and what changed.

pub mod change;
pub mod status;

use std::fmt;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::change::Change;
use self::status::StatusSpan;
use crate::domain::codes::codes;
use crate::domain::fen::Fen;
use crate::domain::id_digest::IdDigest;
use crate::domain::taxpayer_id::TaxpayerId;

/// The key of the one registration record a taxpayer has.
pub const REGISTRATION_KEY: &str = "registration";

/// The body of a `registration` record, named by `record`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "record", rename_all = "snake_case")]
#[schemars(title = "登记信息")]
pub enum RegistrationRecord {
    /// The registration as it stands.
    #[schemars(title = "登记信息")]
    Registration(Registration),
    /// One stretch of the taxpayer's status.
    #[schemars(title = "纳税人状态沿革")]
    Status(StatusSpan),
    /// One registered change.
    #[schemars(title = "变更登记")]
    Change(Change),
}

/// A taxpayer's registration as it stands.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "登记信息")]
pub struct Registration {
    /// Unified social credit code, GB 32100-2015.
    #[schemars(title = "统一社会信用代码")]
    pub uscc: Option<String>,
    /// Whose fact it is; equals the credit code for most firms.
    #[schemars(title = "纳税人识别号")]
    pub taxpayer_id: TaxpayerId,
    /// The bureau's registration serial number (DJXH).
    #[schemars(title = "登记序号")]
    pub reg_no: Option<String>,
    /// Registered name.
    #[schemars(title = "纳税人名称")]
    pub name: String,
    /// Taxpayer status code (NSRZT_DM): 03 normal, 05 abnormal household, 07 deregistered.
    #[schemars(title = "纳税人状态代码")]
    pub status: String,
    /// Registration type code (DJZCLX_DM).
    #[schemars(title = "登记注册类型代码")]
    pub reg_type: String,
    /// Industry class, GB/T 4754-2017.
    #[schemars(title = "行业代码")]
    pub industry: String,
    /// Day of tax registration.
    #[schemars(title = "登记日期")]
    pub reg_date: NaiveDate,
    /// Registered capital in the stated currency.
    #[schemars(title = "注册资本")]
    pub reg_capital_fen: Option<Fen>,
    /// Currency of the capital, three letters.
    #[schemars(title = "注册资本币种")]
    pub currency: Option<String>,
    /// Persons employed.
    #[schemars(title = "从业人数", extend("x-unit" = "person"))]
    pub employees: Option<i64>,
    /// Accounting regime code: 101 enterprise standards, 102 small-enterprise standards, 201 enterprise system.
    #[schemars(title = "会计制度代码")]
    pub acct_regime: Option<String>,
    /// Accounting mode code.
    #[schemars(title = "核算方式代码")]
    pub acct_mode: Option<String>,
    /// How the taxpayer stands under value-added tax.
    #[schemars(title = "增值税纳税人类型")]
    pub vat_class: VatClass,
    /// First day of that VAT class.
    #[schemars(title = "增值税纳税人类型有效期起")]
    pub vat_class_from: Option<NaiveDate>,
    /// Last day of that VAT class; none while it lasts.
    #[schemars(title = "增值税纳税人类型有效期止")]
    pub vat_class_to: Option<NaiveDate>,
    /// Tax authority in charge, eleven digits.
    #[schemars(title = "主管税务机关代码")]
    pub authority: String,
    /// Registered address.
    #[schemars(title = "注册地址")]
    pub reg_address: Option<String>,
    /// Address of business.
    #[schemars(title = "生产经营地址")]
    pub biz_address: Option<String>,
    /// District, GB/T 2260.
    #[schemars(title = "行政区划代码")]
    pub region: String,
    /// Scope of business.
    #[schemars(title = "经营范围")]
    pub scope: Option<String>,
    /// Legal representative: a person, released only under personal consent.
    #[schemars(title = "法定代表人姓名")]
    pub legal_rep_name: Option<String>,
    /// Size class by industry, staff, income and assets (工信部联企业〔2011〕300号).
    #[schemars(title = "企业规模")]
    pub size_class: Option<SizeClass>,
    /// How income tax is collected: assessed income has no books behind it, so that margins mislead.
    #[schemars(title = "征收方式")]
    pub collection_mode: Option<CollectionMode>,
    /// Keyed digest of the legal representative's identity number. Stored, and never leaves.
    #[schemars(title = "法定代表人证件号码摘要")]
    pub legal_rep_id_digest: Option<IdDigest>,
}

codes! {
    /// 企业规模, as 《中小企业划型标准规定》 (工信部联企业〔2011〕300号) divides enterprises.
    SizeClass "企业规模" {
        /// Above the medium ones.
        Large = "large" "大型",
        /// Medium.
        Medium = "medium" "中型",
        /// Small.
        Small = "small" "小型",
        /// The smallest.
        Micro = "micro" "微型",
    }
}

codes! {
    /// 征收方式: how income tax is collected (税收征收管理法 Art. 35).
    CollectionMode "征收方式" {
        /// By the taxpayer's books.
        Books = "books" "查账征收",
        /// By assessment, for want of usable books.
        Assessed = "assessed" "核定征收",
    }
}

/// Without any of the fields, which never reach a log.
impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Registration(redacted)")
    }
}

/// How the taxpayer stands under value-added tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(title = "增值税纳税人类型")]
pub enum VatClass {
    /// 一般纳税人.
    General,
    /// 小规模纳税人.
    SmallScale,
}

impl VatClass {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            VatClass::General => "general",
            VatClass::SmallScale => "small_scale",
        }
    }
}
