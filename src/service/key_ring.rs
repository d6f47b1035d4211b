//! The gateway's keys at one moment, as the key directory and the trust file give them.
//!
//! The trust file says which keys there are and when each is used; the directory holds the private halves, which are
//! found by their public ones. So a file's name says nothing but what kind of key is in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::keys::{
    DOSSIER_KEY_PREFIX, KeyError, KeyPlaces, LEDGER_KEY_PREFIX, numbered, salt_epoch_of, salt_key_file,
};
use crate::domain::timestamp::Timestamp;
use crate::ledger::note::NoteVerifier;
use crate::outbound::pkcs11::Token;
use crate::seal::jws::{DOSSIER_TYPE, JwtSigner};
use crate::seal::keys::{read_pkcs8, read_secret};
use crate::seal::salt::SaltKey;
use crate::seal::signer::{Signer, ed25519_in_memory, es256_in_memory};
use crate::seal::trust::{TrustFile, TrustedKey};

/// A dossier key with the time in which it signs, in seconds since 1970, the end not included.
pub struct DossierKey {
    /// First second.
    pub nbf: i64,
    /// The second after the last.
    pub exp: i64,
    /// Signs.
    pub signer: Arc<JwtSigner>,
}

/// A ledger key that signs checkpoints now.
pub struct LedgerSigner {
    /// Its public half, under the ledger's name.
    pub verifier: NoteVerifier,
    /// Its private half.
    pub signer: Arc<dyn Signer>,
}

/// Everything that the gateway signs and salts with, and what it was read from.
pub struct KeyRing {
    /// Oldest first, as in the trust file.
    pub dossier: Vec<DossierKey>,
    /// The present key first, then those it is taking over from.
    pub ledger: Vec<LedgerSigner>,
    /// Every key that ever spoke for this ledger, the present one first.
    pub verifiers: Vec<NoteVerifier>,
    /// By epoch.
    pub salts: BTreeMap<u32, Arc<SaltKey>>,
    /// What the gateway publishes.
    pub trust: Arc<TrustFile>,
    source: Source,
    /// When the keys in use change though the files do not.
    until: Option<Timestamp>,
}

/// What a ring was read from, to notice that it changed.
#[derive(PartialEq, Eq)]
pub struct Source {
    trust: String,
    files: BTreeSet<String>,
}

impl Source {
    /// Names of the key files.
    pub fn files(&self) -> &BTreeSet<String> {
        &self.files
    }

    /// Reads the trust file and the names in the key directory.
    pub fn read(places: &KeyPlaces) -> Result<Self, KeyError> {
        let unreadable =
            |path: &Path, why: std::io::Error| KeyError::Unusable(format!("{}: {why}", path.display()));
        let trust = std::fs::read_to_string(&places.trust).map_err(|why| unreadable(&places.trust, why))?;
        let mut files = BTreeSet::new();
        for file in std::fs::read_dir(&places.directory).map_err(|why| unreadable(&places.directory, why))? {
            let name = file.map_err(|why| unreadable(&places.directory, why))?.file_name();
            files.extend(name.into_string().ok().filter(|name| name.ends_with(".key")));
        }
        Ok(Self { trust, files })
    }
}

impl KeyRing {
    /// Whether it still is what these files give at this instant.
    pub fn is_of(&self, source: &Source, now: Timestamp) -> bool {
        self.source == *source && self.until.is_none_or(|until| now < until)
    }

    /// Loads the keys as of an instant. Every key that signs now must be there; a past one may be gone.
    pub fn load(
        places: &KeyPlaces,
        token: Option<&Arc<Token>>,
        source: Source,
        now: Timestamp,
    ) -> Result<Self, KeyError> {
        let trust = TrustFile::parse(&source.trust)
            .map_err(|why| KeyError::Unusable(format!("{}: {why}", places.trust.display())))?;
        let signers = signers(places, token, &source.files)?;
        let mut ring = Self {
            dossier: dossier_keys(&trust, &signers)?,
            ledger: Vec::new(),
            verifiers: Vec::new(),
            salts: salts(places, &source.files)?,
            trust: Arc::new(trust),
            source,
            until: None,
        };
        ring.take_ledger_keys(&signers, now)?;
        Ok(ring)
    }

