//! A city written once and read back with the importer's own readers, for the tests of what its files say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use chrono::NaiveDate;
use serde_json::Value;

use crate::cli::synth::{City, FirmSummary, firms, write_city};
use crate::domain::import::manifest::Manifest;
use crate::domain::import::{Form, Rows};
use crate::domain::record::Record;

/// Firms of the shared city.
pub const TAXPAYERS: u64 = 260;

/// The city that most tests look at.
pub static WORLD: LazyLock<World> = LazyLock::new(|| World::of(&City::new(11, TAXPAYERS)));

/// One row as read.
pub struct Read {
    /// The form it was in.
    pub form: String,
    /// Place of its file in the manifest.
    pub file: usize,
    /// The record's body.
    pub body: Value,
    /// The record.
    pub record: Record,
}

/// A city as its reader sees it.
pub struct World {
    /// What it was made from.
    pub city: City,
    /// Its files.
    pub manifest: Manifest,
    /// Every row, in the order to load them.
    pub reads: Vec<Read>,
    /// Its firms by taxpayer number.
    pub firms: BTreeMap<String, FirmSummary>,
}

/// Facts of one form by taxpayer, the last revision of each.
pub type ByFirm<'a> = BTreeMap<&'a str, Vec<&'a Read>>;

impl World {
    /// Writes and reads a city. Panics on a row that does not load.
    pub fn of(city: &City) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let manifest = write_city(city, directory.path(), &mut |_, _| ()).unwrap();
        let reads = read(directory.path(), &manifest);
        let firms = firms(city).map(|firm| (firm.taxpayer_id.as_str().to_owned(), firm)).collect();
        Self { city: *city, manifest, reads, firms }
    }

    /// The last revision of every fact of a form, by taxpayer.
    pub fn latest(&self, form: &str) -> ByFirm<'_> {
        let mut last: BTreeMap<(&str, &str), &Read> = BTreeMap::new();
        for read in self.reads.iter().filter(|read| read.form == form) {
            last.insert((read.record.taxpayer.as_str(), &read.record.key), read);
        }
        let mut by_firm = ByFirm::new();
        for ((taxpayer, _), read) in last {
            by_firm.entry(taxpayer).or_default().push(read);
        }
        by_firm
    }

    /// Taxpayers with a marked VAT return: a slip of the pen, which comparisons leave alone.
    pub fn with_slips(&self) -> BTreeSet<&str> {
        let marked = self.reads.iter().filter(|read| !read.record.marks.is_empty());
        marked.map(|read| read.record.taxpayer.as_str()).collect()
    }
}

fn read(directory: &Path, manifest: &Manifest) -> Vec<Read> {
    let mut all = Vec::new();
    for (place, listed) in manifest.files.iter().enumerate() {
        let file = listed.compression.unpack(fs::File::open(directory.join(&listed.file)).unwrap()).unwrap();
        let form = Form::by_id(&listed.form).unwrap();
        let before = all.len();
        for item in Rows::decoded(form, listed.syntax, listed.encoding, file).unwrap() {
            let record = item.unwrap_or_else(|problem| panic!("{}: {problem}", listed.file));
            let body = serde_json::from_str(&record.body).unwrap();
            all.push(Read { form: listed.form.clone(), file: place, body, record });
        }
        assert_eq!(u64::try_from(all.len() - before).unwrap(), listed.rows, "{}", listed.file);
    }
    all
}

impl Read {
    /// A figure at a dotted path; 0 where it is not stated.
    pub fn fen(&self, path: &str) -> i64 {
        let found = path.split('.').try_fold(&self.body, |value, part| value.get(part));
        found.and_then(Value::as_i64).unwrap_or(0)
    }

    /// A text at a dotted path; empty where it is not stated.
    pub fn text(&self, path: &str) -> &str {
        let found = path.split('.').try_fold(&self.body, |value, part| value.get(part));
        found.and_then(Value::as_str).unwrap_or_default()
    }

    /// A day at a dotted path.
    pub fn date(&self, path: &str) -> NaiveDate {
        self.text(path).parse().unwrap_or_default()
    }

    /// First and last day of its period.
    pub fn period(&self) -> (NaiveDate, NaiveDate) {
        let period = self.record.period.unwrap();
        (period.from(), period.to())
    }
}
