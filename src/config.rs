//! The configuration file: one TOML, each part defined by the module it configures. Its comments are the manual.
//!
//! Paths are relative to the file. What it does not know it refuses. Secrets stand in files of their own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::domain::sentinel::SentinelOptions;
use crate::http::body::BodyOptions;
use crate::http::server::GatewayOptions;
use crate::http::tls::TlsOptions;
use crate::outbound::pkcs11::TokenOptions;
use crate::portal::options::PortalOptions;
use crate::service::enrolment::AdministrationOptions;
use crate::service::fairness::FairnessOptions;
use crate::service::keys::KeyPlaces;
use crate::service::notifications::NotificationOptions;
use crate::service::policy::ConsentOptions;
use crate::service::start::Places;
use crate::service::witnesses::WitnessOptions;
use crate::store::db::Location;

/// Overrides where the database is, for operators who hand secrets over in the environment.
pub const DATABASE_URL_VARIABLE: &str = "SHUIDAIYI_DATABASE_URL";

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where records and ledger are kept.
    pub database: DatabaseOptions,
    /// What the ledger needs besides its database.
    pub ledger: LedgerOptions,
    /// Who cosigns the ledger.
    #[serde(default)]
    pub witness: WitnessOptions,
    /// The gateway's own keys.
    pub keys: KeyOptions,
    /// The gateway port.
    pub gateway: GatewayOptions,
    /// Certificates of the gateway port.
    pub tls: TlsOptions,
    /// The host's own port.
    pub operations: OperationsOptions,
    /// Limits on requests.
    #[serde(default)]
    pub limits: BodyOptions,
    /// How members, keys and holds are administered.
    #[serde(default)]
    pub administration: AdministrationOptions,
    /// Where notices to firms go besides the portal.
    #[serde(default)]
    pub notifications: NotificationOptions,
    /// Thresholds of the rules over the stream of pulls.
    #[serde(default)]
    pub sentinels: SentinelOptions,
    /// Rules on authorisations.
    #[serde(default)]
    pub consent: ConsentOptions,
    /// Notice of violations before their first release, and the calendar of working days.
    #[serde(default)]
    pub fairness: FairnessOptions,
    /// The taxpayers' portal; none without this section.
    #[serde(default)]
    pub portal: Option<PortalOptions>,
}

/// Where records and ledger are kept: two SQLite files, or two schemas of a PostgreSQL database.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseOptions {
    /// SQLite file of records and disclosures.
    pub data: PathBuf,
    /// SQLite file of members, consents, releases and the ledger.
    pub ledger: PathBuf,
    /// File that holds a PostgreSQL URL; then the two above are not used.
    #[serde(default)]
    pub postgres_url_file: Option<PathBuf>,
    /// Connections to each of the two databases.
    #[serde(default = "connections")]
    pub connections: u32,
}

fn connections() -> u32 {
    8
}

/// What the ledger needs besides its database.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerOptions {
    /// The anchor file. Keep it outside the database's directory and its backups.
    pub anchor: PathBuf,
}

/// The gateway's own keys.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyOptions {
    /// Directory of the private keys and salt keys.
    pub directory: PathBuf,
    /// The trust file: issuer, CA and public keys.
    pub trust: PathBuf,
    /// The library of a PKCS#11 token; its keys are used besides those in files, and new keys are made in it.
    #[serde(default)]
    pub pkcs11_module: Option<PathBuf>,
    /// The token's label.
    #[serde(default)]
    pub pkcs11_token: Option<String>,
    /// File with the token's user PIN, mode 0600.
    #[serde(default)]
    pub pkcs11_pin_file: Option<PathBuf>,
}

impl KeyOptions {
    fn token(&self) -> Result<Option<TokenOptions>, &'static str> {
        match (&self.pkcs11_module, &self.pkcs11_token, &self.pkcs11_pin_file) {
            (None, None, None) => Ok(None),
            (Some(module), Some(label), Some(pin_file)) => Ok(Some(TokenOptions {
                module: module.clone(),
                label: label.clone(),
                pin_file: pin_file.clone(),
            })),
            _some_of_them => Err(
                "keys.pkcs11_module, keys.pkcs11_token and keys.pkcs11_pin_file go together: name all three, or none",
            ),
        }
    }
}

