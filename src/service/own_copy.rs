//! A firm's signed copy of its own data: a dossier for whom the firm likes, first written to the ledger (`release.self`).
//!
//! The same SD-JWT as a bank's, with `aud: holder`; the firm's own order stands where a bank's dossier names a consent.
//! It holds every section, and nothing of what never leaves (`lending.md`). Checked offline by `service::verify`.

use std::sync::Arc;

use serde::Serialize;
use serde_json::json;

use super::Exchange;
use super::admin::{HOLDER, TAXPAYER};
use super::assemble::{Wanted, assemble};
use super::error::{ServiceError, ServiceResult};
use super::evidence;
use super::receipt::Receipt;
use crate::domain::hold::HeldSubject;
use crate::domain::member::MemberId;
use crate::domain::period::Window;
use crate::domain::policy::WITHOUT_LIMITS;
use crate::domain::product::FieldProfile;
use crate::domain::representative::ActingFor;
use crate::domain::section::Section;
use crate::domain::taxpayer_id::TaxpayerId;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::seal::digest::{canonical_json, prefixed_digest};
use crate::seal::sd_jwt::{
    self, CLAIMS_VERSION, ConsentClaim, DIGEST_ALGORITHM, Disclosure, DossierClaims, OWN_COPY, WindowClaim,
};
use crate::store::error::StoreError;
use crate::store::ledger::{Draft, Field};
use crate::store::own_copies::{self, OwnCopyRow};
use crate::store::{holds, ledger, ledger_read};

/// Months of history in a copy, besides the current one.
const WINDOW_MONTHS: u32 = 36;
/// Copies that a firm may take in a day.
const COPIES_A_DAY: u64 = 10;
/// Copies that a firm is shown.
const LISTED: i64 = 50;

/// A copy, as the firm downloads it: the answer of a pull, with the firm as the one who asked.
#[derive(Clone, Debug, Serialize)]
pub struct OwnCopy {
    /// UUIDv7.
    pub release_id: String,
    /// The SD-JWT.
    pub dossier: String,
    /// Proves that it was recorded: entry `release.self`.
    pub receipt: Receipt,
}

/// A copy taken before, as the firm's page lists it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CopyTaken {
    /// UUIDv7.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Its entry.
    pub index: u64,
    /// `sha-256:` digest of its JWT.
    pub dossier_digest: String,
}

/// What goes into a copy, all that it takes to build it again.
pub(super) struct Order {
    pub(super) id: String,
    pub(super) taxpayer: TaxpayerId,
    pub(super) sections: Vec<Section>,
    pub(super) window: Window,
    pub(super) profile: FieldProfile,
    pub(super) personal_data: bool,
    pub(super) policy: String,
    pub(super) read_at: i64,
    pub(super) salt_epoch: u32,
    pub(super) at: Timestamp,
}

/// Takes a copy. Whoever may sign for the firm also gets the personal data in it; a preparer's copy has none.
pub async fn take(exchange: &Arc<Exchange>, acting: &ActingFor) -> ServiceResult<OwnCopy> {
    let (taxpayer, by) = (acting.taxpayer().clone(), acting.label());
    let personal_data = acting.firm.role.may_grant().is_some();
    let (row, encoded) = exchange.blocking(move |e| make(e, taxpayer, personal_data)).await?;
    let (release_id, jwt) = (row.id.clone(), row.jwt.clone());
    let digest = sd_jwt::dossier_digest(&jwt);
    let ((), committed) = exchange
        .writer
        .unit(move |c, now| {
            let today = Timestamp::shanghai_midnight(now.shanghai_date());
            if own_copies::taken_since(c, &row.taxpayer_id, today)? >= COPIES_A_DAY {
                let why = format!(
                    "每天最多取 {COPIES_A_DAY} 份，请明天再来 a firm may take {COPIES_A_DAY} copies a day: come back tomorrow"
                );
                return Ok(Err(ServiceError::Conflict(why)));
            }
            let subject = HeldSubject {
                bank: HOLDER,
                product: OWN_COPY,
                taxpayer: &row.taxpayer_id,
                sections: &Section::ALL,
            };
            if holds::active(c, now)?.bar(subject, now) {
                let why = "目前不能取副本，请咨询税务机关 copies cannot be taken at present: ask the tax bureau";
                return Ok(Err(ServiceError::Conflict(why.into())));
            }
            own_copies::insert(c, &row)?;
            let draft = Draft {
                kind: EntryKind::ReleaseSelf,
                object_id: row.id,
                actor: TAXPAYER.to_owned(),
                by,
                fields: vec![
                    ("subject", Field::Sealed(row.taxpayer_id)),
                    ("dossier_digest", Field::Plain(digest.into())),
                    ("read_at", Field::Plain(row.read_at.into())),
                ],
            };
            Ok(Ok(((), vec![draft])))
        })
        .await?;
    let dossier = sd_jwt::assemble(&jwt, encoded.iter().map(String::as_str));
    Ok(OwnCopy { release_id, dossier, receipt: committed.receipt(0)? })
}

