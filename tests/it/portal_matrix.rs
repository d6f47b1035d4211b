//! Every route of the portal, walked by whoever may not be there: refused, nothing learned, nothing changed.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use serde_json::Value;
use shuidaiyi::domain::representative::PortalRole;
use shuidaiyi::domain::taxpayer_id::TaxpayerId;
use shuidaiyi::portal::gate::SESSION_COOKIE;
use shuidaiyi::portal::routes::{Entry, Needs, table};
use shuidaiyi::service::requests::{self, NewDraft};

use crate::requests::{acting, terms};
use crate::support::portal::{Page, Visitor};
use crate::support::{Backend, Site, both_backends};

const MINUTE: i64 = 60;
const OURS: (&str, &str) = ("sec-fetch-site", "same-origin");
/// A well-formed id and a well-formed token of nothing.
const ABSENT: &str = "01900000-0000-7000-8000-000000000000";
const ABSENT_TOKEN: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What a path's variable part names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Names {
    /// It has none, or one that names nothing of a firm's.
    Nothing,
    Consent,
    /// A draft.
    Request,
    Release,
    /// A link of a draft.
    Token,
    /// A section, or a record of it, of whichever firm asks.
    Own,
    Absent,
}

/// Every path of the portal. A path that is not here fails the test: say what it names.
const PATHS: &[(&str, Names)] = &[
    ("/", Names::Nothing),
    ("/accesses", Names::Nothing),
    ("/accesses/{id}", Names::Release),
    ("/accesses/{id}/dispute", Names::Release),
    ("/accesses/{id}/evidence", Names::Release),
    ("/accesses/{id}/receipt.json", Names::Release),
    ("/assets/{name}", Names::Nothing),
    ("/consents", Names::Nothing),
    ("/consents/{id}", Names::Consent),
    ("/consents/{id}/amend", Names::Consent),
    ("/consents/{id}/letter", Names::Consent),
    ("/consents/{id}/letter.pdf", Names::Consent),
    ("/consents/{id}/personal", Names::Consent),
    ("/consents/{id}/receipt", Names::Consent),
    ("/consents/{id}/resume", Names::Consent),
    ("/consents/{id}/revoke", Names::Consent),
    ("/corrections", Names::Nothing),
    ("/corrections/{id}/withdrawal", Names::Absent),
    ("/firms", Names::Nothing),
    ("/grant", Names::Nothing),
    ("/grant/{id}/approve", Names::Request),
    ("/grant/{id}/confirm", Names::Request),
    ("/grant/{id}/hand-over", Names::Request),
    ("/grant/{id}/preview", Names::Request),
    ("/grant/{id}/terms", Names::Request),
    ("/h/{token}", Names::Token),
    ("/my-copy", Names::Nothing),
    ("/my-copy/{id}/receipt.json", Names::Release),
    ("/my-data", Names::Nothing),
    ("/my-data/{section}", Names::Own),
    ("/my-data/{section}/csv", Names::Own),
    ("/my-data/{section}/records/{record}", Names::Own),
    ("/my-data/{section}/records/{record}/correction", Names::Own),
    ("/my-data/{section}/records/{record}/statement", Names::Own),
    ("/notifications", Names::Nothing),
    ("/notifications/read", Names::Nothing),
    ("/r/{token}", Names::Token),
    ("/report", Names::Nothing),
    ("/requests", Names::Nothing),
    ("/requests/{id}/answered", Names::Request),
    ("/requests/{id}/decline", Names::Request),
    ("/settings", Names::Nothing),
    ("/settings/block", Names::Nothing),
    ("/settings/joint", Names::Nothing),
    ("/settings/unblock", Names::Nothing),
    ("/sign-in", Names::Nothing),
    ("/sign-in/callback", Names::Nothing),
    ("/sign-in/demo", Names::Nothing),
    ("/sign-in/keys", Names::Nothing),
    ("/sign-in/start", Names::Nothing),
    ("/sign-out", Names::Nothing),
    ("/step-up", Names::Nothing),
    ("/step-up/demo", Names::Nothing),
    ("/step-up/start", Names::Nothing),
];

/// What only who may grant may send, though anybody of the firm may look at the page.
const FOR_GRANTORS: &[&str] = &["/consents/{id}/revoke", "/requests/{id}/decline"];
/// A person's own consent: for whoever did not give one there is none, whatever they may do for the firm.
const ITS_GIVERS: &str = "/consents/{id}/personal";

/// What the exchange writes of itself while the test runs.
const BY_ITSELF: &[&str] = &["violation.notified"];

