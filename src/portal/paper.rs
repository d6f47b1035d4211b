//! `/consents/{id}/letter`: the authorisation (涉税信息查询授权书) for printing, as a PDF, and its receipt alone.
//!
//! 电子签名法 Arts 5 and 8: what was shown is shown again byte for byte; the receipt inside the PDF is what anybody can
//! verify, since paper itself proves nothing.

use actix_web::HttpResponse;
use maud::{Markup, html};
use tokio::sync::Semaphore;

use super::frame::Menu;
use super::gate::see_other;
use super::letter_font::{find_font, load_font};
use super::letter_layout::is_part;
use super::letter_pdf::pdf as draw;
use super::qr::qr;
use super::sheet::{Sheet, sheet};
use super::visit::Visit;
use crate::http::html::parts::fact;
use crate::service::consent_letter::letter;
use crate::service::error::{ServiceError, ServiceResult};

/// PDFs that are drawn at once: each reads a font of some megabytes.
static DRAWING: Semaphore = Semaphore::const_new(2);
/// Type of a receipt by itself (RFC 7515 section 9.2.1).
const JOSE: &str = "application/jose";

/// The authorisation as a page for printing.
pub async fn show(visit: Visit) -> ServiceResult<HttpResponse> {
    let id = visit.path("id")?;
    let letter = letter(&visit.exchange, visit.acting()?, id.clone()).await?;
    let has_font = find_font(&visit.portal.options).is_some();
    let body = page(&visit, &id, &sheet(&letter, visit.lang), has_font);
    Ok(visit.page(Menu::Consents, "涉税信息查询授权书", "Authorisation", &body))
}

/// The same as a PDF with the receipt attached; the page again where no font is installed.
pub async fn pdf(visit: Visit) -> ServiceResult<HttpResponse> {
    let id = visit.path("id")?;
    let letter = letter(&visit.exchange, visit.acting()?, id.clone()).await?;
    let Some(font) = find_font(&visit.portal.options) else {
        return Ok(see_other(&format!("/consents/{id}/letter")));
    };
    let _place =
        DRAWING.try_acquire().map_err(|_| ServiceError::Busy("other documents are being drawn".into()))?;
    let (sheet, now) = (sheet(&letter, visit.lang), visit.now);
    let name = format!("authorisation-{}.pdf", sheet.number);
    let bytes = visit
        .exchange
        .blocking(move |_| {
            let font = load_font(&font).map_err(ServiceError::internal)?;
            draw(&sheet, font, now).map_err(ServiceError::internal)
        })
        .await?;
    Ok(download("application/pdf", &name, bytes))
}

/// The receipt alone, as any JOSE library reads it.
pub async fn receipt(visit: Visit) -> ServiceResult<HttpResponse> {
    let id = visit.path("id")?;
    let letter = letter(&visit.exchange, visit.acting()?, id).await?;
    let name = format!("consent-receipt-{}.jwt", letter.number);
    Ok(download(JOSE, &name, letter.made.answer.receipt.into_bytes()))
}

/// A file to keep. The name is made of letters, digits and `-` alone.
fn download(kind: &str, name: &str, bytes: Vec<u8>) -> HttpResponse {
    let safe: String =
        name.chars().filter(|letter| letter.is_ascii_alphanumeric() || "-.".contains(*letter)).collect();
    HttpResponse::Ok()
        .content_type(kind)
        .insert_header(("content-disposition", format!("attachment; filename=\"{safe}\"")))
        .body(bytes)
}

fn page(visit: &Visit, id: &str, sheet: &Sheet, has_font: bool) -> Markup {
    html! {
        p.buttons.no-print {
            @if has_font {
                a.button href={ "/consents/" (id) "/letter.pdf" } { (visit.t("下载 PDF（内附回执）", "Download the PDF with its receipt")) }
            }
            a.button.plain href={ "/consents/" (id) "/receipt" } { (visit.t("下载电子回执", "Download the receipt")) }
        }
        p.notice.no-print {
            @if has_font {
                (visit.t("也可以直接用浏览器打印本页。", "You can also print this page with your browser."))
            } @else {
                (visit.t(
                    "本服务器没有安装中文字体，不能生成 PDF。请用浏览器打印本页（可存为 PDF），并一并保存电子回执。",
                    "No Chinese font is installed on this server, so it makes no PDF. Print this page with your browser (also to PDF), and keep the receipt with it.",
                ))
            }
        }
        article.letter.card {
            header.letter-head {
                div {
                    h1 { (sheet.title) }
                    p { (visit.t("授权编号 ", "Number ")) b { (sheet.number) } }
                    p { span.badge.(sheet.tone.class()) { (sheet.status) } }
                }
                figure.qr { (qr(&sheet.qr, &sheet.qr_words)) figcaption.quiet { (sheet.qr_words) } }
            }
            dl.facts { @for (name, value) in &sheet.facts { (fact(name, &html! { (value) })) } }
            h2 { (sheet.ticks_title) }
            ul.ticked { @for (ticked, text) in &sheet.ticks { li { (mark(*ticked)) " " (text) } } }
            @for (title, text) in &sheet.texts {
                h2 { (title) }
                @match text {
                    Some(text) => div.letter-text {
                        @for line in text.lines() { p class=(line_class(line)) { (line) } }
                    },
                    None => p { (sheet.not_kept) },
                }
            }
            h2 { (sheet.signed_title) }
            dl.facts { @for (name, value) in &sheet.signed { (fact(name, &html! { (value) })) } }
            p.quiet { (sheet.verify) }
        }
    }
}

/// How a line of a text looks, by its own marks; what it says stays as it was shown.
fn line_class(line: &str) -> &'static str {
    if is_part(line) {
        "part"
    } else if line.starts_with("  ") {
        "detail"
    } else if line.starts_with('·') || line.starts_with('□') {
        "item"
    } else {
        "plain-line"
    }
}

/// A box as people read it aloud, too.
pub fn mark(ticked: bool) -> &'static str {
    if ticked { "【√】" } else { "【　】" }
}
