//! `shuidaiyi import`: loads the bureau's files, with a progress bar and a report.

use std::fs::File;
use std::path::Path;
use std::process::ExitCode;

use chrono::NaiveDate;

use super::arguments::ImportOptions;
use super::delivered::{Delivered, Said, files};
use super::output::{Failure, open_exchange, operator_label, say};
use super::synth_command::bar;
use crate::service::Exchange;
use crate::service::admin::OPERATOR;
use crate::service::ingest::{Content, Deliverer, Delivery, Mode, Report, ingest_content};

/// Loads what was named, in order.
pub fn run(options: &ImportOptions) -> Result<ExitCode, Failure> {
    let said = Said { form: options.form.as_deref(), charset: options.charset.as_deref() };
    let mut sources = Vec::new();
    for file in files(&options.sources, said, false)? {
        let delivery = delivery(&file, options)?;
        sources.push((file, delivery));
    }
    let exchange = open_exchange(&options.config)?;
    let deliverer = Deliverer { member: OPERATOR.to_owned(), label: operator_label(), certificate: None };
    for (file, delivery) in &sources {
        let report = load(&exchange, &deliverer, file, *delivery)?;
        say(if options.json {
            serde_json::to_string(&report).map_err(Failure::system)?
        } else {
            line(&file.path, &report)
        });
        if !options.json {
            for error in &report.errors {
                say(format!(
                    "    第 {} 行 line {}: {} [{}] {}",
                    error.line,
                    error.line,
                    error.column.as_deref().unwrap_or(""),
                    error.rule,
                    error.message
                ));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn load(
    exchange: &Exchange,
    deliverer: &Deliverer,
    file: &Delivered,
    delivery: Delivery,
) -> Result<Report, Failure> {
    let wrong = |why: &dyn ToString| Failure::usage(format!("{}: {}", file.path.display(), why.to_string()));
    file.check_digest().map_err(|why| wrong(&why))?.map_err(|why| Failure::no(why).about(&file.path))?;
    let source = File::open(&file.path).map_err(|why| wrong(&why))?;
    let bar = bar("行 rows", file.stated_rows().unwrap_or(0));
    let bytes = file.compression.unpack(source).map_err(Failure::system)?;
    let content = Content { bytes, charset: file.charset, rows: file.stated_rows() };
    let loaded = ingest_content(exchange, deliverer, delivery, content, &mut |rows| bar.set_position(rows));
    bar.finish_and_clear();
    loaded.map_err(|error| Failure::from(error).about(&file.path))
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

/// What the manifest says of a file, or the options of one alone.
fn delivery(file: &Delivered, options: &ImportOptions) -> Result<Delivery, Failure> {
    let mode = if options.skip_bad { Mode::SkipBad } else { Mode::All };
    let (form, syntax) = (file.form, file.syntax);
    if let Some(stated) = &file.stated {
        let (coverage_from, coverage_to, as_of) = (stated.coverage_from, stated.coverage_to, stated.as_of);
        return Ok(Delivery { form, syntax, coverage_from, coverage_to, as_of, mode });
    }
    let needed = || Failure::usage("a file alone needs --form FORM --coverage FROM..TO --as-of DATE");
    let coverage = options.coverage.as_deref().and_then(|text| text.split_once("..")).ok_or_else(needed)?;
    let date = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| needed());
    Ok(Delivery {
        form,
        syntax,
        coverage_from: date(coverage.0)?,
        coverage_to: date(coverage.1)?,
        as_of: options.as_of.ok_or_else(needed)?,
        mode,
    })
}
