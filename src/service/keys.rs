//! The gateway's own keys, loaded once: the dossier's signature, the ledger's, and the salts.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::ledger::checkpoint::{Checkpoint, CheckpointError};
use crate::ledger::hash::Hash;
use crate::ledger::note::{NoteSigner, NoteVerifier};
use crate::seal::jws::JwtSigner;
use crate::seal::keys::{KeyFileError, read_pkcs8, read_secret};
use crate::seal::salt::SaltKey;
use crate::seal::trust::TrustFile;

/// File names inside the key directory.
pub const DOSSIER_KEY_FILE: &str = "dossier-signing.key";
/// See [`DOSSIER_KEY_FILE`].
pub const LEDGER_KEY_FILE: &str = "ledger.key";
const SALT_KEY_PREFIX: &str = "salt-epoch-";
const SALT_KEY_SUFFIX: &str = ".key";

/// A key directory or trust file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A key file.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// Something else, with what to do about it.
    #[error("{0}")]
    Unusable(String),
}

/// Everything the gateway signs and salts with.
pub struct Keys {
    dossier: Arc<JwtSigner>,
    ledger: NoteSigner,
    ledger_verifier: NoteVerifier,
    salts: BTreeMap<u32, SaltKey>,
    trust: Arc<TrustFile>,
}

impl Keys {
    /// Loads the key directory; `trust` names the issuer, the key id and the certificate that go with it.
    pub fn load(directory: &Path, trust: TrustFile) -> Result<Self, KeyError> {
        let unusable = |why: String| KeyError::Unusable(why);
        let key = trust.jwks.keys.last().ok_or_else(|| {
            unusable("trust.json names no signing key: run init again in a new directory".into())
        })?;
        let certificate = key.certificate().map_err(|why| unusable(format!("trust.json: {why}")))?.der;
        let dossier = JwtSigner::new(
            &read_pkcs8(&directory.join(DOSSIER_KEY_FILE))?,
            &key.kid,
            &certificate,
            crate::seal::jws::DOSSIER_TYPE,
        )
        .map_err(|why| unusable(format!("{DOSSIER_KEY_FILE}: {why}")))?;
        let verifier: NoteVerifier =
            trust.ledger_vkey.parse().map_err(|why| unusable(format!("trust.json, ledger_vkey: {why}")))?;
        let ledger = NoteSigner::from_pkcs8(verifier.name(), &read_pkcs8(&directory.join(LEDGER_KEY_FILE))?)
            .map_err(|why| unusable(format!("{LEDGER_KEY_FILE}: {why}")))?;
        if ledger.verifier().to_string() != trust.ledger_vkey {
            return Err(unusable(format!(
                "{LEDGER_KEY_FILE} is not the key that trust.json names: put the right file back"
            )));
        }
        Ok(Self {
            dossier: Arc::new(dossier),
            ledger,
            ledger_verifier: verifier,
            salts: load_salts(directory)?,
            trust: Arc::new(trust),
        })
    }

    /// Signs dossiers (ES256).
    pub fn dossier(&self) -> Arc<JwtSigner> {
        self.dossier.clone()
    }

    /// What `GET /v1/keys` answers.
    pub fn trust(&self) -> Arc<TrustFile> {
        self.trust.clone()
    }

    /// Signs the checkpoint of this head under the ledger's origin (Ed25519): a signed note.
    pub fn sign_checkpoint(&self, size: u64, root: Hash) -> String {
        Checkpoint { origin: self.origin(), size, root }.sign(&self.ledger)
    }

    /// Reads a checkpoint of this ledger that one of its keys signed.
    pub fn open_checkpoint(&self, note: &str) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::open(note, &self.ledger_verifier)
    }

    /// Verifies the ledger's checkpoints.
    pub fn ledger_verifier(&self) -> NoteVerifier {
        self.ledger_verifier.clone()
    }

    /// The newest salt epoch: what new disclosures are salted with.
    pub fn newest_salt(&self) -> Option<&SaltKey> {
        self.salts.values().next_back()
    }

    /// The key of an epoch, as long as it is kept.
    pub fn salt(&self, epoch: u32) -> Option<&SaltKey> {
        self.salts.get(&epoch)
    }

    /// The ledger's name, as its key in the trust file carries it: at first the issuer's host plus `/v1/ledger`.
    pub fn origin(&self) -> String {
        self.ledger_verifier.name().to_owned()
    }
}

/// The checkpoint origin of an issuer's first ledger: its host without scheme plus `/v1/ledger`.
pub fn origin_of(issuer: &str) -> String {
    let host = issuer.split_once("://").map_or(issuer, |(_, host)| host);
    format!("{}/v1/ledger", host.trim_end_matches('/'))
}

/// File name of an epoch's salt key.
pub fn salt_key_file(epoch: u32) -> String {
    format!("{SALT_KEY_PREFIX}{epoch}{SALT_KEY_SUFFIX}")
}

fn load_salts(directory: &Path) -> Result<BTreeMap<u32, SaltKey>, KeyError> {
    let unreadable =
        |why: std::io::Error| KeyError::Unusable(format!("key directory {}: {why}", directory.display()));
    let mut salts = BTreeMap::new();
    for file in std::fs::read_dir(directory).map_err(unreadable)? {
        let path = file.map_err(unreadable)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let epoch = name.strip_prefix(SALT_KEY_PREFIX).and_then(|rest| rest.strip_suffix(SALT_KEY_SUFFIX));
        if let Some(epoch) = epoch.and_then(|epoch| epoch.parse::<u32>().ok()) {
            salts.insert(epoch, SaltKey::new(epoch, &read_secret(&path)?));
        }
    }
    if salts.is_empty() {
        return Err(KeyError::Unusable(format!(
            "{} holds no salt key: put {} back from its backup",
            directory.display(),
            salt_key_file(1)
        )));
    }
    Ok(salts)
}
