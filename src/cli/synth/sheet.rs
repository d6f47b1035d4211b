//! One file of a city: rows out, counted and hashed on the way; plain, or in the dress of a real export.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use ring::digest::{Context, Digest, SHA256};
use serde_json::{Map, Number, Value as Json};

use super::SynthError;
use super::row::{Row, Value};
use crate::domain::import::manifest::ManifestFile;
use crate::domain::import::{Charset, Column, Compression, Form, Kind, Syntax};

/// A file being written, and what the manifest will say of it.
pub(super) struct Sheet {
    path: PathBuf,
    writer: Packer,
    form: &'static Form,
    /// Header and values as people read them: Chinese names, money in 元 with thousands separators.
    chinese: bool,
    /// Places of the form's columns by name.
    places: HashMap<&'static str, usize>,
    /// The cells of the running row, kept for their memory.
    cells: Vec<String>,
    listed: ManifestFile,
}

impl Sheet {
    /// Creates or empties the file, and writes its header.
    pub(super) fn create(
        out: &Path,
        form: &'static Form,
        chinese: bool,
        listed: ManifestFile,
    ) -> Result<Self, SynthError> {
        let path = out.join(&listed.file);
        let file = File::create(&path).map_err(|source| SynthError::Write { path: path.clone(), source })?;
        let columns = form.columns();
        let places =
            columns.iter().enumerate().map(|(place, column)| (column.name.as_str(), place)).collect();
        let hashed = Hashed { inner: BufWriter::new(file), digest: Context::new(&SHA256) };
        let writer = Packer::new(listed.compression, hashed)
            .map_err(|source| SynthError::Write { path: path.clone(), source })?;
        let cells = vec![String::new(); columns.len()];
        let mut sheet = Self { path, writer, form, chinese, places, cells, listed };
        if sheet.listed.syntax == Syntax::Csv {
            let names = columns.iter().map(|column| quoted(&header_cell(column, chinese)));
            let header = names.collect::<Vec<_>>().join(",");
            sheet.line(&header)?;
        }
        Ok(sheet)
    }

    /// Writes a data row.
    pub(super) fn row(&mut self, row: &Row) -> Result<(), SynthError> {
        self.listed.rows = self.listed.rows.saturating_add(1);
        let line = match self.listed.syntax {
            Syntax::Csv => self.csv_line(row)?,
            Syntax::Ndjson | Syntax::Xlsx => self.json_line(row)?, // no city has a workbook
        };
        self.line(&line)
    }

    fn csv_line(&mut self, row: &Row) -> Result<String, SynthError> {
        self.cells.iter_mut().for_each(String::clear);
        for (name, value) in &row.0 {
            let place = *self.places.get(name.as_ref()).ok_or_else(|| unknown(&self.listed, name))?;
            let column = &self.form.columns()[place];
            self.cells[place] = if self.chinese { shown(value, column) } else { plain(value) };
        }
        Ok(self.cells.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(","))
    }

    fn json_line(&self, row: &Row) -> Result<String, SynthError> {
        let mut members = Map::new();
        for (name, value) in &row.0 {
            if !self.places.contains_key(name.as_ref()) {
                return Err(unknown(&self.listed, name));
            }
            let json = match value {
                Value::Fen(number) | Value::Integer(number) => Json::Number(Number::from(*number)),
                Value::Boolean(yes) => Json::Bool(*yes),
                Value::Text(_) | Value::Date(_) => Json::String(plain(value)),
            };
            members.insert(name.to_string(), json);
        }
        Ok(Json::Object(members).to_string())
    }

    fn line(&mut self, line: &str) -> Result<(), SynthError> {
        let written = match self.listed.encoding {
            Charset::Utf8 => self.writer.line(line.as_bytes()),
            Charset::Gb18030 => self.writer.line(&encoding_rs::GB18030.encode(line).0),
        };
        written.map_err(|source| self.failed(source))
    }

    /// Completes the file and what the manifest says of it.
    pub(super) fn close(self) -> Result<ManifestFile, SynthError> {
        let Self { path, writer, mut listed, .. } = self;
        let digest = writer.finish().map_err(|source| SynthError::Write { path, source })?;
        listed.sha256 = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(listed)
    }

    fn failed(&self, source: io::Error) -> SynthError {
        SynthError::Write { path: self.path.clone(), source }
    }
}

/// Packs what is written, or does not.
enum Packer {
    None(Hashed<BufWriter<File>>),
    Gzip(GzEncoder<Hashed<BufWriter<File>>>),
    Zstd(zstd::stream::write::Encoder<'static, Hashed<BufWriter<File>>>),
}

impl Packer {
    fn new(compression: Compression, inner: Hashed<BufWriter<File>>) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Packer::None(inner),
            Compression::Gzip => Packer::Gzip(GzEncoder::new(inner, flate2::Compression::default())),
            Compression::Zstd => Packer::Zstd(zstd::stream::write::Encoder::new(inner, 3)?),
        })
    }

    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        let inner: &mut dyn Write = match self {
            Packer::None(inner) => inner,
            Packer::Gzip(inner) => inner,
            Packer::Zstd(inner) => inner,
        };
        inner.write_all(line)?;
        inner.write_all(b"\n")
    }

    /// Completes the file; the digest of what it is.
    fn finish(self) -> io::Result<Digest> {
        let mut inner = match self {
            Packer::None(inner) => inner,
            Packer::Gzip(inner) => inner.finish()?,
            Packer::Zstd(inner) => inner.finish()?,
        };
        inner.flush()?;
        Ok(inner.digest.finish())
    }
}

/// Writes through, and hashes what was written.
struct Hashed<W: Write> {
    inner: W,
    digest: Context,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.digest.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// A column's name in the header; in Chinese with its unit, in full-width brackets as exports have them.
pub(super) fn header_cell(column: &Column, chinese: bool) -> String {
    match (chinese, column.unit_zh.as_str()) {
        (false, _) => column.name.clone(),
        (true, "") => column.name_zh.clone(),
        (true, unit) => format!("{}（{unit}）", column.name_zh),
    }
}

/// A value as people read it: 元 and 分 with thousands separators, 是 and 否, a code by its Chinese name.
pub(super) fn shown(value: &Value, column: &Column) -> String {
    match value {
        Value::Fen(fen) => yuan(*fen),
        Value::Boolean(yes) => if *yes { "是" } else { "否" }.to_owned(),
        Value::Text(text) if column.kind == Kind::Code => {
            let choice = column.choices.iter().find(|choice| choice.code == *text);
            choice.map_or_else(|| text.clone(), |choice| choice.label_zh.clone())
        }
        Value::Integer(_) | Value::Text(_) | Value::Date(_) => plain(value),
    }
}

/// An amount in 元 with two decimals and commas between groups of three digits.
fn yuan(fen: i64) -> String {
    let (sign, absolute) = (if fen < 0 { "-" } else { "" }, fen.unsigned_abs());
    let digits = (absolute / 100).to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}.{:02}", absolute % 100)
}

/// A value as our own files have it.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Fen(number) | Value::Integer(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Date(day) => day.to_string(),
        Value::Boolean(yes) => yes.to_string(),
    }
}

/// A cell of CSV (RFC 4180).
pub(super) fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

fn unknown(listed: &ManifestFile, column: &str) -> SynthError {
    SynthError::Column { form: listed.form.clone(), column: column.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_as_people_read_it() {
        assert_eq!(yuan(0), "0.00");
        assert_eq!(yuan(123_456_789), "1,234,567.89");
        assert_eq!(yuan(-100_005), "-1,000.05");
        assert_eq!(yuan(99_900), "999.00");
    }
}
