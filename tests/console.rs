//! The console as bureau and regulator see it: in real Chromium, with their client certificates, on a desk and a phone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::as_conversions, missing_docs)]

#[allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "shared with the flow tests, which use more of it"
)]
#[path = "it/support/mod.rs"]
mod support;

#[allow(dead_code, reason = "shared with the test of `show`, which opens files")]
#[path = "show/browser.rs"]
mod browser;
#[path = "console/pages.rs"]
mod pages;
#[path = "console/person.rs"]
mod person;
#[path = "console/requests.rs"]
mod requests;
#[path = "console/scene.rs"]
mod scene;
