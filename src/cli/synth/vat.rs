//! A firm's value-added tax from its first month to its last: returns, what they say is to be paid, and what each month
//! means for its other books.

use chrono::NaiveDate;

use super::book::Columns;
use super::calendar::{Span, ends_quarter, form_version, month_of, months, quarter_of};
use super::conduct::Conduct;
use super::dues::{Due, Dues, Payer, Tax};
use super::firm::Firm;
use super::general::{Bookkeeper, GeneralReturn, blank};
use super::industry::Industry;
use super::money::{rated, share};
use super::other_tax::OtherLine;
use super::sales::Sales;
use super::small::{SmallKeeper, SmallReturn};
use crate::domain::sections::filings::FormVersion;
use crate::domain::sections::filings::vat_general::VatGeneralRow as Row;
use crate::domain::sections::registration::VatClass;

/// A firm's returns, by the form it files.
pub(super) enum Returns {
    General(Vec<GeneralReturn>),
    Small(Vec<SmallReturn>),
}

/// What a month of value-added tax means for the other books, in fen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct VatMonth {
    /// First day of the month.
    pub(super) first: NaiveDate,
    /// Declared sales: rows 1, 5, 7 and 8 of both kinds of business.
    pub(super) sales: i64,
    /// Tax that customers owe on top.
    pub(super) charged: i64,
    /// Bought without equipment, before tax.
    pub(super) bought: i64,
    /// Input tax, row 12; of a small-scale taxpayer, what the invoices it got state.
    pub(super) input: i64,
    /// Of that, of equipment.
    pub(super) equipment: i64,
    /// Input tax transferred out, row 14.
    pub(super) input_out: i64,
    /// Tax remitted, row 23: income of the firm.
    pub(super) remitted: i64,
    /// Refunded on levy, row 35: income too.
    pub(super) levy_refund: i64,
    /// Credit carried out, row 20.
    pub(super) credit: i64,
}

impl VatMonth {
    /// The month of a general taxpayer's return.
    pub(super) fn of_columns(
        first: NaiveDate,
        general: &Columns,
        refunded: Option<&Columns>,
        equipment: i64,
        industry: &Industry,
    ) -> Self {
        let of = |row: Row| {
            let column = |columns: &Columns| columns.month.get(&row).copied().unwrap_or(0);
            column(general) + refunded.map_or(0, column)
        };
        Self {
            first,
            sales: of(Row::SalesStd) + of(Row::SalesSimple) + of(Row::SalesExport) + of(Row::SalesExempt),
            charged: of(Row::OutputTax) + of(Row::SimplePayable),
            bought: taxed_at(of(Row::InputTax) - equipment, industry.purchase_rate_pct()),
            input: of(Row::InputTax),
            equipment,
            input_out: of(Row::InputOut),
            remitted: of(Row::Reduction),
            levy_refund: of(Row::LevyRefunded),
            credit: of(Row::CarriedOut),
        }
    }

    /// Equipment bought, before tax; it is taxed at the rate of goods.
    pub(super) fn equipment_net(&self) -> i64 {
        taxed_at(self.equipment, 13)
    }

    /// Net amount of the invoices received.
    pub(super) fn received_net(&self, vat_class: VatClass) -> i64 {
        match vat_class {
            VatClass::General => self.bought + self.equipment_net(),
            VatClass::SmallScale => share(self.bought, INVOICED_PER_MILLE),
        }
    }
}

/// Of a small-scale taxpayer's purchases, what comes with an invoice.
pub(super) const INVOICED_PER_MILLE: i64 = 600;

/// The net amount that a tax at a rate stands for, rounded up.
fn taxed_at(tax_fen: i64, rate_pct: i64) -> i64 {
    (tax_fen * 100 + rate_pct - 1) / rate_pct
}

/// A firm's value-added tax.
pub(super) struct Vat {
    pub(super) returns: Returns,
    pub(super) months: Vec<VatMonth>,
    pub(super) dues: Dues,
    /// Surcharges declared by the line, where the return has no rows for them.
    pub(super) surcharges: Vec<OtherLine>,
}

