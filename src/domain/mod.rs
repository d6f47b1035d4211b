//! What the exchange is about: taxpayers, tax facts, consents, dossiers. Knows no database, socket or clock.

pub mod consent;
pub mod denial;
pub mod describe;
pub mod dossier;
pub mod fen;
pub mod form_rows;
pub mod import;
pub mod member;
pub mod period;
pub mod permit;
pub mod product;
pub mod record;
pub mod section;
pub mod sections;
pub mod taxpayer_id;
pub mod timestamp;
pub mod uscc;
