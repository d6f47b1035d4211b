//! `shuidaiyi check`: everything that an import checks, without a database or configuration, before anything is sent.
//!
//! A record that stands twice in a file is found by a 64-bit hash of its key: eight bytes a record, and with ten
//! million of them a chance of three in a million that two different records are taken for one.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::hash::BuildHasher;
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use indicatif::ProgressBar;
use serde::Serialize;

use super::arguments::CheckOptions;
use super::delivered::{Delivered, Said, files};
use super::output::{Failure, NO, USAGE, say};
use super::synth_command::bar;
use crate::domain::import::rejected::{RejectedFile, Remark};
use crate::domain::import::{Broken, Compression, InputFault, InputRule, RowError, RowProblem, Rows, Syntax};
use crate::domain::record::Record;

/// Rejected rows told of one file.
const TOLD: usize = 100;

/// What was found in a file.
#[derive(Debug, Serialize)]
struct Report {
    file: String,
    form: &'static str,
    #[serde(skip)]
    title: &'static str,
    rows: u64,
    accepted: u64,
    marked: u64,
    rejected: u64,
    /// Rejected rows by the rule that they break.
    rejected_by_rule: BTreeMap<&'static str, u64>,
    /// Marks by the rule of the form that the figures disagree with.
    marks_by_rule: BTreeMap<String, u64>,
    /// The first rejected rows.
    errors: Vec<RowError>,
    /// Why the file cannot be read, or not to its end.
    unreadable: Option<Broken>,
}

/// Checks what was named, in order.
pub fn run(options: &CheckOptions) -> Result<ExitCode, Failure> {
    let said = Said { form: options.form.as_deref(), charset: options.charset.as_deref() };
    let files = files(&options.sources, said, true)?;
    let mut code = 0;
    for file in &files {
        let out = options.errors_out.as_deref().map(|out| errors_path(out, file, files.len() > 1));
        let report = check(file, out.as_deref(), options.json)?;
        code = code.max(match (&report.unreadable, report.rejected) {
            (Some(_), _) => USAGE,
            (None, 0) => 0,
            (None, _) => NO,
        });
        if options.json {
            say(serde_json::to_string(&report).map_err(Failure::system)?);
        } else {
            print(&report, file, out.filter(|_| report.rejected > 0).as_deref());
        }
    }
    Ok(ExitCode::from(code))
}

/// Where the rejected rows go: to the file named, or, if there are several to check, into a directory of that name.
fn errors_path(out: &Path, file: &Delivered, several: bool) -> PathBuf {
    if !several {
        return out.to_owned();
    }
    let name = file.name();
    let (_, inner) = Compression::of_name(&name);
    let stem = inner.rsplit_once('.').map_or(inner, |(stem, _)| stem);
    let ending = if file.syntax == Syntax::Ndjson { "ndjson" } else { "csv" };
    out.join(format!("{stem}-errors.{ending}"))
}

fn check(file: &Delivered, out: Option<&Path>, quiet: bool) -> Result<Report, Failure> {
    let wrong = |why: io::Error| Failure::usage(format!("{}: {why}", file.path.display()));
    let length = std::fs::metadata(&file.path).map_err(wrong)?.len();
    let bar = if quiet { ProgressBar::hidden() } else { bar("字节 bytes", length) };
    let mut report = Report {
        file: file.name(),
        form: file.form.id(),
        title: file.form.title(),
        rows: 0,
        accepted: 0,
        marked: 0,
        rejected: 0,
        rejected_by_rule: BTreeMap::new(),
        marks_by_rule: BTreeMap::new(),
        errors: Vec::new(),
        unreadable: None,
    };
    let outcome = match file.check_digest().map_err(wrong)? {
        Ok(()) => match open(file, &bar).map_err(wrong)? {
            Ok(rows) => read(rows, &mut report, Rejected::new(out)).map_err(Failure::system)?,
            Err(broken) => Err(broken),
        },
        Err(broken) => Err(broken),
    };
    bar.finish_and_clear();
    report.unreadable = outcome.and_then(|()| file.check_rows(report.rows)).err();
    Ok(report)
}

/// Starts reading the file, its progress on the bar.
fn open(file: &Delivered, bar: &ProgressBar) -> io::Result<Result<Rows<'static>, Broken>> {
    let source = bar.wrap_read(File::open(&file.path)?);
    Ok(match (file.syntax, file.compression) {
        (Syntax::Csv | Syntax::Ndjson, compression) => {
            Rows::decoded(file.form, file.syntax, file.charset, compression.unpack(source)?)
        }
        (Syntax::Xlsx, Compression::None) => Rows::workbook(file.form, source),
        (Syntax::Xlsx, compression) => {
            let mut unpacked = tempfile::tempfile()?;
            match io::copy(&mut compression.unpack(source)?, &mut unpacked) {
                Ok(_) => {
                    unpacked.rewind()?;
                    Rows::workbook(file.form, unpacked)
                }
                Err(error) => {
                    let fault = InputFault::of(&error);
                    Err(Broken { line: 0, rule: fault.rule, message: fault.message })
                }
            }
        }
    })
}

