//! The gateway's own keys: the dossier's signature, the ledger's, and the salts.
//!
//! They are read at start and whenever the key directory or the trust file changes, so that a rotation reaches a
//! running gateway. What it cannot read it leaves: the keys it has stay in use.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use super::key_ring::{KeyRing, Source};
use crate::domain::timestamp::Timestamp;
use crate::ledger::checkpoint::{Checkpoint, CheckpointError};
use crate::ledger::hash::Hash;
use crate::ledger::note::{NoteError, NoteVerifier};
use crate::outbound::pkcs11::{Token, TokenError, TokenOptions};
use crate::seal::jws::JwtSigner;
use crate::seal::keys::{KeyFileError, read_secret};
use crate::seal::salt::SaltKey;
use crate::seal::signer::SignerError;
use crate::seal::trust::TrustFile;

/// How often a running gateway looks whether its keys changed.
pub const REFRESH_EVERY: Duration = Duration::from_secs(1);
/// File name of the first dossier key inside the key directory.
pub const DOSSIER_KEY_FILE: &str = "dossier-signing.key";
/// See [`DOSSIER_KEY_FILE`].
pub const LEDGER_KEY_FILE: &str = "ledger.key";
/// What the files of dossier keys begin with: `dossier-signing.key`, `dossier-signing-2.key`, …
pub const DOSSIER_KEY_PREFIX: &str = "dossier-signing";
/// The same of ledger keys.
pub const LEDGER_KEY_PREFIX: &str = "ledger";
/// The development CA's key, where this directory has one; its certificate is the trust file's `ca`.
pub const AUTHORITY_KEY_FILE: &str = "development-ca.key";
const SALT_KEY_PREFIX: &str = "salt-epoch";

/// Where the keys are.
#[derive(Clone, Debug)]
pub struct KeyPlaces {
    /// The directory of the private keys and salt keys.
    pub directory: PathBuf,
    /// The trust file, which names the keys and when each is used.
    pub trust: PathBuf,
    /// A token that holds private keys besides, and gets the new ones.
    pub token: Option<TokenOptions>,
}

/// A key directory or trust file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A key file.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// The token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A key that does not sign.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// Something else, with what to do about it.
    #[error("{0}")]
    Unusable(String),
}

/// Everything the gateway signs and salts with.
pub struct Keys {
    places: KeyPlaces,
    token: Option<Arc<Token>>,
    ring: ArcSwap<KeyRing>,
}

impl Keys {
    /// Loads the keys as of now.
    pub fn load(places: KeyPlaces, now: Timestamp) -> Result<Self, KeyError> {
        let token = places.token.as_ref().map(Token::open).transpose()?;
        let ring = KeyRing::load(&places, token.as_ref(), Source::read(&places)?, now)?;
        Ok(Self { places, token, ring: ArcSwap::from_pointee(ring) })
    }

    /// Takes up what changed in the key directory or the trust file; whether anything did.
    ///
    /// On an error the keys stay as they were. A ledger under another name is not taken up: its anchor is another too.
    pub fn refresh(&self, now: Timestamp) -> Result<bool, KeyError> {
        let source = Source::read(&self.places)?;
        let ring = self.ring.load();
        if ring.is_of(&source, now) {
            return Ok(false);
        }
        let new = KeyRing::load(&self.places, self.token.as_ref(), source, now)?;
        if origin(&new) != origin(&ring) {
            return Err(KeyError::Unusable(format!(
                "trust.json names the ledger {}, and this process keeps {}: restart it",
                origin(&new),
                origin(&ring)
            )));
        }
        self.ring.store(Arc::new(new));
        Ok(true)
    }

    /// Where they are read from.
    pub fn places(&self) -> &KeyPlaces {
        &self.places
    }

    /// The token, if the configuration names one.
    pub fn token(&self) -> Option<&Arc<Token>> {
        self.token.as_ref()
    }

    /// Signs dossiers (ES256) whose `iat` is this instant: the newest key that is valid then.
    pub fn dossier_at(&self, iat: Timestamp) -> Result<Arc<JwtSigner>, KeyError> {
        let at = iat.seconds();
        let ring = self.ring.load();
        let key = ring.dossier.iter().rev().find(|key| (key.nbf..key.exp).contains(&at));
        key.map(|key| key.signer.clone()).ok_or_else(|| {
            KeyError::Unusable("no dossier key is valid now: run shuidaiyi key rotate dossier".to_owned())
        })
    }

