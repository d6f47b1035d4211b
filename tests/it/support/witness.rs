//! Witnesses of a site's ledger: our own, on a port that stays theirs over restarts.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use shuidaiyi::app::witness::{RunningWitness, spawn};
use shuidaiyi::ledger::note::{NoteSigner, NoteVerifier};
use shuidaiyi::ledger::policy::Policy;
use shuidaiyi::ledger::{Checkpoint, Hash};
use shuidaiyi::seal::keys::read_pkcs8;
use shuidaiyi::seal::trust::TrustFile;
use shuidaiyi::service::witness::{Witness, init};
use shuidaiyi::service::witnesses::WitnessAt;

use super::Site;
use super::clock::TestClock;

/// One of our witnesses, which watches one site's ledger.
pub struct OurWitness {
    pub vkey: String,
    pub address: SocketAddr,
    pub state: PathBuf,
    key: PathBuf,
    ledger: NoteVerifier,
    clock: Arc<TestClock>,
    running: Option<RunningWitness>,
}

impl OurWitness {
    /// Makes the witness and starts it; it goes by the site's clock.
    pub fn start(site: &Site, name: &str) -> Self {
        let key = site.dir().join(format!("{name}.key"));
        let state = site.dir().join(format!("{name}.state"));
        let vkey = init(name, &key, &state).expect("make the witness");
        let mut witness = Self {
            vkey,
            address: free_address(),
            state,
            key,
            ledger: ledger_key(site),
            clock: site.clock.clone(),
            running: None,
        };
        witness.restart();
        witness
    }

    pub fn restart(&mut self) {
        self.stop();
        let witness = Witness::open(&self.key, &self.state, vec![self.ledger.clone()], self.clock.clone())
            .expect("open");
        self.running = Some(spawn(Arc::new(witness), self.address, None).expect("start the witness"));
    }

    pub fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop();
        }
    }

    /// As a gateway's configuration names it.
    pub fn at(&self) -> WitnessAt {
        WitnessAt { vkey: self.vkey.clone(), url: format!("http://{}", self.address), ca: None }
    }
}

/// An address on which nothing listens at present.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port")
}

/// The verifier key of a site's ledger.
pub fn ledger_key(site: &Site) -> NoteVerifier {
    let text = std::fs::read_to_string(&site.config.keys.trust).expect("trust file");
    TrustFile::parse(&text).expect("trust file").ledger_vkey.parse().expect("ledger key")
}

/// Signs a checkpoint of any tree as the site's ledger: what an operator with the key could do.
pub fn sign_as_ledger(site: &Site, size: u64, root: Hash) -> String {
    let (ledger, key) = (ledger_key(site), site.dir().join("keys/ledger.key"));
    let signer = NoteSigner::from_pkcs8(ledger.name(), &read_pkcs8(&key).expect("key")).expect("signer");
    Checkpoint { origin: ledger.name().to_owned(), size, root }.sign(&signer)
}

/// The text of a policy that asks for all of these witnesses, named w0, w1 and so on.
pub fn policy_text(site: &Site, vkeys: &[&str]) -> String {
    let mut text = format!("log {}\n", ledger_key(site));
    let mut names = String::new();
    for (place, vkey) in vkeys.iter().enumerate() {
        text.push_str(&format!("witness w{place} {vkey}\n"));
        names.push_str(&format!(" w{place}"));
    }
    format!("{text}group everyone all{names}\nquorum everyone\n")
}

/// The same, read.
pub fn policy(site: &Site, vkeys: &[&str]) -> Policy {
    Policy::parse(&policy_text(site, vkeys)).expect("a policy")
}

/// Waits until something holds, which must be soon.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let since = Instant::now();
    while !holds().await {
        assert!(since.elapsed() < Duration::from_secs(30), "still not: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
