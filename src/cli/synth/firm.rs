//! A firm: who it is, how large, how it fares and how it behaves.

use chrono::{Datelike, NaiveDate};

use super::SynthError;
use super::calendar::{Span, add_days, add_months};
use super::identity::identify;
use super::industry::{INDUSTRIES, Industry};
use super::life::Life;
use super::names;
use super::random::{Purpose, Random};
use crate::domain::sections::registration::VatClass;
use crate::domain::taxpayer_id::TaxpayerId;
use crate::domain::taxpayer_kind::TaxpayerKind;
use crate::domain::uscc::Uscc;

/// The districts of Shenzhen, GB/T 2260, each as often as it is listed: firms crowd in some.
const DISTRICTS: [(&str, &str); 16] = [
    ("440306", "宝安区"),
    ("440306", "宝安区"),
    ("440306", "宝安区"),
    ("440307", "龙岗区"),
    ("440307", "龙岗区"),
    ("440307", "龙岗区"),
    ("440305", "南山区"),
    ("440305", "南山区"),
    ("440309", "龙华区"),
    ("440309", "龙华区"),
    ("440304", "福田区"),
    ("440304", "福田区"),
    ("440303", "罗湖区"),
    ("440311", "光明区"),
    ("440310", "坪山区"),
    ("440308", "盐田区"),
];

/// Largest monthly sales that keep a firm small-scale: ¥5 million a year.
const SMALL_SCALE_MONTH_FEN: i64 = 40_000_000;

/// Whether such a taxpayer keeps full books and sends statements; sole traders do not have to.
pub(super) fn reports(kind: TaxpayerKind) -> bool {
    match kind {
        TaxpayerKind::Company | TaxpayerKind::SoleProprietorship | TaxpayerKind::Partnership => true,
        TaxpayerKind::SoleTrader => false,
    }
}

/// Where a firm's sections disagree with each other, on purpose: what a comparison of sections should find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Disagreement {
    /// Invoices issued exceed the sales declared.
    InvoicesAboveDeclared,
    /// Statements and income tax returns show less revenue than the sales declared for value-added tax.
    RevenueBelowDeclared,
}

/// How a firm fares over the years.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// Sales change by that many ten-thousandths a month.
    Trend(i64),
    /// Sales collapse from a month on, and the last return is for another.
    Failing { from: NaiveDate, last_return: NaiveDate },
    /// Leaves in good order after a last return: deregistered, or merged into another.
    Leaving { last_return: NaiveDate, closed_on: NaiveDate, merged: bool },
    /// Files, with nothing to declare.
    Dormant,
    /// Registered and never seen again.
    NeverFiled,
}

/// One firm of the city.
pub(super) struct Firm {
    pub(super) seed: u64,
    pub(super) index: u64,
    pub(super) taxpayer_id: TaxpayerId,
    pub(super) uscc: Option<Uscc>,
    pub(super) kind: TaxpayerKind,
    pub(super) vat_class: VatClass,
    pub(super) region: &'static str,
    pub(super) district: &'static str,
    pub(super) industry: &'static Industry,
    pub(super) reg_date: NaiveDate,
    /// 登记注册类型.
    pub(super) reg_type: &'static str,
    /// 核定征收: taxed on an assessed income; some traders only.
    pub(super) assessed: bool,
    pub(super) course: Course,
    /// Sales of an even month at the start, in fen.
    pub(super) month_fen: i64,
    /// Largest sales of a month, in fen.
    pub(super) month_fen_max: i64,
    /// How often it files late.
    pub(super) late_per_mille: u64,
    /// Left out of the evaluation altogether.
    pub(super) unrated: bool,
    /// Where its sections disagree.
    pub(super) disagreement: Option<Disagreement>,
    /// Registered capital, in fen; none for traders.
    pub(super) capital_fen: Option<i64>,
    /// Its names, addresses and representatives over time, and its status.
    pub(super) life: Life,
}

impl Firm {
    pub(super) fn make(seed: u64, index: u64, span: &Span) -> Result<Self, SynthError> {
        let random = &mut Random::new(seed, index, Purpose::Firm);
        let (region, district) = *random.pick(&DISTRICTS);
        let industry: &'static Industry = random.pick(&INDUSTRIES);
        let vat_class = if random.chance(560) { VatClass::General } else { VatClass::SmallScale };
        let kind = kind(vat_class, random);
        let is_trader = kind == TaxpayerKind::SoleTrader;
        let (taxpayer_id, uscc) = identify(seed, index, region, is_trader, random)?;
        let name = names::firm(random, kind, district, industry);
        let (month_fen, month_fen_max) = size(vat_class, random);
        let reg_date = registered_on(span, random);
        let course = course(span, reg_date, random);
        let disagreement = match random.below(1_000) {
            0..=14 => Some(Disagreement::InvoicesAboveDeclared),
            15..=29 if kind == TaxpayerKind::Company => Some(Disagreement::RevenueBelowDeclared),
            _ => None,
        };
        let mut firm = Self {
            seed,
            index,
            taxpayer_id,
            uscc,
            kind,
            vat_class,
            region,
            district,
            industry,
            reg_date,
            reg_type: reg_type(kind, random),
            assessed: is_trader && random.chance(450),
            course,
            month_fen,
            month_fen_max,
            late_per_mille: *random.pick(&[0, 0, 0, 3, 8, 15, 40, 90, 250, 550]),
            unrated: random.chance(40),
            disagreement,
            capital_fen: (!is_trader)
                .then(|| *random.pick(&[10, 50, 100, 100, 200, 500, 1_000, 3_000]) * 1_000_000),
            life: Life::default(),
        };
        firm.life = Life::of(&firm, name, span);
        Ok(firm)
    }

