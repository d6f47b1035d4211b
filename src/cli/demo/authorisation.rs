//! The text that a firm is shown when it authorises: 涉税信息查询授权书. A consent carries its digest.

use super::products::Product;
use crate::domain::section::Section;
use crate::seal::digest::prefixed_digest;

/// Version of the wording.
pub const VERSION: &str = "authorisation/2026-1";

const WORDING: &str = include_str!("authorisation.txt");

/// The separate consent of 个人信息保护法 Art. 23, beside the firm's own.
const PERSONAL: &str = "☑ 本人{person}单独同意向{bank}提供本人的经营所得涉税信息与姓名，用于“{product}”的贷款审查。不勾选，不影响企业其他事项的办理。";
const NOT_PERSONAL: &str =
    "□ 本次未授权提供自然人信息；需要时由本人另行单独同意，不勾选不影响企业其他事项的办理。";

/// What is filled into the wording.
pub struct Blanks<'a> {
    /// The firm's name.
    pub firm: &'a str,
    /// Its taxpayer id.
    pub taxpayer: &'a str,
    /// The bank's full name.
    pub bank: &'a str,
    /// Its product.
    pub product: &'a Product,
    /// What may be asked for.
    pub sections: &'a [Section],
    /// Months before the day of a query.
    pub months: u32,
    /// First day.
    pub valid_from: chrono::NaiveDate,
    /// First day no longer.
    pub valid_to: chrono::NaiveDate,
    /// How often.
    pub pulls: u64,
    /// Whether the firm ticked the use after the loan, too.
    pub post_loan: bool,
    /// Who consents separately to the bank's having their own data, if somebody does.
    pub person: Option<&'a str>,
    /// When the bank deletes.
    pub retain_until: chrono::NaiveDate,
}

/// The text as the firm reads it.
pub fn wording(blanks: &Blanks<'_>) -> String {
    let sections: Vec<&str> = blanks.sections.iter().map(|section| section.label_zh()).collect();
    let personal = match blanks.person {
        Some(person) => PERSONAL
            .replace("{person}", person)
            .replace("{bank}", blanks.bank)
            .replace("{product}", &blanks.product.name),
        None => NOT_PERSONAL.to_owned(),
    };
    [
        ("{personal}", personal.as_str()),
        ("{firm}", blanks.firm),
        ("{taxpayer}", blanks.taxpayer),
        ("{bank}", blanks.bank),
        ("{product}", &blanks.product.name),
        ("{sections}", &sections.join("、")),
        ("{months}", &blanks.months.to_string()),
        ("{valid_from}", &blanks.valid_from.to_string()),
        ("{valid_to}", &blanks.valid_to.to_string()),
        ("{post_loan}", if blanks.post_loan { "☑" } else { "□" }),
        ("{pulls}", &blanks.pulls.to_string()),
        ("{retain_until}", &blanks.retain_until.to_string()),
    ]
    .into_iter()
    .fold(WORDING.to_owned(), |text, (blank, value)| text.replace(blank, value))
}

/// What the consent says of the text: digest of exactly what was shown.
pub fn digest(text: &str) -> String {
    prefixed_digest(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_blank_is_left_open() {
        let day = |text: &str| text.parse().unwrap();
        let text = wording(&Blanks {
            firm: "样企",
            taxpayer: "91440300MA5FUK2Y3N",
            bank: "演示银行01股份有限公司深圳分行",
            product: &Product {
                id: "bank-01-credit".into(),
                name: "青禾纳税信用贷".into(),
                sections: Section::ALL.to_vec(),
            },
            sections: &[Section::Registration, Section::Filings],
            months: 36,
            valid_from: day("2026-11-22"),
            valid_to: day("2027-11-22"),
            pulls: 5,
            post_loan: false,
            person: Some("样一"),
            retain_until: day("2028-11-22"),
        });
        assert!(!text.contains('{') && !text.contains('}'), "{text}");
        assert!(text.contains("登记信息、申报信息") && text.contains("“青禾纳税信用贷”"), "{text}");
        assert!(text.contains("本人样一单独同意向演示银行01股份有限公司深圳分行"), "{text}");
        assert_eq!(digest(&text).len(), "sha-256:".len() + 43);
    }
}
