//! 成员: who may speak, with which certificates, and for how long yet; changes that wait for a second person.

use actix_web::HttpResponse;
use maud::{Markup, html};

use super::done;
use super::forms::{Form, back};
use super::view::{Menu, View, encoded};
use crate::domain::member::{CertificateState, MemberStatus, Role};
use crate::domain::proposal::{Person, ProposalStatus};
use crate::http::gate::Context;
use crate::http::html::lang::Lang;
use crate::http::html::parts::{self, Tone, badge, count, digest};
use crate::http::html::words;
use crate::service::error::ServiceResult;
use crate::service::members::{self, CertificateView, MemberChange, MemberView};
use crate::service::proposals::{self, ProposalView};

/// Proposals looked through for those that are open.
const PROPOSALS_MAX: i64 = 1_000;
const PLACE: &str = "/console/members";

/// The page.
pub async fn show(context: Context) -> ServiceResult<HttpResponse> {
    let view = View::of(&context);
    let mut all = members::overview(context.exchange());
    all.sort_by(|a, b| (a.role, &a.id).cmp(&(b.role, &b.id)));
    let open = open_proposals(&context).await?;
    let title = view.t("成员", "Members");
    let out = all.iter().filter(|one| one.status != MemberStatus::Active).count();
    let remark = match view.lang {
        Lang::Zh => format!("共 {} 个成员，{out} 个已停用或退出", all.len()),
        Lang::En => format!("{} members, {out} suspended or gone", all.len()),
    };
    let body = html! {
        (parts::heading(title, &remark))
        (done::done(&view))
        @if !open.is_empty() { (waiting(&view, &open)) }
        section.card {
            div.scroll { table.stack.members {
                thead { tr {
                    th { (view.t("成员", "Member")) } th { (view.t("身份", "Role")) } th.number { (view.t("每日配额", "Daily quota")) }
                    th { (view.t("证书", "Certificates")) } th { (view.t("状态", "Status")) }
                    @if view.is_bureau() { th { span.unseen { (view.t("操作", "Actions")) } } }
                } }
                tbody { @for one in &all { (line(&view, one)) } }
            } }
        }
    };
    Ok(view.page(Menu::Members, title, &body))
}

/// Proposals that nobody has decided yet.
pub async fn open_proposals(context: &Context) -> ServiceResult<Vec<ProposalView>> {
    let mut all = context.exchange().blocking(|e| proposals::page(e, "", PROPOSALS_MAX)).await?;
    all.retain(|proposal| proposal.status == ProposalStatus::Open);
    Ok(all)
}

fn line(view: &View, member: &MemberView) -> Markup {
    let tone = match member.status {
        MemberStatus::Active => Tone::Good,
        MemberStatus::Suspended => Tone::Bad,
        MemberStatus::Withdrawn => Tone::Quiet,
    };
    html! {
        tr {
            td.name.all data-label=(view.t("成员", "Member")) { span { b { (member.name) } br; small.quiet { " " (member.id) } } }
            td.fixed data-label=(view.t("身份", "Role")) { (words::role(view.lang, member.role)) }
            td.number data-label=(view.t("每日配额", "Daily quota")) {
                @if member.role == Role::Bank { (count(member.quota_per_day)) } @else { "—" }
            }
            td.all data-label=(view.t("证书", "Certificates")) { (certificates(view, &member.certificates)) }
            td data-label=(view.t("状态", "Status")) { (badge(tone, words::member_status(view.lang, member.status))) }
            @if view.is_bureau() { td.actions { (action(view, member)) } }
        }
    }
}

fn certificates(view: &View, all: &[CertificateView]) -> Markup {
    html! {
        ul.certificates { @for one in all { li {
            span { (one.label) } (state(view, one)) (digest(&one.fingerprint))
        } } }
    }
}

