//! One file of a city: rows out, counted and hashed on the way.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};
use serde_json::{Map, Number, Value as Json};

use super::SynthError;
use super::row::{Row, Value};
use crate::domain::import::manifest::ManifestFile;
use crate::domain::import::{Form, Syntax};

/// A file being written, and what the manifest will say of it.
pub(super) struct Sheet {
    path: PathBuf,
    writer: Hashed<BufWriter<File>>,
    /// Places of the form's columns by name.
    places: HashMap<&'static str, usize>,
    /// The cells of the running row, kept for their memory.
    cells: Vec<String>,
    listed: ManifestFile,
}

impl Sheet {
    /// Creates or empties the file, and writes its header.
    pub(super) fn create(out: &Path, form: &'static Form, listed: ManifestFile) -> Result<Self, SynthError> {
        let path = out.join(&listed.file);
        let file = File::create(&path).map_err(|source| SynthError::Write { path: path.clone(), source })?;
        let names = form.columns().iter().map(|column| column.name.as_str());
        let places = names.clone().enumerate().map(|(place, name)| (name, place)).collect();
        let writer = Hashed { inner: BufWriter::new(file), digest: Context::new(&SHA256) };
        let cells = vec![String::new(); form.columns().len()];
        let mut sheet = Self { path, writer, places, cells, listed };
        if sheet.listed.syntax == Syntax::Csv {
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
            Syntax::Ndjson => self.json_line(row)?,
        };
        self.line(&line)
    }

    fn csv_line(&mut self, row: &Row) -> Result<String, SynthError> {
        self.cells.iter_mut().for_each(String::clear);
        for (name, value) in &row.0 {
            let place = *self.places.get(name.as_ref()).ok_or_else(|| unknown(&self.listed, name))?;
            self.cells[place] = plain(value);
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
        let written = [line.as_bytes(), b"\n"].into_iter().try_for_each(|bytes| self.writer.write_all(bytes));
        written.map_err(|source| self.failed(source))
    }

    /// Completes the file and what the manifest says of it.
    pub(super) fn close(mut self) -> Result<ManifestFile, SynthError> {
        self.writer.flush().map_err(|source| self.failed(source))?;
        let digest = self.writer.digest.finish();
        let mut listed = self.listed;
        listed.sha256 = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(listed)
    }

    fn failed(&self, source: io::Error) -> SynthError {
        SynthError::Write { path: self.path.clone(), source }
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

/// A value as our own files have it.
fn plain(value: &Value) -> String {
    match value {
        Value::Fen(number) | Value::Integer(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Date(day) => day.to_string(),
        Value::Boolean(yes) => yes.to_string(),
    }
}

/// A cell of CSV (RFC 4180).
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

fn unknown(listed: &ManifestFile, column: &str) -> SynthError {
    SynthError::Column { form: listed.form.clone(), column: column.to_owned() }
}
