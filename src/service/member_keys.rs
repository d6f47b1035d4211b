//! Members' own keys: registered with proof of possession, each change an entry `key.changed`.
//!
//! The signing key is the one a bank's decisions are verified with, the encryption key the one its dossiers are
//! encrypted to. They are two: a key that does both would let one protocol be played against the other.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Exchange;
use super::admin::Actor;
use super::directory::Caller;
use super::error::{ServiceError, ServiceResult};
use super::key_rotation::key_changed;
use super::release::Dossier;
use crate::domain::key_use::{KeyChange, KeyUse};
use crate::domain::member::MemberId;
use crate::domain::timestamp::Timestamp;
use crate::seal::jwe;
use crate::seal::jwk::PublicJwk;
use crate::seal::jws::{DOSSIER_TYPE, read_header, verify_es256};
use crate::store::db::AnyConnection;
use crate::store::error::StoreResult;
use crate::store::ledger::Draft;
use crate::store::member_keys::{self, MemberKey};

/// The `typ` of a proof of possession.
pub const PROOF_TYPE: &str = "key-proof+jwt";
/// How far a proof's `iat` may be from the exchange's clock, in seconds.
const PROOF_SECONDS_MAX: i64 = 300;
/// Keys that a member may have had for one use; so many changes are a fault of its system.
const KEYS_MAX: usize = 100;

/// What a proof of possession says; signed by the key itself (ES256), an encryption key's too.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    member: String,
    #[serde(rename = "use")]
    usage: String,
    jwk: PublicJwk,
    iat: i64,
}

/// A member's key as the member sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct MemberKeyView {
    /// `sig` or `enc`.
    #[serde(rename = "use")]
    pub usage: KeyUse,
    /// Its thumbprint (RFC 7638).
    pub kid: String,
    /// The key.
    pub jwk: PublicJwk,
    /// Since when it is the member's key.
    pub from: Timestamp,
    /// Since when another is; null while it is in use.
    pub to: Option<Timestamp>,
}

impl From<MemberKey> for MemberKeyView {
    fn from(key: MemberKey) -> Self {
        Self { usage: key.usage, kid: key.kid, jwk: key.jwk, from: key.registered_at, to: key.replaced_at }
    }
}

/// Registers a key for one use, in the place of the one before; whether it is new. The key in use may be sent again.
pub async fn register(
    exchange: &Arc<Exchange>,
    caller: &Caller,
    usage: KeyUse,
    jwk: PublicJwk,
    proof: &str,
) -> ServiceResult<(MemberKeyView, bool)> {
    if exchange.administration.two_persons {
        return Err(ServiceError::Conflict("two persons are needed: this must be proposed first".into()));
    }
    check(caller, usage, &jwk, proof, exchange.clock.now())?;
    let new = NewMemberKey { member: caller.member.clone(), usage, jwk };
    let actor = Actor::from(caller);
    let (done, _committed) = exchange.writer.unit(move |c, now| registering(c, now, &actor, &new)).await?;
    Ok(done)
}

/// Whether a key may be registered: what it says of itself, and its proof of possession.
pub fn check(
    caller: &Caller,
    usage: KeyUse,
    jwk: &PublicJwk,
    proof: &str,
    now: Timestamp,
) -> ServiceResult<()> {
    check_purpose(usage, jwk)?;
    check_proof(caller, usage, jwk, proof, now)
}

/// A member's key whose possession was proven.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewMemberKey {
    /// Whose it is.
    pub member: MemberId,
    /// What it is for: `sig` or `enc`.
    pub usage: KeyUse,
    /// The key.
    pub jwk: PublicJwk,
}

/// What stands against registering a key now; nothing is written.
pub fn refusal(c: &mut AnyConnection, new: &NewMemberKey) -> StoreResult<Option<ServiceError>> {
    let known = member_keys::of_member(c, &new.member)?;
    Ok(match stands(&known, new.usage, &new.jwk.thumbprint()) {
        Standing::New => None,
        Standing::InUse(_) => Some(ServiceError::Conflict("this key is registered already".into())),
        Standing::Refused(why) => Some(ServiceError::Conflict(why.into())),
    })
}

/// What a unit did: the key and whether it is new, and the entries.
type Registered = ((MemberKeyView, bool), Vec<Draft>);

