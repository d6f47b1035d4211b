//! Certificates as this exchange accepts them (RFC 5280, narrowed).
//!
//! TLS libraries are lenient by design: they take a client certificate without any extended key
//! usage. So a member's certificate is checked here against a closed profile, and is otherwise known
//! by its fingerprint alone.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::{OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY};
use x509_parser::parse_x509_certificate;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Version};

use super::digest::{base64url, hexadecimal, sha256};

/// The longest life of an end certificate, in seconds: 398 days.
pub const LIFE_SECONDS_MAX: i64 = 398 * 86_400;

const MICROS_PER_SECOND: i64 = 1_000_000;
/// Characters in a line of PEM (RFC 7468 section 2).
const PEM_LINE: usize = 64;

/// Why a certificate cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// No `CERTIFICATE` block in the text.
    #[error("no PEM block CERTIFICATE")]
    Pem,
    /// Not one X.509 certificate in DER, or something comes after it.
    #[error("not one X.509 certificate")]
    Unparsable,
    /// The key is not on P-256.
    #[error("the key is not a P-256 key")]
    NotP256,
}

/// What is wrong with a TLS certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProfileFault {
    /// Not one X.509 certificate in DER.
    #[error("it is not one X.509 certificate")]
    Unparsable,
    /// Not version 3, the only one with extensions.
    #[error("it is not an X.509 version 3 certificate")]
    NotVersion3,
    /// It may issue certificates itself.
    #[error("it is the certificate of an authority")]
    CertificateAuthority,
    /// The key is not on P-256.
    #[error("its key is not a P-256 key")]
    NotP256,
    /// It is valid for more than 398 days.
    #[error("it is valid for more than 398 days")]
    LivesTooLong,
    /// The extended key usage does not name clientAuth.
    #[error("its extended key usage does not name clientAuth")]
    NoClientAuth,
    /// The extended key usage does not name serverAuth.
    #[error("its extended key usage does not name serverAuth")]
    NoServerAuth,
}

/// Why a certificate does not rest on an authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// The end certificate cannot be read.
    #[error("the certificate is not one X.509 certificate")]
    Unparsable,
    /// The authority's certificate cannot be read.
    #[error("the authority's certificate is not one X.509 certificate")]
    AuthorityUnparsable,
    /// The authority's certificate does not allow it to issue certificates.
    #[error("the issuing certificate is not that of an authority")]
    NotAnAuthority,
    /// The certificate names another issuer.
    #[error("the certificate names another issuer")]
    AnotherIssuer,
    /// The certificate's signature is not by the authority's key.
    #[error("the certificate's signature is not the authority's")]
    Signature,
    /// Judged before the certificate's first second.
    #[error("the certificate was not valid yet")]
    NotYetValid,
    /// Judged after the certificate's last second.
    #[error("the certificate had expired")]
    Expired,
    /// Judged outside the authority's own validity.
    #[error("the authority's certificate was not valid then")]
    AuthorityNotValid,
}

/// The two ends of a TLS connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TlsEnd {
    Client,
    Server,
}

/// A P-256 certificate, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberCertificate {
    /// Lowercase hexadecimal SHA-256 of the DER: the name under which a member registers it.
    pub fingerprint: String,
    /// The subject's first common name, or an empty text.
    pub common_name: String,
    /// `notBefore`, in microseconds since 1970; the certificate is valid from then.
    pub not_before_micros: i64,
    /// `notAfter`, in microseconds since 1970; the certificate is valid to the end of that second.
    pub not_after_micros: i64,
    /// The certificate itself.
    pub der: Vec<u8>,
    /// The public key: an uncompressed P-256 point, 65 bytes (SEC 1 section 2.3.3).
    pub public_key: [u8; 65],
}

impl MemberCertificate {
    /// Reads the first certificate of a PEM text.
    pub fn parse_pem(pem: &str) -> Result<Self, CertificateError> {
        Self::parse_der(&pem_to_der(pem)?)
    }

    /// Reads a certificate in DER.
    pub fn parse_der(der: &[u8]) -> Result<Self, CertificateError> {
        let certificate = parse_whole(der).ok_or(CertificateError::Unparsable)?;
        let public_key = p256_point(&certificate).ok_or(CertificateError::NotP256)?;
        let common_name = certificate.subject().iter_common_name().next();
        let validity = certificate.validity();
        Ok(Self {
            fingerprint: hexadecimal(&sha256(der)),
            common_name: common_name.and_then(|name| name.as_str().ok()).unwrap_or_default().to_owned(),
            not_before_micros: validity.not_before.timestamp().saturating_mul(MICROS_PER_SECOND),
            not_after_micros: validity.not_after.timestamp().saturating_mul(MICROS_PER_SECOND),
            der: der.to_vec(),
            public_key,
        })
    }