/// How a certificate stands; what ends within 30 days stands out, within 7 more so.
fn state(view: &View, one: &CertificateView) -> Markup {
    let left = match view.lang {
        Lang::Zh => format!("剩 {} 天", one.days_left),
        Lang::En => format!("{} days left", one.days_left),
    };
    match one.state {
        CertificateState::InUse => badge(Tone::Good, &left),
        CertificateState::Expiring => badge(if one.days_left <= 7 { Tone::Bad } else { Tone::Warn }, &left),
        CertificateState::NotYetValid => badge(Tone::Quiet, view.t("尚未生效", "Not yet valid")),
        CertificateState::Expired => badge(Tone::Bad, view.t("已过期", "Expired")),
        CertificateState::Withdrawn => badge(Tone::Quiet, view.t("已撤销", "Withdrawn")),
    }
}

/// Suspending asks once more, without a script: the button lies behind a summary. Nobody suspends itself.
fn action(view: &View, member: &MemberView) -> Markup {
    let place = |what: &str| format!("{PLACE}/{}/{what}", encoded(member.id.as_str()));
    html! {
        @match member.status {
            MemberStatus::Active => @if member.id != view.caller.member { details.confirm {
                summary { (view.t("停用…", "Suspend…")) }
                form method="post" action=(place("suspension")) {
                    (view.token())
                    p { (view.t("停用后，该成员的一切请求立即被拒绝。", "Every request of this member is refused at once.")) }
                    button.danger type="submit" { (view.t("确认停用", "Suspend")) }
                }
            } },
            MemberStatus::Suspended => form method="post" action=(place("resumption")) {
                (view.token())
                button type="submit" { (view.t("恢复", "Resume")) }
            },
            MemberStatus::Withdrawn => {},
        }
    }
}

/// A member may no longer act.
pub async fn suspend(context: Context) -> ServiceResult<HttpResponse> {
    Form::read(&context)?;
    let changed = members::suspend(context.exchange(), &context.caller, &context.path("id")?).await?;
    Ok(back(PLACE, became(&changed, "suspended")))
}

/// A member may act again.
pub async fn resume(context: Context) -> ServiceResult<HttpResponse> {
    Form::read(&context)?;
    let changed = members::resume(context.exchange(), &context.caller, &context.path("id")?).await?;
    Ok(back(PLACE, became(&changed, "resumed")))
}

fn became(changed: &MemberChange, applied: &'static str) -> &'static str {
    if changed.proposal.is_some() { "proposed" } else { applied }
}

fn waiting(view: &View, open: &[ProposalView]) -> Markup {
    html! {
        section.card {
            h2 { (view.t("等待第二人批准的变更", "Changes that wait for a second person")) }
            ul.proposals { @for proposal in open { li {
                div {
                    @for change in &proposal.changes {
                        p { b { (words::change(view.lang, &change.change)) } " " (change.subject)
                            @if !change.detail.is_empty() { " " span.quiet { (change.detail) } } }
                    }
                    p.quiet { (proposal.proposed_by) " · " (proposal.proposed_label) " · " (parts::time(proposal.proposed_at)) }
                }
                @if view.is_bureau() { div.buttons {
                    @for (what, zh, en, class) in [("approval", "批准", "Approve", ""), ("rejection", "否决", "Turn down", "plain")] {
                        form method="post" action={ "/console/proposals/" (encoded(&proposal.id)) "/" (what) } {
                            (view.token())
                            button.(class) type="submit" { (view.t(zh, en)) }
                        }
                    }
                } }
            } } }
        }
    }
}

/// A second person approves a change.
pub async fn approve(context: Context) -> ServiceResult<HttpResponse> {
    Form::read(&context)?;
    let (person, id) = (Person::from(&context.caller), context.path("id")?);
    context.exchange().blocking(move |e| proposals::approve(e, person, id)).await?;
    Ok(back(PLACE, "change-approved"))
}

/// A change is turned down.
pub async fn reject(context: Context) -> ServiceResult<HttpResponse> {
    Form::read(&context)?;
    let (person, id) = (Person::from(&context.caller), context.path("id")?);
    context.exchange().blocking(move |e| proposals::reject(e, person, id)).await?;
    Ok(back(PLACE, "change-rejected"))
}
