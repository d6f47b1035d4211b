//! What the register notes of a firm over the years: its status, and changes of name, address, representative,
//! capital and scope. Some changes fall in the days that only the rounds of amendments speak of.

use chrono::NaiveDate;

use super::calendar::{Span, add_days, add_months};
use super::firm::{Course, Firm};
use super::identity::person_id;
use super::names;
use super::random::{Purpose, Random};
use crate::domain::taxpayer_kind::TaxpayerKind;

/// One status of a firm and the days it lasted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Status {
    /// 纳税人状态: 03 正常, 05 非正常, 07 注销, 08 非正常注销.
    pub(super) code: &'static str,
    pub(super) from: NaiveDate,
    pub(super) to: Option<NaiveDate>,
    pub(super) cause: &'static str,
}

/// What a change was of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    Name,
    Address,
    LegalRep,
    Capital,
    Scope,
    Merger,
}

impl Item {
    /// The code in the form.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Item::Name => "name",
            Item::Address => "address",
            Item::LegalRep => "legal_rep",
            Item::Capital => "capital",
            Item::Scope => "scope",
            Item::Merger => "merger",
        }
    }

    /// Whether the form leaves the contents out, because they are of a person.
    pub(super) fn is_personal(self) -> bool {
        match self {
            Item::LegalRep => true,
            Item::Name | Item::Address | Item::Capital | Item::Scope | Item::Merger => false,
        }
    }
}

/// One change in the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) item: Item,
    pub(super) on: NaiveDate,
    pub(super) before: String,
    pub(super) after: String,
}

/// What was noted of a firm, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Life {
    pub(super) statuses: Vec<Status>,
    pub(super) changes: Vec<Change>,
    name: String,
    address: String,
    legal_rep: String,
}

impl Life {
    /// The life of a firm of that last name.
    pub(super) fn of(firm: &Firm, name: String, span: &Span) -> Self {
        let random = &mut firm.random(Purpose::Life);
        let mut life = Self {
            statuses: statuses(firm, span, random),
            changes: Vec::new(),
            name,
            address: names::address(random, firm.district),
            legal_rep: names::person(random),
        };
        let settled = add_months(firm.reg_date, 3).max(span.first);
        let mut items = vec![];
        for (item, per_mille) in [
            (Item::Name, 40),
            (Item::Address, 90),
            (Item::LegalRep, 70),
            (Item::Capital, if firm.capital_fen.is_some() { 50 } else { 0 }),
            (Item::Scope, 40),
        ] {
            let happens = random.chance(per_mille);
            let late = random.chance(250); // in the days of the amendments
            let after_books = add_days(span.as_of, random.between(1, 3));
            let days = (span.last - settled).num_days().max(0);
            let earlier = add_days(settled, random.between(0, days));
            let alive = firm.abnormal_from().is_none() && !matches!(firm.course, Course::Leaving { .. });
            if happens && alive {
                items.push((item, if late { after_books } else { earlier }));
            }
        }
        items.sort_by_key(|(_, on)| *on);
        life.changes = items.into_iter().map(|(item, on)| life.change(firm, item, on, random)).collect();
        if let Course::Leaving { closed_on, merged: true, .. } = firm.course {
            life.changes.push(Change {
                item: Item::Merger,
                on: closed_on,
                before: "存续".to_owned(),
                after: "因吸收合并解散，权利义务由存续公司承继".to_owned(),
            });
        }
        life
    }

    fn change(&self, firm: &Firm, item: Item, on: NaiveDate, random: &mut Random) -> Change {
        let (before, after) = match item {
            Item::Name => (names::firm(random, firm.kind, firm.district, firm.industry), self.name.clone()),
            Item::Address => (names::address(random, firm.district), self.address.clone()),
            Item::LegalRep => (names::person(random), self.legal_rep.clone()),
            Item::Capital => {
                let fen = firm.capital_fen.unwrap_or(0);
                (format!("{}元", fen / 200), format!("{}元", fen / 100))
            }
            Item::Scope => ("销售".to_owned(), firm.industry.scope.to_owned()),
            Item::Merger => ("存续".to_owned(), "解散".to_owned()),
        };
        Change { item, on, before, after }
    }

    /// The status in force on a day.
    pub(super) fn status_on(&self, day: NaiveDate) -> &'static str {
        self.statuses.iter().rfind(|status| status.from <= day).map_or("03", |status| status.code)
    }

    /// 名称 as it was on a day.
    pub(super) fn name_on(&self, day: NaiveDate) -> &str {
        self.content_on(Item::Name, day).unwrap_or(&self.name)
    }

    /// 地址 as it was on a day.
    pub(super) fn address_on(&self, day: NaiveDate) -> &str {
        self.content_on(Item::Address, day).unwrap_or(&self.address)
    }

    /// 法定代表人 as it was on a day.
    pub(super) fn legal_rep_on(&self, day: NaiveDate) -> &str {
        self.content_on(Item::LegalRep, day).unwrap_or(&self.legal_rep)
    }

    /// 经营范围 before a change that came later than the day.
    pub(super) fn scope_before(&self, day: NaiveDate) -> Option<&str> {
        self.content_on(Item::Scope, day)
    }

    /// Whether the capital was raised, to double, only after the day.
    pub(super) fn capital_raised_after(&self, day: NaiveDate) -> bool {
        self.content_on(Item::Capital, day).is_some()
    }

    fn content_on(&self, item: Item, day: NaiveDate) -> Option<&str> {
        self.changes
            .iter()
            .find(|change| change.item == item && change.on > day)
            .map(|change| change.before.as_str())
    }
}

/// Identification number of a firm's representative, by name: impossible, for the year of birth is 1899.
pub(super) fn representative_id(firm: &Firm, name: &str) -> String {
    let mut random = Random::new(firm.seed ^ hash(name), firm.index, Purpose::Life);
    person_id(firm.region, &mut random)
}

/// FNV-1a, so that another person of the firm gets another number.
fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// 正常 from the registration on; then, for those who vanish, 非正常 and for some 非正常注销; 注销 for who leaves.
fn statuses(firm: &Firm, span: &Span, random: &mut Random) -> Vec<Status> {
    let mut statuses = vec![(firm.reg_date, "03", "办理税务登记")];
    if let Some(abnormal) = firm.abnormal_from() {
        let cancelled = add_days(add_months(abnormal, 9), random.between(0, 90));
        statuses.push((abnormal, "05", "连续三个月未按期申报，认定为非正常户"));
        if random.chance(500) {
            statuses.push((cancelled, "08", "营业执照被吊销，非正常户注销"));
        }
    }
    if let Course::Leaving { closed_on, merged, .. } = firm.course {
        let cause = match (merged, firm.kind) {
            (true, _) => "因合并办理注销",
            (false, TaxpayerKind::SoleTrader) => "歇业，办理注销",
            (false, _) => "解散，清税后办理注销",
        };
        statuses.push((closed_on, "07", cause));
    }
    statuses.retain(|(from, ..)| span.round_of(*from).is_some());
    let ends: Vec<Option<NaiveDate>> =
        statuses.iter().skip(1).map(|(from, ..)| from.pred_opt()).chain([None]).collect();
    statuses.into_iter().zip(ends).map(|((from, code, cause), to)| Status { code, from, to, cause }).collect()
}
