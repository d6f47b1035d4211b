//! The proof of an access on its page: said in plain words, checked in the reader's own browser, files to check elsewhere.
//!
//! The script (`assets/proof.js`) gets the entry, the proof and the ledger's key, and computes everything itself: the
//! leaf's hash, the root (RFC 6962 section 2.1.1), the checkpoint's signature (C2SP signed-note), the commitment.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

use crate::http::html::parts::{count, fact};
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::hash::leaf_hash;
use crate::ledger::note::read_note;
use crate::ledger::receipt::InclusionReceipt;
use crate::portal::visit::Visit;
use crate::service::accesses::AccessDetail;
use crate::service::error::{ServiceError, ServiceResult};

/// The section of the page.
pub fn proof(visit: &Visit, detail: &AccessDetail) -> ServiceResult<Markup> {
    let receipt = &detail.receipt;
    let proof = InclusionReceipt::parse(&receipt.proof).map_err(ServiceError::internal)?;
    let leaf = STANDARD.decode(&receipt.entry).map_err(ServiceError::internal)?;
    let entry = String::from_utf8_lossy(&leaf).into_owned();
    let (head, signatures) = read_note(&proof.checkpoint).map_err(ServiceError::internal)?;
    let checkpoint = Checkpoint::parse(head).map_err(ServiceError::internal)?;
    let subject = if receipt.salt.is_empty() { "" } else { &detail.taxpayer_id };
    Ok(html! {
        section.card #proof aria-labelledby="proof-title" data-entry=(receipt.entry) data-salt=(receipt.salt)
            data-subject=(subject) data-proof=(receipt.proof) data-key=(detail.ledger_key)
            data-dossier=(detail.dossier_digest.as_deref().unwrap_or_default()) {
            h2 #proof-title { (visit.t("自行核验", "Verify it yourself")) }
            p { (plain_words(visit, proof.index, checkpoint.size, signatures.len())) }
            p.buttons {
                button #check-proof type="button" hidden { (visit.t("在本机浏览器中核验", "Verify in this browser")) }
                a.button.plain href={ "/accesses/" (detail.access.id) "/receipt.json" } { (visit.t("下载存证条目与证明", "Download entry and proof")) }
            }
            ol.list #proof-result hidden aria-live="polite" {}
            noscript {
                p.quiet { (visit.t(
                    "浏览器未启用脚本：请下载上面的文件或证据包，在任何电脑上用 shuidaiyi verify 或任何支持 RFC 6962 的工具核验。",
                    "Scripts are off: download the file above or the evidence, and check it anywhere with shuidaiyi verify or any RFC 6962 tool.",
                )) }
            }
            details.more {
                summary { (visit.t("核验所依据的数据", "What is verified")) }
                dl.facts {
                    (fact(visit.t("条目原文", "The entry"), &html! { pre { (entry) } }))
                    (fact(visit.t("条目哈希", "Its hash"), &html! { code { (leaf_hash(&leaf)) } }))
                    (fact(visit.t("证明", "Proof"), &html! {
                        @for hash in &proof.hashes { code { (hash) } br; }
                        @if proof.hashes.is_empty() { "—" }
                    }))
                    (fact(visit.t("检查点", "Checkpoint"), &html! { pre { (proof.checkpoint) } }))
                    (fact(visit.t("账本公钥", "Ledger's key"), &html! { code { (detail.ledger_key) } }))
                    @if !receipt.salt.is_empty() {
                        (fact(visit.t("打开条目的盐", "The salt"), &html! { code { (receipt.salt) } }))
                    }
                }
            }
        }
        script src="/assets/proof.js" defer {}
    })
}

fn plain_words(visit: &Visit, index: u64, size: u64, signatures: usize) -> String {
    let others = signatures.saturating_sub(1);
    match visit.lang {
        crate::http::html::lang::Lang::Zh => format!(
            "这次查询是账本第 {} 号条目（从 0 起）。账本现有 {} 条，由平台签名{}。改动或删去其中任何一条，都会使后面的指纹全部对不上。条目里没有企业名称和税号，只有加盐的指纹：用您手里的盐才能对上。",
            count(index),
            count(size),
            if others > 0 { format!("，另有 {others} 个见证人副署") } else { String::new() },
        ),
        crate::http::html::lang::Lang::En => format!(
            "This access is entry {} (counted from 0) of a ledger of {}, signed by the exchange{}. If any entry were changed or removed, no fingerprint after it would fit. The entry names no firm and no number, only a salted fingerprint that your salt opens.",
            count(index),
            count(size),
            if others > 0 { format!(" and cosigned by {others} witnesses") } else { String::new() },
        ),
    }
}