    /// Whether the certificate is valid at an instant, in microseconds since 1970. Both ends of the
    /// validity are included, by whole seconds (RFC 5280 section 4.1.2.5).
    pub fn is_valid_at(&self, at_micros: i64) -> bool {
        let end = self.not_after_micros.saturating_add(MICROS_PER_SECOND);
        (self.not_before_micros..end).contains(&at_micros)
    }

    /// The key's two coordinates in base64url, `x` and `y` of a JWK (RFC 7518 section 6.2.1).
    pub fn coordinates(&self) -> (String, String) {
        let (x, y) = self.public_key[1..].split_at(32);
        (base64url(x), base64url(y))
    }

    /// The JWK thumbprint of the key (RFC 7638): a name for it that needs no bookkeeping.
    pub fn thumbprint(&self) -> String {
        thumbprint_of(&self.public_key)
    }

    /// The certificate in PEM.
    pub fn pem(&self) -> String {
        der_to_pem(&self.der)
    }
}

/// The JWK thumbprint (RFC 7638) of an uncompressed P-256 point.
pub fn thumbprint_of(point: &[u8; 65]) -> String {
    let (x, y) = point[1..].split_at(32);
    let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, base64url(x), base64url(y));
    base64url(&sha256(members.as_bytes()))
}

/// Every certificate of a PEM text, in DER: an authority's file may hold several.
pub fn pem_to_all_der(pem: &str) -> Result<Vec<Vec<u8>>, CertificateError> {
    let all: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(pem.as_bytes()).map(|der| der.map(|der| der.to_vec())).collect();
    all.ok().filter(|all| !all.is_empty()).ok_or(CertificateError::Pem)
}

/// A certificate in DER as a PEM text, lines of 64 characters (RFC 7468).
pub fn der_to_pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(PEM_LINE));
        pem.push_str(line);
        pem.push('\n');
        rest = more;
    }
    pem + "-----END CERTIFICATE-----\n"
}

/// Issuer and serial number of a certificate (DER), as revocation lists name it; `None` if it cannot be read.
pub fn issuer_and_serial(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let certificate = parse_whole(der)?;
    Some((certificate.issuer().as_raw().to_vec(), certificate.raw_serial().to_vec()))
}

/// The DER of the first certificate in a PEM text.
pub fn pem_to_der(pem: &str) -> Result<Vec<u8>, CertificateError> {
    CertificateDer::from_pem_slice(pem.as_bytes()).map(|der| der.to_vec()).map_err(|_| CertificateError::Pem)
}

/// Whether a certificate (DER) may be registered as a member's TLS client certificate.
pub fn check_client_profile(der: &[u8]) -> Result<(), ProfileFault> {
    check_profile(der, TlsEnd::Client)
}

/// Whether a certificate (DER) may be shown by the gateway.
pub fn check_server_profile(der: &[u8]) -> Result<(), ProfileFault> {
    check_profile(der, TlsEnd::Server)
}

/// Whether `ca_der` itself issued `cert_der`, and both were valid at the instant (microseconds since 1970).
pub fn verify_issued_by(cert_der: &[u8], ca_der: &[u8], at_micros: i64) -> Result<(), ChainFault> {
    let certificate = parse_whole(cert_der).ok_or(ChainFault::Unparsable)?;
    let authority = parse_whole(ca_der).ok_or(ChainFault::AuthorityUnparsable)?;
    if !may_issue(&authority) {
        return Err(ChainFault::NotAnAuthority);
    }
    if certificate.issuer().as_raw() != authority.subject().as_raw() {
        return Err(ChainFault::AnotherIssuer);
    }
    // RFC 5280 section 4.1.1.2: the algorithm outside the signed part must repeat the one inside.
    if certificate.signature_algorithm != certificate.tbs_certificate.signature {
        return Err(ChainFault::Signature);
    }
    certificate.verify_signature(Some(authority.public_key())).map_err(|_| ChainFault::Signature)?;
    let second = at_micros.div_euclid(MICROS_PER_SECOND);
    if second < certificate.validity().not_before.timestamp() {
        return Err(ChainFault::NotYetValid);
    }
    if second > certificate.validity().not_after.timestamp() {
        return Err(ChainFault::Expired);
    }
    let authority_validity = authority.validity();
    let authority_seconds =
        authority_validity.not_before.timestamp()..=authority_validity.not_after.timestamp();
    if !authority_seconds.contains(&second) {
        return Err(ChainFault::AuthorityNotValid);
    }
    Ok(())
}

