//! The texts that a grantor reads: the firm's authorisation (涉税信息查询授权书) and the separate personal consent.
//!
//! Two instruments, never mixed: the firm's lifts tax secrecy (征管法 Art. 8; 国税发〔2008〕93号 Art. 3), the person's
//! is that very person's (个人信息保护法 Arts 17 and 23: recipient and contact, purpose, method, kinds, period, rights).
//! The same input gives the same text, byte for byte, and the digest of it is what the consent carries. A wording
//! that was used is never edited: another wording is another version.

mod blanks;
pub mod words;

use serde::Serialize;

pub use self::blanks::visible;
use self::blanks::{Blank, fill};
use self::words::{personal_type, purposes, role, section_words, window_words};
use super::error::ServiceResult;
use crate::domain::consent::{ConsentText, ConsentWindow, GrantorRole, Purpose};
use crate::domain::consent_details::Recipient;
use crate::domain::member::{MemberId, wire_enum};
use crate::domain::member_contact::MemberContact;
use crate::domain::section::Section;
use crate::domain::taxpayer_id::TaxpayerId;
use crate::domain::timestamp::Timestamp;
use crate::seal::digest::prefixed_digest;
use crate::store::consent_texts::{self, KeptText};
use crate::store::db::AnyConnection;
use crate::store::error::StoreResult;
use crate::store::member_contacts;

/// Version of the firm's wording.
pub const AUTHORISATION_VERSION: &str = "authorisation/2026-2";
/// Version of the personal wording.
pub const PERSONAL_VERSION: &str = "personal-consent/2026-1";

wire_enum! {
    /// Which language a text was shown in.
    pub enum TextLang {
        /// 中文
        Zh = "zh",
        /// English
        En = "en",
    }
}

/// A member as the texts name it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Party {
    /// Full legal name.
    pub name: String,
    /// How to reach it, if that was registered.
    pub contact: Option<MemberContact>,
}

impl Party {
    /// What a consent says of its recipient.
    pub fn recipient(&self) -> Recipient {
        let contact = self.contact.as_ref();
        Recipient {
            name: self.name.clone(),
            uscc: contact.map(|known| known.uscc.to_string()),
            contact: contact.map(|known| known.contact.clone()),
        }
    }
}

/// All terms before the grant: what the firm's text is made of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TextInput {
    /// 授权编号, as [`number_of`] makes it.
    pub number: String,
    /// The firm's name.
    pub firm: String,
    /// Its taxpayer id.
    pub taxpayer_id: TaxpayerId,
    /// Who receives.
    pub bank: Party,
    /// Who provides: the tax bureau.
    pub bureau: Party,
    /// Id of the bank's product.
    pub product_id: String,
    /// Its name.
    pub product: String,
    /// What for; a tick of its own is offered for `post_loan`.
    pub purpose: Vec<Purpose>,
    /// What may leave.
    pub sections: Vec<Section>,
    /// Of which tax periods.
    pub window: ConsentWindow,
    /// Last day (Asia/Shanghai) in force: the consent ends at the midnight after it.
    pub valid_until: chrono::NaiveDate,
    /// How many dossiers in all.
    pub pulls: u32,
    /// When the bank must have deleted it.
    pub retain_until: chrono::NaiveDate,
    /// Members that the bank may tell the outcome, each with its legal name: offered as ticks, none pre-ticked.
    pub share_offered: Vec<(MemberId, String)>,
    /// Whether a separate personal consent is offered beside it.
    pub personal_offered: bool,
}

/// What the personal text is made of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PersonalInput {
    /// The firm's terms that it goes with.
    pub terms: TextInput,
    /// The person's name.
    pub person: String,
    /// The person's role.
    pub role: GrantorRole,
    /// Whether the firm is a sole trader, sole proprietorship or partnership, whose tax data is the person's own.
    pub own_business: bool,
}

impl PersonalInput {
    /// Kinds of personal data that the terms open, by their names in `schema/dictionary.csv`: fields that name a
    /// person as `section/field`; a section by its name where all of it is the person's own.
    pub fn data_types(&self) -> Vec<String> {
        let of = |section: &Section| {
            let own = (self.own_business && section.is_the_persons_own()).then(|| section.to_string());
            own.into_iter()
                .chain(section.personal_fields().iter().map(|field| format!("{section}/{field}")))
                .collect::<Vec<_>>()
        };
        self.terms.sections.iter().flat_map(of).collect()
    }
}

/// What a paragraph is, for pages and paper.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ParagraphKind {
    /// The heading.
    Heading,
    /// Heading of a part.
    Part,
    /// Running text.
    Body,
    /// One of a list.
    Item,
    /// One of a list inside a list.
    Detail,
    /// A box for this bank.
    TickBank,
    /// A box for use after the loan.
    TickPostLoan,
    /// A box for telling a member the outcome.
    TickShare(MemberId),
    /// A box for the person's own consent.
    TickPersonal,
}

