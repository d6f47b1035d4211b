//! Granting and following, page by page as a browser without a script does it: drafted by the bookkeeper, handed over,
//! looked at, granted, pulled under, revoked.

use reqwest::StatusCode;
use serde_json::json;
use shuidaiyi::domain::representative::PortalRole;
use shuidaiyi::domain::taxpayer_id::TaxpayerId;

use crate::support::portal::{Page, Visitor};
use crate::support::{Backend, Site, both_backends};

both_backends!(drafted_handed_over_granted_pulled_and_revoked, settings_and_declining);

/// A page that is there.
async fn opened(visitor: &Visitor, path: &str) -> Page {
    let page = visitor.get(path).await;
    assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text);
    page
}

/// The text between two others.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let from = text.find(start).unwrap_or_else(|| panic!("no {start} in {text}")) + start.len();
    &text[from..from + text[from..].find(end).unwrap()]
}

/// Values of hidden fields whose name begins so, with the rest of the name.
fn hidden(text: &str, start: &str) -> Vec<(String, String)> {
    let field = format!("name=\"{start}");
    let found = text.split(&field).skip(1).map(|rest| {
        let (name, rest) = rest.split_once('"').unwrap();
        (name.to_owned(), between(rest, "value=\"", "\"").to_owned())
    });
    found.collect()
}

async fn two_products(site: &Site) -> TaxpayerId {
    let firms = site.load_city(6);
    site.product("bank-01").await;
    site.product("bank-02").await;
    firms[0].taxpayer_id.clone()
}

/// Drafts for both banks; the group.
async fn drafted(visitor: &Visitor) -> String {
    let page = opened(visitor, "/grant").await;
    assert!(page.text.contains("bank-01-credit") && !page.text.contains("checked"), "{}", page.text);
    let none = visitor.post("/grant", &[]).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY, "nothing ticked");
    let page = visitor.post("/grant", &[("product", "bank-01-credit"), ("product", "bank-02-credit")]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
    let group = between(&page.location, "/grant/", "/terms").to_owned();
    let terms = format!("/grant/{group}/terms");
    let page = opened(visitor, &terms).await;
    assert!(page.text.contains("登记信息"), "{}", page.text);
    let none = visitor.post(&terms, &[("months", "12"), ("days", "30"), ("pulls", "3")]).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY, "no item: {}", none.text);
    let fields = [
        ("section", "registration"),
        ("section", "filings"),
        ("months", "12"),
        ("days", "30"),
        ("pulls", "3"),
    ];
    let page = visitor.post(&terms, &fields).await;
    assert_eq!(page.location, format!("/grant/{group}/preview"), "{}", page.text);
    group
}

