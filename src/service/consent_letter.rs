//! 授权书 as paper shows it: the text that was shown, what was ticked, who signed, and the receipt that proves it.

use std::sync::Arc;

use super::Exchange;
use super::consent_receipt::{self, Made};
use super::error::ServiceResult;
use crate::domain::representative::ActingFor;
use crate::store::consent_texts;

/// What the printed authorisation is made of.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The firm's name.
    pub firm: String,
    /// 授权编号.
    pub number: String,
    /// The product's name; its id where the product is gone.
    pub product: String,
    /// Exactly what the firm was shown, if it was shown here: the e-tax bureau keeps what it showed.
    pub text: Option<String>,
    /// Exactly what the person who consented apart was shown.
    pub personal_text: Option<String>,
    /// The receipt and the consent.
    pub made: Made,
}

/// The letter of one of the firm's own consents. Foreign and absent are alike.
pub async fn letter(exchange: &Arc<Exchange>, acting: &ActingFor, id: String) -> ServiceResult<Letter> {
    let made = consent_receipt::of(exchange, acting, id).await?;
    let firm = acting.firm.name.clone();
    exchange
        .point_read(move |e| {
            let terms = &made.consent.terms;
            let details = terms.details.as_ref();
            let personal = details.and_then(|details| details.personal.as_ref());
            let (text, personal_text, product) = e.ledger.read(|c| {
                let text = consent_texts::find(c, &terms.text.digest)?;
                let personal = match personal {
                    Some(personal) => consent_texts::find(c, &personal.text.digest)?,
                    None => None,
                };
                Ok((text, personal, crate::store::products::find(c, &terms.product_id)?))
            })?;
            Ok(Letter {
                firm,
                number: consent_receipt::number(&made.consent),
                product: product.map_or_else(|| terms.product_id.clone(), |product| product.terms.name),
                text: text.map(|kept| kept.body),
                personal_text: personal_text.map(|kept| kept.body),
                made,
            })
        })
        .await
}
