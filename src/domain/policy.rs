//! The policy: how far an authorisation may go, purpose by purpose, whatever firm and bank agree on.
//!
//! 税收征管法实施细则 and the programme ask for the least that the purpose needs (PIPL Art. 6). A policy has a
//! version; it binds when a consent is granted and again at every pull, which it narrows or refuses.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::consent::{ConsentTerms, ConsentWindow, Purpose};
use super::period::Window;
use super::product::MONTHS_MAX;
use super::section::Section;
use super::timestamp::Timestamp;

/// One day in microseconds.
const DAY_MICROS: i64 = 86_400 * 1_000_000;

/// The version that releases name from before there were policies: the rules alone, without limits.
pub const WITHOUT_LIMITS: &str = "consent-rules/1";

/// How far a consent may go for one purpose. What is absent is not limited.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Days that a consent may be in force, counted from `valid_from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_days_max: Option<u32>,
    /// Whole months of history before the current one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_months_max: Option<u32>,
    /// Dossiers in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pulls_max: Option<u32>,
    /// Sections that may leave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sections: Option<BTreeSet<Section>>,
    /// Whether personal data may leave under a personal consent.
    #[serde(default = "yes")]
    pub personal_data: bool,
    /// `post_loan` alone: whether it is open from the first recorded drawdown only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_drawdown: bool,
}

fn yes() -> bool {
    true
}

impl Limits {
    const NONE: Limits = Limits {
        valid_days_max: None,
        window_months_max: None,
        pulls_max: None,
        sections: None,
        personal_data: true,
        needs_drawdown: false,
    };

    /// The first instant at which a consent that began then is no longer good for the purpose, if there is one: the
    /// midnight (Asia/Shanghai) after the last of its days.
    pub fn ends(&self, valid_from: Timestamp) -> Option<Timestamp> {
        let last = |days: u32| valid_from.plus_micros(i64::from(days).saturating_mul(DAY_MICROS));
        self.valid_days_max.map(|days| last(days).next_shanghai_midnight())
    }

    /// The part of a window that is open today (Asia/Shanghai); `None` if no month of it is.
    pub fn narrowed(&self, window: Window, today: NaiveDate) -> Option<Window> {
        let Some(months) = self.window_months_max else { return Some(window) };
        let opened = Window::resolve_months(months, today)?;
        Window::new(window.from().max(opened.from()), window.to().min(opened.to())).ok()
    }

    /// Whether a section may leave.
    pub fn opens(&self, section: Section) -> bool {
        self.sections.as_ref().is_none_or(|sections| sections.contains(&section))
    }

    /// Whether so many dossiers already pulled leave room for another.
    pub fn leaves_a_pull(&self, pulls_used: u32) -> bool {
        self.pulls_max.is_none_or(|most| pulls_used < most)
    }

    fn covers_months(&self, window: ConsentWindow, today: NaiveDate) -> bool {
        let Some(most) = self.window_months_max else { return true };
        match window {
            ConsentWindow::Rolling(rolling) => rolling.months <= most,
            ConsentWindow::Fixed(fixed) => {
                Window::resolve_months(most, today).is_some_and(|opened| fixed.from() >= opened.from())
            }
        }
    }

    fn check(&self, place: &str) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("{place}: {what}"));
        if self.valid_days_max == Some(0) || self.pulls_max == Some(0) {
            return wrong("valid_days_max and pulls_max must be at least 1");
        }
        if self.window_months_max.is_some_and(|months| !(1..=MONTHS_MAX).contains(&months)) {
            return wrong("window_months_max must be 1 to 120");
        }
        if self.sections.as_ref().is_some_and(BTreeSet::is_empty) {
            return wrong("sections must name at least one section, or be left out");
        }
        Ok(())
    }
}

/// The limits of both purposes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Purposes {
    /// 贷前审查.
    pub pre_loan: Limits,
    /// 贷后查询.
    pub post_loan: Limits,
}

impl Purposes {
    const UNLIMITED: Purposes = Purposes { pre_loan: Limits::NONE, post_loan: Limits::NONE };

    fn of(&self, purpose: Purpose) -> &Limits {
        match purpose {
            Purpose::PreLoan => &self.pre_loan,
            Purpose::PostLoan => &self.post_loan,
        }
    }
}

/// A version of the policy, whole.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Names it in every dossier.
    pub version: String,
    /// For consents that a firm grants in the exchange's own portal.
    pub portal: Purposes,
    /// For consents that the e-tax bureau registers, granted in its own pages.
    pub bureau: Purposes,
}

