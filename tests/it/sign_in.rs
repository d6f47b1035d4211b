//! Signing in to the portal with `oidc-provider`, from the first page to acting for the firm, on both databases.

use reqwest::{StatusCode, Url};
use serde_json::json;
use shuidaiyi::outbound::oidc::RelyingParty;
use shuidaiyi::portal::bureau_sign_in::SIGN_IN_COOKIE;
use shuidaiyi::portal::gate::SESSION_COOKIE;
use shuidaiyi::service::sessions::{self, SessionCookie};

use crate::support::portal::Visitor;
use crate::support::{Backend, Site, both_backends};

#[path = "../oidc/browser.rs"]
mod browser;
#[path = "../oidc/provider.rs"]
mod provider;
#[path = "../oidc/scene.rs"]
mod scene;

use browser::Browser;
use provider::{Provider, client, free_port};
use scene::{FIRM, SUBJECT, options, person};

both_backends!(
    people_sign_in_at_the_bureau_and_confirm_there,
    a_sign_in_is_taken_up_once_by_the_browser_that_began_it,
    a_bureau_that_is_away_or_says_no_signs_nobody_in,
);

struct Stage {
    site: Site,
    provider: Provider,
    bureau: Browser,
}

const ANOTHER: &str = "person-2";

/// A portal whose people sign in at the provider; `None` where there is no provider to be had.
fn stage(backend: Backend) -> Option<Stage> {
    let mut site = Site::prepare(backend, 1_000_000);
    let (port, portal_port) = (free_port(), free_port());
    let oidc = options(&format!("http://127.0.0.1:{port}"), &site.dir());
    let public_url = format!("https://localhost:{portal_port}");
    let party = RelyingParty::new(&oidc, &public_url).unwrap();
    let portal = site.config.portal.as_mut().unwrap();
    portal.demo_sign_in = false;
    portal.listen.set_port(portal_port);
    portal.public_url = Some(public_url.clone());
    portal.oidc = Some(oidc);
    let registered = client(json!({
        "jwks": {"keys": [party.public_key()]},
        "redirect_uris": [format!("{public_url}/sign-in/callback")],
    }));
    let other = json!({"name": "张三", "firms": []});
    let persons = json!({"persons": {SUBJECT: person(), ANOTHER: other}});
    let provider = Provider::start(port, &registered, persons)?;
    site.restart();
    let bureau = Browser::new(std::fs::read(&site.config.tls.ca).unwrap().as_slice());
    Some(Stage { site, provider, bureau })
}

impl Stage {
    /// From a page of ours to the provider and back to our door; gives the path and query of the way back.
    async fn go(&mut self, visitor: &Visitor, start: &str, subject: &str) -> String {
        let page = visitor.get(start).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
        let url = Url::parse(&page.location).unwrap();
        assert!(page.location.starts_with(&self.provider.issuer), "{}", page.location);
        let base = visitor.base.clone();
        let back = self.provider.sign_in_to(&base, &mut self.bureau, url, subject).await;
        back.as_str().strip_prefix(&base).unwrap().to_owned()
    }
}

async fn people_sign_in_at_the_bureau_and_confirm_there(backend: Backend) {
    let Some(mut stage) = stage(backend) else { return };
    let visitor = stage.site.portal();
    let page = visitor.get("/firms").await;
    assert_eq!(page.location, "/sign-in?to=%2Ffirms");
    let page = visitor.get(&page.location).await;
    assert!(page.text.contains("href=\"/sign-in/start?to=%2Ffirms\""), "{}", page.text);

    let back = stage.go(&visitor, "/sign-in/start?to=%2Ffirms", SUBJECT).await;
    let page = visitor.get(&back).await;
    assert_eq!((page.status, page.location.as_str()), (StatusCode::SEE_OTHER, "/firms"), "{}", page.text);
    let first = visitor.session().unwrap();
    let home = visitor.get("/").await.text;
    assert!(home.contains("甲公司") && home.contains("王伟"), "{home}");
    let now = shuidaiyi::clock::Clock::now(&*stage.site.clock);
    let found =
        |cookie: &str| sessions::find(stage.site.exchange(), SessionCookie::sent(cookie)).unwrap().unwrap();
    let session = found(&first);
    assert_eq!(session.acting().unwrap().firm.taxpayer_id.as_str(), FIRM);
    let weak = session.authentication();
    assert!(!sessions::is_recent(&weak, now), "a password alone binds nobody, however recent");

    // Another person at the provider does not take the session over.
    stage.bureau = Browser::new(std::fs::read(&stage.site.config.tls.ca).unwrap().as_slice());
    let back = stage.go(&visitor, "/step-up/start?to=%2F", ANOTHER).await;
    let page = visitor.get(&back).await;
    assert_eq!(page.status, StatusCode::CONFLICT, "{}", page.text);
    assert_eq!(visitor.session().unwrap(), first);

    let page = visitor.get("/step-up?to=%2Ffirms").await;
    assert!(page.text.contains("href=\"/step-up/start?to=%2Ffirms\""), "{}", page.text);
    stage.bureau = Browser::new(std::fs::read(&stage.site.config.tls.ca).unwrap().as_slice());
    let back = stage.go(&visitor, "/step-up/start?to=%2Ffirms", SUBJECT).await;
    let page = visitor.get(&back).await;
    assert_eq!(page.location, "/firms", "{}", page.text);
    let second = visitor.session().unwrap();
    assert_ne!(first, second, "what means more has another cookie");
    let strong = sessions::find(stage.site.exchange(), SessionCookie::sent(&second)).unwrap().unwrap();
    assert!(sessions::is_recent(&strong.authentication(), now));
    assert_eq!(sessions::find(stage.site.exchange(), SessionCookie::sent(&first)).unwrap(), None);

    let keys: serde_json::Value = serde_json::from_str(&visitor.get("/sign-in/keys").await.text).unwrap();
    assert_eq!(keys["keys"][0]["alg"], "ES256");
    assert!(keys["keys"][0].get("d").is_none());
}

