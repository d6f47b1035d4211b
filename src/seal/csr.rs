//! Certificate signing requests (PKCS #10, RFC 2986): a member makes its key, keeps it, and asks with this.
//!
//! Only the public key is taken from a request. Who the member is, what the certificate is for and how long it
//! lives is decided by whoever issues it, never by what the request would like.

use rustls_pki_types::CertificateSigningRequestDer;
use rustls_pki_types::pem::PemObject;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer;

use super::certificate::{p256_point_of, thumbprint_of};

/// The longest request that is read, in bytes of its text.
const TEXT_BYTES_MAX: usize = 16_384;

/// Why a request is not one that a certificate may be issued for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestFault {
    /// No `CERTIFICATE REQUEST` block in the text, or a text over 16 kB.
    #[error("there is no PEM block CERTIFICATE REQUEST")]
    Pem,
    /// Not one PKCS #10 request in DER, or something comes after it.
    #[error("it is not one PKCS #10 certificate signing request")]
    Unparsable,
    /// The key is not on P-256.
    #[error("its key is not a P-256 key")]
    NotP256,
    /// Whoever made the request does not hold the key.
    #[error("its signature is not by the key that it asks for")]
    Signature,
}

/// A request whose maker has shown to hold the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningRequest {
    /// The SubjectPublicKeyInfo in DER.
    pub public_key_info: Vec<u8>,
    /// JWK thumbprint of the key (RFC 7638).
    pub thumbprint: String,
}

impl SigningRequest {
    /// Reads the first request of a PEM text, and checks its signature: the proof of possession.
    pub fn parse_pem(pem: &str) -> Result<Self, RequestFault> {
        if pem.len() > TEXT_BYTES_MAX {
            return Err(RequestFault::Pem);
        }
        let der =
            CertificateSigningRequestDer::from_pem_slice(pem.as_bytes()).map_err(|_| RequestFault::Pem)?;
        let ([], request) = X509CertificationRequest::from_der(&der).map_err(|_| RequestFault::Unparsable)?
        else {
            return Err(RequestFault::Unparsable);
        };
        let info = &request.certification_request_info.subject_pki;
        let point = p256_point_of(info).ok_or(RequestFault::NotP256)?;
        request.verify_signature().map_err(|_| RequestFault::Signature)?;
        Ok(Self { public_key_info: info.raw.to_vec(), thumbprint: thumbprint_of(&point) })
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P384_SHA384};

    use super::*;

    fn request(key: &KeyPair) -> String {
        CertificateParams::new(vec![]).unwrap().serialize_request(key).unwrap().pem().unwrap()
    }

    #[test]
    fn a_request_shows_its_key_and_that_its_maker_holds_it() {
        let key = KeyPair::generate().unwrap();
        let read = SigningRequest::parse_pem(&request(&key)).unwrap();
        assert!(read.public_key_info.ends_with(key.public_key_raw()));
        let der = CertificateSigningRequestDer::from_pem_slice(request(&key).as_bytes()).unwrap();
        let pem = |der: &[u8]| {
            let text = STANDARD.encode(der);
            format!("-----BEGIN CERTIFICATE REQUEST-----\n{text}\n-----END CERTIFICATE REQUEST-----\n")
        };
        // Another's key in place of the one that signed.
        let other = KeyPair::generate().unwrap();
        let at = der.windows(65).position(|bytes| bytes == key.public_key_raw()).unwrap();
        let mut changed = der.to_vec();
        changed[at..at + 65].copy_from_slice(other.public_key_raw());
        assert_eq!(SigningRequest::parse_pem(&pem(&changed)), Err(RequestFault::Signature));
        assert_eq!(SigningRequest::parse_pem(&pem(&der[..der.len() - 1])), Err(RequestFault::Unparsable));
        let trailing = [&der[..], &[0]].concat();
        assert_eq!(SigningRequest::parse_pem(&pem(&trailing)), Err(RequestFault::Unparsable));
        assert_eq!(SigningRequest::parse_pem("hello"), Err(RequestFault::Pem));
        assert_eq!(SigningRequest::parse_pem(&" ".repeat(TEXT_BYTES_MAX + 1)), Err(RequestFault::Pem));
        let p384 = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
        assert_eq!(SigningRequest::parse_pem(&request(&p384)), Err(RequestFault::NotP256));
    }
}
