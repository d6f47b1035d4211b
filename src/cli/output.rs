//! What the commands have in common when they speak: failures with an exit code, and a runtime for those that ask a gateway.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use crate::app::AppError;
use crate::clock::SystemClock;
use crate::config::{Config, ConfigError};
use crate::domain::member::Role;
use crate::domain::proposal::Person;
use crate::outbound::gateway_client::ClientError;
use crate::service::Exchange;
use crate::service::admin::OPERATOR;
use crate::service::directory::Caller;
use crate::service::error::ServiceError;
use crate::service::start::{StartError, open};

/// The answer is no.
pub const NO: u8 = 1;
/// Wrong usage or configuration.
pub const USAGE: u8 = 2;
/// The system failed.
pub const SYSTEM: u8 = 3;

/// Why a command did not do what was asked: one line, what and how to mend.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// The answer is no.
    pub fn no(message: impl ToString) -> Self {
        Self { code: NO, message: message.to_string() }
    }

    /// Wrong usage or configuration.
    pub fn usage(message: impl ToString) -> Self {
        Self { code: USAGE, message: message.to_string() }
    }

    /// The system failed.
    pub fn system(message: impl ToString) -> Self {
        Self { code: SYSTEM, message: message.to_string() }
    }

    /// The same failure, saying which file it is about.
    pub fn about(mut self, path: &Path) -> Self {
        self.message = format!("{}: {}", path.display(), self.message);
        self
    }

    /// Prints the line and gives the exit code.
    pub fn report(&self) -> ExitCode {
        eprintln!("shuidaiyi: {}", self.message.replace('\n', " "));
        ExitCode::from(self.code)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Failure::usage(error)
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::LedgerBroken(_) => Failure::system(error),
            StartError::Key(_) => Failure::usage(error),
            StartError::Store(_) | StartError::Anchor(_) | StartError::Other(_) => Failure::system(error),
        }
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Config(error) => error.into(),
            AppError::Start(error) => error.into(),
            AppError::Tls(_) | AppError::Webhook(_) | AppError::Listen { .. } => Failure::usage(error),
            AppError::Tls(_) | AppError::Listen { .. } | AppError::SignIn(_) => Failure::usage(error),
            AppError::System(_) => Failure::system(error),
        }
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Fault(fault) => Failure::system(fault),
            ServiceError::Busy(why) => Failure::system(format!("busy: {why}. Try again")),
            ServiceError::Invalid(errors) => {
                let told: Vec<String> =
                    errors.iter().take(5).map(|e| format!("{} {}", e.pointer, e.message)).collect();
                let more = if errors.len() > told.len() {
                    format!("; and {} more", errors.len() - told.len())
                } else {
                    String::new()
                };
                Failure::no(format!("{}{more}", told.join("; ")))
            }
            ServiceError::RowsRejected(delivery) => {
                let told: Vec<String> = delivery
                    .errors
                    .iter()
                    .take(5)
                    .map(|error| {
                        format!("{} {}: {}", error.column.as_deref().unwrap_or_default(), error.rule, error)
                    })
                    .collect();
                Failure::no(format!(
                    "{} rows rejected, nothing taken: {}; all of them: shuidaiyi check --errors-out FILE",
                    delivery.rejected,
                    told.join("; ")
                ))
            }
            other => Failure::no(other),
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Unusable(_) => Failure::usage(error),
            ClientError::Unreachable { .. } => {
                Failure::system(format!("{error}. Is the gateway running, and is this its address?"))
            }
            ClientError::Refused { .. } => Failure::no(error),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure::system(error)
    }
}

/// Opens the exchange that a configuration file describes.
pub fn open_exchange(config: &Path) -> Result<Arc<Exchange>, Failure> {
    Ok(open(&Config::load(config)?.places()?, Arc::new(SystemClock))?)
}

/// Runs a command that asks a gateway.
pub fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(work)
}

/// The person at the command line, as entries of the ledger commit to it.
pub fn operator_label() -> String {
    std::env::var("SUDO_USER").or_else(|_| std::env::var("USER")).unwrap_or_else(|_| "operator".to_owned())
}

/// The same person for the two-person rule: with the host's number for its user, which the environment cannot change.
pub fn operator() -> Person {
    Person {
        member: OPERATOR.to_owned(),
        label: operator_label(),
        credential: format!("uid:{}", host_user().unwrap_or_default()),
    }
}

/// Who signed in, if the host keeps account of it; else whose process this is, or who became root by sudo.
fn host_user() -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    const UNSET: u32 = u32::MAX;
    let signed_in = std::fs::read_to_string("/proc/self/loginuid").ok();
    if let Some(uid) = signed_in.and_then(|text| text.trim().parse().ok()).filter(|uid: &u32| *uid != UNSET) {
        return Some(uid.to_string());
    }
    let own = std::fs::metadata("/proc/self").ok()?.uid();
    match std::env::var("SUDO_UID") {
        Ok(uid) if own == 0 => Some(uid),
        Ok(_) | Err(_) => Some(own.to_string()),
    }
}

/// The operator acts for the bureau on the host; the entry says that it was the operator.
pub fn operator_caller() -> Result<Caller, Failure> {
    Ok(Caller {
        member: OPERATOR.parse().map_err(Failure::system)?,
        role: Role::Bureau,
        label: operator_label(),
        certificate: String::new(),
        quota_per_day: 0,
    })
}

/// Prints one line to stdout; a closed pipe ends the program quietly.
pub fn say(line: impl std::fmt::Display) {
    use std::io::Write;
    if writeln!(std::io::stdout(), "{line}").is_err() {
        std::process::exit(0);
    }
}
