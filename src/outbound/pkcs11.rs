//! Private keys in a token (PKCS#11 v2.40 and later): made there, never read out, used through the vendor's library.
//!
//! P-256 keys sign with CKM_ECDSA over a SHA-256 digest made here, Ed25519 keys with CKM_EDDSA. A private key is found
//! by the public one that shares its CKA_ID. Sessions are kept for the next signature; one that fails is closed, and
//! the signature is tried once more in a new one, so that a token that was away for a moment costs nothing.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;

use crate::seal::digest::sha256;
use crate::seal::keys::{KeyFileError, read_private};
use crate::seal::signer::{SignatureKind, Signer, SignerError, sixty_four};

/// What the place of a key in a token begins with; its label follows.
pub const TOKEN_PLACE: &str = "pkcs11:";
/// Sessions kept open between signatures.
const SESSIONS_KEPT: usize = 8;
/// The object identifier of P-256, in DER (SEC 2 section 2.4.2).
const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// The object identifier of Ed25519, in DER (RFC 8410 section 3).
const ED25519: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];

/// A token and what opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenOptions {
    /// The vendor's library.
    pub module: PathBuf,
    /// Label of the token.
    pub label: String,
    /// File with the user's PIN, readable by its owner only.
    pub pin_file: PathBuf,
}

/// A token that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The PIN's file.
    #[error(transparent)]
    Pin(#[from] KeyFileError),
    /// No token of this label is present.
    #[error("no PKCS#11 token is labelled {0:?}: insert it, or correct pkcs11_token")]
    Absent(String),
    /// The library or the token refused; which call, and its code, are in the text.
    #[error("PKCS#11 token: {0}")]
    Refused(String),
}

impl From<Error> for TokenError {
    fn from(error: Error) -> Self {
        TokenError::Refused(told(&error))
    }
}

/// The code alone: the library's own words are paragraphs of the standard.
fn told(error: &Error) -> String {
    match error {
        Error::Pkcs11(code, function) => format!("{function:?} says {code:?}"),
        other => other.to_string().lines().next().unwrap_or_default().to_owned(),
    }
}

/// A token that is logged into.
pub struct Token {
    context: Pkcs11,
    slot: Slot,
    pin: AuthPin,
    idle: Mutex<Vec<Session>>,
}

impl Token {
    /// Loads the library, finds the token by its label and logs in.
    pub fn open(options: &TokenOptions) -> Result<Arc<Self>, TokenError> {
        let pin = String::from_utf8_lossy(&read_private(&options.pin_file)?).trim_end().to_owned();
        let context = context(&options.module)?;
        for slot in context.get_slots_with_initialized_token()? {
            if context.get_token_info(slot)?.label() == options.label {
                let token = Self { context, slot, pin: AuthPin::from(pin), idle: Mutex::default() };
                let session = token.session(false)?;
                token.keep(session);
                let token = Arc::new(token);
                // Kept until the process ends: sessions closed by a thread that ends last would run into the library's
                // own exit handlers.
                std::mem::forget(token.clone());
                return Ok(token);
            }
        }
        Err(TokenError::Absent(options.label.clone()))
    }

    /// Every key pair in the token that signs as this exchange does.
    pub fn signers(self: &Arc<Self>) -> Result<Vec<Arc<dyn Signer>>, TokenError> {
        let session = self.session(false)?;
        let mut found: Vec<Arc<dyn Signer>> = Vec::new();
        let private = [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Sign(true)];
        for key in session.find_objects(&private)? {
            if let Some(signer) = self.signer_of(&session, key)? {
                found.push(Arc::new(signer));
            }
        }
        self.keep(session);
        Ok(found)
    }

    /// Makes a key pair that never leaves the token.
    pub fn generate(
        self: &Arc<Self>,
        kind: SignatureKind,
        label: &str,
    ) -> Result<Arc<dyn Signer>, TokenError> {
        let (mechanism, curve) = match kind {
            SignatureKind::Es256 => (Mechanism::EccKeyPairGen, P256),
            SignatureKind::Ed25519 => (Mechanism::EccEdwardsKeyPairGen, ED25519),
        };
        let named = |more: &[Attribute]| {
            let id = label.as_bytes().to_vec();
            let common = [Attribute::Token(true), Attribute::Label(id.clone()), Attribute::Id(id)];
            [&common[..], more].concat()
        };
        let public = named(&[Attribute::EcParams(curve.to_vec()), Attribute::Verify(true)]);
        let private = named(&[
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
        ]);
        let session = self.session(true)?;
        let (_public, key) = session.generate_key_pair(&mechanism, &public, &private)?;
        let signer = self.signer_of(&session, key)?;
        let signer =
            signer.ok_or_else(|| TokenError::Refused("the new key pair has no public key".to_owned()))?;
        Ok(Arc::new(signer))
    }

    fn signer_of(
        self: &Arc<Self>,
        session: &Session,
        key: ObjectHandle,
    ) -> Result<Option<TokenSigner>, TokenError> {
        let (mut kind, mut id, mut label) = (None, Vec::new(), Vec::new());
        let asked = [AttributeType::KeyType, AttributeType::Id, AttributeType::Label];
        for attribute in session.get_attributes(key, &asked)? {
            match attribute {
                Attribute::KeyType(KeyType::EC) => kind = Some(SignatureKind::Es256),
                Attribute::KeyType(KeyType::EC_EDWARDS) => kind = Some(SignatureKind::Ed25519),
                Attribute::Id(bytes) => id = bytes,
                Attribute::Label(bytes) => label = bytes,
                _ => {}
            }
        }
        let Some(kind) = kind else { return Ok(None) };
        let public = [Attribute::Class(ObjectClass::PUBLIC_KEY), Attribute::Id(id.clone())];
        let Some(public) = session.find_objects(&public)?.first().copied() else { return Ok(None) };
        let point = session.get_attributes(public, &[AttributeType::EcPoint])?;
        let Some(Attribute::EcPoint(point)) = point.into_iter().next() else { return Ok(None) };
        let Some(public_key) = public_key_of(kind, &point) else { return Ok(None) };
        let place = format!("{TOKEN_PLACE}{}", String::from_utf8_lossy(&label));
        Ok(Some(TokenSigner { token: self.clone(), kind, public_key, id, place, key: Mutex::new(key) }))
    }

