//! Two weeks of an exchange: banks with long names, pulls that were answered and refused, a product that waits, a
//! certificate that ends soon, a hold.

use chrono::Days;
use reqwest::Method;
use serde_json::{Value, json};
use shuidaiyi::cli::synth::FirmSummary;
use shuidaiyi::clock::Clock;
use shuidaiyi::domain::member::{MemberStatus, Role};
use shuidaiyi::domain::representative::PortalRole;
use shuidaiyi::domain::timestamp::Timestamp;
use shuidaiyi::seal::certificate::MemberCertificate;
use shuidaiyi::service::admin::{Change, apply};
use shuidaiyi::store::members::{Certificate, Member};

use crate::support::raw::authority;
use crate::support::site::product_terms;
use crate::support::{Backend, Site};

const DAY_SECONDS: i64 = 86_400;
/// The longest that a bank is called.
pub const LONG_NAME: &str = "演示粤港澳大湾区农村商业与科技创新联合银行股份有限公司深圳前海蛇口自由贸易试验片区小微企业专营支行营业部";
/// A product that waits for the bureau.
pub const WAITING: &str = "bank-02-long-name";

/// What the pages are about.
pub struct Scene {
    pub site: Site,
    /// A release of today.
    pub granted: String,
    /// A pull that was refused.
    pub refused: String,
    /// Whose data the release was.
    pub taxpayer: String,
    /// A case that the bank has answered.
    pub case: String,
}

pub async fn scene() -> Scene {
    let site = Site::start(Backend::Sqlite);
    let firms = site.load_city(24);
    let banks: Vec<String> = (1..=6).map(|n| format!("bank-{n:02}")).collect();
    add_long_name(&site);
    let mut consents: Vec<(String, String, String)> = Vec::new();
    for (place, bank) in banks.iter().enumerate() {
        site.product(bank).await;
        for firm in firms.iter().skip(place * 2).take(3) {
            let consent = site.consent(bank, firm.taxpayer_id.as_str(), |_| {}).await;
            consents.push((
                bank.clone(),
                consent["id"].as_str().unwrap().into(),
                firm.taxpayer_id.to_string(),
            ));
        }
    }
    let (mut granted, mut taxpayer) = (String::new(), String::new());
    for day in 0..12_usize {
        for (place, (bank, consent, whose)) in consents.iter().enumerate() {
            for _ in 0..(place * 7 + day * 3) % 5 {
                let (status, answer) = site.pull(bank, consent).await;
                assert_eq!(status, 201, "{answer}");
                granted = answer["release_id"].as_str().unwrap().to_owned();
                taxpayer.clone_from(whose);
            }
            if (place + day) % 6 == 0 {
                site.pull(bank, "00000000-0000-7000-8000-000000000000").await;
            }
        }
        if day < 11 {
            site.clock.advance_seconds(DAY_SECONDS);
        }
    }
    site.revoke(&consents[0].1).await;
    let (status, _) = site.pull(&consents[0].0, &consents[0].1).await;
    assert_eq!(status, 403);
    waiting_product(&site).await;
    expiring_certificate(&site);
    let refused = newest_refused(&site);
    let case = answered_case(&site, &granted).await;
    said_by_a_firm(&site, &firms[3]).await;
    Scene { site, granted, refused, taxpayer, case }
}

/// A release without the jargon of the API: the newest one that was refused.
fn newest_refused(site: &Site) -> String {
    let entries = site.entries();
    let refused = entries.iter().rev().find(|entry| entry["kind"] == "release.refused");
    refused.unwrap()["id"].as_str().unwrap().to_owned()
}

