//! Listens for browsers: TLS 1.3 with the gateway's certificate, none asked of them.

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::web::Data;
use actix_web::{App, HttpServer};

use super::gate::Portal;
use super::options::PortalOptions;
use super::routes;
use crate::http::body::BodyOptions;
use crate::http::live_tls::LiveTls;
use crate::http::metrics::Metrics;
use crate::http::server::{HANDSHAKE_TIME_MAX, HEADER_TIME_MAX, KEEP_ALIVE, SHUTDOWN_SECONDS_MAX};
use crate::http::tls::browser_config;
use crate::outbound::oidc::RelyingParty;
use crate::service::Exchange;

/// Threads that serve browsers: pages are few beside pulls.
const WORKERS: usize = 2;

/// Starts the portal on a socket that is bound already. Must be called inside an actix system.
pub fn portal(
    exchange: Arc<Exchange>,
    options: PortalOptions,
    party: Option<Arc<RelyingParty>>,
    limits: BodyOptions,
    tls: Arc<LiveTls>,
    metrics: Arc<Metrics>,
    socket: TcpListener,
) -> std::io::Result<Server> {
    let config = browser_config(&tls).map_err(std::io::Error::other)?;
    let connections = options.connections.div_ceil(WORKERS);
    let state = Data::new(Portal { party, exchange, options, limits, metrics });
    let server = HttpServer::new(move || App::new().app_data(state.clone()).configure(routes::mount))
        .workers(WORKERS)
        .max_connections(connections)
        .keep_alive(KEEP_ALIVE)
        .tcp_nodelay(true)
        .tls_handshake_timeout(HANDSHAKE_TIME_MAX)
        .client_request_timeout(HEADER_TIME_MAX)
        .shutdown_timeout(SHUTDOWN_SECONDS_MAX)
        .disable_signals()
        .listen_rustls_0_23(socket, config)?
        .run();
    Ok(server)
}
