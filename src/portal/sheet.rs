//! What the printed authorisation says, in the reader's language: drawn once as a page, once as a PDF.

use crate::domain::consent::{Assurance, Consent, ConsentStatus, GrantMethod, Purpose};
use crate::domain::timestamp::Timestamp;
use crate::http::html::lang::Lang;
use crate::http::html::parts::Tone;
use crate::http::html::words::consent_status;
use crate::ledger::receipt::InclusionReceipt;
use crate::seal::consent_receipt::ReceiptController;
use crate::service::consent_letter::Letter;
use crate::service::consent_text::words::{purposes, role, window_words};
use crate::service::consent_text::{TextLang, visible};

/// The printed authorisation.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// Its title.
    pub title: String,
    /// 授权编号.
    pub number: String,
    /// How the consent stood when this was made.
    pub status: String,
    /// Its colour on the page.
    pub tone: Tone,
    /// Names and values.
    pub facts: Vec<(String, String)>,
    /// Heading of the ticks.
    pub ticks_title: String,
    /// What was ticked, and what was left.
    pub ticks: Vec<(bool, String)>,
    /// The texts that were shown, each under its heading; `None` for one that was shown elsewhere.
    pub texts: Vec<(String, Option<String>)>,
    /// What is said in place of a text that was shown elsewhere.
    pub not_kept: String,
    /// Heading of who signed.
    pub signed_title: String,
    /// Who signed and how.
    pub signed: Vec<(String, String)>,
    /// How anybody verifies it.
    pub verify: String,
    /// What the QR code holds.
    pub qr: String,
    /// What stands under it.
    pub qr_words: String,
    /// The receipt, compact JWS.
    pub receipt: String,
    /// The language as files name it.
    pub tag: &'static str,
}

/// What a letter says.
pub fn sheet(letter: &Letter, lang: Lang) -> Sheet {
    let t = |zh: &str, en: &str| lang.pick(zh, en).to_owned();
    let consent = &letter.made.consent;
    let status = letter.made.claims.consent.status;
    let mut texts = vec![(t("授权时所示文本", "The text that was shown"), letter.text.clone())];
    if consent.terms.details.as_ref().is_some_and(|details| details.personal.is_some()) {
        texts.push((t("个人信息单独同意书", "The person's separate consent"), letter.personal_text.clone()));
    }
    let clean = |rows: Vec<(String, String)>| -> Vec<(String, String)> {
        rows.into_iter().map(|(name, value)| (name, visible(&value))).collect()
    };
    Sheet {
        title: t("涉税信息查询授权书", "Authorisation to consult tax information"),
        number: letter.number.clone(),
        status: consent_status(lang, status.as_str()).to_owned(),
        tone: tone(status),
        facts: clean(facts(letter, lang)),
        ticks_title: t("勾选结果", "What was ticked"),
        ticks: ticks(letter, lang).into_iter().map(|(ticked, text)| (ticked, visible(&text))).collect(),
        texts,
        not_kept: t(
            "本项授权在电子税务局签署，所示文本由税务机关留存；其摘要如上。",
            "This authorisation was signed at the e-tax bureau, which keeps the text that was shown; its digest is above.",
        ),
        signed_title: t("签署", "Signature"),
        signed: clean(signed(consent, lang)),
        verify: t(
            "核验方法：shuidaiyi verify 本文件（或电子回执） --trust trust.json。签名与存证证明均在所附电子回执之中；纸面内容以回执核验所列为准。",
            "To verify: shuidaiyi verify THIS-FILE (or the receipt) --trust trust.json. Signature and ledger proof are in the attached receipt; what the receipt attests prevails over what is printed.",
        ),
        qr: format!("urn:shuidaiyi:consent:{}:{}", letter.number, consent.digest),
        qr_words: t("授权编号与条款摘要", "Number and digest of the terms"),
        receipt: letter.made.answer.receipt.clone(),
        tag: lang.tag(),
    }
}

fn facts(letter: &Letter, lang: Lang) -> Vec<(String, String)> {
    let claims = &letter.made.claims;
    let (terms, text) = (&letter.made.consent.terms, text_lang(lang));
    let row = |zh: &str, en: &str, value: String| (lang.pick(zh, en).to_owned(), value);
    let sections: Vec<&str> =
        terms.sections.iter().map(|section| lang.pick(section.label_zh(), section.label_en())).collect();
    let mut rows = vec![row("授权单位", "Firm", format!("{}（{}）", letter.firm, terms.taxpayer_id))];
    for one in &claims.controllers {
        let (zh, en) = match one.role.as_str() {
            "provider" => ("提供方", "Provider"),
            "recipient" => ("接收方", "Recipient"),
            _outcome => continue,
        };
        rows.push(row(zh, en, party(one)));
    }
    rows.extend([
        row("产品", "Product", format!("{}（{}）", letter.product, terms.product_id)),
        row("用途", "Purpose", purposes(&terms.purpose, text)),
        row("信息项目", "Information", sections.join(lang.pick("、", ", "))),
        row("数据所属期", "Tax periods", window_words(&terms.window, text)),
        row("有效期", "In force", span(terms.valid_from, terms.valid_to, lang)),
        row("查询次数", "Queries", format!("{} / {}", letter.made.consent.pulls_used, terms.pulls_max)),
        row("删除期限", "Deleted by", terms.retain_until.to_string()),
        row("签署时间", "Granted at", local(claims.consent.granted_at)),
        row("条款摘要", "Digest of the terms", letter.made.consent.digest.clone()),
        row("文本版本与摘要", "Text and its digest", format!("{} {}", terms.text.version, terms.text.digest)),
        row("存证序号", "Ledger entry", index(&claims.ledger.proof)),
        row("本件制作", "Made at", local(at(claims.iat))),
    ]);
    rows
}

