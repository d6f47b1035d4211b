//! A general taxpayer's VAT book: carries credit, unpaid tax and the year's sums from month to month, so that
//! each return agrees with its own formulas and with the one before.

use std::collections::BTreeMap;

use super::money::rated;
use crate::domain::sections::filings::vat_general::VatGeneralRow as Row;

/// The figures of one column by row, in fen. A row that is not there stays blank.
pub(super) type Figures = BTreeMap<Row, i64>;

/// Both columns of one kind of business.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    pub(super) month: Figures,
    pub(super) ytd: Figures,
}

/// What happens in one month, in fen.
#[derive(Debug, Clone, Default)]
pub(super) struct Flows {
    pub(super) sales_std: i64,
    pub(super) goods: bool,
    pub(super) sales_simple: i64,
    pub(super) sales_exempt: i64,
    pub(super) output_tax: i64,
    pub(super) input_tax: i64,
    pub(super) input_out: i64,
    /// Most that 减征额 can take off.
    pub(super) reduction_most: i64,
    /// Share of the tax already prepaid at building sites, per mille.
    pub(super) prepaid_per_mille: i64,
    /// Paid this month of the tax of the month before.
    pub(super) paid_prior: i64,
    /// Paid this month of older tax.
    pub(super) paid_arrears: i64,
    /// Tax due in another column of the same return, on which surcharges are charged here; none in that column.
    pub(super) surcharged_elsewhere: Option<i64>,
    /// Whether tax beyond 3% of sales is refunded (即征即退).
    pub(super) refunded_beyond_3_pct: bool,
}

/// The running state between returns.
#[derive(Debug, Clone, Default)]
pub(super) struct Book {
    pub(super) carried: i64,
    pub(super) unpaid: i64,
    unpaid_at_new_year: i64,
    year: Figures,
}

/// Rows whose year-to-date column the form leaves blank: stocks, minima and the row parts not summed there.
const BLANK_IN_YTD: [Row; 8] = [
    Row::CarriedIn,
    Row::Creditable,
    Row::CarriedOut,
    Row::Prepaid,
    Row::ExportPrepaid,
    Row::OfWhichArrears,
    Row::DueOrRefund,
    Row::LevyRefunded,
];

impl Book {
    /// Closes a month: its column, and the year's so far. `new_year` starts the year's sums afresh.
    pub(super) fn close(&mut self, flows: &Flows, new_year: bool) -> Columns {
        if new_year {
            self.year.clear();
            self.unpaid_at_new_year = self.unpaid;
        }
        let month = self.month(flows);
        for (row, fen) in &month {
            if !BLANK_IN_YTD.contains(row) {
                *self.year.entry(*row).or_insert(0) += fen;
            }
        }
        let of = |row: Row| month.get(&row).copied().unwrap_or(0);
        self.carried = of(Row::CarriedOut);
        self.unpaid = of(Row::ClosingUnpaid);
        // Balances do not add up: the year opens with January's and closes with this month's.
        for (row, fen) in [
            (Row::OpeningUnpaid, self.unpaid_at_new_year),
            (Row::ClosingUnpaid, self.unpaid),
            (Row::OpeningAuditUnpaid, 0),
            (Row::ClosingAuditUnpaid, 0),
        ] {
            self.year.insert(row, fen);
        }
        Columns { month, ytd: self.year.clone() }
    }

    /// The month's column, rows 1–41 of the form, formula by formula.
    fn month(&self, flows: &Flows) -> Figures {
        let creditable = flows.input_tax + self.carried - flows.input_out;
        let credited = creditable.min(flows.output_tax);
        let net_payable = flows.output_tax - credited;
        let simple_payable = flows.sales_simple * 3 / 100;
        let reduction = flows.reduction_most.min(net_payable + simple_payable);
        let payable_total = net_payable + simple_payable - reduction;
        let prepaid = payable_total * flows.prepaid_per_mille / 1_000;
        let (paid_prior, paid_arrears) = (flows.paid_prior, flows.paid_arrears);
        let paid = prepaid + paid_prior + paid_arrears;
        let due = payable_total - prepaid;
        let mut column = Figures::from([
            (Row::SalesStd, flows.sales_std),
            (if flows.goods { Row::SalesStdGoods } else { Row::SalesStdServices }, flows.sales_std),
            (Row::SalesSimple, flows.sales_simple),
            (Row::SalesExempt, flows.sales_exempt),
            (Row::OutputTax, flows.output_tax),
            (Row::InputTax, flows.input_tax),
            (Row::CarriedIn, self.carried),
            (Row::InputOut, flows.input_out),
            (Row::Creditable, creditable),
            (Row::Credited, credited),
            (Row::NetPayable, net_payable),
            (Row::CarriedOut, creditable - credited),
            (Row::SimplePayable, simple_payable),
            (Row::Reduction, reduction),
            (Row::PayableTotal, payable_total),
            (Row::OpeningUnpaid, self.unpaid),
            (Row::Paid, paid),
            (Row::Prepaid, prepaid),
            (Row::PaidPrior, paid_prior),
            (Row::PaidArrears, paid_arrears),
            (Row::ClosingUnpaid, payable_total + self.unpaid - paid),
            (Row::OfWhichArrears, (self.unpaid - paid).max(0)),
            (Row::DueOrRefund, due),
        ]);
        if let Some(elsewhere) = flows.surcharged_elsewhere {
            let base = due + elsewhere;
            column.insert(Row::SurchargeConstruction, rated(base, 700));
            column.insert(Row::SurchargeEducation, rated(base, 300));
            column.insert(Row::SurchargeLocalEducation, rated(base, 200));
        }
        for row in [
            Row::SalesExport,
            Row::RefundDue,
            Row::AuditDue,
            Row::SimpleAudit,
            Row::ExportSpecialRefund,
            Row::ExportPrepaid,
            Row::OpeningAuditUnpaid,
            Row::AuditPaid,
            Row::ClosingAuditUnpaid,
        ] {
            column.insert(row, 0);
        }
        if flows.refunded_beyond_3_pct {
            column.insert(Row::LevyRefunded, (paid_prior - flows.sales_std * 3 / 100).max(0));
        }
        column
    }
}
