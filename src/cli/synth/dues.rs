//! Taxes declared, and when they are paid: each due is paid once, late with a late fee, or stays as arrears.

use chrono::{Datelike, NaiveDate};

use super::calendar::{Span, add_days};
use super::firm::{Course, Firm};
use super::money::late_fee;
use super::random::{Purpose, Random};
use crate::domain::period::Period;

/// Kinds of tax of the city, with the item declared (征收项目, 征收品目).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Tax {
    /// 增值税.
    Vat,
    /// 增值税 of business whose tax is refunded on payment (即征即退).
    VatRefundedOnLevy,
    /// 增值税 prepaid at building sites (预缴).
    VatPrepaid,
    /// 企业所得税.
    CorporateIncome,
    /// 个人所得税 on business income (经营所得).
    BusinessIncome,
    /// 城市维护建设税.
    Construction,
    /// 教育费附加.
    Education,
    /// 地方教育附加.
    LocalEducation,
    /// 印花税 on contracts of sale.
    Stamp,
}

impl Tax {
    /// 征收项目代码.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Tax::Vat | Tax::VatRefundedOnLevy | Tax::VatPrepaid => "10101",
            Tax::CorporateIncome => "10104",
            Tax::BusinessIncome => "10106",
            Tax::Construction => "10109",
            Tax::Education => "30203",
            Tax::LocalEducation => "30216",
            Tax::Stamp => "10111",
        }
    }

    /// 征收品目代码, nine digits.
    pub(super) fn item(self) -> &'static str {
        match self {
            Tax::Vat => "101010100",
            Tax::VatRefundedOnLevy => "101010200",
            Tax::VatPrepaid => "101010300",
            Tax::CorporateIncome => "101040100",
            Tax::BusinessIncome => "101060200",
            Tax::Construction => "101090101",
            Tax::Education => "302030100",
            Tax::LocalEducation => "302160100",
            Tax::Stamp => "101110101",
        }
    }

    /// The three surcharges on value-added tax, with their rates in hundredths of a percent.
    pub(super) const SURCHARGES: [(Tax, i64); 3] =
        [(Tax::Construction, 700), (Tax::Education, 300), (Tax::LocalEducation, 200)];
}

/// A tax that a return says is to be paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) tax: Tax,
    pub(super) period: Period,
    /// 计税依据, in fen.
    pub(super) base_fen: Option<i64>,
    /// Rate in hundredths of a percent, for a tax charged at a rate.
    pub(super) rate_bp: Option<i64>,
    /// Always above zero.
    pub(super) amount_fen: i64,
    pub(super) pay_due: NaiveDate,
    /// Day of payment, also one after the last delivery; none for what is never paid.
    pub(super) paid_on: Option<NaiveDate>,
    /// Comes of a correction, which only a later delivery holds.
    pub(super) corrected: bool,
}

impl Due {
    /// Late fee of a payment after its deadline, in fen.
    pub(super) fn late_fee(&self) -> i64 {
        self.paid_on.map_or(0, |day| late_fee(self.amount_fen, (day - self.pay_due).num_days().max(0)))
    }

    /// Whether it is paid in that month.
    pub(super) fn is_paid_in(&self, month: NaiveDate) -> bool {
        self.paid_on.is_some_and(|day| (day.year(), day.month()) == (month.year(), month.month()))
    }
}

/// When a firm pays what it owes.
pub(super) struct Payer<'a> {
    firm: &'a Firm,
    span: &'a Span,
    random: Random,
}

impl<'a> Payer<'a> {
    pub(super) fn new(firm: &'a Firm, span: &'a Span) -> Self {
        Self { firm, span, random: firm.random(Purpose::Paying) }
    }

    /// Day on which a tax filed on a day is paid: by the deadline, or after it as often as the firm files late; short of
    /// money, months later or never. Who leaves in good order has paid everything before.
    pub(super) fn day(&mut self, filed_on: NaiveDate, pay_due: NaiveDate) -> Option<NaiveDate> {
        let random = &mut self.random;
        if let Course::Leaving { closed_on, .. } = self.firm.course
            && closed_on <= add_days(pay_due, 50)
        {
            return Some(filed_on);
        }
        if self.firm.struggles_in(filed_on) {
            return match random.below(100) {
                0..=34 => Some(filed_on.max(pay_due)),
                // Some clear old debts in the days that the rounds of amendments speak of.
                35..=44 => Some(add_days(self.span.as_of, random.between(1, 3))),
                45..=64 => Some(add_days(filed_on.max(pay_due), random.between(10, 190))),
                _ => None,
            };
        }
        if filed_on > pay_due {
            return Some(add_days(filed_on, random.between(0, 3)));
        }
        if random.chance(self.firm.late_per_mille / 4 + 2) {
            return Some(add_days(pay_due, random.between(1, 55)));
        }
        Some(add_days(filed_on, random.between(0, (pay_due - filed_on).num_days())))
    }
}

/// Everything a firm has declared to be paid, in the order declared.
#[derive(Debug, Default)]
pub(super) struct Dues(pub(super) Vec<Due>);

impl Dues {
    /// Notes a due unless it is of nothing.
    pub(super) fn note(&mut self, due: Due) {
        if due.amount_fen > 0 {
            self.0.push(due);
        }
    }

    /// Paid in a month for a tax, of the month before and of older ones.
    pub(super) fn paid_in(&self, tax: Tax, month: NaiveDate) -> (i64, i64) {
        let before = month.pred_opt().unwrap_or(month);
        let (mut prior, mut older) = (0, 0);
        for due in self.0.iter().filter(|due| due.tax == tax && due.is_paid_in(month)) {
            if due.period.to() == before { prior += due.amount_fen } else { older += due.amount_fen }
        }
        (prior, older)
    }

    /// What a delivery after the span can no longer know is taken off: payments still to come.
    pub(super) fn known(mut self, span: &Span) -> Self {
        for due in &mut self.0 {
            due.paid_on = due.paid_on.filter(|day| span.round_of(*day).is_some());
        }
        self
    }
}