/// The host's own port: `/healthz` and `/readyz`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationsOptions {
    /// Address to listen on; keep it on the loopback interface.
    pub listen: SocketAddr,
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {why}")]
pub struct ConfigError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it, naming the key.
    pub why: String,
}

impl Config {
    /// Reads the file, makes its paths absolute, and applies the environment.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let fail = |why: &dyn ToString| ConfigError { path: path.to_owned(), why: why.to_string() };
        let text = std::fs::read_to_string(path)
            .map_err(|why| fail(&format!("{why}. Make one with: shuidaiyi init --dir DIR")))?;
        let mut config: Config = toml::from_str(&text).map_err(|why| fail(&why))?;
        let absolute = std::path::absolute(path).map_err(|why| fail(&why))?;
        config.sentinels.check().map_err(|why| fail(&why))?;
        config.fairness.check().map_err(|why| fail(&why))?;
        if let Some(portal) = &config.portal {
            portal.check().map_err(|why| fail(&why))?;
        }
        config.resolve(absolute.parent().unwrap_or(Path::new("/")));
        config.keys.token().map_err(|why| fail(&why))?;
        if config.database.connections < 3 {
            return Err(fail(
                &"database.connections must be at least 3: one for the writer, two for readers",
            ));
        }
        config.witness.checked_quorum().map_err(|why| fail(&format!("[witness]: {why}")))?;
        Ok(config)
    }

    fn resolve(&mut self, base: &Path) {
        for authority in self.witness.witnesses.iter_mut().filter_map(|witness| witness.ca.as_mut()) {
            *authority = base.join(&*authority);
        }
        let paths = [
            &mut self.database.data,
            &mut self.database.ledger,
            &mut self.ledger.anchor,
            &mut self.keys.directory,
            &mut self.keys.trust,
            &mut self.tls.ca,
            &mut self.tls.certificate,
            &mut self.tls.key,
        ];
        let more = self
            .database
            .postgres_url_file
            .as_mut()
            .into_iter()
            .chain(&mut self.tls.crl)
            .chain(self.keys.pkcs11_module.as_mut())
            .chain(self.keys.pkcs11_pin_file.as_mut())
            .chain(self.portal.as_mut().into_iter().flat_map(PortalOptions::paths))
            .chain(self.notifications.paths())
            .chain(self.consent.policy_file.as_mut());
        for path in paths.into_iter().chain(more) {
            *path = base.join(&*path);
        }
    }

    /// Where everything lies, for the services.
    pub fn places(&self) -> Result<Places, ConfigError> {
        let (data, ledger) = match self.postgres_url()? {
            Some(url) => (
                Location::Postgres { url: url.clone(), schema: "data" },
                Location::Postgres { url, schema: "ledger" },
            ),
            None => {
                (Location::Sqlite(self.database.data.clone()), Location::Sqlite(self.database.ledger.clone()))
            }
        };
        Ok(Places {
            ledger,
            witness: self.witness.clone(),
            data,
            anchor: self.ledger.anchor.clone(),
            keys: KeyPlaces {
                directory: self.keys.directory.clone(),
                trust: self.keys.trust.clone(),
                token: self.keys.token().ok().flatten(),
            },
            connections: self.database.connections,
            authorities: self.tls.ca.clone(),
            administration: self.administration,
            sentinels: self.sentinels.clone(),
            consent: self.consent.clone(),
            fairness: self.fairness.clone(),
            portal_url: self.portal.as_ref().and_then(|portal| portal.public_url.clone()),
        })
    }

    fn postgres_url(&self) -> Result<Option<String>, ConfigError> {
        if let Ok(url) = std::env::var(DATABASE_URL_VARIABLE) {
            return Ok(Some(url));
        }
        let Some(path) = &self.database.postgres_url_file else { return Ok(None) };
        let text = std::fs::read_to_string(path)
            .map_err(|why| ConfigError { path: path.clone(), why: why.to_string() })?;
        Ok(Some(text.trim().to_owned()))
    }
}
