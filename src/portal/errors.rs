//! Errors as pages. Each says what to do next; what is absent and what is another's look the same.

use actix_web::HttpResponse;
use maud::html;

use super::frame::{Frame, Menu};
use crate::http::problem;
use crate::service::error::ServiceError;

/// An error as a page; logs what only we may know.
pub fn error_page(frame: &Frame, error: &ServiceError, request_id: &str) -> HttpResponse {
    problem::log(error, request_id);
    let public = problem::public(error);
    let lang = frame.lang;
    let ((title_zh, title_en), (next_zh, next_en)) = words(error);
    let body = html! {
        section.card.error {
            p.code aria-hidden="true" { (public.status.as_u16()) }
            h1 { (lang.pick(title_zh, title_en)) }
            p { (lang.pick(next_zh, next_en)) }
            @for why in reasons(error) { p.why { (why) } }
            p.buttons {
                a.button href="/" { (lang.pick("回到首页", "Back to the home page")) }
                @if !frame.is_signed_in() { a.button.plain href="/sign-in" { (lang.pick("登录", "Sign in")) } }
            }
            p.quiet { (lang.pick("请求编号 ", "Request ")) code { (request_id) } }
        }
    };
    frame.page(public.status, Menu::Other, lang.pick(title_zh, title_en), None, &body)
}

/// Title and next step, each in Chinese and English.
type Words = ((&'static str, &'static str), (&'static str, &'static str));

fn words(error: &ServiceError) -> Words {
    match error {
        ServiceError::NotFound => (
            ("没有找到", "Nothing here"),
            (
                "这里没有您可以查看的内容。请核对链接，或从首页重新进入。",
                "There is nothing here that you may see. Check the link, or start again from the home page.",
            ),
        ),
        ServiceError::Forbidden => (
            ("须由法定代表人本人办理", "For the legal representative in person"),
            (
                "您当前的身份可以起草授权，但不能授权、撤回或屏蔽。请起草后把二维码或链接交给法定代表人（或负责人），由其本人登录确认。",
                "In your role you can prepare an authorisation, but neither grant nor revoke. Prepare it, and hand the code or link to the legal representative (or owner), who signs in and confirms.",
            ),
        ),
        ServiceError::Unauthenticated(_) => (
            ("请先登录", "Sign in first"),
            ("请通过电子税务局登录后再办理。", "Sign in through the e-tax bureau, and try again."),
        ),
        ServiceError::Conflict(_) | ServiceError::KeyConflict => (
            ("情况已有变化", "Things have changed meanwhile"),
            (
                "操作未执行。请回到相关页面查看最新情况后再办理。",
                "Nothing was done. Go back to the page, see how things stand now, and try again.",
            ),
        ),
        ServiceError::Invalid(_) | ServiceError::Malformed(_) | ServiceError::TooLarge(_) => (
            ("提交的内容有误", "Something is wrong with what was sent"),
            (
                "操作未执行。请返回上一页，按下面的说明修改。",
                "Nothing was done. Go back, and mend what is said below.",
            ),
        ),
        ServiceError::Denied(_) | ServiceError::RowsRejected(_) | ServiceError::NoEncryptionKey => {
            (("操作未执行", "Nothing was done"), ("规则不允许这样办理。", "The rules do not allow it."))
        }
        ServiceError::RateLimited { .. } => (("过于频繁", "Too often"), ("请稍后再试。", "Try again later.")),
        ServiceError::Busy(_) => (
            ("系统繁忙", "Busy"),
            ("操作未执行，请过几秒再试一次。", "Nothing was done: try again in a few seconds."),
        ),
        ServiceError::Fault(_) => (
            ("系统出现故障", "A fault of ours"),
            (
                "请稍后再试；如仍不行，请拨打 12366 并告知下面的编号。",
                "Try again later. If it happens again, call 12366 and tell them the number below.",
            ),
        ),
    }
}

/// What is wrong, where that is for the reader.
fn reasons(error: &ServiceError) -> Vec<String> {
    match error {
        ServiceError::Invalid(errors) => errors.iter().map(|error| error.message.clone()).collect(),
        ServiceError::Malformed(why) | ServiceError::Conflict(why) => vec![why.clone()],
        ServiceError::TooLarge(why) => vec![(*why).to_owned()],
        ServiceError::Unauthenticated(_)
        | ServiceError::Forbidden
        | ServiceError::NotFound
        | ServiceError::Denied(_)
        | ServiceError::RowsRejected(_)
        | ServiceError::KeyConflict
        | ServiceError::NoEncryptionKey
        | ServiceError::RateLimited { .. }
        | ServiceError::Busy(_)
        | ServiceError::Fault(_) => Vec::new(),
    }
}
