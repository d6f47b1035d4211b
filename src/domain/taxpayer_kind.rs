//! What kind of taxpayer it is, as far as consent asks: a company's tax data is the company's, a sole trader's
//! or a partnership's is or contains a natural person's (个人信息保护法 Art. 4).

use chrono::NaiveDate;

use super::codes::codes;
use super::taxpayer_id::TaxpayerId;

codes! {
    /// The kind of a taxpayer. All but companies pay individual income tax on their business income
    /// (经营所得个人所得税, 10106) in place of enterprise income tax (企业所得税法 Art. 1).
    TaxpayerKind "纳税人类别" {
        /// 公司 and every other taxpayer that is a person of its own in law or is taxed like one.
        Company = "company" "公司及其他企业",
        /// 个体工商户 (促进个体工商户发展条例 Art. 2).
        SoleTrader = "sole_trader" "个体工商户",
        /// 个人独资企业 (个人独资企业法 Art. 2).
        SoleProprietorship = "sole_proprietorship" "个人独资企业",
        /// 合伙企业 (合伙企业法 Art. 2).
        Partnership = "partnership" "合伙企业",
    }
}

/// 登记注册类型 codes of taxpayers that are not companies. The three-digit codes are those of
/// 《关于划分企业登记注册类型的规定》 (国统字〔2011〕86号), with the 4xx group that tax registration adds for
/// individuals. A bureau may have codes of its own beside them: the list is configuration of that bureau, and
/// this table is where it is kept.
const NOT_COMPANIES: [(&str, TaxpayerKind); 5] = [
    ("171", TaxpayerKind::SoleProprietorship), // 私营独资企业
    ("172", TaxpayerKind::Partnership),        // 私营合伙企业
    ("410", TaxpayerKind::SoleTrader),         // 个体工商户
    ("411", TaxpayerKind::SoleTrader),         // 内资个体
    ("412", TaxpayerKind::Partnership),        // 个人合伙
];

impl TaxpayerKind {
    /// The kind that the 登记注册类型 code of a registration says.
    pub fn of_registration_type(code: &str) -> Self {
        NOT_COMPANIES
            .into_iter()
            .find_map(|(known, kind)| (known == code).then_some(kind))
            .unwrap_or(TaxpayerKind::Company)
    }

    /// The kind as far as the number itself tells, where no registration is known: a credit code of class 92 and
    /// a number made of a resident identity number are sole traders. In doubt it errs on the side of the
    /// person: an older firm's number whose digits could be a birthday counts as one.
    pub fn of_taxpayer_id(id: &TaxpayerId) -> Self {
        let text = id.as_str();
        let trader = text.len() == 18 && text.starts_with("92");
        if trader || holds_identity_number(text) { TaxpayerKind::SoleTrader } else { TaxpayerKind::Company }
    }

    /// The kind by registration, or by the number where no registration is known.
    pub fn of(registration_type: Option<&str>, id: &TaxpayerId) -> Self {
        registration_type.map_or_else(|| Self::of_taxpayer_id(id), Self::of_registration_type)
    }

    /// Whether its tax data is a natural person's own, so that it leaves only under that person's separate
    /// consent (个人信息保护法 Art. 23).
    pub fn needs_personal_consent(self) -> bool {
        match self {
            TaxpayerKind::Company => false,
            TaxpayerKind::SoleTrader | TaxpayerKind::SoleProprietorship | TaxpayerKind::Partnership => true,
        }
    }
}

/// A resident identity number (GB 11643: region, birthday, sequence, check), alone or with what a bureau adds
/// behind it, or the older one of fifteen digits with a birthday of two-digit year.
fn holds_identity_number(text: &str) -> bool {
    let digits = |range: std::ops::Range<usize>| {
        text.get(range).filter(|part| part.bytes().all(|c| c.is_ascii_digit()))
    };
    if digits(0..15).is_none() {
        return false;
    }
    if text.len() == 15 {
        return digits(6..12).is_some_and(|day| is_birthday(&format!("19{day}")));
    }
    text.len() >= 18 && digits(0..17).is_some() && digits(6..14).is_some_and(is_birthday)
}

/// Eight digits that are a day from 1900 to 2099.
fn is_birthday(digits: &str) -> bool {
    let number = |range| digits.get(range).and_then(|part: &str| part.parse::<u32>().ok());
    let (Some(year), Some(month), Some(day)) = (number(0..4), number(4..6), number(6..8)) else {
        return false;
    };
    (1900..2100).contains(&year)
        && i32::try_from(year).is_ok_and(|year| NaiveDate::from_ymd_opt(year, month, day).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_number(text: &str) -> TaxpayerKind {
        TaxpayerKind::of_taxpayer_id(&TaxpayerId::parse(text).unwrap())
    }

    #[test]
    fn the_registration_says_it_first() {
        let firm = TaxpayerId::parse("914403001922038216").unwrap();
        for (code, kind) in [
            ("173", TaxpayerKind::Company),
            ("159", TaxpayerKind::Company),
            ("999", TaxpayerKind::Company),
            ("171", TaxpayerKind::SoleProprietorship),
            ("172", TaxpayerKind::Partnership),
            ("410", TaxpayerKind::SoleTrader),
            ("411", TaxpayerKind::SoleTrader),
            ("412", TaxpayerKind::Partnership),
        ] {
            assert_eq!(TaxpayerKind::of(Some(code), &firm), kind, "{code}");
        }
        assert_eq!(TaxpayerKind::of(None, &firm), TaxpayerKind::Company);
    }

    #[test]
    fn a_number_of_a_natural_person_is_a_sole_trader() {
        for person in
            ["92440304MA5QWE344L", "440304197001011234", "44030519800101123X", "44030519800101123456"]
        {
            assert_eq!(by_number(person), TaxpayerKind::SoleTrader, "{person}");
        }
        assert_eq!(by_number("440305800101123"), TaxpayerKind::SoleTrader, "fifteen digits with a birthday");
    }

    #[test]
    fn other_numbers_are_companies() {
        for firm in [
            "914403001922038216",
            "91440305MA5XYR1281",
            "440301198001015",
            "44030119800X015",
            "93440304MA5QWE3440",
        ] {
            assert_eq!(by_number(firm), TaxpayerKind::Company, "{firm}");
        }
    }

    #[test]
    fn only_a_company_needs_no_personal_consent() {
        for kind in TaxpayerKind::ALL {
            assert_eq!(kind.needs_personal_consent(), kind != TaxpayerKind::Company);
        }
    }
}
