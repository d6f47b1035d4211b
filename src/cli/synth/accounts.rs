//! What a set of books adds up to: balances, results and cash flows, all in fen.

use std::ops::AddAssign;

/// The balances at the end of a month. Assets equal liabilities and equity, since every posting touches two sides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) cash: i64,
    pub(super) receivables: i64,
    pub(super) inventory: i64,
    /// VAT credit carried forward: other current assets.
    pub(super) vat_credit: i64,
    /// Fixed assets at cost.
    pub(super) equipment: i64,
    /// Depreciation of them so far, above zero.
    pub(super) depreciation: i64,
    pub(super) loans: i64,
    pub(super) payables: i64,
    /// Received from customers for sales not booked yet.
    pub(super) advances: i64,
    pub(super) payroll: i64,
    pub(super) taxes: i64,
    /// Lent by the owners.
    pub(super) owed_to_owners: i64,
    pub(super) capital: i64,
    pub(super) reserve: i64,
    pub(super) retained: i64,
}

impl Position {
    pub(super) fn current_assets(&self) -> i64 {
        self.cash + self.receivables + self.inventory + self.vat_credit
    }

    pub(super) fn net_equipment(&self) -> i64 {
        self.equipment - self.depreciation
    }

    pub(super) fn assets(&self) -> i64 {
        self.current_assets() + self.net_equipment()
    }

    /// All of them current.
    pub(super) fn liabilities(&self) -> i64 {
        self.loans + self.payables + self.advances + self.payroll + self.taxes + self.owed_to_owners
    }

    pub(super) fn equity(&self) -> i64 {
        self.capital + self.reserve + self.retained
    }
}

/// Income and expense of a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Profit {
    pub(super) revenue: i64,
    pub(super) cost: i64,
    pub(super) construction_tax: i64,
    pub(super) education: i64,
    pub(super) stamp: i64,
    pub(super) selling: i64,
    /// Entertainment and research included.
    pub(super) administrative: i64,
    pub(super) entertainment: i64,
    pub(super) research: i64,
    pub(super) interest: i64,
    /// VAT refunded on levy or remitted.
    pub(super) grants: i64,
    pub(super) late_fees: i64,
    pub(super) fines: i64,
    pub(super) income_tax: i64,
}

impl Profit {
    pub(super) fn surcharges(&self) -> i64 {
        self.construction_tax + self.education + self.stamp
    }

    pub(super) fn operating(&self) -> i64 {
        self.revenue - self.cost - self.surcharges() - self.selling - self.administrative - self.interest
    }

    pub(super) fn total(&self) -> i64 {
        self.operating() + self.grants - self.late_fees - self.fines
    }

    pub(super) fn net(&self) -> i64 {
        self.total() - self.income_tax
    }
}

impl AddAssign for Profit {
    fn add_assign(&mut self, other: Self) {
        self.revenue += other.revenue;
        self.cost += other.cost;
        self.construction_tax += other.construction_tax;
        self.education += other.education;
        self.stamp += other.stamp;
        self.selling += other.selling;
        self.administrative += other.administrative;
        self.entertainment += other.entertainment;
        self.research += other.research;
        self.interest += other.interest;
        self.grants += other.grants;
        self.late_fees += other.late_fees;
        self.fines += other.fines;
        self.income_tax += other.income_tax;
    }
}

/// Cash in and out of a time; every figure zero or above.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cash {
    pub(super) from_customers: i64,
    pub(super) tax_refunds: i64,
    pub(super) to_suppliers: i64,
    pub(super) to_employees: i64,
    pub(super) taxes: i64,
    pub(super) other_operating: i64,
    pub(super) equipment: i64,
    pub(super) borrowed: i64,
    pub(super) invested: i64,
    pub(super) repaid: i64,
    pub(super) interest: i64,
    pub(super) distributed: i64,
}

impl Cash {
    pub(super) fn operating(&self) -> i64 {
        self.from_customers + self.tax_refunds
            - self.to_suppliers
            - self.to_employees
            - self.taxes
            - self.other_operating
    }

    pub(super) fn financing(&self) -> i64 {
        self.borrowed + self.invested - self.repaid - self.interest - self.distributed
    }

    pub(super) fn net(&self) -> i64 {
        self.operating() - self.equipment + self.financing()
    }
}

impl AddAssign for Cash {
    fn add_assign(&mut self, other: Self) {
        self.from_customers += other.from_customers;
        self.tax_refunds += other.tax_refunds;
        self.to_suppliers += other.to_suppliers;
        self.to_employees += other.to_employees;
        self.taxes += other.taxes;
        self.other_operating += other.other_operating;
        self.equipment += other.equipment;
        self.borrowed += other.borrowed;
        self.invested += other.invested;
        self.repaid += other.repaid;
        self.interest += other.interest;
        self.distributed += other.distributed;
    }
}
