//! `/`: for strangers what this is, for a firm what wants its attention and what it can do here.

use actix_web::HttpResponse;
use maud::{Markup, html};

use super::attention;
use super::frame::Menu;
use super::gate::see_other;
use super::visit::Visit;
use crate::http::html::parts::empty;
use crate::service::error::ServiceResult;

/// The landing page, or the firm's home page.
pub async fn show(visit: Visit) -> ServiceResult<HttpResponse> {
    match (visit.session(), visit.acting()) {
        (None, _) => Ok(visit.page(Menu::Home, "企业授权与查询", "For firms", &landing(&visit))),
        (Some(_), Err(_)) => Ok(see_other("/firms")),
        (Some(_), Ok(_)) => home(visit).await,
    }
}

/// What one can do here, a line each: where, and in a few words.
const TASKS: &[(&str, &str, &str, &str, &str)] = &[(
    "/my-data",
    "我的数据",
    "My data",
    "查看税务机关持有的数据，下载，或申请更正",
    "See what the bureau holds, download it, or have it corrected",
)];
const TASKS: &[(&str, &str, &str, &str, &str)] = &[
    (
        "/grant",
        "新建授权",
        "New authorisation",
        "选银行、选内容、先预览，再决定。",
        "Pick bank and items, look first, then decide.",
    ),
    (
        "/requests",
        "待确认",
        "Waiting for an answer",
        "银行的请求、经办人提交的申请和草稿。",
        "What banks ask, what was prepared, drafts.",
    ),
    (
        "/consents",
        "我的授权",
        "My authorisations",
        "查看、变更，两步撤回。",
        "Look, change, revoke in two clicks.",
    ),
    (
        "/accesses",
        "谁查过我的数据",
        "Who saw my data",
        "每一次查询，何时、何行、为何、结果，可自行核验。",
        "Every pull: when, which bank, why, and what came of it. Verify it yourself.",
    ),
    (
        "/my-data",
        "我的数据",
        "My data",
        "查看税务机关持有的数据，下载，或申请更正",
        "See what the bureau holds, download it, or have it corrected",
    ),
    (
        "/my-copy",
        "自取数据副本",
        "My own copy",
        "取一份有签名的本企业数据，给谁看由您决定。",
        "A signed copy of this firm's data, for whom you like.",
    ),
    ("/settings", "授权设置", "Settings", "屏蔽银行，设置双人确认。", "Block banks, ask for two persons."),
    (
        "/report",
        "举报中介",
        "Report an intermediary",
        "本服务免费。有人收费代办，请告诉税务机关。",
        "This service is free. If somebody charged for it, tell the tax bureau.",
    ),
];

async fn home(visit: Visit) -> ServiceResult<HttpResponse> {
    let found = attention::all(&visit).await?;
    let acting = visit.acting()?;
    let may_grant = acting.firm.role.may_grant().is_some();
    let body = html! {
        div.heading {
            h1 { (acting.firm.name) }
            p.quiet { (visit.t("纳税人识别号 ", "Taxpayer number ")) (acting.firm.taxpayer_id) }
        }
        section.card aria-labelledby="attention" {
            h2 #attention { (visit.t("需要您处理的事项", "Waiting for you")) }
            @if found.is_empty() {
                (empty(visit.t("目前没有待办事项。", "Nothing is waiting for you.")))
            } @else { (attention::list(&visit, &found)) }
        }
        @if !TASKS.is_empty() {
            ul.cards {
                @for (href, zh, en, about_zh, about_en) in TASKS {
                    li { a.card href=(href) { b { (visit.t(zh, en)) } span.quiet { (visit.t(about_zh, about_en)) } } }
                }
            }
        }
        @if !may_grant {
            p.notice { (visit.t(
                "您可以为本企业起草授权；授权与撤回须由法定代表人（或负责人）本人登录办理。",
                "You can prepare authorisations for this firm. Granting and revoking are for the legal representative (or owner) in person.",
            )) }
        }
    };
    Ok(visit.page(Menu::Home, "首页", "Home", &body))
}

fn landing(visit: &Visit) -> Markup {
    html! {
        section.hero {
            h1 { (visit.t("用纳税信用申请贷款，数据由您做主", "Borrow on your tax record, and stay in charge of it")) }
            p.lead { (visit.t(
                "银行要看企业的纳税数据，先要得到您的授权。给哪家银行、看哪几项、看多久，都由您决定；每一次查阅都有记录，您随时可以撤回。",
                "A bank sees a firm's tax data only with your authorisation. You decide which bank, which items and for how long. Every access is recorded, and you can revoke at any time.",
            )) }
            p.buttons { a.button.big href="/sign-in" { (visit.t("登录并办理", "Sign in")) } }
        }
        ol.steps.three {
            (step(visit.t("看清楚再授权", "See before you grant"), visit.t(
                "授权之前，先看到将要提供给银行的每一项内容。",
                "Before you grant, you see every item that would go to the bank.",
            )))
            (step(visit.t("一行一授权", "One bank at a time"), visit.t(
                "每家银行单独勾选，没有默认勾选，也没有一揽子授权。",
                "Each bank is ticked on its own. Nothing is ticked for you.",
            )))
            (step(visit.t("查得到，收得回", "Traceable and revocable"), visit.t(
                "谁在何时看了什么，都能查到并核验；两步即可撤回，撤回后立即停止提供。",
                "Who saw what and when can be looked up and verified. Revoking takes two clicks and works at once.",
            )))
        }
        p.notice { (visit.t(
            "本服务免费，不收取任何费用，也不委托任何中介代办。",
            "This service is free: there is no fee, and no intermediary acts for it.",
        )) }
    }
}

fn step(title: &str, text: &str) -> Markup {
    html! { li { b { (title) } p { (text) } } }
}
