//! `shuidaiyi import`: loads the bureau's files, with a progress bar and a report.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::NaiveDate;
use flate2::read::MultiGzDecoder;

use super::arguments::ImportOptions;
use super::output::{Failure, open_exchange, operator_label, say};
use super::synth_command::bar;
use crate::domain::import::manifest::{Manifest, ManifestFile};
use crate::domain::import::{Form, Syntax};
use crate::service::Exchange;
use crate::service::admin::OPERATOR;
use crate::service::ingest::{Deliverer, Delivery, Mode, Report, ingest};

/// A file to load.
struct Source {
    path: PathBuf,
    delivery: Delivery,
    rows: u64,
}

/// Loads what was named, in order.
pub fn run(options: &ImportOptions) -> Result<ExitCode, Failure> {
    let mut sources = Vec::new();
    for path in &options.sources {
        sources.extend(sources_of(path, options)?);
    }
    let exchange = open_exchange(&options.config)?;
    let deliverer = Deliverer { member: OPERATOR.to_owned(), label: operator_label(), certificate: None };
    for source in &sources {
        let report = load(&exchange, &deliverer, source)?;
        say(if options.json {
            serde_json::to_string(&report).map_err(Failure::system)?
        } else {
            line(&source.path, &report)
        });
        if !options.json {
            for error in &report.errors {
                say(format!(
                    "    第 {} 行 row {}: {} {}",
                    error.row,
                    error.row,
                    error.column.as_deref().unwrap_or(""),
                    error.message
                ));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn load(exchange: &Exchange, deliverer: &Deliverer, source: &Source) -> Result<Report, Failure> {
    let wrong =
        |why: &dyn ToString| Failure::usage(format!("{}: {}", source.path.display(), why.to_string()));
    let file = File::open(&source.path).map_err(|why| wrong(&why))?;
    let bar = bar("行 rows", source.rows);
    let mut progress = |rows| bar.set_position(rows);
    let gzip = source.path.extension().is_some_and(|extension| extension == "gz");
    let loaded = if gzip {
        ingest(exchange, deliverer, source.delivery, MultiGzDecoder::new(file), &mut progress)
    } else {
        ingest(exchange, deliverer, source.delivery, file, &mut progress)
    };
    bar.finish_and_clear();
    loaded.map_err(|error| Failure::from(error).about(&source.path))
}

fn line(path: &Path, report: &Report) -> String {
    let repeated =
        if report.repeated { "（已导入过，未作改动 taken before, nothing changed）" } else { "" };
    format!(
        "{}: {} 行，接收 {}，标记 {}，拒绝 {}，未变 {} (rows, accepted, marked, rejected, unchanged) 存证序号 entry {}{repeated}",
        path.file_name().unwrap_or_default().to_string_lossy(),
        report.rows,
        report.accepted,
        report.marked,
        report.rejected,
        report.unchanged,
        report.ledger_index,
    )
}

fn sources_of(path: &Path, options: &ImportOptions) -> Result<Vec<Source>, Failure> {
    let manifest = if path.is_dir() { Some(path.join("manifest.json")) } else { None };
    let named = path.file_name().is_some_and(|name| name == "manifest.json").then(|| path.to_owned());
    match manifest.or(named) {
        Some(manifest) => of_manifest(&manifest, options),
        None => Ok(vec![of_file(path, options)?]),
    }
}

fn of_manifest(path: &Path, options: &ImportOptions) -> Result<Vec<Source>, Failure> {
    let wrong = |why: &dyn ToString| Failure::usage(format!("{}: {}", path.display(), why.to_string()));
    let text = std::fs::read_to_string(path).map_err(|why| wrong(&why))?;
    let manifest: Manifest = serde_json::from_str(&text).map_err(|why| wrong(&why))?;
    let directory = path.parent().unwrap_or(Path::new("."));
    manifest.files.iter().map(|file| of_entry(directory, file, options).map_err(|why| wrong(&why))).collect()
}

fn of_entry(directory: &Path, file: &ManifestFile, options: &ImportOptions) -> Result<Source, String> {
    let form =
        Form::by_id(&file.form).ok_or_else(|| format!("{}: there is no form {}", file.file, file.form))?;
    let delivery = Delivery {
        form,
        syntax: file.syntax,
        coverage_from: file.coverage_from,
        coverage_to: file.coverage_to,
        as_of: file.as_of,
        mode: mode(options),
    };
    Ok(Source { path: directory.join(&file.file), delivery, rows: file.rows })
}

fn of_file(path: &Path, options: &ImportOptions) -> Result<Source, Failure> {
    let needed = "a file alone needs --form FORM --coverage FROM..TO --as-of DATE";
    let form = options.form.as_deref().ok_or_else(|| Failure::usage(needed))?;
    let form = Form::by_id(form)
        .ok_or_else(|| Failure::usage(format!("there is no form {form}: the forms are in schema/import/")))?;
    let coverage = options
        .coverage
        .as_deref()
        .and_then(|text| text.split_once(".."))
        .ok_or_else(|| Failure::usage(needed))?;
    let date = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| Failure::usage(needed));
    let name = path.to_string_lossy();
    let syntax = match name.trim_end_matches(".gz").rsplit('.').next() {
        Some("csv") => Syntax::Csv,
        Some("ndjson") => Syntax::Ndjson,
        Some(_) | None => {
            return Err(Failure::usage(format!(
                "{name}: must end in .csv or .ndjson, with .gz after it if compressed"
            )));
        }
    };
    let delivery = Delivery {
        form,
        syntax,
        coverage_from: date(coverage.0)?,
        coverage_to: date(coverage.1)?,
        as_of: options.as_of.ok_or_else(|| Failure::usage(needed))?,
        mode: mode(options),
    };
    Ok(Source { path: path.to_owned(), delivery, rows: 0 })
}

fn mode(options: &ImportOptions) -> Mode {
    if options.skip_bad { Mode::SkipBad } else { Mode::All }
}
