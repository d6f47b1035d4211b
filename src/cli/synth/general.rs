//! The monthly returns of a general taxpayer.

use chrono::{Datelike, NaiveDate};

use super::book::{Book, Columns, Flows};
use super::calendar::{FilingDates, Span, add_days, form_version};
use super::dues::{Due, Dues, Payer, Tax};
use super::firm::Firm;
use super::industry::Season;
use super::money::rated;
use super::random::{Purpose, Random};
use super::vat::VatMonth;
use crate::domain::period::Period;
use crate::domain::sections::filings::FormVersion;
use crate::domain::sections::filings::vat_general::VatGeneralRow as Row;

/// One return of a general taxpayer.
pub(super) struct GeneralReturn {
    pub(super) dates: FilingDates,
    pub(super) general: Columns,
    /// 即征即退, for some software firms.
    pub(super) refund_on_levy: Option<Columns>,
}

/// Keeps a firm's VAT books and files its returns.
pub(super) struct Bookkeeper<'a> {
    firm: &'a Firm,
    random: Random,
    general: Book,
    /// The book of the business whose tax is refunded on payment, and its share of sales in percent.
    refunded: Option<(Book, i64)>,
    sells_simple: bool,
}

/// What a month's filing comes to.
pub(super) struct FiledMonth {
    pub(super) month: VatMonth,
    pub(super) dates: FilingDates,
    /// The return, or an original with an omission and its correction days later.
    pub(super) returns: Vec<GeneralReturn>,
}

impl<'a> Bookkeeper<'a> {
    pub(super) fn new(firm: &'a Firm) -> Self {
        let mut random = firm.random(Purpose::Filing);
        let refunded = (firm.industry.code == "6513" && random.chance(300))
            .then(|| (Book::default(), random.between(20, 60)));
        let sells_simple = random.chance(if firm.industry.season == Season::Site { 400 } else { 60 });
        Self { firm, random, general: Book::default(), refunded, sells_simple }
    }

    /// Closes the month of these sales, files the return and notes what is to be paid.
    pub(super) fn file(
        &mut self,
        period: Period,
        sales_fen: i64,
        dues: &mut Dues,
        payer: &mut Payer<'_>,
        span: &Span,
    ) -> FiledMonth {
        let month = period.from();
        let new_year = month.month() == 1;
        let dates = FilingDates::of(period, self.firm.late_per_mille, &mut self.random);
        let refunded_sales = self.refunded.as_ref().map_or(0, |(_, share)| sales_fen / 100 * share);
        let (mut flows, equipment_tax) = self.flows(sales_fen - refunded_sales);
        (flows.paid_prior, flows.paid_arrears) = dues.paid_in(Tax::Vat, month);
        let levy_flows = refunded_flows(refunded_sales, dues.paid_in(Tax::VatRefundedOnLevy, month));
        let refund_on_levy = self.refunded.as_mut().map(|(book, _)| book.close(&levy_flows, new_year));
        flows.surcharged_elsewhere =
            Some(refund_on_levy.as_ref().map_or(0, |columns| of(columns, Row::DueOrRefund)));
        let omission = sales_fen > 0 && self.random.chance(10);
        let draft = omission.then(|| self.general.clone().close(&with_omission(&flows), new_year));
        let general = self.general.close(&flows, new_year);
        let vat_month =
            VatMonth::of_columns(month, &general, refund_on_levy.as_ref(), equipment_tax, self.firm.industry);
        let filed = Filed { dates, general, refund_on_levy };
        let amended_on = draft.as_ref().map(|_| add_days(dates.filed_on, self.random.between(2, 9)));
        let amended_on = amended_on.filter(|day| *day <= span.as_of);
        let returns = match (draft, amended_on) {
            (Some(draft), Some(amended_on)) => {
                filed.note_dues(Some((&draft, amended_on)), dues, payer);
                filed.with_original(draft, amended_on)
            }
            (Some(_), None) | (None, _) => {
                filed.note_dues(None, dues, payer);
                vec![self.perhaps_slip(GeneralReturn {
                    dates,
                    general: filed.general,
                    refund_on_levy: filed.refund_on_levy,
                })]
            }
        };
        FiledMonth { month: vat_month, dates, returns }
    }

    /// What happens in the month, and the input tax of equipment in it.
    fn flows(&mut self, sales_fen: i64) -> (Flows, i64) {
        let industry = self.firm.industry;
        let random = &mut self.random;
        let sales_simple = if self.sells_simple { sales_fen / 12 } else { 0 };
        let sales_exempt = if random.chance(30) { sales_fen / 40 } else { 0 };
        let sales_std = sales_fen - sales_simple - sales_exempt;
        let output_tax = sales_std * industry.rate_pct / 100;
        let input_tax = output_tax / 1_000 * industry.input_per_mille * random.between(860, 1_140) / 1_000;
        // Equipment leaves credit to carry for months.
        let equipment_tax = if random.chance(25) { output_tax * random.between(1, 4) } else { 0 };
        let input_out = if random.chance(60) { input_tax * 2 / 100 } else { 0 };
        let flows = Flows {
            sales_std,
            goods: industry.goods,
            sales_simple,
            sales_exempt,
            output_tax,
            input_tax: input_tax + equipment_tax,
            input_out,
            reduction_most: if random.chance(20) { 28_000 } else { 0 },
            prepaid_per_mille: if industry.season == Season::Site && random.chance(200) { 300 } else { 0 },
            ..Flows::default()
        };
        (flows, equipment_tax)
    }

