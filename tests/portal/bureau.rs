//! The bureau's sign-in, as the tests of the portal's client have it.
#![allow(dead_code, reason = "shared with those tests, which sign in without a screen")]

#[path = "../oidc/browser.rs"]
pub mod browser;
#[path = "../oidc/provider.rs"]
pub mod provider;
#[path = "../oidc/scene.rs"]
pub mod scene;
