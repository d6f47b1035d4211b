//! The quarterly returns of a small-scale taxpayer.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};

use super::calendar::FilingDates;
use super::firm::Firm;
use super::money::{rated, share};
use super::random::{Purpose, Random};
use super::vat::{INVOICED_PER_MILLE, VatMonth, small_tax};
use crate::domain::period::Period;
use crate::domain::sections::filings::vat_small::VatSmallRow as Row;

/// Sales of a quarter up to which a small-scale taxpayer is exempt: ¥300 000.
const EXEMPT_QUARTER_FEN: i64 = 30_000_000;

/// The figures of one column by row, in fen.
pub(super) type Figures = BTreeMap<Row, i64>;

/// One return of a small-scale taxpayer.
pub(super) struct SmallReturn {
    pub(super) dates: FilingDates,
    pub(super) period: Figures,
    pub(super) ytd: Figures,
}

impl SmallReturn {
    /// Tax to be paid, in fen.
    pub(super) fn payable(&self) -> i64 {
        self.period.get(&Row::DueOrRefund).copied().unwrap_or(0)
    }

    /// Sales taxed, in fen.
    pub(super) fn taxable(&self) -> i64 {
        self.period.get(&Row::SalesTaxable).copied().unwrap_or(0)
    }
}

/// Keeps a small-scale taxpayer's VAT book.
pub(super) struct SmallKeeper<'a> {
    firm: &'a Firm,
    random: Random,
    ytd: Figures,
}

impl<'a> SmallKeeper<'a> {
    pub(super) fn new(firm: &'a Firm) -> Self {
        Self { firm, random: firm.random(Purpose::Filing), ytd: Figures::new() }
    }

    /// A month without a return of its own: purchases of which part comes with invoices that carry tax.
    pub(super) fn month(&mut self, first: NaiveDate, sales: i64) -> VatMonth {
        let bought = share(sales, self.firm.industry.cost_per_mille() * self.random.between(90, 110) / 100);
        let input = rated(share(bought, INVOICED_PER_MILLE), 300);
        VatMonth { first, sales, bought, input, ..VatMonth::default() }
    }

    /// The return for a quarter of those sales.
    pub(super) fn file(&mut self, period: Period, sales_fen: i64) -> SmallReturn {
        let dates = FilingDates::of(period, self.firm.late_per_mille, &mut self.random);
        let column = column(sales_fen);
        if period.from().month() == 1 {
            self.ytd.clear();
        }
        for (row, fen) in &column {
            *self.ytd.entry(*row).or_insert(0) += fen;
        }
        SmallReturn { dates, period: column, ytd: self.ytd.clone() }
    }
}

/// Up to ¥300 000 a quarter the sales are exempt; beyond, 3% reduced to 1%.
fn column(sales_fen: i64) -> Figures {
    let exempt = sales_fen <= EXEMPT_QUARTER_FEN;
    let taxable = if exempt { 0 } else { sales_fen };
    let (payable, reduction) = small_tax(taxable);
    Figures::from([
        (Row::SalesTaxable, taxable),
        (Row::SalesAgencyInvoiced, taxable / 10),
        (Row::SalesOwnInvoiced, taxable / 10 * 8),
        (Row::SalesExempt, sales_fen - taxable),
        (Row::SalesExportExempt, 0),
        (Row::Payable, payable),
        (Row::Reduction, reduction),
        (Row::PayableTotal, payable - reduction),
        (Row::Prepaid, 0),
        (Row::DueOrRefund, payable - reduction),
    ])
}
