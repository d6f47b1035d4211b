//! `/settings`: banks that the firm does not want to be asked by, and whether two persons grant.

use actix_web::HttpResponse;
use maud::{Markup, html};

use super::frame::Menu;
use super::visit::Visit;
use crate::domain::member::{MemberId, Role};
use crate::http::html::parts::{empty, time};
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::requests;
use crate::service::requests::blocks::BlockView;

/// Both settings.
pub async fn show(visit: Visit) -> ServiceResult<HttpResponse> {
    let acting = visit.acting()?;
    let may_decide = acting.firm.role.may_grant().is_some();
    let blocked = requests::blocks(&visit.exchange, acting).await?;
    let jointly = requests::joint_approval(&visit.exchange, acting).await?;
    let members = visit.exchange.directory.members().into_iter().map(|(member, _)| member);
    let others: Vec<(MemberId, String)> = members
        .filter(|member| member.role == Role::Bank && blocked.iter().all(|one| one.bank != member.id))
        .map(|member| (member.id, member.name))
        .collect();
    let body = html! {
        div.heading {
            h1 { (visit.t("授权设置", "Settings of authorisations")) }
            @if !may_decide { p.quiet { (visit.t(
                "以下设置由法定代表人（或负责人）修改。",
                "The legal representative (or owner) changes these.",
            )) } }
        }
        (blocks(&visit, &blocked, &others, may_decide))
        (joint(&visit, jointly, may_decide))
    };
    Ok(visit.page(Menu::Other, "授权设置", "Settings", &body))
}

fn blocks(visit: &Visit, blocked: &[BlockView], others: &[(MemberId, String)], may_decide: bool) -> Markup {
    html! {
        section.card aria-labelledby="blocks" {
            h2 #blocks { (visit.t("屏蔽的银行", "Blocked banks")) }
            p { (visit.t(
                "被屏蔽的银行发来的授权请求不会显示，银行不会知道。已生效的授权不受影响，如需停止请撤回。",
                "Requests of a blocked bank are not shown, and the bank is not told. Authorisations in force are not affected: revoke them to stop them.",
            )) }
            @if blocked.is_empty() { (empty(visit.t("没有屏蔽任何银行。", "No bank is blocked."))) } @else {
                ul.list { @for one in blocked { li.spread {
                    span { b { (one.bank_name) } " " span.quiet { (visit.t("屏蔽于 ", "since ")) (time(one.since)) } }
                    @if may_decide {
                        form method="post" action="/settings/unblock" {
                            (visit.token())
                            button.plain.small type="submit" name="bank" value=(one.bank) {
                                (visit.t("解除屏蔽", "Unblock")) span.unseen { " " (one.bank_name) }
                            }
                        }
                    }
                } } }
            }
            @if may_decide && !others.is_empty() {
                form method="post" action="/settings/block" {
                    (visit.token())
                    label.field {
                        span { (visit.t("屏蔽一家银行", "Block a bank")) }
                        select name="bank" required {
                            option value="" { (visit.t("请选择", "Pick one")) }
                            @for (id, name) in others { option value=(id) { (name) } }
                        }
                    }
                    div.buttons { button.plain type="submit" { (visit.t("屏蔽", "Block")) } }
                }
            }
        }
    }
}

fn joint(visit: &Visit, jointly: bool, may_decide: bool) -> Markup {
    html! {
        section.card aria-labelledby="joint" {
            h2 #joint { (visit.t("双人确认", "Joint approval")) }
            p { (visit.t(
                "开启后，每份授权须先由财务负责人登录同意，再由法定代表人（或负责人）授权。撤回不需要双人确认。",
                "When on, the financial officer agrees first and the legal representative (or owner) grants. Revoking takes one person.",
            )) }
            p { b { @if jointly { (visit.t("现在：已开启", "Now: on")) } @else { (visit.t("现在：未开启", "Now: off")) } } }
            @if may_decide {
                form method="post" action="/settings/joint" {
                    (visit.token())
                    @if jointly {
                        button.plain type="submit" name="joint" value="off" { (visit.t("关闭双人确认", "Turn it off")) }
                    } @else {
                        button.plain type="submit" name="joint" value="on" { (visit.t("开启双人确认", "Turn it on")) }
                    }
                }
            }
        }
    }
}

/// Blocks a bank.
pub async fn block(visit: Visit) -> ServiceResult<HttpResponse> {
    requests::block(&visit.exchange, visit.acting()?, bank(&visit)?).await?;
    Ok(visit.done("/settings", "blocked"))
}

/// Lets it ask again.
pub async fn unblock(visit: Visit) -> ServiceResult<HttpResponse> {
    requests::unblock(&visit.exchange, visit.acting()?, bank(&visit)?).await?;
    Ok(visit.done("/settings", "unblocked"))
}

/// Turns joint approval on or off.
pub async fn set_joint(visit: Visit) -> ServiceResult<HttpResponse> {
    let wanted = match visit.form()?.required("joint")? {
        "on" => true,
        "off" => false,
        _other => return Err(ServiceError::invalid("joint", "on 或 off on or off")),
    };
    requests::set_joint_approval(&visit.exchange, visit.acting()?, wanted).await?;
    Ok(visit.done("/settings", "set"))
}

fn bank(visit: &Visit) -> ServiceResult<MemberId> {
    visit.form()?.required("bank")?.parse().map_err(|_| ServiceError::NotFound)
}
