//! A site and a dossier for the tests of this folder, and the sample in `tests/vectors/sd_jwt`.
//!
//! The signing key is the published example key of RFC 6979 appendix A.2.5: it protects nothing.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::authority::{CertificateRequest, DevelopmentAuthority, Usage, Validity};
use super::certificate::MemberCertificate;
use super::digest::{canonical_json, prefixed_digest};
use super::jws::{DOSSIER_TYPE, JwtSigner};
use super::keys::pkcs8_pem;
use super::salt::SaltKey;
use super::sd_jwt::{ConsentClaim, Disclosure, DossierClaims, WindowClaim, assemble, issue};
use super::trust::{KeySet, LedgerKey, TrustFile, TrustedKey};
use super::verify::{Expectations, check_dossier};

/// RFC 6979 appendix A.2.5 (curve P-256): private key, then the point's two coordinates.
const PRIVATE_KEY: &str = "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721";
const POINT: &str = "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB67903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299";

/// The public key of RFC 8032 section 7.1, test 1, as a C2SP verifier key.
const LEDGER_VKEY: &str = "exchange.example/v1/ledger+c2236f4b+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";

const TAXPAYER: &str = "91440300MA5EXAMPLE";
const BANK: &str = "bank-03";

struct Site {
    authority: DevelopmentAuthority,
    key: Vec<u8>,
    certificate: MemberCertificate,
}

/// The instant that an RFC 3339 text names.
pub fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn site() -> &'static Site {
    static SITE: OnceLock<Site> = OnceLock::new();
    SITE.get_or_init(|| {
        let authority = DevelopmentAuthority::create(instant("2026-01-01T00:00:00Z")).unwrap();
        let key = example_key();
        let certificate = issue_certificate(&authority, &key);
        Site { authority, key, certificate }
    })
}

fn issue_certificate(authority: &DevelopmentAuthority, key: &[u8]) -> MemberCertificate {
    let request = CertificateRequest {
        common_name: "gateway".to_owned(),
        label: None,
        subject_alt_names: vec![],
        usage: Usage::Signing,
        validity: Validity::days(instant("2026-01-01T00:00:00Z"), 397),
    };
    let issued = authority.issue_for_key(&request, &pkcs8_pem(key)).unwrap();
    MemberCertificate::parse_der(&issued.certificate_der).unwrap()
}

