//! 企业来件: what firms say is wrong, whom they report, and what banks have not yet deleted; for the bureau.

use std::collections::HashMap;

use actix_web::HttpResponse;
use maud::{Markup, html};

use super::done;
use super::forms::{Form, back};
use super::view::{Menu, View, encoded};
use crate::domain::case::TEXT_LENGTH_MAX;
use crate::domain::correction::CorrectionOutcome;
use crate::domain::taxpayer_id::TaxpayerId;
use crate::http::gate::Context;
use crate::http::html::parts::{self, badge};
use crate::http::html::words;
use crate::readable::value::harmless;
use crate::service::admin::Actor;
use crate::service::corrections::{self, CorrectionView, Listed};
use crate::service::deletions::{self, RetentionView};
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::figures;
use crate::service::reports::{self, ReportView};

/// Rows read of each list; the gateway's routes have all of them.
const ROWS_MAX: i64 = 200;
const PLACE: &str = "/console/firms";
/// What the bureau decides; that a firm takes its request back is the firm's.
const DECISIONS: [CorrectionOutcome; 2] = [CorrectionOutcome::Corrected, CorrectionOutcome::Kept];

/// The page.
pub async fn show(context: Context) -> ServiceResult<HttpResponse> {
    let view = View::of(&context);
    let exchange = context.exchange();
    let open = Listed { open: Some(true), overdue: false };
    let open = corrections::list(exchange, open, String::new(), ROWS_MAX).await?;
    let owed = deletions::page(exchange, None, true, String::new(), ROWS_MAX).await?;
    let mut reports = reports::list(exchange, String::new(), ROWS_MAX).await?;
    reports.reverse();
    let names = figures::names(exchange).await?;
    let title = view.t("企业来件", "From firms");
    let body = html! {
        (parts::heading(title, view.t("企业申请的更正、举报的中介，以及银行逾期未作的删除声明。", "Corrections that firms ask for, intermediaries they report, and deletions that banks owe.")))
        (done::done(&view))
        section.card {
            h2 { (view.t("待办更正", "Corrections to decide")) }
            p.quiet { (view.t("办结之前，提供给银行的数据均注明企业有异议。", "Until one is decided, what goes to banks says that the firm disputes the record.")) }
            @if open.is_empty() { (parts::empty(view.t("没有待办的更正。", "There is none."))) }
        }
        @for one in &open { (correction(&view, one)) }
        section.card {
            h2 { (view.t("逾期未声明删除", "Deletions overdue")) }
            @if owed.is_empty() { (parts::empty(view.t("没有逾期的。", "None is overdue."))) }
            @else { (deletions_table(&view, &owed, &names)) }
        }
        section.card {
            h2 { (view.t("举报中介", "Intermediaries reported")) }
            @if reports.is_empty() { (parts::empty(view.t("没有举报。", "Nobody was reported."))) }
            @for one in &reports { (report(&view, one)) }
        }
    };
    Ok(view.page(Menu::Firms, title, &body))
}

fn correction(view: &View, one: &CorrectionView) -> Markup {
    let (tone, word) = words::correction(view.lang, one);
    html! {
        section.card {
            h2 { (words::section(view.lang, one.section)) " " (badge(tone, word)) }
            p.quiet { (firm(&one.taxpayer_id)) " · " code { (one.record) } " · " (parts::time(one.requested_at)) }
            p.said { (plain(&one.text)) }
            p.quiet {
                (view.t("系统核查不晚于 ", "System's check by ")) (one.limits.check_by)
                (view.t("；来源核查不晚于 ", "; source's by ")) (one.limits.source_by)
                (view.t("，最长延至 ", ", at the latest ")) (one.limits.extended_by)
            }
            form method="post" action={ (PLACE) "/corrections/" (encoded(&one.id)) "/resolution" } {
                (view.token())
                div.row.stacked {
                    label { span { (view.t("认定", "Finding")) } select name="outcome" required {
                        option value="" { "—" }
                        @for outcome in DECISIONS { option value=(outcome.as_str()) { (words::correction_outcome(view.lang, outcome)) } }
                    } }
                    label { span { (view.t("给企业的答复", "What the firm is told")) } textarea name="note" maxlength=(TEXT_LENGTH_MAX) required {} }
                }
                div.buttons { button type="submit" { (view.t("办结并记入账本", "Decide, and record it")) } }
            }
        }
    }
}

fn deletions_table(view: &View, owed: &[RetentionView], names: &HashMap<String, String>) -> Markup {
    html! {
        div.scroll { table.stack {
            thead { tr {
                th { (view.t("银行", "Bank")) } th { (view.t("最迟保存至", "To be kept until")) } th { (view.t("授权", "Consent")) }
            } }
            tbody { @for one in owed { tr {
                td.name.all data-label=(view.t("银行", "Bank")) { (names.get(&one.bank).unwrap_or(&one.bank)) }
                td data-label=(view.t("最迟保存至", "To be kept until")) { (one.retain_until) }
                td.id data-label=(view.t("授权", "Consent")) { code title=(one.consent_id) { (parts::short_id(&one.consent_id)) } }
            } } }
        } }
    }
}

fn report(view: &View, one: &ReportView) -> Markup {
    html! {
        p.quiet {
            @match TaxpayerId::parse(&one.taxpayer_id) {
                Ok(taxpayer) => (firm(&taxpayer)),
                Err(_) => (one.taxpayer_id),
            }
            " · " (parts::time(one.received_at)) " · " (view.t("编号 ", "number ")) code { (one.id) }
        }
        p.said { (plain(&one.text)) }
    }
}

/// A firm's number, leading to its entries.
fn firm(taxpayer: &TaxpayerId) -> Markup {
    html! { a href={ "/console/entries?taxpayer=" (encoded(taxpayer.as_str())) } { code { (taxpayer) } } }
}

fn plain(text: &str) -> String {
    text.lines().map(harmless).collect::<Vec<_>>().join("\n")
}

/// Decides a correction.
pub async fn resolve(context: Context) -> ServiceResult<HttpResponse> {
    let form = Form::read(&context)?;
    let outcome: CorrectionOutcome = form
        .text("outcome")
        .and_then(|outcome| outcome.parse().ok())
        .filter(|outcome| DECISIONS.contains(outcome))
        .ok_or_else(|| ServiceError::invalid("/outcome", "请选择认定 choose a finding"))?;
    let note = form.text("note").unwrap_or_default().replace('\r', "");
    let id = context.path("id")?;
    corrections::resolve(context.exchange(), &Actor::from(&context.caller), id, outcome, note, None).await?;
    Ok(back(PLACE, "corrected"))
}
