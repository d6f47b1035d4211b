//! Asking, drafting, handing over, granting and declining; what a bank can tell from it, which is nothing.

use std::sync::Arc;

use futures_util::future::join_all;
use shuidaiyi::clock::Clock;
use shuidaiyi::domain::consent::{Assurance, ConsentWindow, GrantMethod, Purpose, RollingWindow};
use shuidaiyi::domain::consent_request::{RequestStatus, RequestTerms};
use shuidaiyi::domain::representative::{ActingFor, Authentication, Person, PortalRole, Representation};
use shuidaiyi::domain::section::Section;
use shuidaiyi::domain::taxpayer_id::TaxpayerId;
use shuidaiyi::service::Exchange;
use shuidaiyi::service::consent_text::TextLang;
use shuidaiyi::service::error::ServiceError;
use shuidaiyi::service::requests::{self, Grant, GrantItem, NewDraft, RequestView, hand_over, text};

use crate::support::oracle::kinds;
use crate::support::{Backend, Site, both_backends};

both_backends!(
    the_bookkeeper_prepares_and_the_representative_grants,
    all_ticked_banks_or_none,
    only_who_may_decides,
    a_hundred_grants_make_one_consent,
    an_amendment_takes_the_consents_place,
    two_persons_where_the_firm_wants_two,
);

/// A person of a firm, recognised just now.
pub fn acting(site: &Site, taxpayer: &TaxpayerId, role: PortalRole) -> ActingFor {
    ActingFor {
        person: Person {
            subject: format!("{role}-1"),
            name: "张三".into(),
            id_ref: Some(format!("ref-{role}")),
        },
        firm: Representation { taxpayer_id: taxpayer.clone(), name: "演示企业".into(), role },
        authentication: Authentication {
            method: GrantMethod::EtaxFace,
            assurance: Assurance::Reliable,
            at: site.clock.now(),
        },
    }
}

/// Terms within what the test's products open.
pub fn terms() -> RequestTerms {
    RequestTerms {
        purpose: vec![Purpose::PreLoan],
        sections: vec![Section::Registration, Section::Rating],
        window: ConsentWindow::Rolling(RollingWindow { months: 24 }),
        valid_days: 30,
        pulls: 3,
        personal_data: false,
        share_outcome_with: Vec::new(),
    }
}

fn new_draft(bank: &str, terms: RequestTerms) -> NewDraft {
    NewDraft { bank: bank.parse().unwrap(), product_id: format!("{bank}-credit"), terms, group: None }
}

/// Ticks a request with the text that it shows now.
pub async fn ticked(exchange: &Arc<Exchange>, acting: &ActingFor, id: &str) -> GrantItem {
    let shown = text(exchange, acting, id.to_owned(), TextLang::Zh).await.unwrap();
    GrantItem {
        request_id: id.to_owned(),
        tick: true,
        text_digest: shown.firm.digest,
        post_loan: false,
        share: Vec::new(),
        personal: None,
    }
}

async fn the_bookkeeper_prepares_and_the_representative_grants(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    site.product("bank-01").await;
    let firm = &firms[0].taxpayer_id;
    let exchange = site.exchange();
    let bookkeeper = acting(&site, firm, PortalRole::Bookkeeper);
    let drafted = requests::draft(exchange, &bookkeeper, new_draft("bank-01", terms())).await.unwrap();
    assert_eq!((drafted.status, drafted.group == drafted.id), (RequestStatus::Draft, true));
    assert_eq!(kinds(&site.entries()).get("consent.requested"), None, "a draft is nobody's business");

    let link = hand_over(exchange, &bookkeeper, drafted.id.clone()).await.unwrap();
    assert!(link.url.ends_with(&format!("/h/{}", link.token)) && link.token.len() == 43);
    let another = acting(&site, &firms[1].taxpayer_id, PortalRole::LegalRepresentative);
    let foreign = requests::by_token(exchange, &another, &link.token).await;
    assert!(matches!(foreign, Err(ServiceError::NotFound)));
    // Whoever prepares may look at the link without using it up.
    assert!(requests::by_token(exchange, &bookkeeper, &link.token).await.is_ok());
    let representative = acting(&site, firm, PortalRole::LegalRepresentative);
    let opened = requests::by_token(exchange, &representative, &link.token).await.unwrap();
    assert_eq!((opened.id.as_str(), opened.status), (drafted.id.as_str(), RequestStatus::Requested));
    let again = requests::by_token(exchange, &representative, &link.token).await;
    assert!(matches!(again, Err(ServiceError::NotFound)), "a link is good once");

    let item = ticked(exchange, &representative, &drafted.id).await;
    let granted = requests::grant(exchange, &representative, Grant { items: vec![item] }).await.unwrap();
    let consent = &granted[0].consent;
    let details = consent.terms.details.as_ref().unwrap();
    assert_eq!(details.number, drafted.number);
    assert_eq!(details.prepared_by.as_ref().unwrap().role, PortalRole::Bookkeeper);
    assert_eq!(details.request_id.as_deref(), Some(drafted.id.as_str()));
    let (status, answer) = site.pull("bank-01", &consent.terms.id).await;
    assert_eq!(status, 201, "{answer}");
    let kinds = kinds(&site.entries());
    assert_eq!((kinds["consent.requested"], kinds["consent.granted"]), (1, 1));
}

