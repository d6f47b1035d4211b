//! The oracle: recomputes the ledger from its entries and compares it with what the gateway says.

use std::collections::HashMap;

use serde_json::Value;
use shuidaiyi::ledger::frontier::Frontier;
use shuidaiyi::ledger::hash::leaf_hash;
use shuidaiyi::service::Exchange;
use shuidaiyi::store::db::Db;
use shuidaiyi::store::{ledger, ledger_read};

/// Every entry of the ledger, in order, after checking that they are dense, hash to the head, and never go back in time.
pub fn check_ledger(exchange: &Exchange) -> Vec<Value> {
    check_database(&exchange.ledger)
}

/// The same without a gateway.
pub fn check_database(database: &Db) -> Vec<Value> {
    let head = database.read(ledger::head).expect("head");
    let size = head.frontier.size();
    let leaves = database.read(|c| ledger_read::leaves(c, 0, size)).expect("leaves");
    assert_eq!(leaves.len() as u64, size, "the ledger has a gap");
    let mut frontier = Frontier::empty();
    let mut entries = Vec::new();
    let mut last = String::new();
    for (leaf, stored_hash) in &leaves {
        let hash = leaf_hash(leaf);
        assert_eq!(hash.as_bytes().as_slice(), stored_hash.as_slice(), "a stored leaf hash is wrong");
        frontier.push(hash);
        let entry: Value = serde_json::from_slice(leaf).expect("a leaf is JSON");
        let at = entry["at"].as_str().expect("at").to_owned();
        assert!(at > last, "entries do not advance in time: {at} after {last}");
        last = at;
        entries.push(entry);
    }
    assert_eq!(frontier.root(), head.frontier.root(), "the head does not follow from the entries");
    entries
}

/// How many entries of each kind there are.
pub fn kinds(entries: &[Value]) -> HashMap<String, usize> {
    let mut kinds = HashMap::new();
    for entry in entries {
        *kinds.entry(entry["kind"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    kinds
}

/// The entries without those that only count what was turned away, which come when a minute ends, and without reads.
pub fn deeds(entries: Vec<Value>) -> Vec<Value> {
    entries
        .into_iter()
        .filter(|entry| entry["kind"] != "refusals.counted" && entry["kind"] != "audit.read")
        .collect()
}
