//! One release whole: what was asked, under which consent as it stood, what left, the proof that it is in the ledger, and
//! a replay.

use actix_web::HttpResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};
use serde_json::Value;

use super::forms::Form;
use super::proof::{Proof, drawing};
use super::releases::outcome;
use super::view::{Menu, View, encoded};
use crate::domain::section::{Section, SectionStatus};
use crate::http::gate::Context;
use crate::http::html::lang::Lang;
use crate::http::html::parts::{self, Tone, badge, count, digest, fact};
use crate::http::html::words;
use crate::ledger::hash::leaf_hash;
use crate::ledger::receipt::InclusionReceipt;
use crate::service::audit::{self, AuditedRelease, ConsentThen, Replayed};
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::figures;
use crate::store::releases::OUTCOME_GRANTED;

/// The page.
pub async fn show(context: Context) -> ServiceResult<HttpResponse> {
    page(context, None).await
}

/// The page with a replay made for it.
pub async fn replay(context: Context) -> ServiceResult<HttpResponse> {
    let form = Form::read(&context)?;
    let id = context.path("id")?;
    let replayed = audit::replay(context.exchange(), &context.caller, &id, form.text("mandate")).await?;
    page(context, Some((replayed, form.text("mandate").map(str::to_owned)))).await
}

async fn page(context: Context, replayed: Option<(Replayed, Option<String>)>) -> ServiceResult<HttpResponse> {
    let view = View::of(&context);
    let id = context.path("id")?;
    let exchange = context.exchange();
    let sent = replayed.as_ref().and_then(|(_, mandate)| mandate.as_deref());
    let mandate = view.asked("mandate").or(sent);
    let found = audit::release(exchange, &context.caller, &id, mandate).await?;
    let names = figures::names(exchange).await?;
    let bank = names.get(&found.bank).unwrap_or(&found.bank);
    let title = view.t("一次查询", "One pull");
    let body = html! {
        p.crumbs { a href="/console/releases" { (view.t("放行", "Releases")) } " / " code { (found.release_id) } }
        div.heading {
            h1 { (bank) " " (outcome(&view, &found.outcome)) }
            p.quiet { (words::purpose(view.lang, &found.purpose)) " · " (parts::time(found.at)) }
        }
        div.two.uneven {
            div {
                section.card { h2 { (view.t("查询", "The pull")) } (facts(&view, &found)) (holds(&view, &found)) }
                @if found.outcome == OUTCOME_GRANTED {
                    (replay_card(&view, &found, replayed.as_ref().map(|(replayed, _)| replayed), mandate))
                }
            }
            section.card { h2 { (view.t("账本证明", "Proof in the ledger")) } (proved(&view, &context, &found)?) }
        }
        @if !found.sections.is_empty() { (left(&view, &found)) }
        // How the consent stood tells why a pull was refused, which is for the bureau.
        @if let Some(consent) = &found.consent && (view.is_bureau() || found.outcome == OUTCOME_GRANTED) {
            (consent_card(&view, consent))
        }
    };
    Ok(view.page(Menu::Releases, title, &body))
}

fn facts(view: &View, found: &AuditedRelease) -> Markup {
    html! {
        dl.facts {
            @if let Some(taxpayer) = &found.taxpayer_id {
                (fact(view.t("纳税人", "Taxpayer"), &html! { code { (taxpayer) } }))
            }
            (fact(view.t("账本条目", "Ledger entry"), &html! {
                (count(found.index))
                @if !found.repeats.is_empty() {
                    span.quiet { " · " (view.t("重发 ", "sent again ")) (found.repeats.len()) (view.t(" 次", " times")) }
                }
            }))
            @if let Some(product) = &found.product_id {
                (fact(view.t("产品", "Product"), &html! { a href={ "/console/products/" (encoded(product)) } { (product) } }))
            }
            @if let Some(window) = &found.window {
                (fact(view.t("所属期间", "Periods"), &html! { (window.from) " – " (window.to) }))
            }
            (fact(view.t("证书", "Certificate"), &html! {
                @if let Some(label) = &found.label { (label) " " } (digest(&found.certificate))
            }))
            @if let Some(dossier) = &found.dossier_digest {
                (fact(view.t("档案摘要", "Dossier digest"), &digest(dossier)))
            }
            @if let Some(read_at) = found.read_at {
                (fact(view.t("数据截至", "Data as of"), &html! {
                    (view.t("条目 ", "entry ")) (count(u64::try_from(read_at).unwrap_or(0))) }))
            }
            @if let Some(policy) = &found.policy {
                (fact(view.t("授权规则", "Consent rules"), &html! { (policy) }))
            }
            @if let Some(epoch) = found.salt_epoch {
                (fact(view.t("盐值批次", "Salt epoch"), &html! { (epoch) }))
            }
            @if let Some(reference) = &found.bank_ref {
                (fact(view.t("银行编号", "Bank's reference"), &html! { (reference) }))
            }
        }
    }
}

