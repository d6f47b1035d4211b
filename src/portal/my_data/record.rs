//! `/my-data/{section}/records/{record}`: one record whole, its revisions, what the firm says to it.

use actix_web::HttpResponse;
use maud::{Markup, html};

use super::layout::{contents, flattened, kind};
use super::section::{name, state};
use super::{is_waiting, record_of};
use crate::domain::case::TEXT_LENGTH_MAX;
use crate::domain::section::Section;
use crate::portal::frame::Menu;
use crate::portal::visit::Visit;
use crate::readable::value::harmless;
use crate::readable::{fields, names};
use crate::service::error::ServiceResult;
use crate::service::held::{HeldRecord, Revision};
use crate::service::{corrections, fairness};

/// The record.
pub async fn show(visit: Visit) -> ServiceResult<HttpResponse> {
    let (section, record) = record_of(&visit).await?;
    let body = html! {
        (heading(&visit, section, &record))
        (newest(&visit, section, &record))
        (history(&visit, section, &record))
        @if section == Section::Violations { (said(&visit, &record)) }
        (dispute(&visit, section, &record))
    };
    Ok(visit.page(Menu::MyData, "记录详情", "A record", &body))
}

/// The firm says that the record is wrong.
pub async fn request(visit: Visit) -> ServiceResult<HttpResponse> {
    let (section, record) = record_of(&visit).await?;
    let text = visit.form()?.required("text")?.to_owned();
    corrections::request(&visit.exchange, visit.acting()?, section, record.key, text).await?;
    Ok(visit.done("/corrections", "correction-requested"))
}

/// The form for a statement to a violation; only who may speak for the firm, recognised just now, comes here.
pub async fn statement_form(visit: Visit) -> ServiceResult<HttpResponse> {
    let (section, record) = record_of(&visit).await?;
    let place = place(section, &record);
    let body = html! {
        (heading(&visit, section, &record))
        form.card method="post" action={ (place) "/statement" } {
            h2 { (visit.t("附具说明", "Add a statement")) }
            (visit.token())
            label.field {
                span { (visit.t("说明内容", "Your statement")) }
                textarea name="text" rows="6" required maxlength=(TEXT_LENGTH_MAX) {
                    @if let Some(earlier) = &record.statement { (earlier) }
                }
                span.hint { (visit.t(
                    "说明将随该记录提供给您授权的银行。请勿写入个人身份号码、电话等个人信息。",
                    "It goes with the record to every bank that you authorise. Leave out identity numbers, telephone numbers and the like.",
                )) }
            }
            p.buttons {
                button type="submit" { (visit.t("附上说明", "Attach it")) }
                a.button.plain href=(place) { (visit.t("返回", "Back")) }
            }
        }
    };
    Ok(visit.page(Menu::MyData, "附具说明", "Add a statement", &body))
}

/// Takes a statement.
pub async fn state_it(visit: Visit) -> ServiceResult<HttpResponse> {
    let (section, record) = record_of(&visit).await?;
    if section != Section::Violations {
        return Err(crate::service::error::ServiceError::NotFound);
    }
    let text = visit.form()?.required("text")?.to_owned();
    let place = place(section, &record);
    fairness::state(&visit.exchange, visit.acting()?, record.key, text).await?;
    Ok(visit.done(&place, "statement-added"))
}

fn place(section: Section, record: &HeldRecord) -> String {
    format!("/my-data/{section}/records/{}", record.reference)
}

fn heading(visit: &Visit, section: Section, record: &HeldRecord) -> Markup {
    html! {
        nav.crumbs aria-label=(visit.t("位置", "Where you are")) {
            a href="/my-data" { (visit.t("我的数据", "My data")) }
            a href={ "/my-data/" (section) } { (visit.t(section.label_zh(), section.label_en())) }
        }
        div.heading { h1 { (name(record)) } p { (state(visit, record)) } }
    }
}

fn newest(visit: &Visit, section: Section, record: &HeldRecord) -> Markup {
    html! {
        @if let Some(newest) = record.revisions.first() {
            section.card aria-labelledby="content" {
                h2 #content { (visit.t("目前的内容", "As it stands")) }
                (contents(visit, section.as_str(), &newest.body))
            }
        }
    }
}

fn history(visit: &Visit, section: Section, record: &HeldRecord) -> Markup {
    let earlier = record.revisions.iter().skip(1).map(Some).chain([None]);
    html! {
        section.card aria-labelledby="history" {
            h2 #history { (visit.t("来源与修订", "Source and revisions")) }
            table.stack {
                thead { tr {
                    th scope="col" { (visit.t("数据截至", "As of")) }
                    th scope="col" { (visit.t("来源表单", "Form")) }
                    th scope="col" { (visit.t("变化", "What changed")) }
                    th scope="col" { (visit.t("账本序号", "Ledger entry")) }
                } }
                tbody {
                    @for (revision, before) in record.revisions.iter().zip(earlier) {
                        tr {
                            td data-label=(visit.t("数据截至", "As of")) { (revision.as_of) }
                            td data-label=(visit.t("来源表单", "Form")) { (names::name(names::FORMS, &revision.form)) }
                            td data-label=(visit.t("变化", "What changed")) { (changed(visit, section, revision, before)) }
                            td.number data-label=(visit.t("账本序号", "Ledger entry")) { (revision.index) }
                        }
                    }
                }
            }
        }
    }
}

