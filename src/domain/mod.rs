//! What the exchange is about: taxpayers, tax facts, consents, dossiers. Knows no database, socket or clock.

pub mod case;
pub(crate) mod codes;
pub mod consent;
pub mod denial;
pub mod describe;
pub mod dossier;
pub mod fen;
pub mod form_rows;
pub mod hold;
pub mod id_digest;
pub mod import;
pub mod member;
pub mod narrow;
pub mod period;
pub mod permit;
pub mod product;
pub mod proposal;
pub mod record;
pub mod section;
pub mod sections;
pub mod sentinel;
pub mod taxpayer_id;
pub mod taxpayer_kind;
pub mod timestamp;
pub mod uscc;
