//! The gateway under test: the release binary, set up with its own commands and given work over its own interface.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::client::{Connection, Identity, Request, call, expect_status};
use crate::process::{Server, free_address, run};
use crate::{Result, Target, city};

const PROGRAM: &str = env!("CARGO_BIN_EXE_shuidaiyi");

/// A running gateway on a data directory of its own.
pub struct Gateway {
    address: SocketAddr,
    process: Server,
    directory: PathBuf,
    /// The bank that pulls.
    pub bank: Identity,
    bureau: Identity,
    /// A request for each consent.
    pulls: Vec<Request>,
}

impl Gateway {
    /// Sets up keys, database and data, and serves. SQLite unless a database URL is given.
    pub async fn start(directory: &Path, database: Option<&str>, taxpayers: u32) -> Result<Gateway> {
        let (configuration, city) = (directory.join("shuidaiyi.toml"), directory.join("city"));
        let command = |arguments: &[&str], paths: &[&Path]| {
            let mut command = Command::new(PROGRAM);
            command.args(arguments).args(paths).stdin(Stdio::null());
            match database {
                Some(url) => command.env("SHUIDAIYI_DATABASE_URL", url),
                None => command.env_remove("SHUIDAIYI_DATABASE_URL"),
            };
            command
        };
        run(&mut command(&["init", "--dir"], &[directory]))?;
        let address = move_ports(&configuration)?;
        let count = taxpayers.to_string();
        run(&mut command(&["synth", "--taxpayers", &count, "--seed", "1", "--out"], &[&city]))?;
        run(&mut command(&["import", "--config"], &[&configuration, &city]))?;
        let quota = ["member", "quota", city::BANK, "--per-day", "1000000000", "--config"];
        run(&mut command(&quota, &[&configuration]))?;

        let log = fs::File::create(directory.join("serve.log"))?;
        let mut serve = command(&["serve", "--config"], &[&configuration]);
        let process = Server::spawn(serve.stdout(log.try_clone()?).stderr(log), "TERM")?;
        let certificates = directory.join("certs");
        let mut gateway = Gateway {
            address,
            process,
            directory: directory.to_owned(),
            bank: Identity::load(&certificates, city::BANK)?,
            bureau: Identity::load(&certificates, "bureau")?,
            pulls: Vec::new(),
        };
        gateway.wait_until_ready().await?;
        Ok(gateway)
    }

    /// Where `ca.pem`, `gateway.pem` and `gateway.key` lie.
    pub fn certificates(&self) -> PathBuf {
        self.directory.join("certs")
    }

    /// The bank's product, approved, and a consent by every taxpayer of the city.
    pub async fn grant_consents(&mut self, now: DateTime<Utc>) -> Result<()> {
        let product = format!("/v1/products/{}", city::PRODUCT);
        self.expect_success(&self.bank, &Request::json("PUT", &product, &city::product())).await?;
        let approval = Request::json("POST", &format!("{product}/approval"), &city::approval());
        self.expect_success(&self.bureau, &approval).await?;
        let mut bureau = Connection::open(self.address, &self.bureau).await?;
        for taxpayer in city::taxpayers(&self.directory.join("city"))? {
            let grant = Request::json("POST", "/v1/consents", &city::consent(&taxpayer, now));
            let status = bureau.send(&grant).await?;
            expect_status(&bureau, status, 201)?;
            let answer: Value = serde_json::from_slice(bureau.body())?;
            // Some calls answer with a receipt beside the thing itself.
            let id =
                answer["id"].as_str().or(answer["consent"]["id"].as_str()).ok_or("a consent without id")?;
            let ask = json!({ "consent_id": id, "purpose": "pre_loan" });
            self.pulls.push(Request::json("POST", "/v1/dossiers", &ask));
        }
        Ok(())
    }

    /// Every answer once, so that no later pull is the first of its consent.
    pub async fn pull_each_once(&self) -> Result<Vec<Vec<u8>>> {
        let mut connection = Connection::open(self.address, &self.bank).await?;
        let mut answers = Vec::new();
        for pull in &self.pulls {
            let status = connection.send(pull).await?;
            expect_status(&connection, status, 201)?;
            answers.push(connection.body().to_vec());
        }
        Ok(answers)
    }

    /// The pulls as a load. `database` is the process whose CPU time is told apart.
    pub fn target(&self, name: &'static str, database: Option<u32>) -> Target {
        Target {
            name,
            address: self.address,
            identity: self.bank.clone(),
            requests: self.pulls.clone(),
            status: 201,
            server: self.process.id(),
            database,
            rounds: Vec::new(),
        }
    }

    async fn expect_success(&self, identity: &Identity, request: &Request) -> Result<()> {
        let mut connection = Connection::open(self.address, identity).await?;
        let status = connection.send(request).await?;
        if (200..300).contains(&status) { Ok(()) } else { expect_status(&connection, status, 200) }
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let (start, ask) = (Instant::now(), Request::get("/v1/ledger/checkpoint"));
        loop {
            let Err(error) = call(self.address, &self.bank, &ask, 200).await else { return Ok(()) };
            let log = || fs::read_to_string(self.directory.join("serve.log")).unwrap_or_default();
            self.process.check_alive().map_err(|error| format!("gateway: {error}\n{}", log()))?;
            if start.elapsed() > Duration::from_secs(30) {
                return Err(format!("the gateway is not ready after 30 s: {error}\n{}", log()).into());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Gives every listener of a fresh configuration a free port; returns the gateway's address.
///
/// The issuer keeps its name: the ledger's origin is made from it.
fn move_ports(configuration: &Path) -> Result<SocketAddr> {
    let gateway = free_address()?;
    let ports =
        [("8443", gateway.port()), ("8444", free_address()?.port()), ("9464", free_address()?.port())];
    let text = fs::read_to_string(configuration)?;
    let moved: Vec<String> = text
        .lines()
        .map(|line| {
            let is_address =
                !line.trim_start().starts_with(['#']) && !line.trim_start().starts_with("issuer");
            let renumbered = |line: String, (old, new): &(&str, u16)| {
                line.replace(&format!(":{old}\""), &format!(":{new}\""))
                    .replace(&format!("= {old}"), &format!("= {new}"))
            };
            if is_address { ports.iter().fold(line.to_owned(), renumbered) } else { line.to_owned() }
        })
        .collect();
    let moved = moved.join("\n") + "\n";
    if !moved.contains(&gateway.port().to_string()) {
        return Err(format!("{} names no port 8443 to be moved", configuration.display()).into());
    }
    fs::write(configuration, moved)?;
    Ok(gateway)
}
