//! Declared sales, invoices, income and payments of the same firm say the same.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::world::{Read, WORLD};
use crate::cli::synth::calendar::{add_months, quarter_start};
use crate::cli::synth::{Disagreement, TaxpayerKind};

/// Sales by the month, or the quarter of who files by it: rows 1, 5, 7 and 8 of both kinds of business.
fn declared() -> BTreeMap<(&'static str, NaiveDate), i64> {
    let mut sales = BTreeMap::new();
    for (taxpayer, reads) in WORLD.latest("vat_general") {
        for read in reads {
            let of = |kind: &str| {
                ["sales_std", "sales_simple", "sales_export", "sales_exempt"]
                    .iter()
                    .map(|row| read.fen(&format!("{kind}.month.{row}_fen")))
                    .sum::<i64>()
            };
            sales.insert((taxpayer, read.period().0), of("general") + of("refund_on_levy"));
        }
    }
    for (taxpayer, reads) in WORLD.latest("vat_small") {
        for read in reads {
            let of = |row: &str| read.fen(&format!("figures.period.{row}_fen"));
            sales.insert((taxpayer, read.period().0), of("sales_taxable") + of("sales_exempt"));
        }
    }
    sales
}

/// Sales of the quarter that starts on that day, where all of it was declared by the month or the quarter.
fn of_quarter(sales: &BTreeMap<(&str, NaiveDate), i64>, taxpayer: &str, first: NaiveDate) -> Option<i64> {
    let months: Vec<_> = (0..3).filter_map(|i| sales.get(&(taxpayer, add_months(first, i)))).collect();
    let general = WORLD.firms[taxpayer].vat_class.as_str() == "general";
    (!months.is_empty() && (!general || months.len() == 3)).then(|| months.into_iter().sum())
}

#[test]
fn invoices_never_exceed_what_is_declared_but_where_the_city_says_so() {
    let sales = declared();
    let mut issued: BTreeMap<(&str, NaiveDate), i64> = BTreeMap::new();
    for (taxpayer, reads) in WORLD.latest("invoice_month") {
        let general = WORLD.firms[taxpayer].vat_class.as_str() == "general";
        for read in reads.into_iter().filter(|read| read.text("direction") == "issued") {
            let first = read.period().0;
            let first = if general { first } else { quarter_start(first) };
            *issued.entry((taxpayer, first)).or_default() += read.fen("net_fen");
        }
    }
    let (mut compared, mut above) = (0, 0);
    for (key, net) in issued {
        let Some(declared) = sales.get(&key) else { continue };
        compared += 1;
        if WORLD.firms[key.0].disagreement == Some(Disagreement::InvoicesAboveDeclared) {
            above += i32::from(net > *declared);
        } else {
            assert!(net <= *declared, "{key:?}: {net} invoiced, {declared} declared");
        }
    }
    assert!(compared > 2_000 && above > 5, "{compared} {above}");
}

#[test]
fn invoices_received_carry_the_input_tax_deducted() {
    let received = WORLD.latest("invoice_month");
    let mut compared = 0;
    for (taxpayer, reads) in WORLD.latest("vat_general") {
        for read in reads {
            let input =
                read.fen("general.month.input_tax_fen") + read.fen("refund_on_levy.month.input_tax_fen");
            let of_month = received.get(taxpayer).into_iter().flatten().find(|invoices| {
                invoices.text("direction") == "received" && invoices.period() == read.period()
            });
            assert_eq!(of_month.map_or(0, |invoices| invoices.fen("tax_fen")), input);
            compared += i32::from(of_month.is_some());
        }
    }
    assert!(compared > 1_500, "{compared}");
}

