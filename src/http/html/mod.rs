//! What the pages of the console and of the portal are made of: language, words, small pieces, charts.

pub mod address;
pub mod asset;
pub mod chart;
pub mod lang;
pub mod parts;
pub mod words;
