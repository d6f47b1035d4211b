//! The synthetic city: firms, ratings and returns in the bureau's own file formats.
//!
//! Everything follows from the seed, the number of taxpayers and the last month: same three, same bytes.
//! Each firm is made from (seed, index) alone and written at once, so memory does not grow with the city.
//! Names are invented; identification numbers have valid check characters and belong to nobody.

mod accounts;
mod book;
mod books;
mod calendar;
mod conduct;
mod dues;
mod firm;
mod general;
mod identity;
mod income;
mod industry;
mod inspections;
mod invoices;
mod ledger;
mod life;
mod look;
mod money;
mod names;
mod other_tax;
mod random;
mod ratings;
mod row;
mod rows;
mod sales;
mod sheet;
mod sheets;
mod size;
mod small;
mod staff;
mod stress;
mod vat;
mod violations;

use std::path::{Path, PathBuf};

use chrono::{Datelike, Months, NaiveDate};
use thiserror::Error;

use crate::domain::import::manifest::{Manifest, ManifestCity};
use crate::domain::sections::rating::Level;
use crate::domain::sections::registration::VatClass;
use crate::domain::taxpayer_id::{InvalidTaxpayerId, TaxpayerId};
use crate::domain::taxpayer_kind::TaxpayerKind;
use crate::domain::uscc::InvalidUscc;
use calendar::{Round, Span};
pub use firm::Disagreement;
use firm::Firm;
pub use identity::{DEMO_MATCHING_KEY, legal_rep_id_digest};
use ledger::Ledger;
use ratings::Evaluation;
use sheets::Sheets;
pub use stress::{EXPECTED, Expected, STRESS, STRESS_CORRECTED, write_stress};
use vat::Returns;

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
    /// due, and whose books and amendments were copied, by that day.
    pub fn as_known_on(today: NaiveDate, seed: u64, taxpayers: u64) -> Self {
        let whole = |months: &u32| {
            let month = today.checked_sub_months(Months::new(*months))?;
            Span::ending(month).filter(|span| span.known_on(Round::Third) <= today)
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
    /// A row has a column that its form does not have.
    #[error("the form {form} has no column {column}")]
    Column {
        /// The form.
        form: String,
        /// The column.
        column: String,
    },
    /// The city has too few rows of a form for its stress delivery.
    #[error("the city has too few rows of the form {form} for a stress delivery; take another seed")]
    NothingToSpoil {
        /// The form.
        form: String,
    },
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

/// One firm of a city, as far as another program needs it to decide what the firm does. As known after the last round
/// of amendments.
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
    /// That person's identification number: impossible, for the year of birth is 1899. In no file; what banks make the
    /// digest of that they submit, with [`legal_rep_id_digest`].
    pub legal_rep_id: String,
    /// What kind of taxpayer it is.
    pub kind: TaxpayerKind,
    /// District, GB/T 2260.
    pub region: &'static str,
    /// Industry, GB/T 4754.
    pub industry: &'static str,
    /// 登记日期.
    pub reg_date: NaiveDate,
    /// 纳税人状态, such as 03 正常, 05 非正常, 07 注销.
    pub status: &'static str,
    /// General or small-scale.
    pub vat_class: VatClass,
    /// The rating in force at the end; none if it was never rated.
    pub level: Option<Level>,
    /// Number of first VAT returns delivered.
    pub returns: usize,
    /// Where its sections disagree on purpose.
    pub disagreement: Option<Disagreement>,
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
        let history = History::of(city.seed, index, &span)?;
        sheets.write_firm(&rows::of(&history, &span)?)?;
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
        (0..taxpayers).filter_map(move |index| Some(History::of(seed, index, &span).ok()?.summary(&span)))
    })
}

/// A firm and all that the bureau knows of it.
struct History {
    firm: Firm,
    ledger: Ledger,
    ratings: Vec<Evaluation>,
}

impl History {
    fn of(seed: u64, index: u64, span: &Span) -> Result<Self, SynthError> {
        let firm = Firm::make(seed, index, span)?;
        let ledger = Ledger::keep(&firm, span);
        let ratings = ratings::ratings(&firm, &ledger.conduct, &ledger.inspections, span);
        Ok(Self { firm, ledger, ratings })
    }

    fn summary(self, span: &Span) -> FirmSummary {
        let returns = match &self.ledger.returns {
            Returns::General(returns) => returns.iter().filter(|filed| !filed.dates.amended).count(),
            Returns::Small(returns) => returns.len(),
        };
        let (firm, end) = (self.firm, span.known_on(Round::Third));
        let legal_rep_name = firm.life.legal_rep_on(end).to_owned();
        FirmSummary {
            index: firm.index,
            name: firm.life.name_on(end).to_owned(),
            legal_rep_id: life::representative_id(&firm, &legal_rep_name),
            legal_rep_name,
            kind: firm.kind,
            region: firm.region,
            industry: firm.industry.code,
            reg_date: firm.reg_date,
            status: firm.life.status_on(end),
            vat_class: firm.vat_class,
            level: self
                .ratings
                .iter()
                .find(|rating| rating.superseded_on.is_none())
                .map(|rating| rating.level),
            returns,
            disagreement: firm.disagreement,
            taxpayer_id: firm.taxpayer_id,
        }
    }
}

#[cfg(test)]
mod tests;
