//! Step 4: the whole text, and the ticks: one for each bank, one for each further recipient, post-loan use and the
//! personal consent apart. None is made beforehand; leaving any but a bank's own stands in nobody's way.

use actix_web::HttpResponse;
use maud::{Markup, html};

use super::{Step, are_drafts, decided, steps, together};
use crate::domain::representative::PortalRole;
use crate::http::html::lang::Lang;
use crate::portal::frame::Menu;
use crate::portal::visit::{Visit, encoded};
use crate::service::consent_text::{ParagraphKind, Shown, TextLang};
use crate::service::error::ServiceResult;
use crate::service::requests::text::{Texts, text};
use crate::service::requests::{self, RequestView};
use crate::service::sessions::is_recent;

/// A request and its texts.
pub struct Read {
    /// The request.
    pub request: RequestView,
    /// What is shown of it.
    pub texts: Texts,
}

/// The language of the texts, as the page's.
pub fn text_lang(lang: Lang) -> TextLang {
    match lang {
        Lang::Zh => TextLang::Zh,
        Lang::En => TextLang::En,
    }
}

/// The texts with their ticks, or for who may not grant, the texts and the way to who may.
pub async fn show(visit: Visit) -> ServiceResult<HttpResponse> {
    let found = read_all(&visit).await?;
    if found.is_empty() {
        return Ok(visit.page(Menu::Grant, "已办结", "Decided", &decided(&visit)));
    }
    let jointly = requests::joint_approval(&visit.exchange, visit.acting()?).await?;
    let body = page(&visit, &found, jointly, &[])?;
    Ok(visit.page(Menu::Grant, "阅读并确认", "Read and confirm", &body))
}

/// Every open request under the path's `{id}`, with its texts as they are to be shown now.
pub async fn read_all(visit: &Visit) -> ServiceResult<Vec<Read>> {
    let mut found = Vec::new();
    for request in together(visit).await? {
        let lang = text_lang(visit.lang);
        let texts = text(&visit.exchange, visit.acting()?, request.id.clone(), lang).await?;
        found.push(Read { request, texts });
    }
    Ok(found)
}

/// The page; `wrong` says why a form could not be taken.
pub fn page(visit: &Visit, found: &[Read], jointly: bool, wrong: &[&str]) -> ServiceResult<Markup> {
    let acting = visit.acting()?;
    let requests: Vec<RequestView> = found.iter().map(|one| one.request.clone()).collect();
    let group = requests.first().map(|one| one.group.as_str()).unwrap_or_default();
    let may_grant = acting.firm.role.may_grant().is_some();
    let is_recent = is_recent(&acting.authentication, visit.now);
    let waits = jointly && requests.iter().any(|one| one.approved_by.is_empty());
    Ok(html! {
        (steps(visit, Step::Confirm, Some(group), are_drafts(&requests)))
        div.heading {
            h1 { (visit.t("涉税信息查询授权书", "Authorisation to query tax data")) }
            p.quiet { (visit.t("请逐项阅读，由您自主决定是否授权。", "Read each item. Whether you authorise is yours to decide.")) }
        }
        @for line in wrong { p.notice.bad role="alert" { (line) } }
        @if may_grant && waits {
            p.notice.warn { (visit.t(
                "本企业设置了双人确认：须先由财务负责人登录同意，您才能授权。",
                "This firm grants jointly: the financial officer signs in and agrees first.",
            )) }
        }
        @if may_grant && is_recent && !waits {
            form method="post" action={ "/grant/" (group) "/confirm" } {
                (visit.token())
                @for one in found { (instrument(visit, one, true)) }
                (signing(visit, found))
            }
        } @else {
            @for one in found { (instrument(visit, one, false)) }
            @if may_grant && !waits {
                section.card {
                    h2 { (visit.t("确认前，请再次验证身份", "Before you confirm, show that it is you")) }
                    p { (visit.t(
                        "授权须由您本人作出。验证后五分钟内可以勾选并确认。",
                        "Only you in person can grant. Once recognised you have five minutes to tick and confirm.",
                    )) }
                    p.buttons { a.button.big href={ "/step-up?to=" (encoded(&format!("/grant/{group}/confirm"))) } {
                        (visit.t("验证身份并继续", "Confirm that it is you")) } }
                }
            }
        }
        @if acting.firm.role == PortalRole::FinancialOfficer && jointly { (approval(visit, found, group)) }
        (passing_on(visit, group, may_grant && !waits))
    })
}

/// One bank's text. Where a tick stands in the text a box stands in the page, if the reader may tick.
fn instrument(visit: &Visit, one: &Read, may_tick: bool) -> Markup {
    let id = &one.request.id;
    html! {
        section.card.instrument aria-label={ (one.request.bank_name) " " (one.request.product_name) } {
            input type="hidden" name={ "digest-" (id) } value=(one.texts.firm.digest);
            (written(visit, &one.texts.firm, id, may_tick))
        }
        @if let Some(personal) = &one.texts.personal {
            section.card.instrument aria-label=(visit.t("个人信息单独同意书", "Separate personal consent")) {
                (written(visit, personal, id, may_tick))
            }
        } @else if one.request.terms.personal_data {
            p.notice.plain { (visit.t(
                "个人信息须由本人单独同意：由法定代表人（或负责人）登录后在此处阅读并勾选。",
                "Personal data needs that person's own consent: the legal representative (or owner) reads and ticks it here.",
            )) }
        }
    }
}

