//! The offline checks of a dossier, all but the ledger's part.
//!
//! RFC 9901 section 7.1 with the checks of this exchange added. Always the same checks in the same
//! order; each says what it found, or what is wrong and where. Whatever needs something that an
//! earlier check could not give is reported as not checked, which also counts as a failure.

use super::certificate::{MemberCertificate, verify_issued_by};
use super::digest::{base64url, base64url_decode, sha256};
use super::disclosed::{DisclosedSection, check_listed, read_sections};
use super::jws::{DOSSIER_TYPE, UnverifiedHeader, read_header, read_unverified_payload, verify_es256};
use super::sd_jwt::{
    CLAIMS_VERSION, DIGEST_ALGORITHM, DossierClaims, dossier_digest, is_sorted_and_unique, split,
};
use super::trust::{TrustFile, TrustedKey};

/// How far an issuer's clock may be ahead of the verifier's.
const CLOCK_SKEW_SECONDS: i64 = 60;

const NOT_CHECKED: &str = "not checked, because an earlier check failed";

/// What the verifier knows besides the dossier.
#[derive(Debug, Clone, Copy)]
pub struct Expectations<'a> {
    /// The bank that the dossier must be for; `None` accepts any.
    pub audience: Option<&'a str>,
    /// Now, in microseconds since 1970.
    pub at_micros: i64,
}

/// One check and how it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was checked, in Chinese and English.
    pub name: &'static str,
    /// What was found, or what is wrong and where.
    pub outcome: Result<String, String>,
}

/// All checks of one dossier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DossierReport {
    /// The checks, in a fixed order.
    pub checks: Vec<Check>,
    /// The claims, if the signature holds.
    pub claims: Option<DossierClaims>,
    /// The digest by which the ledger and decisions name this dossier, if there is a JWT.
    pub dossier_digest: Option<String>,
    /// The sections, if all disclosures are listed in the JWT and well formed.
    pub sections: Vec<DisclosedSection>,
}

impl DossierReport {
    /// Whether every check holds.
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|check| check.outcome.is_ok())
    }
}

/// Checks a dossier against a trust file, without asking anyone.
pub fn check_dossier(dossier: &str, trust: &TrustFile, expect: Expectations<'_>) -> DossierReport {
    let mut run = Run { checks: Vec::new() };
    let parts = run.check("格式 container", Some(()), |()| container(dossier));
    let parts = parts.as_ref();
    let header = run.check("头部 header", parts, |(jwt, _)| header(jwt, DOSSIER_TYPE));
    let written = run.check("声明 claims", parts, |(jwt, _)| claims(jwt));
    let key = run.check("签发密钥 signing key", header.as_ref(), |header| signing_key(header, trust));
    let signed = run.check("签名 signature", parts.zip(key.as_ref()), |((jwt, _), (key, _))| {
        signature(jwt, DOSSIER_TYPE, key)
    });
    run.check("证书 certificate", key.as_ref().zip(written.as_ref()), |((key, certificate), claims)| {
        certificate_at_issue(key, certificate, claims.iat, trust)
    });
    run.check("收发方与时间 issuer, audience, time", written.as_ref(), |claims| {
        addressed(claims, trust, expect)
    });
    run.check("摘要清单 digest list", written.as_ref(), digest_list);
    let listed =
        run.check("披露 disclosures", parts.zip(written.as_ref()), |((_, disclosures), claims)| {
            check_listed(disclosures, &claims.sd).map(|detail| ((), detail))
        });
    let sections = run.check("章节 sections", parts, |(_, disclosures)| sections(disclosures));
    DossierReport {
        checks: run.checks,
        claims: signed.and(written),
        dossier_digest: parts.map(|(jwt, _)| dossier_digest(jwt)),
        sections: listed.and(sections).unwrap_or_default(),
    }
}

/// Collects outcomes; a check whose input is missing is recorded as not done.
pub(super) struct Run {
    pub(super) checks: Vec<Check>,
}

impl Run {
    pub(super) fn check<I, T>(
        &mut self,
        name: &'static str,
        input: Option<I>,
        check: impl FnOnce(I) -> Result<(T, String), String>,
    ) -> Option<T> {
        let (found, outcome) = match input.map(check) {
            Some(Ok((found, detail))) => (Some(found), Ok(detail)),
            Some(Err(wrong)) => (None, Err(wrong)),
            None => (None, Err(NOT_CHECKED.to_owned())),
        };
        self.checks.push(Check { name, outcome });
        found
    }
}

