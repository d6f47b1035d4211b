//! Receipts: what a caller keeps to prove that an entry is in the ledger.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::error::{ServiceError, ServiceResult};
use super::evidence::Published;
use crate::ledger::receipt::InclusionReceipt;
use crate::store::ledger::{Appended, Entry};

/// An entry, the salt that opens its commitments, and a `tlog-proof` of its inclusion.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Receipt {
    /// The leaf's bytes, base64.
    pub entry: String,
    /// 32 bytes, base64; empty if erased.
    pub salt: String,
    /// Text of `c2sp.org/tlog-proof@v1`.
    pub proof: String,
}

impl Receipt {
    /// Puts the parts together.
    pub fn new(leaf: &[u8], salt: &[u8], proof: &InclusionReceipt) -> Self {
        Self { entry: STANDARD.encode(leaf), salt: STANDARD.encode(salt), proof: proof.to_text() }
    }
}

/// What one transaction added to the ledger, with the checkpoint that covers it.
#[derive(Debug)]
pub struct Committed {
    appended: Appended,
    checkpoint: String,
}

impl Committed {
    pub(super) fn new(appended: Appended, checkpoint: String) -> Self {
        Self { appended, checkpoint }
    }

    /// The head after it, as published.
    pub fn published(&self) -> Published {
        Published {
            size: self.appended.head.frontier.size(),
            note: self.checkpoint.clone(),
            last_batch_index: self.appended.head.last_batch_index,
        }
    }

    /// The entry appended at this place of the transaction.
    pub fn entry(&self, place: usize) -> ServiceResult<&Entry> {
        self.appended.entries.get(place).ok_or_else(|| ServiceError::internal("no such entry in the unit"))
    }

    /// The receipt of the entry appended at this place of the transaction.
    pub fn receipt(&self, place: usize) -> ServiceResult<Receipt> {
        let entry = self.entry(place)?;
        let hashes = self
            .appended
            .tree
            .inclusion_proof(entry.index)
            .ok_or_else(|| ServiceError::internal("an appended entry has no proof"))?;
        let proof = InclusionReceipt { index: entry.index, hashes, checkpoint: self.checkpoint.clone() };
        Ok(Receipt::new(&entry.leaf, &entry.salt, &proof))
    }
}
