//! Step 2: which items, how far back, for how long, how often. The same for all banks that were chosen together, each
//! cut to what the bureau opened for its product.

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use maud::{Markup, html};

use super::{Step, are_drafts, decided, steps, together};
use crate::domain::consent::{ConsentWindow, Purpose, RollingWindow};
use crate::domain::consent_request::RequestTerms;
use crate::domain::section::Section;
use crate::http::html::words;
use crate::portal::form::Form;
use crate::portal::frame::Menu;
use crate::portal::gate::see_other;
use crate::portal::visit::Visit;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::offers::{Offer, offers};
use crate::service::requests::{self, RequestView};

/// Months to choose from.
const MONTHS: [u32; 5] = [6, 12, 24, 36, 60];
/// Days to choose from.
const DAYS: [u32; 5] = [7, 30, 90, 180, 365];
/// Pulls to choose from.
const PULLS: [u32; 5] = [1, 3, 10, 30, 100];

/// What is chosen so far.
pub async fn show(visit: Visit) -> ServiceResult<HttpResponse> {
    let drafts = together(&visit).await?;
    let Some(first) = drafts.first() else {
        return Ok(visit.page(Menu::Grant, "已办结", "Decided", &decided(&visit)));
    };
    if !are_drafts(&drafts) {
        return Ok(see_other(&format!("/grant/{}/preview", first.group)));
    }
    let open = opened(&visit, &drafts).await?;
    let body = page(&visit, &drafts, &first.terms, &open, &[]);
    Ok(visit.page(Menu::Grant, "选择内容和期限", "Items and period", &body))
}

/// Writes it into the drafts.
pub async fn choose(visit: Visit) -> ServiceResult<HttpResponse> {
    let drafts = together(&visit).await?;
    let Some(first) = drafts.first().filter(|_| are_drafts(&drafts)) else {
        return Err(ServiceError::Conflict(
            "已交由有权人确认，不能再修改 handed over: no longer to be changed".into(),
        ));
    };
    let open = opened(&visit, &drafts).await?;
    let wanted = read(visit.form()?, &first.terms)?;
    let mut wrong = Vec::new();
    for draft in &drafts {
        let allowed = open.iter().find(|offer| offer.product.id == draft.product_id);
        let terms =
            within(&wanted, allowed.map(|offer| offer.profile.sections.as_slice()).unwrap_or_default());
        if terms.sections.is_empty() {
            let name = &draft.product_name;
            wrong.push(
                visit
                    .t(
                        &format!("请至少选择一项“{name}”可以接收的内容。"),
                        &format!("Pick at least one item that “{name}” can receive."),
                    )
                    .to_owned(),
            );
        }
    }
    if wrong.is_empty() {
        wrong = edit_all(&visit, &drafts, &wanted, &open).await?;
    }
    if !wrong.is_empty() {
        let body = page(&visit, &drafts, &wanted, &open, &wrong);
        return Ok(visit.again(Menu::Grant, "选择内容和期限", "Items and period", &body));
    }
    Ok(see_other(&format!("/grant/{}/preview", first.group)))
}

/// What was wrong, in the words of the rules.
async fn edit_all(
    visit: &Visit,
    drafts: &[RequestView],
    wanted: &RequestTerms,
    open: &[Offer],
) -> ServiceResult<Vec<String>> {
    for draft in drafts {
        let Some(offer) = open.iter().find(|offer| offer.product.id == draft.product_id) else { continue };
        let terms = within_offer(wanted, offer);
        let (id, product) = (draft.id.clone(), draft.product_id.clone());
        match requests::edit(&visit.exchange, visit.acting()?, id, product, terms).await {
            Ok(_changed) => {}
            Err(ServiceError::Invalid(errors)) => {
                let say = |error: crate::service::error::FieldError| {
                    format!("{}：{}", draft.bank_name, error.message)
                };
                return Ok(errors.into_iter().map(say).collect());
            }
            Err(other) => return Err(other),
        }
    }
    Ok(Vec::new())
}

/// The products of these drafts as they stand now.
async fn opened(visit: &Visit, drafts: &[RequestView]) -> ServiceResult<Vec<Offer>> {
    let mut offers = offers(&visit.exchange).await?;
    offers.retain(|offer| drafts.iter().any(|draft| draft.product_id == offer.product.id));
    Ok(offers)
}

fn within(wanted: &RequestTerms, open: &[Section]) -> RequestTerms {
    let sections = wanted.sections.iter().filter(|section| open.contains(section)).copied().collect();
    RequestTerms { sections, ..wanted.clone() }
}

fn within_offer(wanted: &RequestTerms, offer: &Offer) -> RequestTerms {
    let mut terms = within(wanted, &offer.profile.sections);
    if let ConsentWindow::Rolling(rolling) = terms.window {
        let months = rolling.months.min(offer.profile.window_months);
        terms.window = ConsentWindow::Rolling(RollingWindow { months });
    }
    terms
}

fn read(form: &Form, before: &RequestTerms) -> ServiceResult<RequestTerms> {
    let number = |name: &str| -> ServiceResult<u32> {
        form.required(name)?.parse().map_err(|_| ServiceError::invalid(name, "请选择一项 pick one"))
    };
    let sections: Result<BTreeSet<Section>, _> = form.all("section").map(str::parse).collect();
    let sections = sections.map_err(|why| ServiceError::invalid("section", why.to_string()))?;
    let purpose = match form.ticked("post_loan") {
        true => vec![Purpose::PreLoan, Purpose::PostLoan],
        false => vec![Purpose::PreLoan],
    };
    Ok(RequestTerms {
        purpose,
        sections: sections.into_iter().collect(),
        window: ConsentWindow::Rolling(RollingWindow { months: number("months")? }),
        valid_days: number("days")?,
        pulls: number("pulls")?,
        personal_data: form.ticked("personal"),
        share_outcome_with: before.share_outcome_with.clone(),
    })
}

