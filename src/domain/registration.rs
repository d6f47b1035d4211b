//! 登记信息: who the taxpayer is, as the bureau's register has it.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::fen::Fen;
use super::taxpayer_id::TaxpayerId;

/// The key of the one registration record a taxpayer has.
pub const REGISTRATION_KEY: &str = "registration";

/// A taxpayer's registration. Serialised, it is the body of a `registration` record.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// 统一社会信用代码 as the bureau states it, right or wrong; a wrong check character is marked beside the record.
    pub uscc: Option<String>,
    /// 纳税人识别号.
    pub taxpayer_id: TaxpayerId,
    /// 登记序号 (DJXH), twenty digits.
    pub reg_no: Option<String>,
    /// 纳税人名称.
    pub name: String,
    /// 纳税人状态代码, two digits.
    pub status: String,
    /// 登记注册类型代码, three digits.
    pub reg_type: String,
    /// 行业代码 of GB/T 4754, four digits.
    pub industry: String,
    /// 登记日期.
    pub reg_date: NaiveDate,
    /// 注册资本, in fen of the currency.
    pub reg_capital_fen: Option<Fen>,
    /// Currency of the capital, three letters.
    pub currency: Option<String>,
    /// 从业人数.
    pub employees: Option<i64>,
    /// 会计制度代码.
    pub acct_regime: Option<String>,
    /// 核算方式代码.
    pub acct_mode: Option<String>,
    /// 增值税纳税人类型.
    pub vat_class: VatClass,
    /// First day of that VAT class.
    pub vat_class_from: Option<NaiveDate>,
    /// Last day of that VAT class; none while it lasts.
    pub vat_class_to: Option<NaiveDate>,
    /// 主管税务机关代码, eleven digits.
    pub authority: String,
    /// 注册地址.
    pub reg_address: Option<String>,
    /// 生产经营地址.
    pub biz_address: Option<String>,
    /// 行政区划代码 of GB/T 2260, six digits.
    pub region: String,
    /// 经营范围.
    pub scope: Option<String>,
    /// 法定代表人姓名: a person, released only under that person's own consent.
    pub legal_rep_name: Option<String>,
}

/// Without any of the fields, which never reach a log.
impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Registration(redacted)")
    }
}

/// How the taxpayer stands under value-added tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
