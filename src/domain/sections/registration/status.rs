//! 纳税人状态沿革: which status a taxpayer had from which day, such as abnormal (非正常) or deregistered (注销).

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One stretch of a taxpayer's status. A standing fact: a consent's window never hides it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "纳税人状态沿革")]
pub struct StatusSpan {
    /// Status as the bureau's code list has it, two digits: 03 normal, 05 abnormal household, 07 deregistered.
    #[schemars(title = "纳税人状态代码")]
    pub status: String,
    /// First day of the status.
    #[schemars(title = "状态起始日期")]
    pub status_from: NaiveDate,
    /// Last day of the status; null while it lasts.
    #[schemars(title = "状态终止日期")]
    pub status_to: Option<NaiveDate>,
    /// Why the status changed, in the bureau's words.
    #[schemars(title = "状态变更原因")]
    pub cause: Option<String>,
}

impl StatusSpan {
    /// What tells a taxpayer's stretches apart: the first day.
    pub fn key(&self) -> String {
        format!("status|{}", self.status_from)
    }
}
