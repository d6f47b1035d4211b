//! Canary taxpayers: nobody has reason to pull them, so whoever does is asked why.

use std::sync::Arc;

use super::Exchange;
use super::admin::Actor;
use super::error::{ServiceError, ServiceResult};
use crate::domain::taxpayer_id::TaxpayerId;
use crate::ledger::entry::EntryKind;
use crate::store::ledger::{Draft, Field};
use crate::store::sentinels;

/// Registers a canary, an entry `policy.changed`. `false` if it is one already.
pub async fn add(exchange: &Arc<Exchange>, actor: &Actor, taxpayer: &str) -> ServiceResult<bool> {
    change(exchange, actor, taxpayer, true).await
}

/// Forgets a canary, an entry `policy.changed`. `false` if it is none.
pub async fn remove(exchange: &Arc<Exchange>, actor: &Actor, taxpayer: &str) -> ServiceResult<bool> {
    change(exchange, actor, taxpayer, false).await
}

/// Every canary, ascending.
pub async fn list(exchange: &Arc<Exchange>) -> ServiceResult<Vec<String>> {
    let canaries = exchange.blocking(|e| Ok(e.ledger.read(sentinels::canaries)?)).await?;
    let mut canaries: Vec<String> = canaries.into_iter().collect();
    canaries.sort_unstable();
    Ok(canaries)
}

async fn change(exchange: &Arc<Exchange>, actor: &Actor, taxpayer: &str, add: bool) -> ServiceResult<bool> {
    let taxpayer = TaxpayerId::parse(taxpayer).map_err(|why| ServiceError::invalid("/taxpayer_id", why))?;
    let draft = Draft {
        kind: EntryKind::PolicyChanged,
        object_id: exchange.fresh_id(),
        actor: actor.member.clone(),
        by: actor.label.clone(),
        fields: vec![
            ("change", Field::Plain(if add { "canary_added" } else { "canary_removed" }.into())),
            ("detail", Field::Sealed(taxpayer.as_str().to_owned())),
        ],
    };
    let by = actor.member.clone();
    let (changed, _committed) = exchange
        .writer
        .unit(move |c, now| {
            let changed = match add {
                true => sentinels::add_canary(c, taxpayer.as_str(), now, &by)?,
                false => sentinels::remove_canary(c, taxpayer.as_str())?,
            };
            Ok(Ok((changed, if changed { vec![draft] } else { Vec::new() })))
        })
        .await?;
    Ok(changed)
}
