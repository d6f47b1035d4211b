//! A whole exchange in a directory of its own: databases, keys, members, and a gateway that listens.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};
use shuidaiyi::app::{self, Running};
use shuidaiyi::cli::InitOptions;
use shuidaiyi::cli::init;
use shuidaiyi::cli::synth::{City, FirmSummary, firms, write_city};
use shuidaiyi::config::Config;
use shuidaiyi::domain::import::Form;
use shuidaiyi::domain::import::manifest::{Manifest, ManifestFile};
use shuidaiyi::service::Exchange;
use shuidaiyi::service::ingest::{Content, Deliverer, Delivery, Mode, Report, ingest_content};
use tempfile::TempDir;

use super::clock::TestClock;
use super::oracle::check_ledger;
use super::postgres;

/// Which database system a test runs on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// Runs a test on a backend, or says why it cannot. In CI a missing PostgreSQL is a failure.
pub fn run<F: Future<Output = ()>>(backend: Backend, test: impl FnOnce(Backend) -> F) {
    if backend == Backend::Postgres && postgres::new_database().is_none() {
        assert!(
            std::env::var_os("CI").is_none(),
            "PostgreSQL is missing and this is CI: install it (Debian: postgresql)"
        );
        eprintln!(
            "SKIPPED on PostgreSQL: no initdb on the path nor in /usr/lib/postgresql. Install it to run this half (Debian: postgresql)"
        );
        return;
    }
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(test(backend));
}

/// An exchange under test.
pub struct Site {
    pub backend: Backend,
    pub clock: Arc<TestClock>,
    pub config: Config,
    home: TempDir,
    running: Option<Running>,
}

impl Site {
    /// Makes the directory and starts the gateway.
    pub fn start(backend: Backend) -> Self {
        Self::start_with_quota(backend, 1_000_000)
    }

    /// The same, with a daily quota for every bank.
    pub fn start_with_quota(backend: Backend, quota_per_day: u64) -> Self {
        let mut site = Self::prepare(backend, quota_per_day);
        site.restart();
        site
    }

    /// Makes the directory, starts nothing.
    pub fn prepare(backend: Backend, quota_per_day: u64) -> Self {
        let database_url = match backend {
            Backend::Sqlite => None,
            Backend::Postgres => postgres::new_database(),
        };
        Self::prepare_on(backend, quota_per_day, database_url)
    }

    /// The same on a database of the test's own.
    pub fn prepare_on(backend: Backend, quota_per_day: u64, database_url: Option<String>) -> Self {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("site");
        let options = InitOptions {
            dir: dir.clone(),
            port: 0,
            operations_port: 0,
            portal_port: 0,
            quota_per_day,
            database_url,
        };
        drop(init::make(&options).expect("init"));
        without_notice(&dir.join("shuidaiyi.toml"));
        let config = Config::load(&dir.join("shuidaiyi.toml")).expect("configuration");
        Self { backend, clock: Arc::default(), config, home, running: None }
    }

    /// The data directory.
    pub fn dir(&self) -> PathBuf {
        self.home.path().join("site")
    }

    /// Stops the gateway if it runs, and starts it again.
    pub fn restart(&mut self) {
        self.stop();
        self.running = Some(app::spawn(&self.config, self.clock.clone()).expect("start the gateway"));
    }