impl ParagraphKind {
    /// Whether the grantor ticks it, or leaves it.
    pub fn is_tick(&self) -> bool {
        match self {
            Self::TickBank | Self::TickPostLoan | Self::TickShare(_) | Self::TickPersonal => true,
            Self::Heading | Self::Part | Self::Body | Self::Item | Self::Detail => false,
        }
    }

    /// What stands before the paragraph in the plain text.
    fn mark(&self) -> &'static str {
        match self {
            Self::Heading | Self::Part | Self::Body => "",
            Self::Item => "· ",
            Self::Detail => "  – ",
            Self::TickBank | Self::TickPostLoan | Self::TickShare(_) | Self::TickPersonal => "□ ",
        }
    }
}

/// One paragraph, without any markup.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Paragraph {
    /// What it is.
    pub kind: ParagraphKind,
    /// Its text, on one line.
    pub text: String,
}

/// A text as it is shown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Shown {
    /// Version of the wording.
    pub version: String,
    /// Its language.
    pub lang: TextLang,
    /// Paragraph by paragraph.
    pub paragraphs: Vec<Paragraph>,
    /// All of it as plain text, a paragraph a line.
    pub plain: String,
    /// `sha-256:` and the base64url digest of `plain` in UTF-8.
    pub digest: String,
}

impl Shown {
    /// What a consent says of it.
    pub fn named(&self) -> ConsentText {
        ConsentText { version: self.version.clone(), digest: self.digest.clone() }
    }

    /// Keeps it in the unit of work that writes the consent, so that it can be shown again byte for byte.
    pub fn keep(&self, connection: &mut AnyConnection, at: Timestamp) -> StoreResult<()> {
        let kept = KeptText {
            digest: self.digest.clone(),
            version: self.version.clone(),
            lang: self.lang.to_string(),
            body: self.plain.clone(),
        };
        consent_texts::keep(connection, &kept, at)
    }
}

/// The number that people read, of a request or consent with this id that was begun on that day.
pub fn number_of(id: &str, on: chrono::NaiveDate) -> String {
    let letters: Vec<char> = id.chars().filter(char::is_ascii_alphanumeric).collect();
    let tail = letters.get(letters.len().saturating_sub(12)..).unwrap_or_default();
    let groups: Vec<String> =
        tail.chunks(4).map(|group| group.iter().collect::<String>().to_uppercase()).collect();
    format!("SQ{}-{}", on.format("%Y%m%d"), groups.join("-"))
}

/// A member by its name and contact, for the texts; `None` if there is no such member.
pub fn party(connection: &mut AnyConnection, member: &MemberId) -> StoreResult<Option<Party>> {
    Ok(member_contacts::named(connection, member)?.map(|(name, contact)| Party { name, contact }))
}

/// The firm's text.
pub fn render(input: &TextInput, lang: TextLang) -> ServiceResult<Shown> {
    let template = match lang {
        TextLang::Zh => include_str!("authorisation.zh.txt"),
        TextLang::En => include_str!("authorisation.en.txt"),
    };
    let more = |name: &str| match name {
        "post_loan" => post_loan(input, lang),
        "sections" => sections(input, lang),
        "shares" => shares(input, lang),
        "personal" => vec![personal(input, lang)],
        _unknown => Vec::new(),
    };
    shown(AUTHORISATION_VERSION, lang, fill(template, &blanks(input, lang), more))
}

/// The personal text.
pub fn render_personal(input: &PersonalInput, lang: TextLang) -> ServiceResult<Shown> {
    let template = match lang {
        TextLang::Zh => include_str!("personal.zh.txt"),
        TextLang::En => include_str!("personal.en.txt"),
    };
    let types: Vec<_> = input.data_types().iter().filter_map(|name| personal_type(name, lang)).collect();
    let mut blanks = blanks(&input.terms, lang);
    let names: Vec<&str> = types.iter().map(|one| one.name.as_str()).collect();
    blanks.extend([
        ("person", input.person.clone()),
        ("role", role(input.role, lang).to_owned()),
        ("types", names.join(pick(lang, "、", ", "))),
    ]);
    let more = |name: &str| match name {
        "types" => types.iter().map(|one| paragraph(ParagraphKind::Detail, &one.sentence)).collect(),
        _unknown => Vec::new(),
    };
    shown(PERSONAL_VERSION, lang, fill(template, &blanks, more))
}

fn shown(version: &str, lang: TextLang, paragraphs: Vec<Paragraph>) -> ServiceResult<Shown> {
    let lines: String = paragraphs.iter().map(|one| format!("{}{}\n", one.kind.mark(), one.text)).collect();
    let digest = prefixed_digest(lines.as_bytes());
    Ok(Shown { version: version.to_owned(), lang, paragraphs, plain: lines, digest })
}