async fn drafted_handed_over_granted_pulled_and_revoked(backend: Backend) {
    let site = Site::start(backend);
    let firm = two_products(&site).await;
    let bookkeeper = site.sign_in_as(PortalRole::Bookkeeper, &firm);
    let owner = site.sign_in_as(PortalRole::LegalRepresentative, &firm);
    let group = drafted(&bookkeeper).await;
    let preview = opened(&bookkeeper, &format!("/grant/{group}/preview")).await;
    assert!(preview.text.contains("以下即为授权后将提供给"), "{}", preview.text);
    assert!(
        preview.text.contains("申报信息") && !preview.text.contains("纳税缴费信用评价</h2>"),
        "chosen items only"
    );
    // Whoever prepares reads the text and ticks nothing.
    let read = opened(&bookkeeper, &format!("/grant/{group}/confirm")).await;
    assert!(!read.text.contains("type=\"checkbox\""), "{}", read.text);
    let refused = bookkeeper.post(&format!("/grant/{group}/confirm"), &[]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let handed = bookkeeper.post(&format!("/grant/{group}/hand-over"), &[]).await;
    assert!(handed.text.contains("<svg") && handed.text.contains("role=\"img\""), "{}", handed.text);
    let link = format!("/h/{}", between(&handed.text, "/h/", "<"));

    // Another firm's representative is not told that there is anything.
    let other = TaxpayerId::parse("91440300MA5EXAMP1X").unwrap();
    let stranger = site.sign_in_as(PortalRole::LegalRepresentative, &other);
    for path in [&link, &format!("/grant/{group}/preview"), &format!("/grant/{group}/confirm")] {
        assert_eq!(stranger.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let page = owner.follow(&link).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    assert!(page.text.contains("以下即为授权后将提供给"), "{}", page.text);

    // Recognised too long ago, the text has no boxes and the form is not taken.
    site.clock.advance_seconds(6 * 60);
    let page = opened(&owner, &format!("/grant/{group}/confirm")).await;
    assert!(page.text.contains("/step-up?to=") && !page.text.contains("type=\"checkbox\""), "{}", page.text);
    let page = owner.post("/step-up/demo", &[("to", &format!("/grant/{group}/confirm"))]).await;
    assert_eq!(page.location, format!("/grant/{group}/confirm"), "{}", page.text);
    let text = opened(&owner, &format!("/grant/{group}/confirm")).await.text;
    assert!(text.contains("type=\"checkbox\"") && !text.contains("checked"), "none is ticked beforehand");
    let digests = hidden(&text, "digest-");
    assert_eq!(digests.len(), 2, "one for each bank");
    let confirm = format!("/grant/{group}/confirm");
    let none = owner.post(&confirm, &[]).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", none.text);
    let named: Vec<(String, &str)> =
        digests.iter().map(|(id, digest)| (format!("digest-{id}"), digest.as_str())).collect();
    let tick = format!("bank-{}", digests[0].0);
    let altered = owner.post(&confirm, &[(&tick, "on"), (&named[0].0, named[1].1)]).await;
    assert_eq!(altered.status, StatusCode::CONFLICT, "another text than the one shown: {}", altered.text);
    let page =
        owner.post(&confirm, &[(&tick, "on"), (&named[0].0, named[0].1), (&named[1].0, named[1].1)]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
    let consent = between(&page.location, "/consents/", "?done=granted").to_owned();

    // The bank pulls; the page says so.
    let (status, answer) = site.pull("bank-01", &consent).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    let page = opened(&owner, &format!("/consents/{consent}")).await;
    assert!(page.text.contains("1 / 3"), "{}", page.text);
    assert!(opened(&owner, "/consents").await.text.contains(&consent));
    assert_eq!(stranger.get(&format!("/consents/{consent}")).await.status, StatusCode::NOT_FOUND);
    // The other bank, not ticked, is asked about still.
    assert!(opened(&owner, "/requests").await.text.contains(&digests[1].0));

    // Revoked with the button and its page; the bookkeeper cannot.
    let revoke = format!("/consents/{consent}/revoke");
    assert_eq!(bookkeeper.post(&revoke, &[]).await.status, StatusCode::FORBIDDEN);
    assert!(opened(&owner, &revoke).await.text.contains("确认撤回"));
    let page = owner.post(&revoke, &[("reason", "=1+1 <b>")]).await;
    assert_eq!(page.location, format!("/consents/{consent}?done=revoked"), "{}", page.text);
    assert_eq!(site.pull("bank-01", &consent).await.0, StatusCode::FORBIDDEN);
    let page = opened(&owner, &format!("/consents/{consent}")).await;
    assert!(page.text.contains("已撤回") && page.text.contains("&lt;b&gt;"), "{}", page.text);
}

async fn settings_and_declining(backend: Backend) {
    let site = Site::start(backend);
    let firm = two_products(&site).await;
    let owner = site.sign_in_as(PortalRole::LegalRepresentative, &firm);
    let officer = site.sign_in_as(PortalRole::FinancialOfficer, &firm);
    for (path, field, value, says) in
        [("/settings/joint", "joint", "on", "已开启"), ("/settings/block", "bank", "bank-02", "解除屏蔽")]
    {
        assert_eq!(officer.post(path, &[(field, value)]).await.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(owner.post(path, &[(field, value)]).await.status, StatusCode::SEE_OTHER, "{path}");
        assert!(opened(&owner, "/settings").await.text.contains(says), "{says}");
    }
    // Two persons: nothing to tick before the other one agreed.
    let group = drafted(&owner).await;
    let confirm = format!("/grant/{group}/confirm");
    assert!(!opened(&owner, &confirm).await.text.contains("type=\"checkbox\""));
    let text = opened(&officer, &confirm).await.text;
    let digests = hidden(&text, "digest-");
    let named: Vec<(String, String)> =
        digests.iter().map(|(id, digest)| (format!("digest-{id}"), digest.clone())).collect();
    let mut fields: Vec<(&str, &str)> =
        named.iter().map(|(name, digest)| (name.as_str(), digest.as_str())).collect();
    fields.dedup();
    let agreed = officer.post(&format!("/grant/{group}/approve"), &fields).await;
    assert_eq!(agreed.status, StatusCode::SEE_OTHER, "{}", agreed.text);
    assert!(opened(&owner, &confirm).await.text.contains("type=\"checkbox\""));

    // A bank asks; the firm declines and blocks it, and the next one is not shown.
    let ask = json!({
        "taxpayer_id": firm.as_str(), "product_id": "bank-01-credit", "purpose": ["pre_loan"],
        "sections": ["registration"], "window_months": 12, "valid_days": 30, "pulls": 1,
    });
    let path = "/v1/consent-requests";
    let asked = site.json("bank-01", reqwest::Method::POST, path, Some(ask.clone())).await;
    if asked.0 == StatusCode::NOT_FOUND {
        return;
    }
    assert_eq!(asked.0, StatusCode::ACCEPTED, "{asked:?}");
    let id = asked.1["request_id"].as_str().unwrap();
    let link = asked.1["sign_url"].as_str().unwrap();
    let link = &link[link.find("/r/").unwrap()..];
    assert_eq!(owner.get(link).await.location, format!("/grant/{id}/preview"));
    assert!(opened(&owner, "/").await.text.contains(&format!("/grant/{id}/preview")), "waits at home");
    assert!(opened(&owner, &format!("/requests/{id}/decline")).await.text.contains("屏蔽"));
    let declined = owner.post(&format!("/requests/{id}/decline"), &[("block", "on")]).await;
    assert_eq!(declined.location, "/requests?done=blocked", "{}", declined.text);
    let again = site.json("bank-01", reqwest::Method::POST, path, Some(ask)).await;
    assert_eq!(again.0, StatusCode::ACCEPTED, "the bank sees no difference");
    let again = again.1["request_id"].as_str().unwrap();
    assert!(!opened(&owner, "/requests").await.text.contains(again));
}