type Parts<'a> = (&'a str, Vec<&'a str>);

fn container(dossier: &str) -> Result<(Parts<'_>, String), String> {
    let (jwt, disclosures) = split(dossier).map_err(|wrong| wrong.to_string())?;
    let detail = format!("a JWT of {} bytes and {} disclosures", jwt.len(), disclosures.len());
    Ok(((jwt, disclosures), detail))
}

/// The header of a message of this type by one of the exchange's keys.
pub(super) fn header(jwt: &str, typ: &str) -> Result<(UnverifiedHeader, String), String> {
    let header = read_header(jwt).map_err(|wrong| format!("JWT header: {wrong}"))?;
    if header.alg != "ES256" || header.typ != typ {
        return Err(format!(
            "JWT header: alg {:?} and typ {:?}, not ES256 and {typ}",
            header.alg, header.typ
        ));
    }
    let detail = format!("ES256, {typ}, kid {}", header.kid);
    Ok((header, detail))
}

fn claims(jwt: &str) -> Result<(DossierClaims, String), String> {
    let payload = read_unverified_payload(jwt).map_err(|wrong| format!("JWT payload: {wrong}"))?;
    let claims: DossierClaims = serde_json::from_value(serde_json::Value::Object(payload))
        .map_err(|wrong| format!("JWT payload: {wrong}"))?;
    if claims.v != CLAIMS_VERSION {
        return Err(format!("JWT payload: v is {}, not {CLAIMS_VERSION}", claims.v));
    }
    let detail = format!("release {} to {}", claims.jti, claims.aud);
    Ok((claims, detail))
}

/// A key of the trust file with its certificate.
pub(super) type SigningKey<'a> = (&'a TrustedKey, MemberCertificate);

/// The key that the header names, with the certificate that the header names.
pub(super) fn signing_key<'a>(
    header: &UnverifiedHeader,
    trust: &'a TrustFile,
) -> Result<(SigningKey<'a>, String), String> {
    let key = trust.key(&header.kid).ok_or_else(|| format!("no key {:?} in the trust file", header.kid))?;
    let certificate = key.certificate().map_err(|wrong| wrong.to_string())?;
    let digest = base64url(&sha256(&certificate.der));
    match &header.certificate_digest {
        Some(named) if *named == digest => Ok(((key, certificate), format!("certificate x5t#S256 {digest}"))),
        Some(named) => Err(format!("JWT header: x5t#S256 {named} is not the key's certificate {digest}")),
        None => Err("JWT header: no x5t#S256".to_owned()),
    }
}

/// The signature over a message of this type.
pub(super) fn signature(jwt: &str, typ: &str, key: &TrustedKey) -> Result<((), String), String> {
    let public_key = key.public_key().map_err(|wrong| wrong.to_string())?;
    verify_es256(jwt, typ, &public_key).map_err(|wrong| format!("JWT: {wrong}"))?;
    Ok(((), format!("by {}", key.kid)))
}

/// The key's certificate and its time of use, judged at `iat`.
pub(super) fn certificate_at_issue(
    key: &TrustedKey,
    certificate: &MemberCertificate,
    iat: i64,
    trust: &TrustFile,
) -> Result<((), String), String> {
    let ca = trust.ca_der().map_err(|wrong| wrong.to_string())?;
    let at = iat.checked_mul(1_000_000).ok_or("JWT payload: iat is out of range")?;
    verify_issued_by(&certificate.der, &ca, at).map_err(|wrong| format!("{wrong}, judged at iat {iat}"))?;
    if !(key.nbf..key.exp).contains(&iat) {
        return Err(format!("iat {iat} is outside the key's nbf {} and exp {}", key.nbf, key.exp));
    }
    Ok(((), format!("issued by the trust file's authority, valid at iat {iat}")))
}

fn addressed(
    claims: &DossierClaims,
    trust: &TrustFile,
    expect: Expectations<'_>,
) -> Result<((), String), String> {
    issued(&claims.iss, claims.iat, trust, expect)?;
    if let Some(audience) = expect.audience.filter(|audience| *audience != claims.aud) {
        return Err(format!("aud {:?} is not {audience:?}", claims.aud));
    }
    Ok(((), format!("from {} to {}", claims.iss, claims.aud)))
}

