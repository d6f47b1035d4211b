//! Granting: every ticked request becomes a consent of its own, all of them in one unit of work or none.
//!
//! `lending.md`, Consent: one tick per bank and per further recipient, post-loan use and the personal consent ticked
//! apart, none pre-ticked; refusing any of these ticks never stands in the way of the rest.

use std::sync::Arc;

use serde::Serialize;

use super::amend::must_be_alive;
use super::rules::{end_after, in_force, problems};
use super::text::{Drawing, Inputs, Texts, own_business};
use super::{RequestView, Stop, entry, lock_own, operator, own, settled, stepped, views};
use crate::domain::consent::{Consent, ConsentStatus, ConsentTerms, Grantor, GrantorRole, Purpose};
use crate::domain::consent_details::{ConsentDetails, PersonalTerms, PostLoanTrigger, Provision};
use crate::domain::consent_request::{Approval, ConsentRequest, RequestStep, signing_role};
use crate::domain::member::MemberId;
use crate::domain::product::all_different;
use crate::domain::representative::{ActingFor, PortalRole};
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::seal::digest::{canonical_json, prefixed_digest};
use crate::service::Exchange;
use crate::service::consent::ConsentView;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::personal;
use crate::service::receipt::Receipt;
use crate::store::db::AnyConnection;
use crate::store::ledger::{Draft, Field};
use crate::store::{consent_requests, consents, firm_settings};

/// What the person ticked of one bank's request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GrantItem {
    /// The request.
    pub request_id: String,
    /// 同意向该银行提供: without this tick the request stays as it is.
    pub tick: bool,
    /// Digest of exactly what was shown.
    pub text_digest: String,
    /// Whether post-loan use is ticked besides; counts only if it was asked for.
    pub post_loan: bool,
    /// Which of those asked for may be told the outcome.
    pub share: Vec<MemberId>,
    /// Digest of the personal text that the person was shown and ticked for himself or herself; only if it was asked for.
    pub personal: Option<String>,
}

/// What the person decided, all at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grant {
    /// One for each bank that was shown.
    pub items: Vec<GrantItem>,
}

/// A request that became a consent.
#[derive(Clone, Debug, Serialize)]
pub struct Granted {
    /// The request.
    pub request_id: String,
    /// The consent.
    pub consent: ConsentView,
    /// Proves it.
    pub receipt: Receipt,
}

/// Approves a request as the financial officer, where the firm wants two persons. What was read is named by its digest;
/// whoever edits the draft afterwards undoes it.
pub async fn approve(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    id: String,
    text_digest: String,
) -> ServiceResult<RequestView> {
    if acting.firm.role != PortalRole::FinancialOfficer {
        return Err(ServiceError::Forbidden);
    }
    let own_business = own_business_of(exchange, acting).await?;
    let (e, acting) = (exchange.clone(), acting.clone());
    let work = move |c: &mut AnyConnection, now: Timestamp| -> Result<RequestView, Stop> {
        let mut request = lock_own(c, &acting, &id)?;
        request.status = stepped(&request, RequestStep::Approve, now)?;
        let draw = Drawing { exchange: &e, acting: &acting, own_business, now };
        draw.inputs(c, &request)?.read(&text_digest, None)?;
        request.approvals.retain(|one| one.subject != acting.person.subject);
        let (operator, subject) = (operator(&acting, now), acting.person.subject.clone());
        request.approvals.push(Approval { operator, subject, text_digest });
        consent_requests::save(c, &request)?;
        let view = views(c, &e.directory, vec![request], now)?.pop();
        Ok(view.ok_or(ServiceError::NotFound)?)
    };
    let (view, _) =
        exchange.writer.unit(move |c, now| settled(work(c, now).map(|v| (v, Vec::new())))).await?;
    Ok(view)
}

/// Grants what is ticked.
pub async fn grant(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    grant: Grant,
) -> ServiceResult<Vec<Granted>> {
    let items: Vec<GrantItem> = grant.items.into_iter().filter(|item| item.tick).collect();
    if items.is_empty() {
        return Err(ServiceError::invalid("/items", "tick at least one bank"));
    }
    let ids: Vec<&str> = items.iter().map(|item| item.request_id.as_str()).collect();
    if !all_different(&ids) {
        return Err(ServiceError::invalid("/items", "must name no request twice"));
    }
    let fresh: Vec<String> = items.iter().map(|_| exchange.fresh_id()).collect();
    let own_business = own_business_of(exchange, acting).await?;
    let unit = Unit { exchange: exchange.clone(), acting: acting.clone(), own_business };
    let work = move |c: &mut AnyConnection, now: Timestamp| unit.run(c, now, items, fresh);
    let (done, committed) = exchange.writer.unit(move |c, now| settled(work(c, now))).await?;
    done.into_iter()
        .map(|one| {
            if let Some(old) = &one.superseded {
                exchange.memory.forget_consent(old);
            }
            let receipt = committed.receipt(one.place)?;
            Ok(Granted { request_id: one.request_id, consent: one.consent, receipt })
        })
        .collect()
}