async fn a_sign_in_is_taken_up_once_by_the_browser_that_began_it(backend: Backend) {
    let Some(mut stage) = stage(backend) else { return };
    let visitor = stage.site.portal();
    let back = stage.go(&visitor, "/sign-in/start?to=%2F%2Fevil.example", SUBJECT).await;

    // Somebody else's browser, with no cookie and with one of its own.
    let other = stage.site.portal();
    let failed = "/sign-in?done=sign-in-cancelled";
    assert_eq!(other.get(&back).await.location, failed);
    other.get("/sign-in/start").await;
    assert_eq!(other.get(&back).await.location, failed);
    assert_eq!(other.session(), None);

    // A state that nobody began, then the right one: once.
    let state = back.split(['?', '&']).find(|part| part.starts_with("state=")).unwrap();
    let unheard = back.replace(state, "state=unheard-of");
    assert_eq!(visitor.get(&unheard).await.location, failed);
    let page = visitor.get(&back).await;
    assert_eq!(page.location, "/", "sent on to our own pages only: {}", page.text);
    let session = visitor.session().unwrap();
    assert_eq!(visitor.get(&back).await.location, failed);
    assert_eq!(visitor.session(), Some(session), "what fails takes nothing away");

    // Another issuer's answer, and one that does not say whose: each uses the attempt up.
    for change in ["", "iss=https%3A%2F%2Fother.example"] {
        let visitor = stage.site.portal();
        let back = stage.go(&visitor, "/sign-in/start", SUBJECT).await;
        let iss = back.split(['?', '&']).find(|part| part.starts_with("iss=")).unwrap().to_owned();
        let page = visitor.get(&back.replace(&iss, change)).await;
        assert_eq!(page.location, "/sign-in?done=sign-in-failed");
        assert_eq!(visitor.get(&back).await.location, failed, "used up");
        assert_eq!(visitor.session(), None);
    }

    // Eleven minutes at the provider are too long.
    let visitor = stage.site.portal();
    let back = stage.go(&visitor, "/sign-in/start", SUBJECT).await;
    stage.site.clock.advance_seconds(11 * 60);
    assert_eq!(visitor.get(&back).await.location, failed);
    assert!(shuidaiyi::service::sign_in::sweep(stage.site.exchange()).unwrap() >= 1);
    stage.site.clock.advance_seconds(-11 * 60);

    // Two who come with the same answer at once: one is let in.
    let visitor = stage.site.portal();
    let back = stage.go(&visitor, "/sign-in/start", SUBJECT).await;
    let (first, second) = tokio::join!(visitor.get(&back), visitor.get(&back));
    let let_in = [&first, &second].into_iter().filter(|page| page.location == "/").count();
    assert_eq!(let_in, 1, "{} and {}", first.location, second.location);
}

async fn a_bureau_that_is_away_or_says_no_signs_nobody_in(backend: Backend) {
    let Some(mut stage) = stage(backend) else { return };
    let visitor = stage.site.portal();
    let back = stage.go(&visitor, "/sign-in/start", SUBJECT).await;
    let (path, query) = back.split_once('?').unwrap();
    let part = |name: &str| query.split('&').find(|part| part.starts_with(name)).unwrap();
    let refused = format!("{path}?error=access_denied&{}&{}", part("state="), part("iss="));
    assert_eq!(visitor.get(&refused).await.location, "/sign-in?done=sign-in-cancelled");
    for malformed in ["", "?", "?code=c", "?state=a&state=b&code=c", "?error=x"] {
        let page = visitor.get(&format!("{path}{malformed}")).await;
        assert_eq!(page.location, "/sign-in?done=sign-in-failed", "{malformed}");
    }
    assert_eq!(visitor.session(), None);

    let back = stage.go(&visitor, "/sign-in/start", SUBJECT).await;
    drop(stage.provider);
    assert_eq!(visitor.get(&back).await.location, "/sign-in?done=bureau-away");
    let page = visitor.get("/sign-in?done=bureau-away").await;
    assert!(page.text.contains("电子税务局暂时没有响应"), "{}", page.text);
    // The demo's door is not there.
    let page = visitor
        .post_from("/sign-in/demo", &[("subject", SUBJECT)], &[("sec-fetch-site", "same-origin")])
        .await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    visitor.set(SIGN_IN_COOKIE, "planted");
    visitor.set(SESSION_COOKIE, "planted");
    assert_eq!(visitor.get("/firms").await.status, StatusCode::SEE_OTHER);
}
