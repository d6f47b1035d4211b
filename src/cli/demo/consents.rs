//! The firms' part: they authorise in the e-tax bureau, which registers it with `POST /v1/consents` and its evidence.

use std::collections::HashMap;

use chrono::{Days, NaiveDate};
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::Method;
use ring::hmac;
use serde_json::{Value, json};

use super::authorisation::{Blanks, VERSION, digest, wording};
use super::city::Written;
use super::persons::id_reference;
use super::plan::{self, Fate, Planned};
use super::products::Product;
use super::stage::{Stage, all_items, number, patiently, text, unexpected};
use crate::cli::init::{ID_REFERENCE_KEY_FILE, bank_name};
use crate::cli::output::{Failure, say};
use crate::cli::synth_command::bar;
use crate::domain::timestamp::Timestamp;
use crate::seal::keys::read_secret;

/// Months that a consent opens.
const MONTHS: u32 = 36;
/// Requests of the bureau under way at once.
const AT_ONCE: usize = 16;
/// A bank whose consent has fewer pulls left is given a new one.
const PULLS_LEFT_MIN: u64 = 2;

/// A consent that a bank holds, as the demo will use it.
pub struct Held {
    /// Its id.
    pub id: String,
    /// What becomes of it.
    pub fate: Fate,
    /// Whether it may be used after the loan, too.
    pub post_loan: bool,
}

/// From an earlier run: what each bank holds of each firm, and the pulls left.
type Kept = HashMap<(usize, String), (String, u64)>;

/// Registers what is planned and not there yet. The consents by bank.
pub async fn register(
    stage: &Stage,
    written: &Written,
    products: &[Product],
) -> Result<Vec<Vec<Held>>, Failure> {
    let kept = kept(stage).await?;
    let key = read_secret(&stage.dir.join("keys").join(ID_REFERENCE_KEY_FILE)).map_err(Failure::system)?;
    let desk = Desk {
        stage,
        products,
        key: hmac::Key::new(hmac::HMAC_SHA256, &key),
        seed: written.city.seed,
        kept,
        today: stage.now.shanghai_date(),
    };
    let banks = u64::try_from(stage.banks.len()).unwrap_or(0);
    let planned: u64 = (0..written.city.taxpayers).map(|index| index % 3 + 1).sum();
    let bar = bar("授权 consents", planned);
    let registered: Vec<(usize, bool, Held)> = stream::iter(plan::consents(&written.city, banks))
        .map(|planned| desk.serve(planned))
        .buffered(AT_ONCE)
        .inspect_ok(|_| bar.inc(1))
        .try_collect()
        .await?;
    bar.finish_and_clear();
    let new = registered.iter().filter(|(_, new, _)| *new).count();
    let count = |fate| registered.iter().filter(|(_, _, held)| held.fate == fate).count();
    say(format!(
        "授权 consents: 新登记 {new} 份 registered, 沿用 {} 份 kept; 其中 of these 已撤回 revoked {}, 已到期 expired {}, 仅一次 one pull only {}",
        registered.len() - new,
        count(Fate::Revoked),
        count(Fate::Expired),
        count(Fate::Single),
    ));
    let mut by_bank: Vec<Vec<Held>> = stage.banks.iter().map(|_| Vec::new()).collect();
    for (bank, _, held) in registered {
        if let Some(own) = by_bank.get_mut(bank) {
            own.push(held);
        }
    }
    Ok(by_bank)
}

/// What earlier runs left to the banks, as the banks see it.
async fn kept(stage: &Stage) -> Result<Kept, Failure> {
    let mut kept = Kept::new();
    for (place, bank) in stage.banks.iter().enumerate() {
        for consent in all_items(&bank.slug, &bank.client, "/v1/consents").await? {
            let left = number(&consent, "pulls_max")?.saturating_sub(number(&consent, "pulls_used")?);
            if text(&consent, "status")? == "granted" && left >= PULLS_LEFT_MIN {
                let firm = text(&consent, "taxpayer_id")?.to_owned();
                kept.insert((place, firm), (text(&consent, "id")?.to_owned(), left));
            }
        }
    }
    Ok(kept)
}

/// Where the bureau registers consents.
struct Desk<'a> {
    stage: &'a Stage,
    products: &'a [Product],
    /// Key of the references to grantors' identities.
    key: hmac::Key,
    seed: u64,
    kept: Kept,
    today: NaiveDate,
}

