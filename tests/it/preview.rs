//! What the firm is shown before it grants is what the bank receives after: the same section objects.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use shuidaiyi::domain::consent::{Assurance, ConsentWindow, GrantMethod, Purpose};
use shuidaiyi::domain::denial::{ConsentFault, Denial};
use shuidaiyi::domain::representative::{ActingFor, Authentication, Person, PortalRole, Representation};
use shuidaiyi::domain::section::Section;
use shuidaiyi::domain::taxpayer_id::TaxpayerId;
use shuidaiyi::service::preview::{PreviewOf, preview};

use crate::deliveries::pulled;
use crate::support::site::product_terms;
use crate::support::wire::sections;
use crate::support::{Backend, Site, both_backends, sql};

both_backends!(what_is_shown_is_what_is_pulled, looking_leaves_no_trace_and_grants_nothing);

fn acting(site: &Site, taxpayer: &str) -> ActingFor {
    let at = shuidaiyi::clock::Clock::now(&*site.clock);
    ActingFor {
        person: Person { subject: "person-1".into(), name: "林甲".into(), id_ref: None },
        firm: Representation {
            taxpayer_id: TaxpayerId::parse(taxpayer).unwrap(),
            name: "深圳市样例有限公司".into(),
            role: PortalRole::LegalRepresentative,
        },
        authentication: Authentication { method: GrantMethod::EtaxFace, assurance: Assurance::Reliable, at },
    }
}

/// What bank-02's product may see.
const NARROW: [Section; 5] =
    [Section::Registration, Section::Rating, Section::Filings, Section::Payments, Section::Invoices];

fn terms(bank: &str, personal_data: bool) -> PreviewOf {
    PreviewOf {
        bank: bank.parse().unwrap(),
        product_id: format!("{bank}-credit"),
        purpose: vec![Purpose::PreLoan],
        sections: if bank == "bank-02" { NARROW.to_vec() } else { Section::ALL.to_vec() },
        window: serde_json::from_value::<ConsentWindow>(json!({"months": 24})).unwrap(),
        personal_data,
    }
}

async fn product(site: &Site, bank: &str, profile: Option<Value>) {
    let mut all = product_terms();
    all["sections"] = json!(Section::ALL.map(Section::as_str));
    let path = format!("/v1/products/{bank}-credit");
    assert!(site.json(bank, Method::PUT, &path, Some(all)).await.0.is_success());
    let body = profile.map_or_else(|| json!({}), |profile| json!({"profile": profile}));
    let approved = site.json("bureau", Method::POST, &format!("{path}/approval"), Some(body)).await;
    assert!(approved.0.is_success(), "{approved:?}");
}

/// Whole and narrowed profiles, with and without the person's consent, for companies and a sole trader.
async fn what_is_shown_is_what_is_pulled(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    let narrow = json!({
        "sections": NARROW, "window_months": 12,
        "fields": {"registration": ["name", "legal_rep_name"], "filings": ["due", "filed_on"]},
        "personal_business": {"sections": ["registration", "filings"], "fields": {"filings": ["due"]}},
    });
    product(&site, "bank-01", None).await;
    product(&site, "bank-02", Some(narrow)).await;
    let (mut looked, mut present) = (0, 0);
    for firm in &firms {
        let taxpayer = firm.taxpayer_id.as_str();
        for (bank, personal) in [("bank-01", false), ("bank-01", true), ("bank-02", false), ("bank-02", true)]
        {
            let of = terms(bank, personal);
            let wanted = json!(of.sections);
            let shown = preview(site.exchange(), &acting(&site, taxpayer), of).await.unwrap().unwrap();
            assert_eq!(shown.taxpayer.as_str(), taxpayer);
            let granted = site
                .consent(bank, taxpayer, |terms| {
                    terms["sections"] = wanted;
                    terms["window"] = json!({"months": 24});
                    terms["personal_data"] = personal.into();
                })
                .await;
            let received = sections(&pulled(&site, bank, granted["id"].as_str().unwrap()).await);
            let shown: BTreeMap<String, Value> = shown
                .sections
                .into_iter()
                .map(|(section, object)| (section.as_str().to_owned(), Value::Object(object)))
                .collect();
            present += shown.values().filter(|section| section["status"] == "present").count();
            assert_eq!(shown, received, "{taxpayer} {bank} {personal}");
            looked += 1;
        }
    }
    println!("{backend:?}: {looked} previews, {present} sections with data");
    assert!(looked == firms.len() * 4 && present > looked, "{present} of {looked}");
}

async fn looking_leaves_no_trace_and_grants_nothing(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(3);
    let taxpayer = firms[0].taxpayer_id.as_str();
    let closed = preview(site.exchange(), &acting(&site, taxpayer), terms("bank-01", false)).await.unwrap();
    assert_eq!(closed, Err(Denial::NotInForce(ConsentFault::ProductNotApproved)), "no such product");
    product(&site, "bank-01", None).await;
    let before = site.entries().len();
    let of = terms("bank-01", true);
    for _ in 0..2 {
        assert!(preview(site.exchange(), &acting(&site, taxpayer), of.clone()).await.unwrap().is_ok());
    }
    let foreign = PreviewOf { product_id: "bank-01-credit".into(), ..terms("bank-02", false) };
    let foreign = preview(site.exchange(), &acting(&site, taxpayer), foreign).await.unwrap();
    assert!(foreign.is_err(), "another bank's product");
    assert_eq!(site.entries().len(), before);
    assert_eq!(
        sql::number(&sql::data(&site), "SELECT count(*) AS n FROM disclosure"),
        0,
        "nothing is made ready"
    );
}
