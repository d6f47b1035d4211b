//! A firm's whole ledger: value-added tax, staff, books, income tax and statements, month after month. Everything that
//! the city's files say of the firm is read off it.

use chrono::{Datelike, NaiveDate};

use super::accounts::{Cash, Position, Profit};
use super::books::Books;
use super::calendar::{FilingDates, Span, ends_quarter, quarter_of, quarter_start, year_of};
use super::conduct::Conduct;
use super::dues::{Due, Dues, Payer, Tax};
use super::firm::{Firm, reports};
use super::general::blank;
use super::income::{CorporateTax, Prepayment, Settlement, business_income_tax, yearly_dates};
use super::inspections::{self, Inspection};
use super::other_tax::OtherLine;
use super::random::{Purpose, Random};
use super::staff::{self, StaffMonth};
use super::vat::{self, Returns, VatMonth};
use super::violations::{self, Violation};
use crate::domain::taxpayer_kind::TaxpayerKind;

/// Everything known of a firm's business.
pub(super) struct Ledger {
    pub(super) returns: Returns,
    pub(super) months: Vec<VatMonth>,
    pub(super) staff: Vec<StaffMonth>,
    pub(super) dues: Dues,
    pub(super) other: Vec<OtherLine>,
    pub(super) prepayments: Vec<Prepayment>,
    pub(super) settlements: Vec<Settlement>,
    pub(super) reports: Vec<Report>,
    pub(super) conduct: Conduct,
    pub(super) violations: Vec<Violation>,
    pub(super) inspections: Vec<Inspection>,
}

/// The figures of a quarter's or year's statements.
#[derive(Debug, Clone)]
pub(super) struct Report {
    pub(super) dates: FilingDates,
    pub(super) closing: Position,
    /// At the start of the year.
    pub(super) opening: Position,
    pub(super) current: Profit,
    pub(super) ytd: Profit,
    pub(super) cash: Cash,
    pub(super) cash_ytd: Cash,
    /// In the till when the period began.
    pub(super) till: i64,
}

/// What has run up since a day.
#[derive(Debug, Clone, Copy, Default)]
struct Running {
    opening: Position,
    profit: Profit,
    cash: Cash,
    headcount: i64,
}

impl Ledger {
    /// The firm's ledger from its first month to its last.
    pub(super) fn keep(firm: &Firm, span: &Span) -> Self {
        let mut conduct = Conduct::default();
        let vat = vat::keep(firm, span, &mut conduct);
        let inspections = inspections::of(firm, &vat, span);
        let violations = violations::of(firm, &conduct, &inspections, span);
        let staff = staff::keep(firm, &vat.months);
        let mut ledger = Self {
            returns: vat.returns,
            months: vat.months,
            staff,
            dues: vat.dues,
            other: vat.surcharges,
            prepayments: Vec::new(),
            settlements: Vec::new(),
            reports: Vec::new(),
            conduct,
            violations,
            inspections,
        };
        if let Some(first) = ledger.months.first().copied() {
            let is_new = firm.reg_date >= span.origin();
            let keeper = Keeper {
                firm,
                span,
                books: Books::open(firm, &first, is_new),
                payer: Payer::new(firm, span),
                random: firm.random(Purpose::Income),
                corporate: CorporateTax::new(firm.industry.code == "6520" || firm.index.is_multiple_of(11)),
                owners_declared: 0,
                year: Running::default(),
                quarter: Running::default(),
                pending: None,
                is_new,
            };
            keeper.run(&mut ledger);
        }
        ledger.dues = std::mem::take(&mut ledger.dues).known(span);
        violations::complete(&mut ledger.violations, firm, &ledger.conduct, span);
        ledger
    }

    /// Declared sales of the twelve months up to the last.
    pub(super) fn sales_of_a_year(&self) -> i64 {
        self.months.iter().rev().take(12).map(|month| month.sales).sum()
    }
}

/// Keeps the books month by month.
struct Keeper<'a> {
    firm: &'a Firm,
    span: &'a Span,
    books: Books<'a>,
    payer: Payer<'a>,
    random: Random,
    corporate: CorporateTax,
    /// Business income tax declared in the year so far.
    owners_declared: i64,
    year: Running,
    quarter: Running,
    /// The settlement of the year before, until the month in which it is filed.
    pending: Option<YearEnd>,
    is_new: bool,
}

/// A year that has ended and is not settled yet.
enum YearEnd {
    Company(Settlement, Report),
    Owners(OtherLine, Report),
}

