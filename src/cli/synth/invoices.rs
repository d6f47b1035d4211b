//! A firm's invoices by the month, and its ten largest customers and suppliers by the year.

use chrono::{Datelike, NaiveDate};

use super::SynthError;
use super::calendar::{Span, add_months, month_end};
use super::firm::{Disagreement, Firm};
use super::identity::counterparty;
use super::industry::Season;
use super::ledger::Ledger;
use super::money::{share, share_bp};
use super::random::{Purpose, Random};
use super::vat::VatMonth;
use crate::domain::sections::registration::VatClass;

/// Counterparties that several firms of a city deal with.
const SHARED: u64 = 97;

/// Whether the firm issued the invoices or got them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Issued,
    Received,
}

impl Direction {
    pub(super) const ALL: [Direction; 2] = [Direction::Issued, Direction::Received];

    /// The code in the form.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Direction::Issued => "issued",
            Direction::Received => "received",
        }
    }
}

/// One month's invoices of one direction.
#[derive(Debug, Clone)]
pub(super) struct InvoiceMonth {
    pub(super) first: NaiveDate,
    pub(super) direction: Direction,
    pub(super) count: i64,
    pub(super) net: i64,
    pub(super) tax: i64,
    pub(super) red_count: i64,
    /// Zero or below.
    pub(super) red_net: i64,
    pub(super) void_count: i64,
    pub(super) counterparties: i64,
    pub(super) top1_bp: i64,
    pub(super) top10_bp: i64,
}

/// One of the ten largest counterparties of twelve months.
#[derive(Debug, Clone)]
pub(super) struct Counterparty {
    pub(super) from: NaiveDate,
    pub(super) to: NaiveDate,
    pub(super) direction: Direction,
    pub(super) rank: i64,
    pub(super) number: String,
    pub(super) net: i64,
    pub(super) share_bp: i64,
}

/// How far a firm that hides sales invoices beyond what it declares, per mille.
pub(super) fn gap_per_mille(firm: &Firm) -> i64 {
    Random::new(firm.seed ^ 0x6170, firm.index, Purpose::Invoices).between(40, 250)
}

/// Every month's invoices, both directions, in order. A month without any has no row.
pub(super) fn months(firm: &Firm, ledger: &Ledger, span: &Span) -> Vec<InvoiceMonth> {
    let mut random = firm.random(Purpose::Invoices);
    // Shops and kitchens sell much without an invoice.
    let usual = match firm.industry.season {
        Season::Shop | Season::Table => random.between(450, 850),
        Season::Factory | Season::Site | Season::Office => random.between(900, 1_000),
    };
    let ticket = random.between(200_000, 8_000_000);
    let known = [random.between(2, 60), random.between(2, 40)];
    let mut rows = Vec::new();
    for vat in &ledger.months {
        let above = firm.disagreement == Some(Disagreement::InvoicesAboveDeclared);
        let wanders = random.between(-40, 40);
        let part = if above { 1_000 + gap_per_mille(firm) } else { (usual + wanders).min(1_000) };
        for (direction, known) in Direction::ALL.into_iter().zip(known) {
            let (net, tax) = match direction {
                Direction::Issued => (share(vat.sales, part), share(charged(vat, firm), part)),
                Direction::Received => (vat.received_net(firm.vat_class), vat.input),
            };
            let row = month(vat.first, direction, net, tax, ticket, known, &mut random);
            if net > 0 && vat.first >= span.first {
                rows.push(row);
            }
        }
    }
    rows
}

/// Tax on the month's invoices: a small-scale taxpayer's state one percent, month by month.
fn charged(vat: &VatMonth, firm: &Firm) -> i64 {
    match firm.vat_class {
        VatClass::General => vat.charged,
        VatClass::SmallScale => vat.sales / 100,
    }
}

fn month(
    first: NaiveDate,
    direction: Direction,
    net: i64,
    tax: i64,
    ticket: i64,
    known: i64,
    random: &mut Random,
) -> InvoiceMonth {
    let count = (net / ticket).clamp(1, 20_000);
    let counterparties = known.min(count);
    let red_count = if random.chance(120) { random.between(1, 3).min(count) } else { 0 };
    let first_share = random.between(9_000, 10_000) / (counterparties.min(9) + 1) * 2;
    let top1_bp = if counterparties == 1 { 10_000 } else { first_share.min(9_800) };
    let top10_bp = if counterparties <= 10 {
        10_000
    } else {
        top1_bp + (10_000 - top1_bp) * random.between(30, 80) / 100
    };
    InvoiceMonth {
        first,
        direction,
        count,
        net,
        tax,
        red_count,
        red_net: -share(net, red_count * random.between(2, 15)),
        void_count: if random.chance(200) { random.between(1, 4) } else { 0 },
        counterparties,
        top1_bp,
        top10_bp,
    }
}

/// The ten largest of each calendar year that has ended and of the twelve months up to the last.
pub(super) fn counterparties(
    firm: &Firm,
    rows: &[InvoiceMonth],
    span: &Span,
) -> Result<Vec<Counterparty>, SynthError> {
    let mut all = Vec::new();
    let years = (span.first.year() + 1..=span.last.year())
        .filter_map(|year| NaiveDate::from_ymd_opt(year, 1, 1))
        .filter(|from| add_months(*from, 11) < span.last);
    let trailing = span.last.checked_sub_months(chrono::Months::new(11));
    for from in years.chain(trailing) {
        let to = add_months(from, 11);
        for direction in Direction::ALL {
            let net: i64 = rows
                .iter()
                .filter(|row| row.direction == direction && from <= row.first && row.first <= to)
                .map(|row| row.net)
                .sum();
            if net > 0 {
                largest(firm, from, direction, net, &mut all)?;
            }
        }
    }
    Ok(all)
}

/// Each rank takes the same part of what those before it left; each keeps its counterparty over the years.
fn largest(
    firm: &Firm,
    from: NaiveDate,
    direction: Direction,
    net: i64,
    all: &mut Vec<Counterparty>,
) -> Result<(), SynthError> {
    let salt = match direction {
        Direction::Issued => 0x1550,
        Direction::Received => 0x2ec0,
    };
    let mut random = Random::new(firm.seed ^ salt, firm.index, Purpose::Invoices);
    let (part, ranks) = (random.between(80, 450), random.between(3, 10));
    let (mut left, mut shared) = (net, Vec::new());
    for rank in 1..=ranks {
        let (is_shared, pick) = (random.chance(400), random.next());
        let place = pick % SHARED;
        let number = if is_shared && !shared.contains(&place) {
            shared.push(place);
            Random::new(firm.seed, place, Purpose::Invoices).next()
        } else {
            pick
        };
        let of_rank = share(left, part);
        if of_rank <= 0 {
            break;
        }
        left -= of_rank;
        all.push(Counterparty {
            from,
            to: month_end(add_months(from, 11)),
            direction,
            rank,
            number: counterparty(number)?,
            net: of_rank,
            share_bp: share_bp(of_rank, net).unwrap_or(0),
        });
    }
    Ok(())
}