/// Files every return of the firm and notes how it behaved.
pub(super) fn keep(firm: &Firm, span: &Span, conduct: &mut Conduct) -> Vat {
    let mut sales = Sales::new(firm);
    let first = firm.first_month(span);
    let sold: Vec<(NaiveDate, i64)> =
        months(first, span.last).map_while(|month| Some((month, sales.next_month(month)?))).collect();
    let vat = match firm.vat_class {
        VatClass::General => general(firm, span, &sold, conduct),
        VatClass::SmallScale => small(firm, span, &sold, conduct),
    };
    // Returns of before the first month are in no file.
    let surcharges = vat.surcharges.into_iter().filter(|line| line.dates.period.to() >= span.first);
    Vat { dues: vat.dues.known(span), surcharges: surcharges.collect(), ..vat }
}

fn general(firm: &Firm, span: &Span, sold: &[(NaiveDate, i64)], conduct: &mut Conduct) -> Vat {
    let (mut keeper, mut payer) = (Bookkeeper::new(firm), Payer::new(firm, span));
    let (mut returns, mut vat_months, mut dues) = (Vec::new(), Vec::new(), Dues::default());
    let mut surcharges = Vec::new();
    for (month, sales_fen) in sold {
        let Some(period) = month_of(*month) else { break };
        let before = dues.0.len();
        let filed = keeper.file(period, *sales_fen, &mut dues, &mut payer, span);
        conduct.note(Tax::Vat, filed.dates, *sales_fen);
        vat_months.push(filed.month);
        if filed.dates.filed_on > span.as_of {
            dues.0.truncate(before); // not filed yet: nothing is known to be due
            continue;
        }
        if form_version(*month) == FormVersion::V2019 {
            let of_month: i64 =
                dues.0[before..].iter().filter(|due| is_charged(due)).map(|due| due.amount_fen).sum();
            let paid_on = dues.0.get(before).and_then(|due| due.paid_on);
            surcharges.extend(OtherLine::surcharges(filed.dates, of_month, paid_on, false, &mut dues));
        }
        if *month >= span.first {
            returns.extend(filed.returns);
        }
    }
    Vat { returns: Returns::General(returns), months: vat_months, dues, surcharges }
}

fn is_charged(due: &Due) -> bool {
    due.tax == Tax::Vat || due.tax == Tax::VatRefundedOnLevy
}

fn small(firm: &Firm, span: &Span, sold: &[(NaiveDate, i64)], conduct: &mut Conduct) -> Vat {
    let (mut keeper, mut payer) = (SmallKeeper::new(firm), Payer::new(firm, span));
    let (mut returns, mut vat_months, mut dues) = (Vec::new(), Vec::new(), Dues::default());
    let mut surcharges = Vec::new();
    let mut quarter_fen = 0;
    for (place, (month, sales_fen)) in sold.iter().enumerate() {
        quarter_fen += sales_fen;
        let mut vat_month = keeper.month(*month, *sales_fen);
        let closes = ends_quarter(*month) || place + 1 == sold.len();
        let period = quarter_of(*month).filter(|period| closes && period.to() <= span.end());
        if let Some(period) = period {
            let filed = keeper.file(period, quarter_fen);
            conduct.note(Tax::Vat, filed.dates, quarter_fen);
            quarter_fen = 0;
            if filed.dates.filed_on <= span.as_of {
                vat_month.charged = filed.payable();
                let pay_due = filed.dates.due;
                let paid_on = payer.day(filed.dates.filed_on, pay_due);
                let due = Due {
                    amount_fen: filed.payable(),
                    base_fen: Some(filed.taxable()),
                    rate_bp: Some(100),
                    paid_on,
                    ..blank(Tax::Vat, period, pay_due)
                };
                dues.note(due);
                let halved = true; // 六税两费: half for small-scale taxpayers
                let lines = OtherLine::surcharges(filed.dates, filed.payable(), paid_on, halved, &mut dues);
                surcharges.extend(lines);
                if period.to() >= span.first {
                    returns.push(filed);
                }
            }
        }
        vat_months.push(vat_month);
    }
    Vat { returns: Returns::Small(returns), months: vat_months, dues, surcharges }
}

/// The quarter's tax at the reduced rate of one percent, of the form's three.
pub(super) fn small_tax(taxable_fen: i64) -> (i64, i64) {
    let payable = rated(taxable_fen, 300);
    (payable, payable - rated(taxable_fen, 100))
}
