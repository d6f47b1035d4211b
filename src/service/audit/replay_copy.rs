//! Replay of a firm's own copy: built again out of the records as of then, and held against the JWT that was kept.

use serde_json::Value;

use super::replay::{Replayed, ReplayedSection};
use crate::ledger::entry::{Entry, EntryKind, Salt, commit};
use crate::seal::digest::base64url_decode;
use crate::seal::sd_jwt;
use crate::seal::verify::{Expectations, check_dossier};
use crate::service::Exchange;
use crate::service::admin::{HOLDER, TAXPAYER};
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::own_copy::{self, Order};
use crate::store::ledger_read::{self, StoredEntry};
use crate::store::own_copies::{self, OwnCopyRow};

/// Builds a copy again and compares; `None` if there is no copy of this id. Blocks on the databases.
pub(super) fn compare_copy(exchange: &Exchange, id: &str) -> ServiceResult<Option<Replayed>> {
    let found = exchange
        .ledger
        .read(|c| Ok((own_copies::find(c, id)?, ledger_read::entry_about(c, id, EntryKind::ReleaseSelf)?)))?;
    let (Some(row), entry) = found else { return Ok(None) };
    let entry = entry.ok_or_else(|| ServiceError::internal("a copy has no entry in the ledger"))?;
    let order = Order::parse(&row)?;
    let mut sections = Vec::new();
    let first_difference = differs(exchange, &row, &entry, &order, &mut sections)?;
    Ok(Some(Replayed {
        release_id: row.id.clone(),
        index: entry.index,
        read_at: u64::try_from(row.read_at).map_err(ServiceError::internal)?,
        salt_epoch: order.salt_epoch,
        dossier_digest: sd_jwt::dossier_digest(&row.jwt),
        identical: first_difference.is_none(),
        first_difference,
        sections,
    }))
}

/// What differs first, in the order in which a difference would explain the later ones.
fn differs(
    exchange: &Exchange,
    row: &OwnCopyRow,
    entry: &StoredEntry,
    order: &Order,
    sections: &mut Vec<ReplayedSection>,
) -> ServiceResult<Option<String>> {
    if let Some(wrong) = entry_differs(row, entry)? {
        return Ok(Some(wrong));
    }
    if exchange.keys.salt(order.salt_epoch).is_none() {
        return Ok(Some(format!("the salt key of epoch {} is gone", order.salt_epoch)));
    }
    let built = own_copy::disclosures(exchange, order)?;
    let claims = own_copy::claims(order, exchange.keys.trust().issuer.clone(), &built)?;
    let payload = row.jwt.split('.').nth(1).and_then(|part| base64url_decode(part).ok()).unwrap_or_default();
    let says: Value = serde_json::from_slice(&payload).unwrap_or_default();
    let listed = |digest: &str| {
        says.get("_sd").and_then(Value::as_array).is_some_and(|all| all.iter().any(|one| one == digest))
    };
    sections.extend(built.iter().map(|(section, disclosure)| ReplayedSection {
        section: section.to_string(),
        digest: disclosure.digest.clone(),
        listed: listed(&disclosure.digest),
    }));
    if let Some(section) = sections.iter().find(|section| !section.listed) {
        let why = format!("section {}: rebuilt, it hashes to {}", section.section, section.digest);
        return Ok(Some(format!("{why}, which the JWT does not list")));
    }
    let rebuilt = serde_json::to_string(&claims).map_err(ServiceError::internal)?;
    if payload != rebuilt.as_bytes() {
        return Ok(Some("claims: rebuilt, they are not the JWT's".into()));
    }
    let dossier = sd_jwt::assemble(&row.jwt, built.iter().map(|(_, disclosure)| disclosure.encoded.as_str()));
    let expect = Expectations { audience: Some(HOLDER), at_micros: exchange.clock.now().micros() };
    let report = check_dossier(&dossier, &exchange.keys.trust(), expect);
    let wrong = report.checks.iter().find_map(|check| Some((check.name, check.outcome.as_ref().err()?)));
    Ok(wrong.map(|(name, why)| format!("{name}: {why}")))
}

/// The leaf must say of the copy what its row says.
fn entry_differs(row: &OwnCopyRow, entry: &StoredEntry) -> ServiceResult<Option<String>> {
    let leaf = Entry::parse(&entry.leaf).map_err(ServiceError::internal)?;
    let named = |name: &str| leaf.fields.get(name).cloned().unwrap_or(Value::Null);
    for (name, expected) in [
        ("dossier_digest", Value::from(sd_jwt::dossier_digest(&row.jwt))),
        ("read_at", Value::from(row.read_at)),
    ] {
        let says = named(name);
        if says != expected {
            return Ok(Some(format!("entry {}: {name} is {says}, not {expected}", entry.index)));
        }
    }
    if leaf.actor != TAXPAYER {
        return Ok(Some(format!("entry {}: its actor is {}", entry.index, leaf.actor)));
    }
    // An erased salt opens nothing any more.
    let salt = entry.salt.as_deref().and_then(|salt| <[u8; 32]>::try_from(salt).ok());
    let opens = salt.is_none_or(|salt| named("subject") == commit(&Salt::from_bytes(salt), &row.taxpayer_id));
    Ok((!opens).then(|| format!("entry {}: subject does not commit to the copy's taxpayer", entry.index)))
}
