//! The files of a city: written firm by firm, listed in the manifest in the order to load them.
//!
//! First every form whole, then round by round what was amended. A form's base files cover the time without a gap, so
//! that a firm without a row reads as one that has nothing.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{Datelike, NaiveDate};

use super::SynthError;
use super::calendar::{Round, Span, quarter_start};
use super::row::{Row, Value};
use super::rows::Delivered;
use super::sheet::Sheet;
use crate::domain::import::manifest::{Manifest, ManifestCity, ManifestFile};
use crate::domain::import::{Charset, Compression, Form, Syntax};

/// How a form's base files are laid out, in the order to load them.
struct Layout {
    form: &'static str,
    syntax: Syntax,
    /// A file for each year of its periods.
    by_year: bool,
    dress: Dress,
}

/// How the base file is dressed. Most are plain; a few come as the bureau's real exports do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dress {
    /// English names, fen, UTF-8.
    Plain,
    /// Chinese names, 元 with thousands separators, GB18030.
    Export,
    Gzip,
    Zstd,
}

const LAYOUTS: [Layout; 22] = [
    layout("registration", Syntax::Ndjson, false),
    layout("registration_status", Syntax::Ndjson, false),
    layout("registration_change", Syntax::Csv, false),
    layout("rating", Syntax::Ndjson, false),
    layout("vat_general", Syntax::Csv, true),
    layout("vat_small", Syntax::Csv, true),
    layout("cit_prepayment", Syntax::Csv, false),
    layout("cit_annual", Syntax::Csv, false),
    layout("other_tax", Syntax::Csv, false),
    layout("payment", Syntax::Csv, true),
    layout("arrears", Syntax::Ndjson, false),
    layout("violation", Syntax::Ndjson, false),
    layout("inspection", Syntax::Csv, false),
    layout("balance_sheet_small", Syntax::Csv, false),
    layout("income_statement_small", Syntax::Csv, false),
    layout("cash_flow_small", Syntax::Csv, false),
    layout("balance_sheet_general", Syntax::Csv, false),
    layout("income_statement_general", Syntax::Csv, false),
    layout("cash_flow_general", Syntax::Csv, false),
    dressed("invoice_month", Dress::Gzip),
    dressed("invoice_counterparty", Dress::Zstd),
    dressed("employment_month", Dress::Export),
];

const fn layout(form: &'static str, syntax: Syntax, by_year: bool) -> Layout {
    Layout { form, syntax, by_year, dress: Dress::Plain }
}

const fn dressed(form: &'static str, dress: Dress) -> Layout {
    Layout { form, syntax: Syntax::Csv, by_year: false, dress }
}

/// Which file: the delivery, the form's place, the year or 0.
type Place = (Round, usize, i32);

/// Every file of a city.
pub(super) struct Sheets {
    out: PathBuf,
    span: Span,
    sheets: BTreeMap<Place, Sheet>,
}

impl Sheets {
    /// Opens the base files. An old manifest goes first, so that a half-written city has none.
    pub(super) fn create(out: &Path, span: &Span) -> Result<Self, SynthError> {
        fs::create_dir_all(out).map_err(|source| SynthError::Write { path: out.to_owned(), source })?;
        let manifest = out.join("manifest.json");
        if let Err(source) = fs::remove_file(&manifest)
            && source.kind() != io::ErrorKind::NotFound
        {
            return Err(SynthError::Write { path: manifest, source });
        }
        let mut sheets = Self { out: out.to_owned(), span: *span, sheets: BTreeMap::new() };
        for (place, layout) in LAYOUTS.iter().enumerate() {
            let (from, to) = coverage(layout, span);
            let years = if layout.by_year { from.year()..=to.year() } else { 0..=0 };
            for year in years {
                sheets.sheet((Round::Base, place, year))?;
            }
        }
        Ok(sheets)
    }

    /// Writes everything of one firm.
    pub(super) fn write_firm(&mut self, rows: &[Delivered]) -> Result<(), SynthError> {
        for Delivered { form, round, row } in rows {
            let Some(place) = LAYOUTS.iter().position(|layout| layout.form == *form) else {
                return Err(SynthError::Column { form: (*form).to_owned(), column: "form".to_owned() });
            };
            let layout = &LAYOUTS[place];
            let (from, to) = coverage(layout, &self.span);
            let year = match period_from(row).filter(|_| layout.by_year && *round == Round::Base) {
                Some(day) => day.year().clamp(from.year(), to.year()),
                None => 0,
            };
            self.sheet((*round, place, year))?.row(row)?;
        }
        Ok(())
    }

