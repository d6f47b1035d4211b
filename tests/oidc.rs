//! Signing in with an OpenID provider: one that nobody here wrote (`oidc-provider` from npm), and one that lies.

#[path = "oidc/browser.rs"]
mod browser;
#[path = "oidc/forged.rs"]
mod forged;
#[path = "oidc/liar.rs"]
mod liar;
#[path = "oidc/others.rs"]
mod others;
#[path = "oidc/provider.rs"]
mod provider;
#[path = "oidc/scene.rs"]
mod scene;
