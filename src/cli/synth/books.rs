//! A firm's general ledger: the month's sales, purchases, wages and taxes as balanced postings.
//!
//! Statements, income tax and cash flow are read off it, so that they agree with the VAT returns, the payments and the
//! social insurance of the same firm to the fen.

use super::accounts::{Cash, Position, Profit};
use super::dues::{Due, Tax};
use super::firm::{Course, Disagreement, Firm};
use super::industry::Season;
use super::money::share;
use super::random::{Purpose, Random};
use super::staff::StaffMonth;
use super::vat::VatMonth;
use crate::domain::sections::registration::VatClass;
use crate::domain::taxpayer_kind::TaxpayerKind;

/// How the firm does business; drawn once.
struct Terms {
    /// Of what customers owe, the part collected a month, per mille.
    collects: i64,
    /// Of what is owed to suppliers, the part paid a month, per mille.
    pays: i64,
    rent: i64,
    administrative: i64,
    selling: i64,
    research: i64,
    /// Of the wages, the part in the cost of sales, per mille.
    direct_wages: i64,
    loan_rate_bp: i64,
    /// Whether a bank lends to it; if not, its owners do.
    banked: bool,
}

/// The books as they stand, and what the running month adds.
pub(super) struct Books<'a> {
    firm: &'a Firm,
    terms: Terms,
    random: Random,
    pub(super) position: Position,
    pub(super) profit: Profit,
    pub(super) cash: Cash,
    premium_owed: i64,
    even_month: i64,
}

impl<'a> Books<'a> {
    /// The books on the first day: those of a firm that has been there, or those of a new one with its capital paid in.
    pub(super) fn open(firm: &'a Firm, first: &VatMonth, is_new: bool) -> Self {
        let mut random = firm.random(Purpose::Books);
        let terms = Terms::of(firm, &mut random);
        let mut books = Self {
            firm,
            terms,
            random,
            position: Position::default(),
            profit: Profit::default(),
            cash: Cash::default(),
            premium_owed: 0,
            even_month: first.sales.max(100_000),
        };
        let capital = firm.capital_fen.unwrap_or(firm.month_fen);
        let paid_in = capital.min(firm.month_fen * 3).max(500_000);
        if is_new {
            books.cash.invested = paid_in; // reaches the till with the month's close
            books.position.capital = paid_in;
        } else {
            books.position = books.lived_in(paid_in);
        }
        books
    }

    fn lived_in(&mut self, capital: i64) -> Position {
        let month = self.even_month;
        let random = &mut self.random;
        let bought = share(month, self.firm.industry.cost_per_mille());
        let equipment = share(month, random.between(500, 4_000));
        let position = Position {
            cash: share(month, random.between(600, 2_500)),
            receivables: share(month, random.between(300, 1_500)),
            inventory: if self.firm.industry.goods { share(bought, random.between(600, 2_000)) } else { 0 },
            equipment,
            depreciation: share(equipment, random.between(100, 700)),
            loans: if self.terms.banked { share(month, random.between(0, 1_200)) } else { 0 },
            payables: share(bought, random.between(300, 1_400)),
            capital,
            ..Position::default()
        };
        let retained = position.assets() - position.liabilities() - position.equity();
        Position { retained, ..position }
    }

    /// Everything of the month but taxes due and paid.
    pub(super) fn trade(&mut self, vat: &VatMonth, staff: &StaffMonth) {
        self.even_month = (self.even_month * 3 + vat.sales) / 4;
        self.sell(vat);
        self.buy(vat);
        self.employ(staff);
        self.spend(vat.sales);
        self.wear();
    }

