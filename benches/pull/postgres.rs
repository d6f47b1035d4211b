//! A throwaway PostgreSQL, durable as delivered: nothing is tuned for the benchmark.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Result;
use crate::process::{Server, find_program, free_address, is_root, run};

/// A running cluster. Fields are dropped in this order: first the server, then its files.
pub struct Cluster {
    /// The postmaster.
    pub process: Server,
    /// For `SHUIDAIYI_DATABASE_URL`.
    pub url: String,
    _directory: TempDir,
}

/// Starts a cluster, or says that PostgreSQL is not there.
pub fn start() -> Result<Option<Cluster>> {
    let Some(programs) = find_programs() else {
        println!("PostgreSQL's initdb not found, so only SQLite is measured: apt-get install postgresql");
        return Ok(None);
    };
    let directory = tempfile::tempdir()?;
    let user = if is_root()? { Some(unprivileged_user()?) } else { None };
    if let Some(user) = &user {
        chown(directory.path(), Some(user.id), Some(user.group))?;
    }
    let data = directory.path().join("data");
    let (place, files) = (directory.path(), data.to_string_lossy());
    let initdb = ["-D", &files, "-U", "shuidaiyi", "-A", "trust", "-E", "UTF8", "--no-locale"];
    run(command(&programs.join("initdb"), user.as_ref(), place).args(initdb))?;
    let port = free_address()?.port();
    let log = fs::File::create(directory.path().join("log"))?;
    let mut server = command(&programs.join("postgres"), user.as_ref(), place);
    server.args(["-D", &files, "-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
    server.arg("-k").arg(place).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    let mut process = Server::spawn(&mut server, "QUIT")?;
    let url = format!("postgres://shuidaiyi@127.0.0.1:{port}/postgres");
    let start = Instant::now();
    // Written once the server takes connections.
    let is_ready =
        || fs::read_to_string(data.join("postmaster.pid")).is_ok_and(|text| text.contains("ready"));
    while !is_ready() {
        let log = || fs::read_to_string(directory.path().join("log")).unwrap_or_default();
        process.check_alive().map_err(|error| format!("PostgreSQL: {error}\n{}", log()))?;
        if start.elapsed() > Duration::from_secs(30) {
            return Err(format!("PostgreSQL is not ready after 30 s\n{}", log()).into());
        }
        sleep(Duration::from_millis(50));
    }
    Ok(Some(Cluster { process, url, _directory: directory }))
}

struct User {
    name: &'static str,
    id: u32,
    group: u32,
}

/// PostgreSQL refuses to run as root.
fn unprivileged_user() -> Result<User> {
    let number = |option: &str, name: &str| -> Result<u32> {
        Ok(String::from_utf8(run(Command::new("id").args([option, name]))?)?.trim().parse()?)
    };
    let name = if number("-u", "postgres").is_ok() { "postgres" } else { "nobody" };
    Ok(User { name, id: number("-u", name)?, group: number("-g", name)? })
}

/// The program as that user, in a directory it may enter.
fn command(program: &Path, user: Option<&User>, place: &Path) -> Command {
    let mut command = match user {
        None => Command::new(program),
        Some(user) => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", user.name, "--regid", &user.group.to_string(), "--clear-groups", "--"]);
            command.arg(program);
            command
        }
    };
    command.current_dir(place);
    command
}

fn find_programs() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin")))
        })
        .collect();
    versions.sort();
    let places: Vec<PathBuf> = versions.into_iter().rev().map(|(_, place)| place).collect();
    // PATH may hold a link; the other programs are beside its target.
    let initdb = fs::canonicalize(find_program("initdb", &places)?).ok()?;
    Some(initdb.parent()?.to_owned())
}
