//! The quarterly returns of a small-scale taxpayer.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};

use super::calendar::{FilingDates, Span, add_months, month_end, months, quarter_start};
use super::firm::Firm;
use super::random::{Purpose, Random};
use super::ratings::Conduct;
use super::sales::Sales;
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

/// The firm's returns for the quarters that end inside the span, in order, and how the firm behaved.
pub(super) fn returns(firm: &Firm, span: &Span) -> (Vec<SmallReturn>, Conduct) {
    let mut random = Random::new(firm.seed, firm.index, Purpose::Filing);
    let mut sales = Sales::new(firm);
    let mut conduct = Conduct::default();
    let mut returns = Vec::new();
    let mut ytd = Figures::new();
    let first_month = firm.first_month(span);
    let mut quarter = quarter_start(first_month);
    while add_months(quarter, 2) <= span.last {
        let Some(sales_fen) = quarter_sales(&mut sales, quarter, first_month) else { break };
        let Some(period) = Period::whole(quarter, month_end(add_months(quarter, 2))) else { break };
        let dates = FilingDates::of(period, firm.late_per_mille, &mut random);
        conduct.note(quarter.year(), dates.is_late(), sales_fen);
        let column = column(sales_fen);
        if quarter.month() == 1 {
            ytd.clear();
        }
        for (row, fen) in &column {
            *ytd.entry(*row).or_insert(0) += fen;
        }
        if period.to() >= span.first && dates.filed_on <= span.as_of {
            returns.push(SmallReturn { dates, period: column, ytd: ytd.clone() });
        }
        quarter = add_months(quarter, 3);
    }
    (returns, conduct)
}

/// Sales of the quarter's months in which the firm exists; none once it has stopped filing for good.
fn quarter_sales(sales: &mut Sales<'_>, quarter: NaiveDate, first_month: NaiveDate) -> Option<i64> {
    let mut sum = None;
    for month in months(quarter, add_months(quarter, 2)).filter(|month| *month >= first_month) {
        if let Some(fen) = sales.next_month(month) {
            sum = Some(sum.unwrap_or(0) + fen);
        }
    }
    sum
}

/// Up to ¥300 000 a quarter the sales are exempt; beyond, 3% reduced to 1%.
fn column(sales_fen: i64) -> Figures {
    let exempt = sales_fen <= EXEMPT_QUARTER_FEN;
    let taxable = if exempt { 0 } else { sales_fen };
    let (payable, reduction) = (taxable * 3 / 100, taxable * 2 / 100);
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
