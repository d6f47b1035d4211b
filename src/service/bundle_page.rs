//! The page of a bundle of evidence, in Chinese: what the bundle proves, what it does not, and how anyone checks it.
//!
//! One self-contained page: no script, no request; the one style sheet is known to the policy by its hash.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::audit::Replayed;
use super::evidence_bundle::{ANSWER, CHECKPOINT, CONSENT, MANIFEST, PAGE, TRUST};
use super::receipt::Receipt;
use crate::domain::consent::{Assurance, ConsentTerms, GrantMethod, GrantorRole, Purpose};
use crate::domain::section::Section;
use crate::domain::timestamp::Timestamp;
use crate::seal::digest::sha256;
use crate::store::releases::ReleaseRow;

const STYLE: &str = include_str!("bundle_page.css");

/// What the page tells of.
pub struct Told<'a> {
    /// The release.
    pub release: &'a ReleaseRow,
    /// The consent as granted.
    pub terms: &'a ConsentTerms,
    /// How its dossier was rebuilt.
    pub replayed: &'a Replayed,
    /// Proves the release.
    pub receipt: &'a Receipt,
    /// The checkpoint of the receipt.
    pub checkpoint: &'a str,
    /// Name of the bank.
    pub bank_name: &'a str,
    /// The exchange.
    pub issuer: &'a str,
    /// When the bundle was made.
    pub made_at: Timestamp,
}

/// The page.
pub fn page(told: &Told<'_>) -> String {
    let hash = STANDARD.encode(sha256(STYLE.as_bytes()));
    let policy =
        format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'");
    let title = format!("涉税信息提供存证证据包 · {}", told.release.id);
    let page = html! {
        (DOCTYPE)
        html lang="zh-CN" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "涉税信息提供存证证据包" }
                p.lead { "一次经企业授权的涉税信息提供：谁、何时、凭何授权、向谁提供了什么，以及任何人如何自行核验。" }
                (claim(told))
                (facts(told))
                (contents(told))
                (proves(told))
                (limits())
                (how(told))
                (files())
                footer {
                    "制作时间 " (beijing(told.made_at)) "。制作本包亦已记入账本（条目 evidence.made，载有 " (MANIFEST) " 的摘要）。"
                }
            }
        }
    };
    page.into_string()
}

fn claim(told: &Told<'_>) -> Markup {
    let terms = told.terms;
    html! {
        div.claim {
            p {
                (beijing(told.release.issued_at())) "，平台 " strong { (told.issuer) } " 凭纳税人 "
                strong { (terms.taxpayer_id.as_str()) } " 的授权，向 " strong { (told.bank_name) "（" (terms.bank) "）" } " 提供了本包 "
                code { (ANSWER) } " 所载的涉税信息档案；该次提供已记入存证账本第 "
                strong { (told.replayed.index) } " 号条目（平台的规则是先入账、后放行）。"
            }
        }
    }
}

fn facts(told: &Told<'_>) -> Markup {
    let (release, terms) = (told.release, told.terms);
    let (origin, size, root) = checkpoint_lines(told.checkpoint);
    let signers = signers(told.checkpoint);
    html! {
        h2 { "基本事实" }
        table {
            tr { th { "提供编号" } td { code { (release.id) } } }
            tr { th { "签发时间" } td { (beijing(release.issued_at())) } }
            tr { th { "纳税人识别号" } td { (terms.taxpayer_id.as_str()) } }
            tr { th { "接收银行" } td { (told.bank_name) "（" (terms.bank) "），产品 " (terms.product_id) } }
            tr { th { "用途" } td { (purpose(&release.purpose)) } }
            @if let Some(bank_ref) = &release.bank_ref { tr { th { "银行案号" } td { (bank_ref) } } }
            @if let (Some(from), Some(to)) = (release.window_from, release.window_to) {
                tr { th { "税款所属期" } td { (from) " 至 " (to) } }
            }
            tr { th { "授权书" } td { code { (terms.id) } } }
            tr { th { "授权有效期" } td { (beijing(terms.valid_from)) " 起，至 " (beijing(terms.valid_to)) " 止（不含）" } }
            tr { th { "授权人" } td { (role(terms.grantor.role)) "，" (method(terms.grantor.method)) "，" (assurance(terms.grantor.assurance)) } }
            tr { th { "档案摘要" } td { code { (told.replayed.dossier_digest) } } }
            tr { th { "使用的证书" } td { code { (release.certificate) } } }
            tr { th { "账本" } td { code { (origin) } } }
            tr { th { "检查点" } td { "共 " (size) " 条，树根 " code { (root) } } }
            tr { th { "检查点签名" } td { (signers.join("、")) } }
        }
    }
}

fn contents(told: &Told<'_>) -> Markup {
    html! {
        h2 { "提供了哪些项目" }
        table {
            thead { tr { th { "项目" } th { "披露摘要（SHA-256）" } } }
            @for section in &told.replayed.sections {
                tr {
                    td { (section.section.parse::<Section>().map_or("", Section::label_zh)) " " (section.section) }
                    td { code { (section.digest) } }
                }
            }
        }
        p { "制作本包时，平台已按当时的记录、所属期、字段清单与盐重新生成上述各项，结果与所存档案逐字节一致。" }
    }
}

