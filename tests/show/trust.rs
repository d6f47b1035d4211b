//! With a trust file the dossier is verified first: one that holds says so, one that does not is not shown.

use std::fs;
use std::path::Path;

use serde_json::Value;
use shuidaiyi::clock::{Clock, SystemClock};
use shuidaiyi::seal::authority::{CertificateRequest, DevelopmentAuthority, Usage, Validity};
use shuidaiyi::seal::certificate::MemberCertificate;
use shuidaiyi::seal::jws::{DOSSIER_TYPE, JwtSigner};
use shuidaiyi::seal::keys::{generate_p256, pkcs8_pem};
use shuidaiyi::seal::sd_jwt::{ConsentClaim, Disclosure, DossierClaims, WindowClaim, assemble, issue};
use shuidaiyi::seal::trust::{KeySet, LedgerKey, TrustFile, TrustedKey};

use crate::fixture;
use crate::show;

/// The public key of RFC 8032 section 7.1, test 1, as a C2SP verifier key.
const LEDGER_VKEY: &str = "exchange.example/v1/ledger+c2236f4b+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";

#[test]
fn a_dossier_that_holds_is_shown_as_verified() {
    let directory = tempfile::tempdir().unwrap();
    let (dossier, trust) = signed(directory.path());
    let output = show(directory.path(), &dossier, &["--trust", &trust, "--audience", "bank-01"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(text.contains("核验通过（仅档案本身）") && text.contains("存证收据未核对"), "{text}");
    assert!(text.contains("✓ 签名 signature") && !text.contains("未核验"), "{text}");
    let out = directory.path().join("page.html");
    let html = show(directory.path(), &dossier, &["--trust", &trust, "--html", out.to_str().unwrap()]);
    assert!(html.status.success());
    let page = fs::read_to_string(out).unwrap();
    assert!(page.contains("VERIFIED without the receipt") && page.contains("核验明细"));
    assert!(page.contains("verdict good"));
}

#[test]
fn a_dossier_that_fails_is_not_shown() {
    let directory = tempfile::tempdir().unwrap();
    let (dossier, trust) = signed(directory.path());
    let (jwt, rest) = dossier.split_once('~').unwrap();
    let other = Disclosure::new(&[9; 16], "arrears", r#"{"status":"empty","records":[]}"#).encoded;
    let changed = format!("{jwt}~{rest}{other}~");
    for (text, arguments) in
        [(&changed, vec!["--trust", &trust]), (&dossier, vec!["--trust", &trust, "--audience", "bank-02"])]
    {
        let out = directory.path().join("refused.html");
        let mut arguments = arguments;
        arguments.extend(["--html", out.to_str().unwrap()]);
        let output = show(directory.path(), text, &arguments);
        let printed = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{printed}");
        assert!(printed.contains('✗') && printed.contains("核验不通过"), "{printed}");
        assert!(!printed.contains("澹稔阙") && !out.exists(), "the contents are kept back");
        arguments.push("--json");
        let output = show(directory.path(), text, &arguments);
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (output.status.code(), &json["verified"], json.get("sections")),
            (Some(1), &Value::Bool(false), None)
        );
    }
}

/// A dossier signed just now, and the path of the trust file that goes with it.
fn signed(directory: &Path) -> (String, String) {
    let now = SystemClock.now().utc();
    let authority = DevelopmentAuthority::create(now).unwrap();
    let request = CertificateRequest {
        common_name: "gateway".to_owned(),
        label: None,
        subject_alt_names: vec![],
        usage: Usage::Signing,
        validity: Validity::days(now, 397),
    };
    let key = generate_p256().unwrap();
    let issued = authority.issue_for_key(&request, &pkcs8_pem(&key)).unwrap();
    let certificate = MemberCertificate::parse_der(&issued.certificate_der).unwrap();
    let signer = JwtSigner::new(&key, &certificate.thumbprint(), &certificate.der, DOSSIER_TYPE).unwrap();
    let disclosures: Vec<Disclosure> = fixture::sections_of(&fixture::pleasant())
        .iter()
        .map(|(name, object)| Disclosure::new(&[3; 16], name, &object.to_string()))
        .collect();
    let mut sd: Vec<String> = disclosures.iter().map(|disclosure| disclosure.digest.clone()).collect();
    sd.sort();
    let claims = DossierClaims {
        v: 1,
        iss: "https://exchange.example".to_owned(),
        aud: "bank-01".to_owned(),
        sub: "91440305MA1000009U".to_owned(),
        jti: "019cb000-0000-7000-8000-000000000001".to_owned(),
        iat: now.timestamp(),
        purpose: "pre_loan".to_owned(),
        nonce: None,
        consent: ConsentClaim {
            id: "c-1".to_owned(),
            digest: "sha-256:x".to_owned(),
            policy: "consent-rules/1".to_owned(),
        },
        product: "credit-1".to_owned(),
        read_at: 1,
        window: WindowClaim { from: "2023-11-01".parse().unwrap(), to: "2026-11-30".parse().unwrap() },
        sd,
        sd_alg: "sha-256".to_owned(),
    };
    let jwt = issue(&claims, &signer).unwrap();
    let trust = TrustFile {
        issuer: claims.iss.clone(),
        ca: authority.certificate_pem(),
        jwks: KeySet { keys: vec![TrustedKey::from_certificate(&certificate.thumbprint(), &certificate)] },
        ledger_vkey: LEDGER_VKEY.to_owned(),
        ledger_vkeys: vec![LedgerKey { vkey: LEDGER_VKEY.to_owned(), from: Some(now), to: None }],
    };
    let path = directory.join("trust.json");
    fs::write(&path, serde_json::to_string(&trust).unwrap()).unwrap();
    (
        assemble(&jwt, disclosures.iter().map(|disclosure| disclosure.encoded.as_str())),
        path.to_str().unwrap().to_owned(),
    )
}