/// Registers a key inside a unit of the caller's, which records the entries.
pub fn registering(
    c: &mut AnyConnection,
    now: Timestamp,
    actor: &Actor,
    new: &NewMemberKey,
) -> StoreResult<ServiceResult<Registered>> {
    let NewMemberKey { member, usage, jwk } = new;
    let (usage, kid, jwk) = (*usage, jwk.thumbprint(), jwk.bare());
    // Two keys of one member registered at once come one after the other.
    member_keys::lock(c, member)?;
    let known = member_keys::of_member(c, member)?;
    match stands(&known, usage, &kid) {
        Standing::New => {}
        Standing::InUse(key) => return Ok(Ok(((key.into(), false), Vec::new()))),
        Standing::Refused(why) => return Ok(Err(ServiceError::Conflict(why.into()))),
    }
    let key = MemberKey { usage, kid, jwk, registered_at: now, replaced_at: None };
    member_keys::replace(c, member, &key, now)?;
    let mut drafts = vec![key_changed(member.as_str(), usage, &key.kid, KeyChange::Added, actor)];
    let old = known.iter().find(|known| known.usage == usage && known.replaced_at.is_none());
    drafts.extend(old.map(|old| key_changed(member.as_str(), usage, &old.kid, KeyChange::Retired, actor)));
    Ok(Ok(((key.into(), true), drafts)))
}

/// Every key that a member has or had, oldest first.
pub async fn list(exchange: &Arc<Exchange>, caller: &Caller) -> ServiceResult<Vec<MemberKeyView>> {
    let member = caller.member.clone();
    let keys =
        exchange.point_read(move |e| Ok(e.ledger.read(|c| member_keys::of_member(c, &member))?)).await?;
    Ok(keys.into_iter().map(MemberKeyView::from).collect())
}

/// The key that a member's dossiers are encrypted to, if it registered one.
pub async fn encryption_key(exchange: &Arc<Exchange>, caller: &Caller) -> ServiceResult<Option<MemberKey>> {
    let member = caller.member.clone();
    exchange
        .point_read(move |e| Ok(e.ledger.read(|c| member_keys::current(c, &member, KeyUse::Encryption))?))
        .await
}

/// A dossier encrypted to a key, afresh each time: a compact JWE whose content is the SD-JWT.
pub fn encrypted(key: &MemberKey, dossier: &Dossier) -> ServiceResult<String> {
    jwe::encrypt(&key.jwk, &key.kid, DOSSIER_TYPE, &dossier.text()).map_err(ServiceError::internal)
}

enum Standing {
    New,
    InUse(MemberKey),
    Refused(&'static str),
}

fn stands(known: &[MemberKey], usage: KeyUse, kid: &str) -> Standing {
    match known.iter().find(|key| key.kid == kid) {
        Some(key) if key.usage != usage => {
            Standing::Refused("this key is registered for the other use: make two keys")
        }
        Some(key) if key.replaced_at.is_some() => {
            Standing::Refused("this key was replaced by another: make a new one")
        }
        Some(key) => Standing::InUse(key.clone()),
        None if known.iter().filter(|key| key.usage == usage).count() >= KEYS_MAX => {
            Standing::Refused("too many keys were registered: ask the operator")
        }
        None => Standing::New,
    }
}

/// What the key says of itself, if it does, must be what it is registered for.
fn check_purpose(usage: KeyUse, jwk: &PublicJwk) -> ServiceResult<()> {
    jwk.point().map_err(|why| ServiceError::invalid("/jwk", why))?;
    let algorithm = if usage == KeyUse::Encryption { "ECDH-ES" } else { "ES256" };
    if jwk.usage.as_deref().is_some_and(|stated| stated != usage.as_str()) {
        return Err(ServiceError::invalid("/jwk/use", format!("must be {usage}, or left out")));
    }
    if jwk.alg.as_deref().is_some_and(|stated| stated != algorithm) {
        return Err(ServiceError::invalid("/jwk/alg", format!("must be {algorithm}, or left out")));
    }
    Ok(())
}

fn check_proof(
    caller: &Caller,
    usage: KeyUse,
    jwk: &PublicJwk,
    proof: &str,
    now: Timestamp,
) -> ServiceResult<()> {
    let refuse = |why: &dyn ToString| ServiceError::invalid("/proof", why.to_string());
    let point = jwk.point().map_err(|why| ServiceError::invalid("/jwk", why))?;
    let header = read_header(proof).map_err(|why| refuse(&why))?;
    let payload = verify_es256(proof, PROOF_TYPE, &point).map_err(|why| refuse(&why))?;
    let said: Proof = serde_json::from_str(&payload).map_err(|why| refuse(&why))?;
    if header.kid != jwk.thumbprint() {
        return Err(refuse(&"kid must be the key's thumbprint (RFC 7638)"));
    }
    if said.member != caller.member.as_str() || said.usage != usage.as_str() {
        return Err(refuse(&format!("must be for member {} and use {usage}", caller.member)));
    }
    if said.jwk.bare() != jwk.bare() {
        return Err(refuse(&"must name the key that is registered"));
    }
    if now.seconds().abs_diff(said.iat) > PROOF_SECONDS_MAX.unsigned_abs() {
        return Err(refuse(&format!("iat must be within {PROOF_SECONDS_MAX} seconds of now")));
    }
    Ok(())
}
