//! The page: nothing in a dossier becomes markup, nothing is loaded, it fits a phone, charts and tables are there.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::fixture;
use crate::page_of;

#[test]
fn nothing_in_a_dossier_becomes_markup() {
    for answer in [fixture::full(), fixture::newer()] {
        let page = page_of(&answer);
        for forbidden in
            ["<script", "<b onclick", "<i>", "</title><script", "onclick=\"alert", "\u{1b}", "\u{202e}"]
        {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        assert_eq!(page.matches("<style>").count(), 1);
        assert_eq!(page.matches("</title><style>").count(), 1);
    }
    assert!(
        page_of(&fixture::full())
            .contains("&lt;b onclick=&quot;alert(1)&quot;&gt;澹稔&lt;/b&gt;&amp;&#39;科技&#39;")
    );
}

#[test]
fn the_page_asks_for_nothing_and_forbids_everything() {
    let page = page_of(&fixture::full());
    let policy = page.split("http-equiv=\"Content-Security-Policy\" content=\"").nth(1).unwrap();
    let policy = policy.split('"').next().unwrap();
    assert!(policy.starts_with("default-src &#39;none&#39;; style-src &#39;sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    for reference in ["src=", "url(", "@import", "http://", "style=\"", "<link"] {
        assert!(!page.contains(reference), "{reference}");
    }
    assert_eq!(page.matches("https://").count(), page.matches("https://exchange.example").count());
}

#[test]
fn it_says_at_the_top_that_nothing_was_verified_and_which_dossier_it_is() {
    let page = page_of(&fixture::full());
    let (head, _) = page.split_once("<main").unwrap();
    assert!(head.contains("未核验") && head.contains("NOT VERIFIED"));
    assert!(head.contains("档案摘要") && head.contains("sha-256:"));
}

#[test]
fn chromium_shows_it_on_a_phone_and_on_a_desk() {
    let Some(mut browser) = Browser::start() else {
        assert!(std::env::var_os("CI").is_none(), "this is CI: Chromium must be installed");
        eprintln!("SKIPPED: no Chromium in PATH");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let pages = [
        ("full", fixture::full(), 4),
        ("pleasant", fixture::pleasant(), 4),
        ("sparse", fixture::sparse(), 0),
        ("newer", fixture::newer(), 0),
        ("quarterly", fixture::quarterly(), 1),
    ];
    for (name, answer, charts) in pages {
        let file = directory.path().join(format!("{name}.html"));
        fs::write(&file, page_of(&answer)).unwrap();
        for width in [1280, 390] {
            browser.open(&file, width);
            look(&mut browser, &format!("{name} at {width} px"), charts);
            keep_screenshot(&mut browser, &format!("{name}-{width}"));
        }
    }
    assert_eq!(browser.complaints, [""; 0], "the console stays empty and nothing is requested");
}

fn look(browser: &mut Browser, what: &str, charts: u64) {
    let sizes = browser.evaluate("[document.documentElement.scrollWidth, innerWidth]");
    assert!(sizes[0].as_u64() <= sizes[1].as_u64(), "{what}: {sizes} overflows sideways");
    let shown =
        "[...document.querySelectorAll('figure.chart svg')].filter(svg => svg.getClientRects().length)";
    assert_eq!(browser.evaluate(&format!("{shown}.length")), json!(charts), "{what}");
    let drawn = format!(
        "{shown}.every(svg => svg.querySelectorAll('rect').length && svg.getBoundingClientRect().height > 100)"
    );
    assert_eq!(browser.evaluate(&drawn), json!(true), "{what}: a chart without bars");
    let small = format!(
        "{shown}.flatMap(svg => [...svg.querySelectorAll('text')]).filter(text => text.getBoundingClientRect().height < 9).length"
    );
    assert_eq!(browser.evaluate(&small), json!(0), "{what}: a chart's text is too small to read");
    let named = "[...document.querySelectorAll('svg')].every(svg => svg.getAttribute('aria-labelledby').split(' ').every(id => document.getElementById(id).textContent.trim()))";
    assert_eq!(browser.evaluate(named), json!(true), "{what}: a chart without title or description");
    let tables = "[...document.querySelectorAll('table')].every(table => table.caption.textContent.trim() && table.querySelectorAll('thead th:not([scope=col])').length == 0 && [...table.querySelectorAll('tbody tr')].every(row => row.querySelector('th[scope=row]')))";
    assert_eq!(browser.evaluate(tables), json!(true), "{what}: a table without caption or scopes");
    let ids =
        "(ids => ids.length - new Set(ids).size)([...document.querySelectorAll('[id]')].map(one => one.id))";
    assert_eq!(browser.evaluate(ids), json!(0), "{what}: an id is there twice");
    assert_eq!(browser.evaluate("document.querySelectorAll('h1').length"), json!(1), "{what}");
    assert_eq!(browser.evaluate("document.scripts.length"), json!(0), "{what}");
}

/// For a person to look at: `SHUIDAIYI_SCREENSHOTS=DIR` keeps the pages as pictures, light, dark and on paper.
fn keep_screenshot(browser: &mut Browser, name: &str) {
    let Some(directory) = std::env::var_os("SHUIDAIYI_SCREENSHOTS") else { return };
    let directory = Path::new(&directory);
    fs::create_dir_all(directory).unwrap();
    let keep = |answer: &Value, file: String| {
        fs::write(directory.join(file), STANDARD.decode(answer["data"].as_str().unwrap()).unwrap()).unwrap();
    };
    for scheme in ["light", "dark"] {
        browser.emulate("", scheme);
        let size = browser.evaluate("[innerWidth, document.documentElement.scrollHeight]");
        let clip = json!({"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1});
        let shot =
            browser.call("Page.captureScreenshot", json!({"captureBeyondViewport": true, "clip": clip}));
        keep(&shot, format!("{name}-{scheme}.png"));
    }
    browser.emulate("", "");
    let paper = json!({"preferCSSPageSize": true, "printBackground": false});
    keep(&browser.call("Page.printToPDF", paper), format!("{name}.pdf"));
}