/// By the trust file's issuer, and not in the future.
pub(super) fn issued(iss: &str, iat: i64, trust: &TrustFile, expect: Expectations<'_>) -> Result<(), String> {
    if iss != trust.issuer {
        return Err(format!("iss {iss:?} is not the trust file's issuer {:?}", trust.issuer));
    }
    let latest = expect.at_micros.div_euclid(1_000_000).saturating_add(CLOCK_SKEW_SECONDS);
    if iat > latest { Err(format!("iat {iat} is in the future")) } else { Ok(()) }
}

fn digest_list(claims: &DossierClaims) -> Result<((), String), String> {
    if claims.sd_alg != DIGEST_ALGORITHM {
        return Err(format!("_sd_alg is {:?}, not {DIGEST_ALGORITHM}", claims.sd_alg));
    }
    if !is_sorted_and_unique(&claims.sd) {
        return Err("_sd is not sorted and unique".to_owned());
    }
    let is_digest = |text: &str| base64url_decode(text).is_ok_and(|digest| digest.len() == 32);
    if let Some(index) = claims.sd.iter().position(|digest| !is_digest(digest)) {
        return Err(format!("_sd entry {} is not a SHA-256 digest", index + 1));
    }
    Ok(((), format!("{} digests, sha-256, sorted", claims.sd.len())))
}