/// What became of one item, and where its entry stands among the unit's.
struct Done {
    request_id: String,
    consent: ConsentView,
    place: usize,
    superseded: Option<String>,
}

/// A consent that may be written.
struct Ready {
    request: ConsentRequest,
    consent: Consent,
    json: String,
    texts: Texts,
}

/// One grant inside the writer.
struct Unit {
    exchange: Arc<Exchange>,
    acting: ActingFor,
    own_business: bool,
}

impl Unit {
    /// Judges everything first: a refusal leaves no trace.
    fn run(
        &self,
        c: &mut AnyConnection,
        now: Timestamp,
        items: Vec<GrantItem>,
        fresh: Vec<String>,
    ) -> Result<(Vec<Done>, Vec<Draft>), Stop> {
        let role = signing_role(&self.acting, now).map_err(ServiceError::from)?;
        let ids: Vec<&str> = items.iter().map(|item| item.request_id.as_str()).collect();
        // Which consents they supersede never changes: read before, so that consents are locked first.
        let mut superseded = Vec::new();
        for id in &ids {
            superseded.extend(own(&self.acting, consent_requests::find(c, id)?)?.supersedes);
        }
        let replaced: Vec<&str> = superseded.iter().map(String::as_str).collect();
        for old in consents::lock(c, &replaced)? {
            if old.terms.taxpayer_id != *self.acting.taxpayer() {
                return Err(ServiceError::NotFound.into());
            }
            must_be_alive(&old, now)?;
        }
        let mut locked = consent_requests::lock(c, &ids)?;
        let jointly = firm_settings::joint_approval(c, self.acting.taxpayer().as_str())?;
        let mut ready = Vec::new();
        for (item, id) in items.iter().zip(fresh) {
            let found =
                locked.iter().position(|one| one.id == item.request_id).map(|at| locked.swap_remove(at));
            let request = own(&self.acting, found)?;
            ready.push(self.judge(c, now, role, item, request, id, jointly)?);
        }
        self.write(c, now, ready)
    }

    #[expect(clippy::too_many_arguments, reason = "all that a judgement rests on")]
    fn judge(
        &self,
        c: &mut AnyConnection,
        now: Timestamp,
        role: GrantorRole,
        item: &GrantItem,
        mut request: ConsentRequest,
        id: String,
        jointly: bool,
    ) -> Result<Ready, Stop> {
        request.status = stepped(&request, RequestStep::Grant, now)?;
        if jointly && !request.approvals.iter().any(|one| one.subject != self.acting.person.subject) {
            let why = "this firm grants jointly: the financial officer has to approve first";
            return Err(ServiceError::Conflict(why.into()).into());
        }
        let (terms, bank, product) = (&request.terms, &request.bank, &request.product);
        let wrong = problems(&self.exchange, c, terms, bank, product, now)?;
        if !wrong.is_empty() {
            return Err(ServiceError::Invalid(wrong).into());
        }
        ticks_within(item, &request)?;
        let draw =
            Drawing { exchange: &self.exchange, acting: &self.acting, own_business: self.own_business, now };
        let inputs = draw.inputs(c, &request)?;
        let texts = inputs.read(&item.text_digest, item.personal.as_deref())?;
        let policy = in_force(&self.exchange, c)?.version.clone();
        let terms = self.terms(now, role, item, &request, id.clone(), &inputs, &texts, policy);
        let json = canonical_json(&terms).map_err(ServiceError::internal)?;
        request.consent = Some(id);
        request.decided_at = Some(now);
        let digest = prefixed_digest(json.as_bytes());
        let consent = Consent {
            terms,
            digest,
            status: ConsentStatus::Granted,
            pulls_used: 0,
            personal_withdrawn: false,
        };
        Ok(Ready { request, consent, json, texts })
    }