fn check_profile(der: &[u8], end: TlsEnd) -> Result<(), ProfileFault> {
    let certificate = parse_whole(der).ok_or(ProfileFault::Unparsable)?;
    if certificate.version() != X509Version::V3 {
        return Err(ProfileFault::NotVersion3);
    }
    // An extension that is there twice or is unreadable counts as unparsable, never as absent.
    let constraints = certificate.basic_constraints().map_err(|_| ProfileFault::Unparsable)?;
    let key_usage = certificate.key_usage().map_err(|_| ProfileFault::Unparsable)?;
    if constraints.is_some_and(|found| found.value.ca)
        || key_usage.is_some_and(|found| found.value.key_cert_sign())
    {
        return Err(ProfileFault::CertificateAuthority);
    }
    if p256_point(&certificate).is_none() {
        return Err(ProfileFault::NotP256);
    }
    let validity = certificate.validity();
    let life = validity.not_after.timestamp().saturating_sub(validity.not_before.timestamp());
    if life > LIFE_SECONDS_MAX {
        return Err(ProfileFault::LivesTooLong);
    }
    let extended = certificate.extended_key_usage().map_err(|_| ProfileFault::Unparsable)?;
    let names = |wanted: TlsEnd| {
        extended.as_ref().is_some_and(|found| match wanted {
            TlsEnd::Client => found.value.client_auth,
            TlsEnd::Server => found.value.server_auth,
        })
    };
    match end {
        TlsEnd::Client if !names(TlsEnd::Client) => Err(ProfileFault::NoClientAuth),
        TlsEnd::Server if !names(TlsEnd::Server) => Err(ProfileFault::NoServerAuth),
        TlsEnd::Client | TlsEnd::Server => Ok(()),
    }
}

fn parse_whole(der: &[u8]) -> Option<X509Certificate<'_>> {
    match parse_x509_certificate(der) {
        Ok(([], certificate)) => Some(certificate),
        Ok(_) | Err(_) => None,
    }
}

fn p256_point(certificate: &X509Certificate<'_>) -> Option<[u8; 65]> {
    p256_point_of(certificate.public_key())
}

/// The uncompressed point of a P-256 key; `None` of any other.
pub(super) fn p256_point_of(key: &SubjectPublicKeyInfo<'_>) -> Option<[u8; 65]> {
    let curve = key.algorithm.parameters.as_ref()?.as_oid().ok()?;
    let point: [u8; 65] = key.subject_public_key.data.as_ref().try_into().ok()?;
    let is_p256 = key.algorithm.algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY && curve == OID_EC_P256;
    (is_p256 && point[0] == 4).then_some(point)
}