fn sections(disclosures: &[&str]) -> Result<(Vec<DisclosedSection>, String), String> {
    let sections = read_sections(disclosures)?;
    let list: Vec<String> = sections
        .iter()
        .map(|section| format!("{} {} ({})", section.name, section.status.as_str(), section.records))
        .collect();
    Ok((sections, list.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{self, instant};
    use super::super::sd_jwt::{Disclosure, assemble, issue};
    use super::*;

    fn expect() -> Expectations<'static> {
        Expectations {
            audience: Some("bank-03"),
            at_micros: instant("2026-03-02T00:00:10Z").timestamp_micros(),
        }
    }

    fn failures(report: &DossierReport) -> Vec<(&'static str, String)> {
        report.checks.iter().filter_map(|check| Some((check.name, check.outcome.clone().err()?))).collect()
    }

    fn check(dossier: &str) -> DossierReport {
        check_dossier(dossier, &sample::trust(), expect())
    }

    fn signed(change: impl FnOnce(&mut DossierClaims)) -> String {
        let mut claims = sample::claims(vec![]);
        change(&mut claims);
        assemble(&issue(&claims, &sample::signer()).unwrap(), std::iter::empty())
    }

    fn first_failure(report: &DossierReport) -> String {
        failures(report).first().map(|(name, wrong)| format!("{name}: {wrong}")).unwrap_or_default()
    }

    #[test]
    fn a_good_dossier_holds_whole_or_in_part_and_in_any_order() {
        let dossier = sample::dossier();
        let report = check(&dossier);
        assert_eq!(failures(&report), []);
        assert_eq!(report.checks.len(), 10);
        assert_eq!(report.sections.len(), 4);
        let (jwt, disclosures) = split(&dossier).unwrap();
        assert_eq!(report.dossier_digest.unwrap(), dossier_digest(jwt));
        assert_eq!(report.claims.unwrap().jti, "019cb000-0000-7000-8000-000000000001");
        let part = check(&assemble(jwt, disclosures.iter().rev().skip(1).copied()));
        assert!(part.holds() && part.sections.len() == 3);
    }

    /// One bit is turned at every position, so every header, payload, signature, disclosure and separator byte is hit.
    #[test]
    fn a_flipped_bit_anywhere_fails_and_says_where() {
        let dossier = sample::dossier();
        let jwt_length = dossier.find('~').unwrap();
        let dots: Vec<usize> = dossier.match_indices('.').map(|(at, _)| at).collect();
        for position in 0..dossier.len() {
            let mut bytes = dossier.clone().into_bytes();
            bytes[position] ^= 1 << (position % 7);
            let changed = String::from_utf8(bytes).unwrap();
            let report = check(&changed);
            let wrong: Vec<&str> = failures(&report).iter().map(|(name, _)| *name).collect();
            assert!(!wrong.is_empty(), "position {position} of {}", dossier.len());
            let expected: &[&str] = if dossier.as_bytes()[position] == b'~' || dots.contains(&position) {
                continue;
            } else if position < dots[0] {
                &["头部 header", "签发密钥 signing key", "签名 signature"]
            } else if position < jwt_length {
                &["签名 signature"]
            } else {
                &["披露 disclosures"]
            };
            let is_separator = changed.as_bytes()[position] == b'~' || changed.as_bytes()[position] == b'.';
            assert!(
                is_separator || expected.iter().any(|name| wrong.contains(name)),
                "position {position}: {wrong:?}"
            );
        }
    }

    #[test]
    fn a_changed_disclosure_is_named_by_position_and_section() {
        let dossier = sample::dossier();
        let (jwt, disclosures) = split(&dossier).unwrap();
        let foreign = Disclosure::new(&[9; 16], "violations", r#"{"status":"empty"}"#).encoded;
        let mixed = assemble(jwt, disclosures.iter().copied().chain([foreign.as_str()]));
        let wrong = failures(&check(&mixed));
        assert!(
            wrong
                .iter()
                .any(|(name, wrong)| *name == "披露 disclosures"
                    && wrong.starts_with("disclosure 5 (violations)")),
            "{wrong:?}"
        );
        let twice = assemble(jwt, disclosures.iter().copied().chain([disclosures[0]]));
        assert!(failures(&check(&twice)).iter().any(|(_, wrong)| wrong.ends_with("it is there twice")));
        assert!(check(&twice).sections.is_empty());
    }

    #[test]
    fn claims_of_another_kind_are_refused() {
        assert!(check(&signed(|_| ())).holds());
        let refused = |change: fn(&mut DossierClaims)| first_failure(&check(&signed(change)));
        assert!(refused(|claims| claims.v = 2).starts_with("声明 claims"));
        assert!(refused(|claims| claims.iss = "https://other.example".into()).contains("iss"));
        assert!(refused(|claims| claims.aud = "bank-04".into()).contains("aud"));
        assert!(refused(|claims| claims.iat += 71).contains("future"));
        assert_eq!(refused(|claims| claims.iat += 70), "");
        assert!(
            refused(|claims| claims.iat = instant("2025-12-31T23:59:59Z").timestamp())
                .contains("not valid yet")
        );
        assert!(refused(|claims| claims.iat = i64::MAX).contains("out of range"));
        assert!(refused(|claims| claims.sd_alg = "sha-384".into()).contains("_sd_alg"));
        assert!(refused(|claims| claims.sd = vec!["short".into()]).contains("entry 1"));
    }

    #[test]
    fn unsorted_digests_and_surplus_claims_are_refused() {
        let mut claims = sample::claims(vec![base64url(&[2; 32]), base64url(&[1; 32])]);
        let payload = serde_json::to_string(&claims).unwrap();
        let dossier = assemble(&sample::signer().sign(&payload).unwrap(), std::iter::empty());
        assert!(first_failure(&check(&dossier)).contains("not sorted"));
        claims.sd.clear();
        let payload = serde_json::to_string(&claims).unwrap().replacen('{', r#"{"exp":1,"#, 1);
        let dossier = assemble(&sample::signer().sign(&payload).unwrap(), std::iter::empty());
        assert!(first_failure(&check(&dossier)).contains("exp"));
    }

    #[test]
    fn the_key_must_be_the_trust_files_with_its_certificate_and_authority() {
        let dossier = sample::dossier();
        let with = |change: fn(&mut TrustFile)| {
            let mut trust = sample::trust();
            change(&mut trust);
            first_failure(&check_dossier(&dossier, &trust, expect()))
        };
        assert!(with(|trust| trust.jwks.keys.clear()).contains("no key"));
        assert!(with(|trust| trust.ca = sample::other_authority_pem()).contains("not the authority's"));
        assert!(with(|trust| trust.ca.clear()).contains("PEM"));
        assert!(with(|trust| trust.jwks.keys[0].exp = 1).contains("nbf"));
        assert!(with(|trust| trust.jwks.keys[0].nbf = i64::MAX).contains("nbf"));
        assert!(with(|trust| trust.jwks.keys[0].alg = "HS256".into()).contains("not a P-256 signing key"));
        // A renewed certificate of the same key is another certificate: x5t#S256 tells.
        assert!(with(|trust| trust.jwks.keys[0] = sample::renewed_key()).contains("x5t#S256"));
    }

    #[test]
    fn nonsense_fails_without_panic() {
        for text in ["", "~", "a~", "a.b.c~", "....~", "a.b.c~d~", "税~", "eyJ9.e30.AA~"] {
            let report = check(text);
            assert!(!report.holds() && report.claims.is_none() && report.checks.len() == 10, "{text}");
        }
    }
}
