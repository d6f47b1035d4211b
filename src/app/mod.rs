//! Builds the parts once, starts the servers and the tasks, shuts down in order.

mod tasks;
pub mod witness;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use tokio::sync::oneshot;
use tracing::{error, info};

use crate::clock::Clock;
use crate::config::{Config, ConfigError};
use crate::http::live_tls::{self, LiveTls};
use crate::http::metrics::Metrics;
use crate::http::server;
use crate::http::tls::TlsError;
use crate::outbound::oidc::{OidcError, RelyingParty};
use crate::portal;
use crate::service::Exchange;
use crate::service::notifications::Webhook;
use crate::service::refusals;
use crate::service::start::{StartError, open};

/// The gateway cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Databases, anchor or keys.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A port.
    #[error(
        "cannot listen on {address}: {why}. Choose another address in the configuration, or stop what listens there"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        why: std::io::Error,
    },
    /// The webhook.
    #[error("[notifications]: {0}")]
    Webhook(String),
    /// Sign-in with the e-tax bureau.
    #[error("[portal.oidc]: {0}")]
    SignIn(#[from] OidcError),
    /// Something else of the system's.
    #[error("{0}")]
    System(#[from] std::io::Error),
}

/// A gateway that listens.
pub struct Running {
    /// The use cases, for the command line that started it.
    pub exchange: Arc<Exchange>,
    /// Where the gateway port listens.
    pub gateway: SocketAddr,
    /// Where the operations port listens.
    pub operations: SocketAddr,
    /// Where the portal listens, if there is one.
    pub portal: Option<SocketAddr>,
    handles: Vec<ServerHandle>,
    stopped: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Checks everything that `serve` needs, and opens nothing.
pub fn check(config: &Config) -> Result<(), AppError> {
    config.places()?;
    Webhook::new(&config.notifications).map_err(AppError::Webhook)?;
    LiveTls::load(&config.tls)?;
    relying_party(config)?;
    Ok(())
}

/// Starts the gateway on threads of its own, and the portal beside it if there is one.
pub fn spawn(config: &Config, clock: Arc<dyn Clock>) -> Result<Running, AppError> {
    let tls = LiveTls::load(&config.tls)?;
    let portal_socket = config.portal.as_ref().map(|portal| listen(portal.listen)).transpose()?;
    let portal = portal_socket.as_ref().map(TcpListener::local_addr).transpose()?;
    let webhook = Webhook::new(&config.notifications).map_err(AppError::Webhook)?;
    let mut places = config.places()?;
    if let (None, Some(address)) = (&places.portal_url, portal) {
        places.portal_url = Some(format!("https://localhost:{}", address.port()));
    }
    let party = relying_party(config)?;
    let exchange = open(&places, clock)?;
    let gateway_socket = listen(config.gateway.listen)?;
    let operations_socket = listen(config.operations.listen)?;
    let (gateway, operations) = (gateway_socket.local_addr()?, operations_socket.local_addr()?);
    let (ready, started) = channel();
    let (stop, stopped) = oneshot::channel();
    let (served, config) = (exchange.clone(), config.clone());
    let thread = std::thread::Builder::new().name("gateway".into()).spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let metrics: Arc<Metrics> = Arc::default();
            let (exchange, limits) = (served.clone(), config.limits);
            let operations =
                server::operations(exchange.clone(), tls.clone(), metrics.clone(), operations_socket);
            let gateway = server::gateway(
                exchange.clone(),
                &config.gateway,
                limits,
                tls.clone(),
                metrics.clone(),
                gateway_socket,
            );
            let portal = config.portal.zip(portal_socket).map(|(options, socket)| {
                portal::server::portal(exchange, options, party, limits, tls.clone(), metrics, socket)
            });
            let servers: Servers = [gateway, operations].into_iter().chain(portal).collect();
            let work = Work { exchange: served, tls, webhook };
            serve(servers, work, &ready, stopped).await;
        });
    })?;
    let handles =
        started.recv().map_err(|_| std::io::Error::other("the gateway's thread ended at start"))??;
    info!(%gateway, %operations, portal = portal.map(tracing::field::display), "The gateway listens");
    Ok(Running { exchange, gateway, operations, portal, handles, stopped: Some(stop), thread: Some(thread) })
}

/// What the tasks beside the servers need.
struct Work {
    exchange: Arc<Exchange>,
    tls: Arc<LiveTls>,
    webhook: Option<Webhook>,
}

type Servers = std::io::Result<Vec<actix_web::dev::Server>>;

async fn serve(
    servers: Servers,
    work: Work,
    ready: &Sender<std::io::Result<Vec<ServerHandle>>>,
    stopped: oneshot::Receiver<()>,
) {
    let Work { exchange, tls, webhook } = work;
    let servers = match servers {
        Ok(servers) => servers,
        Err(why) => {
            drop(ready.send(Err(why)));
            return;
        }
    };
    drop(ready.send(Ok(servers.iter().map(actix_web::dev::Server::handle).collect())));
    let mut tasks = tasks::spawn(&exchange);
    tasks.extend(webhook.map(|webhook| tasks::hand_on(&exchange, webhook)));
    tasks.push(actix_web::rt::spawn(live_tls::follow(tls, exchange.clock.clone())));
    let servers: Vec<_> = servers.into_iter().map(actix_web::rt::spawn).collect();
    // The sender was told to stop, or is gone: either way the servers are told by their handles.
    let _told = stopped.await;
    for server in servers {
        let _ended = server.await;
    }
    tasks.iter().for_each(|task| task.abort());
    let last = exchange.blocking(|e| refusals::record(e, true)).await;
    if let Err(why) = last {
        error!(%why, "The last minute's counted refusals could not be recorded");
    }
}

/// The client of the e-tax bureau, if people sign in there.
fn relying_party(config: &Config) -> Result<Option<Arc<RelyingParty>>, OidcError> {
    let portal = config.portal.as_ref();
    let configured = portal.and_then(|portal| portal.oidc.as_ref().zip(portal.public_url.as_ref()));
    configured.map(|(options, public_url)| RelyingParty::new(options, public_url)).transpose()
}

fn listen(address: SocketAddr) -> Result<TcpListener, AppError> {
    TcpListener::bind(address).map_err(|why| AppError::Listen { address, why })
}

impl Running {
    /// Stops: open requests are answered, counted refusals recorded.
    pub fn stop(mut self) {
        self.shut_down();
    }

    fn shut_down(&mut self) {
        let handles = std::mem::take(&mut self.handles);
        if let Some(stopped) = self.stopped.take() {
            for handle in &handles {
                // The stop is sent when it is called; the thread's end tells that it is done.
                let _acknowledged = handle.stop(true);
            }
            let _already_gone = stopped.send(());
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            error!("The gateway's thread ended in a panic");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shut_down();
    }
}
