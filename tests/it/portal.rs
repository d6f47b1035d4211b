//! The portal's shell: sessions, firms, step-up, forms from elsewhere, headers, language.

use reqwest::StatusCode;
use shuidaiyi::config::Config;
use shuidaiyi::domain::representative::{PortalRole, Representation};
use shuidaiyi::domain::taxpayer_id::TaxpayerId;
use shuidaiyi::portal::demo_sign_in::DemoPerson;
use shuidaiyi::portal::gate::SESSION_COOKIE;
use shuidaiyi::portal::routes::{Needs, table};
use shuidaiyi::service::sessions::{self, SessionCookie, SignedIn};
use shuidaiyi::store::sessions as rows;

use crate::support::{Backend, Site, both_backends};

const MINUTE: i64 = 60;
const OURS: (&str, &str) = ("sec-fetch-site", "same-origin");

fn firm(last: char) -> TaxpayerId {
    TaxpayerId::parse(&format!("91440300MA5EXAMP{last}X")).unwrap()
}

fn representation(last: char, role: PortalRole) -> Representation {
    Representation { taxpayer_id: firm(last), name: format!("企业{last}"), role }
}

both_backends!(
    a_session_ends_when_it_is_unused_or_old,
    every_step_up_of_meaning_brings_another_cookie,
    the_demo_person_signs_in_chooses_a_firm_confirms_and_leaves,
    a_form_from_elsewhere_does_nothing,
    every_answer_wears_the_headers,
    english_stays_once_it_is_chosen,
    what_needs_somebody_is_closed_to_nobody,
    what_is_too_large_or_no_form_is_refused,
);

async fn a_session_ends_when_it_is_unused_or_old(backend: Backend) {
    let site = Site::start(backend);
    let visitor = site.sign_in_as(PortalRole::LegalRepresentative, &firm('1'));
    // Used every ten minutes it goes on, for eight hours and no longer.
    for turn in 0..47 {
        site.clock.advance_seconds(10 * MINUTE);
        let page = visitor.get("/").await;
        assert_eq!(page.status, StatusCode::OK, "turn {turn}");
        assert!(page.text.contains(firm('1').as_str()), "turn {turn}: {}", page.text);
    }
    site.clock.advance_seconds(10 * MINUTE);
    let page = visitor.get("/firms").await;
    assert_eq!(
        (page.status, page.location.as_str()),
        (StatusCode::SEE_OTHER, "/sign-in?to=%2Ffirms&done=expired")
    );

    let idle = site.sign_in_as(PortalRole::LegalRepresentative, &firm('2'));
    site.clock.advance_seconds(15 * MINUTE);
    let page = idle.get("/firms").await;
    assert_eq!(page.location, "/sign-in?to=%2Ffirms&done=expired");
    // Gone, not only over: a clock that is set back brings nothing to life.
    site.clock.advance_seconds(-14 * MINUTE);
    assert_eq!(idle.get("/firms").await.status, StatusCode::SEE_OTHER);

    let left = site.sign_in_as(PortalRole::LegalRepresentative, &firm('3'));
    site.clock.advance_seconds(16 * MINUTE);
    assert!(sessions::sweep(site.exchange()).unwrap() >= 1);
    let digest = shuidaiyi::seal::digest::prefixed_digest(left.session().unwrap().as_bytes());
    assert_eq!(site.exchange().ledger.read(|c| rows::find(c, &digest)).unwrap(), None);
}

