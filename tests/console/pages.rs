//! Every page at 1280 and 390 px: nothing overflows, nothing is thrown, and what it is for works.

use serde_json::json;

use crate::person::{Person, number};
use crate::scene::{LONG_NAME, Scene, WAITING, scene};

const WIDTHS: [u32; 2] = [1280, 390];

fn run(test: impl AsyncFnOnce(Scene)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async { test(scene().await).await });
}

#[test]
fn the_bureau_sees_every_page_on_a_desk_and_a_phone() {
    run(async |scene: Scene| {
        let Some(mut bureau) = Person::of(&scene.site, "bureau") else { return };
        let release = format!("/console/releases/{}", scene.granted);
        let refused = format!("/console/releases/{}", scene.refused);
        let product = format!("/console/products/{WAITING}");
        let case = format!("/console/cases/{}", scene.case);
        let pages = [
            ("overview", "/console"),
            ("releases", "/console/releases"),
            ("release", release.as_str()),
            ("refused", refused.as_str()),
            ("entries", "/console/entries"),
            ("ledger", "/console/ledger"),
            ("cases", "/console/cases"),
            ("case", case.as_str()),
            ("firms", "/console/firms"),
            ("holds", "/console/holds"),
            ("products", "/console/products"),
            ("product", product.as_str()),
            ("product-approved", "/console/products/bank-01-credit"),
            ("members", "/console/members"),
        ];
        for width in WIDTHS {
            for (name, path) in pages {
                bureau.open(path, width);
                look(&mut bureau, &format!("{name} at {width} px"));
                bureau.keep(&format!("{name}-{width}"));
            }
            bureau.open("/console/releases?lang=en", width);
            look(&mut bureau, "releases in English");
            bureau.keep(&format!("releases-en-{width}"));
            bureau.open("/console/ledger?lang=zh", width);
        }
        bureau.assert_quiet();
        bureau.open("/console/members", 1280);
        assert!(bureau.text().contains(LONG_NAME));
        bureau.open(&release, 1280);
        assert!(bureau.text().contains(&scene.taxpayer), "the bureau sees whose data it was");
        bureau.open("/console/nowhere", 390);
        look(&mut bureau, "not found");
        bureau.keep("not-found-390");
    });
}

#[test]
fn what_the_bureau_does_is_done_and_said() {
    run(async |scene: Scene| {
        let Some(mut bureau) = Person::of(&scene.site, "bureau") else { return };
        bureau.open(&format!("/console/releases/{}", scene.granted), 1280);
        bureau.press("#replay button");
        bureau.wait("document.querySelector('#replay .notice.good')");
        assert!(bureau.text().contains("完全一致"));
        bureau.keep("replayed-1280");

        bureau.open(&format!("/console/products/{WAITING}"), 1280);
        bureau.browser.evaluate("document.querySelector('[value=invoices]').click(); document.querySelectorAll('.choice')[1].querySelector('details').open = true; document.querySelectorAll('[name=field-rating]')[0].click()");
        look(&mut bureau, "a product about to be approved");
        bureau.keep("approving-1280");
        bureau.press(".approval button[type=submit]");
        bureau.wait("location.search == '?done=approved' && document.readyState == 'complete'");
        assert!(bureau.text().contains("已批准"));
        bureau.keep("approved-1280");

        bureau.open("/console/holds", 1280);
        bureau.browser.evaluate("document.querySelector('[name=member]').value = 'bank-03'; document.querySelector('[name=reason]').value = '夜间集中查询异常，待银行书面说明'");
        bureau.press("button.danger");
        bureau.wait("location.search == '?done=held' && document.readyState == 'complete'");
        bureau.keep("held-1280");
        bureau.press("td.actions button");
        bureau.wait("location.search == '?done=lifted' && document.readyState == 'complete'");

        bureau.open(&format!("/console/cases/{}", scene.case), 1280);
        bureau.browser.evaluate("document.querySelector('[name=outcome]').value = 'justified'; document.querySelector('[name=note]').value = '已调阅申请书影像，依据充分。'");
        bureau.press("form.card button[type=submit]");
        bureau.wait("location.search == '?done=closed' && document.readyState == 'complete'");
        bureau.keep("case-closed-1280");

        bureau.open("/console/firms", 390);
        bureau.browser.evaluate("document.querySelector('[name=outcome]').value = 'corrected'; document.querySelector('[name=note]').value = '经核对，已按更正申报入库。'");
        bureau.press("form button[type=submit]");
        bureau.wait("location.search == '?done=corrected' && document.readyState == 'complete'");
        assert!(bureau.text().contains("没有待办的更正"));
        bureau.keep("correction-decided-390");

        bureau.open("/console/members", 390);
        bureau.browser.evaluate("document.querySelector('details.confirm').open = true");
        look(&mut bureau, "about to suspend");
        bureau.keep("suspending-390");
        bureau.press("details.confirm button");
        bureau.wait("location.search == '?done=suspended' && document.readyState == 'complete'");
        bureau.press("td.actions > form button");
        bureau.wait("location.search == '?done=resumed' && document.readyState == 'complete'");
        bureau.assert_quiet();
        let kinds: Vec<String> =
            scene.site.entries().iter().map(|entry| entry["kind"].as_str().unwrap().to_owned()).collect();
        for (kind, least) in [
            ("hold.placed", 1),
            ("hold.lifted", 1),
            ("audit.read", 3),
            ("case.closed", 1),
            ("correction.resolved", 1),
            ("product.approved", 7),
            ("member.changed", 2),
        ] {
            assert!(kinds.iter().filter(|one| *one == kind).count() >= least, "{kind}");
        }
    });
}

