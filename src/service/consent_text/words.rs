//! Plain words for what a text names: sections, purposes, windows, roles, kinds of personal data.

use super::{TextLang, pick};
use crate::domain::consent::{ConsentWindow, GrantorRole, Purpose};
use crate::domain::section::Section;

/// What a section tells a bank, in one sentence.
pub fn section_words(section: Section, lang: TextLang) -> &'static str {
    let (zh, en) = section.tells();
    pick(lang, zh, en)
}

/// Purposes, as the text names them.
pub fn purposes(purposes: &[Purpose], lang: TextLang) -> String {
    let one = |purpose: &Purpose| match purpose {
        Purpose::PreLoan => pick(lang, "贷前审查", "review before the loan"),
        Purpose::PostLoan => pick(lang, "贷后查询", "review after the loan"),
    };
    purposes.iter().map(one).collect::<Vec<_>>().join(pick(lang, "、", ", "))
}

/// A window, as the text names it.
pub fn window_words(window: &ConsentWindow, lang: TextLang) -> String {
    match (window, lang) {
        (ConsentWindow::Fixed(window), TextLang::Zh) => format!("{} 至 {}", window.from(), window.to()),
        (ConsentWindow::Fixed(window), TextLang::En) => format!("{} to {}", window.from(), window.to()),
        (ConsentWindow::Rolling(rolling), TextLang::Zh) => {
            format!("每次查询当月及此前 {} 个月（随查询日滚动）", rolling.months)
        }
        (ConsentWindow::Rolling(rolling), TextLang::En) => {
            format!(
                "the month of each query and the {} months before it (moves with the query)",
                rolling.months
            )
        }
    }
}

/// A grantor's role.
pub fn role(role: GrantorRole, lang: TextLang) -> &'static str {
    match role {
        GrantorRole::LegalRepresentative => pick(lang, "法定代表人", "legal representative"),
        GrantorRole::FinancialOfficer => pick(lang, "财务负责人", "financial officer"),
        GrantorRole::Owner => pick(lang, "负责人", "owner"),
    }
}

/// A kind of personal data.
pub struct PersonalType {
    /// What it is called.
    pub name: String,
    /// What it is, why it is needed and what it means for the person.
    pub sentence: String,
}

/// A kind of personal data by its name in the consent; `None` for a name that no section has.
pub fn personal_type(name: &str, lang: TextLang) -> Option<PersonalType> {
    if let Some((_section, "legal_rep_name")) = name.split_once('/') {
        return Some(PersonalType {
            name: pick(lang, "姓名", "name").to_owned(),
            sentence: pick(
                lang,
                "姓名。必要性：核对办理贷款的人与登记的法定代表人（负责人）是否为同一人。影响：银行将知悉您在该企业的职务。",
                "Name. Needed to check that whoever applies is the registered representative. It means that the bank learns of your office in the firm.",
            )
            .to_owned(),
        });
    }
    let section: Section = name.parse().ok()?;
    let label = pick(lang, section.label_zh(), section.label_en());
    Some(match lang {
        TextLang::Zh => PersonalType {
            name: label.to_owned(),
            sentence: format!(
                "{label}（{}）。必要性：个体工商户、个人独资企业、合伙企业的经营收入与纳税即经营者本人的收入与纳税，银行据此判断还款能力。影响：可能影响对您本人的授信决定，包括不利的决定。",
                section_words(section, lang)
            ),
        },
        TextLang::En => PersonalType {
            name: label.to_lowercase(),
            sentence: format!(
                "{label} ({}). Needed since the income and tax of a sole trader, sole proprietorship or partnership are the owner's own, by which the bank judges the ability to repay. It means that a decision on credit to you may rest on it, an adverse one too.",
                section_words(section, lang)
            ),
        },
    })
}
