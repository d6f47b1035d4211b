//! One product: its terms, and the field profile that opens what may leave. The bureau approves it here.

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use maud::{Markup, html};

use super::done;
use super::forms::{Form, back};
use super::products::{months, status, yuan};
use super::view::{Menu, View, encoded};
use crate::domain::describe;
use crate::domain::product::{FieldProfile, Fields, PersonalBusinessProfile, ProductStatus};
use crate::domain::section::Section;
use crate::http::gate::Context;
use crate::http::html::parts::{count, fact};
use crate::http::html::words;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::figures;
use crate::service::product::{self, ProductView};

/// The page.
pub async fn show(context: Context) -> ServiceResult<HttpResponse> {
    let view = View::of(&context);
    let id = context.path("id")?;
    let found = product::find(context.exchange(), id).await?;
    let names = figures::names(context.exchange()).await?;
    let bank = found.bank.to_string();
    let waits = found.status == ProductStatus::Submitted;
    let body = html! {
        p.crumbs { a href="/console/products" { (view.t("产品", "Products")) } " / " code { (found.id) } }
        div.heading {
            h1 { (found.terms.name) " " (status(&view, found.status)) }
            p.quiet { (names.get(&bank).unwrap_or(&bank)) }
        }
        (done::done(&view))
        section.card { h2 { (view.t("银行所报", "What the bank says")) } (terms(&view, &found)) }
        @if let Some(profile) = &found.profile {
            section.card { h2 { (view.t("已批准的字段清单", "The approved field profile")) } (opened(&view, profile)) }
        }
        @if waits && view.is_bureau() { (approval(&view, &found)) }
        @if waits && !view.is_bureau() {
            p.notice { (view.t("等待税务机关批准。", "Waits for the tax bureau's approval.")) }
        }
    };
    Ok(view.page(Menu::Products, &found.terms.name, &body))
}

fn terms(view: &View, product: &ProductView) -> Markup {
    let terms = &product.terms;
    html! {
        dl.facts.columns {
            (fact(view.t("额度上限", "Up to"), &html! { (yuan(view, terms.amount_max_fen)) }))
            (fact(view.t("年利率（单利）", "Simple annual rate"), &html! { (terms.rate_pct) "%" }))
            (fact(view.t("最长期限", "Longest term"), &html! { (months(view, terms.term_months_max)) }))
            (fact(view.t("提款方式", "Drawdown"), &html! { (words::drawdown(view.lang, terms.drawdown)) }))
            (fact(view.t("还款方式", "Repayment"), &html! { (words::repayment(view.lang, terms.repayment)) }))
            (fact(view.t("担保", "Security"), &html! { (view.t("信用（无抵押）", "Credit alone")) }))
            (fact(view.t("申请期间", "Window asked for"), &html! { (months(view, terms.window_months)) }))
            (fact(view.t("申请项目", "Sections asked for"), &chips(view, &terms.sections)))
        }
    }
}

fn chips(view: &View, sections: &[Section]) -> Markup {
    html! { span.chips { @for section in sections { span.chip { (words::section(view.lang, *section)) } } } }
}

fn opened(view: &View, profile: &FieldProfile) -> Markup {
    let until = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_else(|| "—".into());
    html! {
        dl.facts.columns {
            (fact(view.t("期间", "Window"), &html! { (months(view, profile.window_months)) }))
            (fact(view.t("批准自", "From"), &html! { (until(profile.valid_from)) }))
            (fact(view.t("批准至（不含）", "Until (excluded)"), &html! { (until(profile.valid_to)) }))
            @if let Some(personal) = &profile.personal_business {
                (fact(view.t("个体工商户等", "Sole traders and the like"), &chips(view, &personal.sections)))
            }
        }
        ul.opened {
            @for section in &profile.sections {
                li {
                    b { (words::section(view.lang, *section)) } " "
                    @match profile.fields.get(section) {
                        None => span.quiet { (view.t("全部字段", "every field")) },
                        Some(fields) => (field_names(view, *section, fields)),
                    }
                }
            }
        }
    }
}

fn field_names(view: &View, section: Section, opened: &BTreeSet<String>) -> Markup {
    let known = describe::fields(section);
    html! {
        span.quiet { (opened.len()) (view.t(" 个字段", " fields")) }
        span.chips {
            @for path in opened {
                @let field = known.iter().find(|field| field.path == *path);
                span.chip title=(path) { (field.map_or(path.as_str(), |field| view.t(&field.zh, &field.en))) }
            }
        }
    }
}

