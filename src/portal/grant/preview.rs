//! Step 3: exactly what would leave, bank by bank, readable: charts of sales and tax by month, then each section.
//!
//! Reading it grants nothing. Missing is never zero, and what is withheld says why (`lending.md`, Consent).

use actix_web::HttpResponse;
use maud::{Markup, PreEscaped, html};

use super::words::{purposes, sections, summary};
use super::{Step, are_drafts, decided, steps, together};
use crate::domain::consent_request::RequestOrigin;
use crate::domain::denial::{ConsentFault, Denial};
use crate::http::html::lang::Lang;
use crate::http::html::parts::{badge, fact, time};
use crate::portal::frame::Menu;
use crate::portal::visit::Visit;
use crate::readable::book::{Book, Contents};
use crate::readable::document::{Block, Section, Tone};
use crate::readable::html::blocks::Ids;
use crate::readable::html::writer::Voice;
use crate::readable::html::written;
use crate::readable::{monthly, section};
use crate::service::error::ServiceResult;
use crate::service::preview::{Preview, PreviewOf, preview};
use crate::service::requests::RequestView;

/// The preview of one bank's part, by `?bank=`; of the first, if none is named.
pub async fn show(visit: Visit) -> ServiceResult<HttpResponse> {
    let requests = together(&visit).await?;
    let asked = visit.asked("bank");
    let chosen = requests.iter().find(|one| asked.is_none_or(|bank| one.bank.as_str() == bank));
    let Some(chosen) = chosen.or(requests.first()) else {
        return Ok(visit.page(Menu::Grant, "已办结", "Decided", &decided(&visit)));
    };
    let seen = preview(&visit.exchange, visit.acting()?, terms(chosen)).await?;
    let body = page(&visit, &requests, chosen, &seen);
    Ok(visit.page(Menu::Grant, "预览将提供的内容", "Preview of what would leave", &body))
}

fn terms(request: &RequestView) -> PreviewOf {
    PreviewOf {
        bank: request.bank.clone(),
        product_id: request.product_id.clone(),
        purpose: request.terms.purpose.clone(),
        sections: request.terms.sections.clone(),
        window: request.terms.window,
        personal_data: request.terms.personal_data,
    }
}

fn page(
    visit: &Visit,
    requests: &[RequestView],
    chosen: &RequestView,
    seen: &Result<Preview, Denial>,
) -> Markup {
    let is_own = chosen.origin == RequestOrigin::Firm;
    html! {
        (steps(visit, Step::Preview, Some(&chosen.group), are_drafts(requests)))
        div.heading {
            h1 { (visit.t("授权后，银行会看到什么", "What the bank would see")) }
            @if !is_own { p.quiet { (chosen.bank_name) (visit.t(" 请求贵单位授权。", " asks for your authorisation.")) } }
        }
        (banks(visit, requests, chosen))
        section.card aria-labelledby="asked" {
            h2 #asked { (chosen.bank_name) " · " (chosen.product_name) }
            (facts(visit, chosen))
        }
        @match seen {
            Ok(seen) => (content(visit, chosen, seen)),
            Err(why) => p.notice.warn { (closed(visit, *why)) },
        }
        p.buttons.bottom {
            a.button.big href={ "/grant/" (chosen.group) "/confirm" } {
                (visit.t("下一步：阅读授权书并确认", "Next: read the text and confirm"))
            }
            @if are_drafts(requests) {
                a.button.plain.big href={ "/grant/" (chosen.group) "/terms" } { (visit.t("返回修改", "Back to change it")) }
            }
            @if !is_own {
                a.button.plain.big href={ "/requests/" (chosen.id) "/decline" } { (visit.t("不同意", "Decline")) }
            }
        }
    }
}

fn banks(visit: &Visit, requests: &[RequestView], chosen: &RequestView) -> Markup {
    html! {
        @if requests.len() > 1 {
            nav.tabs aria-label=(visit.t("按银行查看", "Bank by bank")) {
                @for one in requests {
                    a href={ "/grant/" (one.group) "/preview?bank=" (one.bank) } aria-current=[(one.id == chosen.id).then_some("true")] {
                        (one.bank_name)
                    }
                }
            }
        }
    }
}

