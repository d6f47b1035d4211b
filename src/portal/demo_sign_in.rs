//! The demo's sign-in: whoever comes picks one of the demo persons. On the loopback interface only, and refused at the
//! start elsewhere ([`super::options::PortalOptions::check`]).

use actix_web::HttpResponse;
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use super::frame::{Menu, role_name};
use super::gate::see_other;
use super::visit::{Visit, set_cookie};
use crate::domain::consent::{Assurance, GrantMethod};
use crate::domain::representative::{Authentication, Person, Representation};
use crate::domain::timestamp::Timestamp;
use crate::http::html::parts::empty;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::sessions::{self, SessionCookie, SignedIn};

/// Persons shown at once.
const SHOWN: usize = 24;

/// Somebody of the demo city.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoPerson {
    /// Who.
    pub person: Person,
    /// For whom, and as what.
    pub firms: Vec<Representation>,
}

impl DemoPerson {
    /// As if the e-tax bureau had recognised the face now.
    pub fn signed_in(self, now: Timestamp) -> SignedIn {
        let authentication =
            Authentication { method: GrantMethod::EtaxFace, assurance: Assurance::Reliable, at: now };
        SignedIn { person: self.person, authentication, firms: self.firms }
    }

    fn is_about(&self, wanted: &str) -> bool {
        let firm = |firm: &Representation| firm.name.contains(wanted) || firm.taxpayer_id.as_str() == wanted;
        self.person.name.contains(wanted) || self.firms.iter().any(firm)
    }
}

/// The persons that one can be.
pub async fn show(visit: Visit) -> ServiceResult<HttpResponse> {
    let persons = persons(&visit).await?;
    let wanted = visit.asked("q").unwrap_or_default().to_owned();
    let found: Vec<&DemoPerson> = persons.iter().filter(|one| one.is_about(&wanted)).collect();
    let body = html! {
        div.heading {
            h1 { (visit.t("登录（演示）", "Sign in (demo)")) }
            p.quiet { (visit.t(
                "正式环境通过电子税务局登录。这里的人物与企业均为虚构，请选择一位。",
                "In earnest one signs in through the e-tax bureau. All persons and firms here are invented: pick one.",
            )) }
        }
        form.search method="get" action="/sign-in" role="search" {
            input type="hidden" name="to" value=(visit.onward());
            label {
                span { (visit.t("企业名称、纳税人识别号或姓名", "Firm, taxpayer number or person")) }
                input type="search" name="q" value=(wanted);
            }
            button.plain type="submit" { (visit.t("查找", "Find")) }
        }
        @if found.is_empty() { section.card { (empty(visit.t(
            "没有演示人物。请先运行 shuidaiyi demo。", "There is nobody here: run shuidaiyi demo first.",
        ))) } }
        ul.cards { @for one in found.iter().take(SHOWN) { li { (card(&visit, one)) } } }
        @if found.len() > SHOWN {
            p.quiet { (visit.t("只显示前 24 位，请输入名称查找。", "The first 24 are shown: search for the others.")) }
        }
    };
    Ok(visit.page(Menu::Other, "登录", "Sign in", &body))
}

fn card(visit: &Visit, one: &DemoPerson) -> Markup {
    const FIRMS_SHOWN: usize = 2;
    html! {
        form.card method="post" action="/sign-in/demo" {
            (visit.token())
            input type="hidden" name="to" value=(visit.onward());
            b { (one.person.name) }
            @for firm in one.firms.iter().take(FIRMS_SHOWN) {
                span { (firm.name) " " span.quiet { (role_name(visit.lang, firm.role)) } }
            }
            @if one.firms.len() > FIRMS_SHOWN {
                span.quiet { (visit.t("等", "and others, in all")) " " (one.firms.len()) " " (visit.t("家企业", "firms")) }
            }
            button type="submit" name="subject" value=(one.person.subject) {
                (visit.t("以此人登录", "Sign in")) span.unseen { " " (one.person.name) }
            }
        }
    }
}

/// Signs in as the person picked.
pub async fn sign_in(visit: Visit) -> ServiceResult<HttpResponse> {
    let subject = visit.form()?.required("subject")?.to_owned();
    let one = persons(&visit).await?.into_iter().find(|one| one.person.subject == subject);
    let signed_in = one.ok_or(ServiceError::NotFound)?.signed_in(visit.now);
    let before = visit.session().map(|session| session.cookie().clone());
    let cookie =
        visit.exchange.blocking(move |exchange| sessions::open(exchange, before.as_ref(), signed_in)).await?;
    onward(&visit, &cookie)
}

/// Recognises the person who is signed in once more.
pub async fn step_up(visit: Visit) -> ServiceResult<HttpResponse> {
    if !visit.portal.options.demo_sign_in {
        return Err(ServiceError::NotFound);
    }
    let session = visit.signed_in()?.clone();
    let again = DemoPerson { person: session.person().clone(), firms: session.firms().to_vec() };
    let again = again.signed_in(visit.now);
    let cookie =
        visit.exchange.blocking(move |exchange| sessions::step_up(exchange, &session, again)).await?;
    onward(&visit, &cookie)
}

fn onward(visit: &Visit, cookie: &SessionCookie) -> ServiceResult<HttpResponse> {
    let mut response = see_other(&visit.onward());
    set_cookie(&mut response, Some(cookie))?;
    Ok(response)
}

/// Everybody of the demo; nobody where the demo sign-in is off.
async fn persons(visit: &Visit) -> ServiceResult<Vec<DemoPerson>> {
    let options = &visit.portal.options;
    if !options.demo_sign_in {
        return Err(ServiceError::NotFound);
    }
    let path = options.demo_persons.clone();
    visit
        .exchange
        .blocking(move |_| {
            let Ok(text) = std::fs::read_to_string(&path) else { return Ok(Vec::new()) };
            serde_json::from_str(&text)
                .map_err(|why| ServiceError::internal(format!("{}: {why}", path.display())))
        })
        .await
}
