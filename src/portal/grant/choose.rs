//! Step 1: which banks, for which products. One tick each, none made beforehand.

use actix_web::HttpResponse;
use maud::{Markup, html};

use super::{Step, steps};
use crate::domain::consent::{ConsentWindow, Purpose, RollingWindow};
use crate::domain::consent_request::RequestTerms;
use crate::domain::member::{MemberId, Role};
use crate::http::html::parts::empty;
use crate::http::html::words;
use crate::portal::frame::Menu;
use crate::portal::gate::see_other;
use crate::portal::visit::Visit;
use crate::readable::money::short_yuan;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::offers::{Offer, offers};
use crate::service::requests::{NewDraft, draft};

/// Banks asked at a time.
const BANKS_MAX: usize = 10;
/// What a draft starts from, changed in the next step.
const MONTHS: u32 = 24;
const VALID_DAYS: u32 = 90;
const PULLS: u32 = 10;

/// What there is to choose from.
pub async fn show(visit: Visit) -> ServiceResult<HttpResponse> {
    let offers = offers(&visit.exchange).await?;
    Ok(visit.page(Menu::Grant, "新建授权", "New authorisation", &page(&visit, &offers, false)))
}

/// Makes a draft for each product that was ticked.
pub async fn choose(visit: Visit) -> ServiceResult<HttpResponse> {
    let offers = offers(&visit.exchange).await?;
    let ticked: Vec<&str> = visit.form()?.all("product").collect();
    let chosen: Vec<&Offer> =
        offers.iter().filter(|offer| ticked.contains(&offer.product.id.as_str())).collect();
    if chosen.is_empty() {
        return Ok(visit.again(Menu::Grant, "新建授权", "New authorisation", &page(&visit, &offers, true)));
    }
    if chosen.len() > BANKS_MAX {
        return Err(ServiceError::invalid("product", "一次最多选择10个产品 at most 10 at a time"));
    }
    let recipients = recipients(&visit);
    let mut group = None;
    for offer in chosen {
        let new = NewDraft {
            bank: offer.product.bank.clone(),
            product_id: offer.product.id.clone(),
            terms: first_terms(offer, &recipients),
            group: group.clone(),
        };
        group = Some(draft(&visit.exchange, visit.acting()?, new).await?.group);
    }
    let group = group.ok_or_else(|| ServiceError::internal("no draft was made"))?;
    Ok(see_other(&format!("/grant/{group}/terms")))
}

/// Who may be told the outcome besides the firm: the bureau and the platform, each ticked apart at the end.
fn recipients(visit: &Visit) -> Vec<MemberId> {
    let members = visit.exchange.directory.members().into_iter().map(|(member, _)| member);
    members
        .filter(|member| matches!(member.role, Role::Bureau | Role::Platform))
        .map(|member| member.id)
        .collect()
}

/// What the product asks for, within what the bureau opened for it.
fn first_terms(offer: &Offer, recipients: &[MemberId]) -> RequestTerms {
    let asked = &offer.product.terms;
    let opened = |section: &&crate::domain::section::Section| offer.profile.sections.contains(section);
    let months = MONTHS.min(asked.window_months).min(offer.profile.window_months);
    RequestTerms {
        purpose: vec![Purpose::PreLoan],
        sections: asked.sections.iter().filter(opened).copied().collect(),
        window: ConsentWindow::Rolling(RollingWindow { months }),
        valid_days: VALID_DAYS,
        pulls: PULLS,
        personal_data: false,
        share_outcome_with: recipients.to_vec(),
    }
}

fn page(visit: &Visit, offers: &[Offer], nothing_ticked: bool) -> Markup {
    let banks: Vec<&[Offer]> = offers.chunk_by(|one, other| one.product.bank == other.product.bank).collect();
    html! {
        (steps(visit, Step::Bank, None, false))
        div.heading {
            h1 { (visit.t("您想向哪家银行的哪个产品提供涉税信息？", "Which bank, and which product?")) }
            p.quiet { (visit.t(
                "可以选择多家。每家银行单独成为一份授权，互不影响；这一步不会提供任何信息。",
                "You may pick several. Each becomes an authorisation of its own. Nothing leaves in this step.",
            )) }
        }
        @if nothing_ticked {
            p.notice.bad role="alert" { (visit.t("请至少勾选一个产品。", "Tick at least one product.")) }
        }
        @if banks.is_empty() {
            section.card { (empty(visit.t(
                "目前没有已获批准的银行产品，请过些时候再来。",
                "No bank's product is approved at present. Come back later.",
            ))) }
        } @else {
            form method="post" action="/grant" {
                (visit.token())
                @for bank in banks { (one_bank(visit, bank)) }
                p.buttons {
                    button.big type="submit" { (visit.t("下一步：选择内容和期限", "Next: items and period")) }
                    a.button.plain.big href="/" { (visit.t("取消", "Cancel")) }
                }
            }
        }
    }
}

fn one_bank(visit: &Visit, offers: &[Offer]) -> Markup {
    html! {
        fieldset.card {
            legend.bank { (offers.first().map_or("", |offer| offer.bank_name.as_str())) }
            @for offer in offers {
                label.tick {
                    input type="checkbox" name="product" value=(offer.product.id);
                    span {
                        b { (offer.product.terms.name) } br;
                        span.quiet { (terms(visit, offer)) }
                    }
                }
            }
        }
    }
}

fn terms(visit: &Visit, offer: &Offer) -> String {
    let terms = &offer.product.terms;
    let (most, rate, months) =
        (short_yuan(terms.amount_max_fen.get()), terms.rate_pct, terms.term_months_max);
    let (drawdown, repayment) =
        (words::drawdown(visit.lang, terms.drawdown), words::repayment(visit.lang, terms.repayment));
    visit.t(
        &format!("最高{most}，年化利率（单利）{rate}%，最长{months}个月，{drawdown}，{repayment}，纯信用"),
        &format!("up to {most}, {rate}% a year (simple), at most {months} months, {drawdown}, {repayment}, unsecured"),
    )
    .to_owned()
}
