//! A city whose people can sign in: at the demo's own door, or at an OpenID provider that nobody here wrote.

use reqwest::Url;
use serde_json::{Value, json};
use shuidaiyi::cli::synth::FirmSummary;
use shuidaiyi::domain::representative::{Person, PortalRole, Representation};
use shuidaiyi::outbound::oidc::RelyingParty;
use shuidaiyi::portal::demo_sign_in::DemoPerson;

use crate::browser::Browser;
use crate::bureau::provider::{Provider, client, free_port};
use crate::bureau::scene::options;
use crate::support::{Backend, Site};

/// Who keeps the books of the first two firms.
pub const BOOKKEEPER: &str = "陈晓燕";

/// A gateway with a small city, and who is in it.
pub struct Scene {
    pub site: Site,
    pub firms: Vec<FirmSummary>,
    /// Where its people sign in, if not at the demo's own door.
    pub bureau: Option<Provider>,
}

/// Who can sign in: the head and the financial officer of the first firm, and who keeps the books of two.
fn persons(firms: &[FirmSummary]) -> Vec<DemoPerson> {
    let one = |subject: &str, name: &str, role, firms: &[&FirmSummary]| DemoPerson {
        person: Person { subject: subject.into(), name: name.into(), id_ref: Some(format!("ref-{subject}")) },
        firms: firms
            .iter()
            .map(|firm| Representation {
                taxpayer_id: firm.taxpayer_id.clone(),
                name: firm.name.clone(),
                role,
            })
            .collect(),
    };
    let (first, second) = (&firms[0], &firms[1]);
    vec![
        one("head", &first.legal_rep_name, PortalRole::LegalRepresentative, &[first]),
        one("officer", "吴建平", PortalRole::FinancialOfficer, &[first]),
        one("keeper", BOOKKEEPER, PortalRole::Bookkeeper, &[first, second]),
    ]
}

/// The city, delivered, and the persons of its first firms.
pub fn scene() -> Scene {
    let site = Site::start(Backend::Sqlite);
    let firms = site.load_city(24);
    let text = serde_json::to_string(&persons(&firms)).unwrap();
    std::fs::write(site.dir().join("demo_persons.json"), text).unwrap();
    Scene { site, firms, bureau: None }
}

/// The same, whose people sign in at the provider; `None` where there is no provider to be had.
pub fn scene_at_the_bureau() -> Option<Scene> {
    let mut site = Site::prepare(Backend::Sqlite, 1_000_000);
    let (port, portal_port) = (free_port(), free_port());
    let oidc = options(&format!("http://127.0.0.1:{port}"), &site.dir());
    let public_url = format!("https://localhost:{portal_port}");
    let party = RelyingParty::new(&oidc, &public_url).unwrap();
    let registered = client(json!({
        "jwks": {"keys": [party.public_key()]},
        "redirect_uris": [format!("{public_url}/sign-in/callback")],
    }));
    let portal = site.config.portal.as_mut().unwrap();
    portal.demo_sign_in = false;
    portal.listen.set_port(portal_port);
    portal.public_url = Some(public_url);
    portal.oidc = Some(oidc);
    site.restart();
    let firms = site.load_city(24);
    let known: serde_json::Map<String, Value> = persons(&firms).iter().map(claims).collect();
    let bureau = Provider::start(port, &registered, json!({ "persons": known }))?;
    Some(Scene { site, firms, bureau: Some(bureau) })
}

/// What the provider says of a person.
fn claims(one: &DemoPerson) -> (String, Value) {
    let firms: Vec<Value> = one
        .firms
        .iter()
        .map(|firm| json!({"taxpayer_id": firm.taxpayer_id, "name": firm.name, "role": firm.role.as_str()}))
        .collect();
    let said = json!({"name": one.person.name, "id_ref": one.person.id_ref, "firms": firms});
    (one.person.subject.clone(), said)
}

/// Signs in by the pages, as the demo person with this subject.
pub async fn sign_in(browser: &Browser, subject: &str, width: u32) {
    browser.open("/sign-in", width).await;
    browser.press(&format!("button[value={subject}]")).await;
}

/// From a page of the portal that sends one there, to the bureau's own page, and back as this person.
pub async fn at_the_bureau(scene: &Scene, browser: &Browser, subject: &str) {
    let issuer = Url::parse(&scene.bureau.as_ref().expect("a bureau to sign in at").issuer).unwrap();
    browser.press("main a[href*='/start?to=']").await;
    browser.wait_for_text("电子税务局").await;
    let place = Url::parse(&browser.place().await).expect("a page elsewhere");
    assert_eq!(place.origin(), issuer.origin(), "the bureau asks who it is, not the portal");
    browser.press(&format!("a[href$='/as/{subject}']")).await;
}
