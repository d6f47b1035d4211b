//! The taxpayers' portal: pages on a port of their own, signed in through the e-tax bureau.
//!
//! Everything here works without a script; nothing comes from elsewhere. A person's session says for which firm they
//! act and as what, and every use case is handed that as its permission ([`crate::domain::representative::ActingFor`]).

pub mod access;
pub mod assets;
pub mod attention;
pub mod bureau_sign_in;
pub mod consents;
pub mod corrections;
pub mod demo_sign_in;
pub mod download;
pub mod errors;
pub mod firms;
pub mod flash;
pub mod form;
pub mod frame;
pub mod gate;
pub mod grant;
pub mod headers;
pub mod home;
pub mod letter_font;
pub mod letter_layout;
pub mod letter_pdf;
pub mod my_copy;
pub mod my_data;
pub mod notifications;
pub mod options;
pub mod paper;
pub mod qr;
pub mod report;
pub mod requests;
pub mod routes;
pub mod server;
pub mod settings;
pub mod sheet;
pub mod sign_in;
pub mod step_up;
pub mod visit;
