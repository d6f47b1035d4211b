//! The synthetic city: firms, ratings and returns in the bureau's own file formats.
//!
//! Everything follows from the seed, the number of taxpayers and the last month: same three, same bytes.
//! Each firm is made from (seed, index) alone and written at once, so memory does not grow with the city.
//! Names are invented; identification numbers have valid check characters and belong to nobody.

mod book;
mod calendar;
mod firm;
mod general;
mod industry;
mod names;
mod random;
mod ratings;
mod return_row;
mod sales;
mod sheet;
mod sheets;
mod small;

use std::path::{Path, PathBuf};

use chrono::{Datelike, Months, NaiveDate};
use thiserror::Error;

use crate::domain::import::manifest::{Manifest, ManifestCity};
use crate::domain::sections::rating::Level;
use crate::domain::sections::rating::Rating;
use crate::domain::sections::registration::VatClass;
use crate::domain::taxpayer_id::{InvalidTaxpayerId, TaxpayerId};
use crate::domain::uscc::InvalidUscc;
use calendar::Span;
use firm::Firm;
use sheets::Sheets;

/// The last month with filings where none is asked for. Fixed, so that a seed means the same bytes on any day.
pub const DEFAULT_UNTIL: (i32, u32) = (2026, 10);
/// Months of filings of a firm that is old enough.
pub const MONTHS: u32 = 36;

/// What a synthetic city is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct City {
    /// Seed of everything random.
    pub seed: u64,
    /// Number of taxpayers, at most [`City::TAXPAYERS_MAX`].
    pub taxpayers: u64,
    /// Any day of the last month with filings.
    pub until: NaiveDate,
}

impl City {
    /// More than any city has; below it identification numbers never repeat.
    pub const TAXPAYERS_MAX: u64 = 50_000_000;

    /// A city whose filings end with the default month.
    pub fn new(seed: u64, taxpayers: u64) -> Self {
        let (year, month) = DEFAULT_UNTIL;
        Self { seed, taxpayers, until: NaiveDate::from_ymd_opt(year, month, 1).unwrap_or_default() }
    }

    /// A city whose filings end with the newest month that the bureau has whole on `today`: one whose returns were
    /// due, and whose books were copied, before that day.
    pub fn as_known_on(today: NaiveDate, seed: u64, taxpayers: u64) -> Self {
        let whole = |months: &u32| {
            let month = today.checked_sub_months(Months::new(*months))?;
            Span::ending(month).filter(|span| span.as_of.succ_opt().is_some_and(|day| day <= today))
        };
        let until = (1..=3).find_map(|months| whole(&months)).map(|span| span.last);
        Self { seed, taxpayers, until: until.unwrap_or_default() }
    }

    fn span(&self) -> Result<Span, SynthError> {
        if self.taxpayers > Self::TAXPAYERS_MAX {
            return Err(SynthError::Taxpayers);
        }
        Span::ending(self.until).ok_or(SynthError::Until)
    }
}

/// Why a city was not written.
#[derive(Debug, Error)]
pub enum SynthError {
    /// The last month lies outside the years the generator knows.
    #[error("the last month must lie in the years 2020 to 2100")]
    Until,
    /// More taxpayers than identification numbers.
    #[error("a city has at most {} taxpayers", City::TAXPAYERS_MAX)]
    Taxpayers,
    /// An invented credit code came out malformed.
    #[error("an invented credit code is malformed")]
    Code(#[from] InvalidUscc),
    /// An invented older number came out malformed.
    #[error("an invented taxpayer number is malformed")]
    Number(#[from] InvalidTaxpayerId),
    /// A file or the directory could not be written.
    #[error("{} could not be written", .path.display())]
    Write {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// One firm of a city, as far as another program needs it to decide what the firm does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirmSummary {
    /// Its place in the city, from 0.
    pub index: u64,
    /// 纳税人识别号.
    pub taxpayer_id: TaxpayerId,
    /// 名称.
    pub name: String,
    /// 法定代表人, invented.
    pub legal_rep_name: String,
    /// District, GB/T 2260.
    pub region: &'static str,
    /// Industry, GB/T 4754.
    pub industry: &'static str,
    /// 登记日期.
    pub reg_date: NaiveDate,
    /// General or small-scale.
    pub vat_class: VatClass,
    /// The rating in force at the end; none if it was never rated.
    pub level: Option<Level>,
    /// Number of first returns delivered.
    pub returns: usize,
}

/// Writes the city's files and, last, `manifest.json` into a directory, which is made if it is not there.
/// Tells `progress` how many taxpayers are done, of how many.
pub fn write_city(
    city: &City,
    out: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Manifest, SynthError> {
    let span = city.span()?;
    let mut sheets = Sheets::create(out, &span)?;
    for index in 0..city.taxpayers {
        sheets.write_firm(&History::of(city.seed, index, &span)?)?;
        progress(index.saturating_add(1), city.taxpayers);
    }
    let first_of_month = city.until.with_day(1).unwrap_or(city.until);
    sheets.finish(ManifestCity { seed: city.seed, taxpayers: city.taxpayers, until: first_of_month })
}

/// The city's firms in the order of its files. Empty if the city cannot be written.
pub fn firms(city: &City) -> impl Iterator<Item = FirmSummary> {
    let (seed, span) = (city.seed, city.span().ok());
    let taxpayers = city.taxpayers;
    span.into_iter().flat_map(move |span| {
        (0..taxpayers).filter_map(move |index| Some(History::of(seed, index, &span).ok()?.summary()))
    })
}

/// A firm and all that the bureau knows of it.
struct History {
    firm: Firm,
    returns: Returns,
    ratings: Vec<Rating>,
}

/// A firm's returns, by the form it files.
enum Returns {
    General(Vec<general::GeneralReturn>),
    Small(Vec<small::SmallReturn>),
}

impl History {
    fn of(seed: u64, index: u64, span: &Span) -> Result<Self, SynthError> {
        let firm = Firm::make(seed, index, span)?;
        let (returns, conduct) = match firm.vat_class {
            VatClass::General => {
                let (returns, conduct) = general::returns(&firm, span);
                (Returns::General(returns), conduct)
            }
            VatClass::SmallScale => {
                let (returns, conduct) = small::returns(&firm, span);
                (Returns::Small(returns), conduct)
            }
        };
        let ratings = ratings::ratings(&firm, &conduct, span);
        Ok(Self { firm, returns, ratings })
    }

    fn summary(self) -> FirmSummary {
        let returns = match &self.returns {
            Returns::General(returns) => returns.iter().filter(|filed| !filed.dates.amended).count(),
            Returns::Small(returns) => returns.len(),
        };
        FirmSummary {
            index: self.firm.index,
            taxpayer_id: self.firm.taxpayer_id,
            name: self.firm.name,
            legal_rep_name: self.firm.legal_rep_name,
            region: self.firm.region,
            industry: self.firm.industry.code,
            reg_date: self.firm.reg_date,
            vat_class: self.firm.vat_class,
            level: self
                .ratings
                .iter()
                .find(|rating| rating.superseded_on.is_none())
                .map(|rating| rating.level),
            returns,
        }
    }
}

#[cfg(test)]
mod tests;