    /// Stops the gateway.
    pub fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop();
        }
    }

    /// A second gateway process's worth of parts on the same databases and anchor.
    pub fn another(&self) -> Running {
        app::spawn(&self.config, self.clock.clone()).expect("start another gateway")
    }

    pub fn running(&self) -> &Running {
        self.running.as_ref().expect("the gateway runs")
    }

    pub fn exchange(&self) -> &Arc<Exchange> {
        &self.running().exchange
    }

    /// Base URL of the gateway.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.running().gateway.port())
    }

    /// Asks the host's own port; status and text of the answer.
    pub async fn operations(&self, path: &str) -> (u16, String) {
        let url = format!("http://{}{path}", self.running().operations);
        let response = self.client_builder().build().unwrap().get(url).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// A client with a member's certificate.
    pub fn client(&self, member: &str) -> Client {
        let certs = self.dir().join("certs");
        self.client_with(&certs.join(format!("{member}.pem")), &certs.join(format!("{member}.key")))
    }

    /// A client with any certificate.
    pub fn client_with(&self, certificate: &std::path::Path, key: &std::path::Path) -> Client {
        let mut identity = std::fs::read(certificate).unwrap();
        identity.extend(std::fs::read(key).unwrap());
        self.client_builder().identity(reqwest::Identity::from_pem(&identity).unwrap()).build().unwrap()
    }

    /// A client that trusts the gateway and shows no certificate yet.
    pub fn client_builder(&self) -> reqwest::ClientBuilder {
        drop(rustls::crypto::ring::default_provider().install_default());
        let ca = std::fs::read(self.dir().join("certs/ca.pem")).unwrap();
        Client::builder().tls_certs_only([reqwest::Certificate::from_pem(&ca).unwrap()]).no_proxy()
    }

    /// Asks as a member; the whole response.
    pub async fn ask(&self, member: &str, method: Method, path: &str, body: Option<Value>) -> Response {
        let mut request = self.client(member).request(method, format!("{}{path}", self.url()));
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }

    /// Asks as a member; status and JSON of the answer.
    pub async fn json(
        &self,
        member: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let response = self.ask(member, method, path, body).await;
        let status = response.status();
        let bytes = response.bytes().await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// Loads a small synthetic city as the bureau knows it today.
    pub fn load_city(&self, taxpayers: u64) -> Vec<FirmSummary> {
        let (directory, manifest, firms) = self.write_city(7, taxpayers);
        for file in &manifest.files {
            self.deliver_file(&directory, file);
        }
        firms
    }

    /// Writes a small synthetic city as the bureau knows it today; its directory, files and firms.
    pub fn write_city(&self, seed: u64, taxpayers: u64) -> (PathBuf, Manifest, Vec<FirmSummary>) {
        let today = shuidaiyi::clock::Clock::now(&shuidaiyi::clock::SystemClock).shanghai_date();
        let city = City::as_known_on(today, seed, taxpayers);
        let directory = self.home.path().join("city");
        let manifest = write_city(&city, &directory, &mut |_, _| {}).expect("synth");
        (directory, manifest, firms(&city).collect())
    }

    /// Delivers one of a city's files as the bureau.
    pub fn deliver_file(&self, directory: &std::path::Path, file: &ManifestFile) -> Report {
        let deliverer = Deliverer { member: "bureau".into(), label: "system".into(), certificate: None };
        let delivery = Delivery {
            form: Form::by_id(&file.form).unwrap(),
            syntax: file.syntax,
            coverage_from: file.coverage_from,
            coverage_to: file.coverage_to,
            as_of: file.as_of,
            mode: Mode::All,
        };
        let source = std::fs::File::open(directory.join(&file.file)).unwrap();
        let bytes = file.compression.unpack(source).unwrap();
        let content = Content { bytes, charset: file.encoding, rows: Some(file.rows) };
        ingest_content(self.exchange(), &deliverer, delivery, content, &mut |_| {}).expect("ingest")
    }

    /// A product of a bank, approved by the bureau.
    pub async fn product(&self, bank: &str) -> String {
        let id = format!("{bank}-credit");
        let (status, body) =
            self.json(bank, Method::PUT, &format!("/v1/products/{id}"), Some(product_terms())).await;
        assert!(status.is_success(), "{status} {body}");
        let (status, body) =
            self.json("bureau", Method::POST, &format!("/v1/products/{id}/approval"), Some(json!({}))).await;
        assert!(status.is_success(), "{status} {body}");
        id
    }

    /// A consent in force; `change` edits the request before it is sent.
    pub async fn consent(&self, bank: &str, taxpayer: &str, change: impl FnOnce(&mut Value)) -> Value {
        let mut terms = consent_terms(bank, taxpayer);
        change(&mut terms);
        let (status, body) = self.json("bureau", Method::POST, "/v1/consents", Some(terms)).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        body
    }

    /// Pulls as a bank.
    pub async fn pull(&self, bank: &str, consent_id: &str) -> (StatusCode, Value) {
        let ask = json!({"consent_id": consent_id, "purpose": "pre_loan"});
        self.json(bank, Method::POST, "/v1/dossiers", Some(ask)).await
    }

    /// Revokes as the bureau.
    pub async fn revoke(&self, consent_id: &str) -> (StatusCode, Value) {
        self.json("bureau", Method::POST, &format!("/v1/consents/{consent_id}/revocation"), Some(json!({})))
            .await
    }

    /// Entries of the ledger, after checking all of it.
    pub fn entries(&self) -> Vec<Value> {
        check_ledger(self.exchange())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            if !std::thread::panicking() {
                check_ledger(&running.exchange);
            }
            running.stop();
        }
    }
}

/// Tests of other things see violations at once.
fn without_notice(file: &std::path::Path) {
    let text = std::fs::read_to_string(file).unwrap();
    let changed = text.replace("notice_working_days = 5", "notice_working_days = 0");
    assert_ne!(changed, text, "the configuration has the notice");
    std::fs::write(file, changed).unwrap();
}

/// Terms of a product that asks for everything.
pub fn product_terms() -> Value {
    json!({
        "name": "税易贷", "amount_max_fen": 300_000_000, "rate_pct": "4.05", "term_months_max": 12,
        "drawdown": "revolving", "repayment": "bullet", "security": "credit",
        "sections": ["registration", "rating", "filings"], "window_months": 36
    })
}

/// Terms of a consent that allows everything the product asks for.
pub fn consent_terms(bank: &str, taxpayer: &str) -> Value {
    json!({
        "taxpayer_id": taxpayer, "bank": bank, "product_id": format!("{bank}-credit"),
        "purpose": ["pre_loan"], "sections": ["registration", "rating", "filings"], "window": {"months": 36},
        "valid_from": "2026-01-01", "valid_to": "2046-01-01", "pulls_max": 1000, "retain_until": "2056-01-01",
        "text": {"version": "2026-1", "digest": format!("sha-256:{}", "A".repeat(43))},
        "grantor": {"role": "legal_representative", "id_ref": "ref-1", "method": "etax_face",
                    "assurance": "reliable", "authenticated_at": "2026-01-01T00:00:00Z"}
    })
}
