//! The development authority: issues the certificates of a demonstration or a test site.
//!
//! In production, certificates come from the bureau's own authority; this one exists so that a
//! newcomer has working mutual TLS after one command. What it issues keeps the profile of
//! `certificate.rs`, unless a request asks for something else, as tests of refusals do.

use chrono::{DateTime, TimeDelta, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    RevokedCertParams, SerialNumber, SubjectPublicKeyInfo,
};
use ring::rand::{SecureRandom, SystemRandom};
use time::OffsetDateTime;

use super::certificate::{CertificateError, MemberCertificate};
use super::csr::SigningRequest;

/// The organisation in every subject, so that a development certificate is recognised at sight.
const ORGANISATION: &str = "税贷易 development";

/// Days the authority's own certificate is valid: ten years.
const AUTHORITY_DAYS: i64 = 3_652;

/// Days an issued certificate is valid; one less than the profile allows.
const LEAF_DAYS: i64 = 397;

/// Why no certificate was issued.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The certificate could not be built or signed, or a PEM text could not be read.
    #[error("the development authority cannot issue: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The authority's own certificate cannot be read, or is not on P-256.
    #[error("the development authority's certificate cannot be read: {0}")]
    Unreadable(#[from] CertificateError),
    /// Key and certificate of the authority are not a pair.
    #[error("the development authority's key does not belong to its certificate")]
    AnotherKey,
    /// The operating system gave no randomness.
    #[error("no serial number was made: the operating system gives no randomness")]
    Randomness,
    /// The instant cannot be written in a certificate.
    #[error("the instant {0} cannot be written in a certificate")]
    Instant(DateTime<Utc>),
}

/// From when to when a certificate is valid, both included; fractions of a second are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// First second.
    pub from: DateTime<Utc>,
    /// Last second.
    pub to: DateTime<Utc>,
}

impl Validity {
    /// So many days from an instant.
    pub fn days(from: DateTime<Utc>, days: i64) -> Self {
        Self { from, to: from + TimeDelta::days(days) }
    }
}

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// A TLS server: extended key usage serverAuth, and nothing else.
    Server,
    /// A TLS client: extended key usage clientAuth, and nothing else.
    Client,
    /// Signing messages: no extended key usage at all, so no TLS.
    Signing,
}

/// A certificate to be issued, with everything open to choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRequest {
    /// The subject's common name: a member's slug.
    pub common_name: String,
    /// The subject's organisational unit: the person or system that holds the key.
    pub label: Option<String>,
    /// DNS names and IP addresses of a server.
    pub subject_alt_names: Vec<String>,
    /// What it is for.
    pub usage: Usage,
    /// When it is valid.
    pub validity: Validity,
}

/// A certificate and its private key.
pub struct Issued {
    /// The certificate in PEM.
    pub certificate_pem: String,
    /// The certificate in DER.
    pub certificate_der: Vec<u8>,
    /// The private key, PKCS#8 in PEM.
    pub key_pem: String,
    /// The private key, PKCS#8 in DER.
    pub key_der: Vec<u8>,
}

/// An authority with its key in memory.
pub struct DevelopmentAuthority {
    certificate_pem: String,
    key_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl DevelopmentAuthority {
    /// A new authority, valid for ten years from `now`.
    pub fn create(now: DateTime<Utc>) -> Result<Self, AuthorityError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let validity = Validity::days(now, AUTHORITY_DAYS);
        let mut params = parameters("shuidaiyi development authority", None, vec![], validity)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate_pem = params.self_signed(&key)?.pem();
        Self::from_pem(&certificate_pem, &key.serialize_pem())
    }

    /// An authority made earlier, from its certificate and PKCS#8 key in PEM.
    pub fn from_pem(certificate_pem: &str, key_pem: &str) -> Result<Self, AuthorityError> {
        let key = KeyPair::from_pem(key_pem)?;
        if MemberCertificate::parse_pem(certificate_pem)?.public_key.as_slice() != key.public_key_raw() {
            return Err(AuthorityError::AnotherKey);
        }
        let issuer = Issuer::from_ca_cert_pem(certificate_pem, key)?;
        Ok(Self { certificate_pem: certificate_pem.to_owned(), key_pem: key_pem.to_owned(), issuer })
    }

    /// The authority's certificate in PEM.
    pub fn certificate_pem(&self) -> String {
        self.certificate_pem.clone()
    }

    /// The authority's private key, PKCS#8 in PEM.
    pub fn key_pem(&self) -> String {
        self.key_pem.clone()
    }