/// Where a consent comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GrantPath {
    /// The exchange's own portal.
    Portal,
    /// The e-tax bureau registered it.
    Bureau,
}

impl GrantPath {
    /// Of a consent, by its terms: the portal's say more.
    pub fn of(terms: &ConsentTerms) -> Self {
        if terms.details.is_some() { GrantPath::Portal } else { GrantPath::Bureau }
    }
}

/// What of a consent the policy limits.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Its purposes.
    pub purpose: &'a [Purpose],
    /// Its sections.
    pub sections: &'a [Section],
    /// Its window.
    pub window: ConsentWindow,
    /// First instant in force.
    pub valid_from: Timestamp,
    /// First instant no longer in force.
    pub valid_to: Timestamp,
    /// Dossiers in all.
    pub pulls_max: u32,
    /// Whether personal data may leave.
    pub personal_data: bool,
}

impl<'a> From<&'a ConsentTerms> for Asked<'a> {
    fn from(terms: &'a ConsentTerms) -> Self {
        Self {
            purpose: &terms.purpose,
            sections: &terms.sections,
            window: terms.window,
            valid_from: terms.valid_from,
            valid_to: terms.valid_to,
            pulls_max: terms.pulls_max,
            personal_data: terms.personal_data,
        }
    }
}

/// A term that goes beyond the policy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Excess {
    /// JSON pointer (RFC 6901) of the term.
    pub pointer: &'static str,
    /// What would be right.
    pub message: String,
}

impl Policy {
    /// The rules without any limit, under this name: what releases from before there were policies were judged by.
    pub fn unlimited(version: impl Into<String>) -> Self {
        Self { version: version.into(), portal: Purposes::UNLIMITED, bureau: Purposes::UNLIMITED }
    }