    fn write(
        &self,
        c: &mut AnyConnection,
        now: Timestamp,
        ready: Vec<Ready>,
    ) -> Result<(Vec<Done>, Vec<Draft>), Stop> {
        let (mut done, mut drafts) = (Vec::new(), Vec::new());
        for Ready { request, consent, json, texts } in ready {
            consents::insert(c, &consent, &json, now)?;
            consent_requests::save(c, &request)?;
            consent_requests::set_hand_over(c, &request.id, None)?;
            texts.firm.keep(c, now)?;
            if let Some(personal) = &texts.personal {
                personal.keep(c, now)?;
            }
            let place = drafts.len();
            drafts.push(self.entry(EntryKind::ConsentGranted, &consent));
            drafts.extend(personal::grant_in_unit(c, now, &self.acting, &consent)?);
            if let Some(old) = &request.supersedes {
                consents::set_status(c, old, ConsentStatus::Superseded, None, now)?;
                let old = consents::find(c, old)?.ok_or(ServiceError::NotFound)?;
                drafts.push(self.entry(EntryKind::ConsentSuperseded, &old));
            }
            let consent = ConsentView::whole(consent, now);
            done.push(Done { request_id: request.id, consent, place, superseded: request.supersedes });
        }
        Ok((done, drafts))
    }

    #[expect(clippy::too_many_arguments, reason = "all that the terms are made of")]
    fn terms(
        &self,
        now: Timestamp,
        role: GrantorRole,
        item: &GrantItem,
        request: &ConsentRequest,
        id: String,
        inputs: &Inputs,
        texts: &Texts,
        policy: String,
    ) -> ConsentTerms {
        let post_loan = item.post_loan && request.terms.purpose.contains(&Purpose::PostLoan);
        let purpose = match post_loan {
            true => vec![Purpose::PreLoan, Purpose::PostLoan],
            false => vec![Purpose::PreLoan],
        };
        let authentication = self.acting.authentication;
        ConsentTerms {
            taxpayer_id: request.taxpayer.clone(),
            bank: request.bank.clone(),
            product_id: request.product.clone(),
            purpose,
            sections: request.terms.sections.clone(),
            window: request.terms.window,
            valid_from: now,
            valid_to: end_after(inputs.firm.valid_until),
            pulls_max: request.terms.pulls,
            personal_data: item.personal.is_some(),
            share_outcome_with: item.share.clone(),
            retain_until: inputs.firm.retain_until,
            text: texts.firm.named(),
            grantor: Grantor {
                role,
                id_ref: self.acting.person.id_ref.clone(),
                method: authentication.method,
                assurance: authentication.assurance,
                authenticated_at: authentication.at,
            },
            details: Some(self.details(request, post_loan, inputs, texts, policy)),
            id,
        }
    }

    fn details(
        &self,
        request: &ConsentRequest,
        post_loan: bool,
        inputs: &Inputs,
        texts: &Texts,
        policy: String,
    ) -> ConsentDetails {
        let prepared = request.prepared_by.as_ref();
        let personal = inputs.personal.as_ref().zip(texts.personal.as_ref());
        ConsentDetails {
            number: inputs.firm.number.clone(),
            recipient: inputs.firm.bank.recipient(),
            provision: Provision::GatewayPull,
            policy,
            post_loan_trigger: post_loan.then_some(PostLoanTrigger::DrawdownToSettlement),
            // Only where somebody else prepared it.
            prepared_by: prepared
                .filter(|one| one.subject != self.acting.person.subject)
                .map(|one| one.operator.clone()),
            approved_by: request.approvals.iter().map(|one| one.operator.clone()).collect(),
            personal: personal.map(|(input, shown)| PersonalTerms {
                id: self.exchange.fresh_id(),
                role: input.role,
                data_types: input.data_types(),
                text: shown.named(),
            }),
            request_id: Some(request.id.clone()),
            supersedes: request.supersedes.clone(),
        }
    }

    fn entry(&self, kind: EntryKind, consent: &Consent) -> Draft {
        let mut draft = entry(kind, &consent.terms.id, &self.acting, &consent.terms.bank);
        draft.fields.push(("consent_digest", Field::Plain(consent.digest.as_str().into())));
        draft
    }
}

/// Refuses ticks for what was not asked for: a page never offers them.
fn ticks_within(item: &GrantItem, request: &ConsentRequest) -> ServiceResult<()> {
    let asked = &request.terms;
    let share_is_asked = item.share.iter().all(|member| asked.share_outcome_with.contains(member));
    if !share_is_asked || !all_different(&item.share) {
        return Err(ServiceError::invalid(
            "/share",
            "must name only those that the request names, none twice",
        ));
    }
    if item.personal.is_some() && !asked.personal_data {
        return Err(ServiceError::invalid("/personal", "was not asked for"));
    }
    Ok(())
}

/// Read before the unit of work begins: records and consents lie in two databases.
async fn own_business_of(exchange: &Arc<Exchange>, acting: &ActingFor) -> ServiceResult<bool> {
    let acting = acting.clone();
    exchange.blocking(move |e| own_business(e, &acting)).await
}
