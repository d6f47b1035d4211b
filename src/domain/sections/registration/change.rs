//! 变更登记: what of a registration changed, when, and from what to what.

use std::fmt;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::codes::codes;

codes! {
    /// 变更项目: what of a registration can change.
    ChangeItem "变更项目" {
        /// The name.
        Name = "name" "名称",
        /// An address.
        Address = "address" "地址",
        /// The legal representative: that there was a change, never who it was or is.
        LegalRep = "legal_rep" "法定代表人",
        /// The registered capital.
        Capital = "capital" "注册资本",
        /// The scope of business.
        Scope = "scope" "经营范围",
        /// The registration type.
        RegType = "reg_type" "登记注册类型",
        /// A merger or division.
        Merger = "merger" "合并分立",
        /// Anything else.
        Other = "other" "其他",
    }
}

impl ChangeItem {
    /// Whether before and after are a natural person, so that neither is taken.
    pub fn names_a_person(self) -> bool {
        match self {
            ChangeItem::LegalRep => true,
            ChangeItem::Name
            | ChangeItem::Address
            | ChangeItem::Capital
            | ChangeItem::Scope
            | ChangeItem::RegType
            | ChangeItem::Merger
            | ChangeItem::Other => false,
        }
    }
}

/// One registered change. A standing fact: a consent's window never hides it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "变更登记")]
pub struct Change {
    /// What changed.
    #[schemars(title = "变更项目")]
    pub item: ChangeItem,
    /// Day on which the change was registered.
    #[schemars(title = "变更日期")]
    pub changed_on: NaiveDate,
    /// Content before; null where it is a person.
    #[schemars(title = "变更前内容")]
    pub before: Option<String>,
    /// Content after; null where it is a person.
    #[schemars(title = "变更后内容")]
    pub after: Option<String>,
}

impl Change {
    /// What tells a taxpayer's changes apart: day and item.
    pub fn key(&self) -> String {
        format!("change|{}|{}", self.changed_on, self.item.as_str())
    }
}

/// Without what it was and became, which never reach a log.
impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change")
            .field("item", &self.item)
            .field("changed_on", &self.changed_on)
            .finish_non_exhaustive()
    }
}