    fn take_ledger_keys(&mut self, signers: &[Arc<dyn Signer>], now: Timestamp) -> Result<(), KeyError> {
        let trust = self.trust.clone();
        let present = verifier(&trust.ledger_vkey)?;
        let signer = find(signers, present.public_key()).ok_or_else(|| {
            KeyError::Unusable(
                "no key file and no token has the ledger key that trust.json names: put the right file back"
                    .to_owned(),
            )
        })?;
        self.ledger.push(LedgerSigner { verifier: present.clone(), signer });
        self.verifiers.push(present.clone());
        for past in trust.ledger_vkeys.iter().filter(|key| key.vkey != trust.ledger_vkey) {
            let known = verifier(&past.vkey)?;
            if known.name() != present.name() {
                continue;
            }
            if let Some(to) = past.to.map(Timestamp::from_utc).filter(|to| now < *to)
                && let Some(signer) = find(signers, known.public_key())
            {
                self.ledger.push(LedgerSigner { verifier: known.clone(), signer });
                self.until = Some(self.until.map_or(to, |until| until.min(to)));
            }
            self.verifiers.push(known);
        }
        Ok(())
    }
}

fn verifier(vkey: &str) -> Result<NoteVerifier, KeyError> {
    vkey.parse().map_err(|why| KeyError::Unusable(format!("trust.json, ledger key: {why}")))
}

fn find(signers: &[Arc<dyn Signer>], public_key: &[u8]) -> Option<Arc<dyn Signer>> {
    signers.iter().find(|signer| signer.public_key() == public_key).cloned()
}

/// Every private key that signs: those in the token, and those in the files of the directory.
pub fn signers(
    places: &KeyPlaces,
    token: Option<&Arc<Token>>,
    files: &BTreeSet<String>,
) -> Result<Vec<Arc<dyn Signer>>, KeyError> {
    let mut found = token.map(Token::signers).transpose()?.unwrap_or_default();
    for name in files {
        let read = if numbered(DOSSIER_KEY_PREFIX, name).is_some() {
            es256_in_memory
        } else if numbered(LEDGER_KEY_PREFIX, name).is_some() {
            ed25519_in_memory
        } else {
            continue;
        };
        let signer = read(&read_pkcs8(&places.directory.join(name))?, name);
        found.push(signer.ok_or_else(|| {
            KeyError::Unusable(format!("{name} holds a key of another kind: put the right file back"))
        })?);
    }
    Ok(found)
}

fn dossier_keys(trust: &TrustFile, signers: &[Arc<dyn Signer>]) -> Result<Vec<DossierKey>, KeyError> {
    let unusable = |why: String| KeyError::Unusable(why);
    let mut found = Vec::new();
    for key in &trust.jwks.keys {
        let certificate = key.certificate().map_err(|why| unusable(format!("trust.json: {why}")))?;
        let Some(signer) = find(signers, &certificate.public_key) else { continue };
        let signer = JwtSigner::with_signer(signer, &key.kid, &certificate.der, DOSSIER_TYPE)
            .map_err(|why| unusable(format!("dossier key {}: {why}", key.kid)))?;
        found.push(DossierKey { nbf: key.nbf, exp: key.exp, signer: Arc::new(signer) });
    }
    let newest = trust.jwks.keys.last().ok_or_else(|| {
        unusable("trust.json names no signing key: run init again in a new directory".into())
    })?;
    match found.last().is_some_and(|last| is_key(last, newest)) {
        true => Ok(found),
        false => Err(unusable(format!(
            "no key file and no token has the dossier key {} that trust.json names last: put the right file back",
            newest.kid
        ))),
    }
}

fn is_key(held: &DossierKey, key: &TrustedKey) -> bool {
    held.signer.kid() == key.kid
}

fn salts(places: &KeyPlaces, files: &BTreeSet<String>) -> Result<BTreeMap<u32, Arc<SaltKey>>, KeyError> {
    let mut salts = BTreeMap::new();
    for epoch in files.iter().filter_map(|name| salt_epoch_of(name)) {
        let secret = read_secret(&places.directory.join(salt_key_file(epoch)))?;
        salts.insert(epoch, Arc::new(SaltKey::new(epoch, &secret)));
    }
    if salts.is_empty() {
        return Err(KeyError::Unusable(format!(
            "{} holds no salt key: put {} back from its backup",
            places.directory.display(),
            salt_key_file(1)
        )));
    }
    Ok(salts)
}
