//! Servers as child processes that end with the benchmark.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use crate::Result;

/// A server that is stopped when dropped.
pub struct Server {
    child: Child,
    /// What makes it stop at once and take its children along, as kill(1) names it.
    signal: &'static str,
}

impl Server {
    /// Starts it.
    pub fn spawn(command: &mut Command, signal: &'static str) -> Result<Server> {
        let child =
            command.spawn().map_err(|error| format!("{}: {error}", command.get_program().display()))?;
        Ok(Server { child, signal })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// An error if it has ended already.
    pub fn check_alive(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => Err(format!("the server ended: {status}").into()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The standard library can only send KILL, which would leave the children of nginx behind.
        let _ = Command::new("kill").args(["-s", self.signal, &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

/// Runs a command to its end; an error tells what it wrote.
pub fn run(command: &mut Command) -> Result<Vec<u8>> {
    let program = command.get_program().display().to_string();
    let output = command.output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Err(format!("{command:?}: {}\n{stdout}{stderr}", output.status).into())
}

/// An address on loopback that nothing listens on now.
pub fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// Whether we are root, whom some servers treat apart.
pub fn is_root() -> Result<bool> {
    Ok(fs::metadata("/proc/self")?.uid() == 0)
}

/// A program by its name, in `PATH` or the given directories.
pub fn find_program(name: &str, elsewhere: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories =
        std::env::split_paths(&path).chain(elsewhere.iter().map(|place| Path::new(place).to_owned()));
    directories.map(|directory| directory.join(name)).find(|program| program.is_file())
}
