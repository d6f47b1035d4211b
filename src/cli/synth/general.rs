//! The monthly returns of a general taxpayer.

use chrono::{Datelike, NaiveDate};

use super::book::{Book, Columns, Flows};
use super::calendar::{FilingDates, Span, add_days, months};
use super::firm::{Course, Firm};
use super::industry::Season;
use super::random::{Purpose, Random};
use super::ratings::Conduct;
use super::sales::Sales;
use crate::domain::period::Period;
use crate::domain::sections::filings::vat_general::VatGeneralRow as Row;

/// One return of a general taxpayer.
pub(super) struct GeneralReturn {
    pub(super) dates: FilingDates,
    pub(super) general: Columns,
    /// 即征即退, for some software firms.
    pub(super) refund_on_levy: Option<Columns>,
}

/// The firm's returns inside the span in order, an amended one after its original, and how the firm behaved.
pub(super) fn returns(firm: &Firm, span: &Span) -> (Vec<GeneralReturn>, Conduct) {
    let mut bookkeeper = Bookkeeper::new(firm);
    let mut sales = Sales::new(firm);
    let mut conduct = Conduct::default();
    let mut returns = Vec::new();
    for month in months(firm.first_month(span), span.last) {
        let (Some(sales_fen), Some(period)) =
            (sales.next_month(month), Period::whole(month, super::calendar::month_end(month)))
        else {
            break;
        };
        let (dates, filed) = bookkeeper.file(month, period, sales_fen);
        conduct.note(month.year(), dates.is_late(), sales_fen);
        if month >= span.first && dates.filed_on <= span.as_of {
            returns.extend(filed.into_iter().filter(|filed| filed.dates.filed_on <= span.as_of));
        }
    }
    (returns, conduct)
}

/// Keeps a firm's books and files its returns.
struct Bookkeeper<'a> {
    firm: &'a Firm,
    random: Random,
    general: Book,
    /// The book of the business whose tax is refunded on payment, and its share of sales in percent.
    refunded: Option<(Book, i64)>,
    sells_simple: bool,
}

impl<'a> Bookkeeper<'a> {
    fn new(firm: &'a Firm) -> Self {
        let mut random = Random::new(firm.seed, firm.index, Purpose::Filing);
        let refunded = (firm.industry.code == "6513" && random.chance(300))
            .then(|| (Book::default(), random.between(20, 60)));
        let sells_simple = random.chance(if firm.industry.season == Season::Site { 400 } else { 60 });
        Self { firm, random, general: Book::default(), refunded, sells_simple }
    }

    /// Closes the month: the return, or an original with an omission and its correction days later.
    fn file(
        &mut self,
        month: NaiveDate,
        period: Period,
        sales_fen: i64,
    ) -> (FilingDates, Vec<GeneralReturn>) {
        let new_year = month.month() == 1;
        let dates = FilingDates::of(period, self.firm.late_per_mille, &mut self.random);
        let refunded_sales = self.refunded.as_ref().map_or(0, |(_, share)| sales_fen / 100 * share);
        let flows = self.flows(month, sales_fen - refunded_sales);
        let refund_on_levy = self
            .refunded
            .as_mut()
            .map(|(book, _)| book.close(&refunded_flows(refunded_sales, &flows), new_year));
        let omission = sales_fen > 0 && self.random.chance(10);
        let draft = omission.then(|| self.general.clone().close(&with_omission(&flows), new_year));
        let general = self.general.close(&flows, new_year);
        let final_return = GeneralReturn { dates, general, refund_on_levy };
        let Some(draft) = draft else {
            return (dates, vec![self.perhaps_slip(final_return)]);
        };
        let amended_on = add_days(dates.filed_on, self.random.between(2, 9));
        let original =
            GeneralReturn { dates, general: draft, refund_on_levy: final_return.refund_on_levy.clone() };
        let amended_dates = FilingDates { filed_on: amended_on, amended: true, ..dates };
        (dates, vec![original, GeneralReturn { dates: amended_dates, ..final_return }])
    }

    fn flows(&mut self, month: NaiveDate, sales_std: i64) -> Flows {
        let industry = self.firm.industry;
        let random = &mut self.random;
        let sales_simple = if self.sells_simple { sales_std / 12 } else { 0 };
        let output_tax = sales_std * industry.rate_pct / 100;
        let mut input_tax =
            output_tax / 1_000 * industry.input_per_mille * random.between(860, 1_140) / 1_000;
        if random.chance(25) {
            input_tax += output_tax * random.between(1, 4); // equipment: leaves credit to carry for months
        }
        let input_out = if random.chance(60) { input_tax * 2 / 100 } else { 0 };
        let struggling = match self.firm.course {
            Course::Failing { from, .. } => month >= from,
            Course::Trend(_) | Course::Dormant | Course::NeverFiled => false,
        };
        let pays_prior = random.chance(if struggling { 350 } else { 990 });
        Flows {
            sales_std,
            goods: industry.goods,
            sales_simple,
            sales_exempt: if random.chance(30) { sales_std / 40 } else { 0 },
            output_tax,
            input_tax,
            input_out,
            reduction_most: if random.chance(20) { 28_000 } else { 0 },
            prepaid_per_mille: if industry.season == Season::Site && random.chance(200) { 300 } else { 0 },
            pays_prior,
            pays_arrears: pays_prior && random.chance(700),
            refunded_beyond_3_pct: false,
        }
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

fn refunded_flows(sales_std: i64, general: &Flows) -> Flows {
    let output_tax = sales_std * 13 / 100;
    Flows {
        sales_std,
        goods: true,
        output_tax,
        input_tax: output_tax / 5,
        pays_prior: general.pays_prior,
        pays_arrears: general.pays_arrears,
        refunded_beyond_3_pct: true,
        ..Flows::default()
    }
}

/// The same month with some invoices forgotten.
fn with_omission(flows: &Flows) -> Flows {
    Flows { sales_std: flows.sales_std * 9 / 10, output_tax: flows.output_tax * 9 / 10, ..flows.clone() }
}
