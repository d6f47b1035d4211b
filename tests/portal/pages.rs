//! Every page: nothing wider than the window, nothing that a screen reader trips over, nothing complained of.

use std::collections::BTreeMap;

use shuidaiyi::domain::representative::{PortalRole, Representation};
use shuidaiyi::portal::routes::{Needs, table};

use crate::browser::{Browser, DESK, PHONE};
use crate::scene::{Scene, scene, sign_in};

/// Ways a page is looked at.
const LOOKS: [(&str, u32); 3] = [("zh", DESK), ("zh", PHONE), ("en", PHONE)];
/// Routes that answer with a file, or send one on.
const NO_PAGES: [&str; 11] = [
    "/assets/{name}",
    "/sign-in/start",
    "/sign-in/callback",
    "/sign-in/keys",
    "/step-up/start",
    "/consents/{id}/letter.pdf",
    "/consents/{id}/receipt",
    "/accesses/{id}/receipt.json",
    "/my-copy/{id}/receipt.json",
    "/my-data/{section}/csv",
    "/requests/{id}/answered",
];

async fn look(browser: &Browser, name: &str, path: &str) {
    for (lang, width) in LOOKS {
        let joint = if path.contains('?') { '&' } else { '?' };
        browser.open(&format!("{path}{joint}lang={lang}"), width).await;
        browser.keep(&format!("{name}-{lang}-{width}")).await;
        let place = format!("{path} in {lang} at {width}");
        let none: [String; 0] = [];
        assert_eq!(browser.overflow().await, none, "{place} is wider than the window");
        if width == PHONE {
            assert_eq!(browser.small_targets().await, none, "{place} has targets too small for a finger");
        }
        assert_eq!(browser.accessibility().await, none, "{place}");
        assert_eq!(browser.complaints().await, none, "{place}");
    }
}

/// What stands in the place of each pattern's parts: a draft, a consent, a pull and a record that are there.
async fn examples(scene: &Scene) -> BTreeMap<&'static str, String> {
    let (site, firm) = (&scene.site, &scene.firms[0]);
    site.product("bank-01").await;
    let consent = site.consent("bank-01", firm.taxpayer_id.as_str(), |_| {}).await;
    let consent = consent["id"].as_str().unwrap().to_owned();
    let (status, answer) = site.pull("bank-01", &consent).await;
    assert_eq!(status, 201, "{answer}");
    let release = answer["release_id"].as_str().unwrap().to_owned();
    let own = Representation {
        taxpayer_id: firm.taxpayer_id.clone(),
        name: firm.name.clone(),
        role: PortalRole::LegalRepresentative,
    };
    let visitor = site.signed_in("head", vec![own]);
    let drafted = visitor.post("/grant", &[("product", "bank-01-credit")]).await;
    let group = drafted.location.split('/').nth(2).unwrap_or_else(|| panic!("{}", drafted.text)).to_owned();
    let waiting = visitor.get("/requests").await.text;
    let request = waiting.split("/requests/").nth(1).and_then(|rest| rest.split('/').next());
    let section = visitor.get("/my-data/filings").await.text;
    let record = section.split("/my-data/filings/records/").nth(1).and_then(|rest| rest.split('"').next());
    let mut known = BTreeMap::from([
        ("/consents/{id}", format!("/consents/{consent}")),
        ("/consents/{id}/letter", format!("/consents/{consent}/letter")),
        ("/consents/{id}/revoke", format!("/consents/{consent}/revoke")),
        ("/consents/{id}/personal", format!("/consents/{consent}/personal")),
        ("/accesses/{id}", format!("/accesses/{release}")),
        ("/grant/{id}/terms", format!("/grant/{group}/terms")),
        ("/grant/{id}/preview", format!("/grant/{group}/preview")),
        ("/grant/{id}/confirm", format!("/grant/{group}/confirm")),
        ("/requests/{id}/decline", format!("/requests/{}/decline", request.unwrap_or(&group))),
        ("/r/{token}", "/r/nobody-made-this-token".to_owned()),
        ("/h/{token}", "/h/nobody-made-this-token".to_owned()),
        ("/my-data/{section}", "/my-data/filings".to_owned()),
    ]);
    let record = format!("/my-data/filings/records/{}", record.unwrap_or_else(|| panic!("{section}")));
    known.insert("/my-data/{section}/records/{record}/statement", format!("{record}/statement"));
    known.insert("/my-data/{section}/records/{record}", record);
    known
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_whole_on_a_desk_and_a_phone() {
    let scene = scene();
    let Some(browser) = Browser::start(&scene.site.portal_url()).await else { return };
    let examples = examples(&scene).await;
    let pages: Vec<_> = table().into_iter().filter(|entry| entry.method_name() == "GET").collect();
    for (name, path) in [("landing", "/"), ("sign-in", "/sign-in"), ("sign-in-none", "/sign-in?q=nobody")] {
        look(&browser, name, path).await;
    }
    sign_in(&browser, "keeper", PHONE).await;
    look(&browser, "choose-firm", "/firms").await;
    browser.press("button[name=firm][value='0']").await;
    look(&browser, "home-keeper", "/").await;
    look(&browser, "refused", "/consents/0/revoke").await;
    sign_in(&browser, "head", DESK).await;
    for entry in pages.into_iter().filter(|entry| !NO_PAGES.contains(&entry.path)) {
        if entry.needs == Needs::Nobody && entry.path != "/" {
            continue;
        }
        let path = match entry.path.contains('{') {
            true => {
                examples.get(entry.path).unwrap_or_else(|| panic!("no example of {}", entry.path)).as_str()
            }
            false => entry.path,
        };
        let name = entry.path.trim_matches('/').replace(['/', '{', '}'], "-");
        look(&browser, &format!("own-{name}"), path).await;
    }
    look(&browser, "absent", "/nothing-here").await;
    browser.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_in_and_out_needs_no_script() {
    let scene = scene();
    let Some(browser) = Browser::start(&scene.site.portal_url()).await else { return };
    browser.run_scripts(false).await;
    sign_in(&browser, "head", PHONE).await;
    browser.wait_for_text(&scene.firms[0].name).await;
    browser.open("/step-up?to=%2Ffirms", PHONE).await;
    browser.press("main button[type=submit]").await;
    browser.wait_for_text("选择企业").await;
    assert_eq!(browser.place().await, "/firms");
    browser.press_text("退出").await;
    browser.wait_for_text("安全退出").await;
    browser.open("/firms", PHONE).await;
    assert_eq!(browser.place().await, "/sign-in?to=%2Ffirms");
    browser.leave().await;
}