    /// A session that is logged in: one kept, or a new one.
    fn session(&self, writes: bool) -> Result<Session, TokenError> {
        let kept = if writes { None } else { self.idle().pop() };
        match kept {
            Some(session) => Ok(session),
            None => self.new_session(writes),
        }
    }

    fn new_session(&self, writes: bool) -> Result<Session, TokenError> {
        let session = match writes {
            true => self.context.open_rw_session(self.slot)?,
            false => self.context.open_ro_session(self.slot)?,
        };
        match session.login(UserType::User, Some(&self.pin)) {
            // All sessions of a process share one login.
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
            Err(why) => Err(why.into()),
        }
    }

    fn keep(&self, session: Session) {
        let mut idle = self.idle();
        if idle.len() < SESSIONS_KEPT {
            idle.push(session);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The library, loaded and initialised once for the process, as the standard demands.
fn context(module: &Path) -> Result<Pkcs11, TokenError> {
    static LOADED: OnceLock<Mutex<HashMap<PathBuf, Pkcs11>>> = OnceLock::new();
    let mut loaded = LOADED.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(context) = loaded.get(module) {
        return Ok(context.clone());
    }
    let context = Pkcs11::new(module).map_err(|why| {
        TokenError::Refused(format!("{} cannot be loaded: {}", module.display(), told(&why)))
    })?;
    match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(why) => return Err(why.into()),
    }
    loaded.insert(module.to_owned(), context.clone());
    Ok(context)
}

/// The public key as its kind writes it. Tokens wrap it in a DER octet string, some do not.
fn public_key_of(kind: SignatureKind, point: &[u8]) -> Option<Vec<u8>> {
    let length: u8 = match kind {
        SignatureKind::Es256 => 65,
        SignatureKind::Ed25519 => 32,
    };
    let bare = match point {
        [0x04, stated, rest @ ..] if *stated == length && rest.len() == usize::from(length) => rest,
        other => other,
    };
    (bare.len() == usize::from(length)).then(|| bare.to_vec())
}

struct TokenSigner {
    token: Arc<Token>,
    kind: SignatureKind,
    public_key: Vec<u8>,
    id: Vec<u8>,
    place: String,
    key: Mutex<ObjectHandle>,
}

impl TokenSigner {
    fn sign_in(&self, session: &Session, key: ObjectHandle, message: &[u8]) -> Result<Vec<u8>, Error> {
        match self.kind {
            SignatureKind::Es256 => session.sign(&Mechanism::Ecdsa, key, &sha256(message)),
            SignatureKind::Ed25519 => {
                let scheme = EddsaParams::new(EddsaSignatureScheme::Ed25519);
                session.sign(&Mechanism::Eddsa(scheme), key, message)
            }
        }
    }

    fn handle(&self) -> MutexGuard<'_, ObjectHandle> {
        self.key.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same in a new session, with the key looked up again: handles and logins may have gone with the token.
    fn sign_anew(&self, message: &[u8]) -> Result<Vec<u8>, TokenError> {
        self.token.idle().clear();
        let session = self.token.new_session(false)?;
        let named = [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Id(self.id.clone())];
        let key = session.find_objects(&named)?.first().copied();
        let key = key.ok_or_else(|| TokenError::Refused(format!("{} is no longer there", self.place)))?;
        let signature = self.sign_in(&session, key, message)?;
        *self.handle() = key;
        self.token.keep(session);
        Ok(signature)
    }
}

impl Signer for TokenSigner {
    fn kind(&self) -> SignatureKind {
        self.kind
    }

    fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    fn place(&self) -> &str {
        &self.place
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignerError> {
        let key = *self.handle();
        if let Ok(session) = self.token.session(false)
            && let Ok(signature) = self.sign_in(&session, key, message)
        {
            self.token.keep(session);
            return sixty_four(&signature);
        }
        sixty_four(&self.sign_anew(message).map_err(|why| SignerError(why.to_string()))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_keys_are_taken_wrapped_and_bare() {
        let point = [vec![0x04], vec![7; 64]].concat();
        let wrapped = [vec![0x04, 65], point.clone()].concat();
        for given in [&point, &wrapped] {
            assert_eq!(public_key_of(SignatureKind::Es256, given), Some(point.clone()));
        }
        let key = vec![4; 32];
        for given in [key.clone(), [vec![0x04, 32], key.clone()].concat()] {
            assert_eq!(public_key_of(SignatureKind::Ed25519, &given), Some(key.clone()));
        }
        assert_eq!(public_key_of(SignatureKind::Ed25519, &point), None);
        assert_eq!(public_key_of(SignatureKind::Es256, &[]), None);
    }

    #[test]
    fn a_library_that_is_not_there_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let pin_file = directory.path().join("pin");
        crate::seal::keys::write_private(&pin_file, b"1234\n").unwrap();
        let options = TokenOptions { module: directory.path().join("none.so"), label: "t".into(), pin_file };
        let refused = Token::open(&options).err().unwrap().to_string();
        assert!(refused.contains("none.so cannot be loaded"), "{refused}");
    }
}
