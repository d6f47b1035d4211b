//! Enrolling a certificate: one that an authority of ours issued, or a signing request for the development authority.
//!
//! What is registered has the profile of `seal/certificate.rs` and rests on an authority that the gateway port
//! accepts; anything else would be pinned in vain.

use std::path::PathBuf;

use serde::Deserialize;

use super::error::{ServiceError, ServiceResult};
use crate::domain::member::MemberId;
use crate::domain::timestamp::Timestamp;
use crate::seal::authority::DevelopmentAuthority;
use crate::seal::certificate::{
    MemberCertificate, check_client_profile, der_to_pem, pem_to_all_der, verify_issued_by,
};
use crate::seal::csr::SigningRequest;
use crate::store::members::Certificate;

/// The development authority's key inside the key directory; its certificate is the one `init` writes.
pub const AUTHORITY_KEY_FILE: &str = "development-ca.key";
/// The longest label of a certificate.
const LABEL_LENGTH_MAX: usize = 64;

/// Who administers, and under which rules.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdministrationOptions {
    /// Whether changes of members, keys and holds wait for a second person.
    #[serde(default)]
    pub two_persons: bool,
}

/// The rules and the authorities that enrolment works with.
#[derive(Clone, Debug)]
pub struct Administration {
    /// Whether changes wait for a second person.
    pub two_persons: bool,
    /// PEM file of the authorities that members' certificates rest on.
    pub authorities: PathBuf,
    /// The development authority's private key; where it is absent, signing requests go to the outside authority.
    pub authority_key: PathBuf,
}

/// What a member hands over.
#[derive(Clone, Debug)]
pub enum Offered {
    /// A certificate, PEM.
    Certificate(String),
    /// A PKCS #10 signing request, PEM.
    SigningRequest(String),
}

/// A certificate ready to be registered.
#[derive(Clone, Debug)]
pub struct Enrolled {
    /// As the directory pins it.
    pub pinned: Certificate,
    /// The certificate, PEM.
    pub pem: String,
    /// JWK thumbprint of its key.
    pub key: String,
}

impl Administration {
    /// Checks what was offered, has it issued if it is a request, and gives what is to be registered. Blocks on files.
    pub fn enrol(
        &self,
        member: &MemberId,
        label: &str,
        offered: &Offered,
        now: Timestamp,
    ) -> ServiceResult<Enrolled> {
        let told =
            (1..=LABEL_LENGTH_MAX).contains(&label.chars().count()) && !label.chars().any(char::is_control);
        if !told {
            return Err(ServiceError::invalid(
                "/label",
                "must have 1 to 64 characters, none of them a control character",
            ));
        }
        let authorities = self.read_authorities()?;
        let (pem, pointer) = match offered {
            Offered::Certificate(pem) => (pem.clone(), "/certificate"),
            Offered::SigningRequest(pem) => (self.issue(member, label, pem, &authorities, now)?, "/csr"),
        };
        let wrong = |why: &dyn ToString| ServiceError::invalid(pointer, why.to_string());
        let certificate = MemberCertificate::parse_pem(&pem).map_err(|why| wrong(&why))?;
        check_client_profile(&certificate.der).map_err(|why| wrong(&why))?;
        if now.micros() > certificate.not_after_micros {
            return Err(wrong(&"it has expired"));
        }
        // A certificate may be registered ahead of its first day: it is judged as of then.
        let judged_at = now.micros().max(certificate.not_before_micros);
        let rests = |ca: &Vec<u8>| verify_issued_by(&certificate.der, ca, judged_at).is_ok();
        if !authorities.iter().any(rests) {
            return Err(wrong(&"it rests on no authority of this exchange (tls.ca)"));
        }
        Ok(Enrolled {
            pinned: pin(&certificate, member, label)?,
            pem: certificate.pem(),
            key: certificate.thumbprint(),
        })
    }

    fn read_authorities(&self) -> ServiceResult<Vec<Vec<u8>>> {
        let told = |why: &dyn ToString| {
            ServiceError::internal(format!("{}: {}", self.authorities.display(), why.to_string()))
        };
        let text = std::fs::read_to_string(&self.authorities).map_err(|why| told(&why))?;
        pem_to_all_der(&text).map_err(|why| told(&why))
    }

    /// Issues by the development authority, whose certificate is one of the authorities.
    fn issue(
        &self,
        member: &MemberId,
        label: &str,
        request: &str,
        authorities: &[Vec<u8>],
        now: Timestamp,
    ) -> ServiceResult<String> {
        let asked = SigningRequest::parse_pem(request).map_err(|why| ServiceError::invalid("/csr", why))?;
        let Ok(key) = std::fs::read_to_string(&self.authority_key) else {
            return Err(ServiceError::Conflict(
                "this exchange has no authority of its own: have the request signed by the outside authority, and register the certificate"
                    .into(),
            ));
        };
        let authority = authorities
            .iter()
            .find_map(|der| DevelopmentAuthority::from_pem(&der_to_pem(der), &key).ok())
            .ok_or_else(|| {
                ServiceError::internal("the development authority's key belongs to no certificate of tls.ca")
            })?;
        authority.issue_for_request(member.as_str(), label, &asked, now.utc()).map_err(ServiceError::internal)
    }
}

/// A member's certificate as the directory pins it.
pub fn pin(certificate: &MemberCertificate, member: &MemberId, label: &str) -> ServiceResult<Certificate> {
    let instant = |micros| {
        Timestamp::from_micros(micros)
            .ok_or_else(|| ServiceError::invalid("/certificate", "its dates are outside the calendar"))
    };
    Ok(Certificate {
        fingerprint: certificate.fingerprint.clone(),
        member: member.clone(),
        label: label.to_owned(),
        not_before: instant(certificate.not_before_micros)?,
        not_after: instant(certificate.not_after_micros)?,
        withdrawn_at: None,
    })
}
