//! What a record of each section says: one file, or folder, a section, named like it.
//!
//! To add a section, see "To add a section" in the README; `tests/sections.rs` proves that list.

pub mod arrears;
pub mod employment;
pub mod filings;
pub mod inspections;
pub mod invoices;
pub mod payments;
pub mod rating;
pub mod registration;
pub mod statements;
pub mod violations;
