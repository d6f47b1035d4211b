//! What the demo plays on: the directory, the running gateway, and a client for each member.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::app::{self, Running};
use crate::cli::arguments::{DemoOptions, InitOptions};
use crate::cli::init::{self, BANKS, bank_slug};
use crate::cli::output::{Failure, say};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, DATABASE_URL_VARIABLE};
use crate::domain::timestamp::Timestamp;
use crate::outbound::gateway_client::{ClientError, GatewayClient};

/// The ports of a new directory.
const GATEWAY_PORT: u16 = 8443;
const OPERATIONS_PORT: u16 = 9464;
const PORTAL_PORT: u16 = 8444;
/// Dossiers that a bank may ask for in a day, at the least.
const QUOTA_PER_DAY_MIN: u64 = 100_000;
/// How often, and after how long, a busy gateway is asked again.
const BUSY_TURNS: u32 = 5;
const BUSY_PAUSE: Duration = Duration::from_secs(2);

/// A gateway that runs, and the means to speak to it as its members do.
pub struct Stage {
    /// The demo's directory.
    pub dir: PathBuf,
    /// The gateway.
    pub running: Running,
    /// Its address, as members name it.
    pub url: String,
    /// Its address when `serve` runs it by the configuration file.
    pub configured_url: String,
    /// Its portal's address then, if it has one.
    pub configured_portal_url: Option<String>,
    /// When the demo began.
    pub now: Timestamp,
    /// Where the portal looks for the persons of its demo sign-in.
    pub demo_persons: PathBuf,
    /// The bureau's client.
    pub bureau: GatewayClient,
    /// The regulator's client.
    pub regulator: GatewayClient,
    /// The banks.
    pub banks: Vec<Bank>,
}

/// A bank of the programme.
#[derive(Clone)]
pub struct Bank {
    /// Its number, from 1.
    pub number: u32,
    /// Its member id.
    pub slug: String,
    /// Its client; connections are kept and reused.
    pub client: GatewayClient,
}

impl Stage {
    /// Makes the directory if it is not there, and starts the gateway.
    pub fn set(options: &DemoOptions) -> Result<Self, Failure> {
        let dir = options.dir.clone();
        let file = dir.join("shuidaiyi.toml");
        say(format!(
            "税贷易演示 demo of the tax and bank exchange: {BANKS} 家银行 banks, 目录 directory {}",
            dir.display()
        ));
        if file.exists() {
            say("  沿用已有目录，接着演示 continuing in a directory that is there already");
        } else {
            make(options)?;
            say("  已建立配置、密钥、证书、数据库 made: configuration, keys, certificates, database");
        }
        let mut config = Config::load(&file)?;
        // What the demo loads is shown at once: the city's violations come before the notice is switched on.
        config.fairness.notice_working_days = 0;
        let configured_url = url_of(config.gateway.listen);
        let configured_portal_url = config.portal.as_ref().and_then(|portal| portal.public_url.clone());
        config.gateway.listen = free(config.gateway.listen, "网关 gateway");
        config.operations.listen = free(config.operations.listen, "运维 operations");
        if let Some(portal) = &mut config.portal {
            let listen = free(portal.listen, "门户 portal");
            if listen != portal.listen {
                (portal.listen, portal.public_url) = (listen, None);
            }
        }
        let demo_persons = match &config.portal {
            Some(portal) => portal.demo_persons.clone(),
            None => dir.join("demo_persons.json"),
        };
        let running = app::spawn(&config, Arc::new(SystemClock))?;
        let url = url_of(running.gateway);
        say(format!("  网关 gateway: {url}（TLS 1.3，双向证书 certificates on both sides）"));
        if let Some(portal) = &running.exchange.portal_url {
            say(format!("  企业门户 portal for firms: {portal}（浏览器打开 in a browser）"));
        }
        let client = |member: &str| client(&dir, &url, member);
        let bank = |number| {
            let slug = bank_slug(number);
            Ok::<_, Failure>(Bank { number, client: client(&slug)?, slug })
        };
        let banks = (1..=BANKS).map(bank).collect::<Result<_, _>>()?;
        let (bureau, regulator) = (client("bureau")?, client("regulator")?);
        let now = SystemClock.now();
        Ok(Self {
            dir,
            running,
            url,
            configured_url,
            configured_portal_url,
            now,
            demo_persons,
            bureau,
            regulator,
            banks,
        })
    }