both_backends!(
    nobody_is_sent_to_sign_in_and_learns_nothing,
    another_firm_sees_what_is_absent,
    whoever_prepares_decides_nothing,
    a_form_from_elsewhere_does_nothing,
    time_takes_away_what_a_sign_in_gave,
    a_changed_field_grants_nothing,
);

struct Scene {
    site: Site,
    mine: TaxpayerId,
    other: TaxpayerId,
    consent: String,
    draft: String,
    release: String,
    token: String,
    entries: Vec<Value>,
}

/// A firm with an authorisation that was used and a draft that was handed over; and another firm.
async fn scene(backend: Backend) -> Scene {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    site.product("bank-01").await;
    let (mine, other) = (firms[0].taxpayer_id.clone(), firms[1].taxpayer_id.clone());
    let consent = site.consent("bank-01", mine.as_str(), |_| {}).await;
    let consent = consent["id"].as_str().expect("a consent has an id").to_owned();
    let (status, answer) = site.pull("bank-01", &consent).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    let release = answer["release_id"].as_str().expect("a release has an id").to_owned();
    let head = acting(&site, &mine, PortalRole::LegalRepresentative);
    let new = NewDraft {
        bank: "bank-01".parse().unwrap(),
        product_id: "bank-01-credit".into(),
        terms: terms(),
        group: None,
    };
    let draft = requests::draft(site.exchange(), &head, new).await.unwrap().id;
    let token = requests::hand_over(site.exchange(), &head, draft.clone()).await.unwrap().token;
    let entries = site.entries();
    Scene { site, mine, other, consent, draft, release, token, entries }
}

impl Scene {
    /// The address of what the path names, and of the same if it were absent.
    fn addresses(&self, path: &str) -> (String, String) {
        let (mine, absent) = match names(path) {
            Names::Consent => (self.consent.as_str(), ABSENT),
            Names::Request => (self.draft.as_str(), ABSENT),
            Names::Release => (self.release.as_str(), ABSENT),
            Names::Token => (self.token.as_str(), ABSENT_TOKEN),
            Names::Nothing | Names::Own | Names::Absent => (ABSENT, ABSENT),
        };
        let fill = |id: &str| {
            let filled = path.replace("{id}", id).replace("{token}", id).replace("{name}", "portal.css");
            filled.replace("{section}", "rating").replace("{record}", "2025")
        };
        (fill(mine), fill(absent))
    }

    fn head(&self, firm: &TaxpayerId) -> Visitor {
        self.site.sign_in_as(PortalRole::LegalRepresentative, firm)
    }

    /// Opens or sends, with fields that forms of the portal have.
    async fn visit(&self, visitor: &Visitor, entry: &Entry, address: &str) -> Page {
        if entry.method_name() == "GET" {
            return visitor.get(address).await;
        }
        let (bank, digest) = (format!("bank-{}", self.draft), format!("digest-{}", self.draft));
        let fields = [
            (bank.as_str(), "1"),
            (digest.as_str(), "sha-256:AAAA"),
            ("text", "说明"),
            ("bank", "bank-01"),
            ("joint", "on"),
            ("reason", "不再需要"),
            ("firm", "7"),
            ("newest", ABSENT),
        ];
        visitor.post(address, &fields).await
    }

    /// Nothing was written since the scene was set but what the exchange writes of itself.
    async fn assert_unchanged(&self, what: &str) {
        let now = self.site.entries();
        let new: Vec<&str> = now[self.entries.len()..]
            .iter()
            .map(|entry| entry["kind"].as_str().unwrap_or_default())
            .filter(|kind| !BY_ITSELF.contains(kind))
            .collect();
        assert!(new.is_empty(), "{what}: {new:?}");
        let head = acting(&self.site, &self.mine, PortalRole::LegalRepresentative);
        let draft = requests::show(self.site.exchange(), &head, self.draft.clone()).await.unwrap();
        assert_eq!((draft.status.as_str(), draft.terms == terms()), ("requested", true), "{what}");
        let others = acting(&self.site, &self.other, PortalRole::LegalRepresentative);
        assert!(requests::pending(self.site.exchange(), &others).await.unwrap().is_empty(), "{what}");
    }
}

fn names(path: &str) -> Names {
    let found = PATHS.iter().find(|(known, _)| *known == path);
    found.unwrap_or_else(|| panic!("{path} stands in no row of the matrix: say what it names")).1
}

/// The page without what differs by request: the number it can be asked after by, and the address.
fn plain(page: &Page, address: &str) -> (StatusCode, String, String) {
    let request = page.headers.get("x-request-id").map(|id| id.to_str().unwrap()).unwrap_or_default();
    let encoded = shuidaiyi::http::html::parts::encoded(address);
    let clean = |text: &str| {
        text.replace(request, "REQUEST").replace(address, "ADDRESS").replace(&encoded, "ADDRESS")
    };
    (page.status, clean(&page.location), clean(&page.text))
}

