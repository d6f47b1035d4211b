//! The portal's section of the configuration.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use crate::outbound::oidc::OidcOptions;

/// The taxpayers' portal.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortalOptions {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Where browsers find it, without a slash at the end; `https://localhost` and the port if absent.
    #[serde(default)]
    pub public_url: Option<String>,
    /// Lets whoever comes sign in as a demo person. On the loopback interface only.
    #[serde(default)]
    pub demo_sign_in: bool,
    /// The demo persons, as `shuidaiyi demo` writes them.
    #[serde(default = "demo_persons")]
    pub demo_persons: PathBuf,
    /// Connections that may be open at once.
    #[serde(default = "connections")]
    pub connections: usize,
    /// Sign-in with the e-tax bureau.
    #[serde(default)]
    pub oidc: Option<OidcOptions>,
    /// Font of printed authorisations (OpenType, with simplified Chinese); the usual places of Debian if absent.
    #[serde(default)]
    pub pdf_font: Option<PathBuf>,
    /// Which face of the font file, from 0, if it is a collection.
    #[serde(default)]
    pub pdf_font_face: u32,
}

fn demo_persons() -> PathBuf {
    PathBuf::from("demo_persons.json")
}

fn connections() -> usize {
    4_096
}

impl PortalOptions {
    /// What cannot be, naming the key.
    pub fn check(&self) -> Result<(), String> {
        if self.demo_sign_in && !self.listen.ip().is_loopback() {
            return Err(format!(
                "portal.demo_sign_in lets anybody act for any firm, and portal.listen = {} can be reached from elsewhere: \
                 listen on 127.0.0.1, or turn the demo sign-in off",
                self.listen
            ));
        }
        if let Some(oidc) = &self.oidc {
            oidc.check()?;
            if self.demo_sign_in {
                return Err(
                    "portal.demo_sign_in and portal.oidc exclude each other: set demo_sign_in = false"
                        .to_owned(),
                );
            }
            if self.public_url.is_none() {
                return Err(
                    "portal.oidc needs portal.public_url: the provider sends people back there".to_owned()
                );
            }
        }
        match &self.public_url {
            Some(url) if !is_origin(url) => Err(format!(
                "portal.public_url = {url:?} must be https://HOST or https://HOST:PORT, without a path or a slash at the end"
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// Every path in it, to be made absolute.
    pub fn paths(&mut self) -> Vec<&mut PathBuf> {
        let oidc = self.oidc.as_mut().into_iter().flat_map(OidcOptions::paths);
        [&mut self.demo_persons].into_iter().chain(&mut self.pdf_font).chain(oidc).collect()
    }
}

/// `https`, a host, perhaps a port, nothing more (RFC 6454 section 6.2).
fn is_origin(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else { return false };
    let host = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b".-:[]".contains(&c);
    !rest.is_empty() && rest.bytes().all(host) && reqwest::Url::parse(url).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> PortalOptions {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn the_demo_sign_in_is_for_this_host_only() {
        for (listen, allowed) in [
            ("127.0.0.1:8444", true),
            ("[::1]:8444", true),
            ("0.0.0.0:8444", false),
            ("10.0.0.1:8444", false),
        ] {
            let portal = options(&format!("listen = \"{listen}\"\ndemo_sign_in = true"));
            assert_eq!(portal.check().is_ok(), allowed, "{listen}");
            let portal = options(&format!("listen = \"{listen}\""));
            assert_eq!(portal.check(), Ok(()), "{listen}");
        }
    }

    #[test]
    fn nobody_chooses_who_to_be_where_the_bureau_says_who_people_are() {
        let oidc = "[oidc]\nissuer = \"https://etax.example\"\nclient_id = \"p\"\nclient_key = \"k\"\n\
                    acr_step_up = [\"face\"]\nacr = [{ value = \"face\", method = \"etax_face\", assurance = \"reliable\" }]\n";
        let with = |more: &str| options(&format!("listen = \"127.0.0.1:8444\"\n{more}\n{oidc}")).check();
        let public = "public_url = \"https://etax.example\"";
        assert_eq!(with(public), Ok(()));
        assert!(with(&format!("{public}\ndemo_sign_in = true")).unwrap_err().contains("exclude each other"));
        assert!(with("").unwrap_err().contains("public_url"));
    }

    #[test]
    fn the_public_url_is_an_origin() {
        for (url, right) in [
            ("https://etax.example", true),
            ("https://localhost:8444", true),
            ("https://etax.example/", false),
            ("https://etax.example/portal", false),
            ("http://etax.example", false),
            ("https://a@b", false),
            ("https://", false),
            ("https://x:99999", false),
        ] {
            assert_eq!(is_origin(url), right, "{url}");
        }
    }
}
