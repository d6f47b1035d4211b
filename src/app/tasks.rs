//! What a running gateway does besides answering: each task a line, with how often and what its failure means.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use actix_web::rt::task::JoinHandle;
use tracing::warn;

use crate::service::Exchange;
use crate::service::consent_clock;
use crate::service::directory::REFRESH_EVERY;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::evidence;
use crate::service::fact_index;
use crate::service::fairness;
use crate::service::ingest;
use crate::service::keys;
use crate::service::notifications::{self, Webhook};
use crate::service::refusals;
use crate::service::requests;
use crate::service::sentinels;
use crate::service::sessions;
use crate::service::sign_in;
use crate::service::witnesses;
use crate::store::idempotency;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Starts every task on the current thread's runtime.
pub fn spawn(exchange: &Arc<Exchange>) -> Vec<JoinHandle<()>> {
    vec![
        every(REFRESH_EVERY, exchange, "The member directory could not be read", |e| async move {
            e.blocking(|e| Ok(e.directory.refresh()?)).await
        }),
        every(
            keys::REFRESH_EVERY,
            exchange,
            "Keys that changed could not be taken up; those before them stay in use",
            |e| async move {
                e.blocking(|e| e.keys.refresh(e.clock.now()).map(drop).map_err(ServiceError::internal)).await
            },
        ),
        every(
            5 * SECOND,
            exchange,
            "Counted refusals could not be recorded; they are counted on",
            |e| async move { e.blocking(|e| refusals::record(e, false)).await.map(drop) },
        ),
        // So that the next write here has little to catch up with under the head's lock.
        every(
            5 * SECOND,
            exchange,
            "What other processes appended could not be taken note of",
            |e| async move { evidence::newest(&e).await.map(drop) },
        ),
        at_once_and_every(
            SECOND,
            exchange,
            "The checkpoint could not be handed to the witnesses",
            |e| async move { witnesses::turn(&e).await },
        ),
        at_once_and_every(HOUR, exchange, "Old idempotency keys could not be forgotten", |e| async move {
            e.blocking(|e| Ok(e.ledger.write(|c| idempotency::sweep(c, e.clock.now()))?)).await.map(drop)
        }),
        every(
            SECOND,
            exchange,
            "The audit's index could not be filled; searches read on past it",
            |e| async move { e.blocking(fact_index::follow).await },
        ),
        every(SECOND, exchange, "The sentinels could not read on; they try again", |e| async move {
            e.blocking(sentinels::follow).await
        }),
        every(HOUR, exchange, "Releases that led to nothing could not be judged", |e| async move {
            e.blocking(sentinels::judge_unused).await
        }),
        at_once_and_every(
            600 * SECOND,
            exchange,
            "Sign-ins that nobody came back from could not be forgotten",
            |e| async move { e.blocking(sign_in::sweep).await.map(drop) },
        ),
        every(MINUTE, exchange, "What is due to authorisations waits for the next turn", |e| async move {
            e.blocking(consent_clock::turn).await
        }),
        every(MINUTE, exchange, "Requests that nobody answered wait for the next turn", |e| async move {
            e.blocking(requests::clock::turn).await
        }),
        at_once_and_every(HOUR, exchange, "Older authorisations got no reminders yet", |e| async move {
            e.blocking(consent_clock::adopt).await
        }),
        every(
            2 * SECOND,
            exchange,
            "Firms could not be told of accesses; they are told later",
            |e| async move { e.blocking(notifications::follow).await },
        ),
        at_once_and_every(
            2 * SECOND,
            exchange,
            "Firms could not be told of violations; they are told later, and nothing of them leaves until then",
            |e| async move { e.blocking(fairness::follow).await },
        ),
        at_once_and_every(HOUR, exchange, "Sessions that ended could not be forgotten", |e| async move {
            e.blocking(sessions::sweep).await.map(drop)
        }),
        actix_web::rt::spawn(sweep_deliveries(exchange.clone())),
    ]
}

/// Hands notices to the webhook.
pub fn hand_on(exchange: &Arc<Exchange>, webhook: Webhook) -> JoinHandle<()> {
    every(SECOND, exchange, "Notices could not be handed to the webhook; they wait", move |e| {
        let webhook = webhook.clone();
        async move { notifications::deliver(&e, &webhook).await }
    })
}

/// Waits, works, and so on; a failure is logged, and the next turn tries again.
fn every<F: Future<Output = ServiceResult<()>> + 'static>(
    pause: Duration,
    exchange: &Arc<Exchange>,
    failure: &'static str,
    work: impl Fn(Arc<Exchange>) -> F + 'static,
) -> JoinHandle<()> {
    actix_web::rt::spawn(turns(pause, exchange.clone(), failure, work))
}

/// The same, with a first turn at once.
fn at_once_and_every<F: Future<Output = ServiceResult<()>> + 'static>(
    pause: Duration,
    exchange: &Arc<Exchange>,
    failure: &'static str,
    work: impl Fn(Arc<Exchange>) -> F + 'static,
) -> JoinHandle<()> {
    let exchange = exchange.clone();
    actix_web::rt::spawn(async move {
        attempt(work(exchange.clone()), failure).await;
        turns(pause, exchange, failure, work).await;
    })
}

async fn turns<F: Future<Output = ServiceResult<()>>>(
    pause: Duration,
    exchange: Arc<Exchange>,
    failure: &'static str,
    work: impl Fn(Arc<Exchange>) -> F,
) {
    loop {
        tokio::time::sleep(pause).await;
        attempt(work(exchange.clone()), failure).await;
    }
}

async fn attempt(work: impl Future<Output = ServiceResult<()>>, failure: &'static str) {
    if let Err(why) = work.await {
        warn!(%why, "{failure}");
    }
}

async fn sweep_deliveries(exchange: Arc<Exchange>) {
    let swept = exchange.blocking(ingest::sweep_after_start).await.map(drop);
    attempt(async { swept }, "Interrupted deliveries could not be swept; the next delivery sweeps them")
        .await;
}
