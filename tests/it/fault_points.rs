//! The process dies between commit, signature, anchor and answer: never a fork, never a lost answered release.
//!
//! Every checkpoint that anyone was ever given, and every one in the anchor, is kept and held against the last tree.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use shuidaiyi::ledger::checkpoint::Checkpoint;
use shuidaiyi::ledger::frontier::Frontier;
use shuidaiyi::ledger::hash::leaf_hash;
use shuidaiyi::ledger::note::NoteVerifier;
use shuidaiyi::ledger::{Hash, InclusionReceipt};
use shuidaiyi::seal::trust::TrustFile;
use shuidaiyi::service::fault_point::{FaultPoint, VARIABLE};
use shuidaiyi::store::anchor::Anchor;
use shuidaiyi::store::{ledger, ledger_read};

use crate::kill::{Sent, ask_again, check, pull_until_nothing_answers};
use crate::support::child::ChildGateway;
use crate::support::wire::grant_many;
use crate::support::{Backend, Site, both_backends, sql};

both_backends!(a_death_between_commit_and_answer_forks_nothing_and_loses_nothing);

/// A fault point that is passed at most a few times a second is reached within this.
const DEATH_MAX: Duration = Duration::from_secs(20);

/// Sizes and roots that somebody was given.
#[derive(Default)]
struct Seen(BTreeMap<u64, Hash>);

impl Seen {
    /// Two roots of one size are a fork at once.
    fn note(&mut self, note: &str, verifier: &NoteVerifier) {
        let checkpoint = Checkpoint::open(note, verifier).expect("a checkpoint of this ledger");
        let before = self.0.insert(checkpoint.size, checkpoint.root);
        assert!(
            before.is_none_or(|root| root == checkpoint.root),
            "two trees of {} entries",
            checkpoint.size
        );
    }

    /// All of them must be prefixes of the tree as it is now.
    fn hold_against(&self, site: &Site) {
        let database = sql::ledger(site);
        let size = database.read(ledger::head).unwrap().frontier.size();
        let leaves = database.read(|c| ledger_read::leaves(c, 0, size)).unwrap();
        let mut frontier = Frontier::empty();
        let mut left = self.0.clone();
        left.remove(&0);
        for (leaf, _) in &leaves {
            frontier.push(leaf_hash(leaf));
            if let Some(root) = left.remove(&frontier.size()) {
                assert_eq!(root, frontier.root(), "a fork at {} entries", frontier.size());
            }
        }
        assert!(left.is_empty(), "checkpoints beyond the ledger's {size} entries: {left:?}");
    }
}

async fn a_death_between_commit_and_answer_forks_nothing_and_loses_nothing(backend: Backend) {
    let mut site = Site::start(backend);
    let firms = site.load_city(8);
    let taxpayers: Vec<&str> = firms.iter().map(|firm| firm.taxpayer_id.as_str()).collect();
    site.product("bank-01").await;
    let consents =
        grant_many(site.exchange(), "bank-01", &taxpayers, 8, |c| c["pulls_max"] = 1_000_000.into()).await;
    site.stop();
    let text = std::fs::read_to_string(site.dir().join("trust.json")).unwrap();
    let verifier: NoteVerifier = TrustFile::parse(&text).unwrap().ledger_vkey.parse().unwrap();

    let kills = kills();
    let (mut answered, mut cut_off, mut checked) = (0, 0, 0);
    let mut seen = Seen::default();
    let mut last: Vec<Sent> = Vec::new();
    for round in 0..kills {
        let point = FaultPoint::ALL[round % FaultPoint::ALL.len()];
        // From the first passing of a point to somewhere in the load; asking again passes it too.
        let passing = 1 + (round / FaultPoint::ALL.len()) * 7 % 60;
        last = pull_until_death(&site, &consents, round, &format!("{point}:{passing}")).await;
        answered += last.iter().filter(|sent| sent.answer.is_some()).count();
        cut_off += last.iter().filter(|sent| sent.answer.is_none()).count();
        checked = check(&site, &last, checked);
        note_all(&mut seen, &site, &last, &verifier);
        // Unhurt, it answers what was cut off, each once.
        let healthy = ChildGateway::start(&site.dir());
        ask_again(&site, &healthy, &last).await;
        let client = site.client("bureau");
        let newest = client.request(Method::GET, format!("{}/v1/ledger/checkpoint", healthy.url()));
        seen.note(&newest.send().await.unwrap().text().await.unwrap(), &verifier);
        seen.hold_against(&site);
    }
    println!(
        "{backend:?}: {kills} kills at {} points, {answered} releases answered, {cut_off} pulls cut off, {checked} entries, \
         {} checkpoints seen, all of one tree",
        FaultPoint::ALL.len(),
        seen.0.len()
    );
    drop(last);
}

/// Pulls at a gateway until it dies at its point. Every other round a second one writes to the same ledger meanwhile,
/// unhurt until it is killed too.
async fn pull_until_death(site: &Site, consents: &[String], round: usize, point: &str) -> Vec<Sent> {
    let mut child = ChildGateway::start_with(&site.dir(), &[(VARIABLE, point)]);
    let url = child.url();
    let dying = pull_until_nothing_answers(site, &url, consents, round);
    if round.is_multiple_of(2) {
        let sent = dying.await;
        assert!(child.ends_within(DEATH_MAX), "{point} was not reached");
        return sent;
    }
    let mut second = ChildGateway::start(&site.dir());
    let url = second.url();
    let beside = pull_until_nothing_answers(site, &url, consents, 1_000_000 + round);
    let (mut sent, more, ()) = tokio::join!(dying, beside, async {
        assert!(child.ends_within(DEATH_MAX), "{point} was not reached");
        second.kill();
    });
    sent.extend(more);
    sent
}

/// 10, or as many as `SHUIDAIYI_FAULT_KILLS` says.
fn kills() -> usize {
    std::env::var("SHUIDAIYI_FAULT_KILLS").map_or(10, |text| text.parse().expect("SHUIDAIYI_FAULT_KILLS"))
}

fn note_all(seen: &mut Seen, site: &Site, last: &[Sent], verifier: &NoteVerifier) {
    for answer in last.iter().filter_map(|sent| sent.answer.as_ref()) {
        seen.note(&checkpoint_of(answer), verifier);
    }
    for anchored in Anchor::open(&site.config.ledger.anchor).unwrap().all().unwrap() {
        seen.note(&anchored.note, verifier);
    }
}

fn checkpoint_of(answer: &Value) -> String {
    InclusionReceipt::parse(answer["receipt"]["proof"].as_str().unwrap()).unwrap().checkpoint
}
