//! Cosignatures: a witness's timestamped signature of a checkpoint (C2SP tlog-cosignature, Ed25519, type 0x04).
//!
//! It says that at that time the checkpoint was the largest one the witness had seen of this ledger, and that
//! everything the witness had seen before is a prefix of it.

use std::fmt;
use std::str::FromStr;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use super::note::{
    KEY_ID_BYTES, NoteError, NoteSignature, PUBLIC_KEY_BYTES, is_key_name, key_id, parse_verifier_key,
    read_note, verifier_key,
};

/// Signature type byte of an Ed25519 cosignature.
const COSIGNATURE_TYPE: u8 = 0x04;

/// A signature is eight bytes of time and 64 of Ed25519.
const SIGNATURE_BYTES: usize = 8 + 64;

/// Longest name of a cosigner in bytes, as the specification's later signature type can carry it.
const NAME_BYTES_MAX: usize = 255;

/// A witness's private key with its name.
pub struct Cosigner {
    key: Ed25519KeyPair,
    verifier: CosignatureVerifier,
}

/// A witness's public key with its name. Its text form is a verifier key of type 0x04.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CosignatureVerifier {
    name: String,
    key_id: [u8; KEY_ID_BYTES],
    public_key: [u8; PUBLIC_KEY_BYTES],
}

impl Cosigner {
    /// Takes an Ed25519 private key in PKCS#8, version 1 or 2, and the name to cosign under: a URL of the
    /// witness without scheme, by convention. The key must be no other cosigner's, and no ledger's.
    pub fn from_pkcs8(name: &str, pkcs8: &[u8]) -> Result<Cosigner, NoteError> {
        let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).map_err(|_| NoteError::PrivateKey)?;
        let public_key = key.public_key().as_ref().try_into().map_err(|_| NoteError::PrivateKey)?;
        Ok(Cosigner { key, verifier: CosignatureVerifier::new(name, public_key)? })
    }

    /// The signature line for a checkpoint's text, at `seconds` since the epoch. Whoever calls this vouches that
    /// the checkpoint continues the last one cosigned, and that this is on the disk.
    pub fn cosign(&self, checkpoint_text: &str, seconds: u64) -> NoteSignature {
        let signature = self.key.sign(message(checkpoint_text, seconds).as_bytes());
        NoteSignature {
            name: self.verifier.name.clone(),
            key_id: self.verifier.key_id,
            signature: [&seconds.to_be_bytes()[..], signature.as_ref()].concat(),
        }
    }

    /// The public half.
    pub fn verifier(&self) -> &CosignatureVerifier {
        &self.verifier
    }
}

impl fmt::Debug for Cosigner {
    /// Shows the public half only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cosigner").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

impl CosignatureVerifier {
    /// Names an Ed25519 public key.
    pub fn new(name: &str, public_key: [u8; PUBLIC_KEY_BYTES]) -> Result<CosignatureVerifier, NoteError> {
        if !is_key_name(name) || name.len() > NAME_BYTES_MAX {
            return Err(NoteError::KeyName);
        }
        let key_id = key_id(name, COSIGNATURE_TYPE, &public_key);
        Ok(CosignatureVerifier { name: name.to_owned(), key_id, public_key })
    }

    /// The name that the witness cosigns under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The raw Ed25519 public key (RFC 8032).
    pub fn public_key(&self) -> &[u8; PUBLIC_KEY_BYTES] {
        &self.public_key
    }

    /// Whether a signature line claims to be this witness's.
    pub fn made(&self, line: &NoteSignature) -> bool {
        line.name == self.name && line.key_id == self.key_id
    }

    /// When this witness cosigned the note, in seconds since the epoch; the newest time if it did so more than
    /// once. One wrong signature under its name and key id refuses the note.
    pub fn verify(&self, note: &str) -> Result<u64, NoteError> {
        let (text, signatures) = read_note(note)?;
        self.newest(text, &signatures)
    }

    /// The same for a text and the signature lines that came with it, others' among them.
    pub fn newest(&self, text: &str, signatures: &[NoteSignature]) -> Result<u64, NoteError> {
        let mut newest = None;
        for line in signatures.iter().filter(|line| self.made(line)) {
            newest = newest.max(Some(self.time_of(text, line)?));
        }
        newest.ok_or(NoteError::NotSigned)
    }

    /// The time in one of this witness's signatures, if it is right.
    fn time_of(&self, text: &str, line: &NoteSignature) -> Result<u64, NoteError> {
        let wrong = NoteError::BadSignature;
        let (time, signature) = match line.signature.split_first_chunk() {
            Some((time, signature)) if line.signature.len() == SIGNATURE_BYTES => (time, signature),
            Some(_) | None => return Err(wrong),
        };
        let seconds = u64::from_be_bytes(*time);
        // The specification's largest time; also what every signed integer of 64 bits can hold.
        if i64::try_from(seconds).is_err() {
            return Err(wrong);
        }
        let key = UnparsedPublicKey::new(&ED25519, &self.public_key);
        key.verify(message(text, seconds).as_bytes(), signature).map_err(|_| wrong)?;
        Ok(seconds)
    }
}

impl fmt::Display for CosignatureVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&verifier_key(&self.name, COSIGNATURE_TYPE, &self.public_key))
    }
}

