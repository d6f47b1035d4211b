//! Listens: the gateway port with mutual TLS, the operations port on the host.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use serde::Deserialize;

use super::body::BodyOptions;
use super::connection::{Connections, on_connect};
use super::gate::Gateway;
use super::live_tls::LiveTls;
use super::metrics::Metrics;
use super::tls::server_config;
use super::{operations, routes};
use crate::service::Exchange;

/// How long a TLS handshake may take.
pub const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(3);
/// How long a request's head may take.
pub const HEADER_TIME_MAX: Duration = Duration::from_secs(5);
/// How long an idle connection is kept.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Seconds that open requests are given at the end.
pub const SHUTDOWN_SECONDS_MAX: u64 = 10;

/// The gateway port.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayOptions {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Threads that serve connections; as many as there are cores if absent.
    #[serde(default)]
    pub workers: Option<usize>,
    /// Connections that one member may have open.
    #[serde(default = "connections_per_member")]
    pub connections_per_member: usize,
}

fn connections_per_member() -> usize {
    256
}

/// Starts the gateway on a socket that is bound already. Must be called inside an actix system.
pub fn gateway(
    exchange: Arc<Exchange>,
    options: &GatewayOptions,
    limits: BodyOptions,
    tls: Arc<LiveTls>,
    metrics: Arc<Metrics>,
    socket: TcpListener,
) -> std::io::Result<Server> {
    let config = server_config(&tls).map_err(std::io::Error::other)?;
    let state = Data::new(Gateway {
        exchange,
        limits,
        connections: Connections::new(options.connections_per_member),
        tls,
        metrics,
    });
    let workers =
        options.workers.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, usize::from));
    let server = HttpServer::new(move || App::new().app_data(state.clone()).configure(routes::mount))
        .workers(workers)
        .keep_alive(KEEP_ALIVE)
        // Without it the first request of a connection waits 40 ms for Nagle and the delayed acknowledgement.
        .tcp_nodelay(true)
        .tls_handshake_timeout(HANDSHAKE_TIME_MAX)
        .client_request_timeout(HEADER_TIME_MAX)
        .shutdown_timeout(SHUTDOWN_SECONDS_MAX)
        .disable_signals()
        .on_connect(on_connect)
        .listen_rustls_0_23(socket, config)?
        .run();
    Ok(server)
}

/// Starts the operations port.
pub fn operations(
    exchange: Arc<Exchange>,
    tls: Arc<LiveTls>,
    metrics: Arc<Metrics>,
    socket: TcpListener,
) -> std::io::Result<Server> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(Data::new(exchange.clone()))
            .app_data(Data::new(tls.clone()))
            .app_data(Data::new(metrics.clone()))
            .configure(operations::mount)
    })
    .workers(1)
    .disable_signals()
    .listen(socket)?
    .run();
    Ok(server)
}