    /// Rarely a figure is miscopied: the return then disagrees with one of its own formulas.
    fn perhaps_slip(&mut self, mut filed: GeneralReturn) -> GeneralReturn {
        if self.random.chance(4) {
            let row = *self.random.pick(&[Row::CarriedOut, Row::ClosingUnpaid, Row::DueOrRefund]);
            let slip = self.random.between(1, 9) * *self.random.pick(&[1, 10, 1_000, 90_000]);
            *filed.general.month.entry(row).or_insert(0) += slip;
        }
        filed
    }
}

/// A month's return as it ends up, right in the end.
struct Filed {
    dates: FilingDates,
    general: Columns,
    refund_on_levy: Option<Columns>,
}

impl Filed {
    /// Notes the taxes of the return; of a corrected one, first what the original said and then the difference.
    fn note_dues(&self, draft: Option<(&Columns, NaiveDate)>, dues: &mut Dues, payer: &mut Payer<'_>) {
        let mut lines = vec![
            (Tax::Vat, Some(&self.general), Row::DueOrRefund),
            (Tax::VatRefundedOnLevy, self.refund_on_levy.as_ref(), Row::DueOrRefund),
        ];
        if form_version(self.dates.period.from()) != FormVersion::V2019 {
            lines.push((Tax::Construction, Some(&self.general), Row::SurchargeConstruction));
            lines.push((Tax::Education, Some(&self.general), Row::SurchargeEducation));
            lines.push((Tax::LocalEducation, Some(&self.general), Row::SurchargeLocalEducation));
        }
        let FilingDates { due: pay_due, filed_on, period, .. } = self.dates;
        let paid_on = payer.day(filed_on, pay_due);
        let later_paid_on =
            draft.and_then(|(_, amended_on)| payer.day(amended_on, pay_due).or(Some(amended_on)));
        for (tax, columns, row) in lines {
            let Some(columns) = columns else { continue };
            let whole = of(columns, row);
            let stated = match draft {
                Some((draft, _)) if tax != Tax::VatRefundedOnLevy => of(draft, row).min(whole),
                Some(_) | None => whole,
            };
            for (amount_fen, paid_on, corrected) in
                [(stated, paid_on, false), (whole - stated, later_paid_on, true)]
            {
                let due = Due { amount_fen, paid_on, corrected, ..blank(tax, period, pay_due) };
                dues.note(due);
            }
        }
        let prepaid_on = Some(add_days(period.from(), 24));
        let prepaid = of(&self.general, Row::Prepaid);
        dues.note(Due {
            amount_fen: prepaid,
            paid_on: prepaid_on,
            ..blank(Tax::VatPrepaid, period, period.to())
        });
    }

    /// The original as drafted and, days later, its correction.
    fn with_original(self, draft: Columns, amended_on: NaiveDate) -> Vec<GeneralReturn> {
        let Filed { dates, general, refund_on_levy } = self;
        let original = GeneralReturn { dates, general: draft, refund_on_levy: refund_on_levy.clone() };
        let amended_dates = FilingDates { filed_on: amended_on, amended: true, ..dates };
        vec![original, GeneralReturn { dates: amended_dates, general, refund_on_levy }]
    }
}

/// A due of nothing yet.
pub(super) fn blank(tax: Tax, period: Period, pay_due: NaiveDate) -> Due {
    Due {
        tax,
        period,
        base_fen: None,
        rate_bp: None,
        amount_fen: 0,
        pay_due,
        paid_on: None,
        corrected: false,
    }
}

/// The surcharges on a VAT due, where the return itself has no rows for them: base, and each at its rate.
pub(super) fn surcharges(vat_fen: i64) -> impl Iterator<Item = (Tax, i64, i64)> {
    Tax::SURCHARGES.into_iter().map(move |(tax, rate_bp)| (tax, rate_bp, rated(vat_fen, rate_bp)))
}

fn of(columns: &Columns, row: Row) -> i64 {
    columns.month.get(&row).copied().unwrap_or(0)
}

fn refunded_flows(sales_std: i64, (paid_prior, paid_arrears): (i64, i64)) -> Flows {
    let output_tax = sales_std * 13 / 100;
    Flows {
        sales_std,
        goods: true,
        output_tax,
        input_tax: output_tax / 5,
        paid_prior,
        paid_arrears,
        refunded_beyond_3_pct: true,
        ..Flows::default()
    }
}

/// The same month with some invoices forgotten.
fn with_omission(flows: &Flows) -> Flows {
    Flows { sales_std: flows.sales_std * 9 / 10, output_tax: flows.output_tax * 9 / 10, ..flows.clone() }
}
