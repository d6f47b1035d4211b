//! Consent receipts: for the firm, its bank and the bureau, alone, inside the answer and inside the printed authorisation;
//! verified by the program itself, and by one that shares no code with it.

use std::path::Path;
use std::process::Output;

use reqwest::Method;
use serde_json::Value;
use shuidaiyi::clock::Clock;
use shuidaiyi::domain::consent::ConsentStatus;
use shuidaiyi::domain::representative::PortalRole;
use shuidaiyi::seal::consent_receipt::ConsentReceipt;
use shuidaiyi::seal::trust::TrustFile;
use shuidaiyi::seal::verify::{Check, Expectations};
use shuidaiyi::service::admin::{Change, apply};
use shuidaiyi::service::requests::{self, Grant, NewDraft};
use shuidaiyi::service::verify_consent::verify_consent;
use shuidaiyi::store::member_contacts;

use crate::requests::{acting, terms, ticked};
use crate::support::child::program;
use crate::support::{Backend, Site, both_backends};

both_backends!(
    a_receipt_proves_the_grant_and_nothing_else,
    the_printed_authorisation_is_proof_by_itself,
    names_of_others_stay_text_on_page_and_paper,
    contacts_are_registered_and_told,
);

const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/third_party/verify_consent_receipt.py");

fn trust(site: &Site) -> TrustFile {
    TrustFile::parse(&std::fs::read_to_string(site.dir().join("trust.json")).unwrap()).unwrap()
}

fn check(site: &Site, jws: &str) -> (Vec<Check>, Option<ConsentReceipt>) {
    let expect = Expectations { audience: None, at_micros: site.clock.now().micros() };
    let (checks, found) = verify_consent(jws, &trust(site), expect);
    (checks, found.map(|(claims, _)| claims))
}

fn holds(checks: &[Check]) -> bool {
    checks.iter().all(|check| check.outcome.is_ok())
}

/// `shuidaiyi verify FILE`.
fn verified(site: &Site, file: &str, bytes: &[u8]) -> Output {
    let path = site.dir().join(file);
    std::fs::write(&path, bytes).unwrap();
    let mut command = program();
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    command.arg("verify").arg(&path).arg("--trust").arg(site.dir().join("trust.json"));
    command.output().unwrap()
}

async fn a_receipt_proves_the_grant_and_nothing_else(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    let firm = firms[0].taxpayer_id.as_str();
    site.product("bank-01").await;
    let consent = site.consent("bank-01", firm, |_| {}).await;
    let id = consent["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/consents/{id}/receipt");
    let (status, answer) = site.json("bank-01", Method::GET, &path, None).await;
    assert_eq!(status, 200, "{answer}");
    let jws = answer["receipt"].as_str().unwrap();
    let (checks, claims) = check(&site, jws);
    assert!(holds(&checks), "{checks:#?}");
    let claims = claims.unwrap();
    assert_eq!(claims.consent.digest, consent["digest"].as_str().unwrap());
    assert_eq!((claims.consent.id.as_str(), claims.consent.status), (id.as_str(), ConsentStatus::Granted));
    let roles: Vec<(&str, &str)> =
        claims.controllers.iter().map(|one| (one.role.as_str(), one.member.as_str())).collect();
    assert_eq!(roles, [("provider", "bureau"), ("recipient", "bank-01")]);
    assert!(claims.controllers.iter().all(|one| one.uscc.is_some() && one.complaint.is_some()));
    let payload = serde_json::to_string(&claims).unwrap();
    assert!(!payload.contains(firm) && !payload.contains("ref-1"), "neither firm nor person: {payload}");

    let foreign = site.json("bank-02", Method::GET, &path, None).await;
    let absent = site.json("bank-02", Method::GET, "/v1/consents/absent/receipt", None).await;
    assert_eq!((foreign.0, absent.0), (404.try_into().unwrap(), 404.try_into().unwrap()));
    assert_eq!(site.json("regulator", Method::GET, &path, None).await.0, 403);

    assert!(site.revoke(&id).await.0.is_success());
    let (_, later) = site.json("bureau", Method::GET, &path, None).await;
    let (checks, claims) = check(&site, later["receipt"].as_str().unwrap());
    assert!(holds(&checks) && claims.unwrap().consent.status == ConsentStatus::Revoked);

    changed_receipts_are_refused(&site, jws);
    for (file, bytes) in [("r.jwt", jws.as_bytes().to_vec()), ("r.json", answer.to_string().into_bytes())] {
        let output = verified(&site, file, &bytes);
        assert!(output.status.success(), "{file}: {output:?}");
    }
    python_agrees(&site.dir(), &answer, firm);
}