/// The terms of a request, as facts.
pub fn facts(visit: &Visit, request: &RequestView) -> Markup {
    let lang = visit.lang;
    html! {
        dl.facts {
            (fact(visit.t("授权编号", "Number"), &html! { (request.number) }))
            (fact(visit.t("用途", "Purpose"), &html! { (purposes(lang, &request.terms.purpose)) }))
            (fact(visit.t("内容", "Items"), &html! { (sections(lang, &request.terms.sections)) }))
            (fact(visit.t("期限", "Period"), &html! { (summary(lang, &request.terms)) }))
            (fact(visit.t("个人信息", "Personal data"), &html! {
                @if request.terms.personal_data {
                    (visit.t("请求提供，须本人另行单独同意", "asked for; that person consents apart"))
                } @else { (visit.t("不提供", "none")) }
            }))
            (fact(visit.t("请在此前处理", "Answer before"), &time(request.expires_at)))
        }
    }
}

fn closed(visit: &Visit, why: Denial) -> &str {
    match why {
        Denial::NotInForce(ConsentFault::ProductNotApproved) => visit.t(
            "该产品目前未获税务机关批准，授权后银行也查询不到任何信息。",
            "The bureau has not approved this product at present: nothing would leave even with your authorisation.",
        ),
        Denial::NotInForce(_) | Denial::SectionNotConsented => visit.t(
            "按目前的规则，这份授权不会使任何信息被提供。",
            "As the rules stand now, nothing would leave under these terms.",
        ),
    }
}

fn content(visit: &Visit, request: &RequestView, seen: &Preview) -> Markup {
    let contents = Contents {
        claims: seen.claims(),
        sections: seen
            .sections
            .iter()
            .map(|(section, object)| (section.as_str().to_owned(), object.clone()))
            .collect(),
    };
    let book = Book::new(&contents, seen.at.shanghai_date());
    let voice = voice(visit.lang);
    let mut ids = Ids::default();
    let charts: Vec<Block> = monthly::charts(&book).into_iter().map(Block::Chart).collect();
    let laid_out = contents.sections.iter().map(|(name, object)| section::lay_out(&book, name, object));
    let bank = &request.bank_name;
    let day = seen.at.shanghai_date();
    html! {
        p.notice.plain { (visit.t(
            &format!("以下即为授权后将提供给{bank}的全部内容（数据截至{day}）。未列出的信息不会提供；如有错误，请先提出更正。"),
            &format!("Below is all that would go to {bank} under this authorisation (as of {day}). What is not listed does not leave. If something is wrong, have it corrected first."),
        )) }
        @if visit.lang == Lang::En {
            p.quiet { "Records stand in Chinese, as the bureau keeps them." }
        }
        p.quiet {
            (visit.t("所属期：", "Tax periods: ")) (seen.window.from()) (visit.t(" 至 ", " to ")) (seen.window.to())
            (visit.t("。实际查询时会包含届时的最新数据。", ". A query then has the newest data of its day."))
        }
        div.dossier {
            @if !charts.is_empty() {
                section.card aria-labelledby="charts" {
                    h2 #charts { (visit.t("销售与纳税", "Sales and tax")) }
                    (PreEscaped(written(&charts, voice, &mut ids)))
                }
            }
            @for one in laid_out { (one_section(visit, &one, voice, &mut ids)) }
        }
    }
}

fn voice(lang: Lang) -> Voice {
    match lang {
        Lang::Zh => Voice::Chinese,
        Lang::En => Voice::English,
    }
}

fn one_section(visit: &Visit, one: &Section, voice: Voice, ids: &mut Ids) -> Markup {
    let tone = match one.status.tone {
        Tone::Plain | Tone::Quiet => crate::http::html::parts::Tone::Quiet,
        Tone::Good => crate::http::html::parts::Tone::Good,
        Tone::Warn => crate::http::html::parts::Tone::Warn,
        Tone::Bad => crate::http::html::parts::Tone::Bad,
    };
    let title = visit.t(&one.title.zh, &one.title.en);
    let mut blocks: Vec<Block> =
        one.meaning.iter().map(|(tone, label)| Block::Note(*tone, label.clone())).collect();
    blocks.extend(one.blocks.iter().cloned());
    html! {
        details.card.part open[one.blocks.len() < 8] {
            summary { h2 { (title) } " " (badge(tone, visit.t(&one.status.text, &one.status_en))) }
            p.origin {
                @for fact in one.origin.iter().filter(|fact| fact.label.en != "Encoder") {
                    span { (visit.t(&fact.label.zh, &fact.label.en)) " " b { (fact.cell.text) } } " "
                }
            }
            (PreEscaped(written(&blocks, voice, ids)))
        }
    }
}
