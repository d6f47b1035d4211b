//! `/consents/{id}`: one authorisation, all of it, and what can be done with it.

use actix_web::HttpResponse;
use maud::{Markup, html};

use super::{can_revoke, status};
use crate::domain::consent::{Assurance, ConsentStatus, GrantMethod, GrantorRole};
use crate::domain::representative::PortalRole;
use crate::http::html::lang::Lang;
use crate::http::html::parts::{digest, fact, time};
use crate::portal::frame::{Menu, role_name};
use crate::portal::grant::words::{purposes, sections, window};
use crate::portal::visit::Visit;
use crate::service::error::ServiceResult;
use crate::service::firm_consents::{OwnConsent, find, member_name};

/// The page.
pub async fn show(visit: Visit) -> ServiceResult<HttpResponse> {
    let one = find(&visit.exchange, visit.acting()?, visit.path("id")?).await?;
    let own_personal = super::change::own_personal(&visit, &one).await?;
    let body = html! {
        div.heading {
            p.crumbs { a href="/consents" { "← " (visit.t("我的授权", "My authorisations")) } }
            h1 { (one.bank_name) " · " (one.product_name) " " (status(&visit, &one)) }
            p.quiet { (visit.t("授权编号 ", "No. ")) (one.number) }
        }
        @if one.consent.status == ConsentStatus::Suspended { (suspended(&visit, &one)) }
        section.card aria-labelledby="use" {
            h2 #use { (visit.t("使用情况", "Use")) }
            (used(&visit, &one))
        }
        section.card aria-labelledby="terms" {
            h2 #terms { (visit.t("授权内容", "What it allows")) }
            (terms(&visit, &one))
        }
        section.card aria-labelledby="signed" {
            h2 #signed { (visit.t("由谁授权", "Who granted it")) }
            (signed(&visit, &one))
        }
        (actions(&visit, &one, own_personal))
    };
    Ok(visit.page(Menu::Consents, "授权详情", "Authorisation", &body))
}

fn used(visit: &Visit, one: &OwnConsent) -> Markup {
    let terms = &one.consent.terms;
    html! {
        dl.facts {
            (fact(visit.t("已查询", "Queried"), &html! {
                (one.consent.pulls_used) " / " (terms.pulls_max) (visit.t(" 次", " times"))
                progress max=(terms.pulls_max) value=(one.consent.pulls_used) aria-label=(visit.t("已用次数", "Queries used")) {}
            }))
            (fact(visit.t("最近一次提供", "Last release"), &match one.last_release {
                Some(at) => time(at),
                None => html! { (visit.t("还没有提供过", "none so far")) },
            }))
            (fact(visit.t("有效期", "In force"), &html! { (time(terms.valid_from)) (visit.t(" 至 ", " until ")) (time(terms.valid_to)) }))
            @if one.consent.status == ConsentStatus::Revoked {
                (fact(visit.t("撤回时间", "Revoked"), &time(one.changed_at)))
                @if let Some(reason) = &one.revocation_reason {
                    (fact(visit.t("撤回说明", "Why"), &html! { span.said { (reason) } }))
                }
            }
        }
    }
}

fn terms(visit: &Visit, one: &OwnConsent) -> Markup {
    let (lang, terms) = (visit.lang, &one.consent.terms);
    let names: Vec<String> =
        terms.share_outcome_with.iter().map(|member| member_name(&visit.exchange, member)).collect();
    let personal = match (terms.personal_data, one.covers_personal_data) {
        (false, _) => visit.t("不提供", "none leaves"),
        (true, true) => visit.t("本人已单独同意提供", "with that person's own consent"),
        (true, false) => {
            visit.t("本人已撤回同意，不再提供", "that person took the consent back: none leaves any more")
        }
    };
    html! {
        dl.facts {
            (fact(visit.t("用途", "Purpose"), &html! { (purposes(lang, &terms.purpose)) }))
            (fact(visit.t("内容", "Items"), &html! { (sections(lang, &terms.sections)) }))
            (fact(visit.t("数据范围", "Tax periods"), &html! { (window(lang, terms.window)) }))
            (fact(visit.t("个人信息", "Personal data"), &html! { (personal) }))
            (fact(visit.t("结果告知", "Outcome told to"), &html! {
                @if names.is_empty() { (visit.t("仅贵单位", "your firm alone")) } @else { (names.join(visit.t("、", ", "))) }
            }))
            (fact(visit.t("银行应删除日期", "Bank deletes by"), &html! { (terms.retain_until) }))
            @if let Some(recipient) = terms.details.as_ref().map(|details| &details.recipient) {
                (fact(visit.t("接收方", "Recipient"), &html! {
                    (recipient.name)
                    @if let Some(uscc) = &recipient.uscc { br; span.quiet { (uscc) } }
                    @if let Some(contact) = &recipient.contact { br; span.quiet { (contact) } }
                }))
            }
        }
    }
}