    /// The file, opened with its first row unless it is a base file.
    fn sheet(&mut self, place: Place) -> Result<&mut Sheet, SynthError> {
        let (round, of_form, year) = place;
        let layout = &LAYOUTS[of_form];
        match self.sheets.entry(place) {
            std::collections::btree_map::Entry::Occupied(open) => Ok(open.into_mut()),
            std::collections::btree_map::Entry::Vacant(none) => {
                let unknown =
                    || SynthError::Column { form: layout.form.to_owned(), column: "form".to_owned() };
                let form = Form::by_id(layout.form).ok_or_else(unknown)?;
                let listed = listed(layout, round, year, &self.span);
                Ok(none.insert(Sheet::create(&self.out, form, layout.dress == Dress::Export, listed)?))
            }
        }
    }

    /// Closes the files and writes the manifest: round after round, so that what was amended becomes a new revision.
    pub(super) fn finish(self, city: ManifestCity) -> Result<Manifest, SynthError> {
        let files = self.sheets.into_values().map(Sheet::close).collect::<Result<Vec<_>, SynthError>>()?;
        let manifest = Manifest { city: Some(city), files };
        let path = self.out.join("manifest.json");
        let text = serde_json::to_string_pretty(&manifest).map_err(io::Error::from);
        text.and_then(|text| fs::write(&path, text + "\n"))
            .map_err(|source| SynthError::Write { path, source })?;
        Ok(manifest)
    }
}

fn listed(layout: &Layout, round: Round, year: i32, span: &Span) -> ManifestFile {
    let name = match (round, year) {
        (Round::Base, 0) => layout.form.to_owned(),
        (Round::Base, year) => format!("{}-{year}", layout.form),
        (Round::First | Round::Second | Round::Third, _) => {
            format!("{}-amendments-{}", layout.form, round.number())
        }
    };
    let (from, to) = coverage(layout, span);
    let (from, to) = if year == 0 { (from, to) } else { within_year(year, from, to) };
    let (encoding, compression, ending) = match layout.dress {
        Dress::Plain => (Charset::Utf8, Compression::None, ""),
        Dress::Export => (Charset::Gb18030, Compression::None, ""),
        Dress::Gzip => (Charset::Utf8, Compression::Gzip, ".gz"),
        Dress::Zstd => (Charset::Utf8, Compression::Zstd, ".zst"),
    };
    ManifestFile {
        file: format!("{name}.{}{ending}", layout.syntax.as_str()),
        form: layout.form.to_owned(),
        syntax: layout.syntax,
        encoding,
        compression,
        coverage_from: from,
        coverage_to: to,
        as_of: span.known_on(round),
        rows: 0,
        sha256: String::new(),
    }
}

/// The days that a form's files speak of: from the first month on, or from the start of the quarter or year that it lies
/// in where the form has such periods; up to the last month, even if its quarter or year has not ended.
fn coverage(layout: &Layout, span: &Span) -> (NaiveDate, NaiveDate) {
    let from = match layout.form {
        "vat_general" | "registration" | "registration_status" | "registration_change" => span.first,
        "invoice_month" | "employment_month" => span.first,
        "vat_small" => quarter_start(span.first),
        _ => span.origin(),
    };
    (from, span.end())
}

fn period_from(row: &Row) -> Option<NaiveDate> {
    row.0.iter().find_map(|(name, value)| match value {
        Value::Date(day) if name == "period_from" => Some(*day),
        Value::Date(_) | Value::Fen(_) | Value::Integer(_) | Value::Text(_) | Value::Boolean(_) => None,
    })
}

/// The part of a span that lies in one year.
fn within_year(year: i32, from: NaiveDate, to: NaiveDate) -> (NaiveDate, NaiveDate) {
    let starts = NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or(from);
    let ends = NaiveDate::from_ymd_opt(year, 12, 31).unwrap_or(to);
    (from.max(starts), to.min(ends))
}