async fn every_step_up_of_meaning_brings_another_cookie(backend: Backend) {
    let site = Site::start(backend);
    let firms = vec![
        representation('1', PortalRole::Bookkeeper),
        representation('2', PortalRole::LegalRepresentative),
    ];
    let visitor = site.signed_in("somebody", firms);
    let first = visitor.session().unwrap();
    assert_eq!(visitor.get("/").await.location, "/firms");
    let page = visitor.post("/firms", &[("firm", "1"), ("to", "/?lang=en")]).await;
    assert_eq!((page.status, page.location.as_str()), (StatusCode::SEE_OTHER, "/?lang=en"), "{}", page.text);
    let second = visitor.session().unwrap();
    assert_ne!(first, second);
    assert!(visitor.get("/").await.text.contains("企业2"));
    let before = site.portal();
    before.set(SESSION_COOKIE, &first);
    assert_eq!(
        before.get("/firms").await.status,
        StatusCode::SEE_OTHER,
        "the cookie before is worth nothing"
    );

    let page = visitor.post("/firms", &[("firm", "2")]).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND, "a firm that the e-tax bureau does not name");
    site.clock.advance_seconds(6 * MINUTE);
    let page = visitor.post("/step-up/demo", &[("to", "//evil.example")]).await;
    assert_eq!(page.location, "/");
    assert_ne!(visitor.session().unwrap(), second);

    // The row holds no cookie, and a person who is another one takes nothing over.
    let session = sessions::find(site.exchange(), SessionCookie::sent(&visitor.session().unwrap())).unwrap();
    let session = session.unwrap();
    let mut other: SignedIn = SignedIn {
        person: session.person().clone(),
        authentication: session.authentication(),
        firms: session.firms().to_vec(),
    };
    other.person.subject = "another".into();
    assert!(sessions::step_up(site.exchange(), &session, other.clone()).is_err());
    // Who no longer acts for the firm is asked to choose again.
    other.person.subject = session.person().subject.clone();
    other.firms.truncate(1);
    let cookie = sessions::step_up(site.exchange(), &session, other).unwrap();
    assert_eq!(sessions::find(site.exchange(), cookie).unwrap().unwrap().acting(), None);
}