fn proves(told: &Told<'_>) -> Markup {
    // While the ledger's key is being replaced, checkpoints carry two signatures of the ledger itself.
    let origin = checkpoint_lines(told.checkpoint).0;
    let witnesses = signers(told.checkpoint).into_iter().filter(|name| *name != origin).count();
    html! {
        h2 { "本包证明什么" }
        ol {
            li { strong { "档案由平台签发，一字未改。" } "档案的 ES256 签名以 " code { (TRUST) } " 中的公钥验证；每一项目的摘要均列于所签内容之中。" }
            li { strong { "提供已入账。" } "账本第 " (told.replayed.index) " 号条目写明本档案的摘要；收据中的包含证明（RFC 6962）表明该条目在检查点所代表的账本之内。" }
            li { strong { "条目所指的纳税人即档案的纳税人。" } "条目以加盐承诺代替识别号，收据中的盐可打开该承诺。" }
            li { strong { "所凭授权即本包的授权书。" } code { (CONSENT) } " 的摘要与档案、账本条目所载一致；纳税人、银行、产品、用途、项目与有效期均相符。" }
            li {
                strong { "账本此后不能悄然改写。" } "检查点由账本密钥签名，"
                @if witnesses > 0 { "并由 " (witnesses) " 名见证人副署：见证人只为与其先前所见一致的账本签名。" }
                @else { "任何持有较新检查点的成员均可要求一致性证明，以核对本检查点是其前身。本检查点未附见证人副署。" }
            }
        }
    }
}

fn limits() -> Markup {
    html! {
        h2 { "本包不证明什么" }
        div.limits {
            ul {
                li { "不证明涉税数据与企业实际经营相符：平台如实转送税务机关当时掌握的记录，缺失之处写明原因。" }
                li { "不证明银行此后如何使用档案，也不证明贷款结果。" }
                li { "包内 " code { (TRUST) } " 随包提供。要排除整包伪造，请另从税务机关取得信任文件，用 " code.flag { "--trust" } " 指定。" }
            }
        }
    }
}

fn how(told: &Told<'_>) -> Markup {
    let zip = format!("{}.zip", told.release.id);
    html! {
        h2 { "如何核验" }
        p { "在任何一台计算机上，无须联网，无须接触平台：" }
        pre { "shuidaiyi verify " (zip) " --trust trust.json" }
        p { "逐项列出检查结果；全部通过时退出码为 0。不带 " code.flag { "--trust" } " 时使用包内公钥，并如实说明。不使用本程序亦可核验：" }
        ol {
            li { "文件完整：对每个文件计算 SHA-256，与 " code { (MANIFEST) } " 比对。" }
            li { "档案签名：" code { (ANSWER) } " 的 " code { "dossier" } " 为 SD-JWT（RFC 9901），第一个 “~” 之前是 ES256 签名的 JWT；每项披露的 SHA-256 须列于 " code { "_sd" } "。" }
            li { "账本条目：" code { "receipt.entry" } " 解码后为一段规范 JSON，其 " code { "dossier_digest" } " 须等于 JWT 的 SHA-256。" }
            li { "包含证明：以 SHA-256(0x00 ‖ 条目) 为叶，按 RFC 6962 第 2.1.1 节合并 " code { "receipt.proof" } " 各行，须得检查点的树根。" }
            li { "检查点签名：C2SP signed-note，Ed25519，公钥为 " code { (TRUST) } " 的 " code { "ledger_vkey" } "，或签名当时所用的 " code { "ledger_vkeys" } " 之一。" }
            li { "授权书：" code { (CONSENT) } " 原文的 SHA-256 即 " code { "consent.digest" } "；纳税人承诺为 SHA-256(盐 ‖ 识别号)。" }
        }
        p { "本次收据的盐：" code { (told.receipt.salt) } }
    }
}

fn files() -> Markup {
    let rows = [
        (ANSWER, "银行当时收到的答复：档案与收据（收据可能附有更新的检查点）"),
        (CHECKPOINT, "收据所依据的检查点，C2SP 签名文本"),
        (
            CONSENT,
            "授予时的授权书，规范 JSON（RFC 8785）；id_ref 为授权人证件号的带密钥摘要，仅税务机关可还原",
        ),
        (TRUST, "平台的公钥、证书与账本密钥"),
        (PAGE, "本页"),
        (MANIFEST, "以上各文件的 SHA-256"),
    ];
    html! {
        h2 { "包内文件" }
        table {
            @for (name, what) in rows { tr { th { (name) } td { (what) } } }
        }
    }
}

/// In the civil time of Asia/Shanghai, to the second.
fn beijing(at: Timestamp) -> String {
    let text = at.plus_micros(8 * 3600 * 1_000_000).utc().format("%Y-%m-%d %H:%M:%S");
    format!("{text}（北京时间）")
}

fn purpose(name: &str) -> &str {
    match name.parse::<Purpose>() {
        Ok(Purpose::PreLoan) => "贷前审查",
        Ok(Purpose::PostLoan) => "贷后查询",
        Err(_) => name,
    }
}

fn role(role: GrantorRole) -> &'static str {
    match role {
        GrantorRole::LegalRepresentative => "法定代表人",
        GrantorRole::FinancialOfficer => "财务负责人",
        GrantorRole::Owner => "负责人",
    }
}

fn method(method: GrantMethod) -> &'static str {
    match method {
        GrantMethod::EbizLicence => "电子营业执照",
        GrantMethod::CaSeal => "数字证书电子印章",
        GrantMethod::EtaxFace => "电子税务局人脸核验",
        GrantMethod::CounterPaper => "办税服务厅纸质授权",
    }
}

fn assurance(assurance: Assurance) -> &'static str {
    match assurance {
        Assurance::Reliable => "可靠电子签名",
        Assurance::Ordinary => "一般电子签名",
    }
}

/// Origin, size and root of a checkpoint, as it writes them.
fn checkpoint_lines(note: &str) -> (&str, &str, &str) {
    let mut lines = note.lines();
    let mut next = || lines.next().unwrap_or_default();
    (next(), next(), next())
}

/// Names of those who signed a checkpoint, each once, the ledger first.
fn signers(note: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for name in note.lines().filter_map(|line| line.strip_prefix("— ")?.split(' ').next()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
