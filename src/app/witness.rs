//! A witness as a server of its own, away from any exchange: opened, listening, stopped.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use rustls::ServerConfig;

use super::AppError;
use crate::http::witness_server::serve;
use crate::service::witness::Witness;

/// A witness that listens.
pub struct RunningWitness {
    /// Where.
    pub address: SocketAddr,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

/// Starts a witness on a thread of its own; with TLS if there is a configuration.
pub fn spawn(
    witness: Arc<Witness>,
    listen: SocketAddr,
    tls: Option<ServerConfig>,
) -> Result<RunningWitness, AppError> {
    let socket = TcpListener::bind(listen).map_err(|why| AppError::Listen { address: listen, why })?;
    let address = socket.local_addr()?;
    let (ready, started) = channel();
    let thread = std::thread::Builder::new().name("witness".into()).spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            match serve(witness, socket, tls) {
                Ok(server) => {
                    drop(ready.send(Ok(server.handle())));
                    let _ended = server.await;
                }
                Err(why) => drop(ready.send(Err(why))),
            }
        });
    })?;
    let ended = |_| std::io::Error::other("the witness's thread ended at start");
    let handle = started.recv().map_err(ended)??;
    Ok(RunningWitness { address, handle, thread: Some(thread) })
}

impl RunningWitness {
    /// Stops it once open requests are answered.
    pub fn stop(mut self) {
        self.shut_down();
    }

    fn shut_down(&mut self) {
        // The stop is sent when it is called; the thread's end tells that it is done.
        let _acknowledged = self.handle.stop(true);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("The witness's thread ended in a panic");
        }
    }
}

impl Drop for RunningWitness {
    fn drop(&mut self) {
        self.shut_down();
    }
}