    /// The month from which the firm has sales: its first, or the first the generator looks at.
    pub(super) fn first_month(&self, span: &Span) -> NaiveDate {
        self.reg_date.with_day(1).unwrap_or(self.reg_date).max(span.origin())
    }

    /// Day from which the bureau calls it an abnormal household (非正常户): three months without a return.
    pub(super) fn abnormal_from(&self) -> Option<NaiveDate> {
        match self.course {
            Course::Failing { last_return, .. } => Some(add_days(add_months(last_return, 5), 9)),
            Course::NeverFiled => Some(add_days(add_months(self.reg_date, 6), 9)),
            Course::Trend(_) | Course::Dormant | Course::Leaving { .. } => None,
        }
    }

    /// Whether the firm is short of money in a month.
    pub(super) fn struggles_in(&self, month: NaiveDate) -> bool {
        match self.course {
            Course::Failing { from, .. } => month >= from,
            Course::Trend(_) | Course::Dormant | Course::NeverFiled | Course::Leaving { .. } => false,
        }
    }

    /// A stream of random numbers of the firm's own.
    pub(super) fn random(&self, purpose: Purpose) -> Random {
        Random::new(self.seed, self.index, purpose)
    }
}

fn kind(vat_class: VatClass, random: &mut Random) -> TaxpayerKind {
    match (vat_class, random.below(1_000)) {
        (VatClass::SmallScale, 0..=449) => TaxpayerKind::SoleTrader,
        (VatClass::SmallScale, 450..=509) | (VatClass::General, 0..=14) => TaxpayerKind::SoleProprietorship,
        (VatClass::SmallScale, 510..=549) | (VatClass::General, 15..=29) => TaxpayerKind::Partnership,
        (VatClass::SmallScale | VatClass::General, _) => TaxpayerKind::Company,
    }
}

fn reg_type(kind: TaxpayerKind, random: &mut Random) -> &'static str {
    match kind {
        TaxpayerKind::SoleTrader => random.pick::<&str>(&["411", "411", "411", "410"]),
        TaxpayerKind::SoleProprietorship => "171",
        TaxpayerKind::Partnership => "172",
        TaxpayerKind::Company => random.pick::<&str>(&["173", "173", "173", "159", "174", "310", "330"]),
    }
}

/// Sales of an even month at the start, and the most that a month may reach, in fen.
fn size(vat_class: VatClass, random: &mut Random) -> (i64, i64) {
    match vat_class {
        VatClass::SmallScale => (random.between(400_000, 22_000_000), SMALL_SCALE_MONTH_FEN),
        VatClass::General => {
            let (low, high) = match random.below(100) {
                0..=49 => (15_000_000, 80_000_000),
                50..=84 => (80_000_000, 400_000_000),
                85..=97 => (400_000_000, 2_000_000_000),
                _ => (2_000_000_000, 8_000_000_000),
            };
            let month_fen = random.between(low, high);
            (month_fen, month_fen * 8)
        }
    }
}

/// A quarter of the firms are younger than the span; the others three to eighteen years old at its end.
fn registered_on(span: &Span, random: &mut Random) -> NaiveDate {
    if random.chance(250) {
        let days = (span.last - span.first).num_days();
        add_days(span.first, random.between(0, (days - 45).max(0)))
    } else {
        let year = span.first.year() - i32::try_from(random.between(1, 15)).unwrap_or(1);
        add_days(span.first.with_year(year).unwrap_or(span.first), random.between(0, 360))
    }
}

fn course(span: &Span, reg_date: NaiveDate, random: &mut Random) -> Course {
    let months = |random: &mut Random, low, high| u32::try_from(random.between(low, high)).unwrap_or(8);
    match random.below(1_000) {
        0..=299 => Course::Trend(random.between(80, 280)),
        300..=699 => Course::Trend(random.between(-30, 50)),
        700..=809 => Course::Trend(random.between(-220, -80)),
        810..=904 => {
            let begins = reg_date.with_day(1).unwrap_or(reg_date).max(span.first);
            let from = add_months(begins, months(random, 5, 26));
            Course::Failing { from, last_return: add_months(from, months(random, 3, 9)) }
        }
        905..=934 => leaving(span, reg_date, random),
        935..=964 => Course::Dormant,
        _ => Course::NeverFiled,
    }
}

/// Half of those who leave do so in the days that the rounds of amendments speak of.
fn leaving(span: &Span, reg_date: NaiveDate, random: &mut Random) -> Course {
    let merged = random.chance(500);
    if random.chance(500) {
        let closed_on = add_days(span.as_of, random.between(1, 3));
        return Course::Leaving { last_return: span.last, closed_on, merged };
    }
    let last_return = add_months(span.first, u32::try_from(random.between(6, 30)).unwrap_or(6));
    let last_return = last_return.max(add_months(reg_date.with_day(1).unwrap_or(reg_date), 3)).min(span.last);
    let closed_on = add_days(add_months(last_return, 2), random.between(4, 25));
    Course::Leaving { last_return, closed_on, merged }
}
