//! Ratings follow the rules; violations, inspections and status histories explain them.

use std::collections::BTreeMap;

use chrono::Datelike;

use super::world::{ByFirm, Read, World};
use crate::cli::synth::{City, legal_rep_id_digest};
use std::sync::LazyLock;

/// A city large enough for rare fates.
static TOWN: LazyLock<World> = LazyLock::new(|| World::of(&City::new(23, 500)));

fn sorted<'a>(reads: &[&'a Read], day: &str) -> Vec<&'a Read> {
    let mut sorted = reads.to_vec();
    sorted.sort_by_key(|read| (read.date(day), read.fen("year")));
    sorted
}

#[test]
fn ratings_follow_the_rules() {
    let (mut levels, mut cases) = (BTreeMap::new(), BTreeMap::new());
    for (taxpayer, reads) in TOWN.latest("rating") {
        let history = sorted(&reads, "assessed_on");
        let in_force = history.iter().filter(|read| read.text("superseded_on").is_empty()).count();
        assert_eq!(in_force, 1, "{taxpayer}");
        let mut before: Option<(&str, i64)> = None;
        for read in history {
            let (level, year) = (read.text("level"), read.fen("year"));
            if level == "A" {
                let age = year - i64::from(TOWN.firms[taxpayer].reg_date.year());
                assert!(age >= 3, "{taxpayer} {age}");
                assert!(before.is_none_or(|(last, of)| last != "D" || of == year), "{taxpayer}");
            }
            let case = read.fen("direct_d_case");
            assert_eq!(case > 0, read.text("score").is_empty(), "{taxpayer}");
            assert!(case == 0 || level == "D");
            if case > 0 {
                *cases.entry(case).or_insert(0) += 1;
            }
            *levels.entry(level.to_owned()).or_insert(0) += 1;
            before = Some((level, year));
        }
    }
    assert_eq!(levels.len(), 5, "{levels:?}");
    assert!(cases.contains_key(&9) && cases.len() >= 2, "{cases:?}");
}

#[test]
fn a_direct_d_has_its_reason_on_file() {
    let (statuses, inspections) = (TOWN.latest("registration_status"), TOWN.latest("inspection"));
    let has = |of: &ByFirm<'_>, taxpayer: &str, what: &dyn Fn(&Read) -> bool| {
        of.get(taxpayer).into_iter().flatten().any(|read| what(read))
    };
    for (taxpayer, reads) in TOWN.latest("rating") {
        for read in reads {
            let day = read.date("assessed_on");
            match read.fen("direct_d_case") {
                0 => {}
                9 => assert!(has(&statuses, taxpayer, &|status| {
                    status.text("status") == "05" && status.date("status_from") <= day
                })),
                _ => assert!(has(&inspections, taxpayer, &|case| {
                    case.text("status") == "effective" && case.date("served_on") <= day
                })),
            }
        }
    }
}

#[test]
fn late_returns_are_violations_and_the_first_of_a_year_goes_free() {
    let violations = TOWN.latest("violation");
    let (mut late, mut exempt, mut fined) = (0, 0, 0);
    for form in ["vat_general", "vat_small"] {
        for (taxpayer, reads) in TOWN.latest(form) {
            let originals = reads.into_iter().filter(|read| read.text("correction") == "original");
            for read in originals.filter(|read| read.date("filed_on") > read.date("due")) {
                let found = violations.get(taxpayer).into_iter().flatten().find(|violation| {
                    violation.text("facts").contains("增值税")
                        && violation.date("period.from") == read.period().0
                });
                assert!(found.is_some(), "{taxpayer} {:?}", read.period());
                late += 1;
            }
        }
    }
    for (taxpayer, reads) in &violations {
        let mut years = BTreeMap::new();
        for read in reads.iter().filter(|read| read.body["first_time_exempt"] == true) {
            *years.entry(read.date("registered_on").year()).or_insert(0) += 1;
            exempt += 1;
        }
        assert!(years.values().all(|count| *count <= 2), "{taxpayer}");
        fined += reads.len();
    }
    assert!(late > 200 && exempt > 100 && fined > exempt, "{late} {exempt} {fined}");
}

#[test]
fn a_status_history_ends_as_the_register_says() {
    let registrations = TOWN.latest("registration");
    let mut sequences = BTreeMap::new();
    for (taxpayer, reads) in TOWN.latest("registration_status") {
        let history = sorted(&reads, "status_from");
        for pair in history.windows(2) {
            assert_eq!(pair[0].date("status_to").succ_opt(), Some(pair[1].date("status_from")));
        }
        let codes: Vec<_> = history.iter().map(|read| read.text("status")).collect();
        assert_eq!(registrations[taxpayer][0].text("status"), codes[codes.len() - 1]);
        assert_eq!(TOWN.firms[taxpayer].status, codes[codes.len() - 1]);
        *sequences.entry(codes.join(" ")).or_insert(0) += 1;
    }
    for wanted in ["03", "03 05", "03 05 08", "03 07"] {
        assert!(sequences.contains_key(wanted), "{sequences:?}");
    }
}

#[test]
fn the_register_holds_the_digest_of_who_represents_the_firm_now() {
    let registrations = TOWN.latest("registration");
    assert_eq!(registrations.len(), TOWN.firms.len());
    for (taxpayer, firm) in &TOWN.firms {
        let held = registrations[taxpayer.as_str()][0];
        assert_eq!(held.text("legal_rep_id_digest"), legal_rep_id_digest(&firm.legal_rep_id));
        assert_eq!((held.text("legal_rep_name"), held.text("name")), (&*firm.legal_rep_name, &*firm.name));
        assert_eq!(&firm.legal_rep_id[6..10], "1899");
    }
}

#[test]
fn inspections_are_concluded_and_some_explain_an_invoice_gap() {
    let inspections = TOWN.latest("inspection");
    let gap = inspections.keys().filter(|taxpayer| TOWN.firms[**taxpayer].disagreement.is_some()).count();
    assert!(gap > 0 && inspections.len() > gap, "{gap} of {}", inspections.len());
}
