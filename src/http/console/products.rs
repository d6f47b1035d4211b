//! 产品: what banks put forward, those that wait first.

use actix_web::HttpResponse;
use maud::{Markup, html};

use super::done;
use super::view::{Menu, View, encoded};
use crate::domain::fen::Fen;
use crate::domain::product::{ProductStatus, ProductTerms};
use crate::http::gate::Context;
use crate::http::html::lang::Lang;
use crate::http::html::parts::{self, Tone, badge};
use crate::http::html::words;
use crate::service::error::ServiceResult;
use crate::service::figures;
use crate::service::product::{self, ProductView};

/// Products on a page.
const ROWS: usize = 200;

/// The page.
pub async fn show(context: Context) -> ServiceResult<HttpResponse> {
    let view = View::of(&context);
    let exchange = context.exchange();
    let after = view.asked("after").unwrap_or_default().to_owned();
    let limit = i64::try_from(ROWS + 1).unwrap_or(i64::MAX);
    let mut products = product::page(exchange, None, after, limit).await?;
    let next = (products.len() > ROWS).then(|| products.get(ROWS - 1).map(|last| last.id.clone())).flatten();
    products.truncate(ROWS);
    let names = figures::names(exchange).await?;
    let (waiting, others): (Vec<_>, Vec<_>) =
        products.into_iter().partition(|product| product.status == ProductStatus::Submitted);
    let title = view.t("产品", "Products");
    let name = |product: &ProductView| {
        let bank = product.bank.to_string();
        names.get(&bank).cloned().unwrap_or(bank)
    };
    let body = html! {
        (parts::heading(title, view.t("未经批准的产品，既不能授权，也不能查询。", "No consent and no pull under a product that was not approved.")))
        (done::done(&view))
        section.card {
            h2 { (view.t("待批准", "Waiting for approval")) }
            @if waiting.is_empty() { (parts::empty(view.t("没有等待批准的产品。", "Nothing waits."))) }
            @else { (table(&view, &waiting, &name)) }
        }
        @if !others.is_empty() {
            section.card { h2 { (view.t("全部产品", "All products")) } (table(&view, &others, &name)) }
        }
        @if let Some(next) = next {
            p.more { a.button.plain href=(view.link(&["done"], &[("after", &next)])) { (view.t("下一页", "Next page")) } }
        }
    };
    Ok(view.page(Menu::Products, title, &body))
}

fn table(view: &View, products: &[ProductView], name: &impl Fn(&ProductView) -> String) -> Markup {
    html! {
        div.scroll { table.stack {
            thead { tr {
                th { (view.t("产品", "Product")) } th { (view.t("银行", "Bank")) } th.number { (view.t("额度上限", "Up to")) }
                th.number { (view.t("年利率", "Rate")) } th.number { (view.t("期限", "Term")) } th { (view.t("项目", "Sections")) }
                th { (view.t("状态", "Status")) }
            } }
            tbody { @for product in products { tr {
                td.name.all data-label=(view.t("产品", "Product")) { span {
                    a href={ "/console/products/" (encoded(&product.id)) } { (product.terms.name) }
                    br; small.quiet { " " (product.id) }
                } }
                td.name.all data-label=(view.t("银行", "Bank")) { (name(product)) }
                td.number data-label=(view.t("额度上限", "Up to")) { (yuan(view, product.terms.amount_max_fen)) }
                td.number data-label=(view.t("年利率", "Rate")) { (product.terms.rate_pct) "%" }
                td.number data-label=(view.t("期限", "Term")) { (months(view, product.terms.term_months_max)) }
                td.fixed data-label=(view.t("项目", "Sections")) { (sections(view, &product.terms)) }
                td data-label=(view.t("状态", "Status")) { (status(view, product.status)) }
            } } }
        } }
    }
}

fn sections(view: &View, terms: &ProductTerms) -> Markup {
    html! { (terms.sections.len()) (view.t(" 项 · ", " sections · ")) (months(view, terms.window_months)) }
}

/// Where a product stands, in colour.
pub fn status(view: &View, status: ProductStatus) -> Markup {
    let tone = match status {
        ProductStatus::Approved => Tone::Good,
        ProductStatus::Submitted => Tone::Warn,
        ProductStatus::Suspended => Tone::Bad,
        ProductStatus::Draft | ProductStatus::Retired => Tone::Quiet,
    };
    badge(tone, words::product_status(view.lang, status))
}

/// So many months.
pub fn months(view: &View, months: u32) -> String {
    format!("{months} {}", view.t("个月", "months"))
}

/// An amount in yuan, in tens of thousands where it is whole ones.
pub fn yuan(view: &View, amount: Fen) -> String {
    yuan_in(view.lang, amount)
}

/// To the fen: what is no whole number of the unit is written out.
fn yuan_in(lang: Lang, amount: Fen) -> String {
    const WAN_FEN: i64 = 1_000_000;
    let fen = amount.get();
    let whole = |unit: i64| {
        let units = u64::try_from(fen / unit).ok().filter(|_| fen % unit == 0)?;
        Some(parts::count(units))
    };
    match lang {
        Lang::Zh => {
            whole(WAN_FEN).map_or_else(|| format!("{} 元", amount.to_yuan()), |units| format!("{units} 万元"))
        }
        Lang::En => format!("¥{}", whole(100).unwrap_or_else(|| amount.to_yuan().to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_fen_is_lost_in_either_language() {
        let both = |fen| {
            let amount = Fen::new(fen);
            (yuan_in(Lang::Zh, amount), yuan_in(Lang::En, amount))
        };
        assert_eq!(both(300_000_000), ("300 万元".to_owned(), "¥3,000,000".to_owned()));
        assert_eq!(both(12_345), ("123.45 元".to_owned(), "¥123.45".to_owned()));
        assert_eq!(both(-12_300), ("-123.00 元".to_owned(), "¥-123.00".to_owned()));
    }
}
