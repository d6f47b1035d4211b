//! Rows of the rating form into records.

use super::facts::record;
use crate::domain::import::cells::{Cells, need};
use crate::domain::import::{Fault, InputRule};
use crate::domain::period::Period;
use crate::domain::record::Record;
use crate::domain::section::Section;
use crate::domain::sections::rating::{Level, Rating, RatingCause};

/// A rating row as a record; its period is the year evaluated.
pub(in crate::domain::import) fn rating(cells: &Cells) -> Result<Record, Fault> {
    let level = need(cells.text("level"), "level")?;
    let cause = need(cells.text("cause"), "cause")?;
    let year = need(cells.integer("year").and_then(|year| i32::try_from(year).ok()), "year")?;
    let period = need(Period::year(year), "year")?;
    let rating = Rating {
        year,
        level: need(Level::ALL.into_iter().find(|known| known.as_str() == level), "level")?,
        score: cells.decimal("score"),
        assessed_on: need(cells.date("assessed_on"), "assessed_on")?,
        valid_from: need(cells.date("valid_from"), "valid_from")?,
        superseded_on: cells.date("superseded_on"),
        direct_d_case: cells.integer("direct_d_case").and_then(|case| u8::try_from(case).ok()),
        cause: need(RatingCause::ALL.into_iter().find(|known| known.as_str() == cause), "cause")?,
    };
    if rating.assessed_on < period.from() {
        return Err(Fault::column("assessed_on", "must not lie before the year evaluated")
            .breaking(InputRule::DateOrder));
    }
    if rating.superseded_on.is_some_and(|day| day < rating.valid_from) {
        return Err(
            Fault::column("superseded_on", "must not lie before valid_from").breaking(InputRule::DateOrder)
        );
    }
    record(cells, Section::Rating, rating.key(), Some(period), &rating, rating.check())
}
