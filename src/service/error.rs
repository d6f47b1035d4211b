//! What a use case answers when it does not do what was asked, by whose fault it is.

use crate::domain::denial::Denial;
use crate::domain::import::RowError;
use crate::store::anchor::AnchorError;
use crate::store::error::StoreError;

/// One thing that is wrong with a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldError {
    /// Where: a JSON pointer (RFC 6901), or a row and column.
    pub pointer: String,
    /// What would be right.
    pub message: String,
}

impl FieldError {
    /// At this pointer, this would be right.
    pub fn new(pointer: impl Into<String>, message: impl ToString) -> Self {
        Self { pointer: pointer.into(), message: message.to_string() }
    }
}

/// A delivery of which nothing was taken, because rows were rejected and it was to be taken whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefusedDelivery {
    /// Its id, by which its rejected rows can be read.
    pub batch_id: String,
    /// How many rows were rejected.
    pub rejected: u64,
    /// The first of them.
    pub errors: Vec<RowError>,
}

/// A use case did not do what was asked, and nothing of it was done.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The caller is no member in good standing.
    #[error("not a member in good standing: {0}")]
    Unauthenticated(&'static str),
    /// The member's role may not do this.
    #[error("not for this role")]
    Forbidden,
    /// There is nothing here that this caller may see.
    #[error("not found")]
    NotFound,
    /// The rules say no; recorded in the ledger.
    #[error("denied: {}", .0.reason())]
    Denied(Denial),
    /// The request is well-formed but asks for what cannot be.
    #[error("invalid request")]
    Invalid(Vec<FieldError>),
    /// A delivery was refused for its rejected rows.
    #[error("{} rows rejected", .0.rejected)]
    RowsRejected(Box<RefusedDelivery>),
    /// The request is not what the route takes.
    #[error("malformed request: {0}")]
    Malformed(String),
    /// The request is larger than the route takes.
    #[error("request too large: {0}")]
    TooLarge(&'static str),
    /// The state of the thing does not allow this now.
    #[error("conflict: {0}")]
    Conflict(String),
    /// The idempotency key was used for another request.
    #[error("idempotency key used for another request")]
    KeyConflict,
    /// An encrypted answer was asked for, and the caller has registered no key for it.
    #[error("no encryption key registered")]
    NoEncryptionKey,
    /// The caller's quota is used up.
    #[error("quota used up")]
    RateLimited {
        /// Seconds until there is quota again.
        retry_after_s: u64,
        /// Dossiers the caller may ask for in a day.
        quota_per_day: u64,
    },
    /// Too much to do at present.
    #[error("busy: {0}")]
    Busy(String),
    /// Our own fault.
    #[error("fault")]
    Fault(#[source] Fault),
}

/// Something of ours failed. The cause is logged, never told to the caller.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The database.
    #[error(transparent)]
    Store(StoreError),
    /// The anchor file.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// A signature, an encoding, a thread: what cannot fail did.
    #[error("{0}")]
    Internal(String),
}

impl ServiceError {
    /// One wrong field.
    pub fn invalid(pointer: impl Into<String>, message: impl ToString) -> Self {
        ServiceError::Invalid(vec![FieldError::new(pointer, message)])
    }

    /// What cannot fail did.
    pub fn internal(why: impl ToString) -> Self {
        ServiceError::Fault(Fault::Internal(why.to_string()))
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy { why } => ServiceError::Busy(why),
            StoreError::Unavailable { why } => ServiceError::Busy(why),
            StoreError::DecideAgain => {
                ServiceError::Busy("the ledger's clock or a hold moved while deciding".into())
            }
            StoreError::Duplicate
            | StoreError::MissingReference
            | StoreError::Corrupt { .. }
            | StoreError::LedgerBroken { .. }
            | StoreError::Query(_) => ServiceError::Fault(Fault::Store(error)),
        }
    }
}

impl From<AnchorError> for ServiceError {
    fn from(error: AnchorError) -> Self {
        ServiceError::Fault(Fault::Anchor(error))
    }
}

/// The result of a use case.
pub type ServiceResult<T> = Result<T, ServiceError>;