fn page(
    visit: &Visit,
    drafts: &[RequestView],
    terms: &RequestTerms,
    open: &[Offer],
    wrong: &[String],
) -> Markup {
    let group = drafts.first().map(|draft| draft.group.as_str()).unwrap_or_default();
    let can_leave: BTreeSet<Section> =
        open.iter().flat_map(|offer| offer.profile.sections.iter().copied()).collect();
    html! {
        (steps(visit, Step::Terms, Some(group), true))
        div.heading {
            h1 { (visit.t("提供哪些内容，看多久？", "Which items, and for how long?")) }
            p.quiet {
                @for (place, draft) in drafts.iter().enumerate() {
                    @if place > 0 { (visit.t("；", "; ")) }
                    (draft.bank_name) " · " (draft.product_name)
                }
            }
        }
        @if !wrong.is_empty() {
            div.notice.bad role="alert" { @for line in wrong { p { (line) } } }
        }
        form method="post" action={ "/grant/" (group) "/terms" } {
            (visit.token())
            fieldset.card {
                legend { (visit.t("提供的内容", "Items")) }
                p.hint { (visit.t(
                    "已勾选的是银行办理该产品时请求的项目，您可以去掉任何一项。",
                    "Ticked is what the bank asks for with this product. You may take any of it away.",
                )) }
                @for section in can_leave { (section_tick(visit, section, terms, drafts, open)) }
            }
            fieldset.card {
                legend { (visit.t("期间、有效期和次数", "Period, validity and number")) }
                (choice(visit, "months", visit.t("数据追溯多久", "How far back"), &MONTHS, months_of(terms), |n| {
                    visit.t(&format!("最近{n}个月"), &format!("the last {n} months")).to_owned()
                }))
                (choice(visit, "days", visit.t("授权有效期", "Valid for"), &DAYS, terms.valid_days, |n| {
                    visit.t(&format!("{n}天"), &format!("{n} days")).to_owned()
                }))
                (choice(visit, "pulls", visit.t("最多查询次数", "Queries at most"), &PULLS, terms.pulls, |n| {
                    visit.t(&format!("{n}次"), &n.to_string()).to_owned()
                }))
            }
            (besides(visit, terms))
            p.buttons {
                button.big type="submit" { (visit.t("下一步：预览将提供的内容", "Next: preview what would leave")) }
                a.button.plain.big href="/requests" { (visit.t("以后再办（已保存草稿）", "Later (the draft is kept)")) }
            }
        }
    }
}

fn section_tick(
    visit: &Visit,
    section: Section,
    terms: &RequestTerms,
    drafts: &[RequestView],
    open: &[Offer],
) -> Markup {
    let receives = |draft: &&RequestView| {
        let offer = open.iter().find(|offer| offer.product.id == draft.product_id);
        offer.is_some_and(|offer| offer.profile.sections.contains(&section))
    };
    let (zh, en) = section.tells();
    let about = visit.t(zh, en);
    let only: Vec<&str> = drafts.iter().filter(receives).map(|draft| draft.bank_name.as_str()).collect();
    html! {
        label.tick {
            input type="checkbox" name="section" value=(section.as_str()) checked[terms.sections.contains(&section)];
            span {
                b { (words::section(visit.lang, section)) } br;
                span.quiet { (about) }
                @if only.len() < drafts.len() {
                    br; span.quiet { (visit.t("仅提供给：", "To these only: ")) (only.join(visit.t("、", ", "))) }
                }
            }
        }
    }
}

fn months_of(terms: &RequestTerms) -> u32 {
    match terms.window {
        ConsentWindow::Rolling(rolling) => rolling.months,
        ConsentWindow::Fixed(_) => 0,
    }
}

fn choice(
    visit: &Visit,
    name: &str,
    label: &str,
    values: &[u32],
    chosen: u32,
    say: impl Fn(u32) -> String,
) -> Markup {
    // What stands in the draft is offered too, even if it is none of the usual ones.
    let mut values: BTreeSet<u32> = values.iter().copied().collect();
    values.extend((chosen > 0).then_some(chosen));
    html! {
        label.field {
            span { (label) }
            select name=(name) required {
                @if chosen == 0 { option value="" { (visit.t("请选择", "Pick one")) } }
                @for value in values { option value=(value) selected[value == chosen] { (say(value)) } }
            }
        }
    }
}

fn besides(visit: &Visit, terms: &RequestTerms) -> Markup {
    html! {
        fieldset.card {
            legend { (visit.t("另行选择", "Besides")) }
            label.tick {
                input type="checkbox" name="post_loan" checked[terms.purpose.contains(&Purpose::PostLoan)];
                span {
                    b { (visit.t("同时用于贷后查询", "Also for watching the loan")) } br;
                    span.quiet { (visit.t(
                        "仅自首次放款起至贷款结清止可以查询。不勾选，不影响贷款申请；确认时还须再次勾选。",
                        "Only from the first drawdown to settlement. Not ticking it does not affect the application; it is ticked once more at the end.",
                    )) }
                }
            }
            label.tick {
                input type="checkbox" name="personal" checked[terms.personal_data];
                span {
                    b { (visit.t("包含个人信息", "With personal data")) } br;
                    span.quiet { (visit.t(
                        "如法定代表人姓名；个体工商户、个人独资企业和合伙企业的涉税信息也属于个人信息。须由本人在确认时单独同意。",
                        "Such as the legal representative's name; the tax data of a sole trader or partnership is personal data too. That very person consents to it apart, at the end.",
                    )) }
                }
            }
        }
    }
}
