//! The audit: the ledger searched, one release whole, its dossier rebuilt. Every read is an entry itself.

mod entries;
mod release;
mod replay;
mod replay_copy;
mod sight;

use std::sync::Arc;

use serde::Serialize;

pub use self::entries::{AuditedEntry, EntryFilter, EntryPage, entries};
pub use self::release::{AuditedRelease, AuditedSection, ConsentThen, release};
pub use self::replay::{Replayed, ReplayedSection, replay, replay_own};
use super::Exchange;
use super::directory::Caller;
use super::error::{ServiceError, ServiceResult};
use crate::domain::member::wire_enum;
use crate::ledger::entry::EntryKind;
use crate::seal::digest::canonical_json;
use crate::store::ledger::{Draft, Field};

wire_enum! {
    /// What was read.
    pub enum ReadScope {
        /// A page of entries.
        Entries = "entries",
        /// One release.
        Release = "release",
        /// A release, rebuilt.
        Replay = "replay",
    }
}

/// Records a read before its answer leaves. What was asked for is a commitment: it may name a taxpayer.
pub(super) async fn record_read(
    exchange: &Arc<Exchange>,
    caller: &Caller,
    scope: ReadScope,
    object_id: String,
    asked: &impl Serialize,
    mandate: Option<&str>,
) -> ServiceResult<()> {
    let asked = canonical_json(asked).map_err(ServiceError::internal)?;
    let mut fields = vec![("scope", Field::Plain(scope.as_str().into())), ("filters", Field::Sealed(asked))];
    if let Some(mandate) = mandate {
        fields.push(("mandate", Field::Plain(mandate.into())));
    }
    let draft = Draft {
        kind: EntryKind::AuditRead,
        object_id,
        actor: caller.member.to_string(),
        by: caller.label.clone(),
        fields,
    };
    let ((), _committed) = exchange.writer.unit(move |_c, _now| Ok(Ok(((), vec![draft])))).await?;
    Ok(())
}
