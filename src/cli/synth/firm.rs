//! A firm: who it is, how large, how it fares and how it behaves.

use chrono::{Datelike, NaiveDate};

use super::SynthError;
use super::calendar::{Span, add_days, add_months};
use super::industry::{INDUSTRIES, Industry};
use super::names;
use super::random::{Purpose, Random};
use crate::domain::fen::Fen;
use crate::domain::sections::registration::{Registration, VatClass};
use crate::domain::taxpayer_id::TaxpayerId;
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

/// The alphabet of the running part of invented organisation codes (that of GB 32100).
const RUNNING: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
/// How many invented organisation codes there are: six characters behind `MA`.
const RUNNING_CODES: u64 = 31 * 31 * 31 * 31 * 31 * 31;

/// Largest monthly sales that keep a firm small-scale: ¥5 million a year.
const SMALL_SCALE_MONTH_FEN: i64 = 40_000_000;

/// How a firm fares over the years.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// Sales change by that many ten-thousandths a month.
    Trend(i64),
    /// Sales collapse from a month on, and the last return is for another.
    Failing { from: NaiveDate, last_return: NaiveDate },
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
    uscc: Option<Uscc>,
    pub(super) name: String,
    pub(super) legal_rep_name: String,
    pub(super) vat_class: VatClass,
    /// 个体工商户, who are rated only if they ask to be.
    pub(super) is_trader: bool,
    pub(super) region: &'static str,
    pub(super) industry: &'static Industry,
    pub(super) reg_date: NaiveDate,
    pub(super) course: Course,
    /// Sales of an even month at the start, in fen.
    pub(super) month_fen: i64,
    /// Largest sales of a month, in fen.
    pub(super) month_fen_max: i64,
    /// How often it files late.
    pub(super) late_per_mille: u64,
    /// Left out of the evaluation altogether.
    pub(super) unrated: bool,
    reg_type: &'static str,
    employees: i64,
    capital_fen: Option<i64>,
    address: String,
}

impl Firm {
    pub(super) fn make(seed: u64, index: u64, span: &Span) -> Result<Self, SynthError> {
        let random = &mut Random::new(seed, index, Purpose::Firm);
        let (region, district) = *random.pick(&DISTRICTS);
        let industry: &'static Industry = random.pick(&INDUSTRIES);
        let vat_class = if random.chance(560) { VatClass::General } else { VatClass::SmallScale };
        let is_trader = vat_class == VatClass::SmallScale && random.chance(450);
        let (taxpayer_id, uscc) = identify(seed, index, region, is_trader, random)?;
        let brand = names::brand(random);
        let name = if is_trader {
            format!("深圳市{district}{brand}{}", industry.shop)
        } else {
            format!("深圳市{brand}{}有限公司", industry.trade)
        };
        let (month_fen, month_fen_max) = size(vat_class, random);
        let yuan_a_head = random.between(25_000, 70_000);
        Ok(Self {
            seed,
            index,
            taxpayer_id,
            uscc,
            name,
            legal_rep_name: names::person(random),
            vat_class,
            is_trader,
            region,
            industry,
            reg_date: registered_on(span, random),
            course: course(span, random),
            month_fen,
            month_fen_max,
            late_per_mille: *random.pick(&[0, 0, 0, 3, 8, 15, 40, 90, 250, 550]),
            unrated: random.chance(40),
            reg_type: if is_trader {
                "411"
            } else {
                *random.pick(&["173", "173", "173", "159", "174", "310", "330"])
            },
            employees: (month_fen / 100 / yuan_a_head).clamp(1, 3_000),
            capital_fen: (!is_trader)
                .then(|| *random.pick(&[10, 50, 100, 100, 200, 500, 1_000, 3_000]) * 1_000_000),
            address: names::address(random, district),
        })
    }

    /// The month from which the firm has sales: its first, or the first the generator looks at.
    pub(super) fn first_month(&self, span: &Span) -> NaiveDate {
        self.reg_date.with_day(1).unwrap_or(self.reg_date).max(span.origin())
    }