fn holds(view: &View, found: &AuditedRelease) -> Markup {
    let bank = ("member", found.bank.as_str(), view.t("冻结该银行…", "Hold this bank…"));
    let taxpayer = found.taxpayer_id.as_deref();
    let taxpayer = taxpayer.map(|id| ("taxpayer", id, view.t("冻结该纳税人…", "Hold this taxpayer…")));
    let product = found.product_id.as_deref();
    let product = product.map(|id| ("product", id, view.t("冻结该产品…", "Hold this product…")));
    super::holds::links(view, &[Some(bank), taxpayer, product].into_iter().flatten().collect::<Vec<_>>())
}

fn replay_card(
    view: &View,
    found: &AuditedRelease,
    replayed: Option<&Replayed>,
    mandate: Option<&str>,
) -> Markup {
    html! {
        section.card #replay aria-live="polite" {
            h2 { (view.t("复现", "Replay")) }
            p.quiet { (view.t("由当时的记录重建档案，逐项与已签名的摘要比对。本次复现亦记入账本。",
                "Rebuilds the dossier from the records of that time and compares each digest with what was signed. The replay is an entry, too.")) }
            @if let Some(replayed) = replayed { (verdict(view, replayed)) }
            form method="post" action={ "/console/releases/" (encoded(&found.release_id)) "/replay" } data-replaces="#replay" {
                (view.token())
                @if let Some(mandate) = mandate { input type="hidden" name="mandate" value=(mandate); }
                button type="submit" { (if replayed.is_some() { view.t("再次复现", "Replay again") } else { view.t("复现本次放行", "Replay this release") }) }
            }
        }
    }
}

fn verdict(view: &View, replayed: &Replayed) -> Markup {
    html! {
        @if replayed.identical {
            p.notice.good role="status" { "✓ " (view.t("完全一致：", "Identical: ")) (replayed.sections.len())
                (view.t(" 个项目的摘要与签名内容相同。", " sections hash to what was signed.")) }
        } @else {
            p.notice.bad role="status" { "✗ " (view.t("不一致：", "It differs: ")) (replayed.first_difference.as_deref().unwrap_or_default()) }
        }
        ul.digests {
            @for one in &replayed.sections {
                li { span { (section_name(view, &one.section)) } (digest(&one.digest))
                    @if one.listed { (badge(Tone::Good, "✓")) } @else { (badge(Tone::Bad, "✗")) } }
            }
        }
    }
}

fn section_name<'a>(view: &View, name: &'a str) -> &'a str {
    name.parse::<Section>().map_or(name, |section| words::section(view.lang, section))
}

/// What left, section by section.
fn left(view: &View, found: &AuditedRelease) -> Markup {
    html! {
        section.card {
            h2 { (view.t("放行内容", "What left")) }
            div.scroll { table.stack {
                thead { tr {
                    th { (view.t("项目", "Section")) } th { (view.t("状态", "Status")) } th.number { (view.t("记录", "Records")) }
                    th { (view.t("摘要", "Digest")) } th { (view.t("签名内容", "Signed")) }
                } }
                tbody { @for one in &found.sections { tr {
                    td.all data-label=(view.t("项目", "Section")) { (section_name(view, &one.section)) }
                    td data-label=(view.t("状态", "Status")) { span {
                        (badge(status_tone(one.status), words::section_status(view.lang, one.status)))
                        @if let Some(reason) = &one.reason { " " span.quiet { (words::section_reason(view.lang, reason)) } }
                    } }
                    td.number data-label=(view.t("记录", "Records")) { (count(one.records)) }
                    td.all data-label=(view.t("摘要", "Digest")) { (digest(&one.digest)) }
                    td data-label=(view.t("签名内容", "Signed")) {
                        @if one.listed { (badge(Tone::Good, view.t("✓ 已列入", "✓ Listed"))) } @else { (badge(Tone::Bad, view.t("✗ 未列入", "✗ Not listed"))) }
                    }
                } } }
            } }
        }
    }
}

