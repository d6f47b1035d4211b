//! 成员: who may speak, with which certificates, and for how long yet.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use maud::{Markup, html};

use super::forms::Form;
use super::parts::{self, Tone, badge, count, digest};
use super::view::{Menu, View, encoded};
use super::words;
use crate::domain::member::{MemberId, MemberStatus, Role};
use crate::domain::timestamp::Timestamp;
use crate::http::gate::Context;
use crate::service::Exchange;
use crate::service::admin::{self, Change};
use crate::service::error::{ServiceError, ServiceResult};
use crate::store::members::{self, Certificate, Member};

/// A member with its certificates.
pub struct Listed {
    /// The member.
    pub member: Member,
    /// Its certificates, those that end last first.
    pub certificates: Vec<Certificate>,
}

impl Listed {
    /// Certificates that are accepted now.
    pub fn in_use(&self, now: Timestamp) -> impl Iterator<Item = &Certificate> {
        self.certificates.iter().filter(move |one| one.withdrawn_at.is_none() && one.not_after > now)
    }
}

/// Every member, banks first.
pub async fn all(exchange: &Arc<Exchange>) -> ServiceResult<Vec<Listed>> {
    let (members, certificates) = exchange
        .blocking(|e| Ok(e.ledger.read(|c| Ok((members::all(c)?, members::certificates(c)?)))?))
        .await?;
    let mut listed: Vec<Listed> = members
        .into_iter()
        .map(|member| {
            let mut own: Vec<Certificate> =
                certificates.iter().filter(|one| one.member == member.id).cloned().collect();
            own.sort_by_key(|one| (one.withdrawn_at.is_some(), std::cmp::Reverse(one.not_after)));
            Listed { member, certificates: own }
        })
        .collect();
    listed.sort_by(|a, b| (a.member.role, &a.member.id).cmp(&(b.member.role, &b.member.id)));
    Ok(listed)
}

/// The page.
pub async fn show(context: Context) -> ServiceResult<HttpResponse> {
    let view = View::of(&context);
    let listed = all(context.exchange()).await?;
    let title = view.t("成员", "Members");
    let suspended = listed.iter().filter(|one| one.member.status == MemberStatus::Suspended).count();
    let remark = match view.lang {
        super::lang::Lang::Zh => format!("共 {} 个成员，{suspended} 个已停用", listed.len()),
        super::lang::Lang::En => format!("{} members, {suspended} suspended", listed.len()),
    };
    let body = html! {
        (parts::heading(title, &remark))
        (parts::done(&view))
        section.card {
            div.scroll { table.stack.members {
                thead { tr {
                    th { (view.t("成员", "Member")) } th { (view.t("身份", "Role")) } th.number { (view.t("每日配额", "Daily quota")) }
                    th { (view.t("证书", "Certificates")) } th { (view.t("状态", "Status")) }
                    @if view.is_bureau() { th { span.unseen { (view.t("操作", "Actions")) } } }
                } }
                tbody { @for one in &listed { (line(&view, one)) } }
            } }
        }
    };
    Ok(view.page(Menu::Members, title, &body))
}

fn line(view: &View, one: &Listed) -> Markup {
    let member = &one.member;
    let tone = match member.status {
        MemberStatus::Active => Tone::Good,
        MemberStatus::Suspended => Tone::Bad,
    };
    html! {
        tr {
            td data-label=(view.t("成员", "Member")) { b { (member.name) } br; small.quiet { (member.id) } }
            td data-label=(view.t("身份", "Role")) { (words::role(view.lang, member.role)) }
            td.number data-label=(view.t("每日配额", "Daily quota")) {
                @if member.role == Role::Bank { (count(member.quota_per_day)) } @else { "—" }
            }
            td data-label=(view.t("证书", "Certificates")) { (certificates(view, &one.certificates)) }
            td data-label=(view.t("状态", "Status")) { (badge(tone, words::member_status(view.lang, member.status))) }
            @if view.is_bureau() { td.actions { (action(view, member)) } }
        }
    }
}

fn certificates(view: &View, all: &[Certificate]) -> Markup {
    html! {
        ul.certificates { @for one in all { li {
            span { (one.label) } " "
            @if one.withdrawn_at.is_some() { (badge(Tone::Quiet, view.t("已撤销", "Withdrawn"))) }
            @else { (parts::days_left(view.lang, parts::days_until(view.now, one.not_after))) }
            " " (digest(&one.fingerprint))
        } } }
    }
}

/// Suspending asks once more, without a script: the button lies behind a summary.
fn action(view: &View, member: &Member) -> Markup {
    let place = |what: &str| format!("/console/members/{}/{what}", encoded(member.id.as_str()));
    html! {
        @match member.status {
            _ if member.role == Role::Bureau => {},
            MemberStatus::Active => details.confirm {
                summary { (view.t("停用…", "Suspend…")) }
                form method="post" action=(place("suspension")) {
                    (view.token())
                    p { (view.t("停用后，该成员的一切请求立即被拒绝。", "Every request of this member is refused at once.")) }
                    button.danger type="submit" { (view.t("确认停用", "Suspend")) }
                }
            },
            MemberStatus::Suspended => form method="post" action=(place("resumption")) {
                (view.token())
                button type="submit" { (view.t("恢复", "Resume")) }
            },
        }
    }
}

/// A member may no longer act.
pub async fn suspend(context: Context) -> ServiceResult<HttpResponse> {
    change(&context, Change::Suspend, "suspended").await
}

/// A member may act again.
pub async fn resume(context: Context) -> ServiceResult<HttpResponse> {
    change(&context, Change::Resume, "resumed").await
}

async fn change(
    context: &Context,
    what: impl FnOnce(MemberId) -> Change,
    done: &str,
) -> ServiceResult<HttpResponse> {
    Form::read(context)?;
    let id: MemberId = context.path("id")?.parse().map_err(|_| ServiceError::NotFound)?;
    let (change, label) = (what(id), context.caller.label.clone());
    context.exchange().blocking(move |e| admin::apply(e, vec![change], label)).await?;
    let place = format!("/console/members?done={done}");
    Ok(HttpResponse::SeeOther().insert_header((LOCATION, place)).finish())
}
