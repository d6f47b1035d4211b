//! What can go wrong below the rules.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// A unit of work failed. Everything it had done was rolled back.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A row with this key is there already.
    #[error("a row with this key is there already")]
    Duplicate,
    /// A row that this one refers to is not there.
    #[error("a row that this one refers to is not there")]
    MissingReference,
    /// A lock, a connection or a place in a queue was not to be had in time.
    #[error("the database is busy: {why}")]
    Busy {
        /// What was waited for.
        why: String,
    },
    /// The database cannot be reached.
    #[error("the database cannot be reached: {why}")]
    Unavailable {
        /// What the driver said.
        why: String,
    },
    /// A stored row does not say what its type must say.
    #[error("stored {table} row is corrupt: {why}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The ledger in the database is not the one this process signed: nothing may be released.
    #[error("the ledger is not the one that was signed: {why}")]
    LedgerBroken {
        /// What differs.
        why: String,
    },
    /// The ledger's clock or a hold moved past the decision while it was taken: decide again.
    #[error("the ledger's clock or a hold moved past the decision while it was taken")]
    DecideAgain,
    /// Anything else that the database refused.
    #[error("the database refused a statement")]
    Query(#[source] DieselError),
}

impl StoreError {
    /// A corrupt row of `table`.
    pub fn corrupt(table: &'static str, why: impl ToString) -> Self {
        StoreError::Corrupt { table, why: why.to_string() }
    }
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        let DieselError::DatabaseError(kind, info) = &error else {
            return match &error {
                DieselError::BrokenTransactionManager => {
                    StoreError::Unavailable { why: "the connection was lost".into() }
                }
                _other => StoreError::Query(error),
            };
        };
        let message = info.message().to_owned();
        match kind {
            DatabaseErrorKind::UniqueViolation => StoreError::Duplicate,
            DatabaseErrorKind::ForeignKeyViolation => StoreError::MissingReference,
            DatabaseErrorKind::SerializationFailure => StoreError::Busy { why: message },
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
                StoreError::Unavailable { why: message }
            }
            _other if is_wait(&message) => StoreError::Busy { why: message },
            _other if is_loss(&message) => StoreError::Unavailable { why: message },
            _other => StoreError::Query(error),
        }
    }
}

/// Lock waits that both drivers report only in words.
fn is_wait(message: &str) -> bool {
    [
        "lock timeout",
        "deadlock detected",
        "database is locked",
        "database table is locked",
        "statement timeout",
    ]
    .iter()
    .any(|words| message.contains(words))
}

fn is_loss(message: &str) -> bool {
    [
        "terminating connection",
        "server closed the connection",
        "connection to server",
        "the database system is",
        "disk I/O error",
        "database or disk is full",
        "no connection to the server",
        "idle-in-transaction",
        "readonly database",
    ]
    .iter()
    .any(|words| message.contains(words))
}

/// The result of a unit of work.
pub type StoreResult<T> = Result<T, StoreError>;
