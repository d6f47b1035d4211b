//! `shuidaiyi witness` as a program: made, started with TLS, killed at any moment, started again.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use reqwest::StatusCode;
use shuidaiyi::config::Config;
use shuidaiyi::service::witnesses::status;

use crate::support::child::program;
use crate::support::wire::grant_many;
use crate::support::witness::{eventually, free_address, ledger_key};
use crate::support::{Backend, Site, site};

struct Program(Child);

impl Program {
    /// Starts the witness and waits until it says that it listens; what it says next is its verifier key.
    fn start(site: &Site, listen: &str) -> (Self, String) {
        let certs = site.dir().join("certs");
        let mut command = program();
        command.args(["witness", "--listen", listen, "--log", &ledger_key(site).to_string()]);
        command.arg("--key").arg(site.dir().join("w.key")).arg("--state").arg(site.dir().join("w.state"));
        command
            .arg("--tls-cert")
            .arg(certs.join("gateway.pem"))
            .arg("--tls-key")
            .arg(certs.join("gateway.key"));
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        assert!(first.contains(&format!("https://{listen}")), "{first}");
        (Self(process), lines.next().unwrap().unwrap())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn make(directory: &Path) -> (Option<i32>, String) {
    let mut command = program();
    command.args(["witness", "--init", "--name", "witness.example/w1"]);
    command.arg("--key").arg(directory.join("w.key")).arg("--state").arg(directory.join("w.state"));
    let output = command.stdout(Stdio::piped()).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

#[test]
fn a_killed_witness_goes_on_where_it_was() {
    site::run(Backend::Sqlite, killed_and_started);
}

async fn killed_and_started(backend: Backend) {
    let mut site = Site::prepare(backend, 1_000_000);
    let (code, vkey) = make(&site.dir());
    assert_eq!(code, Some(0));
    assert_eq!(make(&site.dir()).0, Some(2), "a second one is not made over it");
    let listen = format!("127.0.0.1:{}", free_address().port());
    // By the configuration file, as an operator has it.
    let file = site.dir().join("shuidaiyi.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let section = format!(
        "\n[[witness.witnesses]]\nvkey = \"{vkey}\"\nurl = \"https://{listen}/\"\nca = \"certs/ca.pem\"\n"
    );
    std::fs::write(&file, text + &section).unwrap();
    site.config = Config::load(&file).unwrap();
    site.restart();
    let firms = site.load_city(1);
    site.product("bank-01").await;
    let taxpayer = firms[0].taxpayer_id.as_str();
    let consents = grant_many(site.exchange(), "bank-01", &[taxpayer], 1, |_| {}).await;
    let size = || site.exchange().ledger.read(shuidaiyi::store::ledger::head).unwrap().frontier.size();
    for _ in 0..4 {
        let (witness, says) = Program::start(&site, &listen);
        assert_eq!(says, vkey);
        // It was away, so it rests; its rest is counted by this clock.
        site.clock.advance_seconds(31);
        assert_eq!(site.pull("bank-01", &consents[0]).await.0, StatusCode::CREATED);
        eventually("it cosigns what is new", async || {
            status(site.exchange()).witnesses[0].size == Some(size())
        })
        .await;
        drop(witness);
        assert_eq!(site.pull("bank-01", &consents[0]).await.0, StatusCode::CREATED);
        eventually("it is missed", async || status(site.exchange()).seconds_left.is_some()).await;
    }
    let kept = std::fs::read_to_string(site.dir().join("w.state")).unwrap();
    assert!(kept.contains(&vkey) && kept.contains("/v1/ledger"), "{kept}");
    std::fs::remove_file(site.dir().join("w.state")).unwrap();
    assert_eq!(make(&site.dir()).0, Some(2), "a key that may have cosigned gets no empty memory");
}
