//! Who acts for a firm in the portal, and how sure the exchange is of it.
//!
//! The e-tax bureau says at sign-in which firms a person may act for and in which role (`lending.md`, Consent: a
//! preparer may draft and hand over; only the legal representative, or who holds the role for it, grants).

use serde::{Deserialize, Serialize};

use super::consent::{Assurance, GrantMethod, GrantorRole};
use super::member::wire_enum;
use super::taxpayer_id::TaxpayerId;
use super::timestamp::Timestamp;

wire_enum! {
    /// In which role a person acts for a firm.
    pub enum PortalRole {
        /// 法定代表人
        LegalRepresentative = "legal_representative",
        /// 负责人 of a sole trader, sole proprietorship or partnership
        Owner = "owner",
        /// 财务负责人
        FinancialOfficer = "financial_officer",
        /// 代理记账人员 or 办税员: prepares, and grants nothing.
        Bookkeeper = "bookkeeper",
        /// 涉税专业服务机构人员 (代理人): prepares, and grants nothing.
        Agent = "agent",
    }
}

impl PortalRole {
    /// The role in which the person may grant, if the role lets anybody grant. A financial officer approves jointly,
    /// and grants only where the firm's mandate says so: the mandate comes as [`GrantorRole::FinancialOfficer`] from
    /// the e-tax bureau, never from here.
    pub fn may_grant(self) -> Option<GrantorRole> {
        match self {
            PortalRole::LegalRepresentative => Some(GrantorRole::LegalRepresentative),
            PortalRole::Owner => Some(GrantorRole::Owner),
            PortalRole::FinancialOfficer | PortalRole::Bookkeeper | PortalRole::Agent => None,
        }
    }
}

/// One firm that a person may act for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Representation {
    /// The firm.
    pub taxpayer_id: TaxpayerId,
    /// Its name, as the e-tax bureau has it.
    pub name: String,
    /// The person's role.
    pub role: PortalRole,
}

/// A person as the e-tax bureau vouches for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Stable and unique at the issuer (OpenID Connect Core, `sub`).
    pub subject: String,
    /// The person's name, for the person's own pages; in no log and no leaf.
    pub name: String,
    /// An HMAC of the identity number under a key that only the bureau holds.
    pub id_ref: Option<String>,
}

/// How and when a person was recognised.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authentication {
    /// How.
    pub method: GrantMethod,
    /// How strong.
    pub assurance: Assurance,
    /// When (`auth_time`).
    pub at: Timestamp,
}

/// A person at work for a firm: what every use case of the portal demands. Made from a session only.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActingFor {
    /// Who.
    pub person: Person,
    /// For whom, and as what.
    pub firm: Representation,
    /// How the person was recognised last.
    pub authentication: Authentication,
}

impl ActingFor {
    /// The firm.
    pub fn taxpayer(&self) -> &TaxpayerId {
        &self.firm.taxpayer_id
    }

    /// What entries name as the person, sealed: the issuer's subject and the role.
    pub fn label(&self) -> String {
        format!("{} {}", self.firm.role, self.person.subject)
    }
}
