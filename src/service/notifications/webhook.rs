//! The outbox at work: waiting notices go to the webhook, each at least once, a firm's in their order.
//!
//! A message is `{"id", "template", "phone_ref", "at"}`: no name, no number, no tax data. `template` is the notice's kind;
//! `phone_ref` is HMAC-SHA256(key, "phone " ‖ taxpayer id) in hexadecimal. The SMS gateway holds the key and the firms'
//! telephone numbers, so it alone finds the telephone. It must take the same `id` twice for once.

use std::sync::Arc;

use ring::rand::{SecureRandom, SystemRandom};
use serde_json::json;
use tracing::warn;

use super::options::NotificationOptions;
use crate::outbound::webhook_client::WebhookClient;
use crate::service::Exchange;
use crate::service::error::ServiceResult;
use crate::store::notifications::{self as stored, Delivery, Notification};

/// Firms told in one turn.
const TURN: i64 = 50;
/// Failures in a row after which the webhook is taken to be down: the turn ends.
const FAILURES_MAX: u32 = 3;
/// How long an attempt belongs to the process that makes it.
const ATTEMPT_MICROS: i64 = 60_000_000;
/// Pause after the first failure; doubled by each further one.
const PAUSE_MICROS: i64 = 5_000_000;
/// The longest pause.
const PAUSE_MICROS_MAX: i64 = 3_600_000_000;
/// Notices that nobody tried to send for so long are not sent any more.
const OUTDATED_MICROS: i64 = 86_400_000_000;

/// The webhook as configured.
#[derive(Clone)]
pub struct Webhook {
    client: WebhookClient,
    attempts_max: u32,
}

impl Webhook {
    /// The webhook, if one is configured; why it cannot be used, if so.
    pub fn new(options: &NotificationOptions) -> Result<Option<Self>, String> {
        let Some(url) = &options.webhook_url else { return Ok(None) };
        let path = options
            .webhook_key_file
            .as_ref()
            .ok_or("notifications.webhook_url needs webhook_key_file, the key that both sides hold")?;
        let key = std::fs::read(path).map_err(|why| format!("{}: {why}", path.display()))?;
        let client = WebhookClient::new(url, options.webhook_ca.as_deref(), key.trim_ascii())
            .map_err(|why| why.to_string())?;
        Ok(Some(Self { client, attempts_max: options.attempts_max.max(1) }))
    }

    /// What the SMS gateway finds the firm's telephone by.
    pub fn phone_ref(&self, taxpayer: &str) -> String {
        self.client.code(&format!("phone {taxpayer}"))
    }

    fn body(&self, notification: &Notification) -> String {
        json!({
            "id": notification.id,
            "template": notification.notice.kind(),
            "phone_ref": self.phone_ref(&notification.taxpayer_id),
            "at": notification.at,
        })
        .to_string()
    }
}

/// One turn: each firm's oldest waiting notice that is due. What fails waits, longer each time, and is parked in the end.
pub async fn deliver(exchange: &Arc<Exchange>, webhook: &Webhook) -> ServiceResult<()> {
    let due = exchange
        .blocking(|e| {
            let now = e.clock.now();
            Ok(e.ledger.read(|c| stored::due(c, now, TURN))?)
        })
        .await?;
    let mut failures = 0;
    for notification in due {
        if let Some(taken) = attempt(exchange, webhook, notification).await? {
            failures = if taken { 0 } else { failures + 1 };
        }
        if failures >= FAILURES_MAX {
            break;
        }
    }
    Ok(())
}

/// One attempt: whether the webhook took it; `None` if there was none to make.
async fn attempt(
    exchange: &Arc<Exchange>,
    webhook: &Webhook,
    notification: Notification,
) -> ServiceResult<Option<bool>> {
    let now = exchange.clock.now();
    let (id, found) = (notification.id.clone(), notification.clone());
    let stale = notification.next_at.plus_micros(OUTDATED_MICROS) < now;
    let mine = exchange
        .blocking(move |e| {
            Ok(e.ledger.write(|c| match stale {
                true => stored::settle(c, &found.id, Delivery::Outdated, now, None).map(|()| false),
                false => stored::take(c, &found, now.plus_micros(ATTEMPT_MICROS)),
            })?)
        })
        .await?;
    if !mine {
        return Ok(None);
    }
    let told = webhook.client.tell(&id, now.seconds(), webhook.body(&notification)).await;
    let made = notification.attempts.saturating_add(1);
    let parked = made >= webhook.attempts_max;
    let fault = told.err().map(|why| why.to_string());
    let taken = fault.is_none();
    if let Some(why) = &fault {
        warn!(%id, attempts = made, parked, %why, "The webhook did not take a notice");
    }
    exchange
        .blocking(move |e| {
            let now = e.clock.now();
            let (delivery, next_at) = match (taken, parked) {
                (true, _) => (Delivery::Sent, now),
                (false, true) => (Delivery::Parked, now),
                (false, false) => (Delivery::Waiting, now.plus_micros(pause(made))),
            };
            e.ledger.write(|c| stored::settle(c, &id, delivery, next_at, fault.as_deref()))?;
            Ok(())
        })
        .await?;
    Ok(Some(taken))
}

/// How long to wait after so many failures: doubled each time, and up to a quarter more, so that many do not come at once.
fn pause(failures: u32) -> i64 {
    let doubled = 1_i64.checked_shl(failures.saturating_sub(1).min(20)).unwrap_or(i64::MAX);
    let pause = PAUSE_MICROS.saturating_mul(doubled).min(PAUSE_MICROS_MAX);
    let mut byte = [0_u8; 1];
    // Without chance they come at once, which is a pity and no fault.
    let _unlucky = SystemRandom::new().fill(&mut byte);
    pause + pause / 4 * i64::from(byte[0]) / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_an_hour_and_a_quarter() {
        for failures in 1..200 {
            let pause = pause(failures);
            let least = (PAUSE_MICROS << (failures - 1).min(20)).min(PAUSE_MICROS_MAX);
            assert!((least..=least + least / 4).contains(&pause), "{failures}: {pause}");
        }
    }

    #[test]
    fn without_an_address_there_is_no_webhook_and_a_half_one_is_refused() {
        assert!(Webhook::new(&NotificationOptions::default()).unwrap().is_none());
        let half =
            NotificationOptions { webhook_url: Some("http://localhost/".into()), ..Default::default() };
        assert!(Webhook::new(&half).is_err());
    }
}
