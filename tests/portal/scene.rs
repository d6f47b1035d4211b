//! A city whose people can sign in.

use shuidaiyi::cli::synth::FirmSummary;
use shuidaiyi::domain::representative::{Person, PortalRole, Representation};
use shuidaiyi::portal::demo_sign_in::DemoPerson;

use crate::browser::Browser;
use crate::support::{Backend, Site};

/// Who keeps the books of the first two firms.
pub const BOOKKEEPER: &str = "陈晓燕";

/// A gateway with a small city, and who is in it.
pub struct Scene {
    pub site: Site,
    pub firms: Vec<FirmSummary>,
}

/// The city, delivered, and the persons of its first firms.
pub fn scene() -> Scene {
    let site = Site::start(Backend::Sqlite);
    let firms = site.load_city(24);
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
    let persons = [
        one("head", &first.legal_rep_name, PortalRole::LegalRepresentative, &[first]),
        one("officer", "吴建平", PortalRole::FinancialOfficer, &[first]),
        one("keeper", BOOKKEEPER, PortalRole::Bookkeeper, &[first, second]),
    ];
    let text = serde_json::to_string(&persons).unwrap();
    std::fs::write(site.dir().join("demo_persons.json"), text).unwrap();
    Scene { site, firms }
}

/// Signs in by the pages, as the demo person with this subject.
pub async fn sign_in(browser: &Browser, subject: &str, width: u32) {
    browser.open("/sign-in", width).await;
    browser.press(&format!("button[value={subject}]")).await;
}
