//! A gateway in a process of its own: the real binary on a site's directory, to be killed at any moment.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a start may take before the test gives up on it.
const START_MAX: Duration = Duration::from_secs(60);

pub struct ChildGateway {
    process: Child,
    port: u16,
    /// From the spawn of the process to the first `ready`.
    pub started_in: Duration,
}

impl ChildGateway {
    /// Starts the binary on this directory and waits until it says that it is ready.
    pub fn start(dir: &Path) -> Self {
        Self::start_with(dir, &[])
    }

    /// The same with these variables in its environment.
    pub fn start_with(dir: &Path, variables: &[(&str, &Path)]) -> Self {
        let (port, operations_port) = (free_port(), free_port());
        let config = with_ports(dir, port, operations_port);
        let began = Instant::now();
        let process = program()
            .envs(variables.iter().copied())
            .arg("serve")
            .arg("--config")
            .arg(config)
            .spawn()
            .expect("start the binary");
        let mut child = Self { process, port, started_in: Duration::ZERO };
        while !ready(operations_port) {
            let ended = child.process.try_wait().expect("ask for the child");
            assert!(ended.is_none(), "the gateway ended at its start: {ended:?}");
            assert!(began.elapsed() < START_MAX, "the gateway is not ready after {START_MAX:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
        child.started_in = began.elapsed();
        child
    }

    /// Base URL of the gateway.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// Ends it as `kill -9` does, at once and without a word.
    pub fn kill(&mut self) {
        self.process.kill().expect("kill the gateway");
        self.process.wait().expect("wait for the gateway");
    }
}

impl Drop for ChildGateway {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The binary, quiet and without what the environment might say of databases.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shuidaiyi"));
    command.env_remove("SHUIDAIYI_DATABASE_URL").stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The site's configuration with ports that the test knows.
fn with_ports(dir: &Path, port: u16, operations_port: u16) -> PathBuf {
    let text = fs::read_to_string(dir.join("shuidaiyi.toml")).expect("configuration");
    let listen = "listen = \"127.0.0.1:0\"";
    let text = text.replacen(listen, &format!("listen = \"127.0.0.1:{port}\""), 1);
    let text = text.replacen(listen, &format!("listen = \"127.0.0.1:{operations_port}\""), 1);
    let path = dir.join(format!("child-{port}.toml"));
    fs::write(&path, text).expect("write the configuration");
    path
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port()
}

fn ready(operations_port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", operations_port)) else { return false };
    let mut answer = String::new();
    stream.write_all(b"GET /readyz HTTP/1.0\r\n\r\n").is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.contains("ready\n")
}