    /// Day from which the bureau calls it an abnormal household (非正常户): three months without a return.
    pub(super) fn abnormal_from(&self) -> Option<NaiveDate> {
        match self.course {
            Course::Failing { last_return, .. } => Some(add_days(add_months(last_return, 5), 9)),
            Course::Trend(_) | Course::Dormant | Course::NeverFiled => None,
        }
    }

    /// The registration as the bureau holds it on that day.
    pub(super) fn registration(&self, as_of: NaiveDate) -> Registration {
        let abnormal =
            self.abnormal_from().is_some_and(|day| day <= as_of) || self.course == Course::NeverFiled;
        let general = self.vat_class == VatClass::General;
        Registration {
            uscc: self.uscc.map(|code| code.to_string()),
            taxpayer_id: self.taxpayer_id.clone(),
            reg_no: Some(format!("1012{}{:010}", self.region, self.index)),
            name: self.name.clone(),
            status: if abnormal { "05" } else { "03" }.to_owned(),
            reg_type: self.reg_type.to_owned(),
            industry: self.industry.code.to_owned(),
            reg_date: self.reg_date,
            reg_capital_fen: self.capital_fen.map(Fen::new),
            currency: self.capital_fen.map(|_| "CNY".to_owned()),
            employees: Some(self.employees),
            acct_regime: (!self.is_trader)
                .then(|| if self.employees > 100 { "101" } else { "102" }.to_owned()),
            acct_mode: Some("11".to_owned()),
            vat_class: self.vat_class,
            vat_class_from: general.then_some(self.reg_date),
            vat_class_to: None,
            authority: format!("1{}0000", self.region),
            reg_address: Some(self.address.clone()),
            biz_address: Some(self.address.clone()),
            region: self.region.to_owned(),
            scope: Some(self.industry.scope.to_owned()),
            legal_rep_name: Some(self.legal_rep_name.clone()),
            size_class: None,
            collection_mode: None,
            legal_rep_id_digest: None,
        }
    }
}

/// Numbers of a firm: a credit code, or for some traders an older number without one.
fn identify(
    seed: u64,
    index: u64,
    region: &str,
    is_trader: bool,
    random: &mut Random,
) -> Result<(TaxpayerId, Option<Uscc>), SynthError> {
    if is_trader && random.chance(300) {
        // The year of birth is impossible, so that no living person's number comes out.
        let text = if random.chance(500) {
            format!("{region}1899{index:08}01")
        } else {
            format!("{region}{index:09}")
        };
        return Ok((TaxpayerId::parse(&text)?, None));
    }
    let class = if is_trader { '2' } else { '1' };
    // A step coprime with the number of codes visits each code once.
    let mut place = (seed % RUNNING_CODES + index * 400_000_009 % RUNNING_CODES) % RUNNING_CODES;
    let mut organisation = String::from("MA");
    for _ in 0..6 {
        let digit = usize::try_from(place % 31).unwrap_or(0);
        organisation.push(char::from(RUNNING[digit]));
        place /= 31;
    }
    let code = Uscc::from_parts('9', class, region, &organisation)?;
    Ok((TaxpayerId::from(code), Some(code)))
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

fn course(span: &Span, random: &mut Random) -> Course {
    match random.below(100) {
        0..=29 => Course::Trend(random.between(80, 280)),
        30..=71 => Course::Trend(random.between(-30, 50)),
        72..=83 => Course::Trend(random.between(-220, -80)),
        84..=93 => {
            let turn = u32::try_from(random.between(8, 26)).unwrap_or(8);
            let decline = u32::try_from(random.between(3, 9)).unwrap_or(3);
            let from = add_months(span.first, turn);
            Course::Failing { from, last_return: add_months(from, decline) }
        }
        94..=96 => Course::Dormant,
        _ => Course::NeverFiled,
    }
}