fn read(mut rows: Rows<'_>, report: &mut Report, mut rejected: Rejected) -> io::Result<Result<(), Broken>> {
    let mut seen = Seen::default();
    let mut end = Ok(());
    while let Some(row) = rows.next() {
        let row = match row {
            Ok(record) if seen.is_new(&record) => Ok(record),
            Ok(_repeated) => Err(twice(&rows)),
            Err(RowProblem::Rejected(error)) => Err(error),
            Err(RowProblem::Broken(broken)) => {
                end = Err(broken);
                break;
            }
        };
        match row {
            Ok(record) => {
                report.accepted += 1;
                report.marked += u64::from(!record.marks.is_empty());
                for mark in record.marks {
                    *report.marks_by_rule.entry(mark.rule).or_default() += 1;
                }
            }
            Err(error) => {
                report.rejected += 1;
                *report.rejected_by_rule.entry(error.rule.as_str()).or_default() += 1;
                rejected.write(&rows, &error)?;
                if report.errors.len() < TOLD {
                    report.errors.push(error);
                }
            }
        }
    }
    report.rows = rows.rows_read();
    rejected.finish()?;
    Ok(end)
}

fn twice(rows: &Rows<'_>) -> RowError {
    RowError {
        row: rows.rows_read(),
        line: rows.line(),
        column: None,
        rule: InputRule::DuplicateRecord,
        message: "this record stands twice in the delivery: send one row for it".to_owned(),
    }
}

/// The records of a file so far, each as a hash of what tells it apart.
#[derive(Default)]
struct Seen {
    keys: HashSet<u64>,
    hasher: RandomState,
}

impl Seen {
    fn is_new(&mut self, record: &Record) -> bool {
        self.keys.insert(self.hasher.hash_one((record.taxpayer.as_str(), record.section, &record.key)))
    }
}

/// The file of rejected rows; made with the first of them.
struct Rejected {
    path: Option<PathBuf>,
    open: Option<(BufWriter<File>, RejectedFile)>,
}

impl Rejected {
    fn new(path: Option<&Path>) -> Self {
        Self { path: path.map(Path::to_owned), open: None }
    }

    fn write(&mut self, rows: &Rows<'_>, error: &RowError) -> io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        if self.open.is_none() {
            if let Some(directory) = path.parent() {
                std::fs::create_dir_all(directory)?;
            }
            let file = RejectedFile::new(rows.header());
            let mut writer = BufWriter::new(File::create(path)?);
            writer.write_all(file.header().unwrap_or_default().as_bytes())?;
            self.open = Some((writer, file));
        }
        match &mut self.open {
            Some((writer, file)) => {
                writer.write_all(file.line(rows.original().as_deref(), Remark::from(error)).as_bytes())
            }
            None => Ok(()),
        }
    }

    fn finish(self) -> io::Result<()> {
        self.open.map_or(Ok(()), |(mut writer, _)| writer.flush())
    }
}

fn print(report: &Report, file: &Delivered, errors_file: Option<&Path>) {
    let Report { rows, accepted, marked, rejected, .. } = report;
    say(format!(
        "{}: {} {}，{rows} 行，可接收 {accepted}，标记 {marked}，拒绝 {rejected} (rows, would be taken, marked, rejected)",
        report.file, report.form, report.title
    ));
    for error in &report.errors {
        let column = error.column.as_deref().unwrap_or_default();
        let name_zh =
            file.form.columns().iter().find(|known| known.name == column).map(|known| &known.name_zh);
        say(format!(
            "    第 {} 行 line {}: {column} {} [{}] {}: {}",
            error.line,
            error.line,
            name_zh.map_or("", String::as_str),
            error.rule,
            error.rule.zh(),
            error.message
        ));
    }
    let by_rule = |what: &str, counts: &mut dyn Iterator<Item = String>| {
        let counts: Vec<String> = counts.collect();
        if !counts.is_empty() {
            say(format!("    {what}: {}", counts.join("，")));
        }
    };
    by_rule(
        "拒绝按规则 rejected by rule",
        &mut report.rejected_by_rule.iter().map(|(rule, n)| format!("{rule} {n}")),
    );
    by_rule(
        "标记按规则 marked by rule",
        &mut report.marks_by_rule.iter().map(|(rule, n)| format!("{rule} {n}")),
    );
    if let Some(path) = errors_file {
        say(format!("    被拒的行 rejected rows: {}", path.display()));
    }
    if let Some(broken) = &report.unreadable {
        say(format!("    无法读完 cannot be taken [{}] {}: {broken}", broken.rule, broken.rule.zh()));
    }
}
