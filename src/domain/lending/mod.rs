//! The lending side: applications, decisions, facilities, notes and what happens to them.
//!
//! `lending.md` is the vocabulary; every list here is closed, and every code stable.

pub mod outcome;
pub mod purpose;
pub mod refusal;
pub mod states;