async fn all_ticked_banks_or_none(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    let exchange = site.exchange();
    let representative = acting(&site, &firms[0].taxpayer_id, PortalRole::LegalRepresentative);
    let mut drafts: Vec<RequestView> = Vec::new();
    for bank in ["bank-01", "bank-02", "bank-03"] {
        site.product(bank).await;
        let mut new = new_draft(bank, terms());
        new.group = drafts.first().map(|first| first.group.clone());
        drafts.push(requests::draft(exchange, &representative, new).await.unwrap());
    }
    let group = requests::group(exchange, &representative, drafts[0].group.clone()).await.unwrap();
    assert_eq!(group.len(), 3);
    let mut items = Vec::new();
    for one in &drafts {
        items.push(ticked(exchange, &representative, &one.id).await);
    }
    items[2].tick = false;
    let mut wrong = items.clone();
    wrong[1].text_digest = format!("sha-256:{}", "A".repeat(43));
    let refused = requests::grant(exchange, &representative, Grant { items: wrong }).await;
    assert!(matches!(refused, Err(ServiceError::Conflict(_))), "{refused:?}");
    assert_eq!(kinds(&site.entries()).get("consent.granted"), None, "one text changed: nothing is granted");
    for (post_loan, share, personal) in
        [(false, vec!["platform".parse().unwrap()], None), (false, Vec::new(), Some(String::new()))]
    {
        let mut beyond = items.clone();
        (beyond[0].post_loan, beyond[0].share, beyond[0].personal) = (post_loan, share, personal);
        let refused = requests::grant(exchange, &representative, Grant { items: beyond }).await;
        assert!(matches!(refused, Err(ServiceError::Invalid(_))), "{refused:?}");
    }
    let granted = requests::grant(exchange, &representative, Grant { items }).await.unwrap();
    assert_eq!(granted.len(), 2);
    let left = requests::pending(exchange, &representative).await.unwrap();
    assert_eq!(left.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), [drafts[2].id.as_str()]);
    let none = requests::grant(exchange, &representative, Grant { items: Vec::new() }).await;
    assert!(matches!(none, Err(ServiceError::Invalid(_))));
}

async fn only_who_may_decides(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    site.product("bank-01").await;
    let firm = &firms[0].taxpayer_id;
    let exchange = site.exchange();
    let representative = acting(&site, firm, PortalRole::LegalRepresentative);
    let drafted = requests::draft(exchange, &representative, new_draft("bank-01", terms())).await.unwrap();
    hand_over(exchange, &representative, drafted.id.clone()).await.unwrap();
    let item = ticked(exchange, &representative, &drafted.id).await;
    let grant = Grant { items: vec![item] };
    let entries = site.entries().len();
    for role in [PortalRole::Bookkeeper, PortalRole::Agent, PortalRole::FinancialOfficer] {
        let other = acting(&site, firm, role);
        assert!(matches!(
            requests::grant(exchange, &other, grant.clone()).await,
            Err(ServiceError::Forbidden)
        ));
        let declined = requests::decline(exchange, &other, drafted.id.clone(), false).await;
        assert!(matches!(declined, Err(ServiceError::Forbidden)), "{role}");
        let bank = drafted.bank.clone();
        assert!(matches!(requests::block(exchange, &other, bank).await, Err(ServiceError::Forbidden)));
        let jointly = requests::set_joint_approval(exchange, &other, true).await;
        assert!(matches!(jointly, Err(ServiceError::Forbidden)), "{role}");
    }
    let foreign = acting(&site, &firms[1].taxpayer_id, PortalRole::LegalRepresentative);
    let refused = requests::grant(exchange, &foreign, grant.clone()).await;
    assert!(matches!(refused, Err(ServiceError::NotFound)));
    assert!(matches!(
        requests::show(exchange, &foreign, drafted.id.clone()).await,
        Err(ServiceError::NotFound)
    ));
    let declined = requests::decline(exchange, &foreign, drafted.id.clone(), true).await;
    assert!(matches!(declined, Err(ServiceError::NotFound)));
    let edited =
        requests::edit(exchange, &foreign, drafted.id.clone(), drafted.product_id.clone(), terms()).await;
    assert!(matches!(edited, Err(ServiceError::NotFound)));
    assert!(matches!(hand_over(exchange, &foreign, drafted.id.clone()).await, Err(ServiceError::NotFound)));
    // Recognised too long ago.
    site.clock.advance_seconds(301);
    let stale = requests::grant(exchange, &representative, grant.clone()).await;
    assert!(matches!(stale, Err(ServiceError::Conflict(_))), "{stale:?}");
    assert_eq!(site.entries().len(), entries, "no refusal left a trace");
    let fresh = acting(&site, firm, PortalRole::LegalRepresentative);
    assert!(requests::grant(exchange, &fresh, grant).await.is_ok());
}

