//! Tax data for people: what the sections of a dossier say, as facts, tables, charts and notes.
//!
//! Laid out once, here, for the terminal, the page of `show` and the portal, so that a figure cannot be on one and
//! missing from another. Knows section objects only; nothing is verified and nothing fetched.

pub mod book;
pub mod document;
pub mod fields;
pub mod highlights;
pub mod html;
pub mod money;
pub mod monthly;
pub mod names;
pub mod section;
pub mod series;
pub mod value;