fn changed_receipts_are_refused(site: &Site, jws: &str) {
    for at in (0..jws.len()).step_by(37) {
        let mut bytes = jws.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let (checks, _) = check(site, &String::from_utf8(bytes).unwrap());
        assert!(!holds(&checks), "position {at}");
    }
    // The proof of another entry, under the exchange's own signature, is none of this grant.
    let mut other = check(site, jws).1.unwrap();
    other.consent.number.push('0');
    other.consent.digest = format!("sha-256:{}", "A".repeat(43));
    let signer = site.exchange().keys.dossier_at(site.clock.now()).unwrap();
    let resigned = signer.sign_as("consent-receipt+jwt", &serde_json::to_string(&other).unwrap()).unwrap();
    let (checks, _) = check(site, &resigned);
    let wrong: Vec<&str> =
        checks.iter().filter_map(|check| check.outcome.as_ref().err().map(String::as_str)).collect();
    assert_eq!(wrong, ["ledger.entry names other terms"]);
    let as_dossier = signer.sign(&serde_json::to_string(&other).unwrap()).unwrap();
    assert!(check(site, &as_dossier).1.is_none(), "a dossier's type is another");
}

fn python_agrees(dir: &Path, answer: &Value, firm: &str) {
    let python = std::env::var_os("SHUIDAIYI_PYTHON").unwrap_or_else(|| "python3".into());
    let has = std::process::Command::new(&python).args(["-c", "import cryptography"]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        assert!(
            std::env::var_os("CI").is_none(),
            "this is CI: Python needs tests/third_party/requirements.txt"
        );
        eprintln!(
            "SKIPPED: Python lacks the package cryptography (pip install -r tests/third_party/requirements.txt)"
        );
        return;
    }
    std::fs::write(dir.join("receipt.jwt"), answer["receipt"].as_str().unwrap()).unwrap();
    let run = |taxpayer: &str| {
        let mut command = std::process::Command::new(&python);
        command.arg(PYTHON).arg(dir.join("receipt.jwt")).arg(dir.join("trust.json"));
        command.args(["--taxpayer", taxpayer, "--salt", answer["salt"].as_str().unwrap(), "--self-test"]);
        command.output().unwrap()
    };
    let output = run(firm);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(!run("91440300708461136T").status.success(), "another firm");
}

async fn the_printed_authorisation_is_proof_by_itself(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    let firm = &firms[0].taxpayer_id;
    site.product("bank-01").await;
    let representative = acting(&site, firm, PortalRole::LegalRepresentative);
    let bank = "bank-01".parse().unwrap();
    let draft = NewDraft { bank, product_id: "bank-01-credit".into(), terms: terms(), group: None };
    let drafted = requests::draft(site.exchange(), &representative, draft).await.unwrap();
    let item = ticked(site.exchange(), &representative, &drafted.id).await;
    let digest = item.text_digest.clone();
    let granted =
        requests::grant(site.exchange(), &representative, Grant { items: vec![item] }).await.unwrap();
    let consent = &granted[0].consent;
    let id = consent.terms.id.clone();

    let visitor = site.sign_in_as(PortalRole::Bookkeeper, firm);
    let page = visitor.get(&format!("/consents/{id}/letter")).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let number = consent.terms.details.as_ref().unwrap().number.clone();
    for part in [number.as_str(), &consent.digest, &digest, "涉税信息查询授权书——请逐项阅读", "<svg", "【√】"]
    {
        assert!(page.text.contains(part), "{part} is not on the page");
    }
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("paper");
    std::fs::create_dir_all(&kept).unwrap();
    std::fs::write(kept.join("letter.html"), &page.text).unwrap();
    assert!(!page.text.contains("style="), "the policy allows no inline style");
    let receipt = visitor.get(&format!("/consents/{id}/receipt")).await;
    let jws = receipt.text.clone();
    assert!(holds(&check(&site, &jws).0));
    pdf_holds(&site, &visitor.get(&format!("/consents/{id}/letter.pdf")).await, &number);

    let stranger = site.sign_in_as(PortalRole::LegalRepresentative, &firms[1].taxpayer_id);
    for path in ["letter", "letter.pdf", "receipt"] {
        let foreign = stranger.get(&format!("/consents/{id}/{path}")).await;
        let absent = stranger.get(&format!("/consents/0192f0a0-7c00-7000-8000-0123456789ab/{path}")).await;
        assert_eq!((foreign.status.as_u16(), absent.status.as_u16()), (404, 404));
        let told = |page: &crate::support::portal::Page| {
            let main = page.text.split("<main").nth(1).unwrap_or_default().to_owned();
            main.split("<code>").next().unwrap_or_default().to_owned()
        };
        assert_eq!(told(&foreign), told(&absent));
    }
    // A consent that the bureau registered was shown there: the letter says so.
    let elsewhere = site.consent("bank-01", firm.as_str(), |_| {}).await;
    let page = visitor.get(&format!("/consents/{}/letter", elsewhere["id"].as_str().unwrap())).await;
    assert!(page.status == 200 && page.text.contains("在电子税务局签署"), "{}", page.text);
}