/// The example key in PKCS#8: the fixed bytes around a P-256 key (RFC 5915, RFC 5958), filled in.
fn example_key() -> Vec<u8> {
    let before = "308187020100301306072A8648CE3D020106082A8648CE3D030107046D306B0201010420";
    let text = format!("{before}{PRIVATE_KEY}A14403420004{POINT}");
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// The signing key in PKCS#8 and its certificate, both DER.
pub fn signing_pair() -> (Vec<u8>, Vec<u8>) {
    (site().key.clone(), site().certificate.der.clone())
}

/// The exchange's signer of dossiers.
pub fn signer() -> JwtSigner {
    let (key, certificate) = signing_pair();
    JwtSigner::new(&key, &site().certificate.thumbprint(), &certificate, DOSSIER_TYPE).unwrap()
}

/// The trust file that goes with [`signer`].
pub fn trust() -> TrustFile {
    let certificate = &site().certificate;
    TrustFile {
        issuer: "https://exchange.example".to_owned(),
        ca: site().authority.certificate_pem(),
        jwks: KeySet { keys: vec![TrustedKey::from_certificate(&certificate.thumbprint(), certificate)] },
        ledger_vkey: LEDGER_VKEY.to_owned(),
        ledger_vkeys: vec![LedgerKey {
            vkey: LEDGER_VKEY.to_owned(),
            from: Some(instant("2026-01-01T00:00:00Z")),
            to: None,
        }],
    }
}

/// An authority of the same name with another key.
pub fn other_authority_pem() -> String {
    DevelopmentAuthority::create(instant("2026-01-01T00:00:00Z")).unwrap().certificate_pem()
}

/// The signing key under its name, with another certificate of the same authority.
pub fn renewed_key() -> TrustedKey {
    let renewed = issue_certificate(&site().authority, &site().key);
    TrustedKey::from_certificate(&renewed.thumbprint(), &renewed)
}

/// Claims of 2026-03-02 to bank-03 with these digests.
pub fn claims(sd: Vec<String>) -> DossierClaims {
    DossierClaims {
        v: 1,
        iss: "https://exchange.example".to_owned(),
        aud: BANK.to_owned(),
        sub: TAXPAYER.to_owned(),
        jti: "019cb000-0000-7000-8000-000000000001".to_owned(),
        iat: instant("2026-03-02T00:00:00Z").timestamp(),
        purpose: "pre_loan".to_owned(),
        nonce: Some("n-1".to_owned()),
        consent: ConsentClaim {
            id: "019cafff-0000-7000-8000-000000000002".to_owned(),
            digest: prefixed_digest(b""),
            policy: "release-1".to_owned(),
        },
        product: "bank-03-credit".to_owned(),
        read_at: 42,
        window: WindowClaim { from: "2024-03-01".parse().unwrap(), to: "2026-02-28".parse().unwrap() },
        sd,
        sd_alg: "sha-256".to_owned(),
    }
}

/// A dossier with a section present, one empty, one not collected and one stale.
pub fn dossier() -> String {
    let salts = SaltKey::new(1, &[42; 32]);
    let sections = [
        ("rating", json!({"status": "present", "records": [{"year": 2025, "grade": "A", "score": 94}]})),
        (
            "filings",
            json!({"status": "stale", "reason": "source late", "records": [
            {"tax": "增值税", "period": {"from": "2026-01-01", "to": "2026-01-31", "freq": "month"}, "payable_fen": 1_234_500},
            {"tax": "增值税", "period": {"from": "2026-02-01", "to": "2026-02-28", "freq": "month"}, "payable_fen": 0}]}),
        ),
        ("violations", json!({"status": "empty", "records": []})),
        ("invoices", json!({"status": "not_collected", "reason": "no source", "records": []})),
    ];
    let disclosures: Vec<Disclosure> = sections
        .into_iter()
        .map(|(name, mut object)| {
            object["as_of"] = json!("2026-03-01T16:00:00.000000Z");
            object["stale_after"] = json!("2026-04-15T16:00:00.000000Z");
            object["source"] = json!("etax");
            object["encoder"] = json!(format!("{name}-1"));
            let text = canonical_json(&object).unwrap();
            Disclosure::new(&salts.disclosure_salt(TAXPAYER, BANK, name, text.as_bytes()), name, &text)
        })
        .collect();
    let mut digests: Vec<String> = disclosures.iter().map(|disclosure| disclosure.digest.clone()).collect();
    digests.sort();
    let jwt = issue(&claims(digests), &signer()).unwrap();
    assemble(&jwt, disclosures.iter().map(|disclosure| disclosure.encoded.as_str()))
}

fn vectors() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/sd_jwt")
}

/// The committed sample, which `tests/third_party/verify_dossier.py` verifies too, still holds here:
/// a dossier once sent must stay verifiable. With `SHUIDAIYI_WRITE_SAMPLE` set it is made anew first.
#[test]
fn the_committed_sample_still_verifies() {
    if std::env::var_os("SHUIDAIYI_WRITE_SAMPLE").is_some() {
        write_the_sample();
    }
    let pull: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(vectors().join("pull.json")).unwrap()).unwrap();
    let trust = TrustFile::parse(&fs::read_to_string(vectors().join("trust.json")).unwrap()).unwrap();
    let at_micros = instant("2026-03-02T00:00:10Z").timestamp_micros();
    let stored = pull["dossier"].as_str().unwrap();
    let report = check_dossier(stored, &trust, Expectations { audience: Some(BANK), at_micros });
    assert!(report.holds(), "{:#?}", report.checks);
    assert_eq!(report.claims.unwrap().jti, pull["release_id"].as_str().unwrap());
    // Encoding is stable: the same records give the same disclosures, byte for byte.
    let rebuilt = dossier();
    assert_eq!(stored.split_once('~').unwrap().1, rebuilt.split_once('~').unwrap().1);
}

/// Makes the sample anew.
fn write_the_sample() {
    fs::create_dir_all(vectors()).unwrap();
    let pull = json!({"release_id": claims(vec![]).jti, "dossier": dossier(), "receipt": null});
    fs::write(vectors().join("pull.json"), serde_json::to_string_pretty(&pull).unwrap() + "\n").unwrap();
    fs::write(vectors().join("trust.json"), trust().to_json().unwrap()).unwrap();
}
