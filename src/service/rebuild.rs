//! A release's dossier, rebuilt out of the records as of its `read_at`: what a repeat sends and a replay compares.

use serde_json::Value;

use super::Exchange;
use super::assemble::{Wanted, assemble};
use super::error::{ServiceError, ServiceResult};
use super::prepare::LEGAL_REP_DIGEST;
use super::release::Dossier;
use crate::domain::id_digest::IdDigest;
use crate::domain::member::MemberId;
use crate::domain::period::Window;
use crate::domain::product::FieldProfile;
use crate::domain::section::Section;
use crate::domain::taxpayer_id::TaxpayerId;
use crate::seal::jws::read_unverified_payload;
use crate::seal::sd_jwt::Disclosure;
use crate::store::error::StoreError;
use crate::store::ledger;
use crate::store::releases::ReleaseRow;

/// Rebuilds a dossier. Every disclosure must hash to a digest in the JWT kept; those that the bank says it has are
/// left out, as they were the first time.
pub fn rebuild(exchange: &Exchange, row: &ReleaseRow, have: &[String]) -> ServiceResult<Dossier> {
    let kept = Kept::parse(row)?;
    let listed = kept.listed()?;
    let mut disclosures = Vec::with_capacity(kept.sections.len());
    for (section, built) in disclosures_of(exchange, row, &kept)? {
        if !listed.contains(&built.digest) {
            return Err(ServiceError::internal(format!("replay of a release differs in section {section}")));
        }
        if !have.contains(&built.digest) {
            disclosures.push(built.encoded.into());
        }
    }
    Ok(Dossier { jwt: kept.jwt.to_owned(), disclosures })
}

/// The disclosure of each section of a release, built anew with the window, profile and salt epoch recorded.
pub(super) fn disclosures_of(
    exchange: &Exchange,
    row: &ReleaseRow,
    kept: &Kept<'_>,
) -> ServiceResult<Vec<(Section, Disclosure)>> {
    let head = exchange.ledger.read(ledger::head)?;
    let deliveries = exchange.catalogue.upto(head.last_batch_index)?;
    let salt = exchange
        .keys
        .salt(kept.salt_epoch)
        .ok_or_else(|| ServiceError::internal("the salt key of a release is gone"))?;
    let build = |section: &Section| {
        let wanted = Wanted {
            taxpayer: &kept.taxpayer,
            bank: &kept.bank,
            section: *section,
            window: kept.window,
            profile: &kept.profile,
            personal_data: row.personal_data,
            legal_rep_digest: kept.legal_rep_digest,
            size: kept.read_at,
            today: row.issued_at().shanghai_date(),
        };
        Ok((*section, assemble(&exchange.data, &deliveries, salt, wanted)?.disclosure))
    };
    kept.sections.iter().map(build).collect()
}

/// A granted release's row, parsed.
pub(super) struct Kept<'a> {
    pub(super) jwt: &'a str,
    pub(super) taxpayer: TaxpayerId,
    pub(super) bank: MemberId,
    pub(super) sections: Vec<Section>,
    pub(super) window: Window,
    pub(super) profile: FieldProfile,
    pub(super) read_at: i64,
    pub(super) salt_epoch: u32,
    pub(super) legal_rep_digest: Option<IdDigest>,
}

impl<'a> Kept<'a> {
    /// The digests that its JWT lists.
    pub(super) fn listed(&self) -> ServiceResult<Vec<String>> {
        let claims = read_unverified_payload(self.jwt).map_err(ServiceError::internal)?;
        let digests = claims.get("_sd").and_then(Value::as_array).into_iter().flatten();
        Ok(digests.filter_map(Value::as_str).map(str::to_owned).collect())
    }

    pub(super) fn parse(row: &'a ReleaseRow) -> ServiceResult<Self> {
        let corrupt = |why: &dyn ToString| StoreError::corrupt("release", why.to_string());
        let absent = || corrupt(&"a granted release lacks a column");
        let asked: Value = serde_json::from_str(&row.ask).map_err(|e| corrupt(&e))?;
        let sections = row.sections.as_deref().ok_or_else(absent)?.split_whitespace();
        Ok(Self {
            jwt: row.jwt.as_deref().ok_or_else(absent)?,
            taxpayer: TaxpayerId::parse(row.taxpayer_id.as_deref().ok_or_else(absent)?)
                .map_err(|e| corrupt(&e))?,
            bank: row.bank.parse().map_err(|e| corrupt(&e))?,
            sections: sections.map(|name| name.parse().map_err(|e| corrupt(&e))).collect::<Result<_, _>>()?,
            window: Window::new(row.window_from.ok_or_else(absent)?, row.window_to.ok_or_else(absent)?)
                .map_err(|e| corrupt(&e))?,
            profile: serde_json::from_str(row.profile.as_deref().ok_or_else(absent)?)
                .map_err(|e| corrupt(&e))?,
            read_at: row.read_at.ok_or_else(absent)?,
            salt_epoch: u32::try_from(row.salt_epoch.ok_or_else(absent)?).map_err(|e| corrupt(&e))?,
            legal_rep_digest: match asked.get(LEGAL_REP_DIGEST).and_then(Value::as_str) {
                Some(text) => Some(IdDigest::parse(text).map_err(|e| corrupt(&e))?),
                None => None,
            },
        })
    }
}
