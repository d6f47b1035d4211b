//! What is done with the last step's form: granted, or agreed to as the second person.

use actix_web::HttpResponse;

use super::confirm::{Read, page, read_all};
use super::decided;
use crate::domain::member::MemberId;
use crate::portal::form::Form;
use crate::portal::frame::Menu;
use crate::portal::visit::Visit;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::requests::{self, Grant, GrantItem};

/// Grants what is ticked.
pub async fn grant(visit: Visit) -> ServiceResult<HttpResponse> {
    let found = read_all(&visit).await?;
    if found.is_empty() {
        return Ok(visit.page(Menu::Grant, "已办结", "Decided", &decided(&visit)));
    }
    let form = visit.form()?;
    let items = found.iter().map(|one| item(form, one)).collect::<ServiceResult<Vec<_>>>()?;
    if !items.iter().any(|item| item.tick) {
        let jointly = requests::joint_approval(&visit.exchange, visit.acting()?).await?;
        let why = visit.t(
            "您还没有勾选任何一家银行，没有授权生效。请勾选“同意向……提供”，或选择暂不决定。",
            "No bank is ticked: nothing was granted. Tick a bank's own box, or leave it for now.",
        );
        let body = page(&visit, &found, jointly, &[why])?;
        return Ok(visit.again(Menu::Grant, "阅读并确认", "Read and confirm", &body));
    }
    let granted = requests::grant(&visit.exchange, visit.acting()?, Grant { items }).await?;
    let returning = found
        .iter()
        .find(|one| one.request.returns && granted.iter().any(|done| done.request_id == one.request.id));
    Ok(match (returning, granted.as_slice()) {
        (Some(one), _) => visit.done(&format!("/requests/{}/answered", one.request.id), "granted"),
        (None, [only]) => visit.done(&format!("/consents/{}", only.consent.terms.id), "granted"),
        (None, _) => visit.done("/consents", "granted"),
    })
}

/// What the form says of one request. What the page did not show is not looked for.
fn item(form: &Form, one: &Read) -> ServiceResult<GrantItem> {
    let id = &one.request.id;
    let tick = form.ticked(&format!("bank-{id}"));
    let digest = form.text(&format!("digest-{id}"));
    let share_name = format!("share-{id}");
    let share: Result<Vec<MemberId>, _> = form.all(&share_name).map(str::parse).collect();
    Ok(GrantItem {
        request_id: id.clone(),
        tick,
        text_digest: digest.unwrap_or_default().to_owned(),
        post_loan: form.ticked(&format!("post-{id}")),
        share: share.map_err(|_| ServiceError::invalid("share", "没有这个接收方 no such recipient"))?,
        personal: form.text(&format!("personal-{id}")).map(str::to_owned),
    })
}

/// Agrees as the second person, to exactly what was read.
pub async fn approve(visit: Visit) -> ServiceResult<HttpResponse> {
    let found = read_all(&visit).await?;
    for one in &found {
        let id = one.request.id.clone();
        let digest = visit.form()?.required(&format!("digest-{id}"))?.to_owned();
        requests::approve(&visit.exchange, visit.acting()?, id, digest).await?;
    }
    let Some(first) = found.first() else { return Err(ServiceError::NotFound) };
    Ok(visit.done(&format!("/grant/{}/confirm", first.request.group), "approved"))
}
