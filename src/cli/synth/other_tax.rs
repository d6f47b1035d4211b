//! Other taxes declared by the line (其他税费申报): surcharges, stamp duty, and the income tax of those who pay no
//! enterprise income tax.

use chrono::NaiveDate;

use super::calendar::FilingDates;
use super::dues::{Due, Dues, Tax};
use super::general::{blank, surcharges};
use super::money::rated;

/// One line of a return of other taxes, in fen.
#[derive(Debug, Clone)]
pub(super) struct OtherLine {
    pub(super) tax: Tax,
    pub(super) dates: FilingDates,
    pub(super) base_fen: i64,
    /// None where the tax is by brackets.
    pub(super) rate_bp: Option<i64>,
    pub(super) payable_fen: i64,
    pub(super) relief_fen: i64,
    pub(super) prepaid_fen: i64,
}

impl OtherLine {
    /// 应补(退)税额.
    pub(super) fn due_or_refund(&self) -> i64 {
        self.payable_fen - self.relief_fen - self.prepaid_fen
    }

    /// The surcharges on a VAT due, paid with it. Small-scale taxpayers pay half.
    pub(super) fn surcharges(
        dates: FilingDates,
        vat_fen: i64,
        paid_on: Option<NaiveDate>,
        halved: bool,
        dues: &mut Dues,
    ) -> Vec<Self> {
        let mut lines = Vec::new();
        for (tax, rate_bp, payable_fen) in surcharges(vat_fen).filter(|(_, _, fen)| *fen > 0) {
            let relief_fen = if halved { payable_fen / 2 } else { 0 };
            let line = Self {
                tax,
                dates,
                base_fen: vat_fen,
                rate_bp: Some(rate_bp),
                payable_fen,
                relief_fen,
                prepaid_fen: 0,
            };
            dues.note(line.to_due(paid_on));
            lines.push(line);
        }
        lines
    }

    /// Stamp duty on contracts of sale, three ten-thousandths; half for small firms.
    pub(super) fn stamp(dates: FilingDates, base_fen: i64, halved: bool) -> Self {
        let payable_fen = rated(base_fen, 3);
        let relief_fen = if halved { payable_fen / 2 } else { 0 };
        Self { tax: Tax::Stamp, dates, base_fen, rate_bp: Some(3), payable_fen, relief_fen, prepaid_fen: 0 }
    }

    /// What the line says is to be paid.
    pub(super) fn to_due(&self, paid_on: Option<NaiveDate>) -> Due {
        Due {
            base_fen: Some(self.base_fen),
            rate_bp: self.rate_bp,
            amount_fen: self.due_or_refund(),
            paid_on,
            ..blank(self.tax, self.dates.period, self.dates.due)
        }
    }
}