impl FromStr for CosignatureVerifier {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<CosignatureVerifier, NoteError> {
        let (name, public_key) = parse_verifier_key(text, COSIGNATURE_TYPE)?;
        CosignatureVerifier::new(name, public_key)
    }
}

/// What is signed: two lines, so that no cosignature passes for anything else, and the checkpoint's whole text.
fn message(checkpoint_text: &str, seconds: u64) -> String {
    format!("cosignature/v1\ntime {seconds}\n{checkpoint_text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::testing::{hex_bytes, test_cosigner, test_signer};

    const TEXT: &str =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    const TIME: u64 = 1_679_315_147;

    /// Made by PyPI's `aics-tlog` 0.2.1 from the private key 00 01 02 … 1f.
    const OTHERS_VERIFIER: &str =
        "witness.example.com/w1+a0059f11+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
    const OTHERS_LINE: &str = "— witness.example.com/w1 oAWfEQAAAABkGFDLBuRDazBLVac2NE+Y+IjbjQOcXLfF9CSDZVUIoS83rE1nFZsVE8YiWV6Ngr7lV8H6bdoBQGP/l73euDMQ9k+bBQ==\n";

    #[test]
    fn our_cosignature_is_the_other_implementations() {
        let seed: String = (0..32).map(|byte| format!("{byte:02x}")).collect();
        let pkcs8 = hex_bytes(&format!("302e020100300506032b657004220420{seed}"));
        let cosigner = Cosigner::from_pkcs8("witness.example.com/w1", &pkcs8).unwrap();
        assert_eq!(cosigner.verifier().to_string(), OTHERS_VERIFIER);
        assert_eq!(cosigner.cosign(TEXT, TIME).to_string(), OTHERS_LINE);
        let verifier: CosignatureVerifier = OTHERS_VERIFIER.parse().unwrap();
        assert_eq!(verifier.verify(&format!("{TEXT}\n{OTHERS_LINE}")), Ok(TIME));
        assert!(!format!("{cosigner:?}").contains("key: Ed25519KeyPair"));
    }

    #[test]
    fn ledger_and_witnesses_sign_one_note() {
        let (ledger, one, two) = (test_signer("ledger"), test_cosigner("w1"), test_cosigner("w2"));
        let note = format!("{}{}{}", ledger.sign(TEXT), one.cosign(TEXT, 7), two.cosign(TEXT, 9));
        assert_eq!(ledger.verifier().verify(&note), Ok(TEXT));
        assert_eq!((one.verifier().verify(&note), two.verifier().verify(&note)), (Ok(7), Ok(9)));
        let again = format!("{note}{}", one.cosign(TEXT, 11));
        assert_eq!(one.verifier().verify(&again), Ok(11), "the newest counts");
        assert_eq!(test_cosigner("w3").verifier().verify(&note), Err(NoteError::NotSigned));
    }

    #[test]
    fn a_plain_signature_is_no_cosignature_and_the_other_way_round() {
        let (plain, cosigner) = (test_signer("w1"), test_cosigner("w1"));
        assert_eq!(plain.verifier().public_key(), cosigner.verifier().public_key());
        assert_eq!(cosigner.verifier().verify(&plain.sign(TEXT)), Err(NoteError::NotSigned));
        let cosigned = format!("{TEXT}\n{}", cosigner.cosign(TEXT, 7));
        assert_eq!(plain.verifier().verify(&cosigned), Err(NoteError::NotSigned));
        assert_eq!(plain.verifier().to_string().parse::<CosignatureVerifier>(), Err(NoteError::VerifierKey));
    }

    #[test]
    fn any_flipped_bit_of_text_time_or_signature_fails() {
        let cosigner = test_cosigner("w1");
        let note = format!("{TEXT}\n{}", cosigner.cosign(TEXT, TIME)).into_bytes();
        for bit in 0..note.len() * 8 {
            let mut forged = note.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            if let Ok(forged) = String::from_utf8(forged) {
                assert!(cosigner.verifier().verify(&forged).is_err(), "{forged}");
            }
        }
    }

    #[test]
    fn signatures_of_another_length_or_an_impossible_time_fail() {
        let cosigner = test_cosigner("w1");
        for change in
            [|s: &mut Vec<u8>| _ = s.pop(), |s: &mut Vec<u8>| s.push(0), |s: &mut Vec<u8>| s.truncate(3)]
        {
            let mut line = cosigner.cosign(TEXT, TIME);
            change(&mut line.signature);
            assert_eq!(cosigner.verifier().newest(TEXT, &[line]), Err(NoteError::BadSignature));
        }
        let beyond = cosigner.cosign(TEXT, 1 << 63);
        assert_eq!(cosigner.verifier().newest(TEXT, &[beyond]), Err(NoteError::BadSignature));
    }

    #[test]
    fn a_name_must_fit() {
        for name in ["", "a b", "a+b", &"n".repeat(256)] {
            assert_eq!(CosignatureVerifier::new(name, [1; 32]), Err(NoteError::KeyName), "{name}");
        }
    }
}
