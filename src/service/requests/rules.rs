//! What may be asked for: the terms themselves, the bank's approved product, and the policy in force. No firm is looked at.

use crate::domain::consent_request::RequestTerms;
use crate::domain::member::MemberId;
use crate::domain::product::{Product, ProductStatus};
use crate::service::error::FieldError;

/// Everything that stands against terms, from the terms, the product and the policy alone.
pub(super) fn problems(terms: &RequestTerms, bank: &MemberId, product: Option<&Product>) -> Vec<FieldError> {
    let mut problems: Vec<FieldError> =
        terms.problems().into_iter().map(|(pointer, must)| FieldError::new(pointer, must)).collect();
    let approved =
        product.filter(|product| product.bank == *bank && product.status == ProductStatus::Approved);
    let Some(profile) = approved.and_then(|product| product.profile.as_ref()) else {
        problems.push(FieldError::new("/product_id", "must be an approved product of this bank"));
        return problems;
    };
    if !terms.sections.iter().all(|section| profile.sections.contains(section)) {
        let must = "may name only sections that the product's approved profile opens";
        problems.push(FieldError::new("/sections", must));
    }
    if let crate::domain::consent::ConsentWindow::Rolling(rolling) = terms.window
        && rolling.months > profile.window_months
    {
        let must =
            format!("must be at most the {} months that the product's profile opens", profile.window_months);
        problems.push(FieldError::new("/window_months", must));
    }
    problems
}
