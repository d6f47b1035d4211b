//! Rotation of the exchange's own keys, each an entry `key.changed`.
//!
//! A new key is made beside the old one, its entry appended, and the trust file rewritten; running gateways take it up
//! within two seconds. For the overlap the old key stays good: a dossier signed with it in the meantime verifies, and
//! checkpoints carry both signatures. What an old key signed before stays valid for ever.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;

use super::Exchange;
use super::admin::Actor;
use super::error::{ServiceError, ServiceResult};
use super::key_ring::{Source, signers};
use super::keys::{
    AUTHORITY_KEY_FILE, DOSSIER_KEY_PREFIX, KeyError, KeyPlaces, LEDGER_KEY_PREFIX, numbered, salt_epoch_of,
    salt_key_file,
};
use crate::domain::key_use::{KeyChange, KeyUse};
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::ledger::note::NoteVerifier;
use crate::outbound::pkcs11::{TOKEN_PLACE, Token};
use crate::seal::authority::DevelopmentAuthority;
use crate::seal::certificate::{MemberCertificate, verify_issued_by};
use crate::seal::keys::{
    generate_ed25519, generate_p256, generate_secret, read_private, write_pkcs8, write_secret,
};
use crate::seal::request::certificate_request;
use crate::seal::signer::{SignatureKind, Signer, ed25519_in_memory, es256_in_memory};
use crate::seal::trust::{LedgerKey, TrustFile, TrustedKey};
use crate::store::ledger::{Draft, Field};

/// The shortest overlap, in seconds: running gateways have taken the new key up by then.
pub const OVERLAP_SECONDS_MIN: i64 = 10;
/// The overlap unless another is asked for: one hour.
pub const OVERLAP_SECONDS: i64 = 3_600;
/// Common name in the certificate of a dossier key.
const DOSSIER_COMMON_NAME: &str = "dossier-signing";

/// How a dossier key is to be replaced.
#[derive(Clone, Debug)]
pub struct DossierRotation {
    /// The new key's certificate in PEM, by the authority of the trust file; the development CA issues one if absent.
    pub certificate: Option<String>,
    /// The new key is published at once and signs after so many seconds, so that banks can fetch it in advance.
    pub after_seconds: i64,
    /// For so many seconds more the old key is good.
    pub overlap_seconds: i64,
}

/// A rotation done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rotated {
    /// Public name of the new key: `kid`, verifier key, or epoch.
    pub key: String,
    /// Where its private half is.
    pub place: String,
    /// Ledger index of its entry.
    pub index: u64,
}

/// Replaces the dossier key. Blocks on the writer.
pub fn rotate_dossier(exchange: &Exchange, how: &DossierRotation, actor: &Actor) -> ServiceResult<Rotated> {
    let at_work = AtWork::begin(exchange)?;
    let mut trust = at_work.trust()?;
    let now = exchange.clock.now();
    let begins = now.plus_micros(how.after_seconds.saturating_mul(1_000_000));
    let (signer, certificate) = match &how.certificate {
        Some(pem) => at_work.key_of_certificate(pem, &trust, begins)?,
        None => at_work.issue(&trust, now)?,
    };
    let kid = certificate.thumbprint();
    if trust.key(&kid).is_some() {
        return Err(ServiceError::Conflict(format!(
            "the key {kid} is in trust.json already: make a new one"
        )));
    }
    let mut added = TrustedKey::from_certificate(&kid, &certificate);
    added.nbf = added.nbf.max(begins.seconds());
    let end = added.nbf.saturating_add(how.overlap_seconds.max(OVERLAP_SECONDS_MIN));
    let mut drafts = vec![draft(KeyUse::Dossier, &kid, KeyChange::Added, actor)];
    for old in trust.jwks.keys.iter_mut().filter(|old| old.exp > end) {
        drafts.push(draft(KeyUse::Dossier, &old.kid, KeyChange::Retired, actor));
        old.exp = end;
    }
    trust.jwks.keys.push(added);
    at_work.finish(drafts, &trust, Rotated { key: kid, place: signer.place().to_owned(), index: 0 })
}

/// Replaces the ledger key; the ledger's name stays. Blocks on the writer.
pub fn rotate_ledger(exchange: &Exchange, overlap_seconds: i64, actor: &Actor) -> ServiceResult<Rotated> {
    let at_work = AtWork::begin(exchange)?;
    let mut trust = at_work.trust()?;
    let now = exchange.clock.now();
    let signer = at_work.new_ledger_key()?;
    let public_key = signer.public_key().try_into().map_err(ServiceError::internal)?;
    let vkey =
        NoteVerifier::new(&exchange.keys.origin(), public_key).map_err(ServiceError::internal)?.to_string();
    let old = std::mem::replace(&mut trust.ledger_vkey, vkey.clone());
    let to = now.utc() + TimeDelta::seconds(overlap_seconds.max(OVERLAP_SECONDS_MIN));
    match trust.ledger_vkeys.iter_mut().find(|key| key.vkey == old) {
        Some(known) => known.to = Some(to),
        None => trust.ledger_vkeys.push(LedgerKey { vkey: old.clone(), from: None, to: Some(to) }),
    }
    trust.ledger_vkeys.push(LedgerKey { vkey: vkey.clone(), from: Some(now.utc()), to: None });
    let drafts = vec![
        draft(KeyUse::Ledger, &vkey, KeyChange::Added, actor),
        draft(KeyUse::Ledger, &old, KeyChange::Retired, actor),
    ];
    at_work.finish(drafts, &trust, Rotated { key: vkey, place: signer.place().to_owned(), index: 0 })
}

