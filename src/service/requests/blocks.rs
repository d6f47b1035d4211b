//! Banks that a firm does not want to be asked by, and whether two persons grant. No bank is told of either.

use std::sync::Arc;

use serde::Serialize;

use super::{Stop, must_decide, settled};
use crate::domain::consent_request::{ConsentRequest, RequestOrigin};
use crate::domain::member::{MemberId, Role};
use crate::domain::representative::ActingFor;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::service::Exchange;
use crate::service::admin::TAXPAYER;
use crate::service::error::{ServiceError, ServiceResult};
use crate::store::bank_blocks::{self, Block};
use crate::store::db::AnyConnection;
use crate::store::error::StoreResult;
use crate::store::ledger::{Draft, Field};
use crate::store::{consent_requests, firm_settings};

/// A bank that a firm blocked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct BlockView {
    /// The bank.
    pub bank: MemberId,
    /// Its full legal name.
    pub bank_name: String,
    /// Since when.
    pub since: Timestamp,
}

/// Blocks a bank: what it asks from now on, and what of it waits, is not shown. Doing it twice changes nothing.
pub async fn block(exchange: &Arc<Exchange>, acting: &ActingFor, bank: MemberId) -> ServiceResult<()> {
    must_decide(acting)?;
    let known =
        exchange.directory.members().iter().any(|(member, _)| member.id == bank && member.role == Role::Bank);
    if !known {
        return Err(ServiceError::NotFound);
    }
    let (acting, id) = (acting.clone(), exchange.fresh_id());
    exchange.writer.unit(move |c, now| Ok(Ok(((), block_in_unit(c, &acting, bank, id, now)?)))).await?;
    Ok(())
}

/// Blocks inside a unit of work, and gives the entry.
pub(super) fn block_in_unit(
    c: &mut AnyConnection,
    acting: &ActingFor,
    bank: MemberId,
    id: String,
    now: Timestamp,
) -> StoreResult<Vec<Draft>> {
    let taxpayer = acting.taxpayer().as_str();
    let block = Block { bank, at: now, entry_id: id };
    if !bank_blocks::block(c, taxpayer, &block)? {
        return Ok(Vec::new());
    }
    let open = consent_requests::open_of(c, taxpayer, now, i64::MAX)?;
    let asked = |one: &&ConsentRequest| one.bank == block.bank && one.origin == RequestOrigin::Bank;
    let ids: Vec<&str> = open.iter().filter(asked).map(|one| one.id.as_str()).collect();
    for mut request in consent_requests::lock(c, &ids)?.into_iter().filter(|one| one.status.is_open()) {
        request.hidden = true;
        consent_requests::save(c, &request)?;
    }
    Ok(vec![entry(EntryKind::BankBlocked, &block, acting)])
}

/// Lets a bank ask again; what it asked meanwhile stays hidden.
pub async fn unblock(exchange: &Arc<Exchange>, acting: &ActingFor, bank: MemberId) -> ServiceResult<()> {
    must_decide(acting)?;
    let acting = acting.clone();
    let work = move |c: &mut AnyConnection| -> Result<Vec<Draft>, Stop> {
        let found = bank_blocks::unblock(c, acting.taxpayer().as_str(), &bank)?;
        let block = found.ok_or(ServiceError::NotFound)?;
        Ok(vec![entry(EntryKind::BankUnblocked, &block, &acting)])
    };
    exchange.writer.unit(move |c, _now| settled(work(c).map(|drafts| ((), drafts)))).await?;
    Ok(())
}

/// The banks that the firm blocked.
pub async fn blocks(exchange: &Arc<Exchange>, acting: &ActingFor) -> ServiceResult<Vec<BlockView>> {
    let taxpayer = acting.taxpayer().clone();
    exchange
        .blocking(move |e| {
            let found = e.ledger.read(|c| bank_blocks::blocks(c, taxpayer.as_str()))?;
            let view = |block: Block| BlockView {
                bank_name: super::bank_name(&e.directory, &block.bank),
                bank: block.bank,
                since: block.at,
            };
            Ok(found.into_iter().map(view).collect())
        })
        .await
}

/// Whether a financial officer approves before anything is granted.
pub async fn joint_approval(exchange: &Arc<Exchange>, acting: &ActingFor) -> ServiceResult<bool> {
    let taxpayer = acting.taxpayer().clone();
    exchange
        .blocking(move |e| Ok(e.ledger.read(|c| firm_settings::joint_approval(c, taxpayer.as_str()))?))
        .await
}

/// Sets it: who may grant alone may, and nobody else. Setting what is set already changes nothing.
pub async fn set_joint_approval(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    wanted: bool,
) -> ServiceResult<()> {
    must_decide(acting)?;
    let (acting, id) = (acting.clone(), exchange.fresh_id());
    let work = move |c: &mut AnyConnection, now| {
        let taxpayer = acting.taxpayer().as_str();
        if firm_settings::joint_approval(c, taxpayer)? == wanted {
            return Ok(Ok(((), Vec::new())));
        }
        firm_settings::set_joint_approval(c, taxpayer, wanted, &acting.label(), now)?;
        let entry = Draft {
            kind: EntryKind::JointApprovalChanged,
            object_id: id,
            actor: TAXPAYER.to_owned(),
            by: acting.label(),
            fields: vec![
                ("subject", Field::Sealed(taxpayer.to_owned())),
                ("joint", Field::Sealed(if wanted { "on" } else { "off" }.to_owned())),
            ],
        };
        Ok(Ok(((), vec![entry])))
    };
    exchange.writer.unit(work).await?;
    Ok(())
}

fn entry(kind: EntryKind, block: &Block, acting: &ActingFor) -> Draft {
    Draft {
        kind,
        object_id: block.entry_id.clone(),
        actor: TAXPAYER.to_owned(),
        by: acting.label(),
        fields: vec![
            ("subject", Field::Sealed(acting.taxpayer().as_str().to_owned())),
            // Not under the name by which an entry becomes a bank's own.
            ("blocked", Field::Sealed(block.bank.to_string())),
        ],
    }
}