async fn a_hundred_grants_make_one_consent(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    site.product("bank-01").await;
    let representative = acting(&site, &firms[0].taxpayer_id, PortalRole::LegalRepresentative);
    let exchange = site.exchange();
    let drafted = requests::draft(exchange, &representative, new_draft("bank-01", terms())).await.unwrap();
    let item = ticked(exchange, &representative, &drafted.id).await;
    // From two processes' worth of writers.
    let second = site.another();
    let all = (0..100).map(|n| {
        let on = if n % 2 == 0 { exchange } else { &second.exchange };
        requests::grant(on, &representative, Grant { items: vec![item.clone()] })
    });
    let answers = join_all(all).await;
    let granted = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(granted, 1);
    for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert!(matches!(refused, ServiceError::Conflict(_) | ServiceError::Busy(_)), "{refused:?}");
    }
    assert_eq!(kinds(&site.entries())["consent.granted"], 1);
    second.stop();
}

async fn an_amendment_takes_the_consents_place(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    site.product("bank-01").await;
    let exchange = site.exchange();
    let representative = acting(&site, &firms[0].taxpayer_id, PortalRole::LegalRepresentative);
    let drafted = requests::draft(exchange, &representative, new_draft("bank-01", terms())).await.unwrap();
    let item = ticked(exchange, &representative, &drafted.id).await;
    let first =
        requests::grant(exchange, &representative, Grant { items: vec![item] }).await.unwrap().remove(0);
    let old = first.consent.terms.id.clone();
    assert_eq!(site.pull("bank-01", &old).await.0, 201);
    let fewer = RequestTerms { sections: vec![Section::Rating], ..terms() };
    let successor = requests::amend(exchange, &representative, old.clone(), Some(fewer)).await.unwrap();
    assert_eq!(site.pull("bank-01", &old).await.0, 201, "until it is granted nothing changes");
    let foreign = acting(&site, &firms[1].taxpayer_id, PortalRole::LegalRepresentative);
    let refused = requests::amend(exchange, &foreign, old.clone(), None).await;
    assert!(matches!(refused, Err(ServiceError::NotFound)));
    let item = ticked(exchange, &representative, &successor.id).await;
    let second =
        requests::grant(exchange, &representative, Grant { items: vec![item] }).await.unwrap().remove(0);
    assert_eq!(second.consent.terms.details.as_ref().unwrap().supersedes, Some(old.clone()));
    assert_eq!(site.pull("bank-01", &old).await.0, 403);
    assert_eq!(site.pull("bank-01", &second.consent.terms.id).await.0, 201);
    assert_eq!(kinds(&site.entries())["consent.superseded"], 1);
    let ended = requests::amend(exchange, &representative, old, None).await;
    assert!(matches!(ended, Err(ServiceError::Conflict(_))), "{ended:?}");
}

async fn two_persons_where_the_firm_wants_two(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    site.product("bank-01").await;
    let (exchange, firm) = (site.exchange(), &firms[0].taxpayer_id);
    let representative = acting(&site, firm, PortalRole::LegalRepresentative);
    let officer = acting(&site, firm, PortalRole::FinancialOfficer);
    for _twice_is_once in 0..2 {
        requests::set_joint_approval(exchange, &representative, true).await.unwrap();
    }
    assert!(requests::set_joint_approval(exchange, &officer, false).await.is_err());
    assert!(requests::joint_approval(exchange, &officer).await.unwrap());
    assert_eq!(kinds(&site.entries())["consent.joint_approval_changed"], 1);
    let drafted = requests::draft(exchange, &representative, new_draft("bank-01", terms())).await.unwrap();
    let item = ticked(exchange, &representative, &drafted.id).await;
    let grant = Grant { items: vec![item.clone()] };
    let alone = requests::grant(exchange, &representative, grant.clone()).await;
    assert!(matches!(alone, Err(ServiceError::Conflict(_))), "{alone:?}");
    let itself =
        requests::approve(exchange, &representative, drafted.id.clone(), item.text_digest.clone()).await;
    assert!(matches!(itself, Err(ServiceError::Forbidden)));
    requests::approve(exchange, &officer, drafted.id.clone(), item.text_digest.clone()).await.unwrap();
    // Whoever changes the draft undoes the approval.
    let longer = RequestTerms { valid_days: 60, ..terms() };
    let product = drafted.product_id.clone();
    requests::edit(exchange, &representative, drafted.id.clone(), product, longer).await.unwrap();
    let item = ticked(exchange, &representative, &drafted.id).await;
    let grant = Grant { items: vec![item.clone()] };
    assert!(requests::grant(exchange, &representative, grant.clone()).await.is_err());
    requests::approve(exchange, &officer, drafted.id.clone(), item.text_digest).await.unwrap();
    let granted = requests::grant(exchange, &representative, grant).await.unwrap().remove(0);
    let approved = granted.consent.terms.details.unwrap().approved_by;
    assert_eq!(approved.len(), 1);
    assert_eq!(approved[0].role, PortalRole::FinancialOfficer);
}
