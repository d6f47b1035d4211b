//! Signed notes: a text and signatures of it (C2SP signed-note v1.0.0).
//!
//! A note may carry signatures by several keys and of several types. Here are the form of all of them and
//! the plain Ed25519 signature, type 0x01; `cosignature` has type 0x04.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

/// Signature type byte of a plain Ed25519 note signature.
const ED25519_TYPE: u8 = 0x01;

/// Bytes in an Ed25519 public key.
pub(super) const PUBLIC_KEY_BYTES: usize = 32;

/// Bytes of the key id in front of every signature.
pub(super) const KEY_ID_BYTES: usize = 4;

/// What starts a signature line: em dash and space.
const SIGNATURE_LINE_START: &str = "\u{2014} ";

/// Most signature lines taken; signed-note asks for at least 16.
const SIGNATURE_LINES_MAX: usize = 64;

/// Why a note or a key was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The name of a key is empty, or has a space, a plus or a control character.
    #[error("the key name is not one that a signed note can carry")]
    KeyName,
    /// The private key is no Ed25519 key in PKCS#8.
    #[error("the private key is not Ed25519 in PKCS#8")]
    PrivateKey,
    /// The verifier key is not `<name>+<8 hexadecimal digits>+<base64>` of an Ed25519 key.
    #[error("the verifier key is malformed")]
    VerifierKey,
    /// The key id written in a verifier key is not that of its name and key.
    #[error("the key id of the verifier key does not fit its name and key")]
    KeyId,
    /// The note is not a text, a blank line and signature lines.
    #[error("the note is malformed: {0}")]
    Malformed(&'static str),
    /// No signature is by this key.
    #[error("the note carries no signature by the expected key")]
    NotSigned,
    /// A signature in this key's name is wrong.
    #[error("the signature of the note is wrong")]
    BadSignature,
}

/// One signature line of a note. Its text form is that line, with its newline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// The name that the key signs under.
    pub name: String,
    /// Tells keys of one name apart: the first bytes of a digest of name, type and key.
    pub key_id: [u8; KEY_ID_BYTES],
    /// What the key's type makes of it.
    pub signature: Vec<u8>,
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stamped = [&self.key_id[..], &self.signature].concat();
        writeln!(f, "{SIGNATURE_LINE_START}{} {}", self.name, STANDARD.encode(stamped))
    }
}

/// The text of a note, with its final newline, and its signatures, none of them verified.
pub fn read_note(note: &str) -> Result<(&str, Vec<NoteSignature>), NoteError> {
    let (text, signature_lines) = split_note(note)?;
    Ok((text, read_signatures(signature_lines)?))
}

/// Reads signature lines that stand without their note, as a witness answers them.
pub fn read_signatures(lines: &str) -> Result<Vec<NoteSignature>, NoteError> {
    if !lines.ends_with('\n') {
        return Err(NoteError::Malformed("no signature line, or none that ends in a newline"));
    }
    let lines: Vec<&str> = lines.split_terminator('\n').collect();
    if lines.len() > SIGNATURE_LINES_MAX {
        return Err(NoteError::Malformed("too many signatures"));
    }
    lines.into_iter().map(parse_signature_line).collect()
}

/// A private key with its name.
pub struct NoteSigner {
    key: Ed25519KeyPair,
    verifier: NoteVerifier,
}

/// A public key with its name. Its text form is the verifier key `<name>+<key id>+<base64 of type and key>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteVerifier {
    name: String,
    key_id: [u8; KEY_ID_BYTES],
    public_key: [u8; PUBLIC_KEY_BYTES],
}

impl NoteSigner {
    /// Takes an Ed25519 private key in PKCS#8, version 1 or 2, and the name to sign under.
    pub fn from_pkcs8(name: &str, pkcs8: &[u8]) -> Result<NoteSigner, NoteError> {
        let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).map_err(|_| NoteError::PrivateKey)?;
        let public_key = key.public_key().as_ref().try_into().map_err(|_| NoteError::PrivateKey)?;
        Ok(NoteSigner { key, verifier: NoteVerifier::new(name, public_key)? })
    }

    /// Signs a text and gives the whole note. A text is lines without control characters; if the last
    /// newline is missing it is added.
    pub fn sign(&self, text: &str) -> String {
        let text = if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") };
        let signature = NoteSignature {
            name: self.verifier.name.clone(),
            key_id: self.verifier.key_id,
            signature: self.key.sign(text.as_bytes()).as_ref().to_vec(),
        };
        format!("{text}\n{signature}")
    }

    /// The public half.
    pub fn verifier(&self) -> NoteVerifier {
        self.verifier.clone()
    }
}

impl fmt::Debug for NoteSigner {
    /// Shows the public half only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoteSigner").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

impl NoteVerifier {
    /// Names an Ed25519 public key.
    pub fn new(name: &str, public_key: [u8; PUBLIC_KEY_BYTES]) -> Result<NoteVerifier, NoteError> {
        if !is_key_name(name) {
            return Err(NoteError::KeyName);
        }
        let key_id = key_id(name, ED25519_TYPE, &public_key);
        Ok(NoteVerifier { name: name.to_owned(), key_id, public_key })
    }

