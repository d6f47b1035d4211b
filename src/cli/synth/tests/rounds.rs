//! Amendments come in three rounds of later files, and revise what was delivered.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};

use super::world::{Read, WORLD};
use crate::cli::synth::calendar::add_months;

#[test]
fn three_rounds_follow_the_first_delivery_a_day_apart() {
    let days: Vec<NaiveDate> = WORLD.manifest.files.iter().map(|file| file.as_of).collect();
    assert!(days.is_sorted(), "rounds in order");
    let rounds: BTreeSet<NaiveDate> = days.iter().copied().collect();
    assert_eq!(rounds.len(), 4);
    let first = days[0];
    let amended: BTreeSet<&str> = WORLD
        .manifest
        .files
        .iter()
        .filter(|file| file.as_of > first)
        .map(|file| file.form.as_str())
        .collect();
    for form in ["vat_general", "cit_annual", "payment", "arrears", "income_statement_small", "registration"]
    {
        assert!(amended.contains(form), "{form}");
    }
    for file in WORLD.manifest.files.iter().filter(|file| file.as_of > first) {
        assert!(file.rows > 0 && file.file.contains("-amendments-"), "{}", file.file);
    }
}

#[test]
fn a_correction_revises_an_original_that_says_something_else() {
    for form in ["vat_general", "income_statement_small", "cit_annual"] {
        let mut revisions: BTreeMap<(&str, &str), Vec<&Read>> = BTreeMap::new();
        for read in WORLD.reads.iter().filter(|read| read.form == form) {
            revisions.entry((read.record.taxpayer.as_str(), &read.record.key)).or_default().push(read);
        }
        let mut amended = 0;
        for ((taxpayer, key), reads) in revisions {
            assert_eq!(reads[0].text("correction"), "original", "{taxpayer} {key}");
            for later in &reads[1..] {
                assert_eq!(later.text("correction"), "amended");
                assert!(later.date("filed_on") > reads[0].date("filed_on") && later.body != reads[0].body);
                amended += 1;
            }
        }
        assert!(amended > 0, "{form}");
    }
}

#[test]
fn arrears_are_cleared_by_payments_that_come_with_the_same_round() {
    let mut cleared = 0;
    let payments = WORLD.latest("payment");
    for read in WORLD.reads.iter().filter(|read| read.form == "arrears" && read.fen("amount_fen") == 0) {
        let paid = payments[read.record.taxpayer.as_str()].iter().any(|payment| {
            payment.text("class") == "tax"
                && payment.text("tax_item") == read.text("tax_item")
                && payment.date("period.from") == read.date("period.from")
                && payment.date("paid_on") == read.date("cleared_on")
        });
        assert!(paid, "{:?}", read.body);
        cleared += i32::from(WORLD.manifest.files[read.file].as_of > WORLD.manifest.files[0].as_of);
    }
    assert!(cleared > 0);
    let owed = WORLD.latest("arrears").into_values().flatten().filter(|read| read.fen("amount_fen") > 0);
    assert!(owed.count() > 20);
}

#[test]
fn returns_carry_forward_and_the_year_adds_up() {
    let slips = WORLD.with_slips();
    let mut compared = 0;
    for (taxpayer, reads) in WORLD.latest("vat_general") {
        if slips.contains(taxpayer) {
            continue;
        }
        let by_month: BTreeMap<NaiveDate, &Read> =
            reads.into_iter().map(|read| (read.period().0, read)).collect();
        for (month, this) in &by_month {
            let next_month = add_months(*month, 1);
            let Some(next) = by_month.get(&next_month) else { continue };
            let of = |read: &Read, column: &str, row: &str| read.fen(&format!("general.{column}.{row}_fen"));
            for (closing, opening) in [("carried_out", "carried_in"), ("closing_unpaid", "opening_unpaid")] {
                assert_eq!(of(this, "month", closing), of(next, "month", opening), "{taxpayer} {month}");
            }
            for row in ["sales_std", "output_tax", "net_payable", "payable_total", "paid"] {
                let before = if next_month.month() == 1 { 0 } else { of(this, "ytd", row) };
                assert_eq!(before + of(next, "month", row), of(next, "ytd", row), "{taxpayer} {month} {row}");
            }
            compared += 1;
        }
    }
    assert!(compared > 1_500, "{compared}");
}