/// The fields in which a revision differs from the one before.
fn changed(visit: &Visit, section: Section, revision: &Revision, before: Option<&Revision>) -> Markup {
    const NAMED: usize = 6;
    let Some(before) = before else { return html! { (visit.t("首次入库", "First delivered")) } };
    let (now, then) = (flattened(&revision.body), flattened(&before.body));
    let differing: Vec<String> = now
        .iter()
        .filter(|entry| !then.contains(entry))
        .map(|(path, _)| path)
        .chain(then.iter().map(|(path, _)| path).filter(|path| now.iter().all(|(known, _)| known != *path)))
        .map(|path| fields::name(section.as_str(), &kind(&revision.body), path))
        .collect();
    let shown = differing.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join("、");
    html! {
        (shown)
        @if differing.len() > NAMED { (visit.t(" 等 ", " and more: ")) (differing.len()) (visit.t(" 项", " fields")) }
        @if differing.is_empty() { (visit.t("校验结果", "The checks")) }
    }
}

fn said(visit: &Visit, record: &HeldRecord) -> Markup {
    let place = place(Section::Violations, record);
    let may_speak = visit.acting().is_ok_and(|acting| acting.firm.role.may_grant().is_some());
    html! {
        section.card aria-labelledby="statement" {
            h2 #statement { (visit.t("贵单位的说明", "Your statement")) }
            @if let Some(last_day) = record.notice_last_day {
                p { @if visit.now.shanghai_date() <= last_day {
                    (visit.t("该记录在 ", "Until ")) (last_day) (visit.t(
                        " 前（含当日）不会提供给任何银行，您可以在此期间附具说明。",
                        " (that day included) this record goes to no bank: you can add a statement.",
                    ))
                } @else {
                    (visit.t("告知期已满，该记录属于可提供的数据。", "The notice has run out: the record is part of what can be provided."))
                } }
            }
            @match &record.statement {
                Some(text) => { p.said { (harmless_lines(text)) } }
                None => { p.quiet { (visit.t("尚未附具说明。", "None yet.")) } }
            }
            @if may_speak {
                p.buttons { a.button.plain[!is_waiting(visit, record)] href={ (place) "/statement" } {
                    @if record.statement.is_some() { (visit.t("更换说明", "Replace it")) } @else { (visit.t("附具说明", "Add a statement")) }
                } }
            } @else {
                p.quiet { (visit.t("说明须由法定代表人（或负责人）登录附具。", "The legal representative (or owner) signs in to add it.")) }
            }
        }
    }
}

fn dispute(visit: &Visit, section: Section, record: &HeldRecord) -> Markup {
    html! {
        section.card aria-labelledby="dispute" {
            h2 #dispute { (visit.t("这条记录有误？", "Is this record wrong?")) }
            @if record.disputed {
                p { (visit.t(
                    "已申请更正，核查期间提供的数据会注明贵单位有异议。",
                    "A correction was asked for. Until it is decided, what is provided says that you dispute this.",
                )) }
                p.buttons { a.button.plain href="/corrections" { (visit.t("查看进度", "See how it stands")) } }
            } @else {
                p { (visit.t(
                    "提交后立即标注：此后提供给银行的数据会注明贵单位对该记录有异议，直至税务机关认定。",
                    "From now on what goes to banks will say that you dispute this record, until the bureau decides.",
                )) }
                form method="post" action={ (place(section, record)) "/correction" } {
                    (visit.token())
                    label.field {
                        span { (visit.t("错在哪里，应当是什么", "What is wrong, and what should it be")) }
                        textarea name="text" rows="5" required maxlength=(TEXT_LENGTH_MAX) {}
                        span.hint { (visit.t(
                            "仅供税务机关核查，不会提供给银行。系统核查 1 个工作日，信息来源核查 2 个工作日，可延长 3 个工作日。",
                            "For the bureau only, no bank reads it. One working day for the system's check, two for the source, which may take three more.",
                        )) }
                    }
                    p.buttons { button type="submit" { (visit.t("申请更正", "Ask for a correction")) } }
                }
            }
        }
    }
}

/// A text with its lines kept and nothing in it that acts.
fn harmless_lines(text: &str) -> String {
    text.lines().map(harmless).collect::<Vec<_>>().join("\n")
}
