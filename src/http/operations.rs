//! The host's own port: is the process alive, may it be sent requests.

use std::sync::Arc;

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpResponse, Responder};

use crate::service::Exchange;
use crate::store::ledger;

/// Mounts `/healthz` and `/readyz`.
pub fn mount(config: &mut ServiceConfig) {
    config.route("/healthz", web::get().to(healthz)).route("/readyz", web::get().to(readyz));
}

async fn healthz() -> impl Responder {
    "ok\n"
}

/// Ready: the ledger can be read, and the directory is fresh enough to let members in.
async fn readyz(exchange: Data<Arc<Exchange>>) -> HttpResponse {
    let size = exchange.blocking(|e| Ok(e.ledger.read(ledger::head)?.frontier.size())).await;
    match size {
        Ok(_) if !exchange.directory.is_fresh() => HttpResponse::ServiceUnavailable()
            .content_type("text/plain")
            .body("the member directory cannot be read\n"),
        Ok(size) => {
            HttpResponse::Ok().content_type("text/plain").body(format!("ready\nledger_size {size}\n"))
        }
        Err(why) => {
            tracing::warn!(%why, "Not ready: the ledger cannot be read");
            HttpResponse::ServiceUnavailable().content_type("text/plain").body("the ledger cannot be read\n")
        }
    }
}
