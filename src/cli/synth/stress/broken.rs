//! Files that are refused as a whole: unreadable headers, bytes that are not what they are said to be, manifests that
//! misstate. Nothing of them is taken.

use std::io::Write;

use flate2::write::GzEncoder;

use crate::cli::synth::SynthError;
use crate::cli::synth::calendar::Span;
use crate::cli::synth::row::Row;
use crate::domain::import::manifest::ManifestFile;
use crate::domain::import::{Charset, Compression, InputRule as Rule, Syntax};

use super::pool::Pool;
use super::{Expected, blank_listed};

/// Form of every one of these files: short rows, with code, day and money.
const FORM: &str = "employment_month";
const HEADER: &str = "taxpayer_id,period_from,period_to,insured,due_fen,paid_fen,arrears_fen";
const CHINESE: &str =
    "纳税人识别号,税款所属期起,税款所属期止,参保人数,应缴费额（元）,实缴费额（元）,欠缴费额（元）";
/// More than a file may expand to: past 64 MiB two hundred times its size is the limit.
const BOMB_BYTES: usize = 66 << 20;
/// Longer than a line may be.
const LINE_BYTES: usize = (1 << 20) + 1;

/// One file, spoilt and right.
pub(super) struct Broken {
    name: &'static str,
    pub(super) rule: Rule,
    pub(super) bad: Vec<u8>,
    pub(super) good: Vec<u8>,
    encoding: Charset,
    compression: Compression,
    /// The file is right, but the manifest says something else of it.
    pub(super) misstates: bool,
}

impl Broken {
    /// What the manifest says of it, but for the digest.
    pub(super) fn listed(&self, span: &Span) -> ManifestFile {
        let mut listed = blank_listed(FORM, self.file(), Syntax::Csv, span, 1);
        listed.encoding = self.encoding;
        listed.compression = self.compression;
        listed
    }

    /// What should be said of it.
    pub(super) fn expected(&self) -> Expected {
        let rule = Some(self.rule.to_string());
        Expected { file: self.file(), row: None, column: None, rule, marks: Vec::new() }
    }

    fn file(&self) -> String {
        let packed = match self.compression {
            Compression::None => "",
            Compression::Gzip => ".gz",
            Compression::Zstd => ".zst",
        };
        format!("{FORM}-broken-{}.csv{packed}", self.name)
    }
}

/// Every broken file. Each holds one row of its own.
pub(super) fn files(pool: &mut Pool) -> Result<Vec<Broken>, SynthError> {
    let mut files = Vec::new();
    for (name, rule, header) in [
        ("header-unreadable", Rule::HeaderUnreadable, format!("\"{HEADER}")),
        ("header-unknown", Rule::HeaderUnknownColumn, format!("{HEADER},colour")),
        ("header-twice", Rule::HeaderDuplicateColumn, format!("{HEADER},insured")),
        ("header-missing", Rule::HeaderMissingColumn, HEADER.replace(",insured", "")),
        ("header-mixed", Rule::HeaderMixed, format!("{HEADER},缴费工资总额")),
    ] {
        files.push(text(name, rule, pool, |line| format!("{header}\n{line}\n"))?);
    }
    let unit = text("header-unit", Rule::HeaderUnit, pool, |line| {
        format!("{}\n{line}\n", CHINESE.replacen("（元）", "（万元）", 1))
    })?;
    files.push(unit);
    files.push(text("empty", Rule::InputEmpty, pool, |_| String::new())?);
    files.push(text("line", Rule::InputLine, pool, |line| {
        format!("{HEADER}\n{line}{}\n", " ".repeat(LINE_BYTES))
    })?);
    let mut charset = text("charset", Rule::InputCharset, pool, |_| String::new())?;
    charset.bad = encoding_rs::GB18030.encode(CHINESE).0.into_owned();
    charset.bad.push(b'\n');
    files.push(charset);
    files.extend(packed(pool)?);
    for (name, rule) in [("rows", Rule::ManifestRows), ("sha256", Rule::ManifestDigest)] {
        let mut file = text(name, rule, pool, |line| format!("{HEADER}\n{line}\n"))?;
        file.misstates = true;
        files.push(file);
    }
    Ok(files)
}

/// A file that ends too early, and one that expands without end.
fn packed(pool: &mut Pool) -> Result<Vec<Broken>, SynthError> {
    let mut cut = text("cut", Rule::InputBrokenOff, pool, |_| String::new())?;
    cut.compression = Compression::Gzip;
    cut.good = gzip(&[&cut.good])?;
    cut.bad = cut.good[..cut.good.len() - 9].to_vec();
    let mut bomb = text("expansion", Rule::InputExpansion, pool, |_| String::new())?;
    bomb.compression = Compression::Gzip;
    let blank = vec![b'\n'; BOMB_BYTES];
    bomb.bad = gzip(&[HEADER.as_bytes(), &blank])?;
    bomb.good = gzip(&[&bomb.good])?;
    Ok(vec![cut, bomb])
}

/// A file of one row of the pool's; `spoil` is given the row.
fn text(
    name: &'static str,
    rule: Rule,
    pool: &mut Pool,
    spoil: impl Fn(&str) -> String,
) -> Result<Broken, SynthError> {
    let line = line(&pool.take(FORM, super::page::any)?);
    Ok(Broken {
        name,
        rule,
        bad: spoil(&line).into_bytes(),
        good: format!("{HEADER}\n{line}\n").into_bytes(),
        encoding: Charset::Utf8,
        compression: Compression::None,
        misstates: false,
    })
}

/// The row's cells under [`HEADER`].
fn line(row: &Row) -> String {
    let cell = |wanted: &str| {
        let found = row.0.iter().find(|(name, _)| name == wanted);
        found.map_or_else(String::new, |(_, value)| crate::cli::synth::sheet::plain(value))
    };
    HEADER.split(',').map(cell).collect::<Vec<_>>().join(",")
}

fn gzip(parts: &[&[u8]]) -> Result<Vec<u8>, SynthError> {
    let mut packer = GzEncoder::new(Vec::new(), flate2::Compression::default());
    let packed = parts.iter().try_for_each(|part| packer.write_all(part)).and_then(|()| packer.finish());
    packed.map_err(|source| SynthError::Write { path: "memory".into(), source })
}