fn written(visit: &Visit, shown: &Shown, id: &str, may_tick: bool) -> Markup {
    let en = (shown.lang == TextLang::En).then_some("en");
    html! {
        div.text lang=[en] {
            @for one in &shown.paragraphs {
                @match &one.kind {
                    ParagraphKind::Heading => h2 { (one.text) },
                    ParagraphKind::Part => h3 { (one.text) },
                    ParagraphKind::Body => p { (one.text) },
                    ParagraphKind::Item => p.item { (one.text) },
                    ParagraphKind::Detail => p.detail { (one.text) },
                    ParagraphKind::TickBank => (tick(&format!("bank-{id}"), "on", &one.text, may_tick)),
                    ParagraphKind::TickPostLoan => (tick(&format!("post-{id}"), "on", &one.text, may_tick)),
                    ParagraphKind::TickShare(member) => (tick(&format!("share-{id}"), member.as_str(), &one.text, may_tick)),
                    ParagraphKind::TickPersonal => (tick(&format!("personal-{id}"), &shown.digest, &one.text, may_tick)),
                }
            }
        }
        p.hint { (visit.t("文本版本 ", "Version ")) (shown.version) (visit.t("，文本摘要 ", ", digest ")) code { (shown.digest) } }
    }
}

fn tick(name: &str, value: &str, text: &str, may_tick: bool) -> Markup {
    html! {
        @if may_tick {
            label.tick.consent { input type="checkbox" name=(name) value=(value); span { (text) } }
        } @else { p.item.untickable { "□ " (text) } }
    }
}

fn signing(visit: &Visit, found: &[Read]) -> Markup {
    let firm = visit.acting().map(|acting| acting.firm.name.clone()).unwrap_or_default();
    html! {
        section.card {
            h2 { (visit.t("确认授权", "Confirm")) }
            ul.list {
                li { (visit.t(
                    "只有您勾选的银行会得到授权；未勾选的保持待确认。",
                    "Only banks that you ticked are authorised. The others stay as they are.",
                )) }
                li { (visit.t(
                    "您随时可以在“我的授权”中撤回，撤回后立即停止提供；撤回前已提供的信息不受影响。",
                    "You can revoke at any time in “My authorisations”; nothing leaves after that. What left before is not affected.",
                )) }
                li { (visit.t("授权主体：", "For the firm: ")) b { (firm) } }
            }
            p.buttons {
                button.big type="submit" {
                    @if found.len() > 1 { (visit.t("同意并授权所勾选的银行", "Authorise the banks ticked")) }
                    @else { (visit.t("同意并授权", "Authorise")) }
                }
                a.button.plain.big href="/requests" { (visit.t("暂不决定", "Not now")) }
            }
        }
    }
}

fn approval(visit: &Visit, found: &[Read], group: &str) -> Markup {
    let all_given = found
        .iter()
        .all(|one| one.request.approved_by.iter().any(|by| by.role == PortalRole::FinancialOfficer));
    html! {
        section.card {
            h2 { (visit.t("财务负责人同意（双人确认）", "The financial officer agrees (joint approval)")) }
            @if all_given {
                p { (visit.t("您已同意，等待法定代表人（或负责人）授权。", "Agreed. It waits for the legal representative (or owner).")) }
            } @else {
                form method="post" action={ "/grant/" (group) "/approve" } {
                    (visit.token())
                    @for one in found {
                        input type="hidden" name={ "digest-" (one.request.id) } value=(one.texts.firm.digest);
                    }
                    p { (visit.t(
                        "您的同意不等于授权；授权仍由法定代表人（或负责人）作出。",
                        "This is no grant. The legal representative (or owner) still decides.",
                    )) }
                    p.buttons { button.big type="submit" { (visit.t("我已阅读，同意提交授权", "I have read it and agree")) } }
                }
            }
        }
    }
}

fn passing_on(visit: &Visit, group: &str, can_sign_here: bool) -> Markup {
    html! {
        section.card {
            h2 { @if can_sign_here { (visit.t("换一台手机确认", "Confirm on a phone instead")) }
                 @else { (visit.t("交给法定代表人（或负责人）确认", "Hand it to the legal representative (or owner)")) } }
            p { (visit.t(
                "生成二维码和链接，由有权人用手机打开、登录后确认。链接本身不含任何信息，不登录无法查看。",
                "Makes a code and a link to open on a phone. The link tells nothing: whoever opens it has to sign in for this firm.",
            )) }
            form.buttons method="post" action={ "/grant/" (group) "/hand-over" } {
                (visit.token())
                button.plain[can_sign_here] type="submit" { (visit.t("生成二维码", "Make the code")) }
            }
        }
    }
}