#[test]
fn statements_and_income_tax_show_the_declared_revenue() {
    let sales = declared();
    let (mut quarters, mut below, mut years) = (0, 0, 0);
    for form in ["income_statement_small", "income_statement_general"] {
        for (taxpayer, reads) in WORLD.latest(form) {
            let disagrees = WORLD.firms[taxpayer].disagreement == Some(Disagreement::RevenueBelowDeclared);
            for read in reads {
                let (from, to) = read.period();
                let revenue = read.fen("figures.current.revenue_fen");
                let mut quarter = from;
                let mut whole = Some(0);
                while quarter <= to {
                    whole = whole.zip(of_quarter(&sales, taxpayer, quarter)).map(|(sum, more)| sum + more);
                    quarter = add_months(quarter, 3);
                }
                let Some(declared) = whole else { continue };
                if disagrees {
                    below += i32::from(revenue < declared);
                } else {
                    assert_eq!(revenue, declared, "{taxpayer} {from}");
                    quarters += 1;
                }
            }
        }
    }
    let statements = WORLD.latest("income_statement_small");
    for (form, revenue, ytd) in [
        ("cit_annual", "figures.revenue_fen", "figures.current.revenue_fen"),
        ("cit_prepayment", "figures.ytd.revenue_fen", "figures.ytd.revenue_fen"),
    ] {
        for (taxpayer, reads) in WORLD.latest(form) {
            for read in reads {
                let statement = statements
                    .get(taxpayer)
                    .and_then(|all| all.iter().find(|other| other.period() == read.period()));
                if let Some(statement) = statement {
                    assert_eq!(read.fen(revenue), statement.fen(ytd), "{form}");
                    years += 1;
                }
            }
        }
    }
    assert!(quarters > 800 && below > 3 && years > 700, "{quarters} {below} {years}");
}

/// What the last revisions of the returns say is to be paid, above zero: by taxpayer, tax and period.
fn due() -> BTreeMap<(&'static str, String, NaiveDate, NaiveDate), i64> {
    let mut all = BTreeMap::new();
    let mut note = |taxpayer: &'static str, kind: &str, read: &Read, fen: i64| {
        let (from, to) = read.period();
        if fen > 0 {
            *all.entry((taxpayer, kind.to_owned(), from, to)).or_default() += fen;
        }
    };
    for (taxpayer, reads) in WORLD.latest("vat_general") {
        for read in reads {
            for row in ["prepaid_fen", "due_or_refund_fen"] {
                note(taxpayer, "10101", read, read.fen(&format!("general.month.{row}")));
                note(taxpayer, "10101", read, read.fen(&format!("refund_on_levy.month.{row}")));
            }
            for (row, kind) in [
                ("surcharge_construction_fen", "10109"),
                ("surcharge_education_fen", "30203"),
                ("surcharge_local_education_fen", "30216"),
            ] {
                note(taxpayer, kind, read, read.fen(&format!("general.month.{row}")));
            }
        }
    }
    for (form, kind, path) in [
        ("vat_small", "10101", "figures.period.due_or_refund_fen"),
        ("cit_prepayment", "10104", "figures.ytd.due_or_refund_fen"),
        ("cit_annual", "10104", "figures.due_or_refund_fen"),
        ("other_tax", "", "due_or_refund_fen"),
    ] {
        for (taxpayer, reads) in WORLD.latest(form) {
            for read in reads {
                let kind = if kind.is_empty() { read.text("tax_kind") } else { kind };
                note(taxpayer, kind, read, read.fen(path));
            }
        }
    }
    all
}

#[test]
fn every_due_is_paid_once_or_owed() {
    let slips = WORLD.with_slips();
    let mut settled = BTreeMap::new();
    let of_returns = |read: &&Read| read.text("class") == "tax" && !read.text("tax_item").is_empty();
    for form in ["payment", "arrears"] {
        for (taxpayer, reads) in WORLD.latest(form) {
            for read in reads.into_iter().filter(of_returns) {
                let (from, to) = (read.date("period.from"), read.date("period.to"));
                let key = (taxpayer, read.text("tax_kind").to_owned(), from, to);
                *settled.entry(key).or_default() += read.fen("amount_fen");
            }
        }
    }
    let due = due();
    assert!(due.len() > 4_000, "{}", due.len());
    for (key, fen) in &due {
        if !slips.contains(key.0) {
            assert_eq!(settled.get(key), Some(fen), "{key:?}");
        }
    }
    for (key, fen) in &settled {
        assert!(slips.contains(key.0) || due.get(key) == Some(fen) || *fen == 0, "{key:?} {fen}");
    }
}

