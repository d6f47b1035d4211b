//! The document as one self-contained page: no script, no request, a style sheet named by its hash in the policy.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::readable::document::{Document, Label, Section, Tone};
use crate::readable::html::blocks::{self, both, cell_class, facts};
use crate::readable::html::writer::Writer;
use crate::seal::digest::sha256;

const STYLE: &str = include_str!("page.css");

/// The whole page.
pub fn page(document: &Document) -> String {
    let mut page = Writer::default();
    page.doctype();
    page.element("html", &[("lang", "zh-CN")], |page| {
        page.element("head", &[], |page| head(page, document));
        page.element("body", &[], |page| {
            page.leaf("a", &[("class", "skip"), ("href", "#main")], "跳到正文 Skip to content");
            page.element("header", &[], |page| header(page, document));
            page.element("div", &[("class", "columns")], |page| {
                contents(page, document);
                page.element("main", &[("id", "main")], |page| main(page, document));
            });
            page.element("footer", &[], |page| footer(page, document));
        });
    });
    page.finish()
}

/// Nothing may be loaded or run; the one style sheet is known by its hash.
fn policy() -> String {
    let hash = STANDARD.encode(sha256(STYLE.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
}

fn head(page: &mut Writer, document: &Document) {
    page.void("meta", &[("charset", "utf-8")]);
    page.void("meta", &[("http-equiv", "Content-Security-Policy"), ("content", &policy())]);
    page.void("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
    page.void("meta", &[("name", "color-scheme"), ("content", "light dark")]);
    page.void("meta", &[("name", "referrer"), ("content", "no-referrer")]);
    page.void("meta", &[("name", "robots"), ("content", "noindex")]);
    page.leaf("title", &[], &format!("涉税信息档案 · {}", document.name));
    page.style(STYLE);
}

fn header(page: &mut Writer, document: &Document) {
    page.element("p", &[("class", "kind")], |page| {
        both(page, &Label { zh: "涉税信息档案".into(), en: "Tax dossier".into() })
    });
    page.leaf("h1", &[], &document.name);
    let (tone, verdict) = &document.verdict;
    let class = format!("verdict {}", cell_class(*tone));
    page.element("div", &[("class", &class), ("role", "note")], |page| {
        page.element("p", &[], |page| {
            page.leaf(
                "span",
                &[("class", "seal"), ("aria-hidden", "true")],
                if *tone == Tone::Good { "✓" } else { "!" },
            );
            page.text(&verdict.zh);
        });
        page.leaf("p", &[("lang", "en")], &verdict.en);
        page.element("p", &[("class", "digest")], |page| {
            page.text("档案摘要 ");
            page.leaf("span", &[("lang", "en")], "Digest");
            page.text(" ");
            page.leaf("code", &[], &document.digest);
        });
        if !document.verdict_lines.is_empty() {
            page.element("details", &[], |page| {
                page.leaf("summary", &[], "核验明细 Every check");
                page.element("ul", &[], |page| {
                    for line in &document.verdict_lines {
                        page.leaf("li", &[], &line.text);
                    }
                });
            });
        }
    });
}

fn contents(page: &mut Writer, document: &Document) {
    page.element("nav", &[("aria-label", "目录 Contents")], |page| {
        page.element("ul", &[], |page| {
            for (place, section) in document.sections.iter().enumerate() {
                page.element("li", &[], |page| {
                    page.element("a", &[("href", &format!("#section-{place}"))], |page| {
                        page.leaf("span", &[], &section.title.zh);
                        chip(page, section);
                    });
                });
            }
        });
    });
}

fn chip(page: &mut Writer, section: &Section) {
    let class = format!("chip {}", cell_class(section.status.tone));
    page.element("span", &[("class", &class)], |page| page.text(&section.status.text));
}

fn main(page: &mut Writer, document: &Document) {
    if !document.highlights.is_empty() {
        page.element("section", &[("aria-labelledby", "highlights")], |page| {
            page.element("h2", &[("id", "highlights")], |page| {
                both(page, &Label { zh: "要点".into(), en: "At a glance".into() });
            });
            page.element("ul", &[("class", "tiles")], |page| {
                for one in &document.highlights {
                    page.element("li", &[], |page| {
                        page.element("p", &[("class", "name")], |page| both(page, &one.label));
                        page.leaf(
                            "p",
                            &[("class", &format!("figure {}", cell_class(one.cell.tone)))],
                            &one.cell.text,
                        );
                        page.leaf("p", &[("class", "detail")], &one.detail);
                    });
                }
            });
        });
    }
    page.element("section", &[("aria-labelledby", "cover")], |page| {
        page.element("h2", &[("id", "cover")], |page| {
            both(page, &Label { zh: "授权与签发".into(), en: "Consent and release".into() });
        });
        facts(page, &document.cover);
    });
    let mut ids = blocks::Ids::default();
    for (place, one) in document.sections.iter().enumerate() {
        section(page, place, one, &mut ids);
    }
    if !document.absent.is_empty() {
        let names: Vec<&str> = document.absent.iter().map(|label| label.zh.as_str()).collect();
        let text = format!("本档案不含：{}。不含不代表没有数据。", names.join("、"));
        page.leaf("p", &[("class", "note quiet")], &text);
    }
}

fn section(page: &mut Writer, place: usize, section: &Section, ids: &mut blocks::Ids) {
    let (own, title) = (format!("section-{place}"), format!("section-{place}-title"));
    page.element("section", &[("id", &own), ("aria-labelledby", &title)], |page| {
        page.element("h2", &[("id", &title)], |page| {
            both(page, &section.title);
            page.text(" ");
            chip(page, section);
        });
        if let Some((tone, meaning)) = &section.meaning {
            blocks::note(page, *tone, meaning);
        }
        page.element("p", &[("class", "origin")], |page| {
            for fact in &section.origin {
                page.element("span", &[], |page| {
                    page.text(&fact.label.zh);
                    page.text(" ");
                    page.leaf("b", &[("class", cell_class(fact.cell.tone))], &fact.cell.text);
                });
                page.text(" ");
            }
        });
        for block in &section.blocks {
            blocks::block(page, block, ids);
        }
    });
}

fn footer(page: &mut Writer, document: &Document) {
    page.element("p", &[], |page| {
        page.text("金额由整数“分”换算为元，未作舍入；图表与要点中的“万元”“亿元”保留两位小数。“—”表示没有该数据，不是零。");
    });
    page.leaf(
        "p",
        &[("lang", "en")],
        "Amounts are whole fen written in yuan. A dash is a figure that is not there, never a zero.",
    );
    page.element("p", &[], |page| {
        page.text("本页由 shuidaiyi show 生成，只依据该档案本身；档案摘要 ");
        page.leaf("code", &[], &document.digest);
    });
}
