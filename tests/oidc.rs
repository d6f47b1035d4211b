//! Signing in with an OpenID provider: one that nobody here wrote (`oidc-provider` from npm), and one that lies.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::as_conversions, missing_docs)]

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

/// The section that the configuration's manual shows, commented out, is one that is taken.
#[test]
fn the_manuals_example_can_be_used() {
    let manual = include_str!("../src/cli/shuidaiyi.toml.template");
    let from = manual.find("# [portal.oidc]").expect("the section");
    let section = manual[from..].lines().take_while(|line| !line.starts_with("[limits]"));
    let setting = |line: &&str| {
        let name = line.split(" = ").next().unwrap_or_default();
        line.starts_with('[')
            || (line.contains(" = ") && name.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
    };
    let text: Vec<&str> = section.filter_map(|line| line.strip_prefix("# ")).filter(setting).collect();
    assert!(text.len() > 15, "{text:?}");
    let mut parsed: toml::Table = toml::from_str(&text.join("\n")).expect("TOML");
    let portal = parsed.remove("portal").expect("the section").as_table().cloned().expect("a table");
    let options: shuidaiyi::outbound::oidc::OidcOptions =
        portal["oidc"].clone().try_into().expect("every name is known");
    options.check().expect("what it asks for has a meaning");
}
