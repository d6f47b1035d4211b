//! The whole way of an authorisation, as people go it: the bookkeeper prepares it at a desk and hands it over by a code,
//! the legal representative reads and grants it on a phone, the bank pulls, the firm sees it and takes it back.

use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;

use crate::browser::{Browser, DESK, PHONE};
use crate::scene::{Scene, scene, sign_in};

const PATIENCE: Duration = Duration::from_secs(20);
const BANK: &str = "bank-01";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drafted_handed_over_granted_pulled_seen_and_revoked() {
    let scene = scene();
    scene.site.product(BANK).await;
    let Some(desk) = Browser::start(&scene.site.portal_url()).await else { return };
    let link = drafted_and_handed_over(&scene, &desk).await;
    desk.leave().await;

    let phone = Browser::start(&scene.site.portal_url()).await.unwrap();
    let consent = granted_on_the_phone(&scene, &phone, &link).await;
    let (status, answer) = scene.site.pull(BANK, &consent).await;
    assert_eq!(status, 201, "{answer}");
    let release = answer["release_id"].as_str().unwrap();

    seen_and_kept(&scene, &phone, release).await;
    revoked_in_two_clicks(&phone, &consent).await;
    let (status, answer) = scene.site.pull(BANK, &consent).await;
    assert_eq!((status.as_u16(), &answer["code"]), (403, &Value::from("consent-not-in-force")), "{answer}");
    phone.leave().await;
}

async fn drafted_and_handed_over(scene: &Scene, desk: &Browser) -> String {
    sign_in(desk, "keeper", DESK).await;
    desk.press("button[name=firm][value='0']").await;
    desk.wait_for_text("您可以为本企业起草授权").await;
    desk.open("/grant", DESK).await;
    assert_eq!(desk.count("input:checked").await, 0, "no bank is ticked beforehand");
    desk.press("input[name=product]").await;
    desk.keep("journey-1-bank").await;
    desk.press("main form button[type=submit]").await;
    desk.wait_for_text("提供哪些内容").await;
    desk.keep("journey-2-terms").await;
    desk.press("main form button[type=submit]").await;
    desk.wait_for_text("授权后，银行会看到什么").await;
    desk.keep("journey-3-preview").await;
    desk.press_text("下一步：阅读授权书并确认").await;
    desk.wait_for_text("交给法定代表人").await;
    assert_eq!(desk.count("input[type=checkbox]").await, 0, "the bookkeeper can tick nothing");
    desk.press_text("生成二维码").await;
    desk.wait_for_text("请有权人扫码确认").await;
    desk.keep("journey-4-code").await;
    assert_eq!(desk.count(".qr svg").await, 1);
    let link = desk.evaluate("return document.querySelector('pre.link').textContent").await;
    let link = link.as_str().unwrap().trim().to_owned();
    let path = link.strip_prefix(&scene.site.portal_url()).unwrap_or_else(|| panic!("{link} is not ours"));
    path.to_owned()
}

/// Without scripts: granting needs none.
async fn granted_on_the_phone(scene: &Scene, phone: &Browser, link: &str) -> String {
    phone.run_scripts(false).await;
    phone.open(link, PHONE).await;
    assert!(
        phone.place().await.starts_with("/sign-in?to="),
        "a link tells nothing to whoever is not signed in"
    );
    phone.press("button[value=head]").await;
    phone.wait_for_text("授权后，银行会看到什么").await;
    phone.keep("journey-5-preview-phone").await;
    phone.press_text("下一步：阅读授权书并确认").await;
    phone.wait_for_text("涉税信息查询授权书").await;
    assert_eq!(phone.count("input[type=checkbox]:checked").await, 0, "nothing is ticked beforehand");
    phone.press("input[name^='bank-']").await;
    phone.keep("journey-6-confirm-phone").await;
    phone.press_text("同意并授权").await;
    phone.wait_for_text("授权已生效").await;
    phone.keep("journey-7-granted-phone").await;
    phone.run_scripts(true).await;
    let place = phone.place().await;
    let consent = place.strip_prefix("/consents/").unwrap().split('?').next().unwrap().to_owned();
    let (_, own) = scene.site.json(BANK, Method::GET, &format!("/v1/consents/{consent}"), None).await;
    assert_eq!(own["status"], "granted", "{own}");
    consent
}

async fn seen_and_kept(scene: &Scene, phone: &Browser, release: &str) {
    let begun = Instant::now();
    loop {
        phone.open("/accesses", PHONE).await;
        if phone.text().await.contains("税务登记") || phone.count(".accesses li").await > 0 {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "the access never appears");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    phone.keep("journey-8-accesses-phone").await;
    phone.press_text("查看与核验").await;
    phone.wait_for_text("留存证据").await;
    assert!(phone.place().await.contains(release));
    phone.keep("journey-9-access-phone").await;
    let folder = tempfile::tempdir().unwrap();
    phone.download_to(folder.path()).await;
    phone.press_text("下载证据包").await;
    let bundle = folder.path().join(format!("evidence-{release}.zip"));
    let begun = Instant::now();
    while !bundle.is_file() {
        assert!(begun.elapsed() < PATIENCE, "the evidence never arrives");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let verified = Command::new(env!("CARGO_BIN_EXE_shuidaiyi"))
        .arg("verify")
        .arg(&bundle)
        .arg("--trust")
        .arg(scene.site.dir().join("trust.json"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&verified.stdout);
    assert!(verified.status.success(), "{said} {}", String::from_utf8_lossy(&verified.stderr));
}

async fn revoked_in_two_clicks(phone: &Browser, consent: &str) {
    phone.open(&format!("/consents/{consent}"), PHONE).await;
    phone.press_text("撤回授权").await;
    phone.wait_for_text("撤回前已依法提供的信息不受影响").await;
    phone.keep("journey-10-revoke-phone").await;
    phone.press_text("确认撤回").await;
    phone.wait_for_text("授权已撤回").await;
}
