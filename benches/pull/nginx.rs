//! nginx as the yardstick: a static file over the same TLS, with the same certificates asked of the client.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Result;
use crate::process::{Server, find_program, free_address, is_root};

/// A running nginx with `/dossier.json`.
pub struct Nginx {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its master process.
    pub process: Server,
}

impl Nginx {
    /// Starts nginx with the gateway's own certificate, or says that there is none.
    pub fn start(directory: &Path, certificates: &Path, file: &[u8]) -> Result<Option<Nginx>> {
        let Some(program) = find_program("nginx", &[PathBuf::from("/usr/sbin")]) else {
            println!("nginx not found, so there is no ratio: apt-get install nginx");
            return Ok(None);
        };
        let place = directory.join("nginx");
        fs::create_dir_all(place.join("files"))?;
        fs::write(place.join("files/dossier.json"), file)?;
        let address = free_address()?;
        let configuration = place.join("nginx.conf");
        fs::write(&configuration, configure(&place, certificates, address)?)?;
        let mut command = Command::new(program);
        command.arg("-e").arg(place.join("error.log")).arg("-c").arg(&configuration).stdin(Stdio::null());
        let mut process = Server::spawn(&mut command, "TERM")?;
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            process.check_alive()?;
            if start.elapsed() > Duration::from_secs(10) {
                return Err("nginx does not listen after 10 s".into());
            }
            sleep(Duration::from_millis(20));
        }
        Ok(Some(Nginx { address, process }))
    }
}

fn configure(place: &Path, certificates: &Path, address: SocketAddr) -> Result<String> {
    let (place, certificates) = (place.display(), certificates.display());
    // Root's workers would otherwise become a user that may not read the temporary directory.
    let user = if is_root()? { "user root;" } else { "" };
    Ok(format!(
        "{user}
daemon off;
worker_processes 2;
pid {place}/pid;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    default_type application/json;
    sendfile on;
    tcp_nodelay on;
    open_file_cache max=16;
    keepalive_timeout 600s;
    keepalive_requests 1000000000;
    server {{
        listen {address} ssl;
        ssl_protocols TLSv1.3;
        ssl_session_tickets off;
        ssl_certificate {certificates}/gateway.pem;
        ssl_certificate_key {certificates}/gateway.key;
        ssl_client_certificate {certificates}/ca.pem;
        ssl_verify_client on;
        root {place}/files;
    }}
}}
"
    ))
}