/// The PDF can be read, searched and verified, where a Chinese font is installed.
fn pdf_holds(site: &Site, pdf: &crate::support::portal::Page, number: &str) {
    if pdf.status == 303 {
        assert!(std::env::var_os("CI").is_none(), "this is CI: a Chinese font is needed (fonts-noto-cjk)");
        eprintln!("SKIPPED: no Chinese font is installed (apt-get install fonts-noto-cjk)");
        return;
    }
    assert_eq!(pdf.status, 200, "{}", pdf.text);
    assert!(pdf.bytes.starts_with(b"%PDF-") && pdf.bytes.len() < 2_000_000, "{} bytes", pdf.bytes.len());
    let disposition = pdf.headers["content-disposition"].to_str().unwrap().to_owned();
    assert!(disposition.ends_with(&format!("authorisation-{number}.pdf\"")), "{disposition}");
    let output = verified(site, "letter.pdf", &pdf.bytes);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && told.contains(number), "{output:?}");
    let mut cut = pdf.bytes.clone();
    let at = cut.windows(3).position(|w| w == b"eyJ").unwrap() + 600;
    cut[at] = if cut[at] == b'A' { b'B' } else { b'A' };
    assert!(!verified(site, "cut.pdf", &cut).status.success(), "a changed receipt");
    let bare = verified(site, "bare.pdf", b"%PDF-1.7\n%%EOF");
    assert_eq!(bare.status.code(), Some(2), "{bare:?}");
    let path = site.dir().join("letter.pdf");
    match std::process::Command::new("pdftotext").arg("-layout").arg(&path).arg("-").output() {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            for part in [number, "涉税信息查询授权书", "演示银行01股份有限公司深圳分行", "签署人身份", "1 / "]
            {
                assert!(text.contains(part), "{part} is not in the text of the PDF: {text}");
            }
        }
        Err(_) => {
            assert!(std::env::var_os("CI").is_none(), "this is CI: pdftotext is needed (poppler-utils)");
            eprintln!("SKIPPED: pdftotext is not installed (apt-get install poppler-utils)");
        }
    }
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("paper");
    std::fs::create_dir_all(&kept).unwrap();
    std::fs::copy(&path, kept.join("letter.pdf")).unwrap();
}

async fn names_of_others_stay_text_on_page_and_paper(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    let firm = &firms[0].taxpayer_id;
    site.product("bank-01").await;
    let consent = site.consent("bank-01", firm.as_str(), |_| {}).await;
    let id = consent["id"].as_str().unwrap();
    let name = "<script>alert(1)</script>=cmd|'/C calc'!A0\u{202e}\u{7}";
    let hostile = shuidaiyi::domain::representative::Representation {
        taxpayer_id: firm.clone(),
        name: name.into(),
        role: PortalRole::Owner,
    };
    let visitor = site.signed_in("hostile", vec![hostile]);
    let page = visitor.get(&format!("/consents/{id}/letter")).await;
    assert_eq!(page.status, 200);
    let letter = &page.text[page.text.find("<article").unwrap()..];
    assert!(!letter.contains("<script>") && !letter.contains(['\u{202e}', '\u{7}']), "{letter}");
    let pdf = visitor.get(&format!("/consents/{id}/letter.pdf")).await;
    assert!(pdf.status == 200 || pdf.status == 303, "{}", pdf.text);
}

async fn contacts_are_registered_and_told(backend: Backend) {
    let site = Site::start(backend);
    let bank = "bank-01".parse().unwrap();
    let exchange = site.exchange();
    let mut contact = exchange.ledger.read(|c| member_contacts::find(c, &bank)).unwrap().unwrap();
    contact.contact = "数据保护负责人 0755-12345678".into();
    apply(exchange, vec![Change::SetContact(bank.clone(), contact.clone())], "test".into()).unwrap();
    assert_eq!(exchange.ledger.read(|c| member_contacts::find(c, &bank)).unwrap().unwrap(), contact);
    let told = site.entries().into_iter().filter(|entry| entry["change"] == "contact_set");
    let told: Vec<String> = told.map(|entry| entry.to_string()).collect();
    assert!(told.len() == 1 && !told[0].contains("0755"), "what was registered is a commitment: {told:?}");
    contact.complaint = "a\u{202e}b".into();
    assert!(apply(exchange, vec![Change::SetContact(bank, contact.clone())], "test".into()).is_err());
    let nobody = "nobody".parse().unwrap();
    contact.complaint = "x".into();
    assert!(apply(exchange, vec![Change::SetContact(nobody, contact)], "test".into()).is_err());
}