    /// The name that the key signs under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The raw Ed25519 public key (RFC 8032).
    pub fn public_key(&self) -> &[u8; PUBLIC_KEY_BYTES] {
        &self.public_key
    }

    /// Gives the text of a note that this key has signed. Signatures by other keys are ignored; one wrong
    /// signature under this key's name and id refuses the note.
    pub fn verify<'note>(&self, note: &'note str) -> Result<&'note str, NoteError> {
        let (text, signatures) = read_note(note)?;
        let mut signed = false;
        for line in signatures.iter().filter(|line| line.name == self.name && line.key_id == self.key_id) {
            let key = UnparsedPublicKey::new(&ED25519, &self.public_key);
            key.verify(text.as_bytes(), &line.signature).map_err(|_| NoteError::BadSignature)?;
            signed = true;
        }
        if signed { Ok(text) } else { Err(NoteError::NotSigned) }
    }
}

impl fmt::Display for NoteVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", verifier_key(&self.name, ED25519_TYPE, &self.public_key))
    }
}

impl FromStr for NoteVerifier {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<NoteVerifier, NoteError> {
        let (name, public_key) = parse_verifier_key(text, ED25519_TYPE)?;
        NoteVerifier::new(name, public_key)
    }
}

/// The verifier key of a name and key: `<name>+<8 hexadecimal digits of the key id>+<base64 of type and key>`.
pub(super) fn verifier_key(name: &str, signature_type: u8, public_key: &[u8; PUBLIC_KEY_BYTES]) -> String {
    let key_id = u32::from_be_bytes(key_id(name, signature_type, public_key));
    let typed_key = [&[signature_type][..], public_key].concat();
    format!("{name}+{key_id:08x}+{}", STANDARD.encode(typed_key))
}

/// Name and public key of a verifier key of this type, whose key id is right.
pub(super) fn parse_verifier_key(
    text: &str,
    signature_type: u8,
) -> Result<(&str, [u8; PUBLIC_KEY_BYTES]), NoteError> {
    // Base64 may itself contain a plus, a name may not.
    let (name, rest) = text.split_once('+').ok_or(NoteError::VerifierKey)?;
    let (written_id, typed_key) = rest.split_once('+').ok_or(NoteError::VerifierKey)?;
    let typed_key = STANDARD.decode(typed_key).map_err(|_| NoteError::VerifierKey)?;
    let public_key = match typed_key.split_first() {
        Some((first, key)) if *first == signature_type => {
            key.try_into().map_err(|_| NoteError::VerifierKey)?
        }
        Some(_) | None => return Err(NoteError::VerifierKey),
    };
    if !is_key_name(name) {
        return Err(NoteError::KeyName);
    }
    if format!("{:08x}", u32::from_be_bytes(key_id(name, signature_type, &public_key))) != written_id {
        return Err(NoteError::KeyId);
    }
    Ok((name, public_key))
}

/// First four bytes of SHA-256(name ‖ newline ‖ type ‖ public key).
pub(super) fn key_id(
    name: &str,
    signature_type: u8,
    public_key: &[u8; PUBLIC_KEY_BYTES],
) -> [u8; KEY_ID_BYTES] {
    let named_key = [name.as_bytes(), b"\n", &[signature_type], public_key].concat();
    let mut key_id = [0; KEY_ID_BYTES];
    for (byte, digested) in key_id.iter_mut().zip(digest(&SHA256, &named_key).as_ref()) {
        *byte = *digested;
    }
    key_id
}

pub(super) fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c == '+' || c.is_whitespace() || c < ' ')
}

/// Splits a note at its last blank line into the text, with its final newline, and the signature lines.
fn split_note(note: &str) -> Result<(&str, &str), NoteError> {
    if note.chars().any(|c| c < ' ' && c != '\n') {
        return Err(NoteError::Malformed("control character"));
    }
    let blank_line = note.rfind("\n\n").ok_or(NoteError::Malformed("no blank line"))?;
    let (text, rest) = note.split_at(blank_line + 1);
    Ok((text, &rest[1..]))
}

