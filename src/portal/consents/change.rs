//! What is done with an authorisation: revoked (two clicks: the button, and this page's), resumed, changed; and a
//! person's own consent taken back, which is nobody else's to do.

use actix_web::HttpResponse;
use maud::html;

use super::can_revoke;
use crate::portal::frame::Menu;
use crate::portal::gate::see_other;
use crate::portal::visit::Visit;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::firm_consents::{OwnConsent, find};
use crate::service::{personal, requests, standing};

/// Longest word on why, in characters.
const REASON_LENGTH_MAX: usize = 200;

/// `/consents/{id}/revoke`: what revoking does and does not do.
pub async fn ask_revoke(visit: Visit) -> ServiceResult<HttpResponse> {
    let one = find(&visit.exchange, visit.acting()?, visit.path("id")?).await?;
    if !can_revoke(one.consent.status) {
        return Ok(see_other(&format!("/consents/{}", one.consent.terms.id)));
    }
    if visit.acting()?.firm.role.may_grant().is_none() {
        return Err(ServiceError::Forbidden);
    }
    let id = &one.consent.terms.id;
    let body = html! {
        form.card.narrow method="post" action={ "/consents/" (id) "/revoke" } {
            (visit.token())
            h1 { (visit.t("确认撤回吗？", "Revoke it?")) }
            p { b { (one.bank_name) " · " (one.product_name) } br; span.quiet { (one.number) } }
            p { (visit.t(
                "撤回后，该银行不能再通过本平台查询贵单位信息；撤回前已依法提供的信息不受影响。",
                "After this the bank can no longer query your firm's data through this exchange. What was lawfully provided before is not affected.",
            )) }
            ul.list {
                li { (visit.t("立即生效，不需要银行同意。", "It works at once, and needs nobody's agreement.")) }
                li { (visit.t("如已申请贷款，银行可能因此无法继续审查；已发放贷款的合同义务不变。", "A bank may be unable to go on with an application. Duties under a loan contract stay.")) }
                li { (visit.t("撤回会写入存证账本，您可以随时重新授权。", "It is written into the ledger. You can authorise again at any time.")) }
            }
            label.field {
                span { (visit.t("原因（可不填，仅税务机关可见）", "Why (if you like; for the bureau alone)")) }
                input name="reason" maxlength=(REASON_LENGTH_MAX) autocomplete="off";
            }
            div.buttons {
                button.danger type="submit" { (visit.t("确认撤回", "Revoke")) }
                a.button.plain href={ "/consents/" (id) } { (visit.t("不撤回", "Keep it")) }
            }
        }
    };
    Ok(visit.page(Menu::Consents, "撤回授权", "Revoke", &body))
}

/// Revokes.
pub async fn revoke(visit: Visit) -> ServiceResult<HttpResponse> {
    let id = visit.path("id")?;
    let reason = visit.form()?.text("reason").map(str::to_owned);
    if reason
        .as_ref()
        .is_some_and(|text| text.chars().count() > REASON_LENGTH_MAX || text.chars().any(char::is_control))
    {
        return Err(ServiceError::invalid(
            "reason",
            "最多200字 at most 200 characters, none of them a control character",
        ));
    }
    standing::revoke(&visit.exchange, visit.acting()?, id.clone(), reason).await?;
    Ok(visit.done(&format!("/consents/{id}"), "revoked"))
}

/// Puts an authorisation that rests in force again.
pub async fn resume(visit: Visit) -> ServiceResult<HttpResponse> {
    let id = visit.path("id")?;
    standing::resume(&visit.exchange, visit.acting()?, id.clone()).await?;
    Ok(visit.done(&format!("/consents/{id}"), "resumed"))
}

/// Starts a draft that is to take its place.
pub async fn amend(visit: Visit) -> ServiceResult<HttpResponse> {
    let id = visit.path("id")?;
    let draft = requests::amend(&visit.exchange, visit.acting()?, id, None).await?;
    Ok(see_other(&format!("/grant/{}/terms", draft.group)))
}

/// Whether the person at work gave a personal consent beside this authorisation that still stands.
pub async fn own_personal(visit: &Visit, one: &OwnConsent) -> ServiceResult<bool> {
    if !one.consent.terms.personal_data {
        return Ok(false);
    }
    let own = personal::own(&visit.exchange, visit.acting()?, one.consent.terms.id.clone()).await?;
    Ok(own.is_some_and(|own| own.revoked_at.is_none()))
}

/// `/consents/{id}/personal`: what taking one's own consent back does and does not do.
pub async fn ask_personal(visit: Visit) -> ServiceResult<HttpResponse> {
    let one = find(&visit.exchange, visit.acting()?, visit.path("id")?).await?;
    if !own_personal(&visit, &one).await? {
        return Err(ServiceError::NotFound);
    }
    let id = &one.consent.terms.id;
    let body = html! {
        form.card.narrow method="post" action={ "/consents/" (id) "/personal" } {
            (visit.token())
            h1 { (visit.t("撤回您的个人信息同意？", "Take back your personal consent?")) }
            p { b { (one.bank_name) " · " (one.product_name) } }
            p { (visit.t(
                "撤回后，您的个人信息不再提供给该银行；撤回前已提供的不受影响。企业的授权仍然有效，如需停止请另行撤回。",
                "After this your personal data no longer goes to the bank. What was provided before is not affected. The firm's authorisation stays in force until it is revoked itself.",
            )) }
            div.buttons {
                button.danger type="submit" { (visit.t("确认撤回个人同意", "Take it back")) }
                a.button.plain href={ "/consents/" (id) } { (visit.t("返回", "Back")) }
            }
        }
    };
    Ok(visit.page(Menu::Consents, "撤回个人同意", "Take back a personal consent", &body))
}

/// Takes it back.
pub async fn revoke_personal(visit: Visit) -> ServiceResult<HttpResponse> {
    let id = visit.path("id")?;
    // The page is the firm's; the consent is the person's own.
    find(&visit.exchange, visit.acting()?, id.clone()).await?;
    personal::revoke(&visit.exchange, visit.acting()?, id.clone()).await?;
    Ok(visit.done(&format!("/consents/{id}"), "personal-revoked"))
}
