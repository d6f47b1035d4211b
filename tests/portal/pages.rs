//! Every page: nothing wider than the window, nothing that a screen reader trips over, nothing complained of.

use crate::browser::{Browser, DESK, PHONE};
use crate::scene::{scene, sign_in};

/// Pages for whoever comes.
const OPEN: [(&str, &str); 4] = [
    ("landing", "/"),
    ("sign-in", "/sign-in"),
    ("sign-in-none", "/sign-in?q=nobody"),
    ("absent", "/nothing-here"),
];
/// Pages for who is signed in.
const OWN: [(&str, &str); 4] =
    [("home", "/"), ("firms", "/firms"), ("step-up", "/step-up"), ("own-absent", "/nothing-here")];

async fn look(browser: &Browser, name: &str, path: &str) {
    for lang in ["zh", "en"] {
        for width in [DESK, PHONE] {
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
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_whole_on_a_desk_and_a_phone() {
    let scene = scene();
    let Some(browser) = Browser::start(&scene.site.portal_url()).await else { return };
    for (name, path) in OPEN {
        look(&browser, name, path).await;
    }
    sign_in(&browser, "keeper", PHONE).await;
    look(&browser, "choose-firm", "/firms").await;
    browser.press("button[name=firm][value='0']").await;
    look(&browser, "home-keeper", "/").await;
    sign_in(&browser, "head", DESK).await;
    for (name, path) in OWN {
        look(&browser, name, path).await;
    }
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
