//! One release whole: what was asked, under which consent, what left, and the proof that it is in the ledger.

use actix_web::HttpResponse;
use maud::{Markup, html};

use super::parts::{self, Tone, badge, count, digest, fact};
use super::proof::{Proof, drawing};
use super::releases::outcome;
use super::view::{Menu, View, encoded};
use super::words;
use crate::domain::consent::Consent;
use crate::domain::section::Section;
use crate::http::gate::Context;
use crate::ledger::checkpoint::Checkpoint;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::figures::{self, ProvedRelease};

/// The page.
pub async fn show(context: Context) -> ServiceResult<HttpResponse> {
    let view = View::of(&context);
    let id = context.path("id")?;
    let exchange = context.exchange();
    let found = figures::release(exchange, &context.caller, &id).await?;
    let checkpoint = exchange.keys.open_checkpoint(&found.proof.checkpoint).map_err(ServiceError::internal)?;
    let names = figures::names(exchange).await?;
    let bank = names.get(&found.row.bank).unwrap_or(&found.row.bank);
    let title = view.t("一次查询", "One pull");
    let body = html! {
        p.crumbs { a href="/console/releases" { (view.t("放行", "Releases")) } " / " code { (found.row.id) } }
        div.heading {
            h1 { (bank) " " (outcome(&view, &found.row)) }
            p.quiet { (words::purpose(view.lang, &found.row.purpose)) " · " (parts::time(found.row.issued_at())) }
        }
        div.two.uneven {
            section.card { h2 { (view.t("查询", "The pull")) } (facts(&view, &found)) }
            section.card { h2 { (view.t("账本证明", "Proof in the ledger")) } (proved(&view, &found, &checkpoint)) }
        }
        @if let Some(consent) = &found.consent { (consent_card(&view, consent)) }
    };
    Ok(view.page(Menu::Releases, title, &body))
}

fn facts(view: &View, found: &ProvedRelease) -> Markup {
    let row = &found.row;
    html! {
        dl.facts {
            @if view.is_bureau() {
                (fact(view.t("纳税人", "Taxpayer"), &html! { code { (row.taxpayer_id.as_deref().unwrap_or("—")) } }))
            }
            (fact(view.t("授权", "Consent"), &html! { code { (row.consent_id) } }))
            @if let Some(product) = &row.product_id {
                (fact(view.t("产品", "Product"), &html! { a href={ "/console/products/" (encoded(product)) } { (product) } }))
            }
            @if let (Some(from), Some(to)) = (row.window_from, row.window_to) {
                (fact(view.t("所属期间", "Periods"), &html! { (from) " – " (to) }))
            }
            @if let Some(sections) = &row.sections {
                (fact(view.t("项目", "Sections"), &section_names(view, sections)))
            }
            (fact(view.t("证书", "Certificate"), &html! {
                @if let Some(label) = &found.label { (label) " " } (digest(&row.certificate))
            }))
            @if let Some(dossier) = &found.dossier_digest {
                (fact(view.t("档案摘要", "Dossier digest"), &digest(dossier)))
            }
            @if let Some(read_at) = row.read_at {
                (fact(view.t("数据截至条目", "Data as of entry"), &html! { (count(u64::try_from(read_at).unwrap_or(0))) }))
            }
            @if let Some(policy) = &row.policy {
                (fact(view.t("授权规则版本", "Consent rules"), &html! { (policy) }))
            }
            @if let Some(epoch) = row.salt_epoch {
                (fact(view.t("盐值批次", "Salt epoch"), &html! { (epoch) }))
            }
            @if let Some(reference) = &row.bank_ref {
                (fact(view.t("银行业务编号", "Bank's reference"), &html! { (reference) }))
            }
        }
    }
}

fn section_names(view: &View, sections: &str) -> Markup {
    html! {
        span.chips {
            @for name in sections.split_whitespace() {
                @match name.parse::<Section>() {
                    Ok(section) => span.chip { (words::section(view.lang, section)) },
                    Err(_) => span.chip { (name) },
                }
            }
        }
    }
}

fn proved(view: &View, found: &ProvedRelease, checkpoint: &Checkpoint) -> Markup {
    let proof = Proof {
        index: found.proof.index,
        size: checkpoint.size,
        leaf: &found.leaf,
        hashes: &found.proof.hashes,
        root: &checkpoint.root,
    };
    html! {
        p {
            @if proof.holds() {
                (badge(Tone::Good, view.t("✓ 重算一致", "✓ Recomputed, it holds")))
                " " (view.t("自条目逐级计算，得到已签名检查点的根。", "Hashed step by step from the entry, it gives the root that was signed."))
            } @else {
                (badge(Tone::Bad, view.t("✗ 证明不成立", "✗ The proof does not hold")))
            }
        }
        figure { (drawing(view.lang, &proof)) }
        details {
            summary { (view.t("检查点原文", "The checkpoint as signed")) }
            pre { (found.proof.checkpoint) }
        }
    }
}

fn consent_card(view: &View, consent: &Consent) -> Markup {
    let terms = &consent.terms;
    let sections: Vec<&str> = terms.sections.iter().map(|section| section.as_str()).collect();
    let purposes: Vec<&str> =
        terms.purpose.iter().map(|purpose| words::purpose(view.lang, purpose.as_str())).collect();
    html! {
        section.card {
            h2 { (view.t("授权", "Consent")) " "
                @let now = consent.standing(view.now);
                (badge(Tone::Quiet, &format!("{}{}", view.t("现为", "now: "), words::consent_status(view.lang, now.as_str())))) }
            dl.facts.columns {
                (fact(view.t("编号", "Id"), &html! { code { (terms.id) } }))
                (fact(view.t("纳税人", "Taxpayer"), &html! { code { (terms.taxpayer_id.as_str()) } }))
                (fact(view.t("目的", "Purposes"), &html! { (purposes.join("、")) }))
                (fact(view.t("有效期", "In force"), &html! { (parts::date(terms.valid_from)) " – " (parts::date(terms.valid_to)) }))
                (fact(view.t("查询次数", "Pulls"), &html! { (consent.pulls_used) " / " (terms.pulls_max) }))
                (fact(view.t("保存至", "Kept until"), &html! { (terms.retain_until) }))
                (fact(view.t("授权文本", "Text"), &html! { (terms.text.version) " " (digest(&terms.text.digest)) }))
                (fact(view.t("授权摘要", "Digest"), &digest(&consent.digest)))
                (fact(view.t("个人信息", "Personal data"), &html! {
                    (if terms.personal_data { view.t("另获单独同意", "under a consent of its own") } else { view.t("不提供", "none") }) }))
                (fact(view.t("项目", "Sections"), &section_names(view, &sections.join(" "))))
            }
        }
    }
}