    /// A TLS server certificate for these DNS names and IP addresses, valid for 397 days from `now`.
    pub fn issue_server(
        &self,
        name: &str,
        subject_alt_names: &[&str],
        now: DateTime<Utc>,
    ) -> Result<Issued, AuthorityError> {
        let mut request = request(name, Usage::Server, now);
        request.subject_alt_names = subject_alt_names.iter().map(|name| (*name).to_owned()).collect();
        self.issue(&request)
    }

    /// A TLS client certificate of a member, labelled with the person or system that holds it, valid for
    /// 397 days from `now`.
    pub fn issue_client(
        &self,
        member: &str,
        label: &str,
        now: DateTime<Utc>,
    ) -> Result<Issued, AuthorityError> {
        let mut request = request(member, Usage::Client, now);
        request.label = Some(label.to_owned());
        self.issue(&request)
    }

    /// A certificate for signing dossiers or decisions, valid for 397 days from `now`.
    pub fn issue_signing(&self, name: &str, now: DateTime<Utc>) -> Result<Issued, AuthorityError> {
        self.issue(&request(name, Usage::Signing, now))
    }

    /// Whatever is asked for, with a new key.
    pub fn issue(&self, request: &CertificateRequest) -> Result<Issued, AuthorityError> {
        self.issue_for_key(request, &KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?.serialize_pem())
    }

    /// Whatever is asked for, for a key that exists already (PKCS#8 in PEM): a renewal.
    pub fn issue_for_key(
        &self,
        request: &CertificateRequest,
        key_pem: &str,
    ) -> Result<Issued, AuthorityError> {
        let key = KeyPair::from_pem(key_pem)?;
        let certificate = leaf_parameters(request)?.signed_by(&key, &self.issuer)?;
        Ok(Issued {
            certificate_pem: certificate.pem(),
            certificate_der: certificate.der().to_vec(),
            key_pem: key.serialize_pem(),
            key_der: key.serialize_der(),
        })
    }

    /// A TLS client certificate, in PEM, for the key of a signing request: the member keeps the key to itself.
    pub fn issue_for_request(
        &self,
        member: &str,
        label: &str,
        asked: &SigningRequest,
        now: DateTime<Utc>,
    ) -> Result<String, AuthorityError> {
        let mut request = request(member, Usage::Client, now);
        request.label = Some(label.to_owned());
        let key = SubjectPublicKeyInfo::from_der(&asked.public_key_info)?;
        Ok(leaf_parameters(&request)?.signed_by(&key, &self.issuer)?.pem())
    }

    /// A revocation list (RFC 5280 section 5) in PEM: these serial numbers, revoked as of `validity.from`; a newer
    /// list is due by `validity.to`.
    pub fn revocation_list(
        &self,
        serials: &[Vec<u8>],
        number: u64,
        validity: Validity,
    ) -> Result<String, AuthorityError> {
        let this_update = certificate_time(validity.from)?;
        let revoked = |serial: &Vec<u8>| RevokedCertParams {
            serial_number: SerialNumber::from_slice(serial),
            revocation_time: this_update,
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update,
            next_update: certificate_time(validity.to)?,
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(list.signed_by(&self.issuer)?.pem()?)
    }
}

fn leaf_parameters(request: &CertificateRequest) -> Result<CertificateParams, AuthorityError> {
    let names = request.subject_alt_names.clone();
    let mut params = parameters(&request.common_name, request.label.as_deref(), names, request.validity)?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = match request.usage {
        Usage::Server => vec![ExtendedKeyUsagePurpose::ServerAuth],
        Usage::Client => vec![ExtendedKeyUsagePurpose::ClientAuth],
        Usage::Signing => vec![],
    };
    Ok(params)
}

fn request(common_name: &str, usage: Usage, now: DateTime<Utc>) -> CertificateRequest {
    CertificateRequest {
        common_name: common_name.to_owned(),
        label: None,
        subject_alt_names: vec![],
        usage,
        validity: Validity::days(now, LEAF_DAYS),
    }
}

fn parameters(
    common_name: &str,
    label: Option<&str>,
    subject_alt_names: Vec<String>,
    validity: Validity,
) -> Result<CertificateParams, AuthorityError> {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::OrganizationName, ORGANISATION);
    if let Some(label) = label {
        subject.push(DnType::OrganizationalUnitName, label);
    }
    subject.push(DnType::CommonName, common_name);
    let mut params = CertificateParams::new(subject_alt_names)?;
    params.distinguished_name = subject;
    params.serial_number = Some(serial_number()?);
    params.not_before = certificate_time(validity.from)?;
    params.not_after = certificate_time(validity.to)?;
    Ok(params)
}