    /// Whether it can be used, or what is wrong with it.
    pub fn check(&self) -> Result<(), String> {
        let length = self.version.chars().count();
        if !(1..=64).contains(&length) || self.version.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err("version must have 1 to 64 characters, none of them blank".into());
        }
        if self.version == WITHOUT_LIMITS {
            return Err(format!("version must not be {WITHOUT_LIMITS}: releases without a policy name it"));
        }
        for (path, purposes) in [("portal", &self.portal), ("bureau", &self.bureau)] {
            purposes.pre_loan.check(&format!("{path}.pre_loan"))?;
            purposes.post_loan.check(&format!("{path}.post_loan"))?;
            if purposes.pre_loan.needs_drawdown {
                return Err(format!("{path}.pre_loan: needs_drawdown is for post_loan"));
            }
        }
        Ok(())
    }

    /// The limits on consents of one path for one purpose.
    pub fn limits(&self, path: GrantPath, purpose: Purpose) -> &Limits {
        match path {
            GrantPath::Portal => self.portal.of(purpose),
            GrantPath::Bureau => self.bureau.of(purpose),
        }
    }

    /// Every term that goes further than the widest of its purposes allows, seen today (Asia/Shanghai).
    pub fn excess(&self, path: GrantPath, asked: Asked<'_>, today: NaiveDate) -> Vec<Excess> {
        let limits: Vec<&Limits> = asked.purpose.iter().map(|purpose| self.limits(path, *purpose)).collect();
        let any = |holds: &dyn Fn(&Limits) -> bool| limits.iter().any(|limits| holds(limits));
        let mut found = Vec::new();
        let mut rule = |holds: bool, pointer: &'static str, message: String| {
            if !holds {
                found.push(Excess { pointer, message: format!("{message} (policy {})", self.version) });
            }
        };
        let most =
            |of: fn(&Limits) -> Option<u32>| limits.iter().filter_map(|limits| of(limits)).max().unwrap_or(0);
        rule(
            any(&|limits| limits.ends(asked.valid_from).is_none_or(|end| asked.valid_to <= end)),
            "/valid_to",
            format!("must be at most {} days after valid_from", most(|limits| limits.valid_days_max)),
        );
        rule(
            any(&|limits| limits.covers_months(asked.window, today)),
            "/window",
            format!("must reach back at most {} months", most(|limits| limits.window_months_max)),
        );
        rule(
            any(&|limits| limits.pulls_max.is_none_or(|most| asked.pulls_max <= most)),
            "/pulls_max",
            format!("must be at most {}", most(|limits| limits.pulls_max)),
        );
        rule(
            asked.sections.iter().all(|section| any(&|limits| limits.opens(*section))),
            "/sections",
            "may name only sections that the purpose opens".to_owned(),
        );
        rule(
            !asked.personal_data || any(&|limits| limits.personal_data),
            "/personal_data",
            "must be false: the purpose opens no personal data".to_owned(),
        );
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::consent::RollingWindow;

    fn policy() -> Policy {
        let mut policy = Policy::unlimited("t-1");
        policy.portal.pre_loan = Limits {
            valid_days_max: Some(30),
            window_months_max: Some(12),
            pulls_max: Some(3),
            sections: Some([Section::Registration, Section::Rating].into()),
            personal_data: false,
            needs_drawdown: false,
        };
        policy.portal.post_loan = Limits { valid_days_max: Some(90), ..policy.portal.pre_loan.clone() };
        policy
    }

    fn asked(days: i64) -> Asked<'static> {
        Asked {
            purpose: &[Purpose::PreLoan],
            sections: &[Section::Registration],
            window: ConsentWindow::Rolling(RollingWindow { months: 12 }),
            valid_from: Timestamp::default(),
            valid_to: Timestamp::default().plus_micros(days * DAY_MICROS),
            pulls_max: 3,
            personal_data: false,
        }
    }

    fn pointers(asked: Asked<'_>) -> Vec<&'static str> {
        let today = Timestamp::default().shanghai_date();
        policy().excess(GrantPath::Portal, asked, today).into_iter().map(|excess| excess.pointer).collect()
    }

    #[test]
    fn each_limit_holds_up_to_its_last_value() {
        assert_eq!(pointers(asked(30)), Vec::<&str>::new());
        let last = asked(30).valid_to.next_shanghai_midnight();
        assert_eq!(pointers(Asked { valid_to: last, ..asked(30) }), Vec::<&str>::new());
        assert_eq!(pointers(Asked { valid_to: last.plus_micros(1), ..asked(30) }), ["/valid_to"]);
        let window = ConsentWindow::Rolling(RollingWindow { months: 13 });
        assert_eq!(pointers(Asked { window, ..asked(1) }), ["/window"]);
        assert_eq!(pointers(Asked { pulls_max: 4, ..asked(1) }), ["/pulls_max"]);
        assert_eq!(pointers(Asked { sections: &[Section::Filings], ..asked(1) }), ["/sections"]);
        assert_eq!(pointers(Asked { personal_data: true, ..asked(1) }), ["/personal_data"]);
        let fixed = |from: &str| {
            let day = |text: &str| text.parse().unwrap();
            ConsentWindow::Fixed(Window::new(day(from), day("1970-01-31")).unwrap())
        };
        assert_eq!(pointers(Asked { window: fixed("1969-01-01"), ..asked(1) }), Vec::<&str>::new());
        assert_eq!(pointers(Asked { window: fixed("1968-12-01"), ..asked(1) }), ["/window"]);
    }

    #[test]
    fn the_widest_purpose_counts_and_the_bureaus_path_is_its_own() {
        let both = Asked { purpose: &[Purpose::PreLoan, Purpose::PostLoan], ..asked(90) };
        assert_eq!(pointers(both), Vec::<&str>::new());
        let last = both.valid_to.next_shanghai_midnight();
        assert_eq!(pointers(Asked { valid_to: last.plus_micros(1), ..both }), ["/valid_to"]);
        let today = Timestamp::default().shanghai_date();
        assert_eq!(policy().excess(GrantPath::Bureau, asked(9999), today), []);
    }

    #[test]
    fn a_policy_that_cannot_be_meant_is_refused() {
        assert_eq!(policy().check(), Ok(()));
        let spoils: [fn(&mut Policy); 6] = [
            |p| p.version.clear(),
            |p| p.version = WITHOUT_LIMITS.into(),
            |p| p.portal.pre_loan.pulls_max = Some(0),
            |p| p.bureau.post_loan.window_months_max = Some(MONTHS_MAX + 1),
            |p| p.portal.pre_loan.sections = Some(BTreeSet::new()),
            |p| p.portal.pre_loan.needs_drawdown = true,
        ];
        for spoil in spoils {
            let mut spoilt = policy();
            spoil(&mut spoilt);
            assert!(spoilt.check().is_err(), "{spoilt:?}");
        }
    }
}