impl Desk<'_> {
    /// The consent that is kept from an earlier run, or a new one (`true`).
    async fn serve(&self, planned: Planned) -> Result<(usize, bool, Held), Failure> {
        let held = |id| Held { id, fate: planned.fate, post_loan: planned.post_loan() };
        let pair = (planned.bank, planned.firm.taxpayer_id.as_str().to_owned());
        if let (Some((id, _)), false) = (self.kept.get(&pair), planned.fate.is_spent()) {
            return Ok((planned.bank, false, held(id.clone())));
        }
        let ask = self.consent(&planned)?;
        let who = format!("bureau, consent of {} for bank {}", planned.firm.taxpayer_id, planned.bank + 1);
        let granted =
            patiently(async || self.stage.bureau.json(Method::POST, "/v1/consents", Some(&ask)).await).await;
        let granted = granted.map_err(|error| unexpected(&who, error))?;
        let id = text(&granted, "id")?.to_owned();
        if planned.fate == Fate::Revoked {
            self.revoke(&id).await?;
        }
        Ok((planned.bank, true, held(id)))
    }

    async fn revoke(&self, id: &str) -> Result<(), Failure> {
        let path = format!("/v1/consents/{id}/revocation");
        let reason = json!({"reason": "演示：企业撤回授权"});
        let revoked =
            patiently(async || self.stage.bureau.json(Method::POST, &path, Some(&reason)).await).await;
        let revoked = revoked.map_err(|error| unexpected(&format!("bureau, revocation of {id}"), error))?;
        match text(&revoked, "status")? {
            "revoked" => Ok(()),
            other => Err(Failure::system(format!("demo: consent {id} is {other} after its revocation"))),
        }
    }

    /// Body of `POST /v1/consents`.
    fn consent(&self, planned: &Planned) -> Result<Value, Failure> {
        let product = self
            .products
            .get(planned.bank)
            .zip(self.stage.banks.get(planned.bank))
            .ok_or_else(|| Failure::system("demo: a consent for a bank that is not there"))?;
        let (product, bank) = product;
        let (valid_from, valid_to) = self.validity(planned.fate)?;
        let retain_until = later(valid_to, 365)?;
        let sections = planned.fate.sections(&product.sections);
        let shown = wording(&Blanks {
            firm: &planned.firm.name,
            taxpayer: planned.firm.taxpayer_id.as_str(),
            bank: &bank_name(bank.number),
            product,
            sections: &sections,
            months: MONTHS,
            valid_from,
            valid_to,
            pulls: planned.pulls_max(),
            post_loan: planned.post_loan(),
            person: planned.personal_data().then_some(planned.firm.legal_rep_name.as_str()),
            retain_until,
        });
        let instant = Timestamp::shanghai_midnight;
        Ok(json!({
            "taxpayer_id": planned.firm.taxpayer_id,
            "bank": bank.slug,
            "product_id": product.id,
            "purpose": if planned.post_loan() { vec!["pre_loan", "post_loan"] } else { vec!["pre_loan"] },
            "sections": sections,
            "window": {"months": MONTHS},
            "valid_from": instant(valid_from),
            "valid_to": instant(valid_to),
            "pulls_max": planned.pulls_max(),
            "personal_data": planned.personal_data(),
            "share_outcome_with": [],
            "retain_until": retain_until,
            "text": {"version": VERSION, "digest": digest(&shown)},
            "grantor": {
                "role": "legal_representative",
                "id_ref": id_reference(&self.key, self.seed, planned.firm.index, &planned.firm.legal_rep_name),
                "method": "etax_face",
                "assurance": "reliable",
                "authenticated_at": instant(valid_from),
            },
        }))
    }

    /// From yesterday for a year; for the expired ones, a month that is over.
    fn validity(&self, fate: Fate) -> Result<(NaiveDate, NaiveDate), Failure> {
        let before = |days| self.today.checked_sub_days(Days::new(days)).ok_or_else(off_the_calendar);
        match fate {
            Fate::Expired => Ok((before(61)?, before(31)?)),
            Fate::Whole | Fate::Partial | Fate::Single | Fate::Revoked => {
                let from = before(1)?;
                Ok((from, later(from, 365)?))
            }
        }
    }
}

fn later(day: NaiveDate, days: u64) -> Result<NaiveDate, Failure> {
    day.checked_add_days(Days::new(days)).ok_or_else(off_the_calendar)
}

fn off_the_calendar() -> Failure {
    Failure::system("demo: the host's clock is off the calendar")
}