fn party(one: &ReceiptController) -> String {
    let more: Vec<&str> =
        [&one.uscc, &one.contact, &one.complaint].into_iter().filter_map(|part| part.as_deref()).collect();
    if more.is_empty() { one.name.clone() } else { format!("{}（{}）", one.name, more.join("；")) }
}

fn ticks(letter: &Letter, lang: Lang) -> Vec<(bool, String)> {
    let terms = &letter.made.consent.terms;
    let named = |role: &str| {
        letter
            .made
            .claims
            .controllers
            .iter()
            .filter(|one| one.role == role)
            .map(|one| one.name.clone())
            .collect::<Vec<_>>()
    };
    let bank = named("recipient").pop().unwrap_or_default();
    let product = &letter.product;
    let mut ticks = vec![(
        true,
        match lang {
            Lang::Zh => format!("同意向{bank}提供上列涉税信息，用于“{product}”的贷款审查"),
            Lang::En => format!(
                "The information above may be provided to {bank} for the review of a loan under “{product}”"
            ),
        },
    )];
    ticks.push((
        terms.purpose.contains(&Purpose::PostLoan),
        lang.pick("同意用于该笔贷款的贷后查询", "It may be consulted after the loan as well").to_owned(),
    ));
    for name in named("outcome_recipient") {
        ticks.push((
            true,
            match lang {
                Lang::Zh => format!("同意将审批结果及贷款状态提供给{name}"),
                Lang::En => format!("{name} may be told the outcome and the state of the loan"),
            },
        ));
    }
    ticks.push((
        terms.personal_data,
        lang.pick("个人信息：本人另行单独同意", "Personal information: the person's separate consent")
            .to_owned(),
    ));
    ticks
}

fn signed(consent: &Consent, lang: Lang) -> Vec<(String, String)> {
    let row = |zh: &str, en: &str, value: String| (lang.pick(zh, en).to_owned(), value);
    let grantor = &consent.terms.grantor;
    let method = match grantor.method {
        GrantMethod::EbizLicence => lang.pick("电子营业执照", "electronic business licence"),
        GrantMethod::CaSeal => lang.pick("数字证书电子印章", "certificate and electronic seal"),
        GrantMethod::EtaxFace => lang.pick("电子税务局人脸核验", "face check at the e-tax bureau"),
        GrantMethod::CounterPaper => lang.pick("办税服务厅纸质授权", "paper at the counter"),
    };
    let assurance = match grantor.assurance {
        Assurance::Reliable => lang.pick("可靠电子签名", "reliable electronic signature"),
        Assurance::Ordinary => lang.pick("一般电子签名", "ordinary electronic signature"),
    };
    let mut rows = vec![
        row("签署人身份", "Signed as", role(grantor.role, text_lang(lang)).to_owned()),
        row("身份核验", "Recognised by", format!("{method}（{assurance}）")),
        row("核验时间", "Recognised at", local(grantor.authenticated_at)),
    ];
    let details = consent.terms.details.as_ref();
    if let Some(prepared) = details.and_then(|details| details.prepared_by.as_ref()) {
        rows.push(row("起草", "Prepared", local(prepared.at)));
    }
    for one in details.map(|details| details.approved_by.as_slice()).unwrap_or_default() {
        rows.push(row("共同确认", "Approved jointly", local(one.at)));
    }
    rows
}

fn text_lang(lang: Lang) -> TextLang {
    match lang {
        Lang::Zh => TextLang::Zh,
        Lang::En => TextLang::En,
    }
}

fn tone(status: ConsentStatus) -> Tone {
    match status {
        ConsentStatus::Granted => Tone::Good,
        ConsentStatus::Suspended | ConsentStatus::Exhausted => Tone::Warn,
        ConsentStatus::Revoked | ConsentStatus::Declined => Tone::Bad,
        ConsentStatus::Draft
        | ConsentStatus::Requested
        | ConsentStatus::Lapsed
        | ConsentStatus::Expired
        | ConsentStatus::Superseded => Tone::Quiet,
    }
}

fn index(proof: &str) -> String {
    InclusionReceipt::parse(proof).map(|proof| proof.index.to_string()).unwrap_or_default()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::default().plus_micros(seconds.saturating_mul(1_000_000))
}

/// An instant in Shenzhen's time, to the minute.
fn local(at: Timestamp) -> String {
    const EAST_MICROS: i64 = 8 * 3_600 * 1_000_000;
    at.plus_micros(EAST_MICROS).utc().format("%Y-%m-%d %H:%M").to_string()
}

fn span(from: Timestamp, to: Timestamp, lang: Lang) -> String {
    format!("{}{}{}", local(from), lang.pick(" 起，至 ", " until "), local(to))
}
