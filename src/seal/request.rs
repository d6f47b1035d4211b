//! Certificate requests (PKCS#10, RFC 2986) for keys that an authority elsewhere certifies.

use std::sync::Arc;

use rcgen::{
    CertificateParams, DistinguishedName, DnType, PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm,
    SigningKey,
};

use super::signer::Signer;

/// A request in PEM for the certificate of this P-256 key under a common name, signed by the key.
pub fn certificate_request(key: Arc<dyn Signer>, common_name: &str) -> Result<String, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, common_name);
    params.distinguished_name = subject;
    params.serialize_request(&Requester(key))?.pem()
}

/// A public P-256 key as certificates carry it: an uncompressed point.
pub(super) struct PublicPoint<'a>(pub &'a [u8]);

impl PublicKeyData for PublicPoint<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

struct Requester(Arc<dyn Signer>);

impl PublicKeyData for Requester {
    fn der_bytes(&self) -> &[u8] {
        self.0.public_key()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl SigningKey for Requester {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.0.sign(message).map(|signature| der_of(&signature)).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

/// r ‖ s as X.509 writes an ECDSA signature: a DER sequence of two integers (RFC 3279 section 2.2.3).
fn der_of(signature: &[u8; 64]) -> Vec<u8> {
    let mut body = Vec::with_capacity(70);
    for half in signature.chunks(32) {
        let number: &[u8] = match half.iter().position(|byte| *byte != 0) {
            Some(first) => &half[first..],
            None => &half[31..],
        };
        // A number whose first bit is set would read as negative.
        let padded = number.first().is_some_and(|byte| byte & 0x80 != 0);
        let length = u8::try_from(number.len()).unwrap_or(u8::MAX) + u8::from(padded);
        body.extend_from_slice(&[0x02, length]);
        body.extend(padded.then_some(0));
        body.extend_from_slice(number);
    }
    let mut der = vec![0x30, u8::try_from(body.len()).unwrap_or(u8::MAX)];
    der.append(&mut body);
    der
}

#[cfg(test)]
mod tests {
    use x509_parser::certification_request::X509CertificationRequest;
    use x509_parser::prelude::FromDer;

    use super::super::keys::generate_p256;
    use super::super::signer::es256_in_memory;
    use super::*;

    #[test]
    fn a_request_verifies_and_carries_key_and_name() {
        // Often enough to meet numbers with and without padding.
        for _ in 0..40 {
            let key = es256_in_memory(&generate_p256().unwrap(), "").unwrap();
            let pem = certificate_request(key.clone(), "dossier-signing").unwrap();
            let (_, pem) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap();
            let (_, request) = X509CertificationRequest::from_der(&pem.contents).unwrap();
            request.verify_signature().unwrap();
            let info = &request.certification_request_info;
            assert_eq!(info.subject.to_string(), "CN=dossier-signing");
            assert_eq!(&*info.subject_pki.subject_public_key.data, key.public_key());
        }
    }

    #[test]
    fn numbers_are_written_short_and_positive() {
        let mut signature = [0; 64];
        signature[30] = 0x80;
        signature[63] = 0x01;
        assert_eq!(der_of(&signature), [0x30, 8, 2, 3, 0, 0x80, 0, 2, 1, 1]);
        assert_eq!(der_of(&[0; 64]), [0x30, 6, 2, 1, 0, 2, 1, 0]);
    }
}