    /// What `GET /v1/keys` answers.
    pub fn trust(&self) -> Arc<TrustFile> {
        self.ring.load().trust.clone()
    }

    /// Signs the checkpoint of this head under the ledger's origin (Ed25519): a signed note. While one key takes over
    /// from another, both sign, the new one first.
    pub fn sign_checkpoint(&self, size: u64, root: Hash) -> Result<String, KeyError> {
        let ring = self.ring.load();
        let text = Checkpoint { origin: origin(&ring), size, root }.to_text();
        let mut note = format!("{text}\n");
        for key in &ring.ledger {
            note.push_str(&key.verifier.signature_line(&key.signer.sign(text.as_bytes())?));
        }
        Ok(note)
    }

    /// Reads a checkpoint of this ledger that one of its keys signed.
    pub fn open_checkpoint(&self, note: &str) -> Result<Checkpoint, CheckpointError> {
        let mut last = CheckpointError::Note(NoteError::NotSigned);
        for verifier in &self.ring.load().verifiers {
            match Checkpoint::open(note, verifier) {
                Ok(checkpoint) => return Ok(checkpoint),
                Err(why) => last = why,
            }
        }
        Err(last)
    }

    /// Verifies the ledger's newest checkpoints: its present key.
    pub fn ledger_verifier(&self) -> NoteVerifier {
        let ring = self.ring.load();
        // The ring has the present key first, and never none.
        ring.ledger[0].verifier.clone()
    }

    /// The newest salt epoch: what new disclosures are salted with.
    pub fn newest_salt(&self) -> Option<Arc<SaltKey>> {
        self.ring.load().salts.values().next_back().cloned()
    }

    /// The key of an epoch, as long as it is kept. One that another process has just begun is read at once.
    pub fn salt(&self, epoch: u32) -> Option<Arc<SaltKey>> {
        if let Some(known) = self.ring.load().salts.get(&epoch) {
            return Some(known.clone());
        }
        let secret = read_secret(&self.places.directory.join(salt_key_file(epoch))).ok()?;
        Some(Arc::new(SaltKey::new(epoch, &secret)))
    }

    /// The ledger's name, as its key in the trust file carries it: at first the issuer's host plus `/v1/ledger`.
    pub fn origin(&self) -> String {
        origin(&self.ring.load())
    }

    /// The keys at this moment.
    pub fn ring(&self) -> Arc<KeyRing> {
        self.ring.load_full()
    }
}

fn origin(ring: &KeyRing) -> String {
    ring.ledger[0].verifier.name().to_owned()
}

/// The checkpoint origin of an issuer's first ledger: its host without scheme plus `/v1/ledger`.
pub fn origin_of(issuer: &str) -> String {
    let host = issuer.split_once("://").map_or(issuer, |(_, host)| host);
    format!("{}/v1/ledger", host.trim_end_matches('/'))
}

/// File name of an epoch's salt key.
pub fn salt_key_file(epoch: u32) -> String {
    format!("{SALT_KEY_PREFIX}-{epoch}.key")
}

/// The epoch of a salt key by its file's name.
pub fn salt_epoch_of(name: &str) -> Option<u32> {
    name.strip_prefix(SALT_KEY_PREFIX)?.strip_prefix('-')?.strip_suffix(".key")?.parse().ok()
}

/// The number of a key file: 1 for `<prefix>.key`, n for `<prefix>-n.key`.
pub fn numbered(prefix: &str, name: &str) -> Option<u32> {
    let rest = name.strip_prefix(prefix)?.strip_suffix(".key")?;
    if rest.is_empty() { Some(1) } else { rest.strip_prefix('-')?.parse().ok().filter(|number| *number > 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_numbered_from_the_first() {
        assert_eq!(numbered(DOSSIER_KEY_PREFIX, DOSSIER_KEY_FILE), Some(1));
        assert_eq!(numbered(LEDGER_KEY_PREFIX, LEDGER_KEY_FILE), Some(1));
        assert_eq!(numbered(LEDGER_KEY_PREFIX, "ledger-12.key"), Some(12));
        for other in ["ledger-1.key", "ledger-.key", "ledger-2.key.new", "ledgers.key", "ledger"] {
            assert_eq!(numbered(LEDGER_KEY_PREFIX, other), None, "{other}");
        }
        assert_eq!(salt_epoch_of(&salt_key_file(7)), Some(7));
        assert_eq!(salt_epoch_of("salt-epoch-7.key.new"), None);
    }
}
