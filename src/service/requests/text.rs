//! What a person reads before granting: drawn up from the request as it stands, so that page and grant agree on it.

use std::sync::Arc;

use chrono::NaiveDate;

use super::read::read;
use super::rules::{last_day, later};
use crate::domain::consent::GrantorRole;
use crate::domain::consent_request::ConsentRequest;
use crate::domain::member::{MemberId, Role};
use crate::domain::representative::ActingFor;
use crate::domain::timestamp::Timestamp;
use crate::service::Exchange;
use crate::service::assemble::kind_of_taxpayer;
use crate::service::consent_text::{
    Party, PersonalInput, Shown, TextInput, TextLang, number_of, party, render, render_personal,
};
use crate::service::error::{ServiceError, ServiceResult};
use crate::store::db::AnyConnection;
use crate::store::error::StoreResult;
use crate::store::{ledger, products};

/// The texts of a request: the firm's, and the personal one if one is asked for and the person may give it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Texts {
    /// What the firm authorises.
    pub firm: Shown,
    /// What the person consents to apart.
    pub personal: Option<Shown>,
}

/// The texts of a request, as they are to be shown now. On another day they say another end, and are read again.
pub async fn text(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    id: String,
    lang: TextLang,
) -> ServiceResult<Texts> {
    let request = read(exchange, acting, id).await?;
    let (acting, now) = (acting.clone(), exchange.clock.now());
    exchange
        .blocking(move |e| {
            let own_business = own_business(e, &acting)?;
            let draw = Drawing { exchange: e, acting: &acting, own_business, now };
            e.ledger.read(|c| draw.inputs(c, &request))?.texts(lang)
        })
        .await
}

/// Whether the firm's tax data is its owner's own: read from the registration before a unit of work begins, since records
/// and consents lie in two databases.
pub(super) fn own_business(exchange: &Exchange, acting: &ActingFor) -> ServiceResult<bool> {
    let head = exchange.ledger.read(ledger::head)?;
    let deliveries = exchange.catalogue.upto(head.last_batch_index)?;
    let size = i64::try_from(head.frontier.size()).map_err(ServiceError::internal)?;
    let kind = kind_of_taxpayer(&exchange.data, &deliveries, acting.taxpayer(), size)?;
    Ok(kind.needs_personal_consent())
}

/// What texts are drawn up with.
pub(super) struct Drawing<'a> {
    pub(super) exchange: &'a Exchange,
    pub(super) acting: &'a ActingFor,
    pub(super) own_business: bool,
    pub(super) now: Timestamp,
}

/// What the texts of one request say.
pub(super) struct Inputs {
    /// The firm's.
    pub(super) firm: TextInput,
    /// The person's own.
    pub(super) personal: Option<PersonalInput>,
}

impl Drawing<'_> {
    pub(super) fn inputs(&self, c: &mut AnyConnection, request: &ConsentRequest) -> StoreResult<Inputs> {
        let members = self.exchange.directory.members();
        let bureau = members.iter().find(|(member, _)| member.role == Role::Bureau);
        let bureau = match bureau {
            Some((member, _)) => named(c, &member.id)?,
            None => Party { name: String::new(), contact: None },
        };
        let product = products::find(c, &request.product)?;
        let mut share_offered = Vec::new();
        for member in &request.terms.share_outcome_with {
            share_offered.push((member.clone(), named(c, member)?.name));
        }
        let (valid_until, retain_until) = self.last_days(request);
        let terms = &request.terms;
        let firm = TextInput {
            number: number_of(&request.id, request.created_at.shanghai_date()),
            firm: self.acting.firm.name.clone(),
            taxpayer_id: request.taxpayer.clone(),
            bank: named(c, &request.bank)?,
            bureau,
            product_id: request.product.clone(),
            product: product.map(|product| product.terms.name).unwrap_or_default(),
            purpose: terms.purpose.clone(),
            sections: terms.sections.clone(),
            window: terms.window,
            valid_until,
            pulls: terms.pulls,
            retain_until,
            share_offered,
            personal_offered: terms.personal_data,
        };
        let role = self.acting.firm.role.may_grant().filter(|_| terms.personal_data);
        let personal = role.map(|role| self.personal(&firm, role));
        Ok(Inputs { firm, personal })
    }

    /// Last day in force, the day of the grant counted, and the day by which the bank must have deleted what it received.
    fn last_days(&self, request: &ConsentRequest) -> (NaiveDate, NaiveDate) {
        let valid_until = last_day(&request.terms, self.now);
        (valid_until, later(valid_until, self.exchange.requests.retain_days))
    }

    fn personal(&self, firm: &TextInput, role: GrantorRole) -> PersonalInput {
        PersonalInput {
            terms: firm.clone(),
            person: self.acting.person.name.clone(),
            role,
            own_business: self.own_business,
        }
    }
}

impl Inputs {
    /// As shown in one language.
    pub(super) fn texts(&self, lang: TextLang) -> ServiceResult<Texts> {
        let personal = self.personal.as_ref().map(|input| render_personal(input, lang)).transpose()?;
        Ok(Texts { firm: render(&self.firm, lang)?, personal })
    }

    /// The texts that a page carried the digests of, in whichever language it was.
    pub(super) fn read(&self, firm: &str, personal: Option<&str>) -> ServiceResult<Texts> {
        for lang in TextLang::ALL {
            let mut texts = self.texts(*lang)?;
            let is_personal = |shown: &Shown| personal.is_none_or(|digest| digest == shown.digest);
            let agrees = texts.personal.as_ref().map_or(personal.is_none(), is_personal);
            if texts.firm.digest == firm && agrees {
                // What was not ticked was not consented to.
                texts.personal = texts.personal.filter(|_| personal.is_some());
                return Ok(texts);
            }
        }
        let why = "what was shown is not what the request says now: read it again";
        Err(ServiceError::Conflict(why.into()))
    }
}

fn named(c: &mut AnyConnection, member: &MemberId) -> StoreResult<Party> {
    Ok(party(c, member)?.unwrap_or_else(|| Party { name: member.to_string(), contact: None }))
}