#[test]
fn every_route_stands_in_the_matrix_and_every_row_is_a_route() {
    let routes: BTreeSet<&str> = table().iter().map(|entry| entry.path).collect();
    let rows: BTreeSet<&str> = PATHS.iter().map(|(path, _)| *path).collect();
    assert_eq!(rows.len(), PATHS.len(), "a path stands twice");
    assert_eq!(routes.difference(&rows).collect::<Vec<_>>(), [""; 0].iter().collect::<Vec<_>>());
    assert_eq!(rows.difference(&routes).collect::<Vec<_>>(), [""; 0].iter().collect::<Vec<_>>());
}

async fn nobody_is_sent_to_sign_in_and_learns_nothing(backend: Backend) {
    let scene = scene(backend).await;
    for entry in table() {
        let (there, absent) = scene.addresses(entry.path);
        let what = format!("{} {}", entry.method_name(), entry.path);
        let (nobody, planted) = (scene.site.portal(), scene.site.portal());
        planted.set(SESSION_COOKIE, ABSENT_TOKEN);
        for visitor in [&nobody, &planted] {
            let page = scene.visit(visitor, &entry, &there).await;
            assert!(page.status.as_u16() < 500, "{what}: {}", page.status);
            assert!(!page.text.contains(scene.mine.as_str()), "{what}");
            if entry.needs == Needs::Nobody {
                continue;
            }
            assert_eq!(page.status, StatusCode::SEE_OTHER, "{what}: {}", page.text);
            assert!(page.location.starts_with("/sign-in?to="), "{what}: {}", page.location);
            assert!(page.text.is_empty(), "{what}: {}", page.text);
        }
        let (first, second) =
            (scene.visit(&nobody, &entry, &there).await, scene.visit(&nobody, &entry, &absent).await);
        assert_eq!(plain(&first, &there), plain(&second, &absent), "{what}");
    }
    scene.assert_unchanged("as nobody").await;
}

async fn another_firm_sees_what_is_absent(backend: Backend) {
    let scene = scene(backend).await;
    let other = scene.head(&scene.other);
    for entry in table() {
        let (there, absent) = scene.addresses(entry.path);
        if there == absent {
            continue;
        }
        let what = format!("{} {}", entry.method_name(), entry.path);
        let first = scene.visit(&other, &entry, &there).await;
        let second = scene.visit(&other, &entry, &absent).await;
        assert!(first.status.is_client_error(), "{what}: {} to {}", first.status, first.location);
        assert_eq!(plain(&first, &there), plain(&second, &absent), "{what}");
        assert!(!first.text.contains(scene.mine.as_str()), "{what}");
        if entry.method_name() == "GET" {
            assert_eq!(first.status, StatusCode::NOT_FOUND, "{what}");
        }
    }
    scene.assert_unchanged("as another firm's representative").await;
}

async fn whoever_prepares_decides_nothing(backend: Backend) {
    let scene = scene(backend).await;
    for role in [PortalRole::Bookkeeper, PortalRole::Agent] {
        let visitor = scene.site.sign_in_as(role, &scene.mine);
        for entry in table() {
            let decides = entry.needs == Needs::Grantor
                || (entry.method_name() == "POST" && FOR_GRANTORS.contains(&entry.path));
            if !decides {
                continue;
            }
            let (there, _) = scene.addresses(entry.path);
            let page = scene.visit(&visitor, &entry, &there).await;
            let what = format!("{role}: {} {}", entry.method_name(), entry.path);
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{what}: {} {}", page.location, page.text);
            assert!(page.text.contains("法定代表人"), "{what}: the page names who can");
        }
        for entry in table().into_iter().filter(|entry| entry.path == ITS_GIVERS) {
            let (there, absent) = scene.addresses(entry.path);
            let page = scene.visit(&visitor, &entry, &there).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{role}: {} {there}", entry.method_name());
            assert_eq!(plain(&page, &there), plain(&scene.visit(&visitor, &entry, &absent).await, &absent));
        }
    }
    scene.assert_unchanged("as who prepares").await;
}

