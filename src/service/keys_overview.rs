//! The exchange's own keys for people: what each is for, where it is, from when to when it is used.

use super::Exchange;
use super::keys::salt_key_file;
use crate::domain::key_use::KeyUse;
use crate::domain::member::wire_enum;
use crate::domain::timestamp::Timestamp;

wire_enum! {
    /// How a key stands.
    pub enum KeyState {
        /// Published, and signs from a stated instant.
        Waiting = "waiting",
        /// In use.
        Current = "current",
        /// Another took over, and it is good for the overlap.
        Overlap = "overlap",
        /// What it signed stays valid; it signs no more.
        Past = "past",
    }
}

/// One key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyView {
    /// What it is for.
    pub usage: KeyUse,
    /// Its public name: `kid`, verifier key, or epoch.
    pub key: String,
    /// File or token of its private half, if it is here.
    pub place: Option<String>,
    /// Since when.
    pub from: Option<Timestamp>,
    /// Until when.
    pub to: Option<Timestamp>,
    /// How it stands now.
    pub state: KeyState,
}

/// Every key that the trust file names, and every salt epoch; the oldest of each kind first.
pub fn overview(exchange: &Exchange) -> Vec<KeyView> {
    let (ring, now) = (exchange.keys.ring(), exchange.clock.now());
    let mut views = Vec::new();
    let signing = exchange.keys.dossier_at(now).map(|signer| signer.kid().to_owned()).ok();
    for key in &ring.trust.jwks.keys {
        let held = ring.dossier.iter().find(|held| held.signer.kid() == key.kid);
        let second = |seconds: i64| Timestamp::from_micros(seconds.saturating_mul(1_000_000));
        views.push(KeyView {
            usage: KeyUse::Dossier,
            key: key.kid.clone(),
            place: held.map(|held| held.signer.place().to_owned()),
            from: second(key.nbf),
            to: second(key.exp),
            state: match () {
                () if signing.as_ref() == Some(&key.kid) => KeyState::Current,
                () if now.seconds() < key.nbf => KeyState::Waiting,
                () if now.seconds() < key.exp => KeyState::Overlap,
                () => KeyState::Past,
            },
        });
    }
    for key in &ring.trust.ledger_vkeys {
        let held = ring.ledger.iter().find(|held| held.verifier.to_string() == key.vkey);
        let current = key.vkey == ring.trust.ledger_vkey;
        views.push(KeyView {
            usage: KeyUse::Ledger,
            key: key.vkey.clone(),
            place: held.map(|held| held.signer.place().to_owned()),
            from: key.from.map(Timestamp::from_utc),
            to: key.to.map(Timestamp::from_utc),
            state: match (current, held) {
                (true, _) => KeyState::Current,
                (false, Some(_)) => KeyState::Overlap,
                (false, None) => KeyState::Past,
            },
        });
    }
    let newest = ring.salts.keys().next_back();
    views.extend(ring.salts.keys().map(|epoch| KeyView {
        usage: KeyUse::Salt,
        key: epoch.to_string(),
        place: Some(salt_key_file(*epoch)),
        from: None,
        to: None,
        state: if Some(epoch) == newest { KeyState::Current } else { KeyState::Past },
    }));
    views
}
