//! PostgreSQL servers of a test's own: a primary with a standby that can fall behind, and one on a small disk.
//!
//! Each ends with the test: a shell waits on a pipe that only the test holds open.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use diesel::sql_types::BigInt;
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query};
use tempfile::TempDir;

use super::postgres::{NOBODY, as_nobody, is_root, programs};

const WAIT_MAX: Duration = Duration::from_secs(30);
const DATABASE: &str = "exchange";

/// A server whose directory holds its data and its socket.
pub struct Server {
    pub directory: PathBuf,
    programs: PathBuf,
    watch: Option<Child>,
}

impl Server {
    fn new(programs: &Path, directory: PathBuf) -> Self {
        make_folder(&directory);
        Self { directory, programs: programs.to_owned(), watch: None }
    }

    fn initialise(&self) {
        let arguments =
            ["--auth=trust", "--username=nobody", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"];
        self.run(Command::new(self.programs.join("initdb")).args(arguments).arg(self.data()));
    }

    /// `before` is run by the shell that starts the server, as root where the test is root.
    fn serve(&mut self, prefix: &str) {
        let script = format!(
            "{prefix} '{}' -D '{}' -k '{}' -c listen_addresses='' -c max_connections=50 -c shared_buffers=16MB \
             >'{}/log' 2>&1 & server=$!; echo $server >'{}/pid'; cat >/dev/null; kill -INT $server 2>/dev/null; wait $server",
            self.programs.join("postgres").display(),
            self.data().display(),
            self.directory.display(),
            self.directory.display(),
            self.directory.display(),
        );
        let mut shell = Command::new("sh");
        let shell = if prefix.is_empty() { as_nobody(&mut shell, is_root()) } else { &mut shell };
        shell.args(["-c", &script]).current_dir(&self.directory).stdin(Stdio::piped()).process_group(0);
        self.watch = Some(shell.spawn().expect("start postgres"));
        self.wait_for_connection("postgres");
    }

    fn wait_for_connection(&self, database: &str) {
        let since = Instant::now();
        while PgConnection::establish(&self.url(database)).is_err() {
            assert!(
                since.elapsed() < WAIT_MAX,
                "PostgreSQL does not start: see {}/log",
                self.directory.display()
            );
            sleep(Duration::from_millis(50));
        }
    }

    /// Ends it at once, as a power failure does.
    pub fn stop_at_once(&mut self) {
        let mut command = Command::new(self.programs.join("pg_ctl"));
        self.run(command.args(["stop", "-m", "immediate", "-D"]).arg(self.data()));
        self.end();
    }

    /// Lets it end in order.
    fn end(&mut self) {
        if let Some(mut watch) = self.watch.take() {
            drop(watch.stdin.take());
            drop(watch.wait());
        }
    }

    fn run(&self, command: &mut Command) {
        let done = as_nobody(command, is_root())
            .current_dir(&self.directory)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("run a program of PostgreSQL");
        assert!(done.success(), "{command:?} failed");
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgresql:///{database}?host={}&user=nobody", self.directory.display())
    }

    fn execute(&self, database: &str, statement: &str) {
        let mut connection = PgConnection::establish(&self.url(database)).expect("connect");
        sql_query(statement).execute(&mut connection).expect("statement");
    }

    fn entries(&self) -> i64 {
        #[derive(QueryableByName)]
        struct Number {
            #[diesel(sql_type = BigInt)]
            n: i64,
        }
        let Ok(mut connection) = PgConnection::establish(&self.url(DATABASE)) else { return -1 };
        let counted: Result<Number, _> =
            sql_query("SELECT count(*) AS n FROM ledger.ledger_entry").get_result(&mut connection);
        counted.map_or(-1, |number| number.n)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

fn make_folder(path: &Path) {
    fs::create_dir(path).expect("a directory");
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).expect("permissions");
    if is_root() {
        chown(path, Some(NOBODY), Some(NOBODY)).expect("hand the directory over");
    }
}

fn home() -> TempDir {
    let home = tempfile::Builder::new().prefix("sdy-pg-").tempdir().expect("a directory");
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).expect("permissions");
    home
}

/// A primary and a standby that streams from it. The URL leads to whichever of them takes writes.
pub struct Pair {
    pub primary: Server,
    pub standby: Server,
    _home: TempDir,
}

impl Pair {
    /// `None` where PostgreSQL is not installed.
    pub fn start() -> Option<Self> {
        let programs = programs()?;
        let home = home();
        let mut primary = Server::new(&programs, home.path().join("primary"));
        primary.initialise();
        primary.serve("");
        primary.execute("postgres", &format!("CREATE DATABASE {DATABASE}"));
        let mut standby = Server::new(&programs, home.path().join("standby"));
        let mut backup = Command::new(programs.join("pg_basebackup"));
        backup.args([
            "--username=nobody",
            "--write-recovery-conf",
            "--checkpoint=fast",
            "--no-sync",
            "--host",
        ]);
        standby.run(backup.arg(&primary.directory).arg("-D").arg(standby.data()));
        standby.serve("");
        Some(Self { primary, standby, _home: home })
    }

    pub fn url(&self) -> String {
        let (first, second) = (self.primary.directory.display(), self.standby.directory.display());
        format!("postgresql:///{DATABASE}?host={first},{second}&user=nobody&target_session_attrs=read-write")
    }

    /// Waits until the standby has what the primary has.
    pub fn catch_up(&self) {
        let (since, wanted) = (Instant::now(), self.primary.entries());
        while self.standby.entries() != wanted {
            assert!(since.elapsed() < WAIT_MAX, "the standby does not catch up");
            sleep(Duration::from_millis(20));
        }
    }

    /// From here on the standby misses what is written.
    pub fn cut_off(&mut self) {
        self.standby.end();
    }

    /// The primary is gone; the standby, started again if it had stopped, takes writes as it is.
    pub fn fail_over(&mut self) {
        self.primary.stop_at_once();
        if self.standby.watch.is_none() {
            self.standby.serve("");
        }
        let mut promote = Command::new(self.standby.programs.join("pg_ctl"));
        self.standby.run(promote.args(["promote", "--wait", "-D"]).arg(self.standby.data()));
    }
}

/// A server that has one database on a disk of its own, of so many megabytes.
pub struct OnSmallDisk {
    pub server: Server,
    disk: PathBuf,
    _home: TempDir,
}

impl OnSmallDisk {
    /// `None` where there is no PostgreSQL, or the test may not mount.
    pub fn start(megabytes: u32) -> Option<Self> {
        let programs = programs()?;
        let home = home();
        let mut server = Server::new(&programs, home.path().join("server"));
        server.initialise();
        let disk = server.directory.join("disk");
        make_folder(&disk);
        // A mount that only this server sees; it goes with the server.
        let prefix = super::small_disk::prefix(&disk, megabytes, Some(NOBODY))?;
        server.serve(&prefix);
        server.execute("postgres", &format!("CREATE TABLESPACE small LOCATION '{}'", disk.display()));
        server.execute("postgres", &format!("CREATE DATABASE {DATABASE} TABLESPACE small"));
        Some(Self { server, disk, _home: home })
    }

    pub fn url(&self) -> String {
        self.server.url(DATABASE)
    }

    /// The disk as the server sees it.
    pub fn disk(&self) -> PathBuf {
        let process = fs::read_to_string(self.server.directory.join("pid")).expect("pid");
        super::small_disk::seen_by(process.trim().parse().expect("pid"), &self.disk)
    }
}
