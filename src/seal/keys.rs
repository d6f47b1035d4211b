//! Key files: made once, readable by their owner only, never overwritten.
//!
//! Private keys are PKCS#8 (RFC 5958) in PEM (RFC 7468), other secrets 32 bytes in hexadecimal.
//! A key file that others may read is refused, as an SSH client refuses it, because the mistake
//! is cheap to mend and expensive to overlook.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;

use super::digest::hexadecimal;

/// No key file is longer; a larger file is something else.
const KEY_FILE_BYTES_MAX: u64 = 64 * 1024;

/// Why a key could not be made, written or read.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The operating system gave no randomness.
    #[error("no key was made: the operating system gives no randomness")]
    Randomness,
    /// The file exists already.
    #[error("{} exists already and is not overwritten; move it away first", .0.display())]
    Exists(PathBuf),
    /// Group or others may read or write the file.
    #[error("{path} is open to others (mode {mode:03o}); run: chmod 600 {path}", path = .path.display())]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file cannot be read or written.
    #[error("{path}: {cause}", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
    /// The file does not hold what it should.
    #[error("{path} holds no {expected}", path = .path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
    },
}

/// A new P-256 key for ES256, as PKCS#8 DER.
pub fn generate_p256() -> Result<Vec<u8>, KeyFileError> {
    EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
        .map(|document| document.as_ref().to_vec())
        .map_err(|_| KeyFileError::Randomness)
}

/// A new Ed25519 key for checkpoints, as PKCS#8 version 2 DER (with the public key).
pub fn generate_ed25519() -> Result<Vec<u8>, KeyFileError> {
    Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
        .map(|document| document.as_ref().to_vec())
        .map_err(|_| KeyFileError::Randomness)
}

/// 32 random bytes: a salt key, or any other symmetric secret.
pub fn generate_secret() -> Result<[u8; 32], KeyFileError> {
    let mut secret = [0; 32];
    SystemRandom::new().fill(&mut secret).map_err(|_| KeyFileError::Randomness)?;
    Ok(secret)
}

/// PKCS#8 DER as PEM, lines of 64 characters (RFC 7468 section 10).
pub fn pkcs8_pem(der: &[u8]) -> String {
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for (position, character) in STANDARD.encode(der).chars().enumerate() {
        if position > 0 && position % 64 == 0 {
            pem.push('\n');
        }
        pem.push(character);
    }
    pem.push_str("\n-----END PRIVATE KEY-----\n");
    pem
}

/// Writes a new file with mode 0600, and waits until it is on disk.
pub fn write_private(path: &Path, contents: &[u8]) -> Result<(), KeyFileError> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(
        |cause| match cause.kind() {
            io::ErrorKind::AlreadyExists => KeyFileError::Exists(path.to_owned()),
            _ => file_error(path, cause),
        },
    )?;
    file.write_all(contents).and_then(|()| file.sync_all()).map_err(|cause| file_error(path, cause))
}

/// Reads a private file, unless group or others may touch it.
pub fn read_private(path: &Path) -> Result<Vec<u8>, KeyFileError> {
    let file = File::open(path).map_err(|cause| file_error(path, cause))?;
    // Asked of the open file, so that nobody exchanges the file between question and reading.
    let metadata = file.metadata().map_err(|cause| file_error(path, cause))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::TooOpen { path: path.to_owned(), mode });
    }
    if !metadata.is_file() || metadata.len() > KEY_FILE_BYTES_MAX {
        return Err(KeyFileError::Content { path: path.to_owned(), expected: "key" });
    }
    let mut contents = Vec::new();
    file.take(KEY_FILE_BYTES_MAX).read_to_end(&mut contents).map_err(|cause| file_error(path, cause))?;
    Ok(contents)
}

/// Writes a PKCS#8 key as a new PEM file.
pub fn write_pkcs8(path: &Path, der: &[u8]) -> Result<(), KeyFileError> {
    write_private(path, pkcs8_pem(der).as_bytes())
}

/// Reads a PKCS#8 key in PEM; gives its DER.
pub fn read_pkcs8(path: &Path) -> Result<Vec<u8>, KeyFileError> {
    let contents = read_private(path)?;
    PrivatePkcs8KeyDer::from_pem_slice(&contents)
        .map(|key| key.secret_pkcs8_der().to_vec())
        .map_err(|_| KeyFileError::Content { path: path.to_owned(), expected: "PKCS#8 private key in PEM" })
}

/// Writes a secret of 32 bytes as a new file: 64 hexadecimal digits and a line end.
pub fn write_secret(path: &Path, secret: &[u8; 32]) -> Result<(), KeyFileError> {
    write_private(path, format!("{}\n", hexadecimal(secret)).as_bytes())
}

/// Reads a secret of 32 bytes.
pub fn read_secret(path: &Path) -> Result<[u8; 32], KeyFileError> {
    let contents = read_private(path)?;
    secret_from_hexadecimal(contents.trim_ascii_end()).ok_or_else(|| KeyFileError::Content {
        path: path.to_owned(),
        expected: "secret of 64 hexadecimal digits",
    })
}

fn secret_from_hexadecimal(digits: &[u8]) -> Option<[u8; 32]> {
    if digits.len() != 64 {
        return None;
    }
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let mut secret = [0; 32];
    for (byte, pair) in secret.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(secret)
}

fn file_error(path: &Path, cause: io::Error) -> KeyFileError {
    KeyFileError::File { path: path.to_owned(), cause }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn keys_are_written_for_the_owner_only_and_read_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("signing.key");
        let key = generate_p256().unwrap();
        write_pkcs8(&path, &key).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read_pkcs8(&path).unwrap(), key);
        assert!(fs::read_to_string(&path).unwrap().lines().all(|line| line.len() <= 64));

        let path = directory.path().join("ledger.key");
        let key = generate_ed25519().unwrap();
        write_pkcs8(&path, &key).unwrap();
        assert!(Ed25519KeyPair::from_pkcs8(&read_pkcs8(&path).unwrap()).is_ok());

        let path = directory.path().join("salt-1.key");
        let secret = generate_secret().unwrap();
        write_secret(&path, &secret).unwrap();
        assert_eq!(read_secret(&path).unwrap(), secret);
        assert_ne!(generate_secret().unwrap(), secret);
    }

    #[test]
    fn an_existing_file_is_never_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("salt-1.key");
        write_secret(&path, &[1; 32]).unwrap();
        assert!(matches!(write_secret(&path, &[2; 32]), Err(KeyFileError::Exists(_))));
        assert_eq!(read_secret(&path).unwrap(), [1; 32]);
    }

    #[test]
    fn a_file_open_to_others_is_refused_with_the_remedy() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("salt-1.key");
        write_secret(&path, &[1; 32]).unwrap();
        for mode in [0o640, 0o604, 0o660, 0o601, 0o644] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let message = read_secret(&path).unwrap_err().to_string();
            assert!(message.ends_with(&format!("run: chmod 600 {}", path.display())), "{message}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(read_secret(&path).is_ok());
    }

    #[test]
    fn a_file_with_something_else_is_refused_without_showing_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("wrong.key");
        write_private(&path, b"zz".repeat(32).as_slice()).unwrap();
        for message in
            [read_secret(&path).unwrap_err().to_string(), read_pkcs8(&path).unwrap_err().to_string()]
        {
            assert!(message.contains("wrong.key") && !message.contains("zzz"), "{message}");
        }
        assert!(matches!(read_secret(&directory.path().join("absent")), Err(KeyFileError::File { .. })));
    }
}
