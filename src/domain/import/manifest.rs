//! `manifest.json`: the files of one delivery, in the order to load them. Its schema is `schema/import/manifest.schema`.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{Charset, Compression, Syntax};

/// A delivery: its files in load order, and where it comes from if it is synthetic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The synthetic city the files describe; absent in a delivery of real data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<ManifestCity>,
    /// The files, to be loaded in this order: a later one may amend an earlier one.
    pub files: Vec<ManifestFile>,
}

/// What a synthetic city is made from. The same three values give the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestCity {
    /// Seed of everything random.
    pub seed: u64,
    /// Number of taxpayers.
    pub taxpayers: u64,
    /// First day of the last month with filings.
    pub until: NaiveDate,
}

/// One file of a delivery. Whether its header is in English or Chinese names it shows by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// File name beside the manifest.
    pub file: String,
    /// Name of the form its rows are in.
    pub form: String,
    /// How its rows are written.
    pub syntax: Syntax,
    /// Charset of a text; UTF-8 unless stated. A workbook has none to state.
    #[serde(default, skip_serializing_if = "is_default")]
    pub encoding: Charset,
    /// How the file is compressed; not at all unless stated.
    #[serde(default, skip_serializing_if = "is_default")]
    pub compression: Compression,
    /// First day of the tax periods it covers.
    pub coverage_from: NaiveDate,
    /// Last day of the tax periods it covers.
    pub coverage_to: NaiveDate,
    /// Day on which the bureau's books stood so.
    pub as_of: NaiveDate,
    /// Number of data rows.
    pub rows: u64,
    /// SHA-256 of the file as it lies there, compressed or not: lower-case hexadecimal.
    pub sha256: String,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
