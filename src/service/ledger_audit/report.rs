//! What an audit found: everything in order, or the first thing that is not.

use std::fmt;

use serde::Serialize;

use crate::ledger::hash::{Hash, empty_root};

/// The first difference. Neither side names a taxpayer: they are hashes, digests, commitments, indices and names of kinds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Mismatch {
    /// The entry, unless it is about the ledger as a whole.
    pub index: Option<u64>,
    /// What differs.
    pub what: String,
    /// What follows from the rest of the ledger.
    pub expected: String,
    /// What is stored.
    pub found: String,
}

impl Mismatch {
    /// About one entry.
    pub fn at(index: u64, what: &str, expected: impl ToString, found: impl ToString) -> Self {
        Self { index: Some(index), ..Self::of_ledger(what, expected, found) }
    }

    /// About the ledger as a whole.
    pub fn of_ledger(what: &str, expected: impl ToString, found: impl ToString) -> Self {
        Self { index: None, what: what.to_owned(), expected: expected.to_string(), found: found.to_string() }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(index) = self.index {
            write!(f, "entry {index}: ")?;
        }
        write!(f, "{}: expected {}, found {}", self.what, self.expected, self.found)
    }
}

/// What was looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Counts {
    /// Entries.
    pub entries: u64,
    /// Bytes of their leaves.
    pub leaf_bytes: u64,
    /// Full tiles.
    pub tiles: u64,
    /// Releases that were granted, with their JWTs.
    pub releases: u64,
    /// Dossiers sent again.
    pub repeats: u64,
    /// Pulls that were refused.
    pub refusals: u64,
    /// Consents granted.
    pub consents: u64,
    /// Firms' own copies.
    pub copies: u64,
    /// Deliveries made visible.
    pub batches: u64,
    /// What was said of records: disputes, decisions, notices, statements, and changes of the fairness rule.
    pub annotations: u64,
    /// Commitments that a kept salt opened.
    pub opened: u64,
    /// Entries whose salt was erased.
    pub erased: u64,
}

impl Counts {
    /// Both together.
    pub fn add(&mut self, other: &Counts) {
        let Counts {
            entries,
            leaf_bytes,
            tiles,
            releases,
            repeats,
            refusals,
            consents,
            copies,
            batches,
            annotations,
            opened,
            erased,
        } = other;
        self.entries += entries;
        self.leaf_bytes += leaf_bytes;
        self.tiles += tiles;
        self.releases += releases;
        self.repeats += repeats;
        self.refusals += refusals;
        self.consents += consents;
        self.copies += copies;
        self.batches += batches;
        self.annotations += annotations;
        self.opened += opened;
        self.erased += erased;
    }
}

/// The result of an audit.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AuditReport {
    /// Entries that the ledger had at the start of the audit.
    pub size: u64,
    /// Root recomputed from them, base64; of those before the mismatch, if there is one.
    pub root: String,
    /// Signed checkpoints that were found to agree, as (where from, size).
    pub checkpoints: Vec<(String, u64)>,
    /// What was looked at before the end or the mismatch.
    pub counts: Counts,
    /// The first mismatch; `None` if everything is in order.
    pub mismatch: Option<Mismatch>,
}

impl AuditReport {
    /// Whether everything is in order.
    pub fn holds(&self) -> bool {
        self.mismatch.is_none()
    }

    pub(super) fn new(size: u64, root: Hash) -> Self {
        Self {
            size,
            root: root.to_string(),
            checkpoints: Vec::new(),
            counts: Counts::default(),
            mismatch: None,
        }
    }
}

impl Default for AuditReport {
    fn default() -> Self {
        Self::new(0, empty_root())
    }
}
