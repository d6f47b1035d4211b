//! Violations as the bureau registers them (税收违法违章): late returns, the first of a year without a fine (首违不罚),
//! firms that vanish, and lesser faults with invoices.

use chrono::{Datelike, NaiveDate};

use super::calendar::{Span, add_days};
use super::conduct::{Conduct, LateReturn};
use super::dues::Tax;
use super::firm::Firm;
use super::inspections::Inspection;
use super::random::{Purpose, Random};
use crate::domain::period::Period;

/// One violation.
#[derive(Debug, Clone)]
pub(super) struct Violation {
    pub(super) number: u64,
    pub(super) registered_on: NaiveDate,
    /// Type code as the bureau has it.
    pub(super) kind: &'static str,
    pub(super) facts: String,
    pub(super) means: Option<&'static str>,
    /// Day on which it was dealt with and put right; none while it is not.
    pub(super) resolved_on: Option<NaiveDate>,
    /// The tax period and the tax concerned.
    pub(super) about: Option<(Tax, Period)>,
    pub(super) inspection_case: bool,
    pub(super) first_time_exempt: bool,
    pub(super) voided: bool,
    /// In fen, paid on the day it was dealt with.
    pub(super) fine_fen: i64,
}

impl Violation {
    /// The fine paid in that month.
    pub(super) fn fine_paid_in(&self, month: NaiveDate) -> Option<i64> {
        let day = self.resolved_on.filter(|_| self.fine_fen > 0)?;
        ((day.year(), day.month()) == (month.year(), month.month())).then_some(self.fine_fen)
    }
}

/// The violations of a firm before its income tax is known: of late VAT returns, of its vanishing, and a few others.
pub(super) fn of(firm: &Firm, conduct: &Conduct, inspections: &[Inspection], span: &Span) -> Vec<Violation> {
    let mut random = firm.random(Purpose::Conduct);
    let mut all = Vec::new();
    let mut year = 0;
    let mut in_year = 0;
    for late in conduct.late.iter().filter(|late| late.dates.due >= span.first) {
        if late.dates.due.year() != year {
            (year, in_year) = (late.dates.due.year(), 0);
        }
        in_year += 1;
        all.push(late_return(late, in_year, &mut random));
    }
    if let Some(day) = firm.abnormal_from().filter(|day| *day >= span.first) {
        all.push(Violation {
            facts: "连续三个月未申报，经责令限期改正逾期仍未改正，查无下落".to_owned(),
            ..blank("05", day)
        });
    }
    for case in inspections {
        all.push(Violation {
            facts: format!("稽查立案：{}", case.name),
            means: Some(case.kind),
            resolved_on: case.executed_on,
            about: Some((Tax::Vat, case.year)),
            inspection_case: true,
            ..blank("09", case.served_on)
        });
    }
    if random.chance(40) {
        all.push(lesser(span, &mut random));
    }
    all
}

/// Adds late returns of income tax, which no fine follows, and puts all in order. What no delivery can know goes.
pub(super) fn complete(all: &mut Vec<Violation>, firm: &Firm, conduct: &Conduct, span: &Span) {
    let mut random = Random::new(firm.seed ^ 0x10e, firm.index, Purpose::Conduct);
    let of_income = conduct.late.iter().filter(|late| late.tax != Tax::Vat && late.dates.due >= span.first);
    for late in of_income {
        let year = late.dates.due.year();
        let spent = all.iter().any(|other| other.first_time_exempt && other.registered_on.year() == year);
        let found = late_return(late, 1, &mut random);
        all.push(Violation { first_time_exempt: !spent && found.registered_on.year() == year, ..found });
    }
    all.retain(|violation| span.round_of(violation.registered_on).is_some());
    all.sort_by_key(|violation| violation.registered_on);
    for (number, violation) in (1..).zip(all) {
        violation.number = number;
        violation.resolved_on = violation.resolved_on.filter(|day| span.round_of(*day).is_some());
    }
}

/// Registered ten days after the deadline, or when the return came in before that; dealt with once it is in. The first
/// of a year goes without a fine.
fn late_return(late: &LateReturn, in_year: i64, random: &mut Random) -> Violation {
    let dates = late.dates;
    let registered_on = add_days(dates.due, random.between(3, 12)).min(dates.filed_on);
    let exempt = in_year == 1;
    let fine_fen = if exempt { 0 } else { (5_000 * in_year * random.between(1, 4)).min(200_000) };
    let (from, to) = (dates.period.from(), dates.period.to());
    let name = if late.tax == Tax::CorporateIncome { "企业所得税" } else { "增值税" };
    Violation {
        facts: format!("未按规定期限办理纳税申报：{name}，税款所属期{from}至{to}"),
        resolved_on: Some(add_days(dates.filed_on, random.between(0, 6))),
        about: Some((late.tax, dates.period)),
        first_time_exempt: exempt,
        fine_fen,
        ..blank("01", registered_on)
    }
}

/// Faults with invoices; some were registered by mistake.
fn lesser(span: &Span, random: &mut Random) -> Violation {
    const FAULTS: [(&str, &str, &str); 3] = [
        ("02", "丢失已开具的增值税专用发票记账联", "保管不善"),
        ("02", "未按规定保管发票", "保管不善"),
        ("03", "未按规定将财务、会计制度报送税务机关备查", "未报送"),
    ];
    let (kind, facts, means) = *random.pick(&FAULTS);
    let days = (span.as_of - span.first).num_days();
    let registered_on = add_days(span.first, random.between(20, days));
    Violation {
        facts: facts.to_owned(),
        means: Some(means),
        resolved_on: Some(add_days(registered_on, random.between(1, 40))),
        voided: random.chance(150),
        fine_fen: 20_000 * random.between(1, 10),
        ..blank(kind, registered_on)
    }
}

fn blank(kind: &'static str, registered_on: NaiveDate) -> Violation {
    Violation {
        number: 0,
        registered_on,
        kind,
        facts: String::new(),
        means: None,
        resolved_on: None,
        about: None,
        inspection_case: false,
        first_time_exempt: false,
        voided: false,
        fine_fen: 0,
    }
}
