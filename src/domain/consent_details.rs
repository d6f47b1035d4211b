//! What a consent says beyond its bare terms: numbers and names that people read, who prepared it, what it follows.
//!
//! `lending.md`, Consent; PIPL Arts 17 and 23 ask for the recipient's name and contact, purpose, method and types.

use serde::{Deserialize, Serialize};

use super::consent::GrantorRole;
use super::member::wire_enum;
use super::representative::PortalRole;
use super::timestamp::Timestamp;

wire_enum! {
    /// How the data reaches the recipient.
    pub enum Provision {
        /// 银行通过本平台在线查询: the bank pulls a signed dossier over the gateway.
        GatewayPull = "gateway_pull",
    }
}

wire_enum! {
    /// From when on a `post_loan` purpose may be used.
    pub enum PostLoanTrigger {
        /// 自首次放款起，至贷款结清止: from the first drawdown to settlement.
        DrawdownToSettlement = "drawdown_to_settlement",
    }
}

/// 接收方: who receives the data, as the firm was told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// Full legal name.
    pub name: String,
    /// Its unified social credit code, if the directory has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uscc: Option<String>,
    /// How to reach it about the data: a telephone number, an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
}

/// 经办人: a person who prepared, approved or signed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// In which role.
    pub role: PortalRole,
    /// An HMAC of the person's identity number under a key that only the bureau holds. No bank sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_ref: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// 个人单独同意: what the personal consent that goes with the authorisation covers, as the person was told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonalTerms {
    /// Id of the personal consent, an instrument of its own.
    pub id: String,
    /// Role of the person who consented for himself or herself.
    pub role: GrantorRole,
    /// Types of personal data, by the names in `schema/dictionary.csv`.
    pub data_types: Vec<String>,
    /// Version and digest of exactly what the person was shown.
    pub text: super::consent::ConsentText,
}

/// Further fields of a consent, fixed at grant like the others.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentDetails {
    /// 授权编号: the number that people read.
    pub number: String,
    /// Who receives the data.
    pub recipient: Recipient,
    /// How.
    pub provision: Provision,
    /// Version of the policy file whose limits it was checked against.
    pub policy: String,
    /// From when on `post_loan` may be used; absent if it may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_loan_trigger: Option<PostLoanTrigger>,
    /// Who prepared the draft, if somebody else granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepared_by: Option<Operator>,
    /// Who approved besides, where the firm asks for joint approval.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approved_by: Vec<Operator>,
    /// The personal consent that goes with it, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personal: Option<PersonalTerms>,
    /// The request that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The consent whose place it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<String>,
}