/// Begins a new salt epoch; the keys of the old ones stay, for releases are rebuilt with them. Blocks on the writer.
pub fn rotate_salt(exchange: &Exchange, actor: &Actor) -> ServiceResult<Rotated> {
    let at_work = AtWork::begin(exchange)?;
    let newest = at_work.files.iter().filter_map(|name| salt_epoch_of(name)).max().unwrap_or(0);
    let name = salt_key_file(newest + 1);
    let path = at_work.places.directory.join(&name);
    // Gateways take the file for the newest epoch once it has its name: it gets that after the entry.
    let unnamed = path.with_extension("key.new");
    drop(std::fs::remove_file(&unnamed));
    write_secret(&unnamed, &generate_secret().map_err(key_error)?).map_err(key_error)?;
    let drafts = vec![
        draft(KeyUse::Salt, &newest.saturating_add(1).to_string(), KeyChange::Added, actor),
        draft(KeyUse::Salt, &newest.to_string(), KeyChange::Retired, actor),
    ];
    let index = at_work.record(drafts)?;
    std::fs::rename(&unnamed, &path).map_err(ServiceError::internal)?;
    sync(&at_work.places.directory)?;
    exchange.keys.refresh(exchange.clock.now()).map_err(ServiceError::internal)?;
    Ok(Rotated { key: newest.saturating_add(1).to_string(), place: name, index })
}

/// Makes a dossier key for an authority elsewhere to certify: its request (PKCS#10, PEM) and where the key is. The
/// key signs nothing until [`rotate_dossier`] is given its certificate.
pub fn request_dossier_certificate(exchange: &Exchange) -> ServiceResult<(String, String)> {
    let at_work = AtWork::begin(exchange)?;
    let signer = at_work.new_dossier_key()?;
    let place = signer.place().to_owned();
    Ok((certificate_request(signer, DOSSIER_COMMON_NAME).map_err(ServiceError::internal)?, place))
}

/// One rotation at a time on one key directory: the lock is let go when this is dropped.
struct AtWork<'a> {
    exchange: &'a Exchange,
    places: &'a KeyPlaces,
    files: BTreeSet<String>,
    _lock: File,
}

impl<'a> AtWork<'a> {
    fn begin(exchange: &'a Exchange) -> ServiceResult<Self> {
        let places = exchange.keys.places();
        let lock = File::open(&places.directory).map_err(ServiceError::internal)?;
        lock.lock().map_err(ServiceError::internal)?;
        let mut files = Source::read(places).map_err(ServiceError::internal)?.files().clone();
        // Keys in the token are numbered with those in files.
        for signer in
            exchange.keys.token().map(Token::signers).transpose().map_err(key_error)?.unwrap_or_default()
        {
            files.extend(signer.place().strip_prefix(TOKEN_PLACE).map(|label| format!("{label}.key")));
        }
        Ok(Self { exchange, places, files, _lock: lock })
    }

    fn trust(&self) -> ServiceResult<TrustFile> {
        let text = std::fs::read_to_string(&self.places.trust).map_err(ServiceError::internal)?;
        TrustFile::parse(&text).map_err(ServiceError::internal)
    }

    /// A new key with a certificate of the development CA.
    fn issue(
        &self,
        trust: &TrustFile,
        now: Timestamp,
    ) -> ServiceResult<(Arc<dyn Signer>, MemberCertificate)> {
        let path = self.places.directory.join(AUTHORITY_KEY_FILE);
        if !path.exists() {
            return Err(ServiceError::Conflict(
                "this directory has no development CA: run shuidaiyi key request, have the request certified by your authority, and give the certificate with --certificate".to_owned(),
            ));
        }
        let key =
            String::from_utf8(read_private(&path).map_err(key_error)?).map_err(ServiceError::internal)?;
        let authority = DevelopmentAuthority::from_pem(&trust.ca, &key).map_err(ServiceError::internal)?;
        let signer = self.new_dossier_key()?;
        let der = authority
            .certify_signing(DOSSIER_COMMON_NAME, signer.public_key(), now.utc())
            .map_err(ServiceError::internal)?;
        Ok((signer, MemberCertificate::parse_der(&der).map_err(ServiceError::internal)?))
    }

