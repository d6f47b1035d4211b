//! How much a reader of the audit may see.

use std::sync::Arc;

use crate::domain::member::{MemberId, Role};
use crate::domain::timestamp::Timestamp;
use crate::service::Exchange;
use crate::service::directory::Caller;
use crate::service::error::{ServiceError, ServiceResult};
use crate::store::mandates;

/// What a reader may see.
pub(super) struct Sight {
    /// Taxpayers' numbers.
    pub(super) taxpayers: bool,
    /// True reasons of refusals, and what only the bureau holds of a grantor.
    pub(super) reasons: bool,
    /// The inspection under which a regulator reads: its bank and period bound what is seen.
    pub(super) inspection: Option<Inspection>,
}

/// The bounds of a mandate in force.
pub(super) struct Inspection {
    pub(super) bank: MemberId,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

impl Inspection {
    /// Whether what a bank did at an instant lies inside.
    pub(super) fn covers(&self, bank: &str, at: Timestamp) -> bool {
        self.bank.as_str() == bank && at >= self.from && at < self.to
    }
}

/// What this caller may see, under this mandate if it names one. A mandate not approved is none.
pub(super) async fn sight(
    exchange: &Arc<Exchange>,
    caller: &Caller,
    mandate: Option<&str>,
) -> ServiceResult<Sight> {
    match (caller.role, mandate) {
        (Role::Bureau, None) => Ok(Sight { taxpayers: true, reasons: true, inspection: None }),
        (Role::Bureau, Some(_)) => {
            Err(ServiceError::invalid("?mandate", "is the regulator's: the bureau sees without one"))
        }
        (Role::Regulator, None) => Ok(Sight { taxpayers: false, reasons: false, inspection: None }),
        (Role::Regulator, Some(id)) => {
            let id = id.to_owned();
            let row = exchange
                .point_read(move |e| Ok(e.ledger.read(|c| mandates::find(c, &id))?))
                .await?
                .filter(|row| row.approved_at.is_some())
                .ok_or_else(|| ServiceError::invalid("?mandate", "must be the id of an approved mandate"))?;
            let inspection = Inspection {
                bank: row.bank.parse().map_err(ServiceError::internal)?,
                from: Timestamp::from_naive(row.period_from),
                to: Timestamp::from_naive(row.period_to),
            };
            Ok(Sight { taxpayers: true, reasons: false, inspection: Some(inspection) })
        }
        (Role::Bank | Role::Platform, _) => Err(ServiceError::Forbidden),
    }
}
