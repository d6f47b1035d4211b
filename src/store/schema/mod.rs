//! The tables, as diesel sees them. `migrations/` says what each column holds.

mod exchange;
mod firm;
mod oversight;

pub use exchange::*;
pub use firm::*;
pub use oversight::*;

diesel::allow_tables_to_appear_in_same_query!(consent, consent_clock, deletion_statement);
