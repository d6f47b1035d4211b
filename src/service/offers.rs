//! What a firm can authorise for: the approved products of the banks that are active members.

use std::collections::HashMap;
use std::sync::Arc;

use super::Exchange;
use super::error::ServiceResult;
use crate::domain::member::{MemberId, MemberStatus, Role};
use crate::domain::product::{FieldProfile, Product, ProductStatus};
use crate::store::products;

/// Products read at once.
const PAGE: i64 = 500;

/// A product that a firm can authorise for.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Full name of the bank.
    pub bank_name: String,
    /// The product.
    pub product: Product,
    /// What may leave for it at most.
    pub profile: FieldProfile,
}

/// Every one of them, banks in the order of their slugs.
pub async fn offers(exchange: &Arc<Exchange>) -> ServiceResult<Vec<Offer>> {
    let members = exchange.directory.members().into_iter().map(|(member, _)| member);
    let banks: HashMap<MemberId, String> = members
        .filter(|member| member.role == Role::Bank && member.status == MemberStatus::Active)
        .map(|member| (member.id, member.name))
        .collect();
    let today = exchange.clock.now().shanghai_date();
    let mut found = exchange
        .blocking(|e| {
            Ok(e.ledger.read(|c| {
                let (mut found, mut after) = (Vec::new(), String::new());
                loop {
                    let page = products::page(c, None, &after, PAGE)?;
                    let Some(last) = page.last() else { return Ok(found) };
                    after.clone_from(&last.id);
                    found.extend(page);
                }
            })?)
        })
        .await?;
    found.retain(|product: &Product| product.status == ProductStatus::Approved);
    let offer = |product: Product| {
        let profile = product.profile.clone()?;
        let begun = profile.valid_from.is_none_or(|from| from <= today);
        let ended = profile.valid_to.is_some_and(|to| to <= today);
        let bank_name = banks.get(&product.bank).filter(|_| begun && !ended)?.clone();
        Some(Offer { bank_name, product, profile })
    };
    let mut offers: Vec<Offer> = found.into_iter().filter_map(offer).collect();
    offers.sort_by(|one, other| {
        (&one.product.bank, &one.product.id).cmp(&(&other.product.bank, &other.product.id))
    });
    Ok(offers)
}
