//! The portal as a firm sees it: in real Chromium, on a desk and a phone, with scripts and without.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::as_conversions, missing_docs)]

#[allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "shared with the flow tests, which use more of it"
)]
#[path = "it/support/mod.rs"]
mod support;

#[path = "browser/mod.rs"]
mod browser;
#[path = "portal/bureau.rs"]
mod bureau;
#[path = "portal/journey.rs"]
mod journey;
#[path = "portal/pages.rs"]
mod pages;
#[path = "portal/scene.rs"]
mod scene;
