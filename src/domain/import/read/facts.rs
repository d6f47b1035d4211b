//! What the readers of several sections share: codes, periods of every kind, days in order, the finished record.

use chrono::{Datelike, Months, NaiveDate};

use super::{body, taxpayer_marks};
use crate::domain::import::cells::{Cells, need};
use crate::domain::import::{Fault, InputRule};
use crate::domain::period::{Frequency, Period};
use crate::domain::record::{Checks, Findings, Record};
use crate::domain::section::Section;

/// A record of that section: the fact's body, the marks of the taxpayer's number, and what its rules find. A fact
/// that no rule concerns has no checks.
pub(super) fn record<T: serde::Serialize>(
    cells: &Cells,
    section: Section,
    key: String,
    period: Option<Period>,
    fact: &T,
    findings: Findings,
) -> Result<Record, Fault> {
    let taxpayer = cells.taxpayer()?;
    let mut marks = taxpayer_marks(&taxpayer);
    marks.extend(findings.marks);
    let checks = Some(findings.checks).filter(|checks| *checks != Checks::default());
    Ok(Record { section, key, period, body: body(fact)?, marks, checks, taxpayer })
}

/// A required code of a closed list.
pub(super) fn code<T>(cells: &Cells, name: &str, from_name: fn(&str) -> Option<T>) -> Result<T, Fault> {
    let stated = need(cells.text(name), name)?;
    need(from_name(&stated), name)
}

/// A code of a closed list, if stated.
pub(super) fn optional_code<T>(
    cells: &Cells,
    name: &str,
    from_name: fn(&str) -> Option<T>,
) -> Result<Option<T>, Fault> {
    cells.text(name).map(|stated| need(from_name(&stated), name)).transpose()
}

/// Refuses a day that lies before an earlier one of the same row; a day not stated contradicts nothing.
pub(super) fn in_order(cells: &Cells, earlier: &'static str, later: &'static str) -> Result<(), Fault> {
    match (cells.date(earlier), cells.date(later)) {
        (Some(first), Some(second)) if second < first => {
            Err(Fault::column(later, format!("must not lie before {earlier}")).breaking(InputRule::DateOrder))
        }
        _ => Ok(()),
    }
}

/// `period_from` and `period_to` as a month, quarter or year, or any other span of days.
pub(super) fn any_period(cells: &Cells) -> Result<Period, Fault> {
    let from = need(cells.date("period_from"), "period_from")?;
    let to = need(cells.date("period_to"), "period_to")?;
    span(from, to)
}

/// The same, if stated; a period has both its days or neither.
pub(super) fn optional_period(cells: &Cells) -> Result<Option<Period>, Fault> {
    match (cells.date("period_from"), cells.date("period_to")) {
        (Some(from), Some(to)) => span(from, to).map(Some),
        (None, None) => Ok(None),
        (Some(_), None) => Err(Fault::column("period_to", "a period_from stated needs its period_to")
            .breaking(InputRule::PeriodWhole)),
        (None, Some(_)) => Err(Fault::column("period_from", "a period_to stated needs its period_from")
            .breaking(InputRule::PeriodWhole)),
    }
}

/// `period_from` and `period_to` as twelve whole months, a calendar year or not.
pub(super) fn twelve_months(cells: &Cells) -> Result<Period, Fault> {
    let period = any_period(cells)?;
    let end = period.from().checked_add_months(Months::new(12)).and_then(|day| day.pred_opt());
    if period.from().day() == 1 && end == Some(period.to()) {
        Ok(period)
    } else {
        Err(Fault::column(
            "period_to",
            "period_from and period_to must be the first and last day of twelve whole months",
        )
        .breaking(InputRule::PeriodWhole))
    }
}

/// The one day of an event.
pub(super) fn day(date: NaiveDate) -> Option<Period> {
    Period::new(date, date, Frequency::Event).ok()
}

fn span(from: NaiveDate, to: NaiveDate) -> Result<Period, Fault> {
    match Period::whole(from, to) {
        Some(whole) => Ok(whole),
        None => Period::new(from, to, Frequency::Event).map_err(|_| {
            Fault::column("period_to", "must not lie before period_from").breaking(InputRule::DateOrder)
        }),
    }
}