fn signed(visit: &Visit, one: &OwnConsent) -> Markup {
    let (lang, terms) = (visit.lang, &one.consent.terms);
    let details = terms.details.as_ref();
    html! {
        dl.facts {
            (fact(visit.t("授权人", "Granted by"), &html! { (grantor(lang, terms.grantor.role)) }))
            (fact(visit.t("身份核验", "Recognised by"), &html! {
                (method(lang, terms.grantor.method)) (visit.t("，", ", ")) (assurance(lang, terms.grantor.assurance))
                br; time datetime=(terms.grantor.authenticated_at) { (time(terms.grantor.authenticated_at)) }
            }))
            (fact(visit.t("授权时间", "Granted"), &time(one.granted_at)))
            @if let Some(by) = details.and_then(|details| details.prepared_by.as_ref()) {
                (fact(visit.t("经办人", "Prepared by"), &html! { (role_name(lang, by.role)) " " (time(by.at)) }))
            }
            @for by in details.map(|details| details.approved_by.as_slice()).unwrap_or_default() {
                (fact(visit.t("共同确认", "Agreed by"), &html! { (role_name(lang, by.role)) " " (time(by.at)) }))
            }
            @if let Some(before) = details.and_then(|details| details.supersedes.as_ref()) {
                (fact(visit.t("替代", "In the place of"), &html! {
                    a href={ "/consents/" (before) } { (visit.t("原授权", "an earlier one")) }
                }))
            }
            (fact(visit.t("文本摘要", "Text read"), &html! { (digest(&terms.text.digest)) " " span.quiet { (terms.text.version) } }))
            (fact(visit.t("授权摘要", "Digest"), &digest(&one.consent.digest)))
        }
    }
}

fn grantor(lang: Lang, role: GrantorRole) -> &'static str {
    match role {
        GrantorRole::LegalRepresentative => role_name(lang, PortalRole::LegalRepresentative),
        GrantorRole::FinancialOfficer => role_name(lang, PortalRole::FinancialOfficer),
        GrantorRole::Owner => role_name(lang, PortalRole::Owner),
    }
}

fn method(lang: Lang, method: GrantMethod) -> &'static str {
    match method {
        GrantMethod::EbizLicence => lang.pick("电子营业执照", "electronic business licence"),
        GrantMethod::CaSeal => lang.pick("数字证书电子印章", "certificate and electronic seal"),
        GrantMethod::EtaxFace => lang.pick("电子税务局人脸核验", "face check of the e-tax bureau"),
        GrantMethod::CounterPaper => lang.pick("办税服务厅纸质授权", "on paper at the tax office"),
    }
}

fn assurance(lang: Lang, assurance: Assurance) -> &'static str {
    match assurance {
        Assurance::Reliable => lang.pick("可靠电子签名", "reliable electronic signature"),
        Assurance::Ordinary => lang.pick("一般电子签名", "ordinary electronic signature"),
    }
}

fn suspended(visit: &Visit, one: &OwnConsent) -> Markup {
    let may_decide = visit.acting().is_ok_and(|acting| acting.firm.role.may_grant().is_some());
    html! {
        section.notice.warn {
            p { (visit.t(
                "登记的法定代表人已变更，这份授权自动中止，银行目前查询不到任何信息。请由现任法定代表人决定恢复或撤回。",
                "The registered legal representative has changed, so this authorisation rests and nothing leaves. The present one decides whether to resume or revoke it.",
            )) }
            @if may_decide {
                form.buttons method="post" action={ "/consents/" (one.consent.terms.id) "/resume" } {
                    (visit.token())
                    button.plain type="submit" { (visit.t("恢复授权", "Resume it")) }
                }
            }
        }
    }
}

fn actions(visit: &Visit, one: &OwnConsent, own_personal: bool) -> Markup {
    let id = &one.consent.terms.id;
    html! {
        section.card aria-labelledby="do" {
            h2 #do { (visit.t("您可以", "What you can do")) }
            @if can_revoke(one.consent.status) {
                div.action {
                    a.button.danger href={ "/consents/" (id) "/revoke" } { (visit.t("撤回授权", "Revoke")) }
                    p.quiet { (visit.t("撤回后立即停止提供。", "Nothing leaves after that.")) }
                }
                div.action {
                    form method="post" action={ "/consents/" (id) "/amend" } {
                        (visit.token())
                        button.plain type="submit" { (visit.t("变更内容", "Change it")) }
                    }
                    p.quiet { (visit.t(
                        "另起一份草稿；确认授权后替代这一份，在此之前这一份照旧。",
                        "Starts a draft that takes this one's place once it is granted. Until then this one stays as it is.",
                    )) }
                }
            } @else { p { (visit.t("这份授权已经结束，银行不能再依据它查询。", "It has ended: no bank can query under it any more.")) } }
            div.action {
                a.button.plain href={ "/consents/" (id) "/letter" } { (visit.t("授权书", "The printed authorisation")) }
                a.button.plain href={ "/consents/" (id) "/receipt" } { (visit.t("下载授权回执", "Download the receipt")) }
                p.quiet { (visit.t(
                    "授权书可打印或存为PDF；回执带签名和存证证明，任何人可离线核验。",
                    "To print, or as a PDF. The receipt is signed and holds the ledger's proof: anybody verifies it offline.",
                )) }
            }
            @if own_personal {
                div.action {
                    a.button.plain href={ "/consents/" (id) "/personal" } { (visit.t("撤回我的个人信息同意", "Take back my personal consent")) }
                    p.quiet { (visit.t("企业的授权不受影响。", "The firm's authorisation stays.")) }
                }
            }
        }
    }
}
