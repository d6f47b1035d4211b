//! Income tax: companies' enterprise income tax, prepaid by the quarter and settled by the year, and the individual
//! income tax on business income (10106) of everybody else.

use chrono::{Datelike, NaiveDate};

use super::accounts::{Position, Profit};
use super::calendar::{FilingDates, add_days};
use super::money::rated;
use super::random::Random;
use crate::domain::period::Period;

/// The statutory rate, hundredths of a percent.
const RATE_BP: i64 = 2_500;
/// 小型微利企业: a fifth of the rate stays (until the end of 2027), up to these limits.
const SMALL_INCOME_FEN: i64 = 300_000_000;
const SMALL_ASSETS_FEN: i64 = 5_000_000_000;
const SMALL_STAFF: i64 = 300;
/// 高新技术企业: ten points of the rate are remitted.
const HIGH_TECH_BP: i64 = 1_000;
const SMALL_BP: i64 = 2_000;
/// Business income of a year up to which half the tax is remitted: ¥2 million.
const HALVED_FEN: i64 = 200_000_000;

/// Rates on a year's business income (个人所得税法, second table): up to that many fen, basis points, fen deducted.
const BRACKETS: [(i64, i64, i64); 5] = [
    (3_000_000, 500, 0),
    (9_000_000, 1_000, 150_000),
    (30_000_000, 2_000, 1_050_000),
    (50_000_000, 3_000, 4_050_000),
    (i64::MAX, 3_500, 6_550_000),
];

/// A quarter's prepayment of enterprise income tax (A200000), year to date, in fen.
#[derive(Debug, Clone)]
pub(super) struct Prepayment {
    pub(super) dates: FilingDates,
    pub(super) revenue: i64,
    pub(super) cost: i64,
    pub(super) profit: i64,
    pub(super) prior_losses: i64,
    pub(super) payable: i64,
    pub(super) reduction: i64,
    pub(super) prepaid: i64,
    pub(super) employees: (i64, i64),
    pub(super) assets: (i64, i64),
    pub(super) small: bool,
}

impl Prepayment {
    /// The profit that is taxed.
    pub(super) fn actual_profit(&self) -> i64 {
        self.profit - self.prior_losses
    }

    /// 本期应补(退): what is left, and zero where more was prepaid.
    pub(super) fn due(&self) -> i64 {
        (self.payable - self.reduction - self.prepaid).max(0)
    }
}

/// A year's settlement (A100000), in fen.
#[derive(Debug, Clone)]
pub(super) struct Settlement {
    pub(super) dates: FilingDates,
    /// The year's result before the settlement.
    pub(super) profit: Profit,
    pub(super) adjustments_up: i64,
    /// 加计扣除 of research.
    pub(super) extra_deduction: i64,
    pub(super) prior_losses: i64,
    pub(super) payable: i64,
    pub(super) reduction: i64,
    pub(super) prepaid: i64,
}

impl Settlement {
    pub(super) fn adjusted(&self) -> i64 {
        self.profit.total() + self.adjustments_up - self.extra_deduction
    }

    pub(super) fn taxable(&self) -> i64 {
        (self.adjusted() - self.prior_losses).max(0)
    }

    pub(super) fn due_or_refund(&self) -> i64 {
        self.payable - self.reduction - self.prepaid
    }
}

/// What a company's returns carry from one to the next.
#[derive(Debug, Default)]
pub(super) struct CorporateTax {
    high_tech: bool,
    /// Losses of earlier years not yet set off.
    losses: i64,
    /// Declared in the year so far.
    declared: i64,
}

impl CorporateTax {
    pub(super) fn new(high_tech: bool) -> Self {
        Self { high_tech, ..Self::default() }
    }

    /// The return for a quarter, from the year's result so far before income tax.
    pub(super) fn quarter(
        &mut self,
        dates: FilingDates,
        ytd: &Profit,
        employees: (i64, i64),
        opening: &Position,
        closing: &Position,
    ) -> Prepayment {
        if dates.period.from().month() == 1 {
            self.declared = 0;
        }
        let profit = ytd.total();
        let prior_losses = self.losses.min(profit.max(0));
        let taxable = profit - prior_losses;
        let payable = rated(taxable.max(0), RATE_BP);
        let assets = (opening.assets(), closing.assets());
        let small = is_small(taxable, employees.1, assets.1);
        let filed = Prepayment {
            dates,
            revenue: ytd.revenue,
            cost: ytd.cost,
            profit,
            prior_losses,
            payable,
            reduction: self.reduction(taxable, small),
            prepaid: self.declared,
            employees,
            assets,
            small,
        };
        self.declared += filed.due();
        filed
    }

    /// The settlement of a year that has ended.
    pub(super) fn year(
        &mut self,
        dates: FilingDates,
        year: Profit,
        staff: i64,
        closing: &Position,
    ) -> Settlement {
        let adjustments_up = year.late_fees + year.fines + year.entertainment * 2 / 5;
        let mut settled = Settlement {
            dates,
            profit: year,
            adjustments_up,
            extra_deduction: year.research,
            prior_losses: 0,
            payable: 0,
            reduction: 0,
            prepaid: self.declared,
        };
        let adjusted = settled.adjusted();
        settled.prior_losses = self.losses.min(adjusted.max(0));
        self.losses += (-adjusted).max(0) - settled.prior_losses;
        let taxable = settled.taxable();
        settled.payable = rated(taxable, RATE_BP);
        settled.reduction = self.reduction(taxable, is_small(taxable, staff, closing.assets()));
        settled
    }

    fn reduction(&self, taxable: i64, small: bool) -> i64 {
        let rate_bp = if small {
            SMALL_BP
        } else if self.high_tech {
            HIGH_TECH_BP
        } else {
            0
        };
        rated(taxable.max(0), rate_bp)
    }
}

fn is_small(taxable: i64, staff: i64, assets: i64) -> bool {
    taxable <= SMALL_INCOME_FEN && staff <= SMALL_STAFF && assets <= SMALL_ASSETS_FEN
}

/// The rate and the tax on a year's business income so far, and half of it where that is remitted.
pub(super) fn business_income_tax(income: i64) -> (i64, i64, i64) {
    let income = income.max(0);
    let (_, rate_bp, deducted) =
        BRACKETS.into_iter().find(|(up_to, ..)| income <= *up_to).unwrap_or((0, 3_500, 6_550_000));
    let payable = if income > 0 { rated(income, rate_bp) - deducted } else { 0 };
    (rate_bp, payable, if income <= HALVED_FEN { payable / 2 } else { 0 })
}

/// Days around the return for a year that has ended: filed from February up to the last day of that month.
pub(super) fn yearly_dates(
    year: Period,
    last_month: u32,
    late_per_mille: u64,
    random: &mut Random,
) -> Option<FilingDates> {
    let next = year.to().year() + 1;
    let opens = NaiveDate::from_ymd_opt(next, 2, 5)?;
    let due = NaiveDate::from_ymd_opt(next, last_month + 1, 1)?.pred_opt()?;
    let late = random.chance(late_per_mille / 2);
    let filed_on = if late {
        add_days(due, random.between(1, 30))
    } else {
        add_days(opens, random.between(0, (due - opens).num_days()))
    };
    Some(FilingDates { period: year, due, filed_on, amended: false })
}