#[test]
fn the_regulator_sees_no_taxpayer_and_no_true_reason() {
    run(async |scene: Scene| {
        let Some(mut regulator) = Person::of(&scene.site, "regulator") else { return };
        for (path, hidden) in [
            (format!("/console/releases/{}", scene.granted), scene.taxpayer.as_str()),
            ("/console/releases".to_owned(), scene.taxpayer.as_str()),
            ("/console/entries".to_owned(), scene.taxpayer.as_str()),
            (format!("/console/releases/{}", scene.refused), "已撤回"),
            ("/console/cases".to_owned(), scene.taxpayer.as_str()),
            (format!("/console/cases/{}", scene.case), scene.taxpayer.as_str()),
        ] {
            regulator.open(&path, 1280);
            look(&mut regulator, &path);
            let html = regulator.browser.evaluate("document.documentElement.outerHTML");
            assert!(!html.as_str().unwrap().contains(hidden), "{path} shows {hidden}");
        }
        regulator.keep("regulator-refused-1280");
        regulator.open("/console/members", 1280);
        assert_eq!(
            regulator.browser.evaluate("document.querySelectorAll('form[method=post]').length"),
            json!(0)
        );
        regulator.open(&format!("/console/releases/{}", scene.granted), 1280);
        regulator.press("#replay button");
        regulator.wait("document.querySelector('#replay .notice.good')");
        regulator.assert_quiet();
        regulator.open("/console/firms", 1280);
        assert!(regulator.text().contains("仅供"), "what firms say is for the bureau");
    });
}

/// What holds for every page.
fn look(person: &mut Person, what: &str) {
    let sizes = person
        .browser
        .evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth, innerWidth]");
    assert!(number(&sizes[0]) <= number(&sizes[1]), "{what}: {sizes} overflows sideways");
    // On a phone no table is wider than its card either; on a desk none scrolls inside its card.
    let wide = "[...document.querySelectorAll('.scroll, .card, .tile, pre, svg')].filter(one => one.scrollWidth > one.clientWidth + 1 && one.clientWidth).map(one => one.className.baseVal ?? one.className + ': ' + one.scrollWidth + ' > ' + one.clientWidth)";
    assert_eq!(person.browser.evaluate(wide), json!([]), "{what}: something is wider than its place");
    let cut = "[...document.querySelectorAll('button, .badge, h1, h2, nav a, .tile .value')].filter(one => one.getClientRects().length && one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display != 'inline').map(one => one.textContent)";
    assert_eq!(person.browser.evaluate(cut), json!([]), "{what}: a text is cut");
    assert_eq!(person.browser.evaluate("document.querySelectorAll('h1').length"), json!(1), "{what}");
    let ids =
        "(ids => ids.length - new Set(ids).size)([...document.querySelectorAll('[id]')].map(one => one.id))";
    assert_eq!(person.browser.evaluate(ids), json!(0), "{what}: an id is there twice");
    let small = "[...document.querySelectorAll('svg text')].filter(text => text.getClientRects().length && text.getBoundingClientRect().height < 9).length";
    assert_eq!(person.browser.evaluate(small), json!(0), "{what}: a drawing's text is too small to read");
    assert_eq!(person.browser.evaluate("document.querySelectorAll('[style]').length"), json!(0), "{what}");
    let unnamed = "[...document.querySelectorAll('input:not([type=hidden]), select, textarea')].filter(one => !one.closest('label')).length";
    assert_eq!(person.browser.evaluate(unnamed), json!(0), "{what}: a field without a label");
}