impl Keeper<'_> {
    fn run(mut self, ledger: &mut Ledger) {
        for place in 0..ledger.months.len() {
            let (vat, staff) = (ledger.months[place], ledger.staff[place]);
            self.begin(&vat, place == 0);
            self.books.trade(&vat, &staff);
            for due in ledger.dues.0.iter().filter(|due| ends_in(due, vat.first)) {
                self.books.accrue(due.tax, due.amount_fen);
            }
            self.settle_year(vat.first, ledger);
            for due in ledger.dues.0.iter().filter(|due| due.is_paid_in(vat.first)) {
                self.books.pay(due);
            }
            for violation in &ledger.violations {
                violation.fine_paid_in(vat.first).into_iter().for_each(|fen| self.books.fine(fen));
            }
            for case in &ledger.inspections {
                case.paid_in(vat.first).into_iter().for_each(|fen| self.books.fine(fen));
            }
            let closes = ends_quarter(vat.first);
            if closes {
                self.declare_quarter(place, ledger);
            }
            let (is_june, is_december) = (vat.first.month() == 6, vat.first.month() == 12);
            self.books.close(is_june, is_december, self.year.profit.net());
            self.tally();
            if closes {
                self.report(place, ledger);
            }
        }
    }

    /// A new month; at the start of a quarter or year, what has run up since starts afresh.
    fn begin(&mut self, vat: &VatMonth, is_first: bool) {
        let opening = if is_first && self.is_new { Position::default() } else { self.books.position };
        let fresh = |headcount| Running { opening, headcount, ..Running::default() };
        let headcount = self.quarter.headcount;
        if is_first || vat.first.month() == 1 {
            self.year = fresh(headcount);
            self.owners_declared = 0;
        }
        if is_first || quarter_start(vat.first) == vat.first {
            self.quarter = fresh(headcount);
        }
        if !is_first || !self.is_new {
            self.books.cash = Cash::default();
        }
        self.books.profit = Profit::default();
    }

    /// Adds the closed month to the quarter and the year.
    fn tally(&mut self) {
        for running in [&mut self.year, &mut self.quarter] {
            running.profit += self.books.profit;
            running.cash += self.books.cash;
        }
    }

    /// Stamp duty and income tax of the quarter that the month ends, as expenses of that month.
    fn declare_quarter(&mut self, place: usize, ledger: &mut Ledger) {
        let month = ledger.months[place].first;
        let Some(period) = quarter_of(month) else { return };
        let dates = FilingDates::of(period, self.firm.late_per_mille, &mut self.random);
        let paid_on = self.payer.day(dates.filed_on, dates.due);
        let known = dates.filed_on <= self.span.as_of;
        let in_quarter = ledger.months.iter().filter(|vat| quarter_of(vat.first) == Some(period));
        let traded: i64 = in_quarter.map(|vat| vat.sales + vat.bought).sum();
        if traded > 0 {
            let stamp = OtherLine::stamp(dates, traded / 100 * 100, self.firm.month_fen < 400_000_000);
            let due = stamp.to_due(paid_on);
            self.books.accrue(Tax::Stamp, due.amount_fen);
            self.declare(due, known, ledger);
            self.keep_line(stamp, known, ledger);
        }
        let mut ytd = self.year.profit;
        ytd += self.books.profit;
        if self.firm.kind == TaxpayerKind::Company {
            let employees = (self.quarter.headcount, ledger.staff[place].headcount);
            let closing = self.books.position;
            let filed = self.corporate.quarter(dates, &ytd, employees, &self.quarter.opening, &closing);
            self.books.accrue(Tax::CorporateIncome, filed.due());
            let due = Due {
                base_fen: Some(filed.actual_profit()),
                rate_bp: Some(2_500),
                amount_fen: filed.due(),
                paid_on,
                ..blank(Tax::CorporateIncome, period, dates.due)
            };
            self.declare(due, known, ledger);
            if known && period.to() >= self.span.first {
                ledger.conduct.note(Tax::CorporateIncome, dates, 0);
                ledger.prepayments.push(filed);
            }
        } else {
            let year_sales: i64 = ledger.months[..=place]
                .iter()
                .filter(|vat| vat.first.year() == month.year())
                .map(|vat| vat.sales)
                .sum();
            let income = if self.firm.assessed { year_sales / 10 } else { ytd.total().max(0) };
            let line = self.owners_line(dates, income);
            self.declare(line.to_due(paid_on), known, ledger);
            self.keep_line(line, known, ledger);
        }
    }

    /// Business income tax on the year's income so far, less what was declared before.
    fn owners_line(&mut self, dates: FilingDates, income: i64) -> OtherLine {
        let (rate_bp, payable_fen, relief_fen) = business_income_tax(income);
        let line = OtherLine {
            tax: Tax::BusinessIncome,
            dates,
            base_fen: income,
            // A partnership's line is of several partners, each with brackets of his own.
            rate_bp: (self.firm.kind != TaxpayerKind::Partnership).then_some(rate_bp),
            payable_fen,
            relief_fen,
            prepaid_fen: self.owners_declared,
        };
        self.owners_declared += line.due_or_refund().max(0);
        line
    }

    fn declare(&self, due: Due, known: bool, ledger: &mut Ledger) {
        if known {
            ledger.dues.note(due);
        }
    }

    fn keep_line(&self, line: OtherLine, known: bool, ledger: &mut Ledger) {
        if known && line.dates.period.to() >= self.span.first {
            ledger.other.push(line);
        }
    }

    /// The statements of the quarter, and in December of the year, from the closed books.
    fn report(&mut self, place: usize, ledger: &mut Ledger) {
        let month = ledger.months[place].first;
        if reports(self.firm.kind)
            && let Some(period) = quarter_of(month)
        {
            let dates = FilingDates::of(period, self.firm.late_per_mille, &mut self.random);
            self.keep_report(self.quarterly(dates), ledger);
        }
        self.quarter.headcount = ledger.staff[place].headcount;
        if month.month() == 12 {
            self.end_year(month, ledger.staff[place].headcount);
        }
    }

    fn keep_report(&self, report: Report, ledger: &mut Ledger) {
        if report.dates.filed_on <= self.span.as_of && report.dates.period.to() >= self.span.first {
            ledger.reports.push(report);
        }
    }

    fn quarterly(&self, dates: FilingDates) -> Report {
        Report {
            dates,
            closing: self.books.position,
            opening: self.year.opening,
            current: self.quarter.profit,
            ytd: self.year.profit,
            cash: self.quarter.cash,
            cash_ytd: self.year.cash,
            till: self.quarter.opening.cash,
        }
    }

    fn end_year(&mut self, december: NaiveDate, headcount: i64) {
        let Some(year) = year_of(december) else { return };
        let is_company = self.firm.kind == TaxpayerKind::Company;
        let last_month = if is_company { 5 } else { 3 };
        let late = self.firm.late_per_mille;
        let Some(dates) = yearly_dates(year, last_month, late, &mut self.random) else { return };
        let report = Report {
            current: self.year.profit,
            cash: self.year.cash,
            till: self.year.opening.cash,
            ..self.quarterly(dates)
        };
        self.pending = if is_company {
            let closing = self.books.position;
            let settled = self.corporate.year(dates, self.year.profit, headcount, &closing);
            Some(YearEnd::Company(settled, report))
        } else if self.firm.assessed {
            None // an assessed income is not settled
        } else {
            let income = self.year.profit.total() + self.year.profit.entertainment * 2 / 5;
            Some(YearEnd::Owners(self.owners_line(dates, income.max(0)), report))
        };
    }

    /// The settlement is filed, and its tax an expense, in the month in which the firm gets round to it.
    fn settle_year(&mut self, month: NaiveDate, ledger: &mut Ledger) {
        let filed_in = |dates: &FilingDates| {
            (dates.filed_on.year(), dates.filed_on.month()) == (month.year(), month.month())
        };
        match self.pending.take() {
            Some(YearEnd::Company(settled, report)) if filed_in(&settled.dates) => {
                let FilingDates { period, due: pay_due, filed_on, .. } = settled.dates;
                let fen = settled.due_or_refund();
                if fen < 0 {
                    self.books.refund(-fen);
                } else {
                    self.books.accrue(Tax::CorporateIncome, fen);
                }
                let due = Due {
                    base_fen: Some(settled.taxable()),
                    rate_bp: Some(2_500),
                    amount_fen: fen,
                    paid_on: self.payer.day(filed_on, pay_due),
                    ..blank(Tax::CorporateIncome, period, pay_due)
                };
                self.declare(due, true, ledger);
                self.keep_report(report, ledger);
                if period.to() >= self.span.first {
                    ledger.conduct.note(Tax::CorporateIncome, settled.dates, 0);
                    ledger.settlements.push(settled);
                }
            }
            Some(YearEnd::Owners(line, report)) if filed_in(&line.dates) => {
                let paid_on = self.payer.day(line.dates.filed_on, line.dates.due);
                self.declare(line.to_due(paid_on), true, ledger);
                self.keep_line(line, true, ledger);
                if reports(self.firm.kind) {
                    self.keep_report(report, ledger);
                }
            }
            still => self.pending = still,
        }
    }
}

/// Whether the due is of a period that ends in the month and was known before the books closed it.
fn ends_in(due: &Due, month: NaiveDate) -> bool {
    let to = due.period.to();
    (to.year(), to.month()) == (month.year(), month.month())
}
