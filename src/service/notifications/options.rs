//! The configuration section `[notifications]`.

use std::path::PathBuf;

use serde::Deserialize;

/// Where notices go besides the portal.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NotificationOptions {
    /// Address of the webhook; without one, notices are read in the portal only.
    pub webhook_url: Option<String>,
    /// File with the key that both sides hold, at least 32 bytes, mode 0600.
    pub webhook_key_file: Option<PathBuf>,
    /// CA that the webhook's certificate chains to.
    pub webhook_ca: Option<PathBuf>,
    /// Attempts after which a notice is parked.
    pub attempts_max: u32,
}

impl Default for NotificationOptions {
    fn default() -> Self {
        Self { webhook_url: None, webhook_key_file: None, webhook_ca: None, attempts_max: 12 }
    }
}

impl NotificationOptions {
    /// The paths in it, for whoever makes them absolute.
    pub fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        self.webhook_key_file.as_mut().into_iter().chain(self.webhook_ca.as_mut())
    }
}
