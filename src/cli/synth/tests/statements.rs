//! Statements balance, follow from each other, and hold the same cash.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};

use super::world::{Read, WORLD};

/// The three statements of one firm and period.
struct Set<'a> {
    balance: &'a Read,
    income: &'a Read,
    cash: &'a Read,
}

fn sets(regime: &str) -> BTreeMap<(&'static str, NaiveDate, NaiveDate), Set<'static>> {
    let of = |name: &str| WORLD.latest(&format!("{name}_{regime}"));
    let (income, cash) = (of("income_statement"), of("cash_flow"));
    let mut sets = BTreeMap::new();
    for (taxpayer, reads) in of("balance_sheet") {
        for balance in reads {
            let same = |all: &BTreeMap<&str, Vec<&'static Read>>| {
                all[taxpayer].iter().find(|other| other.period() == balance.period()).copied().unwrap()
            };
            let (from, to) = balance.period();
            let set = Set { balance, income: same(&income), cash: same(&cash) };
            sets.insert((taxpayer, from, to), set);
        }
    }
    sets
}

#[test]
fn cash_is_the_same_in_both_statements() {
    for regime in ["small", "general"] {
        let sets = sets(regime);
        assert!(sets.len() > 30, "{regime}: {}", sets.len());
        for (key, set) in sets {
            let held = set.balance.fen("figures.closing.cash_fen");
            assert!(held >= 0, "{key:?}");
            for column in ["current", "ytd"] {
                assert_eq!(set.cash.fen(&format!("figures.{column}.closing_cash_fen")), held, "{key:?}");
            }
            let opened = set.balance.fen("figures.opening.cash_fen");
            assert_eq!(set.cash.fen("figures.ytd.opening_cash_fen"), opened, "{key:?}");
        }
    }
}

#[test]
fn a_year_opens_as_the_last_one_closed() {
    let sets = sets("small");
    let mut compared = 0;
    for ((taxpayer, from, to), set) in &sets {
        let before = NaiveDate::from_ymd_opt(to.year() - 1, 12, 31).unwrap();
        let quarter = NaiveDate::from_ymd_opt(to.year() - 1, 10, 1).unwrap();
        let Some(last) = sets.get(&(*taxpayer, quarter, before)) else { continue };
        for row in
            ["cash", "inventories", "accounts_payable", "taxes_payable", "equity_total", "assets_total"]
        {
            assert_eq!(
                set.balance.fen(&format!("figures.opening.{row}_fen")),
                last.balance.fen(&format!("figures.closing.{row}_fen")),
                "{taxpayer} {from} {row}"
            );
        }
        compared += 1;
    }
    assert!(compared > 300, "{compared}");
}

#[test]
fn profit_flows_into_equity() {
    let mut compared = 0;
    for (key, set) in sets("small") {
        let equity = |column: &str| set.balance.fen(&format!("figures.{column}.equity_total_fen"));
        let flow = |row: &str| set.cash.fen(&format!("figures.ytd.{row}_fen"));
        let grown = set.income.fen("figures.ytd.net_profit_fen") + flow("received_from_investors")
            - flow("paid_profit");
        assert_eq!(equity("closing") - equity("opening"), grown, "{key:?}");
        compared += 1;
    }
    assert!(compared > 600, "{compared}");
}

#[test]
fn most_firms_are_alive() {
    let sets = sets("small");
    let years = sets
        .iter()
        .filter(|((_, from, to), _)| from.year() == to.year() && to.month() == 12 && from.month() == 1);
    let (mut earn, mut sound, mut all) = (0, 0, 0);
    for (_, set) in years {
        all += 1;
        earn += i32::from(set.income.fen("figures.ytd.net_profit_fen") > 0);
        let (owed, held) = (
            set.balance.fen("figures.closing.liabilities_total_fen"),
            set.balance.fen("figures.closing.assets_total_fen"),
        );
        sound += i32::from(owed < held);
    }
    assert!(earn * 10 > all * 5 && earn < all, "{earn} of {all} earn");
    assert!(sound * 10 > all * 7 && sound <= all, "{sound} of {all} sound");
}