    fn sell(&mut self, vat: &VatMonth) {
        let unbooked = match self.firm.disagreement {
            Some(Disagreement::RevenueBelowDeclared) => share(vat.sales, 70),
            Some(Disagreement::InvoicesAboveDeclared) | None => 0,
        };
        self.profit.revenue += vat.sales - unbooked;
        self.position.advances += unbooked;
        self.position.receivables += vat.sales + vat.charged;
        let struggling = self.firm.struggles_in(vat.first);
        let collects = if struggling { self.terms.collects / 2 } else { self.terms.collects };
        let collected = share(self.position.receivables, collects);
        self.position.receivables -= collected;
        self.cash.from_customers += collected;
        self.profit.grants += vat.remitted + vat.levy_refund;
        self.cash.tax_refunds += vat.levy_refund;
        // VAT: what customers were charged and transferred input tax are owed, input tax is not.
        let input = if self.firm.vat_class == VatClass::General { vat.input } else { 0 };
        let credit_grown = vat.credit - self.position.vat_credit;
        self.position.vat_credit = vat.credit;
        self.position.taxes += vat.charged + vat.input_out - input - vat.remitted + credit_grown;
        self.profit.cost += vat.input_out;
    }

    fn buy(&mut self, vat: &VatMonth) {
        let tax = vat.input - vat.equipment;
        self.position.payables += vat.bought + tax;
        // A small-scale taxpayer deducts nothing: the tax is part of the price.
        let price = if self.firm.vat_class == VatClass::General { vat.bought } else { vat.bought + tax };
        self.position.inventory += price;
        let used = if self.firm.industry.goods {
            let most = self.position.inventory;
            let normal = share(vat.sales, self.firm.industry.cost_per_mille());
            let hoarded = most - share(self.even_month, self.firm.industry.cost_per_mille() * 3);
            normal.max(hoarded).clamp(0, most)
        } else {
            self.position.inventory
        };
        self.position.inventory -= used;
        self.profit.cost += used;
        let paid = share(self.position.payables, self.terms.pays);
        self.position.payables -= paid;
        self.cash.to_suppliers += paid;
        let equipment = vat.equipment_net();
        self.position.equipment += equipment;
        self.cash.equipment += equipment + vat.equipment;
    }

    /// Wages are paid the month after, premiums too; what of the premiums stays unpaid stays owed.
    fn employ(&mut self, staff: &StaffMonth) {
        let paid = (self.position.payroll - self.premium_owed).max(0);
        self.position.payroll -= paid;
        self.cash.to_employees += paid;
        let earned = staff.wages + staff.employer_part();
        self.position.payroll += earned;
        self.premium_owed += staff.premium_owed().min(earned);
        let direct = share(earned, self.terms.direct_wages);
        let selling = (earned - direct) / 3;
        self.profit.cost += direct;
        self.profit.selling += selling;
        self.profit.administrative += earned - direct - selling;
    }

    fn spend(&mut self, sales: i64) {
        let terms = &self.terms;
        let (entertainment, research) = (share(sales, 3), share(sales, terms.research));
        let administrative = terms.rent + share(sales, terms.administrative) + entertainment + research;
        let selling = share(sales, terms.selling);
        self.profit.entertainment += entertainment;
        self.profit.research += research;
        self.profit.administrative += administrative;
        self.profit.selling += selling;
        self.cash.other_operating += administrative + selling;
        let interest = share(self.position.loans, terms.loan_rate_bp) / 120;
        self.profit.interest += interest;
        self.cash.interest += interest;
    }

    /// Equipment lasts five years and keeps a twentieth of its worth.
    fn wear(&mut self) {
        let position = &mut self.position;
        let left = share(position.equipment, 950) - position.depreciation;
        let worn = (position.equipment / 60).min(left.max(0));
        position.depreciation += worn;
        if self.firm.industry.goods {
            self.profit.cost += worn;
        } else {
            self.profit.administrative += worn;
        }
    }

    /// A tax becomes due that is an expense.
    pub(super) fn accrue(&mut self, tax: Tax, fen: i64) {
        match tax {
            // Charged to customers, posted with the sales.
            Tax::Vat | Tax::VatRefundedOnLevy | Tax::VatPrepaid => return,
            // The owners', not the firm's.
            Tax::BusinessIncome => return,
            Tax::Construction => self.profit.construction_tax += fen,
            Tax::Education | Tax::LocalEducation => self.profit.education += fen,
            Tax::Stamp => self.profit.stamp += fen,
            Tax::CorporateIncome => self.profit.income_tax += fen,
        }
        self.position.taxes += fen;
    }