    /// The directory for what the demo leaves behind, made if it is not there.
    pub fn leavings(&self) -> Result<PathBuf, Failure> {
        let path = self.dir.join("demo");
        std::fs::create_dir_all(&path)?;
        Ok(path)
    }
}

fn make(options: &DemoOptions) -> Result<(), Failure> {
    let options = InitOptions {
        dir: options.dir.clone(),
        port: GATEWAY_PORT,
        operations_port: OPERATIONS_PORT,
        portal_port: PORTAL_PORT,
        database_url: std::env::var(DATABASE_URL_VARIABLE).ok(),
        // Several runs in a day must not come to the end of it.
        quota_per_day: options.taxpayers.saturating_mul(2).max(QUOTA_PER_DAY_MIN),
    };
    // Opened again by the gateway, so that a new directory and an old one take the same way.
    init::make(&options).map(drop)
}

/// The address itself, or any free port of it if something listens there.
fn free(address: SocketAddr, what: &str) -> SocketAddr {
    match TcpListener::bind(address) {
        Ok(_probe) => address,
        Err(why) => {
            say(format!(
                "  {what}: {address} 不可用，本次改用空闲端口 not to be had ({why}), so a free port for this run"
            ));
            SocketAddr::new(address.ip(), 0)
        }
    }
}

fn url_of(address: SocketAddr) -> String {
    format!("https://localhost:{}", address.port())
}

fn client(dir: &Path, url: &str, member: &str) -> Result<GatewayClient, Failure> {
    let certs = dir.join("certs");
    let file = |name: &str, ending: &str| certs.join(format!("{name}.{ending}"));
    Ok(GatewayClient::new(url, &file("ca", "pem"), &file(member, "pem"), &file(member, "key"))?)
}

/// An answer that the demo did not expect ends it, with one line that says where.
pub fn unexpected(who: &str, error: ClientError) -> Failure {
    Failure::system(format!("demo: {who}: {error}"))
}

/// Asks again when the gateway is busy, as its answer says to: nothing was done then.
pub async fn patiently<T>(ask: impl AsyncFn() -> Result<T, ClientError>) -> Result<T, ClientError> {
    for _turn in 0..BUSY_TURNS {
        match ask().await {
            Err(ClientError::Refused { status: 503, .. }) => tokio::time::sleep(BUSY_PAUSE).await,
            other => return other,
        }
    }
    ask().await
}

/// A text inside an answer.
pub fn text<'a>(answer: &'a Value, name: &str) -> Result<&'a str, Failure> {
    let found = answer.get(name).and_then(Value::as_str);
    found.ok_or_else(|| Failure::system(format!("demo: an answer has no {name}")))
}

/// A number inside an answer.
pub fn number(answer: &Value, name: &str) -> Result<u64, Failure> {
    let found = answer.get(name).and_then(Value::as_u64);
    found.ok_or_else(|| Failure::system(format!("demo: an answer has no {name}")))
}

/// Every item of a list, page after page.
pub async fn all_items(who: &str, client: &GatewayClient, path: &str) -> Result<Vec<Value>, Failure> {
    let (mut items, mut next) = (Vec::new(), None::<String>);
    loop {
        let after = next.map(|cursor| format!("&after={cursor}")).unwrap_or_default();
        let page = client.json(reqwest::Method::GET, &format!("{path}?limit=1000{after}"), None).await;
        let page = page.map_err(|error| unexpected(who, error))?;
        items.extend(page.get("items").and_then(Value::as_array).cloned().unwrap_or_default());
        match page.get("next").and_then(Value::as_str) {
            Some(cursor) => next = Some(cursor.to_owned()),
            None => return Ok(items),
        }
    }
}