/// One signature line, without its newline.
fn parse_signature_line(line: &str) -> Result<NoteSignature, NoteError> {
    let malformed = NoteError::Malformed("signature line");
    let (name, stamped) =
        line.strip_prefix(SIGNATURE_LINE_START).and_then(|rest| rest.split_once(' ')).ok_or(malformed)?;
    let stamped = STANDARD.decode(stamped).map_err(|_| malformed)?;
    match stamped.split_first_chunk() {
        Some((key_id, signature)) if is_key_name(name) && !signature.is_empty() => {
            Ok(NoteSignature { name: name.to_owned(), key_id: *key_id, signature: signature.to_vec() })
        }
        Some(_) | None => Err(malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::testing::{hex_bytes, test_signer};

    /// The key and the note in the documentation of Go's `golang.org/x/mod/sumdb/note`.
    const GO_VERIFIER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const GO_TEXT: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    const GO_SIGNATURE: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn the_note_of_another_implementation_verifies() {
        let verifier: NoteVerifier = GO_VERIFIER.parse().unwrap();
        assert_eq!(verifier.to_string(), GO_VERIFIER);
        let note = format!("{GO_TEXT}\n{GO_SIGNATURE}");
        assert_eq!(verifier.verify(&note), Ok(GO_TEXT));
    }

    #[test]
    fn our_signature_is_the_other_implementations() {
        let private_key = STANDARD.decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz").unwrap();
        let pkcs8 = [hex_bytes("302e020100300506032b657004220420"), private_key[1..].to_vec()].concat();
        let signer = NoteSigner::from_pkcs8("PeterNeumann", &pkcs8).unwrap();
        assert_eq!(signer.verifier().to_string(), GO_VERIFIER);
        let note = signer.sign(GO_TEXT);
        assert_eq!(note, format!("{GO_TEXT}\n{GO_SIGNATURE}"));
        assert_eq!(signer.sign(GO_TEXT.trim_end()), note);
        assert!(!format!("{signer:?}").contains("key: Ed25519KeyPair"));
    }

    #[test]
    fn the_last_blank_line_splits() {
        let signer = test_signer("ledger.example");
        for text in ["a\n\nb\n", "\n", "a\n\n", "— ledger.example AAAA\n\n— x y\n", "税贷易\n"] {
            assert_eq!(signer.verifier().verify(&signer.sign(text)), Ok(text), "{text:?}");
        }
    }

    #[test]
    fn signatures_of_others_are_ignored_and_ours_must_be_right() {
        let (ours, other) = (test_signer("ledger.example"), test_signer("witness.example"));
        let text = "ledger.example\n1\n";
        let cosignature = other.sign(text).split_once("\n\n").unwrap().1.to_owned();
        let note = ours.sign(text);
        for both in [format!("{note}{cosignature}"), note.replace("\n\n", &format!("\n\n{cosignature}"))] {
            assert_eq!(ours.verifier().verify(&both), Ok(text));
            assert_eq!(other.verifier().verify(&both), Ok(text));
        }
        assert_eq!(other.verifier().verify(&note), Err(NoteError::NotSigned));
        let wrong = ours.sign("something else\n").split_once("\n\n").unwrap().1.to_owned();
        assert_eq!(ours.verifier().verify(&format!("{note}{wrong}")), Err(NoteError::BadSignature));
        let many = format!("{note}{}", cosignature.repeat(64));
        assert_eq!(ours.verifier().verify(&many), Err(NoteError::Malformed("too many signatures")));
    }

    #[test]
    fn malformed_notes_are_refused() {
        let signer = test_signer("n");
        let note = signer.sign("text\n");
        let line = note.split_once("\n\n").unwrap().1;
        let bad = [
            String::new(),
            "text\n".into(),
            "text\n\n".into(),
            line.into(),
            format!("text\n{line}"),
            format!("text\n\n{}", line.trim_end()),
            format!("{note}\n"),
            format!("{note}trailing"),
            format!("{note}trailing\n"),
            format!("text\r\n\r\n{line}"),
            format!("te\txt\n\n{line}"),
            note.replace('—', "-"),
            note.replace("— ", "—"),
            note.replace("— n ", "— n  "),
            note.replace("— n ", "—  "),
            note.replace("— n ", "— "),
            note.replace("=\n", "\n"),
            format!("{note}— other AAAAAA==\n"),
        ];
        for note in bad {
            let result = signer.verifier().verify(&note);
            assert!(matches!(result, Err(NoteError::Malformed(_))), "{note:?} gave {result:?}");
        }
    }

    #[test]
    fn any_flipped_bit_of_a_note_fails() {
        let signer = test_signer("ledger.example");
        let verifier = signer.verifier();
        let note = signer.sign("ledger.example\n7\nroot\n").into_bytes();
        for bit in 0..note.len() * 8 {
            let mut forged = note.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            if let Ok(forged) = String::from_utf8(forged) {
                assert!(verifier.verify(&forged).is_err(), "{forged}");
            }
        }
    }

    #[test]
    fn malformed_keys_are_refused() {
        let bad = [
            ("PeterNeumann", NoteError::VerifierKey),
            ("PeterNeumann+c74f20a3", NoteError::VerifierKey),
            ("PeterNeumann+c74f20a3+", NoteError::VerifierKey),
            ("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10Q=", NoteError::VerifierKey),
            ("PeterNeumann+c74f20a3+BRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", NoteError::VerifierKey),
            ("PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", NoteError::KeyId),
            ("PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", NoteError::KeyId),
            ("Peter+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", NoteError::KeyId),
            ("Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", NoteError::KeyName),
            ("+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", NoteError::KeyName),
        ];
        for (text, error) in bad {
            assert_eq!(text.parse::<NoteVerifier>(), Err(error), "{text}");
        }
        for name in ["", "a b", "a+b", "a\u{a0}b", "a\nb", "a\u{1}b"] {
            assert_eq!(NoteVerifier::new(name, [1; 32]), Err(NoteError::KeyName), "{name:?}");
        }
        assert_eq!(NoteSigner::from_pkcs8("n", &[1; 48]).err(), Some(NoteError::PrivateKey));
    }
}
