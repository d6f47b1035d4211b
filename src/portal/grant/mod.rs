//! Granting in four steps: bank and product, sections and window, a preview of exactly what would leave, text and ticks.
//!
//! What was chosen stands in draft rows, one for each bank, not in hidden fields: whoever prepares may stop after any
//! step, and whoever grants starts from the preview. A bank's request enters at the third step, its terms being fixed.

pub mod choose;
pub mod code;
pub mod confirm;
pub mod decide;
pub mod hand_over;
pub mod preview;
pub mod terms;
pub mod words;

use maud::{Markup, html};

use super::visit::Visit;
use crate::domain::consent_request::{RequestOrigin, RequestStatus};
use crate::service::error::ServiceResult;
use crate::service::requests::{self, RequestView};

/// The steps, in their order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Step {
    /// 选择银行
    Bank,
    /// 选择内容
    Terms,
    /// 预览
    Preview,
    /// 确认
    Confirm,
}

const STEPS: [(Step, &str, &str, &str); 4] = [
    (Step::Bank, "选择银行和产品", "Bank and product", ""),
    (Step::Terms, "选择内容和期限", "Items and period", "terms"),
    (Step::Preview, "预览将提供的内容", "Preview", "preview"),
    (Step::Confirm, "阅读并确认", "Read and confirm", "confirm"),
];

/// The requests that were prepared together under the path's `{id}`: all of the firm's own, none decided on already.
pub async fn together(visit: &Visit) -> ServiceResult<Vec<RequestView>> {
    let mut found = requests::group(&visit.exchange, visit.acting()?, visit.path("id")?).await?;
    found.retain(|one| one.status.is_open());
    Ok(found)
}

/// Whether all of them can still be changed: drafts of the firm's own.
pub fn are_drafts(requests: &[RequestView]) -> bool {
    requests.iter().all(|one| one.origin == RequestOrigin::Firm && one.status == RequestStatus::Draft)
}

/// Where one is among the four steps; those done before are links where one can go back to them.
pub fn steps(visit: &Visit, now: Step, group: Option<&str>, may_change: bool) -> Markup {
    let link = |step: Step, name: &str| {
        let group = group.filter(|_| step < now && step > Step::Bank)?;
        (may_change || step != Step::Terms).then(|| format!("/grant/{group}/{name}"))
    };
    html! {
        nav aria-label=(visit.t("办理步骤", "Steps")) {
            ol.steps.flow {
                @for (step, zh, en, name) in STEPS {
                    li.now[step == now].past[step < now] aria-current=[(step == now).then_some("step")] {
                        b {
                            @if let Some(href) = link(step, name) { a href=(href) { (visit.t(zh, en)) } }
                            @else { (visit.t(zh, en)) }
                        }
                    }
                }
            }
        }
    }
}

/// What cannot be done any more because all of it was decided on: a page that says where to look.
pub fn decided(visit: &Visit) -> Markup {
    html! {
        section.card.narrow {
            h1 { (visit.t("这份授权申请已经办结", "This has been decided on")) }
            p { (visit.t(
                "它已被授权、拒绝、作废或逾期。授权情况请看“我的授权”。",
                "It was granted, declined, discarded, or has lapsed. See “My authorisations” for what is in force.",
            )) }
            p.buttons {
                a.button href="/consents" { (visit.t("查看我的授权", "My authorisations")) }
                a.button.plain href="/requests" { (visit.t("查看待确认事项", "What waits for an answer")) }
            }
        }
    }
}
