//! The tables, as diesel sees them. `migrations/` says what each column holds.

mod exchange;
mod firm;
mod lending;
mod oversight;

pub use exchange::*;
pub use firm::*;
pub use lending::*;
pub use oversight::*;

diesel::allow_tables_to_appear_in_same_query!(consent, consent_clock, deletion_statement);