/// The firm disputes the newest release, and its bank explains itself.
async fn answered_case(site: &Site, release: &str) -> String {
    let text = "我公司从未向该行申请贷款，也未授权任何人办理，请核查此次查询的依据。";
    let ask = json!({"release_id": release, "text": text});
    let (status, body) = site.json("bureau", Method::POST, "/v1/objections", Some(ask)).await;
    assert!(status.is_success(), "{body}");
    let (_, list) = site.json("bureau", Method::GET, "/v1/cases", None).await;
    let case = list["items"][0]["id"].as_str().unwrap().to_owned();
    let answer = "客户张某于前一日在我行深圳前海支行提出贷款申请（业务编号 SZ-2026-11873），由客户经理王某受理。\n经核查，申请资料齐全，查询系在授权有效期内为贷前审查所作；申请书影像可供调阅。";
    let path = format!("/v1/cases/{case}/answer");
    let (status, body) = site.json("bank-06", Method::POST, &path, Some(json!({"text": answer}))).await;
    assert!(status.is_success(), "{body}");
    case
}

/// In its portal a firm disputes a record, and reports somebody who took money.
async fn said_by_a_firm(site: &Site, firm: &FirmSummary) {
    let visitor = site.sign_in_as(PortalRole::LegalRepresentative, &firm.taxpayer_id);
    let section = visitor.get("/my-data/filings").await.text;
    let record = section.split("/my-data/filings/records/").nth(1).and_then(|rest| rest.split('"').next());
    let path = format!("/my-data/filings/records/{}/correction", record.expect("a record"));
    let text =
        "本期已于次月更正申报，应税销售额应为更正后的数额，请核对后更正。\n附：更正申报回执编号 2026-0931。";
    let page = visitor.post(&path, &[("text", text)]).await;
    assert_eq!(page.status, 303, "{}", page.text);
    let text = "有人自称“税贷易代办”，收取 2,000 元服务费并索要登录密码，电话 0755-00000099。";
    let page = visitor.post("/report", &[("text", text)]).await;
    assert!(page.status.as_u16() < 400, "{}", page.text);
}

fn add_long_name(site: &Site) {
    let now = site.clock.now();
    let issued = authority(site).issue_client("bank-13", "信贷审批系统（主用）", now.utc()).unwrap();
    let certificate = certificate_of("bank-13", "信贷审批系统（主用）", &issued.certificate_der);
    let member = Member {
        id: "bank-13".parse().unwrap(),
        role: Role::Bank,
        name: LONG_NAME.into(),
        status: MemberStatus::Active,
        quota_per_day: 1_000_000,
    };
    apply(site.exchange(), vec![Change::Add(member, certificate)], "test".into()).unwrap();
    let certs = site.dir().join("certs");
    std::fs::write(certs.join("bank-13.pem"), &issued.certificate_pem).unwrap();
    std::fs::write(certs.join("bank-13.key"), &*issued.key_pem).unwrap();
}

fn expiring_certificate(site: &Site) {
    let now = site.clock.now();
    let earlier = now.utc().checked_sub_days(Days::new(380)).unwrap();
    let issued = authority(site).issue_client("bank-05", "柜面系统", earlier).unwrap();
    let certificate = certificate_of("bank-05", "柜面系统", &issued.certificate_der);
    apply(site.exchange(), vec![Change::AddCertificate(certificate)], "test".into()).unwrap();
}

fn certificate_of(member: &str, label: &str, der: &[u8]) -> Certificate {
    let parsed = MemberCertificate::parse_der(der).unwrap();
    Certificate {
        fingerprint: parsed.fingerprint,
        member: member.parse().unwrap(),
        label: label.into(),
        not_before: Timestamp::from_micros(parsed.not_before_micros).unwrap(),
        not_after: Timestamp::from_micros(parsed.not_after_micros).unwrap(),
        withdrawn_at: None,
    }
}

async fn waiting_product(site: &Site) {
    let mut terms: Value = product_terms();
    terms["name"] =
        json!("前海税易贷·小微企业信用循环贷款（线上自动审批、随借随还、含展期与无还本续贷安排）");
    terms["sections"] = json!(["registration", "rating", "filings", "payments", "arrears", "invoices"]);
    let path = format!("/v1/products/{WAITING}");
    let (status, body) = site.json("bank-02", Method::PUT, &path, Some(terms.clone())).await;
    assert!(status.is_success(), "{body}");
    let (status, body) = site.json("bank-13", Method::PUT, "/v1/products/bank-13-credit", Some(terms)).await;
    assert!(status.is_success(), "{body}");
}
