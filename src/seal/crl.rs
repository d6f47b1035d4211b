//! Lists of revoked certificates (RFC 5280 section 5), checked before a TLS library is given them.
//!
//! A list that is not whole, or that no authority of ours signed, never takes the place of one in force.

use rustls_pki_types::CertificateRevocationListDer;
use rustls_pki_types::pem::PemObject;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

/// The tag of a SEQUENCE (X.690 section 8.9).
const SEQUENCE: u8 = 0x30;
const MICROS_PER_SECOND: i64 = 1_000_000;

/// Why a list cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CrlFault {
    /// Neither PEM blocks `X509 CRL` nor one list in DER.
    #[error("holds no whole revocation list")]
    Unparsable,
    /// It does not say when the next one is due, so it could never be found out of date.
    #[error("holds a revocation list without a next update")]
    NoNextUpdate,
    /// No authority of ours is named as its issuer.
    #[error("holds a revocation list of an authority that tls.ca does not name")]
    UnknownIssuer,
    /// The signature is not by the issuer's key.
    #[error("holds a revocation list that its authority did not sign")]
    Signature,
}

/// A list that an authority of ours signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationList {
    /// The issuer's name in DER.
    pub issuer: Vec<u8>,
    /// When it was made, in microseconds since 1970.
    pub this_update_micros: i64,
    /// By when the next one is due, in microseconds since 1970.
    pub next_update_micros: i64,
    /// The list itself.
    pub der: Vec<u8>,
}

/// Reads every list of a file, PEM or DER; each must be signed by one of the authorities (DER).
pub fn parse_lists(bytes: &[u8], authorities: &[Vec<u8>]) -> Result<Vec<RevocationList>, CrlFault> {
    let ders: Vec<Vec<u8>> = if bytes.trim_ascii_start().starts_with(b"-----") {
        CertificateRevocationListDer::pem_slice_iter(bytes)
            .map(|der| der.map(|der| der.to_vec()))
            .collect::<Result<_, _>>()
            .map_err(|_| CrlFault::Unparsable)?
    } else {
        vec![bytes.to_vec()]
    };
    if ders.is_empty() {
        return Err(CrlFault::Unparsable);
    }
    ders.into_iter().map(|der| parse_list(der, authorities)).collect()
}

fn parse_list(der: Vec<u8>, authorities: &[Vec<u8>]) -> Result<RevocationList, CrlFault> {
    // The parser takes a sequence of another class for one too, and the outermost tag is not signed.
    if der.first() != Some(&SEQUENCE) {
        return Err(CrlFault::Unparsable);
    }
    let Ok(([], list)) = CertificateRevocationList::from_der(&der) else { return Err(CrlFault::Unparsable) };
    let next_update = list.next_update().ok_or(CrlFault::NoNextUpdate)?;
    let issuer = list.issuer().as_raw();
    let authorities: Vec<X509Certificate<'_>> =
        authorities.iter().filter_map(|der| Some(X509Certificate::from_der(der).ok()?.1)).collect();
    let mut named = authorities.iter().filter(|ca| ca.subject().as_raw() == issuer).peekable();
    if named.peek().is_none() {
        return Err(CrlFault::UnknownIssuer);
    }
    // An authority that changed its key keeps its name: any certificate of that name may be the signer's.
    if !named.any(|ca| list.verify_signature(ca.public_key()).is_ok()) {
        return Err(CrlFault::Signature);
    }
    let micros = |seconds: i64| seconds.saturating_mul(MICROS_PER_SECOND);
    Ok(RevocationList {
        issuer: issuer.to_vec(),
        this_update_micros: micros(list.last_update().timestamp()),
        next_update_micros: micros(next_update.timestamp()),
        der,
    })
}

#[cfg(test)]
mod tests {
    use super::super::authority::{DevelopmentAuthority, Validity};
    use super::super::certificate::pem_to_der;
    use super::super::sample::instant;
    use super::*;

    #[test]
    fn a_list_is_read_whole_and_signed_or_not_at_all() {
        let now = instant("2026-01-01T00:00:00Z");
        let authority = DevelopmentAuthority::create(now).unwrap();
        let ca = vec![pem_to_der(&authority.certificate_pem()).unwrap()];
        let pem = authority.revocation_list(&[vec![0x41; 16]], 1, Validity::days(now, 7)).unwrap();
        let lists = parse_lists(pem.as_bytes(), &ca).unwrap();
        assert_eq!(lists.len(), 1);
        assert_eq!(lists[0].this_update_micros, now.timestamp_micros());
        assert_eq!(lists[0].next_update_micros - lists[0].this_update_micros, 7 * 86_400 * 1_000_000);
        assert_eq!(parse_lists(&lists[0].der, &ca).unwrap(), lists, "DER is read alike");
        assert_eq!(parse_lists(pem.repeat(2).as_bytes(), &ca).unwrap().len(), 2);

        for bytes in [&b""[..], b"hello", b"-----BEGIN X509 CRL-----", &lists[0].der[1..]] {
            assert_eq!(parse_lists(bytes, &ca), Err(CrlFault::Unparsable));
        }
        // Of the same name, with another key.
        let other = vec![pem_to_der(&DevelopmentAuthority::create(now).unwrap().certificate_pem()).unwrap()];
        assert_eq!(parse_lists(pem.as_bytes(), &other), Err(CrlFault::Signature));
        assert_eq!(parse_lists(pem.as_bytes(), &[]), Err(CrlFault::UnknownIssuer));
    }

    /// Bytes that an attacker, or a broken disk, has changed: refused, or outside of what is signed and without effect on
    /// what the list says; and never a panic.
    #[test]
    fn no_changed_byte_changes_what_is_said() {
        let now = instant("2026-01-01T00:00:00Z");
        let authority = DevelopmentAuthority::create(now).unwrap();
        let ca = vec![pem_to_der(&authority.certificate_pem()).unwrap()];
        let pem = authority.revocation_list(&[vec![0x41; 16]], 1, Validity::days(now, 7)).unwrap();
        let der = parse_lists(pem.as_bytes(), &ca).unwrap().remove(0).der;
        let signed = |der: &[u8]| {
            let (_, list) = CertificateRevocationList::from_der(der).unwrap();
            list.tbs_cert_list.as_ref().to_vec()
        };
        let said = signed(&der);
        for place in 0..der.len() {
            for flip in [1, 0x80, 0xff] {
                let mut changed = der.clone();
                changed[place] ^= flip;
                if let Ok(lists) = parse_lists(&changed, &ca) {
                    assert_eq!(signed(&lists[0].der), said, "byte {place} ^ {flip:#x}");
                }
            }
            assert!(parse_lists(&der[..place], &ca).is_err(), "cut at {place}");
        }
    }
}