#[test]
fn what_is_paid_late_has_its_late_fee() {
    let (mut late, mut fees) = (0, 0);
    for reads in WORLD.latest("payment").into_values() {
        for read in reads {
            if read.text("class") == "late_fee" {
                fees += 1;
                assert_eq!(read.record.checks.map(|checks| checks.passed), Some(1));
            } else if read.text("class") == "tax" && !read.text("pay_due").is_empty() {
                let days = (read.date("paid_on") - read.date("pay_due")).num_days();
                late += i32::from(days > 0 && read.fen("amount_fen") * days >= 1_000);
            }
        }
    }
    assert!(late > 100 && fees >= late, "{late} {fees}");
}

#[test]
fn companies_pay_enterprise_income_tax_and_all_others_10106() {
    let (prepayments, settlements) = (WORLD.latest("cit_prepayment"), WORLD.latest("cit_annual"));
    let other = WORLD.latest("other_tax");
    let mut personal = 0;
    for (taxpayer, firm) in &WORLD.firms {
        let taxpayer = taxpayer.as_str();
        let of_owners =
            other.get(taxpayer).into_iter().flatten().any(|read| read.text("tax_kind") == "10106");
        if firm.kind == TaxpayerKind::Company {
            assert!(!of_owners);
        } else {
            assert!(!prepayments.contains_key(taxpayer) && !settlements.contains_key(taxpayer));
            personal += i32::from(of_owners);
        }
    }
    assert!(personal > 30, "{personal}");
}

#[test]
fn the_ten_largest_counterparties_are_ranked_and_some_are_shared() {
    let mut firms_of: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (taxpayer, reads) in WORLD.latest("invoice_counterparty") {
        let mut by_list: BTreeMap<String, Vec<(i64, i64)>> = BTreeMap::new();
        for read in reads {
            let list = format!("{} {}", read.text("direction"), read.period().0);
            by_list.entry(list).or_default().push((read.fen("rank"), read.fen("net_fen")));
            firms_of.entry(read.text("counterparty").to_owned()).or_default().push(taxpayer);
        }
        for list in by_list.values_mut() {
            list.sort_unstable();
            assert!(list.is_sorted_by(|a, b| a.0 + 1 == b.0 && a.1 >= b.1), "{list:?}");
        }
    }
    for firms in firms_of.values_mut() {
        firms.dedup();
    }
    let shared = firms_of.values().filter(|firms| firms.len() > 1).count();
    assert!(shared > 20 && shared < firms_of.len() / 2, "{shared} of {}", firms_of.len());
}

#[test]
fn staff_wages_and_income_tax_returns_agree() {
    let employment = WORLD.latest("employment_month");
    let mut suppressed = 0;
    for reads in employment.values() {
        suppressed += i32::from(reads.iter().all(|read| read.fen("insured") < 5));
        for read in reads {
            assert!(read.fen("wages_fen") >= read.fen("insured") * 300_000);
        }
    }
    assert!(suppressed > 10, "{suppressed}");
    let mut compared = 0;
    for (taxpayer, reads) in WORLD.latest("cit_prepayment") {
        for read in reads {
            let last = add_months(read.period().0, 2);
            let of_month =
                employment.get(taxpayer).and_then(|all| all.iter().find(|month| month.period().0 == last));
            if let Some(month) = of_month {
                let staff = read.fen("employees_closing");
                assert!(month.fen("insured") <= staff && month.fen("insured") * 10 >= staff * 7);
                compared += 1;
            }
        }
    }
    assert!(compared > 500, "{compared}");
}