async fn a_form_from_elsewhere_does_nothing(backend: Backend) {
    let scene = scene(backend).await;
    let visitor = scene.head(&scene.mine);
    let right = visitor.token();
    let foreign = scene.head(&scene.other).token();
    let session = visitor.session();
    for entry in table().iter().filter(|entry| entry.method_name() == "POST") {
        let (there, _) = scene.addresses(entry.path);
        let ways = [
            ("a forged token", ABSENT_TOKEN, Some(OURS)),
            ("another session's token", &foreign, Some(OURS)),
            ("no token", "", Some(OURS)),
            ("another site", &right, Some(("sec-fetch-site", "cross-site"))),
            ("a neighbour", &right, Some(("sec-fetch-site", "same-site"))),
            ("another origin", &right, Some(("origin", "https://evil.example"))),
            ("who does not say", &right, None),
        ];
        for (way, token, header) in ways {
            let fields = [("text", "说明"), ("token", token)];
            let headers: Vec<(&str, &str)> = header.into_iter().collect();
            let page = visitor.post_from(&there, &fields, &headers).await;
            assert_eq!(page.status, StatusCode::BAD_REQUEST, "POST {} by {way}", entry.path);
        }
    }
    assert_eq!(visitor.session(), session, "still signed in, as before");
    assert_eq!(visitor.get("/firms").await.status, StatusCode::OK);
    scene.assert_unchanged("by a form from elsewhere").await;
}

async fn time_takes_away_what_a_sign_in_gave(backend: Backend) {
    let scene = scene(backend).await;
    let visitor = scene.head(&scene.mine);
    scene.site.clock.advance_seconds(6 * MINUTE);
    for entry in table().iter().filter(|entry| entry.needs >= Needs::Recent) {
        let (there, _) = scene.addresses(entry.path);
        let page = scene.visit(&visitor, entry, &there).await;
        let what = format!("{} {}", entry.method_name(), entry.path);
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{what}: {}", page.text);
        assert!(page.location.starts_with("/step-up?to="), "{what}: {}", page.location);
    }
    let stale: Vec<Visitor> = table().iter().map(|_| scene.head(&scene.mine)).collect();
    scene.site.clock.advance_seconds(16 * MINUTE);
    for (entry, visitor) in table().iter().zip(&stale) {
        if entry.needs == Needs::Nobody {
            continue;
        }
        let (there, _) = scene.addresses(entry.path);
        let page = scene.visit(visitor, entry, &there).await;
        let what = format!("{} {}", entry.method_name(), entry.path);
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{what}: {}", page.text);
        assert!(page.location.ends_with("&done=expired"), "{what}: {}", page.location);
        assert!(page.text.is_empty(), "{what}");
    }
    scene.assert_unchanged("after its time").await;
}

async fn a_changed_field_grants_nothing(backend: Backend) {
    let scene = scene(backend).await;
    if !table().iter().any(|entry| entry.path == "/grant/{id}/confirm") {
        return;
    }
    let others = acting(&scene.site, &scene.other, PortalRole::LegalRepresentative);
    let new = NewDraft {
        bank: "bank-01".parse().unwrap(),
        product_id: "bank-01-credit".into(),
        terms: terms(),
        group: None,
    };
    let theirs = requests::draft(scene.site.exchange(), &others, new).await.unwrap().id;
    let visitor = scene.head(&scene.mine);
    let shown = visitor.get(&format!("/grant/{}/confirm", scene.draft)).await.text;
    let name = format!("name=\"digest-{}\" value=\"", scene.draft);
    let digest = shown.split(&name).nth(1).and_then(|rest| rest.split('"').next());
    let digest = digest.unwrap_or_else(|| panic!("the page carries the digest: {shown}")).to_owned();
    let wrong = format!("sha-256:{}", "A".repeat(43));
    let (bank, field) = (format!("bank-{}", scene.draft), format!("digest-{}", scene.draft));
    let (their_bank, their_field) = (format!("bank-{theirs}"), format!("digest-{theirs}"));
    let place = format!("/grant/{}/confirm", scene.draft);
    let ways: Vec<(&str, Vec<(&str, &str)>)> = vec![
        ("another text", vec![(&bank, "1"), (&field, &wrong)]),
        ("no text", vec![(&bank, "1")]),
        ("nothing ticked", vec![(&field, &digest)]),
        ("another firm's draft", vec![(&their_bank, "1"), (&their_field, &digest)]),
        ("another personal text", vec![(&bank, "1"), (&field, &wrong), ("personal", &wrong)]),
    ];
    for (way, fields) in ways {
        let page = visitor.post(&place, &fields).await;
        assert!(page.status.is_client_error(), "{way}: {} {} {}", page.status, page.location, page.text);
    }
    let page = visitor.post(&format!("/grant/{theirs}/confirm"), &[(&bank, "1"), (&field, &digest)]).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    let kinds = crate::support::oracle::kinds(&scene.site.entries());
    assert_eq!(kinds["consent.granted"], 1, "the one that the scene began with");
}
