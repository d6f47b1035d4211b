//! Loan products: a bank submits, the bureau approves with a field profile.

use std::sync::Arc;

use serde::Serialize;

use super::Exchange;
use super::directory::Caller;
use super::error::{ServiceError, ServiceResult};
use crate::domain::member::MemberId;
use crate::domain::product::{FieldProfile, InvalidTerm, Product, ProductStatus, ProductTerms};
use crate::ledger::entry::EntryKind;
use crate::seal::digest::{canonical_json, prefixed_digest};
use crate::store::error::StoreResult;
use crate::store::ledger::{Draft, Field};
use crate::store::products;

/// A product as members see it.
#[derive(Clone, Debug, Serialize)]
pub struct ProductView {
    /// Chosen by the bank.
    pub id: String,
    /// Whose it is.
    pub bank: MemberId,
    /// Where it stands.
    pub status: ProductStatus,
    /// What the bank says of it.
    #[serde(flatten)]
    pub terms: ProductTerms,
    /// What may leave for it; null until approved.
    pub profile: Option<FieldProfile>,
}

impl From<Product> for ProductView {
    fn from(product: Product) -> Self {
        let Product { id, bank, status, terms, profile } = product;
        Self { id, bank, status, terms, profile }
    }
}

/// Submits a product, or changes one not yet approved. `true` if it is new.
///
/// An approved product is fixed, since consents rest on it: a change needs a product of its own.
pub async fn submit(
    exchange: &Arc<Exchange>,
    caller: &Caller,
    id: String,
    terms: ProductTerms,
) -> ServiceResult<(ProductView, bool)> {
    terms.check().map_err(invalid)?;
    if id.is_empty() || id.len() > 64 || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    {
        return Err(ServiceError::invalid(
            "/id",
            "a product id is 1 to 64 of A-Z, a-z, 0-9, '-', '_' and '.'",
        ));
    }
    let product =
        Product { id, bank: caller.member.clone(), status: ProductStatus::Submitted, terms, profile: None };
    let draft = draft(EntryKind::ProductSubmitted, caller, &product.id, &product.terms)?;
    let ((view, new), _committed) = exchange
        .writer
        .unit(move |c, now| {
            let Some(present) = products::lock(c, &product.id)? else {
                products::insert(c, &product, now)?;
                return Ok(Ok(((product.into(), true), vec![draft])));
            };
            // Nobody learns what another bank's product is; that the id is taken cannot be hidden.
            if present.bank != product.bank {
                return Ok(Err(ServiceError::NotFound));
            }
            if present.terms == product.terms {
                return Ok(Ok(((present.into(), false), Vec::new())));
            }
            if present.status != ProductStatus::Submitted {
                return Ok(Err(ServiceError::Conflict(
                    "an approved product is fixed: submit the change under a new id".into(),
                )));
            }
            products::replace_terms(c, &product, now)?;
            Ok(Ok(((product.into(), false), vec![draft])))
        })
        .await?;
    Ok((view, new))
}

/// Approves a submitted product. Without a profile, everything the product asks for is opened.
pub async fn approve(
    exchange: &Arc<Exchange>,
    caller: &Caller,
    id: String,
    profile: Option<FieldProfile>,
) -> ServiceResult<ProductView> {
    let caller = caller.clone();
    let (view, _committed) = exchange
        .writer
        .unit(move |c, now| {
            let Some(mut product) = products::lock(c, &id)? else { return Ok(Err(ServiceError::NotFound)) };
            let asked = profile.unwrap_or_else(|| whole(&product.terms));
            let profile = match asked.narrowed_to(&product.terms) {
                Ok(profile) => profile,
                Err(wrong) => return Ok(Err(invalid(wrong))),
            };
            if product.status == ProductStatus::Approved && product.profile.as_ref() == Some(&profile) {
                return Ok(Ok((product.into(), Vec::new())));
            }
            if product.status != ProductStatus::Submitted {
                return Ok(Err(ServiceError::Conflict(format!(
                    "the product is {}, not submitted",
                    product.status
                ))));
            }
            let draft = match draft(EntryKind::ProductApproved, &caller, &id, &profile) {
                Ok(draft) => draft,
                Err(error) => return Ok(Err(error)),
            };
            products::approve(c, &id, &profile, now)?;
            product.status = ProductStatus::Approved;
            product.profile = Some(profile);
            Ok(Ok((ProductView::from(product), vec![draft])))
        })
        .await?;
    Ok(view)
}

/// A product by id, for those who see everyone's.
pub async fn find(exchange: &Arc<Exchange>, id: String) -> ServiceResult<ProductView> {
    let found = exchange.blocking(move |e| Ok(e.ledger.read(|c| products::find(c, &id))?)).await?;
    found.map(ProductView::from).ok_or(ServiceError::NotFound)
}

/// One page of products: a bank's own, everyone's for the others.
pub async fn page(
    exchange: &Arc<Exchange>,
    own: Option<MemberId>,
    after: String,
    limit: i64,
) -> ServiceResult<Vec<ProductView>> {
    let rows: StoreResult<Vec<Product>> = exchange
        .blocking(move |e| Ok(e.ledger.read(|c| products::page(c, own.as_ref(), &after, limit))))
        .await?;
    Ok(rows?.into_iter().map(ProductView::from).collect())
}

fn whole(terms: &ProductTerms) -> FieldProfile {
    FieldProfile {
        sections: terms.sections.clone(),
        window_months: terms.window_months,
        valid_from: None,
        valid_to: None,
        fields: Default::default(),
        personal_business: None,
    }
}

fn invalid(wrong: InvalidTerm) -> ServiceError {
    ServiceError::invalid(format!("/{}", wrong.field), wrong.must)
}

/// The leaf names the product, and what was submitted or approved by its digest. The bank is a commitment:
/// members learn nothing of each other from a leaf.
fn draft(kind: EntryKind, caller: &Caller, id: &str, what: &impl Serialize) -> ServiceResult<Draft> {
    let digest = prefixed_digest(canonical_json(what).map_err(ServiceError::internal)?.as_bytes());
    Ok(Draft {
        kind,
        object_id: id.to_owned(),
        actor: caller.member.to_string(),
        by: caller.label.clone(),
        fields: vec![("digest", Field::Plain(digest.into()))],
    })
}
