//! What may be proposed: shown to people, judged, and written, each in one place.

use serde::{Deserialize, Serialize};

use super::admin::{self, Actor, Change};
use super::error::{ServiceError, ServiceResult};
use super::holds::{self, NewHold};
use super::member_keys::{self, NewMemberKey};
use crate::domain::timestamp::Timestamp;
use crate::store::db::AnyConnection;
use crate::store::error::StoreResult;
use crate::store::ledger::Draft;

/// What may be proposed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "proposed", content = "changes", rename_all = "snake_case")]
pub enum Proposed {
    /// Changes of the directory, all or none.
    Member(Vec<Change>),
    /// A hold; its id is the proposal's.
    PlaceHold(NewHold),
    /// The end of the hold with this id.
    LiftHold(String),
    /// A bank's own key, whose possession it has proven.
    MemberKey(NewMemberKey),
    /// The rotation of a key of the exchange, in the words of the command; done on the host once it is approved.
    RotateKey(String),
}

/// One change of a proposal, for people to judge.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChangeView {
    /// What would happen, as entries name it.
    pub change: String,
    /// To what.
    pub subject: String,
    /// A fingerprint, a label, a quota, a reason: what else there is to say.
    pub detail: String,
}

impl Proposed {
    /// What kind of thing would change: `member`, `hold` or `key`.
    pub fn target(&self) -> &'static str {
        match self {
            Proposed::Member(_) => "member",
            Proposed::PlaceHold(_) | Proposed::LiftHold(_) => "hold",
            Proposed::MemberKey(_) | Proposed::RotateKey(_) => "key",
        }
    }

    /// The changes one by one, for people.
    pub fn views(&self) -> Vec<ChangeView> {
        let view = |change: &str, subject: String, detail: String| ChangeView {
            change: change.to_owned(),
            subject,
            detail,
        };
        match self {
            Proposed::Member(changes) => changes
                .iter()
                .map(|change| view(change.name(), change.member().to_string(), change.told()))
                .collect(),
            Proposed::PlaceHold(new) => {
                let subject = match new.target() {
                    Ok(target) => format!("{} {}", target.kind(), target.value()),
                    Err(_checked_when_proposed) => String::new(),
                };
                let until = new.until.map_or(String::new(), |until| format!(" ({until})"));
                vec![view("placed", subject, format!("{}{until}", new.reason))]
            }
            Proposed::LiftHold(id) => vec![view("lifted", id.clone(), String::new())],
            Proposed::MemberKey(new) => {
                vec![view("added", format!("{} {}", new.member, new.usage), new.jwk.thumbprint())]
            }
            Proposed::RotateKey(what) => vec![view("rotated", what.clone(), String::new())],
        }
    }

    /// What stands against it now; nothing is written.
    pub fn refusal(&self, c: &mut AnyConnection, now: Timestamp) -> StoreResult<Option<ServiceError>> {
        match self {
            Proposed::Member(changes) => admin::refusal(c, changes, now),
            Proposed::PlaceHold(new) => Ok(holds::judged(c, now, new)?.err()),
            Proposed::LiftHold(id) => Ok(match crate::store::holds::find(c, id)? {
                None => Some(ServiceError::NotFound),
                Some(hold) if hold.lifted_at.is_some() => {
                    Some(ServiceError::Conflict("the hold was lifted already".into()))
                }
                Some(_) => None,
            }),
            Proposed::MemberKey(new) => member_keys::refusal(c, new),
            Proposed::RotateKey(_) => Ok(None),
        }
    }

    /// Writes it inside a unit of work, and gives the entries that record it.
    pub fn write(
        &self,
        c: &mut AnyConnection,
        actor: &Actor,
        proposal: &str,
        now: Timestamp,
    ) -> StoreResult<ServiceResult<Vec<Draft>>> {
        match self {
            Proposed::Member(changes) => admin::write(c, changes, actor, now),
            Proposed::PlaceHold(new) => {
                let placed = holds::placing(c, now, actor, proposal.to_owned(), new)?;
                Ok(placed.map(|(_, drafts)| drafts))
            }
            Proposed::LiftHold(id) => Ok(holds::lifting(c, now, actor, id)?.map(|(_, drafts)| drafts)),
            Proposed::MemberKey(new) => {
                Ok(member_keys::registering(c, now, actor, new)?.map(|(_, drafts)| drafts))
            }
            Proposed::RotateKey(_) => Ok(Ok(Vec::new())),
        }
    }
}
