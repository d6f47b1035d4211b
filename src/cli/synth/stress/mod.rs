//! The stress delivery: every kind of bad row and bad file beside good ones, with a list of what should be said of each,
//! and the same delivery corrected.
//!
//! Rows are those of the city's own firms. In `stress/` some are spoilt, one way each; `stress/expected.json` names file,
//! row, column and rule, or the marks. `stress-corrected/` has the same files with every row as it should be.

mod broken;
mod marks;
mod page;
mod pool;
mod rejections;

use std::fs;
use std::io;
use std::path::Path;

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::calendar::Span;
use super::{City, SynthError};
use crate::domain::import::Syntax;
use crate::domain::import::manifest::{Manifest, ManifestFile};
use page::Page;
use pool::Pool;

/// Directory of the delivery with the faults, beside the city's files.
pub const STRESS: &str = "stress";
/// Directory of the same delivery without them.
pub const STRESS_CORRECTED: &str = "stress-corrected";
/// The list of what should be said, in [`STRESS`].
pub const EXPECTED: &str = "expected.json";

/// What should be said of one row, or of a file as a whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The file.
    pub file: String,
    /// Number of the data row, from 1; none where the file as a whole is refused.
    pub row: Option<u64>,
    /// The column at fault by its English name, unless it is the row or file as a whole, or a mark.
    pub column: Option<String>,
    /// The input rule that the row or file breaks; none of a row that is taken and marked.
    pub rule: Option<String>,
    /// The rules of the form that a row fails that is taken all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<String>,
}

/// Writes both deliveries of the city's stress under a directory, and the list; returns it.
pub fn write_stress(city: &City, out: &Path) -> Result<Vec<Expected>, SynthError> {
    let span = city.span()?;
    let mut pool = Pool::fill(city, &span)?;
    let pages: Vec<Page> = rejections::pages().into_iter().chain(marks::pages()).collect();
    let (mut spoilt, mut right) = (Delivery::open(out, STRESS)?, Delivery::open(out, STRESS_CORRECTED)?);
    let mut expected = Vec::new();
    for page in &pages {
        let (bad, good) = page.render(&mut pool, &mut expected)?;
        spoilt.add(page.listed(&span, page.rows()), &bad)?;
        right.add(page.listed(&span, page.rows()), &good)?;
    }
    for file in broken::files(&mut pool)? {
        let listed = file.listed(&span);
        expected.push(file.expected());
        spoilt.add(listed.clone(), &file.bad)?;
        if file.misstates {
            spoilt.misstate_last(file.rule)?;
        }
        right.add(listed, &file.good)?;
    }
    let text = serde_json::to_string_pretty(&expected).map_err(io::Error::from);
    let path = out.join(STRESS).join(EXPECTED);
    text.and_then(|text| fs::write(&path, text + "\n"))
        .map_err(|source| SynthError::Write { path, source })?;
    spoilt.finish()?;
    right.finish()?;
    Ok(expected)
}

/// A delivery being written, small enough to be held.
struct Delivery {
    directory: std::path::PathBuf,
    files: Vec<ManifestFile>,
}

impl Delivery {
    fn open(out: &Path, name: &str) -> Result<Self, SynthError> {
        let directory = out.join(name);
        fs::create_dir_all(&directory)
            .map_err(|source| SynthError::Write { path: directory.clone(), source })?;
        Ok(Self { directory, files: Vec::new() })
    }

    fn add(&mut self, mut listed: ManifestFile, bytes: &[u8]) -> Result<(), SynthError> {
        let path = self.directory.join(&listed.file);
        fs::write(&path, bytes).map_err(|source| SynthError::Write { path, source })?;
        let sha256 = digest(&SHA256, bytes);
        listed.sha256 = sha256.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        self.files.push(listed);
        Ok(())
    }

    /// Makes the manifest say something else of the last file than is true.
    fn misstate_last(&mut self, rule: crate::domain::import::InputRule) -> Result<(), SynthError> {
        if let Some(last) = self.files.last_mut() {
            if rule == crate::domain::import::InputRule::ManifestRows {
                last.rows += 1;
            } else {
                last.sha256 = "0".repeat(64);
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<(), SynthError> {
        let path = self.directory.join("manifest.json");
        let manifest = Manifest { city: None, files: self.files };
        let text = serde_json::to_string_pretty(&manifest).map_err(io::Error::from);
        text.and_then(|text| fs::write(&path, text + "\n"))
            .map_err(|source| SynthError::Write { path, source })
    }
}

/// File ending of a syntax.
fn ending(syntax: Syntax) -> &'static str {
    syntax.as_str()
}

/// Coverage and day of the stress delivery's files: those of the city.
fn blank_listed(form: &str, file: String, syntax: Syntax, span: &Span, rows: u64) -> ManifestFile {
    ManifestFile {
        file,
        form: form.to_owned(),
        syntax,
        encoding: Default::default(),
        compression: Default::default(),
        coverage_from: span.origin(),
        coverage_to: span.end(),
        as_of: span.as_of,
        rows,
        sha256: String::new(),
    }
}
