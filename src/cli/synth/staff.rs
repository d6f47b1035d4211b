//! A firm's staff, wages and social insurance, month by month.

use chrono::{Datelike, NaiveDate};

use super::firm::{Course, Firm};
use super::money::{rated, share};
use super::random::Purpose;
use super::vat::VatMonth;
use crate::domain::taxpayer_kind::TaxpayerKind;

/// Premiums of all kinds together on the insured wages, employer's and employees' parts.
const PREMIUM_BP: i64 = 3_400;
/// Of that, what the employer bears, per mille.
const EMPLOYER_PER_MILLE: i64 = 700;

/// One month's staff.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct StaffMonth {
    /// First day of the month.
    pub(super) first: NaiveDate,
    pub(super) headcount: i64,
    /// Wages of everybody, in fen.
    pub(super) wages: i64,
    pub(super) insured: i64,
    /// Wages of the insured, in fen.
    pub(super) insured_wages: i64,
    pub(super) premium_due: i64,
    pub(super) premium_paid: i64,
}

impl StaffMonth {
    /// The employer's part of the premium, on top of the wages.
    pub(super) fn employer_part(&self) -> i64 {
        share(self.premium_due, EMPLOYER_PER_MILLE)
    }

    /// Premium still owed.
    pub(super) fn premium_owed(&self) -> i64 {
        self.premium_due - self.premium_paid
    }
}

/// The staff that the sales of each month feed: half of what is left after purchases goes into wages, and staff follows
/// sales slowly.
pub(super) fn keep(firm: &Firm, months: &[VatMonth]) -> Vec<StaffMonth> {
    let mut random = firm.random(Purpose::Staff);
    let base = match firm.industry.rate_pct {
        6 => random.between(700_000, 1_600_000),
        _ => random.between(520_000, 980_000),
    };
    let least = match (firm.kind, firm.course) {
        (_, Course::Dormant) => 0,
        (TaxpayerKind::Company, _) => random.between(1, 3),
        (TaxpayerKind::SoleProprietorship | TaxpayerKind::Partnership, _) => 1,
        (TaxpayerKind::SoleTrader, _) => random.between(0, 2),
    };
    let insures = firm.kind != TaxpayerKind::SoleTrader || random.chance(350);
    let covered = if insures { random.between(800, 1_000) } else { 0 };
    let added = 1_000 - firm.industry.cost_per_mille();
    let mut even = firm.month_fen;
    let mut staff = Vec::with_capacity(months.len());
    for month in months {
        even = (even * 5 + month.sales) / 6;
        let rise = i64::from(month.first.year() - 2_020) * 4;
        let wage = base * (100 + rise.max(0)) / 100;
        let headcount = if firm.course == Course::Dormant {
            0
        } else {
            (share(even, added) / 2 / wage).clamp(least, 3_000)
        };
        let insured = (headcount * covered + 999) / 1_000;
        let (wages, insured_wages) = (headcount * wage, insured * wage);
        let premium_due = rated(insured_wages, PREMIUM_BP);
        let short = firm.struggles_in(month.first) && random.chance(500);
        let premium_paid = if short { premium_due / 10 * random.between(0, 6) } else { premium_due };
        staff.push(StaffMonth {
            first: month.first,
            headcount,
            wages,
            insured,
            insured_wages,
            premium_due,
            premium_paid,
        });
    }
    staff
}
