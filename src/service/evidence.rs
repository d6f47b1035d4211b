//! The ledger as its readers see it: the newest checkpoint, proofs, receipts.

use std::sync::Arc;

use super::Exchange;
use super::error::{ServiceError, ServiceResult};
use super::receipt::Receipt;
use super::witnesses::cosigned_covering;
use crate::ledger::entry::EntryKind;
use crate::ledger::proof::inclusion_proof;
use crate::ledger::receipt::InclusionReceipt;
use crate::store::tree::DbNodes;
use crate::store::{ledger, ledger_read};

/// A signed, anchored head.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Published {
    /// How many entries it covers.
    pub size: u64,
    /// The checkpoint, a signed note.
    pub note: String,
    /// Index of the newest entry that it covers and that changes what a section says, or -1.
    pub last_batch_index: i64,
}

/// The newest checkpoint: the one signed last if nothing was appended since, so that asking costs no write.
pub async fn newest(exchange: &Arc<Exchange>) -> ServiceResult<Published> {
    let size = exchange.point_read(|e| Ok(e.ledger.read(ledger::head)?.frontier.size())).await?;
    match exchange.writer.published() {
        Some(published) if published.size == size => Ok(exchange.witnesses.dress((*published).clone())),
        Some(_) | None => checkpoint(exchange).await,
    }
}

/// The checkpoint of the ledger as it stands now, also of what other processes appended.
pub async fn checkpoint(exchange: &Arc<Exchange>) -> ServiceResult<Published> {
    // A unit without entries checks the head against what was signed before, signs it and anchors it.
    let ((), committed) = exchange.writer.unit(|_c, _now| Ok(Ok(((), Vec::new())))).await?;
    Ok(committed.published())
}

/// The newest checkpoint that this process signed, if it covers the entry; a newer one otherwise.
pub(super) async fn covering(exchange: &Arc<Exchange>, index: u64) -> ServiceResult<Published> {
    match exchange.writer.published() {
        Some(published) if published.size > index => Ok((*published).clone()),
        Some(_) | None => checkpoint(exchange).await,
    }
}

/// The receipt of the newest entry of a kind about an object.
pub async fn receipt_of(
    exchange: &Arc<Exchange>,
    object_id: &str,
    kind: EntryKind,
) -> ServiceResult<Receipt> {
    let id = object_id.to_owned();
    let entry = exchange
        .point_read(move |e| Ok(e.ledger.read(|c| ledger_read::entry_about(c, &id, kind))?))
        .await?
        .ok_or_else(|| ServiceError::internal("an object has no entry in the ledger"))?;
    let published = best_covering(exchange, entry.index).await?;
    let proof = prove(exchange, entry.index, published).await?;
    Ok(Receipt::new(&entry.leaf, entry.salt.as_deref().unwrap_or_default(), &proof))
}

pub(super) async fn prove(
    exchange: &Arc<Exchange>,
    index: u64,
    published: Published,
) -> ServiceResult<InclusionReceipt> {
    let size = published.size;
    let hashes = exchange
        .point_read(move |e| {
            Ok(e.ledger.read(|c| inclusion_proof(index, size, &mut DbNodes::new(c, size)))?)
        })
        .await?;
    Ok(InclusionReceipt { index, hashes, checkpoint: published.note })
}

/// The checkpoint for a receipt: one that witnesses cosigned shows that others see the same ledger, which is better
/// than a newer one.
async fn best_covering(exchange: &Arc<Exchange>, index: u64) -> ServiceResult<Published> {
    match cosigned_covering(exchange, index) {
        Some(cosigned) => Ok(Published {
            size: cosigned.size,
            note: cosigned.note.clone(),
            // Which deliveries it covers, no receipt asks.
            last_batch_index: -1,
        }),
        None => covering(exchange, index).await,
    }
}
