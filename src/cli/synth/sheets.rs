//! The files of a city: opened together, written firm by firm, listed in the manifest in the order to load them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{Datelike, NaiveDate};
use serde::Serialize;

use super::calendar::{Span, add_days, month_end, quarter_start};
use super::return_row::{general_header, general_row, small_header, small_row};
use super::sheet::Sheet;
use super::{History, Returns, SynthError};
use crate::domain::import::manifest::{Manifest, ManifestCity, ManifestFile};
use crate::domain::import::{Charset, Compression, Syntax};
use crate::domain::sections::rating::Rating;
use crate::domain::taxpayer_id::TaxpayerId;

/// Every file of a city.
pub(super) struct Sheets {
    out: PathBuf,
    as_of: NaiveDate,
    registration: Sheet,
    rating: Sheet,
    general: Vec<(i32, Sheet)>,
    small: Vec<(i32, Sheet)>,
    amendments: Sheet,
}

impl Sheets {
    /// Opens the files. An old manifest goes first, so that a half-written city has none.
    pub(super) fn create(out: &Path, span: &Span) -> Result<Self, SynthError> {
        fs::create_dir_all(out).map_err(|source| SynthError::Write { path: out.to_owned(), source })?;
        let manifest = out.join("manifest.json");
        if let Err(source) = fs::remove_file(&manifest)
            && source.kind() != io::ErrorKind::NotFound
        {
            return Err(SynthError::Write { path: manifest, source });
        }
        let (first, end) = (span.first, month_end(span.last));
        let open = |name: &str, form: &str, syntax: Syntax, coverage: (NaiveDate, NaiveDate), as_of| {
            let listed = ManifestFile {
                file: format!("{name}.{}", syntax.as_str()),
                form: form.to_owned(),
                syntax,
                encoding: Charset::Utf8,
                compression: Compression::None,
                coverage_from: coverage.0,
                coverage_to: coverage.1,
                as_of,
                rows: 0,
                sha256: String::new(),
            };
            Sheet::create(out, listed)
        };
        let quarters = (quarter_start(first), quarter_start(add_days(end, 1)).pred_opt().unwrap_or(end));
        let by_year = |form: &str, from: NaiveDate, to: NaiveDate| {
            (from.year()..=to.year())
                .map(|year| {
                    let coverage = within_year(year, from, to);
                    Ok((year, open(&format!("{form}-{year}"), form, Syntax::Csv, coverage, span.as_of)?))
                })
                .collect::<Result<Vec<_>, SynthError>>()
        };
        let mut sheets = Self {
            out: out.to_owned(),
            as_of: span.as_of,
            registration: open("registration", "registration", Syntax::Ndjson, (first, end), span.as_of)?,
            rating: open("rating", "rating", Syntax::Ndjson, (span.origin(), end), span.as_of)?,
            general: by_year("vat_general", first, end)?,
            small: by_year("vat_small", quarters.0, quarters.1)?,
            amendments: open(
                "vat_general-amendments",
                "vat_general",
                Syntax::Csv,
                (first, end),
                add_days(span.as_of, 1),
            )?,
        };
        sheets.write_headers()?;
        Ok(sheets)
    }

    fn write_headers(&mut self) -> Result<(), SynthError> {
        for (_, sheet) in &mut self.general {
            sheet.line(&general_header())?;
        }
        for (_, sheet) in &mut self.small {
            sheet.line(&small_header())?;
        }
        self.amendments.line(&general_header())
    }

    /// Writes everything of one firm.
    pub(super) fn write_firm(&mut self, history: &History) -> Result<(), SynthError> {
        let taxpayer = &history.firm.taxpayer_id;
        self.registration.json_row(&history.firm.registration(self.as_of))?;
        for rating in &history.ratings {
            self.rating.json_row(&RatingRow { taxpayer_id: taxpayer, rating })?;
        }
        match &history.returns {
            Returns::General(returns) => {
                for filed in returns {
                    let row = general_row(taxpayer, filed);
                    if filed.dates.amended {
                        self.amendments.row(&row)?;
                    } else {
                        write_in_year(&mut self.general, filed.dates.period.from(), &row)?;
                    }
                }
            }
            Returns::Small(returns) => {
                for filed in returns {
                    write_in_year(&mut self.small, filed.dates.period.from(), &small_row(taxpayer, filed))?;
                }
            }
        }
        Ok(())
    }

    /// Closes the files and writes the manifest: amendments last, so that they become new revisions.
    pub(super) fn finish(self, city: ManifestCity) -> Result<Manifest, SynthError> {
        let mut files = vec![self.registration.close()?, self.rating.close()?];
        for (_, sheet) in self.general.into_iter().chain(self.small) {
            files.push(sheet.close()?);
        }
        files.push(self.amendments.close()?);
        let manifest = Manifest { city: Some(city), files };
        let path = self.out.join("manifest.json");
        let text = serde_json::to_string_pretty(&manifest).map_err(io::Error::from);
        text.and_then(|text| fs::write(&path, text + "\n"))
            .map_err(|source| SynthError::Write { path, source })?;
        Ok(manifest)
    }
}

/// A row of the rating form.
#[derive(Serialize)]
struct RatingRow<'a> {
    taxpayer_id: &'a TaxpayerId,
    #[serde(flatten)]
    rating: &'a Rating,
}

fn write_in_year(sheets: &mut [(i32, Sheet)], period_from: NaiveDate, row: &str) -> Result<(), SynthError> {
    match sheets.iter_mut().find(|(year, _)| *year == period_from.year()) {
        Some((_, sheet)) => sheet.row(row),
        None => Ok(()), // outside the span, so in no file
    }
}

/// The part of a span that lies in one year.
fn within_year(year: i32, from: NaiveDate, to: NaiveDate) -> (NaiveDate, NaiveDate) {
    let starts = NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or(from);
    let ends = NaiveDate::from_ymd_opt(year, 12, 31).unwrap_or(to);
    (from.max(starts), to.min(ends))
}