/// The copies that the firm took, newest first.
pub async fn taken(exchange: &Arc<Exchange>, acting: &ActingFor) -> ServiceResult<Vec<CopyTaken>> {
    let taxpayer = acting.taxpayer().clone();
    exchange
        .blocking(move |e| {
            Ok(e.ledger.read(|c| {
                let rows = own_copies::newest(c, taxpayer.as_str(), LISTED)?;
                rows.into_iter()
                    .map(|row| {
                        let entry = ledger_read::entry_about(c, &row.id, EntryKind::ReleaseSelf)?
                            .ok_or_else(|| StoreError::corrupt("own_copy", "a copy has no entry"))?;
                        Ok(CopyTaken {
                            at: Timestamp::from_naive(row.issued_at),
                            index: entry.index,
                            dossier_digest: sd_jwt::dossier_digest(&row.jwt),
                            id: row.id,
                        })
                    })
                    .collect()
            })?)
        })
        .await
}

/// The newest receipt of one of the firm's copies: proves that it was recorded, once more.
pub async fn receipt(exchange: &Arc<Exchange>, acting: &ActingFor, id: &str) -> ServiceResult<Receipt> {
    let (wanted, taxpayer) = (id.to_owned(), acting.taxpayer().clone());
    let row = exchange.blocking(move |e| Ok(e.ledger.read(|c| own_copies::find(c, &wanted))?)).await?;
    match row.is_some_and(|row| row.taxpayer_id == taxpayer.as_str()) {
        true => evidence::receipt_of(exchange, id, EntryKind::ReleaseSelf).await,
        false => Err(ServiceError::NotFound),
    }
}

/// Reads, builds and signs. Blocks on the databases.
fn make(
    exchange: &Exchange,
    taxpayer: TaxpayerId,
    personal_data: bool,
) -> ServiceResult<(OwnCopyRow, Vec<String>)> {
    let at = exchange.clock.now();
    let head = exchange.ledger.read(ledger::head)?;
    let salt = exchange.keys.newest_salt().ok_or_else(|| ServiceError::internal("no salt key"))?;
    let window = Window::resolve_months(WINDOW_MONTHS, at.shanghai_date())
        .ok_or_else(|| ServiceError::internal("a window beyond the calendar"))?;
    let mut sections = Section::ALL.to_vec();
    sections.sort_unstable();
    let order = Order {
        id: exchange.fresh_id(),
        taxpayer,
        profile: FieldProfile {
            sections: sections.clone(),
            window_months: WINDOW_MONTHS,
            valid_from: None,
            valid_to: None,
            fields: Default::default(),
            personal_business: None,
        },
        sections,
        window,
        personal_data,
        policy: WITHOUT_LIMITS.to_owned(),
        read_at: i64::try_from(head.frontier.size()).map_err(ServiceError::internal)?,
        salt_epoch: salt.epoch(),
        at,
    };
    let built = disclosures(exchange, &order)?;
    let claims = claims(&order, exchange.keys.trust().issuer.clone(), &built)?;
    let signer = exchange.keys.dossier_at(at).map_err(ServiceError::internal)?;
    let jwt = sd_jwt::issue(&claims, &signer).map_err(ServiceError::internal)?;
    let encoded = built.into_iter().map(|(_, disclosure)| disclosure.encoded).collect();
    Ok((row(order, jwt)?, encoded))
}