async fn the_demo_person_signs_in_chooses_a_firm_confirms_and_leaves(backend: Backend) {
    let mut site = Site::start(backend);
    let person = |subject: &str, firms| DemoPerson {
        person: shuidaiyi::domain::representative::Person {
            subject: subject.into(),
            name: "何丽娟".into(),
            id_ref: None,
        },
        firms,
    };
    let two = vec![representation('1', PortalRole::Bookkeeper), representation('2', PortalRole::Bookkeeper)];
    let persons = vec![person("keeper", two), person("head", vec![representation('1', PortalRole::Owner)])];
    std::fs::write(site.dir().join("demo_persons.json"), serde_json::to_string(&persons).unwrap()).unwrap();
    let visitor = site.portal();
    assert!(visitor.get("/").await.text.contains("免费"));
    let page = visitor.get("/sign-in?to=%2Ffirms").await;
    assert!(page.text.contains("何丽娟") && page.text.contains("value=\"/firms\""), "{}", page.text);
    let page = visitor.post_from("/sign-in/demo", &[("subject", "keeper"), ("to", "/firms")], &[OURS]).await;
    assert_eq!((page.status, page.location.as_str()), (StatusCode::SEE_OTHER, "/firms"), "{}", page.text);
    let cookie = page.headers.get("set-cookie").unwrap().to_str().unwrap();
    for part in ["__Host-session=", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"));
    visitor.post("/firms", &[("firm", "0")]).await;
    let home = visitor.get("/").await.text;
    assert!(home.contains("企业1") && home.contains("法定代表人（或负责人）本人"), "{home}");
    let page = visitor.post("/sign-out", &[]).await;
    assert_eq!(page.location, "/?done=signed-out");
    assert_eq!(visitor.session(), None);
    assert!(visitor.follow("/firms").await.text.contains("登录"));

    // Turned off, nobody becomes anybody.
    site.config.portal.as_mut().unwrap().demo_sign_in = false;
    site.restart();
    let visitor = site.portal();
    let page = visitor.post_from("/sign-in/demo", &[("subject", "keeper")], &[OURS]).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(!visitor.get("/sign-in").await.text.contains("何丽娟"));
}

async fn a_form_from_elsewhere_does_nothing(backend: Backend) {
    let site = Site::start(backend);
    let visitor = site.sign_in_as(PortalRole::LegalRepresentative, &firm('1'));
    let token = visitor.token();
    let other = site.sign_in_as(PortalRole::LegalRepresentative, &firm('2')).token();
    type Pairs<'a> = &'a [(&'a str, &'a str)];
    let attempts: [(Pairs<'_>, Pairs<'_>); 5] = [
        (&[("token", &token)], &[("sec-fetch-site", "cross-site")]),
        (&[("token", &token)], &[("origin", "https://evil.example")]),
        (&[("token", &token)], &[]),
        (&[], &[OURS]),
        (&[("token", &other)], &[OURS]),
    ];
    for (fields, headers) in attempts {
        let page = visitor.post_from("/sign-out", fields, headers).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{fields:?} {headers:?}");
        assert_eq!(visitor.get("/firms").await.status, StatusCode::OK, "still signed in");
    }
}

async fn every_answer_wears_the_headers(backend: Backend) {
    let site = Site::start(backend);
    let visitor = site.portal();
    for path in ["/", "/sign-in", "/nothing-here", "/assets/portal.css", "/firms"] {
        let page = visitor.get(path).await;
        for (name, part) in [
            ("content-security-policy", "default-src 'none'"),
            ("strict-transport-security", "max-age="),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("x-request-id", "-"),
        ] {
            let value = page.headers.get(name).unwrap_or_else(|| panic!("{path} {name}"));
            assert!(value.to_str().unwrap().contains(part), "{path} {name}");
        }
        let cache = page.headers.get("cache-control").unwrap();
        assert_eq!(cache == "no-store", !path.starts_with("/assets/"), "{path}");
        assert_eq!(page.bytes, page.text.as_bytes(), "{path}");
    }
    let page = visitor.get("/nothing-here?x=<script>alert(1)</script>").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(!page.text.contains("<script>"));
}

async fn english_stays_once_it_is_chosen(backend: Backend) {
    let site = Site::start(backend);
    let visitor = site.portal();
    assert!(visitor.get("/").await.text.contains("lang=\"zh-CN\""));
    assert!(visitor.get("/?lang=en").await.text.contains("Sign in"));
    assert!(visitor.get("/sign-in").await.text.contains("<html lang=\"en\">"));
}

/// Nobody is sent to the sign-in from every page that needs somebody, whatever it is called.
async fn what_needs_somebody_is_closed_to_nobody(backend: Backend) {
    let site = Site::start(backend);
    let visitor = site.portal();
    for entry in table().into_iter().filter(|entry| entry.needs > Needs::Nobody) {
        let path = entry.path.replace(['{', '}'], "");
        let page = match entry.method_name() {
            "GET" => visitor.get(&path).await,
            _post => visitor.post_from(&path, &[], &[OURS]).await,
        };
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{path}");
        assert!(page.location.starts_with("/sign-in?to="), "{path}: {}", page.location);
    }
}

/// Large heads, large and slow bodies, and what is no form at all.
async fn what_is_too_large_or_no_form_is_refused(backend: Backend) {
    let site = Site::start(backend);
    let visitor = site.sign_in_as(PortalRole::Bookkeeper, &firm('1'));
    let long = "x".repeat(70 << 10);
    let page = visitor.post("/firms", &[("firm", &long)]).await;
    assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE);
    let head = "x".repeat(17 << 10);
    let page = visitor.post_from("/firms", &[], &[OURS, ("x-filler", &head)]).await;
    assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[test]
fn the_demo_sign_in_is_refused_at_the_start_where_others_reach_it() {
    let site = Site::prepare(Backend::Sqlite, 10);
    let path = site.dir().join("shuidaiyi.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, portal) = text.split_once("[portal]").unwrap();
    let open = portal.replacen("listen = \"127.0.0.1:0\"", "listen = \"0.0.0.0:0\"", 1);
    std::fs::write(&path, format!("{before}[portal]{open}")).unwrap();
    let why = Config::load(&path).unwrap_err().to_string();
    assert!(why.contains("portal.demo_sign_in") && why.contains("0.0.0.0"), "{why}");
}
