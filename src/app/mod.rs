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
use crate::http::server;
use crate::http::tls::TlsError;
use crate::service::Exchange;
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
    handles: Vec<ServerHandle>,
    stopped: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Checks everything that `serve` needs, and opens nothing.
pub fn check(config: &Config) -> Result<(), AppError> {
    config.places()?;
    LiveTls::load(&config.tls)?;
    Ok(())
}

/// Starts the gateway on threads of its own.
pub fn spawn(config: &Config, clock: Arc<dyn Clock>) -> Result<Running, AppError> {
    let tls = LiveTls::load(&config.tls)?;
    let exchange = open(&config.places()?, clock)?;
    let gateway_socket = listen(config.gateway.listen)?;
    let operations_socket = listen(config.operations.listen)?;
    let (gateway, operations) = (gateway_socket.local_addr()?, operations_socket.local_addr()?);
    let (ready, started) = channel();
    let (stop, stopped) = oneshot::channel();
    let (served, options, limits) = (exchange.clone(), config.gateway.clone(), config.limits);
    let thread = std::thread::Builder::new().name("gateway".into()).spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let servers = server::gateway(served.clone(), &options, limits, tls.clone(), gateway_socket)
                .and_then(|first| {
                    Ok((first, server::operations(served.clone(), tls.clone(), operations_socket)?))
                });
            serve(servers, served, tls, &ready, stopped).await;
        });
    })?;
    let handles =
        started.recv().map_err(|_| std::io::Error::other("the gateway's thread ended at start"))??;
    info!(%gateway, %operations, "The gateway listens");
    Ok(Running { exchange, gateway, operations, handles, stopped: Some(stop), thread: Some(thread) })
}

type Servers = std::io::Result<(actix_web::dev::Server, actix_web::dev::Server)>;

async fn serve(
    servers: Servers,
    exchange: Arc<Exchange>,
    tls: Arc<LiveTls>,
    ready: &Sender<std::io::Result<Vec<ServerHandle>>>,
    stopped: oneshot::Receiver<()>,
) {
    let (gateway, operations) = match servers {
        Ok(servers) => servers,
        Err(why) => {
            drop(ready.send(Err(why)));
            return;
        }
    };
    drop(ready.send(Ok(vec![gateway.handle(), operations.handle()])));
    let mut tasks = tasks::spawn(&exchange);
    tasks.push(actix_web::rt::spawn(live_tls::follow(tls, exchange.clock.clone())));
    let (first, second) = (actix_web::rt::spawn(gateway), actix_web::rt::spawn(operations));
    // The sender was told to stop, or is gone: either way the servers are told by their handles.
    let _told = stopped.await;
    let (_first, _second) = (first.await, second.await);
    tasks.iter().for_each(|task| task.abort());
    let last = exchange.blocking(|e| refusals::record(e, true)).await;
    if let Err(why) = last {
        error!(%why, "The last minute's counted refusals could not be recorded");
    }
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
