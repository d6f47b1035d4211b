//! One file of a city: lines out, counted and hashed on the way.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};
use serde::Serialize;

use super::SynthError;
use crate::domain::import::manifest::ManifestFile;

/// A file being written, and what the manifest will say of it.
pub(super) struct Sheet {
    path: PathBuf,
    writer: BufWriter<File>,
    digest: Context,
    listed: ManifestFile,
}

impl Sheet {
    /// Creates or empties the file.
    pub(super) fn create(out: &Path, listed: ManifestFile) -> Result<Self, SynthError> {
        let path = out.join(&listed.file);
        let file = File::create(&path).map_err(|source| SynthError::Write { path: path.clone(), source })?;
        Ok(Self { path, writer: BufWriter::new(file), digest: Context::new(&SHA256), listed })
    }

    /// Writes a line that is no data row, such as a header.
    pub(super) fn line(&mut self, line: &str) -> Result<(), SynthError> {
        let written = [line.as_bytes(), b"\n"].into_iter().try_for_each(|bytes| {
            self.digest.update(bytes);
            self.writer.write_all(bytes)
        });
        written.map_err(|source| self.failed(source))
    }

    /// Writes a data row.
    pub(super) fn row(&mut self, row: &str) -> Result<(), SynthError> {
        self.listed.rows = self.listed.rows.saturating_add(1);
        self.line(row)
    }

    /// Writes a data row of NDJSON.
    pub(super) fn json_row<T: Serialize>(&mut self, row: &T) -> Result<(), SynthError> {
        let text = serde_json::to_string(row).map_err(|error| self.failed(io::Error::from(error)))?;
        self.row(&text)
    }

    /// Completes the file and what the manifest says of it.
    pub(super) fn close(mut self) -> Result<ManifestFile, SynthError> {
        self.writer.flush().map_err(|source| self.failed(source))?;
        let digest = self.digest.finish();
        let mut listed = self.listed;
        listed.sha256 = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(listed)
    }

    fn failed(&self, source: io::Error) -> SynthError {
        SynthError::Write { path: self.path.clone(), source }
    }
}
