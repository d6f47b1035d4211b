//! Inspections that ended with a decision that was served (稽查): of firms that invoiced more than they declared, and of
//! firms that issued false invoices. They explain direct D ratings (Art. 18 of 《纳税缴费信用管理办法》).

use chrono::{Datelike, Months, NaiveDate};

use super::calendar::{Span, add_days, add_months};
use super::dues::Tax;
use super::firm::{Course, Disagreement, Firm};
use super::invoices::gap_per_mille;
use super::money::{late_fee, share};
use super::random::{Purpose, Random};
use super::vat::Vat;
use crate::domain::period::Period;
use crate::domain::taxpayer_kind::TaxpayerKind;

/// Evasion from which a firm is D at once: ¥100 000, and a tenth of all tax due (Art. 18 item 3).
const EVASION_FEN: i64 = 10_000_000;

/// Where a decision stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Effective,
    UnderReview,
    Litigation,
    Revoked,
}

impl Standing {
    /// The code in the form.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Standing::Effective => "effective",
            Standing::UnderReview => "under_review",
            Standing::Litigation => "litigation",
            Standing::Revoked => "revoked",
        }
    }
}

/// Tax, late fee and fine, in fen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Amounts {
    pub(super) tax: i64,
    pub(super) late_fee: i64,
    pub(super) fine: i64,
}

impl Amounts {
    /// All three.
    pub(super) fn total(&self) -> i64 {
        self.tax + self.late_fee + self.fine
    }
}

/// One concluded case.
#[derive(Debug, Clone)]
pub(super) struct Inspection {
    pub(super) decision_no: String,
    pub(super) served_on: NaiveDate,
    pub(super) standing: Standing,
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) year: Period,
    pub(super) opened_on: NaiveDate,
    pub(super) closed_on: NaiveDate,
    /// Day on which everything was paid; none if it never was.
    pub(super) executed_on: Option<NaiveDate>,
    pub(super) pay_due: NaiveDate,
    pub(super) due: Amounts,
    pub(super) major_case: bool,
    /// The case of Art. 18 that it makes.
    pub(super) direct_d: Option<u8>,
}

impl Inspection {
    /// What was paid in that month.
    pub(super) fn paid_in(&self, month: NaiveDate) -> Option<i64> {
        let day = self.executed_on?;
        ((day.year(), day.month()) == (month.year(), month.month())).then(|| self.due.total())
    }

    /// The tax it is about.
    pub(super) fn tax(&self) -> Tax {
        Tax::Vat
    }
}

/// The firm's concluded cases.
pub(super) fn of(firm: &Firm, vat: &Vat, span: &Span) -> Vec<Inspection> {
    let mut random = Random::new(firm.seed ^ 0x1257, firm.index, Purpose::Conduct);
    let hides = firm.disagreement == Some(Disagreement::InvoicesAboveDeclared) && random.chance(700);
    let fakes = firm.kind == TaxpayerKind::Company
        && !matches!(firm.course, Course::Leaving { .. } | Course::Dormant)
        && random.chance(12);
    if !hides && !fakes {
        return Vec::new();
    }
    let days = (span.as_of - span.first).num_days();
    let served_on = add_days(span.first, random.between(60, days + 3));
    // Opened once the year's last return is in, and decided no sooner than months after.
    let opened = served_on.checked_sub_months(Months::new(4)).unwrap_or(served_on);
    let Some(year) = Period::year(opened.year() - 1) else { return Vec::new() };
    let in_year = |day: NaiveDate| year.from() <= day && day <= year.to();
    let sales: i64 = vat.months.iter().filter(|m| in_year(m.first)).map(|m| m.sales).sum();
    let paid: i64 = vat.dues.0.iter().filter(|due| in_year(due.period.to())).map(|due| due.amount_fen).sum();
    let hidden = if hides { share(sales, gap_per_mille(firm)) } else { sales / 8 };
    let tax = hidden / 100 * firm.industry.rate_pct;
    if tax <= 0 {
        return Vec::new();
    }
    vec![decide(served_on, year, tax, paid, fakes, &mut random)]
}

fn decide(
    served_on: NaiveDate,
    year: Period,
    tax: i64,
    paid: i64,
    fakes: bool,
    random: &mut Random,
) -> Inspection {
    let pay_due = add_days(year.to(), 15);
    let standing = match random.below(100) {
        0..=79 => Standing::Effective,
        80..=86 => Standing::UnderReview,
        87..=92 => Standing::Litigation,
        _ => Standing::Revoked,
    };
    let pays = standing == Standing::Effective && random.chance(700);
    let executed_on = pays.then(|| add_days(served_on, random.between(3, 60)));
    // Fees run until payment; those of an unpaid decision are counted up to the day it was served.
    let late_days = (executed_on.unwrap_or(served_on) - pay_due).num_days();
    let fine_pct = if fakes { 100 } else { 50 };
    let due = Amounts { tax, late_fee: late_fee(tax, late_days), fine: tax / 100 * fine_pct };
    let evasion = tax >= EVASION_FEN && tax >= (paid + tax) / 10;
    let direct_d = match (standing, fakes) {
        (Standing::Revoked | Standing::UnderReview | Standing::Litigation, _) => None,
        (Standing::Effective, true) => Some(if random.chance(500) { 1 } else { 2 }),
        (Standing::Effective, false) if evasion => Some(3),
        (Standing::Effective, false) => (!pays).then_some(4),
    };
    let number = random.between(100, 9_999);
    Inspection {
        decision_no: format!("深税稽处〔{}〕{number}号", served_on.year()),
        served_on,
        standing,
        name: if fakes { "涉嫌虚开增值税专用发票案" } else { "少申报销售收入案" },
        kind: if fakes { "虚开发票" } else { "偷税" },
        year,
        opened_on: add_months(year.to(), 2).min(served_on),
        closed_on: served_on,
        executed_on,
        pay_due,
        due,
        major_case: fakes && tax >= EVASION_FEN * 5 && direct_d.is_some(),
        direct_d,
    }
}
