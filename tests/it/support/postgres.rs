//! A throwaway PostgreSQL cluster for this test process, also when it runs as root.
//!
//! It ends with the process: a shell waits on a pipe that only this process holds open.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::Duration;

use diesel::{Connection, PgConnection, RunQueryDsl, sql_query};

/// `nobody` on every Linux: PostgreSQL refuses to run as root.
pub const NOBODY: u32 = 65_534;

pub struct Cluster {
    directory: PathBuf,
    // Its stdin is the pipe; dropping it at the process's end stops the server.
    _watch: Child,
}

static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The URL of a new, empty database; `None` where PostgreSQL is not installed.
pub fn new_database() -> Option<String> {
    let cluster = CLUSTER.get_or_init(start).as_ref()?;
    let name = format!("it_{}", DATABASES.fetch_add(1, Ordering::SeqCst));
    let mut admin =
        PgConnection::establish(&cluster.url("postgres")).expect("connect to the throwaway cluster");
    sql_query(format!("CREATE DATABASE {name}")).execute(&mut admin).expect("create a database");
    Some(cluster.url(&name))
}

impl Cluster {
    fn url(&self, database: &str) -> String {
        format!("postgresql:///{database}?host={}&user=nobody", self.directory.display())
    }
}

fn start() -> Option<Cluster> {
    let programs = programs()?;
    let directory = tempfile::Builder::new().prefix("sdy-pg-").tempdir().expect("a directory").keep();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).expect("permissions");
    let root = is_root();
    if root {
        chown(&directory, Some(NOBODY), Some(NOBODY)).expect("hand the directory over");
    }
    let data = directory.join("data");
    let made = as_nobody(&mut Command::new(programs.join("initdb")), root)
        .args(["--auth=trust", "--username=nobody", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
        .arg(&data)
        .current_dir(&directory)
        .stdout(Stdio::null())
        .status()
        .expect("run initdb");
    assert!(made.success(), "initdb failed");
    let script = format!(
        "'{}' -D '{}' -k '{}' -c listen_addresses='' -c max_connections=400 -c shared_buffers=64MB \
         >'{}/log' 2>&1 & server=$!; cat >/dev/null; kill -INT $server; wait $server; rm -rf '{}'",
        programs.join("postgres").display(),
        data.display(),
        directory.display(),
        directory.display(),
        directory.display(),
    );
    let watch = as_nobody(&mut Command::new("sh"), root)
        .args(["-c", &script])
        .current_dir(&directory)
        .stdin(Stdio::piped())
        // A group of its own: Ctrl-C on the tests must not stop it before they are done with it.
        .process_group(0)
        .spawn()
        .expect("start postgres");
    let cluster = Cluster { directory, _watch: watch };
    for _ in 0..300 {
        if PgConnection::establish(&cluster.url("postgres")).is_ok() {
            return Some(cluster);
        }
        sleep(Duration::from_millis(50));
    }
    panic!("the throwaway PostgreSQL did not start: see {}/log", cluster.directory.display());
}

pub fn is_root() -> bool {
    fs::metadata("/proc/self").map(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0).unwrap_or(false)
}

/// As the user that may run PostgreSQL.
pub fn as_nobody(command: &mut Command, root: bool) -> &mut Command {
    if root { command.uid(NOBODY).gid(NOBODY) } else { command }
}

/// Where initdb and postgres are: on the path, or where Debian puts them.
pub fn programs() -> Option<PathBuf> {
    let debian = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .chain(debian)
        .find(|d| d.join("initdb").exists() && d.join("postgres").exists());
    found.map(|directory| {
        fs::canonicalize(directory.join("initdb"))
            .ok()
            .and_then(|p| p.parent().map(Path::to_owned))
            .unwrap_or(directory)
    })
}
