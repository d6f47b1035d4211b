//! What an operator says of the e-tax bureau's OpenID provider: the section `[portal.oidc]`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::domain::consent::{Assurance, GrantMethod};
use crate::domain::representative::PortalRole;

/// How people sign in with the e-tax bureau.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcOptions {
    /// The provider's issuer identifier, exactly as its tokens name it; `https`, or `http` on this host.
    pub issuer: String,
    /// The name under which this exchange is registered.
    pub client_id: String,
    /// This exchange's P-256 key (PKCS#8, mode 0600): signs `private_key_jwt`, or belongs to `client_certificate`.
    pub client_key: PathBuf,
    /// With it the token endpoint is asked by mutual TLS (RFC 8705) instead of `private_key_jwt`.
    #[serde(default)]
    pub client_certificate: Option<PathBuf>,
    /// The CA of the provider's TLS certificate, PEM. Needed for `https`.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// Scopes asked for besides `openid`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Classes of authentication asked for at sign-in, in order of preference.
    #[serde(default)]
    pub acr_sign_in: Vec<String>,
    /// Classes that are strong enough to grant: asked for at step-up, and one of them must come back.
    pub acr_step_up: Vec<String>,
    /// What each class means here. Whoever comes with another is not let in.
    pub acr: Vec<AcrMeaning>,
    /// Whether every answer must name its issuer (RFC 9207). Switch off only for a provider that cannot.
    #[serde(default = "yes")]
    pub issuer_parameter: bool,
    /// Names of claims in the ID token.
    #[serde(default)]
    pub claims: ClaimNames,
    /// The provider's words for roles, where they differ from ours.
    #[serde(default)]
    pub roles: BTreeMap<String, PortalRole>,
}

fn yes() -> bool {
    true
}

/// What a class of authentication (`acr`) means.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcrMeaning {
    /// The class, as the provider writes it.
    pub value: String,
    /// How a person was recognised.
    pub method: GrantMethod,
    /// How strong that is as evidence.
    pub assurance: Assurance,
}

/// Names of claims.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClaimNames {
    /// The person's name.
    pub name: String,
    /// The bureau's own reference to the person's identity number.
    pub id_ref: String,
    /// The list of firms that the person may act for.
    pub firms: String,
    /// In each of them: the taxpayer's number.
    pub taxpayer_id: String,
    /// In each of them: the firm's name.
    pub firm_name: String,
    /// In each of them: the person's role.
    pub role: String,
}

impl Default for ClaimNames {
    fn default() -> Self {
        Self {
            name: "name".to_owned(),
            id_ref: "id_ref".to_owned(),
            firms: "firms".to_owned(),
            taxpayer_id: "taxpayer_id".to_owned(),
            firm_name: "name".to_owned(),
            role: "role".to_owned(),
        }
    }
}

impl OidcOptions {
    /// Every path in it, to be made absolute.
    pub fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        [Some(&mut self.client_key), self.client_certificate.as_mut(), self.ca.as_mut()].into_iter().flatten()
    }

    /// What the class means, if it means anything here.
    pub fn meaning(&self, acr: &str) -> Option<&AcrMeaning> {
        self.acr.iter().find(|meaning| meaning.value == acr)
    }

    /// Refuses what would let nobody in.
    pub fn check(&self) -> Result<(), String> {
        if self.acr_step_up.is_empty() {
            return Err("portal.oidc.acr_step_up names no class: nobody could grant".to_owned());
        }
        let weak = |acr: &&String| self.meaning(acr).is_some_and(|m| m.assurance != Assurance::Reliable);
        if let Some(acr) = self.acr_step_up.iter().find(weak) {
            return Err(format!(
                "portal.oidc.acr_step_up names {acr:?}, which is not reliable: it could not grant"
            ));
        }
        let named = self.acr_sign_in.iter().chain(&self.acr_step_up);
        match named.into_iter().find(|acr| self.meaning(acr).is_none()) {
            Some(acr) => Err(format!("portal.oidc.acr says nothing of {acr:?}, which is asked for")),
            None => Ok(()),
        }
    }
}

/// Options for tests: two classes, the second strong enough to grant.
#[cfg(test)]
pub fn sample(issuer: &str) -> OidcOptions {
    let text = format!(
        "issuer = {issuer:?}\nclient_id = \"portal\"\nclient_key = \"client.key\"\nacr_step_up = [\"face\"]\n\
         [[acr]]\nvalue = \"password\"\nmethod = \"etax_face\"\nassurance = \"ordinary\"\n\
         [[acr]]\nvalue = \"face\"\nmethod = \"etax_face\"\nassurance = \"reliable\"\n"
    );
    toml::from_str(&text).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_that_mean_nothing_are_refused_at_start() {
        let good = sample("https://etax.example");
        assert_eq!(good.check(), Ok(()));
        assert!(OidcOptions { acr_step_up: Vec::new(), ..good.clone() }.check().is_err());
        let weak = OidcOptions { acr_step_up: vec!["password".into()], ..good.clone() };
        assert!(weak.check().unwrap_err().contains("not reliable"));
        let unheard = OidcOptions { acr_sign_in: vec!["sms".into()], ..good };
        assert!(unheard.check().unwrap_err().contains("\"sms\""));
    }
}