fn status_tone(status: SectionStatus) -> Tone {
    match status {
        SectionStatus::Present => Tone::Good,
        SectionStatus::Stale => Tone::Warn,
        SectionStatus::Empty | SectionStatus::NotCollected | SectionStatus::Withheld => Tone::Quiet,
    }
}

fn proved(view: &View, context: &Context, found: &AuditedRelease) -> ServiceResult<Markup> {
    let keys = &context.exchange().keys;
    let receipt = InclusionReceipt::parse(&found.receipt.proof).map_err(ServiceError::internal)?;
    let checkpoint = keys.open_checkpoint(&receipt.checkpoint).map_err(ServiceError::internal)?;
    let leaf = leaf_hash(&STANDARD.decode(&found.receipt.entry).map_err(ServiceError::internal)?);
    let proof = Proof {
        index: receipt.index,
        size: checkpoint.size,
        leaf: &leaf,
        hashes: &receipt.hashes,
        root: &checkpoint.root,
    };
    Ok(html! {
        p {
            @if proof.holds() {
                (badge(Tone::Good, view.t("✓ 重算一致", "✓ It holds")))
                " " (view.t("自条目逐级计算，得到已签名检查点的根。", "Hashed step by step from the entry, it gives the root that was signed."))
            } @else {
                (badge(Tone::Bad, view.t("✗ 证明不成立", "✗ The proof does not hold")))
            }
        }
        figure { (drawing(view.lang, &proof)) }
        details {
            summary { (view.t("检查点原文", "The checkpoint as signed")) }
            pre { (receipt.checkpoint) }
        }
    })
}

fn consent_card(view: &View, consent: &ConsentThen) -> Markup {
    let terms = &consent.terms;
    let text = |name: &str| terms.pointer(name).and_then(Value::as_str).unwrap_or("—");
    let list = |name: &str| -> Vec<&str> {
        let all = terms.pointer(name).and_then(Value::as_array);
        all.into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let date = |name: &str| text(name).parse().map_or_else(|_| text(name).to_owned(), parts::date);
    let purposes: Vec<&str> =
        list("/purpose").into_iter().map(|purpose| words::purpose(view.lang, purpose)).collect();
    let between = if view.lang == Lang::Zh { "、" } else { ", " };
    let personal = terms.pointer("/personal_data").and_then(Value::as_bool).unwrap_or(false);
    html! {
        section.card {
            h2 { (view.t("当时的授权", "The consent as it stood")) " "
                (badge(Tone::Quiet, words::consent_status(view.lang, consent.status.as_str()))) }
            dl.facts.columns {
                (fact(view.t("编号", "Id"), &html! { code { (text("/id")) } }))
                (fact(view.t("摘要", "Digest"), &digest(&consent.digest)))
                (fact(view.t("目的", "Purposes"), &html! { (purposes.join(between)) }))
                (fact(view.t("有效期", "In force"), &html! { (date("/valid_from")) " – " (date("/valid_to")) }))
                (fact(view.t("此前查询", "Pulls before"), &html! { (consent.pulls_used) " / " (terms.pointer("/pulls_max").map(Value::to_string).unwrap_or_default()) }))
                (fact(view.t("保存至", "Kept until"), &html! { (text("/retain_until")) }))
                (fact(view.t("授权文本", "Text"), &html! { (text("/text/version")) " " (digest(text("/text/digest"))) }))
                (fact(view.t("个人信息", "Personal data"), &html! {
                    (if personal { view.t("另获单独同意", "Under a consent of its own") } else { view.t("不提供", "None") }) }))
                (fact(view.t("项目", "Sections"), &html! { span.chips {
                    @for name in list("/sections") { span.chip { (section_name(view, name)) } }
                } }))
            }
        }
    }
}