/// 16 random bytes, positive and of full length (RFC 5280 section 4.1.2.2).
fn serial_number() -> Result<SerialNumber, AuthorityError> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| AuthorityError::Randomness)?;
    bytes[0] = bytes[0] & 0x7f | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}

fn certificate_time(at: DateTime<Utc>) -> Result<OffsetDateTime, AuthorityError> {
    OffsetDateTime::from_unix_timestamp(at.timestamp()).map_err(|_| AuthorityError::Instant(at))
}

#[cfg(test)]
mod tests {
    use x509_parser::extensions::GeneralName;
    use x509_parser::parse_x509_certificate;

    use super::super::certificate::{
        check_client_profile, check_server_profile, pem_to_der, verify_issued_by,
    };
    use super::super::sample::instant;
    use super::*;

    #[test]
    fn a_loaded_authority_issues_more_that_rests_on_the_same_certificate() {
        let now = instant("2026-01-01T00:00:00Z");
        let created = DevelopmentAuthority::create(now).unwrap();
        let loaded = DevelopmentAuthority::from_pem(&created.certificate_pem(), &created.key_pem()).unwrap();
        let ca = pem_to_der(&created.certificate_pem()).unwrap();
        let client = loaded.issue_client("bank-03", "信贷系统", now).unwrap();
        let server = created.issue_server("gateway", &["localhost", "127.0.0.1", "::1"], now).unwrap();
        assert_eq!(check_client_profile(&client.certificate_der), Ok(()));
        assert_eq!(check_server_profile(&server.certificate_der), Ok(()));
        for certificate in [&client.certificate_der, &server.certificate_der] {
            assert_eq!(verify_issued_by(certificate, &ca, now.timestamp_micros()), Ok(()));
        }
        let other = DevelopmentAuthority::create(now).unwrap();
        let mixed = DevelopmentAuthority::from_pem(&created.certificate_pem(), &other.key_pem());
        assert!(matches!(mixed, Err(AuthorityError::AnotherKey)));
    }

    #[test]
    fn subjects_names_and_serials_are_as_documented() {
        let now = instant("2026-01-01T00:00:00Z");
        let authority = DevelopmentAuthority::create(now).unwrap();
        let client = authority.issue_client("bank-03", "信贷系统", now).unwrap();
        let (_, client) = parse_x509_certificate(&client.certificate_der).unwrap();
        assert_eq!(client.subject().to_string(), "O=税贷易 development, OU=信贷系统, CN=bank-03");
        assert_eq!(client.raw_serial().len(), 16);
        let server = authority.issue_server("gateway", &["localhost", "127.0.0.1", "::1"], now).unwrap();
        let (_, server) = parse_x509_certificate(&server.certificate_der).unwrap();
        assert_ne!(client.raw_serial(), server.raw_serial());
        let names = server.subject_alternative_name().unwrap().unwrap();
        let kinds: Vec<usize> = names
            .value
            .general_names
            .iter()
            .map(|name| match name {
                GeneralName::DNSName(_) => 0,
                GeneralName::IPAddress(address) => address.len(),
                _ => usize::MAX,
            })
            .collect();
        assert_eq!(kinds, [0, 4, 16]);
        let signing = authority.issue_signing("gateway", now).unwrap();
        let (_, signing) = parse_x509_certificate(&signing.certificate_der).unwrap();
        assert!(signing.extended_key_usage().unwrap().is_none());
        let usage = signing.key_usage().unwrap().unwrap();
        assert!(usage.value.digital_signature() && !usage.value.key_cert_sign());
    }

    #[test]
    fn a_renewal_keeps_the_key() {
        let now = instant("2026-01-01T00:00:00Z");
        let authority = DevelopmentAuthority::create(now).unwrap();
        let first = authority.issue_signing("bank-03", now).unwrap();
        let renewed =
            authority.issue_for_key(&request("bank-03", Usage::Signing, now), &first.key_pem).unwrap();
        let key = |der: &[u8]| MemberCertificate::parse_der(der).unwrap().public_key;
        assert_eq!(key(&first.certificate_der), key(&renewed.certificate_der));
        assert_ne!(first.certificate_der, renewed.certificate_der);
    }
}