fn approval(view: &View, product: &ProductView) -> Markup {
    let window = product.terms.window_months;
    html! {
        form.card.approval method="post" action={ "/console/products/" (encoded(&product.id)) "/approval" } {
            (view.token())
            h2 { (view.t("批准字段清单", "Approve a field profile")) }
            p.quiet { (view.t("只可少于银行所报，不可多于。某一项目下不勾选字段，即开放全部字段；勾选后仅开放所选。",
                "It may open less than the bank asked for, never more. With no field ticked a section opens all of them.")) }
            div.row {
                label { span { (view.t("期间（月）", "Window in months")) }
                    input type="number" name="window" min="1" max=(window) value=(window) required; }
                label { span { (view.t("批准自", "From")) } input type="date" name="valid_from"; }
                label { span { (view.t("批准至（不含）", "Until (excluded)")) } input type="date" name="valid_to"; }
            }
            @for section in &product.terms.sections { (section_choice(view, *section)) }
            div.personal role="group" aria-labelledby="personal" {
                h3 #personal { (view.t("个体工商户、个人独资与合伙企业", "Sole traders, sole proprietorships, partnerships")) }
                p.quiet { (view.t("其涉税信息属于个人信息。不勾选则与上述相同；勾选则只开放所选项目。",
                    "Their tax data is a person's. With nothing ticked the same as above holds, otherwise only what is ticked.")) }
                div.ticks { @for section in &product.terms.sections {
                    label.tick { input type="checkbox" name="personal" value=(section.as_str()); (words::section(view.lang, *section)) }
                } }
            }
            div.buttons { button type="submit" { (view.t("批准并记入账本", "Approve, and record it")) } }
        }
    }
}

fn section_choice(view: &View, section: Section) -> Markup {
    let mut known = describe::fields(section);
    known.dedup_by(|a, b| a.path == b.path);
    html! {
        fieldset.choice {
            label.tick.main {
                input type="checkbox" name="section" value=(section.as_str()) checked;
                b { (words::section(view.lang, section)) }
            }
            details {
                summary { (view.t("限定字段", "Limit its fields")) " " span.quiet { "(" (count(u64::try_from(known.len()).unwrap_or(0))) ")" } }
                div.ticks { @for field in &known {
                    label.tick title=(field.path) {
                        input type="checkbox" name={ "field-" (section.as_str()) } value=(field.path);
                        (view.t(&field.zh, &field.en))
                    }
                } }
            }
        }
    }
}

/// Approves with the profile that was entered.
pub async fn approve(context: Context) -> ServiceResult<HttpResponse> {
    let form = Form::read(&context)?;
    let id = context.path("id")?;
    let profile = profile(&form)?;
    let approved = product::approve(context.exchange(), &context.caller, id, Some(profile)).await?;
    Ok(back(&format!("/console/products/{}", encoded(&approved.id)), "approved"))
}

fn profile(form: &Form) -> ServiceResult<FieldProfile> {
    let parse = |name: &str| {
        name.parse::<Section>()
            .map_err(|_| ServiceError::invalid("/section", "must be a section of the dossier"))
    };
    let sections: Vec<Section> = form.all("section").map(parse).collect::<ServiceResult<_>>()?;
    let personal: Vec<Section> = form.all("personal").map(parse).collect::<ServiceResult<_>>()?;
    let mut fields = Fields::new();
    for section in &sections {
        let name = format!("field-{section}");
        let named: BTreeSet<String> = form.all(&name).map(str::to_owned).collect();
        if !named.is_empty() {
            fields.insert(*section, named);
        }
    }
    let day = |name: &'static str| match form.text(name) {
        None => Ok(None),
        Some(text) => {
            text.parse().map(Some).map_err(|_| ServiceError::invalid(format!("/{name}"), "must be a date"))
        }
    };
    let window = form.text("window").and_then(|text| text.parse().ok());
    let personal: Vec<Section> = personal.into_iter().filter(|section| sections.contains(section)).collect();
    Ok(FieldProfile {
        sections,
        window_months: window
            .ok_or_else(|| ServiceError::invalid("/window", "must be a number of months"))?,
        valid_from: day("valid_from")?,
        valid_to: day("valid_to")?,
        fields,
        personal_business: (!personal.is_empty())
            .then(|| PersonalBusinessProfile { sections: personal, fields: Fields::new() }),
    })
}
