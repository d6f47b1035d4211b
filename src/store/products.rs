//! Loan products.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::schema::product;
use crate::domain::member::MemberId;
use crate::domain::product::{FieldProfile, Product, ProductStatus};
use crate::domain::timestamp::Timestamp;

/// A product row as diesel reads it.
#[derive(Queryable, Insertable, Clone)]
#[diesel(table_name = product)]
pub(super) struct ProductRow {
    id: String,
    bank: String,
    status: String,
    terms: String,
    profile: Option<String>,
    submitted_at: NaiveDateTime,
    approved_at: Option<NaiveDateTime>,
}

impl ProductRow {
    pub(super) fn parse(self) -> StoreResult<Product> {
        let corrupt = |why: &dyn ToString| StoreError::corrupt("product", why.to_string());
        Ok(Product {
            bank: self.bank.parse().map_err(|e| corrupt(&e))?,
            status: self.status.parse().map_err(|e| corrupt(&e))?,
            terms: serde_json::from_str(&self.terms).map_err(|e| corrupt(&e))?,
            profile: self
                .profile
                .map(|text| serde_json::from_str(&text).map_err(|e| corrupt(&e)))
                .transpose()?,
            id: self.id,
        })
    }
}

/// The product with this id, if there is one.
pub fn find(connection: &mut AnyConnection, id: &str) -> StoreResult<Option<Product>> {
    let row: Option<ProductRow> =
        on_backend!(connection, c => product::table.find(id).get_result(c).optional())?;
    row.map(ProductRow::parse).transpose()
}

/// The same, locked until the transaction ends: two processes never change one product at once.
pub fn lock(connection: &mut AnyConnection, id: &str) -> StoreResult<Option<Product>> {
    let row: Option<ProductRow> = match connection {
        AnyConnection::Pg(c) => product::table.find(id).for_update().get_result(c).optional()?,
        AnyConnection::Sqlite(c) => product::table.find(id).get_result(c).optional()?,
    };
    row.map(ProductRow::parse).transpose()
}

/// The products with these ids, those there are.
pub fn find_many(connection: &mut AnyConnection, ids: &[&str]) -> StoreResult<Vec<Product>> {
    match connection {
        AnyConnection::Pg(c) => {
            let rows: Vec<ProductRow> = product::table.filter(product::id.eq_any(ids)).load(c)?;
            rows.into_iter().map(ProductRow::parse).collect()
        }
        AnyConnection::Sqlite(_) => ids.iter().filter_map(|id| find(connection, id).transpose()).collect(),
    }
}

/// One page of products by id, after `after`: a bank's own, or everyone's.
pub fn page(
    connection: &mut AnyConnection,
    bank: Option<&MemberId>,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<Product>> {
    let mut query = product::table.filter(product::id.gt(after)).order(product::id).limit(limit).into_boxed();
    if let Some(bank) = bank {
        query = query.filter(product::bank.eq(bank.as_str().to_owned()));
    }
    let rows: Vec<ProductRow> = query.load(connection)?;
    rows.into_iter().map(ProductRow::parse).collect()
}

/// Adds a product. Fails with `Duplicate` if the id is taken.
pub fn insert(connection: &mut AnyConnection, new: &Product, at: Timestamp) -> StoreResult<()> {
    let row = ProductRow {
        id: new.id.clone(),
        bank: new.bank.to_string(),
        status: new.status.to_string(),
        terms: json(&new.terms)?,
        profile: None,
        submitted_at: at.naive(),
        approved_at: None,
    };
    diesel::insert_into(product::table).values(&row).execute(connection)?;
    Ok(())
}

/// Replaces the terms of a product not yet approved; `false` if it is not there or no longer open to change.
pub fn replace_terms(connection: &mut AnyConnection, changed: &Product, at: Timestamp) -> StoreResult<bool> {
    let count = diesel::update(
        product::table
            .filter(product::id.eq(&changed.id))
            .filter(product::status.eq(ProductStatus::Submitted.as_str())),
    )
    .set((product::terms.eq(json(&changed.terms)?), product::submitted_at.eq(at.naive())))
    .execute(connection)?;
    Ok(count == 1)
}

/// Approves a submitted product with its profile; `false` if it is not there or not submitted.
pub fn approve(
    connection: &mut AnyConnection,
    id: &str,
    profile: &FieldProfile,
    at: Timestamp,
) -> StoreResult<bool> {
    let count = diesel::update(
        product::table
            .filter(product::id.eq(id))
            .filter(product::status.eq(ProductStatus::Submitted.as_str())),
    )
    .set((
        product::status.eq(ProductStatus::Approved.as_str()),
        product::profile.eq(json(profile)?),
        product::approved_at.eq(at.naive()),
    ))
    .execute(connection)?;
    Ok(count == 1)
}

fn json(value: &impl serde::Serialize) -> StoreResult<String> {
    serde_json::to_string(value).map_err(|why| StoreError::corrupt("product", why))
}
