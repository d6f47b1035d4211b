//! The brake: holds that the bureau places on a member, a product, a section or a taxpayer.
//!
//! While a hold is active nothing leaves that it names. A bank is told what it is told of any consent that is not
//! in force; the true reason stands in the ledger, sealed.

use serde::{Deserialize, Serialize};

use super::member::{MemberId, wire_enum};
use super::section::Section;
use super::taxpayer_id::TaxpayerId;
use super::timestamp::Timestamp;

/// The longest reason, in characters.
pub const REASON_LENGTH_MAX: usize = 500;

wire_enum! {
    /// What kind of thing a hold names.
    pub enum HoldKind {
        /// 成员: every pull of a bank.
        Member = "member",
        /// 产品: every pull for a product.
        Product = "product",
        /// 项目: every pull that would carry a section.
        Section = "section",
        /// 纳税人: every pull of a taxpayer's data.
        Taxpayer = "taxpayer",
    }
}

/// What a hold names.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldTarget {
    /// A bank.
    Member(MemberId),
    /// A product by its id.
    Product(String),
    /// A section, of every dossier.
    Section(Section),
    /// A taxpayer.
    Taxpayer(TaxpayerId),
}

/// The text names nothing of this kind.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct InvalidTarget(String);

impl HoldTarget {
    /// What kind of thing it names.
    pub fn kind(&self) -> HoldKind {
        match self {
            HoldTarget::Member(_) => HoldKind::Member,
            HoldTarget::Product(_) => HoldKind::Product,
            HoldTarget::Section(_) => HoldKind::Section,
            HoldTarget::Taxpayer(_) => HoldKind::Taxpayer,
        }
    }

    /// Which one, as text.
    pub fn value(&self) -> &str {
        match self {
            HoldTarget::Member(id) => id.as_str(),
            HoldTarget::Product(id) => id,
            HoldTarget::Section(section) => section.as_str(),
            HoldTarget::Taxpayer(id) => id.as_str(),
        }
    }

    /// Reads the two back.
    pub fn parse(kind: HoldKind, value: &str) -> Result<Self, InvalidTarget> {
        let wrong = |why: &dyn ToString| InvalidTarget(why.to_string());
        Ok(match kind {
            HoldKind::Member => HoldTarget::Member(value.parse().map_err(|why| wrong(&why))?),
            HoldKind::Product => HoldTarget::Product(value.to_owned()),
            HoldKind::Section => HoldTarget::Section(value.parse().map_err(|why| wrong(&why))?),
            HoldKind::Taxpayer => HoldTarget::Taxpayer(TaxpayerId::parse(value).map_err(|why| wrong(&why))?),
        })
    }
}

/// A hold as it was placed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hold {
    /// UUIDv7.
    pub id: String,
    /// What it names.
    pub target: HoldTarget,
    /// Why, for the bureau: no bank reads it.
    pub reason: String,
    /// First instant at which it no longer holds; never ends by itself if absent.
    pub until: Option<Timestamp>,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// The member that placed it.
    pub placed_by: String,
    /// When it was lifted, if it was.
    pub lifted_at: Option<Timestamp>,
    /// The member that lifted it.
    pub lifted_by: Option<String>,
}

wire_enum! {
    /// Where a hold stands.
    pub enum HoldStatus {
        /// 生效中.
        Active = "active",
        /// 已到期: its `until` has passed.
        Expired = "expired",
        /// 已解除.
        Lifted = "lifted",
    }
}

impl Hold {
    /// Where it stands at this instant of the ledger's clock.
    pub fn status(&self, at: Timestamp) -> HoldStatus {
        match (self.lifted_at, self.until) {
            (Some(_), _) => HoldStatus::Lifted,
            (None, Some(until)) if until <= at => HoldStatus::Expired,
            (None, _) => HoldStatus::Active,
        }
    }
}

