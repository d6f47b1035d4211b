//! Members of the exchange: who may speak on the gateway port, and as what.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::timestamp::Timestamp;

/// The longest slug of a member.
const SLUG_LENGTH_MAX: usize = 40;

/// A member's short stable name: `bank-03`, `bureau`, `regulator`, `platform`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MemberId(String);

/// The text is no member slug.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a member's name is 1 to 40 of a-z, 0-9 and '-', and starts with a letter, like bank-03")]
pub struct InvalidMemberId;

impl MemberId {
    /// The slug.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MemberId {
    type Err = InvalidMemberId;

    fn from_str(text: &str) -> Result<Self, InvalidMemberId> {
        let known = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let starts = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        if known && starts && text.len() <= SLUG_LENGTH_MAX {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidMemberId)
        }
    }
}

impl TryFrom<String> for MemberId {
    type Error = InvalidMemberId;

    fn try_from(text: String) -> Result<Self, InvalidMemberId> {
        text.parse()
    }
}

impl From<MemberId> for String {
    fn from(id: MemberId) -> String {
        id.0
    }
}

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Declares a closed enum whose members each have one stable wire name.
macro_rules! wire_enum {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$inner:meta])* $variant:ident = $wire:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$inner])* #[serde(rename = $wire)] $variant),+
        }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The stable name on the wire and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $wire),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::domain::member::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text).ok_or_else(|| {
                    crate::domain::member::UnknownName {
                        known: Self::ALL.iter().map(|value| value.as_str()).collect::<Vec<_>>().join(", "),
                    }
                })
            }
        }
    };
}
pub(crate) use wire_enum;

/// The text is none of a fixed list of names.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("must be one of: {known}")]
pub struct UnknownName {
    /// The names there are, separated by commas.
    pub known: String,
}

wire_enum! {
    /// What a member is, and so which routes it may call.
    pub enum Role {
        /// 成员银行: pulls dossiers of firms that consented.
        Bank = "bank",
        /// 税务机关: delivers data, approves products, registers consents given in the e-tax bureau.
        Bureau = "bureau",
        /// 银行业监管机构: reads what it is entitled to.
        Regulator = "regulator",
        /// 创业创新金融服务平台: receives the feed of decisions.
        Platform = "platform",
    }
}

wire_enum! {
    /// Whether a member may act at present.
    pub enum MemberStatus {
        /// May act.
        Active = "active",
        /// Every request is refused until resumed.
        Suspended = "suspended",
        /// Left the exchange for good: every request is refused, and nothing brings it back.
        Withdrawn = "withdrawn",
    }
}

/// Days left at which an expiry is warned of, the first warning first.
pub const WARNING_DAYS: [i64; 3] = [90, 30, 7];

wire_enum! {
    /// How a member's certificate stands at an instant.
    pub enum CertificateState {
        /// Its first second is still to come.
        NotYetValid = "not_yet_valid",
        /// Accepted.
        InUse = "in_use",
        /// Accepted, but for less than 30 days more.
        Expiring = "expiring",
        /// Past its last second.
        Expired = "expired",
        /// No longer accepted, whatever its dates say.
        Withdrawn = "withdrawn",
    }
}

impl CertificateState {
    /// How a certificate of these instants stands at `now`; `withdrawn_at` may lie ahead, as a rotation's does.
    pub fn at(
        now: Timestamp,
        not_before: Timestamp,
        not_after: Timestamp,
        withdrawn_at: Option<Timestamp>,
    ) -> Self {
        if withdrawn_at.is_some_and(|at| at <= now) {
            Self::Withdrawn
        } else if now >= not_after {
            Self::Expired
        } else if now < not_before {
            Self::NotYetValid
        } else if days_between(now, withdrawn_at.map_or(not_after, |at| at.min(not_after))) < WARNING_DAYS[1]
        {
            Self::Expiring
        } else {
            Self::InUse
        }
    }
}

/// Whole days from `now` until `end`; 0 once it has come.
pub fn days_between(now: Timestamp, end: Timestamp) -> i64 {
    const DAY_MICROS: i64 = 86_400 * 1_000_000;
    end.since_micros(now).max(0) / DAY_MICROS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs() {
        assert!("bank-03".parse::<MemberId>().is_ok());
        for bad in ["", "Bank", "3bank", "bank_1", "bank 1", "银行", "-x", &"a".repeat(41)] {
            assert_eq!(bad.parse::<MemberId>(), Err(InvalidMemberId), "{bad}");
        }
    }

    #[test]
    fn a_certificate_goes_through_its_states() {
        let day = |n: i64| Timestamp::default().plus_micros(n * 86_400 * 1_000_000);
        let at = |now, withdrawn| CertificateState::at(now, day(10), day(400), withdrawn);
        let states = [
            (9, None, CertificateState::NotYetValid),
            (10, None, CertificateState::InUse),
            (370, None, CertificateState::InUse),
            (371, None, CertificateState::Expiring),
            (400, None, CertificateState::Expired),
            (100, Some(day(114)), CertificateState::Expiring),
            (100, Some(day(130)), CertificateState::InUse),
            (100, Some(day(100)), CertificateState::Withdrawn),
            (500, Some(day(100)), CertificateState::Withdrawn),
        ];
        for (now, withdrawn, state) in states {
            assert_eq!(at(day(now), withdrawn), state, "day {now} {withdrawn:?}");
        }
        assert_eq!(days_between(day(1).plus_micros(1), day(2)), 0);
        assert_eq!((days_between(day(1), day(2)), days_between(day(3), day(2))), (1, 0));
    }

    #[test]
    fn names_go_both_ways() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse::<Role>().as_ref(), Ok(role));
            assert_eq!(serde_json::to_string(role).unwrap(), format!("\"{role}\""));
        }
        assert_eq!("king".parse::<Role>().unwrap_err().known, "bank, bureau, regulator, platform");
    }
}