    /// The key that a certificate from outside belongs to, after checking that verifiers will accept it.
    fn key_of_certificate(
        &self,
        pem: &str,
        trust: &TrustFile,
        begins: Timestamp,
    ) -> ServiceResult<(Arc<dyn Signer>, MemberCertificate)> {
        let refuse = |why: String| ServiceError::Conflict(format!("the certificate cannot be used: {why}"));
        let certificate = MemberCertificate::parse_pem(pem).map_err(|why| refuse(why.to_string()))?;
        let ca = trust.ca_der().map_err(ServiceError::internal)?;
        verify_issued_by(&certificate.der, &ca, begins.micros()).map_err(|why| refuse(why.to_string()))?;
        let files = Source::read(self.places).map_err(ServiceError::internal)?;
        let held = signers(self.places, self.exchange.keys.token(), files.files())
            .map_err(ServiceError::internal)?;
        let signer = held.into_iter().find(|signer| signer.public_key() == certificate.public_key);
        let signer =
            signer.ok_or_else(|| refuse("its private key is not here: run shuidaiyi key request".into()))?;
        Ok((signer, certificate))
    }

    fn new_dossier_key(&self) -> ServiceResult<Arc<dyn Signer>> {
        let name = self.free_name(DOSSIER_KEY_PREFIX);
        if let Some(token) = self.exchange.keys.token() {
            return token.generate(SignatureKind::Es256, &name).map_err(key_error);
        }
        let (name, der) = (format!("{name}.key"), generate_p256().map_err(key_error)?);
        write_pkcs8(&self.places.directory.join(&name), &der).map_err(key_error)?;
        es256_in_memory(&der, &name).ok_or_else(|| ServiceError::internal("a new key is no P-256 key"))
    }

    fn new_ledger_key(&self) -> ServiceResult<Arc<dyn Signer>> {
        let name = self.free_name(LEDGER_KEY_PREFIX);
        if let Some(token) = self.exchange.keys.token() {
            return token.generate(SignatureKind::Ed25519, &name).map_err(key_error);
        }
        let (name, der) = (format!("{name}.key"), generate_ed25519().map_err(key_error)?);
        write_pkcs8(&self.places.directory.join(&name), &der).map_err(key_error)?;
        ed25519_in_memory(&der, &name).ok_or_else(|| ServiceError::internal("a new key is no Ed25519 key"))
    }

    fn free_name(&self, prefix: &str) -> String {
        let last = self.files.iter().filter_map(|name| numbered(prefix, name)).max().unwrap_or(1);
        format!("{prefix}-{}", last.saturating_add(1))
    }

    /// The entries first, then the trust file: no key is in use that the ledger does not name.
    fn finish(&self, drafts: Vec<Draft>, trust: &TrustFile, done: Rotated) -> ServiceResult<Rotated> {
        let index = self.record(drafts)?;
        replace(&self.places.trust, &trust.to_json().map_err(ServiceError::internal)?)?;
        self.exchange.keys.refresh(self.exchange.clock.now()).map_err(ServiceError::internal)?;
        Ok(Rotated { index, ..done })
    }

    fn record(&self, drafts: Vec<Draft>) -> ServiceResult<u64> {
        let ((), committed) = self.exchange.writer.unit_blocking(move |_c, _now| Ok(Ok(((), drafts))))?;
        Ok(committed.entry(0)?.index)
    }
}

fn key_error(error: impl Into<KeyError>) -> ServiceError {
    ServiceError::internal(error.into())
}

/// The entry about one of the exchange's keys; a public key is no secret.
fn draft(usage: KeyUse, key: &str, change: KeyChange, actor: &Actor) -> Draft {
    key_changed(usage.as_str(), usage, key, change, actor)
}

/// An entry `key.changed` about an object: one of the exchange's keys, or the member whose key it is.
pub fn key_changed(object_id: &str, usage: KeyUse, key: &str, change: KeyChange, actor: &Actor) -> Draft {
    Draft {
        kind: EntryKind::KeyChanged,
        object_id: object_id.to_owned(),
        actor: actor.member.clone(),
        by: actor.label.clone(),
        fields: vec![
            ("use", Field::Plain(usage.as_str().into())),
            ("key", Field::Plain(key.into())),
            ("change", Field::Plain(change.as_str().into())),
        ],
    }
}

/// Puts a new file in the place of another, whole or not at all, and waits until it is on the disk.
fn replace(path: &Path, text: &str) -> ServiceResult<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = (|| {
        let mut file = tempfile::Builder::new().prefix(".trust-").tempfile_in(directory)?;
        file.write_all(text.as_bytes())?;
        if let Ok(old) = std::fs::metadata(path) {
            file.as_file().set_permissions(old.permissions())?;
        }
        file.as_file().sync_all()?;
        file.persist(path).map_err(|failed| failed.error)
    })();
    written.map_err(|why| ServiceError::internal(format!("{}: {why}", path.display())))?;
    sync(directory)
}

fn sync(directory: &Path) -> ServiceResult<()> {
    File::open(directory).and_then(|file| file.sync_all()).map_err(ServiceError::internal)
}