fn row(order: Order, jwt: String) -> ServiceResult<OwnCopyRow> {
    let names: Vec<&str> = order.sections.iter().map(|section| section.as_str()).collect();
    Ok(OwnCopyRow {
        taxpayer_id: order.taxpayer.as_str().to_owned(),
        jwt,
        read_at: order.read_at,
        window_from: order.window.from(),
        window_to: order.window.to(),
        sections: names.join(" "),
        profile: serde_json::to_string(&order.profile).map_err(ServiceError::internal)?,
        personal_data: order.personal_data,
        policy: order.policy,
        salt_epoch: i32::try_from(order.salt_epoch).map_err(ServiceError::internal)?,
        issued_at: order.at.naive(),
        id: order.id,
    })
}

impl Order {
    /// The order of a copy as stored.
    pub(super) fn parse(row: &OwnCopyRow) -> ServiceResult<Self> {
        let corrupt = |why: &dyn ToString| StoreError::corrupt("own_copy", why.to_string());
        let sections = row.sections.split_whitespace().map(|name| name.parse().map_err(|e| corrupt(&e)));
        Ok(Self {
            id: row.id.clone(),
            taxpayer: TaxpayerId::parse(&row.taxpayer_id).map_err(|e| corrupt(&e))?,
            sections: sections.collect::<Result<_, _>>()?,
            window: Window::new(row.window_from, row.window_to).map_err(|e| corrupt(&e))?,
            profile: serde_json::from_str(&row.profile).map_err(|e| corrupt(&e))?,
            personal_data: row.personal_data,
            policy: row.policy.clone(),
            read_at: row.read_at,
            salt_epoch: u32::try_from(row.salt_epoch).map_err(|e| corrupt(&e))?,
            at: Timestamp::from_naive(row.issued_at),
        })
    }

    /// Pseudonyms and salts are of this firm's copies alone: copies of two firms tell nothing of common customers.
    fn scope(&self) -> ServiceResult<MemberId> {
        let scope = format!("{HOLDER}-{}", self.taxpayer.as_str().to_ascii_lowercase());
        scope.parse().map_err(ServiceError::internal)
    }
}

/// Each section of a copy, out of the records visible at its size. Blocks on the databases.
pub(super) fn disclosures(exchange: &Exchange, order: &Order) -> ServiceResult<Vec<(Section, Disclosure)>> {
    let head = exchange.ledger.read(ledger::head)?;
    let deliveries = exchange.catalogue.upto(head.last_batch_index)?;
    let salt = exchange
        .keys
        .salt(order.salt_epoch)
        .ok_or_else(|| ServiceError::internal("the salt key of a copy is gone"))?;
    let scope = order.scope()?;
    let build = |section: &Section| {
        let wanted = Wanted {
            taxpayer: &order.taxpayer,
            bank: &scope,
            section: *section,
            window: order.window,
            profile: &order.profile,
            personal_data: order.personal_data,
            legal_rep_digest: None,
            size: order.read_at,
            today: order.at.shanghai_date(),
        };
        Ok((*section, assemble(&exchange.data, &deliveries, &salt, wanted)?.disclosure))
    };
    order.sections.iter().map(build).collect()
}

/// The claims of a copy.
pub(super) fn claims(
    order: &Order,
    issuer: String,
    built: &[(Section, Disclosure)],
) -> ServiceResult<DossierClaims> {
    let mut digests: Vec<String> = built.iter().map(|(_, disclosure)| disclosure.digest.clone()).collect();
    digests.sort_unstable();
    let window = WindowClaim { from: order.window.from(), to: order.window.to() };
    let ordered = canonical_json(&json!({
        "audience": HOLDER,
        "id": order.id,
        "personal_data": order.personal_data,
        "sections": order.sections,
        "taxpayer_id": order.taxpayer,
        "window": window,
    }))
    .map_err(ServiceError::internal)?;
    Ok(DossierClaims {
        v: CLAIMS_VERSION,
        iss: issuer,
        aud: HOLDER.to_owned(),
        sub: order.taxpayer.as_str().to_owned(),
        jti: order.id.clone(),
        iat: order.at.seconds(),
        purpose: OWN_COPY.to_owned(),
        nonce: None,
        consent: ConsentClaim {
            id: order.id.clone(),
            digest: prefixed_digest(ordered.as_bytes()),
            policy: order.policy.clone(),
        },
        product: OWN_COPY.to_owned(),
        read_at: u64::try_from(order.read_at).map_err(ServiceError::internal)?,
        window,
        sd: digests,
        sd_alg: DIGEST_ALGORITHM.to_owned(),
    })
}
