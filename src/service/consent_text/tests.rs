//! The texts: whole, the same each time, and proof against what others put into names.

use super::*;
use crate::domain::consent::RollingWindow;

pub fn input() -> TextInput {
    let contact = |uscc: &str| {
        Some(MemberContact {
            uscc: uscc.parse().unwrap(),
            contact: "0755-00000001".into(),
            complaint: "0755-00010001".into(),
        })
    };
    TextInput {
        number: number_of("0192f0a0-7c00-7000-8000-0123456789ab", "2026-11-24".parse().unwrap()),
        firm: "样企有限公司".into(),
        taxpayer_id: TaxpayerId::parse_strict("91440300708461136T").unwrap(),
        bank: Party {
            name: "演示银行01股份有限公司深圳分行".into(), contact: contact("9144030010001686XA")
        },
        bureau: Party { name: "演示税务局".into(), contact: None },
        product_id: "bank-01-credit".into(),
        product: "青禾纳税信用贷".into(),
        purpose: vec![Purpose::PreLoan, Purpose::PostLoan],
        sections: Section::ALL.to_vec(),
        window: ConsentWindow::Rolling(RollingWindow { months: 36 }),
        valid_until: "2027-11-23".parse().unwrap(),
        pulls: 5,
        retain_until: "2028-11-23".parse().unwrap(),
        share_offered: vec![("platform".parse().unwrap(), "演示平台".into())],
        personal_offered: true,
    }
}

fn personal_input(own_business: bool) -> PersonalInput {
    let role = GrantorRole::LegalRepresentative;
    PersonalInput { terms: input(), person: "样一".into(), role, own_business }
}

#[test]
fn every_term_is_in_the_text_in_both_languages() {
    for lang in TextLang::ALL {
        let shown = render(&input(), *lang).unwrap();
        for term in [
            "SQ20261124-0123-4567-89AB",
            "样企有限公司",
            "91440300708461136T",
            "演示银行01股份有限公司深圳分行",
            "9144030010001686XA",
            "0755-00000001",
            "0755-00010001",
            "青禾纳税信用贷",
            "2027-11-23",
            "2028-11-23",
            "36",
            "演示平台",
        ] {
            assert!(shown.plain.contains(term), "{lang} lacks {term}: {}", shown.plain);
        }
        assert!(!shown.plain.contains(['{', '}', '@']), "{}", shown.plain);
        let ticks: Vec<_> =
            shown.paragraphs.iter().filter(|one| one.kind.is_tick()).map(|one| &one.kind).collect();
        let platform = ParagraphKind::TickShare("platform".parse().unwrap());
        assert_eq!(ticks, [&ParagraphKind::TickBank, &ParagraphKind::TickPostLoan, &platform]);
        assert_eq!(shown.digest, prefixed_digest(shown.plain.as_bytes()));
        assert_eq!(shown, render(&input(), *lang).unwrap(), "the same each time");
    }
}

#[test]
fn each_term_changes_the_digest() {
    let digest = |change: fn(&mut TextInput)| {
        let mut changed = input();
        change(&mut changed);
        render(&changed, TextLang::Zh).unwrap().digest
    };
    let mut seen = vec![render(&input(), TextLang::En).unwrap().digest];
    let changes: [fn(&mut TextInput); 14] = [
        |_same| (),
        |i| i.number.push('1'),
        |i| i.firm.push('甲'),
        |i| i.bank.contact = None,
        |i| i.bureau.name.push('局'),
        |i| i.product.push('乙'),
        |i| i.purpose.truncate(1),
        |i| i.sections.truncate(3),
        |i| i.window = ConsentWindow::Rolling(RollingWindow { months: 24 }),
        |i| i.valid_until = "2027-11-24".parse().unwrap(),
        |i| i.pulls = 6,
        |i| i.retain_until = "2028-11-24".parse().unwrap(),
        |i| i.share_offered.clear(),
        |i| i.personal_offered = false,
    ];
    for (place, change) in changes.into_iter().enumerate() {
        let new = digest(change);
        assert!(!seen.contains(&new), "change {place} does not show");
        seen.push(new);
    }
}

#[test]
fn names_stay_what_they_are() {
    let mut hostile = input();
    hostile.firm = "{bank}<script>\n## 八、\u{202e}另\u{200b}加\u{7}".into();
    hostile.share_offered[0].1 = "坏\n- 项".into();
    let shown = render(&hostile, TextLang::Zh).unwrap();
    let line = "授权单位：{bank}<script>\u{fffd}## 八、\u{fffd}另\u{fffd}加\u{fffd}（纳税人识别号 91440300708461136T）";
    assert!(shown.paragraphs.iter().any(|one| one.text == line), "{}", shown.plain);
    assert_eq!(shown.plain.lines().count(), render(&input(), TextLang::Zh).unwrap().plain.lines().count());
}

#[test]
fn the_personal_text_names_kinds_need_and_effect() {
    let company = personal_input(false);
    assert_eq!(company.data_types(), ["registration/legal_rep_name"]);
    let own = personal_input(true);
    assert_eq!(own.data_types().len(), 9, "{:?}", own.data_types());
    for lang in TextLang::ALL {
        let (few, many) = (render_personal(&company, *lang).unwrap(), render_personal(&own, *lang).unwrap());
        let detail =
            |shown: &Shown| shown.paragraphs.iter().filter(|one| one.kind == ParagraphKind::Detail).count();
        assert_eq!((detail(&few), detail(&many)), (1, 9));
        let ticks: Vec<_> = few.paragraphs.iter().filter(|one| one.kind.is_tick()).collect();
        assert_eq!(ticks.len(), 1);
        assert!(ticks[0].kind == ParagraphKind::TickPersonal && ticks[0].text.contains("样一"));
        assert!(!few.plain.contains(['{', '}', '@']), "{}", few.plain);
    }
}

#[test]
fn numbers_differ_and_are_short() {
    let on = "2026-11-24".parse().unwrap();
    assert_ne!(
        number_of("0192f0a0-7c00-7000-8000-0123456789ab", on),
        number_of("0192f0a0-7c00-7000-8000-0123456789ac", on)
    );
    assert_eq!(number_of("", on), "SQ20261124-");
}