fn may_issue(authority: &X509Certificate<'_>) -> bool {
    let is_authority = matches!(authority.basic_constraints(), Ok(Some(found)) if found.value.ca);
    let may_sign = match authority.key_usage() {
        Ok(Some(found)) => found.value.key_cert_sign(),
        Ok(None) => true,
        Err(_) => false,
    };
    is_authority && may_sign
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P384_SHA384};

    use super::super::authority::{CertificateRequest, DevelopmentAuthority, Usage, Validity};
    use super::super::sample::instant;
    use super::*;

    fn authority() -> DevelopmentAuthority {
        DevelopmentAuthority::create(instant("2026-01-01T00:00:00Z")).unwrap()
    }

    fn issued(usage: Usage, from: &str, to: &str) -> Vec<u8> {
        let request = CertificateRequest {
            common_name: "bank-03".to_owned(),
            label: None,
            subject_alt_names: vec![],
            usage,
            validity: Validity { from: instant(from), to: instant(to) },
        };
        authority().issue(&request).unwrap().certificate_der
    }

    #[test]
    fn reads_what_was_issued() {
        let issued =
            authority().issue_client("bank-03", "system", instant("2026-02-01T00:00:00.9Z")).unwrap();
        let read = MemberCertificate::parse_pem(&issued.certificate_pem).unwrap();
        assert_eq!(MemberCertificate::parse_pem(&read.pem()).unwrap(), read);
        assert_eq!(pem_to_all_der(&read.pem().repeat(2)).unwrap(), [read.der.clone(), read.der.clone()]);
        assert_eq!(pem_to_all_der("hello"), Err(CertificateError::Pem));
        assert_eq!(read, MemberCertificate::parse_der(&issued.certificate_der).unwrap());
        assert_eq!(read.fingerprint, hexadecimal(&sha256(&issued.certificate_der)));
        assert_eq!(read.common_name, "bank-03");
        assert_eq!(read.not_before_micros, instant("2026-02-01T00:00:00Z").timestamp_micros());
        assert!(!read.is_valid_at(read.not_before_micros - 1) && read.is_valid_at(read.not_before_micros));
        assert!(
            read.is_valid_at(read.not_after_micros + 999_999)
                && !read.is_valid_at(read.not_after_micros + 1_000_000)
        );
    }

    #[test]
    fn what_is_not_one_certificate_is_refused() {
        let der = issued(Usage::Client, "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
        let trailing = [der.as_slice(), &[0]].concat();
        for bytes in [&der[..der.len() - 1], trailing.as_slice(), b"", b"x"] {
            assert_eq!(MemberCertificate::parse_der(bytes), Err(CertificateError::Unparsable));
            assert_eq!(check_client_profile(bytes), Err(ProfileFault::Unparsable));
        }
        assert_eq!(MemberCertificate::parse_pem("hello"), Err(CertificateError::Pem));
    }

    #[test]
    fn each_profile_fault_is_found() {
        let (from, year) = ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
        let client = issued(Usage::Client, from, year);
        let server = issued(Usage::Server, from, year);
        let signing = issued(Usage::Signing, from, year);
        assert_eq!(check_client_profile(&client), Ok(()));
        assert_eq!(check_server_profile(&server), Ok(()));
        assert_eq!(check_client_profile(&server), Err(ProfileFault::NoClientAuth));
        assert_eq!(check_client_profile(&signing), Err(ProfileFault::NoClientAuth));
        assert_eq!(check_server_profile(&client), Err(ProfileFault::NoServerAuth));

        // 2026-01-01 plus 398 days is 2027-02-03.
        let longest = issued(Usage::Client, from, "2027-02-03T00:00:00Z");
        let too_long = issued(Usage::Client, from, "2027-02-03T00:00:01Z");
        assert_eq!(check_client_profile(&longest), Ok(()));
        assert_eq!(check_client_profile(&too_long), Err(ProfileFault::LivesTooLong));

        let ca = pem_to_der(&authority().certificate_pem()).unwrap();
        assert_eq!(check_client_profile(&ca), Err(ProfileFault::CertificateAuthority));

        let p384 = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.use_authority_key_identifier_extension = true; // an extension, so version 3
        let p384 = params.self_signed(&p384).unwrap();
        assert_eq!(check_client_profile(p384.der()), Err(ProfileFault::NotP256));
        assert_eq!(MemberCertificate::parse_der(p384.der()), Err(CertificateError::NotP256));
    }

    /// A version 1 certificate: the same bytes with the version number changed from 2 to 0.
    #[test]
    fn version_1_is_refused() {
        let mut der = issued(Usage::Client, "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
        let version = der.windows(5).position(|bytes| bytes == [0xa0, 3, 2, 1, 2]).unwrap();
        der[version + 4] = 0;
        assert_eq!(check_client_profile(&der), Err(ProfileFault::NotVersion3));
    }

    #[test]
    fn a_chain_is_judged_by_issuer_signature_and_time() {
        let ca = authority();
        let ca_der = pem_to_der(&ca.certificate_pem()).unwrap();
        let certificate =
            ca.issue_signing("gateway", instant("2026-02-01T00:00:00Z")).unwrap().certificate_der;
        let judged = |at: &str| verify_issued_by(&certificate, &ca_der, instant(at).timestamp_micros());
        assert_eq!(judged("2026-02-01T00:00:00Z"), Ok(()));
        assert_eq!(judged("2026-01-31T23:59:59.999999Z"), Err(ChainFault::NotYetValid));
        assert_eq!(judged("2028-01-01T00:00:00Z"), Err(ChainFault::Expired));

        let at = instant("2026-03-01T00:00:00Z").timestamp_micros();
        // A second authority of the same name: only the signature tells them apart.
        let other = pem_to_der(&authority().certificate_pem()).unwrap();
        assert_eq!(verify_issued_by(&certificate, &other, at), Err(ChainFault::Signature));
        assert_eq!(verify_issued_by(&ca_der, &certificate, at), Err(ChainFault::NotAnAuthority));
        assert_eq!(verify_issued_by(b"x", &ca_der, at), Err(ChainFault::Unparsable));
        assert_eq!(verify_issued_by(&certificate, b"x", at), Err(ChainFault::AuthorityUnparsable));

        let mut changed = certificate.clone();
        let last = changed.len() - 1;
        changed[last] ^= 1;
        assert_eq!(verify_issued_by(&changed, &ca_der, at), Err(ChainFault::Signature));

        let outlived = CertificateRequest {
            common_name: "gateway".to_owned(),
            label: None,
            subject_alt_names: vec![],
            usage: Usage::Signing,
            validity: Validity { from: instant("2026-01-01T00:00:00Z"), to: instant("2050-01-01T00:00:00Z") },
        };
        let outlived = ca.issue(&outlived).unwrap().certificate_der;
        let late = instant("2040-01-01T00:00:00Z").timestamp_micros();
        assert_eq!(verify_issued_by(&outlived, &ca_der, late), Err(ChainFault::AuthorityNotValid));
    }
}
