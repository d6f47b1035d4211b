//! The host's own port: is the process alive, may it be sent requests, what ends soon, how much was done.

use std::sync::Arc;

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpResponse, Responder};

use super::live_tls::LiveTls;
use super::metrics::{CONTENT_TYPE, Metrics};
use crate::domain::timestamp::Timestamp;
use crate::service::Exchange;
use crate::service::error::ServiceResult;
use crate::service::expiries::{Expiring, Expiry, expiries};
use crate::service::witnesses;
use crate::store::ledger;

/// Mounts `/healthz`, `/readyz` and `/metrics`.
pub fn mount(config: &mut ServiceConfig) {
    config
        .route("/healthz", web::get().to(healthz))
        .route("/readyz", web::get().to(readyz))
        .route("/metrics", web::get().to(metrics));
}

async fn healthz() -> impl Responder {
    "ok\n"
}

/// Ready: the ledger can be read and is the one that was signed, the directory is fresh enough to let members in, no
/// revocation list is overdue, and enough witnesses cosign.
///
/// What ends within 90, 30 or 7 days follows as warnings, a line each; with them it is still ready.
async fn readyz(exchange: Data<Arc<Exchange>>, tls: Data<Arc<LiveTls>>) -> HttpResponse {
    let not = |why: &'static str| HttpResponse::ServiceUnavailable().content_type("text/plain").body(why);
    let size = match ledger_size(&exchange).await {
        Ok(size) => size,
        Err(why) => {
            tracing::warn!(%why, "Not ready: the ledger cannot be read");
            return not("the ledger cannot be read\n");
        }
    };
    if !exchange.directory.is_fresh() {
        return not("the member directory cannot be read\n");
    }
    let now = exchange.clock.now();
    if tls.lists_overdue(now) {
        return not("a revocation list is past its next update: nobody is let in\n");
    }
    if exchange.writer.broken().is_some() {
        return not(
            "the ledger is not the one that was signed: nothing is released, the log says what to do\n",
        );
    }
    let seen = witnesses::status(&exchange);
    if seen.stopped {
        return not("too few witnesses cosign: nothing is released\n");
    }
    let mut text = format!("ready\nledger_size {size}\n");
    for witness in &seen.witnesses {
        if let Some(failure) = &witness.failure {
            text.push_str(&format!("warning witness {} {}\n", witness.name, failure.replace('\n', " ")));
        }
    }
    if let Some(left) = seen.seconds_left {
        text.push_str(&format!("warning witnesses too few: {left} s until nothing is released\n"));
    }
    for warning in warnings(&exchange, &tls, now) {
        text.push_str(&warning);
        text.push('\n');
    }
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text)
}

async fn metrics(
    exchange: Data<Arc<Exchange>>,
    tls: Data<Arc<LiveTls>>,
    metrics: Data<Arc<Metrics>>,
) -> HttpResponse {
    let now = exchange.clock.now();
    let text = match ledger_size(&exchange).await {
        Ok(size) => metrics.render(&exchange, size, &all_expiries(&exchange, &tls), now),
        Err(why) => Err(why),
    };
    match text {
        Ok(text) => HttpResponse::Ok().content_type(CONTENT_TYPE).body(text),
        Err(why) => {
            tracing::warn!(%why, "No metrics: the ledger cannot be read");
            HttpResponse::ServiceUnavailable().content_type("text/plain").body("the ledger cannot be read\n")
        }
    }
}

/// What ends soon, and TLS files that cannot be used: a line each.
pub fn warnings(exchange: &Exchange, tls: &LiveTls, now: Timestamp) -> Vec<String> {
    let soon = all_expiries(exchange, tls).into_iter().filter_map(|expiry| expiry.warning(now));
    let unusable = tls.failure().map(|why| format!("warning tls {}", why.replace('\n', " ")));
    soon.chain(unusable).collect()
}

fn all_expiries(exchange: &Exchange, tls: &LiveTls) -> Vec<Expiry> {
    let mut all = expiries(exchange);
    if let Some(ends_at) = tls.certificate_ends() {
        all.push(Expiry::new(Expiring::GatewayCertificate, "gateway", ends_at));
    }
    if let (Some(ends_at), Some(warned_from)) = (tls.lists_due(), tls.lists_warned_from()) {
        let name = "tls.crl".to_owned();
        all.push(Expiry { kind: Expiring::RevocationList, name, ends_at, warned_from });
    }
    all
}

async fn ledger_size(exchange: &Arc<Exchange>) -> ServiceResult<u64> {
    exchange.blocking(|e| Ok(e.ledger.read(ledger::head)?.frontier.size())).await
}
