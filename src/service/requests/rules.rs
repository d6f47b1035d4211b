//! What may be asked for: the terms themselves, the bank's approved product, and the policy in force. No firm is looked at.

use std::sync::Arc;

use chrono::{Days, NaiveDate};

use crate::domain::consent::ConsentWindow;
use crate::domain::consent_request::RequestTerms;
use crate::domain::member::{MemberId, Role};
use crate::domain::policy::{Asked, GrantPath, Policy};
use crate::domain::product::{Product, ProductStatus};
use crate::domain::timestamp::Timestamp;
use crate::service::Exchange;
use crate::service::error::FieldError;
use crate::service::policy;
use crate::store::db::AnyConnection;
use crate::store::error::StoreResult;
use crate::store::{ledger, products};

/// Where a request names what a consent has under another name.
const POINTERS: [(&str, &str); 3] =
    [("/valid_to", "/valid_days"), ("/window", "/window_months"), ("/pulls_max", "/pulls")];

/// The policy in force, inside a unit of work.
pub(super) fn in_force(exchange: &Exchange, c: &mut AnyConnection) -> StoreResult<Arc<Policy>> {
    let version = ledger::head(c)?.policy;
    exchange.policy.named(c, &version)
}

/// Everything that stands against terms granted at `now`: from the terms, the product and the policy alone.
pub(super) fn problems(
    exchange: &Exchange,
    c: &mut AnyConnection,
    terms: &RequestTerms,
    bank: &MemberId,
    product_id: &str,
    now: Timestamp,
) -> StoreResult<Vec<FieldError>> {
    let mut problems: Vec<FieldError> =
        terms.problems().into_iter().map(|(pointer, must)| FieldError::new(pointer, must)).collect();
    let members = exchange.directory.members();
    let told = |id: &MemberId| {
        members.iter().any(|(member, _)| {
            member.id == *id && matches!(member.role, Role::Bureau | Role::Platform) && member.id != *bank
        })
    };
    if !terms.share_outcome_with.iter().all(told) {
        problems.push(FieldError::new("/share_outcome_with", "may name the bureau and the platform"));
    }
    // PostgreSQL cannot even be asked for a control character.
    let product = match product_id.chars().any(char::is_control) {
        true => None,
        false => products::find(c, product_id)?,
    };
    problems.extend(beyond_product(terms, bank, product.as_ref()));
    // What is no number of days at all was named above.
    if problems.is_empty() {
        let policy = in_force(exchange, c)?;
        problems.extend(beyond_policy(&policy, terms, now));
    }
    Ok(problems)
}

fn beyond_product(terms: &RequestTerms, bank: &MemberId, product: Option<&Product>) -> Vec<FieldError> {
    let approved =
        product.filter(|product| product.bank == *bank && product.status == ProductStatus::Approved);
    let Some(profile) = approved.and_then(|product| product.profile.as_ref()) else {
        return vec![FieldError::new("/product_id", "must be an approved product of this bank")];
    };
    let mut problems = Vec::new();
    if !terms.sections.iter().all(|section| profile.sections.contains(section)) {
        let must = "may name only sections that the product's approved profile opens";
        problems.push(FieldError::new("/sections", must));
    }
    if let ConsentWindow::Rolling(rolling) = terms.window
        && rolling.months > profile.window_months
    {
        let most = profile.window_months;
        let must = format!("must be at most the {most} months that the product's profile opens");
        problems.push(FieldError::new("/window_months", must));
    }
    problems
}

fn beyond_policy(policy: &Policy, terms: &RequestTerms, now: Timestamp) -> Vec<FieldError> {
    let asked = Asked {
        purpose: &terms.purpose,
        sections: &terms.sections,
        window: terms.window,
        valid_from: now,
        valid_to: end_after(last_day(terms, now)),
        pulls_max: terms.pulls,
        personal_data: terms.personal_data,
    };
    let mut problems = policy::problems(policy, GrantPath::Portal, asked, now.shanghai_date());
    for problem in &mut problems {
        if let Some((_, own)) = POINTERS.iter().find(|(theirs, _)| *theirs == problem.pointer) {
            problem.pointer = (*own).to_owned();
        }
    }
    problems
}

/// Last day in force of what is granted at `now`; the day of the grant is the first.
pub(super) fn last_day(terms: &RequestTerms, now: Timestamp) -> NaiveDate {
    later(now.shanghai_date(), terms.valid_days.saturating_sub(1))
}

/// First instant after a day.
pub(super) fn end_after(day: NaiveDate) -> Timestamp {
    Timestamp::shanghai_midnight(later(day, 1))
}

/// So many days later, staying at the end of the calendar.
pub(super) fn later(day: NaiveDate, days: u32) -> NaiveDate {
    day.checked_add_days(Days::new(u64::from(days))).unwrap_or(day)
}
