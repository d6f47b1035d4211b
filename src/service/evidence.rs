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
    /// Index of the newest `batch.committed` entry that it covers, or -1.
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
async fn covering(exchange: &Arc<Exchange>, index: u64) -> ServiceResult<Published> {
    match exchange.writer.published() {
        Some(published) if published.size > index => Ok((*published).clone()),
        Some(_) | None => checkpoint(exchange).await,
    }
}

/// A `tlog-proof` of the entry, in the tree of `size` if that is the newest, or of the newest.
pub async fn proof(
    exchange: &Arc<Exchange>,
    index: u64,
    size: Option<u64>,
) -> ServiceResult<InclusionReceipt> {
    let published = match size {
        None => covering(exchange, index).await?,
        Some(_) => checkpoint(exchange).await?,
    };
    if index >= published.size {
        return Err(ServiceError::NotFound);
    }
    if let Some(size) = size
        && size != published.size
    {
        return Err(ServiceError::invalid(
            "/size",
            format!("the newest checkpoint has size {}: leave size out, or name this one", published.size),
        ));
    }
    prove(exchange, index, published.size, published.note).await
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
    // One that witnesses cosigned shows that others see the same ledger: better than a newer one.
    let proof = match cosigned_covering(exchange, entry.index) {
        Some(cosigned) => prove(exchange, entry.index, cosigned.size, cosigned.note.clone()).await?,
        None => {
            let published = covering(exchange, entry.index).await?;
            prove(exchange, entry.index, published.size, published.note).await?
        }
    };
    Ok(Receipt::new(&entry.leaf, entry.salt.as_deref().unwrap_or_default(), &proof))
}

async fn prove(
    exchange: &Arc<Exchange>,
    index: u64,
    size: u64,
    checkpoint: String,
) -> ServiceResult<InclusionReceipt> {
    let hashes = exchange
        .point_read(move |e| {
            Ok(e.ledger.read(|c| inclusion_proof(index, size, &mut DbNodes::new(c, size)))?)
        })
        .await?;
    Ok(InclusionReceipt { index, hashes, checkpoint })
}