/// What a release would be, as far as holds name it.
#[derive(Clone, Copy, Debug)]
pub struct HeldSubject<'a> {
    /// To whom.
    pub bank: &'a str,
    /// For which product.
    pub product: &'a str,
    /// Whose data.
    pub taxpayer: &'a str,
    /// What it would carry.
    pub sections: &'a [Section],
}

/// The holds that were active when they were read.
#[derive(Clone, Default, Debug)]
pub struct Holds(Vec<Hold>);

impl Holds {
    /// No hold at all.
    pub const NONE: &'static Holds = &Holds(Vec::new());

    /// These holds.
    pub fn new(holds: Vec<Hold>) -> Self {
        Self(holds)
    }

    /// Whether one of them, active at `at`, forbids this release.
    pub fn bar(&self, subject: HeldSubject<'_>, at: Timestamp) -> bool {
        self.0.iter().any(|hold| hold.status(at) == HoldStatus::Active && names(&hold.target, subject))
    }
}

fn names(target: &HoldTarget, subject: HeldSubject<'_>) -> bool {
    match target {
        HoldTarget::Member(id) => id.as_str() == subject.bank,
        HoldTarget::Product(id) => id == subject.product,
        HoldTarget::Section(section) => subject.sections.contains(section),
        HoldTarget::Taxpayer(id) => id.as_str() == subject.taxpayer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(kind: HoldKind, value: &str, until: Option<&str>) -> Hold {
        Hold {
            id: "h".into(),
            target: HoldTarget::parse(kind, value).unwrap(),
            reason: "r".into(),
            until: until.map(|text| text.parse().unwrap()),
            placed_at: "2026-01-01".parse().unwrap(),
            placed_by: "bureau".into(),
            lifted_at: None,
            lifted_by: None,
        }
    }

    const SUBJECT: HeldSubject<'static> = HeldSubject {
        bank: "bank-01",
        product: "p-1",
        taxpayer: "91440300MA5EXAMPL0",
        sections: &[Section::Rating, Section::Filings],
    };

    #[test]
    fn each_target_bars_what_it_names_and_nothing_else() {
        let at = "2026-02-01".parse().unwrap();
        for (kind, named, other) in [
            (HoldKind::Member, "bank-01", "bank-02"),
            (HoldKind::Product, "p-1", "p-2"),
            (HoldKind::Section, "rating", "invoices"),
            (HoldKind::Taxpayer, "91440300MA5EXAMPL0", "91440300MA5EXAMPL1"),
        ] {
            assert!(Holds::new(vec![hold(kind, other, None), hold(kind, named, None)]).bar(SUBJECT, at));
            assert!(!Holds::new(vec![hold(kind, other, None)]).bar(SUBJECT, at), "{kind}");
        }
        assert!(!Holds::NONE.bar(SUBJECT, at));
    }

    #[test]
    fn a_hold_ends_at_its_instant_or_when_it_is_lifted() {
        let mut held = hold(HoldKind::Member, "bank-01", Some("2026-02-01"));
        let end: Timestamp = "2026-02-01".parse().unwrap();
        assert_eq!(held.status(end.plus_micros(-1)), HoldStatus::Active);
        assert_eq!(held.status(end), HoldStatus::Expired);
        assert!(!Holds::new(vec![held.clone()]).bar(SUBJECT, end));
        held.lifted_at = Some(end);
        assert_eq!(held.status(end.plus_micros(-1)), HoldStatus::Lifted);
    }

    #[test]
    fn targets_go_both_ways() {
        for (kind, value) in [
            (HoldKind::Member, "bank-01"),
            (HoldKind::Product, "p-1"),
            (HoldKind::Section, "rating"),
            (HoldKind::Taxpayer, "91440300MA5EXAMPL0"),
        ] {
            let target = HoldTarget::parse(kind, value).unwrap();
            assert_eq!((target.kind(), target.value()), (kind, value));
        }
        assert!(HoldTarget::parse(HoldKind::Section, "salary").is_err());
        assert!(HoldTarget::parse(HoldKind::Member, "No Such").is_err());
        assert!(HoldTarget::parse(HoldKind::Taxpayer, "short").is_err());
    }
}