    /// A year's settlement gave tax back.
    pub(super) fn refund(&mut self, fen: i64) {
        self.profit.income_tax -= fen;
        self.cash.tax_refunds += fen;
    }

    /// A tax is paid, with its late fee.
    pub(super) fn pay(&mut self, due: &Due) {
        let late_fee = due.late_fee();
        self.profit.late_fees += late_fee;
        self.cash.other_operating += late_fee;
        if due.tax == Tax::BusinessIncome {
            self.cash.distributed += due.amount_fen;
        } else {
            self.position.taxes -= due.amount_fen;
            self.cash.taxes += due.amount_fen;
        }
    }

    /// A fine is paid.
    pub(super) fn fine(&mut self, fen: i64) {
        self.profit.fines += fen;
        self.cash.other_operating += fen;
    }

    /// Lends, repays and distributes so that the till is neither empty nor overfull, and closes the month.
    pub(super) fn close(&mut self, is_june: bool, is_december: bool, year_profit: i64) {
        let before = self.position.cash;
        let till = before + self.cash.net();
        let (floor, ceiling) = (self.even_month / 3 + 200_000, self.even_month * 3 + 2_000_000);
        if till < floor {
            let lent = (floor - till + 999_999) / 1_000_000 * 1_000_000;
            self.cash.borrowed += lent;
            *self.lender() += lent;
        } else if till > ceiling {
            let repaid = (*self.lender()).min(till - ceiling);
            *self.lender() -= repaid;
            self.cash.repaid += repaid;
            let spare = till - ceiling - repaid;
            let earned = self.position.retained.max(0);
            let distributed = match self.firm.kind {
                TaxpayerKind::Company if is_june => spare.min(earned / 2),
                TaxpayerKind::Company => 0,
                TaxpayerKind::SoleProprietorship | TaxpayerKind::Partnership | TaxpayerKind::SoleTrader => {
                    spare.min(earned)
                }
            };
            self.cash.distributed += distributed;
        }
        self.position.cash = before + self.cash.net();
        self.position.retained += self.profit.net() - self.cash.distributed;
        if is_december && self.firm.kind == TaxpayerKind::Company {
            let set_aside = ((year_profit + self.profit.net()) / 10).min(self.position.retained / 2).max(0);
            self.position.reserve += set_aside;
            self.position.retained -= set_aside;
        }
    }

    fn lender(&mut self) -> &mut i64 {
        if self.terms.banked { &mut self.position.loans } else { &mut self.position.owed_to_owners }
    }
}

impl Terms {
    fn of(firm: &Firm, random: &mut Random) -> Self {
        let services = firm.industry.rate_pct == 6;
        let added = 1_000 - firm.industry.cost_per_mille();
        let idle = firm.course == Course::Dormant;
        let research = match firm.industry.code {
            "6513" | "6520" => random.between(20, 90),
            "3982" | "3824" if firm.month_fen > 200_000_000 => random.between(10, 40),
            _ => 0,
        };
        Self {
            collects: match firm.industry.season {
                Season::Shop | Season::Table => random.between(900, 1_000),
                Season::Factory | Season::Site | Season::Office => random.between(350, 850),
            },
            pays: random.between(400, 900),
            rent: if idle { 60_000 } else { share(firm.month_fen, random.between(3, 15)) + 50_000 },
            administrative: share(added, random.between(20, 70)),
            selling: share(added, random.between(20, 90)),
            research,
            direct_wages: if services { 500 } else { 650 },
            loan_rate_bp: random.between(345, 520),
            banked: firm.kind == TaxpayerKind::Company && !idle && random.chance(450),
        }
    }
}