fn blanks(input: &TextInput, lang: TextLang) -> Vec<Blank> {
    let reached = |party: &Party, part: fn(&MemberContact) -> String| {
        party.contact.as_ref().map_or_else(|| pick(lang, "未登记", "not registered").to_owned(), part)
    };
    vec![
        ("number", input.number.clone()),
        ("firm", input.firm.clone()),
        ("taxpayer", input.taxpayer_id.as_str().to_owned()),
        ("bank", input.bank.name.clone()),
        ("bank_uscc", reached(&input.bank, |known| known.uscc.to_string())),
        ("bank_contact", reached(&input.bank, |known| known.contact.clone())),
        ("bank_complaint", reached(&input.bank, |known| known.complaint.clone())),
        ("bureau", input.bureau.name.clone()),
        ("bureau_contact", reached(&input.bureau, |known| known.contact.clone())),
        ("bureau_complaint", reached(&input.bureau, |known| known.complaint.clone())),
        ("product", input.product.clone()),
        ("product_id", input.product_id.clone()),
        ("purposes", purposes(&input.purpose, lang)),
        ("section_count", input.sections.len().to_string()),
        ("window", window_words(&input.window, lang)),
        ("valid_until", input.valid_until.to_string()),
        ("pulls", input.pulls.to_string()),
        ("retain_until", input.retain_until.to_string()),
    ]
}

fn post_loan(input: &TextInput, lang: TextLang) -> Vec<Paragraph> {
    let (kind, text) = if input.purpose.contains(&Purpose::PostLoan) {
        let text = pick(
            lang,
            "同意将上述信息用于该笔贷款的贷后查询，仅限首次放款之日起至贷款结清之日止。",
            "We agree that the information is also consulted after the loan, only from the first drawdown until the loan is settled.",
        );
        (ParagraphKind::TickPostLoan, text)
    } else {
        (ParagraphKind::Item, pick(lang, "本次不授权贷后查询。", "Use after the loan is not authorised."))
    };
    vec![paragraph(kind, text)]
}

fn sections(input: &TextInput, lang: TextLang) -> Vec<Paragraph> {
    let line = |section: &Section| {
        let name = pick(lang, section.label_zh(), section.label_en());
        let text = format!("{name}{}{}", pick(lang, "：", ": "), section_words(*section, lang));
        paragraph(ParagraphKind::Detail, &text)
    };
    input.sections.iter().map(line).collect()
}

fn shares(input: &TextInput, lang: TextLang) -> Vec<Paragraph> {
    let tick = |(member, name): &(MemberId, String)| {
        let (bank, name) = (visible(&input.bank.name), visible(name));
        let text = match lang {
            TextLang::Zh => {
                format!("同意{bank}将本次申请的审批结果及贷款状态提供给{name}。不勾选，不影响贷款申请。")
            }
            TextLang::En => format!(
                "We agree that {bank} tells {name} the outcome of this application and the state of the loan. Leaving this unticked does not affect the application."
            ),
        };
        paragraph(ParagraphKind::TickShare(member.clone()), &text)
    };
    let ticks: Vec<Paragraph> = input.share_offered.iter().map(tick).collect();
    if !ticks.is_empty() {
        return ticks;
    }
    let none = pick(
        lang,
        "本次不请求将审批结果告知其他单位。",
        "It is not asked that anybody else be told the outcome.",
    );
    vec![paragraph(ParagraphKind::Body, none)]
}

fn personal(input: &TextInput, lang: TextLang) -> Paragraph {
    let text = if input.personal_offered {
        pick(
            lang,
            "本授权书只涉及企业的涉税信息，不代替任何自然人的同意。需要提供自然人信息的，由本人另行阅读《个人信息单独同意书》并单独勾选；不同意的，不影响企业其他事项的办理。",
            "This authorisation is about the firm's tax information only and stands for no natural person's consent. Where personal information is asked for, the person reads a separate consent and ticks it alone; leaving it affects no other matter of the firm.",
        )
    } else {
        pick(
            lang,
            "本授权书只涉及企业的涉税信息，不代替任何自然人的同意。本次不提供自然人个人信息。",
            "This authorisation is about the firm's tax information only and stands for no natural person's consent. No personal information is provided.",
        )
    };
    paragraph(ParagraphKind::Body, text)
}

fn paragraph(kind: ParagraphKind, text: &str) -> Paragraph {
    Paragraph { kind, text: text.to_owned() }
}

fn pick(lang: TextLang, zh: &'static str, en: &'static str) -> &'static str {
    match lang {
        TextLang::Zh => zh,
        TextLang::En => en,
    }
}

#[cfg(test)]
mod tests;
